"""Ways through a graph: as short, and as strong, as an exhaustive search finds them."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import routes

PAIRS = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
    st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0]),
    max_size=24,
)


def joined(pairs: Iterable[tuple[int, int, float]]) -> routes.Neighbors:
    graph: dict[int, dict[int, float]] = {}
    routes.join(graph, pairs)
    return graph


def graphs(pairs: dict[tuple[int, int], float]) -> tuple[routes.Neighbors, nx.Graph[int]]:
    whole: nx.Graph[int] = nx.Graph()
    whole.add_nodes_from(range(10))
    whole.add_edges_from((a, b, {"resistance": 1 / weight}) for (a, b), weight in pairs.items())
    return joined((a, b, weight) for (a, b), weight in pairs.items()), whole


def resistance(whole: nx.Graph[int], people: tuple[int, ...] | list[int]) -> float:
    return round(nx.path_weight(whole, list(people), "resistance"), 9)


@settings(max_examples=200, deadline=None)
@given(PAIRS)
def test_the_shortest_ways_are_the_strongest_of_all_shortest_ones(pairs: dict[tuple[int, int], float]) -> None:
    mine, whole = graphs(pairs)
    found = routes.shortest(mine, 0, 9)
    every = list(nx.all_shortest_paths(whole, 0, 9)) if nx.has_path(whole, 0, 9) else []
    assert len(found) == min(len(every), routes.ROUTES_SHOWN)
    assert {route.people for route in found} <= {tuple(path) for path in every}
    best = sorted(resistance(whole, path) for path in every)[: len(found)]
    assert [route.resistance for route in found] == best
    assert found == routes.shortest(mine, 0, 9)


@settings(max_examples=200, deadline=None)
@given(PAIRS, st.integers(1, 5))
def test_the_strongest_way_resists_least_of_all_within_the_limit(
    pairs: dict[tuple[int, int], float], limit: int
) -> None:
    mine, whole = graphs(pairs)
    found = routes.strongest(mine, 0, 9, limit=limit)
    every = [resistance(whole, path) for path in nx.all_simple_paths(whole, 0, 9, cutoff=limit)]
    assert (found.resistance if found else None) == (min(every) if every else None)
    if found:
        assert found.steps <= limit
        assert len(set(found.people)) == len(found.people)


def test_the_order_of_pairs_changes_nothing() -> None:
    pairs = [(0, 1, 0.5), (1, 9, 0.5), (0, 2, 0.5), (2, 9, 0.5), (0, 9, 0.1)]
    ways = [routes.shortest(joined(order), 0, 9) for order in (pairs, pairs[::-1])]
    assert ways[0] == ways[1]
    assert [route.people for route in ways[0]] == [(0, 9)]
    strong = [routes.strongest(joined(order), 0, 9, limit=3) for order in (pairs, pairs[::-1])]
    assert strong[0] == strong[1]
