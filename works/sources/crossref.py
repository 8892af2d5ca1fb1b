"""Crossref: answers of its REST interface, the files of its yearly public data file, and the live service.

One record is one DOI as its publisher deposited it. What a publisher says about other documents (references, reviews,
supplements) is left alone; only versions of the same work count as its identifiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import dates, identifiers, markup
from researchgraph.lib.http import Http
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import documents, pages, queries
from works.sources.base import Source
from works.sources.documents import Look
from works.sources.pages import Page, RefusedError

ENDPOINT = "https://api.crossref.org/works"
INTERVAL = 1.0
"""Crossref's limit for lists: one request a second, three for those who name a contact, as every request here does."""

PAGE = 200
LISTS = frozenset({"items", "message"})
WRAPPERS = frozenset({"message"})
ASKED = frozenset({"_id", "score", "indexed"})
"""What depends on the question and on the time of the answer: relevance, the day of indexing, a database's own key."""

_KINDS = {
    "journal-article": "journal",
    "proceedings-article": "conference",
    "proceedings": "conference",
    "posted-content": "preprint",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-set": "book",
    "book-chapter": "book",
    "book-part": "book",
    "book-section": "book",
    "book-track": "book",
    "reference-entry": "book",
    "dissertation": "thesis",
    "dataset": "dataset",
    "database": "dataset",
}
_POSTED = {"dissertation": "thesis", "report": "other", "other": "other", "letter": "other"}
# DOIs of containers and of money, under which works appear.
_CONTAINERS = frozenset(
    {
        "journal",
        "journal-issue",
        "journal-volume",
        "book-series",
        "proceedings-series",
        "report-series",
        "standard-series",
        "grant",
    }
)
# Only of these the ISBN is the work's own, not that of the book around it.
_WITH_ISBN = frozenset(
    {"book", "monograph", "edited-book", "reference-book", "book-set", "proceedings", "dissertation", "report"}
)
_SAME_WORK = (
    "is-preprint-of",
    "has-preprint",
    "is-version-of",
    "has-version",
    "is-same-as",
    "is-identical-to",
    "is-manuscript-of",
    "has-manuscript",
)
_RETRACTIONS = frozenset({"retraction", "withdrawal", "removal"})
# What other lists of Crossref hold, by names that only they have.
_FOREIGN = (
    ("agency", "answers about registration agencies"),
    ("primary-name", "members of Crossref"),
    ("alt-names", "funders"),
    ("coverage", "journals"),
    ("breakdowns", "journals"),
    ("work-count", "licenses"),
    ("label", "types of works"),
    ("prefix", "prefixes of DOIs"),
)

Texts = list[str | None] | str | None


class _Place(msgspec.Struct, gc=False):
    name: str | None = None
    department: Texts = None
    place: Texts = None


class _Person(msgspec.Struct, gc=False):
    given: str | None = None
    family: str | None = None
    suffix: str | None = None
    name: str | None = None
    orcid: str | None = msgspec.field(name="ORCID", default=None)
    affiliation: list[_Place] | None = None


class _Date(msgspec.Struct, gc=False, rename="kebab"):
    date_parts: list[list[int | str | None] | None] | None = None


class _Link(msgspec.Struct, gc=False, rename="kebab"):
    url: str | None = msgspec.field(name="URL", default=None)
    content_type: str | None = None


class _License(msgspec.Struct, gc=False, rename="kebab"):
    url: str | None = msgspec.field(name="URL", default=None)
    content_version: str | None = None


class _Institution(msgspec.Struct, gc=False):
    name: str | None = None


class _Event(msgspec.Struct, gc=False):
    name: str | None = None


class _Relation(msgspec.Struct, gc=False, rename="kebab"):
    id: str | None = None
    id_type: str | None = None


class _Update(msgspec.Struct, gc=False):
    type: str | None = None
    label: str | None = None


class _Work(msgspec.Struct, gc=False, rename="kebab"):
    """The fields of a deposited work that are read."""

    doi: str | None = msgspec.field(name="DOI", default=None)
    type: str | None = None
    subtype: str | None = None
    title: Texts = None
    subtitle: Texts = None
    original_title: Texts = None
    container_title: Texts = None
    group_title: str | None = None
    event: _Event | None = None
    institution: list[_Institution] | _Institution | None = None
    author: list[_Person] | None = None
    editor: list[_Person] | None = None
    issued: _Date | None = None
    published: _Date | None = None
    published_print: _Date | None = None
    published_online: _Date | None = None
    published_other: _Date | None = None
    posted: _Date | None = None
    isbn: Texts = msgspec.field(name="ISBN", default=None)
    relation: dict[str, list[_Relation]] | None = None
    update_to: list[_Update] | None = None
    updated_by: list[_Update] | None = None
    license: list[_License] | None = None
    link: list[_Link] | None = None
    subject: Texts = None
    abstract: str | None = None
    language: str | None = None


class _Message(msgspec.Struct, rename="kebab"):
    items: list[msgspec.Raw]
    next_cursor: str | None = None
    total_results: int | None = None


class _Answer(msgspec.Struct):
    message: _Message


class _Complaint(msgspec.Struct):
    type: str
    message: str


_DECODER = msgspec.json.Decoder(_Work)
_ANSWER = msgspec.json.Decoder(_Answer)
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_COMPLAINT = msgspec.json.Decoder(_Complaint)


class _Doi(msgspec.Struct):
    doi: str | None = msgspec.field(name="DOI", default=None)


_DOI = msgspec.json.Decoder(_Doi)


class CrossrefSource(Source):
    """Works as their publishers register them with Crossref. The key is the DOI in lower case."""

    name: ClassVar[str] = "crossref"
    label: ClassVar[str] = "Crossref"
    example: ClassVar[str] = "orcid:0000-0002-1825-0097"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. A folder is that of the public data file: `0.json.gz`, `1.json.gz` and so on."""
        if path.is_dir():
            return _folder(path)
        found = documents.items(path, lists=LISTS, wrappers=WRAPPERS)
        return documents.records(found, _look, what=str(path), without=ASKED)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the works for a filter ("orcid:0000-0002-1825-0097") or words to search for.

        Crossref forgets where a harvest was after five minutes; one that was interrupted for longer begins again.
        Raises SourceUnavailable if Crossref refuses the query or stays away.
        """
        asked = queries.filter_or_search(query, filter_name="filter", search_name="query", service=self.label)
        shown = f"{self._endpoint}?{urlencode(asked)}"

        def ask(cursor: str, number: int) -> Page:
            parameters = {**asked, "rows": str(PAGE), "cursor": cursor}
            answer = http.get(self._endpoint, params=parameters, interval=self._interval)
            if answer.status != 200:
                raise RefusedError(queries.refusal(self.label, answer))
            documents.check_json(answer.content, f"{self.label}'s answer")
            page = queries.decoded(answer.content, _ANSWER, self.label).message
            found = documents.elements(answer.content, f"{shown}:{number}", lists=LISTS, wrappers=WRAPPERS)
            records = list(documents.records(iter(found), _look, what=f"{self.label}'s answer", without=ASKED))
            following = page.next_cursor or "" if len(page.items) >= PAGE else ""
            return Page(records, following, page.total_results or 0)

        # The cursor may stay the same from page to page; the works may not.
        yield from pages.follow(ask, first="*", resume=resume, service=self.label, steady=True)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`. By the date of indexing, which no change escapes."""
        return queries.narrowed(query, f"from-index-date:{moment:%Y-%m-%d}")

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        work = documents.decode(raw.payload, _DECODER)
        doi = identifiers.canonical("doi", work.doi or "")
        if doi is None:
            code = "doi-invalid" if work.doi else "doi-missing"
            raise RecordRejected(code, f"{(work.doi or '')[:200]!r} is no DOI.", "DOI")
        if work.type in _CONTAINERS:
            raise RecordRejected("type-no-work", f"A {work.type} is no work.", "type")
        title = _title(work)
        if not title:
            raise RecordRejected("title-missing", "The work has no title.", "title")
        # Books that only name editors are their editors' works.
        authors = _people(work.author) or _people(work.editor)
        if not authors:
            raise RecordRejected("authors-missing", "The work names no author and no editor.", "author")
        abstract = markup.abstract(work.abstract) if work.abstract else ""
        license_ = _license(work)
        return ParsedRecord(
            title=title,
            authors=authors,
            version=_version(work),
            identifiers=tuple(_identifiers(work, doi)),
            abstract=abstract,
            topics=tuple(ParsedTopic("keyword", subject) for subject in _texts(work.subject)),
            site_url=identifiers.url("doi", doi),
            pdf_url=_pdf(work) if "creativecommons.org" in license_ else "",
            code_url=code_link(abstract) if abstract else "",
            license=license_,
            language=work.language or "",
        )


def _look(content: bytes) -> Look:
    names = documents.glance(content, _NAMES)
    if names is None:
        return Look()
    if "DOI" in names and "agency" not in names:
        glance = documents.glance(content, _DOI)
        return Look(identifiers.canonical("doi", (glance.doi if glance else "") or "") or "")
    if "author" in names or "container-title" in names or "published-print" in names:
        return Look()
    complaint = documents.glance(content, _COMPLAINT)
    if complaint:
        return Look(foreign=f"an error report of Crossref ({complaint.message[:300]})")
    kind = next((kind for name, kind in _FOREIGN if name in names), "objects without a DOI")
    return Look(foreign=kind)


def _folder(folder: Path) -> Iterator[RawRecord]:
    parts = [path for path in folder.rglob("*") if path.is_file() and path.suffix in {".gz", ".zst", ".jsonl", ".json"}]
    if not parts:
        message = f"{folder} holds no file of Crossref's public data file (0.json.gz, 1.json.gz, ...)."
        raise SourceUnavailable(message)
    parts.sort(key=lambda path: (path.parent, len(path.name), path.name))
    yield from documents.folder(folder, parts, _look, lists=LISTS, without=ASKED)


# One work


def _texts(stated: Texts) -> list[str]:
    if isinstance(stated, str):
        return [stated] if stated.strip() else []
    return [text for text in stated or () if text and text.strip()]


def _title(work: _Work) -> str:
    """The title, with the subtitle except for journal articles: there publishers deposit running heads as subtitles."""
    found = [markup.plain(text) for text in _texts(work.title) or _texts(work.original_title)]
    if not found:
        return ""
    title = " ".join(found[0].split())
    below = [" ".join(markup.plain(text).split()) for text in _texts(work.subtitle)]
    if work.type == "journal-article" or not below or below[0].casefold() in title.casefold():
        return title
    return f"{title}{' ' if title[-1:] in '?!:.' else ': '}{below[0]}"


def _people(people: list[_Person] | None) -> tuple[ParsedAuthor, ...]:
    return tuple([_author(person, name) for person in people or () if (name := _name(person))])


def _name(person: _Person) -> str:
    parts = (person.given, person.family, person.suffix) if person.given or person.family else (person.name,)
    # Where a form demands a family name, those who have one name put a dash.
    return markup.plain(" ".join(part.strip() for part in parts if part and any(map(str.isalnum, part))))


def _author(person: _Person, name: str) -> ParsedAuthor:
    return ParsedAuthor(
        name=name,
        affiliations=tuple([text for place in person.affiliation or () if (text := _place(place))]),
        identifiers={"orcid": person.orcid} if person.orcid else {},
    )


def _place(place: _Place) -> str:
    name = (place.name or "").strip()
    around = [*_texts(place.department), name, *_texts(place.place)]
    return markup.plain(", ".join(part for part in around if part and (part is name or part not in name)))


def _version(work: _Work) -> ParsedVersion:
    kind = _KINDS.get(work.type or "", "other")
    if work.type == "posted-content":
        kind = _POSTED.get(work.subtype or "", kind)
    return ParsedVersion(kind=kind, venue=markup.plain(_venue(work, kind)), date=_date(work), status=_status(work))


def _venue(work: _Work, kind: str) -> str:
    containers = _texts(work.container_title)
    if containers:
        # Of a chapter, the series comes first and the book itself last.
        return containers[-1 if kind in {"book", "conference"} else 0]
    institutions = work.institution if isinstance(work.institution, list) else [work.institution or _Institution()]
    institution = next((place.name for place in institutions if place.name), "")
    if kind == "conference" and work.event and work.event.name:
        return work.event.name
    return institution if kind == "thesis" else work.group_title or institution


def _status(work: _Work) -> str:
    if any(update.type in _RETRACTIONS for update in work.updated_by or ()):
        return "Retracted"
    # A notice about another work is a work of its own, and says what it is.
    return next((update.label or update.type or "" for update in work.update_to or ()), "")


def _date(work: _Work) -> str:
    """The earliest date of publication in any form; of dates that agree, the more precise one."""
    stated = (
        work.published_online,
        work.published_print,
        work.published,
        work.issued,
        work.posted,
        work.published_other,
    )
    best = ""
    for date in stated:
        found = _partial(date) if date else ""
        if not found:
            continue
        order = dates.compare(found, best) if best else -1
        if order < 0 or (order == 0 and len(found) > len(best)):
            best = found
    return best


def _partial(date: _Date) -> str:
    """As much of the date as is there and valid."""
    parts = next((parts for parts in date.date_parts or () if parts), None) or ()
    found = ""
    for place, part in enumerate(parts[:3]):
        number = str(part or "").strip()
        if not number.isdecimal():
            break
        longer = f"{found}-{number:0>2}" if place else f"{number:0>4}"
        if not dates.parts(longer):
            break
        found = longer
    return found


def _identifiers(work: _Work, doi: str) -> Iterator[tuple[str, str]]:
    yield "doi", doi
    if work.type in _WITH_ISBN:
        for isbn in _texts(work.isbn):
            yield "isbn", isbn.rpartition("/")[2]
    for name in _SAME_WORK:
        for other in (work.relation or {}).get(name, ()):
            if other.id and other.id_type in {"doi", "arxiv"}:
                yield other.id_type, other.id


def _license(work: _Work) -> str:
    """A Creative Commons license if there is one, else that of the version of record, else the first."""
    urls = [(found.url, found.content_version) for found in work.license or () if found.url]
    for url, _ in urls:
        if "creativecommons.org" in url:
            return url
    return next((url for url, version in urls if version == "vor"), urls[0][0] if urls else "")


def _pdf(work: _Work) -> str:
    return next((found.url for found in work.link or () if found.url and found.content_type == "application/pdf"), "")
