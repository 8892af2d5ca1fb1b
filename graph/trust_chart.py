"""The history of a trust receipt as an SVG string: a line that steps where the score changed. Pure.

The same numbers stand in a table beside it (`templates/components/receipt.html`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from graph.snapshots import TrustChange

WIDTH: Final = 300
LEFT: Final = 24
RIGHT: Final = 276
TOP: Final = 14
BOTTOM: Final = 74
HEIGHT: Final = 92


def history(changes: Sequence[TrustChange]) -> Markup:
    """From the oldest to the newest change, on a scale from 0 to 100. "" while there is nothing to compare."""
    if len(changes) < 2:
        return Markup("")
    points = list(zip(_places(changes), (_height(c.score) for c in changes), strict=True))
    first, last = changes[0], changes[-1]
    title = (
        f"Score from {first.score} on {first.day} to {last.score} on {last.day}, in {len(changes)} entries. "
        "The same numbers are in the table."
    )
    line = f"M{_n(points[0][0])} {_n(points[0][1])}" + "".join(f"H{_n(x)}V{_n(y)}" for x, y in points[1:]) + f"H{RIGHT}"
    until = _text(RIGHT, HEIGHT - 3, "end", last.day) if last.day != first.day else ""
    dots = "".join(f'<circle class="person" cx="{_n(x)}" cy="{_n(y)}" r="2.5"/>' for x, y in points)
    return Markup(  # noqa: S704 - numbers and dates of our own
        f'<svg class="viz" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{title}">'
        f'<path class="ax" d="M{LEFT} {BOTTOM}H{RIGHT}M{LEFT} {TOP}H{RIGHT}"/>'
        f"{_text(LEFT - 4, BOTTOM + 4, 'end', '0')}{_text(LEFT - 4, TOP + 4, 'end', '100')}"
        f'<path class="e" stroke-width="1.5" d="{line}"/>{dots}'
        f"{_text(RIGHT + 4, _height(last.score) + 4, 'start', str(last.score))}"
        f"{_text(LEFT, HEIGHT - 3, 'start', first.day)}{until}</svg>"
    )


def _places(changes: Sequence[TrustChange]) -> list[float]:
    """Across by time; in equal steps if all came within a second."""
    seconds = [datetime.fromisoformat(c.at).replace(tzinfo=UTC).timestamp() for c in changes]
    span = seconds[-1] - seconds[0]
    if span <= 0:
        return [LEFT + (RIGHT - LEFT) * i / len(changes) for i in range(len(changes))]
    return [LEFT + (RIGHT - LEFT) * (s - seconds[0]) / span for s in seconds]


def _height(score: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * score / 100


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text class="t3" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="10.5">{text}</text>'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
