"""Which records a run is trying, noted before they are tried: what a process died of is found and tried no more.

A record can take the whole process with it (a crash in a parser's C code, memory running out, a time limit), and then
no `except` is left to hold it back. So a run notes, in a transaction of its own, that it is about to try the records
after `fetched`. A note found at the next beginning is the trace of a death, that of the worker or of the process it has
prepare records (`works.ahead`): now smaller pieces are tried of what that one was at, and a record that a process died
of alone is held back unread. So a record is tried three times: in its batch, in a piece of it, alone. A worker that is killed from
outside leaves the same trace as one that died of the record it was at. So that costs nothing but another try: only what
somebody has seen, or what happened twice with the same record alone, holds it back.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F

from researchgraph.errors import RecordRejected
from works.ingest.pipeline import Prepared, unread
from works.models import ImportRun
from works.records import RawRecord

PIECE: Final = 50
"""Records tried at once where a process died of a batch."""
MOST: Final = 10
"""So many processes may die in a row without a record stored; reading itself may be what they die of."""
KILLS_WORKER: Final = "kills-worker"

_REASON: Final = (
    "Three processes or more died or ran out of time when they came to this record, at last with nothing else to do."
)


class ExhaustedError(Exception):
    """Workers die over and over without getting anywhere; the message says so."""


def begin(run: ImportRun, *, ahead: int) -> bool:
    """Note that a worker takes the run up, after a look at what became of the one before.

    `ahead`: so many records that one may have been at. Whether the next record is to be held back unread. Raises
    ExhaustedError.
    """
    alone = run.trying and run.step == 1
    hold = alone and run.suspect == run.fetched
    if run.attempts >= MOST and not hold:
        message = (
            f"Given up after record {run.fetched:,}: {run.attempts} times in a row a worker died, or ran out of time, "
            "before it had stored another record."
        )
        raise ExhaustedError(message)
    step, until = run.step, run.careful_until
    if run.trying and step == 0:
        step, until = PIECE, run.fetched + ahead
    elif run.trying and step > 1:
        step, until = 1, run.fetched + step
    suspect = run.fetched if alone else run.suspect
    _note(run, attempts=F("attempts") + 1, trying=step == 0, step=step, careful_until=until, suspect=suspect)
    return hold


def blame(run: ImportRun) -> None:
    """Note that a process died, or ran out of time, with nothing else to do than the next record: somebody has seen it."""
    if run.step == 1:
        _note(run, suspect=run.fetched)


def trying(run: ImportRun) -> None:
    """Note that the records of a small step are tried now."""
    _note(run, trying=True)


def over(run: ImportRun, *, message: str = "") -> None:
    """A worker lets go of the run in good order, or for a reason no record is to blame for, which `message` says."""
    _note(run, attempts=0, trying=False, message=message)


def stored(run: ImportRun, last: int) -> dict[str, Any]:
    """What to note with the records up to `last`, in their transaction: whole batches again, once the suspects are past."""
    step = run.step if last < run.careful_until else 0
    return {"attempts": 1, "trying": step == 0, "step": step, "message": ""}


def held(raw: RawRecord) -> Prepared:
    """The record, held back without a look at it."""
    return unread(raw, RecordRejected(KILLS_WORKER, _REASON))


def _note(run: ImportRun, **values: Any) -> None:
    ImportRun.objects.filter(pk=run.pk).update(**values)
    run.refresh_from_db()
