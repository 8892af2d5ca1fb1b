"""networkx's signature at the edge: the same answers from our arrays and from networkx, and a switch between backends."""

from __future__ import annotations

import inspect
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import backends, measures
from tests.graph.test_measures import PAIRS, graph_of

ROOT = Path(__file__).parents[2]
GRAPHS = st.builds(
    lambda edges, nodes, directed: _made(edges, nodes, directed=directed),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from([0.5, 1.0, 3.0]))),
    st.lists(st.sampled_from("uvw")),
    st.booleans(),
)
SOME = st.one_of(st.none(), st.fixed_dictionaries({node: st.sampled_from([0.25, 1.0, 2.5]) for node in "abcdefuvw"}))


def _made(edges: list[tuple[str, str, float]], nodes: list[str], *, directed: bool) -> nx.Graph[str]:
    graph: nx.Graph[str] = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_weighted_edges_from(edges)
    return graph


@pytest.mark.parametrize("name", ["pagerank", "connected_components"])
def test_the_signatures_are_those_of_networkx(name: str) -> None:
    theirs = dict(inspect.signature(getattr(nx, name)).parameters)
    theirs.pop("backend_kwargs")
    ours = inspect.signature(getattr(backends, name)).parameters
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]


@given(GRAPHS, SOME, SOME, SOME, st.sampled_from([0.5, 0.85]), st.sampled_from(["weight", None]))
def test_pagerank_is_that_of_networkx_with_every_argument(
    graph: nx.Graph[str],
    personalization: dict[str, float] | None,
    nstart: dict[str, float] | None,
    dangling: dict[str, float] | None,
    alpha: float,
    weight: str | None,
) -> None:
    how: dict[str, Any] = {"alpha": alpha, "personalization": personalization, "dangling": dangling, "weight": weight}
    # networkx takes a first guess for these nodes only.
    how["nstart"] = nstart and {node: nstart[node] for node in graph}
    ours, theirs = (backends.pagerank(graph, backend=backend, **how) for backend in (None, backends.NETWORKX))
    assert ours == pytest.approx(theirs, abs=1e-9)


@given(GRAPHS)
def test_components_are_those_of_networkx(graph: nx.Graph[str]) -> None:
    if graph.is_directed():
        for backend in (backends.SCIPY, backends.NETWORKX):
            with pytest.raises(nx.NetworkXNotImplemented):
                list(backends.connected_components(graph, backend=backend))
        return
    ours, theirs = (
        {frozenset(found) for found in backends.connected_components(graph, backend=backend)}
        for backend in (backends.SCIPY, backends.NETWORKX)
    )
    assert ours == theirs


def test_what_cannot_be_computed_is_the_error_of_networkx() -> None:
    for backend in (backends.SCIPY, backends.NETWORKX):
        with pytest.raises(ZeroDivisionError):
            backends.pagerank(nx.path_graph(4), personalization={0: 0.0}, backend=backend)
        with pytest.raises(nx.PowerIterationFailedConvergence):
            backends.pagerank(nx.path_graph(4), max_iter=1, backend=backend)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_measures_of_a_graph_are_the_same_on_both_backends(
    pairs: dict[tuple[int, int], float], order: random.Random
) -> None:
    graph = graph_of(pairs, order)
    for name in (backends.SCIPY, backends.NETWORKX):
        components, ranks = backends.components_and_ranks(graph, backend=name)
        assert components.tolist() == measures.components(graph.weights).tolist()
        assert np.allclose(ranks, measures.pagerank(graph.weights), rtol=0, atol=1e-9)


def test_a_backend_that_is_not_there_is_none_of_those_known() -> None:
    assert backends.known()[:2] == ["scipy", "networkx"]
    assert not {"cugraph", "nx_loopback"} & set(backends.known())
    with pytest.raises(ImportError, match="cugraph"):
        backends.pagerank(nx.path_graph(3), backend="cugraph")


BACKEND = '''
"""A backend of networkx as others write them: graphs of its own, and two functions."""

import networkx as nx


class Graph:
    __networkx_backend__ = "handset"

    def __init__(self, graph):
        self.plain = graph

    def is_directed(self):
        return self.plain.is_directed()

    def is_multigraph(self):
        return self.plain.is_multigraph()


class Backend:
    @staticmethod
    def pagerank(G, *args, **kwargs):
        print("ranked on", type(G).__module__)
        return nx.pagerank(G.plain, *args, **kwargs)

    @staticmethod
    def connected_components(G):
        print("connected on", type(G).__module__)
        return nx.connected_components(G.plain)

    @staticmethod
    def convert_from_nx(graph, **kwargs):
        return Graph(graph)

    @staticmethod
    def convert_to_nx(obj, **kwargs):
        return obj
'''
MEASURE = """
import numpy as np
from graph import backends
from graph.adjacency import Pairs, adjacency

graph = adjacency(Pairs(np.array([1, 2, 5]), np.array([2, 3, 6]), np.array([1.0, 0.5, 2.0])))
ours, theirs = (backends.components_and_ranks(graph, backend=name) for name in ("scipy", "handset"))
assert ours[0].tolist() == theirs[0].tolist() == [0, 0, 0, 3, 3]
assert np.allclose(ours[1], theirs[1], rtol=0, atol=1e-9)
"""


@pytest.fixture
def with_backend(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in which a backend named handset is installed for networkx."""
    (tmp_path / "handset.py").write_text(BACKEND, encoding="utf-8")
    information = tmp_path / "handset-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: handset\nVersion: 1.0\n", encoding="utf-8")
    (information / "entry_points.txt").write_text("[networkx.backends]\nhandset = handset:Backend\n", encoding="utf-8")
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{ROOT}", "RESEARCHGRAPH_MODE": "test"}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_measures_are_computed_on_the_backend_that_is_named(with_backend: dict[str, str]) -> None:
    done = run(with_backend, "-c", MEASURE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["connected on handset", "ranked on handset"]


def test_an_installed_backend_may_be_named_and_no_other(with_backend: dict[str, str], tmp_path: Path) -> None:
    environment = with_backend | {"DATA_DIR": str(tmp_path)}
    assert run(environment | {"GRAPH_BACKEND": "handset"}, "manage.py", "check").returncode == 0
    refused = run(environment | {"GRAPH_BACKEND": "cugraph"}, "manage.py", "check")
    assert refused.returncode != 0
    said = "GRAPH_BACKEND is 'cugraph', and no such backend is installed. There are: scipy, networkx, handset."
    assert said in refused.stderr
