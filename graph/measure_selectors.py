"""The graph in numbers, as last computed. One query."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from graph.numbers import Numbers
from researchgraph.lib import bulk

_decode: Final = msgspec.json.Decoder(Numbers).decode


class Measured(msgspec.Struct, frozen=True):
    """The numbers, and when they were computed."""

    numbers: Numbers
    computed_at: datetime


def measured() -> Measured | None:
    """None before the first time."""
    rows = bulk.fetch("SELECT data, computed_at FROM graph_graphnumbers")
    return Measured(_decode(rows[0][0]), rows[0][1]) if rows else None
