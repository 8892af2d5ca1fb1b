"""Two sets of bylines side by side: what both state, what the learned score makes of it, what speaks against it. Pure.

The sides are two records, a byline and a record, or two parts of one record. Every byline of the one is scored against
every byline of the other, as the rule does it on its second look: each side lends its bylines the co-authors of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from math import log10
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from profiles.limits import IGNORED_SCHEMES, hard_identifiers
from profiles.matching.candidates import NAME_FEATURES, loose_relations, pairs_within, parts
from profiles.matching.clustering import FORBIDDEN_NAME
from profiles.matching.features import FEATURES, Facts, mention_words, rows_of, telling_domains
from profiles.matching.linking import CERTAIN, DOUBTFUL
from profiles.matching.model import Scorecard
from profiles.matching.vocabulary import venue_series, word_weight
from profiles.mentions import Mention
from profiles.names import loose_key

ASPECTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "name": ("Name", NAME_FEATURES),
    "coauthors": (
        "Co-authors", ("coauthors", "coauthor_initials", "coauthor_count", "fewest_coauthors", "most_coauthors"),
    ),
    "place": ("Affiliation", ("affiliation_words", "affiliation_share", "institution", "domain", "work_institutions")),
    "identifier": ("Identifier", ()),
    "subject": ("Words of titles", ("title_words",)),
    "venue": ("Venue", ("venue",)),
    "years": ("Years", ("years",)),
    "against": ("Contradiction", ()),
}  # fmt: skip
"""What people call each aspect, and the features of the score that belong to it."""

MOST: Final = 30
"""Bylines compared of each side: some thousand pairs at most."""
_NAMES: Final = len(NAME_FEATURES)
_BEYOND_NAMES: Final = [n for n, feature in enumerate(FEATURES) if n >= _NAMES and feature != "years"]


class Score(msgspec.Struct, frozen=True):
    """What the scorecard makes of two sides.

    `points` by aspect (log-odds, the mean over all pairs compared); "name" includes what holds before any evidence, so
    their sum is the mean of the pairs' log-odds. `probability` is the mean of the pairs' probabilities, as the rule
    takes it: a pair that cannot be, because of its names or because both stand on one work, counts against it.
    """

    points: dict[str, float]
    probability: float
    compared: int
    impossible: int

    @property
    def total(self) -> float:
        """The sum of the points."""
        return sum(self.points.values())


class Stated(msgspec.Struct, frozen=True):
    """What the bylines of one side state, counted; keys are those under which two sides are compared."""

    names: Counter[str]
    coauthors: Counter[str]
    places: Counter[str]
    identifiers: Counter[str]
    words: Counter[str]
    venues: Counter[str]
    years: tuple[int, int] | None


class Contradiction(msgspec.Struct, frozen=True):
    """Different identifiers of one scheme. `never` says that the rule joins no such bylines whatever else they share."""

    scheme: str
    values: tuple[str, ...]
    never: bool


def stated(mentions: Iterable[Mention]) -> Stated:
    """What these bylines state: places are institutions, words of affiliations that name none, and domains."""
    names, coauthors, places, identifiers, words, venues = (Counter[str]() for _ in range(6))
    years = []
    for mention in mentions:
        names[mention.name_key] += 1
        coauthors.update({loose_key(name) for name in mention.coauthors if name})
        places.update({*mention.institutions, *telling_domains(mention.domain)})
        if mention.affiliation and not mention.institutions:
            places[mention.affiliation] += 1
        identifiers.update({f"{scheme}:{value}" for scheme, value in personal(mention).items()})
        words.update(set(mention_words(mention)))
        if mention.venue:
            venues[venue_series(mention.venue) or mention.venue] += 1
        if mention.year:
            years.append(mention.year)
    span = (min(years), max(years)) if years else None
    return Stated(names, coauthors, places, identifiers, words, venues, span)


def personal(mention: Mention) -> dict[str, str]:
    """The identifiers a byline states that are about a person, by scheme."""
    return {scheme: value for scheme, value in mention.identifiers.items() if value and scheme not in IGNORED_SCHEMES}


def telling(words: Counter[str], shared: Iterable[str]) -> list[str]:
    """Words of titles, the shared ones first, then the rarer the earlier."""
    both = set(shared)
    return sorted(words, key=lambda word: (word not in both, -word_weight(word), word))


def facts_shared(one: Iterable[Mention], other: Iterable[Mention]) -> frozenset[str]:
    """People, places and identifiers that both sides state: what a decision on one byline may rest on for the next."""
    left, right = stated(one), stated(other)
    return frozenset(
        f"{kind}:{key}"
        for kind, mine, theirs in (
            ("c", left.coauthors, right.coauthors),
            ("a", left.places, right.places),
            ("i", left.identifiers, right.identifiers),
        )
        for key in mine.keys() & theirs.keys()
    )


def contradictions(one: Iterable[Mention], other: Iterable[Mention]) -> list[Contradiction]:
    """Schemes of which the sides state different values and share none."""
    one, other = list(one), list(other)
    hard = set(_different(map(hard_identifiers, one), map(hard_identifiers, other)))
    found = _different(map(personal, one), map(personal, other))
    # The number of an OpenReview name is a scheme of its own there; people know the id it is part of.
    numbered = hard - found.keys()
    return [
        Contradiction(scheme, values, never=scheme in hard or (scheme == "openreview" and bool(numbered)))
        for scheme, values in found.items()
    ]


def _different(one: Iterable[dict[str, str]], other: Iterable[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    """By scheme that both sides state, without a value in common, all its values."""
    sides: tuple[dict[str, set[str]], ...] = ({}, {})
    for there, identifiers in zip(sides, (one, other), strict=True):
        for scheme, value in chain.from_iterable(given.items() for given in identifiers):
            there.setdefault(scheme, set()).add(value)
    mine, theirs = sides
    return {
        scheme: tuple(sorted(mine[scheme] | theirs[scheme]))
        for scheme in sorted(mine.keys() & theirs.keys())
        if not mine[scheme] & theirs[scheme]
    }


def compare(one: Sequence[Mention], other: Sequence[Mention], model: Scorecard, *, namesakes: int) -> Score:
    """Score every byline of the one side against every byline of the other. `namesakes`: bylines of the whole name."""
    mentions = [*one, *other]
    pairs = pairs_within(mentions, [range(len(mentions))], loose_relations({m.name_key for m in mentions}))
    sides = np.repeat(np.array([0, 1], dtype=np.int64), [len(one), len(other)])
    across = sides[pairs.first] != sides[pairs.second]
    first, second, form = pairs.first[across], pairs.second[across], pairs.form[across]
    impossible = len(one) * len(other) - len(first)
    if not len(first):
        return Score(dict.fromkeys(ASPECTS, 0.0), 0.0, 0, impossible)
    names = pairs.names[form].copy()
    names[:, NAME_FEATURES.index("namesakes")] = log10(max(namesakes, len(mentions)))
    facts = Facts(mentions, parts(pairs, len(mentions))).shared_within(sides)
    rows = rows_of(facts, first, second, names)
    points = model.points(rows).mean(axis=0)
    scored = model.score(rows)
    capped = np.where(np.isnan(rows[:, _BEYOND_NAMES]).all(axis=1), np.minimum(scored, model.threshold), scored)
    counted, same = _by_identifiers(capped, [(mentions[a], mentions[b]) for a, b in zip(first, second, strict=True)])
    by_aspect = {
        aspect: float(sum(points[FEATURES.index(feature)] for feature in features))
        for aspect, (_, features) in ASPECTS.items()
    }
    moved = _log_odds(counted) - _log_odds(capped)
    by_aspect["name"] += model.intercept + float((_log_odds(capped) - _log_odds(scored)).mean())
    by_aspect["identifier"] += float(np.where(same, moved, 0.0).mean())
    by_aspect["against"] += float(np.where(same, 0.0, moved).mean())
    mean = (float(counted.sum()) + FORBIDDEN_NAME * impossible) / (len(first) + impossible)
    return Score(by_aspect, max(mean, 0.0), len(first), impossible)


def _by_identifiers(
    probability: NDArray[np.float64], pairs: Sequence[tuple[Mention, Mention]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What identifiers make of the pairs' probabilities, and for which pairs they agree.

    Values that no rule ever joins are left to the evidence: whether they are wrong is what a person is asked.
    """
    counted = probability.copy()
    same = np.zeros(len(pairs), dtype=bool)
    for place, (a, b) in enumerate(pairs):
        mine, theirs = personal(a), personal(b)
        both = mine.keys() & theirs.keys()
        if any(mine[scheme] == theirs[scheme] for scheme in both):
            counted[place], same[place] = CERTAIN, True
        elif any(c for c in contradictions([a], [b]) if not c.never):
            counted[place] = min(counted[place], DOUBTFUL)
    return counted, same


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(known / (1 - known)))
