"""The batches of a run, read and prepared while the batch before is stored.

Reading goes on in a thread. Parsing is work for a core of its own, so records of a file are prepared in another process
(`researchgraph.lib.aside`); what a parser dies of, it dies of there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Final, NamedTuple

from researchgraph.lib.aside import Aside
from researchgraph.lib.memory import collection_paused
from works.ingest import pipeline
from works.ingest.texts import Texts
from works.records import RawRecord
from works.sources.base import Source

BATCH = 2_000
BATCH_BYTES = 32 << 20
"""A batch ends early when its records are long: one of them may have 16 MiB."""

_ELSEWHERE: Final = RawRecord("", b"")


class Batch(NamedTuple):
    """Prepared records, and what their texts come to."""

    items: list[pipeline.Prepared]
    texts: Texts


Prepare = Callable[[Sequence[RawRecord]], Batch]


def batches(raws: Iterator[RawRecord], source: Source, *, live: bool) -> Generator[Batch]:
    """Prepare everything, one batch ahead. Raises ProcessDiedError if a parser takes its process with it.

    `live` records come from a service, which is what takes the time: they are prepared in this process, and so is what
    fits into one batch.
    """
    here = partial(prepared, source)
    first = _next(raws)
    batch = here(first)
    if _is_last(first):
        yield from [batch] if first else []
        return
    # The fork is made while no other thread is there, and ends first: a thread that waits for it is let go.
    with ThreadPoolExecutor(1, "ahead") as pool, nullcontext(here) if live else aside(source) as prepare:
        while batch.items:
            upcoming = pool.submit(lambda: prepare(_next(raws)))
            yield batch
            batch = upcoming.result()


class _Aside(Aside[Sequence[RawRecord], Batch]):
    """`prepared` in another process. The raw records stay here."""

    def __call__(self, argument: Sequence[RawRecord]) -> Batch:
        batch = super().__call__(argument)
        for item, raw in zip(batch.items, argument, strict=True):
            item.raw = raw
        return batch


def aside(source: Source) -> _Aside:
    """A process that prepares records of this source."""
    return _Aside(partial(_prepared_elsewhere, source))


def prepared(source: Source, raws: Sequence[RawRecord]) -> Batch:
    """The records as one batch."""
    texts = Texts()
    with collection_paused():
        return Batch(pipeline.prepare(raws, source.parse, texts), texts)


def _prepared_elsewhere(source: Source, raws: Sequence[RawRecord]) -> Batch:
    batch = prepared(source, raws)
    for item in batch.items:
        item.raw = _ELSEWHERE
    return batch


def _next(raws: Iterator[RawRecord]) -> list[RawRecord]:
    batch: list[RawRecord] = []
    size = 0
    for raw in raws:
        batch.append(raw)
        size += len(raw.payload)
        # A page of a service is stored together with the cursor behind it.
        if len(batch) == BATCH or size >= BATCH_BYTES or raw.cursor:
            break
    return batch


def _is_last(batch: Sequence[RawRecord]) -> bool:
    """Whether the batch is not full, so that there is none after it."""
    return (
        len(batch) < BATCH and sum(len(raw.payload) for raw in batch) < BATCH_BYTES and not (batch and batch[-1].cursor)
    )
