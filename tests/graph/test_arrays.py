"""Tables as arrays of numbers: whatever number of blocks they have, what is read is what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graph.flows import arrays
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
COLUMNS = {"key": arrays.KEY, "number": arrays.INTEGER, "year": arrays.YEAR, "weight": arrays.WEIGHT}


@pytest.fixture
def numbers() -> Iterator[None]:
    """An empty table of numbers."""
    bulk.run("CREATE TEMP TABLE numbers (key bigint, number int, year smallint, weight float8)")
    yield
    bulk.run("DROP TABLE numbers")


def stored() -> list[tuple[object, ...]]:
    return sorted(bulk.fetch("SELECT key, number, year, weight FROM numbers"))


def read() -> list[tuple[object, ...]]:
    rows = arrays.table("numbers", **COLUMNS)
    return sorted(zip(*(column.tolist() for column in rows.values()), strict=True))


@pytest.mark.parametrize("rows", [1, 100, 50_000])
def test_every_row_of_a_table_is_read_once(numbers: None, rows: int) -> None:
    bulk.run("INSERT INTO numbers SELECT n, -n, mod(n, 3000), n / 7.0 FROM generate_series(1, %s) n", [rows])
    # Holes of whole blocks and of rows, and rows that stand somewhere else since they were changed.
    bulk.run("DELETE FROM numbers WHERE key BETWEEN 3000 AND 29000 OR mod(key, 7) = 3")
    bulk.run("UPDATE numbers SET number = 5 WHERE mod(key, 5) = 1")
    assert len(stored()) > 0
    assert read() == stored()


def test_an_empty_table_is_empty_arrays(numbers: None) -> None:
    rows = arrays.table("numbers", **COLUMNS)
    assert {name: column.tolist() for name, column in rows.items()} == {name: [] for name in COLUMNS}


def test_a_value_that_is_not_known_is_no_number(numbers: None) -> None:
    bulk.run("INSERT INTO numbers VALUES (1, 2, NULL, 0.5)")
    with pytest.raises(ValueError, match="year is null"):
        read()


def test_a_table_and_a_query_give_the_same_numbers(numbers: None) -> None:
    bulk.run("INSERT INTO numbers SELECT n, -n, 2000, 1.0 / n FROM generate_series(1, 1000) n")
    rows = arrays.load("SELECT key, number, year, weight FROM numbers", **COLUMNS)
    table = arrays.table("numbers", **COLUMNS)
    assert all((rows[name] == table[name]).all() for name in COLUMNS)
