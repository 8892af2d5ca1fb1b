"""The harvesting client against a scripted server on loopback."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.conf import settings

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.http import Http, InProcessWait
from researchgraph.lib.pace import FAILURES, SharedPace

AGENT = "researchgraph tests (mailto:tests@example.org)"

Answer = bytes | Callable[[socket.socket], None]


class Upstream:
    """Answers one connection after the other with the scripted bytes, and keeps the requests."""

    def __init__(self, script: Sequence[Answer]) -> None:
        self.requests: list[bytes] = []
        self.moments: list[float] = []
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._script:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.moments.append(time.monotonic())
                self.requests.append(connection.recv(65_536))
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)

    def close(self) -> None:
        # `shutdown` wakes a thread that waits in `accept`; `close` alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


Start = Callable[[Sequence[Answer]], Upstream]


@pytest.fixture
def upstream() -> Iterator[Start]:
    started: list[Upstream] = []

    def start(script: Sequence[Answer]) -> Upstream:
        started.append(Upstream(script))
        return started[-1]

    yield start
    for server in started:
        server.close()


def _answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _hang(connection: socket.socket) -> None:
    """Say nothing until the client goes away."""
    connection.recv(1)


def _client(pauses: list[float], **options: float) -> Http:
    settings = {"timeout": 0.5, "backoff": 2.0, **options}
    return Http(
        user_agent=AGENT,
        wait=InProcessWait(),
        sleep=pauses.append,
        anywhere=True,
        attempts=int(settings.get("attempts", 4)),
        timeout=settings["timeout"],
        backoff=settings["backoff"],
        size_limit=int(settings.get("size_limit", 1_000_000)),
        total_timeout=settings.get("total_timeout", 30.0),
    )


def test_an_answer_comes_back_whole_and_the_request_names_a_contact(
    upstream: Start,
) -> None:
    server = upstream([_answer("200 OK", b"<feed/>", "Content-Type: application/atom+xml")])
    response = _client([]).get(server.url, params={"q": "a b"}, interval=0)
    assert (response.status, response.content, response.content_type) == (
        200,
        b"<feed/>",
        "application/atom+xml",
    )
    assert b"GET /api?q=a+b " in server.requests[0].replace(b"%20", b"+")
    assert b"mailto:tests@example.org" in server.requests[0]


def test_overload_is_waited_out_as_long_as_the_upstream_asks(
    upstream: Start,
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    server = upstream(
        [
            _answer("429 Too Many Requests", b"", "Retry-After: 7"),
            _answer("503 Service Unavailable", b"", f"Retry-After: {later}"),
            _answer("200 OK", b"ok"),
        ]
    )
    pauses: list[float] = []
    assert _client(pauses).get(server.url, interval=0).content == b"ok"
    assert pauses[0] == 7
    assert 30 < pauses[1] <= 40


def test_pauses_without_a_wish_are_random_below_a_doubling_bound(
    upstream: Start,
) -> None:
    server = upstream([_answer("503 Service Unavailable", b"", "Retry-After: soon")] * 3 + [_answer("200 OK", b"ok")])
    pauses: list[float] = []
    assert _client(pauses).get(server.url, interval=0).content == b"ok"
    assert [0 <= pause <= bound for pause, bound in zip(pauses, (2, 4, 8), strict=True)] == [True] * 3


def test_an_upstream_that_asks_for_hours_ends_the_run(upstream: Start) -> None:
    server = upstream([_answer("429 Too Many Requests", b"", "Retry-After: 7200")])
    with pytest.raises(SourceUnavailable, match="come back in 7,200 seconds"):
        _client([]).get(server.url, interval=0)


def test_patience_ends_after_the_last_attempt(upstream: Start) -> None:
    server = upstream([_answer("500 Oops")] * 4)
    pauses: list[float] = []
    with pytest.raises(SourceUnavailable, match=r"after 4 attempts \(HTTP 500\)"):
        _client(pauses).get(server.url, interval=0)
    assert len(pauses) == 3


def test_a_hanging_upstream_is_given_up_and_asked_again(upstream: Start) -> None:
    server = upstream([_hang, _answer("200 OK", b"ok")])
    assert _client([], timeout=0.3).get(server.url, interval=0).content == b"ok"


def test_a_dripping_upstream_meets_the_total_limit(upstream: Start) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            for _ in range(30):
                connection.sendall(b"x" * 10)
                time.sleep(0.05)
        except OSError:
            return

    server = upstream([drip])
    with pytest.raises(SourceUnavailable):
        _client([], attempts=1, total_timeout=0.3).get(server.url, interval=0)


def test_half_a_body_is_no_answer(upstream: Start) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    server = upstream([half, _answer("200 OK", b"whole")])
    assert _client([]).get(server.url, interval=0).content == b"whole"


def test_refusals_are_handed_back_and_not_retried(upstream: Start) -> None:
    server = upstream([_answer("403 Forbidden", b"<html>no</html>", "Content-Type: text/html")])
    pauses: list[float] = []
    response = _client(pauses).get(server.url, interval=0)
    assert (response.status, response.content_type) == (403, "text/html")
    assert pauses == []


def test_a_body_over_the_cap_is_refused(upstream: Start) -> None:
    server = upstream([_answer("200 OK", b"x" * 300_000)])
    with pytest.raises(SourceUnavailable, match="more than 100,000 bytes"):
        _client([], size_limit=100_000).get(server.url, interval=0)


def test_requests_to_a_host_keep_their_distance(upstream: Start) -> None:
    server = upstream([_answer("200 OK")] * 3)
    client = _client([])
    for _ in range(3):
        client.get(server.url, interval=0.2)
    assert all(later - earlier > 0.17 for earlier, later in zip(server.moments, server.moments[1:], strict=False))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http:///nowhere"])
def test_only_web_addresses_are_fetched(address: str) -> None:
    with pytest.raises(SourceUnavailable, match="no web address"):
        _client([]).get(address, interval=0)


def test_redirects_to_other_schemes_are_not_followed(upstream: Start) -> None:
    server = upstream([_answer("302 Found", b"", "Location: file:///etc/passwd")])
    with pytest.raises(SourceUnavailable):
        _client([], attempts=1).get(server.url, interval=0)


def test_nobody_harvests_without_a_contact_address() -> None:
    with pytest.raises(SourceUnavailable, match="CONTACT_EMAIL"):
        Http.for_source("arxiv", contact="", site="https://example.org")
    assert Http.for_source("arxiv", contact="ops@example.org", site="https://example.org") is not None


def test_a_client_with_a_breaker_stops_asking_a_host_that_is_down(upstream: Start) -> None:
    server = upstream([_answer("503 Unavailable")] * FAILURES)
    pace = SharedPace(settings.CACHES["default"]["LOCATION"], rest=1)
    pace.answered("127.0.0.1")
    pauses: list[float] = []
    asking = dataclasses.replace(_client(pauses, attempts=FAILURES + 5), breaker=pace)
    with pytest.raises(SourceUnavailable, match="failed 10 times in a row"):
        asking.get(server.url, interval=0)
    assert len(server.requests) == len(pauses) == FAILURES
    time.sleep(1.1)


def test_all_interfaces_of_arxiv_share_one_clock() -> None:
    asked: list[str] = []

    def wait(host: str, _: float) -> None:
        asked.append(host)
        raise SourceUnavailable("Nobody is asked in a test.")

    http = dataclasses.replace(_client([]), wait=wait)
    for host in ("export.arxiv.org", "oaipmh.arxiv.org", "127.0.0.1"):
        with pytest.raises(SourceUnavailable, match="Nobody is asked"):
            http.get(f"http://{host}/")
    assert asked == ["arxiv.org", "arxiv.org", "127.0.0.1"]


def test_headers_of_a_source_are_sent_along_and_reach_nobody_else(upstream: Start) -> None:
    started = upstream([b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"])
    answer = _client([], attempts=1).get(
        started.url, headers={"x-api-key": "s3cret", "User-Agent": "nobody"}, interval=0
    )
    assert answer.status == 302
    assert b"x-api-key: s3cret" in started.requests[0]
    assert AGENT.encode() in started.requests[0]
