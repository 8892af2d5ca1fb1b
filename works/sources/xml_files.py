"""What all sources of XML files do alike: refuse what is no XML, hand on elements, turn damage into a last record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import streams, xml
from works.records import RawRecord

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 1024
_BLANKS = b"\xef\xbb\xbf \t\r\n"


class Damage(NamedTuple):
    """Where reading had to stop: why, and what came after the last whole element."""

    problem: str
    tail: bytes


def begin(path: Path, expected: str) -> Iterable[bytes]:
    """The content of a file, unpacked. Raises SourceUnavailable if it is missing, empty or plainly no XML."""
    chunks = streams.chunks(path)
    try:
        first = next(chunks, b"")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise SourceUnavailable(message) from error
    except streams.DamagedError as error:
        message = f"{path} cannot be read: {error}."
        raise SourceUnavailable(message) from error
    check_head(first, str(path), expected)
    return chain([first], chunks)


def check_head(content: bytes, what: str, expected: str) -> None:
    """Raises SourceUnavailable for what is plainly no XML document of data."""
    head = content[:_HEAD].lstrip(_BLANKS)
    if not head:
        message = f"{what} is empty; expected {expected}."
        raise SourceUnavailable(message)
    if head[:14].lower().startswith((b"<!doctype html", b"<html")):
        message = f"{what} is an HTML page; expected {expected}."
        raise SourceUnavailable(message)
    if not head.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        message = f"{what} is no XML; expected {expected}."
        raise SourceUnavailable(message)


def elements(
    chunks: Iterable[bytes],
    origin: str,
    *,
    wanted: Collection[str],
    check_root: Callable[[etree._Element], str],
) -> Iterator[etree._Element | Damage]:
    """The wanted elements one by one; Damage comes last. `check_root` gives the reason why a document is refused, or "".

    Raises SourceUnavailable if the first document is refused or has no beginning; a later one that is refused is damage.
    """
    opened = 0
    try:
        for piece in xml.pieces(chunks, wanted):
            if not piece.opening:
                yield piece.element
                continue
            opened += 1
            reason = check_root(piece.element)
            if reason and opened == 1:
                message = f"{origin} {reason}"
                raise SourceUnavailable(message)
            if reason:
                yield Damage(f"document {opened} in the file {reason}", b"")
                return
    except xml.DamagedXmlError as error:
        if not opened:
            message = f"{origin} is no well-formed XML: {error}."
            raise SourceUnavailable(message) from error
        yield Damage(f"the XML is damaged or cut short ({error})", error.tail)
    except streams.DamagedError as error:
        yield Damage(str(error), b"")


def without_doctype(root: etree._Element) -> str:
    """The reason to refuse a document that declares a document type, or ""."""
    return "declares a document type, which this format never does; it is not read." if xml.has_doctype(root) else ""


def damaged(damage: Damage, origin: str, number: int) -> RawRecord:
    """The record that says where and why reading stopped after record `number`."""
    problem = f"{origin}: after record {number} {damage.problem}."
    return RawRecord(key="", payload=damage.tail, origin=f"{origin}:{number + 1}", problem=problem)


def parsed(payload: bytes) -> etree._Element:
    """The root of a stored payload. Raises RecordRejected."""
    try:
        root = xml.parse(payload)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RecordRejected("xml-invalid", f"The record is no well-formed XML: {error}.") from error
    if xml.has_doctype(root):
        raise RecordRejected("xml-doctype", "The record declares a document type.")
    return root


def child(parent: etree._Element | None, *names: str) -> etree._Element | None:
    """The first child along a path of local names, whatever its namespace."""
    for name in names:
        parent = None if parent is None else next((c for c in parent if xml.local_name(c) == name), None)
    return parent


def children(parent: etree._Element | None, name: str) -> list[etree._Element]:
    """All children with this local name, in order."""
    return [] if parent is None else [c for c in parent if xml.local_name(c) == name]


def text(parent: etree._Element | None, *names: str) -> str:
    """The text of the first such child on one line; "" if there is none."""
    return xml.text_of(child(parent, *names))


def texts(parent: etree._Element | None, name: str) -> list[str]:
    """The texts of all such children that have one, in order."""
    return [found for found in map(xml.text_of, children(parent, name)) if found]
