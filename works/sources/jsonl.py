"""The project's interchange format: one work a line as a JSON object; plain, gzip or Zstandard.

The format is published in `docs/interchange.md` and `docs/interchange.schema.json`. Files are read in bounded
memory. What is damaged is handed on as a record that says where and why, and never stops the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from researchgraph.errors import RecordRejected
from researchgraph.lib import streams
from researchgraph.lib.arxiv_categories import CATEGORIES
from researchgraph.lib.dates import EARLIEST_YEAR, LATEST_YEAR
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TITLE_LIMIT = 2_000
AUTHORS_LIMIT = 10_000
KEY_LIMIT = 300
TOO_DEEP = "The record nests its values too deeply."

Kind = Literal["preprint", "conference", "journal", "book", "thesis", "dataset", "other"]


class _Key(msgspec.Struct, gc=False):
    source_id: str = ""


class _Author(msgspec.Struct, gc=False):
    name: str
    position_index: int | None = None
    affiliation: str | None = None
    affiliation_domain: str | None = None
    role_position: str | None = None
    native_name: str | None = None
    homepage: str | None = None
    orcid: str | None = None
    openreview_id: str | None = None
    dblp: str | None = None
    google_scholar: str | None = None
    ieee_author_id: str | None = None
    acl_person_id: str | None = None
    openalex: str | None = None
    semantic_scholar: str | None = None


class _Line(msgspec.Struct, gc=False):
    """The published format. Fields it does not name are kept in the raw record and otherwise ignored."""

    source_id: Annotated[str, Meta(min_length=1, max_length=KEY_LIMIT)]
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LIMIT)]
    authors: Annotated[list[_Author], Meta(min_length=1, max_length=AUTHORS_LIMIT)]
    type: Kind | None = None
    abstract: str | None = None
    venue: str | None = None
    venue_key: str | None = None
    year: Annotated[int, Meta(ge=EARLIEST_YEAR, le=LATEST_YEAR)] | None = None
    date: str | None = None
    revision: str | None = None
    track: str | None = None
    status: str | None = None
    keywords: list[str] | None = None
    categories: list[str] | None = None
    doi: str | None = None
    arxiv: str | None = None
    openreview_forum: str | None = None
    identifiers: dict[str, str] | None = None
    site: str | None = None
    pdf: str | None = None
    github: str | None = None
    license: str | None = None
    language: str | None = None
    authors_truncated: bool = False
    affiliations_unaligned: list[str] | None = None


_KEY_DECODER = msgspec.json.Decoder(_Key)
_DECODER = msgspec.json.Decoder(_Line)
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
_PREPRINT_VENUES = ("arxiv", "corr", "biorxiv", "medrxiv", "chemrxiv", "ssrn", "preprint")
# Codes for what goes wrong most, so that a curator can filter for it; (field, part of the decoder's message).
_CODES = (
    ("title", "length <= ", "title-too-long", f"The title is longer than {TITLE_LIMIT:,} characters."),
    ("title", "length >= ", "title-missing", "The title is empty."),
    ("title", "missing", "title-missing", "The record has no title."),
    ("authors", "length >= ", "authors-missing", "The list of authors is empty."),
    ("authors", "missing", "authors-missing", "The record has no authors."),
    ("authors", "length <= ", "authors-too-many", f"The record has more than {AUTHORS_LIMIT:,} authors."),
    ("year", "`int` >= ", "year-implausible", f"The year is before {EARLIEST_YEAR}."),
    ("year", "`int` <= ", "year-implausible", f"The year is after {LATEST_YEAR}."),
    ("year", "out of range", "year-implausible", "The year is too large a number."),
)


class JsonlSource(Source):
    """Interchange files. The records' own `source` field is provenance for people; the key is `source_id`."""

    name: ClassVar[str] = "jsonl"
    label: ClassVar[str] = "Interchange file"

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. Memory is bounded by the longest line allowed, 16 MiB."""
        streams.check_readable(path)
        return _records(path)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        line = _decoded(raw.payload)
        return ParsedRecord(
            title=line.title,
            authors=tuple([_author(author) for author in _in_printed_order(line.authors)]),
            version=_version(line),
            identifiers=_identifiers(line),
            abstract=line.abstract or "",
            topics=_topics(line),
            authors_truncated=line.authors_truncated,
            unaligned_affiliations=tuple(line.affiliations_unaligned or ()),
            site_url=line.site or "",
            pdf_url=line.pdf or "",
            code_url=_code_url(line),
            license=line.license or "",
            language=line.language or "",
        )


def _records(path: Path) -> Iterator[RawRecord]:
    for line in streams.lines(path):
        origin = f"{path.name}:{line.number}"
        if line.problem:
            problem = f"{origin}: {line.problem}"
            yield RawRecord(key=_key(line.content), payload=line.content, origin=origin, problem=problem)
        elif line.content.strip():
            yield RawRecord(key=_key(line.content), payload=line.content, origin=origin)


def _key(payload: bytes) -> str:
    """The record's own id, read even from records that will be rejected; "" if it cannot be had."""
    try:
        key = _KEY_DECODER.decode(payload).source_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return key if key.isprintable() and len(key) <= KEY_LIMIT else ""


def _decoded(payload: bytes) -> _Line:
    """Raises RecordRejected with the path of the offending field."""
    try:
        str(payload, "utf-8")
        return _DECODER.decode(payload)
    except UnicodeDecodeError as error:
        message = f"The record is not UTF-8: byte {payload[error.start]:#04x} at offset {error.start:,}."
        raise RecordRejected("not-utf-8", message) from error
    except RecursionError as error:
        raise RecordRejected("json-too-deep", TOO_DEEP) from error
    except msgspec.ValidationError as error:
        raise (RecordRejected("json-too-deep", TOO_DEEP) if _too_deep(payload) else _invalid(str(error))) from error
    except msgspec.DecodeError as error:
        raise RecordRejected("json-invalid", f"The record is no JSON object: {error}.") from error


def _too_deep(payload: bytes) -> bool:
    """Whether a record of a wrong shape is also a nest of brackets, which is the better reason to give."""
    if payload.count(b"[") + payload.count(b"{") < 2 * AUTHORS_LIMIT:
        return False
    try:
        msgspec.json.decode(payload)
    except RecursionError:
        return True
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return False


def _invalid(message: str) -> RecordRejected:
    """The decoder's complaint as a rejection: "Expected `str`, got `int` - at `$.authors[0].name`"."""
    path = _PATH.search(message)
    missing = _MISSING.search(message)
    field = path[1] if path else ""
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
    for name, part, code, detail in _CODES:
        if field == name and part in message:
            return RecordRejected(code, detail, field)
    detail = _PATH.sub("", message).rstrip(".")
    return RecordRejected("field-missing" if missing else "field-invalid", f"{detail}.", field)


def _in_printed_order(authors: list[_Author]) -> list[_Author]:
    """By `position_index` if these count the bylines without gap or repeat, else in the file's order."""
    positions = [author.position_index for author in authors]
    expected = list(range(len(authors)))
    if positions == expected or None in positions:
        return authors
    start = min(position for position in positions if position is not None)
    if start in {0, 1} and sorted(positions) == [start + place for place in expected]:  # type: ignore[type-var]
        return sorted(authors, key=lambda author: author.position_index or 0)
    return authors


def _author(author: _Author) -> ParsedAuthor:
    affiliation = author.affiliation
    identifiers = {}
    if author.openreview_id:
        identifiers["openreview"] = author.openreview_id
    if author.orcid:
        identifiers["orcid"] = author.orcid
    if author.dblp:
        identifiers["dblp"] = author.dblp
    if author.google_scholar:
        identifiers["google_scholar"] = author.google_scholar
    if author.ieee_author_id:
        identifiers["ieee"] = author.ieee_author_id
    if author.acl_person_id:
        identifiers["acl"] = author.acl_person_id
    if author.openalex:
        identifiers["openalex"] = author.openalex
    if author.semantic_scholar:
        identifiers["semantic_scholar"] = author.semantic_scholar
    return ParsedAuthor(
        name=author.name,
        affiliations=tuple(affiliation.split("+")) if affiliation else (),
        affiliation_domain=author.affiliation_domain or "",
        identifiers=identifiers,
        homepage=author.homepage or "",
        role=author.role_position or "",
        native_name=author.native_name or "",
    )


def _version(line: _Line) -> ParsedVersion:
    venue = line.venue or ""
    return ParsedVersion(
        kind=line.type or _kind(venue.casefold(), arxiv=bool(line.arxiv)),
        venue=venue,
        venue_key=line.venue_key or "",
        year=line.year,
        date=line.date or "",
        status=line.status or "",
        track=line.track or "",
        revision=line.revision or "",
    )


def _kind(venue: str, *, arxiv: bool) -> Kind:
    """What a record without a stated type most likely is: the format grew up with conference papers."""
    if not venue:
        return "preprint" if arxiv else "other"
    return "preprint" if venue.startswith(_PREPRINT_VENUES) else "conference"


def _identifiers(line: _Line) -> tuple[tuple[str, str], ...]:
    found = []
    if line.doi:
        found.append(("doi", line.doi))
    if line.arxiv:
        found.append(("arxiv", line.arxiv))
    if line.openreview_forum:
        found.append(("openreview", line.openreview_forum))
    if line.identifiers:
        found += line.identifiers.items()
    return tuple(found)


def _topics(line: _Line) -> tuple[ParsedTopic, ...]:
    topics = []
    if line.categories:
        topics += [ParsedTopic("category", CATEGORIES.get(code, code), code) for code in line.categories]
    if line.keywords:
        topics += [ParsedTopic("keyword", keyword) for keyword in line.keywords]
    return tuple(topics)


def _code_url(line: _Line) -> str:
    if line.github:
        return f"https://github.com/{line.github}" if _REPOSITORY.fullmatch(line.github) else line.github
    return code_link(line.abstract) if line.abstract else ""
