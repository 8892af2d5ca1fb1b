"""Is this record a work we know? Matched, Ambiguous or Unmatched, with evidence. Pure.

An identifier decides if nothing contradicts it. Otherwise titles must be equal after normalisation *and* authors
must overlap *and* years must be near; equal titles alone never link. Titles that differ in a word are titles of two works:
"Part I" and "Part II", errata, comments, extended versions, translations. What is neither clear nor clearly different
goes to a curator as Ambiguous and is meanwhile kept as a work of its own. How well this does: docs/matching.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from researchgraph.lib.evidence import Evidence
from works.records import Ambiguous, Matched, MatchOutcome, Unmatched

NEAR_YEARS = 3
"""A preprint and its journal version may be some years apart; more is a question for a person."""

SAME_OVERLAP, SOME_OVERLAP = 0.6, 0.2
"""Share of the shorter author list that must be found in the longer one to be the same, or to be worth a look."""

# Titles that many different works carry; normalised. They match by identifier only.
GENERIC_TITLES = frozenset(
    {
        "preface",
        "editorial",
        "foreword",
        "introduction",
        "erratum",
        "corrigendum",
        "frontmatter",
        "backmatter",
        "panel",
        "keynote",
        "tutorial",
        "abstracts",
        "program",
        "committees",
        "index",
        "authorindex",
        "tableofcontents",
        "welcome",
        "titlepage",
        "contents",
        "untitled",
        "title",
        "readme",
        "readmetxt",
        "supplementarymaterial",
        "dataset",
        "bookreview",
        "bookreviews",
        "obituary",
    },
)
GENERIC_ENDINGS = ("preface", "editorial", "foreword", "frontmatter", "tableofcontents")
"""What titles of the same kind end with, after the name of the volume."""

ITEMS = frozenset({"dataset"})
"""Kinds of which collections hold many under one title, one name and one year ("GBIF Occurrence Download")."""


class Comparable(msgspec.Struct, frozen=True):
    """The few facts matching looks at. `author_keys` are "family initial" block keys in byline order, `kind` is the version's."""

    work_id: int
    title_key: str
    year: int | None
    author_keys: tuple[str, ...]
    identifiers: frozenset[tuple[str, str]]
    kind: str = ""


# A work has at most one value of these, so two different ones contradict each other.
# (DOIs and forum ids are not among them: a preprint, a workshop version and a publication each have their own.)
SINGLE_VALUED = frozenset({"arxiv", "pmid"})


def overlap(mine: Sequence[str], theirs: Sequence[str]) -> float:
    """Share of the shorter author list that the longer one contains, from 0 to 1."""
    if not mine or not theirs:
        return 0.0
    a, b = set(mine), set(theirs)
    return len(a & b) / min(len(a), len(b))


def match(record: Comparable, candidates: Sequence[Comparable]) -> MatchOutcome:
    """Decide for one record. Candidates may come in any order; `record.work_id` is ignored."""
    accepted: list[Matched] = []
    doubtful: list[Matched] = []
    for candidate in sorted(candidates, key=lambda c: c.work_id):
        verdict, evidence = _compare(record, candidate)
        if verdict:
            (accepted if verdict == "same" else doubtful).append(Matched(candidate.work_id, evidence))
    if len(accepted) == 1:
        return accepted[0]
    if len(accepted) > 1:
        # Two works that both look the same: the one with the stronger evidence, if it is alone at the top.
        strength = [sum(e.weight for e in m.evidence) for m in accepted]
        best = max(strength)
        if strength.count(best) == 1:
            return accepted[strength.index(best)]
    questions = accepted or doubtful
    if questions:
        return Ambiguous(tuple(q.work_id for q in questions), questions[0].evidence)
    return Unmatched()


def _compare(record: Comparable, candidate: Comparable) -> tuple[str, tuple[Evidence, ...]]:
    """("same" | "unknown" | "", evidence) for one pair."""
    shared = record.identifiers & candidate.identifiers
    same_title = record.title_key == candidate.title_key
    share = overlap(record.author_keys, candidate.author_keys)
    found = Evidence("author-overlap", f"{round(100 * share)} %", share)
    if shared:
        scheme, value = min(shared)
        verdict = "same" if same_title or share >= SOME_OVERLAP else "unknown"
        return verdict, (Evidence("same-identifier", f"{scheme}:{value}", 1.0), found)
    if not same_title or is_generic(record.title_key):
        return "", ()
    evidence = (Evidence("title-equal", "", 0.5), found)
    apart = abs(record.year - candidate.year) if record.year and candidate.year else 0
    clash = _clash(record, candidate)
    items = record.kind in ITEMS and candidate.kind in ITEMS
    if clash == "doi" and items:
        return "", ()
    if items:
        return ("unknown", evidence) if share >= SAME_OVERLAP and apart == 0 else ("", ())
    if clash:
        return ("unknown", (*evidence, Evidence("identifier-conflict", clash))) if share >= SAME_OVERLAP else ("", ())
    if share >= SAME_OVERLAP and apart <= NEAR_YEARS:
        return "same", (*evidence, Evidence("year-near", str(apart), 0.2))
    if share >= SOME_OVERLAP:
        return "unknown", (*evidence, Evidence("year-near", str(apart)))
    return "", ()


def is_generic(key: str) -> bool:
    """Whether many different works carry a title of this key."""
    return key in GENERIC_TITLES or key.endswith(GENERIC_ENDINGS)


def _clash(record: Comparable, candidate: Comparable) -> str:
    """The first scheme of which both state a value, and not the same one; "" if none.

    Two DOIs speak against each other where one registrant gave both, by their prefix, to things of one kind: a publisher
    gives a conference paper one. The preprint has another registrant, or is of another kind.
    """
    mine = {scheme: value for scheme, value in record.identifiers if scheme in SINGLE_VALUED}
    for scheme, value in sorted(candidate.identifiers):
        if scheme in mine and mine[scheme] != value:
            return scheme
    if record.kind != candidate.kind or record.kind in {"", "preprint"}:
        return ""
    return "doi" if _registrants(record) & _registrants(candidate) else ""


def _registrants(record: Comparable) -> set[str]:
    """The prefixes of its DOIs. Only asked of records that share none."""
    return {value.partition("/")[0] for scheme, value in record.identifiers if scheme == "doi"}
