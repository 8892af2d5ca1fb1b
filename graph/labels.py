"""Names around a circle: how wide they are, where they stand, and that none covers another. Pure and deterministic.

The origin is the center of the circle, y points down as in SVG. Widths are upper bounds for the type of the pictures,
Source Sans 3 at 12 px.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Final

import msgspec

HEIGHT: Final = 15.5
"""A line of text with its ascenders and descenders."""

CLEAR: Final = 5.0
"""Half the height of letters, and how much nearer to the center than the labels' circle they may come."""

GAP: Final = 6.0
"""Between the vertical through the center and the labels on either side of it."""

BOLD: Final = 1.08
WIDE, BROAD, CAPITAL, PLAIN, NARROW, POINT = 12.6, 11.2, 8.4, 6.95, 4.6, 3.4
_BROAD: Final = frozenset("MWmw@%…&©¼½¾ÆæŒœŴŵŉǢǣǼǽƁƊ")
_NARROW: Final = frozenset("fijlrtI-()[]/'’")
_POINTS: Final = frozenset(" .,:;|")


class Place(msgspec.Struct, frozen=True):
    """A label: where its text begins or ends (`anchor`), the middle of its height, and what it takes in width."""

    x: float
    y: float
    anchor: str
    width: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        left = self.x if self.anchor == "start" else self.x - self.width
        return left, self.y - HEIGHT / 2, left + self.width, self.y + HEIGHT / 2


def width(text: str, *, bold: bool = False) -> float:
    """At most so wide is the text, in pixels at 12 px."""
    return sum(map(_advance, text)) * (BOLD if bold else 1.0)


def _advance(letter: str) -> float:
    if letter in _POINTS:
        return POINT
    if letter in _NARROW:
        return NARROW
    if letter in _BROAD:
        return BROAD
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return WIDE
    if letter.isupper() or ord(letter) > 0x24F:
        return BROAD if ord(letter) > 0x24F else CAPITAL
    return PLAIN


def cut(text: str, *, most: float, bold: bool = False) -> str:
    """The text, ended by an ellipsis where it would be wider than `most`."""
    if width(text, bold=bold) <= most:
        return text
    kept = text
    while kept and width(f"{kept}…", bold=bold) > most:
        kept = kept[:-1].rstrip()
    return f"{kept}…"


def around(angles: Sequence[float], widths: Sequence[float], *, radius: float) -> list[Place]:
    """A place for every label outside the circle, beside its angle (clockwise from the top) or as near as there is room.

    Those of the right half stand right of the vertical and the others left of it. On either side they are moved apart up
    and down from the horizontal, so that those in the middle stay where they belong.
    """
    right = [i for i, angle in enumerate(angles) if angle % math.tau < math.pi]
    left = [i for i, angle in enumerate(angles) if angle % math.tau >= math.pi]
    heights = {**_apart(right, angles, radius), **_apart(left, angles, radius)}
    sides = dict.fromkeys(right, 1) | dict.fromkeys(left, -1)
    return [
        Place(sides[i] * _outside(heights[i], radius), heights[i], "start" if sides[i] > 0 else "end", widths[i])
        for i in range(len(angles))
    ]


def _apart(side: Sequence[int], angles: Sequence[float], radius: float) -> dict[int, float]:
    wished = {i: -radius * math.cos(angles[i]) for i in side}
    order = sorted(side, key=lambda i: (wished[i], i))
    found: dict[int, float] = {}
    free = -math.inf
    for i in (i for i in order if wished[i] >= 0):
        found[i] = max(wished[i], free)
        free = found[i] + HEIGHT
    free = min(found.values(), default=math.inf) - HEIGHT
    for i in (i for i in reversed(order) if wished[i] < 0):
        found[i] = min(wished[i], free)
        free = found[i] - HEIGHT
    return found


def _outside(y: float, radius: float) -> float:
    """How far from the vertical a line of text at this height begins, so that no letter is inside the circle."""
    nearest = max(0.0, abs(y) - CLEAR)
    return max(GAP, _chord(radius, y), _chord(radius - CLEAR, nearest))


def _chord(radius: float, y: float) -> float:
    """Half of what a circle is wide at this height."""
    return math.sqrt(max(0.0, radius**2 - y**2))
