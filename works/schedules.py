"""Harvests that are repeated. Rows say when each is due; whoever looks first starts it, and nobody else does.

A round asks only for what has changed since the last one that came to its end began, where the service can say that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from researchgraph.errors import Conflict, SourceUnavailable
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import public_id
from works import imports, runs
from works.models import Every, HarvestSchedule, ImportRun, RunState
from works.schedule_selectors import STEPS, WAITED_FOR
from works.sources import registry

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OVERLAP: Final = timedelta(days=1)
"""Services date changes by day, by clocks of their own, and index late: a round begins this much earlier."""


def add(*, source: str, query: str, every: Every, created_by: User | None) -> HarvestSchedule:
    """Ask the source's service for `query` again and again, for the first time now. Raises KeyError for an unknown source.

    What is repeated already is not repeated twice: it is asked as often as `every` says from now on.
    """
    registry.get(source)
    schedule, _ = HarvestSchedule.objects.update_or_create(
        public_id=public_id("schedule", f"{source}\n{query}"),
        source=source,
        query=query,
        defaults={"every": every, "enabled": True, "next_due": Now()},
        create_defaults={"every": every, "created_by": created_by},
    )
    schedule.refresh_from_db()
    return schedule


def pause(schedule: HarvestSchedule) -> None:
    """Start no further round; one under way goes on."""
    HarvestSchedule.objects.filter(pk=schedule.pk).update(enabled=False)


def resume(schedule: HarvestSchedule) -> None:
    """Go on. A round that has become due meanwhile starts with the next look."""
    HarvestSchedule.objects.filter(pk=schedule.pk).update(enabled=True)


def delete(schedule: HarvestSchedule) -> None:
    """Forget the schedule. Its runs, and all they brought, stay."""
    schedule.delete()


def start_due() -> list[ImportRun]:
    """Start every round that is due; the runs, for workers to carry out. Rounds missed meanwhile are one round."""
    due = HarvestSchedule.objects.filter(enabled=True, next_due__lte=Now(), source__in=sorted(registry.sources()))
    return [run for schedule in due.order_by("next_due", "pk") if (run := start(schedule)) is not None]


@transaction.atomic
def start(schedule: HarvestSchedule) -> ImportRun | None:
    """Start the round that `schedule` says is due; None if somebody else has, or the last one has not ended.

    A last round that failed goes on where it failed, instead of beginning again.
    """
    if not _take(schedule):
        return None
    last = ImportRun.objects.filter(schedule=schedule).order_by("-created_at", "-pk").first()
    if last is not None and last.state == RunState.FAILED:
        try:
            runs.resume(last)
        except Conflict:
            return None
        return last
    return imports.start_run(
        source=schedule.source,
        query=_narrowed(schedule) or schedule.query,
        live=True,
        started_by=schedule.created_by,
        schedule=schedule,
    )


def _take(schedule: HarvestSchedule) -> bool:
    """Move the due date on to the next one to come; whether it still was the one we know."""
    step = STEPS[Every(schedule.every)].total_seconds()
    # The row itself is compared once more behind anybody else's change of it: that makes one start of many looks.
    taken = bulk.run(
        """
        UPDATE works_harvestschedule s
           SET next_due = s.next_due + interval '1 second' * %s
                          * (greatest(floor(extract(epoch FROM clock_timestamp() - s.next_due) / %s), 0) + 1)
         WHERE s.id = %s AND s.enabled AND s.next_due = %s
           AND NOT EXISTS (SELECT FROM works_importrun r WHERE r.schedule_id = s.id AND r.state = ANY(%s))
        """,
        [step, step, schedule.pk, schedule.next_due, [state.value for state in WAITED_FOR]],
    )
    return bool(taken)


def _narrowed(schedule: HarvestSchedule) -> str:
    """The query for what has changed since the last round that came to its end began; "" for all of it."""
    began: datetime | None = ImportRun.objects.filter(schedule=schedule, state=RunState.DONE).aggregate(
        began=Max("started_at")
    )["began"]
    if began is None:
        return ""
    try:
        return registry.get(schedule.source).since(schedule.query, began - OVERLAP)
    except SourceUnavailable:
        # A key that cannot be read; the run itself will say so.
        return ""
