"""Trust over co-authorship: worked out by hand, never lowered by evidence, and nothing for whoever makes records up."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import trust_model
from graph.adjacency import Pairs
from graph.trust_flow import received

CARRY, SHARED_BY, EACH = 50, 10, 5
ATTACKER = 10_000

Ties = dict[tuple[int, int], float]


def pairs_of(ties: Ties) -> Pairs:
    pairs = sorted(ties)
    return Pairs(
        np.array([a for a, _ in pairs], dtype=np.int64),
        np.array([b for _, b in pairs], dtype=np.int64),
        np.array([ties[pair] for pair in pairs], dtype=np.float64),
    )


def reached(
    ties: Ties, verified: set[int], *, carry: int = CARRY, shared_by: int = SHARED_BY
) -> dict[int, tuple[int, int, int]]:
    """By key: verified co-authors, hundredths given, hundredths handed on."""
    found = received(pairs_of(ties), np.array(sorted(verified), dtype=np.int64), carry=carry, shared_by=shared_by)
    return {key: tuple(rest) for key, *rest in zip(*(column.tolist() for column in found), strict=True)}


def amount(found: dict[int, tuple[int, int, int]], who: int) -> int:
    _, given_, carried = found.get(who, (0, 0, 0))
    return given_ + carried


def pair(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)


PEOPLE = st.integers(1, 8)
WEIGHTS = st.one_of(st.sampled_from([1 / 3, 0.5, 1.0, 2.5]), st.floats(0.01, 4.0))
GRAPHS = st.dictionaries(
    st.tuples(PEOPLE, PEOPLE).filter(lambda p: p[0] != p[1]).map(lambda p: pair(*p)), WEIGHTS, min_size=1
)
VERIFIED = st.sets(PEOPLE)
SHARES = st.integers(1, 12)


# By hand


def test_a_verified_coauthor_gives_the_strength_of_the_tie_and_no_more_than_one() -> None:
    assert reached({(1, 2): 0.5, (2, 3): 2.5}, {2}) == {1: (1, 50, 0), 3: (1, 100, 0)}
    assert reached({(1, 2): 1 / 3, (1, 3): 1 / 3, (1, 4): 1 / 3}, {2, 3, 4})[1] == (3, 100, 0)


def test_other_coauthors_hand_on_half_of_what_they_have_shared_by_ten_ties_at_least() -> None:
    chain = {(1, 2): 1.0, (2, 3): 1.0, (4, 2): 1.0}
    chain = {pair(*p): w for p, w in chain.items()} | {(2, 5): 1.0}
    # 2 has 3.0 of verified co-authors and ties of 4.0: it hands on 0.5 * 3.0 * 1.0 / 10 = 0.15, kept as 0.1.
    assert reached(chain, {1, 3, 4})[5] == (0, 0, 10)
    # With as many ties as there are, 0.5 * 3.0 * 1.0 / 4 = 0.375.
    assert reached(chain, {1, 3, 4}, shared_by=1)[5] == (0, 0, 30)


def test_nobody_hears_the_echo_of_their_own_record() -> None:
    assert reached({(1, 2): 1.0}, {1}, shared_by=1) == {2: (1, 100, 0)}


def test_nothing_comes_from_nobody() -> None:
    assert reached({(1, 2): 1.0}, set()) == {}
    assert reached({(1, 2): 1.0}, {77}) == {}
    assert reached({}, {77}) == {}
    assert reached({(1, 2): 1.0, (3, 4): 1.0}, {3}).keys() == {4}


def test_the_shipped_weights_are_those_that_are_tested_here() -> None:
    network = trust_model.load("").weights.network
    assert (network.carry, network.shared_by, network.each_trust, network.each_verified) == (CARRY, SHARED_BY, EACH, 0)


# More evidence


@given(GRAPHS, VERIFIED, PEOPLE, PEOPLE, st.floats(0.01, 3.0), SHARES)
def test_a_new_or_stronger_tie_never_takes_from_those_it_ties(
    ties: Ties, verified: set[int], one: int, other: int, more: float, shares: int
) -> None:
    if one == other:
        return
    after = {**ties, pair(one, other): ties.get(pair(one, other), 0.0) + more}
    before_, after_ = reached(ties, verified, shared_by=shares), reached(after, verified, shared_by=shares)
    for who in (one, other):
        assert amount(after_, who) >= amount(before_, who)


@given(GRAPHS, VERIFIED, PEOPLE, SHARES)
def test_one_more_verified_record_takes_from_nobody(ties: Ties, verified: set[int], who: int, shares: int) -> None:
    before, after = (reached(ties, seeds, shared_by=shares) for seeds in (verified, verified | {who}))
    assert all(amount(after, one) >= amount(before, one) for one in range(1, 9))


@given(GRAPHS, VERIFIED, PEOPLE, PEOPLE, st.floats(0.01, 3.0))
def test_no_tie_takes_from_anybody_while_nobody_has_more_than_are_shared_among(
    ties: Ties, verified: set[int], one: int, other: int, more: float
) -> None:
    if one == other:
        return
    after = {**ties, pair(one, other): ties.get(pair(one, other), 0.0) + more}
    before_, after_ = reached(ties, verified), reached(after, verified)
    assert all(amount(after_, who) >= amount(before_, who) for who in range(1, 9))


@given(GRAPHS, VERIFIED, st.randoms(use_true_random=False), SHARES)
def test_the_order_of_pairs_and_of_the_verified_changes_nothing(
    ties: Ties,
    verified: set[int],
    chance: random.Random,
    shares: int,
) -> None:
    order = list(ties)
    chance.shuffle(order)
    columns = zip(*((a, b, ties[a, b]) for a, b in order), strict=True)
    a, b, weight = (np.array(column) for column in columns)
    seeds = list(verified)
    chance.shuffle(seeds)
    found = received(Pairs(a, b, weight), np.array(seeds, dtype=np.int64), carry=CARRY, shared_by=shares)
    expected = reached(ties, verified, shared_by=shares)
    assert found.keys.tolist() == list(expected)
    assert list(zip(*(column.tolist() for column in found[1:]), strict=True)) == list(expected.values())


# Records made up


def honest(chance: np.random.Generator, people: int = 300) -> tuple[Ties, set[int]]:
    """People with co-authors, some of them verified."""
    a, b = chance.integers(1, people, 900), chance.integers(1, people, 900)
    weight = chance.choice([0.25, 0.5, 1.0, 3.0], 900)
    ties = {pair(x, y): w for x, y, w in zip(a.tolist(), b.tolist(), weight.tolist(), strict=True) if x != y}
    return ties, set(chance.choice(people, 30, replace=False).tolist())


def among(topology: str, count: int) -> Ties:
    """How made-up records are tied among themselves; a clique of more than 200 is a chain of cliques."""
    own = range(ATTACKER, ATTACKER + count)
    if topology == "alone":
        return {}
    if topology == "chain":
        return {(one, one + 1): 50.0 for one in own[:-1]}
    if topology == "star":
        return {(ATTACKER, one): 50.0 for one in own[1:]}
    return {
        (one, other): 50.0 for one in own for other in range(one + 1, min(one - one % 200 + 200, ATTACKER + count))
    }  # fmt: skip


@pytest.mark.parametrize("topology", ["alone", "chain", "star", "clique"])
@pytest.mark.parametrize("attacks", [1, 10, 50])
def test_made_up_records_gain_by_their_ties_with_others_and_not_by_their_number(topology: str, attacks: int) -> None:
    bound = (100 + CARRY) * attacks
    for aimed_at_the_verified in (True, False):
        gains = []
        for count in (1, 10, 100, 1_000, 10_000):
            chance = np.random.default_rng(7)
            ties, verified = honest(chance)
            targets = sorted(verified) if aimed_at_the_verified else range(1, 300)
            victims = chance.choice(list(targets), attacks).tolist()
            attack = {(victim, ATTACKER + n % count): 50.0 for n, victim in enumerate(victims)}
            found = reached({**ties, **among(topology, count), **attack}, verified)
            gains.append(sum(amount(found, who) for who in found if who >= ATTACKER))
        assert max(gains) <= bound
        # The points of all of them together, each one's rounded down as the receipt does.
        assert EACH * max(gains) // 100 <= EACH * (1 + CARRY / 100) * attacks


@given(GRAPHS, VERIFIED, st.lists(st.tuples(PEOPLE, st.integers(20, 26)), min_size=1, max_size=12), GRAPHS, SHARES)
def test_the_bound_holds_for_any_graph(
    ties: Ties, verified: set[int], attack: list[tuple[int, int]], own: Ties, shares: int
) -> None:
    made_up = {(a + 19, b + 19): w for (a, b), w in own.items()}
    attacks = dict.fromkeys(attack, 9.0)
    found = reached({**ties, **made_up, **attacks}, verified, shared_by=shares)
    assert sum(amount(found, who) for who in found if who >= 20) <= (100 + CARRY) * len(attacks)
