"""OpenAlex: answers of its interface, lines and folders of its snapshot, and the live service.

One record is one work, or one institution (`works.sources.openalex_institutions`), as OpenAlex prints it. The snapshot's
folder is read as it is published: `part_*.gz` files of JSON lines below `updated_date=...` folders, with a manifest that
says which there are. What OpenAlex concludes about authors and topics is passed over, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, markup
from researchgraph.lib.http import Http
from researchgraph.lib.links import code_link
from works.records import (
    ParsedAuthor,
    ParsedInstitution,
    ParsedRecord,
    ParsedTopic,
    ParsedVersion,
    RawRecord,
)
from works.sources import documents, keys, openalex_institutions, pages, queries
from works.sources.base import Source
from works.sources.documents import Look
from works.sources.pages import Page, RefusedError

ENDPOINT = "https://api.openalex.org/works"
KEY_VARIABLE = "OPENALEX_API_KEY"
INTERVAL = 0.2
"""OpenAlex allows a hundred requests a second; a page takes it longer than this to answer."""

PAGE = 100
LISTS = frozenset({"results"})
ASKED = frozenset({"relevance_score"})
"""What depends on the question asked, not on the work."""

# Who is who is decided here, from the bylines; and works carry their topics with them.
_AUTHORS = "authors of OpenAlex (who wrote what is read from the works themselves)"
_TOPICS = "topics of OpenAlex (works name theirs themselves)"
_ENTITIES = {
    "S": "journals and other sources",
    "V": "venues",
    "F": "funders",
    "P": "publishers",
    "C": "concepts",
    "K": "keywords",
    "G": "grants",
}
# Stand-ins that OpenAlex prints where an author is unknown or was removed.
_NOBODY = frozenset({"A9999999999", "A5317838346"})
_KINDS = {
    "article": "journal",
    "review": "journal",
    "letter": "journal",
    "editorial": "journal",
    "erratum": "journal",
    "retraction": "journal",
    "data-paper": "journal",
    "software-paper": "journal",
    "conference-paper": "conference",
    "conference-abstract": "conference",
    "preprint": "preprint",
    "book": "book",
    "book-chapter": "book",
    "reference-entry": "book",
    "dissertation": "thesis",
    "dataset": "dataset",
}
# How an article appeared, where the place it appeared in says so.
_ARTICLES = {"conference": "conference", "book series": "book", "ebook platform": "book"}
_CROSSREF_ARTICLES = {"proceedings-article": "conference", "posted-content": "preprint"}
_VENUES = {"arXiv (Cornell University)": "arXiv"}


class _Named(msgspec.Struct, gc=False):
    id: str | None = None
    display_name: str | None = None
    keyword: str | None = None


class _Concept(msgspec.Struct, gc=False):
    display_name: str | None = None
    score: float | None = None


class _Venue(msgspec.Struct, gc=False):
    display_name: str | None = None
    type: str | None = None


class _Location(msgspec.Struct, gc=False):
    is_oa: bool | None = None
    landing_page_url: str | None = None
    pdf_url: str | None = None
    license: str | None = None
    version: str | None = None
    raw_source_name: str | None = None
    source: _Venue | None = None


class _Person(msgspec.Struct, gc=False):
    id: str | None = None
    display_name: str | None = None
    orcid: str | None = None


class _Affiliation(msgspec.Struct, gc=False):
    raw_affiliation_string: str | None = None


class _Institution(msgspec.Struct, gc=False):
    display_name: str | None = None


class _Authorship(msgspec.Struct, gc=False):
    author: _Person | None = None
    raw_author_name: str | None = None
    raw_orcid: str | None = None
    raw_affiliation_strings: list[str | None] | None = None
    raw_affiliation_string: str | None = None
    affiliations: list[_Affiliation] | None = None
    institutions: list[_Institution] | None = None


class _Ids(msgspec.Struct, gc=False):
    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    mag: str | int | None = None


class _Access(msgspec.Struct, gc=False):
    oa_url: str | None = None


class _Work(msgspec.Struct, gc=False):
    """The fields of a work that are read, of all editions of the format since 2022."""

    id: str
    doi: str | None = None
    title: str | None = None
    display_name: str | None = None
    publication_year: int | None = None
    publication_date: str | None = None
    ids: _Ids | None = None
    language: str | None = None
    type: str | None = None
    type_crossref: str | None = None
    primary_location: _Location | None = None
    best_oa_location: _Location | None = None
    locations: list[_Location] | None = None
    host_venue: _Venue | None = None
    open_access: _Access | None = None
    authorships: list[_Authorship] | None = None
    is_authors_truncated: bool | None = None
    is_retracted: bool | None = None
    topics: list[_Named] | None = None
    keywords: list[_Named | str] | None = None
    concepts: list[_Concept] | None = None
    abstract_inverted_index: dict[str, list[int]] | None = None


class _Glance(msgspec.Struct, gc=False):
    id: str | None = None
    error: str | None = None
    message: str | None = None
    entries: msgspec.Raw = msgspec.Raw()


class _Entry(msgspec.Struct, gc=False):
    url: str = ""


class _Manifest(msgspec.Struct, gc=False):
    entries: list[_Entry] = []


class _Meta(msgspec.Struct, gc=False):
    next_cursor: str | None = None
    count: int | None = None


class _Answer(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]
    meta: _Meta


_DECODER = msgspec.json.Decoder(_Work)
_GLANCER = msgspec.json.Decoder(_Glance)
_MANIFEST = msgspec.json.Decoder(_Manifest)
_ANSWER = msgspec.json.Decoder(_Answer)


class OpenAlexSource(Source):
    """Works and institutions as OpenAlex describes them. The key is the identifier ("W2741809807", "I27837315")."""

    name: ClassVar[str] = "openalex"
    label: ClassVar[str] = "OpenAlex"
    example: ClassVar[str] = "author.id:A5023888391,publication_year:2020"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL, api_key: str = "") -> None:
        self._endpoint = endpoint
        self._interval = interval
        self._api_key = api_key

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. A folder of the snapshot is read whole, in the order of its parts' names."""
        if path.is_dir():
            return _snapshot(path)
        return documents.records(documents.items(path, lists=LISTS), _look, what=str(path), without=ASKED)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the works for a filter ("author.id:A5023888391,publication_year:2020") or words to search for.

        Raises SourceUnavailable if OpenAlex refuses the query or stays away.
        """
        asked = queries.filter_or_search(query, filter_name="filter", search_name="search", service=self.label)
        shown = f"{self._endpoint}?{urlencode(asked)}"

        def ask(cursor: str, number: int) -> Page:
            parameters = {**asked, "per_page": str(PAGE), "cursor": cursor}
            api_key = self._key()
            if api_key:
                parameters["api_key"] = api_key
            answer = http.get(self._endpoint, params=parameters, interval=self._interval)
            if answer.status != 200:
                raise RefusedError(queries.refusal(self.label, answer))
            documents.check_json(answer.content, f"{self.label}'s answer")
            page = queries.decoded(answer.content, _ANSWER, self.label)
            found = documents.elements(answer.content, f"{shown}:{number}", lists=LISTS)
            records = list(documents.records(iter(found), _look, what=f"{self.label}'s answer", without=ASKED))
            return Page(records, page.meta.next_cursor or "" if page.results else "", page.meta.count or 0)

        yield from pages.follow(ask, first="*", resume=resume, service=self.label)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`. OpenAlex dates changes only for those who have a key."""
        return queries.narrowed(query, f"from_updated_date:{moment:%Y-%m-%d}") if self._key() else ""

    def _key(self) -> str:
        return self._api_key or keys.from_environment(KEY_VARIABLE)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord | ParsedInstitution:
        """See `Source.parse`."""
        if openalex_institutions.is_one(raw.key, raw.payload):
            return openalex_institutions.parse(raw.payload)
        work = documents.decode(raw.payload, _DECODER)
        openalex = identifiers.canonical("openalex", work.id)
        if openalex is None or not openalex.startswith("W"):
            raise RecordRejected("openalex-id-invalid", f"{work.id[:200]!r} is no identifier of a work.", "id")
        title = work.title or work.display_name
        if not title:
            raise RecordRejected("title-missing", "The work has no title.", "title")
        authors = tuple([author for author in map(_author, work.authorships or ()) if author.name])
        if not authors:
            raise RecordRejected("authors-missing", "The work names no author.", "authorships")
        best = work.best_oa_location
        license_ = (best.license if best else None) or (work.primary_location and work.primary_location.license)
        abstract = _abstract(work.abstract_inverted_index) if work.abstract_inverted_index else ""
        return ParsedRecord(
            title=markup.plain(title),
            authors=authors,
            version=_version(work),
            identifiers=tuple(_identifiers(work, openalex)),
            abstract=abstract,
            topics=tuple(_topics(work)),
            authors_truncated=bool(work.is_authors_truncated),
            site_url=_site(work, openalex),
            pdf_url=_pdf(work),
            code_url=code_link(abstract) if abstract else "",
            license=license_ or "",
            language=work.language or "",
        )


def _look(content: bytes) -> Look:
    glance = documents.glance(content, _GLANCER)
    if glance is None:
        return Look()
    if glance.error:
        return Look(foreign=f"an error report of OpenAlex ({glance.error[:200]}: {(glance.message or '')[:300]})")
    if not glance.id:
        manifest = bool(bytes(glance.entries))
        return Look(foreign="the manifest of a snapshot (give its folder)" if manifest else "objects without an id")
    name = glance.id.rpartition("/")[2]
    kind = name[:1].upper()
    if kind in {"W", "I"} and (known := identifiers.canonical("openalex", glance.id)):
        return Look(known)
    if kind in {"A", "T"} and identifiers.canonical("openalex", glance.id):
        return Look(foreign=_AUTHORS if kind == "A" else _TOPICS)
    if identifiers.canonical("openalex", glance.id) or (kind in _ENTITIES and "openalex.org/" in glance.id):
        return Look(foreign=f"{_ENTITIES.get(kind, 'other objects')} of OpenAlex")
    return Look(foreign=f"objects with the id {glance.id[:100]!r}, which is not OpenAlex's")


# The snapshot

_READ = ("works", "institutions")
_PASSED_OVER = {"authors": _AUTHORS, "topics": _TOPICS}


def _snapshot(folder: Path) -> Iterator[RawRecord]:
    data = folder / "data" if (folder / "data").is_dir() else folder
    roots = [below for name in _READ if (below := data / name).is_dir()]
    passed_over = [below for name in _PASSED_OVER if (below := data / name).is_dir()]
    if not roots and passed_over:
        message = f"{folder} holds {_PASSED_OVER[passed_over[0].name]}, no works."
        raise SourceUnavailable(message)
    for root in roots or [folder]:
        parts = sorted(path for path in root.rglob("*") if path.is_file() and _is_part(path))
        missing = _missing(root, parts)
        if not parts and not missing:
            message = f"{root} holds no part of an OpenAlex snapshot (part_*.gz)."
            raise SourceUnavailable(message)
        yield from documents.folder(folder, parts, _look, lists=LISTS, without=ASKED)
        for name in missing:
            problem = f"The manifest names {name}, which is not in the folder."
            yield RawRecord(key="", payload=b"", origin=f"{folder.name}:{name}", problem=problem)
    for below in passed_over:
        problem = f"{below.name} is passed over: it holds {_PASSED_OVER[below.name]}."
        yield RawRecord(key="", payload=b"", origin=f"{folder.name}:{below.relative_to(folder)}", problem=problem)


def _is_part(path: Path) -> bool:
    return path.name.startswith("part_") and path.suffix in {".gz", ".zst", ".jsonl", ".json", ""}


def _missing(root: Path, parts: list[Path]) -> list[str]:
    """The parts that a manifest at the top of the folder names and that are not there."""
    try:
        manifest = documents.glance((root / "manifest").read_bytes(), _MANIFEST)
    except OSError:
        return []
    present = {"/".join(part.parts[-2:]) for part in parts}
    named = ["/".join(entry.url.split("/")[-2:]) for entry in (manifest.entries if manifest else ())]
    return [name for name in dict.fromkeys(named) if name not in present]


# One work


def _author(authorship: _Authorship) -> ParsedAuthor:
    person = authorship.author
    found = {}
    orcid = person.orcid if person else None
    if authorship.raw_orcid and identifiers.canonical("orcid", authorship.raw_orcid):
        # What the publication says comes before what OpenAlex concludes.
        orcid = authorship.raw_orcid
    if orcid:
        found["orcid"] = orcid
    if person and person.id and person.id.rpartition("/")[2] not in _NOBODY:
        found["openalex"] = person.id
    return ParsedAuthor(
        name=authorship.raw_author_name or (person.display_name if person else "") or "",
        affiliations=_affiliations(authorship),
        identifiers=found,
    )


def _affiliations(authorship: _Authorship) -> tuple[str, ...]:
    """The affiliations as printed; the institutions' names where nothing is printed."""
    printed = [place for place in authorship.raw_affiliation_strings or () if place]
    if authorship.affiliations:
        printed += [place.raw_affiliation_string for place in authorship.affiliations if place.raw_affiliation_string]
    if not printed and authorship.raw_affiliation_string:
        printed = [authorship.raw_affiliation_string]
    if not printed and authorship.institutions:
        printed = [place.display_name for place in authorship.institutions if place.display_name]
    return tuple(dict.fromkeys(printed)) if len(printed) > 1 else tuple(printed)


def _version(work: _Work) -> ParsedVersion:
    location = work.primary_location
    place = (location.source if location else None) or work.host_venue
    venue = (place.display_name if place else None) or (location.raw_source_name if location else None) or ""
    return ParsedVersion(
        kind=_kind(work, place.type if place else None),
        venue=_VENUES.get(venue, venue),
        year=work.publication_year,
        date=work.publication_date or "",
        status="Retracted" if work.is_retracted else "",
    )


def _kind(work: _Work, place: str | None) -> str:
    stated = work.type or ""
    kind = _KINDS.get(stated, "other")
    if kind != "journal":
        # Until 2023 the type was Crossref's.
        return _CROSSREF_ARTICLES.get(stated, "journal" if stated == "journal-article" else kind)
    if work.type_crossref in _CROSSREF_ARTICLES:
        return _CROSSREF_ARTICLES[work.type_crossref]
    if place == "repository":
        submitted = work.primary_location is not None and work.primary_location.version == "submittedVersion"
        return "preprint" if submitted else kind
    return _ARTICLES.get(place or "", kind)


def _identifiers(work: _Work, openalex: str) -> Iterator[tuple[str, str]]:
    yield "openalex", openalex
    if work.doi:
        yield "doi", work.doi
    ids = work.ids
    if ids:
        if ids.doi:
            yield "doi", ids.doi
        if ids.pmid:
            yield "pmid", ids.pmid
        if ids.pmcid:
            yield "pmcid", _pmcid(ids.pmcid)
        if ids.mag:
            yield "mag", str(ids.mag)
    # OpenAlex counts a preprint and its publication as one work in several places.
    for location in work.locations or ():
        url = location.landing_page_url or ""
        if "doi.org/" in url:
            yield "doi", url
        elif "arxiv.org/" in url:
            yield "arxiv", url
        elif "pubmed.ncbi.nlm.nih.gov/" in url:
            yield "pmid", url
        elif "/pmc/articles/" in url:
            yield "pmcid", _pmcid(url)


def _pmcid(value: str) -> str:
    """OpenAlex prints addresses of PubMed Central without the letters of the identifier."""
    last = value.rstrip("/").rpartition("/")[2]
    return f"PMC{last}" if last.isdigit() else value


def _topics(work: _Work) -> Iterator[ParsedTopic]:
    for topic in work.topics or ():
        if topic.display_name:
            yield ParsedTopic("category", topic.display_name, (topic.id or "").rpartition("/")[2])
    for keyword in work.keywords or ():
        label = keyword if isinstance(keyword, str) else keyword.display_name or keyword.keyword
        if label:
            yield ParsedTopic("keyword", label)
    if not work.topics and not work.keywords:
        # The older, coarser scheme; a score of 0 marks what is only implied by another concept.
        for concept in work.concepts or ():
            if concept.display_name and concept.score:
                yield ParsedTopic("keyword", concept.display_name)


def _abstract(index: dict[str, list[int]]) -> str:
    """The text of which OpenAlex may only print the places of each word."""
    words = [(place, word) for word, places in index.items() for place in places]
    words.sort()
    return markup.abstract(" ".join([word for _, word in words]))


def _site(work: _Work, openalex: str) -> str:
    landing = work.primary_location.landing_page_url if work.primary_location else None
    return landing or work.doi or identifiers.url("openalex", openalex)


def _pdf(work: _Work) -> str:
    """An open copy: the best one, else any that is open."""
    best = work.best_oa_location
    if best and best.pdf_url:
        return best.pdf_url
    for location in work.locations or ():
        if location.is_oa and location.pdf_url:
            return location.pdf_url
    open_url = (work.open_access.oa_url if work.open_access else None) or ""
    return open_url if open_url.lower().endswith(".pdf") else ""
