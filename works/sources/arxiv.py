"""arXiv's Atom interface: saved answers as files, and the live query service under its terms of use.

One record is one `<entry>`, kept in canonical XML so that its hash depends on what arXiv says about the work
and not on the answer around it. The feed is parsed without document types, entities or network.
"""

from __future__ import annotations

import io
import re
from typing import IO, TYPE_CHECKING, ClassVar, NamedTuple

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, xml
from researchgraph.lib.arxiv_categories import CATEGORIES
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import pages
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from researchgraph.lib.http import Http

ENDPOINT = "https://export.arxiv.org/api/query"
INTERVAL = 3.0
"""arXiv's terms of use: one request every three seconds, over one connection."""

PAGE = 100
QUERY_LIMIT = 30_000
EMPTY_PAGES = 3
_TAIL = 1024 * 1024
_FAR_AWAY = "209912312359"

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_CATEGORY = re.compile(r"[a-z][a-z-]{1,11}(?:\.[A-Za-z-]{2,10})?")
_BETWEEN = re.compile(r"[\s,]+")


class _Page(NamedTuple):
    records: list[RawRecord]
    total: int


class ArxivSource(Source):
    """Preprints as arXiv's query interface describes them. The key is the arXiv identifier without version."""

    name: ClassVar[str] = "arxiv"
    label: ClassVar[str] = "arXiv"
    example: ClassVar[str] = "au:Morcos AND cat:cs.LG"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        try:
            with path.open("rb") as file:
                head = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}."
            raise SourceUnavailable(message) from error
        _check_feed(head, str(path))
        return _file_records(path)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield what arXiv answers to a search ("au:Morcos AND cat:cs.LG") or a list of identifiers.

        Raises SourceUnavailable if arXiv refuses the query, stays away, or has more than 30,000 answers.
        """
        words = [word for word in _BETWEEN.split(query.strip()) if word]
        if not words:
            message = "An arXiv query needs a search expression or arXiv identifiers."
            raise SourceUnavailable(message)
        known = [identifiers.canonical("arxiv", word) for word in words]
        ids = list(dict.fromkeys(value for value in known if value))
        if len([value for value in known if value]) == len(words):
            parts = [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]
            for part, cursor in pages.remaining(parts, resume):
                page = self._page(http, {"id_list": ",".join(part)})
                yield from pages.marked(page.records, cursor=cursor, expected=len(ids))
        else:
            yield from self._search(http, query.strip(), int(resume) if resume.isdecimal() else 0)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`. New preprints; revisions as far as arXiv counts them (its OAI-PMH service has all)."""
        words = [word for word in _BETWEEN.split(query.strip()) if word]
        if all(identifiers.canonical("arxiv", word) for word in words):
            return ""
        window = f"[{moment:%Y%m%d}0000 TO {_FAR_AWAY}]"
        return f"({query.strip()}) AND (submittedDate:{window} OR lastUpdatedDate:{window})"

    def _search(self, http: Http, query: str, start: int) -> Iterator[RawRecord]:
        # Oldest first: what is submitted while we page comes at the end and shifts nothing.
        parameters = {"search_query": query, "sortBy": "submittedDate", "sortOrder": "ascending"}
        empty = 0
        while True:
            page = self._page(http, {**parameters, "start": str(start)})
            start += len(page.records)
            more = start < page.total
            yield from pages.marked(page.records, cursor=str(start) if more else "", expected=page.total)
            if not more:
                return
            if start >= QUERY_LIMIT:
                message = f"arXiv gives at most {QUERY_LIMIT:,} of {page.total:,} answers; narrow the query by date."
                raise SourceUnavailable(message)
            # Now and then arXiv answers with an empty page in the middle; asking again helps.
            empty = 0 if page.records else empty + 1
            if empty >= EMPTY_PAGES:
                message = f"arXiv stopped at {start:,} of {page.total:,} answers; try again later."
                raise SourceUnavailable(message)

    def _page(self, http: Http, parameters: dict[str, str]) -> _Page:
        answer = http.get(self._endpoint, params={**parameters, "max_results": str(PAGE)}, interval=self._interval)
        if answer.status == 200 or b"<feed" in answer.content[:2000]:
            _check_feed(answer.content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n"), "arXiv's answer")
            page = _Page([], 0)
            total = 0
            for item in _entries(io.BytesIO(answer.content), answer.url):
                if isinstance(item, int):
                    total = item
                elif item.problem:
                    message = f"arXiv refuses the query: {item.problem}"
                    raise SourceUnavailable(message)
                else:
                    page.records.append(item)
            return _Page(page.records, total)
        message = f"arXiv answered with HTTP {answer.status}."
        raise SourceUnavailable(message)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        entry = _entry(raw.payload)
        stated = _text(entry, f"{_ATOM}id")
        arxiv = identifiers.canonical("arxiv", stated)
        if arxiv is None:
            raise RecordRejected("arxiv-id-invalid", f"{stated[:200]!r} is no arXiv identifier.", "id")
        title = _text(entry, f"{_ATOM}title")
        if not title:
            raise RecordRejected("title-missing", "The entry has no title.", "title")
        authors = [author for author in map(_author, entry.iterfind(f"{_ATOM}author")) if author.name]
        truncated = bool(authors) and authors[-1].name.casefold().strip(". ") in {"et al", "and others"}
        if truncated:
            authors.pop()
        if not authors:
            raise RecordRejected("authors-missing", "The entry names no author.", "author")
        summary = _text(entry, f"{_ATOM}summary")
        published = _text(entry, f"{_ATOM}published")[:10]
        doi = _text(entry, f"{_ARXIV}doi").split(" ")[0]
        return ParsedRecord(
            title=title,
            authors=tuple(authors),
            version=ParsedVersion(
                kind="preprint",
                venue="arXiv",
                venue_key="arxiv",
                date=published,
                track=_text(entry, f"{_ARXIV}journal_ref"),
                revision=identifiers.arxiv_version(stated),
            ),
            identifiers=(("arxiv", arxiv), ("doi", doi)) if doi else (("arxiv", arxiv),),
            abstract=summary,
            topics=_categories(entry),
            authors_truncated=truncated,
            site_url=identifiers.url("arxiv", arxiv),
            pdf_url=f"https://arxiv.org/pdf/{arxiv}",
            code_url=code_link(_text(entry, f"{_ARXIV}comment")) or code_link(summary),
        )


def _check_feed(head: bytes, what: str) -> None:
    """Raises SourceUnavailable for what is plainly no Atom feed; `head` is its beginning without blanks."""
    if not head:
        message = f"{what} is empty; expected an Atom feed."
        raise SourceUnavailable(message)
    if head[:14].lower().startswith((b"<!doctype html", b"<html")):
        message = f"{what} is an HTML page; expected an Atom feed."
        raise SourceUnavailable(message)
    if not head.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        message = f"{what} is no XML; expected an Atom feed."
        raise SourceUnavailable(message)


def _file_records(path: Path) -> Iterator[RawRecord]:
    with path.open("rb") as file:
        for item in _entries(file, path.name):
            if isinstance(item, RawRecord):
                yield item


def _entries(file: IO[bytes], origin: str) -> Iterator[RawRecord | int]:
    """The records of a feed one by one, and the total it states. Damage is a last record with its problem.

    Raises SourceUnavailable if the document has a document type or is no feed.
    """
    number = 0
    events = etree.iterparse(
        file,
        events=("start", "end"),
        **xml.HARDENED,
    )
    root: etree._Element | None = None
    try:
        for event, element in events:
            if root is None:
                root = element
                _check_root(root, origin)
            if event == "start":
                continue
            if element.tag == _TOTAL and (element.text or "").strip().isdecimal():
                yield int((element.text or "").strip()[:12])
            elif element.tag == f"{_ATOM}entry":
                number += 1
                yield _raw(element, f"{origin}:{number}")
                # What has been handed out is forgotten, so that memory does not grow with the feed.
                element.clear()
                while element.getparent() is root and element.getprevious() is not None:
                    del root[0]
    except etree.XMLSyntaxError as error:
        problem = f"{origin}: after entry {number} the XML is damaged or cut short ({error})."
        yield RawRecord(key="", payload=_tail(file), origin=f"{origin}:{number + 1}", problem=problem)


def _check_root(root: etree._Element, origin: str) -> None:
    if _has_doctype(root):
        message = f"{origin} declares a document type, which no Atom feed does; it is not read."
        raise SourceUnavailable(message)
    if root.tag not in {f"{_ATOM}feed", f"{_ATOM}entry"}:
        message = f"{origin} is XML with the root {root.tag!r}; expected an Atom feed."
        raise SourceUnavailable(message)


def _has_doctype(element: etree._Element) -> bool:
    # The type stubs do not know `doctype`; the DTD it would come with is what matters.
    information = element.getroottree().docinfo
    return bool(information.internalDTD is not None or information.system_url or information.public_id)


def _tail(file: IO[bytes]) -> bytes:
    """The bytes after the last complete entry, at most a mebibyte."""
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - _TAIL))
    tail = file.read()
    end = tail.rfind(b"</entry>")
    return tail[end + len(b"</entry>") :] if end >= 0 else tail


def _raw(entry: etree._Element, origin: str) -> RawRecord:
    payload = xml.canonical(entry)
    stated = _text(entry, f"{_ATOM}id")
    if "/api/errors" in stated:
        reason = _text(entry, f"{_ATOM}summary") or stated
        return RawRecord(key="", payload=payload, origin=origin, problem=f"arXiv reports an error: {reason}")
    return RawRecord(key=identifiers.canonical("arxiv", stated) or "", payload=payload, origin=origin)


def _entry(payload: bytes) -> etree._Element:
    try:
        entry = xml.parse(payload)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RecordRejected("xml-invalid", f"The entry is no well-formed XML: {error}.") from error
    if _has_doctype(entry):
        raise RecordRejected("xml-doctype", "The entry declares a document type.")
    if entry.tag != f"{_ATOM}entry":
        raise RecordRejected("entry-missing", f"The XML is a {entry.tag!r}; expected an Atom entry.")
    return entry


def _text(parent: etree._Element, tag: str) -> str:
    """The text of the first such child on one line; "" if there is none."""
    child = parent.find(tag)
    return "" if child is None else _joined(child)


def _joined(element: etree._Element) -> str:
    return " ".join("".join(str(piece) for piece in element.itertext()).split())


def _author(author: etree._Element) -> ParsedAuthor:
    name = _text(author, f"{_ATOM}name")
    affiliations = (_joined(place) for place in author.iterfind(f"{_ARXIV}affiliation"))
    # arXiv prints the colon after a collaboration's name as an author of its own.
    return ParsedAuthor(
        name=name if any(character.isalnum() for character in name) else "",
        affiliations=tuple(place for place in affiliations if place),
    )


def _categories(entry: etree._Element) -> tuple[ParsedTopic, ...]:
    """The primary category first. Codes of other schemes (MSC, ACM), which arXiv mixes in, are left out."""
    nodes = [*entry.iterfind(f"{_ARXIV}primary_category"), *entry.iterfind(f"{_ATOM}category")]
    codes = dict.fromkeys(node.get("term", "").strip() for node in nodes)
    return tuple(
        ParsedTopic("category", CATEGORIES.get(code, code), code) for code in codes if _CATEGORY.fullmatch(code)
    )
