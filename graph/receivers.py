"""Listeners: facts changed, so mark what is derived from them as stale, in the same transaction.

The rows are the truth; the wake-up after commit only saves the wait for the next sweep.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.dispatch import receiver

from graph import tasks as graph_tasks
from graph.flows import recompute
from profiles import tasks as profiles_tasks
from researchgraph import events
from researchgraph.lib import bulk


@receiver(events.bylines_changed)
def mark_blocks(*, block_keys: Sequence[str], **_: object) -> None:
    """Name blocks with new or changed bylines wait for a decision."""
    bulk.run(
        "INSERT INTO profiles_staleblock (block_key) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
        [sorted(block_keys)],
    )
    transaction.on_commit(profiles_tasks.wake, robust=True)


@receiver(events.researchers_changed)
def mark_researchers(*, researcher_ids: Sequence[int], cause: str, **_: object) -> None:
    """Researchers whose works changed wait to be recomputed."""
    bulk.run(
        "INSERT INTO graph_staleresearcher (researcher_id, cause) SELECT unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
        [sorted(researcher_ids), cause],
    )
    transaction.on_commit(graph_tasks.wake, robust=True)


@receiver(events.names_changed)
def rename_at_once(*, researcher_ids: Sequence[int], cause: str, **_: object) -> None:
    """A name that must not be shown any more is not shown until a worker finds the time."""
    recompute.at_once(researcher_ids, cause=cause)
    transaction.on_commit(graph_tasks.wake, robust=True)


@receiver(events.works_changed)
def mark_authors(*, work_ids: Sequence[int], **_: object) -> None:
    """Everybody on a changed work shows that work."""
    ids = [
        row[0]
        for row in bulk.fetch(
            "SELECT DISTINCT researcher_id FROM works_authorship WHERE work_id = ANY(%s)",
            [list(work_ids)],
        )
        if row[0] is not None
    ]
    if ids:
        mark_researchers(researcher_ids=ids, cause="a source changed one of the works")
