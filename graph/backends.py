"""networkx's functions on our arrays, or on a backend of networkx, such as one that computes on a graphics card. Pure.

`pagerank` and `connected_components` have networkx's own signatures and meaning, `backend` included. Without a name or with
SCIPY they compute on `graph.measures`; any other name is handed to networkx, which converts the graph for the backend of
that name and dispatches to it. The setting GRAPH_BACKEND names the one for the measures of the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, Final

import networkx as nx
import numpy as np

from graph import measures
from graph.adjacency import Adjacency, Floats, Integers, Matrix

SCIPY: Final = "scipy"
NETWORKX: Final = "networkx"
_FOR_ITS_OWN_TESTS: Final = "nx_loopback"


def known() -> list[str]:
    """The backends there are: our own, networkx itself, and what is installed for it."""
    installed = {entry.name for entry in entry_points(group="networkx.backends")} - {_FOR_ITS_OWN_TESTS}
    return [SCIPY, NETWORKX, *sorted(installed - {SCIPY, NETWORKX})]


def pagerank(  # noqa: PLR0917 - networkx's order
    G: nx.Graph[Any],  # noqa: N803 - networkx's name
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | None = None,
    max_iter: int = 100,
    tol: float = 1.0e-6,
    nstart: Mapping[Any, float] | None = None,
    weight: str | None = "weight",
    dangling: Mapping[Any, float] | None = None,
    *,
    backend: str | None = None,
) -> dict[Any, float]:
    """The PageRank of every node, as `networkx.pagerank`. Raises networkx.PowerIterationFailedConvergence."""
    if backend not in {None, SCIPY}:
        found: dict[Any, float] = nx.pagerank(
            G, alpha, personalization, max_iter, tol, nstart, weight, dangling, backend=backend
        )
        return found
    nodes = list(G)
    if not nodes:
        return {}
    try:
        ranks = measures.pagerank(
            _matrix(G, nodes, weight),
            alpha=alpha,
            restart=_vector(personalization, nodes),
            start=_vector(nstart, nodes),
            dangling=_vector(dangling, nodes),
            tolerance=tol,
            steps=max_iter,
        )
    except measures.NoEndError as error:
        raise nx.PowerIterationFailedConvergence(max_iter) from error
    return dict(zip(nodes, ranks.tolist(), strict=True))


def connected_components(
    G: nx.Graph[Any],  # noqa: N803 - networkx's name
    *,
    backend: str | None = None,
) -> Iterator[set[Any]]:
    """Sets of nodes that are connected, as `networkx.connected_components`."""
    if backend not in {None, SCIPY}:
        yield from nx.connected_components(G, backend=backend)
        return
    if G.is_directed():
        raise nx.NetworkXNotImplemented("not implemented for directed type")
    nodes = list(G)
    if not nodes:
        return
    found: dict[int, set[Any]] = {}
    for node, first in zip(nodes, measures.components(_matrix(G, nodes, None)).tolist(), strict=True):
        found.setdefault(first, set()).add(node)
    yield from found.values()


def components_and_ranks(graph: Adjacency, *, backend: str) -> tuple[Integers, Floats]:
    """What `measures.components` and `measures.pagerank` give, computed on a backend."""
    if backend == SCIPY:
        return measures.components(graph.weights), measures.pagerank(graph.weights)
    made: nx.Graph[int] = nx.from_scipy_sparse_array(graph.weights)
    first = np.zeros(graph.people, dtype=np.int64)
    for together in connected_components(made, backend=backend):
        first[list(together)] = min(together)
    found = pagerank(made, backend=backend)
    ranks = np.fromiter((found[row] for row in range(graph.people)), dtype=np.float64, count=graph.people)
    return first, ranks


def _matrix(graph: nx.Graph[Any], nodes: Sequence[Any], weight: str | None) -> Matrix:
    return nx.to_scipy_sparse_array(graph, nodelist=nodes, weight=weight, dtype=np.dtype(float), format="csr")


def _vector(values: Mapping[Any, float] | None, nodes: Sequence[Any]) -> Floats | None:
    """What a caller gives by node, in the order of the nodes; 0 where nothing is given."""
    if values is None:
        return None
    vector = np.array([values.get(node, 0.0) for node in nodes], dtype=np.float64)
    if not vector.sum():
        raise ZeroDivisionError("The values given for the nodes add up to 0.")
    return vector
