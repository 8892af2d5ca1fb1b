"""What tests read from the picture of co-authors: the boxes its names take, and which of them cover another."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from lxml import etree

from graph import labels

Box = tuple[float, float, float, float]


def picture(markup: str) -> Any:
    return etree.fromstring(markup)


def label_boxes(markup: str) -> list[Box]:
    """Left, top, right and bottom of every name."""
    return [_box(text) for text in picture(markup).findall(".//a/text")]


def _box(text: Any) -> Box:
    wide = labels.width("".join(text.itertext()), bold=text.get("class") == "t1")
    x, y = float(text.get("x")), float(text.get("y"))
    left = x if text.get("text-anchor") == "start" else x - wide
    # Places are printed to a tenth.
    half = labels.HEIGHT / 2 - 0.1
    return left, y - half, left + wide, y + half


def overlapping(boxes: list[Box]) -> list[tuple[Box, Box]]:
    """The pairs that cover each other."""
    return [
        (one, other)
        for one, other in combinations(boxes, 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]
