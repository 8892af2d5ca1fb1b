"""Turns: one at a time, a short line, and nobody waits for ever."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


HOLD = """
import sys, time
from pathlib import Path
from researchgraph.lib.turns import Turns
print(Turns(line=0, patience=0.01, files=[Path(one) for one in sys.argv[1:]]).take(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Callable[[list[Path]], subprocess.Popen[str]]]:
    started = []

    def other_process(files: list[Path]) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", HOLD, *map(str, files)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        return process

    yield other_process
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_processes_of_a_machine_share_the_files_and_one_that_is_killed_lets_go(
    tmp_path: Path, holder: Callable[[list[Path]], subprocess.Popen[str]]
) -> None:
    files = [tmp_path / "0.lock", tmp_path / "1.lock"]
    turns = Turns(line=0, patience=0.05, files=files)
    one, _other = holder(files), holder(files)
    assert not turns.take()
    one.kill()
    one.wait()
    assert turns.take()
    turns.give_back()
    assert turns.take()


def test_no_file_stays_open(tmp_path: Path, holder: Callable[[list[Path]], subprocess.Popen[str]]) -> None:
    files = [tmp_path / f"{number}.lock" for number in range(3)]
    turns = Turns(line=0, patience=0.01, files=files)
    holder(files[:1])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        assert turns.take()
        turns.give_back()
    turns = Turns(line=0, patience=0.01, files=files[:1])
    assert not turns.take()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_where_no_file_can_be_made_each_process_goes_by_itself(tmp_path: Path) -> None:
    turns = Turns(line=0, patience=0.01, files=[tmp_path / "nowhere" / "0.lock"])
    assert turns.take()
    assert not turns.take()
    turns.give_back()
    assert turns.take()
