"""OpenReview: notes of both versions field by field, what is not published, hidden addresses, and paging by offset."""

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
from works.sources.openreview import PAGE, OpenReviewSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "openreview"


def _records(name: str) -> list[RawRecord]:
    return list(OpenReviewSource().read(PAYLOADS / name))


def _parse(content: dict[str, Any], **note: Any) -> ParsedRecord:
    whole = {"title": "Soup", "authors": ["Ada Lovelace"], **content}
    payload = json.dumps({"id": "forum00001", "forum": "forum00001", **note, "content": whole}).encode()
    return normalise(OpenReviewSource.parse(RawRecord("", payload)))


def test_a_note_of_the_second_version_is_translated_field_by_field() -> None:
    first = _records("api2.json")[0]
    assert (first.key, first.origin) == ("forum00001", "api2.json:1")
    record = normalise(OpenReviewSource.parse(first))
    assert record.title == r"Stirring $\ell_1$ soups"
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", identifiers={"openreview": "~Ada_Lovelace1"}),
        ParsedAuthor("Émile Borel"),
        ParsedAuthor("Grace Hopper"),
    )
    version = record.version
    assert (version.kind, version.venue, version.year, version.date, version.track, version.status) == (
        "conference",
        "NeurIPS",
        2023,
        "2024-01-16",
        "Datasets and Benchmarks",
        "Spotlight",
    )
    assert record.identifiers == (("openreview", "forum00001"), ("doi", "10.1000/soup"), ("arxiv", "2203.05482"))
    assert record.topics == (ParsedTopic("keyword", "Soup"), ParsedTopic("keyword", "Broth"))
    assert record.abstract == "We stir. See https://github.com/example-kitchen/soups."
    assert record.site_url == "https://openreview.net/forum?id=forum00001"
    assert record.pdf_url == "https://openreview.net/pdf?id=forum00001"
    assert (record.code_url, record.license) == ("https://github.com/example-kitchen/soups", "CC BY 4.0")


def test_authors_may_be_objects_with_their_institutions() -> None:
    record = normalise(OpenReviewSource.parse(_records("api2.json")[1]))
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", ("University of X",), identifiers={"openreview": "~Ada_Lovelace1"}),
        ParsedAuthor("Anna Nym"),
    )


def test_notes_of_the_first_version_have_plain_values() -> None:
    first, accepted, rejected, arxiv = _records("api1.json")
    record = normalise(OpenReviewSource.parse(first))
    assert record.authors == (
        ParsedAuthor("Grace Hopper"),
        ParsedAuthor("Ada Lovelace", identifiers={"openreview": "~Ada_Lovelace1"}),
    )
    version = record.version
    assert (version.kind, version.venue, version.date, version.track) == (
        "preprint",
        "OpenReview",
        "2018-10-20",
        "NIPS.cc/2018/Workshop/SOUP",
    )
    assert record.abstract == ""
    version = OpenReviewSource.parse(accepted).version
    assert (version.kind, version.venue, version.year, version.status) == ("conference", "NIPS", 2018, "Oral")
    with pytest.raises(RecordRejected, match="was not accepted"):
        OpenReviewSource.parse(rejected)
    assert normalise(OpenReviewSource.parse(arxiv)).identifiers[1] == ("arxiv", "2203.05484")


def test_addresses_of_people_are_never_handed_on() -> None:
    for name in ("api1.json", "api2.json"):
        assert b"@" in (PAYLOADS / name).read_bytes()
        assert not any(b"@" in raw.payload or b"details" in raw.payload for raw in _records(name))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (2, "submission-not-accepted"),
        (3, "submission-withdrawn"),
        (4, "submission-desk-rejected"),
        (5, "authors-anonymous"),
        (6, "title-missing"),
        (7, "authors-missing"),
        (8, "field-invalid"),
        (9, "note-reply"),
        (10, "note-deleted"),
    ],
)
def test_what_is_no_published_work_is_rejected_with_the_reason(place: int, code: str) -> None:
    raw = _records("api2.json")[place]
    with pytest.raises(RecordRejected) as rejected:
        OpenReviewSource.parse(raw)
    assert (rejected.value.code, bool(rejected.value.field)) == (code, True)
    assert raw.deleted == (code == "note-deleted")


def test_hostile_markup_stays_text_and_other_venues_are_what_they_are() -> None:
    hostile, journal, preprint = [normalise(OpenReviewSource.parse(raw)) for raw in _records("api2.json")[11:]]
    assert (hostile.title, hostile.authors[0].name) == ("<script>alert(1)</script>", "<img src=x onerror=y>")
    assert (journal.version.kind, journal.version.venue) == ("journal", "TMLR")
    assert (preprint.version.kind, preprint.version.venue) == ("preprint", "CoRR")
    assert ("arxiv", "2203.05483") in preprint.identifiers


@pytest.mark.parametrize(
    ("venue", "name", "year", "track", "status"),
    [
        ("CoRL 2025 Poster", "CoRL", 2025, "", "Poster"),
        ("ICLR 2023 notable top 25%", "ICLR", 2023, "", "notable top 25%"),
        ("NeurIPS 2022 Accept", "NeurIPS", 2022, "", "Accept"),
        ("NeurIPS 2023 Workshop SOUP Oral", "NeurIPS", 2023, "Workshop SOUP", "Oral"),
        ("ICML 2024", "ICML", 2024, "", ""),
        ("COLM", "COLM", None, "", ""),
    ],
)
def test_the_words_of_a_venue_are_told_apart(venue: str, name: str, year: int | None, track: str, status: str) -> None:
    version = _parse({"venue": venue}).version
    assert (version.venue, version.year, version.track, version.status) == (name, year, track, status)


@pytest.mark.parametrize(
    ("moments", "date"),
    [
        ({"pdate": 1705410641000, "odate": 1697213872000, "cdate": 1695000000000}, "2024-01-16"),
        ({"odate": 1697213872000, "cdate": 1695000000000}, "2023-10-13"),
        ({"cdate": 1695000000000}, "2023-09-18"),
        ({"pdate": 10**20}, ""),
        ({"pdate": -1}, ""),
        ({}, ""),
    ],
)
def test_the_date_is_that_of_publication_if_there_is_one(moments: dict[str, int], date: str) -> None:
    assert _parse({}, **moments).version.date == date


# Files


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("profiles.json", "holds profiles of OpenReview, no works"),
        ("groups.json", "holds groups of OpenReview, no works"),
        ("error.json", "error report of OpenReview .User Guest does not have permission"),
        ("page.html", "is an HTML page"),
        ("empty.json", "is empty"),
    ],
)
def test_what_holds_no_notes_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        _records(name)


def test_single_notes_lines_and_empty_answers_are_read() -> None:
    found = {name: [raw.key for raw in _records(name)] for name in ("note.json", "lines.jsonl", "nothing.json")}
    assert found == {"note.json": ["forum00021"], "lines.jsonl": ["forum00031", "forum00032"], "nothing.json": []}
    whole, rest = _records("cut.json")
    assert (whole.key, "cut short" in rest.problem) == ("forum00041", True)


@pytest.mark.django_db(transaction=True)
def test_notes_are_imported_and_the_second_time_nothing_changes() -> None:
    first = importworks(PAYLOADS / "api2.json", source="openreview").out
    assert "fetched 14  new 5  updated 0  unchanged 1  quarantined 8" in first
    before = untouched()
    second = importworks(PAYLOADS / "api2.json", source="openreview").out
    assert "fetched 14  new 0  updated 0  unchanged 14  quarantined 0" in second
    assert untouched() == before


def test_no_author_or_profile_of_the_samples_is_lost() -> None:
    compared = 0
    for path in sorted((SAMPLES / "openreview").iterdir()) if SAMPLES.is_dir() else []:
        records = read("openreview", path)
        for raw in [] if isinstance(records, str) else records:
            record = parsed("openreview", raw)
            assert isinstance(record, ParsedRecord)
            content = json.loads(raw.payload)["content"]
            plain = {name: value["value"] if isinstance(value, dict) else value for name, value in content.items()}
            assert [author.name for author in record.authors] == plain["authors"]
            profiles = [known for known in plain["authorids"] if known.startswith("~")]
            assert [author.identifiers["openreview"] for author in record.authors if author.identifiers] == profiles
            assert record.identifiers[0] == ("openreview", raw.key)
            compared += 1
    assert compared >= 10 or not SAMPLES.is_dir()


# The live service, on loopback


def _answer(first: int, count: int, total: int | None = None) -> bytes:
    notes = [{"id": f"forum{number:05}", "content": {}} for number in range(first, first + count)]
    return body({"notes": notes, **({} if total is None else {"count": total})})


@pytest.mark.parametrize(
    ("query", "name"),
    [("~Ada_Lovelace1", "content.authorids"), ("ICLR.cc/2024/Conference", "content.venueid")],
)
def test_a_person_or_a_venue_is_paged_by_offset(query: str, name: str) -> None:
    def script(asked: Parameters) -> tuple[int, bytes]:
        start = int(asked["offset"])
        return 200, _answer(start, min(PAGE, PAGE + 7 - start), PAGE + 7)

    with serving(script) as upstream:
        records = list(OpenReviewSource(endpoint=upstream.address, interval=0).fetch(query, client()))
    assert [raw.key for raw in records] == [f"forum{number:05}" for number in range(PAGE + 7)]
    assert [(asked[name], asked["offset"]) for asked in upstream.asked] == [(query, "0"), (query, str(PAGE))]


def test_a_page_that_comes_again_ends_the_run_after_what_came() -> None:
    with serving(lambda _: (200, _answer(0, PAGE))) as upstream:
        records = OpenReviewSource(endpoint=upstream.address, interval=0).fetch("TMLR", client())
        assert len([next(records) for _ in range(PAGE)]) == PAGE
        with pytest.raises(SourceUnavailable, match="same page twice"):
            next(records)


def test_the_service_is_given_the_time_it_asks_for() -> None:
    answers = iter([(429, b"slow down", {"Retry-After": "4"}), (200, _answer(0, 1), {})])
    pauses: list[float] = []
    with serving(lambda _: next(answers)) as upstream:
        assert len(list(OpenReviewSource(endpoint=upstream.address, interval=0).fetch("TMLR", client(pauses)))) == 1
    assert pauses == [4.0]


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (403, (PAYLOADS / "error.json").read_bytes(), "HTTP 403 .*does not have permission"),
        (200, (PAYLOADS / "page.html").read_bytes(), "HTML page"),
        (200, (PAYLOADS / "profiles.json").read_bytes(), "unknown shape"),
        (200, (PAYLOADS / "cut.json").read_bytes(), "damaged"),
        (503, b"busy", "HTTP 503"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(status: int, content: bytes, reason: str) -> None:
    def script(_: Parameters) -> tuple[int, bytes]:
        return status, content

    with serving(script) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(OpenReviewSource(endpoint=upstream.address, interval=0).fetch("TMLR", client()))


@pytest.mark.parametrize("query", ["", "ada@example.org", "model soups"])
def test_only_venues_and_persons_are_asked_for(query: str) -> None:
    with pytest.raises(SourceUnavailable, match="is a venue"):
        list(OpenReviewSource().fetch(query, client()))
