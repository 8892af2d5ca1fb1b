"""OAI-PMH 2.0: saved answers of repositories, and polite harvesting of live ones. Knows no metadata format.

One record is one `<record>` with its header in canonical XML. Lists of identifiers, sets or formats hold no records
and are refused; so are the protocol's errors, with the repository's own reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import xml
from works.records import RawRecord
from works.sources import pages, xml_files
from works.sources.xml_files import Damage, child, text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from researchgraph.lib.http import Http, Response

EXPECTED = "an OAI-PMH answer"
KEY_LIMIT = 300
RESTARTS = 3
"""How often a harvest starts again after an expired token without having come any further."""

_ROOTS = frozenset({"OAI-PMH", "ListRecords", "GetRecord", "record", "records"})
_LISTS: Final = {
    "header": "a list of identifiers",
    "set": "a list of sets",
    "metadataFormat": "a list of metadata formats",
    "Identify": "a repository's description of itself",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?", re.ASCII)
_TOKEN = re.compile(rb"<(?:\w{1,20}:)?resumptionToken[^>]{0,500}>([^<]{1,4000})</")
_ARGUMENT = re.compile(r"(from|until|set|prefix|identifier)=(\S{1,300})")
_DAY = 10
_NO_DATE = "-"


class KeyOf(Protocol):
    """The key of a record, from its element and the identifier in its header."""

    def __call__(self, record: etree._Element, stated: str, /) -> str:
        """See the class."""


class ProtocolError(NamedTuple):
    """What a repository answers instead of data."""

    code: str
    message: str

    def __str__(self) -> str:
        """Code and message as the repository gives them."""
        return f"{self.code}: {self.message.rstrip('. ')}" if self.message else self.code


class Query(NamedTuple):
    """What to harvest: by `identifiers` one by one, or the window of a list."""

    prefix: str
    since: str = ""
    until: str = ""
    subset: str = ""
    identifiers: tuple[str, ...] = ()


def query_of(words: Collection[str], default_prefix: str) -> Query:
    """Read "set=cs from=2024-01-01 until=2024-01-31 prefix=oai_dc identifier=...". Raises SourceUnavailable."""
    found: dict[str, str] = {}
    named: list[str] = []
    for word in words:
        argument = _ARGUMENT.fullmatch(word)
        if argument is None:
            message = f"{word!r} is not understood; a harvest takes set=, from=, until=, prefix= and identifier=."
            raise SourceUnavailable(message)
        name, value = argument.groups()
        if name in {"from", "until"} and not _DATE.fullmatch(value):
            message = f"{value!r} is no date; write 2024-01-31 or 2024-01-31T00:00:00Z."
            raise SourceUnavailable(message)
        if name == "identifier":
            named.append(value)
        else:
            found[name] = value
    return Query(
        prefix=found.get("prefix", default_prefix),
        since=found.get("from", ""),
        until=found.get("until", ""),
        subset=found.get("set", ""),
        identifiers=tuple(named),
    )


def narrowed(query: str, moment: datetime) -> str:
    """The query from `moment` on; "" for single records and for windows with an end, which are what they are."""
    words = query.split()
    if any(word.startswith(("identifier=", "until=")) for word in words):
        return ""
    day = f"{moment:%Y-%m-%d}"
    stated = next((word.removeprefix("from=") for word in words if word.startswith("from=")), "")
    return " ".join([*(word for word in words if not word.startswith("from=")), f"from={max(day, stated)}"])


def read(path: Path, *, formats: Collection[str], key_of: KeyOf) -> Iterator[RawRecord]:
    """The records of a file. `formats` are the local names of metadata that may also stand alone in it.

    Raises SourceUnavailable, before the first record, for what holds none by its nature.
    """
    records = _file_records(xml_files.begin(path, EXPECTED), path.name, formats, key_of)
    first = next(records, None)
    return iter(()) if first is None else chain([first], records)


def _file_records(chunks: Iterable[bytes], origin: str, formats: Collection[str], key_of: KeyOf) -> Iterator[RawRecord]:
    number = 0
    listing = ""
    refusal: ProtocolError | None = None
    for item in _items(chunks, origin, formats, key_of):
        if isinstance(item, RawRecord):
            number += 1
            yield _at(item, f"{origin}:{number}")
        elif isinstance(item, Damage):
            yield xml_files.damaged(item, origin, number)
            return
        elif isinstance(item, ProtocolError):
            refusal = item
        else:
            listing = listing or _LISTS.get(item.kind, "")
    if refusal and number and refusal.code != "noRecordsMatch":
        problem = f"{origin}: after record {number} the repository answers {refusal}."
        yield RawRecord(key="", payload=str(refusal).encode(), origin=f"{origin}:{number + 1}", problem=problem)
    if number:
        return
    if refusal:
        message = f"{origin} is an error of the repository: {refusal}."
        raise SourceUnavailable(message)
    if listing:
        message = f"{origin} is {listing}, not of records; harvest ListRecords or GetRecord."
        raise SourceUnavailable(message)


def _at(record: RawRecord, origin: str) -> RawRecord:
    problem = f"{origin}: {record.problem}" if record.problem else ""
    return RawRecord(record.key, record.payload, origin, problem, record.deleted)


class _Other(NamedTuple):
    """An element of the protocol that is no record: its name and text."""

    kind: str
    value: str
    element: etree._Element


def _items(
    chunks: Iterable[bytes], origin: str, formats: Collection[str], key_of: KeyOf
) -> Iterator[RawRecord | ProtocolError | Damage | _Other]:
    def check_root(root: etree._Element) -> str:
        name = xml.local_name(root)
        if name not in _ROOTS and name not in formats:
            return f"is XML with the root {name!r}; expected {EXPECTED}."
        return xml_files.without_doctype(root)

    wanted = {"record", "error", "resumptionToken", *_LISTS, *formats}
    for element in xml_files.elements(chunks, origin, wanted=wanted, check_root=check_root):
        if isinstance(element, Damage):
            yield element
            continue
        name = xml.local_name(element)
        if name == "error":
            yield ProtocolError(element.get("code", "error"), xml.text_of(element))
        elif name == "record" or name in formats:
            yield _raw(element, key_of)
        else:
            yield _Other(name, xml.text_of(element), element)


def _raw(record: etree._Element, key_of: KeyOf) -> RawRecord:
    header = child(record, "header")
    stated = text(header, "identifier")
    payload = xml.canonical(record)
    if header is not None and header.get("status") == "deleted":
        key = key_of(record, stated)
        problem = "" if key else "the repository withdraws a record without saying which."
        return RawRecord(key=key, payload=payload, problem=problem, deleted=bool(key))
    return RawRecord(key=key_of(record, stated), payload=payload)


def plain_key(_: etree._Element, stated: str) -> str:
    """The identifier in the header, if it can be a key."""
    return stated if stated.isprintable() and len(stated) <= KEY_LIMIT else ""


def metadata(payload: bytes, formats: Collection[str]) -> tuple[etree._Element, str]:
    """The metadata of a stored record and the identifier in its header ("" if it stands alone). Raises RecordRejected."""
    root = xml_files.parsed(payload)
    if xml.local_name(root) in formats:
        return root, ""
    header = child(root, "header")
    if xml.local_name(root) != "record" or (header is None and child(root, "metadata") is None):
        detail = f"The XML is a {xml.local_name(root)!r}; expected a record of OAI-PMH."
        raise RecordRejected("record-missing", detail)
    if header is not None and header.get("status") == "deleted":
        raise RecordRejected("record-withdrawn", "The repository has withdrawn this record.", "header")
    holder = child(root, "metadata")
    content = None if holder is None else next(iter(holder), None)
    if content is None:
        raise RecordRejected("metadata-missing", "The record has no metadata.", "metadata")
    if xml.local_name(content) not in formats:
        names = " or ".join(sorted(formats))
        detail = f"The metadata is in the format {xml.local_name(content)!r}; this source reads {names}."
        raise RecordRejected("metadata-format-unknown", detail, "metadata")
    return content, text(header, "identifier")


@dataclass(kw_only=True)
class Harvest:
    """One harvest of one repository; `records` is the way in."""

    http: Http
    endpoint: str
    interval: float
    formats: Collection[str]
    key_of: KeyOf
    _newest: str = ""
    _ordered: bool = True
    _at_newest: set[bytes] = field(default_factory=set)

    def records(self, query: Query, resume: str = "") -> Iterator[RawRecord]:
        """The records of the query, each once as far as the repository lists them in order of change.

        `resume` is a cursor of an earlier harvest: the token behind it, or, where that has expired, the window from the
        last datestamp before it. Raises SourceUnavailable when the repository refuses, repeats itself or stays away.
        """
        if query.identifiers:
            for identifier, cursor in pages.remaining(query.identifiers, resume):
                arguments = {"verb": "GetRecord", "identifier": identifier, "metadataPrefix": query.prefix}
                yield from pages.marked(self._page(arguments).records, cursor=cursor, expected=len(query.identifiers))
            return
        query = self._at_granularity(query)
        self._newest, token = _place(resume)
        self._ordered = bool(self._newest) or not token
        restarts = 0
        while True:
            start = self._newest if self._ordered and self._newest else query.since
            arguments = {"verb": "ListRecords", "resumptionToken": token} if token else _list_arguments(query, start)
            token = ""
            before = (self._newest, len(self._at_newest))
            if (yield from self._chain(arguments)):
                return
            restarts = 0 if (self._newest, len(self._at_newest)) != before else restarts + 1
            if restarts >= RESTARTS:
                message = f"{self.endpoint} forgets its own resumption tokens; try again later."
                raise SourceUnavailable(message)

    def _at_granularity(self, query: Query) -> Query:
        """The window as the repository dates it: whole days unless it and the query both go down to seconds."""
        page = self._page({"verb": "Identify"})
        fine = page.granularity.endswith("Z")
        dates = [date for date in (query.since, query.until) if date]
        if fine and all(len(date) > _DAY for date in dates):
            return query
        return query._replace(since=query.since[:_DAY], until=query.until[:_DAY])

    def _chain(self, arguments: dict[str, str]) -> Generator[RawRecord, None, bool]:
        """Follow the tokens. Returns whether the list came to its end; otherwise its token has expired."""
        seen = {arguments["resumptionToken"]} if "resumptionToken" in arguments else set()
        while True:
            page = self._page(arguments)
            if page.error is not None and page.error.code == "badResumptionToken" and seen:
                return False
            if page.error is not None and page.error.code != "noRecordsMatch":
                message = f"{self.endpoint} refuses: {page.error}."
                raise SourceUnavailable(message)
            # All of them are looked at first: the cursor names the newest of the page.
            new = [record for record in page.records if self._is_new(record)]
            yield from pages.marked(new, cursor=self._cursor(page.token), expected=page.expected)
            if not page.token:
                return True
            if page.token in seen:
                message = f"{self.endpoint} gives the same resumption token again; it would never end."
                raise SourceUnavailable(message)
            seen.add(page.token)
            arguments = {"verb": "ListRecords", "resumptionToken": page.token}

    def _cursor(self, token: str) -> str:
        return f"{self._newest if self._ordered and self._newest else _NO_DATE} {token}" if token else ""

    def _is_new(self, record: RawRecord) -> bool:
        """Remember how far the list has come, and whether this record was handed out before a restart."""
        found = _DATESTAMP.search(record.payload)
        datestamp = found[1].decode("ascii", "replace") if found else ""
        if not self._ordered or not datestamp:
            self._ordered = self._ordered and bool(datestamp or record.problem)
            return True
        if datestamp < self._newest:
            self._ordered = False
            self._at_newest.clear()
            return True
        if datestamp > self._newest:
            self._newest = datestamp
            self._at_newest.clear()
        mark = record.key.encode() or record.payload
        if mark in self._at_newest:
            return False
        self._at_newest.add(mark)
        return True

    def _page(self, arguments: dict[str, str]) -> _Page:
        answer = self.http.get(self.endpoint, params=arguments, interval=self.interval)
        if answer.status != 200 and b"OAI-PMH" not in answer.content[:2000]:
            message = f"{self.endpoint} answered with HTTP {answer.status}."
            raise SourceUnavailable(message)
        xml_files.check_head(answer.content, f"The answer of {self.endpoint}", EXPECTED)
        page = _Page()
        for item in _items([answer.content], f"The answer of {self.endpoint}", self.formats, self.key_of):
            if isinstance(item, RawRecord):
                page.records.append(_at(item, f"{answer.url}:{len(page.records) + 1}"))
            elif isinstance(item, ProtocolError):
                page.error = page.error or item
            elif isinstance(item, Damage):
                self._salvage(page, item, answer)
            elif item.kind == "resumptionToken":
                page.token = item.value
                size = item.element.get("completeListSize", "")
                page.expected = int(size) if size.isdecimal() and len(size) < _DAY else 0
            elif item.kind == "Identify":
                page.granularity = text(item.element, "granularity")
        if arguments["verb"] != "ListRecords" and page.error is not None:
            message = f"{self.endpoint} refuses: {page.error}."
            raise SourceUnavailable(message)
        return page

    def _salvage(self, page: _Page, damage: Damage, answer: Response) -> None:
        """A page that breaks in the middle still ends in its token: report the damage and go on behind it."""
        token = _TOKEN.search(answer.content)
        if token is None or b"</OAI-PMH" not in answer.content:
            message = f"{self.endpoint}: {damage.problem}."
            raise SourceUnavailable(message)
        page.records.append(xml_files.damaged(damage, answer.url, len(page.records)))
        page.token = token[1].decode("utf-8", "replace").strip()


@dataclass
class _Page:
    records: list[RawRecord] = field(default_factory=list)
    error: ProtocolError | None = None
    token: str = ""
    expected: int = 0
    granularity: str = ""


_DATESTAMP = re.compile(rb"<(?:\w{1,20}:)?datestamp[^>]{0,200}>\s{0,20}([0-9TZ:-]{4,30})\s{0,20}</")


def _place(cursor: str) -> tuple[str, str]:
    """The newest datestamp before a cursor ("" if the list was not in order), and the token behind it."""
    newest, _, token = cursor.partition(" ")
    return "" if newest == _NO_DATE else newest, token


def _list_arguments(query: Query, since: str) -> dict[str, str]:
    if query.until and len(query.until) != len(since):
        since = since[:_DAY]
    window = {"from": since, "until": query.until, "set": query.subset}
    arguments = {"verb": "ListRecords", "metadataPrefix": query.prefix}
    return arguments | {name: value for name, value in window.items() if value}
