"""ORCID: groups of works in JSON and XML, the owner among contributors, privacy, archives and the live service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.upstream import client, serving
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources.orcid import INTERVAL, OrcidSource

from .test_corpus import SAMPLES, parsed, read

PAYLOADS = Path(__file__).parents[1] / "payloads" / "orcid"
OWNER = "0000-0002-1825-0097"
RECORD = (PAYLOADS / "record.json").read_bytes()

Script = Callable[[str], tuple[int, bytes]]


def _raw(name: str) -> list[RawRecord]:
    return list(OrcidSource().read(PAYLOADS / name))


def _works(name: str) -> dict[str, ParsedRecord]:
    found = {}
    for raw in _raw(name):
        if not raw.problem:
            try:
                found[raw.key.rpartition("/")[2]] = normalise(OrcidSource.parse(raw))
            except RecordRejected:
                continue
    return found


# Files


def test_a_group_is_one_work_with_the_identifiers_of_all_its_assertions() -> None:
    record = _works("record.json")["11"]
    assert record.title == "On the boiling of soups"
    assert record.authors == (ParsedAuthor("Ada Lovelace", identifiers={"orcid": OWNER}),)
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.date) == ("journal", "Journal of Kitchens", "1999-04-07")
    assert set(record.identifiers) == {("doi", "10.1000/example.7"), ("pmid", "12345678"), ("pmcid", "PMC1234567")}


def test_old_spellings_of_types_and_relations_are_the_same() -> None:
    record = _works("record.json")["21"]
    assert (record.version.kind, record.version.date, record.version.revision) == ("conference", "2022-03", "")
    # The ISBN of a paper is that of its proceedings.
    assert record.identifiers == (("arxiv", "2203.05482"),)
    assert _works("record.json")["31"].identifiers == (("isbn", "9783161484100"),)


def test_json_and_xml_of_a_record_give_the_same_payload() -> None:
    (from_xml,) = _raw("record.xml")
    assert (from_xml.key, from_xml.payload) == (f"{OWNER}/11", _raw("record.json")[0].payload)


def test_a_list_of_works_alone_knows_its_owner_by_what_the_owner_asserted() -> None:
    assert [work.authors[0] for work in _works("works.json").values()] == [
        ParsedAuthor("Ada Lovelace", identifiers={"orcid": OWNER})
    ] * 2


def test_the_owner_is_found_among_the_contributors_only_if_that_is_clear() -> None:
    works = _works("bulk.json")
    hopper = {"orcid": "0000-0002-1694-233X"}
    assert works["71"].authors == (
        ParsedAuthor("Grace Hopper", identifiers=hopper),
        ParsedAuthor("Lovelace, A.", identifiers={"orcid": OWNER}),
    )
    assert not works["71"].authors_truncated
    assert works["72"].authors[1] == ParsedAuthor("Lovelace A", identifiers={"orcid": OWNER})
    # Two could be the owner, so neither is said to be.
    assert [author.identifiers for author in works["73"].authors] == [{}, {}, {}]
    # Whoever claims the work is one of its authors, and the list is not the whole one.
    assert works["74"].authors == (
        ParsedAuthor("Grace Hopper"),
        ParsedAuthor("Ada Lovelace", identifiers={"orcid": OWNER}),
    )
    assert works["74"].authors_truncated
    assert (works["71"].abstract, works["71"].language) == ("We stir.", "en")


def test_nothing_about_the_person_but_name_and_id_is_stored_and_nothing_that_is_not_public() -> None:
    for name in ("record.json", "record.xml"):
        stored = b"".join(raw.payload for raw in _raw(name)).lower()
        assert b"canary" not in stored
        assert b"a. a. l." not in stored
        assert b"not for everybody" not in stored


def test_a_group_of_another_shape_or_without_a_title_does_not_stop_the_others() -> None:
    raws = _raw("record.json")
    assert [raw.key.rpartition("/")[2] for raw in raws if not raw.problem] == ["11", "21", "31", "41", "61"]
    assert [raw.origin for raw in raws if raw.problem] == ["record.json:5"]
    with pytest.raises(RecordRejected) as rejected:
        OrcidSource.parse(raws[3])
    assert (rejected.value.code, rejected.value.field) == ("title-missing", "works[0].title")


def test_an_archive_of_records_is_read_member_by_member() -> None:
    first, second = _raw("summaries.tar.gz")
    assert first.payload == _raw("record.xml")[0].payload
    assert "which no record of ORCID does" in second.problem
    assert "cut short" in _raw("cut.tar.gz")[-1].problem


def test_a_compressed_record_is_the_same() -> None:
    assert [raw.payload for raw in _raw("record.json.gz")] == [raw.payload for raw in _raw("record.json")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.json", "is empty"),
        ("page.html", "HTML|html|document type|damaged"),
        ("other.yaml", "neither JSON nor XML"),
        ("error.json", "record is locked"),
        ("search.json", "answer to a search"),
        ("person.json", "a person, not the works"),
        ("bad_check_digit.json", "no valid ORCID iD"),
        ("cut.json", "damaged or cut short"),
        ("cut.xml", "damaged or cut short"),
        ("doctype.xml", "document type"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        _raw(name)


def test_a_record_without_works_has_no_records() -> None:
    assert _raw("no_works.json") == []


def test_works_of_an_owner_without_a_name_are_rejected() -> None:
    payload = {"orcid": OWNER, "names": [], "works": [{"put_code": 1, "title": "T"}]}
    with pytest.raises(RecordRejected) as rejected:
        OrcidSource.parse(RawRecord("", json.dumps(payload).encode()))
    assert (rejected.value.code, rejected.value.field) == ("authors-missing", "names")


# The live service, on loopback


@pytest.fixture
def serve() -> Iterator[Callable[[Script], tuple[OrcidSource, list[str]]]]:
    with ExitStack() as servers:

        def start(script: Script) -> tuple[OrcidSource, list[str]]:
            upstream = servers.enter_context(serving(lambda asked: (*script(asked["path"]), {"Retry-After": "3"})))
            return OrcidSource(endpoint=f"{upstream.address}/v3.0", interval=0), upstream.paths

        yield start


def test_each_id_is_asked_for_once_and_a_locked_record_does_not_stop_the_others(
    serve: Callable[[Script], tuple[OrcidSource, list[str]]],
) -> None:
    source, asked = serve(lambda path: (200, RECORD) if OWNER in path else (409, b"{}"))
    records = list(source.fetch(f"0000-0002-1694-233X https://orcid.org/{OWNER}, {OWNER}", client()))
    assert asked == ["/v3.0/0000-0002-1694-233X/record", f"/v3.0/{OWNER}/record"]
    assert (records[0].key, "HTTP 409" in records[0].problem) == ("0000-0002-1694-233X", True)
    assert records[1].key == f"{OWNER}/11"


def test_an_upstream_that_asks_for_patience_gets_it(serve: Callable[[Script], tuple[OrcidSource, list[str]]]) -> None:
    answers = iter([(503, b""), (200, (PAYLOADS / "record.xml").read_bytes())])
    source, _ = serve(lambda _: next(answers))
    slept: list[float] = []
    assert len(list(source.fetch(OWNER, client(slept)))) == 1
    assert slept == [3.0]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, b"{}", "HTTP 403"),
        (503, b"busy", "HTTP 503"),
        (200, b"<!DOCTYPE html><html></html>", "document type|HTML|html"),
        (200, b"", "is empty"),
        (200, RECORD[:2_000], "damaged or cut short"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(
    serve: Callable[[Script], tuple[OrcidSource, list[str]]], status: int, body: bytes, reason: str
) -> None:
    source, _ = serve(lambda _: (status, body))
    with pytest.raises(SourceUnavailable, match=reason):
        list(source.fetch(OWNER, client()))


@pytest.mark.parametrize("query", ["", "Ada Lovelace", "0000-0002-1825-0098"])
def test_what_is_no_id_is_asked_of_nobody(serve: Callable[[Script], tuple[OrcidSource, list[str]]], query: str) -> None:
    source, asked = serve(lambda _: (200, RECORD))
    with pytest.raises(SourceUnavailable, match="ORCID iD"):
        list(source.fetch(query, client()))
    assert asked == []


def test_requests_stay_under_twelve_a_second() -> None:
    assert INTERVAL >= 1 / 12


# Real samples, counted another way


def test_no_work_doi_or_year_of_the_samples_is_lost() -> None:
    counted = 0
    for path in sorted((SAMPLES / "orcid").iterdir()):
        records = read("orcid", path)
        if isinstance(records, str):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".xml":
            works = text[text.find("<activities:works") :]
            codes = re.findall(r'<work:work-summary put-code="(\d+)"[^>]*visibility="public"', works)
            stated = re.findall(
                r"type>doi</[^<]*<[^>]*>([^<]*)<(?:(?!external-id>).)*relationship>self<", works, re.DOTALL
            )
        else:
            works = text[max(0, text.find('"works"')) :]
            codes = re.findall(r'"path" ?: ?"/[\dX-]+/[a-z]+/(\d+)"', works)
            stated = re.findall(
                r'"external-id-type" ?: ?"doi",\s*"external-id-value" ?: ?"([^"]*)"(?:(?!external-id-type).)*relationship" ?: ?"self"',
                works, re.DOTALL | re.IGNORECASE,
            )  # fmt: skip
        payloads = [json.loads(raw.payload) for raw in records]
        assert sorted(work["put_code"] for group in payloads for work in group["works"]) == sorted(map(int, codes))
        found = set()
        for raw, group in zip(records, payloads, strict=True):
            outcome = parsed("orcid", raw)
            if isinstance(outcome, ParsedRecord):
                assert outcome.authors[0].identifiers == {"orcid": raw.key.partition("/")[0]}
                years = {int(work["year"]) for work in group["works"] if work.get("year")}
                assert (outcome.version.year in years) if years else outcome.version.year is None
                found |= {value for scheme, value in outcome.identifiers if scheme in {"doi", "arxiv"}}
                counted += 1
        bare = {re.sub(r"^(?:https?://)?(?:dx\.)?(?:doi\.org/)?(?:doi: ?)?", "", doi.strip().lower()) for doi in stated}
        for doi in bare:
            if re.fullmatch(r"10\.\d{4,9}/[^\s%<>]+[^.,;)\s]", doi):
                assert doi in found or doi.startswith("10.48550/arxiv."), (path.name, doi)
    assert counted >= 640
