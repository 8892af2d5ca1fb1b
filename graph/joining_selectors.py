"""Why two entities are joined: the works that belong to both."""

from __future__ import annotations

from typing import Final

import msgspec

from graph.algorithms import strength
from graph.exploring import INSTITUTION, PERSON, TOPIC, WORK, Ref
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

SHOWN: Final = 30
"""Works that are listed for one edge."""

_WHOSE: Final = {
    PERSON: "SELECT a.work_id FROM works_authorship a JOIN profiles_researcher r ON r.id = a.researcher_id"
    " WHERE r.public_id = %s AND r.removed_at IS NULL",
    WORK: "SELECT w.id AS work_id FROM works_work w WHERE w.public_id = %s",
    TOPIC: "SELECT x.work_id FROM works_worktopic x JOIN works_topic t ON t.id = x.topic_id WHERE t.public_id = %s",
    INSTITUTION: "SELECT x.work_id FROM works_workinstitution x JOIN profiles_institution i ON i.id = x.institution_id"
    " WHERE i.public_id = %s",
}
_ON_OWN_BYLINE: Final = """
    SELECT a.work_id FROM works_authorship a JOIN profiles_researcher r ON r.id = a.researcher_id
      JOIN profiles_institution i ON i.id = ANY(a.institutions)
     WHERE r.public_id = %s AND r.removed_at IS NULL AND i.public_id = %s
"""
_OF_BOTH: Final = """
    SELECT w.public_id, w.slug, w.title, w.title_html, w.year, w.author_count, w.authors_truncated, count(*) OVER ()
      FROM works_work w WHERE w.id IN ({works}) AND NOT w.undone
     ORDER BY w.year DESC NULLS LAST, w.date DESC, w.id DESC LIMIT %s
"""


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


def joining(one: Ref, other: Ref) -> tuple[int, list[Joining]]:
    """How many works belong to both, and the newest of them. One query.

    An institution belongs to a person by the person's own bylines, not by those of co-authors.
    """
    if {one.kind, other.kind} == {PERSON, INSTITUTION}:
        person, institution = (one, other) if one.kind == PERSON else (other, one)
        works, given = _ON_OWN_BYLINE, [person.public_id, institution.public_id]
    else:
        works, given = f"({_WHOSE[one.kind]}) INTERSECT ({_WHOSE[other.kind]})", [one.public_id, other.public_id]
    rows = bulk.fetch(_OF_BOTH.format(works=works), [*given, SHOWN])
    return (rows[0][-1] if rows else 0), [Joining(*row[:-1]) for row in rows]
