"""Reading the members of a tar archive from a stream, in bounded memory and without believing it anything.

Python's `tarfile` unpacks a whole block of a compressed archive at once, whatever it unpacks to, reads names of any length
into memory, and fills holes in files with as many zeros as the archive says. Here no name is read at all, only what
the members hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from researchgraph.lib.streams import DamagedError

BLOCK: Final = 512
MAGIC: Final = b"ustar"
MAGIC_AT: Final = 257

_FILES: Final = frozenset(b"0\x007")
_EMPTY: Final = frozenset(b"123456")
"""Links, devices, folders: nothing follows them, whatever size they state."""
_DESCRIBING: Final = frozenset(b"xgLK")
"""Long names and other words on the member that follows."""
_SPARSE: Final = ord("S")


class Member(NamedTuple):
    """One file in an archive. `number` counts every member from 1; `problem` says why it has no content, or is ""."""

    number: int
    content: bytes
    problem: str = ""


def is_tar(head: bytes) -> bool:
    """Whether a file that begins like this (512 bytes) is a tar archive, not a compressed one."""
    return head[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC


def members(pieces: Iterator[bytes], *, limit: int) -> Iterator[Member]:
    """The files of the archive in order; folders and links are counted and left out.

    A file of more than `limit` bytes is a member with a problem. Raises DamagedError where the archive is damaged or ends
    too early, and whatever `pieces` raises.
    """
    feed = _Feed(pieces)
    number = 0
    while any(header := feed.take(BLOCK)):
        size = _checked_size(header)
        kind = header[156]
        if kind in _DESCRIBING:
            feed.skip(_padded(size))
            continue
        number += 1
        if kind in _EMPTY:
            continue
        # A folder of the oldest archives is a file whose name ends so.
        if kind in _FILES and not header[:100].rstrip(b"\0").endswith(b"/"):
            if size <= limit:
                yield Member(number, feed.take(size))
                feed.skip(_padded(size) - size)
                continue
            yield Member(number, b"", f"the member has {size:,} bytes, more than the {limit:,} allowed")
        elif kind == _SPARSE:
            yield Member(number, b"", "the member has holes in it and is not read")
            more = header[482]
            while more:
                more = feed.take(BLOCK)[504]
        feed.skip(_padded(size))


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _checked_size(header: bytes) -> int:
    """The size that a header states, if the sum of its bytes is what it says it is."""
    # The field of the sum itself counts as blanks.
    if sum(header) - sum(header[148:156]) + 8 * 32 != _number(header[148:156]):
        message = "the archive is damaged: the header of a member is none"
        raise DamagedError(message)
    return _number(header[124:136])


def _number(field: bytes) -> int:
    """A number in octal digits, or in bytes behind a sign that says so."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        message = f"the archive is damaged: {field!r} is no number of a header"
        raise DamagedError(message)
    return int(digits or b"0", 8)


class _Feed:
    """Pieces of any length, taken in the lengths that are asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self._at + size
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
            self._at = end
            return taken
        parts = [self._piece[self._at :]]
        missing = end - len(self._piece)
        while missing:
            self._next()
            parts.append(self._piece[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over the next `size` bytes, of which nothing is kept."""
        self._at += size
        while self._at > len(self._piece):
            past = self._at - len(self._piece)
            self._next()
            self._at = past

    def _next(self) -> None:
        piece = next(self._pieces, b"")
        if not piece:
            message = "the archive is cut short; this member and what follows are missing"
            raise DamagedError(message)
        self._piece, self._at = piece, 0
