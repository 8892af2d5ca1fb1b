"""OpenAlex: works field by field, the snapshot's folder, what is no work, and paging against a scripted service."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.pipeline import importworks, untouched
from tests.upstream import Parameters, body, client, serving
from tests.works.test_corpus import SAMPLES, parsed, read
from works.ingest.other_kinds import canonical
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, RawRecord
from works.sources.openalex import KEY_VARIABLE, OpenAlexSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "openalex"


def _page() -> list[RawRecord]:
    return list(OpenAlexSource().read(PAYLOADS / "page.json"))


def _record(raw: RawRecord) -> ParsedRecord:
    found = canonical(OpenAlexSource.parse(raw))
    assert isinstance(found, ParsedRecord)
    return found


def _parse(work: dict[str, Any]) -> ParsedRecord:
    return _record(RawRecord("", json.dumps(work).encode()))


def _work(**changes: Any) -> dict[str, Any]:
    author = {"author": {"id": "https://openalex.org/A5001", "display_name": "Ada Lovelace"}}
    return {"id": "https://openalex.org/W7", "title": "Soup", "authorships": [author], **changes}


# What a work means


def test_a_work_is_translated_field_by_field() -> None:
    first = _page()[0]
    assert (first.key, first.origin) == ("W1001", "page.json:1")
    record = _record(first)
    assert record.title == "Stirring soups of H2O at 13 bar"
    assert record.abstract == "We stir. We taste."
    assert record.authors == (
        ParsedAuthor(
            "Ada LOVELACE",
            ("University of X, London", "Institute Y"),
            identifiers={"orcid": "0000-0002-1825-0097", "openalex": "A5001"},
        ),
        ParsedAuthor("Grace Hopper", ("Navy",), identifiers={"openalex": "A5002"}),
        ParsedAuthor("The EXAMPLE Collaboration", ("Somewhere",), identifiers={"orcid": "0000-0002-1694-233X"}),
    )
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.year, version.date, version.status) == (
        "journal",
        "Journal of Soups",
        2022,
        "2022-03-10",
        "Retracted",
    )
    assert record.identifiers == (
        ("openalex", "W1001"),
        ("doi", "10.1000/soup.1"),
        ("pmid", "123456"),
        ("pmcid", "PMC7654321"),
        ("mag", "1001"),
        ("arxiv", "2203.05482"),
    )
    assert record.topics == (ParsedTopic("category", "Thermal cooking", "T10002"), ParsedTopic("keyword", "Soup"))
    assert (record.site_url, record.pdf_url) == ("https://doi.org/10.1000/soup.1", "https://example.org/soup.pdf")
    assert (record.license, record.language) == ("cc-by", "en")


def test_works_of_older_editions_are_understood() -> None:
    record = _record(_page()[1])
    assert (record.title, record.version.kind, record.version.venue) == ("An older soup", "journal", "Annals of Broth")
    assert record.authors == (ParsedAuthor("Borel, Émile", ("Sorbonne; Paris",)),)
    assert record.identifiers == (("openalex", "W1002"), ("mag", "1002"))
    assert record.topics == (ParsedTopic("keyword", "Broth"),)
    assert (record.version.year, record.version.date) == (2019, "")


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ({"type": "article"}, "journal"),
        ({"type": "article", "type_crossref": "proceedings-article"}, "conference"),
        ({"type": "article", "primary_location": {"source": {"type": "conference"}}}, "conference"),
        ({"type": "article", "primary_location": {"source": {"type": "book series"}}}, "book"),
        (
            {
                "type": "article",
                "primary_location": {"version": "submittedVersion", "source": {"type": "repository"}},
            },
            "preprint",
        ),
        ({"type": "conference-paper"}, "conference"),
        ({"type": "proceedings-article"}, "conference"),
        ({"type": "posted-content"}, "preprint"),
        ({"type": "journal-article"}, "journal"),
        ({"type": "dissertation"}, "thesis"),
        ({"type": "book-chapter"}, "book"),
        ({"type": "dataset"}, "dataset"),
        ({"type": "libguides"}, "other"),
        ({}, "other"),
    ],
)
def test_the_type_and_the_place_say_what_kind_of_version_it_is(stated: dict[str, Any], kind: str) -> None:
    assert _parse(_work(**stated)).version.kind == kind


def test_works_without_authors_or_title_are_rejected_with_the_field() -> None:
    _, _, nameless, untitled, _, odd = _page()
    for raw, code, field in (
        (nameless, "authors-missing", "authorships"),
        (untitled, "title-missing", "title"),
        (odd, "field-invalid", "authorships[0].author.id"),
    ):
        with pytest.raises(RecordRejected) as rejected:
            OpenAlexSource.parse(raw)
        assert (rejected.value.code, rejected.value.field) == (code, field)


def test_hostile_markup_stays_text_and_wrong_check_digits_are_left_out() -> None:
    record = _record(_page()[4])
    assert record.title == '<script>alert(1)</script> & "soup"'
    assert record.authors[0].name == "<img src=x onerror=alert(1)>"
    assert record.authors[0].identifiers == {"openalex": "A5003"}


def test_an_absurd_index_of_words_costs_no_memory() -> None:
    index = {"soup": [10**15, 3], "good": [-5]}
    assert _parse(_work(abstract_inverted_index=index)).abstract == "good soup soup"


def test_the_payload_does_not_depend_on_the_question_or_the_blanks() -> None:
    compact = PAYLOADS / "page.json"
    work = json.loads(compact.read_text(encoding="utf-8"))["results"][0]
    assert b"relevance_score" not in _page()[0].payload
    assert json.loads(_page()[0].payload) == {name: value for name, value in work.items() if name != "relevance_score"}
    assert b"\n" not in _page()[0].payload


# Files


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("authors.json", r"holds authors of OpenAlex \(who wrote what is read from the works themselves\), no works"),
        ("topics.json", r"holds topics of OpenAlex \(works name theirs themselves\), no works"),
        ("error.json", r"an error report of OpenAlex \(Invalid query parameters error"),
        ("page.html", "is HTML; expected JSON"),
        ("empty.json", "is empty; expected JSON"),
        ("manifest.json", "give its folder"),
    ],
)
def test_what_holds_no_works_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(OpenAlexSource().read(PAYLOADS / name))


def test_an_answer_without_works_has_no_records() -> None:
    assert list(OpenAlexSource().read(PAYLOADS / "nothing.json")) == []


def test_a_damaged_line_costs_only_itself() -> None:
    records = list(OpenAlexSource().read(PAYLOADS / "lines.jsonl"))
    assert [record.key for record in records] == ["W1101", "W1102", "", "W1104", ""]
    assert records[2].origin == "lines.jsonl:4"
    with pytest.raises(RecordRejected) as rejected:
        OpenAlexSource.parse(records[2])
    assert rejected.value.code == "json-invalid"
    assert records[4].problem == (
        "lines.jsonl:6: among works there are authors of OpenAlex (who wrote what is read from the works themselves)."
    )


def test_a_cut_page_gives_what_is_whole_and_keeps_the_rest() -> None:
    whole, rest = OpenAlexSource().read(PAYLOADS / "cut.json")
    assert whole.key == "W1201"
    assert rest.problem == "cut.json:2: the text is cut short, after 1 whole records."
    assert b"W1202" in rest.payload


def test_a_folder_of_the_snapshot_is_read_part_by_part() -> None:
    records = list(OpenAlexSource().read(PAYLOADS / "snapshot"))
    assert [record.key for record in records] == ["W1301", "W1302", "W1303", ""]
    assert records[1].origin == "snapshot:data/works/updated_date=2024-01-01/part_000.gz:2"
    assert records[3].problem.startswith("The manifest names updated_date=2024-01-02/part_001.gz, which is not in")
    below = list(OpenAlexSource().read(PAYLOADS / "snapshot" / "data" / "works"))
    assert [record.key for record in below] == [record.key for record in records]


def test_a_damaged_part_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = shutil.copytree(PAYLOADS / "snapshot", tmp_path / "snapshot")
    part = folder / "data" / "works" / "updated_date=2024-01-01" / "part_000.gz"
    part.write_bytes(part.read_bytes()[:-12])
    (part.parent / "part_001.gz").write_bytes(gzip.compress(b"<html>"))
    records = list(OpenAlexSource().read(folder))
    assert [record.key for record in records if not record.problem] == ["W1301", "W1303"]
    problems = [record.problem for record in records if record.problem]
    assert any("gzip file is cut short" in problem for problem in problems)
    assert any("part_001.gz is an HTML page" in problem for problem in problems)


def test_a_folder_without_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="holds no part"):
        list(OpenAlexSource().read(tmp_path))


@pytest.mark.django_db(transaction=True)
def test_a_folder_is_imported_and_the_second_time_nothing_changes() -> None:
    first = importworks(PAYLOADS / "snapshot", source="openalex")
    assert "fetched 4  new 3  updated 0  unchanged 0  quarantined 1" in first.out
    before = untouched()
    second = importworks(PAYLOADS / "snapshot", source="openalex")
    assert "fetched 4  new 0  updated 0  unchanged 4  quarantined 0" in second.out
    assert untouched() == before


# The samples, counted naively


def test_no_author_identifier_or_affiliation_of_the_samples_is_lost() -> None:
    compared = 0
    for path in sorted((SAMPLES / "openalex").iterdir()) if SAMPLES.is_dir() else []:
        records = read("openalex", path)
        for raw in [] if isinstance(records, str) else records:
            if raw.key.startswith("I"):
                continue
            record = parsed("openalex", raw)
            if isinstance(record, RecordRejected):
                continue
            work = json.loads(raw.payload)
            names = [a.get("raw_author_name") or a["author"]["display_name"] for a in work["authorships"]]
            assert [" ".join(name.split()) for name in names] == [author.name for author in record.authors]
            stated = [(a["author"] or {}).get("orcid") or a.get("raw_orcid") for a in work["authorships"]]
            assert sum(map(bool, stated)) == sum("orcid" in author.identifiers for author in record.authors)
            known = [a["author"].get("id") for a in work["authorships"]]
            assert sum(map(bool, known)) == sum("openalex" in author.identifiers for author in record.authors)
            strings = [s for a in work["authorships"] for s in a["raw_affiliation_strings"] if s.strip()]
            # Some print a place twice for one author, once with an address of e-mail, which is left out.
            places = {" ".join(word for word in s.split() if "@" not in word).rstrip(" ;,.") for s in strings}
            assert sum(len(author.affiliations) for author in record.authors) >= len(places)
            schemes = {scheme for scheme, _ in record.identifiers}
            expected = {"doi"} & {*work["ids"]} if "arxiv" not in schemes else set()
            assert schemes >= expected | {"openalex"} | ({*work["ids"]} - {"doi"})
            assert record.version.date == work["publication_date"]
            assert (record.abstract == "") == (not work["abstract_inverted_index"])
            compared += 1
    assert compared >= 75 or not SAMPLES.is_dir()


# The live service, on loopback


def _answer(numbers: range, cursor: str | None) -> bytes:
    works = [_work(id=f"https://openalex.org/W{number}") for number in numbers]
    return body({"meta": {"count": 230, "next_cursor": cursor}, "results": works})


def test_a_filter_is_paged_by_cursor_until_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "s3cret")
    pages = {"*": _answer(range(1, 101), "b"), "b": _answer(range(101, 150), "c"), "c": _answer(range(0), None)}

    with serving(lambda asked: (200, pages[asked["cursor"]])) as upstream:
        source = OpenAlexSource(endpoint=f"{upstream.address}/works", interval=0)
        records = list(source.fetch("author.id:A5023888391", client()))
    assert [record.key for record in records] == [f"W{number}" for number in range(1, 150)]
    assert [(a["filter"], a["cursor"], a["per_page"], a["api_key"]) for a in upstream.asked] == [
        ("author.id:A5023888391", cursor, "100", "s3cret") for cursor in "*bc"
    ]
    assert not any("s3cret" in record.origin for record in records)


def test_other_words_are_searched_for() -> None:
    with serving(lambda _: (200, _answer(range(1, 2), None))) as upstream:
        source = OpenAlexSource(endpoint=upstream.address, interval=0)
        assert len(list(source.fetch("model soups", client()))) == 1
    assert upstream.asked[0]["search"] == "model soups"
    assert "api_key" not in upstream.asked[0]


def test_a_page_that_comes_again_ends_the_run_after_what_came() -> None:
    with serving(lambda _: (200, _answer(range(1, 3), "*"))) as upstream:
        records = OpenAlexSource(endpoint=upstream.address, interval=0).fetch("soup", client())
        assert [next(records).key, next(records).key] == ["W1", "W2"]
        with pytest.raises(SourceUnavailable, match="same page twice"):
            next(records)


def test_the_service_is_given_the_time_it_asks_for() -> None:
    answers = iter([(503, b"busy", {"Retry-After": "7"}), (200, _answer(range(1, 2), None), {})])
    pauses: list[float] = []
    with serving(lambda _: next(answers)) as upstream:
        records = list(OpenAlexSource(endpoint=upstream.address, interval=0).fetch("soup", client(pauses)))
    assert len(records) == 1
    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (403, body({"error": "Invalid cursor", "message": "expired"}), r"HTTP 403 \(Invalid cursor: expired\)"),
        (200, b"<!DOCTYPE html><html>", "HTML page"),
        (200, b"", "is empty"),
        (200, b'{"results": [', "damaged"),
        (200, b'{"results": [], "meta": 7}', "unknown shape"),
        (200, body({"error": "Nope", "message": "never"}), "unknown shape"),
        (503, b"busy", "HTTP 503"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(status: int, content: bytes, reason: str) -> None:
    def script(_: Parameters) -> tuple[int, bytes]:
        return status, content

    with serving(script) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(OpenAlexSource(endpoint=upstream.address, interval=0).fetch("soup", client()))


def test_an_empty_query_asks_nobody() -> None:
    with pytest.raises(SourceUnavailable, match="needs a filter"):
        list(OpenAlexSource().fetch("  ", client()))
