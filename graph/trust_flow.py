"""How much trust reaches a record from verified ones over co-authorship: two steps of a random walk, in whole arrays. Pure.

A tie is the strength of a pair, cut at 1.0: nobody is worth more to somebody than one close collaborator. Let V be the
verified, c(x,y) the tie of x and y, D(y) the sum of the ties of y, K = `shared_by` and d = `carry` / 100 <= 1.

    m(y)       = sum of c(s,y) over s in V                                        what verified co-authors give directly
    carried(x) = sum of d * m'(y) * c(y,x) / max(K, D(y)) over y not in V         what other co-authors hand on

where m'(y) is m(y) without what came from x itself: nobody hears the echo of their own record. This is personalised
PageRank started at V and ended after two steps, counting first visits only (docs/decisions/0014 says why two, and why not
SybilRank's own normalisation).

**Bound.** However many records an attacker makes, and however they are tied among themselves, all of them together receive at
most (1 + d) * g over g ties with records that are not theirs. Proof. None of them is verified. (1) Directly they receive c(s,x)
<= 1 for each tie with a verified s. (2) What such a record y has so received, m'(y) <= m(y), it hands on to at most d * m(y) in
sum, as the c(y,x) / max(K, D(y)) of all x add up to at most 1. (3) An honest y that is not verified hands on to x at most d * m(y)
* c(y,x) / D(y) <= d * c(y,x) <= d, as m(y) <= D(y). So a tie with somebody verified brings at most 1 + d, one with anybody
else at most d. In points, a tie brings at most each_verified + each_trust * (1 + carry / 100): 7.5 with the shipped weights.

**More evidence.** Nothing of x falls when (1) x gets a tie, or a stronger one: only the term of that co-author y changes, and
c / max(K, R + c), R being the other ties of y, grows with c; or (2) anybody is verified: whatever y gives or hands on grows with m,
and a y in V gives c(y,x), where before it handed on at most d * c(y,x); verifying x itself changes nothing of x; or (3) a
co-author y gets a stronger tie with somebody in V: (m + t) / max(K, D + t) grows with t, as m <= D. What can take from x is that y,
whose ties are more than K in sum, has more people to share with; no rule that is bounded as above can do without that.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from graph.adjacency import Floats, Integers, Pairs

TIE: Final = 1.0
"""The most that a pair counts."""
HUNDREDTHS: Final = 100
STEP: Final = 10
"""What is handed on is kept in tenths, rounded down: who writes with whom far away must not change every receipt."""


class Received(NamedTuple):
    """Who receives anything, by ascending key: verified co-authors, and hundredths of a tie given and handed on."""

    keys: Integers
    verified: Integers
    given: Integers
    carried: Integers


def received(pairs: Pairs, verified: Integers, *, carry: int, shared_by: int) -> Received:
    """Everything that reaches anybody from `verified` (keys in any order, known or not) over pairs that are each named once.

    `carry` is the percentage that a co-author hands on, `shared_by` the ties among which that is shared at least.

    Sums over the pairs as they come, in arrays as long as the largest key: making a matrix would take most of the time of a
    large graph, and most pairs only count in what a co-author's ties add up to.
    """
    ties = np.minimum(pairs.weight, TIE)
    length = int(max(pairs.a.max(initial=0), pairs.b.max(initial=0), verified.max(initial=0))) + 1
    shared = _sums(pairs.a, ties, length) + _sums(pairs.b, ties, length)
    sources = np.zeros(length, dtype=bool)
    sources[verified] = True

    one, other, tie = _both_ways(pairs, ties, sources)
    counted = np.bincount(one, minlength=length)
    given = _sums(one, tie, length)
    # For each unit of a tie with y: what y hands on of all it has, and of what one tie has brought.
    of_one = np.where(sources, 0.0, (carry / 100) / np.maximum(shared, shared_by))
    echo = _sums(other, tie**2 * of_one[one], length)
    handed = of_one * given
    one, other, tie = _both_ways(pairs, ties, handed > 0)
    carried = _sums(one, tie * handed[other], length) - echo

    found = Received(np.arange(length), counted, _down(given, 1), _down(carried, STEP))
    some = (found.verified > 0) | (found.carried > 0)
    return Received(*(column[some] for column in found))


def _sums(keys: Integers, amounts: Floats, length: int) -> Floats:
    """For each key below `length` what its amounts add up to."""
    sums: Floats = np.bincount(keys, amounts, length).astype(np.float64)
    return sums


def _both_ways(pairs: Pairs, ties: Floats, chosen: npt.NDArray[np.bool_]) -> tuple[Integers, Integers, Floats]:
    """The pairs that lead from one of these, each as whom it leads to, from whom, and the tie; two ways if both are chosen."""
    to_a, to_b = np.flatnonzero(chosen[pairs.b]), np.flatnonzero(chosen[pairs.a])
    one = np.concatenate((pairs.a[to_a], pairs.b[to_b]))
    other = np.concatenate((pairs.b[to_a], pairs.a[to_b]))
    return one, other, np.concatenate((ties[to_a], ties[to_b]))


def _down(amount: Floats, step: int) -> Integers:
    """In hundredths, rounded down to a multiple of `step`; what a sum of fractions lost in its last digits is given back."""
    whole: Integers = np.floor(np.round(amount * HUNDREDTHS / step, 6)).astype(np.int64) * step
    return np.maximum(whole, 0)
