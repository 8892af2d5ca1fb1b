"""The graph in SQL: DuckDB gives the rows of the arrays on any bylines. For Spark, see `make spark`."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from graph import analytics
from graph.engines import DuckDb
from tests.graph.test_projection import WORKS, Work
from tests.graph.whole import by_arrays, by_sql, bylines_of, sheet

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def duckdb() -> Iterator[DuckDb]:
    engine = DuckDb()
    yield engine
    engine.close()


@given(works=WORKS)
def test_duckdb_gives_the_rows_of_the_arrays(duckdb: DuckDb, works: list[Work]) -> None:
    assert by_sql(duckdb, bylines_of([works])) == by_arrays(bylines_of([works]))


def test_a_long_chain_is_one_component(duckdb: DuckDb) -> None:
    works: list[Work] = [(2, False, 2004, [one, one + 1]) for one in range(1, 300)]
    found = by_sql(duckdb, bylines_of([works]))
    assert found == by_arrays(bylines_of([works]))
    assert {label for _, label in found["components"]} == {1}


@pytest.mark.parametrize("folder", [False, True])
def test_the_command_measures_exported_bylines(tmp_path: Path, *, folder: bool) -> None:
    works: list[Work] = [(2, False, 2004, [1, 2]), (3, True, 0, [2, 3, 4]), (2, False, 2001, [8, 9])]
    given_bylines = bylines_of([works])
    (tmp_path / "in").mkdir()
    sheet(tmp_path / "in" / "bylines.csv", given_bylines)
    source = tmp_path / "in" if folder else tmp_path / "in" / "bylines.csv"
    command = [sys.executable, "-m", "graph.analytics", "duckdb", str(source), str(tmp_path / "out")]
    subprocess.run(command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, check=True)
    for name in analytics.RESULTS:
        with (tmp_path / "out" / name / "part-0.csv").open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        assert sorted(tuple(map(float, row)) for row in rows) == by_arrays(given_bylines)[name]
