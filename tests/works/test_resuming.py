"""A harvest that was interrupted goes on behind a cursor: nothing is asked for twice, nothing lost, nothing double."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import pytest

from researchgraph.errors import SourceUnavailable
from tests.upstream import Answer, Parameters, Script, body, client, serving
from works.sources import crossref, openalex, openreview, queries, registry, ror
from works.sources.arxiv import ArxivSource
from works.sources.arxiv_oai import ArxivOaiSource
from works.sources.base import Source
from works.sources.crossref import CrossrefSource
from works.sources.datacite import DataciteSource
from works.sources.dblp import DblpSource
from works.sources.oai import OaiSource
from works.sources.openalex import OpenAlexSource
from works.sources.openreview import OpenReviewSource
from works.sources.orcid import OrcidSource
from works.sources.podcast import PodcastSource
from works.sources.pubmed import PubmedSource
from works.sources.ror import RorSource
from works.sources.semantic_scholar import SemanticScholarSource

MOMENT: Final = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
ARXIV_WINDOW: Final = "[202603040000 TO 209912312359]"
ORCIDS: Final = ("0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X")


# What the services answer. Each has three pages.


def _arxiv(asked: Parameters) -> Answer:
    ids = asked["id_list"].split(",") if "id_list" in asked else [f"2401.{n:05}" for n in _third(asked["start"], 100)]
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{i}v1</id><title>T</title><author><name>Ada</name></author></entry>"
        for i in ids
    )
    total = "<o:totalResults>300</o:totalResults>"
    names = 'xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/"'
    return 200, f"<feed {names}>{total}{entries}</feed>".encode()


def _third(start: str, size: int) -> range:
    return range(int(start), int(start) + size)


def _by_cursor(cursor: str, first: str) -> tuple[int, str]:
    """Which page a cursor stands for, and the cursor of the next one."""
    return {first: (0, "b+/="), "b+/=": (1, "c"), "c": (2, "")}[cursor]


def _openalex(asked: Parameters) -> Answer:
    page, following = _by_cursor(asked["cursor"], "*")
    results = [{"id": f"https://openalex.org/W{n + 1}"} for n in range(2 * page, 2 * page + 2)]
    return 200, body({"meta": {"count": 6, "next_cursor": following or None}, "results": results})


def _crossref(asked: Parameters) -> Answer:
    page, following = _by_cursor(asked["cursor"], "*")
    items = [{"DOI": f"10.1000/{n}"} for n in range(page * crossref.PAGE, (page + 1) * crossref.PAGE)]
    return 200, body({"message": {"items": items, "next-cursor": following, "total-results": 3 * crossref.PAGE}})


def _datacite(asked: Parameters) -> Answer:
    page, following = _by_cursor(asked["page[cursor]"], "1")
    data = [{"id": f"10.5072/{n}", "type": "dois", "attributes": {}} for n in range(2 * page, 2 * page + 2)]
    address = "https://elsewhere.example/dois?page%5Bcursor%5D=" + following.replace("+", "%2B").replace("=", "%3D")
    return 200, body({"data": data, "meta": {"total": 6}, "links": {"next": address} if following else {}})


def _openreview(asked: Parameters) -> Answer:
    notes = [{"id": f"forum{n:05}", "content": {}} for n in _third(asked["offset"], openreview.PAGE)]
    return 200, body({"notes": notes, "count": 3 * openreview.PAGE})


def _papers(first: int) -> list[dict[str, str]]:
    return [{"paperId": f"{n:040x}", "title": "T"} for n in range(first, first + 2)]


def _semantic_scholar(asked: Parameters) -> Answer:
    page, following = _by_cursor(asked.get("token", ""), "")
    return 200, body({"total": 6, "token": following or None, "data": _papers(2 * page)})


def _of_author(asked: Parameters) -> Answer:
    offset = int(asked["offset"])
    return 200, body({"offset": offset, "data": _papers(offset), **({"next": offset + 2} if offset < 4 else {})})


def _europe_pmc(asked: Parameters) -> Answer:
    single = asked["query"].startswith("(EXT_ID")
    page, following = (0, "") if single else _by_cursor(asked["cursorMark"], "*")
    first = int(asked["query"][8:].split(" ")[0]) if single else 2 * page
    results = [{"id": str(n), "source": "MED", "pmid": str(n), "title": "T"} for n in range(first + 1, first + 3)]
    return 200, body({"hitCount": 2 if single else 6, "nextCursorMark": following, "resultList": {"result": results}})


def _orcid(asked: Parameters) -> Answer:
    number = ORCIDS.index(asked["path"].split("/")[1])
    summary = {"put-code": number + 1, "title": {"title": {"value": "T"}}, "type": "book", "visibility": "public"}
    group = {"external-ids": {"external-id": []}, "work-summary": [summary]}
    return 200, body(
        {"orcid-identifier": {"path": ORCIDS[number]}, "activities-summary": {"works": {"group": [group]}}}
    )


def _dblp(asked: Parameters) -> Answer:
    key = asked["path"].removeprefix("/rec/").removesuffix(".xml")
    return 200, f'<dblp><article key="{key}"><author>Ada</author><title>T.</title></article></dblp>'.encode()


def _oai(asked: Parameters) -> Answer:
    if asked["verb"] == "Identify":
        return 200, b"<OAI-PMH><Identify><granularity>YYYY-MM-DD</granularity></Identify></OAI-PMH>"
    if asked["verb"] == "GetRecord":
        return 200, _oai_page([int(asked["identifier"].rpartition(":")[2])], "", verb="GetRecord")
    page, following = _by_cursor(asked.get("resumptionToken", ""), "")
    return 200, _oai_page(range(3 * page, 3 * page + 3), following)


def _oai_page(numbers: range | list[int], token: str, *, verb: str = "ListRecords") -> bytes:
    records = "".join(
        f"<record><header><identifier>oai:x:{n}</identifier><datestamp>2024-01-{n // 2 + 1:02}</datestamp></header>"
        f"<metadata><dc><title>T {n}</title><creator>Hopper, Grace</creator></dc></metadata></record>"
        for n in numbers
    )
    more = f'<resumptionToken completeListSize="9">{token}</resumptionToken>'
    return f"<OAI-PMH><{verb}>{records}{more}</{verb}></OAI-PMH>".encode()


def _ror(asked: Parameters) -> Answer:
    page = int(asked["page"])
    items = [{"id": f"https://ror.org/{n:09}", "names": []} for n in range(page * ror.PAGE, (page + 1) * ror.PAGE)]
    return 200, body({"number_of_results": 3 * ror.PAGE, "items": items})


def _feed(asked: Parameters) -> Answer:
    page = int(asked["path"].strip("/"))
    following = f"<atom:link rel='next' href='http://{asked['host']}/{page + 1}'/>" if page < 3 else ""
    items = f"<item><title>Episode {page}</title><guid>urn:x:{page}</guid></item>"
    return 200, f"<rss><channel><title>S</title>{following}{items}</channel></rss>".encode()


Make = Callable[[str], Source]

SERVICES: Final[dict[str, tuple[Make, str, Script]]] = {
    "arxiv": (lambda url: ArxivSource(endpoint=url, interval=0), "all:soup", _arxiv),
    "arxiv-list": (
        lambda url: ArxivSource(endpoint=url, interval=0),
        " ".join(f"2401.{n:05}" for n in range(230)),
        _arxiv,
    ),
    "openalex": (lambda url: OpenAlexSource(endpoint=url, interval=0), "soup", _openalex),
    "crossref": (lambda url: CrossrefSource(endpoint=url, interval=0), "soup", _crossref),
    "datacite": (lambda url: DataciteSource(endpoint=url, interval=0), "soup", _datacite),
    "openreview": (lambda url: OpenReviewSource(endpoint=url, interval=0), "TMLR", _openreview),
    "semantic_scholar": (lambda url: SemanticScholarSource(endpoint=url, interval=0), "soup", _semantic_scholar),
    "semantic_scholar-author": (lambda url: SemanticScholarSource(endpoint=url, interval=0), "author:7", _of_author),
    "pubmed": (lambda url: PubmedSource(endpoint=url, interval=0), "soup", _europe_pmc),
    "pubmed-list": (
        lambda url: PubmedSource(endpoint=url, interval=0),
        " ".join(str(n) for n in range(10_001, 10_121)),
        _europe_pmc,
    ),
    "orcid": (lambda url: OrcidSource(endpoint=url, interval=0), " ".join(ORCIDS), _orcid),
    "dblp": (lambda url: DblpSource(endpoint=url, interval=0), "journals/x/A1 journals/x/B2 conf/y/C3", _dblp),
    "oai": (lambda _: OaiSource(interval=0), "{url} set=x", _oai),
    "oai-list": (lambda _: OaiSource(interval=0), "{url} identifier=oai:x:3 identifier=oai:x:1 identifier=oai:x:2", _oai),
    "arxiv_oai": (lambda url: ArxivOaiSource(endpoint=url, interval=0), "set=cs", _oai),
    "ror": (lambda url: RorSource(endpoint=url, interval=0), "soup", _ror),
    "podcast": (lambda _: PodcastSource(interval=0), "{url}/1", _feed),
}  # fmt: skip


def _told(asked: list[Parameters]) -> list[Parameters]:
    """What was asked for, without what a repository says about itself."""
    return [parameters for parameters in asked if parameters.get("verb") != "Identify"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_harvest_goes_on_behind_every_cursor_and_asks_for_no_page_again(name: str) -> None:
    make, query, script = SERVICES[name]
    with serving(script) as upstream:
        source, query = make(upstream.address), query.format(url=upstream.address)
        whole = list(source.fetch(query, client()))
        pages = [(parameters, path) for parameters, path in zip(upstream.asked, upstream.paths, strict=True)]
        places = [place for place, record in enumerate(whole) if record.cursor]
        assert len(places) >= 2
        for number, place in enumerate(places, 1):
            del upstream.asked[:], upstream.paths[:]
            rest = list(source.fetch(query, client(), resume=whole[place].cursor))
            assert [(r.key, r.payload, r.cursor) for r in rest] == [
                (r.key, r.payload, r.cursor) for r in whole[place + 1 :]
            ]
            again = list(zip(_told(upstream.asked), upstream.paths[-len(_told(upstream.asked)) :], strict=False))
            assert again == [page for page in pages if page[0].get("verb") != "Identify"][number:]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"orcid", "dblp", "podcast", "semantic_scholar-author"}))
def test_a_service_that_counts_its_answers_says_how_many_there_are(name: str) -> None:
    make, query, script = SERVICES[name]
    with serving(script) as upstream:
        whole = list(make(upstream.address).fetch(query.format(url=upstream.address), client()))
    counted = {record.expected for record in whole if record.expected}
    assert len(counted) == 1
    assert name.endswith("list") or counted == {len(whole)}


def test_every_source_with_a_service_is_tried_here() -> None:
    live = {name for name, source in registry.sources().items() if source.fetch is not Source.fetch}
    assert {name.partition("-")[0] for name in SERVICES} == live
    assert all(registry.resumes(registry.get(name)) for name in live)


@pytest.mark.parametrize("name", ["openalex", "crossref", "datacite", "semantic_scholar", "openreview"])
def test_a_service_that_has_forgotten_the_cursor_is_asked_from_the_beginning(name: str) -> None:
    make, query, script = SERVICES[name]
    with serving(lambda asked: (400, b"{}") if "gone" in asked.values() else script(asked)) as upstream:
        source = make(upstream.address)
        cursor = "2 token=gone" if name == "semantic_scholar" else "2 gone"
        whole = list(source.fetch(query, client()))
        assert list(source.fetch(query, client(), resume=cursor)) == whole


@pytest.mark.parametrize("name", ["openalex", "crossref", "semantic_scholar"])
def test_a_service_that_refuses_everything_is_asked_twice_and_no_more(name: str) -> None:
    make, query, _ = SERVICES[name]
    with serving(lambda _: (403, b'{"message": "no"}')) as upstream:
        with pytest.raises(SourceUnavailable, match="HTTP 403"):
            list(make(upstream.address).fetch(query, client(), resume="2 token=gone"))
        assert len(upstream.asked) == 2


def test_a_resumption_token_that_has_expired_meanwhile_costs_the_last_day_only() -> None:
    def script(asked: Parameters) -> Answer:
        if asked.get("resumptionToken") == "c":
            return 200, b'<OAI-PMH><error code="badResumptionToken">gone</error></OAI-PMH>'
        if asked.get("from") == "2024-01-03":
            return 200, _oai_page(range(4, 9), "")
        return _oai(asked)

    with serving(script) as upstream:
        source, query = OaiSource(interval=0), f"{upstream.address} set=x"
        first = list(islice(source.fetch(query, client()), 6))
        assert first[-1].cursor == "2024-01-03 c"
        del upstream.asked[:]
        rest = list(source.fetch(query, client(), resume=first[-1].cursor))
    assert [record.key for record in rest] == [f"oai:x:{n}" for n in range(4, 9)]
    assert [(asked.get("resumptionToken"), asked.get("from"), asked.get("set")) for asked in _told(upstream.asked)] == [
        ("c", None, None),
        (None, "2024-01-03", "x"),
    ]


def test_a_repository_out_of_order_begins_again_when_its_token_has_expired() -> None:
    def script(asked: Parameters) -> Answer:
        if "resumptionToken" in asked:
            return 200, b'<OAI-PMH><error code="badResumptionToken">gone</error></OAI-PMH>'
        return _oai(asked) if asked["verb"] == "Identify" else (200, _oai_page(range(3), ""))

    with serving(script) as upstream:
        rest = list(OaiSource(interval=0).fetch(f"{upstream.address} from=2023-12-01", client(), resume="- t"))
    assert len(rest) == 3
    assert upstream.asked[-1]["from"] == "2023-12-01"


def test_europe_pmc_that_stops_too_early_leaves_no_cursor_past_what_it_kept_back() -> None:
    with serving(lambda asked: _europe_pmc({**asked, "cursorMark": "c"})) as upstream:
        records = PubmedSource(endpoint=upstream.address, interval=0).fetch("soup", client())
        found = [next(records), next(records)]
        with pytest.raises(SourceUnavailable, match="stopped at 2 of 6"):
            next(records)
    assert [record.cursor for record in found] == ["", ""]


# What has changed since a day


@pytest.mark.parametrize(
    ("name", "query", "narrowed"),
    [
        ("oai", "https://x.example/oai set=a", "https://x.example/oai set=a from=2026-03-04"),
        ("oai", "https://x.example/oai from=2020-01-01", "https://x.example/oai from=2026-03-04"),
        ("oai", "https://x.example/oai from=2027-01-01", "https://x.example/oai from=2027-01-01"),
        ("oai", "https://x.example/oai until=2020-01-01", ""),
        ("oai", "https://x.example/oai identifier=oai:x:1", ""),
        ("arxiv_oai", "set=cs prefix=arXivRaw", "set=cs prefix=arXivRaw from=2026-03-04"),
        ("arxiv_oai", "2401.00001", ""),
        (
            "arxiv",
            "au:Morcos OR au:Ada",
            f"(au:Morcos OR au:Ada) AND (submittedDate:{ARXIV_WINDOW} OR lastUpdatedDate:{ARXIV_WINDOW})",
        ),
        ("arxiv", "2401.00001, 2401.00002", ""),
        ("crossref", "model soups", "model soups filter:from-index-date:2026-03-04"),
        ("crossref", "orcid:0000-0002-1825-0097", "orcid:0000-0002-1825-0097,from-index-date:2026-03-04"),
        ("datacite", "a OR b", "(a OR b) AND updated:[2026-03-04 TO *]"),
        ("pubmed", "a OR b", "(a OR b) AND UPDATE_DATE:[2026-03-04 TO *]"),
        ("pubmed", "29768149, PMC3460867", ""),
        ("openalex", "model soups", ""),
        ("openreview", "TMLR", ""),
        ("semantic_scholar", "soup", ""),
        ("dblp", "95/7448-1", ""),
        ("orcid", ORCIDS[0], ""),
        ("jsonl", "anything", ""),
    ],
)
def test_a_query_is_narrowed_to_what_has_changed(
    monkeypatch: pytest.MonkeyPatch, name: str, query: str, narrowed: str
) -> None:
    monkeypatch.delenv(openalex.KEY_VARIABLE, raising=False)
    assert registry.get(name).since(query, MOMENT) == narrowed


def test_openalex_dates_changes_for_who_has_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(openalex.KEY_VARIABLE, "s3cret")
    assert OpenAlexSource().since("soup", MOMENT) == "soup filter:from_updated_date:2026-03-04"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("model soups filter:a-b:2026-03-04", {"q": "model soups", "f": "a-b:2026-03-04"}),
        ("query:a:b filter:cc:d,ee:f", {"q": "a:b", "f": "cc:d,ee:f"}),
        ("aa:b filter:cc:d", {"f": "aa:b,cc:d"}),
        ("kalman filter: a survey", {"q": "kalman filter: a survey"}),
        ("filter:a:b", {"f": "a:b"}),
    ],
)
def test_words_and_a_filter_go_together(query: str, parameters: dict[str, str]) -> None:
    assert queries.filter_or_search(query, filter_name="f", search_name="q", service="S") == parameters


@pytest.mark.parametrize(
    "query", ["soup", "aa:b", "filter:a:b", "query:aa:b", "soup filter:aa:b", "query:x filter:aa:b"]
)
def test_a_narrowed_query_asks_for_the_same_and_the_condition(query: str) -> None:
    def asked(text: str) -> dict[str, str]:
        return queries.filter_or_search(text, filter_name="f", search_name="q", service="S")

    plain, narrowed = asked(query), asked(queries.narrowed(query, "since:2026-03-04"))
    assert narrowed.get("q") == plain.get("q")
    assert narrowed["f"] == ",".join(part for part in (plain.get("f"), "since:2026-03-04") if part)
