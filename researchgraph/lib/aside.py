"""A function in a process of its own, for work that two cores do faster than one and that may take its process with it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
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
        self._ours, theirs = Pipe()
        parent = os.getpid()
        # Not `multiprocessing.Process`: it refuses to be started in the processes of a Celery worker.
        self._child = os.fork()
        if not self._child:  # pragma: no cover - in another process
            try:
                self._ours.close()
                _serve(function, theirs, parent)
            finally:
                # Nothing of the parent's is flushed, closed or cleaned up here.
                os._exit(0)
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
        # It is waited for here only, so its number cannot be another process's by now.
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)


def _serve(
    function: Callable[[Any], Any], ours: Connection, parent: int
) -> None:  # pragma: no cover - in another process
    # Signals to the parent are the parent's to obey; a worker's handlers would raise its exceptions here.
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
