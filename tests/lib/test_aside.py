"""A function in a process of its own: its answers, its errors, its death, and its end with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected
from researchgraph.lib.aside import Aside, ProcessDiedError

ROOT = Path(__file__).parents[2]
PARENT = """
import os, time
from researchgraph.lib.aside import Aside

def busy(_):
    while True:
        pass

child = Aside(busy)
print(child._child, flush=True)
child(None)
"""


def alive(pid: int) -> bool:
    """Whether there is such a process, other than one that only waits to be reaped."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


def rejecting(word: str) -> str:
    if word == "bad":
        raise RecordRejected("odd", "The record is odd.", "title")
    return word.upper()


def test_answers_come_from_another_process_and_errors_are_raised_with_what_they_carry() -> None:
    with Aside(rejecting) as away:
        assert [away("a"), away("b")] == ["A", "B"]
        with pytest.raises(RecordRejected) as caught:
            away("bad")
        assert (caught.value.code, caught.value.detail, caught.value.field) == ("odd", "The record is odd.", "title")
        assert str(caught.value) == "title: The record is odd."
        assert away("c") == "C"
    elsewhere: Aside[None, int] = Aside(lambda _: os.getpid())
    with elsewhere:
        assert elsewhere(None) != os.getpid()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_death_is_an_error_of_the_call(number: signal.Signals) -> None:
    away: Aside[None, None] = Aside(lambda _: os.kill(os.getpid(), number))
    with away:
        for _ in range(2):
            with pytest.raises(ProcessDiedError, match="ended in the middle"):
                away(None)


def test_a_thread_that_waits_is_let_go_when_the_block_ends() -> None:
    found: list[type[BaseException]] = []

    def wait(away: Aside[None, None]) -> None:
        try:
            away(None)
        except ProcessDiedError as died:
            found.append(type(died))

    asleep: Aside[None, None] = Aside(lambda _: time.sleep(600))
    with asleep:
        waiting = threading.Thread(target=wait, args=(asleep,))
        waiting.start()
    waiting.join(10)
    assert found == [ProcessDiedError]


def test_it_ends_with_the_process_that_started_it_whatever_it_is_doing() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    assert gone(pid)
