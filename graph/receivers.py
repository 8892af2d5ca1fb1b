"""Listeners: facts changed, so mark what is derived from them as stale, in the same transaction.

The rows are the truth; the wake-up after commit only saves the wait for the next sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from graph import tasks as graph_tasks
from graph.flows import news, notify, recompute
from graph.follow_models import StaleFeedKind
from profiles import tasks as profiles_tasks
from researchgraph import events
from researchgraph.lib import bulk


def _mark(insert: str, hold: str, keys: Sequence[Any], *more: object) -> None:
    """Mark, and hold also the marks that were there: a worker that took one now would not see what we have written."""
    held = 0
    while held < len(keys):
        bulk.run(insert, [list(keys), *more])
        # One that a worker had taken is gone once we have waited for it, and is made anew.
        held = bulk.run(hold, [list(keys)])


@receiver(events.bylines_changed)
def mark_blocks(*, block_keys: Sequence[str], **_: object) -> None:
    """Name blocks with new or changed bylines wait for a decision."""
    keys = sorted(set(block_keys))
    _mark(
        "INSERT INTO profiles_staleblock (block_key) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
        "SELECT FROM profiles_staleblock WHERE block_key = ANY(%s) ORDER BY block_key FOR KEY SHARE",
        keys,
    )
    transaction.on_commit(profiles_tasks.wake, robust=True)


@receiver(events.researchers_changed)
def mark_researchers(*, researcher_ids: Sequence[int], cause: str, **_: object) -> None:
    """Researchers whose works changed wait to be recomputed."""
    keys = sorted(set(researcher_ids))
    _mark(
        "INSERT INTO graph_staleresearcher (researcher_id, cause) SELECT unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
        "SELECT FROM graph_staleresearcher WHERE researcher_id = ANY(%s) ORDER BY researcher_id FOR KEY SHARE",
        keys,
        cause,
    )
    transaction.on_commit(graph_tasks.wake, robust=True)


@receiver(events.names_changed)
def rename_at_once(*, researcher_ids: Sequence[int], cause: str, **_: object) -> None:
    """A name that must not be shown any more is not shown until a worker finds the time."""
    recompute.at_once(researcher_ids, cause=cause)
    transaction.on_commit(graph_tasks.wake, robust=True)


@receiver(events.works_changed)
def mark_authors(*, work_ids: Sequence[int], lost: Sequence[int] = (), **_: object) -> None:
    """Everybody on a changed work shows that work; who is not on it any more shows it no longer.

    Of whom it was marked not theirs, the receipt says whether a source states the opposite.
    """
    query = """
        SELECT researcher_id FROM works_authorship WHERE work_id = ANY(%s) AND researcher_id IS NOT NULL
        UNION SELECT researcher_id FROM works_rejection WHERE work_id = ANY(%s)
    """
    ids = {*lost, *(row[0] for row in bulk.fetch(query, [list(work_ids), list(work_ids)]))}
    if ids:
        mark_researchers(researcher_ids=sorted(ids), cause="a source changed one of the works")


FOLLOWED_RESEARCHERS = """
    SELECT n.id FROM unnest(%s::bigint[]) AS n(id)
     WHERE EXISTS (SELECT FROM graph_follow f WHERE f.kind = 'researcher' AND f.subject = n.id)
        OR EXISTS (SELECT FROM profiles_researcher g JOIN graph_follow f ON f.kind = 'researcher' AND f.subject = g.id
                    WHERE g.merged_into_id = n.id)
        OR EXISTS (SELECT FROM graph_news w WHERE w.kind = 'researcher' AND w.subject = n.id)
"""
FOLLOWED_WORKS = """
    SELECT n.id FROM unnest(%s::bigint[]) AS n(id)
     WHERE EXISTS (SELECT FROM works_worktopic k JOIN graph_follow f ON f.kind = 'topic' AND f.subject = k.topic_id
                    WHERE k.work_id = n.id)
        OR EXISTS (SELECT FROM works_workinstitution k
                     JOIN graph_follow f ON f.kind = 'institution' AND f.subject = k.institution_id
                    WHERE k.work_id = n.id)
        OR EXISTS (SELECT FROM graph_news w WHERE w.work_id = n.id)
"""
"""What nobody follows and nobody was told of is left alone: most imports mark nothing."""


@receiver(events.researchers_changed)
def mark_followed_researchers(*, researcher_ids: Sequence[int], **_: object) -> None:
    """Of followed researchers whose works changed there may be news."""
    _mark_feeds(StaleFeedKind.RESEARCHER, FOLLOWED_RESEARCHERS, researcher_ids)


@receiver(events.works_added)
@receiver(events.works_changed)
def mark_followed_works(*, work_ids: Sequence[int], **_: object) -> None:
    """Works at a followed topic or institution may be news there; of what was news before, that may change."""
    _mark_feeds(StaleFeedKind.WORK, FOLLOWED_WORKS, work_ids)


@receiver(events.works_removed)
def forget_news(*, work_ids: Sequence[int], **_: object) -> None:
    """Nobody is told of works that are gone."""
    news.forget(works=work_ids)


@receiver(events.records_rearranged)
def remember_rearranged(*, event_ids: Sequence[int], **_: object) -> None:
    """Whoever holds or follows a record hears that it was joined with another, or parted."""
    if notify.remember(events=event_ids):
        transaction.on_commit(graph_tasks.wake_notifications, robust=True)


@receiver(events.claims_told)
def notify_of_claims(*, notice_ids: Sequence[int], **_: object) -> None:
    """What is said about a claim is said on the page of notifications at once."""
    notify.claims(notices=notice_ids)


def _mark_feeds(kind: StaleFeedKind, followed: str, candidates: Sequence[int]) -> None:
    keys = sorted({row[0] for row in bulk.fetch(followed, [list(candidates)])})
    if not keys:
        return
    _mark(
        "INSERT INTO graph_stalefeed (subject, kind) SELECT unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
        f"SELECT FROM graph_stalefeed WHERE subject = ANY(%s) AND kind = '{kind.value}' ORDER BY subject FOR KEY SHARE",
        keys,
        kind.value,
    )
    transaction.on_commit(graph_tasks.wake_feeds, robust=True)
