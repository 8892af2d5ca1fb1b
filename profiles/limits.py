"""What identifiers and people settle about mentions, before any score. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from profiles.bounds import Bounds, anchored
from profiles.matching.limits import NOTHING, Classes, Limits, Places, Stated
from profiles.mentions import Mention

# One person has one ORCID iD and one DBLP page; different values forbid a join whatever else is shared.
HARD_SCHEMES: Final = frozenset({"orcid", "dblp"})
# Not about a person: shared by groups, or re-used.
IGNORED_SCHEMES: Final = frozenset({"homepage", "url", "email"})
_NUMBERED: Final = "openreview number of "


def identifiers_of(mention: Mention) -> dict[str, str]:
    """Scheme to value, of those that are about a person."""
    found = {s: v for s, v in mention.identifiers.items() if v and s not in IGNORED_SCHEMES}
    if "openreview" in found:
        # OpenReview numbers namesakes (~Wei_Wang12), so another number of the same name is somebody else.
        name = found["openreview"].rstrip("0123456789")
        found[f"{_NUMBERED}{name.lower()}"] = found["openreview"][len(name) :]
    return found


def _is_hard(scheme: str) -> bool:
    return scheme in HARD_SCHEMES or scheme.startswith(_NUMBERED)


def hard_identifiers(mention: Mention) -> dict[str, str]:
    """Scheme to value, of those of which a person has one."""
    return {s: v for s, v in identifiers_of(mention).items() if _is_hard(s)} if mention.identifiers else {}


def is_limited(mention: Mention) -> bool:
    """Whether a person has decided anything about the mention or who holds it."""
    return mention.fixed is not None or mention.claimed or bool(mention.barred)


def limits_of(mentions: Sequence[Mention], blocks: Iterable[Sequence[int]]) -> Limits:
    """The limits of all mentions, given the places of each block."""
    stated, classes = _Statements(len(mentions)), _Classes(len(mentions))
    together: list[list[int]] = []
    for block in blocks:
        stated.add(mentions, block)
        if any(is_limited(mentions[place]) for place in block):
            classes.add(mentions, block)
            together += [[block[index] for index in group] for group in anchored(mentions[place] for place in block)]
    return Limits(len(mentions), together=together, stated=stated.columns(), classes=classes.columns())


class _Statements:
    """What mentions state, gathered by scheme. The numbered schemes of all names share a column, each a family."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.numbers: dict[tuple[str, str], int] = {}
        self.families: dict[str, int] = {}
        self.found: dict[str, list[tuple[int, int, int, bool]]] = defaultdict(list)

    def add(self, mentions: Sequence[Mention], block: Sequence[int]) -> None:
        shared: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place in block:
            if mentions[place].identifiers:
                for item in identifiers_of(mentions[place]).items():
                    shared[item].append(place)
        for (scheme, value), places in shared.items():
            number = self.numbers.setdefault((scheme, value), len(self.numbers))
            family = self.families.setdefault(scheme, len(self.families))
            works = Counter(mentions[place].work for place in places)
            column = _NUMBERED if scheme.startswith(_NUMBERED) else scheme
            # Printed twice on one work it names nobody there.
            self.found[column] += [(place, number, family, works[mentions[place].work] == 1) for place in places]

    def columns(self) -> list[Stated]:
        return [self._column(scheme, np.array(rows)) for scheme, rows in self.found.items()]

    def _column(self, scheme: str, rows: Places) -> Stated:
        places, numbers, families, once = rows.T
        values, telling, family = (np.full(self.size, NOTHING, dtype=np.int64) for _ in range(3))
        values[places] = numbers
        telling[places] = np.where(once, numbers, NOTHING)
        family[places] = families
        return Stated(values, telling, _is_hard(scheme), family if scheme == _NUMBERED else None)


class _Classes:
    """Mentions by what people have decided about them, a square of clashes for each block that has any."""

    def __init__(self, size: int) -> None:
        self.numbers, self.base = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self.width = np.ones(size, dtype=np.int64)
        self.squares = [np.zeros(1, dtype=bool)]
        self.end = 1

    def add(self, mentions: Sequence[Mention], block: Sequence[int]) -> None:
        # Who holds a mention matters only where something was said about that record.
        named = {researcher for place in block for researcher in mentions[place].barred}
        keys: dict[tuple[object, ...], int] = {(None, frozenset(), frozenset()): 0}
        bounds = [Bounds()]
        for place in block:
            own = Bounds(mentions[place])
            key = own.anchor, frozenset(own.barred), frozenset(own.holders & named)
            if key not in keys:
                keys[key] = len(bounds)
                bounds.append(own)
            self.numbers[place] = keys[key]
        self.base[list(block)], self.width[list(block)] = self.end, len(bounds)
        self.squares.append(np.array([not one.allow(other) for one in bounds for other in bounds]))
        self.end += len(bounds) ** 2

    def columns(self) -> Classes | None:
        if len(self.squares) == 1:
            return None
        return Classes(self.numbers, self.base, self.width, np.concatenate(self.squares))
