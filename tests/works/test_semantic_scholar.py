"""Semantic Scholar: papers field by field, the data set's lines, other answers refused, and paging by token and offset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.pipeline import importworks, untouched
from tests.upstream import Parameters, body, client, serving
from tests.works.test_corpus import SAMPLES, parsed, read
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, RawRecord
from works.sources.semantic_scholar import FIELDS, INTERVAL, KEY_VARIABLE, SemanticScholarSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "semantic_scholar"
HASH = "2d5673caa9e6af3a7b82a43f19ee920992db07ad"


def _records(name: str) -> list[RawRecord]:
    return list(SemanticScholarSource().read(PAYLOADS / name))


def _parse(**changes: Any) -> ParsedRecord:
    paper = {"paperId": HASH, "title": "Soup", "authors": [{"authorId": "7", "name": "A. Lovelace"}], **changes}
    return normalise(SemanticScholarSource.parse(RawRecord("", json.dumps(paper).encode())))


def test_a_paper_is_translated_field_by_field() -> None:
    (raw,) = _records("paper.json")
    assert raw.key == json.loads(raw.payload)["paperId"]
    assert not {"citations", "references", "embedding"} & set(json.loads(raw.payload))
    record = normalise(SemanticScholarSource.parse(raw))
    assert record.title == "Soups at x degrees"
    assert record.abstract == "We stir. https://github.com/example-kitchen/soups"
    assert record.authors == (
        ParsedAuthor(
            "Ada Lovelace",
            ("University of X",),
            identifiers={"semantic_scholar": "4690624", "orcid": "0000-0002-1825-0097"},
            homepage="https://ada.example",
        ),
        ParsedAuthor("The EXAMPLE Collaboration"),
    )
    version = record.version
    assert (version.kind, version.venue, version.year, version.date) == (
        "conference",
        "Annual Meeting on Soups",
        2022,
        "2022-03-10",
    )
    assert record.identifiers == (
        ("semantic_scholar", raw.key),
        ("semantic_scholar", "CorpusID:1234"),
        ("doi", "10.1000/soup.1"),
        ("arxiv", "2203.05482"),
        ("pmid", "123456"),
        ("pmcid", "PMC7654321"),
        ("acl", "2022.acl-long.1"),
        ("mag", "1001"),
    )
    assert record.topics == (ParsedTopic("keyword", "Computer Science"), ParsedTopic("keyword", "Art"))
    assert (record.pdf_url, record.license) == ("https://example.org/soup.pdf", "CCBY")
    assert record.code_url == "https://github.com/example-kitchen/soups"


def test_lines_of_the_data_set_are_the_same_papers_in_other_letters() -> None:
    first, _ = _records("dataset.jsonl.gz")
    assert first.key == "CorpusID:501"
    record = normalise(SemanticScholarSource.parse(first))
    assert record.identifiers == (("semantic_scholar", "CorpusID:501"), ("arxiv", "2203.05484"), ("mag", "77"))
    assert (record.version.kind, record.version.venue, record.version.date) == ("journal", "Soups", "2021-05-01")
    assert record.topics == (ParsedTopic("keyword", "Art"),)


@pytest.mark.parametrize(
    ("stated", "kind", "venue"),
    [
        ({"venue": "arXiv.org", "publicationTypes": ["JournalArticle"]}, "preprint", "arXiv"),
        ({"venue": "bioRxiv"}, "preprint", "bioRxiv"),
        ({"externalIds": {"ArXiv": "2203.05482"}}, "preprint", ""),
        ({"externalIds": {"ArXiv": "2203.05482", "DOI": "10.1000/1"}}, "other", ""),
        ({"publicationTypes": ["JournalArticle", "Conference"]}, "conference", ""),
        ({"publicationTypes": ["Review"], "journal": {"name": "Soups"}}, "journal", "Soups"),
        ({"publicationTypes": ["BookSection"]}, "book", ""),
        ({"publicationTypes": ["Dataset"]}, "dataset", ""),
        ({"publicationVenue": {"name": "SoupConf", "type": "conference"}}, "conference", "SoupConf"),
        ({"venue": "Kitchen"}, "other", "Kitchen"),
    ],
)
def test_the_place_and_the_type_say_what_kind_of_version_it_is(stated: dict[str, Any], kind: str, venue: str) -> None:
    version = _parse(**stated).version
    assert (version.kind, version.venue) == (kind, venue)


def test_what_is_no_work_is_rejected_with_the_field() -> None:
    records = _records("search.json")
    for place, code, field in (
        (1, "authors-missing", "authors"),
        (2, "title-missing", "title"),
        (4, "field-invalid", "authors[0].name"),
    ):
        with pytest.raises(RecordRejected) as rejected:
            SemanticScholarSource.parse(records[place])
        assert (rejected.value.code, rejected.value.field) == (code, field)
    hostile = normalise(SemanticScholarSource.parse(records[3]))
    assert (hostile.title, hostile.authors[0].name) == ("<script>alert(1)</script>", "<img src=x onerror=y>")
    assert b"matchScore" not in records[5].payload


def test_batches_authors_and_empty_answers_are_read() -> None:
    assert len(_records("batch.json")) == 2
    assert len(_records("author.json")) == 2
    assert _records("nothing.json") == []
    whole, rest = _records("cut.json")
    assert (whole.problem, "cut short" in rest.problem) == ("", True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("authors.json", "holds authors of Semantic Scholar, no works"),
        ("citations.json", "holds citations of a paper, no works"),
        ("abstracts.jsonl", "holds lines of another data set"),
        ("error.json", "an error report of Semantic Scholar .*Paper with id 0 not found"),
        ("page.html", "is an HTML page"),
        ("empty.json", "is empty"),
    ],
)
def test_what_holds_no_papers_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        _records(name)


@pytest.mark.django_db(transaction=True)
def test_a_search_is_imported_and_the_second_time_nothing_changes() -> None:
    first = importworks(PAYLOADS / "search.json", source="semantic_scholar").out
    assert "fetched 6  new 3  updated 0  unchanged 0  quarantined 3" in first
    before = untouched()
    second = importworks(PAYLOADS / "search.json", source="semantic_scholar").out
    assert "fetched 6  new 0  updated 0  unchanged 6  quarantined 0" in second
    assert untouched() == before


def test_no_author_or_identifier_of_the_samples_is_lost() -> None:
    compared = 0
    for path in sorted((SAMPLES / "semantic_scholar").iterdir()) if SAMPLES.is_dir() else []:
        records = read("semantic_scholar", path)
        for raw in [] if isinstance(records, str) else records:
            record = parsed("semantic_scholar", raw)
            paper = json.loads(raw.payload)
            if isinstance(record, RecordRejected):
                assert not paper.get("authors") or not paper.get("title")
                continue
            assert [author.name for author in record.authors] == [a["name"] for a in paper["authors"]]
            ids = [a["authorId"] for a in paper["authors"] if a["authorId"]]
            assert [a.identifiers["semantic_scholar"] for a in record.authors if a.identifiers] == ids
            known = {name for name, value in paper["externalIds"].items() if value} - {"DBLP", "CorpusId"}
            assert len(record.identifiers) == len(known) + 2
            assert record.version.year == paper["year"]
            assert record.version.date == (paper["publicationDate"] or "")
            compared += 1
    assert compared >= 64 or not SAMPLES.is_dir()


# The live service, on loopback


def _page(first: int, count: int, **paging: Any) -> bytes:
    papers = [{"paperId": f"{number:040x}", "title": "Soup"} for number in range(first, first + count)]
    return body({"total": 999, "data": papers, **paging})


def test_a_search_is_paged_by_token_and_the_key_stays_in_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "s3cret")
    pages = {"": _page(0, 3, token="b"), "b": _page(3, 3, token="c"), "c": _page(6, 1, token=None)}
    with serving(lambda asked: (200, pages[asked.get("token", "")])) as upstream:
        source = SemanticScholarSource(endpoint=upstream.address, interval=0)
        records = list(source.fetch("model soups", client()))
    assert [raw.key for raw in records] == [f"{number:040x}" for number in range(7)]
    assert {(a["query"], a["fields"]) for a in upstream.asked} == {("model soups", FIELDS)}
    assert set(upstream.paths) == {"/paper/search/bulk"}
    assert {headers.get("x-api-key") for headers in upstream.headers} == {"s3cret"}
    assert not any("s3cret" in raw.origin for raw in records)


def test_the_papers_of_an_author_are_paged_by_offset() -> None:
    pages = {"0": _page(0, 2, next=2), "2": _page(2, 1)}
    with serving(lambda asked: (200, pages[asked["offset"]])) as upstream:
        source = SemanticScholarSource(endpoint=upstream.address, interval=0)
        assert len(list(source.fetch("author:4690624", client()))) == 3
    assert set(upstream.paths) == {"/author/4690624/papers"}


def test_a_page_that_comes_again_ends_the_run_after_what_came() -> None:
    with serving(lambda _: (200, _page(0, 1, token="same"))) as upstream:
        records = SemanticScholarSource(endpoint=upstream.address, interval=0).fetch("soup", client())
        assert next(records)
        with pytest.raises(SourceUnavailable, match="same page twice"):
            next(records)


def test_the_service_is_given_the_time_it_asks_for() -> None:
    answers = iter([(429, b"slow down", {"Retry-After": "3"}), (200, _page(0, 1), {})])
    pauses: list[float] = []
    with serving(lambda _: next(answers)) as upstream:
        assert len(list(SemanticScholarSource(endpoint=upstream.address, interval=0).fetch("x", client(pauses)))) == 1
    assert pauses == [3.0]


def test_a_key_is_not_carried_to_where_a_redirect_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "s3cret")
    with serving(lambda _: (200, _page(0, 1))) as elsewhere:
        away = (302, b"", {"Location": elsewhere.address})
        with serving(lambda _: away) as upstream, pytest.raises(SourceUnavailable, match="HTTP 302"):
            list(SemanticScholarSource(endpoint=upstream.address, interval=0).fetch("soup", client()))
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (400, body({"error": "Token has expired"}), "HTTP 400 .Token has expired"),
        (403, body({"message": "Forbidden"}), "HTTP 403 .Forbidden"),
        (200, b"<html>", "HTML page"),
        (200, b'{"data": [', "damaged"),
        (200, (PAYLOADS / "authors.json").read_bytes(), "authors of Semantic Scholar"),
        (503, b"busy", "HTTP 503"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(status: int, content: bytes, reason: str) -> None:
    def script(_: Parameters) -> tuple[int, bytes]:
        return status, content

    with serving(script) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(SemanticScholarSource(endpoint=upstream.address, interval=0).fetch("soup", client()))


def test_an_empty_query_asks_nobody_and_requests_keep_their_distance() -> None:
    with pytest.raises(SourceUnavailable, match="needs words"):
        list(SemanticScholarSource().fetch(" ", client()))
    assert INTERVAL >= 1
