"""Lines of plain and compressed files, whole and damaged, in bounded memory."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from researchgraph.errors import SourceUnavailable
from researchgraph.lib import streams

TEXT = b"".join(b"line %d %s\n" % (number, b"x" * (number % 97)) for number in range(1, 20_001))


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(data)


def _written(folder: Path, data: bytes, name: str = "file.jsonl") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        gzip.compress(TEXT),
        _zstd(TEXT),
        _zstd(TEXT[:5_000]) + _zstd(TEXT[5_000:]),
        gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]),
    ],
    ids=["plain", "gzip", "zstd", "two-frames", "two-members"],
)
def test_the_kind_of_file_is_read_off_its_first_bytes(tmp_path: Path, data: bytes) -> None:
    lines = list(streams.lines(_written(tmp_path, data)))
    assert [line.content for line in lines] == TEXT.splitlines()
    assert [line.number for line in lines] == list(range(1, 20_001))
    assert not any(line.problem for line in lines)


def test_skippable_zstandard_frames_are_skipped(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    lines = list(streams.lines(_written(tmp_path, _zstd(b"a\n") + skippable + _zstd(b"b\n"))))
    assert [(line.content, line.problem) for line in lines] == [(b"a", ""), (b"b", "")]


@pytest.mark.parametrize("compress", [gzip.compress, _zstd], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kept", [0.3, 0.9, -4, -1])
def test_a_truncated_file_yields_all_before_the_cut_and_says_so(tmp_path: Path, compress: object, kept: float) -> None:
    assert callable(compress)
    # Random-looking content, so that the compressed file has several blocks.
    body = b"".join(
        b"%d %s\n" % (n, (n * 2_654_435_761 % 2**61).to_bytes(8, "big").hex().encode() * 8) for n in range(20_000)
    )
    data: bytes = compress(body)
    cut = int(len(data) * kept) if kept > 0 else len(data) + int(kept)
    *before, last = streams.lines(_written(tmp_path, data[:cut]))
    assert [line.content for line in before] == body.splitlines()[: len(before)]
    assert len(before) > (20_000 * kept * 0.5 if kept > 0 else 15_000)
    assert "cut short" in last.problem
    assert last.number == len(before) + 1


def test_garbage_after_a_whole_frame_loses_nothing_before_it(tmp_path: Path) -> None:
    *before, last = streams.lines(_written(tmp_path, _zstd(b"a\nb\n") + b"garbage!"))
    assert [line.content for line in before] == [b"a", b"b"]
    assert "damaged" in last.problem


def test_byte_order_mark_carriage_returns_and_empty_lines_are_no_content(tmp_path: Path) -> None:
    lines = list(streams.lines(_written(tmp_path, b"\xef\xbb\xbfa\r\n\r\n\n\nb")))
    assert [(line.number, line.content) for line in lines if line.content] == [(1, b"a"), (5, b"b")]


def test_a_line_over_the_cap_is_set_aside_with_its_head(tmp_path: Path) -> None:
    data = b"first\n" + b"x" * (streams.LINE_LIMIT + 5_000_000) + b"\nlast\n"
    first, long, last = streams.lines(_written(tmp_path, data))
    assert (first.content, last.content) == (b"first", b"last")
    assert long.content == b"x" * streams.HEAD
    assert f"{streams.LINE_LIMIT + 5_000_000:,} bytes, more than" in long.problem


def test_a_line_just_under_the_cap_is_whole(tmp_path: Path) -> None:
    (line,) = streams.lines(_written(tmp_path, b"y" * streams.LINE_LIMIT))
    assert len(line.content) == streams.LINE_LIMIT
    assert not line.problem


@pytest.mark.parametrize("unit", [b"a", b"\n"])
def test_a_decompression_bomb_is_stopped_in_little_time_and_memory(tmp_path: Path, unit: bytes) -> None:
    chunk = unit * 1_000_000
    compressor = zstandard.ZstdCompressor(level=3).compressobj()
    data = b"".join(compressor.compress(chunk) for _ in range(400)) + compressor.flush()
    path = _written(tmp_path, data)
    tracemalloc.start()
    start = time.process_time()
    last = streams.Line(0, b"")
    for line in streams.lines(path):
        last = line
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "times its size" in last.problem
    assert peak < 150_000_000
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04rest", b"%PDF-1.7", b"<?xml version='1.0'?>", b"\xfd7zXZ\x00", b"BZh91AY"]
)
def test_files_of_another_kind_are_refused_by_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SourceUnavailable, match="expected JSON lines"):
        streams.check_readable(_written(tmp_path, data))


def test_missing_files_and_folders_are_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="No such file"):
        streams.check_readable(tmp_path / "absent.jsonl")
    with pytest.raises(SourceUnavailable, match="directory"):
        streams.check_readable(tmp_path)


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert list(streams.lines(_written(tmp_path, b""))) == []
