"""Two works side by side: what both state, where they differ, how far apart they are by facet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import msgspec

from researchgraph.lib.text import fold
from works.ingest.match import GENERIC_TITLES, NEAR_YEARS, SAME_OVERLAP, SINGLE_VALUED, SOME_OVERLAP, overlap


class Side(msgspec.Struct, frozen=True):
    """What one work states. `author_keys` are those of `authors`, as matching compares them."""

    title: str
    title_key: str
    authors: list[str]
    author_keys: list[str]
    venue: str
    year: int | None
    identifiers: list[tuple[str, str]]


class Piece(msgspec.Struct, frozen=True):
    """A bit of a value, and whether the other side has it too (True), has another one (False), or none (None)."""

    text: str
    shared: bool | None = None
    label: str = ""


class Facet(msgspec.Struct, frozen=True):
    """One row of the comparison. `score` is what the rule makes of it in words, `note` where its thresholds are."""

    key: str
    label: str
    one: list[Piece]
    other: list[Piece]
    score: str = ""
    note: str = ""
    more: tuple[int, int] = (0, 0)


AUTHORS_SHOWN = 12


def compared(one: Side, other: Side) -> list[Facet]:
    """The facets in the order of the card."""
    return [
        _titles(one, other),
        _authors(one, other),
        _plain("venue", "Venue", one.venue, other.venue),
        _years(one, other),
        _identifiers(one, other),
    ]


def alike(one: Side, other: Side) -> float:
    """Share of the shorter author list that the longer one contains, from 0 to 1."""
    return overlap(one.author_keys, other.author_keys)


def _titles(one: Side, other: Side) -> Facet:
    mine, theirs = one.title.split(), other.title.split()
    pieces: tuple[list[Piece], list[Piece]] = ([], [])
    matcher = SequenceMatcher(None, [fold(w) or w for w in mine], [fold(w) or w for w in theirs], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        same = tag == "equal"
        if b > a:
            pieces[0].append(Piece(" ".join(mine[a:b]), same))
        if d > c:
            pieces[1].append(Piece(" ".join(theirs[c:d]), same))
    equal = one.title_key == other.title_key
    share = 1.0 if equal else SequenceMatcher(None, one.title_key, other.title_key, autojunk=False).ratio()
    note = "generic title: decides nothing" if one.title_key in GENERIC_TITLES else "the rule asks for 1.00"
    return Facet("title", "Title", *pieces, f"{share:.2f}", note)


def _authors(one: Side, other: Side) -> Facet:
    def listed(side: Side, against: Side) -> list[Piece]:
        known = set(against.author_keys)
        pairs = zip(side.authors, side.author_keys, strict=True)
        return [Piece(name, key in known) for name, key in list(pairs)[:AUTHORS_SHOWN]]

    more = (max(0, len(one.authors) - AUTHORS_SHOWN), max(0, len(other.authors) - AUTHORS_SHOWN))
    note = f"same from {SAME_OVERLAP:.2f}, asked from {SOME_OVERLAP:.2f}"
    return Facet(
        "authors", "Authors", listed(one, other), listed(other, one), f"{alike(one, other):.2f}", note, more
    )  # fmt: skip


def _plain(key: str, label: str, mine: str, theirs: str) -> Facet:
    same = fold(mine) == fold(theirs) if mine and theirs else None
    score = "" if same is None else "same" if same else "different"
    pieces = [[Piece(value, same)] if value else [] for value in (mine, theirs)]
    return Facet(key, label, pieces[0], pieces[1], score, "not decisive" if score else "")


def _years(one: Side, other: Side) -> Facet:
    found = _plain("year", "Year", str(one.year or ""), str(other.year or ""))
    if not one.year or not other.year:
        return msgspec.structs.replace(found, score="", note="")
    apart = abs(one.year - other.year)
    words = "same" if not apart else "1 year apart" if apart == 1 else f"{apart} years apart"
    return msgspec.structs.replace(found, score=words, note=f"same up to {NEAR_YEARS}")


def _identifiers(one: Side, other: Side) -> Facet:
    def listed(side: Side, against: Side) -> list[Piece]:
        theirs = dict(against.identifiers)
        return [
            Piece(
                value, True if (scheme, value) in against.identifiers else False if scheme in theirs else None, scheme
            )
            for scheme, value in side.identifiers
        ]

    shared = set(one.identifiers) & set(other.identifiers)
    clash = clashes(one, other)
    score = "shared" if shared else "conflict" if clash else ""
    note = f"a work has one {clash[0]}" if clash and not shared else ""
    return Facet("identifiers", "Identifiers", listed(one, other), listed(other, one), score, note)


def clashes(one: Side, other: Side) -> Sequence[str]:
    """Schemes of which a work has one value, and the two state different ones."""
    mine, theirs = dict(one.identifiers), dict(other.identifiers)
    return [scheme for scheme in sorted(SINGLE_VALUED & mine.keys() & theirs.keys()) if mine[scheme] != theirs[scheme]]
