"""What a profile page costs, as a multiple of its floor. Interleaved in one process, so that both meet the same noise."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from profiles import rendering
from profiles.models import Researcher

ROUNDS = 200
SIZES = (1, 5, 20, 100)
"""Profiles of about so many works are measured, besides the largest."""


def measure() -> dict[str, Any]:
    """Per profile measured: works, queries, and the ratios to the floor."""
    handler = WSGIHandler()
    profiles = []
    for researcher in chosen():
        page, floor = researcher.get_absolute_url(), f"/floor/{researcher.public_id}/"
        get(handler, page)
        queries = _queries(handler, page)
        warm, bottom = interleaved(partial(get, handler, page), partial(get, handler, floor))
        cold = statistics.median(_cold(handler, page) for _ in range(ROUNDS // 10))
        profiles.append({
            "works": researcher.works_count, "queries": queries, "floor_ms": round(bottom * 1000, 3),
            "page_ms": round(warm * 1000, 3), "ratio": round(warm / bottom, 2),
            "ratio_body_not_kept": round(cold / bottom, 2),
        })  # fmt: skip
    return {
        "profiles": profiles,
        "ratio": round(statistics.median(p["ratio"] for p in profiles), 2),
        "most_queries": max(p["queries"] for p in profiles),
    }


def interleaved(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of two actions taken in turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for action, times in zip((one, other), seconds, strict=True):
            began = time.perf_counter()
            action()
            times.append(time.perf_counter() - began)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def get(handler: WSGIHandler, path: str) -> bytes:
    """One request through the whole stack of middleware; anything but 200 is an error."""
    answered: list[str] = []

    def start(status: str, _headers: object, _error: object = None, /) -> Callable[[bytes], object]:
        answered.append(status)
        return lambda _data: None

    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": BytesIO(), "wsgi.url_scheme": "http", "wsgi.errors": None,
    }  # fmt: skip
    response = handler(environ, start)
    body = b"".join(response)
    response.close()
    if answered != ["200 OK"]:
        raise RuntimeError(f"{path} answered {answered}.")
    return body


def _queries(handler: WSGIHandler, page: str) -> int:
    """Queries of a page made anew."""
    counted: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        counted.append(sql)
        return execute(sql, *rest)

    rendering.body.cache_clear()
    with connection.execute_wrapper(note):
        get(handler, page)
    return len(counted)


def _cold(handler: WSGIHandler, page: str) -> float:
    rendering.body.cache_clear()
    began = time.perf_counter()
    get(handler, page)
    return time.perf_counter() - began


def chosen() -> list[Researcher]:
    """Records of about the sizes to measure, and the largest one."""
    everybody = Researcher.objects.filter(merged_into=None, works_count__gt=0)
    largest = everybody.order_by("-works_count", "pk")[0]
    near = [everybody.filter(works_count__lte=size).order_by("-works_count", "pk").first() for size in SIZES]
    return list({r.pk: r for r in [*near, largest] if r is not None}.values())
