"""The history of one work: which source records were joined in it, by the rule or by a curator, newest first.

Five queries, whatever it has been through.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from markupsafe import Markup

from profiles import printed
from profiles.printed import discloses, hidden_words
from researchgraph.lib import bulk, identifiers
from researchgraph.lib.public_ids import address
from works import decisions
from works.decisions import Decision, WorkEventKind
from works.row_selectors import markup

RECORDS_SHOWN: Final = 100


class Other(msgspec.Struct, frozen=True):
    """Another work that a decision was about."""

    title: Markup
    href: str


class Record(msgspec.Struct, frozen=True):
    """A source record of the work. `by_hand` says that a person joined it; `run` is the import's public id, or ""."""

    source: str
    key: str
    fetched_at: datetime
    run: str
    by_hand: bool


class WorkEvent(msgspec.Struct, frozen=True):
    """One decision as this work sees it. `records` names those that moved.

    `who`, `reason` and `identifier` ("ORCID iD 0000-...", "" for other decisions) are for curators only.
    """

    id: int
    title: str
    happened_at: datetime
    who: str
    reason: str
    identifier: str
    other: Other | None
    records: list[str]
    undone: bool
    undoable: bool


class WorkHistory(msgspec.Struct, frozen=True):
    """The history of a work; `moved_to` is the address of the history of the work it has joined, or ""."""

    public_id: str
    slug: str
    heading: Markup
    moved_to: str
    moved_at: datetime | None
    events: list[WorkEvent]
    records: list[Record]
    total: int

    @property
    def href(self) -> str:
        """The address of the work."""
        return address("works", self.public_id, self.slug)


_WORK: Final = """
    SELECT w.id, w.public_id, w.slug, w.title, w.title_html, coalesce(m.public_id, ''), coalesce(m.slug, ''), w.merged_at,
           ARRAY(SELECT g.id FROM works_work g WHERE g.merged_into_id = w.id ORDER BY g.id)
      FROM works_work w LEFT JOIN works_work m ON m.id = w.merged_into_id WHERE w.public_id = %s
"""
_EVENTS: Final = """
    SELECT e.id, e.kind, e.work_id, e.other_id, e.happened_at, e.undoes_id, e.records, e.before, e.after, u.username, e.reason,
           e.identifier
      FROM works_workevent e JOIN auth_user u ON u.id = e.actor_id
     WHERE (e.work_id = ANY(%(works)s) OR e.other_id = ANY(%(works)s)) ORDER BY e.id DESC
"""
_OTHERS: Final = "SELECT id, public_id, slug, title, title_html FROM works_work WHERE id = ANY(%s)"
_RECORDS: Final = """
    SELECT s.id, s.source, s.key, s.fetched_at, coalesce(r.public_id, ''), coalesce(s.work_id, 0)
      FROM works_sourcerecord s LEFT JOIN works_importrun r ON r.id = s.run_id
     WHERE s.work_id = %(work)s OR s.id = ANY(%(named)s) ORDER BY s.fetched_at, s.id
"""


def work_history(public_id: str) -> WorkHistory | None:
    """The history of a work; None if there never was one with this id."""
    rows = bulk.fetch(_WORK, [public_id])
    if not rows:
        return None
    work, _, slug, title, title_html, moved_id, moved_slug, moved_at, joined = rows[0]
    found = bulk.fetch(_EVENTS, {"works": [work, *joined]})
    known = [Decision(*row[:6], *(tuple(keys) for keys in row[6:9])) for row in found]
    named = sorted({record for decision in known for record in decision.records})
    records = bulk.fetch(_RECORDS, {"work": work, "named": named})
    hidden = _hidden({row[5] for row in records})
    shown = {row[0]: "" if discloses(row[2], hidden) else row[2] for row in records}
    keys = {row[0]: f"{row[1]} {shown[row[0]] or 'record'}" for row in records}
    others = _others(one for d in known for one in (d.work, d.other) if one is not None and one != work)
    homes = decisions.homes(known)
    picked = decisions.picked(known)
    events = [
        _event(decision, row, work, known, keys, others.get(_other(decision, work)))
        for decision, row in zip(known, found, strict=True)
    ]
    here = [row for row in records if row[5] == work]
    return WorkHistory(
        public_id,
        slug,
        markup(title, title_html),
        f"{address('works', moved_id, moved_slug)}history/" if moved_id else "",
        moved_at,
        events,
        [
            Record(source, shown[record], at, run, homes.get(record, work) != work or record in picked)
            for record, source, _, at, run, _ in here[:RECORDS_SHOWN]
        ],
        len(here),
    )


def _event(
    decision: Decision,
    row: tuple[Any, ...],
    work: int,
    known: list[Decision],
    keys: dict[int, str],
    other: Other | None,
) -> WorkEvent:
    changes = zip(decision.records, decision.before, decision.after, strict=True)
    moved = [record for record, before, after in changes if before != after]
    counts = decision.id in decisions.in_force(known[::-1])
    return WorkEvent(
        id=decision.id,
        title=_title(decision, work, known),
        happened_at=decision.happened_at,
        who=row[9],
        reason=row[10],
        identifier=_identifier(row[11]),
        other=other,
        records=[keys[record] for record in moved if record in keys],
        undone=not counts,
        undoable=counts and decision.undoes is None and decision.kind != WorkEventKind.UNSURE,
    )


def _identifier(stated: str) -> str:
    scheme, _, value = stated.partition(":")
    return f"{identifiers.label(scheme)} {value}" if value else ""


def _other(decision: Decision, work: int) -> int:
    """The work beside this one that a decision was about."""
    return (decision.work if decision.other == work else decision.other) or 0


def _title(decision: Decision, work: int, known: list[Decision]) -> str:
    match decision.kind:
        case WorkEventKind.JOINED:
            return "Joined another work" if decision.work == work else "Another work joined this one"
        case WorkEventKind.SPLIT:
            return "Some records found to be another work’s" if decision.work == work else "Split off another work"
        case WorkEventKind.TOLD_APART:
            return "Told apart from another work"
        case WorkEventKind.MENTIONED:
            return "Found to be what an episode of a podcast speaks of"
        case WorkEventKind.NOT_MENTIONED:
            return "Found not to be what an episode of a podcast speaks of"
        case WorkEventKind.ACCEPTED:
            return "An identifier found to be that of one of the authors"
        case WorkEventKind.DISMISSED:
            return "An identifier found not to be that of one of the authors"
        case WorkEventKind.UNSURE:
            return "Nothing decided yet: the question was put aside"
        case _:
            undone = next((one for one in known if one.id == decision.undoes), None)
            return f"Undone: {_UNDONE.get(undone.kind if undone else '', 'a decision')}"


_UNDONE: Final[dict[str, str]] = {
    WorkEventKind.JOINED: "two works joined",
    WorkEventKind.SPLIT: "records found to be another work’s",
    WorkEventKind.TOLD_APART: "told apart from another work",
    WorkEventKind.MENTIONED: "an episode that speaks of it",
    WorkEventKind.NOT_MENTIONED: "an episode that does not speak of it",
    WorkEventKind.ACCEPTED: "an identifier that is an author’s",
    WorkEventKind.DISMISSED: "an identifier that is not an author’s",
    WorkEventKind.UNSURE: "a question put aside",
    WorkEventKind.UNDONE: "an undoing",
}


def _hidden(works: Iterable[int]) -> frozenset[str]:
    """The words of names on these works that are not printed though the sources have them."""
    query = f"""
        SELECT {printed.NAME}, a.raw_name, a.native_name FROM works_authorship a {printed.HOLDER} WHERE a.work_id = ANY(%s)
    """  # noqa: S608 - constants
    rows = bulk.fetch(query, [sorted(works)])
    return hidden_words(
        [name for row in rows if row[0] != row[1] for name in row[1:]], shown=[row[0] for row in rows]
    )  # fmt: skip


def _others(works: Iterable[int]) -> dict[int, Other]:
    return {
        key: Other(markup(title, title_html), address("works", public_id, slug))
        for key, public_id, slug, title, title_html in bulk.fetch(_OTHERS, [sorted(set(works))])
    }
