"""Background recomputation. Ids or nothing in, one flow called."""

from __future__ import annotations

import time

from celery import shared_task
from django.conf import settings

from graph.flows import measure, network, notify, recompute
from graph.flows.deliver import deliver
from graph.flows.news import compose
from profiles.flows import waiting
from researchgraph import celery

SLICE_SECONDS = 120


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def recompute_stale() -> None:
    """Recompute stale researchers until there are none left, and those to whom another amount of trust comes by that."""
    if waiting.due():
        # Bylines are still being decided on; whoever finishes that wakes us.
        return
    deadline = time.monotonic() + SLICE_SECONDS
    while recompute.recompute_stale() or network.refresh():
        if time.monotonic() > deadline:
            recompute_stale.delay()
            return


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def compose_feeds() -> None:
    """Work out what there is to tell, then tell it, until nothing is left of either."""
    deadline = time.monotonic() + SLICE_SECONDS
    while compose() or deliver():
        if time.monotonic() > deadline:
            compose_feeds.delay()
            return
    wake_notifications()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def compose_notifications() -> None:
    """Notify of what happened to records and of what is new in feeds, until nothing is left of either."""
    deadline = time.monotonic() + SLICE_SECONDS
    while notify.rearranged() or notify.works():
        if time.monotonic() > deadline:
            compose_notifications.delay()
            return


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def measure_graph() -> None:
    """Measure the whole graph, if that is due."""
    measure.measure()


def wake() -> None:
    """Tell the workers that there are stale researchers. A lost message costs only the wait for the next sweep."""
    celery.wake(recompute_stale, times=settings.DERIVE_WORKERS)


def wake_feeds() -> None:
    """Tell a worker that there may be news. A lost message costs only the wait for the next sweep."""
    celery.wake(compose_feeds)


def wake_notifications() -> None:
    """Tell a worker that somebody may have to be notified. A lost message costs only the wait for the next sweep."""
    celery.wake(compose_notifications)


def wake_measures() -> None:
    """Tell a worker that the whole graph is to be measured. A lost message costs only the wait for the next sweep."""
    celery.wake(measure_graph)
