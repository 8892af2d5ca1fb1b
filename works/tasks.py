"""Background imports. Ids in, one function called; PostgreSQL knows what is left to do."""

from __future__ import annotations

from celery import shared_task

from graph import tasks as graph_tasks
from graph.flows import measure, network, news, notify
from graph.models import StaleResearcher
from profiles import tasks as profiles_tasks
from profiles.flows import link_institutions
from profiles.models import StaleBlock
from works import adding, imports, proposals, rollback, schedules
from works.models import ImportRun, RunState

SLICE_SECONDS = 120


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def run_import(run_id: int) -> None:
    """Carry an import run on for a slice of time, then hand it to the next free worker; or take it back."""
    rollback.advance(ImportRun.objects.get(pk=run_id))
    if imports.advance(ImportRun.objects.get(pk=run_id), seconds=SLICE_SECONDS):
        for following in adding.follow_up():
            run_import.delay(following)
        profiles_tasks.wake()
    else:
        run_import.apply_async([run_id], countdown=1)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def relate() -> None:
    """Join what an import that did not come to its end left: institutions with registries, episodes with works."""
    imports.relate()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def harvest_due() -> None:
    """Start the scheduled harvests that are due."""
    for run in schedules.start_due():
        run_import.delay(run.pk)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def sweep() -> None:
    """Send again what a lost message may have left lying: unfinished runs, unlinked institutions, what is stale, a changed graph.

    What authors have added in vain, and what the holders of revoked claims have brought in, is looked after here too.
    """
    adding.follow_up()
    adding.take_back()
    proposals.take_back()
    for run_id in ImportRun.objects.filter(state__in=[RunState.QUEUED, RunState.RUNNING, RunState.UNDOING]).values_list(
        "pk", flat=True
    )[:10]:
        run_import.delay(run_id)
    if link_institutions.waiting():
        relate.delay()
    if news.waiting():
        graph_tasks.wake_feeds()
    if notify.waiting():
        graph_tasks.wake_notifications()
    if measure.due():
        graph_tasks.wake_measures()
    if StaleBlock.objects.exists():
        profiles_tasks.wake()
    elif StaleResearcher.objects.exists() or network.waiting():
        graph_tasks.wake()
