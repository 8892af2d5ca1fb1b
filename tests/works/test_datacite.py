"""DataCite: JSON in all its shapes, XML of all kernels, what is refused, and paging by cursor against a scripted service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib.identifiers import canonical
from tests.pipeline import importworks, untouched
from tests.upstream import Parameters, body, client, serving
from tests.works.test_corpus import SAMPLES, parsed, read
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, RawRecord
from works.sources.datacite import PAGE, DataciteSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "datacite"


def _records(name: str) -> list[RawRecord]:
    return list(DataciteSource().read(PAYLOADS / name))


def _parse(**changes: Any) -> ParsedRecord:
    record = {"doi": "10.5072/7", "titles": [{"title": "Soup"}], "creators": [{"name": "Ada Lovelace"}], **changes}
    return normalise(DataciteSource.parse(RawRecord("", json.dumps({"attributes": record}).encode())))


def test_a_doi_is_translated_field_by_field() -> None:
    first = _records("list.json")[0]
    assert (first.key, first.origin) == ("10.5072/soup.1", "list.json:1")
    record = normalise(DataciteSource.parse(first))
    assert record.title == "Stirring soups: A recipe"
    assert record.abstract == "We stir. We taste."
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", ("University of X", "Institute Y"), identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("The EXAMPLE Collaboration"),
    )
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.date, version.revision) == (
        "journal",
        "Journal of Soups",
        "2021-12-24",
        "v2",
    )
    assert record.identifiers == (("doi", "10.5072/soup.1"), ("arxiv", "2203.05482"), ("doi", "10.5072/soup.all"))
    assert record.topics == (ParsedTopic("keyword", "Soup"), ParsedTopic("keyword", "Broth"))
    assert (record.license, record.language) == ("cc-by-4.0", "en")
    assert (record.site_url, record.pdf_url) == ("https://zenodo.example/1", "https://zenodo.example/1.pdf")
    assert record.code_url == ""


def test_software_says_where_its_code_is() -> None:
    record = normalise(DataciteSource.parse(_records("list.json")[1]))
    assert record.version.kind == "other"
    assert record.code_url == "https://github.com/example-kitchen/soups"


def test_values_may_stand_alone_instead_of_in_lists() -> None:
    record = normalise(DataciteSource.parse(_records("list.json")[6]))
    assert record.authors == (ParsedAuthor("Solo", ("Kitchen",), identifiers={"orcid": "0000-0002-1694-233X"}),)
    assert (record.abstract, record.version.date) == ("Hello World", "2016-03-27")


def test_what_is_no_work_is_rejected_with_the_field() -> None:
    records = _records("list.json")
    for place, code, field in (
        (2, "authors-missing", "creators"),
        (3, "title-missing", "titles"),
        (4, "field-invalid", "attributes.creators[0].name"),
    ):
        with pytest.raises(RecordRejected) as rejected:
            DataciteSource.parse(records[place])
        assert (rejected.value.code, rejected.value.field) == (code, field)
    hostile = normalise(DataciteSource.parse(records[5]))
    assert hostile.title == "<script>alert(1)</script>"
    assert hostile.authors == (ParsedAuthor("<img src=x onerror=y>"),)


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        ({"resourceTypeGeneral": "Dataset"}, "dataset"),
        ({"resourceTypeGeneral": "Software"}, "other"),
        ({"resourceTypeGeneral": "Image", "resourceType": "Article"}, "other"),
        ({"resourceTypeGeneral": "Preprint"}, "preprint"),
        ({"resourceTypeGeneral": "ConferencePaper"}, "conference"),
        ({"resourceTypeGeneral": "Dissertation"}, "thesis"),
        ({"resourceTypeGeneral": "Text", "resourceType": "Journal Article"}, "journal"),
        ({"resourceTypeGeneral": "Text", "resourceType": "Thesis (PhD)"}, "thesis"),
        ({"resourceTypeGeneral": "Text", "resourceType": "Leaflet", "bibtex": "article"}, "other"),
        ({"resourceTypeGeneral": "Text", "bibtex": "inproceedings"}, "conference"),
        (None, "other"),
    ],
)
def test_the_types_say_what_kind_of_version_it_is(types: dict[str, str] | None, kind: str) -> None:
    assert _parse(types=types).version.kind == kind


def test_what_arxiv_registers_is_a_preprint_of_arxiv() -> None:
    record = _parse(doi="10.48550/ARXIV.2203.05482", publisher="arXiv", types={"resourceTypeGeneral": "Text"})
    assert record.version.kind == "preprint"
    assert record.identifiers == (("arxiv", "2203.05482"),)


@pytest.mark.parametrize(
    ("stated", "orcid"),
    [
        ({"nameIdentifier": "0000-0002-1825-0097", "nameIdentifierScheme": "ORCID"}, "0000-0002-1825-0097"),
        ({"nameIdentifier": "https://orcid.org/0000-0002-1825-0097/"}, "0000-0002-1825-0097"),
        ({"nameIdentifier": "https://orcid.org/https://orcid.org/0000-0002-1694-233x"}, "0000-0002-1694-233X"),
        ({"nameIdentifier": "0000-0002-1825-0097", "nameIdentifierScheme": "ISNI"}, None),
        ({"nameIdentifier": "https://orcid.org/0000-0002-1825-0098"}, None),
        ({"nameIdentifier": None, "nameIdentifierScheme": "ORCID"}, None),
    ],
)
def test_orcid_ids_are_read_in_all_their_shapes(stated: dict[str, Any], orcid: str | None) -> None:
    record = _parse(creators=[{"name": "Ada", "nameIdentifiers": [stated]}])
    assert record.authors[0].identifiers == ({"orcid": orcid} if orcid else {})


def test_dates_keep_what_they_say() -> None:
    assert _parse(publicationYear=2015, dates=[{"date": "2015-03", "dateType": "Issued"}]).version.date == "2015-03"
    assert _parse(publicationYear="2015", dates=[{"date": "n.d.", "dateType": "Issued"}]).version.date == "2015"
    assert _parse(publicationYear=2016, dates=[{"date": 1880, "dateType": "Issued"}]).version.date == "1880"
    assert _parse(publicationYear=9999).version.date == ""


def test_years_of_the_buddhist_era_are_those_of_the_common_one() -> None:
    version = _parse(publicationYear=2547, dates=[{"date": "2547-03", "dateType": "Issued"}]).version
    assert (version.year, version.date) == (2004, "2004-03")


@pytest.mark.parametrize(
    ("types", "named"),
    [
        ({"resourceTypeGeneral": "Book"}, True),
        ({"resourceTypeGeneral": "Dissertation"}, True),
        ({"resourceTypeGeneral": "BookChapter"}, False),
        ({"resourceTypeGeneral": "Text", "resourceType": "Book part"}, False),
        ({"resourceTypeGeneral": "Text", "resourceType": "In: Book", "bibtex": "inbook"}, False),
    ],
)
def test_an_isbn_names_a_whole_book_only(types: dict[str, str], *, named: bool) -> None:
    stated = [{"identifier": "978-0-306-40615-7", "identifierType": "ISBN"}]
    found = _parse(types=types, identifiers=stated).identifiers
    assert (("isbn", "9780306406157") in found) is named


# XML


def test_xml_of_the_latest_kernel_is_translated_field_by_field() -> None:
    (raw,) = _records("kernel4.xml")
    assert (raw.key, raw.origin) == ("10.5072/soup.41", "kernel4.xml:1")
    record = normalise(DataciteSource.parse(raw))
    assert record.title == "Soups & broths: a handbook"
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", ("University of X",), identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Soup Group"),
    )
    assert record.identifiers == (("doi", "10.5072/soup.41"), ("isbn", "9780306406157"), ("arxiv", "2203.05482"))
    version = record.version
    assert (version.kind, version.venue, version.date, version.revision) == ("book", "Soup Press", "2021-05-07", "2")
    assert (record.abstract, record.license) == ("We stir. We taste.", "https://creativecommons.org/licenses/by/4.0/")
    assert b"comment" not in raw.payload


def test_xml_of_the_first_kernels_is_read_too() -> None:
    record = normalise(DataciteSource.parse(_records("kernel2.xml")[0]))
    assert (record.authors[0].name, record.version.date, record.license) == ("Borel, Émile", "1999", "CC0")


def test_a_stored_record_with_a_document_type_is_rejected() -> None:
    with pytest.raises(RecordRejected) as rejected:
        DataciteSource.parse(RawRecord("", (PAYLOADS / "doctype.xml").read_bytes()))
    assert rejected.value.code == "xml-unknown"


def test_a_record_without_a_canonical_form_is_read_as_it_is(tmp_path: Path) -> None:
    whole = (PAYLOADS / "kernel4.xml").read_bytes()
    path = tmp_path / "relative.xml"
    path.write_bytes(whole.replace(b"http://www.w3.org/2001/XMLSchema-instance", b"XMLSchema-instance"))
    (raw,) = DataciteSource().read(path)
    assert normalise(DataciteSource.parse(raw)).title == "Soups & broths: a handbook"


# Files


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("clients.json", "holds clients of DataCite, no works"),
        ("error.json", "error report of DataCite .*doesn't exist"),
        ("package.json", "holds objects that are no DOIs of DataCite"),
        ("page.html", "is HTML"),
        ("empty.json", "is empty"),
        ("doctype.xml", "declares a document type"),
        ("feed.xml", "expected a resource of DataCite"),
        ("broken.xml", "is no whole XML document"),
    ],
)
def test_what_holds_no_works_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        _records(name)


def test_single_answers_lines_and_crosscite_are_read() -> None:
    names = ("single.json", "crosscite.json", "lines.jsonl.gz")
    found = {name: [raw.key[-2:] for raw in _records(name)] for name in names}
    assert found == {"single.json": ["11"], "crosscite.json": ["12"], "lines.jsonl.gz": ["21", "22"]}
    assert normalise(DataciteSource.parse(_records("crosscite.json")[0])).title == "Soup number 12"
    whole, rest = _records("cut.json")
    assert (whole.key, "cut short" in rest.problem) == ("10.5072/soup.31", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "new", "held"), [("list.json", 4, 3), ("kernel4.xml", 1, 0)])
def test_a_file_is_imported_and_the_second_time_nothing_changes(name: str, new: int, held: int) -> None:
    first = importworks(PAYLOADS / name, source="datacite").out
    assert f"fetched {new + held}  new {new}  updated 0  unchanged 0  quarantined {held}" in first
    before = untouched()
    second = importworks(PAYLOADS / name, source="datacite").out
    assert f"fetched {new + held}  new 0  updated 0  unchanged {new + held}  quarantined 0" in second
    assert untouched() == before


# The samples, counted naively

_NOBODY = re.compile(r"\(?:[a-z]{4}\)?.*|unknown|nn?|\[s\.n\.\]|n\.n\.|-| *", re.IGNORECASE)


def _stated(payload: bytes) -> list[tuple[str, set[str]]]:
    """Name and ORCID iDs of each creator, straight from the payload."""
    if payload.startswith(b"<"):
        root = etree.fromstring(payload)
        found = []
        for creator in root.iterfind("{*}creators/{*}creator"):
            ids = re.findall(
                r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", " ".join(i.text or "" for i in creator.iterfind("{*}nameIdentifier"))
            )
            found.append((creator.findtext("{*}creatorName") or "", set(ids)))
        return found
    record = json.loads(payload)
    creators = record.get("attributes", record).get("creators") or []
    creators = creators if isinstance(creators, list) else [creators]
    return [
        (c.get("name", ""), set(re.findall(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", json.dumps(c.get("nameIdentifiers")) + c.get("id", ""))))
        for c in creators
    ]  # fmt: skip


def test_no_creator_or_orcid_id_of_the_samples_is_lost() -> None:
    compared = most = 0
    for path in sorted((SAMPLES / "datacite").iterdir()) if SAMPLES.is_dir() else []:
        records = read("datacite", path)
        for raw in [] if isinstance(records, str) else records:
            record = parsed("datacite", raw)
            if isinstance(record, RecordRejected):
                continue
            people = [(name, ids) for name, ids in _stated(raw.payload) if not _NOBODY.fullmatch(name)]
            assert len(record.authors) == len(people), raw.key
            for author, (name, ids) in zip(record.authors, people, strict=True):
                valid = {orcid for orcid in ids if canonical("orcid", orcid)}
                assert set(author.identifiers.values()) == valid
                assert set(re.findall(r"\w+", author.name)) & set(re.findall(r"\w+", name))
            compared += 1
            most = max(most, len(people))
    assert (compared >= 970 and most >= 211) or not SAMPLES.is_dir()


# The live service, on loopback


def _answer(first: int, count: int, cursor: str) -> bytes:
    data = [{"id": f"10.5072/{number}", "type": "dois", "attributes": {}} for number in range(first, first + count)]
    links = {"next": f"https://elsewhere.example/dois?page%5Bcursor%5D={cursor}&x=1"} if cursor else {}
    return body({"data": data, "meta": {"total": 99}, "links": links})


def test_a_query_is_paged_by_the_cursor_alone() -> None:
    pages = {"1": _answer(0, 2, "b"), "b": _answer(2, 2, "c"), "c": _answer(4, 1, "")}
    with serving(lambda asked: (200, pages[asked["page[cursor]"]])) as upstream:
        source = DataciteSource(endpoint=f"{upstream.address}/dois", interval=0)
        records = list(source.fetch("creators.familyName:Lovelace", client()))
    assert [raw.key for raw in records] == [f"10.5072/{number}" for number in range(5)]
    assert [(a["query"], a["page[cursor]"], a["page[size]"], a["affiliation"]) for a in upstream.asked] == [
        ("creators.familyName:Lovelace", cursor, str(PAGE), "true") for cursor in "1bc"
    ]


def test_a_page_that_comes_again_ends_the_run_after_what_came() -> None:
    with serving(lambda _: (200, _answer(0, 1, "1"))) as upstream:
        records = DataciteSource(endpoint=upstream.address, interval=0).fetch("soup", client())
        assert next(records).key == "10.5072/0"
        with pytest.raises(SourceUnavailable, match="same page twice"):
            next(records)


def test_the_service_is_given_the_time_it_asks_for() -> None:
    answers = iter([(503, b"busy", {"Retry-After": "5"}), (200, _answer(0, 1, ""), {})])
    pauses: list[float] = []
    with serving(lambda _: next(answers)) as upstream:
        assert len(list(DataciteSource(endpoint=upstream.address, interval=0).fetch("soup", client(pauses)))) == 1
    assert pauses == [5.0]


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (400, (PAYLOADS / "error.json").read_bytes(), "HTTP 400 .*doesn't exist"),
        (200, (PAYLOADS / "page.html").read_bytes(), "HTML page"),
        (200, (PAYLOADS / "clients.json").read_bytes(), "clients of DataCite"),
        (200, (PAYLOADS / "cut.json").read_bytes(), "damaged"),
        (200, (PAYLOADS / "kernel4.xml").read_bytes(), "is XML"),
        (503, b"busy", "HTTP 503"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(status: int, content: bytes, reason: str) -> None:
    def script(_: Parameters) -> tuple[int, bytes]:
        return status, content

    with serving(script) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(DataciteSource(endpoint=upstream.address, interval=0).fetch("soup", client()))


def test_an_empty_query_asks_nobody() -> None:
    with pytest.raises(SourceUnavailable, match="needs words"):
        list(DataciteSource().fetch(" ", client()))
