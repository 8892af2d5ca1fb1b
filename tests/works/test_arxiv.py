"""arXiv's Atom interface: entries, error answers, hostile XML, and paging against a scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib.http import Http
from tests.upstream import client, serving
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, RawRecord
from works.sources.arxiv import INTERVAL, ArxivSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "arxiv"
FEED = (PAYLOADS / "feed.xml").read_bytes()

Parameters = dict[str, str]
Script = Callable[[Parameters], tuple[int, bytes]]


def _records(data: bytes, folder: Path) -> list[RawRecord]:
    path = folder / "feed.xml"
    path.write_bytes(data)
    return list(ArxivSource().read(path))


# Files


def test_an_entry_is_translated_field_by_field() -> None:
    first = next(ArxivSource().read(PAYLOADS / "feed.xml"))
    assert (first.key, first.origin) == ("2401.00001", "feed.xml:1")
    record = normalise(ArxivSource.parse(first))
    assert record.title == r"Stirring soups: an $\ell_1$ recipe for Schrödinger's kitchen & garden"
    assert record.abstract == "We stir. Then $x < y$ follows."
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", ("University of X", "Institute Y")),
        ParsedAuthor("Émile Borel"),
    )
    version = record.version
    assert (version.kind, version.venue, version.year, version.date, version.revision) == (
        "preprint",
        "arXiv",
        2024,
        "2024-01-01",
        "v3",
    )
    assert version.track == "Journal of Examples 7 (2024) 1-12"
    assert record.identifiers == (("arxiv", "2401.00001"), ("doi", "10.1000/example.7"))
    assert [(topic.code, topic.label) for topic in record.topics] == [
        ("cs.LG", "Machine Learning"),
        ("stat.ML", "Machine Learning"),
    ]
    assert record.code_url == "https://github.com/example-kitchen/soups"
    assert (record.site_url, record.pdf_url) == (
        "https://arxiv.org/abs/2401.00001",
        "https://arxiv.org/pdf/2401.00001",
    )


def test_collaborations_colons_and_et_al_are_understood() -> None:
    second = list(ArxivSource().read(PAYLOADS / "feed.xml"))[1]
    record = ArxivSource.parse(second)
    assert second.key == "hep-ex/0309136"
    assert [author.name for author in record.authors] == ["The EXAMPLE Collaboration", "Grace Hopper"]
    assert record.authors_truncated


def test_entries_without_authors_or_id_are_rejected_with_the_field() -> None:
    _, _, nameless, foreign = ArxivSource().read(PAYLOADS / "feed.xml")
    with pytest.raises(RecordRejected) as rejected:
        ArxivSource.parse(nameless)
    assert (rejected.value.code, rejected.value.field) == ("authors-missing", "author")
    with pytest.raises(RecordRejected) as rejected:
        ArxivSource.parse(foreign)
    assert (rejected.value.code, rejected.value.field) == ("arxiv-id-invalid", "id")


def test_the_payload_does_not_depend_on_the_answer_around_it(tmp_path: Path) -> None:
    other = FEED.replace(b"2026-01-02T03:04:05Z", b"2027-01-02T03:04:05Z").replace(
        b"<feed ", b'<feed xmlns:unused="urn:x" '
    )
    assert other != FEED
    assert [r.payload for r in _records(other, tmp_path)] == [
        r.payload for r in ArxivSource().read(PAYLOADS / "feed.xml")
    ]


def test_an_error_answer_is_a_record_with_the_reason() -> None:
    (record,) = ArxivSource().read(PAYLOADS / "error.xml")
    assert record.problem == "arXiv reports an error: incorrect id format for example"


def test_a_cut_feed_yields_the_whole_entries_and_keeps_the_rest(tmp_path: Path) -> None:
    cut = FEED[: FEED.index(b"<title>Observation") + 10]
    whole, rest = _records(cut, tmp_path)
    assert whole.key == "2401.00001"
    assert "damaged or cut short" in rest.problem
    assert b"hep-ex/0309136v1" in rest.payload


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"   \n", "is empty"),
        (b"<!DOCTYPE html><html></html>", "is an HTML page"),
        (b"<html></html>", "is an HTML page"),
        (b'{"a": 1}', "is no XML"),
        (b"<rss/>", "with the root 'rss'"),
        ((PAYLOADS / "doctype.xml").read_bytes(), "document type"),
    ],
)
def test_what_is_no_feed_is_refused_with_the_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        _records(data, tmp_path)


def test_an_entry_that_is_closed_late_takes_none_of_those_inside_along(tmp_path: Path) -> None:
    late = FEED.replace(b"</entry>", b"", 1).replace(b"</feed>", b"</entry></feed>")
    whole, read = _records(FEED, tmp_path), _records(late, tmp_path)
    assert not any(record.problem for record in read)
    assert [(record.key, record.payload) for record in read[:-1]] == [
        (record.key, record.payload) for record in whole[1:]
    ]
    assert read[-1].key == whole[0].key


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_never_expanded(tmp_path: Path, encoding: str) -> None:
    levels = "".join(f'<!ENTITY a{level} "' + f"&a{level - 1};" * 10 + '">' for level in range(1, 10))
    laughs = f'<!DOCTYPE feed [<!ENTITY a0 "ha">{levels}]>'
    text = f'<?xml version="1.0" encoding="{encoding}"?>{laughs}<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>&a9;</id></entry></feed>'
    with pytest.raises(SourceUnavailable, match="document type"):
        _records(text.encode(encoding), tmp_path)


def test_a_stored_entry_with_a_document_type_is_rejected() -> None:
    payload = b'<!DOCTYPE entry [<!ENTITY x SYSTEM "file:///etc/passwd">]><entry xmlns="http://www.w3.org/2005/Atom"><title>&x;</title></entry>'
    with pytest.raises(RecordRejected) as rejected:
        ArxivSource.parse(RawRecord("", payload))
    assert rejected.value.code == "xml-doctype"


def test_all_recorded_answers_parse_or_give_a_reason(shared_data: Path) -> None:
    outcomes = {"parsed": 0, "problem": 0}
    paths = sorted((shared_data / "formats" / "arxiv_atom").glob("*.xml"))
    for path in paths:
        for raw in ArxivSource().read(path):
            if raw.problem:
                outcomes["problem"] += 1
                continue
            record = normalise(ArxivSource.parse(raw))
            assert record.identifiers[0] == ("arxiv", raw.key)
            assert record.version.date
            assert record.topics
            outcomes["parsed"] += 1
    assert len(paths) >= 16
    assert outcomes == {"parsed": 185, "problem": 1}


# The live service, on loopback


@pytest.fixture
def serve() -> Iterator[Callable[[Script], tuple[ArxivSource, list[Parameters]]]]:
    with ExitStack() as servers:

        def start(script: Script) -> tuple[ArxivSource, list[Parameters]]:
            upstream = servers.enter_context(serving(script))
            return ArxivSource(endpoint=f"{upstream.address}/api/query", interval=0), upstream.asked

        yield start


def _feed(ids: list[str], total: int) -> bytes:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{i}v1</id><title>T {i}</title><author><name>Ada</name></author></entry>"
        for i in ids
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/">'
        f"<o:totalResults>{total}</o:totalResults>{entries}</feed>"
    ).encode()


def _ids(first: int, count: int) -> list[str]:
    return [f"2401.{number:05}" for number in range(first, first + count)]


def test_a_search_is_paged_until_all_answers_are_there(
    serve: Callable[[Script], tuple[ArxivSource, list[Parameters]]],
) -> None:
    def script(asked: Parameters) -> tuple[int, bytes]:
        start = int(asked["start"])
        return 200, _feed(_ids(start, min(100, 230 - start)), 230)

    source, asked = serve(script)
    records = list(source.fetch('au:"Ada Lovelace"', client()))
    assert [record.key for record in records] == _ids(0, 230)
    assert [(a["search_query"], a["start"], a["max_results"]) for a in asked] == [
        ('au:"Ada Lovelace"', str(s), "100") for s in (0, 100, 200)
    ]


def test_identifiers_are_asked_for_by_list(
    serve: Callable[[Script], tuple[ArxivSource, list[Parameters]]],
) -> None:
    source, asked = serve(lambda asked: (200, _feed(asked["id_list"].split(","), 1)))
    query = ", ".join(["arXiv:2401.00000v2", "https://arxiv.org/abs/2401.00001", *_ids(2, 120), "2401.00005"])
    records = list(source.fetch(query, client()))
    assert [record.key for record in records] == _ids(0, 122)
    assert [len(a["id_list"].split(",")) for a in asked] == [100, 22]


def test_an_empty_page_in_the_middle_is_asked_again(
    serve: Callable[[Script], tuple[ArxivSource, list[Parameters]]],
) -> None:
    answers = iter([_feed(_ids(0, 100), 150), _feed([], 150), _feed(_ids(100, 50), 150)])
    source, _ = serve(lambda _: (200, next(answers)))
    assert len(list(source.fetch("all:soup", client()))) == 150


def test_answers_that_stay_away_are_an_error_after_what_came(
    serve: Callable[[Script], tuple[ArxivSource, list[Parameters]]],
) -> None:
    source, _ = serve(lambda asked: (200, _feed(_ids(0, 100) if asked["start"] == "0" else [], 150)))
    records = source.fetch("all:soup", client())
    assert len([next(records) for _ in range(100)]) == 100
    with pytest.raises(SourceUnavailable, match="stopped at 100 of 150"):
        next(records)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, (PAYLOADS / "error.xml").read_bytes(), "incorrect id format for example"),
        (200, b"<!DOCTYPE html><html>Rate exceeded.</html>", "HTML page"),
        (200, b"", "is empty"),
        (403, b"no", "HTTP 403"),
        (503, b"busy", "HTTP 503"),
        (200, FEED[:2_000], "damaged or cut short"),
        (200, (PAYLOADS / "doctype.xml").read_bytes(), "document type"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(
    serve: Callable[[Script], tuple[ArxivSource, list[Parameters]]],
    status: int,
    body: bytes,
    reason: str,
) -> None:
    source, _ = serve(lambda _: (status, body))
    with pytest.raises(SourceUnavailable, match=reason):
        list(source.fetch("all:soup", client()))


def test_an_empty_query_asks_nobody(serve: Callable[[Script], tuple[ArxivSource, list[Parameters]]]) -> None:
    source, asked = serve(lambda _: (200, b""))
    with pytest.raises(SourceUnavailable, match="search expression"):
        list(source.fetch(" , ", client()))
    assert asked == []


def test_requests_are_three_seconds_apart_unless_a_test_says_otherwise() -> None:
    waits: list[tuple[str, float]] = []

    def wait(host: str, interval: float) -> None:
        waits.append((host, interval))
        message = "asked to wait, which is all this test wants to know"
        raise SourceUnavailable(message)

    with pytest.raises(SourceUnavailable, match="asked to wait"):
        list(ArxivSource().fetch("2401.00001", Http(user_agent="tests (mailto:tests@example.org)", wait=wait)))
    assert waits == [("arxiv.org", INTERVAL)]
    assert INTERVAL >= 3
