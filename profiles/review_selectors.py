"""The review queue: how many questions of which kind are open, which one comes next, and what was decided last.

Everything is counted with the predicate that decides whether a question may be answered (`profiles.questions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec

from profiles import questions
from profiles.claims import FOR_CURATORS
from profiles.ledger import EventKind
from profiles.models import ReviewKind
from profiles.proposal_selectors import COUNT as PROPOSALS
from researchgraph.lib import bulk, desk_queue
from researchgraph.lib.desk_queue import Questions, Said, Where
from works import questions as work_questions

KIND_LABELS: Final[dict[str, str]] = {
    "": "All",
    ReviewKind.MERGE: "Two records",
    ReviewKind.IDENTIFIERS: "Two identifiers",
    ReviewKind.SPLIT: "One record, two people",
    ReviewKind.BYLINE: "Undecided bylines",
}
"""What the kinds of questions are called as filters."""
PLACES: Final = ((Where.OPEN, "To decide"), (Where.ASIDE, "Put aside"), (Where.TAKEN, "Taken by others"))


class Wish(desk_queue.Wish, frozen=True):
    """What a curator asked to see of the questions about records."""

    path: ClassVar[str] = "/curate/"


class Nav(msgspec.Struct, frozen=True):
    """What waits for curators, for the navigation of their pages."""

    questions: int
    reports: int
    works: int
    claims: int
    proposals: int


class Listed(msgspec.Struct, frozen=True):
    """A question in the list. `work` is the title of the byline to decide on, "" for other kinds.

    `names` and `works` are of up to two records.
    """

    id: int
    kind: str
    names: list[str]
    works: list[int]
    scores: list[float]
    bylines: int
    work: str
    harm: float
    taken_by: str

    @property
    def label(self) -> str:
        """What kind of question it is."""
        return KIND_LABELS[self.kind]


QUESTIONS: Final = Questions(
    live=f"""
        SELECT q.id, q.kind, q.assigned_to_id IS NOT NULL AS kept, ARRAY[]::text[] AS sources, q.weight AS harm,
               CASE WHEN q.assigned_to_id <> %(user)s THEN 'taken' WHEN q.postponed_at IS NOT NULL THEN 'aside'
                    ELSE 'open' END AS place
          FROM profiles_review q WHERE {questions.OPEN}
    """,  # noqa: S608 - constants
    left="(SELECT b.weight FROM profiles_review b WHERE b.id = %(start)s)",
    rows="""
        SELECT q.id, q.kind,
               ARRAY(SELECT r.display_name FROM unnest(q.records) WITH ORDINALITY AS n(id, place)
                       JOIN profiles_researcher r ON r.id = n.id ORDER BY n.place LIMIT 2),
               ARRAY(SELECT r.works_count FROM unnest(q.records) WITH ORDINALITY AS n(id, place)
                       JOIN profiles_researcher r ON r.id = n.id ORDER BY n.place LIMIT 2),
               q.scores, cardinality(q.bylines),
               coalesce((SELECT w.title FROM works_authorship a JOIN works_work w ON w.id = a.work_id
                          WHERE q.kind = 'byline' AND a.id = q.bylines[1]), ''),
               q.weight, coalesce(u.username, '')
          FROM ranked r JOIN profiles_review q ON q.id = r.id LEFT JOIN auth_user u ON u.id = q.assigned_to_id
    """,
    row=Listed,
    places=PLACES,
    kinds=KIND_LABELS,
)
queue, queue_list = QUESTIONS.queue, QUESTIONS.listed

_REPORTS: Final = "(SELECT count(*) FROM profiles_report p WHERE p.state = 'open')"
_WORKS: Final = f"""
    (SELECT count(*) FROM works_review q WHERE {work_questions.OPEN} AND {work_questions.PLACE} = 'open')
"""  # noqa: S608 - constants
_CLAIMS: Final = f"""
    (SELECT count(*) FROM profiles_claim c WHERE c.state IN {tuple(sorted(state.value for state in FOR_CURATORS))})
"""  # noqa: S608 - constants
_NAV: Final = f"""
    SELECT (SELECT count(*) FROM profiles_review q
             WHERE q.postponed_at IS NULL AND coalesce(q.assigned_to_id, %(user)s) = %(user)s AND {questions.OPEN}),
           {_REPORTS}, {_WORKS}, {_CLAIMS}, {PROPOSALS}
"""  # noqa: S608 - constants


def nav(user: int, *, known: int | None = None) -> Nav:
    """What waits for this curator. One query; `known` is the number of questions where it has been counted already."""
    if known is not None:
        return Nav(known, *bulk.fetch(f"SELECT {_REPORTS}, {_WORKS}, {_CLAIMS}, {PROPOSALS}", {"user": user})[0])
    return Nav(*bulk.fetch(_NAV, {"user": user})[0])


_EVENTS: Final = """
    SELECT e.id, e.kind, CASE WHEN r.withheld THEN '' ELSE r.display_name END,
           CASE WHEN o.withheld THEN '' ELSE coalesce(o.display_name, '') END, cardinality(e.bylines),
           EXISTS (SELECT FROM profiles_identityevent u WHERE u.undoes_id = e.id)
      FROM profiles_identityevent e JOIN profiles_researcher r ON r.id = e.researcher_id
      LEFT JOIN profiles_researcher o ON o.id = e.other_id
     WHERE e.id = ANY(%s) AND e.actor_id = %s ORDER BY e.id
"""


def said(events: Sequence[int], *, user: int, refused: int = 0) -> Said | None:
    """What these decisions of the user were; None if none of them is. One query."""
    rows = bulk.fetch(_EVENTS, [list(events), user])
    if not rows:
        return None
    return desk_queue.said(_told(*rows[0][1:5]), [(row[0], row[5]) for row in rows], refused=refused)


def _told(kind: str, name: str, other: str, bylines: int) -> str:
    one, two = name or "a record", other or "another record"
    count = f"{bylines} {'byline' if bylines == 1 else 'bylines'}"
    match kind:
        case EventKind.MERGED:
            return f"Joined {one} and {two}."
        case EventKind.TOLD_APART:
            return f"Told {one} and {two} apart."
        case EventKind.CONFIRMED:
            return f"Confirmed {count} of {one}."
        case EventKind.REJECTED:
            return f"Marked {count} as not theirs: {one}."
        case EventKind.SPLIT:
            return f"Split {count} off the record of {one}."
        case _:
            return "Decided."
