"""Derive everything a profile shows from the facts, for stale researchers only. The only writer of derived rows.

Per researcher: names, name tokens, identifiers, affiliations, topics, co-author edges, ego graph, summary, trust
receipt and the counters on the researcher. Rows are replaced whole, so repeating is harmless and a full rebuild
gives the same rows. A researcher's rows depend on nothing but the works the researcher is on (and the current
names of the co-authors), which is why `events.researchers_changed` names everybody on a changed work.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from graph.flows import derive, facts, write
from researchgraph.lib import bulk
from researchgraph.lib.memory import collection_paused

RESEARCHERS_A_BATCH = 3_000


def recompute_stale(*, researchers: int = RESEARCHERS_A_BATCH) -> int:
    """Claim up to `researchers` stale researchers nobody else is at, recompute them, return how many there were.

    None while name blocks are stale: somebody on the same works is still to be decided on, and whoever shares a
    work with them would be recomputed twice. Claim and result are one transaction: if the worker dies, they are
    stale again.
    """
    with collection_paused(), transaction.atomic():
        claimed = dict(
            bulk.fetch(
                """
                DELETE FROM graph_staleresearcher WHERE researcher_id IN (
                    SELECT researcher_id FROM graph_staleresearcher
                     WHERE NOT EXISTS (SELECT FROM profiles_staleblock)
                     ORDER BY researcher_id LIMIT %s FOR UPDATE SKIP LOCKED
                ) RETURNING researcher_id, cause
                """,
                [researchers],
            ),
        )
        if claimed:
            recompute(sorted(claimed), causes=claimed)
    if not claimed:
        bulk.refresh_statistics(write.TABLES)
    return len(claimed)


@transaction.atomic
def recompute(researcher_ids: Sequence[int], *, causes: dict[int, str]) -> None:
    """Replace the derived rows of these researchers. `causes` are printed with a changed trust receipt."""
    known = facts.load(researcher_ids)
    derived = [derive.researcher(researcher_id, known) for researcher_id in researcher_ids]
    write.replace(derived, causes=causes)


def mark_all_stale(*, cause: str) -> int:
    """Mark every researcher for a full rebuild; how many."""
    return bulk.run(
        "INSERT INTO graph_staleresearcher (researcher_id, cause)"
        " SELECT id, %s FROM profiles_researcher ORDER BY id ON CONFLICT DO NOTHING",
        [cause],
    )
