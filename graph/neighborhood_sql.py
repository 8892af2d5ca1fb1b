"""The query for what is next to one entity, in SQL. Pure.

Works that count are those of the center (all of a person's, the latest of a topic or an institution), so years and a topic
narrow all kinds alike. Each part is as large as what is shown, and not as what there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from graph.algorithms import FEWEST_ASSUMED, HYPER_AUTHORSHIP
from graph.exploring import INSTITUTION, PERSON, TOPIC, WORK, View
from graph.recency import EPOCH, HALF_LIFE
from profiles import printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

SEARCHED: Final = 2_000
"""Rows of each kind among which words are looked for."""

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
_CENTER: Final = (
    "SELECT ''::text, key, public_id, slug, label, works, 0::float8, first, last, 0::float8, {looked_at} FROM center"
)

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
_LATEST: Final = {
    "since": "l.year >= %(since)s::int",
    "until": "l.year BETWEEN 1 AND %(until)s::int",
    "topic": _NARROWED["topic"].replace("w.id", "l.work_id"),
}
"""The same of works of a topic or an institution, so that the latest are the latest of those that count."""
_MINE: Final = {
    PERSON: "(SELECT DISTINCT work_id FROM works_authorship WHERE researcher_id = (SELECT key FROM center))",
    WORK: "(SELECT key AS work_id FROM center)",
    **{
        kind: f"(SELECT l.work_id FROM works_work{kind} l WHERE l.{kind}_id = (SELECT key FROM center) AND <latest>"  # noqa: S608 - constants
        " ORDER BY l.year DESC, l.work_id DESC LIMIT %(latest)s)"
        for kind in (TOPIC, INSTITUTION)
    },
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
    SELECT 'person'::text, {columns}, (SELECT count(*) FROM {table} WHERE {kind}_id = (SELECT key FROM center)) FROM
           (SELECT researcher_id AS key, works, 0::float8 AS strength, 0::float8 AS in_all, first_year AS first, last_year AS last
              FROM {table} WHERE {kind}_id = (SELECT key FROM center) ORDER BY works DESC, researcher_id LIMIT %(most_person)s) p
      JOIN profiles_researcher r ON r.id = p.key AND r.removed_at IS NULL ORDER BY p.works DESC, r.id
"""
"""The people of a topic or an institution when all works count: read in the order of their index, counted beside."""
_SEEN_IN: Final = {TOPIC: "graph_researchertopic", INSTITUTION: "profiles_affiliation"}
_ON_WORKS: Final = f"""
    (SELECT a.researcher_id AS key, count(DISTINCT m.id)::int AS works, 0::float8 AS strength, 0::float8 AS in_all,
            min(m.year) AS first, max(m.year) AS last FROM mine m JOIN works_authorship a ON a.work_id = m.id
      WHERE a.researcher_id IS NOT NULL AND a.position < {HYPER_AUTHORSHIP} AND {{byline}} GROUP BY 1) p
    JOIN profiles_researcher r ON r.id = p.key AND r.removed_at IS NULL
"""  # noqa: S608 - constants
"""The same of the works that count only; of a crowd's work only the first ones are looked at."""
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
    **{
        kind: (_ON_WORKS.format(byline=byline), "p.works DESC, r.id")
        for kind, byline in ((TOPIC, "true"), (INSTITUTION, "(SELECT key FROM center) = ANY(a.institutions)"))
    },
}
_WORK_COLUMNS: Final = "'work'::text, w.id, w.public_id, w.slug, w.title, {works}, 0::float8, w.year, w.year, 0::float8"
_NEWEST: Final = "{row}.year DESC NULLS LAST, {row}.date DESC, {row}.id DESC"
_LATEST_WORKS: Final = (
    f"SELECT {_WORK_COLUMNS.format(works='1')}, m.total FROM (SELECT c.*, count(*) OVER () AS total FROM mine c"  # noqa: S608 - constants
    f" ORDER BY {_NEWEST.format(row='c')} LIMIT %(most_work)s) m JOIN works_work w ON w.id = m.id ORDER BY {_NEWEST.format(row='w')}"
)
# Works that have authors in common, of records that are shown; of a crowd's work only the first ones are looked at.
_WORKS_BESIDE: Final = f"""
    SELECT {_WORK_COLUMNS.format(works="n.people")}, count(*) OVER () FROM
           (SELECT b.work_id, count(DISTINCT b.researcher_id)::int AS people FROM works_authorship a
               JOIN profiles_researcher r ON r.id = a.researcher_id AND r.removed_at IS NULL
               JOIN works_authorship b ON b.researcher_id = a.researcher_id AND b.work_id <> a.work_id
              WHERE a.work_id = (SELECT key FROM center) AND a.position < {HYPER_AUTHORSHIP} GROUP BY 1
              ORDER BY 2 DESC, 1 DESC LIMIT {SEARCHED}) n JOIN works_work w ON w.id = n.work_id WHERE <narrowed>
     ORDER BY n.people DESC, {_NEWEST.format(row="w")} LIMIT %(most_work)s
"""  # noqa: S608 - constants
ON_SHOWN_BYLINE: Final = f"""
    EXISTS (SELECT FROM works_authorship a {printed.HOLDER}
             WHERE a.work_id = {{work}} AND {{institution}} = ANY(a.institutions) AND NOT {printed.HIDDEN})
"""
"""Whether an institution stands beside a name of the work that is shown: others' affiliations are withheld with their names."""
_COUNTED: Final = """
    (SELECT {key} AS key, count(*)::int AS works, min(m.year) AS first, max(m.year) AS last
       FROM mine m JOIN {through} WHERE {others} GROUP BY 1) p JOIN {table} e ON e.id = p.key
"""
_KEPT: Final = """
    (SELECT {kind}_id AS key, works, first_year AS first, last_year AS last FROM {kept} WHERE researcher_id = (SELECT key FROM center)) p
    JOIN {table} e ON e.id = p.key
"""
"""The stored topics or institutions of a person: what `_COUNTED` finds when all works count, without reading them."""
_ENTITY: Final = "e.id, e.public_id, e.slug, e.{label}, p.works, 0::float8, p.first, p.last, 0::float8"
_BY_WORKS: Final = "p.works DESC, e.{label}, e.id"


def _counted(kind: str, center: str, asked: AbstractSet[str]) -> str:
    """The part of the query for topics or institutions of the works that count."""
    label, table = ("label", "works_topic") if kind == TOPIC else ("name", "profiles_institution")
    if center == PERSON and not asked:
        kept = _KEPT.format(kind=kind, kept=_SEEN_IN[kind], table=table)
        return _PART.format(
            kind=kind, columns=_ENTITY.format(label=label), rows=kept, order=_BY_WORKS.format(label=label)
        )
    through, key = ("works_worktopic x ON x.work_id = m.id", "x.topic_id")
    if kind == INSTITUTION:
        through, key = ("works_workinstitution x ON x.work_id = m.id", "x.institution_id")
        if center == PERSON:
            # Of a person only what stands beside their own name, not what co-authors' bylines say.
            through = (
                "works_authorship a ON a.work_id = m.id AND a.researcher_id = (SELECT key FROM center)"
                " CROSS JOIN LATERAL unnest(a.institutions) AS x(institution_id)"
            )
        else:
            through += f" AND {ON_SHOWN_BYLINE.format(work='x.work_id', institution='x.institution_id')}"
    others = f"{key} <> (SELECT key FROM center)" if kind == center else "true"  # noqa: S608 - constants
    rows = _COUNTED.format(key=key, through=through, others=others, table=table)
    return _PART.format(kind=kind, columns=_ENTITY.format(label=label), rows=rows, order=_BY_WORKS.format(label=label))


def statement(view: View) -> str:
    """The query for the center of a view, whose row comes first, and for what is next to it.

    The last column of the first row is how many works of a topic or an institution were looked at.
    """
    center = view.center.kind
    asked = _asked(view)
    parts = {
        PERSON: _people(center, asked),
        WORK: _WORKS_BESIDE.replace("<narrowed>", _all(_NARROWED, asked)) if center == WORK else _LATEST_WORKS,
        TOPIC: _counted(TOPIC, center, asked),
        INSTITUTION: _counted(INSTITUTION, center, asked),
    }
    counted = _all(_NARROWED, asked) if center == PERSON else "true"
    works = _MINE[center].replace("<latest>", _all(_LATEST, asked))
    mine = (
        f"WITH center AS MATERIALIZED ({_CENTERS[center]}),"  # noqa: S608 - constants
        f" mine AS MATERIALIZED (SELECT w.id, w.year, w.date, {_SHARE} AS share, {_SHARE} * {_FACTOR} AS faded"
        f" FROM {works} n JOIN works_work w ON w.id = n.work_id WHERE {counted}) "
    )
    looked_at = "(SELECT count(*) FROM mine)" if center in {TOPIC, INSTITUTION} else "0"
    own = _CENTER.format(looked_at=looked_at)
    return mine + " UNION ALL ".join([own, *(f"({parts[kind]})" for kind in view.kinds)])


def narrowed(view: View) -> str:
    """The condition on a work `w` that a view's years and topic are."""
    return _all(_NARROWED, _asked(view))


def _asked(view: View) -> set[str]:
    return {name for name in _NARROWED if getattr(view, name)}


def _people(center: str, asked: AbstractSet[str]) -> str:
    """The part of the query for people."""
    if not asked and center == PERSON:
        return f"SELECT 'person'::text, {_PERSON_COLUMNS}, p.total FROM {_STORED}"  # noqa: S608 - constants
    if not asked and center in _SEEN_IN:
        return _SEEN.format(columns=_PERSON_COLUMNS, table=_SEEN_IN[center], kind=center)
    rows, order = _PEOPLE[center]
    return _PART.format(kind=PERSON, columns=_PERSON_COLUMNS, rows=rows, order=order)


def _all(conditions: Mapping[str, str], asked: AbstractSet[str]) -> str:
    """Those of the conditions that are asked for, as one."""
    return " AND ".join(text for name, text in conditions.items() if name in asked) or "true"


def several(views: Sequence[View]) -> str:
    """The queries of several views as one, with the number of the view before each row. Their centers are `id_0`, `id_1` and so on."""
    return " UNION ALL ".join(
        f"SELECT {number}, u.* FROM ({statement(one).replace('%(id)s', f'%(id_{number})s')}) u"  # noqa: S608 - our own words
        for number, one in enumerate(views)
    )


def used(statement: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the statement names: the database wants to know the type of each."""
    return {name: value for name, value in given.items() if f"%({name})s" in statement}
