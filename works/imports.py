"""Import runs: read a source, hand batches to the pipeline, keep the run's progress in its rows.

A run may be carried out by a Celery worker or by the command itself; both call `advance`. It can die at any
point: committed chunks say where to go on, an advisory lock keeps a second worker off a run under way, and
`works.attempts` finds the record that workers die of.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from graph.flows import network, recompute
from graph.models import StaleResearcher
from profiles.flows import assign, link_institutions
from profiles.models import StaleBlock
from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import bulk
from researchgraph.lib.aside import ProcessDiedError
from researchgraph.lib.http import Http
from researchgraph.lib.memory import collection_paused
from researchgraph.lib.pace import SharedPace
from researchgraph.lib.public_ids import public_id
from researchgraph.lib.text import clean
from works import ahead, attempts
from works.ingest import media, pipeline, store
from works.ingest.texts import Texts
from works.models import HarvestSchedule, ImportChunk, ImportRun, RunState, Upload
from works.records import RawRecord
from works.sources import registry
from works.sources.base import Source

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RUN_LOCK = 7_031_002

PASSING = (OperationalError, InterfaceError)
"""A database that is away or full, or a deadlock: nothing is wrong with the records."""

OPEN = (RunState.QUEUED, RunState.RUNNING)
"""States of runs that some worker is to carry on."""
NAME_LIMIT = 120

Progress = Callable[[ImportRun], None]

log = logging.getLogger(__name__)


def start_run(
    *,
    source: str,
    query: str,
    limit: int | None = None,
    live: bool | None = None,
    started_by: User | None = None,
    schedule: HarvestSchedule | None = None,
) -> ImportRun:
    """Record the wish to import `query` from `source`. Raises KeyError for an unknown source.

    `live` says whether it goes to the source's service; by default it does unless it looks like the path of a file. Who
    lets others type queries must say so: a path would show them any file of this machine.
    """
    registry.get(source)
    return ImportRun.objects.create(
        public_id=public_id("run", secrets.token_hex(16)),
        source=source,
        query=query,
        limit=limit,
        live=is_live(query) if live is None else live,
        started_by=started_by,
        schedule=schedule,
    )


@transaction.atomic
def start_upload(
    *, source: str, name: str, content: bytes, started_by: User | None, limit: int | None = None
) -> ImportRun:
    """Record the wish to import an uploaded file, the first `limit` records of it. Raises KeyError for an unknown source."""
    # The name is for people; only its last part, and no byte that a file system or a page would trip over.
    plain = clean(name.replace("\\", "/").rpartition("/")[2])[-NAME_LIMIT:].lstrip(".") or "upload"
    run = start_run(source=source, query=plain, limit=limit, live=False, started_by=started_by)
    Upload.objects.create(run=run, name=plain, content=content)
    return run


def is_live(query: str) -> bool:
    """Whether somebody at a shell means the live service: not if there is such a file, or it looks like one's path."""
    path = Path(query)
    return not (path.exists() or path.is_absolute() or path.suffix in {".gz", ".zst", ".jsonl", ".xml", ".json"})


class Place(NamedTuple):
    """Where a run goes on: the source's cursor, the records before it, and the records stored (perhaps a few more)."""

    cursor: str
    before: int
    done: int


def place_of(run: ImportRun) -> Place:
    """Behind the run's last chunk: at the last cursor that was stored, or else at the beginning, and then so many on."""
    chunks = ImportChunk.objects.filter(run=run).order_by("-last").values_list("last", "cursor")
    last = chunks.first()
    known = chunks.exclude(cursor="").first() if run.live and registry.resumes(registry.get(run.source)) else None
    before, cursor = known or (0, "")
    return Place(cursor, before, last[0] if last else 0)


@contextmanager
def opened(run: ImportRun, *, resume: str = "") -> Iterator[Iterator[RawRecord]]:
    """The records of a run, those behind `resume` of a service. Raises SourceUnavailable."""
    source = registry.get(run.source)
    upload = Upload.objects.filter(run=run).first()
    if upload is None:
        yield records(source, run.query, live=run.live, resume=resume)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, upload.name)
        path.write_bytes(upload.content)
        yield source.read(path)


def records(source: Source, query: str, *, live: bool, resume: str = "") -> Iterator[RawRecord]:
    """The records of the file at `query`, or of the live service behind `resume`. Raises SourceUnavailable."""
    if not live:
        if not Path(query).exists():
            raise SourceUnavailable(f"There is no file {query}.")
        return source.read(Path(query))
    pace = SharedPace(settings.CACHES["default"]["LOCATION"])
    http = Http.for_source(
        source.name, contact=settings.CONTACT_EMAIL, site=settings.SITE_URL, wait=pace, breaker=pace
    )  # fmt: skip
    return source.fetch(query, http, resume=resume) if resume else source.fetch(query, http)


def advance(run: ImportRun, *, seconds: float | None = None, progress: Progress | None = None) -> bool:
    """Carry the run on, for about `seconds` if given; True when it has ended (done or failed).

    False also when another worker is carrying it out right now.
    """
    if not bulk.fetch("SELECT pg_try_advisory_lock(%s, %s)", [RUN_LOCK, run.pk])[0][0]:
        return False
    try:
        return _advance(run, seconds, progress)
    finally:
        bulk.run("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, run.pk])


def _advance(run: ImportRun, seconds: float | None, progress: Progress | None) -> bool:
    run.refresh_from_db()
    # Only where nobody has paused or stopped it at this moment.
    if not ImportRun.objects.filter(pk=run.pk, state__in=OPEN).update(state=RunState.RUNNING):
        return True
    ImportRun.objects.filter(pk=run.pk, started_at=None).update(started_at=Now())
    deadline = time.monotonic() + seconds if seconds else None
    try:
        finished = _ingest_batches(run, deadline, progress)
        if finished:
            bulk.refresh_statistics(store.TABLES)
            relate()
    except (SourceUnavailable, attempts.ExhaustedError) as error:
        _fail(run, str(error))
        return True
    except PASSING as error:
        # The run stays open, and says why; the next sweep has it carried on.
        with suppress(DatabaseError):
            attempts.over(run, message=f"The database: {_sentence(error)} It is tried again every minute.")
        raise
    except SoftTimeLimitExceeded:
        # For `attempts` the worker has died.
        attempts.blame(run)
        raise
    except Exception as error:
        # Trying again would end the same way, for ever.
        log.exception("Import run %s was given up", run.public_id)
        _fail(
            run, f"Given up after record {run.fetched:,} by an error of this program: {type(error).__name__}: {error}"
        )
        return True
    attempts.over(run)
    if finished:
        ImportRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(state=RunState.DONE, finished_at=Now())
        # Every record of it is kept with its bytes.
        Upload.objects.filter(run=run, run__state=RunState.DONE).delete()
        run.refresh_from_db()
    return run.state != RunState.RUNNING


def _sentence(error: Exception) -> str:
    """What went wrong, without the rows that PostgreSQL quotes after its first line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:500]


def _fail(run: ImportRun, message: str) -> None:
    ImportRun.objects.filter(pk=run.pk).update(
        state=RunState.FAILED, message=message[:2_000], finished_at=Now(), attempts=0, trying=False
    )
    run.refresh_from_db()


def _ingest_batches(run: ImportRun, deadline: float | None, progress: Progress | None) -> bool:
    """Whether the end was reached; not if time ran out, or somebody paused or stopped the run."""
    while True:
        place = place_of(run)
        try:
            with opened(run, resume=place.cursor) as found:
                left = None if run.limit is None else run.limit - place.before
                raws = islice(found, place.done - place.before, left)
                return _ingest(run, raws, deadline, progress)
        except ProcessDiedError:
            # A death like that of a worker, but one that this worker has outlived: it looks for the record at once.
            log.warning("Import run %s: a parser took its process with it after record %s", run.public_id, run.fetched)
            attempts.blame(run)


def _ingest(run: ImportRun, raws: Iterator[RawRecord], deadline: float | None, progress: Progress | None) -> bool:
    source = registry.get(run.source)
    lookups = store.Lookups()
    # The batch that is stored, the one that is prepared and the one that is read ahead.
    hold = attempts.begin(run, ahead=3 * ahead.BATCH)
    with ahead.aside(source) if run.step else nullcontext() as prepare:
        while run.step and prepare:
            batch = _next_step(run, raws, prepare, hold=hold)
            if not batch.items:
                return True
            hold = False
            if not _stored(run, batch, lookups, deadline, progress):
                return False
    known = partial(pipeline.unchanged, run.source)
    with closing(ahead.batches(raws, source, known, live=run.live)) as batches:
        return all(_stored(run, batch, lookups, deadline, progress) for batch in batches)


def _stored(
    run: ImportRun, batch: ahead.Batch, lookups: store.Lookups, deadline: float | None, progress: Progress | None
) -> bool:
    """Store a batch; whether there is time for another, and nobody paused or stopped the run."""
    lookups.texts = batch.texts
    _store(run, run.fetched, batch.items, lookups)
    run.refresh_from_db()
    if progress:
        progress(run)
    return run.state == RunState.RUNNING and (deadline is None or time.monotonic() <= deadline)


def _next_step(run: ImportRun, raws: Iterator[RawRecord], prepare: ahead.Prepare, *, hold: bool) -> ahead.Batch:
    """The few records next to be tried where processes died. To `hold` one back unread is the outcome of that."""
    few = list(islice(raws, run.step))
    if hold:
        return ahead.Batch([attempts.held(raw) for raw in few], Texts())
    attempts.trying(run)
    return prepare(ahead.Order(few))


def _store(run: ImportRun, first: int, batch: list[pipeline.Prepared], lookups: store.Lookups) -> None:
    """Store a batch; if something in it cannot be stored, all but that, which is held back with the reason."""
    try:
        with collection_paused():
            _store_chunk(run, first, batch, lookups)
    except (*PASSING, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        if len(batch) > 1:
            half = len(batch) // 2
            _store(run, first, batch[:half], lookups)
            if run.step:
                attempts.trying(run)
            _store(run, first + half, batch[half:], lookups)
            return
        (item,) = batch
        if item.rejected is not None:
            raise
        log.exception("A record could not be stored: %s", item.raw.origin or item.key)
        item.parsed, item.work_id = None, 0
        item.rejected = RecordRejected("not-storable", _sentence(error))
        _store(run, first, batch, lookups)


@transaction.atomic
def _store_chunk(run: ImportRun, first: int, batch: list[pipeline.Prepared], lookups: store.Lookups) -> None:
    """The batch's facts, its chunk row and the run's counters commit together or not at all."""
    counts = pipeline.ingest(
        batch,
        source=run.source,
        run_id=run.pk,
        parser_of=lambda name: registry.get(name).parse,
        lookups=lookups,
    )
    ImportChunk.objects.create(
        run=run,
        first=first,
        last=first + len(batch),
        new=counts.new,
        updated=counts.updated,
        unchanged=counts.unchanged,
        quarantined=counts.quarantined,
        seen=list(counts.seen),
        cursor=batch[-1].raw.cursor,
    )
    ImportRun.objects.filter(pk=run.pk).update(
        fetched=F("fetched") + len(batch),
        new=F("new") + counts.new,
        updated=F("updated") + counts.updated,
        unchanged=F("unchanged") + counts.unchanged,
        quarantined=F("quarantined") + counts.quarantined,
        total=Greatest("total", max(item.raw.expected for item in batch)),
        **attempts.stored(run, first + len(batch)),
    )


def relate() -> None:
    """Join what came in with what was there: institutions with registry entries, episodes with works. Safe to repeat."""
    link_institutions.link_due()
    media.rematch()


def settle(*, progress: Callable[[int, int], None] | None = None) -> None:
    """Work off everything stale in this process, alongside any workers, and return when nothing is left.

    `progress` gets the numbers of stale blocks and stale researchers left.
    """
    while True:
        while assign.assign_stale():
            _report(progress)
        while not StaleBlock.objects.exists() and (recompute.recompute_stale() or network.refresh()):
            _report(progress)
        blocks, researchers = _report(progress)
        if not blocks and not researchers and not network.waiting():
            return
        # What is left is in the hands of other workers, or came in just now.
        time.sleep(0.2)


def _report(progress: Callable[[int, int], None] | None) -> tuple[int, int]:
    left = StaleBlock.objects.count(), StaleResearcher.objects.count()
    if progress:
        progress(*left)
    return left


def dry_run(*, source: str, query: str, limit: int | None = None) -> Iterator[pipeline.Prepared]:
    """Parse and normalise without writing: each record with its parsed form or its rejection."""
    reader = registry.get(source)
    for raw in islice(records(reader, query, live=is_live(query)), limit):
        yield from pipeline.prepare([raw], reader.parse)
