"""Compare the stored pairs of co-authors with those that follow from all bylines, computed in another way."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from graph.adjacency import Integers
from graph.flows import arrays, bylines
from graph.projection import Edges, projection
from researchgraph.lib import bulk

_EDGES: Final = """
    SELECT a_id, b_id, weight, works, coalesce(first_year, 0::smallint), coalesce(last_year, 0::smallint)
      FROM graph_coauthoredge ORDER BY a_id, b_id
"""
_WAITING: Final = "SELECT researcher_id FROM graph_staleresearcher"
_ROUNDING: Final = 2e-9
"""Sums are rounded to nine digits; where one lies in the middle, the order of addition decides."""


class Check(NamedTuple):
    """Of how many pairs the stored row differs from what follows from the bylines: there is none, there should be none, or
    it says something else. Pairs of whom a researcher waits to be recomputed are not compared but counted as `waiting`.
    """

    pairs: int
    differing: int
    waiting: int


def edges() -> Edges:
    """Every stored pair."""
    rows = arrays.load(
        _EDGES,
        a=arrays.KEY, b=arrays.KEY, weight=arrays.WEIGHT, works=arrays.INTEGER,
        first_year=arrays.YEAR, last_year=arrays.YEAR,
    )  # fmt: skip
    a, b, works, first_year, last_year = (
        rows[name].astype(np.int64) for name in ("a", "b", "works", "first_year", "last_year")
    )
    return Edges(a, b, rows["weight"].astype(np.float64), works, first_year, last_year)


def check() -> Check:
    """Compare all pairs, as they are at one moment, whatever is recomputed meanwhile."""
    with bulk.one_moment():
        waiting = np.array([row[0] for row in bulk.fetch(_WAITING)], dtype=np.int64)
        stored = edges()
        expected = projection(bylines.load())
    names, different = _compared(stored, expected)
    waits = np.isin(names >> 32, waiting) | np.isin(names & 0xFFFFFFFF, waiting)
    return Check(len(names), int(np.count_nonzero(different & ~waits)), int(np.count_nonzero(waits)))


def _compared(one: Edges, other: Edges) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """The names of all pairs of either, and which of them differ."""
    mine, theirs = one.names(), other.names()
    names = np.union1d(mine, theirs)
    both, here, there = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    unequal = np.abs(one.weight[here] - other.weight[there]) > _ROUNDING
    for column in ("works", "first_year", "last_year"):
        unequal |= getattr(one, column)[here] != getattr(other, column)[there]
    different = np.ones(len(names), dtype=bool)
    different[np.searchsorted(names, both)] = unequal
    return names, different
