"""A record that its source has withdrawn is marked and takes nothing along; it may come back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.pipeline import importworks, work, write
from works.ingest import pipeline, store
from works.models import Authorship, SourceRecord, Work
from works.records import RawRecord
from works.sources import registry

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

SOUPS = work("t/1", "Stirring soups", "Ada Lovelace", "Grace Hopper", year=2019)


@pytest.fixture(autouse=True)
def soups(empty_library: None, tmp_path: Path) -> None:
    assert importworks(write(tmp_path / "works.jsonl", [SOUPS])).status == 0


def say(*records: RawRecord) -> pipeline.Counts:
    parse = registry.get("jsonl").parse
    counts = pipeline.ingest(
        pipeline.prepare(records, parse),
        source="jsonl",
        run_id=None,
        parser_of=lambda name: registry.get(name).parse,
        lookups=store.Lookups(),
    )
    # Which known records were seen again is for rolling back.
    return msgspec.structs.replace(counts, seen=())


GONE = RawRecord(key="t/1", payload=b"", origin="page:1", deleted=True)


def here() -> RawRecord:
    return RawRecord(key="t/1", payload=bytes(SourceRecord.objects.get().payload), origin="page:1")


def test_what_a_withdrawn_record_stated_stays_and_the_page_says_so(client: Client) -> None:
    assert say(GONE) == pipeline.Counts(updated=1)
    assert SourceRecord.objects.get().withdrawn_at is not None
    assert Authorship.objects.count() == 2
    page = client.get(Work.objects.get().get_absolute_url()).content.decode()
    assert "withdrawn by the source" in page


def test_saying_it_again_or_of_an_unknown_record_changes_nothing() -> None:
    say(GONE)
    before = SourceRecord.objects.get().withdrawn_at
    unknown = RawRecord(key="t/2", payload=b"", deleted=True)
    assert say(GONE, unknown) == pipeline.Counts(unchanged=2)
    assert SourceRecord.objects.get().withdrawn_at == before


def test_a_record_that_comes_back_is_withdrawn_no_more_whether_it_changed_or_not() -> None:
    say(GONE)
    assert say(here()) == pipeline.Counts(unchanged=1)
    assert SourceRecord.objects.get().withdrawn_at is None
    say(GONE)
    changed = RawRecord("t/1", json.dumps({**SOUPS, "title": "Stirring two soups"}).encode())
    assert say(changed) == pipeline.Counts(updated=1)
    assert SourceRecord.objects.get().withdrawn_at is None
    assert Work.objects.get().title == "Stirring two soups"


def test_of_two_statements_about_a_record_the_later_one_counts() -> None:
    assert say(here(), GONE) == pipeline.Counts(updated=1, unchanged=1)
    assert SourceRecord.objects.get().withdrawn_at is not None
    say(GONE, here())
    assert SourceRecord.objects.get().withdrawn_at is None
