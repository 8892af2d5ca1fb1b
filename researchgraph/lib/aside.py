"""A function in a process of its own, for work that two cores do faster than one and that may take its process with it."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

_PR_SET_PDEATHSIG = 1
Argument = TypeVar("Argument")
Answer = TypeVar("Answer")


class ProcessDiedError(Exception):
    """The process ended before it had answered: a crash in C, memory running out, a signal."""


class Aside(Generic[Argument, Answer]):
    """Calls `function` in a fork of this process, one call at a time. Arguments and answers travel as pickles.

    The fork knows what this process knew when it was made, opens nothing by itself, and ends with the `with` block or
    with this process, whatever it is doing. What the function raises is raised by the call.
    """

    def __init__(self, function: Callable[[Argument], Answer]) -> None:
        fork = multiprocessing.get_context("fork")
        self._ours, theirs = fork.Pipe()
        self._child = fork.Process(target=_serve, args=(function, theirs, self._ours, os.getpid()), daemon=True)
        self._child.start()
        theirs.close()

    def __call__(self, argument: Argument) -> Answer:
        """The function's answer. Raises ProcessDiedError."""
        try:
            self._ours.send(argument)
            answer, error = self._ours.recv()
        except (EOFError, OSError) as broken:
            message = "The process that prepares records ended in the middle of its work."
            raise ProcessDiedError(message) from broken
        if error is not None:
            raise error
        result: Answer = answer
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """End the process now. A call under way in another thread raises ProcessDiedError."""
        self._child.kill()
        self._child.join()


def _serve(
    function: Callable[[Any], Any], ours: Connection, of_parent: Connection, parent: int
) -> None:  # pragma: no cover - in another process
    # Signals to the parent are the parent's to obey; a worker's handlers would raise its exceptions here.
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    of_parent.close()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    with contextlib.suppress(EOFError, OSError):
        while True:
            argument = ours.recv()
            try:
                answer, error = function(argument), None
            except Exception as raised:  # noqa: BLE001 - it is the caller's to handle
                answer, error = None, raised
            ours.send((answer, error))
