"""Labels around a circle never cover each other, and groups are the same however their ties are told."""

from __future__ import annotations

import math
import random
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.groups import groups
from graph.labels import CLEAR, HEIGHT, Place, around, cut, width

RADIUS = 129.0
TWO_CIRCLES = [(a, b, 1) for ring in (range(4), range(4, 8)) for a, b in combinations(ring, 2)]


def overlap(one: Place, other: Place) -> bool:
    left, top, right, bottom = one.box
    other_left, other_top, other_right, other_bottom = other.box
    return left < other_right and other_left < right and top < other_bottom - 1e-6 and other_top < bottom - 1e-6


@given(st.lists(st.tuples(st.floats(0, math.tau), st.floats(0, 120)), max_size=16))
def test_no_two_labels_overlap_wherever_they_belong(wanted: list[tuple[float, float]]) -> None:
    places = around([angle for angle, _ in wanted], [wide for _, wide in wanted], radius=RADIUS)
    assert not any(overlap(one, other) for one, other in combinations(places, 2))


@given(st.lists(st.tuples(st.floats(0, math.tau), st.floats(1, 120)), max_size=16))
def test_no_letter_reaches_into_the_circle(wanted: list[tuple[float, float]]) -> None:
    for place in around([angle for angle, _ in wanted], [wide for _, wide in wanted], radius=RADIUS):
        left, _, right, _ = place.box
        assert math.hypot(max(left, -right, 0), max(abs(place.y) - CLEAR, 0)) >= RADIUS - CLEAR - 1e-6


@pytest.mark.parametrize("people", range(1, 17))
def test_evenly_spread_labels_stay_near_their_angles(people: int) -> None:
    angles = [math.tau * (i + 0.5) / people for i in range(people)]
    for angle, place in zip(angles, around(angles, [80.0] * people, radius=RADIUS), strict=True):
        assert abs(place.y + RADIUS * math.cos(angle)) < HEIGHT
        assert abs(place.y) < 152


@pytest.mark.parametrize("text", ["D. G. T. Barrett", "王伟", "W. M. Wwwmmmwww-Mmmwwwmmm", "Иван Петров", "", "é" * 60])
def test_a_cut_text_fits(text: str) -> None:
    assert width(cut(text, most=90.0)) <= 90
    assert cut(text, most=1_000.0) == text


def test_two_circles_of_people_are_two_groups() -> None:
    assert groups(9, [*TWO_CIRCLES, (3, 4, 1)]) == [1, 1, 1, 1, 2, 2, 2, 2, 0]


def test_people_who_all_know_each_other_are_one_group_and_strangers_none() -> None:
    assert groups(4, [(a, b, 2) for a, b in combinations(range(4), 2)]) == [1, 1, 1, 1]
    assert groups(3, []) == [0, 0, 0]


TIES = st.dictionaries(
    st.tuples(st.integers(0, 15), st.integers(0, 15)).filter(lambda pair: pair[0] < pair[1]), st.integers(1, 9)
).map(lambda found: [(a, b, weight) for (a, b), weight in found.items()])


@given(TIES, st.randoms(use_true_random=False))
def test_the_order_of_ties_changes_no_group(ties: list[tuple[int, int, int]], chance: random.Random) -> None:
    shuffled = ties[:]
    chance.shuffle(shuffled)
    assert groups(16, shuffled) == groups(16, ties)


@given(TIES)
def test_groups_hang_together_and_no_union_of_two_would_be_better(ties: list[tuple[int, int, int]]) -> None:
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(16))
    graph.add_weighted_edges_from(ties)
    found = groups(16, ties)
    together = [{i for i in range(16) if found[i] == number} for number in range(1, max(found) + 1)]
    alone = [{i} for i in range(16) if not found[i]]
    assert all(nx.is_connected(graph.subgraph(group)) for group in together)
    if not ties:
        return
    best = nx.community.modularity(graph, [*together, *alone])
    for one, other in combinations([*together, *alone], 2):
        rest = [group for group in (*together, *alone) if group not in (one, other)]
        assert nx.community.modularity(graph, [*rest, one | other]) <= best + 1e-9
