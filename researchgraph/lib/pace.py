"""Manners towards upstreams that all workers share: when a request to a host may start, and which hosts are given a rest.

Both are kept in a Redis database. While it does not answer, each process keeps its own clock and gives nobody a rest:
harvesting goes on, a little less politely than the sum of its workers should be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.http import InProcessWait

FAILURES: Final = 10
"""Failed attempts in a row, by whatever worker, after which a host is given a rest."""
REST: Final = 300
"""Seconds of rest."""
_TIMEOUT: Final = 5.0
_KEPT: Final = 60_000
"""Milliseconds a slot is remembered after it is over."""

# The server's own clock: those of the workers' machines may differ. Answers the milliseconds to wait.
_NEXT_SLOT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local start = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], start + ARGV[1], 'PX', start - now + ARGV[1] + ARGV[2])
return start - now
"""


class SharedPace:
    """A `Wait` and a `Breaker` of `researchgraph.lib.http` for all processes that use the Redis database at `url`."""

    def __init__(self, url: str, *, rest: int = REST, sleep: Callable[[float], None] = time.sleep) -> None:
        self._redis = Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
        self._slot = self._redis.register_script(_NEXT_SLOT)
        self._rest = rest
        self._sleep = sleep
        self._alone = InProcessWait()

    def __call__(self, host: str, interval: float) -> None:
        """Return when a request to the host may start, `interval` seconds after the last one of anybody."""
        try:
            wait = self._slot(keys=[f"pace:{host}"], args=[max(1, round(interval * 1000)), _KEPT])
        except (RedisError, OSError):
            self._alone(host, interval)
            return
        self._sleep(wait / 1000)

    def check(self, host: str) -> None:
        """Raises SourceUnavailable while the host is given a rest."""
        try:
            left = self._redis.pttl(f"rest:{host}")
        except (RedisError, OSError):
            return
        if left > 0:
            message = (
                f"{host} has failed {FAILURES} times in a row and is left alone for {left / 1000:,.0f} more seconds."
            )
            raise SourceUnavailable(message)

    def failed(self, host: str) -> None:
        """Count a failed attempt; the last of several in a row begins a rest."""
        try:
            failures = self._redis.incr(f"failures:{host}")
            self._redis.expire(f"failures:{host}", 2 * self._rest)
            if failures >= FAILURES:
                self._redis.set(f"rest:{host}", 1, ex=self._rest)
                self._redis.delete(f"failures:{host}")
        except (RedisError, OSError):
            return

    def answered(self, host: str) -> None:
        """The host is well: failures are counted from nothing again."""
        try:
            self._redis.delete(f"failures:{host}")
        except (RedisError, OSError):
            return
