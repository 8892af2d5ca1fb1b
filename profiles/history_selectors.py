"""The history of one record: its identity events in plain English, newest first. Six queries, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from profiles import printed
from profiles.ledger import EventKind
from profiles.selectors import Stamp, stamp
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

EVENTS_A_PAGE: Final = 30
WORKS_NAMED: Final = 5
DECIDED: Final = frozenset({
    EventKind.CONFIRMED, EventKind.REASSIGNED, EventKind.REJECTED, EventKind.MERGED, EventKind.SPLIT, EventKind.TOLD_APART,
    EventKind.REMOVED,
})  # fmt: skip
"""What a curator may undo here. A record withheld at the person's request comes back by their word only."""

_MINE = "(e.researcher_id = %s OR e.other_id = %s)"


class Named(msgspec.Struct, frozen=True):
    """A work or a record to link to; without an address where it is not public."""

    title: str
    href: str


class HistoryEvent(msgspec.Struct, frozen=True):
    """One event as this record sees it. `works` are a few of `count`; `who` and `reason` are for curators only."""

    id: int
    title: str
    happened_at: datetime
    by_rule: bool
    by_author: bool
    who: str
    reason: str
    works: list[Named]
    count: int
    other: Named | None
    undone: bool
    undoable: bool


class HistoryPage(msgspec.Struct, frozen=True):
    """A page of the history; `record` names the state of the record itself."""

    record: Stamp
    events: list[HistoryEvent]
    total: int
    paging: Paging


class _Row(msgspec.Struct, frozen=True):
    id: int
    kind: str
    happened_at: datetime
    reason: str
    who: str | None
    by_author: bool
    researcher: int
    other: int | None
    bylines: list[int]
    before: list[int | None]
    after: list[int | None]
    undoes: int | None


def history_page(public_id: str, *, page: str) -> HistoryPage | None:
    """The history of a record; None if there never was one with this id."""
    record = stamp(public_id)
    if record is None:
        return None
    mine = [record.id, record.id]
    total = bulk.fetch(f"SELECT count(*) FROM profiles_identityevent e WHERE {_MINE}", mine)[0][0]  # noqa: S608 - our own words
    number = page_number(page, size=EVENTS_A_PAGE)
    pages = paging(page=number, size=EVENTS_A_PAGE, total=total, path=f"{record.href}history/")
    rows = [
        _Row(*row)
        for row in bulk.fetch(
            f"""
            SELECT e.id, e.kind, e.happened_at, e.reason, u.username,
                   EXISTS (SELECT FROM profiles_claim c WHERE c.claimant_id = e.actor_id AND (
                           e.kind = 'researcher:released' OR EXISTS (
                               SELECT FROM profiles_claimdeed d WHERE d.claim_id = c.id AND d.event_id = e.id))),
                   e.researcher_id, e.other_id, e.bylines, e.before, e.after, e.undoes_id
              FROM profiles_identityevent e LEFT JOIN auth_user u ON u.id = e.actor_id
             WHERE {_MINE} ORDER BY e.id DESC LIMIT %s OFFSET %s
            """,  # noqa: S608 - our own words
            [*mine, EVENTS_A_PAGE, pages.offset],
        )
    ]
    undone = _undone(mine)
    kinds = _kinds({row.undoes for row in rows if row.undoes is not None})
    shown = {row.id: _shown(row, record.id) for row in rows}
    works = _works({byline for bylines in shown.values() for byline in bylines[:WORKS_NAMED]})
    others = _records(
        {one for row in rows for one in (row.researcher, row.other) if one is not None and one != record.id}
    )
    events = [
        HistoryEvent(
            id=row.id,
            title=_title(row, record.id, len(shown[row.id]), kinds),
            happened_at=row.happened_at,
            by_rule=row.who is None,
            by_author=row.by_author,
            who=row.who or "",
            reason=row.reason,
            works=[works[byline] for byline in shown[row.id][:WORKS_NAMED] if byline in works],
            count=len(shown[row.id]),
            other=others.get(row.researcher if row.researcher != record.id else row.other or 0),
            undone=row.id in undone,
            undoable=row.who is not None and row.kind in DECIDED and row.id not in undone,
        )
        for row in rows
    ]
    return HistoryPage(record, events, total, pages)


def _shown(row: _Row, researcher: int) -> list[int]:
    """The bylines an event is about, of a change of hands those this record gained or lost."""
    if row.kind != EventKind.MOVED:
        return row.bylines
    moves = zip(row.bylines, row.before, row.after, strict=True)
    return [byline for byline, before, after in moves if researcher in (before, after)]


def _title(row: _Row, researcher: int, count: int, kinds: dict[int, str]) -> str:  # noqa: PLR0911 - one for each kind
    works = f"{count:,} {'work' if count == 1 else 'works'}"
    incoming = row.other == researcher
    match row.kind:
        case EventKind.ASSIGNED:
            return f"{works} attached"
        case EventKind.MOVED:
            gained = sum(after == researcher for after in row.after)
            return (
                f"{works} attached" if gained == count else f"{works} left" if not gained else f"{works} changed hands"
            )
        case EventKind.CONFIRMED:
            return f"{works} confirmed"
        case EventKind.REASSIGNED:
            return f"{works} taken over" if incoming else f"{works} given to another record"
        case EventKind.REJECTED:
            return f"{works} marked as not theirs"
        case EventKind.MERGED:
            return "Another record joined this one" if incoming else "Joined another record"
        case EventKind.SPLIT:
            return (
                f"Split off from another record with {works}"
                if incoming
                else f"{works} split off into a record of their own"
            )
        case EventKind.TOLD_APART:
            return "Told apart from another record"
        case EventKind.CLAIMED:
            return "Claimed by the author"
        case EventKind.RELEASED:
            return "Claim given back"
        case EventKind.UNDONE:
            return f"Undone: {_UNDONE.get(kinds.get(row.undoes or 0, ''), 'a decision')}"
        case _:
            return "Record taken down"


_UNDONE: Final[dict[str, str]] = {
    EventKind.CONFIRMED: "works confirmed",
    EventKind.REASSIGNED: "works given to another record",
    EventKind.REJECTED: "works marked as not theirs",
    EventKind.MERGED: "two records joined",
    EventKind.SPLIT: "works split off",
    EventKind.TOLD_APART: "told apart from another record",
    EventKind.REMOVED: "record taken down",
    EventKind.CLAIMED: "the claim of an author",
    EventKind.UNDONE: "an undoing",
}


def _undone(mine: Sequence[int]) -> set[int]:
    """Events that do not count now: undone by an event that itself counts."""
    query = f"SELECT e.undoes_id, e.id FROM profiles_identityevent e WHERE e.undoes_id IS NOT NULL AND {_MINE}"  # noqa: S608 - our own words
    undone_by: dict[int, int] = dict(bulk.fetch(query, list(mine)))
    found: set[int] = set()
    for target, by in sorted(undone_by.items(), key=lambda pair: -pair[1]):
        if by not in found:
            found.add(target)
    return found


def _kinds(events: Iterable[int]) -> dict[int, str]:
    return dict(bulk.fetch("SELECT id, kind FROM profiles_identityevent WHERE id = ANY(%s)", [sorted(events)]))


def _works(bylines: Iterable[int]) -> dict[int, Named]:
    """The work of each byline that still exists."""
    query = """
        SELECT n.key, w.public_id, w.slug, w.title, w.title_html
          FROM unnest(%s::bigint[]) AS n(key) LEFT JOIN works_carriedbyline c ON c.byline = n.key
          JOIN works_authorship a ON a.id = coalesce(c.carrier, n.key) JOIN works_work w ON w.id = a.work_id
    """
    return {
        key: Named(markup(title, title_html), address("works", public_id, slug))
        for key, public_id, slug, title, title_html in bulk.fetch(query, [sorted(bylines)])
    }


def _records(researchers: Iterable[int]) -> dict[int, Named]:
    """The other records of the events, under the names that are printed."""
    query = f"""
        SELECT h.id, {printed.SHOWN_ID}, {printed.SHOWN_SLUG}, h.display_name, h.withheld
          FROM profiles_researcher h WHERE h.id = ANY(%s)
    """  # noqa: S608 - our own words
    found = {}
    for key, public_id, slug, name, withheld in bulk.fetch(query, [sorted(researchers)]):
        gone = withheld or not public_id
        found[key] = (
            Named("a record that was taken down", "") if gone else Named(name, address("researchers", public_id, slug))
        )
    return found
