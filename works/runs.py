"""What people do with a run under way: pause it, let it go on, stop it. Between two batches it obeys."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db.models.functions import Now

from researchgraph.errors import Conflict
from works.imports import OPEN
from works.models import ImportRun, RunState

GOES_ON: Final = frozenset({RunState.PAUSED, RunState.STOPPED, RunState.FAILED})
"""States a run goes on from, after its last chunk."""


def pause(run: ImportRun) -> None:
    """Let the batch under way end and no other begin. Raises Conflict unless the run is open."""
    _change(run, OPEN, RunState.PAUSED, "Only a run that is queued or running can be paused.")


def stop(run: ImportRun) -> None:
    """End the run where it is; what it brought stays. Raises Conflict if it has ended."""
    _change(run, (*OPEN, RunState.PAUSED), RunState.STOPPED, "The run has ended already.")
    ImportRun.objects.filter(pk=run.pk).update(finished_at=Now())


def resume(run: ImportRun) -> None:
    """Let a run go on where it was. Raises Conflict if it is open or done. The caller wakes a worker."""
    _change(run, GOES_ON, RunState.QUEUED, "Only a run that was paused, stopped or has failed can go on.")
    ImportRun.objects.filter(pk=run.pk).update(finished_at=None, message="")


def _change(run: ImportRun, before: Collection[RunState], after: RunState, refusal: str) -> None:
    if not ImportRun.objects.filter(pk=run.pk, state__in=list(before)).update(state=after):
        raise Conflict(refusal)
    run.refresh_from_db()
