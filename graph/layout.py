"""Positions of the collaborator dial: deterministic, so that the same record always gives the same picture. Pure.

Angle is the rank by first shared year, clockwise from the top; distance from the center falls with the logarithm
of the strength in all, which no day changes. Positions are in the unit circle around (0, 0), y pointing down as in SVG.
"""

from __future__ import annotations

import math
from functools import lru_cache

import networkx as nx

from graph.algorithms import Tie

INNER, OUTER = 0.24, 0.94
"""Distance of the strongest and of the weakest person from the center."""

STRONGEST = 8.0
"""Strengths from here on are drawn at the inner radius."""

WEAKEST = 0.05


@lru_cache(maxsize=64)
def _directions(people: int) -> tuple[tuple[float, float], ...]:
    """Unit vectors for `people` places on a circle, clockwise, the first and the last as far from the top."""
    if people < 2:
        return ((1.0, 0.0),) * people
    places = nx.circular_layout(nx.empty_graph(people))
    turn = math.pi / people
    # networkx starts at three o'clock and turns anticlockwise (y up): turned and mirrored, its circle is a dial.
    angles = [math.atan2(places[i][1], places[i][0]) + turn for i in range(people)]
    return tuple((math.sin(angle), -math.cos(angle)) for angle in angles)


def radius(strength: float) -> float:
    """Distance from the center for a strength, on a log scale, clamped to the drawn range."""
    clamped = min(max(strength, WEAKEST), STRONGEST)
    share = math.log(clamped / WEAKEST) / math.log(STRONGEST / WEAKEST)
    return OUTER - share * (OUTER - INNER)


def dial(drawn: list[Tie]) -> dict[int, tuple[float, float]]:
    """Position of every drawn person by key, rounded to four digits (a tenth of a pixel)."""
    order = sorted(drawn, key=lambda t: (t.first_year or 9999, -t.strength, t.researcher_id))
    positions = {}
    for tie, (x, y) in zip(order, _directions(len(order)), strict=True):
        r = radius(tie.strength)
        positions[tie.researcher_id] = (round(x * r, 4), round(y * r, 4))
    return positions
