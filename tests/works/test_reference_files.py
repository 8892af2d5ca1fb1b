"""Files people exchange, imported as the command does it: all works arrive, and the second time nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline import importworks, untouched
from works.models import SourceRecord, Work

PAYLOADS = Path(__file__).parents[1] / "payloads"
pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.mark.parametrize(
    ("source", "name", "works", "quarantined"),
    [
        ("bibtex", "works.bib", 4, 0),
        ("bibtex", "odd.bib", 8, 6),
        ("csl_json", "works.json", 4, 0),
        ("csl_json", "odd.json", 3, 6),
        ("dblp", "dump.xml", 5, 2),
        ("dblp", "person.xml", 2, 0),
        ("orcid", "record.json", 4, 2),
        ("ris", "works.ris", 4, 0),
        ("ris", "odd.ris", 3, 3),
    ],
)
def test_a_file_imported_twice_is_imported_once(source: str, name: str, works: int, quarantined: int) -> None:
    first = importworks(PAYLOADS / source / name, source=source)
    assert f"new {works}  updated 0  unchanged 0  quarantined {quarantined}" in first.out
    assert Work.objects.count() == works
    assert SourceRecord.objects.filter(source=source).count() == works + quarantined
    before = untouched()
    second = importworks(PAYLOADS / source / name, source=source)
    assert f"new 0  updated 0  unchanged {works + quarantined}  quarantined 0" in second.out
    assert untouched() == before
