"""What workers share about upstreams, in a real Valkey: slots that nobody gets twice, and hosts that are left alone."""

from __future__ import annotations

import threading
import time
from uuid import uuid4

import pytest
from django.conf import settings

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.pace import FAILURES, SharedPace

NOWHERE = "redis://127.0.0.1:1/0"


def pace(url: str = "", *, rest: int = 60) -> SharedPace:
    return SharedPace(url or settings.CACHES["default"]["LOCATION"], rest=rest)


@pytest.fixture
def host() -> str:
    return f"{uuid4().hex}.example.org"


def test_workers_share_one_clock_for_a_host(host: str) -> None:
    moments: list[float] = []

    def ask() -> None:
        own = pace()
        for _ in range(3):
            own(host, 0.1)
            moments.append(time.monotonic())

    workers = [threading.Thread(target=ask) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    gaps = [b - a for a, b in zip(sorted(moments), sorted(moments)[1:], strict=False)]
    assert len(gaps) == 8
    assert sum(gaps) > 0.75


def test_another_host_does_not_wait(host: str) -> None:
    slept: list[float] = []
    own = SharedPace(settings.CACHES["default"]["LOCATION"], sleep=slept.append)
    own(host, 60)
    own(f"other.{host}", 60)
    own(host, 60)
    assert slept[:2] == [0, 0]
    assert 59 < slept[2] <= 60


def test_a_host_that_fails_again_and_again_is_left_alone_by_everybody_for_a_while(host: str) -> None:
    for _ in range(FAILURES - 1):
        pace().failed(host)
    pace().check(host)
    pace(rest=1).failed(host)
    with pytest.raises(SourceUnavailable, match="left alone for"):
        pace().check(host)
    time.sleep(1.1)
    pace().check(host)


def test_an_answer_wipes_out_earlier_failures(host: str) -> None:
    for _ in range(FAILURES - 1):
        pace().failed(host)
    pace().answered(host)
    pace().failed(host)
    pace().check(host)


def test_without_the_cache_each_process_keeps_its_own_clock(host: str) -> None:
    own = pace(NOWHERE)
    began = time.monotonic()
    own(host, 0.2)
    own(host, 0.2)
    assert time.monotonic() - began > 0.19
    own.failed(host)
    own.answered(host)
    own.check(host)
