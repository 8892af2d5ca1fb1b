"""What the strength of co-authorship is worth: `uv run python tests/benchmarks/collaboration.py FOLDER`.

FOLDER holds `papers.jsonl.zst` (docs/adding-a-source.md). For a year T, all pairs that shared a work before T are ranked by
the number of works, by the strength in all, and by the strength at present for several half-lives, all as of the works
before T. What is measured is how well each ranking tells who shares a work in T: AUC over all pairs, and over the past
co-authors of one person, averaged over people. The half-life is chosen on the years CHOSEN_ON and tested on the years
TESTED_ON. People are names as printed: nobody is told apart and no spelling is joined. docs/benchmarks.md has the figures.
"""

from __future__ import annotations

import argparse
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from graph.algorithms import HYPER_AUTHORSHIP  # noqa: E402 - the checkout is not installed as a package
from graph.recency import HALF_LIFE  # noqa: E402
from researchgraph.lib import streams  # noqa: E402
from researchgraph.lib.text import fold  # noqa: E402

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

CHOSEN_ON: Final = range(2012, 2019)
TESTED_ON: Final = range(2019, 2026)
HALF_LIVES: Final = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
CROWD: Final = (0.0, 0.5, 1.0, 1.5)
"""Exponents of 1 / (authors - 1) that are compared; 1 is what is used."""

NEAR_BEST: Final = 0.02
"""The longest half-life that loses no more AUC than this is chosen: these venues are yearly, other fields are slower."""

RESAMPLES: Final = 200
SEED: Final = 2026
GAPS: Final = 12


class _Author(msgspec.Struct):
    name: str


class _Paper(msgspec.Struct):
    authors: list[_Author]
    year: int | None = None


class Shared(msgspec.Struct):
    """Every work of every pair: the pair (an index into `one` and `other`), the year, and the number of authors."""

    pair: Numbers
    year: Numbers
    authors: Numbers
    one: Numbers
    other: Numbers


class Year(msgspec.Struct):
    """The pairs with a past in year T: their rows in the rankings, and who of them shares a work in T."""

    known: Truth
    again: Truth


def _works(path: Path) -> Iterator[tuple[int, int, list[int]]]:
    """Year, number of authors and keys of the authors of every work that makes co-author edges."""
    keys: dict[str, int] = {}
    decode = msgspec.json.Decoder(_Paper).decode
    for line in streams.lines(path):
        paper = decode(line.content)
        people = sorted({keys.setdefault(fold(author.name), len(keys)) for author in paper.authors})
        if paper.year and 2 <= len(paper.authors) <= HYPER_AUTHORSHIP:
            yield paper.year, len(paper.authors), people


def read(path: Path) -> Shared:
    """All pairs of the papers with their works."""
    ones, others, years, authors = (array("q") for _ in range(4))
    for year, count, people in _works(path):
        for a, b in combinations(people, 2):
            ones.append(a)
            others.append(b)
            years.append(year)
            authors.append(count)
    pairs = np.array([ones, others], dtype=np.int64)
    unique, pair = np.unique(pairs, axis=1, return_inverse=True)
    return Shared(pair.ravel(), np.array(years), np.array(authors), unique[0], unique[1])


def strengths(shared: Shared, year: int, *, half_life: float | None, exponent: float = 1.0) -> Floats:
    """Of every pair as of the works before `year`: the sum of 1 / (authors - 1) ** exponent, faded by the half-life."""
    past = shared.year < year
    shares = (shared.authors[past] - 1.0) ** -exponent
    if half_life is not None:
        shares *= np.exp2((shared.year[past] - year) / half_life)
    return np.asarray(np.bincount(shared.pair[past], weights=shares, minlength=len(shared.one)), dtype=np.float64)


def outcome(shared: Shared, year: int) -> Year:
    """Who has a past in `year`, and who of them shares a work in it."""
    known = np.bincount(shared.pair[shared.year < year], minlength=len(shared.one)) > 0
    again = np.bincount(shared.pair[shared.year == year], minlength=len(shared.one)) > 0
    return Year(known, again[known])


def auc(groups: Numbers, again: Truth, weights: Floats | None = None) -> float:
    """The chance that a pair that shares a work again ranks before one that does not; equal ones count half.

    `groups` number the pairs by ascending score, equal scores alike.
    """
    size = int(groups.max()) + 1
    every = np.ones(len(groups)) if weights is None else weights
    yes = np.bincount(groups, weights=every * again, minlength=size)
    no = np.bincount(groups, weights=every * ~again, minlength=size)
    return float((yes * (no.cumsum() - no / 2)).sum() / (yes.sum() * no.sum()))


def groups_of(scores: Floats) -> Numbers:
    """The place of every score among the distinct ones, to seven digits: equal sums in another order are equal."""
    return np.unique(scores.astype(np.float32), return_inverse=True)[1].astype(np.int64)


def by_person(shared: Shared, year: Year, scores: Floats) -> Floats:
    """AUC among the past co-authors of each person who has some that share a work again and some that do not."""
    people = np.concatenate((shared.one[year.known], shared.other[year.known]))
    groups, again = np.tile(groups_of(scores), 2), np.tile(year.again, 2)
    order = np.lexsort((groups, people))
    people, groups, again = people[order], groups[order], again[order]
    starts = np.flatnonzero(np.r_[True, people[1:] != people[:-1]])
    equal = np.flatnonzero(np.r_[True, (people[1:] != people[:-1]) | (groups[1:] != groups[:-1])])
    places = np.repeat((equal + np.r_[equal[1:], len(people)] - 1) / 2, np.diff(np.r_[equal, len(people)]))
    person = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(people)]))
    yes = np.bincount(person, weights=again)
    no = np.bincount(person) - yes
    ranks = np.bincount(person, weights=again * (places - starts[person] + 1))
    both = (yes > 0) & (no > 0)
    return (ranks[both] - yes[both] * (yes[both] + 1) / 2) / (yes[both] * no[both])


def interval(differences: Sequence[float]) -> str:
    """The middle 95 % of resampled differences."""
    low, high = np.percentile(differences, [2.5, 97.5])
    return f"{low:+.3f} to {high:+.3f}"


def resampled(shared: Shared, year: Year, one: Floats, other: Floats, chance: np.random.Generator) -> list[float]:
    """AUC by `one` minus AUC by `other` over people drawn with replacement; a pair goes with the first of its two."""
    first, second = groups_of(one), groups_of(other)
    owners = np.unique(shared.one[year.known], return_inverse=True)[1].ravel()
    people = int(owners.max()) + 1
    found = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(chance.integers(people, size=people), minlength=people).astype(np.float64)[owners]
        found.append(auc(first, year.again, drawn) - auc(second, year.again, drawn))
    return found


def resampled_people(one: Floats, other: Floats, chance: np.random.Generator) -> list[float]:
    """The mean difference between people's AUC, over people drawn with replacement."""
    differences = one - other
    return [float(chance.choice(differences, len(differences)).mean()) for _ in range(RESAMPLES)]


def rankings(shared: Shared, year: int) -> Mapping[str, Floats]:
    """Every ranking that is compared, for all pairs."""
    found = {
        "works": strengths(shared, year, half_life=None, exponent=0.0),
        "in all": strengths(shared, year, half_life=None),
    }
    return found | {f"{life:g} y": strengths(shared, year, half_life=life) for life in HALF_LIVES}


def chosen(means: Mapping[str, float]) -> float:
    """The longest half-life whose mean AUC is within NEAR_BEST of the best."""
    best = max(means[f"{life:g} y"] for life in HALF_LIVES)
    return max(life for life in HALF_LIVES if means[f"{life:g} y"] >= best - NEAR_BEST)


def compare(shared: Shared, years: range) -> tuple[dict[str, float], dict[str, float]]:
    """A line for every year, and the means over the years: AUC of all pairs, and within one person's."""
    overall: dict[str, list[float]] = {}
    within: dict[str, list[float]] = {}
    for year in years:
        found = outcome(shared, year)
        for name, scores in rankings(shared, year).items():
            known = scores[found.known]
            overall.setdefault(name, []).append(auc(groups_of(known), found.again))
            within.setdefault(name, []).append(float(by_person(shared, found, known).mean()))
        figures = " ".join(f"{name} {values[-1]:.3f}/{within[name][-1]:.3f}" for name, values in overall.items())
        print(f"{year}: {len(found.again):,} pairs, {int(found.again.sum()):,} again: {figures}", flush=True)
    return {k: float(np.mean(v)) for k, v in overall.items()}, {k: float(np.mean(v)) for k, v in within.items()}


def gains(shared: Shared, years: range, half_life: float) -> None:
    """What the half-life gains over the others, year by year, with intervals."""
    chance = np.random.default_rng(SEED)
    for year in years:
        found = outcome(shared, year)
        present = strengths(shared, year, half_life=half_life)[found.known]
        for name, exponent in (("works", 0.0), ("in all", 1.0)):
            other = strengths(shared, year, half_life=None, exponent=exponent)[found.known]
            differences = resampled(shared, found, present, other, chance)
            mine, theirs = by_person(shared, found, present), by_person(shared, found, other)
            people = resampled_people(mine, theirs, chance)
            print(
                f"{year}: over {name}: {np.mean(differences):+.3f} ({interval(differences)}), within one person's "
                f"{float((mine - theirs).mean()):+.3f} ({interval(people)})",
                flush=True,
            )


def crowd(shared: Shared, years: range, half_life: float) -> None:
    """Whether another exponent of the number of authors would do better."""
    for exponent in CROWD:
        overall, within = [], []
        for year in years:
            found = outcome(shared, year)
            scores = strengths(shared, year, half_life=half_life, exponent=exponent)[found.known]
            overall.append(auc(groups_of(scores), found.again))
            within.append(float(by_person(shared, found, scores).mean()))
        print(f"exponent {exponent:g}: {np.mean(overall):.3f}/{np.mean(within):.3f}", flush=True)


def again_after(shared: Shared, years: range) -> None:
    """The share of pairs that share a work in a year, by how many years the last one was ago."""
    pairs, again = np.zeros(GAPS + 1), np.zeros(GAPS + 1)
    for year in years:
        found = outcome(shared, year)
        last = np.zeros(len(shared.one), dtype=np.int64)
        past = shared.year < year
        np.maximum.at(last, shared.pair[past], shared.year[past])
        ago = np.minimum(year - last[found.known], GAPS)
        pairs += np.bincount(ago, minlength=GAPS + 1)
        again += np.bincount(ago, weights=found.again, minlength=GAPS + 1)
    print(" ".join(f"{gap}: {again[gap] / pairs[gap]:.3f}" for gap in range(1, GAPS + 1)))


def main() -> None:
    """Read, choose, test, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    shared = read(parser.parse_args().folder / "papers.jsonl.zst")
    print(f"{len(shared.one):,} pairs, {len(shared.pair):,} works of pairs; AUC of all pairs / within one person's")
    overall, within = compare(shared, CHOSEN_ON)
    half_life = chosen(overall)
    print(
        f"\nmean {CHOSEN_ON[0]} to {CHOSEN_ON[-1]}:",
        {k: (round(v, 3), round(within[k], 3)) for k, v in overall.items()},
    )
    print(f"chosen: {half_life:g} years; by people's own co-authors {chosen(within):g}; in use {HALF_LIFE:g}\n")
    overall, within = compare(shared, TESTED_ON)
    print(
        f"\nmean {TESTED_ON[0]} to {TESTED_ON[-1]}:",
        {k: (round(v, 3), round(within[k], 3)) for k, v in overall.items()},
    )
    gains(shared, TESTED_ON, half_life)
    print("\nthe number of authors, on the years of choice:")
    crowd(shared, CHOSEN_ON, half_life)
    print("\nshare of pairs that share a work again, by years since the last one:")
    again_after(shared, CHOSEN_ON)


if __name__ == "__main__":
    main()
