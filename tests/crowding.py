"""A line for a turn, filled and emptied by threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from researchgraph.lib.turns import Turns

SECONDS = 10.0


@contextmanager
def crowd(turns: Turns, *, line: int) -> Iterator[list[Future[bool]]]:
    """Somebody has the turn and `line` others wait; at the end each has had it, or gone."""
    assert turns.take()
    with ThreadPoolExecutor(line) as pool:
        waiting = [pool.submit(turns.take) for _ in range(line)]
        _until_full(turns)
        yield waiting
        turns.give_back()
        for one in waiting:
            if one.result(SECONDS):
                turns.give_back()


def _until_full(turns: Turns) -> None:
    deadline = time.monotonic() + SECONDS
    while turns._places.acquire(blocking=False):
        turns._places.release()
        assert time.monotonic() < deadline, "the line never filled"
        time.sleep(0.001)
