"""Crossref: deposited works field by field, other lists refused, the public data file, and cursors of a scripted service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib.identifiers import canonical
from tests.pipeline import importworks, untouched
from tests.upstream import Parameters, body, client, serving
from tests.works.test_corpus import SAMPLES, parsed, read
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, RawRecord
from works.sources.crossref import INTERVAL, PAGE, CrossrefSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "crossref"


def _list() -> list[RawRecord]:
    return list(CrossrefSource().read(PAYLOADS / "list.json"))


def _work(**changes: Any) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return {"DOI": "10.1000/7", "title": ["Soup"], "author": [{"given": "Ada", "family": "Lovelace"}], **named}


def _parse(**changes: Any) -> ParsedRecord:
    return normalise(CrossrefSource.parse(RawRecord("", json.dumps(_work(**changes)).encode())))


# What a work means


def test_a_work_is_translated_field_by_field() -> None:
    first = _list()[0]
    assert (first.key, first.origin) == ("10.1000/soup.1", "list.json:1")
    record = normalise(CrossrefSource.parse(first))
    assert record.title == "Stirring soups at 10^3 bar & more"
    assert record.abstract == "We stir slowly. Code: https://github.com/example-kitchen/soups."
    assert record.authors == (
        ParsedAuthor(
            "Ada Lovelace Jr.",
            ("Department of Y, University of X, London",),
            identifiers={"orcid": "0000-0002-1825-0097"},
        ),
        ParsedAuthor("Sukarno"),
        ParsedAuthor("The EXAMPLE Collaboration"),
    )
    version = record.version
    assert (version.kind, version.venue, version.year, version.date, version.status) == (
        "journal",
        "Journal of Soups & Broths",
        2021,
        "2021-12-24",
        "Retracted",
    )
    assert record.identifiers == (("doi", "10.1000/soup.1"), ("arxiv", "2203.05482"))
    assert record.topics == (ParsedTopic("keyword", "Food Science"),)
    assert record.license == "https://creativecommons.org/licenses/by/4.0/"
    assert (record.site_url, record.pdf_url) == ("https://doi.org/10.1000/soup.1", "https://example.org/soup.pdf")
    assert (record.code_url, record.language) == ("https://github.com/example-kitchen/soups", "en")


def test_a_book_without_authors_is_its_editors() -> None:
    record = normalise(CrossrefSource.parse(_list()[1]))
    assert (record.title, record.version.kind, record.version.year) == ("Soups: A history", "book", None)
    assert [author.name for author in record.authors] == ["Grace Hopper"]
    assert record.identifiers == (("doi", "10.1000/soup.2"), ("isbn", "9780306406157"))


def test_chapters_preprints_and_notices_say_where_they_appeared() -> None:
    found = [normalise(CrossrefSource.parse(raw)).version for raw in _list()[2:5]]
    assert [(v.kind, v.venue, v.date, v.status) for v in found] == [
        ("book", "Soups 2018", "2018", ""),
        ("preprint", "SoupRxiv", "2020", ""),
        ("journal", "Journal of Soups", "2020", "Correction"),
    ]


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ({"issued": {"date-parts": [[None]]}}, ""),
        ({"issued": {"date-parts": []}}, ""),
        ({"issued": {"date-parts": [["2015", "3"]]}}, "2015-03"),
        ({"issued": {"date-parts": [[2015, 0, 1]]}}, "2015"),
        ({"issued": {"date-parts": [[2015]]}, "published-print": {"date-parts": [[2015, 4, 2]]}}, "2015-04-02"),
        ({"published-print": {"date-parts": [[2015, 1]]}, "published-online": {"date-parts": [[2014]]}}, "2014"),
        ({"created": {"date-parts": [[2009, 1, 1]]}, "accepted": {"date-parts": [[2008]]}}, ""),
    ],
)
def test_the_date_is_the_earliest_publication_as_precise_as_stated(stated: dict[str, Any], date: str) -> None:
    assert _parse(**stated).version.date == date


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ({"type": "proceedings-article"}, "conference"),
        ({"type": "posted-content", "subtype": "other"}, "other"),
        ({"type": "posted-content", "subtype": "dissertation"}, "thesis"),
        ({"type": "posted-content"}, "preprint"),
        ({"type": "monograph"}, "book"),
        ({"type": "dissertation"}, "thesis"),
        ({"type": "dataset"}, "dataset"),
        ({"type": "peer-review"}, "other"),
        ({"type": "something-unknown"}, "other"),
        ({}, "other"),
    ],
)
def test_the_type_says_what_kind_of_version_it_is(stated: dict[str, Any], kind: str) -> None:
    assert _parse(**stated).version.kind == kind


def test_a_running_head_is_no_subtitle_but_the_title_of_a_talk_is_whole() -> None:
    assert _parse(type="journal-article", subtitle=["Soups in brief"]).title == "Soup"
    assert (
        _parse(type="proceedings-article", title=["Is it soup?"], subtitle=["A study"]).title == "Is it soup? A study"
    )
    assert _parse(type="book", title=["Soup"], subtitle=["SOUP"]).title == "Soup"
    assert _parse(title=[], original_title=["Suppe"]).title == "Suppe"


def test_titles_may_be_texts_instead_of_lists() -> None:
    record = _parse(title="Soup", container_title="Broth")
    assert (record.title, record.version.venue) == ("Soup", "Broth")


def test_what_is_no_work_is_rejected_with_the_field() -> None:
    records = _list()
    for place, code, field in (
        (5, "type-no-work", "type"),
        (6, "authors-missing", "author"),
        (7, "doi-missing", "DOI"),
        (8, "title-missing", "title"),
        (10, "field-invalid", "author[0].family"),
    ):
        with pytest.raises(RecordRejected) as rejected:
            CrossrefSource.parse(records[place])
        assert (rejected.value.code, rejected.value.field) == (code, field)


def test_hostile_markup_stays_text() -> None:
    record = normalise(CrossrefSource.parse(_list()[9]))
    assert record.title == '<script>alert(1)</script> " onload=x'
    assert record.authors == (ParsedAuthor("Ada <img src=x>"),)


def test_the_payload_holds_nothing_of_the_question_or_the_time() -> None:
    payload = json.loads(_list()[0].payload)
    assert not {"score", "indexed"} & set(payload)
    assert payload["created"] == {"date-parts": [[2021, 11, 1]]}


# Files


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("members.json", "holds members of Crossref, no works"),
        ("journals.json", "holds journals, no works"),
        ("types.json", "holds types of works, no works"),
        ("funders.json", "holds funders, no works"),
        ("agency.json", "holds answers about registration agencies, no works"),
        ("error.json", "error report of Crossref .This route does not support soup"),
        ("error.txt", "begins with 'Resource not found.'"),
        ("empty.json", "is empty"),
        ("page.html", "is an HTML page"),
    ],
)
def test_what_holds_no_works_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(CrossrefSource().read(PAYLOADS / name))


def test_single_works_lines_and_packed_parts_are_read() -> None:
    keys = {name: [raw.key for raw in CrossrefSource().read(PAYLOADS / name)] for name in ("work.json", "part.json.gz")}
    assert keys == {"work.json": ["10.1000/soup.21"], "part.json.gz": ["10.1000/soup.41", "10.1000/soup.42"]}
    one, two, member = CrossrefSource().read(PAYLOADS / "lines.jsonl")
    assert (one.key, two.key) == ("10.1000/soup.31", "10.1000/soup.32")
    assert member.problem == "lines.jsonl:3: among works there are members of Crossref."


def test_a_cut_list_gives_what_is_whole() -> None:
    whole, rest = CrossrefSource().read(PAYLOADS / "cut.json")
    assert whole.key == "10.1000/soup.51"
    assert "cut short" in rest.problem


def test_the_folder_of_the_public_data_file_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    records = list(CrossrefSource().read(PAYLOADS / "publicdata"))
    assert [raw.key[-2:] for raw in records] == ["61", "62", "63"]
    assert records[2].origin == "publicdata:10.json.gz:1"
    with pytest.raises(SourceUnavailable, match="holds no file"):
        list(CrossrefSource().read(tmp_path))


@pytest.mark.django_db(transaction=True)
def test_a_list_is_imported_and_the_second_time_nothing_changes() -> None:
    assert "fetched 11  new 6  updated 0  unchanged 0  quarantined 5" in importworks(
        PAYLOADS / "list.json", source="crossref"
    ).out  # fmt: skip
    before = untouched()
    assert "new 0  updated 0  unchanged 11" in importworks(PAYLOADS / "list.json", source="crossref").out
    assert untouched() == before


# The samples, counted naively


def test_no_author_identifier_or_affiliation_of_the_samples_is_lost() -> None:
    compared = authors = 0
    for path in sorted((SAMPLES / "crossref").iterdir()) if SAMPLES.is_dir() else []:
        records = read("crossref", path)
        for raw in [] if isinstance(records, str) else records:
            record = parsed("crossref", raw)
            if isinstance(record, RecordRejected):
                continue
            work = json.loads(raw.payload)
            stated = work.get("author") or work.get("editor")
            people = [person for person in stated if person.get("family") or person.get("given") or person.get("name")]
            assert len(record.authors) == len(people)
            for author, person in zip(record.authors, people, strict=True):
                for part in ("given", "family", "suffix", "name"):
                    letters = re.sub(r"\W", "", person.get(part) or "")
                    assert letters in re.sub(r"\W", "", author.name)
                # One sample has an ORCID iD with a wrong check digit.
                valid = canonical("orcid", person.get("ORCID", ""))
                assert author.identifiers == ({"orcid": valid} if valid else {})
                places = [place for place in person.get("affiliation") or () if place.get("name")]
                assert len(author.affiliations) == len({place["name"] for place in places})
            assert raw.key == work["DOI"].lower()
            parts = [work[name]["date-parts"][0] for name in ("issued", "published", "posted") if name in work]
            years = [part[0] for part in parts if part and part[0]]
            assert record.version.year == (min(years) if years else None)
            assert bool(record.abstract) == bool(work.get("abstract"))
            compared += 1
            authors = max(authors, len(record.authors))
    assert (compared >= 174 and authors == 1_014) or not SAMPLES.is_dir()


# The live service, on loopback


def _answer(first: int, count: int, cursor: str = "same") -> bytes:
    items = [{**_work(), "DOI": f"10.1000/{number}"} for number in range(first, first + count)]
    return body({"status": "ok", "message": {"items": items, "next-cursor": cursor, "total-results": 999}})


def test_a_search_is_paged_until_a_page_is_not_full() -> None:
    answers = iter([_answer(0, PAGE), _answer(PAGE, PAGE), _answer(2 * PAGE, 5)])
    with serving(lambda _: (200, next(answers))) as upstream:
        source = CrossrefSource(endpoint=f"{upstream.address}/works", interval=0)
        records = list(source.fetch("orcid:0000-0002-1825-0097", client()))
    assert [raw.key for raw in records] == [f"10.1000/{number}" for number in range(2 * PAGE + 5)]
    assert [(a["filter"], a["cursor"], a["rows"]) for a in upstream.asked] == [
        ("orcid:0000-0002-1825-0097", cursor, str(PAGE)) for cursor in ("*", "same", "same")
    ]
    assert "mailto:tests@example.org" in upstream.headers[0]["User-Agent"]


def test_words_are_searched_for_and_a_repeated_page_ends_the_run() -> None:
    with serving(lambda _: (200, _answer(0, PAGE))) as upstream:
        records = CrossrefSource(endpoint=upstream.address, interval=0).fetch("model soups", client())
        assert len([next(records) for _ in range(PAGE)]) == PAGE
        with pytest.raises(SourceUnavailable, match="same page twice"):
            next(records)
    assert upstream.asked[0]["query"] == "model soups"


def test_the_service_is_given_the_time_it_asks_for() -> None:
    answers = iter([(429, b"slow down", {"Retry-After": "9"}), (200, _answer(0, 1), {})])
    pauses: list[float] = []
    with serving(lambda _: next(answers)) as upstream:
        assert len(list(CrossrefSource(endpoint=upstream.address, interval=0).fetch("soup", client(pauses)))) == 1
    assert pauses == [9.0]


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (400, (PAYLOADS / "error.json").read_bytes(), "HTTP 400 .*does not support soup"),
        (404, b"Resource not found.", "HTTP 404"),
        (200, (PAYLOADS / "page.html").read_bytes(), "HTML page"),
        (200, (PAYLOADS / "members.json").read_bytes(), "members of Crossref"),
        (200, (PAYLOADS / "cut.json").read_bytes(), "damaged"),
        (503, b"busy", "HTTP 503"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(status: int, content: bytes, reason: str) -> None:
    def script(_: Parameters) -> tuple[int, bytes]:
        return status, content

    with serving(script) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(CrossrefSource(endpoint=upstream.address, interval=0).fetch("soup", client()))


def test_lists_are_asked_for_once_a_second() -> None:
    assert INTERVAL >= 1
