"""Partial ISO dates: "2022", "2022-03" or "2022-03-10". What a source did not say is not invented. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

EARLIEST_YEAR = 1400
"""No work before printing."""

LATEST_YEAR = datetime.now(UTC).year + 2
"""Proceedings and issues are dated ahead, but not further."""

Precision = Literal["year", "month", "day"]

_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_LEADING = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?=$|[T ])", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PRECISIONS: tuple[Precision, ...] = ("year", "month", "day")


def this_year() -> int:
    """The calendar year, in UTC like all times here."""
    return datetime.now(UTC).year


def plausible_year(year: int | None) -> bool:
    """Whether a work can carry this year. None is not a year."""
    return year is not None and EARLIEST_YEAR <= year <= LATEST_YEAR


def parts(date: str) -> tuple[int, ...]:
    """(year,), (year, month) or (year, month, day); () if `date` is not a valid, plausible partial date."""
    match = _PARTIAL.fullmatch(date)
    if match is None:
        return ()
    numbers = tuple(int(group) for group in match.groups() if group)
    if not plausible_year(numbers[0]):
        return ()
    if len(numbers) > 1 and not 1 <= numbers[1] <= len(_MONTHS):
        return ()
    if len(numbers) > 2 and not 1 <= numbers[2] <= calendar.monthrange(numbers[0], numbers[1])[1]:
        return ()
    return numbers


def canonical(date: str) -> str:
    """The partial date at the start of an ISO date or time, as far as it is one; "" if there is none.

    "2022-03-10T17:03:00Z" gives "2022-03-10"; "2022-00-00" and "2022-13-01" give "2022".
    """
    match = _LEADING.match(date.strip())
    return next((match[0][:end] for end in (10, 7, 4) if parts(match[0][:end])), "") if match else ""


def precision(date: str) -> Precision | None:
    """How much a valid partial date says; None for anything else."""
    known = parts(date)
    return _PRECISIONS[len(known) - 1] if known else None


def compare(one: str, other: str) -> int:
    """-1, 0 or 1 as far as both dates go: "2022" and "2022-03" are equal. Both must be valid."""
    shorter = min(len(one), len(other))
    first, second = one[:shorter], other[:shorter]
    return (first > second) - (first < second)


def earliest(dates: Iterable[str]) -> str:
    """The earliest of these partial dates; of equal ones the most precise. Whatever is no date is passed over."""
    best = ""
    for date in dates:
        if not parts(date):
            continue
        order = compare(date, best) if best else -1
        if order < 0 or (order == 0 and len(date) > len(best)):
            best = date
    return best


def month(word: str) -> int | None:
    """The number of a month written "3", "03", "Mar", "Mar." or "March"; None for anything else."""
    word = word.strip().rstrip(".")
    if word.isascii() and word.isdigit() and len(word) <= 2:
        return int(word) if 1 <= int(word) <= len(_MONTHS) else None
    for number, name in enumerate(calendar.month_name):
        if len(word) >= 3 and name.lower().startswith(word.lower()):
            return number
    return None


def partial(year: str, month_word: str = "", day: str = "") -> str:
    """The partial date of what stands in separate fields, as far as it is one: ("2022", "Mar", "x") gives "2022-03"."""
    year = year.strip()
    number = month(month_word)
    day = day.strip()
    full = f"{year}-{number:02}" if number else year
    exact = f"{full}-{int(day):02}" if number and day.isascii() and day.isdigit() and len(day) <= 2 else full
    return next((date for date in (exact, full, year) if parts(date)), "")


def display(date: str) -> str:
    """For people: "Mar 10, 2022", "Mar 2022" or "2022"; "" for anything that is not a valid partial date."""
    match parts(date):
        case (year, month, day):
            return f"{_MONTHS[month - 1]} {day}, {year}"
        case (year, month):
            return f"{_MONTHS[month - 1]} {year}"
        case (year,):
            return str(year)
    return ""


def span(first: int | None, last: int | None) -> str:
    """First and last year for people, such as "2018 to 2024"; one year once, "" when none is known."""
    if first is None or last is None:
        return ""
    return str(first) if first == last else f"{first} to {last}"
