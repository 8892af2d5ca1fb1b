"""What is shown around one entity as a file: CSV, JSON (node-link), GraphML, GEXF. Pure; at most a few hundred nodes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Final

import networkx as nx

from graph.exploring import PERSON
from graph.neighborhood import Neighborhood, Node

COLUMNS: Final = (
    "id",
    "kind",
    "label",
    "url",
    "steps",
    "works",
    "strength",
    "strength_in_all",
    "first_year",
    "last_year",
)


def network(found: Neighborhood, *, site: str) -> nx.Graph[str]:
    """The nodes and edges as networkx has them. What is not known is left out, because the formats have no word for it.

    The weight of an edge is the strength of a pair of people, however small, and else the number of works.
    """
    graph: nx.Graph[str] = nx.Graph(name=f"Graph around {found.center.label}")
    for node in (found.center, *found.nodes):
        graph.add_node(
            node.id, **{key: value for key, value in _row(node, site).items() if key != "id" and value != ""}
        )
    for edge in found.edges:
        between_people = edge.source.startswith(PERSON) and edge.target.startswith(PERSON)
        weight = edge.strength if between_people else float(edge.works)
        graph.add_edge(edge.source, edge.target, works=edge.works, weight=weight)
    return graph


def _row(node: Node, site: str) -> dict[str, Any]:
    return {
        "id": node.id, "kind": node.kind, "label": node.label, "url": f"{site.rstrip('/')}{node.href}", "steps": node.steps,
        "works": node.works, "strength": round(node.strength, 6), "strength_in_all": round(node.in_all, 6),
        "first_year": "" if node.first_year is None else node.first_year,
        "last_year": "" if node.last_year is None else node.last_year,
    }  # fmt: skip


def as_csv(found: Neighborhood, *, site: str) -> str:
    """The table: a line for each node, the center first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for node in (found.center, *found.nodes):
        row = _row(node, site)
        writer.writerow(row | {"label": _harmless(row["label"])})
    return text.getvalue()


def _harmless(label: str) -> str:
    """A label that no spreadsheet takes for a formula."""
    return f"'{label}" if label[:1] in {"=", "+", "-", "@", "\t"} else label


def as_json(found: Neighborhood, *, site: str) -> str:
    """Nodes and links as `networkx.node_link_data` writes them."""
    return json.dumps(nx.node_link_data(network(found, site=site), edges="links"), ensure_ascii=False, indent=1)


def as_graphml(found: Neighborhood, *, site: str) -> str:
    """GraphML, which yEd, Gephi and igraph read."""
    file = io.BytesIO()
    nx.write_graphml(network(found, site=site), file)
    return file.getvalue().decode()


def as_gexf(found: Neighborhood, *, site: str) -> str:
    """GEXF 1.3, which Gephi reads."""
    file = io.BytesIO()
    nx.write_gexf(network(found, site=site), file, version="1.3")
    return file.getvalue().decode()


WRITERS: Final[dict[str, tuple[str, Callable[..., str]]]] = {
    "csv": ("text/csv", as_csv),
    "json": ("application/json", as_json),
    "graphml": ("application/graphml+xml", as_graphml),
    "gexf": ("application/gexf+xml", as_gexf),
}
"""By format: the media type and what writes it."""
