"""A progress bar for the terminal: rate and time left on one line, or a plain line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self, TextIO

WIDTH = 28
REFRESH_SECONDS = 0.1
PLAIN_LINE_SECONDS = 5.0


def duration(seconds: float) -> str:
    """Seconds as people say them: "8 s", "2 min 05 s", "1 h 04 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class ProgressBar:
    """Shows `done` of `total` `unit`s. A `total` of 0 means unknown: count and rate only."""

    def __init__(self, stream: TextIO, label: str, *, unit: str) -> None:
        self._stream = stream
        self._label = label
        self._unit = unit
        self._started = time.monotonic()
        self._shown = 0.0
        self._line = ""
        self._terminal = stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line:
            self._stream.write(f"\r{self._line}\n" if self._terminal else f"{self._line}\n")
            self._stream.flush()

    def update(self, done: int, total: int) -> None:
        """Show the new state, at most ten times a second on a terminal."""
        now = time.monotonic()
        self._line = self._text(done, total, now - self._started)
        if now - self._shown < (REFRESH_SECONDS if self._terminal else PLAIN_LINE_SECONDS):
            return
        self._shown = now
        self._stream.write(f"\r{self._line}\x1b[K" if self._terminal else f"{self._line}\n")
        self._stream.flush()

    def _text(self, done: int, total: int, elapsed: float) -> str:
        rate = done / elapsed if elapsed > 0 else 0.0
        speed = f"{done:,} {self._unit}, {rate:,.0f} a second"
        if not total:
            return f"{self._label}: {speed}, {duration(elapsed)}"
        filled = min(WIDTH, WIDTH * done // total)
        left = f", {duration((total - done) / rate)} left" if rate and done < total else f", {duration(elapsed)}"
        bar = "█" * filled + "░" * (WIDTH - filled)
        return f"{self._label}: {bar} {min(100, 100 * done // total)} % of {total:,}, {speed}{left}"
