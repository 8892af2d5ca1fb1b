"""The whole co-author graph as arrays: what is read is what is stored, and every pair has two directions."""

from __future__ import annotations

import numpy as np
import pytest

from graph.adjacency import Pairs, adjacency
from graph.flows import pairs
from graph.models import CoauthorEdge


def test_the_pairs_that_are_read_are_those_that_are_stored(library: None) -> None:
    found = pairs.load()
    stored = set(CoauthorEdge.objects.values_list("a_id", "b_id", "weight"))
    assert len(stored) > 50
    assert set(zip(*(column.tolist() for column in found), strict=True)) == stored


def test_no_pair_at_all_is_an_empty_graph(empty_library: None) -> None:
    graph = adjacency(pairs.load())
    assert (graph.people, graph.weights.shape) == (0, (0, 0))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_graph_is_the_same_in_any_order_of_its_pairs(order: list[int]) -> None:
    a, b, weight = np.array([7, 3, 3]), np.array([9, 9, 7]), np.array([0.5, 1.0, 2.0])
    graph = adjacency(Pairs(a[order], b[order], weight[order]))
    assert graph.keys.tolist() == [3, 7, 9]
    assert graph.weights.toarray().tolist() == [[0, 2, 1], [2, 0, 0.5], [1, 0.5, 0]]
