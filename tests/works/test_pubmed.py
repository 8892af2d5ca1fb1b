"""PubMed, JATS and Europe PMC: three formats in the same words, deletions, document types, and paging by cursor."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib.identifiers import canonical
from tests.pipeline import importworks, stored
from tests.upstream import Answer, Parameters, serving
from tests.works.test_corpus import SAMPLES, parsed
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources import europe_pmc, pubmed_xml
from works.sources.pubmed import INTERVAL, PAGE, PubmedSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "pubmed"


def _all(name: str) -> dict[str, ParsedRecord | str]:
    """What becomes of each record of a payload, by key: the work, or the code of its rejection."""
    found: dict[str, ParsedRecord | str] = {}
    for raw in PubmedSource().read(PAYLOADS / name):
        try:
            found[raw.key] = normalise(PubmedSource.parse(raw))
        except RecordRejected as rejected:
            found[raw.key] = rejected.code
    return found


def _work(name: str, key: str) -> ParsedRecord:
    work = _all(name)[key]
    assert isinstance(work, ParsedRecord)
    return work


# PubMed's XML


def test_a_citation_is_translated_field_by_field() -> None:
    work = _work("articles.xml", "10000001")
    assert work.title == "Stirring H2O & Sucus with x<1/y"
    assert work.authors == (
        ParsedAuthor(
            "Ada B Lovelace 3rd", ("University of X, City.", "Institute Y"), "", {"orcid": "0000-0002-1825-0097"}
        ),
        ParsedAuthor("G van der Hopper"),
        ParsedAuthor("Kitchen Study Group"),
    )
    assert work.authors_truncated
    assert work.identifiers == (("pmid", "10000001"), ("doi", "10.1000/example.7"), ("pmcid", "PMC3460867"))
    version = work.version
    assert (version.kind, version.venue, version.date) == ("journal", "Journal of Soups", "2023-12-05")
    assert work.abstract == "AIM: We stir. See github.com/example-kitchen/soups."
    assert [topic.label for topic in work.topics] == ["soup", "Cooking"]
    assert (work.site_url, work.code_url, work.language) == (
        "https://pubmed.ncbi.nlm.nih.gov/10000001",
        "https://github.com/example-kitchen/soups",
        "eng",
    )


def test_a_translated_title_loses_its_brackets_and_a_missing_one_is_the_original() -> None:
    assert _work("articles.xml", "10000002").title == "On the slow soup"
    assert _work("articles.xml", "10000003").title == "La soupe froide"


def test_names_of_letters_are_read_without_loading_the_document_type() -> None:
    assert [author.name for author in _work("articles.xml", "10000002").authors] == ["Émile Borel"]


def test_kinds_and_corrections_follow_from_the_publication_types() -> None:
    assert _work("articles.xml", "10000003").version.kind == "preprint"
    erratum = _work("articles.xml", "10000006").version
    assert (erratum.kind, erratum.status, erratum.date) == ("other", "Published Erratum", "2001-02")


def test_a_chapter_has_its_own_authors_and_a_book_its_editors_if_it_names_nobody_else() -> None:
    chapter = _work("articles.xml", "10000007")
    assert (chapter.title, chapter.version.venue, chapter.version.date) == ("Cold soups", "All of soup", "2009-05")
    assert chapter.authors == (ParsedAuthor("Emile Borel"),)
    assert chapter.identifiers == (("pmid", "10000007"), ("doi", "10.1000/chapter"))
    book = _work("articles.xml", "10000008")
    assert (book.title, book.version.kind, book.version.venue) == ("All of soup", "book", "Kitchen Press")
    assert book.authors == (ParsedAuthor("Emmy Noether", role="editor"),)
    assert ("isbn", "9780306406157") in book.identifiers


def test_citations_that_are_no_works_are_rejected_and_deleted_ones_withdrawn() -> None:
    found = _all("articles.xml")
    assert (found["10000004"], found["10000005"]) == ("authors-missing", "title-missing")
    assert found["10000090"] == found["10000091"] == "record-withdrawn"
    deleted = [raw.key for raw in PubmedSource().read(PAYLOADS / "articles.xml") if raw.deleted]
    assert deleted == ["10000090", "10000091"]


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ("2019", "2019"),
        ("2010 Sep", "2010-09"),
        ("2010 Sep 12", "2010-09-12"),
        ("2010 Sep 5-9", "2010-09"),
        ("2010 Sep 28-Oct 3", "2010"),
        ("2010 Sep-Oct", "2010"),
        ("1998 Dec-1999 Jan", "1998"),
        ("2000 Spring", "2000"),
        ("1998-1999", "1998"),
        ("Summer 2000", ""),
        ("", ""),
    ],
)
def test_dates_in_words_are_kept_as_far_as_they_are_one_date(words: str, date: str) -> None:
    assert pubmed_xml.medline_date(words) == date


def test_gzip_and_answers_one_after_the_other_are_read() -> None:
    assert list(_all("articles.xml.gz")) == ["10000001"]
    assert list(_all("two_answers.xml")) == ["10000002", "10000003"]


# JATS


def test_the_front_of_an_article_is_translated_and_the_rest_is_not_kept() -> None:
    (raw,) = PubmedSource().read(PAYLOADS / "article.nxml")
    assert b"no metadata" not in raw.payload
    work = _work("article.nxml", "PMC3460867")
    assert work.title == "Heat at T2: a study"
    assert work.authors == (
        ParsedAuthor("Émile Borel Jr", ("University of X, City", "Institute Y"), "", {"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Jing Wu", ("Institute Y",), native_name="吴 静"),
        ParsedAuthor("Kitchen Consortium"),
        ParsedAuthor("Sukarno", ("Home",)),
    )
    assert work.unaligned_affiliations == ("Nobody's Lab",)
    assert work.identifiers == (("pmcid", "PMC3460867"), ("doi", "10.1000/jats.1"))
    assert (work.version.kind, work.version.venue, work.version.date) == ("journal", "Soup Letters", "2021-04-09")
    assert (work.license, work.language) == ("https://creativecommons.org/licenses/by/4.0/", "en")
    assert work.abstract == "Aim We heat. Result Hot."
    assert [topic.label for topic in work.topics] == ["heat", "Cooking", "Soups"]


# Europe PMC


def test_a_core_record_is_translated_field_by_field() -> None:
    work = _work("answer.json", "10000011")
    assert work.title == "Soup of Sucus"
    assert work.authors == (
        ParsedAuthor("Émile Borel", ("University of X",), "", {"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Kitchen Study Group"),
    )
    assert work.identifiers == (("pmid", "10000011"), ("pmcid", "PMC3460868"), ("doi", "10.1000/epmc"))
    assert (work.version.kind, work.version.venue, work.version.date) == ("journal", "Journal of Soups", "2023-09-14")
    assert (work.abstract, work.license, work.pdf_url) == ("Aim: We stir.", "cc by", "https://europepmc.org/soups.pdf")
    assert [topic.label for topic in work.topics] == ["soup", "Cooking"]


def test_a_lite_record_of_a_preprint_gives_its_authors_from_one_line() -> None:
    work = _work("answer.json", "PPR:PPR7")
    assert [author.name for author in work.authors] == ["Lovelace A", "Hopper G"]
    assert (work.version.kind, work.version.date) == ("preprint", "2022-01-02")


def test_a_field_of_the_wrong_type_is_rejected_with_its_path() -> None:
    raw = list(PubmedSource().read(PAYLOADS / "answer.json"))[2]
    assert raw.key == "MED:1"
    with pytest.raises(RecordRejected) as rejected:
        PubmedSource.parse(raw)
    assert (rejected.value.code, rejected.value.field) == ("field-invalid", "title")


def test_being_cited_does_not_change_a_record() -> None:
    result: dict[str, Any] = {"id": "1", "source": "MED", "title": "T", "citedByCount": 1}
    assert europe_pmc.canonical(result) == europe_pmc.canonical({**result, "citedByCount": 2})
    assert europe_pmc.canonical(result) != europe_pmc.canonical({**result, "title": "U"})


# Files


@pytest.mark.parametrize(("name", "key"), [("cut.xml", "10000001"), ("cut.json", "10000011")])
def test_damage_comes_after_the_whole_records(name: str, key: str) -> None:
    whole, rest = PubmedSource().read(PAYLOADS / name)
    assert whole.key == key
    assert "after record 1" in rest.problem
    assert rest.payload


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("entities.xml", "declares entities of its own"),
        ("error.xml", "an error of NCBI"),
        ("error.json", "Invalid search syntax"),
        ("other.json", "JSON of another kind"),
        ("page.html", "is an HTML page"),
        ("empty.xml", "is empty"),
    ],
)
def test_what_holds_no_records_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        PubmedSource().read(PAYLOADS / name)


@pytest.mark.parametrize("data", [b"{", b"{" * 100_000, b'{"resultList": 7}', b'{"result": [' + b"[" * 100_000])
def test_json_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(data)
    with pytest.raises(SourceUnavailable, match="JSON"):
        PubmedSource().read(path)


@pytest.mark.usefixtures("empty_library")
def test_an_import_twice_changes_nothing_the_second_time() -> None:
    assert importworks(PAYLOADS / "two_answers.xml", source="pubmed").status == 0
    before = stored()
    assert len(before["works"]) == 2
    assert "unchanged 2" in importworks(PAYLOADS / "two_answers.xml", source="pubmed").out
    assert stored() == before


def test_no_author_orcid_doi_or_affiliation_of_the_samples_is_lost() -> None:
    """Counted in the bytes of each payload, independent of the parser."""
    works = 0
    for path in sorted((SAMPLES / "pubmed").iterdir()):
        for raw in PubmedSource().read(path):
            record = parsed("pubmed", raw)
            assert not isinstance(record, RecordRejected), raw.origin
            works += 1
            text = re.sub(r"<ReferenceList>.*?</ReferenceList>", "", raw.payload.decode(), flags=re.DOTALL)
            orcids = {canonical("orcid", o) for o in re.findall(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", text)} - {None}
            assert {author.identifiers["orcid"] for author in record.authors if author.identifiers} == orcids
            dois = re.findall(r'(?:pub-id-type|IdType|EIdType)="doi"[^>]*>\s*([^<\s]+)|"doi":"([^"]+)"', text)
            found = {value for scheme, value in record.identifiers if scheme == "doi"}
            assert found == {(one or other).lower() for one, other in dois}
            if path.suffix == ".nxml":
                assert len(record.authors) == text.count('<contrib contrib-type="author">')
                assert all(author.affiliations for author in record.authors)
            elif path.suffix == ".json":
                assert len(record.authors) == text.count('"fullName"')
            else:
                assert len(record.authors) == text.count("<LastName>") + text.count("<CollectiveName>")
                places = sum(len(author.affiliations) for author in record.authors) + len(record.unaligned_affiliations)
                assert places == text.count("<Affiliation>")
                assert str(record.version.year) in text
    assert works >= 27


# The live service, on loopback


def _page(keys: range, total: int, cursor: str) -> bytes:
    results = [{"id": str(key), "source": "MED", "pmid": str(key), "title": "T", "authorString": "A B"} for key in keys]
    return json.dumps({"hitCount": total, "nextCursorMark": cursor, "resultList": {"result": results}}).encode()


def test_a_search_is_paged_by_cursor_until_all_answers_are_there() -> None:
    def script(asked: Parameters) -> Answer:
        pages = {"*": (range(1, 101), "b"), "b": (range(101, 201), "c"), "c": (range(201, 231), "d")}
        return 200, _page(pages[asked["cursorMark"]][0], 230, pages[asked["cursorMark"]][1])

    with serving(script) as upstream:
        records = list(PubmedSource(endpoint=upstream.url, interval=0).fetch('AUTH:"Morcos A"', upstream.client()))
    assert [record.key for record in records] == [str(key) for key in range(1, 231)]
    assert [asked["cursorMark"] for asked in upstream.asked] == ["*", "b", "c"]
    assert upstream.asked[0]["query"] == 'AUTH:"Morcos A"'
    assert (upstream.asked[0]["resultType"], upstream.asked[0]["pageSize"]) == ("core", str(PAGE))


def test_identifiers_are_asked_for_by_list() -> None:
    with serving(lambda _: (200, _page(range(1, 3), 2, ""))) as upstream:
        source = PubmedSource(endpoint=upstream.url, interval=0)
        assert len(list(source.fetch("29768149, PMC3460867", upstream.client()))) == 2
    assert upstream.asked[0]["query"] == "(EXT_ID:29768149 AND SRC:MED) OR PMCID:PMC3460867"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b'{"errCode": 404, "errMsg": "Bad query"}', "refuses the query: Bad query"),
        (200, b"<!DOCTYPE html><html>Down</html>", "no list of records in JSON"),
        (200, b"", "no list of records in JSON"),
        (200, _page(range(5), 9, "x")[:99], "no list of records in JSON"),
        (200, _page(range(1, 6), 9, "*"), "stopped at 5 of 9"),
        (200, _page(range(0), 9, "x"), "stopped at 0 of 9"),
        (403, b"no", "HTTP 403"),
    ],
)
def test_a_refusal_nonsense_or_a_repeated_cursor_is_unavailable(status: int, body: bytes, reason: str) -> None:
    with serving(lambda _: (status, body)) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(PubmedSource(endpoint=upstream.url, interval=0).fetch("soup", upstream.client()))


def test_a_busy_service_is_given_the_time_it_asks_for() -> None:
    busy: Answer = (503, b"", {"Retry-After": "5"})
    answers = iter([busy, (200, _page(range(1, 2), 1, ""))])
    with serving(lambda _: next(answers)) as upstream:
        assert len(list(PubmedSource(endpoint=upstream.url, interval=0).fetch("soup", upstream.client()))) == 1
    assert upstream.pauses == [5.0]


def test_an_empty_query_asks_nobody() -> None:
    with serving(lambda _: (200, b"")) as upstream:
        with pytest.raises(SourceUnavailable, match="needs a search expression"):
            list(PubmedSource(endpoint=upstream.url).fetch(" , ", upstream.client()))
        assert upstream.asked == []
    assert INTERVAL >= 0.1


def test_a_payload_of_another_kind_is_rejected() -> None:
    with pytest.raises(RecordRejected) as rejected:
        PubmedSource.parse(RawRecord("", b"<PMID>1</PMID>"))
    assert rejected.value.code == "record-withdrawn"
