"""What the rule decided without being sure, as questions to a curator. Pure.

Deciding for harm leaves two kinds of mistakes behind: records of one person that stayed apart, and bylines that stayed
open. Both are asked about where they are likely enough to be worth somebody's time, and so is the rarer third kind, a
record that hangs together at one thin place. How often the suspicion is right is measured in docs/identity.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from profiles.bounds import Bounds
from profiles.matching.clustering import FORBIDDEN_NAME
from profiles.matching.linking import Linked
from profiles.matching.model import Scorecard
from profiles.mentions import Mention

CANDIDATES: Final = 5
"""Records offered for a byline at most."""
PART: Final = 3
"""Bylines of a part of a record that may be somebody else, at least; of fewer it is not worth asking."""
THIN: Final = 0.65
"""A record is asked about if a part that hangs together by itself fits the rest no better than this."""


class Doubt(msgspec.Struct, frozen=True):
    """A question about some clusters, the nearest first, by index.

    `kind` is merge or identifiers (are the two one person; the latter state different identifiers), split (is the part
    in `mentions` somebody else) or byline (whose is the undecided one in `mentions`). `scores` are probabilities: that
    the two, or the two parts, are one person; of a byline one for each cluster. `weight` is the harm that leaving it as
    it is may do: the chance that it is wrong times the bylines at stake.
    """

    kind: str
    clusters: tuple[int, ...]
    scores: tuple[float, ...]
    mentions: tuple[int, ...]
    weight: float


def doubts(
    mentions: Sequence[Mention],
    homes: NDArray[np.int64],
    linked: Linked,
    model: Scorecard,
    hard: Sequence[Mapping[str, str]],
) -> list[Doubt]:
    """The questions about a partition, in no order. `homes`: cluster of every mention, -1 for the undecided ones.

    `hard`: for every mention the identifiers of which a person has one.
    """
    partition = _Partition(mentions, homes, linked, model, hard)
    return [*partition.two_records(), *partition.open_bylines(), *partition.thin_records()]


def _means(keys: NDArray[np.int64], probability: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
    """The different keys, for each how many pairs there are, and the sum of their probabilities."""
    unique, place = np.unique(keys, return_inverse=True)
    return unique, np.bincount(place, minlength=len(unique)), np.bincount(place, probability, len(unique))


def _excluded(one: Sequence[Mention], other: Sequence[Mention]) -> bool:
    """Whether a work names both, or a person has said that something of the one is not the other's."""
    if not {mention.work for mention in one}.isdisjoint(mention.work for mention in other):
        return True
    bounds = Bounds(), Bounds()
    for side, mentions in zip(bounds, (one, other), strict=True):
        for mention in mentions:
            side.absorb(Bounds(mention))
    return not (bounds[0].barred.isdisjoint(bounds[1].holders) and bounds[1].barred.isdisjoint(bounds[0].holders))


def _conflict(one: Sequence[Mapping[str, str]], other: Sequence[Mapping[str, str]]) -> bool:
    """Whether both sides state a value of one scheme, and none in common."""
    mine, theirs = _values(one), _values(other)
    return any(mine[scheme].isdisjoint(theirs[scheme]) for scheme in mine.keys() & theirs.keys())


def _values(stated: Sequence[Mapping[str, str]]) -> dict[str, set[str]]:
    values: dict[str, set[str]] = defaultdict(set)
    for identifiers in stated:
        for scheme, value in identifiers.items():
            values[scheme].add(value)
    return values


class _Partition:
    """Clusters, what is in them, and the scores between them."""

    def __init__(
        self,
        mentions: Sequence[Mention],
        homes: NDArray[np.int64],
        linked: Linked,
        model: Scorecard,
        hard: Sequence[Mapping[str, str]],
    ) -> None:
        self.mentions, self.homes, self.linked, self.model, self.hard = mentions, homes, linked, model, hard
        self.members: dict[int, list[int]] = defaultdict(list)
        for place in np.flatnonzero(homes >= 0).tolist():
            self.members[int(homes[place])].append(place)
        self.sizes = np.bincount(homes[homes >= 0], minlength=1)

    def two_records(self) -> list[Doubt]:
        """Pairs of records that may be one person, by the mean probability over all pairs between them."""
        one, other = self.homes[self.linked.pairs.first], self.homes[self.linked.pairs.second]
        between = (one >= 0) & (other >= 0) & (one != other)
        low, high = np.minimum(one, other)[between], np.maximum(one, other)[between]
        keys, count, total = _means(low * len(self.sizes) + high, self.linked.probability[between])
        a, b = keys // len(self.sizes), keys % len(self.sizes)
        possible = self.sizes[a] * self.sizes[b]
        mean = (total + FORBIDDEN_NAME * (possible - count)) / possible
        found = []
        for index in np.flatnonzero(mean >= self.model.unsure).tolist():
            x, y = sorted((int(a[index]), int(b[index])), key=lambda c: (-int(self.sizes[c]), c))
            score = round(float(mean[index]), 3)
            if _excluded([self.mentions[p] for p in self.members[x]], [self.mentions[p] for p in self.members[y]]):
                continue
            conflict = _conflict([self.hard[p] for p in self.members[x]], [self.hard[p] for p in self.members[y]])
            if conflict and score < self.model.threshold:
                continue
            kind = "identifiers" if conflict else "merge"
            found.append(Doubt(kind, (x, y), (score,), (), round(score * int(min(self.sizes[x], self.sizes[y])), 3)))
        return found

    def open_bylines(self) -> list[Doubt]:
        """Undecided bylines with the records they may belong to."""
        first = np.concatenate([self.linked.pairs.first, self.linked.pairs.second])
        second = np.concatenate([self.linked.pairs.second, self.linked.pairs.first])
        wanted = (self.homes[first] < 0) & (self.homes[second] >= 0)
        keys, count, total = _means(
            first[wanted] * len(self.sizes) + self.homes[second[wanted]], np.tile(self.linked.probability, 2)[wanted]
        )
        size = self.sizes[keys % len(self.sizes)]
        mean = (total + FORBIDDEN_NAME * (size - count)) / size
        candidates: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for index in np.flatnonzero(mean >= self.model.unsure).tolist():
            place, cluster = divmod(int(keys[index]), len(self.sizes))
            if _excluded([self.mentions[place]], [self.mentions[p] for p in self.members[cluster]]):
                continue
            candidates[place].append((-round(float(mean[index]), 3), cluster))
        found = []
        for place, several in candidates.items():
            nearest = sorted(several)[:CANDIDATES]
            found.append(
                Doubt(
                    "byline",
                    tuple(cluster for _, cluster in nearest),
                    tuple(-score for score, _ in nearest),
                    (self.mentions[place].id,),
                    -nearest[0][0],
                )
            )
        return found

    def thin_records(self) -> list[Doubt]:
        """Records with a part that was a group of its own on the first look and fits the rest badly."""
        parts: dict[int, dict[int, list[int]]] = {}
        for cluster, places in self.members.items():
            if len(places) >= 2 * PART:
                groups: dict[int, list[int]] = defaultdict(list)
                for place in places:
                    groups[int(self.linked.first_look[place])].append(place)
                large = sorted((group for group in groups.values() if len(group) >= PART), key=len, reverse=True)
                if len(large) > 1:
                    parts[cluster] = dict(enumerate(large[1:], 1))
        if not parts:
            return []
        part = np.zeros(len(self.mentions), dtype=np.int64)
        most = 1
        for groups in parts.values():
            for number, group in groups.items():
                part[group] = number
                most = max(most, number + 1)
        asked = np.isin(self.homes, list(parts))
        one, other = self.linked.pairs.first, self.linked.pairs.second
        inside = asked[one] & (self.homes[one] == self.homes[other]) & (part[one] != part[other])
        one, other, probability = one[inside], other[inside], self.linked.probability[inside]
        totals: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for side in (part[one], part[other]):
            keys, count, total = _means(self.homes[one] * most + side, probability)
            for key, pairs, points in zip(keys.tolist(), count.tolist(), total.tolist(), strict=True):
                sums = totals[divmod(key, most)]
                sums[0] += pairs
                sums[1] += points
        found = []
        for cluster, groups in parts.items():
            scored = []
            for number, group in groups.items():
                possible = len(group) * (len(self.members[cluster]) - len(group))
                compared, points = totals[cluster, number]
                scored.append(((points + FORBIDDEN_NAME * (possible - compared)) / possible, group))
            mean, group = min(scored)
            if mean < THIN and any(self.mentions[place].fixed is None for place in group):
                score = round(max(mean, 0.0), 3)
                ids = tuple(sorted(self.mentions[place].id for place in group))
                found.append(Doubt("split", (cluster,), (score,), ids, round((1 - score) * len(group), 3)))
        return found
