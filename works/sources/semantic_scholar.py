"""Semantic Scholar: answers of its Graph interface, lines of its data set of papers, and the live service.

One record is one paper. What hangs on a paper without being said of it (who cites it, whom it cites, its embedding) is
not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import markup
from researchgraph.lib.http import Http
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import documents, keys, pages, queries
from works.sources.base import Source
from works.sources.documents import Look
from works.sources.pages import Page, RefusedError

ENDPOINT = "https://api.semanticscholar.org/graph/v1"
KEY_VARIABLE = "SEMANTIC_SCHOLAR_API_KEY"
INTERVAL = 1.0
"""The rate of a key: one request a second, all endpoints together."""

PAGE = 500
LISTS = frozenset({"data", "papers", "recommendedPapers"})
ASKED = frozenset({"citations", "references", "embedding", "matchScore"})
FIELDS = (
    "paperId,corpusId,externalIds,url,title,abstract,venue,publicationVenue,year,openAccessPdf,fieldsOfStudy,"
    "s2FieldsOfStudy,publicationTypes,publicationDate,journal,authors"
)

_AUTHOR = re.compile(r"author:\s*([1-9]\d{0,11})", re.ASCII)
_KINDS = {
    "Conference": "conference",
    "Book": "book",
    "BookSection": "book",
    "Dataset": "dataset",
    "JournalArticle": "journal",
    "Review": "journal",
    "CaseReport": "journal",
    "ClinicalTrial": "journal",
    "Editorial": "journal",
    "LettersAndComments": "journal",
    "MetaAnalysis": "journal",
    "News": "journal",
    "Study": "journal",
}
_PREPRINTS = {
    "arxiv.org": "arXiv",
    "arxiv": "arXiv",
    "corr": "arXiv",
    "biorxiv": "bioRxiv",
    "medrxiv": "medRxiv",
    "chemrxiv": "ChemRxiv",
    "psyarxiv": "PsyArXiv",
    "social science research network": "SSRN",
    "ssrn electronic journal": "SSRN",
    "research square": "Research Square",
}
# (scheme here, name there); DBLP gives keys of records, which are no identifiers here.
_SCHEMES = (
    ("doi", "DOI"),
    ("arxiv", "ArXiv"),
    ("pmid", "PubMed"),
    ("pmcid", "PubMedCentral"),
    ("acl", "ACL"),
    ("mag", "MAG"),
)
# What other answers and data sets hold, by names that only they have.
_FOREIGN = (
    ("error", "an error report of Semantic Scholar"),
    ("citingPaper", "citations of a paper"),
    ("citedPaper", "references of a paper"),
    ("snippet", "snippets of texts"),
    ("authorId", "authors of Semantic Scholar"),
    ("authorid", "authors of Semantic Scholar"),
    ("release_id", "a release of data sets"),
    ("diffs", "differences between releases"),
    ("citingcorpusid", "citations between papers"),
    ("message", "an error report of Semantic Scholar"),
    ("corpusid", "lines of another data set than that of papers"),
)
_PAGING = frozenset({"total", "offset", "next", "token", "data"})

Value = str | int | None


class _Author(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    author_id: Value = None
    external_ids: dict[str, str | list[str] | None] | None = None
    affiliations: list[str | None] | None = None
    homepage: str | None = None


class _Venue(msgspec.Struct, gc=False):
    name: str | None = None
    type: str | None = None


class _Journal(msgspec.Struct, gc=False):
    name: str | None = None


class _Pdf(msgspec.Struct, gc=False):
    url: str | None = None
    license: str | None = None


class _Field(msgspec.Struct, gc=False):
    category: str | None = None


class _Paper(msgspec.Struct, gc=False, rename="camel"):
    """The fields of a paper that are read; the data set writes some of them in lower case."""

    paper_id: str | None = None
    corpus_id: Value = None
    corpusid: Value = None
    external_ids: dict[str, Value] | None = None
    externalids: dict[str, Value] | None = None
    url: str | None = None
    title: str | None = None
    abstract: str | None = None
    venue: str | None = None
    publication_venue: _Venue | None = None
    year: int | None = None
    open_access_pdf: _Pdf | None = None
    fields_of_study: list[str | None] | None = None
    s2_fields_of_study: list[_Field] | None = None
    s2fieldsofstudy: list[_Field] | None = None
    publication_types: list[str | None] | None = None
    publicationtypes: list[str | None] | None = None
    publication_date: str | None = None
    publicationdate: str | None = None
    journal: _Journal | None = None
    authors: list[_Author] | None = None


class _Glance(msgspec.Struct, rename="camel"):
    paper_id: str | None = None
    corpusid: Value = None
    title: msgspec.Raw = msgspec.Raw()


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] = []
    token: str | None = None
    next: int | None = None
    total: int | None = None


_DECODER = msgspec.json.Decoder(_Paper)
_GLANCER = msgspec.json.Decoder(_Glance)
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PAGE = msgspec.json.Decoder(_Page)


class SemanticScholarSource(Source):
    """Papers as Semantic Scholar describes them. The key is the paper's hash, or its corpus number in the data set."""

    name: ClassVar[str] = "semantic_scholar"
    label: ClassVar[str] = "Semantic Scholar"
    example: ClassVar[str] = "author:4690624"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL, api_key: str = "") -> None:
        self._endpoint = endpoint
        self._interval = interval
        self._api_key = api_key

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        return documents.records(documents.items(path, lists=LISTS), _look, what=str(path), without=ASKED)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the papers of an author ("author:4690624") or those a search finds ("model soups").

        Raises SourceUnavailable if the service refuses the query or stays away.
        """
        asked = " ".join(query.split())
        if not asked:
            message = f"A query to {self.label} needs words to search for, or author: and a number."
            raise SourceUnavailable(message)
        author = _AUTHOR.fullmatch(asked)
        if author:
            path, parameters = f"author/{author[1]}/papers", {"limit": str(PAGE), "offset": "0"}
        else:
            path, parameters = "paper/search/bulk", {"query": asked}
        shown = f"{self._endpoint}/{path}?{urlencode(parameters)}"

        def ask(word: str, number: int) -> Page:
            name, _, value = word.partition("=")
            answer = self._page(http, path, {**parameters, "fields": FIELDS, **({name: value} if word else {})})
            page = queries.decoded(answer, _PAGE, self.label)
            found = documents.elements(answer, f"{shown}:{number}", lists=LISTS)
            records = list(documents.records(iter(found), _look, what=f"{self.label}'s answer", without=ASKED))
            following = f"token={page.token}" if page.token else f"offset={page.next}" if page.next is not None else ""
            return Page(records, following if page.data else "", page.total or 0)

        yield from pages.follow(ask, first="", resume=resume, service=self.label)

    def _page(self, http: Http, path: str, parameters: dict[str, str]) -> bytes:
        api_key = self._api_key or keys.from_environment(KEY_VARIABLE)
        answer = http.get(
            f"{self._endpoint}/{path}",
            params=parameters,
            interval=self._interval,
            headers={"x-api-key": api_key} if api_key else None,
        )
        if answer.status != 200:
            raise RefusedError(queries.refusal(self.label, answer))
        documents.check_json(answer.content, f"{self.label}'s answer")
        return answer.content

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        paper = documents.decode(raw.payload, _DECODER)
        if not (paper.paper_id or paper.corpusid):
            raise RecordRejected("paper-id-missing", "The record has no number of a paper.", "paperId")
        if not paper.title:
            raise RecordRejected("title-missing", "The paper has no title.", "title")
        authors = tuple([_author(author, author.name) for author in paper.authors or () if author.name])
        if not authors:
            raise RecordRejected("authors-missing", "The paper names no author.", "authors")
        abstract = markup.abstract(paper.abstract) if paper.abstract else ""
        pdf = paper.open_access_pdf or _Pdf()
        return ParsedRecord(
            title=markup.plain(paper.title),
            authors=authors,
            version=_version(paper),
            identifiers=tuple(_identifiers(paper)),
            abstract=abstract,
            topics=_topics(paper),
            site_url=paper.url or "",
            pdf_url=pdf.url or "",
            code_url=code_link(abstract) if abstract else "",
            license=pdf.license or "",
        )


def _look(content: bytes) -> Look:
    if content == b"null":
        # What a batch answers for papers that it does not know.
        return Look(void=True)
    glance = documents.glance(content, _GLANCER)
    if glance is None:
        return Look()
    if glance.paper_id:
        return Look(glance.paper_id)
    if glance.corpusid and bytes(glance.title):
        return Look(f"CorpusID:{glance.corpusid}")
    names = documents.glance(content, _NAMES) or {}
    if names and _PAGING.issuperset(names):
        return Look(void=True)
    for name, kind in _FOREIGN:
        if name in names:
            reason = bytes(names[name]).decode("utf-8", "replace")[:300]
            return Look(foreign=f"{kind} ({reason})" if name in {"error", "message"} else kind)
    return Look(foreign="objects without a paperId")


def _author(author: _Author, name: str) -> ParsedAuthor:
    found = {}
    if author.author_id:
        found["semantic_scholar"] = str(author.author_id)
    orcid = (author.external_ids or {}).get("ORCID")
    if orcid:
        found["orcid"] = orcid if isinstance(orcid, str) else orcid[0]
    return ParsedAuthor(
        name=name,
        affiliations=tuple([place for place in author.affiliations or () if place]),
        identifiers=found,
        homepage=author.homepage or "",
    )


def _version(paper: _Paper) -> ParsedVersion:
    named = paper.publication_venue.name if paper.publication_venue else None
    venue = named or paper.venue or (paper.journal.name if paper.journal else None) or ""
    kind = _kind(paper, venue)
    date = paper.publication_date or paper.publicationdate or ""
    return ParsedVersion(kind=kind, venue=_PREPRINTS.get(venue.casefold(), venue), year=paper.year, date=date)


def _kind(paper: _Paper, venue: str) -> str:
    """By the place first: preprints are listed as articles of a journal named arXiv.org."""
    if venue.casefold() in _PREPRINTS:
        return "preprint"
    stated = [_KINDS[name] for name in paper.publication_types or paper.publicationtypes or () if name in _KINDS]
    for kind in ("conference", "book", "dataset", "journal"):
        if kind in stated:
            return kind
    place = paper.publication_venue.type if paper.publication_venue else None
    if place in {"conference", "journal"}:
        return place
    known = paper.external_ids or paper.externalids or {}
    if not venue and known.get("ArXiv") and not known.get("DOI"):
        return "preprint"
    return "journal" if paper.journal and paper.journal.name else "other"


def _identifiers(paper: _Paper) -> Iterator[tuple[str, str]]:
    known = paper.external_ids or paper.externalids or {}
    if paper.paper_id:
        yield "semantic_scholar", paper.paper_id
    corpus = paper.corpus_id or paper.corpusid or known.get("CorpusId")
    if corpus:
        yield "semantic_scholar", f"CorpusID:{corpus}"
    for scheme, name in _SCHEMES:
        value = str(known.get(name) or "")
        if value:
            yield scheme, f"PMC{value}" if scheme == "pmcid" and value.isdigit() else value


def _topics(paper: _Paper) -> tuple[ParsedTopic, ...]:
    labels = [*(paper.fields_of_study or ())]
    labels += [field.category for field in paper.s2_fields_of_study or paper.s2fieldsofstudy or ()]
    return tuple([ParsedTopic("keyword", label) for label in dict.fromkeys(labels) if label])
