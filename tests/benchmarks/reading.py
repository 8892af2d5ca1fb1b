"""What readers notice of an import: profile pages requested at a steady pace, at rest and while workers import."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from graph.models import StaleResearcher
from profiles.models import Researcher, StaleBlock
from tests.benchmarks import importing
from tests.benchmarks.profile_page import chosen, get
from works import imports
from works.models import ImportRun
from works.tasks import run_import

PACE_SECONDS = 0.05
"""From one request to the next."""
REST_SECONDS = 20.0


def measure(file: Path, *, source: str, processes: int) -> dict[str, Any]:
    """The 95th percentile of seconds a page, at rest and from the beginning of an import of `file` until its pages are ready.

    Most pages are of records that the import does not touch; what it touches is made anew, as it is for readers.
    """
    handler = WSGIHandler()
    pages = cycle([researcher.get_absolute_url() for researcher in chosen()])
    with importing.worker(processes):
        until = time.perf_counter() + REST_SECONDS
        rest = _read(handler, pages, lambda: time.perf_counter() > until)
        run = imports.start_run(source=source, query=str(file))
        run_import.delay(run.pk)
        busy = _read(handler, pages, lambda: _ready(run))
    before, during = (statistics.quantiles(seconds, n=20)[-1] for seconds in (rest, busy))
    return {
        "requests_at_rest": len(rest), "requests_during": len(busy), "p95_at_rest_ms": round(before * 1000, 2),
        "p95_during_ms": round(during * 1000, 2), "p95_ratio": round(during / before, 2),
        "median_ratio": round(statistics.median(busy) / statistics.median(rest), 2),
        "researchers": Researcher.objects.count(),
    }  # fmt: skip


def _read(handler: WSGIHandler, pages: Iterable[str], done: Callable[[], bool]) -> list[float]:
    seconds = []
    for page in pages:
        began = time.perf_counter()
        get(handler, page)
        seconds.append(time.perf_counter() - began)
        if len(seconds) % 20 == 0 and done():
            break
        time.sleep(max(0.0, began + PACE_SECONDS - time.perf_counter()))
    return seconds


def _ready(run: ImportRun) -> bool:
    ended = ImportRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists()
    return ended and not StaleBlock.objects.exists() and not StaleResearcher.objects.exists()
