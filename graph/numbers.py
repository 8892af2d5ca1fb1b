"""The shape of the stored numbers of the whole co-author graph. Pure; written by `graph.flows.measure`."""

from __future__ import annotations

import msgspec


class MemberTopic(msgspec.Struct, frozen=True):
    """A topic, and how many researchers of a community have works on it."""

    public_id: str
    url: str
    label: str
    code: str
    researchers: int


class Community(msgspec.Struct, frozen=True):
    """How many researchers write with each other more than with others, and what most of them write about."""

    researchers: int
    topics: list[MemberTopic]


class Numbers(msgspec.Struct, frozen=True):
    """The whole co-author graph in numbers. Components and communities are of researchers with co-authors."""

    researchers: int
    with_coauthors: int
    pairs: int
    components: int
    largest_component: int
    communities: int
    largest_communities: list[Community]
