"""What is asked at a desk of curators: how many questions are open and where, which one comes next, and a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging

QUESTIONS_A_PAGE: Final = 50

Row = TypeVar("Row")


class Where(StrEnum):
    """Which open questions: all to decide, those of them one looks after or nobody does, put aside, or with others."""

    OPEN = "open"
    MINE = "mine"
    FREE = "free"
    ASIDE = "aside"
    TAKEN = "taken"


class Wish(msgspec.Struct, frozen=True):
    """What a curator asked to see. `kind` and `source` are "" for all; `start` is the question to show, or to go on behind.

    `path` is where the queue is.
    """

    path: ClassVar[str]

    user: int
    kind: str = ""
    source: str = ""
    where: Where = Where.OPEN
    start: int = 0

    def chosen(self) -> dict[str, str]:
        """The filters by their names in addresses, without those that leave everything."""
        where = "" if self.where is Where.OPEN else self.where.value
        pairs = {"kind": self.kind, "source": self.source, "where": where}
        return {name: value for name, value in pairs.items() if value}

    def href(self, **more: str | int) -> str:
        """The address of the queue with these filters."""
        pairs = {**self.chosen(), **{name: value for name, value in more.items() if value}}
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


class Filter(msgspec.Struct, frozen=True):
    """A filter with the number of questions it leaves."""

    label: str
    href: str
    count: int
    on: bool


class Place(msgspec.Struct, frozen=True):
    """A question in the queue: the `number`-th of `total`; 0 stands for no neighbor."""

    id: int
    number: int
    total: int
    back: int
    next: int


class Filters(msgspec.Struct, frozen=True):
    """The filters by place, kind and source. `waiting` are to be decided in all, `total` are left by the present ones."""

    wish: Wish
    places: list[Filter]
    kinds: list[Filter]
    sources: list[Filter]
    waiting: int
    total: int

    @property
    def rows(self) -> list[list[Filter]]:
        """The filters to print: without those that leave nothing, and only where there is a choice."""
        several = [some for some in (self.places, self.kinds, self.sources) if len(some) > 2]
        rows = [[one for one in some if one.count or one.on or one is some[0]] for some in several]
        return [row for row in rows if len(row) > 1]


class Queue(Filters, frozen=True):
    """The filters, and the question that comes next: None if there is none."""

    place: Place | None


class QueueList(Filters, Generic[Row], frozen=True):
    """A page of the queue as a list."""

    questions: list[Row]
    paging: Paging


class Said(msgspec.Struct, frozen=True):
    """What the curator has just decided, in words; `events` undo it, joined by dots, "" if that is not possible."""

    text: str
    events: str


class Questions(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Where the questions of a queue are read.

    `live` is a query of the open ones for the curator %(user)s: `id`, `kind`, `place` (open, aside or taken), `kept`
    (somebody looks after it), `sources`, `harm`. `left` is the harm of question %(start)s once it is open no more, if that
    is known. `rows` selects the values of a `row` of the list from `ranked r`, those of the questions under the filters.
    `kinds` are the labels of kinds, "" for all of them.
    """

    live: str
    left: str
    rows: str
    row: Callable[..., Row]
    places: Sequence[tuple[Where, str]]
    kinds: dict[str, str]

    def queue(self, wish: Wish) -> Queue:
        """The next question under these filters, and how many there are under others. Two queries."""
        rows = bulk.fetch(
            f"""
            {self._ranked()}
            SELECT s.id, s.number, s.total, coalesce(s.back, 0), coalesce(s.next, 0) FROM (
                SELECT r.id, r.harm, row_number() OVER w AS number, count(*) OVER () AS total,
                       lag(r.id) OVER w AS back, lead(r.id) OVER w AS next
                  FROM ranked r WINDOW w AS (ORDER BY r.harm DESC, r.id)) s
             ORDER BY s.id = %(start)s DESC,
                      coalesce((-s.harm, s.id) > (-{self.left}, %(start)s), s.id > %(start)s) DESC, s.number LIMIT 1
            """,  # noqa: S608 - our own words
            _given(wish),
        )
        return Queue(**msgspec.structs.asdict(self._filters(wish)), place=Place(*rows[0]) if rows else None)

    def listed(self, wish: Wish, *, page: str) -> QueueList[Row]:
        """The questions under these filters, most harmful first. Two queries."""
        filters = self._filters(wish, view="list")
        window = paging(
            page=page_number(page, size=QUESTIONS_A_PAGE),
            size=QUESTIONS_A_PAGE,
            total=filters.total,
            path=wish.path,
            parameters=(("view", "list"), *wish.chosen().items()),
        )
        query = f"{self._ranked()} {self.rows} ORDER BY r.harm DESC, r.id LIMIT %(limit)s OFFSET %(offset)s"
        rows = bulk.fetch(query, {**_given(wish), "limit": window.size, "offset": window.offset})
        return QueueList(**msgspec.structs.asdict(filters), questions=[self.row(*row) for row in rows], paging=window)

    def kind_label(self, kind: str) -> str:
        """What a kind of question is called."""
        return self.kinds.get(kind, kind.replace("-", " ").capitalize())

    def _ranked(self) -> str:
        return f"""
            WITH live AS MATERIALIZED ({self.live}),
            ranked AS (
                SELECT l.* FROM live l
                 WHERE (%(kind)s = '' OR l.kind = %(kind)s) AND (%(source)s = '' OR %(source)s = ANY(l.sources))
                   AND CASE %(where)s WHEN 'mine' THEN l.place = 'open' AND l.kept
                                      WHEN 'free' THEN l.place = 'open' AND NOT l.kept ELSE l.place = %(where)s END)
        """  # noqa: S608 - our own words

    def _filters(self, wish: Wish, **more: str) -> Filters:
        query = f"""
            SELECT l.place, l.kept, l.kind, l.sources, count(*) FROM ({self.live}) l GROUP BY 1, 2, 3, 4
        """  # noqa: S608 - our own words
        counts: list[tuple[str, bool, str, list[str], int]] = [
            (place, kept, kind, sources, count) for place, kept, kind, sources, count in bulk.fetch(query, _given(wish))
        ]

        def shown(where: Where, kind: str, source: str) -> int:
            return sum(
                count
                for place, kept, one, sources, count in counts
                if _within(where, place, kept=kept) and kind in {"", one} and (not source or source in sources)
            )

        def some(name: str, choices: Iterable[tuple[Any, str]]) -> list[Filter]:
            """A filter for each choice of the field `name`, with the others as they are."""
            present = {"where": wish.where, "kind": wish.kind, "source": wish.source}
            return [
                Filter(
                    label,
                    msgspec.structs.replace(wish, start=0, **{name: choice}).href(**more),
                    shown(**{**present, name: choice}),
                    on=present[name] == choice,
                )
                for choice, label in choices
            ]

        kinds = dict.fromkeys([*self.kinds, *sorted(kind for _, _, kind, _, _ in counts)])
        sources = sorted({source for _, _, _, several, _ in counts for source in several})
        return Filters(
            wish=wish,
            places=some("where", self.places),
            kinds=some("kind", [(kind, self.kind_label(kind)) for kind in kinds]),
            sources=some("source", [("", "All sources"), *((source, source) for source in sources)]),
            waiting=shown(Where.OPEN, "", ""),
            total=shown(wish.where, wish.kind, wish.source),
        )


def _given(wish: Wish) -> dict[str, Any]:
    return {**msgspec.structs.asdict(wish), "where": wish.where.value}


def _within(where: Where, place: str, *, kept: bool) -> bool:
    if where in {Where.MINE, Where.FREE}:
        return place == Where.OPEN and kept is (where is Where.MINE)
    return place == where


def said(text: str, events: Sequence[tuple[int, bool]], *, refused: int) -> Said:
    """Several decisions in words: `text` is the first. `events` are their keys, and whether they have been undone."""
    if len(events) > 1:
        text += f" The same for {len(events) - 1} more."
    if refused:
        text += f" {refused} had changed meanwhile and {'was' if refused == 1 else 'were'} left alone."
    undone = any(one for _, one in events)
    return Said(text, "" if undone else ".".join(str(event) for event, _ in events))
