"""What people have decided about bylines, as limits to any rule that joins them. Pure; knows nothing of scores.

A byline that a person placed with a researcher is *anchored* there, and so is everything that a claimed record holds.
Bylines with one anchor are one researcher, bylines with two never are, not by way of others either. A byline whose
work was rejected from a researcher is *barred* from it: it joins nothing that is anchored there or held by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from researchgraph.lib.evidence import Evidence

if TYPE_CHECKING:
    from profiles.mentions import Mention


def anchor_of(mention: Mention) -> int | None:
    """The researcher that no rule may take the byline from; None if it is free to go."""
    if mention.fixed is not None:
        return mention.fixed
    return mention.holder if mention.claimed else None


class Bounds:
    """The limits of one cluster: its anchor, who its bylines are barred from, and who holds them now."""

    __slots__ = ("anchor", "barred", "holders")

    def __init__(self, mention: Mention | None = None) -> None:
        self.anchor: int | None = None
        self.barred: set[int] = set()
        self.holders: set[int] = set()
        if mention is None:
            return
        self.anchor = anchor_of(mention)
        self.barred = set(mention.barred) - {self.anchor}
        held_by = self.anchor if self.anchor is not None else mention.holder
        # Held by the rule against a person's word: to be given up.
        if held_by is not None and held_by not in self.barred:
            self.holders.add(held_by)

    def allow(self, other: Bounds) -> bool:
        """Whether the two clusters may be one."""
        if self.anchor is not None and other.anchor is not None and self.anchor != other.anchor:
            return False
        return self.barred.isdisjoint(other.holders) and other.barred.isdisjoint(self.holders)

    def absorb(self, other: Bounds) -> None:
        """Take over the limits of a cluster that joins this one."""
        self.anchor = other.anchor if self.anchor is None else self.anchor
        self.barred |= other.barred
        self.holders |= other.holders


def anchored(mentions: Iterable[Mention]) -> list[list[int]]:
    """The places of the mentions that share an anchor, for each anchor with several."""
    groups: dict[int, list[int]] = {}
    for place, mention in enumerate(mentions):
        if (anchor := anchor_of(mention)) is not None:
            groups.setdefault(anchor, []).append(place)
    return [group for group in groups.values() if len(group) > 1]


def left_behind(records: Sequence[tuple[Bounds, Sequence[Mention]]]) -> list[tuple[int, int]]:
    """Pairs of places: an anchored cluster, and the one with most of what its researcher holds besides.

    Who places a byline with a record means the record as it is. The rule may know of nothing that joins the two, and
    would otherwise move the record's own bylines out of it.
    """
    found: dict[int, tuple[int, int]] = {}
    for place, (bounds, mentions) in enumerate(records):
        if bounds.anchor is None:
            for holder in bounds.holders:
                held = sum(1 for mention in mentions if mention.holder == holder)
                found[holder] = max(found.get(holder, (0, 0)), (held, -place))
    return [
        (place, -found[bounds.anchor][1])
        for place, (bounds, _) in enumerate(records)
        if bounds.anchor is not None and bounds.anchor in found
    ]


Found = tuple[str, float, tuple[Evidence, ...]]
"""Kind, confidence and evidence of a decision."""

STAYS: Final = {"claimed-record": 0.95, "held-before": 0.80}
"""Confidence in a byline that stays where the rule would not have put it, or not for long."""


def settled(mention: Mention, found: Found, *, left_behind: bool) -> Found:
    """What is stored of a decision: a person's instead of the rule's; a reason to stay where the rule has none."""
    kind, _, evidence = found
    if mention.fixed is not None:
        return "confirmed", 1.0, (Evidence("person", weight=1.0),)
    if (mention.claimed or left_behind) and (kind == "undecided" or evidence[0].kind.startswith("name-")):
        reason = "claimed-record" if mention.claimed else "held-before"
        return "corroborated", STAYS[reason], (Evidence(reason, weight=1.0),)
    return found
