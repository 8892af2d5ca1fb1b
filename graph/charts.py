"""Charts as SVG strings: classes and attributes only, because the Content-Security-Policy allows no inline style. Pure.

All text that comes from data is escaped. Lengths are in SVG user units, which are CSS pixels at natural size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup, escape

from graph import labels, twin
from graph.algorithms import CLOSE
from graph.layout import radius
from graph.recency import LAPSED
from graph.snapshots import Collaborator, EgoGraph, YearCount
from profiles.names import short

HUB: Final = 14.0
RING: Final = 108.0
BAND: Final = 15.0
CENTER: Final = (220.0, 159.0)
LABELED: Final = RING + BAND + 7
"""Where the labels begin."""
LABEL_WIDTH: Final = 108.0
"""A label that would be wider is cut: so much there is beside the ring on a phone."""
WIDEST: Final = 4.5
"""The line of the strongest; the others have their share of it."""
YEARS_LABELED: Final = 14
"""With more columns than this, only every third year is written below."""


def _n(value: float) -> str:
    """A length with at most one decimal, as short as it gets."""
    return f"{value:.1f}".removesuffix(".0")


def _svg(text: str) -> Markup:
    """Our own markup as such: numbers and classes, with every name escaped before it got in."""
    return Markup(text)  # noqa: S704 - see above


def _small(width: int, inside: str) -> Markup:
    """A bar of a list: 8 high, for the eye only, because the number stands beside it."""
    return _svg(
        f'<svg class="viz rb" viewBox="0 0 {width} 8" width="{width}" height="8" aria-hidden="true">{inside}</svg>',
    )


def bar(value: float, *, most: float, width: int = 96) -> Markup:
    """One bar of a list in which `most` is the longest; any value above zero is seen."""
    length = max(2.0, width * value / most) if most > 0 and value > 0 else 0.0
    return _small(width, f'<rect class="bar" width="{_n(length)}" height="8" rx="1.5"/>')


def receipt_bar(points: int, *, maximum: int, longest: int, width: int = 130) -> Markup:
    """Points on a track as long as what the line can earn; points below zero as a bar in the color of loss."""
    unit = width / longest
    track = f'<rect class="track" width="{_n(maximum * unit)}" height="8" rx="1.5"/>' if maximum else ""
    kind = "bar" if points >= 0 else "loss"
    length = _n(min(abs(points) * unit, width))
    earned = f'<rect class="{kind}" width="{length}" height="8" rx="1.5"/>' if points else ""
    return _small(width, track + earned)


def coverage(held: int, *, waiting: int, width: int = 296) -> Markup:
    """Works held as a solid bar, bylines that wait for a decision as an outlined one."""
    total = held + waiting
    solid = (width - 4) * held / total if total and waiting else float(width)
    rest = ""
    if waiting:
        rest = f'<rect class="bar2" x="{_n(solid + 2.5)}" y=".5" width="{_n(width - solid - 3)}" height="11" rx="2"/>'
    return _svg(
        f'<svg class="viz flat" preserveAspectRatio="none" viewBox="0 0 {width} 12" aria-hidden="true">'
        f'<rect class="bar" width="{_n(solid)}" height="12" rx="2"/>{rest}</svg>',
    )


def shares(held: Sequence[int], *, waiting: int, width: int = 700) -> Markup:
    """Bylines of one name: a block for each record, as wide as what it holds, and an outlined one for the undecided."""
    unit = width / max(1, sum(held) + waiting)
    place, blocks = 0.0, []
    for count in held:
        blocks.append(f'<rect class="bar" x="{_n(place)}" width="{_n(max(1.0, count * unit - 2))}" height="14"/>')
        place += count * unit
    if waiting:
        blocks.append(
            f'<rect class="bar2" x="{_n(place + 0.5)}" y=".5" width="{_n(max(1.0, width - place - 1))}" height="13"/>'
        )
    return _svg(
        f'<svg class="viz flat mt" viewBox="0 0 {width} 14" preserveAspectRatio="none" aria-hidden="true">{"".join(blocks)}</svg>',
    )


def year_columns(years: Sequence[YearCount], *, height: int = 84, unit: tuple[str, str] = ("work", "works")) -> Markup:
    """Columns per year as a list: solid for works at a venue, outlined for preprints only, gaps for empty years.

    Each column carries its sentence for those who do not see it. "" when there is no year.
    """
    if not years:
        return Markup("")
    found = {y.year: y for y in years}
    span = range(min(found), max(found) + 1)
    top = max(y.at_venue + y.preprint_only for y in years) or 1
    items = [_column(found.get(year, YearCount(year, 0, 0)), height / top, unit) for year in span]
    labels = [f'<span aria-hidden="true">{_year_label(y, i, len(span))}</span>' for i, y in enumerate(span)]
    columns = "".join(f"<li>{item}{label}</li>" for item, label in zip(items, labels, strict=True))
    title = f"{unit[1].capitalize()} per year, {span[0]} to {span[-1]}"
    return _svg(f'<ol class="cols" aria-label="{title}">{columns}</ol>')


def _year_label(year: int, index: int, count: int) -> str:
    if count <= YEARS_LABELED // 2:
        return str(year)
    if count <= YEARS_LABELED or index % 3 == 0 or index == count - 1:
        return f"’{year % 100:02d}"
    return "\u00a0"


def _column(year: YearCount, scale: float, unit: tuple[str, str]) -> str:
    total = year.at_venue + year.preprint_only
    sentence = f"{year.year}: {total} {unit[0] if total == 1 else unit[1]}"
    if year.at_venue:
        sentence += f", {year.at_venue} at a venue"
    if not total:
        return f'<span class="vh">{sentence}</span>'
    full, hollow = round(total * scale), round(year.preprint_only * scale)
    rects = f'<rect class="bar" width="1" y="{hollow}" height="{full - hollow}"/>' if year.at_venue else ""
    rects += f'<rect class="bar2" width="1" height="{hollow}"/>' if hollow else ""
    return (
        f'<span class="vh">{sentence}</span><b aria-hidden="true">{total}</b>'
        f'<svg width="10" height="{full}" viewBox="0 0 1 {full}" preserveAspectRatio="none" aria-hidden="true">'
        f"{rects}</svg>"
    )


def dots(years: Iterable[tuple[int, int]], *, first: int | None, last: int | None, width: int = 104) -> Markup:
    """A dot per year of shared works on the axis from `first` to `last`; the radius grows with the works."""
    places = [(_place(year, first, last, width), works) for year, works in sorted(years)]
    line = ""
    if len(places) > 1:
        line = f'<path class="e" stroke-width="1.5" d="M{_n(places[0][0])} 7H{_n(places[-1][0])}"/>'
    circles = "".join(
        f'<circle class="person" cx="{_n(x)}" cy="7" r="{_n(min(1.7 + 0.9 * works, 5.0))}"/>' for x, works in places
    )
    return _svg(
        f'<svg class="viz rb" viewBox="0 0 {width} 14" width="{width}" height="14" aria-hidden="true">'
        f'<path class="ax" d="M5 7H{width - 5}"/>{line}{circles}</svg>',
    )


def _place(year: int, first: int | None, last: int | None, width: int) -> float:
    if first is None or last is None or first >= last:
        return width / 2
    return 5 + (width - 10) * (min(max(year, first), last) - first) / (last - first)


def scale(value: float, *, low: float, high: float) -> Markup:
    """A probability on three bands: below `low`, between the two, from `high` on."""
    a, b, x = (100 * min(max(one, 0.0), 1.0) for one in (low, high, value))
    band = "below the lower mark" if value < low else "above the upper mark" if value >= high else "between the marks"
    return _svg(
        f'<svg class="viz" viewBox="0 0 100 22" preserveAspectRatio="none" role="img" '
        f'aria-label="{value:.2f}, {band} {low:.2f} and {high:.2f}">'
        f'<rect class="track" width="{_n(a)}" height="8" y="7"/>'
        f'<rect class="bar2" x="{_n(a)}" y="7" width="{_n(b - a)}" height="8"/>'
        f'<rect class="bar" x="{_n(b)}" width="{_n(100 - b)}" height="8" y="7"/>'
        f'<path class="halo" d="M{_n(x)} 0v22" vector-effect="non-scaling-stroke"/></svg>',
    )


def label(name: str, *, bold: bool = False) -> str:
    """Initials and family name, cut to what fits beside the dial: "David G. T. Barrett" gives "D. G. T. Barrett"."""
    # A name written in one word, as in Chinese script, has no part that could be an initial.
    return labels.cut(short(name) if " " in name else name, most=LABEL_WIDTH, bold=bold)


def dial(graph: EgoGraph, *, center: str, href: str, year: int, ties: bool = False) -> Markup:
    """The collaborator dial: angle by first shared year, distance by strength in all, a dotted ring where "close" begins.

    The line to a person is as wide as the strength in `year` and broken where the tie has lapsed. Everybody is a link to
    the works that make the tie. `center` is the name in the middle, `href` the address of the page. With `ties`, people who
    share works with each other are joined by faint lines. "" when nobody is drawn.
    """
    rows = twin.rows(graph, year=year)
    if not rows:
        return Markup("")
    cx, cy = CENTER
    title = (
        f"Picture of the co-authors of {escape(center)}: the {len(rows)} strongest of {graph.total}. "
        "The same people are in the table."
    )
    people = [row.person for row in rows]
    parts = [
        f'<svg class="viz dial" viewBox="0 0 {_n(2 * cx)} {_n(2 * cy)}" role="group" aria-label="{title}">',
        _circle("e2", RING),
        _circle("e2", RING + BAND),
        _circle("gd", _distance(radius(CLOSE))),
    ]
    order = sorted(rows, key=lambda row: (_angle(row.person), row.rank))
    parts += _bands([row.person for row in order])
    if ties:
        parts += [_tie(people[a], people[b]) for a, b, _works in graph.ties if a < len(people) and b < len(people)]
    parts += _nodes(order, href=href, several=twin.several_groups(rows))
    parts.append(
        f'<circle class="halo" cx="{_n(cx)}" cy="{_n(cy)}" r="10.5"/>'
        f'<circle class="person" cx="{_n(cx)}" cy="{_n(cy)}" r="6.5"/></svg>',
    )
    return _svg("".join(parts))


def _nodes(order: Sequence[twin.Row], *, href: str, several: bool) -> list[str]:
    """Everybody on the dial with line and label, in the order of the ring."""
    strongest = max(row.now for row in order)
    texts = [label(row.person.name, bold=row.close) for row in order]
    marks = [f" {row.group}" if several and row.group else "" for row in order]
    widths = [
        labels.width(text, bold=row.close) + labels.width(mark, bold=True)
        for row, text, mark in zip(order, texts, marks, strict=True)
    ]
    places = labels.around([_angle(row.person) for row in order], widths, radius=LABELED)
    return [
        _node(row, text, mark, place, href=href, share=row.now / strongest if strongest else 0.0)
        for row, text, mark, place in zip(order, texts, marks, places, strict=True)
    ]


def _node(row: twin.Row, text: str, mark: str, place: labels.Place, *, href: str, share: float) -> str:
    person = row.person
    x, y = _at(_angle(person), _reach(person))
    size = _n(min(2.8 + 1.3 * person.works, 8.0))
    bold = ' class="t1"' if row.close else ""
    group = f'<tspan class="grp">{mark}</tspan>' if mark else ""
    # What is read out begins with what is seen.
    said = f"{text}{mark}: {row.sentence}"
    return (
        f'<a class="n{row.rank}" href="{href}with/{person.public_id}/" aria-label="{escape(said)}">'
        f"{_spoke(row, share)}"
        f'<circle class="person" cx="{_n(x)}" cy="{_n(y)}" r="{size}"/>'
        f'<text{bold} x="{_n(CENTER[0] + place.x)}" y="{_n(CENTER[1] + place.y)}" dy="4" text-anchor="{place.anchor}">'
        f"{escape(text)}{group}</text></a>"
    )


def _circle(kind: str, r: float) -> str:
    return f'<circle class="{kind}" cx="{_n(CENTER[0])}" cy="{_n(CENTER[1])}" r="{_n(r)}"/>'


def _angle(person: Collaborator) -> float:
    """Clockwise from the top, 0 to 2 pi. A place a hair before the top is the top."""
    angle = math.atan2(person.x, -person.y) % math.tau
    return 0.0 if math.tau - angle < 1e-3 else angle


def _distance(unit: float) -> float:
    """From the unit circle to the picture, leaving room for the hub."""
    return HUB + unit * (RING - HUB)


def _at(angle: float, distance: float) -> tuple[float, float]:
    return CENTER[0] + distance * math.sin(angle), CENTER[1] - distance * math.cos(angle)


def _line(kind: str, angle: float, start: float, end: float, extra: str = "") -> str:
    (x1, y1), (x2, y2) = _at(angle, start), _at(angle, end)
    return f'<path class="{kind}"{extra} d="M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}"/>'


def _reach(person: Collaborator) -> float:
    return _distance(math.hypot(person.x, person.y))


def _bands(order: Sequence[Collaborator]) -> list[str]:
    """The ring's years: a tick between people of different first years, the year in the middle of each stretch."""
    runs: list[list[Collaborator]] = []
    for person in order:
        if runs and runs[-1][-1].first_year == person.first_year:
            runs[-1].append(person)
        else:
            runs.append([person])
    if len(runs) == 1:
        return [_year(runs[0][0].first_year, math.pi)]
    half = math.pi / len(order)
    parts = []
    for run in runs:
        first, last = _angle(run[0]) - half, _angle(run[-1]) + half
        parts.append(_line("e2", first, RING, RING + BAND))
        parts.append(_year(run[0].first_year, (first + last) / 2))
    return parts


def _year(year: int | None, angle: float) -> str:
    if year is None:
        return ""
    x, y = _at(angle, RING + BAND / 2)
    degrees = math.degrees(angle) % 360
    # In the lower half the text would stand on its head.
    turn = degrees - 180 if 90 < degrees < 270 else degrees
    return (
        f'<text class="t3" x="{_n(x)}" y="{_n(y)}" dy="3.6" text-anchor="middle" font-size="10.5" '
        f'transform="rotate({_n(turn)} {_n(x)} {_n(y)})">{year}</text>'
    )


def _tie(one: Collaborator, other: Collaborator) -> str:
    (x1, y1), (x2, y2) = _at(_angle(one), _reach(one)), _at(_angle(other), _reach(other))
    # Bent towards the hub, so that lines between neighbors do not hide behind the spokes.
    bend_x, bend_y = CENTER[0] + (x1 + x2 - 2 * CENTER[0]) * 0.3, CENTER[1] + (y1 + y2 - 2 * CENTER[1]) * 0.3
    return f'<path class="tie" d="M{_n(x1)} {_n(y1)}Q{_n(bend_x)} {_n(bend_y)} {_n(x2)} {_n(y2)}"/>'


def _spoke(row: twin.Row, share: float) -> str:
    angle, reach = _angle(row.person), _reach(row.person)
    kind = "e old" if row.state == LAPSED else "e"
    width = f' stroke-width="{_n(1 + (WIDEST - 1) * share)}"'
    return _line(kind, angle, HUB, reach, width) + _line("e2", angle, reach, RING)
