"""What is next to one entity: people, works, topics and institutions, the strongest first, and what joins them.

Two queries, each as large as what is shown, and not as what there is: one for the rows, one for the edges. Works that
count are those of the center (all of a person's, the latest of a topic or an institution), so years and a topic narrow
all kinds alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from graph.algorithms import FEWEST_ASSUMED, HYPER_AUTHORSHIP
from graph.exploring import (
    EDGES_SHOWN,
    FURTHER,
    INSTITUTION,
    KINDS,
    PERSON,
    SHOWN,
    TOPIC,
    WORK,
    Ref,
    View,
)
from graph.neighborhood import Count, Edge, Neighborhood, Node
from graph.recency import EPOCH, HALF_LIFE, now
from researchgraph.lib import bulk
from researchgraph.lib.dates import this_year
from researchgraph.lib.text import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

LATEST: Final = 1_000
"""Works of a topic or an institution that are looked at: large ones have hundreds of thousands."""
SEARCHED: Final = 2_000
"""Rows of each kind among which words are looked for."""
CENTERS_FOLLOWED: Final = 20
"""People, the strongest, whose own co-authors are the second step."""
FOLLOWED_EACH: Final = 5


_CENTERS: Final = {
    PERSON: "SELECT id AS key, public_id, slug, display_name AS label, works_count AS works, first_year AS first, last_year AS last"
    " FROM profiles_researcher WHERE public_id = %(id)s AND removed_at IS NULL AND merged_into_id IS NULL",
    WORK: "SELECT id AS key, public_id, slug, title AS label, 1 AS works, year AS first, year AS last"
    " FROM works_work WHERE public_id = %(id)s AND NOT undone AND merged_into_id IS NULL",
    TOPIC: "SELECT id AS key, public_id, slug, label, 0 AS works, NULL::int AS first, NULL::int AS last"
    " FROM works_topic WHERE public_id = %(id)s",
    INSTITUTION: "SELECT id AS key, public_id, slug, name AS label, 0 AS works, NULL::int AS first, NULL::int AS last"
    " FROM profiles_institution WHERE public_id = %(id)s",
}
_CENTER: Final = "SELECT ''::text, key, public_id, slug, label, works, 0::float8, first, last, 0::float8, 0 FROM center"

_SHARE: Final = f"""
    CASE WHEN w.author_count BETWEEN 2 AND {HYPER_AUTHORSHIP} OR w.authors_truncated AND w.author_count <= {HYPER_AUTHORSHIP}
         THEN 1.0::float8 / (CASE WHEN w.authors_truncated THEN greatest(w.author_count, {FEWEST_ASSUMED})
                                  ELSE w.author_count END - 1) ELSE 0 END
"""
"""`graph.algorithms.strength` of one work."""
_FACTOR: Final = f"coalesce(power(2::float8, (w.year - {EPOCH}) / {HALF_LIFE}::float8), 0)"
"""`graph.recency.factor` of its year; a work without one is in all only."""

_NARROWED: Final = {
    "since": "w.year >= %(since)s::int",
    "until": "w.year <= %(until)s::int",
    "topic": """EXISTS (SELECT FROM works_worktopic n JOIN works_topic t ON t.id = n.topic_id
                         WHERE n.work_id = w.id AND t.public_id = %(topic)s::text)""",
}
"""What narrows the works that count; only what is asked for stands in the query, so that plans kept for it fit."""
_OVERLAP: Final = {"since": "last_year >= %(since)s::int", "until": "first_year <= %(until)s::int"}
"""The same of what has first and last year."""
_MINE: Final = {
    PERSON: "(SELECT DISTINCT work_id FROM works_authorship WHERE researcher_id = (SELECT key FROM center))",
    WORK: "(SELECT key AS work_id FROM center)",
    TOPIC: "(SELECT work_id FROM works_worktopic WHERE topic_id = (SELECT key FROM center) ORDER BY work_id DESC LIMIT %(latest)s)",
    INSTITUTION: "(SELECT work_id FROM works_workinstitution WHERE institution_id = (SELECT key FROM center)"
    " ORDER BY work_id DESC LIMIT %(latest)s)",
}
_PART: Final = "SELECT '{kind}'::text, {columns}, count(*) OVER () FROM {rows} ORDER BY {order} LIMIT %(most_{kind})s"

_SHARED: Final = """
    (SELECT a.researcher_id AS key, count(*) AS works, sum(a.faded) * %(now)s::float8 AS strength, sum(a.share) AS in_all,
            min(a.year) AS first, max(a.year) AS last
       FROM (SELECT DISTINCT a.researcher_id, m.id, m.share, m.faded, m.year FROM mine m JOIN works_authorship a ON a.work_id = m.id
              WHERE m.share > 0 AND a.researcher_id IS NOT NULL AND {not_center}) a GROUP BY a.researcher_id) p
    JOIN profiles_researcher r ON r.id = p.key AND r.removed_at IS NULL
"""
_STORED: Final = """
    (SELECT e.*, count(*) OVER () AS total FROM (
        SELECT b_id AS key, works, round((recent * %(now)s::float8)::numeric, 9) AS strength, weight AS in_all, first_year AS first,
               last_year AS last FROM graph_coauthoredge WHERE a_id = (SELECT key FROM center)
        UNION ALL
        SELECT a_id, works, round((recent * %(now)s::float8)::numeric, 9), weight, first_year, last_year
          FROM graph_coauthoredge WHERE b_id = (SELECT key FROM center)) e
      WHERE e.strength >= %(least)s::numeric
      ORDER BY e.strength DESC, e.in_all DESC, e.works DESC, e.key LIMIT %(most_person)s) p
    JOIN profiles_researcher r ON r.id = p.key AND r.removed_at IS NULL ORDER BY p.strength DESC, p.in_all DESC, p.works DESC, r.id
"""
"""The stored pairs of a person: what `_SHARED` finds when all works count, without reading them."""
_SEEN: Final = """
    (SELECT researcher_id AS key, works, 0::float8 AS strength, 0::float8 AS in_all, first_year AS first, last_year AS last FROM {table}
      WHERE {column} = (SELECT key FROM center) AND <overlap>) p
    JOIN profiles_researcher r ON r.id = p.key AND r.removed_at IS NULL
"""
_PERSON_COLUMNS: Final = (
    "r.id, r.public_id, r.slug, r.display_name, p.works, round(p.strength::numeric, 9)::float8, p.first, p.last,"
    " round(p.in_all::numeric, 9)::float8"
)
_LEAST: Final = " WHERE round(p.strength::numeric, 9) >= %(least)s::numeric"
_PEOPLE: Final = {
    PERSON: (
        _SHARED.format(not_center="a.researcher_id <> (SELECT key FROM center)") + _LEAST,
        "round(p.strength::numeric, 9) DESC, p.in_all DESC, p.works DESC, r.id",
    ),
    WORK: (
        """(SELECT a.researcher_id AS key, 1 AS works, 0::float8 AS strength, 0::float8 AS in_all,
                   max(m.year) AS first, max(m.year) AS last,
                   min(a.position) AS place FROM mine m JOIN works_authorship a ON a.work_id = m.id
             WHERE a.researcher_id IS NOT NULL GROUP BY 1) p
           JOIN profiles_researcher r ON r.id = p.key AND r.removed_at IS NULL""",
        "p.place",
    ),
    TOPIC: (_SEEN.format(table="graph_researchertopic", column="topic_id"), "p.works DESC, r.id"),
    INSTITUTION: (_SEEN.format(table="profiles_affiliation", column="institution_id"), "p.works DESC, r.id"),
}
_WORK_COLUMNS: Final = "'work'::text, w.id, w.public_id, w.slug, w.title, {works}, 0::float8, w.year, w.year, 0::float8"
_NEWEST: Final = "{row}.year DESC NULLS LAST, {row}.date DESC, {row}.id DESC"
_LATEST_WORKS: Final = (
    f"SELECT {_WORK_COLUMNS.format(works='1')}, m.total FROM (SELECT c.*, count(*) OVER () AS total FROM mine c"  # noqa: S608 - constants
    f" ORDER BY {_NEWEST.format(row='c')} LIMIT %(most_work)s) m JOIN works_work w ON w.id = m.id ORDER BY {_NEWEST.format(row='w')}"
)
# Works that have authors in common; of a crowd's work only the first ones are looked at.
_WORKS_BESIDE: Final = f"""
    SELECT {_WORK_COLUMNS.format(works="n.people")}, count(*) OVER () FROM
           (SELECT b.work_id, count(DISTINCT b.researcher_id)::int AS people FROM works_authorship a
               JOIN works_authorship b ON b.researcher_id = a.researcher_id AND b.work_id <> a.work_id
              WHERE a.work_id = (SELECT key FROM center) AND a.position < {HYPER_AUTHORSHIP} GROUP BY 1
              ORDER BY 2 DESC, 1 DESC LIMIT {SEARCHED}) n JOIN works_work w ON w.id = n.work_id
     ORDER BY n.people DESC, {_NEWEST.format(row="w")} LIMIT %(most_work)s
"""  # noqa: S608 - constants
_COUNTED: Final = """
    (SELECT {key} AS key, count(*)::int AS works, min(m.year) AS first, max(m.year) AS last
       FROM mine m JOIN {through} WHERE {others} GROUP BY 1) p JOIN {table} e ON e.id = p.key
"""
_ENTITY: Final = "e.id, e.public_id, e.slug, e.{label}, p.works, 0::float8, p.first, p.last, 0::float8"
_BY_WORKS: Final = "p.works DESC, e.{label}, e.id"


def _counted(kind: str, center: str) -> str:
    """The part of the query for topics or institutions of the works that count."""
    label, table = ("label", "works_topic") if kind == TOPIC else ("name", "profiles_institution")
    through, key = ("works_worktopic x ON x.work_id = m.id", "x.topic_id")
    if kind == INSTITUTION:
        through, key = ("works_workinstitution x ON x.work_id = m.id", "x.institution_id")
        if center == PERSON:
            # Of a person only what stands beside their own name, not what co-authors' bylines say.
            through = (
                "works_authorship a ON a.work_id = m.id AND a.researcher_id = (SELECT key FROM center)"
                " CROSS JOIN LATERAL unnest(a.institutions) AS x(institution_id)"
            )
    others = f"{key} <> (SELECT key FROM center)" if kind == center else "true"  # noqa: S608 - constants
    rows = _COUNTED.format(key=key, through=through, others=others, table=table)
    return _PART.format(kind=kind, columns=_ENTITY.format(label=label), rows=rows, order=_BY_WORKS.format(label=label))


def _statement(view: View) -> str:
    """The query for the center of a view, whose row comes first, and for what is next to it."""
    center = view.center.kind
    asked = {name for name in _NARROWED if getattr(view, name)}
    parts = {
        PERSON: _people(center, asked),
        WORK: _WORKS_BESIDE if center == WORK else _LATEST_WORKS,
        TOPIC: _counted(TOPIC, center),
        INSTITUTION: _counted(INSTITUTION, center),
    }
    narrowed = "true" if center == WORK else _all(_NARROWED, asked)
    mine = (
        f"WITH center AS MATERIALIZED ({_CENTERS[center]}),"  # noqa: S608 - constants
        f" mine AS MATERIALIZED (SELECT w.id, w.year, w.date, {_SHARE} AS share, {_SHARE} * {_FACTOR} AS faded"
        f" FROM {_MINE[center]} n JOIN works_work w ON w.id = n.work_id WHERE {narrowed}) "
    )
    return mine + " UNION ALL ".join([_CENTER, *(f"({parts[kind]})" for kind in view.kinds)])


def _people(center: str, asked: AbstractSet[str]) -> str:
    """The part of the query for people."""
    if center == PERSON and not asked:
        return f"SELECT 'person'::text, {_PERSON_COLUMNS}, p.total FROM {_STORED}"  # noqa: S608 - constants
    rows, order = _PEOPLE[center]
    rows = rows.replace("<overlap>", _all(_OVERLAP, asked))
    return _PART.format(kind=PERSON, columns=_PERSON_COLUMNS, rows=rows, order=order)


def _all(conditions: Mapping[str, str], asked: AbstractSet[str]) -> str:
    """Those of the conditions that are asked for, as one."""
    return " AND ".join(text for name, text in conditions.items() if name in asked) or "true"


_FURTHER: Final = f"""
    SELECT DISTINCT ON (f.other) f.other, r.public_id, r.slug, r.display_name, f.works, f.strength,
           f.first_year, f.last_year, f.weight
      FROM unnest(%(people)s::bigint[]) AS p(id)
     CROSS JOIN LATERAL (
            SELECT e.*, recent * %(now)s::float8 AS strength
              FROM (SELECT b_id AS other, works, weight, recent, first_year, last_year FROM graph_coauthoredge WHERE a_id = p.id
                           UNION ALL
                           SELECT a_id, works, weight, recent, first_year, last_year FROM graph_coauthoredge WHERE b_id = p.id) e
             WHERE recent * %(now)s::float8 >= %(least)s::float8 AND (%(since)s::int IS NULL OR last_year >= %(since)s::int)
               AND (%(until)s::int IS NULL OR first_year <= %(until)s::int)
             ORDER BY recent DESC, weight DESC, works DESC, other LIMIT {FOLLOWED_EACH}) f
      JOIN profiles_researcher r ON r.id = f.other AND r.removed_at IS NULL
     WHERE f.other <> ALL(%(known)s::bigint[]) ORDER BY f.other, f.strength DESC
"""  # noqa: S608 - constants

_EDGES: Final = f"""
    SELECT kind, a, b, works, weight, count(*) OVER () FROM (
        SELECT 'pp' AS kind, a_id AS a, b_id AS b, works, recent * %(now)s::float8 AS weight FROM graph_coauthoredge
         WHERE a_id = ANY(%(person)s::bigint[]) AND b_id = ANY(%(person)s::bigint[])
        UNION ALL
        SELECT DISTINCT 'pw', researcher_id, work_id, 1, 0::float8 FROM works_authorship
         WHERE work_id = ANY(%(work)s::bigint[]) AND researcher_id = ANY(%(person)s::bigint[])
        UNION ALL
        SELECT 'wt', work_id, topic_id, 1, 0 FROM works_worktopic
         WHERE work_id = ANY(%(work)s::bigint[]) AND topic_id = ANY(%(topic)s::bigint[])
        UNION ALL
        SELECT 'wi', work_id, institution_id, 1, 0 FROM works_workinstitution
         WHERE work_id = ANY(%(work)s::bigint[]) AND institution_id = ANY(%(institution)s::bigint[])
        UNION ALL
        SELECT 'pi', researcher_id, institution_id, works, 0 FROM profiles_affiliation
         WHERE researcher_id = ANY(%(person)s::bigint[]) AND institution_id = ANY(%(institution)s::bigint[])
    ) e ORDER BY weight DESC, works DESC, kind, a, b LIMIT {EDGES_SHOWN}
"""  # noqa: S608 - constants
_ENDS: Final = {"p": PERSON, "w": WORK, "t": TOPIC, "i": INSTITUTION}


def neighborhood(view: View) -> Neighborhood | None:
    """What the view shows; None if there is no such entity. Two queries, three with a second step."""
    keys: dict[str, dict[int, Node]] = {kind: {} for kind in KINDS}
    given = {
        "id": view.center.public_id, "since": view.since, "until": view.until, "topic": view.topic, "least": view.least, "latest": LATEST,
        "now": now(1.0, year=this_year()),
        **{f"most_{kind}": SEARCHED if view.words else SHOWN[kind] for kind in KINDS},
    }  # fmt: skip
    statement = _statement(view)
    totals = dict.fromkeys(view.kinds, 0)
    words = fold(view.words)
    found = bulk.fetch(statement, _used(statement, given))
    if not found:
        return None
    [(_kind, key, *facts, _total)] = [row for row in found if not row[0]]
    center = msgspec.structs.replace(Node(view.center.kind, *facts), steps=0)
    for kind, row_key, *node, total in found:
        if kind and (not words or words in fold(node[2])):
            if len(keys[kind]) < SHOWN[kind]:
                keys[kind][row_key] = Node(kind, *node)
            totals[kind] = totals[kind] + 1 if words else total
    if view.steps > 1 and keys[PERSON]:
        _follow(keys[PERSON], center=key if center.kind == PERSON else 0, view=view)
    edges, edges_total = _edges(keys, center)
    return Neighborhood(
        center=center,
        nodes=[node for kind in view.kinds for node in keys[kind].values()],
        edges=edges,
        counts=[Count(kind, sum(1 for n in keys[kind].values() if n.steps == 1), totals[kind]) for kind in view.kinds],
        edges_total=edges_total,
        sampled=view.center.kind in {TOPIC, INSTITUTION},
    )


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


def _used(statement: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the statement names: the database wants to know the type of each."""
    return {name: value for name, value in given.items() if f"%({name})s" in statement}


def _follow(people: dict[int, Node], *, center: int, view: View) -> None:
    """Add the people of the second step to those of the first."""
    first = list(people)
    given = {
        "people": first[:CENTERS_FOLLOWED], "known": [*first, center],
        "least": view.least, "since": view.since, "until": view.until, "now": now(1.0, year=this_year()),
    }  # fmt: skip
    rows = sorted(bulk.fetch(_FURTHER, given), key=lambda row: (-row[5], row[0]))[:FURTHER]
    people.update({key: Node(*(PERSON, *node, 2)) for key, *node in rows})


def _edges(keys: dict[str, dict[int, Node]], center: Node) -> tuple[list[Edge], int]:
    """The edges between the nodes shown: those to the center, then the others, by weight; and how many there are."""
    own = [
        Edge(center.id, node.id, node.works, node.strength)
        for kind in KINDS
        for node in keys[kind].values()
        if node.steps == 1
    ]
    given: dict[str, Any] = {kind: list(keys[kind]) for kind in KINDS}
    given["now"] = now(1.0, year=this_year())
    names = {(kind, one): node.id for kind in KINDS for one, node in keys[kind].items()}
    rows = bulk.fetch(_EDGES, given)
    others = [
        Edge(names[_ENDS[ends[0]], a], names[_ENDS[ends[1]], b], works, weight)
        for ends, a, b, works, weight, _total in rows
    ]
    total = len(own) + (rows[0][5] if rows else 0)
    return [*own, *others][:EDGES_SHOWN], total
