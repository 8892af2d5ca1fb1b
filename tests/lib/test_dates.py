"""Partial ISO dates."""

from __future__ import annotations

import pytest

from researchgraph.lib.dates import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    canonical,
    compare,
    display,
    earliest,
    month,
    partial,
    parts,
    plausible_year,
    precision,
)


@pytest.mark.parametrize(
    ("date", "shown", "how_much"),
    [
        ("2022", "2022", "year"),
        ("2022-03", "Mar 2022", "month"),
        ("2022-03-10", "Mar 10, 2022", "day"),
        ("2024-02-29", "Feb 29, 2024", "day"),
        ("2023-02-29", "", None),
        ("2022-13", "", None),
        ("2022-00", "", None),
        ("22", "", None),
        ("1399", "", None),
        ("٢٠٢٢", "", None),
        ("", "", None),
    ],
)
def test_partial_dates_are_shown_as_far_as_they_are_known(date: str, shown: str, how_much: str | None) -> None:
    assert display(date) == shown
    assert precision(date) == how_much


def test_parts_are_numbers() -> None:
    assert parts("2022-03-10") == (2022, 3, 10)
    assert parts("x") == ()


@pytest.mark.parametrize(
    ("raw", "date"),
    [
        ("2022-03-10T17:03:00Z", "2022-03-10"),
        (" 2022-03 ", "2022-03"),
        ("2022-03-10 noon", "2022-03-10"),
        ("2022-3", ""),
        ("2022-02-30", "2022-02"),
        ("2022-03-00T00:00:00", "2022-03"),
        ("2022-00-00", "2022"),
        ("2022-13-01", "2022"),
        ("0000-00-00", ""),
        ("May 2022", ""),
    ],
)
def test_a_date_is_read_off_the_front_of_a_timestamp(raw: str, date: str) -> None:
    assert canonical(raw) == date


def test_dates_compare_as_far_as_both_go() -> None:
    assert compare("2022", "2022-03-10") == 0
    assert compare("2022-02", "2022-03-10") == -1
    assert compare("2023", "2022-12-31") == 1


def test_plausible_years_run_from_printing_to_a_little_ahead() -> None:
    assert plausible_year(EARLIEST_YEAR)
    assert plausible_year(LATEST_YEAR)
    assert not plausible_year(LATEST_YEAR + 1)
    assert not plausible_year(99_999)
    assert not plausible_year(None)


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["2022-03-10", "2022", "2021-12"], "2021-12"),
        (["2022", "2022-03-10", "2022-03"], "2022-03-10"),
        (["", "9999", "2022-13"], ""),
        ([], ""),
    ],
)
def test_the_earliest_date_is_the_most_precise_of_equal_ones(dates: list[str], first: str) -> None:
    assert earliest(dates) == first


@pytest.mark.parametrize(
    ("year", "word", "day", "date"),
    [
        ("2022", "Mar", "5", "2022-03-05"),
        ("2022", "03", "", "2022-03"),
        ("2022", "Sept.", "x", "2022-09"),
        ("2022", "February", "30", "2022-02"),
        ("2022", "Winter", "1", "2022"),
        ("22", "Mar", "5", ""),
    ],
)
def test_fields_make_a_date_as_far_as_they_go(year: str, word: str, day: str, date: str) -> None:
    assert partial(year, word, day) == date


def test_a_month_is_a_number_or_a_word() -> None:
    assert [month(word) for word in ("1", "12", "Jan", "may", "December", "13", "0", "Ju", "", "Spring")] == [
        1, 12, 1, 5, 12, None, None, None, None, None,
    ]  # fmt: skip
