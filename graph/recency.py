"""What time does to a tie between two researchers. Pure; the formula and what it is worth: docs/collaboration.md.

A shared work counts half as much after every HALF_LIFE years. Stored is the sum as it was in EPOCH, which no day changes:
from one year to the next all such sums shrink by one factor, so their order stays, and who reads one multiplies it by the
factor of that year.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

HALF_LIFE: Final = 2.0
"""Years until a shared work counts half: chosen by tests/benchmarks/collaboration.py, see docs/decisions/0013."""

EPOCH: Final = 2000
"""The year whose works are stored with their whole share. It has no meaning of its own."""

NEW_FOR: Final = 2
"""A tie is new in the year of the first shared work and the next."""

ACTIVE_FOR: Final = 5
"""A tie is active while the last shared work is from one of this many calendar years, the present one included."""

NEW, ACTIVE, LAPSED, UNDATED = "new", "active", "lapsed", ""


@lru_cache(maxsize=1024)
def factor(year: int) -> float:
    """What a share of this year is multiplied by before it is stored: 2 ^ ((year - EPOCH) / HALF_LIFE)."""
    return math.exp2((year - EPOCH) / HALF_LIFE)


def now(recent: float, *, year: int) -> float:
    """The strength in `year` of a tie whose stored sum is `recent`."""
    return recent / factor(year)


def state(first: int | None, last: int | None, *, year: int) -> str:
    """What has become of a tie by `year`: NEW, ACTIVE or LAPSED; UNDATED where no shared work has a year.

    New: the first shared work is from this year or the year before. Lapsed: the last one is older than ACTIVE_FOR
    calendar years. Active: neither.
    """
    if first is None or last is None:
        return UNDATED
    if first > year - NEW_FOR:
        return NEW
    return ACTIVE if last > year - ACTIVE_FOR else LAPSED
