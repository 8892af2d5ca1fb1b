"""The learned score and the grouping by it: monotone, explained by its points, the same in any order, bound by limits."""

from __future__ import annotations

import random
from itertools import combinations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.assignment import partition, resolve
from profiles.limits import limits_of
from profiles.matching.candidates import MOST_OF_A_NAME, pairs_within
from profiles.matching.clustering import FORBIDDEN_NAME, cluster
from profiles.matching.features import FEATURES, mention_words, telling_domains
from profiles.matching.limits import Classes, Limits, Stated
from profiles.matching.model import shipped
from profiles.matching.train import FALLING, RISING
from profiles.matching.vocabulary import bearers, coauthor_weight, title_words, venue_series
from profiles.mentions import Mention
from profiles.names import name_key, parse


def mention(number: int, name: str, *, coauthors: str = "", title: str = "", year: int | None = 2020) -> Mention:
    return Mention(
        id=number,
        sort_key=f"title {number:04d}",
        work=number,
        name=name,
        name_key=name_key(name),
        coauthors=tuple(name_key(other) for other in coauthors.split(",") if other),
        title=title,
        year=year,
    )


# The score


@pytest.mark.parametrize("name", sorted((RISING | FALLING) - {"rarity"}))
def test_more_of_a_kind_of_evidence_never_counts_the_other_way(name: str) -> None:
    tables = {table.feature: table for table in shipped().file.tables}
    steps = np.array(tables[name].points)[:-1]
    difference = np.diff(steps, axis=0)
    assert (difference >= -1e-3).all() if name in RISING else (difference <= 1e-3).all()


def test_the_points_of_a_pair_add_up_to_its_probability() -> None:
    model = shipped()
    rows = np.full((3, len(FEATURES)), np.nan, dtype=np.float32)
    rows[:, :6] = [[-3.0, 0, 0, 0, 0, 1.0], [0.5, 0, 0, 0, 0, 2.0], [-1.0, 2, 1, 0, 1, 1.5]]
    rows[1, FEATURES.index("coauthors")] = 30.0
    total = model.intercept + model.points(rows).sum(axis=1)
    assert np.allclose(model.score(rows), 1 / (1 + np.exp(-total)))


def test_a_shared_coauthor_counts_by_the_rarity_of_the_name() -> None:
    assert coauthor_weight("ari morcos") > coauthor_weight("wei wang") > 0
    assert bearers(parse("Wei Wang")) > 0 > bearers(parse("Ari Morcos"))


def test_years_and_numbers_do_not_make_another_venue() -> None:
    assert venue_series("Proceedings of the 58th Annual Meeting of the ACL 2020") == venue_series(
        "Proceedings of the 61st Annual Meeting of the ACL 2023"
    )
    assert venue_series("icml2022") == "icml"


def test_words_and_domains_that_tell_nothing_are_left_out() -> None:
    assert title_words("Towards a New Method for Pruning Networks") == ("pruning",)
    assert "zzyzx" not in mention_words(mention(1, "Ari Morcos", title="Zzyzx of pruning"))
    assert telling_domains("robots.ox.ac.uk+gmail.com+cs.stanford.edu") == ("ox.ac.uk", "stanford.edu")


# Grouping


def groups_of(labels: np.ndarray) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for place, label in enumerate(labels.tolist()):
        found.setdefault(label, set()).add(place)
    return {frozenset(group) for group in found.values()}


def naive(size: int, scores: dict[tuple[int, int], float], threshold: float) -> set[frozenset[int]]:
    """Average linkage by the book: join the two groups with the best mean while it is high enough."""
    groups = [frozenset([place]) for place in range(size)]

    def mean(a: frozenset[int], b: frozenset[int]) -> float:
        return float(np.mean([scores.get((min(x, y), max(x, y)), FORBIDDEN_NAME) for x in a for y in b]))

    while len(groups) > 1:
        best, a, b = max(((mean(a, b), a, b) for a, b in combinations(groups, 2)), key=lambda found: found[0])
        if best < threshold:
            break
        groups = [group for group in groups if group not in (a, b)] + [a | b]
    return set(groups)


def arrays(scores: dict[tuple[int, int], float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pairs = sorted(scores)
    return (
        np.array([a for a, _ in pairs], dtype=np.int64),
        np.array([b for _, b in pairs], dtype=np.int64),
        np.array([scores[pair] for pair in pairs], dtype=np.float64),
    )


@given(st.integers(2, 9), st.integers(0))
@settings(max_examples=200)
def test_groups_are_those_of_average_linkage(size: int, seed: int) -> None:
    # Scores that Hypothesis makes up are round, and means of round numbers tie; of tied joins either is right.
    chance = random.Random(seed)  # noqa: S311 - draws scores, keeps no secret
    scores = {pair: chance.random() for pair in combinations(range(size), 2) if chance.random() < 0.8}
    labels = cluster(*arrays(scores), threshold=0.5, works=np.arange(size))
    assert groups_of(labels) == naive(size, scores, 0.5)


def limits(size: int, together: list[tuple[int, int]], apart: set[tuple[int, int]]) -> Limits:
    """Every mention a class of its own; class 0 has no limits."""
    clash = np.zeros((size + 1, size + 1), dtype=bool)
    for a, b in apart:
        clash[a + 1, b + 1] = clash[b + 1, a + 1] = True
    classes = Classes(np.arange(size) + 1, np.zeros(size, dtype=int), np.full(size, size + 1), clash.ravel())
    return Limits(size, together=together, classes=classes)


@given(st.integers(3, 9), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_limits_hold_whatever_the_scores(size: int, chance: random.Random) -> None:
    scores = {pair: chance.choice([0.1, 0.6, 0.9, 0.99]) for pair in combinations(range(size), 2)}
    works = np.array([chance.randrange(size) for _ in range(size)])
    apart = {pair for pair in combinations(range(size), 2) if chance.random() < 0.15}
    together = [pair for pair in combinations(range(size), 2) if chance.random() < 0.1 and pair not in apart][:1]
    labels = cluster(*arrays(scores), threshold=0.5, works=works, limits=limits(size, together, apart))
    for a, b in combinations(range(size), 2):
        if labels[a] == labels[b] and (a, b) not in together:
            assert (a, b) not in apart
            assert works[a] != works[b]
    assert all(labels[a] == labels[b] for a, b in together)


def test_a_third_paper_belongs_with_either_of_two_subjects_a_person_put_together() -> None:
    scores = {(0, 1): 0.01, (0, 2): 0.9, (1, 2): 0.05}
    labels = cluster(*arrays(scores), threshold=0.5, works=np.arange(3), limits=limits(3, [(0, 1)], set()))
    assert groups_of(labels) == {frozenset({0, 1, 2})}


VALUES = st.lists(st.integers(-1, 2), min_size=2, max_size=8)


@given(values=VALUES, chance=st.randoms(use_true_random=False), families=st.booleans())
@settings(max_examples=200)
def test_a_mention_is_apart_from_a_group_as_it_is_from_a_member(
    values: list[int], chance: random.Random, *, families: bool
) -> None:
    size = len(values)
    family = np.array([chance.randrange(2) for _ in values])
    numbers = np.where(np.array(values) < 0, -1, np.array(values) + 10 * family * families)
    stated = Stated(numbers, numbers, hard=True, family=family if families else None)
    both = Limits(size, stated=[stated], classes=limits(size, [], {(0, 1)})._classes)
    labels = np.array([chance.randrange(2) for _ in values])
    mention, group = np.repeat(np.arange(size), 2), np.tile([0, 1], size)
    expected = [
        bool(both.apart(np.array([m]), np.flatnonzero((labels == g) & (np.arange(size) != m))).any())
        for m, g in zip(mention, group, strict=True)
        if labels[m] != g
    ]
    found = both.apart_from_groups(mention, group, labels)[labels[mention] != group]
    assert found.tolist() == expected
    clashing = both.may_clash(labels, 2)
    for a, b in combinations(range(size), 2):
        assert clashing[labels[a]] or labels[a] != labels[b] or not both.apart(np.array([a]), np.array([b]))[0]


def test_identifiers_of_a_crowded_name_are_kept_once_for_each_mention() -> None:
    crowd = [
        msgspec.structs.replace(mention(n, "Wei Wang"), identifiers={"openreview": f"~Wei_Wang{n // 2}", "acl": str(n)})
        for n in range(1_000)
    ]
    found = limits_of(crowd, [range(len(crowd))])
    a, b = np.array([0, 0, 0]), np.array([1, 2, 999])
    assert found.apart(a, b).tolist() == [False, True, True]
    assert found.certain(a, b).tolist() == [True, False, False]
    assert found.doubtful(a, b).tolist() == [True, True, True]


# From mentions to people


MENTIONS = [
    mention(0, "Sergei Nirenburg", coauthors="Victor Raskin", title="Ontological semantics"),
    mention(1, "Sergei Nirenberg", coauthors="Victor Raskin,Marjorie McShane", title="Ontological semantics at work"),
    mention(2, "S. Nirenburg", coauthors="Victor Raskin", title="Knowledge-based translation"),
    mention(3, "Wei Wang", coauthors="Li Chen", title="Grasping with soft hands", year=1995),
    mention(4, "Wei Wang", coauthors="Yu Liu", title="Protein folding", year=2021),
]


def people(mentions: list[Mention]) -> set[frozenset[int]]:
    labels = partition(mentions, shipped()).labels
    found = groups_of(labels)
    return {frozenset(mentions[place].id for place in group) for group in found}


def test_spellings_in_different_blocks_are_one_person_if_the_coauthors_say_so() -> None:
    assert people(MENTIONS) == {frozenset({0, 1, 2}), frozenset({3}), frozenset({4})}


@given(st.permutations(MENTIONS))
@settings(max_examples=30)
def test_the_order_of_mentions_changes_nobody(mentions: list[Mention]) -> None:
    assert people(mentions) == {frozenset({0, 1, 2}), frozenset({3}), frozenset({4})}


def test_a_crowded_name_is_compared_in_parts_so_that_pairs_stay_few() -> None:
    crowd = [mention(number, "Wei Wang", coauthors="Ari Morcos") for number in range(2 * MOST_OF_A_NAME + 10)]
    pairs = pairs_within(crowd, [range(len(crowd))], {})
    assert len(pairs.first) == 2 * (MOST_OF_A_NAME * (MOST_OF_A_NAME - 1) // 2) + 45
    assert len(pairs.names) == 1


def test_a_bare_rare_name_is_a_best_guess_and_no_decision() -> None:
    bare = [mention(number, "Sergei Nirenburg", year=None) for number in range(2)]
    assert people(bare) == {frozenset({0, 1})}
    assert {decision.kind for decision in resolve(bare).decisions} == {"undecided"}


def test_another_model_decides_otherwise() -> None:
    strict = msgspec.structs.replace(shipped().file, threshold=0.9999, unsure=0.9998)
    two = [mention(0, "Ari Morcos", coauthors="Yair Carmon"), mention(1, "Ari Morcos", coauthors="Yair Carmon")]
    assert len(resolve(two).clusters) == 1
    assert len(resolve(two, type(shipped())(strict)).clusters) == 2
