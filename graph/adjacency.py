"""Who has worked with whom, all at once: the whole co-author graph as arrays. Pure.

A graph of millions of pairs is a few arrays of numbers here, and measures on it are sums over them; an object for every
person would take a hundred times the memory (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Matrix = Any
"""A scipy.sparse.csr_array; scipy publishes no types."""


class Pairs(NamedTuple):
    """Undirected pairs: keys of two researchers, and the strength of what is between them, element by element."""

    a: Integers
    b: Integers
    weight: Floats


class Adjacency(NamedTuple):
    """The graph of `keys` (ascending): `weights` is square and symmetric, its rows and columns in the order of `keys`."""

    keys: Integers
    weights: Matrix

    @property
    def people(self) -> int:
        """How many researchers there are."""
        return len(self.keys)


def dense(keys: Integers) -> tuple[Integers, Integers]:
    """The different keys, ascending, and the place of each among them. Takes memory up to the largest, and no sorting."""
    seen = np.zeros(int(keys.max(initial=-1)) + 1, dtype=bool)
    seen[keys] = True
    places = np.cumsum(seen) - 1
    return np.flatnonzero(seen), places[keys]


def adjacency(pairs: Pairs) -> Adjacency:
    """The graph of these pairs, each named once, in any order. Whoever has no pair is not in it."""
    keys, ends = dense(np.concatenate((pairs.a, pairs.b)))
    first, second = ends[: len(pairs.a)], ends[len(pairs.a) :]
    rows, columns = np.concatenate((first, second)), np.concatenate((second, first))
    values = np.concatenate((pairs.weight, pairs.weight))
    weights = sparse.csr_array((values, (rows, columns)), shape=(len(keys), len(keys)))
    weights.sort_indices()
    return Adjacency(keys, weights)
