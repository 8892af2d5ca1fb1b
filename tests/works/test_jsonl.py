"""The interchange format: what a line means, and what becomes of bad input."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import zstandard

from researchgraph.errors import RecordRejected, SourceUnavailable
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedTopic, RawRecord
from works.sources import jsonl
from works.sources.jsonl import JsonlSource

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "interchange.schema.json").read_text(encoding="utf-8"))


def _line(**changes: Any) -> bytes:
    work = {
        "source_id": "icml2022/1",
        "title": "Model soups",
        "year": 2022,
        "venue": "ICML",
        "authors": [{"name": "Ada Lovelace"}],
    }
    return json.dumps({**work, **changes}).encode()


def _parse(**changes: Any) -> Any:
    return JsonlSource.parse(RawRecord("", _line(**changes)))


def _read(folder: Path, data: bytes, name: str = "works.jsonl") -> list[RawRecord]:
    path = folder / name
    path.write_bytes(data)
    return list(JsonlSource().read(path))


def _rejection(payload: bytes) -> RecordRejected:
    with pytest.raises(RecordRejected) as rejected:
        normalise(JsonlSource.parse(RawRecord("", payload)))
    return rejected.value


# What a line means


def test_a_full_line_is_translated_field_by_field() -> None:
    record = _parse(
        source="paperlists",
        abstract="We average.",
        venue_key="icml2022",
        track="main",
        status="Oral",
        keywords=["soup"],
        categories=["cs.LG", "x.YZ"],
        doi="10.1000/1",
        arxiv="2203.05482",
        openreview_forum="r1iuQjxCZ",
        identifiers={"pmid": "12"},
        github="https://github.com/a/b",
        site="https://example.org/s",
        pdf="https://example.org/p",
        date="2022-07",
        revision="v2",
        license="CC BY 4.0",
        language="en",
        authors_truncated=True,
        affiliations_unaligned=["University of Y"],
        authors=[
            {
                "name": "Ada Lovelace",
                "affiliation": "University of X+Institute Y",
                "affiliation_domain": "x.edu",
                "role_position": "Professor",
                "homepage": "https://ada.example",
                "native_name": "Ада",
                "orcid": "0000-0002-1825-0097",
                "openreview_id": "~Ada_Lovelace1",
                "dblp": "1/2",
                "google_scholar": "kPJKnRIAAAAJ",
                "ieee_author_id": "37279126200",
                "acl_person_id": "ada-lovelace",
                "openalex": "A1",
                "semantic_scholar": "7",
            }
        ],
    )
    assert (record.title, record.abstract) == ("Model soups", "We average.")
    version = record.version
    assert (version.kind, version.venue, version.venue_key, version.year, version.date) == (
        "conference",
        "ICML",
        "icml2022",
        2022,
        "2022-07",
    )
    assert (version.status, version.track, version.revision) == ("Oral", "main", "v2")
    assert record.identifiers == (
        ("doi", "10.1000/1"),
        ("arxiv", "2203.05482"),
        ("openreview", "r1iuQjxCZ"),
        ("pmid", "12"),
    )
    assert record.topics == (
        ParsedTopic("category", "Machine Learning", "cs.LG"),
        ParsedTopic("category", "x.YZ", "x.YZ"),
        ParsedTopic("keyword", "soup"),
    )
    assert (record.site_url, record.pdf_url, record.code_url) == (
        "https://example.org/s",
        "https://example.org/p",
        "https://github.com/a/b",
    )
    assert (record.license, record.language, record.authors_truncated) == ("CC BY 4.0", "en", True)
    assert record.unaligned_affiliations == ("University of Y",)
    assert record.authors == (
        ParsedAuthor(
            "Ada Lovelace",
            ("University of X", "Institute Y"),
            "x.edu",
            {
                "orcid": "0000-0002-1825-0097",
                "openreview": "~Ada_Lovelace1",
                "dblp": "1/2",
                "google_scholar": "kPJKnRIAAAAJ",
                "ieee": "37279126200",
                "acl": "ada-lovelace",
                "openalex": "A1",
                "semantic_scholar": "7",
            },
            "https://ada.example",
            "Professor",
            "Ада",
        ),
    )


def test_null_and_absent_both_mean_unknown() -> None:
    assert _parse(abstract=None, keywords=None, doi=None, authors=[{"name": "Ada Lovelace", "orcid": None}]) == _parse()


def test_unknown_fields_are_ignored() -> None:
    assert _parse(citations=12, gs_rating={"a": [1]}) == _parse()


@pytest.mark.parametrize(
    ("positions", "order"),
    [
        ([1, 0, 2], "bac"),
        ([2, 3, 1], "cab"),
        ([0, 0, 1], "abc"),
        ([0, 5, 2], "abc"),
        ([2, 1, 0], "cba"),
        ([None, 1, 0], "abc"),
    ],
)
def test_authors_stand_in_printed_order_if_the_positions_are_sound(positions: list[int | None], order: str) -> None:
    authors = [{"name": name, "position_index": position} for name, position in zip("abc", positions, strict=True)]
    assert "".join(author.name for author in _parse(authors=authors).authors) == order


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "conference"),
        ({"venue": "arXiv"}, "preprint"),
        ({"venue": "CoRR"}, "preprint"),
        ({"venue": "arXiv preprint arXiv:2203.05482"}, "preprint"),
        ({"venue": None, "arxiv": "2203.05482"}, "preprint"),
        ({"venue": None}, "other"),
        ({"venue": "Science", "type": "journal"}, "journal"),
    ],
)
def test_the_kind_of_appearance_is_stated_or_follows_from_the_venue(fields: dict[str, Any], kind: str) -> None:
    assert _parse(**fields).version.kind == kind


def test_code_is_a_repository_an_address_or_the_first_link_of_the_abstract() -> None:
    assert _parse(github="mlfoundations/model-soups").code_url == "https://github.com/mlfoundations/model-soups"
    assert _parse(abstract="Code: https://github.com/a/b.").code_url == "https://github.com/a/b"
    assert _parse(abstract="No code.").code_url == ""


def test_records_are_keyed_by_their_own_id_and_say_where_they_stood(tmp_path: Path) -> None:
    records = _read(tmp_path, _line() + b"\n\n" + _line(source_id="icml2022/2") + b"\n")
    assert [(record.key, record.origin) for record in records] == [
        ("icml2022/1", "works.jsonl:1"),
        ("icml2022/2", "works.jsonl:3"),
    ]
    assert records[0].payload == _line()


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress], ids=["plain", "gzip", "zstd"]
)
def test_compression_is_recognised_by_content(tmp_path: Path, pack: Any) -> None:
    (record,) = _read(tmp_path, pack(_line() + b"\n"), "works.anything")
    assert record.key == "icml2022/1"


# Bad input: one test each, at the level of the source


def test_truncated_zstandard_loses_only_the_cut_line(tmp_path: Path) -> None:
    noise = [str(number * 2_654_435_761 % 2**61) * 40 for number in range(3_000)]
    data = zstandard.ZstdCompressor().compress(
        b"\n".join(_line(source_id=f"x/{n}", title=f"T{text}") for n, text in enumerate(noise))
    )
    *before, last = _read(tmp_path, data[: len(data) // 2], "works.jsonl.zst")
    assert [record.key for record in before] == [f"x/{n}" for n in range(len(before))]
    assert len(before) > 500
    assert not any(record.problem for record in before)
    assert (
        last.problem
        == f"works.jsonl.zst:{len(before) + 1}: the Zstandard file is cut short; this line and what follows are missing"
    )


def test_bytes_that_are_not_utf8_are_rejected_and_the_key_is_kept(tmp_path: Path) -> None:
    bad, good = _read(tmp_path, _line().replace(b"soups", b"s\xfcps") + b"\n" + _line(source_id="icml2022/2"))
    assert bad.key == "icml2022/1"
    rejection = _rejection(bad.payload)
    assert rejection.code == "not-utf-8"
    assert "0xfc" in rejection.detail
    assert normalise(JsonlSource.parse(good)).title == "Model soups"


def test_utf8_is_checked_in_fields_nobody_reads_too() -> None:
    assert _rejection(_line(extra="X").replace(b'"X"', b'"\xff"')).code == "not-utf-8"


def test_nul_bytes_are_rejected_raw_and_removed_when_escaped() -> None:
    assert _rejection(_line().replace(b"soups", b"so\x00ups")).code == "json-invalid"
    assert (
        normalise(_parse(title="Model\x00 soups", abstract="a\x00b", authors=[{"name": "Ada\x00"}])).title
        == "Model soups"
    )


def test_a_nul_in_the_id_is_no_key(tmp_path: Path) -> None:
    (record,) = _read(tmp_path, _line(source_id="a\x00b"))
    assert record.key == ""


def test_a_title_of_ten_megabytes_is_rejected_with_its_bytes_kept(tmp_path: Path) -> None:
    (record,) = _read(tmp_path, _line(title="x" * 10_000_000))
    assert len(record.payload) > 10_000_000
    rejection = _rejection(record.payload)
    assert (rejection.code, rejection.field) == ("title-too-long", "title")


@pytest.mark.parametrize("year", [99_999, -1, 0, 10**30])
def test_an_impossible_year_is_rejected(year: int) -> None:
    rejection = _rejection(_line(year=year))
    assert (rejection.code, rejection.field) == ("year-implausible", "year")


def test_five_thousand_authors_are_accepted() -> None:
    record = normalise(
        _parse(authors=[{"name": f"Author {number}", "position_index": number} for number in range(5_000)])
    )
    assert len(record.authors) == 5_000
    assert record.authors[4_999].name == "Author 4999"


def test_an_empty_list_of_authors_is_rejected() -> None:
    rejection = _rejection(_line(authors=[]))
    assert (rejection.code, rejection.field) == ("authors-missing", "authors")


def test_markup_tex_and_bidirectional_controls_in_titles_are_harmless_text() -> None:
    title = normalise(
        _parse(title='<script>alert(1)</script> \u202egnp.exe\u202c Schr\\"odinger $x<y$ &lt;b&gt;bold&lt;/b&gt;')
    ).title
    assert title == "<script>alert(1)</script> gnp.exe Schrödinger $x<y$ bold"


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 200_000,
        _line(x=0).replace(b"0}", b"[" * 200_000 + b"]" * 200_000 + b"}"),
        _line(title=0).replace(b'"title": 0', b'"title": ' + b"[" * 200_000 + b"]" * 200_000),
    ],
    ids=["open", "closed", "objects", "unknown-field", "title"],
)
def test_a_json_bomb_is_rejected_without_a_crash(tmp_path: Path, payload: bytes) -> None:
    (record,) = _read(tmp_path, payload)
    assert _rejection(record.payload).code == "json-too-deep"


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        (b"{", "json-invalid", ""),
        (b"not json", "json-invalid", ""),
        (_line() + b" trailing", "json-invalid", ""),
        (b"[1, 2]", "field-invalid", ""),
        (b'{"source_id": "x"}', "title-missing", "title"),
        (_line(title=""), "title-missing", "title"),
        (_line(title="  "), "title-missing", "title"),
        (_line(title=3), "field-invalid", "title"),
        (_line(year="2022"), "field-invalid", "year"),
        (_line(authors=[{}]), "field-missing", "authors[0].name"),
        (_line(authors=[{"name": "Ada"}, {"name": 7}]), "field-invalid", "authors[1].name"),
        (_line(authors=[{"name": "  "}]), "author-unnamed", "authors[0].name"),
        (_line(authors="Ada"), "field-invalid", "authors"),
        (_line(type="poem"), "field-invalid", "type"),
        (_line(source_id=""), "field-invalid", "source_id"),
        (_line(keywords="a, b"), "field-invalid", "keywords"),
        (_line(authors=[{"name": "A"}] * 10_001), "authors-too-many", "authors"),
    ],
)
def test_every_rejection_names_a_code_and_the_path_of_the_field(payload: bytes, code: str, field: str) -> None:
    rejection = _rejection(payload)
    assert (rejection.code, rejection.field) == (code, field)
    assert rejection.detail.endswith(".")


def test_a_missing_file_says_so_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        JsonlSource().read(tmp_path / "absent.jsonl")


# The published schema


def _published(pointer: str) -> set[str]:
    node = SCHEMA["$defs"]["author"] if pointer == "author" else SCHEMA
    return set(node["properties"])


def test_the_schema_names_exactly_the_fields_that_are_read() -> None:
    assert _published("work") == set(jsonl._Line.__struct_fields__)
    assert _published("author") == set(jsonl._Author.__struct_fields__)


def test_the_schema_itself_is_sound_and_agrees_with_the_parser() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for good in (_line(), _line(abstract=None, categories=["cs.LG"])):
        assert validator.is_valid(json.loads(good))
    for bad in (
        _line(title=""),
        _line(authors=[]),
        _line(year=99_999),
        _line(type="poem"),
        _line(keywords="a"),
        b'{"title": "x"}',
    ):
        assert not validator.is_valid(json.loads(bad))


def test_the_real_corpus_fits_the_schema_and_the_parser(shared_data: Path) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for number, raw in enumerate(islice(JsonlSource().read(shared_data / "papers.jsonl.zst"), 0, None, 61)):
        record = JsonlSource.parse(raw)
        assert record.title
        if number % 20 == 0:
            validator.validate(json.loads(raw.payload))
