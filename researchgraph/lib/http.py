"""A polite HTTP client for harvesting: one connection, spaced requests, patience with an upstream, hard caps.

Spacing is per host. Who keeps the clock is injectable: in one process a lock does; several workers share a clock, and a
circuit breaker, by passing their own (`researchgraph.lib.pace`).
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol

import httpx

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.public_net import NotPublicError, PublicOnly

Wait = Callable[[str, float], None]
"""`wait(host, interval)` returns when a request to `host` may start, `interval` seconds after the last one."""


class Breaker(Protocol):
    """Remembers which hosts fail, so that nobody goes on asking one that is down."""

    def check(self, host: str) -> None:
        """Raises SourceUnavailable while the host is to be left alone."""

    def failed(self, host: str) -> None:
        """An attempt has failed."""

    def answered(self, host: str) -> None:
        """The host has answered."""


RETRIED = frozenset({429, 500, 502, 503, 504})
ATTEMPTS = 5
BACKOFF_BASE = 2.0
BACKOFF_CAP = 60.0
RETRY_AFTER_CAP = 300.0
SIZE_LIMIT = 64 * 1024 * 1024
TOTAL_TIMEOUT = 180.0

ONE_CLOCK = {"export.arxiv.org": "arxiv.org", "oaipmh.arxiv.org": "arxiv.org"}
"""Hosts of one service whose terms count the requests to all of them together."""

_CONTACT = re.compile(r"[^\s@]{1,100}@[^\s@]{1,200}\.[^\s@]{2,40}")


class Response(NamedTuple):
    """What an upstream answered in the end; any status but those that are retried."""

    status: int
    content: bytes
    content_type: str
    url: str


class InProcessWait:
    """Spaces requests per host inside this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def __call__(self, host: str, interval: float) -> None:
        """See `Wait`."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next.get(host, 0.0))
            self._next[host] = start + interval
        time.sleep(start - now)


_in_process_wait = InProcessWait()


@dataclass(frozen=True, kw_only=True)
class Http:
    """GET with manners. `user_agent` must hold an address at which the operator can be reached; times in seconds.

    `anywhere`: also in the networks around this machine, which an address somebody typed must not reach.
    """

    user_agent: str
    wait: Wait = _in_process_wait
    breaker: Breaker | None = None
    anywhere: bool = False
    attempts: int = ATTEMPTS
    timeout: float = 30.0
    total_timeout: float = TOTAL_TIMEOUT
    size_limit: int = SIZE_LIMIT
    backoff: float = BACKOFF_BASE
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Refuse to start without a contact."""
        if not _CONTACT.search(self.user_agent):
            message = "Harvesting needs a contact address: set CONTACT_EMAIL to one that is read."
            raise SourceUnavailable(message)

    @classmethod
    def for_source(
        cls, name: str, *, contact: str, site: str = "", wait: Wait = _in_process_wait, breaker: Breaker | None = None
    ) -> Http:
        """A client that says who asks, for which source, and where to complain.

        Raises SourceUnavailable without `contact`.
        """
        parts = (f"+{site}" if site else "", f"mailto:{contact}" if contact else "", name)
        about = "; ".join(part for part in parts if part)
        return cls(user_agent=f"researchgraph ({about})", wait=wait, breaker=breaker)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        interval: float = 1.0,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Fetch `url`, no sooner than `interval` seconds after the last request to its host.

        With `headers` of the source's own (a key) redirects are not followed, so that they reach nobody else.

        Overload and broken connections are retried with growing random pauses, or as long as the upstream asks.
        Raises SourceUnavailable when patience or a cap is exhausted, or for an address that is not http or https.
        """
        address = httpx.URL(url, params=params) if params else httpx.URL(url)
        if address.scheme not in {"http", "https"} or not address.host:
            message = f"{url!r} is no web address."
            raise SourceUnavailable(message)
        named = {**(headers or {}), "User-Agent": self.user_agent, "Accept-Encoding": "gzip"}
        limits = httpx.Limits(max_connections=1)
        # Made before waiting, so that what the clock spaces is the requests themselves.
        with httpx.Client(
            timeout=httpx.Timeout(self.timeout),
            transport=None if self.anywhere else PublicOnly(limits=limits),
            limits=limits,
            headers=named,
            follow_redirects=not headers,
            max_redirects=5,
        ) as client:
            return self._patiently(client, address, interval)

    def _patiently(self, client: httpx.Client, address: httpx.URL, interval: float) -> Response:
        reason = ""
        for attempt in range(self.attempts):
            if self.breaker:
                self.breaker.check(address.host)
            self.wait(ONE_CLOCK.get(address.host, address.host), interval)
            try:
                response, retry_after = self._once(client, address)
            except NotPublicError as error:
                raise SourceUnavailable(str(error)) from error
            except httpx.InvalidURL as error:
                message = f"{address.host} redirects to an address that is none: {error}."
                raise SourceUnavailable(message) from error
            except (httpx.TransportError, httpx.DecodingError, httpx.TooManyRedirects) as error:
                reason = f"{type(error).__name__}: {error}".rstrip(": ")
                pause = self._jitter(attempt)
            else:
                if response.status not in RETRIED:
                    if self.breaker:
                        self.breaker.answered(address.host)
                    return response
                reason = f"HTTP {response.status}"
                pause = self._jitter(attempt) if retry_after is None else retry_after
            if self.breaker:
                self.breaker.failed(address.host)
            if pause > RETRY_AFTER_CAP:
                message = f"{address.host} asks to come back in {pause:,.0f} seconds ({reason})."
                raise SourceUnavailable(message)
            if attempt + 1 < self.attempts:
                self.sleep(pause)
        message = f"{address.host} did not answer after {self.attempts} attempts ({reason})."
        raise SourceUnavailable(message)

    def _jitter(self, attempt: int) -> float:
        # Full jitter: clients that failed together must not come back together.
        return random.uniform(0.0, min(BACKOFF_CAP, self.backoff * 2**attempt))  # noqa: S311 - spacing, not secrecy

    def _once(self, client: httpx.Client, address: httpx.URL) -> tuple[Response, float | None]:
        """One attempt: the response and the pause the upstream asked for (seconds)."""
        deadline = time.monotonic() + self.total_timeout
        with client.stream("GET", address) as response:
            content = bytearray()
            for chunk in response.iter_bytes(64 * 1024):
                content += chunk
                if len(content) > self.size_limit:
                    message = f"{address.host} answered with more than {self.size_limit:,} bytes."
                    raise SourceUnavailable(message)
                if time.monotonic() > deadline:
                    message = f"No complete answer within {self.total_timeout:,.0f} seconds"
                    raise httpx.ReadTimeout(message)
            answer = Response(
                response.status_code,
                bytes(content),
                response.headers.get("Content-Type", ""),
                str(response.url),
            )
            return answer, _retry_after(response.headers.get("Retry-After", ""))


def _retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, which holds a number of seconds or a date; None without a usable one."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
