"""The graph in SQL on a Spark cluster of two executors, the rows of the arrays: `make spark`.

Not among the tests that `pytest` finds by itself: it needs Java 17 and half a gigabyte of Spark, which no site needs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from graph import analytics
from graph.engines import DuckDb, Spark
from tests.graph.test_projection import WORKS, Work
from tests.graph.whole import by_arrays, by_sql, bylines_of, sheet

pytestmark = pytest.mark.timeout(900)
CLUSTER = "local-cluster[2,1,1024]"
"""Two executors in processes of their own, a core and a gigabyte each: rows go over the network between them."""
SMALL = {
    "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1", "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}  # fmt: skip
"""For a few hundred rows: no compiling, and joins that send rows from one executor to the other."""
GRAPHS = 60


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    engine = Spark(master=CLUSTER, folder=tmp_path_factory.mktemp("spark"), options=SMALL)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def graphs() -> list[list[Work]]:
    """Generated works of many graphs that share nobody, and a chain longer than any of them."""
    found: list[list[Work]] = []

    @settings(max_examples=GRAPHS, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(WORKS)
    def collect(works: list[Work]) -> None:
        found.append(works)

    collect()
    found.append([(2, False, 2004, [one, one + 1]) for one in range(1, 90)])
    random.Random(1).shuffle(found)  # noqa: S311 - any order
    return found


def test_spark_and_duckdb_give_the_rows_of_the_arrays(spark: Spark, graphs: list[list[Work]]) -> None:
    given_bylines = bylines_of(graphs)
    expected = by_arrays(given_bylines)
    assert len(expected["edges"]) > 300
    assert by_sql(spark, given_bylines) == expected
    engine = DuckDb()
    assert by_sql(engine, given_bylines) == expected
    engine.close()


def test_what_spark_writes_can_be_read_again(spark: Spark, graphs: list[list[Work]], tmp_path: Path) -> None:
    given_bylines = bylines_of(graphs)
    sheet(tmp_path / "bylines.csv", given_bylines)
    spark.read("bylines", analytics.BYLINES, tmp_path / "bylines.csv")
    spark.keep("edges", analytics.EDGES)
    spark.write("edges", tmp_path / "edges")
    lines = [
        line
        for part in sorted((tmp_path / "edges").glob("*.csv"))
        for line in part.read_text(encoding="ascii").splitlines()[1:]
    ]
    assert sorted(tuple(map(float, line.split(","))) for line in lines) == by_arrays(given_bylines)["edges"]
