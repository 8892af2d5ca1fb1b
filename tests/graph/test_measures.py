"""Measures on whole graphs: what networkx finds, in any order of the pairs; communities by a rule that comes to an end."""

from __future__ import annotations

import random
from collections import defaultdict

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import measures
from graph.adjacency import Adjacency, Pairs, adjacency

PAIRS = st.dictionaries(
    st.tuples(st.integers(1, 14), st.integers(1, 14)).filter(lambda pair: pair[0] < pair[1]),
    st.sampled_from([0.020408163, 0.25, 0.333333333, 0.5, 1.0, 2.25]),
    max_size=24,
)


def graph_of(pairs: dict[tuple[int, int], float], order: random.Random | None = None) -> Adjacency:
    rows = [(a, b, weight) for (a, b), weight in pairs.items()]
    if order is not None:
        order.shuffle(rows)
    a, b, weight = zip(*rows, strict=True) if rows else ((), (), ())
    return adjacency(Pairs(np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), np.array(weight, dtype=float)))


def by_networkx(graph: Adjacency) -> nx.Graph[int]:
    made: nx.Graph[int] = nx.Graph()
    made.add_nodes_from(range(graph.people))
    weights = graph.weights.tocoo()
    made.add_weighted_edges_from(zip(weights.row.tolist(), weights.col.tolist(), weights.data.tolist(), strict=True))
    return made


def one_at_a_time(graph: Adjacency) -> list[int]:
    """The rule of communities by the book: a person, a vote, a round after the other."""
    pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
    weights = graph.weights.tocoo()
    for one, other, weight in zip(weights.row.tolist(), weights.col.tolist(), weights.data.tolist(), strict=True):
        pairs[one].append((other, round(weight * 1e9)))
    labels = list(range(graph.people))
    for _ in range(measures.MOST_ROUNDS):
        chosen = []
        for one, label in enumerate(labels):
            votes: dict[int, int] = defaultdict(int)
            votes[label] += max(weight for _, weight in pairs[one])
            for other, weight in pairs[one]:
                votes[labels[other]] += weight
            chosen.append(min(votes, key=lambda name: (-votes[name], name)))
        if chosen == labels:
            break
        labels = chosen
    return [labels.index(label) for label in labels]


@given(PAIRS)
def test_components_are_those_of_networkx(pairs: dict[tuple[int, int], float]) -> None:
    graph = graph_of(pairs)
    expected = {row: min(together) for together in nx.connected_components(by_networkx(graph)) for row in together}
    assert measures.components(graph.weights).tolist() == [expected[row] for row in range(graph.people)]


@given(PAIRS)
def test_ranks_are_those_of_networkx(pairs: dict[tuple[int, int], float]) -> None:
    graph = graph_of(pairs)
    expected = nx.pagerank(by_networkx(graph))
    ranks = measures.pagerank(graph.weights)
    assert ranks.tolist() == pytest.approx([expected[row] for row in range(graph.people)], abs=1e-9)
    if pairs:
        assert ranks.sum() == pytest.approx(1)


@given(PAIRS)
def test_communities_follow_the_rule(pairs: dict[tuple[int, int], float]) -> None:
    graph = graph_of(pairs)
    assert measures.communities(graph.weights).tolist() == one_at_a_time(graph)


@given(PAIRS, st.randoms(use_true_random=False))
def test_measures_do_not_depend_on_the_order_of_pairs(
    pairs: dict[tuple[int, int], float], order: random.Random
) -> None:
    one, other = graph_of(pairs), graph_of(pairs, order)
    assert measures.components(one.weights).tolist() == measures.components(other.weights).tolist()
    assert measures.communities(one.weights).tolist() == measures.communities(other.weights).tolist()
    assert measures.pagerank(one.weights).tolist() == pytest.approx(
        measures.pagerank(other.weights).tolist(), abs=1e-12
    )


def test_two_groups_with_one_pair_between_them_are_two_communities() -> None:
    left = {(a, b): 1.0 for a in range(1, 5) for b in range(a + 1, 5)}
    right = {(a, b): 1.0 for a in range(5, 9) for b in range(a + 1, 9)}
    graph = graph_of({**left, **right, (4, 5): 0.5})
    assert measures.communities(graph.weights).tolist() == [0, 0, 0, 0, 4, 4, 4, 4]
    assert set(measures.components(graph.weights).tolist()) == {0}


def test_two_who_have_only_each_other_are_one_community() -> None:
    assert measures.communities(graph_of({(1, 2): 0.5}).weights).tolist() == [0, 0]


def test_too_few_steps_are_an_error() -> None:
    with pytest.raises(measures.NoEndError, match="within 1 steps"):
        measures.pagerank(graph_of({(1, 2): 1.0, (2, 3): 0.5}).weights, steps=1)
