"""CSL-JSON, the form in which citation processors, Zotero and DOI content negotiation hand out items.

One record is one item. The key is the DOI, else the item's id if it is more than a running number, else what a citation
would say: title, authors and year.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers
from researchgraph.lib.links import code_link
from researchgraph.lib.text import fold
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import bibliography, documents, json_objects
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPECTED = "CSL-JSON"
VOLATILE = frozenset({"indexed", "score", "is-referenced-by-count", "deposited"})
"""What Crossref adds about its own index; it changes when the item does not."""

KINDS = {
    "article": "preprint",
    "article-journal": "journal",
    "article-magazine": "journal",
    "review": "journal",
    "review-book": "journal",
    "periodical": "journal",
    "journal-article": "journal",
    "paper-conference": "conference",
    "proceedings": "conference",
    "proceedings-article": "conference",
    "book": "book",
    "chapter": "book",
    "classic": "book",
    "collection": "book",
    "entry": "book",
    "entry-dictionary": "book",
    "entry-encyclopedia": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-chapter": "book",
    "book-section": "book",
    "thesis": "thesis",
    "dissertation": "thesis",
    "dataset": "dataset",
    "posted-content": "preprint",
}
"""Item types of CSL 1.0.2 and those of Crossref that its answers mix in. What is not listed is "other"."""

WHOLE = frozenset(
    {"book", "classic", "collection", "monograph", "edited-book", "reference-book", "thesis", "dissertation", "report"}
)
"""Types whose ISBN is their own; that of a chapter or paper names the volume, as every ISSN names the journal."""

EDITED = frozenset({"book", "collection", "edited-book", "reference-book", "monograph", "periodical", "proceedings"})
"""Types that editors stand for when there is no author."""

_RUNNING = re.compile(r"(?:ITEM-|item)?[0-9]{1,6}")
_RAW_DATE = re.compile(r"\s*(\d{4})(?:[-/](\d{1,2})(?!\d)(?:[-/](\d{1,2})(?!\d))?)?(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_NOTED = re.compile(r"^[ \t]{0,20}(DOI|PMID|PMCID|arXiv)[ \t]{0,4}:[ \t]{0,4}(\S{1,300})", re.IGNORECASE | re.MULTILINE)
_ITEM = frozenset({"title", "author", "DOI", "issued", "container-title", "editor"})


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Name(msgspec.Struct, gc=False, rename="kebab"):
    family: str | None = None
    given: str | None = None
    literal: str | None = None
    name: str | None = None
    suffix: str | None = None
    dropping_particle: str | None = None
    non_dropping_particle: str | None = None
    comma_suffix: bool | str | int | None = None
    affiliation: list[_Named | str] | _Named | str | None = None
    institution: list[_Named | str] | _Named | str | None = None
    orcid: str | None = msgspec.field(name="ORCID", default=None)
    orcid_too: str | None = msgspec.field(name="orcid", default=None)


class _Date(msgspec.Struct, gc=False, rename="kebab"):
    date_parts: list[list[int | float | str | None] | int | str | None] | None = None
    raw: str | int | None = None
    literal: str | int | None = None
    date_time: str | None = None


class _License(msgspec.Struct, gc=False, rename="kebab"):
    url: str = msgspec.field(name="URL", default="")
    content_version: str = ""


class _Item(msgspec.Struct, gc=False, rename="kebab"):
    type: str | None = None
    title: str | list[str] | None = None
    subtitle: str | list[str] | None = None
    author: list[_Name] | None = None
    editor: list[_Name] | None = None
    director: list[_Name] | None = None
    composer: list[_Name] | None = None
    issued: _Date | str | int | None = None
    published: _Date | str | None = None
    published_online: _Date | str | None = None
    published_print: _Date | str | None = None
    container_title: str | list[str] | None = None
    collection_title: str | list[str] | None = None
    event_title: str | list[str] | None = None
    event: Any = None
    publisher: str | None = None
    abstract: str | None = None
    keyword: str | list[str] | None = None
    categories: list[str] | str | None = None
    subject: list[str] | str | None = None
    note: str | None = None
    number: str | int | None = None
    archive: str | None = None
    archive_location: str | None = None
    archive_location_old: str | None = msgspec.field(name="archive_location", default=None)
    language: str | None = None
    license: list[_License] | str | None = None
    doi: str | None = msgspec.field(name="DOI", default=None)
    pmid: str | int | None = msgspec.field(name="PMID", default=None)
    pmcid: str | int | None = msgspec.field(name="PMCID", default=None)
    isbn: str | list[str] | None = msgspec.field(name="ISBN", default=None)
    url: str | None = msgspec.field(name="URL", default=None)


_DECODER = msgspec.json.Decoder(_Item)


class CslJsonSource(Source):
    """Items of CSL-JSON files: arrays, single items, and items line by line."""

    name: ClassVar[str] = "csl_json"
    label: ClassVar[str] = "CSL-JSON"
    identified: ClassVar[bool] = False

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. Memory is bounded by the largest item allowed, 16 MiB."""
        keys = bibliography.Keys()
        recognised = False
        for found in json_objects.objects(path, EXPECTED):
            origin = f"{path.name}:{found.number}"
            problem, items = found.problem, []
            if not problem:
                try:
                    items = list(_items(found.content))
                except RecordRejected as rejected:
                    problem = rejected.detail
            if not recognised and not any(item.keys() & _ITEM for item, _ in items):
                reason = problem or "it holds no item with a title, an author or a DOI"
                message = f"{path} is no {EXPECTED}: {reason.rstrip('.')}."
                raise SourceUnavailable(message)
            recognised = True
            if problem:
                yield RawRecord(key="", payload=found.content, origin=origin, problem=f"{origin}: {problem}")
            for place, (item, payload) in enumerate(items, 1):
                key = keys.key(_key(item), payload)
                if key is not None:
                    yield RawRecord(key, payload, f"{origin}.{place}" if len(items) > 1 else origin)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        item = documents.decode(raw.payload, _DECODER)
        title = bibliography.readable(_first(item.title))
        if not fold(title):
            raise RecordRejected("title-missing", "The item has no title.", "title")
        if fold(_first(item.subtitle)):
            title = f"{title}: {bibliography.readable(_first(item.subtitle))}"
        item_type = (item.type or "").strip().lower()
        authors, truncated = _authors(item, item_type)
        found = _identifiers(item, item_type)
        arxiv = next((value for scheme, value in found if scheme == "arxiv"), "")
        date = _date(item)
        kind = KINDS.get(item_type, "other")
        venue = _venue(item, kind)
        if kind in {"other", "preprint"} and (arxiv or fold(venue).startswith("arxiv")):
            kind, venue = "preprint", "arXiv"
        url = item.url or ""
        return ParsedRecord(
            title=title,
            authors=authors,
            version=ParsedVersion(
                kind=kind,
                venue=venue,
                venue_key="arxiv" if venue == "arXiv" else "",
                year=int(date.split("-")[0]) if date else None,
                date=date,
                revision=identifiers.arxiv_version(arxiv),
            ),
            identifiers=found,
            abstract=bibliography.readable(item.abstract or ""),
            topics=tuple(ParsedTopic("keyword", word) for word in _keywords(item)),
            authors_truncated=truncated,
            site_url=url,
            pdf_url=url if url.lower().endswith(".pdf") else "",
            code_url=code_link(" ".join([url, item.note or "", item.abstract or ""])),
            license=_license(item),
            language=item.language or "",
        )


# Reading


def _items(content: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The item an object is, or the items it wraps."""
    value, payload = json_objects.canonical(content, VOLATILE)
    wrapped = value.get("items")
    if not isinstance(wrapped, list) or value.keys() & _ITEM:
        yield value, payload
        return
    for item in wrapped:
        if isinstance(item, dict):
            yield json_objects.canonical(msgspec.json.encode(item), VOLATILE)


def _key(item: dict[str, Any]) -> str:
    doi = item.get("DOI")
    known = identifiers.canonical("doi", doi) if isinstance(doi, str) else None
    if known:
        return known
    stated = item.get("id")
    if isinstance(stated, str) and stated.strip() and not _RUNNING.fullmatch(stated.strip()):
        return identifiers.canonical("doi", stated) or stated
    cited = [fold(str(item.get(field) or "")) for field in ("title", "author", "issued")]
    return f"t-{json_objects.digest(*cited)}" if cited[0] else ""


# Parsing


def _first(value: str | list[str] | None) -> str:
    if isinstance(value, list):
        return next((text for text in value if text.strip()), "")
    return value or ""


def _authors(item: _Item, item_type: str) -> tuple[tuple[ParsedAuthor, ...], bool]:
    """The authors in printed order and whether there are more. Editors count if a volume has no author."""
    stated, field, role = item.author or item.director or item.composer or [], "author", ""
    if not stated and item_type in EDITED:
        stated, field, role = item.editor or [], "editor", "editor"
    authors = []
    truncated = False
    for place, name in enumerate(stated):
        printed = _printed(name)
        if bibliography.is_rest(printed):
            truncated = True
        elif not fold(printed):
            raise RecordRejected("author-unnamed", "This author has no name.", f"{field}[{place}]")
        else:
            orcid = name.orcid or name.orcid_too
            authors.append(
                ParsedAuthor(
                    printed,
                    affiliations=(*_places(name.affiliation), *_places(name.institution)),
                    identifiers={"orcid": orcid} if orcid else {},
                    role=role,
                )
            )
    if not authors:
        raise RecordRejected("authors-missing", "The item names no author.", "author")
    return tuple(authors), truncated


def _printed(name: _Name) -> str:
    parts = (name.given, name.dropping_particle, name.non_dropping_particle, name.family)
    printed = " ".join(part.strip() for part in parts if part and part.strip())
    if not printed:
        return (name.literal or name.name or "").strip()
    suffix = (name.suffix or "").strip()
    if not suffix:
        return printed
    return f"{printed}, {suffix}" if name.comma_suffix else f"{printed} {suffix}"


def _places(value: list[_Named | str] | _Named | str | None) -> Iterator[str]:
    for place in value if isinstance(value, list) else [value] if value else []:
        text = place if isinstance(place, str) else place.name
        if text.strip():
            yield text


def _date(item: _Item) -> str:
    """The partial date of issue; Crossref leaves it empty for some items, but says when they came out."""
    stated = (item.issued, item.published, item.published_online, item.published_print)
    return next((date for date in map(_partial, stated) if date), "")


def _partial(date: _Date | str | int | None) -> str:
    if isinstance(date, _Date):
        first = next(iter(date.date_parts or []), None)
        numbers = [_number(part) for part in (first if isinstance(first, list) else [first])]
        if numbers and numbers[0]:
            return _joined(numbers)
        return next((found for found in map(_partial, (date.raw, date.literal, date.date_time)) if found), "")
    text = str(date or "")
    match = _RAW_DATE.match(text)
    if match:
        return _joined([int(part) if part else 0 for part in match.groups()])
    year = _YEAR.search(text)
    return year[1] if year else ""


def _number(part: float | str | None) -> int:
    if isinstance(part, str):
        return int(part) if part.strip().isascii() and part.strip().isdecimal() and len(part) < 7 else 0
    return int(part) if part and abs(part) < 1_000_000 else 0


def _joined(numbers: list[int]) -> str:
    date = f"{numbers[0]:04}"
    if len(numbers) > 1 and 1 <= numbers[1] <= 12:
        date += f"-{numbers[1]:02}"
        if len(numbers) > 2 and 1 <= numbers[2] <= 31:
            date += f"-{numbers[2]:02}"
    return date


def _venue(item: _Item, kind: str) -> str:
    places = [_first(item.container_title), _first(item.event_title)]
    if isinstance(item.event, str):
        places.append(item.event)
    if kind in {"book", "thesis", "preprint", "dataset", "other"}:
        places.append(item.publisher or "")
    return next((bibliography.readable(place) for place in places if place.strip()), "")


def _identifiers(item: _Item, item_type: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if item.doi:
        found.append(("doi", item.doi))
    if item.pmid:
        found.append(("pmid", str(item.pmid)))
    if item.pmcid:
        found.append(("pmcid", str(item.pmcid)))
    found += [(scheme.lower(), value) for scheme, value in _NOTED.findall(item.note or "")]
    location = item.archive_location or item.archive_location_old or ""
    archived = location if fold(item.archive or "") in {"arxiv", "arxiv org"} else ""
    texts = (item.url or "", str(item.number or ""), item.note or "", _first(item.container_title), f"arXiv:{archived}")
    found += [("arxiv", value) for value in map(bibliography.arxiv_in, texts) if value]
    known = bibliography.identifier(item.url or "")
    if known and known[0] not in {scheme for scheme, _ in found}:
        found.append(known)
    if item_type in WHOLE:
        stated = item.isbn if isinstance(item.isbn, list) else re.split(r"[,;/ ]", item.isbn or "")
        found += [("isbn", isbn) for isbn in stated if isbn.strip()]
    unique = {
        (scheme, identifiers.canonical(scheme, value) or value): (scheme, value) for scheme, value in reversed(found)
    }
    return tuple(reversed(unique.values()))


def _keywords(item: _Item) -> Iterator[str]:
    for stated in (item.keyword, item.categories, item.subject):
        if isinstance(stated, str):
            yield from (word.strip() for word in stated.split(";" if ";" in stated else ",") if word.strip())
        else:
            yield from (word for word in stated or [] if word.strip())


def _license(item: _Item) -> str:
    """The licence of the version of record; those for text mining say nothing about readers."""
    if isinstance(item.license, str):
        return item.license
    stated = [one.url for one in item.license or [] if one.content_version != "tdm"]
    return next((url for url in stated if url and "tdm" not in url), "")
