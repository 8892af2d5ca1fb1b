"""The objects of a JSON file one by one, in memory bounded by the largest of them, whatever the file's size."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import streams
from works.sources.documents import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OBJECT_LIMIT = 16 * 1024 * 1024
"""A longer object is handed out with a problem and only its head (bytes)."""

HEAD = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{}]', re.DOTALL)


class Found(NamedTuple):
    """One object as it stands in the file; `number` counts from 1; `problem` is a sentence, or ""."""

    number: int
    content: bytes
    problem: str = ""


def objects(path: Path, expected: str) -> Iterator[Found]:
    """The objects of an array, of a file with one object, or of objects one after the other (JSON lines).

    Raises SourceUnavailable if the file cannot be opened or holds no JSON object at all. Damage is a last object with
    its problem, after everything before it.
    """
    pieces = streams.chunks(path)
    try:
        first = next(pieces, b"").removeprefix(_BOM)
        while not first.strip():
            first = next(pieces)
    except StopIteration:
        message = f"{path} is empty; expected {expected}."
        raise SourceUnavailable(message) from None
    except streams.DamagedError as error:
        message = f"{path} cannot be read: {error}."
        raise SourceUnavailable(message) from error
    start = first.lstrip()
    if start[:1] not in {b"[", b"{"}:
        kind = "XML or HTML" if start[:1] == b"<" else "no JSON"
        message = f"{path} is {kind}; expected {expected}."
        raise SourceUnavailable(message)
    yield from _split(itertools.chain([start], pieces), 1 if start[:1] == b"[" else 0)


class _Splitter:
    """Finds the objects that open at depth `outer` in pieces of text. Brackets are counted, strings skipped."""

    def __init__(self, outer: int) -> None:
        self._outer = outer
        self._text = b""
        self._at = 0
        self._start = -1
        self._depth = 0
        self._dropped = False
        self.number = 0

    def feed(self, piece: bytes) -> Iterator[Found]:
        """The objects that end in this piece. Raises OverflowError for a string without end."""
        self._text += piece
        complete = True
        for token in _TOKEN.finditer(self._text, self._at):
            if token[0][:1] == b'"':
                complete = bool(token[1])
                if not complete:
                    break
            elif token[0] in b"[{":
                if self._depth == self._outer and token[0] == b"{":
                    self._start = token.start()
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == self._outer and self._start >= 0:
                    yield self._found(token.end())
            self._at = token.end()
        if complete:
            self._at = len(self._text)
        self._forget()

    def _found(self, end: int) -> Found:
        content = self._text[self._start : end]
        large = self._dropped or len(content) > OBJECT_LIMIT
        self._start, self._dropped = -1, False
        self.number += 1
        problem = f"the object has more than {OBJECT_LIMIT:,} bytes; its first {HEAD:,} are kept" if large else ""
        return Found(self.number, content[:HEAD] if large else content, problem)

    def _forget(self) -> None:
        """Keep the object that is open and what has not been read."""
        text, at, start = self._text, self._at, self._start
        if start >= 0 and at - start > OBJECT_LIMIT:
            text, at, start, self._dropped = text[start : start + HEAD] + text[at:], HEAD, 0, True
        keep = start if start >= 0 else at
        self._text, self._at, self._start = text[keep:], at - keep, 0 if start >= 0 else -1
        if len(self._text) - self._at > OBJECT_LIMIT:
            message = f"a text of more than {OBJECT_LIMIT:,} bytes does not end"
            raise OverflowError(message)

    def rest(self) -> tuple[bytes, bool]:
        """The head of what is left, and whether something has begun that did not end."""
        return self._text[:HEAD], bool(self._depth or self._start >= 0 or len(self._text) > self._at)


def _split(pieces: Iterable[bytes], outer: int) -> Iterator[Found]:
    splitter = _Splitter(outer)
    problem = ""
    try:
        for piece in pieces:
            yield from splitter.feed(piece)
    except (streams.DamagedError, OverflowError) as error:
        problem = str(error)
    rest, unfinished = splitter.rest()
    if problem or unfinished:
        yield Found(splitter.number + 1, rest, problem or "the file is cut short, or a bracket is missing")
    elif not splitter.number:
        yield Found(1, rest, "the file holds no object")


def canonical(content: bytes, without: frozenset[str] = frozenset()) -> tuple[dict[str, Any], bytes]:
    """The object, and its bytes in one form: keys in order, no blanks, and none of the keys `without`.

    Raises RecordRejected if it is no JSON object.
    """
    value = decode(content, msgspec.json.Decoder(dict[str, Any]))
    kept = {key: item for key, item in value.items() if key not in without}
    try:
        return value, msgspec.json.encode(kept, order="deterministic")
    except (RecursionError, UnicodeEncodeError) as error:
        raise RecordRejected("json-invalid", "The record cannot be written as JSON again.") from error


def digest(*parts: str) -> str:
    """A short, stable name for what has no identifier of its own."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:20]
