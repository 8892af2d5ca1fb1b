"""Ways through the co-author graph. Pure: plain values in, plain values out.

A way is the stronger the less it resists, and a pair resists by 1 / strength, as a chain of wires does: the resistances
along a way add up. So one weak step costs more than two strong ones.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

ROUTES_SHOWN: Final = 3


class Route(msgspec.Struct, frozen=True):
    """People from one end to the other, and the strength of each step."""

    people: tuple[int, ...]
    strengths: tuple[float, ...]

    @property
    def steps(self) -> int:
        """How many steps."""
        return len(self.strengths)

    @property
    def resistance(self) -> float:
        """The sum of 1 / strength: the smaller, the closer the two ends."""
        return round(sum(1 / one for one in self.strengths), 9)


Neighbors = Mapping[int, Mapping[int, float]]


def neighbors(pairs: Iterable[tuple[int, int, float]]) -> dict[int, dict[int, float]]:
    """Both directions of these pairs."""
    found: dict[int, dict[int, float]] = {}
    for a, b, weight in pairs:
        found.setdefault(a, {})[b] = weight
        found.setdefault(b, {})[a] = weight
    return found


def shortest(graph: Neighbors, start: int, end: int, *, most: int = ROUTES_SHOWN) -> list[Route]:
    """The routes of the fewest steps, the least resistance first; equal ones by keys. [] if there is none."""
    levels = {start: 0}
    frontier = [start]
    while frontier and end not in levels:
        following = {other for one in frontier for other in graph.get(one, ()) if other not in levels}
        levels |= dict.fromkeys(following, levels[frontier[0]] + 1)
        frontier = sorted(following)
    if end not in levels:
        return []
    return _best(graph, start, end, levels, most)


def _best(graph: Neighbors, start: int, end: int, levels: Mapping[int, int], most: int) -> list[Route]:
    """The `most` best routes that climb one level with every step: the best ways to each person, level by level."""
    ways: dict[int, list[tuple[float, tuple[int, ...]]]] = {start: [(0.0, (start,))]}
    for person in sorted(levels, key=lambda one: (levels[one], one)):
        if person == start or levels[person] > levels[end]:
            continue
        arriving = [
            (resistance + 1 / weight, (*people, person))
            for before, weight in graph[person].items()
            if levels.get(before) == levels[person] - 1
            for resistance, people in ways.get(before, ())
        ]
        ways[person] = heapq.nsmallest(most, arriving)
    return [_route(graph, people) for _resistance, people in ways[end]]


def strongest(graph: Neighbors, start: int, end: int, *, limit: int) -> Route | None:
    """The route of the least resistance among those of at most `limit` steps; None if there is none.

    Dijkstra over (person, steps): without the steps a strong detour could shut out the only way within the limit.
    """
    best: dict[tuple[int, int], float] = {(start, 0): 0.0}
    queue: list[tuple[float, int, int, tuple[int, ...]]] = [(0.0, 0, start, (start,))]
    while queue:
        resistance, steps, person, people = heapq.heappop(queue)
        if person == end:
            return _route(graph, people)
        if steps == limit or resistance > best[person, steps]:
            continue
        for other, weight in graph.get(person, {}).items():
            further = resistance + 1 / weight
            if other not in people and all(
                further < best.get((other, fewer), further + 1) for fewer in range(steps + 2)
            ):
                best[other, steps + 1] = further
                heapq.heappush(queue, (further, steps + 1, other, (*people, other)))
    return None


def _route(graph: Neighbors, people: Sequence[int]) -> Route:
    return Route(tuple(people), tuple(graph[a][b] for a, b in itertools.pairwise(people)))
