"""Turns at what costs much, so that everything else stays fast: a few at once, a few in line, the others come back later.

In a process one is at it at a time, and on a machine as many processes as its files allow: with as many as there are cores,
nothing would be left for other pages. Who waits holds a thread of the web server, so the line is shorter than there are threads.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")
LOOK_SECONDS: Final = 0.002
"""How often a process looks whether another one has finished."""


class Turns:
    """`line` may wait in a process for the one whose turn it is, `patience` seconds at most.

    `files` are locked by whoever has a turn, one each, in whatever process of this machine. The system lets go of a lock
    with its process, however that ends. Files that cannot be made are not waited for.
    """

    def __init__(self, *, line: int, patience: float, files: Sequence[Path] = ()) -> None:
        self._places = threading.BoundedSemaphore(1 + line)
        self._turn = threading.BoundedSemaphore(1)
        self._patience = patience
        self._files = files
        self._locked: int | None = None

    def take(self) -> bool:
        """Wait for a turn; False if the line is full or does not move. Who has one gives it back."""
        if not self._places.acquire(blocking=False):
            return False
        until = time.monotonic() + self._patience
        if self._turn.acquire(timeout=self._patience):
            if self._lock(until):
                return True
            self._turn.release()
        self._places.release()
        return False

    def give_back(self) -> None:
        """End one's turn."""
        if self._locked is not None:
            os.close(self._locked)
            self._locked = None
        self._turn.release()
        self._places.release()

    def _lock(self, until: float) -> bool:
        """Lock one of the files, whichever is free first, before that moment."""
        while self._files:
            for path in self._files:
                try:
                    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                except OSError:
                    return True
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(opened)
                    continue
                self._locked = opened
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK_SECONDS)
        return True


def in_turn(turns: Turns, refused: Callable[[Any], Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a view wait for its turn. What `refused` answers to the request, or raises, is for whoever does not get one."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            if not turns.take():
                return cast("R", refused(args[0]))
            try:
                return view(*args, **kwargs)
            finally:
                turns.give_back()

        return wrapped

    return decorate
