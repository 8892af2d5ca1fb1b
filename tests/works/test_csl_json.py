"""CSL-JSON: names, dates and identifiers of items, files of every shape, and that nothing of an item is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources import json_objects
from works.sources.csl_json import CslJsonSource

from .test_corpus import SAMPLES, parsed, read

PAYLOADS = Path(__file__).parents[1] / "payloads" / "csl_json"


def _works(name: str = "works.json") -> list[ParsedRecord]:
    return [normalise(CslJsonSource.parse(raw)) for raw in CslJsonSource().read(PAYLOADS / name)]


def _item(**fields: Any) -> ParsedRecord:
    item = {"type": "article-journal", "title": "T", "author": [{"literal": "Ada"}], **fields}
    return normalise(CslJsonSource.parse(RawRecord("", json.dumps(item).encode())))


def test_an_item_is_translated_field_by_field() -> None:
    record = _works()[0]
    assert record.title == "On the boiling of H2O & x1"
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", ("Kitchen University", "Institute of Ladles"), identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Jan van der Berg"),
        ParsedAuthor("Jean de La Fontaine"),
        ParsedAuthor("Guy L. Steele, Jr."),
        ParsedAuthor("Martin King III"),
        ParsedAuthor("The EXAMPLE Consortium"),
        ParsedAuthor("Soup Organization"),
    )  # fmt: skip
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.year, version.date, version.revision) == (
        "journal",
        "Journal of Kitchens",
        1999,
        "1999-04-07",
        "v2",
    )
    found = dict(record.identifiers)
    assert found == {
        "doi": "10.1000/example.7",
        "pmid": "12345678",
        "pmcid": "PMC1234567",
        "arxiv": "2401.00001",
    }
    assert [topic.label for topic in record.topics] == ["soup", "stirring, slow"]


def test_titles_in_lists_raw_dates_and_ids_in_addresses_are_read() -> None:
    record = _works()[1]
    assert record.title == "Ladles: A survey"
    assert (record.version.kind, record.version.date, record.version.venue) == (
        "conference",
        "2014-03",
        "Annual Conference on Stirring",
    )
    assert record.identifiers == (("openreview", "BybQ7zWCb"),)


def test_editors_stand_for_a_book_without_authors_only() -> None:
    book = _works()[2]
    assert [(author.name, author.role) for author in book.authors] == [("Emmy Noether", "editor")]
    assert book.identifiers == (("isbn", "9783161484100"),)
    with pytest.raises(RecordRejected) as rejected:
        _item(author=[], editor=[{"literal": "Emmy"}])
    assert rejected.value.code == "authors-missing"


def test_a_preprint_is_known_by_its_number() -> None:
    preprint = _works()[3]
    assert (preprint.version.kind, preprint.version.venue, preprint.version.year) == ("preprint", "arXiv", 2022)
    assert preprint.identifiers == (("arxiv", "2203.05482"),)


@pytest.mark.parametrize(
    ("issued", "date"),
    [
        ({"date-parts": [[2013, 1, 1]]}, "2013-01-01"),
        ({"date-parts": [["2013", "1"]]}, "2013-01"),
        ({"date-parts": [[2013], [2014]]}, "2013"),
        ({"date-parts": [2013, 2]}, "2013"),
        ({"date-parts": [[2013, 13]]}, "2013"),
        ({"date-parts": [[None]]}, ""),
        ({"date-parts": [[]], "raw": "2013/5/9"}, "2013-05-09"),
        ({"raw": "May 2013"}, "2013"),
        ({"literal": "circa 2013", "season": 3}, "2013"),
        ({"literal": "in press"}, ""),
        ("2013-05", "2013-05"),
        (2013, "2013"),
        ({}, ""),
        (None, ""),
    ],
)
def test_dates_of_every_form_stay_as_partial_as_they_are(issued: Any, date: str) -> None:
    version = _item(issued=issued).version
    assert (version.date, version.year) == (date, int(date[:4]) if date else None)


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        ({"author": [{"literal": "Ada"}]}, "title-missing", "title"),
        ({"title": "T"}, "authors-missing", "author"),
        ({"title": "T", "author": [{"family": 7}]}, "field-invalid", "author[0].family"),
        ({"title": 7}, "field-invalid", "title"),
        ({"title": "T", "author": [{"literal": "Ada"}, {"given": " "}]}, "author-unnamed", "author[1]"),
        ({"title": "T", "author": [{"literal": "Ada"}], "issued": [2013]}, "field-invalid", "issued"),
        (
            {"title": "T", "author": [{"literal": "Ada"}], "issued": {"date-parts": [[99999]]}},
            "year-implausible",
            "year",
        ),
    ],
)
def test_what_is_no_work_is_rejected_with_the_path(payload: Any, code: str, field: str) -> None:
    with pytest.raises(RecordRejected) as rejected:
        normalise(CslJsonSource.parse(RawRecord("", json.dumps(payload).encode())))
    assert (rejected.value.code, rejected.value.field) == (code, field)


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("single.json", ["Single"]),
        ("lines.jsonl", ["Line one", "Line two"]),
        ("wrapped.json", ["Wrapped", "Too"]),
        ("none.json", []),
    ],
)
def test_files_of_every_shape_are_read(name: str, titles: list[str]) -> None:
    if titles:
        assert [record.title for record in _works(name)] == titles
    else:
        with pytest.raises(SourceUnavailable, match="holds no object"):
            _works(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.json", "is empty"),
        ("page.json", "is XML or HTML"),
        ("other.yaml", "is no JSON"),
        ("error.json", "no item with a title"),
        ("broken.json", "malformed"),
    ],
)
def test_what_is_no_csl_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(CslJsonSource().read(PAYLOADS / name))


def test_damage_comes_after_everything_before_it() -> None:
    *before, last = CslJsonSource().read(PAYLOADS / "odd.json")
    assert [raw.key for raw in before][:3] == ["untitled", "nobody", "wrong"]
    assert "cut short" in last.problem
    (*_, cut) = CslJsonSource().read(PAYLOADS / "cut.json.gz")
    assert "the gzip file is cut short" in cut.problem


def test_the_payload_does_not_depend_on_order_blanks_or_the_index_around_it() -> None:
    same = [raw for raw in CslJsonSource().read(PAYLOADS / "odd.json") if raw.key.startswith("same")]
    # The third of them is the first one again.
    assert len(same) == 2
    assert same[0].key == "same"
    assert same[1].key.startswith("same#")


def test_keys_are_identifiers_before_running_numbers() -> None:
    keys = [raw.key for raw in CslJsonSource().read(PAYLOADS / "works.json")]
    assert keys[:2] == ["10.1000/example.7", "hopper2014"]
    assert keys[2].startswith("t-")


def test_a_compressed_file_is_the_same() -> None:
    assert _works("works.json.gz") == _works()


# The reader of objects


def _objects(data: bytes, folder: Path) -> list[json_objects.Found]:
    path = folder / "a.json"
    path.write_bytes(data)
    return list(json_objects.objects(path, "JSON"))


def test_brackets_and_escapes_in_strings_are_text(tmp_path: Path) -> None:
    items = [{"a": '}"]{[\\'}, {"b": [{"c": "\\"}, []]}]
    for indent in (None, 1):
        found = _objects(json.dumps(items, indent=indent).encode(), tmp_path)
        assert [json.loads(one.content) for one in found] == items


def test_pieces_of_any_size_give_the_same_objects() -> None:
    data = json.dumps([{"a": 'é\\"}' * 9}, {"b": [1, {"c": {}}]}, {}]).encode()
    whole = list(json_objects._split([data], 1))
    assert len(whole) == 3
    for size in range(1, 40):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert list(json_objects._split(pieces, 1)) == whole


def test_an_object_too_large_is_set_aside_and_the_next_one_read(tmp_path: Path) -> None:
    huge = b'{"a": "' + b"x" * 9_000_000 + b'", "b": "' + b"y" * 9_000_000 + b'"}'
    first, second, third = _objects(b'[{"n": 1},' + huge + b',{"n": 2}]', tmp_path)
    assert (first.content, third.content) == (b'{"n": 1}', b'{"n": 2}')
    assert "more than" in second.problem
    assert len(second.content) == json_objects.HEAD


@pytest.mark.parametrize("data", [b'[{"a": 1}, {"a": ', b'[{"a": 1}, "b', b'[{"a": 1}'])
def test_a_cut_file_says_so_at_the_end(tmp_path: Path, data: bytes) -> None:
    first, last = _objects(data, tmp_path)
    assert first.content == b'{"a": 1}'
    assert "cut short" in last.problem


def test_no_author_identifier_or_date_of_the_samples_is_lost() -> None:
    counted = 0
    for path in sorted((SAMPLES / "csl_json").iterdir()):
        records = read("csl_json", path)
        for raw in [] if isinstance(records, str) else records:
            outcome = parsed("csl_json", raw)
            if isinstance(outcome, ParsedRecord):
                item = json.loads(raw.payload)
                assert len(outcome.authors) == len(item["author"])
                orcids = [author["ORCID"][-19:] for author in item["author"] if author.get("ORCID")]
                assert [author.identifiers["orcid"] for author in outcome.authors if author.identifiers] == orcids
                stated = sum(len(author.get("affiliation", [])) for author in item["author"])
                assert sum(len(author.affiliations) for author in outcome.authors) == stated
                if "DOI" in item:
                    assert ("doi", item["DOI"].lower()) in outcome.identifiers
                numbers = [int(part) for part in item["issued"]["date-parts"][0]]
                assert [int(part) for part in outcome.version.date.split("-")] == numbers
                counted += 1
    assert counted >= 36
