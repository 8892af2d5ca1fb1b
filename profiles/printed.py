"""What is printed of a byline in public: the name its holder wants, a neutral note instead of one, or what the source has.

Every public query takes the printed columns from here, so that a wish about a name holds on all surfaces at once
(docs/people.md). The pieces of SQL expect the byline as `a` and its holder, joined by `HOLDER`, as `h`. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from researchgraph.lib.text import fold

WITHHELD: Final = "Author withheld at their request"
"""Stands in the place of a name that is not shown. Not a name: never inverted, abbreviated or searched."""

NAME_EVIDENCE: Final = frozenset({"name-equal", "name-compatible"})
"""Kinds of evidence whose value is a name as the source prints it."""

HOLDER: Final = "LEFT JOIN profiles_researcher h ON h.id = a.researcher_id"

GUARDED: Final = """(a.researcher_id IS NULL AND EXISTS (SELECT FROM profiles_guardedname g WHERE g.block_key = a.block_key
                     AND (a.kind = 'pending' OR g.name_key = a.name_key)))"""
"""Nobody holds the byline yet, and it may be of somebody whose name is not printed as the source has it."""

HIDDEN: Final = f"(coalesce(h.withheld, false) OR {GUARDED})"
NAME: Final = (
    f"""CASE WHEN {HIDDEN} THEN '{WITHHELD}' WHEN h.printed_name <> '' THEN h.printed_name ELSE a.raw_name END"""
)
AS_IN_SOURCE: Final = f"(NOT {HIDDEN} AND coalesce(h.printed_name, '') = '')"
"""Whether the byline is shown with everything the source prints beside the name."""

SHOWN_ID: Final = "CASE WHEN h.removed_at IS NULL THEN coalesce(h.public_id, '') ELSE '' END"
SHOWN_SLUG: Final = "CASE WHEN h.removed_at IS NULL THEN coalesce(h.slug, '') ELSE '' END"
"""The holder's address, "" where nobody holds the byline or the record was taken down."""

HIDDEN_NAMES: Final = """ARRAY(SELECT a.raw_name FROM works_authorship a JOIN profiles_researcher h ON h.id = a.researcher_id
                           WHERE a.work_id = {work} AND (h.withheld OR h.printed_name <> ''))"""
"""Names of a work's bylines as the source has them, where that is not what is printed; `{work}` names the work."""

_SHORT: Final = 4
"""Shorter words are part of many others: they have to stand alone to give a name away."""


def hidden_words(names: Collection[str], *, shown: Collection[str] = ()) -> frozenset[str]:
    """The words of names that are not printed, without those that stand in a printed name anyway, and initials."""
    kept = {word for name in shown if name != WITHHELD for word in fold(name).split()}
    return frozenset(word for name in names for word in fold(name).split() if len(word) > 1 and word not in kept)


def discloses(text: str, words: Collection[str]) -> bool:
    """Whether an identifier, key or address gives one of the words away: "conf/icml/LovelaceH22", "~Ada_Lovelace1"."""
    if not words or not text:
        return False
    folded = fold(text)
    alone = {word.strip("0123456789") for word in folded.split()}
    return any(word in alone or (len(word) >= _SHORT and word in folded) for word in words)


def guard_keys(name_key: str) -> frozenset[str]:
    """The ways a name may be printed, as name keys: whole, without the middle names, and with initials."""
    words = name_key.split()
    if len(words) < 2:
        return frozenset({name_key})
    *given, family = words
    first = given[0]
    return frozenset({
        name_key,
        f"{first} {family}",
        f"{first[0]} {family}",
        " ".join([*(word[0] for word in given), family]),
        " ".join([first, *(word[0] for word in given[1:]), family]),
    })  # fmt: skip
