"""The nearest co-authors as the profile's table shows them, in the order of its picture. Pure."""

from __future__ import annotations

import msgspec

from graph.algorithms import CLOSE
from graph.recency import now, state
from graph.snapshots import Collaborator, EgoGraph


class Row(msgspec.Struct, frozen=True):
    """One co-author: the rank by strength, the strength at present, and what has become of the tie (`graph.recency`)."""

    rank: int
    person: Collaborator
    now: float
    state: str

    @property
    def close(self) -> bool:
        """Whether the strength in all is that of a close collaborator."""
        return self.person.weight >= CLOSE


def rows(graph: EgoGraph, *, year: int) -> list[Row]:
    """Everybody the picture shows, strongest at present first, as of `year`."""
    return [
        Row(rank, person, now(person.recent, year=year), state(person.first_year, person.last_year, year=year))
        for rank, person in enumerate(graph.people[: graph.drawn], start=1)
    ]
