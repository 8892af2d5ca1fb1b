"""The contract every source fulfils, run over all payloads in `tests/payloads/<source>/`."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib.http import Http
from works.ingest.other_kinds import canonical
from works.records import Parsed, RawRecord
from works.sources import registry
from works.sources.base import Source
from works.sources.jsonl import JsonlSource

PAYLOADS = Path(__file__).parents[1] / "payloads"
CASES = [
    pytest.param(name, path, id=f"{name}-{path.name}")
    for name in sorted(registry.sources())
    for path in sorted((PAYLOADS / name).iterdir())
]


def _read(name: str, path: Path) -> list[RawRecord]:
    """The records of a payload; none if the source refuses the file as a whole."""
    try:
        return list(registry.get(name).read(path))
    except SourceUnavailable:
        return []


def _parsed(name: str, record: RawRecord) -> Parsed | RecordRejected:
    try:
        return canonical(registry.get(name).parse(record))
    except RecordRejected as rejected:
        return rejected


@pytest.mark.parametrize(("name", "path"), CASES)
def test_reading_a_payload_twice_gives_the_same_records(name: str, path: Path) -> None:
    records = _read(name, path)
    assert records == _read(name, path)
    keys = [record.key for record in records if record.key]
    assert len(set(keys)) == len(keys)
    assert all(record.origin.startswith(f"{path.name}:") for record in records)


@pytest.mark.parametrize(("name", "path"), CASES)
def test_every_record_parses_or_is_rejected_with_a_reason(name: str, path: Path) -> None:
    for record in _read(name, path):
        if record.problem:
            assert len(record.problem) > 20
            continue
        outcome = _parsed(name, record)
        if isinstance(outcome, RecordRejected):
            assert outcome.code == outcome.code.lower().replace(" ", "-")
            assert outcome.detail
        else:
            assert outcome == _parsed(name, record) == canonical(outcome)


@pytest.mark.parametrize("name", sorted(registry.sources()))
def test_each_source_has_payloads_that_parse(name: str) -> None:
    records = [r for path in (PAYLOADS / name).iterdir() for r in _read(name, path) if not r.problem]
    assert sum(isinstance(_parsed(name, record), Parsed) for record in records) >= 2


@pytest.mark.parametrize("name", sorted(registry.sources()))
@pytest.mark.parametrize(
    "payload", [b"", b"\x00", b"\xff\xfe\x00", b"null", b"<a/>", b"[" * 100_000, b"{}", b"<" * 10_000]
)
def test_no_payload_makes_a_parser_fail_in_another_way(name: str, payload: bytes) -> None:
    with pytest.raises(RecordRejected) as rejected:
        registry.get(name).parse(RawRecord("key", payload))
    assert rejected.value.detail


@pytest.mark.parametrize("name", sorted(registry.sources()))
def test_a_file_that_is_not_there_is_unavailable(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        list(registry.get(name).read(tmp_path / "absent"))


def test_names_are_the_stored_ones_and_labels_are_for_people() -> None:
    found = registry.sources()
    assert set(found) >= {"arxiv", "jsonl"}
    for name, source in found.items():
        assert source.name == name == name.lower()
        assert source.label


def test_sources_with_a_live_service_say_how_to_ask_it() -> None:
    for source in registry.sources().values():
        assert bool(source.example) == (source.fetch is not Source.fetch)


def test_an_unknown_source_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError) as unknown:
        registry.get("arxive")
    assert str(unknown.value).endswith(f"'arxive'. Known sources: {', '.join(sorted(registry.sources()))}.")


def test_a_source_without_a_live_service_says_so() -> None:
    http = Http(user_agent="tests (mailto:tests@example.org)")
    with pytest.raises(SourceUnavailable, match="no live service"):
        list(registry.get("jsonl").fetch("anything", http))


class _Plugin(JsonlSource):
    name = "department"
    label = "Department list"


class _Impostor(_Plugin):
    name = "arxiv"


def _offer(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    # The source list is read through one name, so that is the one place to stand in for an installed package.
    entry = importlib.metadata.EntryPoint("offered", f"{__name__}:{target}", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(
        registry, "entry_points", lambda *, group: [entry] if group == registry.ENTRY_POINT_GROUP else []
    )
    registry.sources.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_registry() -> Iterator[None]:
    yield
    registry.sources.cache_clear()


def test_a_plug_in_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, "_Plugin")
    assert isinstance(registry.get("department"), Source)
    assert "department" in registry.sources()


def test_a_plug_in_cannot_take_a_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, "_Impostor")
    with pytest.raises(ValueError, match="Two sources are named 'arxiv'"):
        registry.get("arxiv")


def test_an_entry_point_that_is_no_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, "PAYLOADS")
    with pytest.raises(TypeError, match=r"is no works\.sources\.base\.Source"):
        registry.get("jsonl")
