"""From mentions to people: compare, score, group; then again with what the groups have in common.

The second look lets evidence travel: a paper with one colleague of a group's other papers counts as much as a paper
with all of them. It costs as much as the first and is what keeps long careers together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from profiles.matching.candidates import NAME_FEATURES, Pairs, loose_relations, name_groups, pairs_within, parts
from profiles.matching.clustering import FORBIDDEN_NAME, FREE, NEVER, cluster, join
from profiles.matching.features import FEATURES, Facts, rows_of
from profiles.matching.limits import Limits, Places
from profiles.matching.model import Scorecard
from profiles.mentions import Mention
from profiles.names import block_key

FIRST_LOOK: Final = 0.8
"""Mean probability for groups of the first look: only what is clear shares its evidence."""
CERTAIN: Final = 0.995
"""Probability given to a pair with the same identifier."""
DOUBTFUL: Final = 0.3
"""Most that is left of a pair whose identifiers of one scheme differ, where the scheme allows a person several."""
_BEYOND_NAMES: Final = [
    column for column, name in enumerate(FEATURES) if column >= len(NAME_FEATURES) and name != "years"
]
_HAIR: Final = 1e-3
"""Pairs of which nothing is known but names and years stay this much below the threshold: names alone never join."""
_ROWS_AT_ONCE: Final = 200_000


class Linked(msgspec.Struct, frozen=True):
    """The outcome: a label for every mention, and every compared pair with its probability on the last look.

    `first_look`: the labels by what was clear at once.
    """

    labels: NDArray[np.int64]
    first_look: NDArray[np.int64]
    pairs: Pairs
    probability: NDArray[np.float64]
    facts: Facts


def grouped(mentions: Sequence[Mention]) -> tuple[list[list[int]], dict[tuple[str, str], str]]:
    """Places of the mentions by name group, and the loose relations between their names."""
    blocks = {mention.name_key: block_key(mention.name) for mention in mentions}
    relations = loose_relations(blocks)
    group_of = name_groups(blocks, relations)
    members: dict[str, list[int]] = defaultdict(list)
    for place, mention in enumerate(mentions):
        members[group_of[blocks[mention.name_key]]].append(place)
    return list(members.values()), relations


def link(
    mentions: Sequence[Mention],
    groups: Iterable[Sequence[int]],
    relations: Mapping[tuple[str, str], str],
    model: Scorecard,
    limits: Limits | None = None,
    *,
    best_guess: bool = False,
    held: Places | None = None,
) -> Linked:
    """Partition the mentions. Deterministic; the partition does not depend on the order of the mentions.

    `best_guess`, not a decision: also join mentions of which nothing is known but a rare name, and take one that is
    printed with an excluding name, among many that are not, for a misprint.
    `held`: the groups that some mentions are in already, a number for each, FREE for those to be placed. The groups stay
    what they are; only pairs with a free mention are looked at, and what a group has in common is known from the start.
    """
    limits = limits or Limits(len(mentions))
    excluded = FORBIDDEN_NAME if best_guess else NEVER
    most = 1.0 if best_guess else model.threshold - _HAIR
    free = None if held is None else held == FREE
    pairs = pairs_within(mentions, groups, relations, free)
    works = np.array([mention.work for mention in mentions], dtype=np.int64)

    def group(probability: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
        scores = pairs.first, pairs.second, probability
        if held is not None:
            return join(*scores, threshold=threshold, works=works, limits=limits, held=held, excluded=excluded)
        return cluster(*scores, threshold=threshold, works=works, limits=limits, excluded=excluded)

    facts = Facts(mentions, parts(pairs, len(mentions)), None if free is None else np.flatnonzero(free))
    if held is not None:
        facts = facts.shared_within(group(np.zeros(len(pairs.first)), FIRST_LOOK))
    probability = _probabilities(facts, pairs, model, limits, most)
    first_look = group(probability, FIRST_LOOK)
    facts = facts.shared_within(first_look)
    probability = _probabilities(facts, pairs, model, limits, most)
    return Linked(group(probability, model.threshold), first_look, pairs, probability, facts)


def _probabilities(
    facts: Facts, pairs: Pairs, model: Scorecard, limits: Limits, most_by_name: float
) -> NDArray[np.float64]:
    probability = np.empty(len(pairs.first))
    for start in range(0, len(probability), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        first, second = pairs.first[some], pairs.second[some]
        rows = rows_of(facts, first, second, pairs.names[pairs.form[some]])
        probability[some] = np.round(model.score(rows), 9)
        only_names = np.isnan(rows[:, _BEYOND_NAMES]).all(axis=1)
        probability[some][only_names] = np.minimum(probability[some][only_names], most_by_name)
        certain = limits.certain(first, second)
        probability[some][certain] = CERTAIN
        doubtful = limits.doubtful(first, second) & ~certain
        probability[some][doubtful] = np.minimum(probability[some][doubtful], DOUBTFUL)
    return probability
