"""Reading lines of plain, gzip or Zstandard files in bounded memory, whatever is wrong with them.

Damage is not an exception here but a line with a `problem`: everything before it has been handed out already.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from researchgraph.errors import SourceUnavailable

LINE_LIMIT = 16 * 1024 * 1024
"""A longer line is handed out with a problem and only its head (bytes)."""

HEAD = 64 * 1024
CHUNK = 1024 * 1024
PACKED = 64 * 1024
"""How much of a gzip file is read at once (bytes): a bomb is measured by what of it has been read."""

BLOCK = 128 * 1024
"""The largest block of Zstandard (bytes)."""

WINDOW_LIMIT = 128 * 1024 * 1024
RATIO_LIMIT = 250
RATIO_FREE = 64 * 1024 * 1024
"""Output below this is read whatever the ratio (bytes)."""

GZIP = b"\x1f\x8b"
ZSTANDARD = b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive",
    b"\xfd7zXZ\x00": "an xz file",
    b"BZh": "a bzip2 file",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"%PDF": "a PDF",
    b"<?xml": "XML",
    b"<!DOCTYPE": "HTML",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
}


class Line(NamedTuple):
    """One line without its end. `number` counts from 1; `problem` is a sentence, or ""."""

    number: int
    content: bytes
    problem: str = ""


class DamagedError(Exception):
    """The compressed stream ends or breaks; the message says how. All that could be unpacked was handed out before."""


def check_readable(path: Path) -> None:
    """Raises SourceUnavailable, with the reason, if the file cannot be read as lines at all."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise SourceUnavailable(message) from error
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            message = f"{path} is {kind}; expected JSON lines, plain or compressed with gzip or Zstandard."
            raise SourceUnavailable(message)


def lines(path: Path) -> Iterator[Line]:
    """The lines of the file in order, empty ones counted but left out.

    Raises SourceUnavailable if it cannot be opened.
    """
    check_readable(path)
    with path.open("rb") as file:
        yield from _lines(_chunks(file))


def _lines(pieces: Iterator[bytes]) -> Iterator[Line]:
    number = 1
    # The line that has begun, in its pieces: joined once, not copied again with every piece of a long one.
    begun: list[bytes] = []
    held = 0
    dropped = 0
    problem = ""
    while True:
        try:
            chunk = next(pieces, b"")
        except DamagedError as error:
            chunk, problem = b"", str(error)
        if not chunk:
            break
        if not held and not chunk.strip(b"\n"):
            # Nothing but empty lines, of which a bomb can hold many: count them at once.
            number += len(chunk)
            continue
        first, *rest = chunk.split(b"\n")
        if held < LINE_LIMIT:
            begun.append(first)
            held += len(first)
        else:
            dropped += len(first)
        for following in rest:
            if held:
                yield _line(number, b"".join(begun), dropped)
            number, begun, held, dropped = number + 1, [following], len(following), 0
        if held > LINE_LIMIT:
            dropped += held - LINE_LIMIT
            begun, held = [b"".join(begun)[:LINE_LIMIT]], LINE_LIMIT
    pending = b"".join(begun)
    if problem:
        yield Line(number, pending[:HEAD] if dropped else pending, problem)
    elif pending:
        yield _line(number, pending, dropped)


def _line(number: int, content: bytes, dropped: int) -> Line:
    length = len(content) + dropped
    if length > LINE_LIMIT:
        problem = f"the line has {length:,} bytes, more than the {LINE_LIMIT:,} allowed; its first {HEAD:,} are kept"
        return Line(number, content[:HEAD], problem)
    if number == 1:
        content = content.removeprefix(_BOM)
    return Line(number, content.removesuffix(b"\r"))


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a plain, gzip or Zstandard file piece by piece.

    Raises SourceUnavailable if it cannot be opened, and DamagedError after the last good piece.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise SourceUnavailable(message) from error
    with file:
        yield from _chunks(file)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    head = file.read(4)
    file.seek(0)
    if head.startswith(GZIP):
        unpacked = _gunzipped(file)
    elif head == ZSTANDARD:
        unpacked = _unzstd(file)
    else:
        yield from iter(lambda: file.read(CHUNK), b"")
        return
    size = 0
    for chunk in unpacked:
        size += len(chunk)
        if size > RATIO_FREE and size > RATIO_LIMIT * file.tell():
            message = f"the file unpacks to more than {RATIO_LIMIT:,} times its size, so reading stopped here"
            raise DamagedError(message)
        yield chunk


def _gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """All members one after the other. The decompressor's output is capped, so a bomb costs no memory."""
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = file.read(PACKED)
    while data:
        try:
            chunk = decompressor.decompress(data, CHUNK)
        except zlib.error as error:
            message = f"the gzip file is damaged ({error})"
            raise DamagedError(message) from error
        if chunk:
            yield chunk
        if decompressor.eof:
            data = decompressor.unused_data.lstrip(b"\x00") or file.read(PACKED).lstrip(b"\x00")
            if data:
                decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
        else:
            data = decompressor.unconsumed_tail or file.read(PACKED)
    if not decompressor.eof:
        message = "the gzip file is cut short; this line and what follows are missing"
        raise DamagedError(message)


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT).stream_reader(
        file,
        read_size=BLOCK,
        read_across_frames=True,
        closefd=False,
    )
    while True:
        try:
            # `read` would wait for a full chunk and lose what came before the damage; `read1` hands it out.
            chunk = reader.read1(BLOCK)
        except zstandard.ZstdError as error:
            message = f"the Zstandard file is damaged ({error})"
            raise DamagedError(message) from error
        if not chunk:
            break
        yield chunk
    # The decompressor ends a truncated file as if it were whole; the frame headers tell them apart.
    if not _zstd_is_whole(file):
        message = "the Zstandard file is cut short; this line and what follows are missing"
        raise DamagedError(message)


def _zstd_is_whole(file: BinaryIO) -> bool:
    """Whether the last frame ends where the file ends, by walking the headers of RFC 8878, section 3.1."""
    size = file.seek(0, 2)
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(18)
        if len(header) < 6:
            return False
        if header[1:4] == b"\x2a\x4d\x18" and header[0] & 0xF0 == 0x50:
            at += 8 + int.from_bytes(header[4:8], "little")
            continue
        descriptor = header[4]
        single = descriptor >> 5 & 1
        content_size = (single, 2, 4, 8)[descriptor >> 6]
        at += 5 + (1 - single) + (0, 1, 2, 4)[descriptor & 3] + content_size
        last = False
        while not last:
            file.seek(at)
            block = int.from_bytes(file.read(3), "little")
            last = bool(block & 1)
            kind = block >> 1 & 3
            at += 3 + (1 if kind == 1 else block >> 3)
            if at > size:
                return False
        at += 4 * (descriptor >> 2 & 1)
    return at == size
