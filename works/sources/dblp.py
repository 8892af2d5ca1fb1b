"""dblp: the dump `dblp.xml`, pages of persons and of records as files, and both live under dblp's terms.

One record is one publication, kept in canonical XML. The dump names letters by the Latin-1 entities of `dblp.dtd`; these
are replaced by numbers before the XML is parsed, so that no document type is ever loaded. What dblp says about persons
(aliases, home pages, affiliations) has no place in a record of a work and is passed over; only which person pages stand
for several people matters here, because such an identifier is nobody's.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import TYPE_CHECKING, ClassVar, Final

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, streams, xml
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import bibliography, pages
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from researchgraph.lib.http import Http

ENDPOINT = "https://dblp.org"
INTERVAL = 2.0
"""dblp asks for one to two seconds between requests, and to take the dump for more than a few."""

KINDS: Final[dict[str, str]] = {
    "article": "journal",
    "inproceedings": "conference",
    "proceedings": "conference",
    "book": "book",
    "incollection": "book",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "data": "dataset",
    "www": "other",
}
"""Record elements of dblp.dtd. What an element is worth `publtype` may change: "informal" makes a preprint."""

EDITED = frozenset({"proceedings", "book"})
"""Elements that editors stand for when there is no author."""

LATIN_1: Final[dict[bytes, bytes]] = {
    name.encode("ascii"): b"&#%d;" % code for name, code in name2codepoint.items() if 160 <= code < 256
}
"""The entities of dblp.dtd as numeric references; a fixed table, nothing is read for it."""

_ROOTS = frozenset({"dblp", "dblpperson"})
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,7});")
_LONGEST_ENTITY = 10
_HOMONYM = re.compile(r" [0-9]{4}$")
_KEY = re.compile(r"[a-z]{2,20}(?:/[A-Za-z0-9_.+-]{1,80}){1,4}")
_DOI = re.compile(r"https?://(?:dx\.|www\.)?doi\.[a-z.]{2,40}/(10\.\d{4,9}/\S{1,400})", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]+")
_TAIL = 64 * 1024


class DblpSource(Source):
    """Publications as dblp lists them. The key is dblp's own ("conf/er/Norrie08")."""

    name: ClassVar[str] = "dblp"
    label: ClassVar[str] = "dblp"
    example: ClassVar[str] = "95/7448-1"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. The dump is read as a stream, packed or not."""
        return _Reader(path.name).records(streams.chunks(path))

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the publications of persons ("95/7448-1") and single ones ("conf/er/Norrie08"), in the order asked.

        Raises SourceUnavailable if dblp does not know one of them, or for anything else: there is no search by name,
        because a name is nobody's identifier.
        """
        words = [word for word in _BETWEEN.split(query.strip()) if word]
        addresses = [self._address(word) for word in words]
        if not addresses:
            message = "A dblp query needs identifiers of persons (95/7448-1) or keys of records (conf/er/Norrie08)."
            raise SourceUnavailable(message)
        seen: set[str] = set()
        for address, cursor in pages.remaining(list(dict.fromkeys(addresses)), resume):
            answer = http.get(address, interval=self._interval)
            if answer.status != 200:
                message = f"dblp answered with HTTP {answer.status} for {address}."
                raise SourceUnavailable(message)
            records = list(_Reader(address).records([answer.content]))
            damage = next((record.problem for record in records if record.problem), "")
            if damage:
                raise SourceUnavailable(damage)
            yield from pages.marked((record for record in records if record.key not in seen), cursor=cursor)
            seen.update(record.key for record in records)

    def _address(self, word: str) -> str:
        key = word.rpartition("/rec/")[2].removesuffix(".xml").removesuffix(".html")
        person = identifiers.canonical("dblp", word)
        if person:
            return f"{self._endpoint}/pid/{person}.xml"
        if _KEY.fullmatch(key):
            return f"{self._endpoint}/rec/{key}.xml"
        message = f"{word!r} is neither the identifier of a person at dblp nor the key of a record."
        raise SourceUnavailable(message)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        record = _record(raw.payload)
        key = record.get("key", "")
        title = _text(record, "title")
        if not title:
            raise RecordRejected("title-missing", "The record has no title.", "title")
        types = record.get("publtype", "").split()
        authors = _authors(record)
        journal, volume = _text(record, "journal"), _text(record, "volume")
        kind = KINDS[str(record.tag)]
        if record.tag == "article" and ("informal" in types or journal == "CoRR"):
            kind = "preprint"
        if record.tag == "data" and "software" in types:
            kind = "other"
        links = [text for text in map(_joined, record.iterfind("ee")) if text]
        found = _identifiers(record, links, journal, volume)
        arxiv = journal == "CoRR" and any(scheme == "arxiv" for scheme, _ in found)
        year, date = _date(record)
        venue = "arXiv" if arxiv else journal or _text(record, "booktitle")
        return ParsedRecord(
            # dblp ends every title with a full stop.
            title=title.removesuffix(".") if not title.endswith("..") else title,
            authors=authors,
            version=ParsedVersion(
                kind=kind,
                venue=venue or _text(record, "school") or _text(record, "publisher"),
                venue_key="arxiv" if arxiv else "",
                year=year,
                date=date,
                status="withdrawn" if "withdrawn" in types else "",
            ),
            identifiers=found,
            topics=tuple(ParsedTopic("keyword", text) for text in map(_joined, record.iterfind("keyword")) if text),
            site_url=next(iter(links), f"{ENDPOINT}/rec/{key}" if key else ""),
        )


class _Reader:
    """Records of one document, which comes in pieces. `origin` is its name for messages."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._root: etree._Element | None = None
        self._ambiguous: set[str] = set()
        self._number = 0

    def records(self, pieces: Iterable[bytes]) -> Iterator[RawRecord]:
        """Yield the records; damage is a last one with its problem.

        Raises SourceUnavailable for what is no document of dblp.
        """
        parser = etree.XMLPullParser(events=("start", "end"), **xml.HARDENED)
        problem = ""
        tail = b""
        try:
            for piece in _numbered(pieces):
                tail = (tail + piece)[-_TAIL:]
                parser.feed(piece)
                yield from self._found(parser)
            parser.close()
            yield from self._found(parser)
        except etree.XMLSyntaxError as error:
            problem = f"the XML is damaged or cut short ({error})"
        except streams.DamagedError as error:
            problem = str(error)
        if problem and self._root is not None:
            # What was complete before the damage has not been lost.
            yield from self._found(parser)
            where = f"{self._origin}:{self._number + 1}"
            yield RawRecord("", tail, where, f"{where}: after record {self._number:,} {problem}")
        elif problem or self._root is None:
            message = f"{self._origin} is {'no document of dblp: ' + problem if tail.strip() else 'empty'}; expected dblp XML."
            raise SourceUnavailable(message)

    def _found(self, parser: etree.XMLPullParser) -> Iterator[RawRecord]:
        # The type stubs also name what other events carry; these two carry elements.
        events: Iterator[tuple[str, etree._Element]] = parser.read_events()  # type: ignore[assignment]
        for event, element in events:
            if self._root is None:
                self._root = element
                self._check(element)
            if event == "start":
                continue
            parent = element.getparent()
            if element.tag == "person" or _is_person(element):
                self._ambiguous |= _shared(element)
            elif element.tag in KINDS and (parent is None or parent.tag in {"dblp", "r"}):
                self._number += 1
                yield self._raw(element)
            elif element is self._root or parent is None or parent.tag not in {"dblp", "dblpperson"}:
                continue
            # What has been handed out is forgotten, so that memory does not grow with the dump.
            element.clear()
            while element.getprevious() is not None and parent is not None:
                del parent[0]

    def _check(self, root: etree._Element) -> None:
        information = root.getroottree().docinfo
        declared = information.internalDTD
        # The type stubs do not know what a document type can be asked.
        if declared is not None and declared.entities():  # type: ignore[attr-defined]
            message = f"{self._origin} declares entities of its own, which no document of dblp does; it is not read."
            raise SourceUnavailable(message)
        if root.tag not in _ROOTS and root.tag not in KINDS:
            message = f"{self._origin} is XML with the root {root.tag!r}; expected dblp XML."
            raise SourceUnavailable(message)

    def _raw(self, element: etree._Element) -> RawRecord:
        origin = f"{self._origin}:{self._number}"
        element.tail = None
        unknown = next(element.iter(etree.Entity), None)
        if unknown is not None:
            problem = f"{origin}: the record uses the entity {unknown.text}, which dblp does not define"
            return RawRecord(element.get("key", ""), etree.tostring(element), origin, problem)
        for author in element.iterfind("author"):
            # A page for several people identifies none of them.
            if author.get("pid") in self._ambiguous:
                del author.attrib["pid"]
        return RawRecord(element.get("key", ""), xml.canonical(element), origin)


def _numbered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same XML with the entities of dblp.dtd as numeric references."""
    held = b""
    for piece in pieces:
        text = held + piece
        cut = text.rfind(b"&", max(0, len(text) - _LONGEST_ENTITY))
        held = text[cut:] if cut >= 0 and b";" not in text[cut:] else b""
        yield _ENTITY.sub(lambda match: LATIN_1.get(match[1], match[0]), text[: len(text) - len(held)])
    if held:
        yield held


def _is_person(element: etree._Element) -> bool:
    return element.tag == "www" and element.get("key", "").startswith("homepages/")


def _shared(person: etree._Element) -> set[str]:
    """The identifier of a person page that stands for several people."""
    if person.get("publtype") != "disambiguation":
        return set()
    return {person.get("key", "").removeprefix("homepages/")}


def _record(payload: bytes) -> etree._Element:
    try:
        record = xml.parse(payload)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RecordRejected("xml-invalid", f"The record is no well-formed XML: {error}.") from error
    information = record.getroottree().docinfo
    if information.internalDTD is not None:
        raise RecordRejected("xml-doctype", "The record declares a document type.")
    if record.tag not in KINDS:
        raise RecordRejected("record-unknown", f"The XML is a {str(record.tag)[:100]!r}; expected a record of dblp.")
    return record


def _text(parent: etree._Element, tag: str) -> str:
    """The text of the first such child on one line; "" if there is none."""
    child = parent.find(tag)
    return "" if child is None else _joined(child)


def _joined(element: etree._Element) -> str:
    return " ".join("".join(str(piece) for piece in element.itertext()).split())


def _authors(record: etree._Element) -> tuple[ParsedAuthor, ...]:
    """Authors in printed order; the editors of a volume without authors."""
    stated, role = list(record.iterfind("author")), ""
    if not stated and record.tag in EDITED:
        stated, role = list(record.iterfind("editor")), "editor"
    authors = []
    for element in stated:
        # dblp numbers people of one name; the number is not printed, and the identifier says the same.
        name = _HOMONYM.sub("", _joined(element))
        if name:
            schemes = {"dblp": element.get("pid", ""), "orcid": element.get("orcid", "")}
            known = {scheme: value for scheme, value in schemes.items() if value}
            authors.append(ParsedAuthor(name, identifiers=known, role=role))
    if not authors:
        raise RecordRejected("authors-missing", "The record names no author.", "author")
    return tuple(authors)


def _date(record: etree._Element) -> tuple[int | None, str]:
    """Year, and month if stated. When dblp last changed the record (mdate) is no date of the work."""
    stated = _text(record, "year")
    if not re.fullmatch(r"[0-9]{4}", stated):
        return None, ""
    month = bibliography.month(_text(record, "month"))
    return int(stated), f"{stated}-{month:02}" if month else stated


def _identifiers(record: etree._Element, links: list[str], journal: str, volume: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if journal == "CoRR" and volume.startswith("abs/"):
        found.append(("arxiv", volume.removeprefix("abs/")))
    for link in links:
        doi = _DOI.fullmatch(link)
        known = ("doi", doi[1]) if doi else bibliography.identifier(link)
        if known:
            found.append(known)
    if record.tag in EDITED or record.tag in {"phdthesis", "mastersthesis"}:
        found += [("isbn", text) for text in map(_joined, record.iterfind("isbn")) if text]
    return tuple(dict.fromkeys(found))
