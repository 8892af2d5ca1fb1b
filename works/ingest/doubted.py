"""Which statements of an ORCID iD are not believed: on two authors of one work, or on a name the others exclude. Pure.

What a person said of a statement stands above all that.

The answer depends on the set of all statements of the iD and not on the order they came in, so it is asked again
whenever one of them comes, goes or is corrected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from profiles.names import compatible
from researchgraph.lib.text import tokens

TWICE: Final = "orcid-on-two-authors"
OTHER_NAME: Final = "orcid-on-other-name"
DISMISSED: Final = "orcid-dismissed"
NAMES_SHOWN: Final = 5


class Statement(msgspec.Struct, frozen=True):
    """One byline that states an iD. `own` says that the work is on the list its owner keeps at ORCID.

    `said` is what a person found: that the iD is this author's, that it is not, or None for nothing.
    """

    byline: int
    work: int
    name: str
    own: bool = False
    said: bool | None = None


class Doubt(msgspec.Struct, frozen=True):
    """Why a byline is shown without the iD it states: a stable code and a sentence for a curator."""

    code: str
    detail: str


def doubts(statements: Sequence[Statement]) -> dict[int, Doubt]:
    """The bylines that are not believed, of all that state one iD.

    What a person accepted is believed, what one dismissed is not, and says nothing of others. On two authors of one work it
    names neither of them. Of the rest, names are compared with those the owner's own list has, if there is one; else with one
    another by the number of works, and a tie leaves nobody believed. A name that agrees with an accepted one is believed.
    """
    found = {
        s.byline: Doubt(DISMISSED, "A curator found that it is not this author’s.")
        for s in statements
        if s.said is False
    }
    stated = [statement for statement in statements if statement.said is not False]
    works = Counter(statement.work for statement in stated)
    twice = [statement for statement in stated if works[statement.work] > 1]
    for statement in twice:
        if not statement.said:
            names = sorted({other.name for other in twice if other.work == statement.work})
            found[statement.byline] = Doubt(TWICE, f"Authors of this work that state it: {_listed(names)}.")
    once = [statement for statement in stated if statement.said or works[statement.work] == 1]
    accepted = sorted({statement.name for statement in once if statement.said})
    owners = sorted({statement.name for statement in once if statement.own})
    bylines = Counter(statement.name for statement in once)
    if len(bylines) > 1:
        for name in bylines:
            against = _against(name, bylines, owners)
            if against and all(exclude(name, other) for other in accepted):
                doubt = Doubt(
                    OTHER_NAME, f"{'Its owner is' if owners else 'Other works state it of'} {_listed(against)}."
                )
                found.update((s.byline, doubt) for s in once if s.name == name and not s.said)
    return found


def _against(name: str, bylines: Counter[str], owners: list[str]) -> list[str]:
    """The names that speak against this one, if they outweigh those that agree with it."""
    if owners:
        return owners if all(exclude(name, owner) for owner in owners) else []
    excluded = sorted(other for other in bylines if exclude(name, other))
    against = sum(bylines[other] for other in excluded)
    return excluded if against and 2 * against >= bylines.total() else []


@lru_cache(maxsize=32_768)
def exclude(name: str, other: str) -> bool:
    """Whether no person signs both ways. The same words in another order are one name: many put the family name first."""
    return compatible(name, other) is False and sorted(tokens(name)) != sorted(tokens(other))


def _listed(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - NAMES_SHOWN} more" if len(known) > NAMES_SHOWN else ""
    return ", ".join(known[:NAMES_SHOWN]) + more
