"""Measures on a whole graph: what is connected, what is central, what belongs together. Pure.

Sums over arrays (`graph.adjacency`): a graph of seven million pairs takes seconds. All of them give the same result for the
same graph, whatever the order of its pairs. The rules of `components` and `communities` are written as SQL in
`graph.analytics`, for graphs that no single machine holds.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from graph.adjacency import Floats, Integers, Matrix

ALPHA: Final = 0.85
"""How far PageRank goes along pairs: the rest of the time it starts anew anywhere."""

TOLERANCE: Final = 1e-6
"""The mean change of a rank by which PageRank has come to its end, as in networkx."""

MOST_STEPS: Final = 100
MOST_ROUNDS: Final = 30
"""Of `communities`. On real records and on generated ones it has come to an end after about thirteen."""

UNIT: Final = 1e9
"""Weights have nine digits; counted in these units they are whole numbers, whose sums know no order."""


class NoEndError(ArithmeticError):
    """PageRank did not come to its end within the steps it was given."""


def components(weights: Matrix) -> Integers:
    """For every row the first row of what it is connected with, over any number of pairs."""
    return _by_first(csgraph.connected_components(weights, directed=False)[1])


def pagerank(
    weights: Matrix,
    *,
    alpha: float = ALPHA,
    start: Floats | None = None,
    restart: Floats | None = None,
    dangling: Floats | None = None,
    tolerance: float = TOLERANCE,
    steps: int = MOST_STEPS,
) -> Floats:
    """How often a walk along the pairs, the strong ones more often, is at each row; they add up to 1.

    Page, Brin, Motwani, Winograd, "The PageRank citation ranking", Stanford InfoLab 1999-66. `restart` is where a walk starts
    anew (by default anywhere), `dangling` where it goes from a row without pairs (by default as `restart`), `start` the first
    guess; each is any vector of numbers of at least 0. Raises NoEndError.
    """
    size = weights.shape[0]
    if not size:
        return np.zeros(0)
    anywhere = np.full(size, 1 / size)
    anew = anywhere if restart is None else restart / restart.sum()
    beyond = anew if dangling is None else dangling / dangling.sum()
    ranks: Floats = anywhere if start is None else start / start.sum()
    strengths = np.asarray(weights.sum(axis=1)).ravel()
    lost = np.flatnonzero(strengths == 0)
    shares = np.divide(1.0, strengths, out=np.zeros(size), where=strengths != 0)
    along = (sparse.diags_array(shares) @ weights).T.tocsr()
    for _ in range(steps):
        before = ranks
        ranks = alpha * (along @ before + before[lost].sum() * beyond) + (1 - alpha) * anew
        if np.abs(ranks - before).sum() < size * tolerance:
            return ranks
    raise NoEndError(f"PageRank did not come to its end within {steps} steps.")


def communities(weights: Matrix) -> Integers:
    """For every row the first row of its community: who writes with each other more than with others.

    Label propagation (Raghavan, Albert, Kumara, Physical Review E 76, 036106, 2007), made deterministic: everybody begins
    with a label of their own; in each round everybody takes the label with most weight among the own pairs, of equal ones
    the smallest, all at once. One's own label counts as much as the strongest pair, so that two who have only each
    other do not swap labels for ever. Who has no pair is alone.
    """
    size = weights.shape[0]
    if not size:
        return np.zeros(0, dtype=np.int64)
    votes = ballots(weights)
    labels: Integers = np.arange(size, dtype=np.int64)
    moving = labels
    for _ in range(MOST_ROUNDS):
        chosen = labels.copy()
        chosen[moving] = _most(votes[moving] @ _holders(labels))
        changed = np.flatnonzero(chosen != labels)
        labels = chosen
        if not len(changed):
            break
        # Whoever has no pair with somebody who changed has heard nothing new.
        moving = np.unique(votes[changed].indices)
    return _by_first(labels)


def ballots(weights: Matrix) -> Matrix:
    """The weights in whole units, with what one's own label counts on the diagonal: the strongest pair, 1 without any."""
    units = sparse.csr_array((np.rint(weights.data * UNIT).astype(np.int64), weights.indices, weights.indptr))
    units.resize(weights.shape)
    own = np.maximum(np.asarray(units.max(axis=1).todense()).ravel(), 1)
    return (units + sparse.diags_array(own, dtype=np.int64)).tocsr()


def _holders(labels: Integers) -> Matrix:
    """Who has which label, a row with one column each."""
    size = len(labels)
    return sparse.csr_array((np.ones(size, dtype=np.int64), labels, np.arange(size + 1)), shape=(size, size))


def _most(counts: Matrix) -> Integers:
    """For every row the column with the largest number, of equal ones the first. No row is empty."""
    most = np.maximum.reduceat(counts.data, counts.indptr[:-1])
    largest = counts.data == np.repeat(most, np.diff(counts.indptr))
    first: Integers = np.minimum.reduceat(np.where(largest, counts.indices, counts.shape[1]), counts.indptr[:-1])
    return first


def _by_first(labels: Integers) -> Integers:
    """The same groups, each named by its first row."""
    _, first, group = np.unique(labels, return_index=True, return_inverse=True)
    named: Integers = first[group].astype(np.int64)
    return named
