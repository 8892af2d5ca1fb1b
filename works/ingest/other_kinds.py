"""Records that are no works, in canonical form: institutions and episodes. Pure and idempotent.

`canonical` is what comes between any source's `parse` and the database, for records of all kinds.
"""

from __future__ import annotations

import re
from typing import Final, overload

from researchgraph.errors import RecordRejected
from researchgraph.lib import dates, identifiers
from researchgraph.lib.links import safe_url
from researchgraph.lib.text import clean, fold
from works.ingest.normalise import normalise
from works.records import Parsed, ParsedEpisode, ParsedInstitution, ParsedRecord

NAME_LIMIT: Final = 500
NAMES_LIMIT: Final = 200
TITLE_LIMIT: Final = 1_000
TITLES_LIMIT: Final = 60
IDENTIFIERS_LIMIT: Final = 200
LEAST_WORDS, LEAST_LETTERS = 3, 15
"""A shorter text is no title that anybody need be asked about."""

STATUSES: Final = frozenset({"active", "inactive", "withdrawn"})
_COUNTRY = re.compile(r"[A-Z]{2}")


@overload
def canonical(record: ParsedRecord) -> ParsedRecord: ...
@overload
def canonical(record: ParsedInstitution) -> ParsedInstitution: ...
@overload
def canonical(record: ParsedEpisode) -> ParsedEpisode: ...
def canonical(record: Parsed) -> Parsed:
    """A record of any kind in canonical form. Raises RecordRejected with the field that makes it unusable."""
    if isinstance(record, ParsedRecord):
        return normalise(record)
    return _institution(record) if isinstance(record, ParsedInstitution) else _episode(record)


def _institution(stated: ParsedInstitution) -> ParsedInstitution:
    name = _text(stated.name, NAME_LIMIT)
    if not fold(name):
        raise RecordRejected("name-missing", "The name has no letter or digit.", "name")
    known = _identifiers(stated.identifiers)
    if not any(scheme in {"ror", "openalex"} for scheme, _ in known):
        raise RecordRejected("identifier-missing", "The registry gives no identifier that holds.", "identifiers")
    country = stated.country.strip().upper()
    year = stated.established
    return ParsedInstitution(
        name=name,
        identifiers=known,
        names=tuple(one for one in _names(stated.names) if one != name),
        acronyms=_names(stated.acronyms),
        country=country if _COUNTRY.fullmatch(country) else "",
        country_name=_text(stated.country_name, NAME_LIMIT),
        city=_text(stated.city, NAME_LIMIT),
        homepage=safe_url(stated.homepage),
        kinds=tuple(dict.fromkeys(kind for one in stated.kinds if (kind := _text(one, NAME_LIMIT).lower()))),
        established=year if year is not None and 0 < year <= dates.LATEST_YEAR else None,
        status=stated.status if stated.status in STATUSES else "active",
        successors=tuple(
            (ror, _text(label, NAME_LIMIT))
            for value, label in stated.successors
            if (ror := identifiers.canonical("ror", value))
        ),
    )


def _episode(stated: ParsedEpisode) -> ParsedEpisode:
    title = _text(stated.title, TITLE_LIMIT)
    if not fold(title):
        raise RecordRejected("title-missing", "The title has no letter or digit.", "title")
    seconds = stated.seconds
    return ParsedEpisode(
        title=title,
        show=_text(stated.show, TITLE_LIMIT),
        link=safe_url(stated.link),
        date=dates.canonical(stated.date),
        seconds=seconds if seconds is not None and 0 < seconds < 1_000_000 else None,
        identifiers=_identifiers(stated.identifiers)[:IDENTIFIERS_LIMIT],
        titles=tuple(dict.fromkeys(one for raw in stated.titles if _asked(one := _text(raw, TITLE_LIMIT))))[
            :TITLES_LIMIT
        ],
    )


def _asked(text: str) -> bool:
    """Whether a text is long enough to be the title of one work rather than a phrase."""
    words = fold(text).split()
    return len(words) >= LEAST_WORDS and sum(map(len, words)) >= LEAST_LETTERS


def _text(raw: str, limit: int) -> str:
    return clean(raw)[:limit].rstrip()


def _names(raw: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in raw if fold(name := _text(one, NAME_LIMIT))))[:NAMES_LIMIT]


def _identifiers(raw: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(pair for stated in raw if (pair := identifiers.canonical_pair(*stated))))
