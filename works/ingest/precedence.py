"""Which source is believed first, field by field: one table, and how an operator replaces rows of it. Pure.

A row lists names of sources, the most believed first, and three words:

`*`          the place of every source that the row does not name, plug-ins among them;
`preprints`  what is said about a preprint stands no higher than here, whoever says it (among such statements the order
             of the row holds: arXiv leads it, and so speaks first of preprints and never before a publisher);
`otherwise`  what follows is used only where none of the sources before it says anything. It may stand several times.

Files that authors upload stand behind everything else in every row, an operator's rows included (`UNPROVEN`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

OTHERS: Final = "*"
PREPRINTS: Final = "preprints"
OTHERWISE: Final = "otherwise"
UNPROVEN: Final = "author_bibtex"
"""Whoever holds some record may write what they like about anybody's works."""

_PUBLISHERS = "acl pubmed crossref openreview datacite"
_AGGREGATES = "openalex semantic_scholar"
# What people typed or let a program collect: the first to be wrong, and often all there is.
_LISTS = "orcid csl_json bibtex ris"
_FACTS = f"arxiv arxiv_oai {_PUBLISHERS} dblp oai * {_AGGREGATES} preprints otherwise {_LISTS}"

TABLE: Final[Mapping[str, str]] = {
    "title": _FACTS,
    # ACL, OpenReview and dblp know people behind names; Crossref often has initials.
    "authors": (
        f"arxiv arxiv_oai acl openreview pubmed dblp crossref datacite oai * {_AGGREGATES} preprints otherwise {_LISTS}"
    ),
    "type": f"{_PUBLISHERS} dblp arxiv arxiv_oai oai * {_AGGREGATES} {_LISTS}",
    "year": f"{_PUBLISHERS} dblp arxiv arxiv_oai oai * {_AGGREGATES} {_LISTS}",
    "date": f"arxiv arxiv_oai {_PUBLISHERS} dblp oai * {_AGGREGATES} otherwise {_LISTS}",
    # dblp and ACL name series as people do; Crossref names the printed volume.
    "venue": f"acl openreview dblp pubmed crossref datacite oai arxiv arxiv_oai * {_AGGREGATES} otherwise {_LISTS}",
    # Aggregates rebuild abstracts from indexes, and lists hold notes.
    "abstract": f"arxiv arxiv_oai {_PUBLISHERS} oai dblp * otherwise {_AGGREGATES} {_LISTS}",
    "license": f"arxiv arxiv_oai {_PUBLISHERS} oai * dblp {_AGGREGATES} otherwise {_LISTS}",
    "pdf_url": f"acl openreview arxiv arxiv_oai pubmed oai datacite crossref * {_AGGREGATES} dblp otherwise {_LISTS}",
    "site_url": f"{_PUBLISHERS} arxiv arxiv_oai oai * dblp {_AGGREGATES} otherwise {_LISTS}",
    "code_url": f"openreview acl arxiv arxiv_oai datacite * pubmed crossref dblp oai {_AGGREGATES} {_LISTS}",
    "identifiers": f"{_PUBLISHERS} arxiv arxiv_oai dblp oai * {_AGGREGATES} {_LISTS}",
    # The first category is the work's primary one.
    "topics": f"arxiv arxiv_oai pubmed acl openreview datacite oai crossref dblp * {_AGGREGATES} {_LISTS}",
}


class Row(msgspec.Struct, frozen=True):
    """One row, read: the place of each named source, and of the three words (-1 for `preprints` if it lacks that)."""

    places: dict[str, int]
    others: int
    preprints: int
    otherwise: tuple[int, ...]

    def place(self, source: str, *, preprint: bool) -> tuple[int, int]:
        """Where a statement of the source stands; the smaller, the more it is believed."""
        own = self.places.get(source, self.others)
        return (max(own, self.preprints) if preprint else own), own

    def resort(self, place: tuple[int, int]) -> int:
        """0 for a statement of this place that is used at once, 1 where there is no such one, and so on."""
        return sum(1 for word in self.otherwise if place[0] > word)


Precedence = Mapping[str, Row]


def _row(words: str) -> Row:
    listed = words.split()
    named = [word for word in listed if word not in {OTHERWISE, UNPROVEN}]
    if len(set(named)) < len(named):
        raise ValueError("names a source twice")
    listed = [*(word for word in listed if word != UNPROVEN), OTHERWISE, UNPROVEN]
    otherwise = tuple(place for place, word in enumerate(listed) if word == OTHERWISE)
    places = {word: place for place, word in enumerate(listed) if word != OTHERWISE}
    if OTHERS not in places:
        raise ValueError(f"lacks {OTHERS}, the place of all sources that it does not name")
    return Row(places, places.pop(OTHERS), places.pop(PREPRINTS, -1), otherwise)


def read(text: str = "") -> Precedence:
    """The table with the rows of `text` in place of its own: "title: acl crossref *; license: datacite * openalex".

    Raises ValueError with a sentence for people when a row is not readable or names a field that there is none of.
    """
    rows = dict(TABLE)
    for part in filter(None, (part.strip() for part in text.split(";"))):
        field, colon, words = part.partition(":")
        field = field.strip()
        if not colon or field not in TABLE:
            raise ValueError(f"{part!r} does not begin with one of the fields {', '.join(TABLE)} and a colon")
        rows[field] = words
    alike: dict[str, Row] = {}
    for field, words in rows.items():
        try:
            alike[words] = alike.get(words) or _row(words)
        except ValueError as error:
            raise ValueError(f"the row of {field} {error}") from None
    return {field: alike[words] for field, words in rows.items()}


DEFAULT: Final = read()
