"""Harvests of many pages, or of many things asked for one by one, that go on where they were interrupted.

The last record of a page carries the cursor behind which the harvest goes on. A page without any record has nothing to
carry it; it is asked for again, which costs one request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from researchgraph.errors import SourceUnavailable
from works.records import RawRecord

_CURSOR = re.compile(r"([0-9]{1,9}) (.+)", re.DOTALL)

T = TypeVar("T")


class RefusedError(SourceUnavailable):
    """The service will not give this page; after an interruption perhaps because it has forgotten the cursor."""


class Page(NamedTuple):
    """One page. `following` is the service's word for the next one, "" at the end; `expected` counts all pages' records."""

    records: list[RawRecord]
    following: str
    expected: int = 0


def follow(
    ask: Callable[[str, int], Page], *, first: str, resume: str, service: str, steady: bool = False
) -> Iterator[RawRecord]:
    """The records of all pages. `ask` gives the page of a word of the service, and its number from 1 on.

    `steady`: the word may stay the same from page to page; then only the records tell whether a page came twice.
    Begins again if the service refuses the page to resume at. Raises SourceUnavailable for a page that comes twice.
    """
    known = _CURSOR.fullmatch(resume)
    number, word = (int(known[1]), known[2]) if known else (1, first)
    resumed = known is not None
    seen: set[str] = set()
    before: list[str] = []
    while True:
        try:
            page = ask(word, number)
        except RefusedError:
            if not resumed:
                raise
            number, word, resumed = 1, first, False
            continue
        resumed = False
        seen.add(word)
        keys = [record.key for record in page.records]
        if any(keys) and keys == before:
            raise _repeated(service)
        cursor = f"{number + 1} {page.following}" if page.following else ""
        yield from marked(page.records, cursor=cursor, expected=page.expected)
        if not page.following:
            return
        if page.following in seen and not steady:
            raise _repeated(service)
        number, word, before = number + 1, page.following, keys


def _repeated(service: str) -> SourceUnavailable:
    return SourceUnavailable(f"{service} gave the same page twice; try again later.")


def remaining(wanted: Sequence[T], resume: str) -> Iterator[tuple[T, str]]:
    """What has not been asked for yet, each with the cursor that says it has."""
    done = int(resume) if resume.isdecimal() else 0
    for number, item in enumerate(wanted[done:], done + 1):
        yield item, str(number)


def marked(records: Iterable[RawRecord], *, cursor: str, expected: int = 0) -> Iterator[RawRecord]:
    """The records of one page, the last one with the cursor behind the page."""
    last: RawRecord | None = None
    for record in records:
        if last is not None:
            yield last
        last = record
    if last is not None:
        yield msgspec.structs.replace(last, cursor=cursor, expected=expected)
