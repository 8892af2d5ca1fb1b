"""Biomedical literature: PubMed's XML, JATS articles of PubMed Central, and Europe PMC as files and live service.

The live service is Europe PMC and not NCBI's E-utilities: it pages through any number of answers with a cursor (PubMed's
search stops at 9,999), needs no key, and one answer has everything, preprints and authors' ORCIDs included.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, streams, xml
from works.records import RawRecord
from works.sources import europe_pmc, jats, pages, pubmed_xml, xml_files
from works.sources.base import Source
from works.sources.xml_files import Damage, children

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from lxml import etree

    from researchgraph.lib.http import Http
    from works.records import ParsedRecord

ENDPOINT = "https://www.ebi.ac.uk/europepmc/webservices/rest/search"
INTERVAL = 0.5
"""Europe PMC asks for no more than ten requests a second; a fifth of that is plenty."""

PAGE = 100
IDS_A_QUERY = 50
JSON_LIMIT = 128 * 1024 * 1024
"""The largest answer in JSON that is read (bytes); Europe PMC gives at most 1,000 records in one."""

EXPECTED = "PubMed XML, JATS or an answer of Europe PMC in JSON"
_CITATIONS: Final = frozenset({"PubmedArticle", "PubmedBookArticle", "MedlineCitation"})
_DELETIONS: Final = frozenset({"DeleteCitation", "DeleteDocument"})
_ROOTS: Final = _CITATIONS | {
    "PubmedArticleSet",
    "PubmedBookArticleSet",
    "MedlineCitationSet",
    "DeleteCitation",
    "article",
    "articles",
    "pmc-articleset",
}


class _Place(NamedTuple):
    """How far a harvest has come: which query, how many of its answers, and where the service goes on."""

    part: int = 0
    done: int = 0
    cursor: str = "*"

    @classmethod
    def of(cls, text: str) -> _Place:
        found = _PLACE.fullmatch(text)
        return cls(int(found[1]), int(found[2]), found[3]) if found else cls()

    def __str__(self) -> str:
        return f"{self.part} {self.done} {self.cursor}"


_PLACE = re.compile(r"([0-9]{1,9}) ([0-9]{1,9}) (\S+)")


class PubmedSource(Source):
    """Citations of PubMed and articles of PubMed Central. The key is the PMID, else the id of PubMed Central, else the DOI."""

    name: ClassVar[str] = "pubmed"
    label: ClassVar[str] = "PubMed and Europe PMC"
    edited: ClassVar[bool] = True
    example: ClassVar[str] = 'AUTH:"Curie M" AND radium'

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. XML in memory bounded by its largest record; an answer in JSON by its limit."""
        try:
            chunks = streams.chunks(path)
            first = next(chunks, b"")
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}."
            raise SourceUnavailable(message) from error
        except streams.DamagedError as error:
            message = f"{path} cannot be read: {error}."
            raise SourceUnavailable(message) from error
        if first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return _primed(_json_records(chain([first], chunks), path.name))
        xml_files.check_head(first, str(path), EXPECTED)
        return _primed(_xml_records(chain([first], chunks), path.name))

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield what Europe PMC answers to a search (AUTH:"Morcos A" AND machine) or to PMIDs and PMC ids.

        Raises SourceUnavailable if Europe PMC refuses, stays away or stops before its end.
        """
        words = query.replace(",", " ").split()
        if not words:
            message = "A query of Europe PMC needs a search expression, PMIDs or PMC ids."
            raise SourceUnavailable(message)
        terms = [_term(word) for word in words]
        ids = [term for term in terms if term]
        asked = [query.strip()]
        if all(terms):
            asked = [" OR ".join(ids[start : start + IDS_A_QUERY]) for start in range(0, len(ids), IDS_A_QUERY)]
        place = _Place.of(resume)
        while place.part < len(asked):
            yield from self._search(http, asked[place.part], place, expected=len(ids) if all(terms) else 0)
            place = _Place(place.part + 1)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`."""
        if all(_term(word) for word in query.replace(",", " ").split()):
            return ""
        return f"({query.strip()}) AND UPDATE_DATE:[{moment:%Y-%m-%d} TO *]"

    def _search(self, http: Http, query: str, place: _Place, *, expected: int) -> Iterator[RawRecord]:
        cursor, count = place.cursor, place.done
        while True:
            page, url = self._page(http, query, cursor)
            count += len(page.results())
            following = page.next_cursor_mark if page.results() and count < page.hit_count else ""
            more = following not in {"", cursor}
            after = _Place(place.part, count, following) if more else _Place(place.part + 1)
            yield from pages.marked(
                (_from_json(result, f"{url}:{number}") for number, result in enumerate(page.results(), 1)),
                # Where the service stops too early, nothing says how to go on.
                cursor=str(after) if more or count >= page.hit_count else "",
                expected=expected or page.hit_count,
            )
            if not more:
                break
            cursor = following
        if count < page.hit_count:
            message = f"Europe PMC stopped at {count:,} of {page.hit_count:,} answers; try again later."
            raise SourceUnavailable(message)

    def _page(self, http: Http, query: str, cursor: str) -> tuple[europe_pmc.Page, str]:
        parameters = {
            "query": query,
            "resultType": "core",
            "format": "json",
            "pageSize": str(PAGE),
            "cursorMark": cursor,
        }
        answer = http.get(self._endpoint, params=parameters, interval=self._interval)
        page = europe_pmc.page(answer.content)
        if page is not None and page.err_msg:
            message = f"Europe PMC refuses the query: {page.err_msg[:300]}"
            raise SourceUnavailable(message)
        if answer.status != 200:
            message = f"Europe PMC answered with HTTP {answer.status}."
            raise SourceUnavailable(message)
        if page is None or page.result_list is None:
            message = "Europe PMC's answer is no list of records in JSON."
            raise SourceUnavailable(message)
        return page, answer.url

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        if raw.payload.startswith(b"{"):
            return europe_pmc.parse(raw.payload)
        root = xml_files.parsed(raw.payload)
        name = xml.local_name(root)
        if name in _CITATIONS:
            return pubmed_xml.parse(root)
        if name == "article":
            return jats.parse(root)
        if name == "PMID":
            raise RecordRejected("record-withdrawn", "PubMed has deleted this citation.")
        raise RecordRejected("record-missing", f"The XML is a {name!r}; expected a citation or an article.")


def _term(word: str) -> str:
    """What asks Europe PMC for one identifier; "" if the word is none."""
    pmid = identifiers.canonical("pmid", word)
    pmcid = identifiers.canonical("pmcid", word)
    return f"(EXT_ID:{pmid} AND SRC:MED)" if pmid else f"PMCID:{pmcid}" if pmcid else ""


def _primed(records: Iterator[RawRecord]) -> Iterator[RawRecord]:
    """The same records; what is refused as a whole is refused now and not at the first one."""
    first = next(records, None)
    return iter(()) if first is None else chain([first], records)


def _xml_records(chunks: Iterable[bytes], origin: str) -> Iterator[RawRecord]:
    number = 0
    wanted = _CITATIONS | _DELETIONS | {"article"}
    for element in xml_files.elements(chunks, origin, wanted=wanted, check_root=_check_root):
        if isinstance(element, Damage):
            yield xml_files.damaged(element, origin, number)
            return
        for record in _from_xml(element):
            number += 1
            yield RawRecord(record.key, record.payload, f"{origin}:{number}", deleted=record.deleted)


def _check_root(root: etree._Element) -> str:
    name = xml.local_name(root)
    if name == "eFetchResult":
        return "is an error of NCBI's, not a set of records."
    if name not in _ROOTS:
        return f"is XML with the root {name!r}; expected {EXPECTED}."
    # The document types of these formats are never loaded; one that brings entities along is not read.
    return (
        "declares entities of its own, which no file of this kind does; it is not read."
        if xml.declares_entities(root)
        else ""
    )


def _from_xml(element: etree._Element) -> Iterator[RawRecord]:
    name = xml.local_name(element)
    if name in _DELETIONS:
        for pmid in children(element, "PMID"):
            key = identifiers.canonical("pmid", xml.text_of(pmid))
            if key:
                yield RawRecord(key, xml.canonical(pmid), deleted=True)
    elif name == "article":
        key = jats.key(element)
        yield RawRecord(key, xml.canonical(jats.front(element)))
    else:
        yield RawRecord(pubmed_xml.key(element), xml.canonical(element))


def _from_json(result: Any, origin: str) -> RawRecord:
    payload = europe_pmc.canonical(result)
    return RawRecord(europe_pmc.key(payload), payload, origin)


def _json_records(chunks: Iterable[bytes], origin: str) -> Iterator[RawRecord]:
    """The records of one answer; of a damaged one those before the damage."""
    content = bytearray()
    problem = ""
    try:
        for chunk in chunks:
            content += chunk
            if len(content) > JSON_LIMIT:
                message = f"{origin} is JSON of more than {JSON_LIMIT:,} bytes, which no answer of Europe PMC is."
                raise SourceUnavailable(message)
    except streams.DamagedError as error:
        problem = str(error)
    page = europe_pmc.page(bytes(content))
    if page is None:
        number = 0
        for number, result in enumerate(europe_pmc.salvaged(bytes(content)), 1):
            yield _from_json(result, f"{origin}:{number}")
        if not number:
            message = f"{origin} is no JSON that Europe PMC answers with; expected {EXPECTED}."
            raise SourceUnavailable(message)
        problem = (
            f"{origin}: after record {number} the JSON is damaged or cut short{f' ({problem})' if problem else ''}."
        )
        yield RawRecord("", bytes(content[-xml.TAIL :]), f"{origin}:{number + 1}", problem)
        return
    if page.err_msg:
        message = f"{origin} is an error of Europe PMC: {page.err_msg[:300]}"
        raise SourceUnavailable(message)
    if page.result_list is None and page.result is None:
        message = f"{origin} is JSON of another kind; expected {EXPECTED}."
        raise SourceUnavailable(message)
    for number, result in enumerate(page.results(), 1):
        yield _from_json(result, f"{origin}:{number}")
