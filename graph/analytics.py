"""The projection, components and communities as SQL, for graphs that no single machine holds. Pure.

The text keeps to what all engines understand in the same way, and an engine is three functions (`graph.engines`): DuckDB in
this process, or Spark on many machines. Both give the rows of `graph.projection` and `graph.measures` (docs/graph.md):

    uv run --group spark python -m graph.analytics spark BYLINES FOLDER --master spark://HOST:7077

reads what `manage.py exportbylines` has written, or a folder of such files, and writes `edges`, `components` and `communities` as
CSV into FOLDER, which all machines must reach.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from graph.algorithms import FEWEST_ASSUMED, HYPER_AUTHORSHIP
from graph.engines import DuckDb, Engine, Spark
from graph.measures import MOST_ROUNDS

BYLINES: Final = ("work", "researcher", "authors", "truncated", "year")
"""Columns of the input, all whole numbers: see `graph.projection.Bylines`."""

EDGES: Final = f"""
    WITH counted AS (
        SELECT work, researcher, year,
               CASE WHEN truncated = 1 AND authors < {FEWEST_ASSUMED} THEN {FEWEST_ASSUMED} ELSE authors END AS authors
          FROM bylines
    ), shared AS (
        SELECT work, researcher, year, authors, COUNT(*) AS times
          FROM counted WHERE authors BETWEEN 2 AND {HYPER_AUTHORSHIP} GROUP BY work, researcher, year, authors
    )
    SELECT one.researcher AS a, other.researcher AS b,
           ROUND(SUM(CAST(one.times AS DOUBLE) / (one.authors - 1)), 9) AS weight,
           CAST(SUM(one.times) AS BIGINT) AS works,
           COALESCE(MIN(NULLIF(one.year, 0)), 0) AS first_year, MAX(one.year) AS last_year
      FROM shared one JOIN shared other ON other.work = one.work AND one.researcher < other.researcher
     GROUP BY one.researcher, other.researcher
"""  # noqa: S608 - constants
"""The rows of `graph.projection.Edges`."""

_BALLOTS: Final = """
    WITH directed AS (
        SELECT a AS node, b AS other, CAST(ROUND(weight * 1e9) AS BIGINT) AS units FROM edges
        UNION ALL SELECT b, a, CAST(ROUND(weight * 1e9) AS BIGINT) FROM edges
    )
    SELECT node, other, units FROM directed UNION ALL SELECT node, node, MAX(units) FROM directed GROUP BY node
"""
"""Weights in whole units, in both directions, and what one's own label counts (`graph.measures.ballots`)."""

_OWN: Final = "SELECT node, node AS label, node AS was FROM ballots GROUP BY node"
_CONNECTED: Final = """
    WITH nearest AS (
        SELECT ballots.node, MIN(labels.label) AS label
          FROM ballots JOIN labels ON labels.node = ballots.other GROUP BY ballots.node
    )
    SELECT nearest.node, LEAST(nearest.label, further.label) AS label, own.label AS was
      FROM nearest JOIN labels further ON further.node = nearest.label JOIN labels own ON own.node = nearest.node
"""
"""The smallest label around, or the label of whoever it names: so a long chain takes rounds by the logarithm of its length."""

_ELECTED: Final = """
    WITH votes AS (
        SELECT ballots.node, labels.label, SUM(ballots.units) AS units
          FROM ballots JOIN labels ON labels.node = ballots.other GROUP BY ballots.node, labels.label
    ), best AS (
        SELECT node, MAX(units) AS units FROM votes GROUP BY node
    )
    SELECT votes.node, MIN(votes.label) AS label, MIN(own.label) AS was
      FROM votes JOIN best ON best.node = votes.node AND best.units = votes.units JOIN labels own ON own.node = votes.node
     GROUP BY votes.node
"""
_CHANGED: Final = "SELECT COUNT(*) FROM labels WHERE label <> was"
_BY_FIRST: Final = "SELECT node, MIN(node) OVER (PARTITION BY label) AS label FROM labels"
RESULTS: Final = ("edges", "components", "communities")


def measure(engine: Engine) -> None:
    """From the table `bylines` make `edges`, and of those `components` and `communities` with a `label` for every `node`."""
    engine.keep("edges", EDGES)
    engine.keep("ballots", _BALLOTS)
    engine.keep("labels", _OWN)
    while _changed(engine, _CONNECTED):
        pass
    engine.keep("components", "SELECT node, label FROM labels")
    engine.keep("labels", _OWN)
    for _ in range(MOST_ROUNDS):
        if not _changed(engine, _ELECTED):
            break
    engine.keep("communities", _BY_FIRST)


def _changed(engine: Engine, rule: str) -> int:
    """Give everybody a new label; how many have another one now."""
    engine.keep("labels", rule)
    ((changed,),) = engine.rows(_CHANGED)
    return int(changed)


def main() -> None:
    """Measure a file or folder of bylines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("engine", choices=["duckdb", "spark"])
    parser.add_argument("bylines", type=Path, help="what exportbylines has written, or a folder of such files")
    parser.add_argument("folder", type=Path, help="where edges, components and communities go; must not exist")
    parser.add_argument("--master", default="local[*]", help="the Spark cluster (default: this machine)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    engine: Engine = DuckDb() if options.engine == "duckdb" else Spark(master=options.master, folder=options.folder)
    try:
        engine.read("bylines", BYLINES, options.bylines)
        measure(engine)
        for name in RESULTS:
            engine.write(name, options.folder / name)
    finally:
        engine.close()


if __name__ == "__main__":
    main()
