"""XML from outside: no document types, no entities, no network, no huge trees; large files piece by piece."""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from lxml import etree

HARDENED: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
PIECE_LIMIT = 64 * 1024 * 1024
"""The most there may be between two elements that are asked for (bytes)."""

TAIL = 1024 * 1024
_STEP = 64 * 1024
_PROLOG = 8
_PROLOG_STEPS = 1_000
_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


class DamagedXmlError(Exception):
    """The XML ends or breaks. The message says how; `tail` is what came after the last whole element (bytes)."""

    def __init__(self, message: str, tail: bytes = b"") -> None:
        super().__init__(message)
        self.tail = tail


class Piece(NamedTuple):
    """The root of a document as it opens (`opening`), or an element that was asked for, complete."""

    element: etree._Element
    opening: bool = False


def parse(text: bytes) -> etree._Element:
    """The root element. Raises lxml.etree.XMLSyntaxError."""
    return etree.fromstring(text, etree.XMLParser(**HARDENED))


def has_doctype(element: etree._Element) -> bool:
    """Whether the document of this element has a document type declaration."""
    information = element.getroottree().docinfo
    return bool(information.internalDTD is not None or information.system_url or information.public_id)


def declares_entities(element: etree._Element) -> bool:
    """Whether the document declares entities of its own, which no document from outside needs."""
    # The type stubs do not know `iterentities`.
    declarations: Any = element.getroottree().docinfo.internalDTD
    return declarations is not None and next(iter(declarations.iterentities()), None) is not None


def local_name(element: etree._Element) -> str:
    """The name of the element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: etree._Element | None) -> str:
    """All text inside the element on one line; "" for None."""
    if element is None:
        return ""
    return " ".join("".join(str(piece) for piece in element.itertext()).split())


def canonical(element: etree._Element) -> bytes:
    """The element alone in exclusive canonical XML: equal elements give equal bytes wherever they stood.

    What has no canonical form (a namespace named by a relative address) is written as it is.
    """
    element.tail = None
    try:
        return etree.tostring(element, method="c14n", exclusive=True)
    except etree.C14NError:
        return etree.tostring(element, encoding="utf-8")


def pieces(chunks: Iterable[bytes], wanted: Collection[str]) -> Iterator[Piece]:
    """The outermost elements with these local names, in memory bounded by the largest of them.

    Several documents in one stream are read one after the other; each begins with its opening piece, at which the caller
    can refuse it. An element is valid until the next one is asked for. Raises DamagedXmlError where the XML breaks, after
    everything before.
    """
    reader = _Reader(wanted)
    for chunk in chunks:
        for start in range(0, len(chunk), _STEP):
            yield from reader.read(chunk[start : start + _STEP])
    yield from reader.end()


class _Reader:
    """Feeds a parser and finds where one document ends and the next begins."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self._recent: deque[bytes] = deque()
        self._given: list[bytes] = []
        self._held = b""
        self._complete = 0
        self._since = 0
        self._start()

    def _start(self) -> None:
        self._parser: etree.XMLPullParser = etree.XMLPullParser(events=("start", "end"), **HARDENED)
        self._root: etree._Element | None = None
        self._inside: etree._Element | None = None
        self._closing = b""
        self._done = False
        self._begun = b""
        self._steps = 0

    def read(self, data: bytes) -> Iterator[Piece]:
        data = self._held + data
        self._held = b""
        while data:
            if not self._begun:
                data = data.lstrip(_BLANKS)
                if self._complete:
                    data = data.removeprefix(_BOM).lstrip(_BLANKS)
                if len(data) < _PROLOG:
                    self._held = data
                    return
                self._begun = data[:_PROLOG]
                if self._complete and not data.startswith(b"<"):
                    message = "something that is no XML follows the end of the document"
                    raise DamagedXmlError(message, data[:TAIL])
            part, data = self._next_part(data)
            if not part:
                self._held = data
                return
            yield from self._feed(part)
            if self._done:
                self._complete += 1
                self._start()

    def end(self) -> Iterator[Piece]:
        if self._held:
            self._begun = self._begun or self._held
            yield from self._feed(self._held)
        if self._done or (self._complete and not self._begun):
            return
        if self._complete and self._root is None and self._begun.startswith((b"<!--", b"<?")):
            return
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise DamagedXmlError(_reason(error), self._tail()) from error
        yield from self._events()

    def _next_part(self, data: bytes) -> tuple[bytes, bytes]:
        """What to feed next, so that the end of the root ends a part, and what stays."""
        if self._root is None:
            self._steps += 1
            # The parser says nothing before it has seen four bytes.
            end = data.find(b">", 3) + 1 if self._steps < _PROLOG_STEPS else 0
            return (data[:end], data[end:]) if end else (data, b"")
        start = data.find(self._closing)
        if start >= 0:
            end = data.find(b">", start) + 1
            if end:
                return data[:end], data[end:]
            return (data[:start], data[start:]) if len(data) - start < _STEP else (data, b"")
        start = data.rfind(b"<", max(0, len(data) - len(self._closing)))
        if start > 0 and self._closing.startswith(data[start:]):
            return data[:start], data[start:]
        return (b"", data) if start == 0 and self._closing.startswith(data) else (data, b"")

    def _feed(self, part: bytes) -> Iterator[Piece]:
        broken: etree.XMLSyntaxError | None = None
        self._given.clear()
        try:
            self._parser.feed(part)
        except etree.XMLSyntaxError as error:
            broken = error
        self._since += len(part)
        yield from self._events()
        self._remember(part)
        if broken is not None:
            raise DamagedXmlError(_reason(broken), self._tail()) from broken
        if self._since > PIECE_LIMIT:
            message = f"one element has more than {PIECE_LIMIT:,} bytes"
            raise DamagedXmlError(message, self._tail())

    def _events(self) -> Iterator[Piece]:
        events: Iterator[Any] = self._parser.read_events()
        element: etree._Element
        for event, element in events:
            if event == "start":
                if self._root is None:
                    self._root = element
                    prefix = f"{element.prefix}:" if element.prefix else ""
                    self._closing = f"</{prefix}{local_name(element)}".encode()
                    yield Piece(element, opening=True)
                if self._inside is None and local_name(element) in self._wanted:
                    self._inside = element
                continue
            if element is self._inside:
                self._inside = None
                self._since = 0
                self._given.append(f"{local_name(element)}>".encode())
                if has_doctype(element):
                    _spell_entities(element)
                yield Piece(element)
            if self._inside is None:
                _forget(element)
            self._done = self._done or element is self._root

    def _remember(self, part: bytes) -> None:
        """Keep what came after the last element that was handed out: the closing tags of those in this part are passed over."""
        if self._given:
            self._recent.clear()
        end = 0
        for closing in self._given:
            end = max(end, min((at + len(closing) for at in _closings(part, closing, end)), default=end))
        self._recent.append(part[end:])
        while len(self._recent) * _STEP > TAIL + _STEP:
            self._recent.popleft()

    def _tail(self) -> bytes:
        return b"".join(self._recent).lstrip(b">")[-TAIL:]


def _closings(part: bytes, closing: bytes, start: int) -> list[int]:
    """Where the next closing tag of that name may stand, with and without a namespace prefix."""
    found = [(part.find(mark + closing, start), len(mark)) for mark in (b"</", b":")]
    return [at + length for at, length in found if at >= 0]


def _reason(error: etree.XMLSyntaxError) -> str:
    return str(error.msg or "it ends too early").removesuffix(" (<string>, line 0)").strip()


def _spell_entities(element: etree._Element) -> None:
    """Put what HTML calls by that name in place of references that only the unread document type could explain."""
    for node in list(element.iter(etree.Entity)):
        parent, before = node.getparent(), node.getprevious()
        text = html.unescape(node.text or "") + (node.tail or "")
        if parent is None:
            continue
        if before is None:
            parent.text = (parent.text or "") + text
        else:
            before.tail = (before.tail or "") + text
        parent.remove(node)


def _forget(element: etree._Element) -> None:
    """Free what has been read, so that memory does not grow with the file."""
    parent = element.getparent()
    element.clear()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
