"""Whole graphs by arrays and by SQL, for the tests that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graph import analytics, measures
from graph.adjacency import Pairs, adjacency
from graph.engines import Engine, Row
from graph.projection import Bylines, projection
from tests.graph.test_projection import Work, bylines

APART = 100
"""Between the keys of one graph and the next."""


def bylines_of(graphs: Sequence[list[Work]]) -> Bylines:
    """The bylines of several graphs that share nobody."""
    return bylines(
        [
            (authors, truncated, year, [who + number * APART for who in people])
            for number, works in enumerate(graphs)
            for authors, truncated, year, people in works
        ]
    )


def by_arrays(given: Bylines) -> dict[str, list[Row]]:
    """Edges, components and communities by `graph.projection` and `graph.measures`."""
    edges = projection(given)
    graph = adjacency(Pairs(edges.a, edges.b, edges.weight))
    keys = graph.keys
    return {
        "edges": list(zip(*(column.tolist() for column in edges), strict=True)),
        "components": list(zip(keys.tolist(), keys[measures.components(graph.weights)].tolist(), strict=True)),
        "communities": list(zip(keys.tolist(), keys[measures.communities(graph.weights)].tolist(), strict=True)),
    }


def by_sql(engine: Engine, given: Bylines) -> dict[str, list[Row]]:
    """The same by `graph.analytics`."""
    engine.load("bylines", analytics.BYLINES, list(zip(*(column.tolist() for column in given), strict=True)))
    analytics.measure(engine)
    return {name: sorted(engine.rows(f"SELECT * FROM {name}")) for name in analytics.RESULTS}  # noqa: S608 - our names


def sheet(path: Path, given: Bylines) -> None:
    """Bylines as `manage.py exportbylines` writes them."""
    rows = zip(*(column.tolist() for column in given), strict=True)
    lines = [",".join(analytics.BYLINES), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
