"""Ways through the co-author graph. Pure: plain values in, plain values out.

A way is the stronger the less it resists, and a pair resists by 1 / strength, as a chain of wires does: the resistances
along a way add up. So one weak step costs more than two strong ones.
"""

from __future__ import annotations

import heapq
import itertools
import math
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


def join(graph: dict[int, dict[int, float]], pairs: Iterable[tuple[int, int, float]]) -> None:
    """Add these pairs to the graph, in both directions."""
    for a, b, weight in pairs:
        graph.setdefault(a, {})[b] = weight
        graph.setdefault(b, {})[a] = weight


def shortest(graph: Neighbors, start: int, end: int, *, most: int = ROUTES_SHOWN) -> list[Route]:
    """The routes of the fewest steps, the least resistance first; equal ones by keys. [] if there is none."""
    levels = _distances(graph, start, most=len(graph), until=end)
    if end not in levels:
        return []
    left = _distances(graph, end, most=levels[end], until=start)
    between = [one for one in left if one in levels and levels[one] + left[one] == levels[end]]
    # The best ways to each person between the two, level by level.
    ways: dict[int, list[tuple[float, tuple[int, ...]]]] = {start: [(0.0, (start,))]}
    for person in sorted(between, key=lambda one: (levels[one], one)):
        arriving = [
            (resistance + 1 / weight, (*people, person))
            for before, weight in graph[person].items()
            if levels.get(before) == levels[person] - 1
            for resistance, people in ways.get(before, ())
        ]
        ways[person] = heapq.nsmallest(most, arriving) or ways[person]
    return [_route(graph, people) for _resistance, people in ways[end]]


def strongest(graph: Neighbors, start: int, end: int, *, limit: int) -> Route | None:
    """The route of the least resistance among those of at most `limit` steps; None if there is none.

    Dijkstra over (person, steps): without the steps a strong detour could shut out the only way within the limit. Whoever is
    too far from the end for the steps that are left is not looked at.
    """
    left = _distances(graph, end, most=limit)
    if left.get(start, limit + 1) > limit:
        return None
    best: dict[tuple[int, int], float] = {(start, 0): 0.0}
    before: dict[tuple[int, int], tuple[int, int]] = {}
    queue: list[tuple[float, int, int]] = [(0.0, 0, start)]
    while queue:
        resistance, steps, person = heapq.heappop(queue)
        if person == end:
            return _route(graph, _back(before, (end, steps)))
        if resistance > best[person, steps]:
            continue
        for other, weight in graph[person].items():
            further = resistance + 1 / weight
            if steps + 1 + left.get(other, limit) <= limit and all(
                further < best.get((other, fewer), math.inf) for fewer in range(steps + 2)
            ):
                best[other, steps + 1] = further
                before[other, steps + 1] = (person, steps)
                heapq.heappush(queue, (further, steps + 1, other))
    return None


def _distances(graph: Neighbors, start: int, *, most: int, until: int | None = None) -> dict[int, int]:
    """Steps from the start to everybody within `most`, or as near as `until`, who ends the search."""
    found = {start: 0}
    frontier = {start}
    while frontier and until not in found and found[next(iter(frontier))] < most:
        step = found[next(iter(frontier))] + 1
        frontier = {other for one in frontier for other in graph.get(one, ()) if other not in found}
        found |= dict.fromkeys(frontier, step)
    return found


def _back(before: Mapping[tuple[int, int], tuple[int, int]], last: tuple[int, int]) -> list[int]:
    """The people on the way to a state, from the first on. Nobody is met twice: that would only add resistance."""
    people = [last[0]]
    while last in before:
        last = before[last]
        people.append(last[0])
    return people[::-1]


def _route(graph: Neighbors, people: Sequence[int]) -> Route:
    return Route(tuple(people), tuple(graph[a][b] for a, b in itertools.pairwise(people)))
