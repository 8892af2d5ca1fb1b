"""The batches of a run, read and prepared while the batches before are stored.

Reading goes on in a thread. Parsing is work for a core of its own, so records of a file are prepared in another process
(`researchgraph.lib.aside`); what a parser dies of, it dies of there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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


class Order(NamedTuple):
    """Records to prepare, and the hashes of those that need no parsing (`pipeline.unchanged`)."""

    raws: Sequence[RawRecord]
    known: Collection[bytes] = ()


Prepare = Callable[[Order], Batch]


def batches(
    raws: Iterator[RawRecord], source: Source, known: Callable[[Sequence[RawRecord]], Collection[bytes]], *, live: bool
) -> Generator[Batch]:
    """Prepare everything ahead. Raises ProcessDiedError if a parser takes its process with it.

    `known` is asked in the caller's thread for the hashes of records that need no parsing. `live` records come from a
    service, which is what takes the time: they are prepared in this process, and so is what fits into one batch.
    """
    first = _next(raws)
    batch = prepared(source, Order(first, known(first)))
    if _is_last(first):
        yield from [batch] if first else []
    elif live:
        yield from _of_service(raws, source, batch)
    else:
        yield from _of_file(raws, source, batch, known)


def _of_service(raws: Iterator[RawRecord], source: Source, batch: Batch) -> Generator[Batch]:
    """While a page is stored, the next one is asked for."""
    with ThreadPoolExecutor(1, "ahead") as pool:
        while batch.items:
            upcoming = pool.submit(lambda: prepared(source, Order(_next(raws))))
            yield batch
            batch = upcoming.result()


def _of_file(
    raws: Iterator[RawRecord], source: Source, batch: Batch, known: Callable[[Sequence[RawRecord]], Collection[bytes]]
) -> Generator[Batch]:
    """While a batch is stored, the next one is prepared and the one after that is read."""
    # The fork is made while no other thread is there, and ends first: a thread that waits for it is let go.
    with ThreadPoolExecutor(2, "ahead") as pool, aside(source) as prepare:
        reading = pool.submit(_next, raws)
        while batch.items:
            failed = reading.exception()
            if failed:
                # What was read before is stored before that.
                yield batch
                raise failed
            following = reading.result()
            reading = pool.submit(_next, raws)
            upcoming = pool.submit(prepare, Order(following, known(following)))
            yield batch
            batch = upcoming.result()


class _Aside(Aside[Order, Batch]):
    """`prepared` in another process. The raw records stay here."""

    def __call__(self, argument: Order) -> Batch:
        batch = super().__call__(argument)
        for item, raw in zip(batch.items, argument.raws, strict=True):
            item.raw = raw
        return batch


def aside(source: Source) -> _Aside:
    """A process that prepares records of this source."""
    return _Aside(partial(_prepared_elsewhere, source))


def prepared(source: Source, order: Order) -> Batch:
    """The records as one batch."""
    texts = Texts()
    with collection_paused():
        return Batch(pipeline.prepare(order.raws, source.parse, texts, known=order.known), texts)


def _prepared_elsewhere(source: Source, order: Order) -> Batch:
    batch = prepared(source, order)
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
