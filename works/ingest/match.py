"""Is this record a work we know? Matched, Ambiguous or Unmatched, with evidence. Pure.

An identifier decides if nothing contradicts it. Otherwise titles must be equal after normalisation *and* authors
must overlap *and* years must be near; equal titles alone never link. What is neither clear nor clearly different
goes to a curator as Ambiguous and is meanwhile kept as a work of its own.
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
    },
)


class Comparable(msgspec.Struct, frozen=True):
    """The few facts matching looks at. `author_keys` are "family initial" block keys in byline order."""

    work_id: int
    title_key: str
    year: int | None
    author_keys: tuple[str, ...]
    identifiers: frozenset[tuple[str, str]]


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
    if not same_title or record.title_key in GENERIC_TITLES:
        return "", ()
    evidence = (Evidence("title-equal", "", 0.5), found)
    clash = _clash(record, candidate)
    if clash:
        return ("unknown", (*evidence, Evidence("identifier-conflict", clash))) if share >= SAME_OVERLAP else ("", ())
    apart = abs(record.year - candidate.year) if record.year and candidate.year else 0
    if share >= SAME_OVERLAP and apart <= NEAR_YEARS:
        return "same", (*evidence, Evidence("year-near", str(apart), 0.2))
    if share >= SOME_OVERLAP:
        return "unknown", (*evidence, Evidence("year-near", str(apart)))
    return "", ()


def _clash(record: Comparable, candidate: Comparable) -> str:
    """The first scheme of which both state a value, and not the same one; "" if none."""
    mine = {scheme: value for scheme, value in record.identifiers if scheme in SINGLE_VALUED}
    for scheme, value in sorted(candidate.identifiers):
        if scheme in mine and mine[scheme] != value:
            return scheme
    return ""
