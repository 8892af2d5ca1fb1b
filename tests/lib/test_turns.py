"""Turns: one at a time, a short line, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from researchgraph.lib.turns import Turns, in_turn
from tests.crowding import crowd


def test_only_one_has_the_turn_and_the_line_has_an_end() -> None:
    turns = Turns(line=2, patience=10)
    with crowd(turns, line=2) as waiting:
        assert not turns.take()
        # Had it waited, the others would have lost their patience before it.
        assert not any(one.done() for one in waiting)
    assert [one.result() for one in waiting] == [True, True]
    assert turns.take()


def test_a_line_that_does_not_move_is_left() -> None:
    turns = Turns(line=1, patience=0.01)
    assert turns.take()
    assert not turns.take()
    turns.give_back()
    assert turns.take()


def test_a_view_gives_its_turn_back_whatever_happens() -> None:
    turns = Turns(line=0, patience=0.01)

    @in_turn(turns, lambda request: f"{request} comes back later")
    def view(request: str, *, broken: bool) -> str:
        if broken:
            raise ValueError(request)
        return request

    with pytest.raises(ValueError, match="first"):
        view("first", broken=True)
    assert view("second", broken=False) == "second"
    assert turns.take()
    assert view("third", broken=False) == "third comes back later"


def test_views_do_not_run_at_the_same_time() -> None:
    turns = Turns(line=9, patience=10)
    inside, most = 0, 0
    lock = threading.Lock()

    @in_turn(turns, lambda request: f"{request} refused")
    def view(request: int) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.002)
        with lock:
            inside -= 1
        return "done"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(view, range(40))) == {"done"}
    assert most == 1
