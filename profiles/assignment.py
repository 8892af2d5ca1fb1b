"""Which bylines are one researcher: what sources state as identifiers, what people decided, and else the model.

Pure and deterministic: a function of the set of mentions, whatever their order and keys. Three outcomes for every
mention: part of a researcher, the first of a new one, or undecided. The model and its measured quality are described
in docs/identity.md, what people may decide in docs/ledger.md. A name alone never joins two mentions; two bylines of
one work are never one person, unless a person says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from profiles.bounds import Bounds, Found, left_behind, settled
from profiles.doubts import Doubt, doubts
from profiles.limits import IGNORED_SCHEMES, hard_identifiers, identifiers_of, is_limited, limits_of
from profiles.matching.candidates import relations_within
from profiles.matching.clustering import FORBIDDEN_NAME, FREE
from profiles.matching.features import telling_domains
from profiles.matching.limits import Limits
from profiles.matching.linking import Linked, grouped, link
from profiles.matching.model import Scorecard, shipped
from profiles.matching.vocabulary import coauthor_weight, institution_weight, title_words, word_weight
from profiles.mentions import Mention
from profiles.names import initials_only, loose_key, parse
from researchgraph.lib.evidence import Evidence

IDENTIFIED: Final = 0.99
"""Confidence in a byline that shares an identifier with another of its record."""
ONLY_BEARER: Final = 0.80
"""Confidence in a record of its own for the only byline with a name."""
TOLD_APART: Final = 0.70
"""Confidence in a record of its own for a byline that something tells apart from all namesakes."""
CONTESTED: Final = 0.5
"""A byline that fits two records is left open if the odds of the second are at least so many times those of the first."""
EVIDENCE_LIMIT: Final = 4
_MOST_POINTS: Final = 10.0
"""Weight 1 in evidence: what the rarest names and words come to."""


class Decision(msgspec.Struct, frozen=True):
    """What was decided about one mention: `kind` is confirmed, identifier, corroborated, new or undecided.

    `cluster` indexes `Resolution.clusters`, None for undecided; `confidence` is between 0 and 1.
    """

    mention_id: int
    kind: str
    cluster: int | None
    confidence: float
    evidence: tuple[Evidence, ...] = ()


class Resolution(msgspec.Struct, frozen=True):
    """The clusters, each a list of mention ids, and one decision for every mention; both by `sort_key`.

    `doubts` are questions about the clusters, by their index.
    """

    clusters: list[list[int]]
    decisions: list[Decision]
    doubts: list[Doubt] = []


def resolve(mentions: Sequence[Mention], model: Scorecard | None = None) -> Resolution:
    """Partition the mentions of one name block into researchers and undecided bylines."""
    return resolve_all([mentions], model)[0]


def resolve_all(blocks: Sequence[Sequence[Mention]], model: Scorecard | None = None) -> list[Resolution]:
    """`resolve` for several blocks at once, which is much faster than one by one."""
    ordered: list[Mention] = []
    places: list[range] = []
    for block in blocks:
        start = len(ordered)
        ordered += sorted(block, key=_natural_order)
        places.append(range(start, len(ordered)))
    if not ordered:
        return [Resolution([], []) for _ in blocks]
    relations = relations_within([ordered[place].name_key for place in block] for block in places)
    chosen = model or shipped()
    limits = limits_of(ordered, places)
    linked = link(ordered, places, relations, chosen, limits)
    verdict = _Verdict(ordered, linked, chosen, limits)
    resolutions = [verdict.resolution(block) for block in places]
    return _with_doubts(resolutions, places, ordered, linked, chosen)


def _with_doubts(
    resolutions: Sequence[Resolution],
    places: Sequence[range],
    mentions: Sequence[Mention],
    linked: Linked,
    model: Scorecard,
) -> list[Resolution]:
    homes = np.full(len(mentions), -1, dtype=np.int64)
    starts: list[int] = []
    count = 0
    for block, resolution in zip(places, resolutions, strict=True):
        starts.append(count)
        for place, decision in zip(block, resolution.decisions, strict=True):
            if decision.cluster is not None:
                homes[place] = count + decision.cluster
        count += len(resolution.clusters)
    hard = [hard_identifiers(mention) for mention in mentions]
    found: list[list[Doubt]] = [[] for _ in resolutions]
    for doubt in doubts(mentions, homes, linked, model, hard):
        number = bisect_right(starts, doubt.clusters[0]) - 1
        clusters = tuple(cluster - starts[number] for cluster in doubt.clusters)
        found[number].append(msgspec.structs.replace(doubt, clusters=clusters))
    return [
        msgspec.structs.replace(resolution, doubts=asked) for resolution, asked in zip(resolutions, found, strict=True)
    ]


def resolve_new(
    mentions: Sequence[Mention], decided: Mapping[int, Decision], model: Scorecard | None = None
) -> Resolution:
    """`resolve` for the mentions of a crowded block that are not `decided` yet; the others stay where they are held.

    `decided`: the decision on each of these, by mention id. Costs the product of both numbers, not the square of all.
    What the decided ones are to each other is not looked at again, so the outcome depends on what came first: a block
    that has grown is to be resolved as a whole some time.
    """
    ordered = sorted(mentions, key=_natural_order)
    place = range(len(ordered))
    groups: dict[int | None, int] = {}
    held = np.array([
        groups.setdefault(mention.holder, len(groups)) if mention.id in decided else FREE for mention in ordered
    ])  # fmt: skip
    chosen = model or shipped()
    limits = limits_of(ordered, [place])
    relations = relations_within([[mention.name_key for mention in ordered]])
    linked = link(ordered, [place], relations, chosen, limits, held=held)
    verdict = _Verdict(ordered, linked, chosen, limits, decided)
    (resolution,) = _with_doubts([verdict.resolution(place)], [place], ordered, linked, chosen)
    # Whether a record hangs together shows in all its pairs only.
    return msgspec.structs.replace(resolution, doubts=[d for d in resolution.doubts if d.kind != "split"])


def partition(mentions: Sequence[Mention], model: Scorecard) -> Linked:
    """The likeliest people behind any number of mentions, across name blocks where names may be spellings of one.

    Unlike `resolve` it leaves nothing open: a rare name of which nothing else is known is taken for one person.
    """
    groups, relations = grouped(mentions)
    return link(mentions, groups, relations, model, limits_of(mentions, groups), best_guess=True)


def _natural_order(mention: Mention) -> tuple[object, ...]:
    # The further fields only matter for twins with one natural key; such twins are interchangeable up to the id.
    return (
        mention.sort_key, mention.name, mention.coauthors, mention.institutions, mention.affiliation, mention.domain,
        sorted(mention.identifiers.items()), mention.year or 0, mention.work, mention.id,
    )  # fmt: skip


# --- saying what and why ----------------------------------------------------------------------------------------------


class _Verdict:
    """Decisions from a partition and its scores."""

    def __init__(
        self,
        mentions: Sequence[Mention],
        linked: Linked,
        model: Scorecard,
        limits: Limits,
        decided: Mapping[int, Decision] | None = None,
    ) -> None:
        self.mentions = mentions
        self.decided = decided or {}
        self.model = model
        self.labels = linked.labels.copy()
        self.stayed: set[int] = set()
        self.namesakes = np.bincount(linked.pairs.first, minlength=len(mentions))
        self.namesakes += np.bincount(linked.pairs.second, minlength=len(mentions))
        self.inside, self.likeliest, self.rivals = self._means(linked, limits)

    def _means(
        self, linked: Linked, limits: Limits
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """For every mention: mean probability in its own group, the best in another, and how many others come near.

        A member of the other group that was not compared, because its name excludes this one, counts as in clustering.
        """
        size = len(self.mentions)
        sizes = np.bincount(self.labels, minlength=size)
        one = np.concatenate([linked.pairs.first, linked.pairs.second])
        other = np.concatenate([linked.pairs.second, linked.pairs.first])
        key, place = np.unique(one * size + self.labels[other], return_inverse=True)
        mention, group = key // size, key % size
        own = group == self.labels[mention]
        possible = ~own & ~limits.apart_from_groups(mention, group, self.labels)
        compared = np.bincount(place, minlength=len(key))
        total = np.bincount(place, np.tile(linked.probability, 2), len(key))
        mean = (total + FORBIDDEN_NAME * (sizes[group] - own - compared)) / np.maximum(sizes[group] - own, 1)
        inside, likeliest = np.zeros(size), np.zeros(size)
        rivals = np.zeros(size, dtype=np.int64)
        inside[mention[own]] = mean[own]
        np.maximum.at(likeliest, mention[possible], mean[possible])
        alone = sizes[self.labels[mention]] == 1
        near = possible & np.where(alone, mean >= self.model.unsure, _odds(mean) >= CONTESTED * _odds(inside[mention]))
        np.add.at(rivals, mention[near], 1)
        return inside, likeliest, rivals

    def resolution(self, block: range) -> Resolution:
        """The decisions on one block."""
        groups: dict[int, list[int]] = defaultdict(list)
        for place in block:
            groups[int(self.labels[place])].append(place)
        records = self._keep_with_anchors(list(groups.values()))
        clusters: list[list[int]] = []
        decisions: dict[int, Decision] = {}
        facts: dict[int, list[str]] = {}
        for places in records:
            standing = self._standing(places)
            open_ones: list[int] = []
            shared = _Shared([self.mentions[place] for place in places], facts)
            if len(places) > max(len(standing), 1):
                open_ones = [
                    place
                    for place in places
                    if place not in standing and (self._contested(place) or self._by_name_only(place, shared))
                ]
            members = [place for place in places if place not in open_ones]
            if open_ones:
                shared = _Shared([self.mentions[place] for place in members], facts)
            kept = []
            for place in places:
                if place in standing:
                    found: Found = standing[place]
                elif place in open_ones:
                    found = self._left_open(place)
                else:
                    found = self._joined(place, shared) if len(members) > 1 else self._alone(place)
                kind, confidence, evidence = settled(self.mentions[place], found, left_behind=place in self.stayed)
                cluster = None if kind == "undecided" else len(clusters)
                decisions[place] = Decision(self.mentions[place].id, kind, cluster, confidence, evidence)
                if cluster is not None:
                    kept.append(self.mentions[place].id)
            if kept:
                clusters.append(kept)
        return Resolution(clusters, [decisions[place] for place in block])

    def _standing(self, places: Sequence[int]) -> dict[int, Found]:
        """The decisions that stand; the first byline of a record is looked at again when another joins it."""
        known = {
            place: self.decided[self.mentions[place].id] for place in places if self.mentions[place].id in self.decided
        }
        alone = len(places) == 1
        return {
            place: (decision.kind, decision.confidence, decision.evidence)
            for place, decision in known.items()
            if alone or decision.kind != "new"
        }

    def _keep_with_anchors(self, groups: list[list[int]]) -> list[list[int]]:
        """Join what a person placed with a record and what the record held before, where nothing forbids it."""
        if not any(is_limited(self.mentions[place]) for places in groups for place in places):
            return groups
        records = []
        for places in groups:
            bounds = Bounds()
            for place in places:
                bounds.absorb(Bounds(self.mentions[place]))
            records.append((bounds, [self.mentions[place] for place in places]))
        for one, other in left_behind(records):
            mine, theirs = records[one][0], records[other][0]
            if one != other and groups[other] and mine.allow(theirs):
                self.stayed.update(groups[other])
                groups[one] = sorted(groups[one] + groups[other])
                groups[other] = []
                mine.absorb(theirs)
        return sorted(places for places in groups if places)

    def _contested(self, place: int) -> bool:
        """Whether a mention fits another record about as well as its own, and nothing but the score says whose it is."""
        mention = self.mentions[place]
        return bool(
            self.rivals[place]
            and self.likeliest[place] >= self.model.threshold
            and not identifiers_of(mention)
            and mention.fixed is None
        )

    def _by_name_only(self, place: int, shared: _Shared) -> bool:
        """Whether a mention shares nothing with its record but a name that is not even printed the same way."""
        mention = self.mentions[place]
        alone = mention.fixed is None and not shared.identifiers(mention) and not shared.facts(mention)
        return alone and not shared.has_equal_name(mention)

    def _left_open(self, place: int) -> Found:
        if self._contested(place):
            return "undecided", 0.0, (Evidence("two-candidates", str(int(self.rivals[place]) + 1)),)
        return "undecided", 0.0, (Evidence("rival-records", str(int(self.namesakes[place]))),)

    def _joined(self, place: int, shared: _Shared) -> Found:
        """Why a mention belongs to a record of several: what it shares with the others there."""
        mention = self.mentions[place]
        confidence = round(float(min(max(self.inside[place], 0.01), IDENTIFIED)), 3)
        identifiers = shared.identifiers(mention)
        if identifiers:
            return "identifier", IDENTIFIED, (*identifiers, *shared.evidence(mention))[:EVIDENCE_LIMIT]
        evidence = shared.evidence(mention)
        return "corroborated", confidence, evidence or shared.name(mention)

    def _alone(self, place: int) -> Found:
        """What to do with a mention that nothing joins to another."""
        mention = self.mentions[place]
        if not self.namesakes[place]:
            return "new", ONLY_BEARER, (Evidence("only-bearer", weight=1.0),)
        own = tuple(
            Evidence("own-identifier", f"{scheme}:{value}", 1.0)
            for scheme, value in sorted(mention.identifiers.items())
            if value and scheme not in IGNORED_SCHEMES
        )
        if own:
            return "new", TOLD_APART, own[:EVIDENCE_LIMIT]
        if self.rivals[place] > 1:
            return "undecided", 0.0, (Evidence("two-candidates", str(int(self.rivals[place]))),)
        if self.rivals[place] or initials_only(parse(mention.name)):
            return "undecided", 0.0, (Evidence("rival-records", str(int(self.namesakes[place]))),)
        confidence = round(1.0 - float(self.likeliest[place]), 3)
        if mention.institutions:
            return "new", confidence, (Evidence("distinct-affiliation", mention.institutions[0], 1.0),)
        return "new", confidence, (Evidence("nothing-shared", str(int(self.namesakes[place])), 1.0),)


def _odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.round(known / (1 - known), 6)


class _Shared:
    """What the mentions of one record have in common, counted. `facts`: of mentions by id, filled as they are asked for."""

    def __init__(self, mentions: Sequence[Mention], facts: dict[int, list[str]]) -> None:
        self.mentions = mentions
        self._facts = facts
        self.counts: dict[str, int] = defaultdict(int)
        if len(mentions) > 1:
            for mention in mentions:
                for fact in self._facts_of(mention):
                    self.counts[fact] += 1

    def _facts_of(self, mention: Mention) -> list[str]:
        if mention.id not in self._facts:
            self._facts[mention.id] = _facts(mention)
        return self._facts[mention.id]

    def identifiers(self, mention: Mention) -> tuple[Evidence, ...]:
        """The identifiers that another mention of the record states too."""
        return tuple(
            Evidence("identifier", f"{scheme}:{value}", 1.0)
            for scheme, value in sorted(mention.identifiers.items())
            if scheme not in IGNORED_SCHEMES and self.counts[f"i{scheme}:{value}"] > 1
        )[:2]

    def has_equal_name(self, mention: Mention) -> bool:
        """Whether another mention prints the same name."""
        return any(other is not mention and other.name_key == mention.name_key for other in self.mentions)

    def facts(self, mention: Mention) -> bool:
        """Whether anything but names and years is shared with another mention."""
        return any(self.counts[fact] > 1 for fact in self._facts_of(mention))

    def evidence(self, mention: Mention) -> tuple[Evidence, ...]:
        """The most telling facts shared with another mention: an affiliation, co-authors, a word of the titles."""
        places: list[tuple[float, int, str]] = []
        people: list[tuple[float, int, str]] = []
        words: list[tuple[float, int, str]] = []
        for fact in self._facts_of(mention):
            count = self.counts[fact]
            if count > 1:
                kind, value = fact[0], fact[1:]
                if kind == "c":
                    people.append((-coauthor_weight(value), -count, value))
                elif kind == "a":
                    places.append((-institution_weight(value), -count, value))
                elif kind == "d":
                    places.append((0.0, -count, value))
                elif kind == "w":
                    words.append((-word_weight(value), -count, value))
        found = [Evidence("affiliation", value, _weight(-w)) for w, _, value in sorted(places)[:1]]
        found += [Evidence("coauthor", value, _weight(-w)) for w, _, value in sorted(people)[: EVIDENCE_LIMIT - 1]]
        if len(found) < 2 and words:
            found += [Evidence("title-word", value, _weight(-w)) for w, _, value in sorted(words)[:1]]
            found += self.name(mention)
        return tuple(found[:EVIDENCE_LIMIT])

    def name(self, mention: Mention) -> tuple[Evidence, ...]:
        """The nearest other byline of the record, by name and years."""
        others = [other for other in self.mentions if other is not mention]
        if self.has_equal_name(mention):
            name = Evidence("name-equal", mention.name, 1.0)
        else:
            name = Evidence("name-compatible", min(other.name for other in others), 1.0)
        gaps = [abs(mention.year - other.year) for other in others if mention.year and other.year]
        return (name, Evidence("year-near", str(min(gaps)), 1.0)) if gaps else (name,)


def _facts(mention: Mention) -> list[str]:
    """What a mention can share with another, each with a letter for its kind."""
    facts = [f"c{loose_key(name)}" for name in mention.coauthors if name]
    facts += [f"a{key}" for key in mention.institutions if key]
    facts += [f"d{domain}" for domain in telling_domains(mention.domain)]
    facts += [f"w{word}" for word in title_words(mention.title) if word_weight(word) > 0]
    facts += [f"i{scheme}:{value}" for scheme, value in mention.identifiers.items()]
    return list(dict.fromkeys(facts))


def _weight(points: float) -> float:
    return round(min(max(points / _MOST_POINTS, 0.05), 1.0), 2)
