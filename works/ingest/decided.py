"""Matching where people have decided about works: a record goes where they said. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from works.ingest.match import Comparable, match
from works.records import Ambiguous, Matched, MatchOutcome, Unmatched


def decide(
    record: Comparable,
    candidates: Sequence[Comparable],
    *,
    joined: Mapping[int, int],
    apart: Collection[tuple[int, int]],
) -> MatchOutcome:
    """Decide for one record by `match`, then by what people said of the works it fits.

    `joined` maps a work that joined another one to that one: what fits either is of the one. `apart` are pairs of works,
    the lower key first, that a person told apart: a record that fits both is a question, unless it carries the title and an
    identifier of one of them and no identifier of the other.
    """
    outcome = match(record, candidates)
    if isinstance(outcome, Unmatched) or not (joined or apart):
        return outcome
    fits: dict[int, list[tuple[Comparable, Matched]]] = {}
    for candidate in candidates:
        alone = match(record, [candidate])
        if isinstance(alone, Matched):
            fits.setdefault(joined.get(candidate.work_id, candidate.work_id), []).append((candidate, alone))
    works = sorted(fits)
    if any((one, other) in apart for one in works for other in works):
        stated = [work for work in works if any(record.identifiers & one.identifiers for one, _ in fits[work])]
        titled = {work for work in works if any(record.title_key == one.title_key for one, _ in fits[work])}
        if len(stated) != 1 or stated[0] not in titled:
            return Ambiguous(tuple(works), fits[works[0]][0][1].evidence)
        works = stated
    if len(works) == 1:
        return Matched(works[0], fits[works[0]][0][1].evidence)
    if isinstance(outcome, Matched):
        return Matched(joined.get(outcome.work_id, outcome.work_id), outcome.evidence)
    return Ambiguous(tuple(dict.fromkeys(joined.get(work, work) for work in outcome.work_ids)), outcome.evidence)


def side_of(
    record: Comparable, sides: Mapping[int, Sequence[Comparable]], default: int
) -> int:  # fmt: skip
    """Which of two works that were one the record is of: the one with a record it fits best, else the default."""
    strength: dict[int, float] = {}
    for side, members in sides.items():
        found = [match(record, [member]) for member in members]
        weights = [sum(e.weight for e in one.evidence) for one in found if isinstance(one, Matched)]
        if weights:
            strength[side] = max(weights)
    best = max(strength.values(), default=0.0)
    chosen = [side for side, weight in strength.items() if weight == best]
    return chosen[0] if len(chosen) == 1 else default
