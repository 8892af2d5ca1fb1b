"""Repositories by OAI-PMH: Dublin Core in our words, what holds no records, and harvesting a scripted repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib.http import Http
from researchgraph.lib.identifiers import canonical
from tests.pipeline import importworks, stored
from tests.upstream import Answer, Parameters, serving
from tests.works.test_corpus import SAMPLES, parsed
from works.ingest.normalise import normalise
from works.models import SourceRecord, Work
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources.oai import INTERVAL, OaiSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "oai"


def _records(data: str, folder: Path) -> list[RawRecord]:
    path = folder / "answer.xml"
    path.write_text(data, encoding="utf-8")
    return list(OaiSource().read(path))


def _dublin_core(body: str) -> ParsedRecord:
    payload = (
        '<dc xmlns="http://purl.org/dc/elements/1.1/"><title>T</title><creator>Hopper, Grace</creator>' + body + "</dc>"
    )
    return normalise(OaiSource.parse(RawRecord("", payload.encode())))


# What a record says


def test_a_record_is_translated_field_by_field() -> None:
    first = next(OaiSource().read(PAYLOADS / "records.xml"))
    assert (first.key, first.origin) == ("oai:repository.example:1", "records.xml:1")
    record = normalise(OaiSource.parse(first))
    assert record.title == "Stirring soups & stews: H2O at work"
    assert record.abstract == "We stir, see https://github.com/example-kitchen/soups."
    assert record.authors == (
        ParsedAuthor("Lovelace, Ada"),
        ParsedAuthor("Borel, Émile", identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Kitchen Working Group"),
        ParsedAuthor("van der Hopper, Grace, Jr."),
    )
    version = record.version
    assert (version.kind, version.venue, version.date) == ("journal", "Journal of Soups", "2023-11")
    assert record.identifiers == (("doi", "10.1000/example.7"), ("handle", "2159/6227"), ("pmid", "24806729"))
    assert (record.site_url, record.pdf_url, record.code_url) == (
        "https://repository.example/record/1",
        "https://repository.example/record/1/soups.pdf",
        "https://github.com/example-kitchen/soups",
    )
    assert (record.license, record.language) == ("https://creativecommons.org/licenses/by/4.0/", "eng")


def test_withdrawn_records_are_handed_on_as_withdrawn() -> None:
    withdrawn = list(OaiSource().read(PAYLOADS / "records.xml"))[2]
    assert (withdrawn.key, withdrawn.deleted, withdrawn.problem) == ("oai:repository.example:3", True, "")
    with pytest.raises(RecordRejected) as rejected:
        OaiSource.parse(withdrawn)
    assert rejected.value.code == "record-withdrawn"


def test_records_that_are_no_works_are_rejected_with_the_reason() -> None:
    rejections = {}
    for record in OaiSource().read(PAYLOADS / "records.xml"):
        try:
            OaiSource.parse(record)
        except RecordRejected as rejected:
            rejections[record.key[-1]] = rejected.code
    assert rejections == {
        "3": "record-withdrawn",
        "4": "authors-missing",
        "5": "title-missing",
        "6": "metadata-format-unknown",
        "7": "metadata-missing",
    }


@pytest.mark.parametrize(
    ("stated", "pair"),
    [
        ("https://doi.org/10.1000/A", ("doi", "10.1000/a")),
        ("DOI : 10.1000/A", ("doi", "10.1000/a")),
        ("https://doi.org/10.48550/arXiv.2401.00001", ("arxiv", "2401.00001")),
        ("http://arxiv.org/abs/hep-th/9504118", ("arxiv", "hep-th/9504118")),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC3460867/", ("pmcid", "PMC3460867")),
        ("PMID: 24806729", ("pmid", "24806729")),
        ("hdl:1721.1/7582", ("handle", "1721.1/7582")),
        ("24806729", None),
        ("2401.00001", None),
        ("issn:2434-561X", None),
        ("urn:isbn:9780306406157", None),
        ("http://citeseerx.example/summary?doi=10.1.1.487.869", None),
        ("http://www.ncbi.nlm.nih.gov/pmc/articles/PMC", None),
    ],
)
def test_an_identifier_counts_if_it_says_what_it_is_and_names_the_work(
    stated: str, pair: tuple[str, str] | None
) -> None:
    assert _dublin_core(f"<identifier>{stated}</identifier>").identifiers == ((pair,) if pair else ())


def test_an_isbn_names_a_whole_book_only() -> None:
    isbn = "<identifier>urn:isbn:9780306406157</identifier>"
    assert _dublin_core(f"<type>book</type>{isbn}").identifiers == (("isbn", "9780306406157"),)
    assert _dublin_core(f"<type>info:eu-repo/semantics/bookPart</type>{isbn}").identifiers == ()


@pytest.mark.parametrize(
    ("dates", "earliest"),
    [
        (["2024-03-01T10:00:00Z", "2023", "2023-11"], "2023-11"),
        (["2023-11-05", "2023"], "2023-11-05"),
        (["9999"], ""),
        (["N.D."], ""),
        (["[ca. 1952?]"], "1952"),
        (["1950-1952"], ""),
        (["info:eu-repo/date/embargoEnd/2020-01-01"], ""),
    ],
)
def test_the_earliest_date_is_kept_as_partial_as_it_is(dates: list[str], earliest: str) -> None:
    assert _dublin_core("".join(f"<date>{date}</date>" for date in dates)).version.date == earliest


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (["text", "info:eu-repo/semantics/doctoralThesis"], "thesis"),
        (["info:eu-repo/semantics/conferencePaper"], "conference"),
        (["http://purl.org/coar/resource_type/c_ddb1"], "dataset"),
        (["Journal articles"], "journal"),
        (["Software"], "other"),
        ([], "other"),
    ],
)
def test_the_kind_follows_from_the_types_vocabulary(kinds: list[str], kind: str) -> None:
    assert _dublin_core("".join(f"<type>{stated}</type>" for stated in kinds)).version.kind == kind


def test_an_orcid_is_found_in_attributes_and_behind_names() -> None:
    payload = (
        '<dc xmlns="http://purl.org/dc/elements/1.1/"><title>T</title>'
        '<creator id="https://orcid.org/0000-0002-1825-0097">Borel, Émile</creator>'
        "<creator>Hopper, Grace; https://orcid.org/0000-0002-1694-233X</creator>"
        "<creator>Lovelace, Ada [0000-0001-5109-3700]; Babbage, C.</creator></dc>"
    )
    assert OaiSource.parse(RawRecord("", payload.encode())).authors == (
        ParsedAuthor("Borel, Émile", identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Hopper, Grace", identifiers={"orcid": "0000-0002-1694-233X"}),
        ParsedAuthor("Lovelace, Ada", identifiers={"orcid": "0000-0001-5109-3700"}),
        ParsedAuthor("Babbage, C."),
    )


def test_hostile_markup_stays_text_and_leads_nowhere() -> None:
    (raw,) = OaiSource().read(PAYLOADS / "hostile.xml")
    record = normalise(OaiSource.parse(raw))
    assert record.title.startswith("<script>")
    assert "\u202e" not in record.title
    assert (record.site_url, record.pdf_url) == ("", "")


# Files


def test_several_pages_in_one_file_are_read_as_one_list() -> None:
    assert [record.key[-1] for record in OaiSource().read(PAYLOADS / "two_pages.xml")] == ["1", "2"]
    assert [record.key[-1] for record in OaiSource().read(PAYLOADS / "single.xml")] == ["2"]


@pytest.mark.parametrize("name", ["cut.xml", "broken.xml"])
def test_damage_comes_after_the_whole_records(name: str) -> None:
    whole, rest = OaiSource().read(PAYLOADS / name)
    assert whole.key == "oai:repository.example:1"
    assert "after record 1 the XML is damaged or cut short" in rest.problem
    assert rest.payload.lstrip().startswith(b"<record><header><identifier>oai:repository.example:2")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("error.xml", "error of the repository: badArgument: The value of from is no date"),
        ("nothing.xml", "noRecordsMatch"),
        ("identifiers.xml", "a list of identifiers, not of records"),
        ("identify.xml", "description of itself"),
        ("sets.xml", "a list of sets"),
        ("page.html", "is an HTML page"),
        ("empty.xml", "is empty"),
        ("doctype.xml", "declares a document type"),
    ],
)
def test_what_holds_no_records_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        OaiSource().read(PAYLOADS / name)


def test_the_payload_does_not_depend_on_the_page_around_it(tmp_path: Path) -> None:
    page = (PAYLOADS / "records.xml").read_text(encoding="utf-8")
    later = page.replace("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z").replace(">more<", ">other<")
    assert later != page
    assert [record.payload for record in _records(later, tmp_path)] == [
        record.payload for record in OaiSource().read(PAYLOADS / "records.xml")
    ]


@pytest.mark.usefixtures("empty_library")
def test_an_import_twice_changes_nothing_the_second_time() -> None:
    assert importworks(PAYLOADS / "two_pages.xml", source="oai").status == 0
    before = stored()
    assert len(before["works"]) == 2
    again = importworks(PAYLOADS / "two_pages.xml", source="oai")
    assert again.status == 0
    assert "unchanged 2" in again.out
    assert stored() == before


@pytest.mark.usefixtures("empty_library")
def test_a_record_the_repository_withdraws_is_marked_and_its_work_kept(tmp_path: Path) -> None:
    importworks(PAYLOADS / "two_pages.xml", source="oai")
    gone = '<header status="deleted"><identifier>oai:repository.example:1</identifier><datestamp>2025-01-01</datestamp></header>'
    path = tmp_path / "later.xml"
    path.write_text(f"<OAI-PMH><ListRecords><record>{gone}</record></ListRecords></OAI-PMH>", encoding="utf-8")
    assert "updated 1" in importworks(path, source="oai").out
    assert [r.key for r in SourceRecord.objects.exclude(withdrawn_at=None)] == ["oai:repository.example:1"]
    assert Work.objects.count() == 2


def test_no_creator_doi_or_date_of_the_samples_is_lost() -> None:
    """Counted in the bytes of each payload, independent of the parser."""
    works = 0
    for folder in ("oai_other", "oai_protocol"):
        for path in sorted((SAMPLES / folder).iterdir()):
            try:
                records = list(OaiSource().read(path))
            except SourceUnavailable:
                continue
            for raw in records:
                record = parsed("oai", raw)
                if raw.problem or raw.deleted or isinstance(record, RecordRejected):
                    continue
                works += 1
                text = raw.payload.decode()
                assert len(record.authors) == len(re.findall(r"<dc:creator\b[^>]*>[^<]*\w[^<]*</", text)), raw.key
                for stated in re.findall(r"<dc:identifier\b[^>]*>([^<]*)</", text):
                    doi = re.search(r"10\.\d{4,9}/\S+", stated)
                    if doi and canonical("doi", doi[0]):
                        assert ("doi", canonical("doi", doi[0])) in record.identifiers
                    arxiv = re.search(r"arxiv\.org/abs/(\S+)", stated)
                    assert arxiv is None or ("arxiv", arxiv[1]) in record.identifiers
                years = [int(year) for year in re.findall(r"<dc:date\b[^>]*>(\d{4})", text) if int(year) < 2100]
                assert record.version.year == min(years, default=None)
    assert works >= 160


# The live service, on loopback


def _page(keys: range, token: str = "", *, verb: str = "ListRecords") -> bytes:
    records = "".join(
        f"<record><header><identifier>oai:x:{key}</identifier><datestamp>2024-01-{key // 10 + 1:02}</datestamp></header>"
        f"<metadata><dc><title>T {key}</title><creator>Hopper, Grace</creator></dc></metadata></record>"
        for key in keys
    )
    more = f"<resumptionToken>{token}</resumptionToken>"
    return f"<OAI-PMH><{verb}>{records}{more}</{verb}></OAI-PMH>".encode()


def _error(code: str, message: str = "") -> bytes:
    return f'<OAI-PMH><error code="{code}">{message}</error></OAI-PMH>'.encode()


def _identify(granularity: str = "YYYY-MM-DD") -> bytes:
    return f"<OAI-PMH><Identify><granularity>{granularity}</granularity></Identify></OAI-PMH>".encode()


def _numbers(records: list[RawRecord]) -> list[int]:
    return [int(record.key.rpartition(":")[2]) for record in records]


def test_a_harvest_follows_the_tokens_to_the_end() -> None:
    def script(asked: Parameters) -> Answer:
        if asked["verb"] == "Identify":
            return 200, _identify()
        token = asked.get("resumptionToken", "")
        return 200, {"": _page(range(10), "a b"), "a b": _page(range(10, 20), "c"), "c": _page(range(20, 25))}[token]

    with serving(script) as upstream:
        query = f"{upstream.url} set=physics from=2024-01-01T00:00:00Z until=2024-02-01"
        assert _numbers(list(OaiSource(interval=0).fetch(query, upstream.client()))) == list(range(25))
    assert upstream.asked[1:] == [
        {
            "verb": "ListRecords",
            "metadataPrefix": "oai_dc",
            "from": "2024-01-01",
            "until": "2024-02-01",
            "set": "physics",
        },
        {"verb": "ListRecords", "resumptionToken": "a b"},
        {"verb": "ListRecords", "resumptionToken": "c"},
    ]


def test_an_expired_token_starts_the_window_again_where_it_stood() -> None:
    pages = iter([_page(range(15), "old"), _error("badResumptionToken"), _page(range(10, 30))])

    def script(asked: Parameters) -> Answer:
        return (200, _identify()) if asked["verb"] == "Identify" else (200, next(pages))

    with serving(script) as upstream:
        query = f"{upstream.url} from=2024-01-01"
        assert _numbers(list(OaiSource(interval=0).fetch(query, upstream.client()))) == list(range(30))
    assert [asked.get("from") for asked in upstream.asked[1:]] == ["2024-01-01", None, "2024-01-02"]


def test_a_list_out_of_order_is_started_again_from_its_beginning() -> None:
    pages = iter([_page(range(20, 0, -1), "old"), _error("badResumptionToken"), _page(range(20, -1, -1))])

    def script(asked: Parameters) -> Answer:
        return (200, _identify()) if asked["verb"] == "Identify" else (200, next(pages))

    with serving(script) as upstream:
        records = list(OaiSource(interval=0).fetch(f"{upstream.url} from=2023-01-01", upstream.client()))
    assert set(_numbers(records)) == set(range(21))
    assert upstream.asked[-1]["from"] == "2023-01-01"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([_page(range(5), "same"), _page(range(5), "same")], "the same resumption token"),
        ([_page(range(5), "x"), _error("badResumptionToken")] * 9, "forgets its own resumption tokens"),
        ([_error("badArgument", "No such set.")], "badArgument: No such set"),
        ([b"<!DOCTYPE html><html>Down</html>"], "HTML page"),
        ([b""], "is empty"),
        ([_page(range(5))[:300]], "damaged or cut short"),
    ],
)
def test_a_repository_that_refuses_or_goes_round_in_circles_is_unavailable(answers: list[bytes], reason: str) -> None:
    pages = iter(answers)

    def script(asked: Parameters) -> Answer:
        return (200, _identify()) if asked["verb"] == "Identify" else (200, next(pages))

    with serving(script) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(OaiSource(interval=0).fetch(upstream.url, upstream.client()))


def test_no_records_in_the_window_is_an_empty_harvest_even_with_an_error_status() -> None:
    def script(asked: Parameters) -> Answer:
        return (200, _identify()) if asked["verb"] == "Identify" else (422, _error("noRecordsMatch"))

    with serving(script) as upstream:
        assert list(OaiSource(interval=0).fetch(upstream.url, upstream.client())) == []


def test_a_broken_page_is_reported_and_the_harvest_goes_on_behind_it() -> None:
    broken = _page(range(5), "next").replace(b"T 3", b"T & 3")
    pages = iter([broken, _page(range(5, 8))])

    def script(asked: Parameters) -> Answer:
        return (200, _identify()) if asked["verb"] == "Identify" else (200, next(pages))

    with serving(script) as upstream:
        records = list(OaiSource(interval=0).fetch(upstream.url, upstream.client()))
    assert _numbers([record for record in records if not record.problem]) == [0, 1, 2, 5, 6, 7]
    assert "damaged" in records[3].problem
    assert b"T & 3" in records[3].payload


def test_a_busy_repository_is_given_the_time_it_asks_for() -> None:
    answers: Iterator[Answer] = iter([(503, b"", {"Retry-After": "7"}), (200, _identify()), (200, _page(range(2)))])
    with serving(lambda _: next(answers)) as upstream:
        assert _numbers(list(OaiSource(interval=0).fetch(upstream.url, upstream.client()))) == [0, 1]
    assert upstream.pauses == [7.0]


def test_seconds_are_asked_for_only_where_repository_and_query_have_them() -> None:
    def script(asked: Parameters) -> Answer:
        return 200, _identify("YYYY-MM-DDThh:mm:ssZ") if asked["verb"] == "Identify" else _page(range(1))

    with serving(script) as upstream:
        for window in ("from=2024-01-01T01:02:03Z", "from=2024-01-01T01:02:03Z until=2024-01-02"):
            list(OaiSource(interval=0).fetch(f"{upstream.url} {window}", upstream.client()))
    assert [asked.get("from") for asked in upstream.asked if asked["verb"] == "ListRecords"] == [
        "2024-01-01T01:02:03Z",
        "2024-01-01",
    ]


def test_single_records_are_asked_for_by_identifier() -> None:
    with serving(lambda _: (200, _page(range(3, 4), verb="GetRecord"))) as upstream:
        assert _numbers(list(OaiSource(interval=0).fetch(f"{upstream.url} identifier=oai:x:3", upstream.client()))) == [
            3
        ]
    assert upstream.asked == [{"verb": "GetRecord", "identifier": "oai:x:3", "metadataPrefix": "oai_dc"}]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "begins with the address"),
        ("set=physics", "begins with the address"),
        ("ftp://repository.example/oai", "begins with the address"),
        ("file:///etc/passwd", "begins with the address"),
        ("https://repository.example/oai colour=red", "'colour=red' is not understood"),
        ("https://repository.example/oai from=yesterday", "'yesterday' is no date"),
    ],
)
def test_a_query_that_names_no_window_of_a_repository_asks_nobody(query: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(OaiSource().fetch(query, Http(user_agent="tests (mailto:tests@example.org)")))


def test_requests_are_spaced() -> None:
    assert INTERVAL >= 1
