"""All pairs of co-authors at once: what follows from all bylines is what follows for each person alone."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.algorithms import SharedWork, ties
from graph.projection import Bylines, Edges, projection

Work = tuple[int, bool, int, list[int]]
"""Number of authors, cut short or not, year or 0, and the known researchers on it, perhaps one of them twice."""

WORKS = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.booleans(),
        st.sampled_from([0, 1999, 2004, 2021]),
        st.lists(st.integers(1, 12), max_size=8),
    ),
    max_size=14,
)


def bylines(works: list[Work]) -> Bylines:
    """One row for each researcher of each work."""
    rows = [
        (key, who, authors, truncated, year)
        for key, (authors, truncated, year, people) in enumerate(works, 1)
        for who in people
    ]
    columns = zip(*rows, strict=True) if rows else [()] * 5
    return Bylines(*(np.array(list(column), dtype=np.int64) for column in columns))


def rows(edges: Edges) -> list[tuple[int, int, float, int, int, int]]:
    return list(zip(*(column.tolist() for column in edges), strict=True))


def one_by_one(works: list[Work]) -> list[tuple[int, int, float, int, int, int]]:
    """The pairs that `ties` gives for every researcher, each from the one of the smaller key, as they are stored."""
    shared: dict[int, list[SharedWork]] = defaultdict(list)
    for key, (authors, truncated, year, people) in enumerate(works, 1):
        for who in people:
            others = tuple(sorted({other for other in people if other != who}))
            shared[who].append(SharedWork(key, year or None, authors, truncated=truncated, others=others))
    return sorted(
        (who, tie.researcher_id, tie.strength, tie.works, tie.first_year or 0, tie.last_year or 0)
        for who, mine in shared.items()
        for tie in ties(mine)
        if who < tie.researcher_id
    )


@given(WORKS, st.randoms(use_true_random=False))
def test_all_pairs_at_once_are_the_ties_of_everybody(works: list[Work], chance: random.Random) -> None:
    given_bylines = bylines(works)
    order = list(range(len(given_bylines.work)))
    chance.shuffle(order)
    assert rows(projection(Bylines(*(column[order] for column in given_bylines)))) == one_by_one(works)


def test_who_stands_on_a_work_twice_counts_twice_for_those_of_larger_keys_only() -> None:
    assert rows(projection(bylines([(3, False, 2004, [1, 1, 2])]))) == [(1, 2, 1.0, 2, 2004, 2004)]
    assert rows(projection(bylines([(3, False, 2004, [1, 2, 2])]))) == [(1, 2, 0.5, 1, 2004, 2004)]


def test_no_shared_work_is_no_pair() -> None:
    for works in ([], [(1, False, 2004, [1])], [(51, False, 2004, [1, 2])], [(2, False, 2004, [1]), (2, True, 0, [2])]):
        assert rows(projection(bylines(works))) == []


def test_too_many_researchers_for_one_machine_are_refused() -> None:
    who = np.arange(1 << 20)
    given_bylines = Bylines(who // 2, who, np.full(len(who), 2), np.zeros_like(who), who // 8)
    with pytest.raises(OverflowError, match="1,048,576 researchers are too many"):
        projection(given_bylines)
