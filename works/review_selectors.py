"""The review queue of works: how many questions are open and where, which one comes next, and what was decided last.

Everything is counted with the predicate that decides whether a question may be answered (`works.questions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec

from researchgraph.lib import bulk, desk_queue
from researchgraph.lib.desk_queue import Questions, Said, Where
from works import questions
from works.decisions import WorkEventKind

KIND_LABELS: Final[dict[str, str]] = {
    "": "All kinds",
    "work-match": "Same work?",
    "identifier-conflict": "Conflicting identifiers",
    "media-match": "Does this episode speak of it?",
}
"""What the kinds of questions are called; others by their own word."""
PLACES: Final = (
    (Where.OPEN, "To decide"), (Where.MINE, "Mine"), (Where.FREE, "Nobody’s"), (Where.ASIDE, "Put aside"),
    (Where.TAKEN, "Taken by others"),
)  # fmt: skip


class Wish(desk_queue.Wish, frozen=True):
    """What a curator asked to see of the questions about works."""

    path: ClassVar[str] = "/curate/works/"


class Listed(msgspec.Struct, frozen=True):
    """A question in the list: the work, the likeliest other one, and the figures its place rests on."""

    id: int
    kind: str
    title: str
    other: str
    sources: list[str]
    doubt: float
    people: int
    works: int
    taken_by: str

    @property
    def label(self) -> str:
        """What kind of question it is."""
        return QUESTIONS.kind_label(self.kind)

    @property
    def harm(self) -> float:
        """What it is ordered by."""
        return self.doubt * (self.people + self.works)


_SOURCES: Final = f"""
    ARRAY(SELECT DISTINCT s.source FROM works_sourcerecord s WHERE s.work_id = {questions.WORK} ORDER BY 1)
"""  # noqa: S608 - constants

QUESTIONS: Final = Questions(
    live=f"""
        SELECT l.*, l.doubt * (l.people + l.works) AS harm FROM (
            SELECT q.id, q.kind, q.assigned_to_id IS NOT NULL AS kept, {questions.PLACE} AS place, {_SOURCES} AS sources,
                   {questions.DOUBT} AS doubt, {questions.PEOPLE} AS people, {questions.WORKS} AS works
              FROM works_review q WHERE {questions.OPEN}) l
    """,  # noqa: S608 - constants
    left="(SELECT b.harm FROM live b WHERE b.id = %(start)s)",
    rows=f"""
        SELECT q.id, q.kind, coalesce((SELECT w.title FROM works_work w WHERE w.id = {questions.WORK}), q.subject),
               coalesce((SELECT w.title FROM works_work w WHERE w.id = ({questions.CANDIDATES})[1]), ''),
               r.sources, r.doubt, r.people, r.works, coalesce(u.username, '')
          FROM ranked r JOIN works_review q ON q.id = r.id LEFT JOIN auth_user u ON u.id = q.assigned_to_id
    """,  # noqa: S608 - constants
    row=Listed,
    places=PLACES,
    kinds=KIND_LABELS,
)
queue, queue_list, kind_label = QUESTIONS.queue, QUESTIONS.listed, QUESTIONS.kind_label


_EVENTS: Final = """
    SELECT e.id, e.kind, coalesce(w.title, ''), coalesce(o.title, ''),
           EXISTS (SELECT FROM works_workevent u WHERE u.undoes_id = e.id)
      FROM works_workevent e LEFT JOIN works_work w ON w.id = e.work_id LEFT JOIN works_work o ON o.id = e.other_id
     WHERE e.id = ANY(%s) AND e.actor_id = %s ORDER BY e.id
"""


def said(events: Sequence[int], *, user: int, refused: int = 0) -> Said | None:
    """What these decisions of the user were; None if none of them is. One query."""
    rows = bulk.fetch(_EVENTS, [list(events), user])
    if not rows:
        return None
    return desk_queue.said(_told(*rows[0][1:4]), [(row[0], row[4]) for row in rows], refused=refused)


def _told(kind: str, title: str, other: str) -> str:
    match kind:
        case WorkEventKind.JOINED:
            return f"One work: “{title}” joined “{other}”."
        case WorkEventKind.TOLD_APART:
            return f"Two works: “{title}” and “{other}” are told apart."
        case WorkEventKind.MENTIONED:
            return f"The episode speaks of “{title}”."
        case WorkEventKind.NOT_MENTIONED:
            return f"The episode does not speak of “{title}”."
        case WorkEventKind.UNSURE:
            return "Put aside. It is asked again when one of the source records changes."
        case _:
            return "Decided."
