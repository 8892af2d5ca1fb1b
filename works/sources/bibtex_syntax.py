"""The BibTeX language: blocks of a file, fields of an entry, names of a field. Hand-written, because every step is linear.

As BibTeX reads it: braces count even behind a backslash, text between entries is comment, and the case of types,
field names and macros makes no difference. Where BibTeX gives up, this goes on at the next entry.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from researchgraph.errors import RecordRejected
from researchgraph.lib import streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ENTRY_LIMIT = 1024 * 1024
"""A longer entry is damage: some brace of it is missing (characters)."""

DEPTH_LIMIT = 10_000
EXPANDED_LIMIT = 4 * 1024 * 1024
_REACH = 128
_TOKEN = re.compile(r"@\s{0,20}([A-Za-z][A-Za-z0-9_+-]{0,50})\s{0,20}([{(])|[{}()]")
_RUNS_ON = re.compile(r"\s{0,50},?\s{0,50}[A-Za-z][A-Za-z0-9_+-]{0,40}\s{0,10}=\s{0,10}[\"{0-9A-Za-z]")
_SKIPPED = re.compile(r"(?:[\s,]|%[^\n]*(?:\n|$))*")
_NAME = re.compile(r"[^\s={}\",#%()]{1,200}")
_EQUALS = re.compile(r"\s*=\s*")
_WORD = re.compile(r"[^\s={}\",#%()][^\s={}\",#()]{0,2000}")
_PLUS = re.compile(r"\s*#\s*")
_BRACE = re.compile(r"[{}]")
_QUOTE = re.compile(r"[{}\"]")
_AND = re.compile(r"[{}]|(?<= )and(?= )", re.IGNORECASE)
_COMMA = re.compile(r"[{},]")
_LAYERS = 3
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Block(NamedTuple):
    """One `@type{...}` of a file. `body` is what stands between its brackets; `line` counts from 1."""

    type: str
    body: str
    source: str
    line: int
    problem: str = ""


class _Start(NamedTuple):
    at: int
    bracket: int
    depth: int
    first_on_line: bool
    commented: bool
    type: str


class _Scanner:
    """Finds blocks in text that comes in pieces, looking at every character once."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self._text = ""
        self._base = 0
        self._scanned = 0
        self._open: list[tuple[str, int]] = []
        self._closed: dict[int, int] = {}
        self._starts: deque[_Start] = deque()
        self.line = 1
        self._counted = 0
        self._done = False
        self.damage = ""

    def blocks(self) -> Iterator[Block]:
        at = 0
        while True:
            start = self._next_start(at)
            if start is None:
                return
            if start.commented:
                self._starts.popleft()
                at = start.bracket + 1
                continue
            end, problem = self._end(start)
            self._count_lines(start.at)
            source = self._text[start.at - self._base : end - self._base]
            inner = source[start.bracket - start.at + 1 :]
            yield Block(start.type.lower(), inner if problem else inner[:-1], source, self.line, problem)
            at = end
            self._forget(at)

    def _next_start(self, at: int) -> _Start | None:
        """The first start at or after `at`, what lies before it forgotten; None at the end of the text."""
        while True:
            while self._starts and self._starts[0].at < at:
                self._closed.pop(self._starts.popleft().bracket, None)
            if self._starts:
                return self._starts[0]
            if self._done:
                return None
            at = max(at, self._scanned)
            self._forget(at)
            self._read()

    def _end(self, start: _Start) -> tuple[int, str]:
        """Where the block ends, and what is wrong with it."""
        while start.bracket not in self._closed and not self._done and self._scanned - start.at <= ENTRY_LIMIT:
            self._read()
        closed = self._closed.get(start.bracket)
        for following in self._starts:
            if following.at <= start.at:
                continue
            if closed is not None and following.at > closed:
                break
            inside = closed is None or following.depth == start.depth + 1
            if inside and following.first_on_line and not following.commented:
                return following.at, "the entry does not end before the next one begins; a closing brace is missing"
        if closed is None:
            end = self._base + len(self._text)
            return end, self.damage or "the entry does not end; a closing brace is missing, or the file is cut short"
        while not self._done and self._scanned - closed <= _REACH:
            self._read()
        if _RUNS_ON.match(self._text, closed + 1 - self._base):
            end = self._starts_after(closed)
            return end, "fields go on behind the closing brace of the entry; there is a brace too many"
        return closed + 1, ""

    def _starts_after(self, at: int) -> int:
        following = next((start.at for start in self._starts if start.at > at and start.first_on_line), None)
        return following if following is not None else min(self._scanned, at + ENTRY_LIMIT)

    def _read(self) -> None:
        """One more piece of text, its brackets matched."""
        try:
            piece = next(self._pieces, None)
        except streams.DamagedError as error:
            piece, self.damage = None, str(error)
        if piece is None:
            self._done = True
        else:
            self._text += piece
        limit = len(self._text) if self._done else max(0, len(self._text) - _REACH)
        at = self._scanned - self._base
        for token in _TOKEN.finditer(self._text, at):
            if token.start() >= limit:
                break
            self._match(token)
            at = token.end()
        self._scanned = self._base + max(at, limit)

    def _match(self, token: re.Match[str]) -> None:
        at, bracket = self._base + token.start(), self._base + token.end() - 1
        if token[1]:
            line = self._text[max(0, token.start() - 200) : token.start()].rpartition("\n")[2]
            self._starts.append(
                _Start(at, bracket, len(self._open), not line.strip(), line.lstrip().startswith("%"), token[1])
            )
            self._open.append((token[2], bracket))
            self._closed.pop(bracket, None)
        elif token[0] == "{":
            self._open.append(("{", -1))
        elif token[0] == "(":
            if self._open and self._open[-1][0] == "(":
                self._open.append(("(", -1))
        elif token[0] == "}" or (self._open and self._open[-1][0] == "("):
            self._close("{" if token[0] == "}" else "(", bracket)
        if len(self._open) > DEPTH_LIMIT:
            self._open.clear()

    def _close(self, kind: str, at: int) -> None:
        if self._open and self._open[-1][0] == kind:
            opened = self._open.pop()[1]
            if opened >= 0:
                self._closed[opened] = at

    def _count_lines(self, at: int) -> None:
        if at > self._counted:
            self.line += self._text.count("\n", self._counted - self._base, at - self._base)
            self._counted = at

    def _forget(self, at: int) -> None:
        """Drop the text before `at`, but for the line it stands on, when it is worth the copying."""
        if at - self._base > ENTRY_LIMIT:
            keep = at - 256
            self._count_lines(keep)
            self._text = self._text[keep - self._base :]
            self._base = keep


def blocks(pieces: Iterable[str]) -> Iterator[Block]:
    """The blocks of a text in order, `@comment` and `@preamble` left out; damage is a block with a problem."""
    scanner = _Scanner(pieces)
    problem = ""
    for block in scanner.blocks():
        problem = block.problem
        if block.type not in {"comment", "preamble"} or problem:
            yield block
    if scanner.damage and scanner.damage != problem:
        yield Block("", "", "", scanner.line, scanner.damage)


def key_of(body: str) -> str:
    """The citation key at the beginning of an entry's body; "" if there is none."""
    key, comma, _ = body.partition(",")
    return "" if "=" in key or "{" in key else " ".join(key.split()) if comma or key.strip() else ""


def fields(body: str, macros: Mapping[str, str]) -> dict[str, str]:
    """The fields of an entry by lower-case name, macros expanded. Raises RecordRejected where it cannot be read.

    Authors stated twice are joined, so that none is lost; of any other field the first counts, as in BibTeX.
    """
    head, comma, _ = body.partition(",")
    at = len(head) if comma and "=" not in head and "{" not in head else 0
    if not comma and "=" not in head:
        return {}
    found: dict[str, str] = {}
    size = 0
    last = "the key"
    while True:
        skipped = _SKIPPED.match(body, at)
        at = skipped.end() if skipped else at
        if at >= len(body):
            return found
        name = _NAME.match(body, at)
        equals = _EQUALS.match(body, name.end()) if name else None
        if not name or not equals:
            seen = " ".join(body[at : at + 60].split())
            raise RecordRejected("bibtex-invalid", f"Behind {last} stands {seen!r}, which is no field.", last)
        last = name[0].lower()
        value, at = _value(body, equals.end(), macros, last)
        size += len(value)
        if size > EXPANDED_LIMIT:
            raise RecordRejected("bibtex-too-long", f"The fields have more than {EXPANDED_LIMIT:,} characters.", last)
        if last in {"author", "authors", "editor"} and found.get(last):
            found[last] += f" and {value}" if value.strip() else ""
        elif not found.get(last):
            found[last] = value


def _value(body: str, at: int, macros: Mapping[str, str], field: str) -> tuple[str, int]:
    """The value that begins at `at`, its pieces joined, and where it ends."""
    pieces: list[str] = []
    size = 0
    while True:
        first = body[at : at + 1]
        if first == "{":
            end = _closing(body, at + 1, _BRACE, "}", field)
            pieces.append(body[at + 1 : end])
            at = end + 1
        elif first == '"':
            end = _closing(body, at + 1, _QUOTE, '"', field)
            pieces.append(body[at + 1 : end])
            at = end + 1
        else:
            word = _WORD.match(body, at)
            if word is None:
                return "".join(pieces), at
            # A macro that is not defined stands for its own name.
            pieces.append(macros.get(word[0].lower(), word[0]))
            at = word.end()
        size += len(pieces[-1])
        if size > EXPANDED_LIMIT:
            raise RecordRejected("bibtex-too-long", f"The value has more than {EXPANDED_LIMIT:,} characters.", field)
        plus = _PLUS.match(body, at)
        if plus is None:
            return "".join(pieces), at
        at = plus.end()


def _closing(body: str, at: int, pattern: re.Pattern[str], closer: str, field: str) -> int:
    depth = 0
    for mark in pattern.finditer(body, at):
        if mark[0] == closer and depth == 0:
            return mark.start()
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth -= 1
            if depth < 0:
                break
    raise RecordRejected("bibtex-invalid", f"The value of {field} does not end.", field)


def macro(body: str, macros: Mapping[str, str]) -> tuple[str, str] | None:
    """The lower-case name and the expanded value of a `@string`; None if it states neither."""
    name = _NAME.match(body, len(body) - len(body.lstrip()))
    equals = _EQUALS.match(body, name.end()) if name else None
    if not name or not equals:
        return None
    try:
        return name[0].lower(), _value(body, equals.end(), macros, name[0])[0]
    except RecordRejected:
        return None


def words(body: str) -> set[str]:
    """Lower-case words of an entry's body outside of braces and quotes, among which are all macros it uses."""
    outside: list[str] = []
    depth = done = 0
    quoted = False
    for mark in _QUOTE.finditer(body):
        if depth == 0 and not quoted:
            outside.append(body[done : mark.start()])
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth -= 1
        elif depth == 0:
            quoted = not quoted
        done = mark.end()
    outside.append(body[done:])
    return {word.lower() for piece in outside for word in _NAME.findall(piece)}


def names(value: str) -> list[str]:
    """The names of an author field, split at "and" outside of braces."""
    return _split(" ".join(value.split()), _AND)


def name_parts(name: str) -> list[str]:
    """The parts of one name, split at commas outside of braces."""
    return _split(name, _COMMA)


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    parts = []
    depth = done = 0
    for mark in pattern.finditer(f" {text} "):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth = max(0, depth - 1)
        elif depth == 0:
            parts.append(text[max(0, done - 1) : mark.start() - 1])
            done = mark.end()
    parts.append(text[max(0, done - 1) :])
    return [part for part in map(str.strip, parts) if part]


def literal(name: str) -> str:
    """The inside of a name that is one pair of braces altogether; "" for any other."""
    inside = ""
    for _ in range(_LAYERS):
        if not name.startswith("{") or not name.endswith("}"):
            break
        depth = 0
        for mark in _BRACE.finditer(name):
            depth += 1 if mark[0] == "{" else -1
            if depth == 0:
                break
        if depth or mark.end() < len(name):
            break
        inside = name = name[1:-1].strip()
    return inside
