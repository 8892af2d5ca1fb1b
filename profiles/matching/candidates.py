"""Which mentions are worth comparing: pairs whose printed names may be one person's, and how the names relate.

Mentions are compared inside a *name group*: a name block, or several that are joined because two names in them may be
spellings of one ("Gabriel García", "Gabriel García Márquez"). See `profiles.spellings`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from math import log10
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from profiles.matching.vocabulary import bearers
from profiles.mentions import Mention
from profiles.names import PersonName, block_key, compatible_pairs, initials_only, parse
from profiles.spellings import RELATIONS, meeting_keys, relation

RELATION_CODE: Final = {word: code for code, word in enumerate(RELATIONS)}
LOOSE: Final = frozenset({"shortened", "misspelled", "family", "middle", "swapped"})
TOO_COMMON: Final = -1.0
"""log10 of expected bearers: above it, another spelling is taken for another person's name."""
MOST_OF_A_NAME: Final = 2_500
"""Mentions of one printed name compared with each other; more are cut in natural order, so that time stays linear."""
SHORT: Final = 64
"""Lists of mentions up to this length have the places of their pairs kept: nearly all lists are so short."""
NAMES_AT_A_KEY: Final = 40
"""A key under which more names meet than this says nothing."""

Form = tuple[str, str, bool]
"""What distinguishes printed names for comparison: folded words, suffix, whether the given name was hyphenated."""

NAME_FEATURES: Final = ("rarity", "relation", "initials", "middle_agree", "middle_missing", "namesakes")


class Pairs(msgspec.Struct, frozen=True):
    """Mentions to compare. `first`, `second`: places in the list of mentions, first < second never holding one work.

    `names` has a row per pair of name forms, columns NAME_FEATURES; `form` gives each pair's row.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    form: NDArray[np.int64]
    names: NDArray[np.float32]


def parts(pairs: Pairs, size: int) -> NDArray[np.int32]:
    """A number for every mention: equal ones hang together by pairs."""
    graph = sparse.coo_array(
        (np.ones(len(pairs.first), dtype=np.int8), (pairs.first, pairs.second)), shape=(size, size)
    )
    return np.asarray(connected_components(graph, directed=False)[1])


def form_of(name: PersonName) -> Form:
    """The key under which equal printed names are compared once."""
    return name.folded, name.suffix, name.compound


def loose_relations(names: Iterable[str]) -> dict[tuple[str, str], str]:
    """Pairs of rare printed names that no block holds together, or whose spellings differ, with their relation.

    Deterministic; a function of the set of names. Keys are pairs of `name_key`s in alphabetical order.
    """
    parsed = {name.folded: name for name in map(parse, names) if bearers(name) <= TOO_COMMON}
    meeting: dict[str, list[str]] = defaultdict(list)
    for key, name in parsed.items():
        for meet in meeting_keys(name):
            meeting[meet].append(key)
    found: dict[tuple[str, str], str | None] = {}
    for keys in meeting.values():
        if 1 < len(keys) <= NAMES_AT_A_KEY:
            for one, other in combinations(sorted(keys), 2):
                if (one, other) not in found:
                    found[one, other] = loose_relation(parsed[one], parsed[other])
    return {pair: word for pair, word in found.items() if word}


def relations_within(blocks: Iterable[Iterable[str]]) -> dict[tuple[str, str], str]:
    """`loose_relations` between names of one block only, for each of the blocks of names: much less to look at."""
    found: dict[tuple[str, str], str] = {}
    for block in blocks:
        rare = {key: name for key in set(block) if bearers(name := parse(key)) <= TOO_COMMON}
        if len(rare) > NAMES_AT_A_KEY:
            found.update(loose_relations(rare))
        elif len(rare) > 1:
            for one, other in combinations(sorted(rare), 2):
                word = loose_relation(rare[one], rare[other])
                if word:
                    found[one, other] = word
    return found


def loose_relation(a: PersonName, b: PersonName) -> str | None:
    """How two names of which one block would not make pairs may be one person's; None if they may not, or it would."""
    word = relation(a, b)
    return (
        word if word in LOOSE or (word not in {None, "equal"} and block_key(a.folded) != block_key(b.folded)) else None
    )


def name_groups(blocks: Mapping[str, str], relations: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For every block the first block, alphabetically, of its group. `blocks`: block of each `name_key`."""
    parent: dict[str, str] = {}

    def find(block: str) -> str:
        while parent.setdefault(block, block) != block:
            parent[block] = block = parent[parent[block]]
        return block

    for one, other in relations:
        if one in blocks and other in blocks:
            a, b = sorted((find(blocks[one]), find(blocks[other])))
            parent[b] = a
    return {block: find(block) for block in sorted(set(blocks.values()))}


def pairs_within(
    mentions: Sequence[Mention],
    groups: Iterable[Sequence[int]],
    relations: Mapping[tuple[str, str], str],
    free: NDArray[np.bool_] | None = None,
) -> Pairs:
    """All pairs worth comparing. `groups`: places of the mentions of each name group.

    With `free`, only pairs with one of these mentions: what the others are to each other has been decided.
    """
    work = np.array([mention.work for mention in mentions], dtype=np.int64)
    loose: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one, other in relations:
        loose[one].append((one, other))
    firsts: list[NDArray[np.int64]] = []
    seconds: list[NDArray[np.int64]] = []
    forms: list[NDArray[np.int64]] = []
    rows: list[tuple[float, ...]] = []
    for group in groups:
        if len(group) < 2:
            continue
        names: list[PersonName] = []
        members: list[list[int]] = []
        number: dict[Form, int] = {}
        for place in group:
            name = parse(mentions[place].name)
            key = form_of(name)
            if key not in number:
                number[key] = len(names)
                names.append(name)
                members.append([])
            members[number[key]].append(place)
        related = _related(names, loose, relations)
        counts = [len(places) for places in members]
        namesakes = counts[:]
        for a, b in related:
            namesakes[a] += counts[b]
            namesakes[b] += counts[a]
        arrays = [np.array(places, dtype=np.int64) for places in members]
        for (a, b), word in [*(((a, a), "equal") for a in range(len(names))), *related.items()]:
            found = len(firsts)
            for first, second in _crossed(arrays[a], None if a == b else arrays[b], free):
                keep = work[first] != work[second]
                if keep.any():
                    firsts.append(first[keep])
                    seconds.append(second[keep])
                    forms.append(np.full(int(keep.sum()), len(rows), dtype=np.int64))
            if len(firsts) > found:
                rows.append(name_features(names[a], names[b], word, max(namesakes[a], namesakes[b])))
    if not firsts:
        empty = np.empty(0, dtype=np.int64)
        return Pairs(empty, empty, empty, np.empty((0, len(NAME_FEATURES)), dtype=np.float32))
    return Pairs(
        np.concatenate(firsts), np.concatenate(seconds), np.concatenate(forms), np.array(rows, dtype=np.float32)
    )


def _crossed(
    mine: NDArray[np.int64], theirs: NDArray[np.int64] | None, free: NDArray[np.bool_] | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The pairs between two lists of mentions, or within one."""
    if free is None:
        for begin in range(0, min(len(mine), len(mine if theirs is None else theirs)), MOST_OF_A_NAME):
            some = mine[begin : begin + MOST_OF_A_NAME]
            yield _each(some) if theirs is None else _product(some, theirs[begin : begin + MOST_OF_A_NAME])
        return
    new, old = mine[free[mine]], mine[~free[mine]]
    if theirs is None:
        yield _each(new)
        yield _product(new, old)
    else:
        yield _product(new, theirs)
        yield _product(old, theirs[free[theirs]])


def _each(some: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    one, other = _places_of_pairs(len(some)) if len(some) <= SHORT else np.triu_indices(len(some), 1)
    return some[one], some[other]


@cache
def _places_of_pairs(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    one, other = np.triu_indices(size, 1)
    return one, other


def _product(some: NDArray[np.int64], others: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.repeat(some, len(others)), np.tile(others, len(some))


def _related(
    names: Sequence[PersonName],
    loose: Mapping[str, Sequence[tuple[str, str]]],
    relations: Mapping[tuple[str, str], str],
) -> dict[tuple[int, int], str]:
    """Every pair of different forms of one group that may be one person's, with the relation."""
    found: dict[tuple[int, int], str] = {}
    for (a, b), answer in compatible_pairs(names).items():
        word = "perhaps" if answer is None else relation(names[a], names[b])
        if word:
            found[a, b] = word
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name.folded].append(place)
    for key in places:
        for one, other in loose.get(key, ()):
            for a in places[one]:
                for b in places.get(other, ()):
                    found.setdefault((a, b) if a < b else (b, a), relations[one, other])
    return found


def name_features(a: PersonName, b: PersonName, word: str, namesakes: int) -> tuple[float, ...]:
    """What the two names alone tell, in the order of NAME_FEATURES.

    `rarity` is log10 of the people expected under the less telling name; a middle name that agrees leaves a tenth of
    them, a written-out one a hundredth. `namesakes`: mentions in the group with a name related to either.
    """
    rarity = max(bearers(a), bearers(b))
    agree = missing = 0
    if a.middle and b.middle:
        agree = 1 if all(len(w) == 1 for w in a.middle) or all(len(w) == 1 for w in b.middle) else 2
    elif a.middle or b.middle:
        missing = 1
    code = RELATION_CODE[word]
    if agree and code < RELATION_CODE["perhaps"]:
        rarity -= agree
    letters = sum(initials_only(name) or not name.given for name in (a, b))
    return rarity, code, letters, agree, missing, log10(namesakes)
