"""The explorer's picture: places that follow from the rows by formula, and the SVG of them. Pure.

Every kind has a sector of the circle as wide as it has nodes. In it they are spread as seeds are in a sunflower, in the
order of the table: the first ones stand nearest to the center, and each turns by the golden section of the sector, so that
neighbors are far apart and labels find room (H. Vogel, "A better way to construct the sunflower head", Mathematical
Biosciences 44, 1979). Whatever is further out stands on a ring around them, near the node that led there. Nothing is simulated,
so the same rows give the same bytes, and a picture costs less than its table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from graph.exploring import INSTITUTION, KINDS, PERSON, TOPIC, WORK, View
from graph.labels import cut, width
from graph.neighborhood import Edge, Neighborhood, Node
from profiles.names import short

SIZE: Final = 760.0
SMALL: Final = 440.0
"""Width and height of a picture beside a table: as wide as the dial, so that labels are as large."""
_MARGIN: Final = 40.0
"""Between the last nodes and the edge of the picture."""
_NEAREST: Final = 0.3
"""Distance of the first ones, as a share of that."""
_INNER: Final = 0.7
"""How far the first step reaches where there is more than that."""
_RINGS: Final = (1.0, 0.88)
"""Where nodes further out stand, in turns, as shares of the radius."""
_APART: Final = 0.09
"""Angle between two of them at most (radians)."""
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_GAP: Final = 0.12
"""Angle between two sectors (radians)."""
_THICKER: Final = 1.4
"""What the strongest edge has in width over one without strength."""
_MANY: Final = 10
"""Works of an edge between entities that are not both people that make it as wide as any."""
WIDEST: Final = 176.0
"""Width of a label at most."""
_HIGH: Final = 14.0
CLASSES: Final = {PERSON: "person", WORK: "work", TOPIC: "topic", INSTITUTION: "inst"}
NAMES: Final = {PERSON: "person", WORK: "work", TOPIC: "topic", INSTITUTION: "institution"}


class Box(NamedTuple):
    """A rectangle of the picture: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether the two have a point in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Place(NamedTuple):
    """Where a node is, and its size (half of its width)."""

    x: float
    y: float
    size: float

    @property
    def box(self) -> Box:
        """What the node covers."""
        return Box(self.x - self.size, self.y - self.size, self.x + self.size, self.y + self.size)


class Label(NamedTuple):
    """A label beside a node: its text, the letter of a group or "", where it begins or ends, and what it covers."""

    text: str
    mark: str
    x: float
    y: float
    anchor: str
    box: Box


def places(found: Neighborhood, *, size: float = SIZE) -> dict[str, Place]:
    """The place of every node by its id, the center first."""
    middle = size / 2
    placed = {found.center.id: Place(middle, middle, 12.0)}
    near = [node for node in found.nodes if node.steps == 1]
    reach = (middle - _MARGIN) * (_INNER if len(near) < len(found.nodes) else 1)
    shown = [(kind, nodes) for kind in KINDS if (nodes := [node for node in near if node.kind == kind])]
    free = 2 * math.pi - (_GAP * len(shown) if len(shown) > 1 else 0)
    start = -math.pi / 2
    for _kind, nodes in shown:
        sector = free * len(nodes) / len(near)
        for place, node in enumerate(nodes):
            angle = start + sector * ((place + 0.5) * _GOLDEN % 1)
            away = reach * math.sqrt(_NEAREST**2 + (1 - _NEAREST**2) * (place + 0.5) / len(nodes))
            placed[node.id] = _at(middle, angle, away, node)
        start += sector + _GAP
    _place_outside(found, placed, middle=middle)
    return placed


def _at(middle: float, angle: float, away: float, node: Node) -> Place:
    return Place(round(middle + away * math.cos(angle), 1), round(middle + away * math.sin(angle), 1), _size(node))


def _place_outside(found: Neighborhood, placed: dict[str, Place], *, middle: float) -> None:
    """Place what is further out: each as near as may be to the angle of its origin, in the order of the rows."""
    origins = found.origins()
    # At which angle of the circle each node stands, or what it belongs to; at the right where that is not shown.
    turned = {one: math.atan2(place.y - middle, place.x - middle) for one, place in placed.items()}
    beside: dict[str, list[Node]] = {}
    outside = sorted((node for node in found.nodes if node.steps > 1), key=lambda node: node.steps)
    for node in outside:
        origin = origins.get(node.id, found.center).id
        turned[node.id] = turned.get(origin, 0.0)
        beside.setdefault(origin, []).append(node)
    apart = min(_APART, 2 * math.pi / max(len(outside), 1))
    wanted = sorted(
        (
            (turned[node.id] + (place - (len(nodes) - 1) / 2) * apart, node.id, node)
            for nodes in beside.values()
            for place, node in enumerate(nodes)
        ),
        key=lambda one: one[:2],
    )
    angles: list[float] = []
    for angle, _id, _node in wanted:
        angles.append(max(angle, angles[-1] + apart) if angles else angle)
    if angles and angles[-1] - angles[0] > 2 * math.pi - apart:
        angles = [angles[0] + 2 * math.pi * place / len(angles) for place in range(len(angles))]
    for place, (angle, (_wanted, _id, node)) in enumerate(zip(angles, wanted, strict=True)):
        placed[node.id] = _at(middle, angle, (middle - _MARGIN) * _RINGS[place % len(_RINGS)], node)


def _size(node: Node) -> float:
    if node.steps > 1:
        return 4.0
    if node.kind == WORK:
        return 5.0
    return round(min(4.5 + 1.2 * math.sqrt(node.works), 11.0), 1)


def labels(
    found: Neighborhood,
    placed: Mapping[str, Place],
    *,
    letters: Mapping[str, str],
    selected: str = "",
    size: float = SIZE,
) -> dict[str, Label]:
    """The labels by node: of the selection and the center, then of institutions, topics and people, as long as there is room.

    A label that would touch a node or another label is left out; the table has all of them. Works are labeled only when
    they are selected: there is no room for titles.
    """
    nodes = {node.id: node for node in (found.center, *found.nodes)}
    first = [one for one in (selected, found.center.id) if one in nodes]
    order = dict.fromkeys([
        *first,
        *(node.id for kind in (INSTITUTION, TOPIC, PERSON) for node in sorted(found.of(kind), key=lambda n: -placed[n.id].size)),
    ])  # fmt: skip
    taken = [place.box for place in placed.values()]
    result: dict[str, Label] = {}
    for one in order:
        place = placed[one]
        others = [box for box in taken if box != place.box]
        text = label_of(nodes[one])
        spots = _beside(text, letters.get(one, ""), place, middle=size / 2)
        label = next((label for label in spots if _free(label.box, others, size=size)), None)
        if label is None and one in first:
            label = spots[0]
        if label is not None:
            result[one] = label
            taken.append(label.box)
    return result


def label_of(node: Node) -> str:
    """What stands beside a node: initials and family name of a person, else the label, cut to what fits."""
    return cut(short(node.label) if node.kind == PERSON and " " in node.label else node.label, most=WIDEST)


def _beside(text: str, mark: str, place: Place, *, middle: float) -> list[Label]:
    """Where a label may stand: at the right or the left, away from the center first, then below and above."""
    wide = width(f"{text} {mark}" if mark else text, bold=True)
    right = (place.x + place.size + 4, place.y + 4, "start")
    left = (place.x - place.size - 4, place.y + 4, "end")
    below, above = (place.x, place.y + place.size + 13, "middle"), (place.x, place.y - place.size - 5, "middle")
    order = (right, left, below, above) if place.x >= middle else (left, right, below, above)
    found = []
    for x, y, anchor in order:
        begin = {"start": x, "end": x - wide, "middle": x - wide / 2}[anchor]
        found.append(
            Label(text, mark, round(x, 1), round(y, 1), anchor, Box(begin, y - _HIGH + 3, begin + wide, y + 3))
        )
    return found


def _free(box: Box, taken: Sequence[Box], *, size: float) -> bool:
    inside = box.left >= 0 and box.right <= size and box.top >= 0 and box.bottom <= size
    return inside and not any(box.meets(other) for other in taken)


def picture(
    found: Neighborhood, view: View, *, letters: Mapping[str, str], standalone: bool = False, size: float = SIZE
) -> Markup:
    """The SVG: edges, then nodes as links that select them in the explorer, then labels.

    `standalone` is for a file of its own, which has no style sheet and no links: colors stand in it. Nodes are numbered as
    the rows of the table are, by a class, for what marks one when the other is pointed at. `letters` are those of groups.
    """
    placed = places(found, size=size)
    selected = view.selected if found.node(view.selected) else None
    chosen = str(selected) if selected else ""
    near = _near(found.edges, chosen)
    named = labels(found, placed, letters=letters, selected=chosen, size=size)
    what = f"Graph around {escape(found.center.label)}: {len(found.nodes)} nodes and {len(found.edges)} edges."
    opening = f'<svg class="viz graph" viewBox="0 0 {size:g} {size:g}" role="group" aria-label="{what} The table lists the same.">'
    if standalone:
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size:g} {size:g}" font-family="sans-serif" font-size="12">'
            f"<title>{what}</title>{_STYLE}"
        )
    nodes = (found.center, *found.nodes)
    parts = [
        opening,
        *(
            _edge(edge, placed, wide, lit=chosen in {edge.source, edge.target})
            for edge, wide in zip(found.edges, widths(found.edges), strict=True)
        ),
        *(
            _node(node, placed[node.id], view, row=row, linked=not standalone, dim=bool(chosen) and node.id not in near)
            for row, node in enumerate(nodes)
        ),
        *(_label(label, strong=one in {chosen, found.center.id}) for one, label in named.items()),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - our own markup; every label is escaped


_STYLE: Final = (
    "<style>.person{fill:#0b6b4f}.work{fill:#a4450c}.topic{fill:#5b5170}.inst{fill:#35736a}"
    ".e,.e2{stroke:#9aa5a0;fill:none}.e{stroke:#0b6b4f}.lb{fill:#26302c}.t1{font-weight:600}.halo{fill:none;stroke:#26302c}</style>"
)


def _near(edges: Sequence[Edge], chosen: str) -> set[str]:
    """The selection and what is joined with it."""
    joined = {end for edge in edges if chosen in {edge.source, edge.target} for end in (edge.source, edge.target)}
    return joined | {chosen}


def widths(edges: Sequence[Edge]) -> list[float]:
    """The width of every edge: by the strength of two people in the measure of the strongest pair that is shown, and of
    other kinds by works (or authors in common), as a logarithm, in the measure of the most, or of many.
    """
    strongest = max((edge.strength for edge in edges), default=0.0) or 1.0
    most = math.log(max([_MANY, *(edge.works for edge in edges if not edge.strength)]))
    shares = (edge.strength / strongest if edge.strength else math.log(edge.works) / most for edge in edges)
    return [round(1 + _THICKER * share, 1) for share in shares]


def _edge(edge: Edge, placed: Mapping[str, Place], wide: float, *, lit: bool) -> str:
    a, b = placed[edge.source], placed[edge.target]
    kind = "e" if lit else "e2"
    return f'<path class="{kind}" stroke-width="{wide:g}" d="M{a.x:g} {a.y:g}L{b.x:g} {b.y:g}"/>'


def _node(node: Node, place: Place, view: View, *, row: int, linked: bool, dim: bool) -> str:
    kind = CLASSES[node.kind]
    shape = _shape(node.kind, place, f"{kind} dim" if dim else kind)
    if view.selected and str(view.selected) == node.id:
        shape += f'<circle class="halo" cx="{place.x:g}" cy="{place.y:g}" r="{place.size + 4:g}"/>'
    if not linked:
        return shape
    title = f"{escape(node.label)}, {NAMES[node.kind]}"
    address = escape(view.query(selected=node.ref))
    return f'<a class="n{row}" href="{address}" aria-label="{title}"><title>{title}</title>{shape}</a>'


def _shape(kind: str, place: Place, classes: str) -> str:
    """Person circle, work square, topic diamond, institution hexagon: never told apart by color alone."""
    x, y, r = place
    if kind == PERSON:
        return f'<circle class="{classes}" cx="{x:g}" cy="{y:g}" r="{r:g}"/>'
    if kind == WORK:
        return f'<rect class="{classes}" x="{x - r:g}" y="{y - r:g}" width="{2 * r:g}" height="{2 * r:g}"/>'
    corners = 4 if kind == TOPIC else 6
    points = [
        (x + r * math.cos(turn), y + r * math.sin(turn))
        for turn in (2 * math.pi * corner / corners - math.pi / 2 for corner in range(corners))
    ]
    path = "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
    return f'<path class="{classes}" d="M{path}Z"/>'


def _label(label: Label, *, strong: bool) -> str:
    classes = "lb t1" if strong else "lb"
    mark = f'<tspan class="grp"> {label.mark}</tspan>' if label.mark else ""
    return f'<text class="{classes}" x="{label.x:g}" y="{label.y:g}" text-anchor="{label.anchor}">{escape(label.text)}{mark}</text>'
