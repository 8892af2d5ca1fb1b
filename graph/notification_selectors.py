"""An account's notifications: read from what they point to, as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final

import msgspec
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef

from graph.audience import CONCERNED, DECISION, FOLLOWS, HELD_BY, SAME_RECORD
from graph.feed_selectors import LAST, position
from graph.follow_models import FollowKind
from graph.notification_models import Notification
from graph.notification_texts import COUNTED, ClaimWord, Part, Rearranged, of_claim, of_records, of_works
from profiles.claim_models import Claim, NoticeKind
from profiles.flows.claims import notices
from researchgraph.lib import bulk

LINES_A_PAGE: Final = 20


def unread(account: OuterRef) -> Func:
    """How many notifications the account of an outer query has not read, up to COUNTED: one look into an index."""
    marked = Notification.objects.filter(account=account, read_at=None).values("pk")[:COUNTED]
    return Func(ArraySubquery(marked), function="cardinality", output_field=IntegerField())


class Line(msgspec.Struct, frozen=True):
    """One notification. `why` is what the account has to do with it, `action` and `href` where it can be acted upon."""

    id: int
    at: datetime
    unread: bool
    label: str
    parts: list[Part]
    action: str
    href: str
    why: str = ""

    @property
    def sentence(self) -> str:
        """What it says, as plain text."""
        return "".join(part.text for part in self.parts)


class Choices(msgspec.Struct, frozen=True):
    """What an account wants to hear, beside of claims."""

    records: bool
    works: bool


class NotificationPage(msgspec.Struct, frozen=True):
    """A window on the notifications. `newest` is the newest of all; `unread` is whether any is, shown here or not."""

    first: bool
    lines: list[Line]
    older: str
    newest: int
    unread: bool
    choices: Choices

    @property
    def days(self) -> Iterator[tuple[date, list[Line]]]:
        """The lines by the day they came."""
        return ((day, list(lines)) for day, lines in groupby(self.lines, key=lambda line: line.at.date()))


class _Row(msgspec.Struct, frozen=True):
    """A notification as it is stored."""

    id: int
    at: datetime
    unread: bool
    notice: int | None
    event: int | None
    first: int | None
    last: int | None


ROWS: Final = """
    SELECT id, created_at, read_at IS NULL, notice_id, event_id, first_entry, last_entry FROM graph_notification
     WHERE account_id = %s AND id < %s ORDER BY id DESC LIMIT %s
"""
STANDING: Final = """
    SELECT coalesce((SELECT max(id) FROM graph_notification WHERE account_id = a.id), 0),
           EXISTS (SELECT FROM graph_notification WHERE account_id = a.id AND read_at IS NULL),
           coalesce(c.records, true), coalesce(c.works, true)
      FROM (SELECT %s::bigint AS id) a LEFT JOIN graph_notificationchoice c ON c.account_id = a.id
"""
CLAIMS: Final = f"""
    SELECT n.id, n.kind, n.state, c.id, c.state, c.effective_at, ARRAY(
           SELECT r.display_name FROM profiles_researcher r
            WHERE r.removed_at IS NULL AND r.id IN (
                  SELECT coalesce(o.merged_into_id, o.id) FROM profiles_claimedrecord k
                    JOIN profiles_researcher o ON o.id = k.researcher_id WHERE k.claim_id = c.id)
              AND (n.kind <> 'rival' OR %(account)s IN ({HELD_BY.format(keys=SAME_RECORD.format(key="r.id"))}))
            ORDER BY r.id)
      FROM profiles_claimnotice n JOIN profiles_claim c ON c.id = n.claim_id WHERE n.id = ANY(%(notices)s)
"""  # noqa: S608 - constants

_CALLED: Final = """
    SELECT CASE WHEN r.printed_name <> '' THEN r.display_name ELSE o.display_name END AS name, r.public_id, r.slug
      FROM profiles_researcher o JOIN profiles_researcher r ON r.id = coalesce(o.merged_into_id, o.id)
     WHERE o.id = {key} AND o.removed_at IS NULL AND r.removed_at IS NULL
"""
"""What a record is called, and where it leads. One that is part of another goes by the name that was chosen for that."""

EVENTS: Final = f"""
    SELECT e.id, d.kind, d.turns, cardinality(s.bylines), coalesce(one.name, ''), coalesce(one.public_id, ''),
           coalesce(one.slug, ''), coalesce(other.name, ''), coalesce(other.public_id, ''), coalesce(other.slug, ''),
           CASE WHEN %(account)s IN ({HELD_BY.format(keys="c.keys")}) THEN 'because one of them is yours'
                WHEN {FOLLOWS.format(account="%(account)s", kind="'researcher'", keys="c.keys")}
                THEN 'because you follow one of them' ELSE '' END
      FROM profiles_identityevent e CROSS JOIN LATERAL ({DECISION.format(event="e.id")}) d
      JOIN profiles_identityevent s ON s.id = d.id
     CROSS JOIN LATERAL (SELECT {CONCERNED.format(event="e")} AS keys) c
      LEFT JOIN LATERAL ({_CALLED.format(key="e.researcher_id")}) one ON true
      LEFT JOIN LATERAL ({_CALLED.format(key="e.other_id")}) other ON true
     WHERE e.id = ANY(%(events)s)
"""  # noqa: S608 - constants

WORKS: Final = """
    WITH follows AS MATERIALIZED (
        SELECT f.kind, coalesce(r.id, f.subject) AS subject FROM graph_follow f
          LEFT JOIN profiles_researcher o ON f.kind = 'researcher' AND o.id = f.subject
          LEFT JOIN profiles_researcher r ON r.id = coalesce(o.merged_into_id, o.id)
         WHERE f.account_id = %(account)s AND r.removed_at IS NULL)
    SELECT p.last, count(*) FILTER (WHERE l.still), count(*) FILTER (WHERE NOT l.still), string_agg(DISTINCT l.kinds, ' ')
      FROM unnest(%(first)s::bigint[], %(last)s::bigint[]) AS p(first, last)
     CROSS JOIN LATERAL (
           SELECT e.id, ARRAY(SELECT g.id FROM works_work g
                               WHERE g.id = coalesce(w.merged_into_id, w.id) OR g.merged_into_id = coalesce(w.merged_into_id, w.id)
                             ) AS works
             FROM graph_feedentry e JOIN works_work w ON w.id = e.work_id
            WHERE e.account_id = %(account)s AND e.id BETWEEN p.first AND p.last ORDER BY e.id DESC LIMIT %(most)s) e
     CROSS JOIN LATERAL (
           SELECT bool_or(n.withdrawn_at IS NULL) AS still,
                  string_agg(DISTINCT n.kind, ' ') FILTER (WHERE n.withdrawn_at IS NULL) AS kinds
             FROM graph_news n LEFT JOIN profiles_researcher o ON n.kind = 'researcher' AND o.id = n.subject
            WHERE n.work_id = ANY(e.works)
              AND ((n.kind, coalesce(o.merged_into_id, n.subject)) IN (SELECT kind, subject FROM follows)) IS TRUE OFFSET 0) l
     WHERE l.still IS NOT NULL AND NOT (cardinality(e.works) > 1 AND EXISTS (
           SELECT FROM graph_feedentry twin
            WHERE twin.account_id = %(account)s AND twin.work_id = ANY(e.works) AND twin.id < e.id))
     GROUP BY p.last
"""
"""What the feed shows of these parts of it, each counted up to `most`.

Works are looked up entry by entry, and what the account follows in one table that is made once; IS TRUE and OFFSET keep it so.
"""


def notification_page(account: int, *, before: str = "") -> NotificationPage:
    """A page of notifications: five queries, whatever they are about."""
    start = position(before)
    found = _rows(account, before=start, most=LINES_A_PAGE + 1)
    shown, more = found[:LINES_A_PAGE], found[LINES_A_PAGE:]
    newest, any_unread, records, works = bulk.fetch(STANDING, [account])[0]
    return NotificationPage(
        first=start == LAST,
        lines=_lines(account, shown),
        older=f"/notifications/?before={shown[-1].id}" if more else "",
        newest=newest,
        unread=any_unread,
        choices=Choices(records, works),
    )


def everything(account: int) -> list[Line]:
    """All notifications of the account, for a copy of its data."""
    return _lines(account, _rows(account, before=LAST, most=None))


def choices(account: int) -> Choices:
    """What the account wants to hear."""
    return Choices(*bulk.fetch(STANDING, [account])[0][2:])


def _rows(account: int, *, before: int, most: int | None) -> list[_Row]:
    return [_Row(*row) for row in bulk.fetch(ROWS, [account, before, most])]


def _lines(account: int, rows: Sequence[_Row]) -> list[Line]:
    """The lines of these rows."""
    keys = {
        "account": account,
        "notices": [row.notice for row in rows if row.notice is not None],
        "events": [row.event for row in rows if row.event is not None],
        "first": [row.first for row in rows if row.first is not None],
        "last": [row.last for row in rows if row.last is not None],
        "most": COUNTED,
    }
    words = {row[0]: ClaimWord(*row) for row in bulk.fetch(CLAIMS, keys)}
    events = {row[0]: Rearranged(*row) for row in bulk.fetch(EVENTS, keys)}
    counts = {row[0]: row[1:] for row in bulk.fetch(WORKS, keys)}
    found = []
    for row in rows:
        if row.notice is not None:
            found.append(_of_claim(row, words[row.notice]))
        elif row.event is not None:
            found.append(_of_records(row, events[row.event]))
        elif row.last is not None:
            found.append(_of_works(row, row.last, *counts.get(row.last, (0, 0, ""))))
    return found


def _line(row: _Row, label: str, parts: list[Part], action: str, href: str, why: str = "") -> Line:
    return Line(row.id, row.at, row.unread, label, parts, action, href, why)


def _of_claim(row: _Row, word: ClaimWord) -> Line:
    said = of_claim(word)
    if word.stoppable:
        link = f"/claims/dispute/{notices.token(Claim(pk=word.claim))}/"
        return _line(row, "claim", said, "Stop the claim if it is wrong", link)
    if word.kind == NoticeKind.VOUCH:
        return _line(row, "claim", said, "Answer", "/claims/")
    if word.kind == NoticeKind.RIVAL:
        return _line(row, "claim", said, "Your claims", "/claims/")
    return _line(row, "claim", said, "Look at the claim", f"/claims/{word.claim}/")


def _of_records(row: _Row, event: Rearranged) -> Line:
    return _line(row, "records", of_records(event), "What happened" if event.history else "", event.history, event.why)


def _of_works(row: _Row, last: int, listed: int, withdrawn: int, kinds: str | None) -> Line:
    said = of_works(listed, withdrawn, [kind.value for kind in FollowKind if kind in (kinds or "").split()])
    return _line(row, "works", said, "Look at them", f"/me/feed/?before={last + 1}")
