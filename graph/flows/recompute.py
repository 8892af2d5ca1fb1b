"""Derive everything a profile shows from the facts, for stale researchers only. The only writer of derived rows.

Per researcher: names, name tokens, identifiers, affiliations, topics, co-author edges, ego graph, summary, trust
receipt and the counters on the researcher. Rows are replaced whole, so repeating is harmless and a full rebuild
gives the same rows. A researcher's rows depend on nothing but the works the researcher is on (and the current
names of the co-authors), which is why `events.researchers_changed` names everybody on a changed work.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from graph.algorithms import HYPER_AUTHORSHIP
from graph.flows import derive, facts, write
from profiles.flows.waiting import DUE
from researchgraph.lib import bulk
from researchgraph.lib.memory import collection_paused

RESEARCHERS_A_BATCH = 3_000


def recompute_stale(*, researchers: int = RESEARCHERS_A_BATCH) -> int:
    """Claim up to `researchers` stale researchers nobody else is at, recompute them, return how many there were.

    None while name blocks are stale, unless they rest: somebody on the same works is still to be decided on, and whoever
    shares a work with them would be recomputed twice. Claim and result are one transaction: if the worker dies, they are
    stale again. The records are claimed with their marks: who is renaming one waits for its mark next.
    """
    with collection_paused(), transaction.atomic():
        claimed = dict(
            bulk.fetch(
                f"""
                DELETE FROM graph_staleresearcher WHERE researcher_id IN (
                    SELECT researcher_id FROM graph_staleresearcher s JOIN profiles_researcher r ON r.id = s.researcher_id
                     WHERE NOT {DUE}
                     ORDER BY researcher_id LIMIT %s FOR UPDATE OF s SKIP LOCKED FOR NO KEY UPDATE OF r SKIP LOCKED
                ) RETURNING researcher_id, cause
                """,  # noqa: S608 - our own words
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
    write.replace(derived, causes=causes, model=known.model)


CONCERNED = """
    SELECT who, bool_or(named) FROM (
        SELECT a_id AS who, true AS named FROM graph_coauthoredge WHERE b_id = ANY(%(ids)s)
        UNION ALL SELECT b_id, true FROM graph_coauthoredge WHERE a_id = ANY(%(ids)s)
        UNION ALL SELECT unnest(%(ids)s::bigint[]), true
        UNION ALL SELECT a.researcher_id, w.author_count <= %(most)s
                    FROM works_authorship a JOIN works_work w ON w.id = a.work_id
                   WHERE a.researcher_id IS NOT NULL
                     AND a.work_id IN (SELECT work_id FROM works_authorship WHERE researcher_id = ANY(%(ids)s))) concerned
     GROUP BY who ORDER BY who
"""


@transaction.atomic
def at_once(researcher_ids: Sequence[int], *, cause: str) -> None:
    """Recompute these researchers and everybody whose rows name them, inside the caller's transaction.

    Waits for workers that are at one of them. Who only shares a very long author list with them has no rows that name
    them: only the kept page does not count any more. All stay stale, because name blocks may be stale as well.
    """
    concerned = dict(bulk.fetch(CONCERNED, {"ids": sorted(researcher_ids), "most": HYPER_AUTHORSHIP}))
    bulk.run(
        "INSERT INTO graph_staleresearcher (researcher_id, cause) SELECT unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
        [list(concerned), cause],
    )
    bulk.run(
        "SELECT FROM graph_staleresearcher WHERE researcher_id = ANY(%s) ORDER BY researcher_id FOR UPDATE",
        [list(concerned)],
    )
    named_by = [who for who, named in concerned.items() if named]
    for first in range(0, len(named_by), RESEARCHERS_A_BATCH):
        batch = named_by[first : first + RESEARCHERS_A_BATCH]
        recompute(batch, causes=dict.fromkeys(batch, cause))
    bulk.run(
        "UPDATE graph_profilesnapshot SET computed_at = clock_timestamp() WHERE researcher_id = ANY(%s)",
        [[who for who, named in concerned.items() if not named]],
    )


def mark_all_stale(*, cause: str) -> int:
    """Mark every researcher, and what receipts take from others, for a full rebuild; how many researchers."""
    bulk.run("INSERT INTO graph_stalesurroundings DEFAULT VALUES")
    return bulk.run(
        "INSERT INTO graph_staleresearcher (researcher_id, cause)"
        " SELECT id, %s FROM profiles_researcher ORDER BY id ON CONFLICT DO NOTHING",
        [cause],
    )
