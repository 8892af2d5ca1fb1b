"""The shape of what is next to one entity: nodes, edges, and how many of each there are. Pure."""

from __future__ import annotations

from string import ascii_uppercase

import msgspec

from graph.algorithms import CLOSE
from graph.exploring import PERSON, SECTIONS, Ref
from graph.groups import groups
from researchgraph.lib.dates import span
from researchgraph.lib.public_ids import address


class Node(msgspec.Struct, frozen=True):
    """One entity. `works` are those that join it to the center, `strength` what they add up to at present, `in_all` without
    the fading of time (people only; docs/collaboration.md).

    `steps` is 0 for the center, and more than 1 for people that only people of the first step have worked with and for what was
    unfolded: works and strength are then those with the node that led there. `state` is what has become of the tie of two people
    (`graph.recency`), "" where that is not known or both are not people.
    """

    kind: str
    public_id: str
    slug: str
    label: str
    works: int = 0
    strength: float = 0.0
    first_year: int | None = None
    last_year: int | None = None
    in_all: float = 0.0
    steps: int = 1
    state: str = ""

    @property
    def id(self) -> str:
        """The name of the node in edges and exports."""
        return f"{self.kind}:{self.public_id}"

    @property
    def ref(self) -> Ref:
        """What addresses call it."""
        return Ref(self.kind, self.public_id)

    @property
    def href(self) -> str:
        """The address of its page."""
        return address(SECTIONS[self.kind], self.public_id, self.slug)

    @property
    def years(self) -> str:
        """First to last year, or ""."""
        return span(self.first_year, self.last_year)

    @property
    def close(self) -> bool:
        """Whether this is a person whose strength is that of a close collaborator."""
        return self.kind == PERSON and self.steps == 1 and self.in_all >= CLOSE


class Edge(msgspec.Struct, frozen=True):
    """What joins two nodes: how many works, or of two works how many authors in common; and the strength of two people at
    present (0 for other kinds).
    """

    source: str
    target: str
    works: int
    strength: float = 0.0


class Count(msgspec.Struct, frozen=True):
    """How many of one kind are shown next to the center, and how many there are."""

    kind: str
    shown: int
    total: int


class Group(msgspec.Struct, frozen=True):
    """People next to the center who share works with each other more than with the others that are shown."""

    letter: str
    people: list[Node]


def lettered(found: list[Group]) -> dict[str, str]:
    """The letters of these groups by the ids of their people."""
    return {node.id: group.letter for group in found for node in group.people}


class Neighborhood(msgspec.Struct, frozen=True):
    """The center, then everything shown around it, kind by kind, the strongest first; the edges by weight.

    `edges_total` counts the edges between the nodes shown; `sampled` says that only the latest works of the center were looked at.
    """

    center: Node
    nodes: list[Node]
    edges: list[Edge]
    counts: list[Count]
    edges_total: int
    sampled: bool = False

    def first(self, most: int) -> Neighborhood:
        """The first `most` nodes of each kind, with the edges between them; the counts say how many there are."""
        nodes = [node for one in self.counts for node in self.of(one.kind)[:most]]
        kept = {node.id for node in (self.center, *nodes)}
        edges = [edge for edge in self.edges if edge.source in kept and edge.target in kept]
        counts = [msgspec.structs.replace(one, shown=min(one.shown, most)) for one in self.counts]
        return msgspec.structs.replace(self, nodes=nodes, edges=edges, counts=counts, edges_total=len(edges))

    def of(self, kind: str) -> list[Node]:
        """The nodes of one kind, without the center."""
        return [node for node in self.nodes if node.kind == kind]

    def groups(self) -> list[Group]:
        """The groups among the people next to the center, in the order of their first ones; none if there is only one."""
        people = [node for node in self.of(PERSON) if node.steps == 1]
        at = {node.id: place for place, node in enumerate(people)}
        ties = [
            (min(at[edge.source], at[edge.target]), max(at[edge.source], at[edge.target]), edge.works)
            for edge in self.edges
            if edge.source in at and edge.target in at
        ]
        numbers = groups(len(people), ties)
        if max(numbers, default=0) < 2:
            return []
        return [
            Group(letter, [node for node, own in zip(people, numbers, strict=True) if own == number])
            for number, letter in enumerate(ascii_uppercase[: max(numbers)], start=1)
        ]

    def letters(self) -> dict[str, str]:
        """The letter of the group of everybody who is in one, by ids of nodes."""
        return lettered(self.groups())

    def node(self, ref: Ref | None) -> Node | None:
        """A node that is shown, the center included."""
        return next((node for node in (self.center, *self.nodes) if node.ref == ref), None)

    def origins(self) -> dict[str, Node]:
        """By which node each of those further out has come in, by ids; one that no edge shown leads to is not among them."""
        nodes = {one.id: one for one in (self.center, *self.nodes)}
        found: dict[str, Node] = {}
        for edge in self.edges:
            near, far = sorted((nodes[edge.source], nodes[edge.target]), key=lambda one: one.steps)
            if far.steps > max(near.steps, 1):
                found.setdefault(far.id, near)
        return found

    def beside(self, node: Node) -> list[tuple[Node, int]]:
        """What a node is joined with among those shown, with the works, most first, of equal ones in the order of the edges."""
        others = {one.id: one for one in (self.center, *self.nodes)}
        found = [
            (others[edge.target if edge.source == node.id else edge.source], edge.works)
            for edge in self.edges
            if node.id in {edge.source, edge.target}
        ]
        return sorted(found, key=lambda one: -one[1])
