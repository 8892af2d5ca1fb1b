"""Reading JSON for sources that speak it: documents, lists in envelopes, lines; plain, gzip or Zstandard.

A file is cut into the bytes of its records without decoding them, in memory bounded by the largest record. What is
damaged becomes an item with a `problem`, after everything before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import streams
from works.records import RawRecord

RECORD_LIMIT = streams.LINE_LIMIT
"""The longest record, and the most that may stand before a list of records (bytes)."""

DEPTH_LIMIT = 10_000
TOO_DEEP = "The record nests its values too deeply."
KEY_LIMIT = 300
_PEEK = 64 * 1024
_ENVELOPE = 1_000
"""Bytes in which an answer that is one line of many names its list."""

_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[\s,\xef\xbb\xbf]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_RUN = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,\[\]{}":]++')

_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]+)`")

T = TypeVar("T")


class Item(NamedTuple):
    """One record's bytes, or damage with its `problem`. `origin` is the file's name and the record's place in it."""

    origin: str
    content: bytes
    problem: str = ""


class Look(NamedTuple):
    """What a glance at a record tells: its key, or the plural of what it is instead of a work ("authors of OpenAlex").

    `void` marks what stands for no record at all.
    """

    key: str = ""
    foreign: str = ""
    void: bool = False


def records(
    found: Iterator[Item],
    look: Callable[[bytes], Look],
    *,
    what: str,
    without: Collection[str] = (),
    things: str = "works",
) -> Iterator[RawRecord]:
    """Raw records of items. Raises SourceUnavailable if the first one is none of `things`, naming `what` holds it.

    Something else further on is a record with the reason as its problem.
    """
    first = True
    for item in found:
        if item.problem:
            yield RawRecord(key="", payload=item.content, origin=item.origin, problem=item.problem)
        else:
            seen = look(item.content)
            if seen.void:
                continue
            if seen.foreign and first:
                message = f"{what} holds {seen.foreign}, no {things}."
                raise SourceUnavailable(message)
            problem = f"{item.origin}: among {things} there are {seen.foreign}." if seen.foreign else ""
            payload = canonical(item.content, without=without)
            yield RawRecord(key=usable_key(seen.key), payload=payload, origin=item.origin, problem=problem)
        first = False


def folder(
    path: Path,
    parts: Iterable[Path],
    look: Callable[[bytes], Look],
    *,
    lists: Collection[str],
    without: Collection[str],
) -> Iterator[RawRecord]:
    """The records of the parts of a published collection, one after the other. A part that is unreadable is a problem."""
    for part in parts:
        place = f"{path.name}:{part.relative_to(path).as_posix()}"
        try:
            for raw in records(items(part, lists=lists), look, what=place, without=without):
                origin = raw.origin.replace(part.name, place, 1)
                problem = raw.problem.replace(raw.origin, origin, 1)
                yield msgspec.structs.replace(raw, origin=origin, problem=problem)
        except SourceUnavailable as refused:
            yield RawRecord(key="", payload=b"", origin=place, problem=str(refused).replace(str(part), place))


def items(path: Path, *, lists: Collection[str], wrappers: Collection[str] = ()) -> Iterator[Item]:
    """The records of a file, in file order.

    A record is an element of a list at the root or under one of the names `lists` (also inside an object under one of
    `wrappers`), a line, or else the document itself. Raises SourceUnavailable if the file cannot be read or is no JSON.
    """
    streams.check_readable(path)
    head = _head(path)
    check_json(head, str(path))
    if _is_lines(head):
        yield from _lines(path, lists, wrappers)
    else:
        yield from _document(streams.chunks(path), path.name, lists, wrappers)


def elements(content: bytes, origin: str, *, lists: Collection[str], wrappers: Collection[str] = ()) -> list[Item]:
    """The records of one answer of a service. Raises SourceUnavailable if it is no JSON or damaged."""
    check_json(content[:_PEEK], origin)
    found = list(_document(iter([content]), origin, lists, wrappers))
    for item in found:
        if item.problem:
            raise SourceUnavailable(item.problem)
    return found


def check_json(head: bytes, what: str) -> None:
    """Raises SourceUnavailable for what plainly is no JSON object or list; `head` is its beginning."""
    start = head.removeprefix(_BOM).lstrip(_BLANKS)[:100]
    if not start:
        reason = "is empty"
    elif start[:14].lower().startswith((b"<!doctype html", b"<html", b"<head")):
        reason = "is an HTML page"
    elif start.startswith(b"<"):
        reason = "is XML"
    elif start.startswith((b"\xff\xfe", b"\xfe\xff")) or start[1:2] == b"\x00":
        reason = "is not in UTF-8"
    elif not start.startswith((b"{", b"[")):
        reason = f"begins with {_quoted(start)}, which is no JSON object or list"
    else:
        return
    message = f"{what} {reason}; expected JSON."
    raise SourceUnavailable(message)


def decode(payload: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The payload as a struct. Raises RecordRejected with the path of the offending field."""
    try:
        # msgspec looks at the strings it keeps only.
        str(payload, "utf-8")
        return decoder.decode(payload)
    except RecursionError as error:
        raise RecordRejected("json-too-deep", TOO_DEEP) from error
    except UnicodeDecodeError as error:
        message = f"The record is not UTF-8: byte {payload[error.start]:#04x} at offset {error.start:,}."
        raise RecordRejected("not-utf-8", message) from error
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except msgspec.DecodeError as error:
        raise RecordRejected("json-invalid", f"The record is no JSON object: {error}.") from error


def glance(content: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    """The few fields that tell what a record is; None if it has another shape, which parsing will say."""
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def canonical(content: bytes, *, without: Collection[str] = ()) -> bytes:
    """The record without blanks between its values and without the fields that depend on the question asked.

    What is no JSON object stays as it is.
    """
    try:
        fields = _FIELDS.decode(content)
        for name in without:
            fields.pop(name, None)
        return msgspec.json.format(msgspec.json.encode(fields), indent=-1)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return content


def usable_key(key: str) -> str:
    """The key if it can be stored and shown, else ""."""
    return key if key.isprintable() and len(key) <= KEY_LIMIT else ""


def _invalid(message: str) -> RecordRejected:
    path = _PATH.search(message)
    missing = _MISSING.search(message)
    field = path[1] if path else ""
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
    detail = _PATH.sub("", message).rstrip(".")
    return RecordRejected("field-missing" if missing else "field-invalid", f"{detail}.", field)


def _quoted(content: bytes) -> str:
    return repr(content[:20].decode("utf-8", "replace"))


def _head(path: Path) -> bytes:
    head = b""
    try:
        for chunk in streams.chunks(path):
            # Blanks before the beginning are nothing to keep, however many there are.
            head = head + chunk if head else chunk.removeprefix(_BOM).lstrip(_BLANKS)
            if len(head) >= _PEEK:
                break
    except streams.DamagedError as error:
        if not head.strip():
            message = f"{path} cannot be read: {error}."
            raise SourceUnavailable(message) from error
    return head


def _is_lines(head: bytes) -> bool:
    """Whether each line is a record: the first line is whole or at least the second one begins as a record does.

    In a document over several lines, the first is not whole JSON, and the second begins with a name.
    """
    lines = [line.strip(_BLANKS) for line in head.removeprefix(_BOM).split(b"\n") if line.strip(_BLANKS)]
    if len(lines) < 2 or not lines[0].startswith(b"{") or lines[0].endswith((b":", b",", b"[")):
        return False
    try:
        msgspec.json.decode(lines[0], type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return lines[1].startswith(b"{")
    return True


def _lines(path: Path, lists: Collection[str], wrappers: Collection[str]) -> Iterator[Item]:
    marks = [f'"{name}"'.encode() for name in lists]
    for line in streams.lines(path):
        origin = f"{path.name}:{line.number}"
        if line.problem:
            yield Item(origin, line.content, f"{origin}: {line.problem}")
        elif line.content.strip():
            if any(mark in line.content[:_ENVELOPE] for mark in marks):
                # Perhaps a whole answer on one line.
                yield from _in_line(line.content, origin, lists, wrappers)
            else:
                yield Item(origin, line.content)


def _in_line(content: bytes, origin: str, lists: Collection[str], wrappers: Collection[str]) -> Iterator[Item]:
    found = list(_document(iter([content]), origin, lists, wrappers))
    if len(found) == 1 and len(found[0].content) + 2 >= len(content.strip()):
        yield Item(origin, content)
    else:
        yield from found


class _Broken(Exception):
    """The text cannot be followed any further; the message says why."""


_CUT = "the text is cut short"
_QUOTE, _COLON, _OPEN_LIST, _CLOSE_LIST, _OPEN_OBJECT, _CLOSE_OBJECT = b'":[]{}'
_NOTHING = -1


class _Text:
    """What has been read of a document. What stands before `mark` is done with and may be dropped."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.data = b""
        self.at = 0
        self.mark = 0
        self.begin = 0

    def more(self) -> bool:
        """Read on; False at the end. Raises _Broken."""
        if len(self.data) - self.mark > RECORD_LIMIT:
            message = f"a record has more than the {RECORD_LIMIT:,} bytes allowed"
            raise _Broken(message)
        try:
            chunk = next(self._chunks, b"")
        except streams.DamagedError as error:
            raise _Broken(str(error)) from error
        self.data = self.data[self.mark :] + chunk
        self.at -= self.mark
        self.begin -= self.mark
        self.mark = 0
        return bool(chunk)

    def _must_go_on(self) -> None:
        if not self.more():
            raise _Broken(_CUT)

    def peek(self) -> int:
        """The next byte that is no blank and no comma; _NOTHING at the end."""
        while True:
            match = _SPACE.match(self.data, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.data):
                return self.data[self.at]
            if not self.more():
                return _NOTHING

    def name(self) -> str:
        """Pass a name and its colon."""
        if self.peek() != _QUOTE:
            raise _Broken(_CUT if self.at >= len(self.data) else "a name is missing")
        name = self.value()[1:-1]
        if self.peek() != _COLON:
            raise _Broken(_CUT if self.at >= len(self.data) else "a colon is missing")
        self.at += 1
        return name.decode("utf-8", "replace")

    def value(self) -> bytes:
        """Pass the value that begins at `at`, whatever it is; its bytes."""
        self.begin = self.at
        letter = self.data[self.at]
        if letter in (_OPEN_LIST, _OPEN_OBJECT):
            self._pass_brackets()
        elif letter == _QUOTE:
            while (match := _STRING.match(self.data, self.at)) is None:
                self._must_go_on()
            self.at = match.end()
        else:
            while (match := _SCALAR.match(self.data, self.at)) is None or match.end() == len(self.data):
                if match is None:
                    message = "the brackets do not match"
                    raise _Broken(message)
                if not self.more():
                    break
            self.at = match.end()
        return self.data[self.begin : self.at]

    def _pass_brackets(self) -> None:
        depth = 0
        while True:
            match = _RUN.match(self.data, self.at)
            self.at = match.end() if match else self.at
            letter = self.data[self.at] if self.at < len(self.data) else _QUOTE
            if letter == _QUOTE:
                # The end of what has been read, perhaps in the middle of a string.
                self._must_go_on()
                continue
            depth += 1 if letter in (_OPEN_LIST, _OPEN_OBJECT) else -1
            self.at += 1
            if depth == 0:
                return
            if depth > DEPTH_LIMIT:
                message = "the values are nested too deeply"
                raise _Broken(message)


def _document(chunks: Iterator[bytes], name: str, lists: Collection[str], wrappers: Collection[str]) -> Iterator[Item]:
    """The records of a text of one or several JSON values."""
    text = _Text(chunks)
    number = 0
    try:
        for content in _roots(text, lists, wrappers):
            number += 1
            yield Item(f"{name}:{number}", content)
    except _Broken as broken:
        rest = text.data[text.mark : text.mark + streams.HEAD]
        origin = f"{name}:{number + 1}"
        yield Item(origin, rest, f"{origin}: {broken}, after {number:,} whole records.")


def _roots(text: _Text, lists: Collection[str], wrappers: Collection[str]) -> Iterator[bytes]:
    while (letter := text.peek()) != _NOTHING:
        text.mark = text.at
        if letter == _OPEN_LIST:
            text.at += 1
            yield from _elements(text)
        elif letter == _OPEN_OBJECT:
            yield from _object(text, lists, wrappers)
        else:
            message = "something follows that is no JSON object or list"
            raise _Broken(message)


def _elements(text: _Text) -> Iterator[bytes]:
    """The elements of the list whose bracket has just been passed."""
    while (letter := text.peek()) != _CLOSE_LIST:
        if letter == _NOTHING:
            raise _Broken(_CUT)
        text.mark = text.at
        content = text.value()
        text.mark = text.at
        yield content
    text.at += 1
    text.mark = text.at


def _object(text: _Text, lists: Collection[str], wrappers: Collection[str]) -> Iterator[bytes]:
    """The records inside the object at `at`, or the object itself if none of its names leads to records."""
    text.mark = text.at
    text.at += 1
    found = False
    while text.peek() != _CLOSE_OBJECT:
        name = text.name()
        letter = text.peek()
        if letter == _NOTHING:
            raise _Broken(_CUT)
        if name in wrappers and letter == _OPEN_OBJECT:
            found = True
            yield from _object(text, lists, ())
        elif name in lists and letter == _OPEN_LIST:
            found = True
            text.at += 1
            yield from _elements(text)
        elif name in lists and letter == _OPEN_OBJECT:
            found = True
            text.mark = text.at
            yield text.value()
        else:
            text.value()
        if found:
            text.mark = text.at
    text.at += 1
    content = text.data[text.mark : text.at]
    text.mark = text.at
    if not found:
        yield content
