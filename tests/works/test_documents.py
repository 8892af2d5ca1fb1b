"""Cutting JSON files into records: envelopes, lists, lines, damage, and bounds on memory and time."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from researchgraph.errors import SourceUnavailable
from works.sources import documents
from works.sources.documents import Item

LISTS = frozenset({"items", "data"})
WRAPPERS = frozenset({"message"})


def _items(folder: Path, content: bytes, name: str = "works.json") -> list[Item]:
    path = folder / name
    path.write_bytes(content)
    return list(documents.items(path, lists=LISTS, wrappers=WRAPPERS))


def _values(folder: Path, content: bytes) -> list[Any]:
    found = _items(folder, content)
    assert not [item.problem for item in found if item.problem]
    return [json.loads(item.content) for item in found]


RECORDS = [{"id": 1, "t": 'a "quoted] {brace'}, {"id": 2, "inner": [{"data": [1]}, "\\"]}, {"id": 3}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "envelope",
    [
        RECORDS,
        {"total": 3, "items": RECORDS, "more": {"x": []}},
        {"status": "ok", "message": {"facets": {}, "items": RECORDS}},
        {"data": RECORDS, "included": [{"type": "clients"}]},
    ],
)
def test_the_records_of_an_envelope_are_its_list(tmp_path: Path, envelope: Any, indent: int | None) -> None:
    assert _values(tmp_path, json.dumps(envelope, indent=indent).encode()) == RECORDS


@pytest.mark.parametrize("indent", [None, 1])
def test_a_document_without_a_list_is_one_record(tmp_path: Path, indent: int | None) -> None:
    for document in (RECORDS[1], {"message": RECORDS[1]}, {"data": RECORDS[1], "x": 1}):
        assert _values(tmp_path, json.dumps(document, indent=indent).encode()) == [RECORDS[1]]


def test_lines_are_records_and_may_be_whole_answers(tmp_path: Path) -> None:
    lines = [json.dumps(RECORDS[0]), json.dumps({"items": RECORDS[1:]}), "", json.dumps(RECORDS[1])]
    content = "\r\n".join(lines).encode()
    assert _values(tmp_path, b"\xef\xbb\xbf" + content) == [*RECORDS, RECORDS[1]]
    found = _items(tmp_path, content)
    assert [item.origin for item in found] == ["works.json:1", "works.json:2:1", "works.json:2:2", "works.json:4"]


def test_packed_files_are_read_as_they_are(tmp_path: Path) -> None:
    content = json.dumps({"items": RECORDS}).encode()
    for packed in (gzip.compress(content), zstandard.ZstdCompressor().compress(content)):
        assert _values(tmp_path, packed) == RECORDS


def test_documents_one_after_the_other_are_all_read(tmp_path: Path) -> None:
    pretty = json.dumps(RECORDS[0], indent=1) + "\n" + json.dumps({"items": RECORDS[1:]}, indent=1)
    assert _values(tmp_path, pretty.encode()) == RECORDS


@pytest.mark.parametrize(
    ("content", "keys", "problem"),
    [
        (b'{"items": [{"id": 1}, {"id": 2', [1], "the text is cut short, after 1 whole records"),
        (b'{"items": [{"id": 1}, {"id": 2}', [1, 2], "the text is cut short, after 2 whole records"),
        (b'{"items": [{"id": 1}, "abc', [1], "the text is cut short"),
        (b'{"items": [{"id": 1}}', [1], "the brackets do not match"),
        (b'[{"id": 1}] <html>', [1], "something follows that is no JSON"),
        (b'{"items" [{"id": 1}]}', [], "a colon is missing"),
        (b'{items: [{"id": 1}]}', [], "a name is missing"),
        (gzip.compress(b'{"items": [{"id": 1}]}', mtime=0)[:-6], [1], "the gzip file is cut short"),
    ],
)
def test_damage_comes_after_everything_before_it(tmp_path: Path, content: bytes, keys: list[int], problem: str) -> None:
    *whole, last = _items(tmp_path, content)
    assert [json.loads(item.content)["id"] for item in whole] == keys
    assert problem in last.problem
    assert last.problem.startswith(f"works.json:{len(keys) + 1}: ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"<html><body>", "is an HTML page"),
        (b"<works/>", "is XML"),
        ("{}".encode("utf-16"), "is not in UTF-8"),
        (b"- a: yaml", "begins with '- a: yaml'"),
        (b"PK\x03\x04", "is a ZIP archive"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"\x1f\x8bnonsense", "cannot be read"),
    ],
)
def test_what_is_no_json_is_refused_with_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        _items(tmp_path, content)


def test_a_nest_of_brackets_ends_the_reading(tmp_path: Path) -> None:
    (item,) = _items(tmp_path, b'{"items": [' + b"[" * 1_000_000)
    assert "nested too deeply" in item.problem


def test_a_record_over_the_limit_ends_the_reading_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "RECORD_LIMIT", 1_000_000)
    content = b'{"items": [{"id": 1}, {"t": "' + b"x" * 20_000_000 + b'"}]}'
    path = tmp_path / "works.json.gz"
    path.write_bytes(gzip.compress(content))
    tracemalloc.start()
    first, last = documents.items(path, lists=LISTS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert first.content == b'{"id": 1}'
    assert "more than the 1,000,000 bytes allowed" in last.problem
    assert peak < 12_000_000


def test_a_long_list_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "works.json"
    with path.open("wb") as file:
        file.write(b'{"meta": {}, "items": [')
        for number in range(60_000):
            file.write(b'%s{"id": %d, "t": "%s"}' % (b"," if number else b"", number, b"x" * 500))
        file.write(b"]}")
    tracemalloc.start()
    start = time.perf_counter()
    count = sum(not item.problem for item in documents.items(path, lists=LISTS))
    seconds = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60_000
    assert peak < 12_000_000
    assert seconds < 60


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(records=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5), step=st.integers(1, 9))
def test_records_are_found_wherever_the_pieces_end(records: list[dict[str, Any]], step: int) -> None:
    content = json.dumps({"total": 1, "items": records}, ensure_ascii=False).encode()
    pieces = iter([content[at : at + step] for at in range(0, len(content), step)])
    found = list(documents._document(pieces, "x", LISTS, WRAPPERS))
    assert [json.loads(item.content) for item in found] == records


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reading_fail(content: bytes) -> None:
    for item in documents._document(iter([content[:50], content[50:]]), "x", LISTS, WRAPPERS):
        assert item.content or item.problem


def test_canonical_bytes_leave_out_blanks_and_what_was_asked() -> None:
    assert documents.canonical(b'{ "a" : 1.50,\n "score": 7 }', without={"score"}) == b'{"a":1.50}'
    assert documents.canonical(b"{ nonsense") == b"{ nonsense"
