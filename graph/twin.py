"""The nearest co-authors as the profile's table shows them, in the order of its picture. Pure."""

from __future__ import annotations

from string import ascii_uppercase

import msgspec

from graph.algorithms import CLOSE
from graph.recency import now, state
from graph.snapshots import Collaborator, EgoGraph


class Row(msgspec.Struct, frozen=True):
    """One co-author: the rank by strength, the strength at present, and what has become of the tie (`graph.recency`).

    `group` is a letter, "" for who is in none.
    """

    rank: int
    person: Collaborator
    now: float
    state: str
    group: str

    @property
    def sentence(self) -> str:
        """What the picture shows, in words."""
        person = self.person
        works = "1 work" if person.works == 1 else f"{person.works} works"
        facts = [f"strength {self.now:.2f}", f"{person.weight:.2f} in all", self.state, "close" if self.close else ""]
        return f"{person.name}, {works}, {', '.join(filter(None, facts))}"

    @property
    def close(self) -> bool:
        """Whether the strength in all is that of a close collaborator."""
        return self.person.weight >= CLOSE


class Group(msgspec.Struct, frozen=True):
    """People who share works of the center with each other more than with the others on the picture."""

    letter: str
    rows: list[Row]


def rows(graph: EgoGraph, *, year: int) -> list[Row]:
    """Everybody the picture shows, strongest at present first, as of `year`."""
    return [
        Row(
            rank, person, now(person.recent, year=year), state(person.first_year, person.last_year, year=year),
            ascii_uppercase[person.group - 1] if person.group else "",
        )
        for rank, person in enumerate(graph.people[: graph.drawn], start=1)
    ]  # fmt: skip


def several_groups(found: list[Row]) -> bool:
    """Whether there is anything to tell apart."""
    return len({row.group for row in found if row.group}) > 1


def by_group(found: list[Row]) -> list[Group]:
    """The groups with their people, in the order of their strongest; none if there is only one."""
    if not several_groups(found):
        return []
    letters = sorted({row.group for row in found if row.group})
    return [Group(letter, [row for row in found if row.group == letter]) for letter in letters]
