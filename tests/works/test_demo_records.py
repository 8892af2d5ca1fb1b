"""The bundled records: complete, lawful, and made by the builder."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from researchgraph.lib.text import fold
from works.demo import build
from works.ingest.normalise import normalise
from works.sources.jsonl import JsonlSource

ROOT = Path(__file__).parents[2]
LINES = build.OUTPUT.read_text(encoding="utf-8").splitlines()
RECORDS = [json.loads(line) for line in LINES]


def test_the_records_fit_the_published_schema_and_are_accepted() -> None:
    schema = json.loads((ROOT / "docs" / "interchange.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert 300 <= len(RECORDS) <= 700
    for record, raw in zip(RECORDS, JsonlSource().read(build.OUTPUT), strict=True):
        validator.validate(record)
        assert raw.key == record["source_id"]
        assert normalise(JsonlSource.parse(raw)).authors


def test_only_bibliographic_facts_are_bundled() -> None:
    assert build.OUTPUT.stat().st_size <= build.SIZE_LIMIT
    for line, record in zip(LINES, RECORDS, strict=True):
        assert set(record) <= {*build.WORK_FIELDS, "authors"}
        assert all(set(author) <= set(build.AUTHOR_FIELDS) for author in record["authors"])
        assert "abstract" not in record
        assert "@" not in line or "@" in record["title"]


def test_records_are_sorted_and_named_once() -> None:
    names = [record["source_id"] for record in RECORDS]
    assert names == sorted(set(names))


def test_both_seed_authors_are_there_with_model_soups_twice() -> None:
    soups = [record for record in RECORDS if record["title"].startswith("Model soups")]
    assert [record["venue"] for record in soups] == ["arXiv", "ICML"]
    preprint, published = soups
    assert (preprint["arxiv"], preprint["date"], preprint["categories"]) == (
        "2203.05482",
        "2022-03-10",
        ["cs.LG"],
    )
    names = [author["name"] for author in preprint["authors"]]
    assert names == [author["name"] for author in published["authors"]]
    assert len(names) == 11
    assert {"Ari Morcos", "Raphael Gontijo Lopes"} <= set(names)
    spellings = {fold(author["name"]) for record in RECORDS for author in record["authors"]}
    assert {"ari morcos", "ari s morcos", "raphael gontijo lopes"} <= spellings


def test_the_builder_gives_the_bundled_bytes(shared_data: Path, tmp_path: Path) -> None:
    before = build.OUTPUT.read_bytes()
    copy = tmp_path / "works.jsonl"
    assert build.main(shared_data, copy) == len(RECORDS)
    assert copy.read_bytes() == before
