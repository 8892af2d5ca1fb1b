"""The review queue: how many questions of which kind are open, which one comes next, and what was decided last.

Everything is counted with the predicate that decides whether a question may be answered (`profiles.questions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from profiles import questions
from profiles.ledger import EventKind
from profiles.models import ReviewKind
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging
from works import questions as work_questions

QUESTIONS_A_PAGE: Final = 50
QUEUE: Final = "/curate/"
KIND_LABELS: Final[dict[str, str]] = {
    ReviewKind.MERGE: "Two records",
    ReviewKind.IDENTIFIERS: "Two identifiers",
    ReviewKind.SPLIT: "One record, two people",
    ReviewKind.BYLINE: "Undecided bylines",
}
"""What the kinds of questions are called as filters."""


class Where(StrEnum):
    """Where an open question is: in the queue, put aside by somebody, or looked after by somebody else."""

    OPEN = "open"
    ASIDE = "aside"
    TAKEN = "taken"


class Wish(msgspec.Struct, frozen=True):
    """What a curator asked to see. `kind` is "" for all; `start` is the question to show, or to go on behind."""

    user: int
    kind: str = ""
    where: Where = Where.OPEN
    start: int = 0

    def href(self, **more: str | int) -> str:
        """The address of the queue with these filters."""
        asked = {"kind": self.kind, "where": "" if self.where is Where.OPEN else self.where.value, **more}
        pairs = {name: value for name, value in asked.items() if value not in {"", 0}}
        return f"{QUEUE}?{urlencode(pairs)}" if pairs else QUEUE


class Filter(msgspec.Struct, frozen=True):
    """A filter with the number of questions it leaves."""

    label: str
    href: str
    count: int
    on: bool


class Nav(msgspec.Struct, frozen=True):
    """What waits for curators, for the navigation of their pages."""

    questions: int
    reports: int
    works: int


class Place(msgspec.Struct, frozen=True):
    """A question in the queue: the `number`-th of `total`; 0 stands for no neighbor."""

    id: int
    number: int
    total: int
    back: int
    next: int


class Queue(msgspec.Struct, frozen=True):
    """The filters, and the question that comes next: None if there is none. `waiting` are to be decided in all."""

    wish: Wish
    kinds: list[Filter]
    places: list[Filter]
    waiting: int
    place: Place | None


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
    weight: float
    taken_by: str

    @property
    def label(self) -> str:
        """What kind of question it is."""
        return KIND_LABELS[self.kind]


class QueueList(msgspec.Struct, frozen=True):
    """A page of the queue as a list. `waiting` are to be decided in all."""

    wish: Wish
    kinds: list[Filter]
    places: list[Filter]
    waiting: int
    questions: list[Listed]
    paging: Paging


class Said(msgspec.Struct, frozen=True):
    """What the curator has just decided, in words; `events` undo it, joined by dots, "" if that is not possible."""

    text: str
    events: str


_LIVE: Final = f"""
    WITH live AS MATERIALIZED (
        SELECT q.id, q.kind, q.weight,
               CASE WHEN q.assigned_to_id <> %(user)s THEN 'taken' WHEN q.postponed_at IS NOT NULL THEN 'aside'
                    ELSE 'open' END AS place
          FROM profiles_review q WHERE {questions.OPEN})
"""  # noqa: S608 - constants
_SHOWN: Final = "l.place = %(where)s AND (%(kind)s = '' OR l.kind = %(kind)s)"

_COUNTS: Final = f"{_LIVE} SELECT l.place, l.kind, count(*) FROM live l GROUP BY 1, 2"  # noqa: S608 - constants

_PLACE: Final = f"""
    {_LIVE}
    SELECT s.id, s.number, s.total, coalesce(s.back, 0), coalesce(s.next, 0) FROM (
        SELECT l.id, l.weight, row_number() OVER w AS number, count(*) OVER () AS total,
               lag(l.id) OVER w AS back, lead(l.id) OVER w AS next
          FROM live l WHERE {_SHOWN} WINDOW w AS (ORDER BY l.weight DESC, l.id)) s
      LEFT JOIN profiles_review b ON b.id = %(start)s
     ORDER BY s.id = %(start)s DESC, coalesce((-s.weight, s.id) > (-b.weight, b.id), false) DESC, s.number LIMIT 1
"""  # noqa: S608 - constants

_LIST: Final = f"""
    {_LIVE}
    SELECT q.id, q.kind,
           ARRAY(SELECT r.display_name FROM unnest(q.records) WITH ORDINALITY AS n(id, place)
                   JOIN profiles_researcher r ON r.id = n.id ORDER BY n.place LIMIT 2),
           ARRAY(SELECT r.works_count FROM unnest(q.records) WITH ORDINALITY AS n(id, place)
                   JOIN profiles_researcher r ON r.id = n.id ORDER BY n.place LIMIT 2),
           q.scores, cardinality(q.bylines),
           coalesce((SELECT w.title FROM works_authorship a JOIN works_work w ON w.id = a.work_id
                      WHERE q.kind = 'byline' AND a.id = q.bylines[1]), ''),
           q.weight, coalesce(u.username, '')
      FROM live l JOIN profiles_review q ON q.id = l.id LEFT JOIN auth_user u ON u.id = q.assigned_to_id
     WHERE {_SHOWN} ORDER BY {questions.ORDER} LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608 - constants

_REPORTS: Final = "(SELECT count(*) FROM profiles_report p WHERE p.state = 'open')"
_WORKS: Final = f"""
    (SELECT count(*) FROM works_review q WHERE {work_questions.OPEN} AND {work_questions.PLACE} = 'open')
"""  # noqa: S608 - constants

_NAV: Final = f"""
    SELECT (SELECT count(*) FROM profiles_review q
             WHERE q.postponed_at IS NULL AND coalesce(q.assigned_to_id, %(user)s) = %(user)s AND {questions.OPEN}),
           {_REPORTS}, {_WORKS}
"""  # noqa: S608 - constants


def nav(user: int, *, known: int | None = None) -> Nav:
    """What waits for this curator. One query; `known` is the number of questions where it has been counted already."""
    if known is not None:
        return Nav(known, *bulk.fetch(f"SELECT {_REPORTS}, {_WORKS}", {"user": user})[0])
    return Nav(*bulk.fetch(_NAV, {"user": user})[0])


def queue(wish: Wish) -> Queue:
    """The next question under these filters, and how many there are under others. Two queries."""
    kinds, places, waiting, _ = _filters(wish)
    rows = bulk.fetch(_PLACE, _given(wish))
    return Queue(wish, kinds, places, waiting, Place(*rows[0]) if rows else None)


def queue_list(wish: Wish, *, page: str) -> QueueList:
    """The questions under these filters, most harmful first. Two queries."""
    kinds, places, waiting, total = _filters(wish, view="list")
    window = paging(
        page=page_number(page, size=QUESTIONS_A_PAGE),
        size=QUESTIONS_A_PAGE,
        total=total,
        path=QUEUE,
        parameters=(
            ("view", "list"),
            *([("kind", wish.kind)] if wish.kind else []),
            *([("where", wish.where.value)] if wish.where is not Where.OPEN else []),
        ),
    )
    rows = bulk.fetch(_LIST, {**_given(wish), "limit": window.size, "offset": window.offset})
    return QueueList(wish, kinds, places, waiting, [Listed(*row) for row in rows], window)


def _given(wish: Wish) -> dict[str, Any]:
    return {"user": wish.user, "kind": wish.kind, "where": wish.where.value, "start": wish.start}


def _filters(wish: Wish, **more: str) -> tuple[list[Filter], list[Filter], int, int]:
    """The filters by kind and by place, how many questions wait in all, and how many the present filters leave."""
    counts: dict[tuple[str, str], int] = {
        (place, kind): count for place, kind, count in bulk.fetch(_COUNTS, {"user": wish.user})
    }

    def shown(where: str, kind: str) -> int:
        return sum(n for (place, one), n in counts.items() if place == where and kind in {"", one})

    def link(**changes: Any) -> str:
        return msgspec.structs.replace(wish, start=0, **changes).href(**more)

    kinds = [
        Filter(label, link(kind=kind), shown(wish.where, kind), on=wish.kind == kind)
        for kind, label in (("", "All"), *KIND_LABELS.items())
    ]
    labels = ((Where.OPEN, "To decide"), (Where.ASIDE, "Put aside"), (Where.TAKEN, "Taken by others"))
    places = [
        Filter(label, link(where=where), shown(where, wish.kind), on=wish.where is where) for where, label in labels
    ]
    return kinds, places, shown(Where.OPEN, ""), shown(wish.where, wish.kind)


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
    text = _told(*rows[0][1:5])
    if len(rows) > 1:
        text += f" The same for {len(rows) - 1} more."
    if refused:
        text += f" {refused} had changed meanwhile and {'was' if refused == 1 else 'were'} left alone."
    undoable = not any(row[5] for row in rows)
    return Said(text, ".".join(str(row[0]) for row in rows) if undoable else "")


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
