"""Strength at present: works fade by a half-life, stored sums know no date, and nothing but the works counts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.algorithms import CLOSE, HYPER_AUTHORSHIP, SharedWork, Tie, strength, ties
from graph.recency import HALF_LIFE, factor, now, state

YEARS = st.one_of(st.none(), st.integers(1950, 2030))
WORKS = st.lists(
    st.builds(
        SharedWork,
        work_id=st.integers(1, 99),
        year=YEARS,
        authors=st.integers(2, 60),
        truncated=st.booleans(),
        others=st.lists(st.integers(1, 12), unique=True, max_size=5).map(tuple),
    ),
    max_size=12,
)


def shared(year: int | None, authors: int, *others: int) -> SharedWork:
    return SharedWork(1, year, authors, truncated=False, others=others)


def by_key(works: list[SharedWork]) -> dict[int, Tie]:
    return {tie.researcher_id: tie for tie in ties(works)}


def test_a_work_of_this_year_counts_whole_and_an_older_one_half_as_much_after_each_half_life() -> None:
    ages = [0, HALF_LIFE, 2 * HALF_LIFE, 3 * HALF_LIFE]
    counted = [now(ties([shared(int(2026 - age), 2, 7)])[0].recent, year=2026) for age in ages]
    assert counted == pytest.approx([1, 1 / 2, 1 / 4, 1 / 8])


def test_the_strength_can_be_added_up_by_hand() -> None:
    # Two authors in 2026, three in 2024, five in 2022: 1, half of 1/2, a quarter of 1/4.
    tie = ties([shared(2026, 2, 7), shared(2024, 3, 7), shared(2022, 5, 7)])[0]
    assert now(tie.recent, year=2026) == pytest.approx(1 + 1 / 4 + 1 / 16)
    assert tie.strength == pytest.approx(1 + 1 / 2 + 1 / 4)


def test_who_writes_together_now_ranks_before_who_did_so_long_ago() -> None:
    old = [shared(2012, 2, 8), shared(2013, 2, 8), shared(2013, 2, 8)]
    assert [tie.researcher_id for tie in ties([*old, shared(2025, 4, 9)])] == [9, 8]


def test_works_without_a_year_are_only_in_all_and_rank_by_that() -> None:
    undated = [shared(None, 2, 8), shared(None, 3, 9), shared(None, 2, 8)]
    assert [(tie.researcher_id, tie.recent, tie.strength) for tie in ties(undated)] == [(8, 0.0, 2.0), (9, 0.0, 0.5)]
    assert ties([*undated, shared(1990, 30, 9)])[0].researcher_id == 9


def test_time_does_not_change_who_is_close() -> None:
    tie = ties([shared(1980, 2, 7)])[0]
    assert tie.strength >= CLOSE > now(tie.recent, year=2026)


@given(WORKS, st.integers(1990, 2060), st.integers(1990, 2060))
def test_the_order_of_people_is_the_same_in_every_year(works: list[SharedWork], one: int, other: int) -> None:
    found = ties(works)
    for year in (one, other):
        seen = [now(tie.recent, year=year) for tie in found]
        assert seen == sorted(seen, reverse=True)
    for tie in found:
        later = now(tie.recent, year=max(one, other))
        assert later == pytest.approx(now(tie.recent, year=min(one, other)) / factor(2000 + abs(one - other)))


@given(WORKS, st.randoms(use_true_random=False))
def test_the_order_of_works_changes_nothing(works: list[SharedWork], chance: random.Random) -> None:
    shuffled = works[:]
    chance.shuffle(shuffled)
    assert ties(shuffled) == ties(works)


@given(WORKS)
def test_the_strength_is_the_sum_of_what_its_works_add(works: list[SharedWork]) -> None:
    for key, tie in by_key(works).items():
        mine = [work for work in works if key in work.others and work.year]
        shares = [
            strength(w.authors, truncated=w.truncated) * 0.5 ** ((2030 - (w.year or 0)) / HALF_LIFE) for w in mine
        ]
        assert now(tie.recent, year=2030) == pytest.approx(sum(shares), rel=1e-9, abs=0)


@given(WORKS, YEARS, st.integers(2, 60), st.lists(st.integers(1, 12), unique=True, min_size=1, max_size=5))
def test_a_further_shared_work_never_lowers_a_strength(
    works: list[SharedWork], year: int | None, authors: int, others: list[int]
) -> None:
    before, after = by_key(works), by_key([*works, shared(year, authors, *others)])
    for key, tie in before.items():
        assert after[key].recent >= tie.recent
        assert after[key].strength >= tie.strength
    assert before.keys() <= after.keys()


@given(WORKS, st.integers(HYPER_AUTHORSHIP + 1, 5_000), YEARS)
def test_a_work_of_thousands_of_authors_changes_nothing(
    works: list[SharedWork], authors: int, year: int | None
) -> None:
    assert ties([*works, SharedWork(100, year, authors, truncated=False, others=tuple(range(1, 400)))]) == ties(works)


@given(WORKS)
def test_a_further_author_makes_no_tie_stronger(works: list[SharedWork]) -> None:
    crowded = [SharedWork(w.work_id, w.year, w.authors + 1, w.truncated, w.others) for w in works]
    after = by_key(crowded)
    for key, tie in by_key(works).items():
        assert key not in after or after[key].recent <= tie.recent


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (2026, 2026, "new"), (2025, 2026, "new"), (2025, 2025, "new"), (2024, 2026, "active"), (2001, 2022, "active"),
        (2001, 2021, "lapsed"), (1990, 1990, "lapsed"), (2027, 2027, "new"), (None, None, ""),
    ],
)  # fmt: skip
def test_a_tie_is_new_active_or_lapsed_by_its_first_and_last_year(
    first: int | None, last: int | None, expected: str
) -> None:
    assert state(first, last, year=2026) == expected


@given(st.integers(1950, 2028), st.integers(0, 40))
def test_without_a_further_work_a_tie_goes_from_new_to_active_to_lapsed_and_never_back(first: int, span: int) -> None:
    seen = [state(first, first + span, year=year) for year in range(first, first + span + 12)]
    order = ["new", "active", "lapsed"]
    assert [order.index(one) for one in seen] == sorted(order.index(one) for one in seen)
    assert seen[-1] == "lapsed"
