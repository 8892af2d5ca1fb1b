"""Turns at what costs much, so that everything else stays fast: one at a time, a few in line, the others come back later.

A process counts its own. Who waits holds a thread of the web server, so the line is shorter than there are threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


class Turns:
    """`line` may wait for the one whose turn it is, `patience` seconds at most."""

    def __init__(self, *, line: int, patience: float) -> None:
        self._places = threading.BoundedSemaphore(1 + line)
        self._turn = threading.BoundedSemaphore(1)
        self._patience = patience

    def take(self) -> bool:
        """Wait for a turn; False if the line is full or does not move. Who has one gives it back."""
        if not self._places.acquire(blocking=False):
            return False
        if self._turn.acquire(timeout=self._patience):
            return True
        self._places.release()
        return False

    def give_back(self) -> None:
        """End one's turn."""
        self._turn.release()
        self._places.release()


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
