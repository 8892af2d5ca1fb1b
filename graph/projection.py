"""From bylines to pairs of co-authors, for everybody at once. Pure.

`graph.algorithms.ties` does the same for one person at a time, which is what an import needs; this is for the whole
graph, where an object for every person would take a hundred times the memory and the time (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from graph.adjacency import Floats, Integers
from graph.algorithms import FEWEST_ASSUMED, HYPER_AUTHORSHIP, strength

_SHARES: Final = np.array([strength(authors) for authors in range(HYPER_AUTHORSHIP + 1)])
_NO_YEAR: Final = np.iinfo(np.int64).max


class Bylines(NamedTuple):
    """Who is on which work, element by element, in any order: keys of the work and of the researcher; of the work the
    number of authors, 1 if the list was cut short, else 0, and the year, 0 where it is not known.
    """

    work: Integers
    researcher: Integers
    authors: Integers
    truncated: Integers
    year: Integers


class Edges(NamedTuple):
    """What `graph.models.CoauthorEdge` holds, element by element, by ascending keys; `a` is the smaller one. Years are 0
    where none is known.
    """

    a: Integers
    b: Integers
    weight: Floats
    works: Integers
    first_year: Integers
    last_year: Integers

    def names(self) -> Integers:
        """One number for every pair, in the order of the pairs, whatever else is in the graph."""
        return (self.a << 32) | self.b


def projection(bylines: Bylines) -> Edges:
    """Every pair of researchers who share works. Raises OverflowError for keys that do not fit into 31 bits.

    Newman's weights (`graph.algorithms.strength`): in terms of matrices the upper triangle of B' D B, where B has a row
    for a work and a column for a researcher, and D has the shares of the works. Made pair by pair instead, because the
    product computes both triangles and the diagonal, and knows no years. Somebody who stands on a work twice counts
    twice with it for those of larger keys, as in `ties`, where the pair belongs to the one of the smaller key.
    """
    if len(bylines.researcher) and int(bylines.researcher.max()) >= 1 << 31:
        raise OverflowError("Keys of researchers of more than 31 bits: the pairs cannot be named by one number.")
    work, researcher, share, year, times = _sorted(bylines)
    starts = _starts(work)
    sizes = np.diff(starts, append=len(work))
    parts = [_pairs(starts[sizes == size], int(size), researcher, times) for size in np.unique(sizes) if size > 1]
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Edges(none, none, np.zeros(0), none, none, none)
    name, place, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(name, kind="stable")
    name, place, count = name[order], place[order], count[order]
    first = _starts(name)
    known = year[place]
    weight: Floats = np.add.reduceat(share[place] * count, first)
    first_year = np.minimum.reduceat(np.where(known, known, _NO_YEAR), first)
    return Edges(
        a=name[first] >> 32,
        b=name[first] & 0xFFFFFFFF,
        # Rounded as in `ties`, so that the order of addition does not show.
        weight=weight.round(9),
        works=np.add.reduceat(count, first),
        first_year=np.where(first_year == _NO_YEAR, 0, first_year),
        last_year=np.maximum.reduceat(known, first),
    )


def _sorted(bylines: Bylines) -> tuple[Integers, Integers, Floats, Integers, Integers]:
    """Work, researcher, share, year and how often, of works that make pairs; by work and researcher, each once."""
    authors = np.where(bylines.truncated > 0, np.maximum(bylines.authors, FEWEST_ASSUMED), bylines.authors)
    counted = np.flatnonzero((authors > 1) & (authors <= HYPER_AUTHORSHIP))
    work, researcher = bylines.work[counted], bylines.researcher[counted]
    order = np.lexsort((researcher, work))
    work, researcher, counted = work[order], researcher[order], counted[order]
    new = np.ones(len(work), dtype=bool)
    new[1:] = (work[1:] != work[:-1]) | (researcher[1:] != researcher[:-1])
    once = np.flatnonzero(new)
    times = np.diff(once, append=len(work)).astype(np.int64)
    counted = counted[once]
    return work[once], researcher[once], _SHARES[authors[counted]], bylines.year[counted], times


def _starts(values: Integers) -> Integers:
    """Where each run of equal values begins."""
    new = np.ones(len(values), dtype=bool)
    new[1:] = values[1:] != values[:-1]
    return np.flatnonzero(new)


def _pairs(starts: Integers, size: int, researcher: Integers, times: Integers) -> tuple[Integers, Integers, Integers]:
    """The pairs of all works with `size` known authors: their names, a place where their work stands, and how often."""
    first, second = np.triu_indices(size, 1)
    at = starts[:, None] + first
    name = (researcher[at] << 32) | researcher[starts[:, None] + second]
    return name.ravel(), at.ravel(), times[at].ravel()
