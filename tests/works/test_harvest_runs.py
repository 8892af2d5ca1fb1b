"""A run of a service that dies, is stopped, or meets a service in trouble: in the end everything is there once."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

import pytest

from tests.upstream import Answer, Parameters, Script, Upstream, body, client, serving
from works import imports, runs
from works.models import ImportChunk, ImportRun, RunState, SourceRecord, Work
from works.sources import registry
from works.sources.oai import OaiSource
from works.sources.openalex import OpenAlexSource

if TYPE_CHECKING:
    from researchgraph.lib.http import Http
    from works.records import RawRecord
    from works.sources.base import Source

pytestmark = pytest.mark.usefixtures("empty_library")

PAGES: Final = 4
A_PAGE: Final = 3
TOTAL: Final = PAGES * A_PAGE


class _LocalOai(OaiSource):
    """Dublin Core from a repository on loopback, which the client of real runs refuses to visit."""

    name: ClassVar[str] = "local_oai"
    upstream: ClassVar[Upstream]

    def __init__(self) -> None:
        super().__init__(interval=0)

    def fetch(self, query: str, _: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """See `Source.fetch`."""
        yield from super().fetch(query, client(self.upstream.pauses), resume=resume)


class _LocalOpenAlex(OpenAlexSource):
    """OpenAlex on loopback."""

    name: ClassVar[str] = "local_openalex"
    upstream: ClassVar[Upstream]

    def __init__(self) -> None:
        super().__init__(endpoint=f"{self.upstream.address}/works", interval=0)

    def fetch(self, query: str, _: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """See `Source.fetch`."""
        yield from super().fetch(query, client(self.upstream.pauses), resume=resume)


class _OldPlugin(_LocalOai):
    """A plug-in of the time before harvests could go on: its `fetch` takes a query and a client."""

    name: ClassVar[str] = "old_plugin"

    def fetch(self, query: str, http: Http) -> Iterator[RawRecord]:  # type: ignore[override]
        """See `Source.fetch`."""
        yield from super().fetch(query, http)


KINDS: Final[dict[str, type[_LocalOai | _LocalOpenAlex]]] = {
    kind.name: kind for kind in (_LocalOai, _LocalOpenAlex, _OldPlugin)
}


@pytest.fixture(autouse=True)
def _offered(monkeypatch: pytest.MonkeyPatch, settings: object) -> Iterator[None]:
    """The sources above, as installed packages would offer theirs."""
    monkeypatch.setattr("django.conf.settings.CONTACT_EMAIL", "tests@example.org")
    entries = [
        importlib.metadata.EntryPoint(name, f"{__name__}:{kind.__name__}", registry.ENTRY_POINT_GROUP)
        for name, kind in KINDS.items()
    ]
    monkeypatch.setattr(
        registry, "entry_points", lambda *, group: entries if group == registry.ENTRY_POINT_GROUP else []
    )
    registry.sources.cache_clear()
    yield
    registry.sources.cache_clear()


def _number_of(asked: Parameters) -> int:
    """Which page is asked for; -1 for the repository's description of itself."""
    if asked.get("verb") == "Identify":
        return -1
    word = asked.get("resumptionToken") or asked.get("cursor") or ""
    return int(word.removeprefix("page-")) if word.startswith("page-") else 0


def _answer(asked: Parameters, numbers: range | None = None) -> Answer:
    """A page as it should be; of other records, the last page, if `numbers` are given."""
    number = _number_of(asked)
    if number < 0:
        return 200, b"<OAI-PMH><Identify><granularity>YYYY-MM-DD</granularity></Identify></OAI-PMH>"
    shown = numbers or range(number * A_PAGE, (number + 1) * A_PAGE)
    following = f"page-{number + 1}" if numbers is None and number + 1 < PAGES else ""
    return 200, _oai(shown, following) if "verb" in asked else _openalex(shown, following)


def _oai(numbers: range, token: str) -> bytes:
    records = "".join(
        f"<record><header><identifier>oai:x:{n}</identifier><datestamp>2024-01-{n // 2 + 1:02}</datestamp></header>"
        f"<metadata><dc><title>A study of number {n}</title><creator>Hopper, Grace</creator><date>2020</date></dc>"
        "</metadata></record>"
        for n in numbers
    )
    return f"<OAI-PMH><ListRecords>{records}<resumptionToken>{token}</resumptionToken></ListRecords></OAI-PMH>".encode()


def _openalex(numbers: range, cursor: str) -> bytes:
    results = [
        {
            "id": f"https://openalex.org/W{n + 1}",
            "title": f"A study of number {n}",
            "publication_year": 2020,
            "authorships": [{"raw_author_name": "Grace Hopper", "author": {"display_name": "Grace Hopper"}}],
        }
        for n in numbers
    ]
    return body({"meta": {"count": TOTAL, "next_cursor": cursor or None}, "results": results})


@contextmanager
def _harvest(source: str, script: Script) -> Iterator[tuple[Upstream, ImportRun]]:
    """A run of a source on loopback, about to begin."""
    with serving(script) as upstream:
        for kind in KINDS.values():
            kind.upstream = upstream
        query = "soup" if source == "local_openalex" else f"{upstream.address}/oai"
        yield upstream, imports.start_run(source=source, query=query, live=True)


def _pages(upstream: Upstream) -> list[int]:
    """The pages that were asked for since the last look."""
    asked = [number for number in map(_number_of, upstream.asked) if number >= 0]
    del upstream.asked[:]
    return asked


def _is_complete(run: ImportRun) -> None:
    run.refresh_from_db()
    assert (run.state, run.fetched, run.new, run.unchanged) == (RunState.DONE, TOTAL, TOTAL, 0)
    bounds = list(ImportChunk.objects.filter(run=run).order_by("first").values_list("first", "last"))
    assert [first for first, _ in bounds] == [0, *(last for _, last in bounds[:-1])]
    assert (Work.objects.count(), SourceRecord.objects.count()) == (TOTAL, TOTAL)


class _KilledError(BaseException):
    """What no code catches: the process is gone."""


def _die_after(pages: int) -> imports.Progress:
    def progress(run: ImportRun) -> None:
        if run.fetched >= pages * A_PAGE:
            raise _KilledError

    return progress


LIVE = pytest.mark.parametrize("source", ["local_oai", "local_openalex"])


@LIVE
def test_a_page_is_stored_together_with_the_cursor_behind_it(source: str) -> None:
    with _harvest(source, _answer) as (upstream, run):
        assert imports.advance(run)
        assert _pages(upstream) == [0, 1, 2, 3]
    _is_complete(run)
    cursors = ImportChunk.objects.order_by("first").values_list("last", "cursor")
    assert [(last, cursor.rpartition(" ")[2]) for last, cursor in cursors] == [
        (A_PAGE, "page-1"),
        (2 * A_PAGE, "page-2"),
        (3 * A_PAGE, "page-3"),
        (TOTAL, ""),
    ]


@LIVE
def test_a_killed_run_asks_for_no_page_that_it_has(source: str) -> None:
    with _harvest(source, _answer) as (upstream, run):
        with pytest.raises(_KilledError):
            imports.advance(run, progress=_die_after(2))
        run.refresh_from_db()
        assert (run.state, run.fetched) == (RunState.RUNNING, 2 * A_PAGE)
        assert set(_pages(upstream)) >= {0, 1}
        assert imports.advance(run)
        assert _pages(upstream) == [2, 3]
    _is_complete(run)


@LIVE
def test_a_stopped_run_goes_on_behind_its_last_page(source: str) -> None:
    with _harvest(source, _answer) as (upstream, run):
        assert imports.advance(run, progress=lambda known: runs.stop(known) if known.fetched >= 2 * A_PAGE else None)
        run.refresh_from_db()
        assert (run.state, run.fetched) == (RunState.STOPPED, 2 * A_PAGE)
        _pages(upstream)
        runs.resume(run)
        assert imports.advance(run)
        assert _pages(upstream) == [2, 3]
    _is_complete(run)


@LIVE
def test_killed_between_the_last_page_and_the_end_only_that_page_comes_again(source: str) -> None:
    with _harvest(source, _answer) as (upstream, run):
        with pytest.raises(_KilledError):
            imports.advance(run, progress=_die_after(PAGES))
        _pages(upstream)
        assert imports.advance(run)
        assert _pages(upstream) == [3]
    _is_complete(run)


def test_an_older_plug_in_begins_again_and_nothing_is_double() -> None:
    with _harvest("old_plugin", _answer) as (upstream, run):
        with pytest.raises(_KilledError):
            imports.advance(run, progress=_die_after(2))
        _pages(upstream)
        assert imports.advance(run)
        assert _pages(upstream) == [0, 1, 2, 3]
    _is_complete(run)


@LIVE
@pytest.mark.parametrize(("killed", "limit"), [(1, 4), (2, 8)])
def test_a_limit_counts_the_records_before_the_interruption(source: str, killed: int, limit: int) -> None:
    with _harvest(source, _answer) as (upstream, run):
        ImportRun.objects.filter(pk=run.pk).update(limit=limit)
        with pytest.raises(_KilledError):
            imports.advance(run, progress=_die_after(killed))
        _pages(upstream)
        assert imports.advance(run)
        assert _pages(upstream)[0] == killed
    run.refresh_from_db()
    assert (run.state, run.fetched, Work.objects.count()) == (RunState.DONE, limit, limit)


# A service in trouble: it answers page 2 wrongly, once or until somebody lets the run go on


def _once(fault: Answer) -> Script:
    left = [fault]
    return lambda asked: left.pop() if _number_of(asked) == 2 and left else _answer(asked)


@LIVE
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_given_the_time_it_asks_for(source: str, status: int) -> None:
    with _harvest(source, _once((status, b"later", {"Retry-After": "7"}))) as (upstream, run):
        assert imports.advance(run)
        assert _pages(upstream) == [0, 1, 2, 2, 3]
        assert upstream.pauses == [7.0]
    _is_complete(run)


@LIVE
def test_half_an_answer_is_asked_for_again(source: str) -> None:
    parameters: Parameters = {"verb": "ListRecords"} if source == "local_oai" else {}
    _, whole = _answer({**parameters, "cursor": "page-2", "resumptionToken": "page-2"})[:2]
    half: Answer = (200, whole[: len(whole) // 2], {"Content-Length": str(len(whole))})
    with _harvest(source, _once(half)) as (upstream, run):
        assert imports.advance(run)
        assert _pages(upstream) == [0, 1, 2, 2, 3]
    _is_complete(run)


@LIVE
def test_a_service_that_hangs_is_asked_again(source: str) -> None:
    over = threading.Event()
    hung: list[Parameters] = []

    def script(asked: Parameters) -> Answer:
        if _number_of(asked) == 2 and not hung:
            hung.append(asked)
            over.wait(60)
        return _answer(asked)

    with _harvest(source, script) as (upstream, run):
        assert imports.advance(run)
        over.set()
        assert _pages(upstream) == [0, 1, 2, 2, 3]
    _is_complete(run)


HTML: Final = b"<!DOCTYPE html><html><title>Down for maintenance</title></html>"


@LIVE
@pytest.mark.parametrize(
    ("answer", "said", "asked"),
    [((200, HTML), "HTML", 1), ((503, b"down"), "HTTP 503", 3), ((403, HTML), "HTTP 403", 1)],
)
def test_a_service_that_is_down_fails_the_run_which_goes_on_later(
    source: str, answer: Answer, said: str, asked: int
) -> None:
    down = threading.Event()
    down.set()
    script: Script = lambda query: answer if _number_of(query) == 2 and down.is_set() else _answer(query)  # noqa: E731
    with _harvest(source, script) as (upstream, run):
        assert imports.advance(run)
        run.refresh_from_db()
        assert (run.state, run.fetched, said in run.message) == (RunState.FAILED, 2 * A_PAGE, True)
        assert _pages(upstream) == [0, 1] + asked * [2]
        down.clear()
        runs.resume(run)
        assert imports.advance(run)
        assert _pages(upstream)[-2:] == [2, 3]
    _is_complete(run)


@LIVE
def test_a_page_that_comes_again_fails_the_run_after_what_came(source: str) -> None:
    def script(asked: Parameters) -> Answer:
        again = _number_of(asked) == 2
        word = {"resumptionToken": "page-1"} if "verb" in asked else {"cursor": "page-1"}
        return _answer({**asked, **word} if again else asked)

    with _harvest(source, script) as (_, run):
        assert imports.advance(run)
    run.refresh_from_db()
    assert (run.state, run.new, "same" in run.message) == (RunState.FAILED, 2 * A_PAGE, True)
    assert Work.objects.count() == 2 * A_PAGE


def test_a_token_that_expires_during_an_interruption_costs_a_day_and_loses_nothing() -> None:
    def script(asked: Parameters) -> Answer:
        if gone and asked.get("resumptionToken") == "page-2":
            return 200, b'<OAI-PMH><error code="badResumptionToken">gone</error></OAI-PMH>'
        # Records 4 and 5 are of the last day that was stored.
        return _answer(asked, range(4, TOTAL)) if asked.get("from") == "2024-01-03" else _answer(asked)

    gone: list[bool] = []
    with _harvest("local_oai", script) as (upstream, run):
        with pytest.raises(_KilledError):
            imports.advance(run, progress=_die_after(2))
        gone.append(True)
        _pages(upstream)
        assert imports.advance(run)
        assert _pages(upstream) == [2, 0]
    run.refresh_from_db()
    assert (run.state, run.new, run.unchanged) == (RunState.DONE, TOTAL, 2)
    assert (Work.objects.count(), SourceRecord.objects.count()) == (TOTAL, TOTAL)


def test_a_cursor_that_expires_during_an_interruption_begins_again_and_loses_nothing() -> None:
    gone: list[bool] = []
    expired: Answer = (400, b'{"error": "Invalid cursor"}')
    script: Script = lambda asked: expired if gone and asked.get("cursor") == "page-2" else _answer(asked)  # noqa: E731
    with _harvest("local_openalex", script) as (upstream, run):
        with pytest.raises(_KilledError):
            imports.advance(run, progress=_die_after(2))
        gone.append(True)
        _pages(upstream)
        imports.advance(run)
        assert _pages(upstream)[:3] == [2, 0, 1]
        gone.clear()
        run.refresh_from_db()
        assert run.state == RunState.FAILED
        runs.resume(run)
        assert imports.advance(run)
    run.refresh_from_db()
    assert (run.state, run.new) == (RunState.DONE, TOTAL)
    assert (Work.objects.count(), SourceRecord.objects.count()) == (TOTAL, TOTAL)


def test_every_source_takes_a_cursor_except_older_plug_ins() -> None:
    def resumes(source: type[Source]) -> bool:
        return registry.resumes(source())

    with serving(_answer) as upstream:
        _LocalOpenAlex.upstream = upstream
        assert [name for name, source in registry.sources().items() if not resumes(source)] == ["old_plugin"]
