"""Background decisions on bylines. Ids or nothing in, one flow called."""

from __future__ import annotations

import time

from celery import shared_task
from django.conf import settings

from profiles import link_check, page_proof
from profiles.flows import assign, report, seal, waiting
from profiles.flows import look_across as across
from profiles.flows.claims import effect, notices, recheck
from researchgraph import celery

SLICE_SECONDS = 120


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def assign_stale() -> None:
    """Decide on stale name blocks until there are none left, if it is time, then have the stale researchers recomputed."""
    from graph import tasks as graph_tasks

    if waiting.importing():
        return
    deadline = time.monotonic() + SLICE_SECONDS
    # Once it is time, the younger ones go along, or every minute would be the tenth of some.
    due = waiting.due()
    while due and assign.assign_stale():
        if time.monotonic() > deadline:
            assign_stale.delay()
            return
    graph_tasks.wake()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def recluster(block_key: str) -> None:
    """Decide on one crowded name block as a whole."""
    from graph import tasks as graph_tasks

    if not waiting.importing() and assign.recluster(block_key):
        graph_tasks.wake()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def recluster_grown() -> None:
    """Send a task for every crowded name block that has grown enough."""
    for block_key in assign.due():
        recluster.delay(block_key)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def look_across() -> None:
    """Ask about records of one person under different names."""
    across.look_across()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def expire_reports() -> None:
    """Forget reports that were never confirmed."""
    report.expire_reports()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=110, time_limit=120)
def check_claim_page(evidence_id: int) -> None:
    """Look at a page that a claimant has named."""
    page_proof.check(evidence_id)
    notices.send()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def send_claim_notices() -> None:
    """Send the mails about claims that wait."""
    notices.send()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def look_after_claims() -> None:
    """Bring approvals into effect that have cooled off, look at proofs that are gone, and do what a lost message left lying."""
    recheck.look_again()
    effect.take_effect()
    for evidence_id in page_proof.waiting():
        check_claim_page.delay(evidence_id)
    notices.send()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def seal_audit() -> None:
    """Seal what people have decided since the last time."""
    seal.seal()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=540, time_limit=600)
def check_links() -> None:
    """Look whether pages that authors have named link back to their records."""
    link_check.check_due()


def wake() -> None:
    """Tell the workers that there are stale blocks. A lost message costs only the wait for the next sweep."""
    celery.wake(assign_stale, times=settings.DERIVE_WORKERS)
