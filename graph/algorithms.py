"""Measures on co-authorship. Pure: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import fsum

import msgspec

from graph.recency import factor

HYPER_AUTHORSHIP = 50
"""Works with more authors make no co-author edges: being on a list of 3,000 is not working together."""

FEWEST_ASSUMED = 5
"""Where a source cut the author list short, at least this many authors are assumed."""

CLOSE = 1.0
"""A strength in all from which a collaborator counts as close: one two-author work, or ten eleven-author ones.

Time does not change who is close: the trust receipt counts them, and no score drifts with the calendar.
"""


class SharedWork(msgspec.Struct, frozen=True):
    """One work of the person in the center: its year, number of authors, and the other known researchers on it."""

    work_id: int
    year: int | None
    authors: int
    truncated: bool
    others: tuple[int, ...]


class Tie(msgspec.Struct):
    """What connects the center with one other researcher. `years` counts works by year.

    `strength` is that in all, `recent` the sum that ranks people (see `graph.recency`); works without a year add
    nothing to it, because nobody knows how old they are.
    """

    researcher_id: int
    strength: float
    works: int
    years: dict[int, int]
    recent: float = 0.0

    @property
    def first_year(self) -> int | None:
        return min(self.years, default=None)

    @property
    def last_year(self) -> int | None:
        return max(self.years, default=None)


def strength(authors: int, *, truncated: bool = False) -> float:
    """What one shared work adds to the strength of a pair: 1 / (authors - 1).

    Newman, "Scientific collaboration networks II", Physical Review E 64, 016132 (2001): so every author
    gives one unit of attention to each of their works, shared among the co-authors. 0 for works with more than
    HYPER_AUTHORSHIP authors and for works of one author.
    """
    if truncated:
        authors = max(authors, FEWEST_ASSUMED)
    return 1 / (authors - 1) if 2 <= authors <= HYPER_AUTHORSHIP else 0.0


def ties(works: Iterable[SharedWork]) -> list[Tie]:
    """Everybody the center shares works with, strongest at present first; equal ones by strength in all, works, key."""
    found: dict[int, Tie] = {}
    shares: dict[int, list[float]] = {}
    for work in works:
        share = strength(work.authors, truncated=work.truncated)
        if not share:
            continue
        dated = share * factor(work.year) if work.year else 0.0
        for other in work.others:
            tie = found.get(other)
            if tie is None:
                tie = found[other] = Tie(other, 0.0, 0, {})
                shares[other] = []
            tie.strength += share
            tie.works += 1
            if work.year:
                tie.years[work.year] = tie.years.get(work.year, 0) + 1
                shares[other].append(dated)
    for tie in found.values():
        # Sums of thirds and sevenths differ in the last bit by the order of addition; the rounding makes it one value.
        tie.strength = round(tie.strength, 9)
        tie.recent = _rounded(shares[tie.researcher_id])
    return sorted(found.values(), key=lambda t: (-t.recent, -t.strength, -t.works, t.researcher_id))


def _rounded(parts: Sequence[float]) -> float:
    """Their sum to twelve digits, wherever the point is: parts of 1950 are a millionth of those of today."""
    return float(f"{fsum(parts):.12g}")


def ties_among(nearest: Sequence[Tie], works: Iterable[SharedWork]) -> dict[tuple[int, int], int]:
    """How many of the center's works the nearest people share with each other, by pair, the smaller key first.

    Plain counting and no graph object: this runs for everybody in an import, and building the object was most of it.
    """
    drawn = {tie.researcher_id for tie in nearest}
    found: dict[tuple[int, int], int] = {}
    for work in works:
        if len(work.others) < 2 or not strength(work.authors, truncated=work.truncated):
            continue
        for pair in combinations(sorted(drawn.intersection(work.others)), 2):
            found[pair] = found.get(pair, 0) + 1
    return found
