"""The review queue of works: how many questions are open and where, which one comes next, and what was decided last.

Everything is counted with the predicate that decides whether a question may be answered (`works.questions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from profiles.review_selectors import QUESTIONS_A_PAGE, Filter, Place, Said
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging
from works import questions
from works.decisions import WorkEventKind

QUEUE: Final = "/curate/works/"
KIND_LABELS: Final[dict[str, str]] = {
    "work-match": "Same work?",
    "identifier-conflict": "Conflicting identifiers",
    "media-match": "Does this episode speak of it?",
}
"""What the kinds of questions are called; others by their own word."""


def kind_label(kind: str) -> str:
    """What a kind of question is called."""
    return KIND_LABELS.get(kind, kind.replace("-", " ").capitalize())


class Where(StrEnum):
    """Which open questions: all to decide, those of them one looks after or nobody does, put aside, or with others."""

    OPEN = "open"
    MINE = "mine"
    FREE = "free"
    ASIDE = "aside"
    TAKEN = "taken"


PLACES: Final = (
    (Where.OPEN, "To decide"), (Where.MINE, "Mine"), (Where.FREE, "Nobody’s"), (Where.ASIDE, "Put aside"),
    (Where.TAKEN, "Taken by others"),
)  # fmt: skip


class Wish(msgspec.Struct, frozen=True):
    """What a curator asked to see. `kind` and `source` are "" for all; `start` is the question to show, or to go on behind."""

    user: int
    kind: str = ""
    source: str = ""
    where: Where = Where.OPEN
    start: int = 0

    def href(self, **more: str | int) -> str:
        """The address of the queue with these filters."""
        where = "" if self.where is Where.OPEN else self.where.value
        asked = {"kind": self.kind, "source": self.source, "where": where, **more}
        pairs = {name: value for name, value in asked.items() if value not in {"", 0}}
        return f"{QUEUE}?{urlencode(pairs)}" if pairs else QUEUE


class Filters(msgspec.Struct, frozen=True):
    """The filters by place, kind and source. `waiting` are to be decided in all, `total` are left by the present ones."""

    places: list[Filter]
    kinds: list[Filter]
    sources: list[Filter]
    waiting: int
    total: int


class Queue(msgspec.Struct, frozen=True):
    """The filters, and the question that comes next: None if there is none."""

    wish: Wish
    filters: Filters
    place: Place | None


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
        return kind_label(self.kind)

    @property
    def harm(self) -> float:
        """What it is ordered by."""
        return self.doubt * (self.people + self.works)


class QueueList(msgspec.Struct, frozen=True):
    """A page of the queue as a list."""

    wish: Wish
    filters: Filters
    questions: list[Listed]
    paging: Paging


_SOURCES: Final = f"""
    ARRAY(SELECT DISTINCT s.source FROM works_sourcerecord s WHERE s.work_id = {questions.WORK} ORDER BY 1)
"""  # noqa: S608 - constants
_LIVE: Final = f"""
    WITH live AS MATERIALIZED (
        SELECT q.id, q.kind, q.assigned_to_id, {questions.PLACE} AS place, {_SOURCES} AS sources,
               {questions.DOUBT} AS doubt, {questions.PEOPLE} AS people, {questions.WORKS} AS works
          FROM works_review q WHERE {questions.OPEN}),
    ranked AS (
        SELECT l.*, l.doubt * (l.people + l.works) AS harm FROM live l
         WHERE (%(kind)s = '' OR l.kind = %(kind)s) AND (%(source)s = '' OR %(source)s = ANY(l.sources))
           AND CASE %(where)s WHEN 'mine' THEN l.place = 'open' AND l.assigned_to_id = %(user)s
                              WHEN 'free' THEN l.place = 'open' AND l.assigned_to_id IS NULL
                              ELSE l.place = %(where)s END)
"""  # noqa: S608 - constants

_COUNTS: Final = f"""
    {_LIVE} SELECT l.place, l.assigned_to_id IS NOT NULL, l.kind, l.sources, count(*) FROM live l GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - constants

_PLACE: Final = f"""
    {_LIVE}
    SELECT s.id, s.number, s.total, coalesce(s.back, 0), coalesce(s.next, 0) FROM (
        SELECT r.id, r.harm, row_number() OVER w AS number, count(*) OVER () AS total,
               lag(r.id) OVER w AS back, lead(r.id) OVER w AS next
          FROM ranked r WINDOW w AS (ORDER BY r.harm DESC, r.id)) s
      LEFT JOIN live b ON b.id = %(start)s
     ORDER BY s.id = %(start)s DESC,
              coalesce((-s.harm, s.id) > (-b.doubt * (b.people + b.works), b.id), s.id > %(start)s) DESC, s.number LIMIT 1
"""  # noqa: S608 - constants

_LIST: Final = f"""
    {_LIVE}
    SELECT q.id, q.kind, coalesce((SELECT w.title FROM works_work w WHERE w.id = {questions.WORK}), q.subject),
           coalesce((SELECT w.title FROM works_work w WHERE w.id = ({questions.CANDIDATES})[1]), ''),
           r.sources, r.doubt, r.people, r.works, coalesce(u.username, '')
      FROM ranked r JOIN works_review q ON q.id = r.id LEFT JOIN auth_user u ON u.id = q.assigned_to_id
     ORDER BY r.harm DESC, r.id LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608 - constants


def queue(wish: Wish) -> Queue:
    """The next question under these filters, and how many there are under others. Two queries."""
    rows = bulk.fetch(_PLACE, _given(wish))
    return Queue(wish, _filters(wish), Place(*rows[0]) if rows else None)


def queue_list(wish: Wish, *, page: str) -> QueueList:
    """The questions under these filters, most harmful first. Two queries."""
    filters = _filters(wish, view="list")
    chosen = {"kind": wish.kind, "source": wish.source, "where": "" if wish.where is Where.OPEN else wish.where.value}
    window = paging(
        page=page_number(page, size=QUESTIONS_A_PAGE),
        size=QUESTIONS_A_PAGE,
        total=filters.total,
        path=QUEUE,
        parameters=(("view", "list"), *((name, value) for name, value in chosen.items() if value)),
    )
    rows = bulk.fetch(_LIST, {**_given(wish), "limit": window.size, "offset": window.offset})
    return QueueList(wish, filters, [Listed(*row) for row in rows], window)


def _given(wish: Wish) -> dict[str, Any]:
    return {
        "user": wish.user, "kind": wish.kind, "source": wish.source, "where": wish.where.value, "start": wish.start,
    }  # fmt: skip


def _filters(wish: Wish, **more: str) -> Filters:
    counts: list[tuple[str, bool, str, list[str], int]] = [
        (place, kept, kind, sources, count) for place, kept, kind, sources, count in bulk.fetch(_COUNTS, _given(wish))
    ]

    def shown(where: Where, kind: str, source: str) -> int:
        return sum(
            count
            for place, kept, one, sources, count in counts
            if _within(where, place, kept=kept) and kind in {"", one} and (not source or source in sources)
        )

    def link(**changes: Any) -> str:
        return msgspec.structs.replace(wish, start=0, **changes).href(**more)

    kinds = list(dict.fromkeys([*KIND_LABELS, *sorted(kind for _, _, kind, _, _ in counts)]))
    sources = sorted({source for _, _, _, several, _ in counts for source in several})
    return Filters(
        places=[
            Filter(label, link(where=where), shown(where, wish.kind, wish.source), on=wish.where is where)
            for where, label in PLACES
        ],
        kinds=[Filter("All kinds", link(kind=""), shown(wish.where, "", wish.source), on=not wish.kind)]
        + [
            Filter(kind_label(kind), link(kind=kind), shown(wish.where, kind, wish.source), on=wish.kind == kind)
            for kind in kinds
        ],
        sources=[Filter("All sources", link(source=""), shown(wish.where, wish.kind, ""), on=not wish.source)]
        + [
            Filter(source, link(source=source), shown(wish.where, wish.kind, source), on=wish.source == source)
            for source in sources
        ],
        waiting=shown(Where.OPEN, "", ""),
        total=shown(wish.where, wish.kind, wish.source),
    )


def _within(where: Where, place: str, *, kept: bool) -> bool:
    if where in {Where.MINE, Where.FREE}:
        return place == Where.OPEN and kept is (where is Where.MINE)
    return place == where


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
    text = _told(*rows[0][1:4])
    if len(rows) > 1:
        text += f" The same for {len(rows) - 1} more."
    if refused:
        text += f" {refused} had changed meanwhile and {'was' if refused == 1 else 'were'} left alone."
    undoable = not any(row[4] for row in rows)
    return Said(text, ".".join(str(row[0]) for row in rows) if undoable else "")


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
