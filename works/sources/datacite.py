"""DataCite: answers of its REST interface, lines of its data files, its JSON and XML of single DOIs, and the live service.

One record is one DOI. DataCite's own checks are lax and have changed over the years, so that most fields occur in
several shapes; all that can be told apart are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import dates, identifiers, markup
from researchgraph.lib.http import Http
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import datacite_xml, documents, pages, queries
from works.sources.base import Source
from works.sources.documents import Look
from works.sources.pages import Page, RefusedError

ENDPOINT = "https://api.datacite.org/dois"
INTERVAL = 0.5
"""DataCite allows those who name a contact a thousand requests in five minutes."""

PAGE = 200
LISTS = frozenset({"data"})
ASKED = frozenset({"relationships"})

_KINDS = {
    "Dataset": "dataset",
    "DataPaper": "journal",
    "JournalArticle": "journal",
    "ConferencePaper": "conference",
    "ConferenceProceeding": "conference",
    "Book": "book",
    "BookChapter": "book",
    "Dissertation": "thesis",
    "Preprint": "preprint",
}
# What publishers write about a Text in words of their own, without blanks and signs.
_TEXTS = {
    "article": "journal",
    "journalarticle": "journal",
    "researcharticle": "journal",
    "reviewarticle": "journal",
    "scholarlyarticle": "journal",
    "preprint": "preprint",
    "conferencepaper": "conference",
    "conferencearticle": "conference",
    "proceedingsarticle": "conference",
    "inproceedings": "conference",
    "book": "book",
    "monograph": "book",
    "bookchapter": "book",
    "bookpart": "book",
    "inbook": "book",
    "chapter": "book",
    "conference": "conference",
    "zeitschriftenartikel": "journal",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "dataset": "dataset",
}
_SAME_WORK = frozenset(
    {
        "IsIdenticalTo",
        "IsVersionOf",
        "HasVersion",
        "IsNewVersionOf",
        "IsPreviousVersionOf",
        "IsVariantFormOf",
        "IsOriginalFormOf",
    }
)
_SCHEMES = {"doi": "doi", "arxiv": "arxiv", "pmid": "pmid", "pmcid": "pmcid", "handle": "handle"}
_PARTS = ("chapter", "bookpart", "book part", "inbook", "incollection")
_PUBLISHED = ("Issued", "Available")
_BUDDHIST_YEARS = range(2400, 2601)
"""Thai libraries register years of the Buddhist era, which is 543 years ahead; no work has such a year of the common one."""
_AHEAD = 543
_ORCID = re.compile(r"\d{4}-?\d{4}-?\d{4}-?\d{3}[\dXx]", re.ASCII)
# DataCite's codes for values that are not known, withheld, or more than are listed; and what libraries write instead.
_UNKNOWN = re.compile(
    r"\(:(?:unac|unal|unap|unas|unav|unkn|none|null|tba|etal|mult)\)[^\n]{0,40}|:?(?:unav|unkn)|unknown|"
    r"\[?s\. ?n\.\]?|n\.? ?n\.?|-",
    re.IGNORECASE,
)


class _Identifier(msgspec.Struct, gc=False, rename="camel"):
    identifier: str | None = None
    identifier_type: str | None = None


class _Related(msgspec.Struct, gc=False, rename="camel"):
    related_identifier: str | None = None
    related_identifier_type: str | None = None
    relation_type: str | None = None


class _NameIdentifier(msgspec.Struct, gc=False, rename="camel"):
    name_identifier: str | None = None
    name_identifier_scheme: str | None = None


class _Affiliation(msgspec.Struct, gc=False):
    name: str | None = None


class _Creator(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    name_type: str | None = None
    type: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    id: str | None = None
    affiliation: list[_Affiliation | str | None] | _Affiliation | str | None = None
    name_identifiers: list[_NameIdentifier | None] | _NameIdentifier | None = None


class _Title(msgspec.Struct, gc=False, rename="camel"):
    title: str | None = None
    title_type: str | None = None
    lang: str | None = None


class _Types(msgspec.Struct, gc=False, rename="camel"):
    resource_type_general: str | None = None
    resource_type: str | None = None
    bibtex: str | None = None


class _Date(msgspec.Struct, gc=False, rename="camel"):
    date: str | int | None = None
    date_type: str | None = None


class _Publisher(msgspec.Struct, gc=False):
    name: str | None = None


class _Container(msgspec.Struct, gc=False):
    title: str | None = None


class _Subject(msgspec.Struct, gc=False):
    subject: str | None = None


class _Rights(msgspec.Struct, gc=False, rename="camel"):
    rights: str | None = None
    rights_uri: str | None = None
    rights_identifier: str | None = None


class _Description(msgspec.Struct, gc=False, rename="camel"):
    description: str | int | list[str | None] | None = None
    description_type: str | None = None


class _Attributes(msgspec.Struct, gc=False, rename="camel"):
    """The fields of a DOI that are read, in all shapes they occur in."""

    doi: str | None = None
    id: str | None = None
    creators: list[_Creator | str | None] | _Creator | None = None
    titles: list[_Title | str | None] | _Title | str | None = None
    publisher: _Publisher | str | None = None
    container: _Container | None = None
    publication_year: int | str | None = None
    types: _Types | None = None
    dates: list[_Date | None] | _Date | None = None
    subjects: list[_Subject | str | None] | None = None
    language: str | None = None
    identifiers: list[_Identifier | None] | None = None
    related_identifiers: list[_Related | None] | None = None
    rights_list: list[_Rights | str | None] | None = None
    descriptions: list[_Description | str | None] | None = None
    version: str | int | float | None = None
    url: str | None = None
    content_url: list[str | None] | str | None = None


class _Document(_Attributes, gc=False, rename="camel"):
    attributes: _Attributes | None = None


class _Names(msgspec.Struct, gc=False):
    doi: str | None = None
    creators: msgspec.Raw = msgspec.Raw()
    titles: msgspec.Raw = msgspec.Raw()


class _Glance(_Names, gc=False):
    id: str | None = None
    type: str | None = None
    errors: msgspec.Raw = msgspec.Raw()
    attributes: _Names | None = None


class _Links(msgspec.Struct):
    next: str | None = None


class _Meta(msgspec.Struct):
    total: int | None = None


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]
    links: _Links = msgspec.field(default_factory=_Links)
    meta: _Meta = msgspec.field(default_factory=_Meta)


_DECODER = msgspec.json.Decoder(_Document)
_GLANCER = msgspec.json.Decoder(_Glance)
_ANSWER = msgspec.json.Decoder(_Answer)


class DataciteSource(Source):
    """Works as their repositories register them with DataCite. The key is the DOI in lower case."""

    name: ClassVar[str] = "datacite"
    label: ClassVar[str] = "DataCite"
    example: ClassVar[str] = "creators.familyName:Lovelace AND publicationYear:2020"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. An XML file holds one record."""
        try:
            with path.open("rb") as file:
                head = file.read(100)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}."
            raise SourceUnavailable(message) from error
        if datacite_xml.is_xml(head):
            payload = datacite_xml.read(path)
            key = identifiers.canonical("doi", datacite_xml.doi(payload)) or ""
            return iter([RawRecord(key=key, payload=payload, origin=f"{path.name}:1")])
        return documents.records(documents.items(path, lists=LISTS), _look, what=str(path), without=ASKED)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield what a query in DataCite's language finds ("creators.familyName:Lovelace AND publicationYear:2020").

        Raises SourceUnavailable if DataCite refuses the query or stays away.
        """
        asked = {"query": " ".join(query.split())}
        if not asked["query"]:
            message = f"A query to {self.label} needs words to search for."
            raise SourceUnavailable(message)
        shown = f"{self._endpoint}?{urlencode(asked)}"

        def ask(cursor: str, number: int) -> Page:
            parameters = {**asked, "affiliation": "true", "page[size]": str(PAGE), "page[cursor]": cursor}
            answer = http.get(self._endpoint, params=parameters, interval=self._interval)
            if answer.status != 200:
                raise RefusedError(queries.refusal(self.label, answer))
            documents.check_json(answer.content, f"{self.label}'s answer")
            page = queries.decoded(answer.content, _ANSWER, self.label)
            found = documents.elements(answer.content, f"{shown}:{number}", lists=LISTS)
            records = list(documents.records(iter(found), _look, what=f"{self.label}'s answer", without=ASKED))
            # Only the cursor is taken from the address: requests go where we said.
            following = parse_qs(urlsplit(page.links.next or "").query).get("page[cursor]", [""])
            return Page(records, following[0] if page.data else "", page.meta.total or 0)

        yield from pages.follow(ask, first="1", resume=resume, service=self.label)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`."""
        return f"({' '.join(query.split())}) AND updated:[{moment:%Y-%m-%d} TO *]"

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        record = _attributes(raw.payload)
        doi = identifiers.canonical("doi", record.doi or record.id or "")
        if doi is None:
            code = "doi-invalid" if record.doi or record.id else "doi-missing"
            raise RecordRejected(code, f"{(record.doi or record.id or '')[:200]!r} is no DOI.", "doi")
        title = _title(record)
        if not title:
            raise RecordRejected("title-missing", "The record has no title.", "titles")
        creators: list[_Creator | str] = _listed(record.creators)
        authors = tuple([author for author in map(_author, creators) if author.name and not _is_code(author.name)])
        if not authors:
            raise RecordRejected("authors-missing", "The record names no creator.", "creators")
        abstract = _abstract(record)
        return ParsedRecord(
            title=title,
            authors=authors,
            version=_version(record),
            identifiers=tuple(_identifiers(record, doi)),
            abstract=abstract,
            topics=tuple(ParsedTopic("keyword", subject) for subject in _subjects(record)),
            authors_truncated=any(
                "etal" in _name(creator).casefold() and _is_code(_name(creator)) for creator in creators
            ),
            site_url=record.url or identifiers.url("doi", doi),
            pdf_url=next((url for url in _listed(record.content_url) if url.lower().endswith(".pdf")), ""),
            code_url=_code(record, abstract),
            license=_license(record),
            language=record.language or "",
        )


def _look(content: bytes) -> Look:
    glance = documents.glance(content, _GLANCER)
    if glance is None:
        return Look()
    if bytes(glance.errors):
        reason = bytes(glance.errors).decode("utf-8", "replace")[:300]
        return Look(foreign=f"an error report of DataCite ({reason})")
    names = glance.attributes or glance
    doi = identifiers.canonical("doi", names.doi or glance.doi or glance.id or "") or ""
    if glance.type and glance.type not in {"dois", "works"} and glance.attributes:
        return Look(foreign=f"{glance.type[:100]} of DataCite")
    if doi or bytes(names.creators) or bytes(names.titles):
        return Look(doi)
    return Look(foreign="objects that are no DOIs of DataCite")


def _attributes(payload: bytes) -> _Attributes:
    if datacite_xml.is_xml(payload):
        return msgspec.convert(datacite_xml.attributes(payload), _Attributes)
    document = documents.decode(payload, _DECODER)
    if document.attributes is None:
        return document
    document.attributes.doi = document.attributes.doi or document.doi or document.id
    return document.attributes


# One record


def _listed(value: Any) -> list[Any]:
    """A value that may stand alone or in a list, as a list without empty places."""
    return [item for item in (value if isinstance(value, list) else [value]) if item]


def _is_code(name: str) -> bool:
    return bool(_UNKNOWN.fullmatch(name.strip()))


def _title(record: _Attributes) -> str:
    """The main title, with its subtitle; translations and alternatives are other titles of the same."""
    titles = [_Title(title) if isinstance(title, str) else title for title in _listed(record.titles)]
    named = [title for title in titles if title.title and title.title.strip() and not _is_code(title.title)]
    main = next((title for title in named if not title.title_type), named[0] if named else None)
    if main is None or not main.title:
        return ""
    text = " ".join(markup.plain(main.title).split())
    below = next((title.title for title in named if title.title_type == "Subtitle" and title is not main), None)
    below = " ".join(markup.plain(below or "").split())
    if not below or below.casefold() in text.casefold():
        return text
    return f"{text}{' ' if text[-1:] in '?!:.' else ': '}{below}"


def _name(creator: _Creator | str) -> str:
    if isinstance(creator, str):
        return creator
    organization = "Organization" in (creator.name_type or creator.type or "")
    parts = [part.strip() for part in (creator.given_name, creator.family_name) if part and part.strip()]
    if parts and not (organization and creator.name):
        return " ".join(parts)
    return creator.name or ""


def _author(creator: _Creator | str) -> ParsedAuthor:
    if isinstance(creator, str):
        return ParsedAuthor(creator)
    orcid = _orcid(creator)
    places = [place.name if isinstance(place, _Affiliation) else place for place in _listed(creator.affiliation)]
    return ParsedAuthor(
        name=markup.plain(_name(creator)),
        affiliations=tuple([place for place in places if place and not _is_code(place)]),
        identifiers={"orcid": orcid} if orcid else {},
    )


def _orcid(creator: _Creator) -> str:
    """The first ORCID iD in any of the shapes it is written in."""
    stated: list[_NameIdentifier] = _listed(creator.name_identifiers)
    if creator.id:
        stated.append(_NameIdentifier(creator.id))
    for found in stated:
        value = found.name_identifier or ""
        if "orcid" in (found.name_identifier_scheme or "").lower() or "orcid" in value.lower():
            match = _ORCID.search(value)
            if match and identifiers.canonical("orcid", match[0].upper()):
                return match[0].upper()
    return ""


def _version(record: _Attributes) -> ParsedVersion:
    publisher = record.publisher.name if isinstance(record.publisher, _Publisher) else record.publisher
    publisher = "" if not publisher or _is_code(publisher) else publisher
    venue = (record.container.title if record.container else None) or publisher
    kind = "preprint" if publisher.casefold() == "arxiv" else _kind(record.types or _Types())
    revision = "" if record.version is None else str(record.version)
    return ParsedVersion(kind=kind, venue=venue, date=_date(record), revision=revision)


def _kind(types: _Types) -> str:
    general = types.resource_type_general or ""
    if general in _KINDS:
        return _KINDS[general]
    if general not in {"", "Text", "Other"}:
        return "other"
    words = "".join(letter for letter in (types.resource_type or "").casefold() if letter.isalnum())
    if any(word in words for word in ("thesis", "theses", "dissertation")):
        return "thesis"
    if words in _TEXTS or general != "Text":
        return _TEXTS.get(words, "other")
    # DataCite's own reading of the publisher's words; its "article" is what it says when it does not know.
    return _TEXTS.get(types.bibtex or "", "other") if types.bibtex != "article" else "other"


def _date(record: _Attributes) -> str:
    """The earliest date of issue or availability; of dates that agree, the more precise one. A range counts from its start."""
    stated = [str(record.publication_year or "")]
    stated += [str(date.date or "").partition("/")[0] for date in _listed(record.dates) if date.date_type in _PUBLISHED]
    best = ""
    for text in stated:
        found = dates.canonical(_common_era(text))
        if found:
            order = dates.compare(found, best) if best else -1
            if order < 0 or (order == 0 and len(found) > len(best)):
                best = found
    return best


def _common_era(date: str) -> str:
    year = date[:4]
    return f"{int(year) - _AHEAD}{date[4:]}" if year.isdecimal() and int(year) in _BUDDHIST_YEARS else date


def _identifiers(record: _Attributes, doi: str) -> Iterator[tuple[str, str]]:
    yield "doi", doi
    types = record.types or _Types()
    # The ISBN of a chapter names the volume, which other works are in too.
    words = f"{types.resource_type_general} {types.resource_type} {types.bibtex}".casefold()
    book = _kind(types) in {"book", "thesis"} and not any(part in words for part in _PARTS)
    for other in record.identifiers or ():
        kind = (other.identifier_type or "").lower() if other else ""
        if other and other.identifier and (kind in _SCHEMES or (kind == "isbn" and book)):
            yield _SCHEMES.get(kind, kind), other.identifier
    for related in record.related_identifiers or ():
        if related and related.related_identifier and related.relation_type in _SAME_WORK:
            scheme = _SCHEMES.get((related.related_identifier_type or "").lower())
            if scheme:
                yield scheme, related.related_identifier


def _subjects(record: _Attributes) -> Iterator[str]:
    for subject in record.subjects or ():
        label = subject.subject if isinstance(subject, _Subject) else subject
        if label and not _is_code(label):
            yield label


def _abstract(record: _Attributes) -> str:
    for description in record.descriptions or ():
        if isinstance(description, _Description) and description.description_type == "Abstract":
            stated = description.description
            parts = stated if isinstance(stated, list) else [str(stated or "")]
            text = markup.abstract(" ".join(part for part in parts if part))
            if text and not _is_code(text):
                return text
    return ""


def _license(record: _Attributes) -> str:
    """The first license, by its identifier, address or name. That access is open is none."""
    for rights in _listed(record.rights_list):
        if isinstance(rights, _Rights) and (rights.rights_uri or "").startswith("info:eu-repo/"):
            continue
        stated = [rights] if isinstance(rights, str) else [rights.rights_identifier, rights.rights_uri, rights.rights]
        for text in stated:
            if text and not _is_code(text):
                return text
    return ""


def _code(record: _Attributes, abstract: str) -> str:
    """Where software is, or what the abstract of anything else points to."""
    if record.types and record.types.resource_type_general == "Software":
        related = [found.related_identifier or "" for found in record.related_identifiers or () if found]
        for url in (record.url or "", *related):
            link = code_link(url)
            if link:
                return link
    return code_link(abstract) if abstract else ""
