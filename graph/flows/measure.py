"""Measure the whole co-author graph: components, PageRank and communities, and the numbers that a page shows of them.

When it is done is in the rows. What is stored says from which state of the pairs it was computed; once the pairs are others,
nothing waits to be recomputed, and the last time is long enough ago, the next sweep wakes a worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np
from django.conf import settings
from django.db import transaction

from graph import backends, measures
from graph.adjacency import Adjacency, adjacency
from graph.flows import pairs
from graph.numbers import Community, MemberTopic, Numbers
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address

COMMUNITIES_SHOWN: Final = 12
TOPICS_SHOWN: Final = 3
DIGITS: Final = 4
"""Of a rank: what changes far away moves no digit of it, so that most rows stay as they are."""
LONGEST: Final = 24 * 60
"""After so many minutes it is measured although something waits: a harvest may go on for days."""
_LOCK: Final = 7_031_006

_STATE: Final = """
    SELECT concat_ws('/', coalesce(pg_sequence_last_value(pg_get_serial_sequence('graph_coauthoredge', 'id')::regclass), 0),
                     coalesce(pg_sequence_last_value(pg_get_serial_sequence('graph_trustsnapshot', 'id')::regclass), 0))
"""
"""Whatever changes a pair writes pairs anew or, where none is left, a receipt: so keys are given out. Asking costs nothing."""

_SETTLED: Final = (
    "SELECT NOT EXISTS (SELECT FROM graph_staleresearcher) AND NOT EXISTS (SELECT FROM profiles_staleblock)"
)
_LAST: Final = "SELECT state, extract(epoch FROM clock_timestamp() - computed_at) / 60 FROM graph_graphnumbers"


def due(*, minutes: float | None = None) -> bool:
    """Whether the pairs have changed since they were measured, and it is time."""
    return _state(settings.MEASURE_MINUTES if minutes is None else minutes) is not None


def _state(minutes: float) -> str | None:
    """The state of the pairs to be measured now, "" while more is to come; None if that is not due.

    The keys are read before the marks: who was still writing then had taken marks that are seen as well until it is
    committed, and who began later takes more keys.
    """
    (state,) = bulk.fetch(_STATE)[0]
    (settled,) = bulk.fetch(_SETTLED)[0]
    last = bulk.fetch(_LAST)
    if not last:
        return state if settled else None
    before, ago = last[0]
    if before == state or ago < minutes:
        return None
    if settled:
        return str(state)
    return "" if ago >= LONGEST else None


@transaction.atomic
def measure(*, minutes: float | None = None) -> bool:
    """Measure the graph if that is `due`, and store what has changed; whether it was done. One at a time."""
    if not bulk.fetch("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])[0][0]:
        return False
    state = _state(settings.MEASURE_MINUTES if minutes is None else minutes)
    if state is None:
        return False
    found = pairs.load()
    graph = adjacency(found)
    components, ranks = backends.components_and_ranks(graph, backend=settings.GRAPH_BACKEND)
    communities = measures.communities(graph.weights)
    _store(graph, components, communities, ranks)
    numbers = Numbers(
        researchers=_researchers(),
        with_coauthors=graph.people,
        pairs=len(found.weight),
        components=len(np.unique(components)),
        largest_component=_largest(components),
        communities=len(np.unique(communities)),
        largest_communities=_communities(),
    )
    bulk.run(
        """
        INSERT INTO graph_graphnumbers (id, state, data, computed_at) VALUES (1, %s, %s, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, data = excluded.data, computed_at = excluded.computed_at
        """,
        [state, msgspec.json.encode(numbers).decode()],
    )
    return True


def _store(graph: Adjacency, components: Any, communities: Any, ranks: Any) -> None:
    """Write the rows that differ, take away those of who has no co-author any more."""
    bulk.run(
        "CREATE TEMP TABLE measured (researcher_id bigint, component bigint, community bigint, rank float8) ON COMMIT DROP"
    )
    relative = (ranks * graph.people).round(DIGITS)
    columns: Iterable[Any] = (graph.keys, graph.keys[components], graph.keys[communities], relative)
    bulk.copy_rows(
        "measured",
        ("researcher_id", "component", "community", "rank"),
        zip(*(column.tolist() for column in columns), strict=True),
    )
    bulk.run("ANALYZE measured")
    bulk.run(
        "DELETE FROM graph_researchermeasure o"
        " WHERE NOT EXISTS (SELECT FROM measured n WHERE n.researcher_id = o.researcher_id)"
    )
    bulk.run(
        """
        INSERT INTO graph_researchermeasure AS o (researcher_id, component, community, rank)
        SELECT researcher_id, component, community, rank FROM measured ORDER BY researcher_id
        ON CONFLICT (researcher_id) DO UPDATE
           SET component = excluded.component, community = excluded.community, rank = excluded.rank
         WHERE (o.component, o.community, o.rank) IS DISTINCT FROM (excluded.component, excluded.community, excluded.rank)
        """
    )
    bulk.run("DROP TABLE measured")


def _largest(groups: Any) -> int:
    return int(np.unique(groups, return_counts=True)[1].max(initial=0))


def _researchers() -> int:
    """As the home page counts them."""
    query = "SELECT count(*) FROM profiles_researcher WHERE merged_into_id IS NULL AND works_count > 0"
    return int(bulk.fetch(query)[0][0])


# Among topics of as many members, those of the better connected ones come first.
_COMMUNITIES: Final = """
    WITH largest AS (
        SELECT community, count(*) AS people FROM graph_researchermeasure
         GROUP BY community ORDER BY count(*) DESC, community LIMIT %s
    ), known AS (
        SELECT l.community, k.topic_id, count(*) AS people,
               row_number() OVER (PARTITION BY l.community ORDER BY count(*) DESC, sum(m.rank) DESC, k.topic_id) AS place
          FROM largest l JOIN graph_researchermeasure m ON m.community = l.community
          JOIN graph_researchertopic k ON k.researcher_id = m.researcher_id
         GROUP BY l.community, k.topic_id
    )
    SELECT l.community, l.people, t.public_id, t.slug, t.label, t.code, k.people
      FROM largest l LEFT JOIN known k ON k.community = l.community AND k.place <= %s LEFT JOIN works_topic t ON t.id = k.topic_id
     ORDER BY l.people DESC, l.community, k.place
"""


def _communities() -> list[Community]:
    """The largest communities with what most of their members write about."""
    found: list[Community] = []
    last = None
    for community, members, public_id, slug, label, code, on_it in bulk.fetch(
        _COMMUNITIES, [COMMUNITIES_SHOWN, TOPICS_SHOWN]
    ):
        if community != last:
            found.append(Community(members, []))
            last = community
        if public_id:
            found[-1].topics.append(MemberTopic(public_id, address("topics", public_id, slug), label, code, on_it))
    return found
