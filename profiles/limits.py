"""What identifiers and people settle about mentions, before any score. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from profiles.bounds import Bounds, anchor_of, anchored
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
            records = _Records(mentions, block)
            stated.lend(records)
            classes.add(mentions, block, records)
            together += [[block[index] for index in group] for group in anchored(mentions[place] for place in block)]
    return Limits(len(mentions), together=together, stated=stated.columns(), classes=classes.columns())


class _Records:
    """The records that hold bylines of a block in which a person has decided something.

    `touched` are those a person placed a byline with; `anchored` has the places of these bylines.
    """

    def __init__(self, mentions: Sequence[Mention], block: Sequence[int]) -> None:
        self.touched: set[int] = set()
        self.anchored: list[tuple[int, int]] = []
        self.stated: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for place in block:
            mention = mentions[place]
            anchor = anchor_of(mention)
            if anchor is not None:
                self.touched.add(anchor)
                self.anchored.append((place, anchor))
            record = mention.holder if anchor is None else anchor
            if record is not None:
                for scheme, value in hard_identifiers(mention).items():
                    self.stated[record][scheme].add(value)

    def only_values(self, record: int) -> Iterator[tuple[str, str]]:
        """The schemes, of which a person has one value, in which the record states one value."""
        for scheme, values in self.stated.get(record, {}).items():
            if len(values) == 1:
                yield scheme, next(iter(values))

    def share_identifier(self, one: int, other: int) -> bool:
        """Whether two records state one identifier of which a person has one, and no different ones."""
        mine, theirs = self.stated.get(one, {}), self.stated.get(other, {})
        both = mine.keys() & theirs.keys()
        return bool(both) and all(mine[scheme] == theirs[scheme] for scheme in both)


class _Statements:
    """What mentions state, gathered by scheme. The numbered schemes of all names share a column, each a family."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.numbers: dict[tuple[str, str], int] = {}
        self.families: dict[str, int] = {}
        self.found: dict[str, list[tuple[int, int, int, bool]]] = defaultdict(list)
        self.places: dict[str, set[int]] = defaultdict(set)

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
            self.places[column].update(places)

    def lend(self, records: _Records) -> None:
        """What a record states, said of every byline that a person placed with it and that states nothing of the kind.

        It tells the byline apart from others as the record is told apart, and joins it to nobody.
        """
        for place, record in records.anchored:
            for scheme, value in records.only_values(record):
                column = _NUMBERED if scheme.startswith(_NUMBERED) else scheme
                if place not in self.places[column]:
                    number = self.numbers.setdefault((scheme, value), len(self.numbers))
                    family = self.families.setdefault(scheme, len(self.families))
                    self.found[column].append((place, number, family, False))

    def columns(self) -> list[Stated]:
        return [self._column(scheme, np.array(rows)) for scheme, rows in self.found.items()]

    def _column(self, scheme: str, rows: Places) -> Stated:
        places, numbers, families, once = rows.T
        values, telling, family = (np.full(self.size, NOTHING, dtype=np.int64) for _ in range(3))
        values[places] = numbers
        telling[places] = np.where(once, numbers, NOTHING)
        family[places] = families
        return Stated(values, telling, _is_hard(scheme), family if scheme == _NUMBERED else None)


def _of_two(one: int | None, other: int | None, records: _Records) -> bool:
    """Whether two bylines are of two records of which a person has touched one: only an identifier joins such records."""
    if one is None or other is None or one == other or not {one, other} & records.touched:
        return False
    return not records.share_identifier(one, other)


class _Classes:
    """Mentions by what people have decided about them, a square of clashes for each block that has any."""

    def __init__(self, size: int) -> None:
        self.numbers, self.base = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self.width = np.ones(size, dtype=np.int64)
        self.squares = [np.zeros(1, dtype=bool)]
        self.end = 1

    def add(self, mentions: Sequence[Mention], block: Sequence[int], records: _Records) -> None:
        # Who holds a mention matters only where something was said about that record.
        named = {researcher for place in block for researcher in mentions[place].barred}
        keys: dict[tuple[object, ...], int] = {(None, frozenset(), frozenset(), None): 0}
        bounds: list[tuple[Bounds, int | None]] = [(Bounds(), None)]
        for place in block:
            own = Bounds(mentions[place])
            record = next(iter(own.holders), None) if records.touched else None
            key = own.anchor, frozenset(own.barred), frozenset(own.holders & named), record
            if key not in keys:
                keys[key] = len(bounds)
                bounds.append((own, record))
            self.numbers[place] = keys[key]
        square = np.zeros((len(bounds), len(bounds)), dtype=bool)
        for number, (own, record) in enumerate(bounds):
            if own.anchor is not None or own.barred or record in records.touched:
                row = [not own.allow(other) or _of_two(record, held, records) for other, held in bounds]
                square[number] |= row
                square[:, number] |= row
        self.base[list(block)], self.width[list(block)] = self.end, len(bounds)
        self.squares.append(square.ravel())
        self.end += square.size

    def columns(self) -> Classes | None:
        if len(self.squares) == 1:
            return None
        return Classes(self.numbers, self.base, self.width, np.concatenate(self.squares))
