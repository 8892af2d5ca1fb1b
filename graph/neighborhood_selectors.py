"""What is next to one entity: people, works, topics and institutions, the strongest first, and what joins them.

Two queries, each as large as what is shown, and not as what there is: one for the rows (`graph.neighborhood_sql`), one for the
edges. A second step is one more, and so is all that is unfolded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from graph.exploring import EDGES_SHOWN, FURTHER, INSTITUTION, KINDS, PERSON, SHOWN, TOPIC, UNFOLDED, WORK, Ref, View
from graph.neighborhood import Count, Edge, Neighborhood, Node
from graph.neighborhood_sql import ON_SHOWN_BYLINE, SEARCHED, several, statement, used
from graph.recency import now, state
from researchgraph.lib import bulk
from researchgraph.lib.dates import this_year
from researchgraph.lib.text import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

LATEST: Final = 1_000
"""Works of a topic or an institution that are looked at: large ones have hundreds of thousands."""
CENTERS_FOLLOWED: Final = 20
"""People, the strongest, whose own co-authors are the second step."""
FOLLOWED_EACH: Final = 5


_OVERLAP: Final = """
    (%(since)s::int IS NULL OR last_year >= %(since)s::int) AND (%(until)s::int IS NULL OR first_year <= %(until)s::int)
"""
_FURTHER: Final = f"""
    WITH near AS MATERIALIZED (
        SELECT b_id AS key FROM graph_coauthoredge WHERE a_id = %(center)s::bigint
        UNION ALL SELECT a_id FROM graph_coauthoredge WHERE b_id = %(center)s::bigint
        UNION ALL SELECT researcher_id FROM works_authorship WHERE work_id = %(on_work)s::bigint AND researcher_id IS NOT NULL
        UNION ALL SELECT unnest(%(known)s::bigint[]))
    SELECT DISTINCT ON (f.other) f.other, r.public_id, r.slug, r.display_name, f.works, f.strength,
           f.first_year, f.last_year, f.weight
      FROM unnest(%(people)s::bigint[]) AS p(id)
     CROSS JOIN LATERAL (
            SELECT e.*, recent * %(now)s::float8 AS strength
              FROM (SELECT b_id AS other, works, weight, recent, first_year, last_year FROM graph_coauthoredge WHERE a_id = p.id
                           UNION ALL
                           SELECT a_id, works, weight, recent, first_year, last_year FROM graph_coauthoredge WHERE b_id = p.id) e
             WHERE other NOT IN (SELECT key FROM near) AND recent * %(now)s::float8 >= %(least)s::float8 AND {_OVERLAP}
             ORDER BY recent DESC, weight DESC, works DESC, other LIMIT {FOLLOWED_EACH}) f
      JOIN profiles_researcher r ON r.id = f.other AND r.removed_at IS NULL
     ORDER BY f.other, f.strength DESC
"""  # noqa: S608 - constants

# The ids come by way of an InitPlan: with plain parameters every call was planned anew for their number, which took longer
# than to find the edges.
_EDGES: Final = f"""
    WITH given AS MATERIALIZED (SELECT %(person)s::bigint[] AS person, %(work)s::bigint[] AS work, %(topic)s::bigint[] AS topic,
                                       %(institution)s::bigint[] AS institution)
    SELECT kind, a, b, works, weight, count(*) OVER () FROM (
        SELECT 'pp' AS kind, a_id AS a, b_id AS b, works, recent * %(now)s::float8 AS weight FROM graph_coauthoredge
         WHERE a_id = ANY((SELECT person FROM given)::bigint[]) AND b_id = ANY((SELECT person FROM given)::bigint[]) AND {_OVERLAP}
        UNION ALL
        SELECT DISTINCT 'pw', researcher_id, work_id, 1, 0::float8 FROM works_authorship
         WHERE work_id = ANY((SELECT work FROM given)::bigint[]) AND researcher_id = ANY((SELECT person FROM given)::bigint[])
        UNION ALL
        SELECT 'wt', work_id, topic_id, 1, 0 FROM works_worktopic
         WHERE work_id = ANY((SELECT work FROM given)::bigint[]) AND topic_id = ANY((SELECT topic FROM given)::bigint[])
        UNION ALL
        SELECT 'wi', x.work_id, x.institution_id, 1, 0 FROM works_workinstitution x
         WHERE x.work_id = ANY((SELECT work FROM given)::bigint[]) AND x.institution_id = ANY((SELECT institution FROM given)::bigint[])
           AND {ON_SHOWN_BYLINE.format(work="x.work_id", institution="x.institution_id")}
        UNION ALL
        SELECT 'pi', researcher_id, institution_id, works, 0 FROM profiles_affiliation
         WHERE researcher_id = ANY((SELECT person FROM given)::bigint[])
           AND institution_id = ANY((SELECT institution FROM given)::bigint[]) AND {_OVERLAP}
    ) e ORDER BY weight DESC, works DESC, kind, a, b LIMIT {EDGES_SHOWN}
"""  # noqa: S608 - constants
_ENDS: Final = {"p": PERSON, "w": WORK, "t": TOPIC, "i": INSTITUTION}


def neighborhood(view: View) -> Neighborhood | None:
    """What the view shows; None if there is no such entity. Two queries, one more for a second step, one for what is unfolded."""
    keys: dict[str, dict[int, Node]] = {kind: {} for kind in KINDS}
    given = _given(view) | {"id": view.center.public_id}
    given |= {f"most_{kind}": SEARCHED if view.words else SHOWN[kind] for kind in KINDS}
    query = statement(view)
    found = bulk.fetch(query, used(query, given))
    if not found:
        return None
    [(_kind, key, *facts, looked_at)] = [row for row in found if not row[0]]
    center = msgspec.structs.replace(Node(view.center.kind, *facts), steps=0)
    totals = dict.fromkeys(view.kinds, 0)
    words, year = fold(view.words), this_year()
    tied = view.center.kind == PERSON and not (view.since or view.until or view.topic)
    for kind, row_key, *columns, total in found:
        node = Node(kind, *columns)
        if tied and kind == PERSON:
            # Years of a part of the works say nothing about the tie.
            node = msgspec.structs.replace(node, state=state(node.first_year, node.last_year, year=year))
        if kind and _wanted(node, view, words):
            if len(keys[kind]) < SHOWN[kind]:
                keys[kind][row_key] = node
            totals[kind] = totals[kind] + 1 if view.words else total
    counts = [Count(kind, len(keys[kind]), totals[kind]) for kind in view.kinds]
    if view.steps > 1 and keys[PERSON]:
        _follow(keys[PERSON], center.kind, key, view=view)
    joined = _unfold(keys, center, view=view) if view.unfolded else []
    edges, edges_total = _edges(keys, center, joined, view=view)
    return Neighborhood(
        center=center,
        nodes=[node for kind in KINDS for node in keys[kind].values()],
        edges=edges,
        counts=counts,
        edges_total=edges_total,
        sampled=view.center.kind in {TOPIC, INSTITUTION} and looked_at >= LATEST,
    )


def _given(view: View) -> dict[str, Any]:
    """What all queries of a view may name."""
    return {
        "since": view.since, "until": view.until, "topic": view.topic, "least": view.least, "latest": LATEST,
        "now": now(1.0, year=this_year()),
    }  # fmt: skip


def _wanted(node: Node, view: View, words: str) -> bool:
    """Whether the view has not hidden it, nor asks for other words (folded)."""
    hidden = view.hidden and node.ref in view.hidden
    return not hidden and (not words or words in fold(node.label))


def labels(refs: Sequence[Ref]) -> list[str]:
    """What these entities are called, "" for what is not there. One query."""
    if not refs:
        return []
    wanted = {kind: [one.public_id for one in refs if one.kind == kind] for kind in KINDS}
    found = {Ref(kind, public_id): label for kind, public_id, label in bulk.fetch(_LABELS, wanted)}
    return [found.get(one, "") for one in refs]


_LABELS: Final = """
    SELECT 'person', public_id, display_name FROM profiles_researcher
     WHERE public_id = ANY(%(person)s::text[]) AND removed_at IS NULL AND merged_into_id IS NULL
    UNION ALL SELECT 'work', public_id, title FROM works_work
     WHERE public_id = ANY(%(work)s::text[]) AND NOT undone AND merged_into_id IS NULL
    UNION ALL SELECT 'topic', public_id, label FROM works_topic WHERE public_id = ANY(%(topic)s::text[])
    UNION ALL SELECT 'institution', public_id, name FROM profiles_institution WHERE public_id = ANY(%(institution)s::text[])
"""


def _follow(people: dict[int, Node], kind: str, center: int, *, view: View) -> None:
    """Add the people of the second step to those of the first: those who are not next to the center, shown or not."""
    first = list(people)
    given = _given(view) | {
        "people": first[:CENTERS_FOLLOWED], "known": [*first, center if kind == PERSON else 0],
        "center": center if kind == PERSON else 0, "on_work": center if kind == WORK else 0,
    }  # fmt: skip
    rows = sorted(bulk.fetch(_FURTHER, used(_FURTHER, given)), key=lambda row: (-row[5], row[0]))
    further, words = [(key, Node(*(PERSON, *columns, 2))) for key, *columns in rows], fold(view.words)
    people.update([(key, node) for key, node in further if _wanted(node, view, words)][:FURTHER])


def _unfold(keys: dict[str, dict[int, Node]], center: Node, *, view: View) -> list[Edge]:
    """Add what is next to the nodes that the view has unfolded, one step further out; the edges that lead there.

    In the order of the address, because one may be shown only since another was unfolded. What is not shown stays folded.
    """
    given = _given(view) | {f"most_{kind}": UNFOLDED[kind] for kind in KINDS}
    given |= {f"id_{number}": one.ref.public_id for number, one in enumerate(view.unfolded)}
    query = several([view.beside(one) for one in view.unfolded])
    rows = bulk.fetch(query, used(query, given))
    shown = {node.ref: node for kind in KINDS for node in keys[kind].values()}
    edges, words = [], fold(view.words)
    for number, one in enumerate(view.unfolded):
        origin = shown.get(one.ref)
        if origin is None:
            continue
        for kind, key, *columns, _total in (row[1:] for row in rows if row[0] == number):
            node = Node(kind, *columns)
            if not kind or node.ref == center.ref or not _wanted(node, view, words):
                continue
            if node.ref not in shown:
                shown[node.ref] = keys[kind][key] = msgspec.structs.replace(node, steps=origin.steps + 1)
            edges.append(Edge(origin.id, node.id, node.works, node.strength))
    return edges


def _edges(
    keys: dict[str, dict[int, Node]], center: Node, joined: Sequence[Edge], *, view: View
) -> tuple[list[Edge], int]:
    """The edges between the nodes shown: those to the center, those to what is unfolded, then the others, by weight; and how many."""
    given: dict[str, Any] = {kind: list(keys[kind]) for kind in KINDS}
    given |= {"now": now(1.0, year=this_year()), "since": view.since, "until": view.until}
    names = {(kind, one): node.id for kind in KINDS for one, node in keys[kind].items()}
    rows = bulk.fetch(_EDGES, given)
    own = [
        Edge(center.id, node.id, node.works, node.strength)
        for kind in KINDS
        for node in keys[kind].values()
        if node.steps == 1
    ]
    others = [
        Edge(names[_ENDS[ends[0]], a], names[_ENDS[ends[1]], b], works, weight)
        for ends, a, b, works, weight, _total in rows
    ]
    # What is unfolded may be next to each other, and is then found in both ways.
    once: dict[frozenset[str], Edge] = {}
    for edge in (*own, *joined, *others):
        once.setdefault(frozenset((edge.source, edge.target)), edge)
    edges = list(once.values())
    cut = rows[0][5] - len(rows) if rows else 0
    return edges[:EDGES_SHOWN], len(edges) + cut
