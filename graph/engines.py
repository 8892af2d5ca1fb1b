"""Engines for `graph.analytics`: DuckDB in this process, and Spark on this machine or many. Pure.

Both are optional (`uv sync --group analytics`, `--group spark`) and loaded when one is made.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Row = tuple[int | float, ...]


class Engine(Protocol):
    """What runs SQL on tables of its own."""

    def load(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[int]]) -> None:
        """Make a table of whole numbers."""

    def read(self, name: str, columns: Sequence[str], path: Path) -> None:
        """Make a table of whole numbers from CSV with a first line of names: a file, or a folder of them."""

    def write(self, name: str, path: Path) -> None:
        """Write a table into a folder, as CSV with a first line of names."""

    def keep(self, name: str, text: str) -> None:
        """Store the rows of a query as the table of this name, in place of one that may be named in the query."""

    def rows(self, text: str) -> list[Row]:
        """The rows of a query."""

    def close(self) -> None:
        """Let go of everything."""


class DuckDb:
    """DuckDB, in memory."""

    def __init__(self) -> None:
        import duckdb

        self._connection = duckdb.connect()

    def load(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[int]]) -> None:
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} ({_schema(columns)})")
        values = list(rows)
        if values:
            unnested = ", ".join(["unnest(?)"] * len(columns))
            self._connection.execute(
                f"INSERT INTO {name} SELECT {unnested}",
                [list(column) for column in zip(*values, strict=True)],
            )

    def read(self, name: str, columns: Sequence[str], path: Path) -> None:
        files = path / "*.csv" if path.is_dir() else path
        self._connection.read_csv(str(files), header=True, dtype=dict.fromkeys(columns, "BIGINT")).create(name)

    def write(self, name: str, path: Path) -> None:
        path.mkdir()
        self._connection.table(name).write_csv(str(path / "part-0.csv"), header=True)

    def keep(self, name: str, text: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS {text}")

    def rows(self, text: str) -> list[Row]:
        found: list[Row] = self._connection.execute(text).fetchall()
        return found

    def close(self) -> None:
        self._connection.close()


class Spark:
    """Spark SQL. `master` names the cluster, as for spark-submit. Every kept table is written into `folder`, which all machines
    must reach: so it is computed once, and a machine that dies takes nothing with it. `options` are Spark's own settings.
    """

    def __init__(self, *, master: str, folder: Path, options: Mapping[str, str] | None = None) -> None:
        from pyspark.sql import SparkSession

        builder: Any = SparkSession.builder
        chosen = {"spark.sql.warehouse.dir": str(folder / "warehouse"), **(options or {})}
        self._session = builder.master(master).appName("researchgraph").config(map=chosen).getOrCreate()
        self._folder = folder
        self._places: dict[str, Path] = {}
        self._kept = 0

    def load(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[int]]) -> None:
        found = self._session.createDataFrame([tuple(row) for row in rows], _schema(columns))
        found.createOrReplaceTempView(name)

    def read(self, name: str, columns: Sequence[str], path: Path) -> None:
        found = self._session.read.csv(path.resolve().as_uri(), header=True, schema=_schema(columns))
        found.createOrReplaceTempView(name)

    def write(self, name: str, path: Path) -> None:
        self._session.table(name).write.csv(path.resolve().as_uri(), header=True)

    def keep(self, name: str, text: str) -> None:
        self._kept += 1
        place = (self._folder / f"{name}-{self._kept}").resolve()
        found = self._session.sql(text)
        found.write.parquet(place.as_uri())
        self._session.read.schema(found.schema).parquet(place.as_uri()).createOrReplaceTempView(name)
        before = self._places.get(name)
        self._places[name] = place
        if before is not None:
            shutil.rmtree(before)

    def rows(self, text: str) -> list[Row]:
        return [tuple(row) for row in self._session.sql(text).collect()]

    def close(self) -> None:
        self._session.stop()
        for place in self._places.values():
            shutil.rmtree(place)


def _schema(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} BIGINT" for column in columns)
