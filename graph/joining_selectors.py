"""Why two entities are joined: the works that belong to both, or of two works the authors of both."""

from __future__ import annotations

from typing import Final

import msgspec

from graph.algorithms import HYPER_AUTHORSHIP, strength
from graph.exploring import INSTITUTION, PERSON, TOPIC, WORK, Ref, View
from graph.neighborhood import Node
from graph.neighborhood_sql import ON_SHOWN_BYLINE, narrowed, used
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

SHOWN: Final = 30
"""Works that are listed for one edge."""

_WHOSE: Final = {
    PERSON: "SELECT a.work_id FROM works_authorship a JOIN profiles_researcher r ON r.id = a.researcher_id"
    " WHERE r.public_id = %({})s AND r.removed_at IS NULL",
    WORK: "SELECT w.id AS work_id FROM works_work w WHERE w.public_id = %({})s",
    TOPIC: "SELECT x.work_id FROM works_worktopic x JOIN works_topic t ON t.id = x.topic_id WHERE t.public_id = %({})s",
    INSTITUTION: "SELECT x.work_id FROM works_workinstitution x JOIN profiles_institution i ON i.id = x.institution_id"  # noqa: S608 - constants
    f" WHERE i.public_id = %({{}})s AND {ON_SHOWN_BYLINE.format(work='x.work_id', institution='x.institution_id')}",
}
_ON_OWN_BYLINE: Final = """
    SELECT a.work_id FROM works_authorship a JOIN profiles_researcher r ON r.id = a.researcher_id
      JOIN profiles_institution i ON i.id = ANY(a.institutions)
     WHERE r.public_id = %(one)s AND r.removed_at IS NULL AND i.public_id = %(other)s
"""
_OF_BOTH: Final = """
    SELECT w.public_id, w.slug, w.title, w.title_html, w.year, w.author_count, w.authors_truncated, count(*) OVER ()
      FROM works_work w WHERE w.id IN ({works}) AND NOT w.undone AND {narrowed}
     ORDER BY w.year DESC NULLS LAST, w.date DESC, w.id DESC LIMIT %(most)s
"""


# As for the rows next to a work: of a crowd's work only the first ones are looked at.
_IN_COMMON: Final = f"""
    SELECT r.public_id, r.slug, r.display_name, count(*) OVER ()
      FROM (SELECT a.researcher_id, min(a.position) AS place FROM works_authorship a JOIN works_work w ON w.id = a.work_id
             WHERE w.public_id = %(one)s AND NOT w.undone AND a.position < {HYPER_AUTHORSHIP} GROUP BY 1) n
      JOIN profiles_researcher r ON r.id = n.researcher_id AND r.removed_at IS NULL
     WHERE EXISTS (SELECT FROM works_authorship b JOIN works_work v ON v.id = b.work_id
                    WHERE v.public_id = %(other)s AND NOT v.undone AND b.researcher_id = n.researcher_id)
     ORDER BY n.place LIMIT {SHOWN}
"""  # noqa: S608 - constants


class Joining(msgspec.Struct, frozen=True):
    """One work that joins two entities. `adds` is what it adds to the strength of two people on it."""

    public_id: str
    slug: str
    title: str
    title_html: str
    year: int | None
    authors: int
    truncated: bool

    @property
    def href(self) -> str:
        """The address of the work's page."""
        return address("works", self.public_id, self.slug)

    @property
    def heading(self) -> str:
        """The title as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def adds(self) -> float:
        """What the work adds to the strength of a pair, see `graph.algorithms.strength`."""
        return strength(self.authors, truncated=self.truncated)


def joining(one: Ref, other: Ref, view: View) -> tuple[int, list[Joining]]:
    """How many works belong to both and to the view's years and topic, and the newest of them. One query.

    A work is joined with others by itself, whatever its year.
    An institution belongs to a person by the person's own bylines, not by those of co-authors.
    """
    if {one.kind, other.kind} == {PERSON, INSTITUTION}:
        person, institution = (one, other) if one.kind == PERSON else (other, one)
        works, ends = _ON_OWN_BYLINE, {"one": person.public_id, "other": institution.public_id}
    else:
        works = f"({_WHOSE[one.kind].format('one')}) INTERSECT ({_WHOSE[other.kind].format('other')})"
        ends = {"one": one.public_id, "other": other.public_id}
    counted = "true" if WORK in {one.kind, other.kind} else narrowed(view)
    query = _OF_BOTH.format(works=works, narrowed=counted)
    rows = bulk.fetch(
        query, used(query, {**ends, "since": view.since, "until": view.until, "topic": view.topic, "most": SHOWN})
    )
    return (rows[0][-1] if rows else 0), [Joining(*row[:-1]) for row in rows]


def in_common(one: Ref, other: Ref) -> tuple[int, list[Node]]:
    """How many authors two different works have in common, and the first of them in the order of the one. One query, or none."""
    if one.kind != WORK or other.kind != WORK or one == other:
        return 0, []
    rows = bulk.fetch(_IN_COMMON, {"one": one.public_id, "other": other.public_id})
    return (rows[0][-1] if rows else 0), [Node(PERSON, *row[:-1]) for row in rows]
