"""Europe PMC's search answers in JSON ("core" and "lite"), in our words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from researchgraph.errors import RecordRejected
from researchgraph.lib import dates, identifiers
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion
from works.sources import pubmed_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

VOLATILE: Final = ("citedByCount",)
"""What changes without the record changing."""

_RESULTS = re.compile(r'"result"\s{0,9}:\s{0,9}\[\s{0,9}')
_HEADING = re.compile(r"<h4>([^<]{0,200})</h4>")
_BETWEEN = re.compile(r"\s{0,999},\s{0,999}")
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")


class _Key(msgspec.Struct, gc=False):
    id: str = ""
    source: str = ""
    pmid: str | None = None
    pmcid: str | None = None


class _AuthorId(msgspec.Struct, gc=False, rename="camel"):
    type: str = ""
    value: str = ""


class _Affiliation(msgspec.Struct, gc=False, rename="camel"):
    affiliation: str | None = None


class _Affiliations(msgspec.Struct, gc=False, rename="camel"):
    author_affiliation: list[_Affiliation] = []


class _Author(msgspec.Struct, gc=False, rename="camel"):
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    initials: str | None = None
    suffix: str | None = None
    collective_name: str | None = None
    affiliation: str | None = None
    author_id: _AuthorId | None = None
    author_affiliation_details_list: _Affiliations | None = None


class _Authors(msgspec.Struct, gc=False, rename="camel"):
    author: list[_Author] = []


class _Journal(msgspec.Struct, gc=False, rename="camel"):
    title: str | None = None
    medline_abbreviation: str | None = None


class _JournalInfo(msgspec.Struct, gc=False, rename="camel"):
    date_of_publication: str | None = None
    journal: _Journal | None = None


class _Book(msgspec.Struct, gc=False, rename="camel"):
    publisher: str | None = None
    comprising_title: str | None = None
    year_of_publication: int | None = None


class _Keywords(msgspec.Struct, gc=False, rename="camel"):
    keyword: list[str] = []


class _Heading(msgspec.Struct, gc=False, rename="camel"):
    descriptor_name: str | None = None


class _Headings(msgspec.Struct, gc=False, rename="camel"):
    mesh_heading: list[_Heading] = []


class _Types(msgspec.Struct, gc=False, rename="camel"):
    pub_type: list[str] | str = []


class _Url(msgspec.Struct, gc=False, rename="camel"):
    url: str = ""
    document_style: str = ""
    availability_code: str = ""


class _Urls(msgspec.Struct, gc=False, rename="camel"):
    full_text_url: list[_Url] = []


class _Result(msgspec.Struct, gc=False, rename="camel"):
    id: str = ""
    source: str = ""
    pmid: str | None = None
    pmcid: str | None = None
    doi: str | None = None
    title: str | None = None
    author_string: str | None = None
    author_list: _Authors | None = None
    journal_info: _JournalInfo | None = None
    journal_title: str | None = None
    book_or_report_details: _Book | None = None
    pub_year: str | None = None
    abstract_text: str | None = None
    affiliation: str | None = None
    language: str | None = None
    pub_type: str | None = None
    pub_type_list: _Types | None = None
    keyword_list: _Keywords | None = None
    mesh_heading_list: _Headings | None = None
    full_text_url_list: _Urls | None = None
    license: str | None = None
    first_publication_date: str | None = None
    electronic_publication_date: str | None = None


class _ResultList(msgspec.Struct):
    result: list[Any] = []


class Page(msgspec.Struct, rename="camel"):
    """One answer. `err_msg` is the service's reason when it refuses."""

    hit_count: int = 0
    next_cursor_mark: str = ""
    result_list: _ResultList | None = None
    result: Any = None
    err_msg: str = ""
    id: str = ""
    source: str = ""

    def results(self) -> list[Any]:
        """The records of the answer, as they came."""
        if self.result_list is not None:
            return self.result_list.result
        return [] if self.result is None else [self.result]


_PAGE = msgspec.json.Decoder(Page)
_KEY = msgspec.json.Decoder(_Key)
_RESULT = msgspec.json.Decoder(_Result)


def page(content: bytes) -> Page | None:
    """The answer, or None if the bytes are none."""
    try:
        return _PAGE.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def salvaged(content: bytes) -> Iterator[Any]:
    """The whole records at the beginning of a damaged answer."""
    text = content.decode("utf-8", "replace")
    start = _RESULTS.search(text)
    decoder = json.JSONDecoder()
    at = start.end() if start else len(text)
    while at < len(text):
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield found
        between = _BETWEEN.match(text, at)
        if between is None:
            return
        at = between.end()


def canonical(result: Any) -> bytes:
    """A record in bytes that do not depend on the answer around it, nor on how often it is cited."""
    kept = (
        {name: value for name, value in result.items() if name not in VOLATILE} if isinstance(result, dict) else result
    )
    return msgspec.json.encode(kept, order="sorted")


def key(payload: bytes) -> str:
    """The PMID, else the id of PubMed Central, else Europe PMC's own; "" if the record cannot be read."""
    try:
        result = _KEY.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    known = identifiers.canonical("pmid", result.pmid or "") or identifiers.canonical("pmcid", result.pmcid or "")
    own = f"{result.source}:{result.id}"
    return known or (own if result.id and own.isprintable() and len(own) <= 100 else "")


def _decoded(payload: bytes) -> _Result:
    try:
        return _RESULT.decode(payload)
    except RecursionError as error:
        raise RecordRejected("json-too-deep", "The record nests its values too deeply.") from error
    except UnicodeDecodeError as error:
        raise RecordRejected("not-utf-8", "The record is not UTF-8.") from error
    except msgspec.ValidationError as error:
        path = _PATH.search(str(error))
        detail = _PATH.sub("", str(error)).rstrip(".")
        raise RecordRejected("field-invalid", f"{detail}.", path[1] if path else "") from error
    except msgspec.DecodeError as error:
        raise RecordRejected("json-invalid", f"The record is no JSON object: {error}.") from error


def parse(payload: bytes) -> ParsedRecord:
    """Raises RecordRejected with the path of the offending field."""
    result = _decoded(payload)
    title = pubmed_xml.title(" ".join((result.title or "").split()), "")
    if not title:
        raise RecordRejected("title-missing", "The record has no title.", "title")
    listed = result.author_list.author if result.author_list else []
    authors = tuple(author for author in map(_author, listed) if author.name) or _in_one_line(
        result.author_string or ""
    )
    if not authors:
        raise RecordRejected("authors-missing", "The record names no author.", "authorList")
    types = _types(result)
    journal = result.journal_info or _JournalInfo()
    book = result.book_or_report_details or _Book()
    title_of_journal = (journal.journal.title or journal.journal.medline_abbreviation) if journal.journal else ""
    keywords = result.keyword_list.keyword if result.keyword_list else []
    headings = (
        [heading.descriptor_name for heading in result.mesh_heading_list.mesh_heading]
        if result.mesh_heading_list
        else []
    )
    aligned = any(author.affiliations for author in authors)
    abstract = _HEADING.sub(r" \1: ", result.abstract_text or "")
    stated = [
        result.first_publication_date or "",
        result.electronic_publication_date or "",
        pubmed_xml.medline_date(journal.date_of_publication or ""),
    ]
    return ParsedRecord(
        title=title,
        authors=authors,
        version=ParsedVersion(
            kind="preprint"
            if result.source == "PPR"
            else "book"
            if result.book_or_report_details
            else pubmed_xml.kind(types),
            venue=title_of_journal or result.journal_title or book.comprising_title or book.publisher or "",
            date=dates.earliest(stated) or dates.earliest([result.pub_year or "", str(book.year_of_publication or "")]),
            status=next((kind for kind in types if kind.lower() in pubmed_xml.STATUSES), ""),
        ),
        identifiers=tuple(
            (scheme, value)
            for scheme, value in (("pmid", result.pmid), ("pmcid", result.pmcid), ("doi", result.doi))
            if value
        ),
        abstract=abstract,
        topics=tuple(ParsedTopic("keyword", label) for label in (*keywords, *headings) if label),
        unaligned_affiliations=(result.affiliation,) if result.affiliation and not aligned else (),
        site_url=f"https://europepmc.org/article/{result.source}/{result.id}" if result.id and result.source else "",
        pdf_url=_open_pdf(result),
        code_url=code_link(abstract),
        license=result.license or "",
        language=result.language or "",
    )


def _author(author: _Author) -> ParsedAuthor:
    given = author.first_name or author.initials or ""
    parts = (
        (given, author.last_name or "", author.suffix or "")
        if author.last_name
        else (author.collective_name or author.full_name or "",)
    )
    places = author.author_affiliation_details_list.author_affiliation if author.author_affiliation_details_list else []
    stated = [place.affiliation for place in places if place.affiliation] or [author.affiliation or ""]
    orcid = author.author_id.value if author.author_id and author.author_id.type.upper() == "ORCID" else ""
    return ParsedAuthor(
        " ".join(part for part in parts if part),
        tuple(place for place in stated if place),
        identifiers={"orcid": orcid} if orcid else {},
    )


def _in_one_line(line: str) -> tuple[ParsedAuthor, ...]:
    """The authors of a "lite" record: "Lovelace A, Borel É."."""
    names = (name.strip() for name in line.strip().removesuffix(".").split(","))
    return tuple(ParsedAuthor(name) for name in names if name)


def _types(result: _Result) -> list[str]:
    listed = result.pub_type_list.pub_type if result.pub_type_list else []
    return [
        *([listed] if isinstance(listed, str) else listed),
        *(kind.strip() for kind in (result.pub_type or "").split(";")),
    ]


def _open_pdf(result: _Result) -> str:
    urls = result.full_text_url_list.full_text_url if result.full_text_url_list else []
    return next((u.url for u in urls if u.document_style == "pdf" and u.availability_code in {"OA", "F"}), "")
