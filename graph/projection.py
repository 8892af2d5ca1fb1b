"""From bylines to pairs of co-authors, for everybody at once. Pure.

`graph.algorithms.ties` does the same for one person at a time, which is what an import needs; this is for the whole
graph, where an object for every person would take a hundred times the memory and the time (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from graph.adjacency import Floats, Integers, Matrix, dense
from graph.algorithms import FEWEST_ASSUMED, HYPER_AUTHORSHIP, strength

_SHARES: Final = np.array([strength(authors) for authors in range(HYPER_AUTHORSHIP + 1)])
_AUTHORS_BITS: Final = HYPER_AUTHORSHIP.bit_length()
_AUTHORS: Final = (1 << _AUTHORS_BITS) - 1


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


_NONE: Final = np.zeros(0, dtype=np.int64)
_NOBODY: Final = Edges(_NONE, _NONE, np.zeros(0), _NONE, _NONE, _NONE)


def projection(bylines: Bylines) -> Edges:
    """Every pair of researchers who share works. Raises OverflowError for more than some 20 million researchers.

    Newman's weights (`graph.algorithms.strength`): in terms of matrices the upper triangle of B' D B, where B has a row
    for a work and a column for a researcher, and D has the shares of the works. Made pair by pair instead, because the
    product computes both triangles and the diagonal, and knows no years. Somebody who stands on a work twice counts
    twice with it for those of larger keys, as in `ties`, where the pair belongs to the one of the smaller key.

    One whole number stands for what one work says of one pair: the pair, then the year, then the number of authors. So one
    sort of plain numbers brings together what belongs together, which is most of the work.
    """
    authors = np.where(bylines.truncated > 0, np.maximum(bylines.authors, FEWEST_ASSUMED), bylines.authors)
    counted = np.flatnonzero((authors > 1) & (authors <= HYPER_AUTHORSHIP))
    if not len(counted):
        return _NOBODY
    keys, who = dense(bylines.researcher[counted])
    _, work = dense(bylines.work[counted])
    years, year = dense(bylines.year[counted])
    bits = _AUTHORS_BITS + len(years).bit_length()
    if 2 * len(keys).bit_length() + bits > 63:
        raise OverflowError(f"{len(keys):,} researchers are too many for one machine: see graph.analytics.")
    incidence = sparse.csr_array((np.ones(len(work), dtype=np.int64), (work, who)))
    incidence.sum_duplicates()
    code = np.zeros(incidence.shape[0], dtype=np.int64)
    code[work] = (year << _AUTHORS_BITS) | authors[counted]
    said = _said(incidence, code, bits=bits)
    return _edges(said, keys, years, bits=bits) if len(said) else _NOBODY


def _edges(said: Integers, keys: Integers, years: Integers, *, bits: int) -> Edges:
    """What all works together say of each pair."""
    pair = said >> bits
    begins = np.ones(len(said), dtype=bool)
    np.not_equal(pair[1:], pair[:-1], out=begins[1:])
    first = np.flatnonzero(begins)
    works = np.diff(first, append=len(said))
    dated = first
    if not years[0]:
        # Where no year is known comes first.
        unknown = np.add.reduceat(_year_of(said, bits) == 0, first, dtype=np.int64)
        dated = first + np.minimum(unknown, works - 1)
    pair = pair[first]
    one = len(keys).bit_length()
    return Edges(
        a=keys[pair >> one],
        b=keys[pair & ((1 << one) - 1)],
        # Rounded as in `ties`, so that the order of addition does not show.
        weight=np.add.reduceat(_SHARES[said & _AUTHORS], first).round(9),
        works=works,
        first_year=years[_year_of(said[dated], bits)],
        last_year=years[_year_of(said[first + works - 1], bits)],
    )


def _year_of(said: Integers, bits: int) -> Integers:
    """The place among the years."""
    place: Integers = (said & ((1 << bits) - 1)) >> _AUTHORS_BITS
    return place


def _said(incidence: Matrix, code: Integers, *, bits: int) -> Integers:
    """For each pair on each work one number, in order; twice if the one of the smaller key stands there twice."""
    starts, who = incidence.indptr[:-1], incidence.indices.astype(np.int64)
    sizes = np.diff(incidence.indptr)
    said = np.empty(int((sizes * (sizes - 1) // 2).sum()), dtype=np.int64)
    filled = 0
    again = []
    bits_of_one, twice = incidence.shape[1].bit_length(), incidence.data.max() > 1
    for size in np.unique(sizes[sizes > 1]).tolist():
        works = np.flatnonzero(sizes == size)
        at = np.arange(size)[:, None] + starts[works]
        first, second = np.triu_indices(size, 1)
        authors = who[at]
        block = said[filled : filled + len(first) * len(works)].reshape(len(first), len(works))
        filled += block.size
        np.take(authors, first, axis=0, out=block, mode="clip")
        block <<= bits_of_one
        block |= authors[second]
        block <<= bits
        block |= code[works]
        if twice:
            again.append(np.repeat(block.ravel(), incidence.data[at[first]].ravel() - 1))
    if again:
        said = np.concatenate((said, *again))
    said.sort()
    return said
