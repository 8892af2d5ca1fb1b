"""The feed of one account: works it was told of, what for, and what has been taken back since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

import msgspec

from graph.audience import FOLLOWS, SAME_RECORD
from graph.flows.feed_address import digest
from graph.follow_models import FeedAddress, FollowKind
from graph.follow_selectors import Followed, latest, suggestions
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.row_selectors import WorkRow, work_rows

ENTRIES_A_PAGE: Final = 20
LAST: Final = 2**63 - 1
DIGITS: Final = 18
"""More digits than that are no key of an entry."""

FILTERS: Final = {
    "": "Everything",
    FollowKind.RESEARCHER.value: "People",
    FollowKind.TOPIC.value: "Topics",
    FollowKind.INSTITUTION.value: "Institutions",
}


class Reason(msgspec.Struct, frozen=True):
    """What an account was told of a work for; `withdrawn` says that the work is not listed there any more."""

    kind: FollowKind
    public_id: str
    slug: str
    name: str
    withdrawn: bool

    @property
    def href(self) -> str:
        """The address of its page."""
        return address(f"{self.kind}s", self.public_id, self.slug)


class Entry(msgspec.Struct, frozen=True):
    """One work in the feed. `changed_at` is when something about it last changed for this account."""

    id: int
    work: WorkRow
    came_at: datetime
    changed_at: datetime
    unread: bool
    reasons: list[Reason]

    @property
    def day(self) -> date:
        """The day it came."""
        return self.came_at.date()

    @property
    def holding(self) -> list[Reason]:
        """What it still is listed at."""
        return [reason for reason in self.reasons if not reason.withdrawn]

    @property
    def withdrawn(self) -> list[Reason]:
        """What it is no longer listed at."""
        return [reason for reason in self.reasons if reason.withdrawn]


class FeedPage(msgspec.Struct, frozen=True):
    """A window on the feed and what stands beside it. `suggested` is only filled where there is nothing to show."""

    kind: str
    first: bool
    entries: list[Entry]
    older: str
    latest: list[Followed]
    has_address: bool
    suggested: list[Followed]

    @property
    def days(self) -> Iterator[tuple[date, list[Entry]]]:
        """The entries by the day they came."""
        return ((day, list(entries)) for day, entries in groupby(self.entries, key=lambda entry: entry.day))

    @property
    def newest(self) -> int:
        """The newest entry shown; 0 if there is none."""
        return max((entry.id for entry in self.entries), default=0)

    @property
    def unread(self) -> bool:
        """Whether something shown is unread."""
        return any(entry.unread for entry in self.entries)


REASONS: Final = f"""
    SELECT json_agg(DISTINCT jsonb_build_object(
               'kind', n.kind, 'public_id', known.public_id, 'slug', known.slug, 'name', known.name,
               'withdrawn', n.withdrawn))::text AS reasons,
           max(n.withdrawn_at) AS withdrawn_at
      FROM (SELECT n.kind, bool_and(n.withdrawn_at IS NOT NULL) AS withdrawn, max(n.withdrawn_at) AS withdrawn_at,
                   coalesce((SELECT m.merged_into_id FROM profiles_researcher m
                              WHERE n.kind = 'researcher' AND m.id = n.subject), n.subject) AS subject
              FROM graph_news n
             WHERE n.work_id = ANY(w.works) AND (%(kind)s = '' OR n.kind = %(kind)s) GROUP BY n.kind, 4) n
     CROSS JOIN LATERAL (
           SELECT r.public_id, r.slug, r.display_name AS name, {SAME_RECORD.format(key="r.id")} AS keys
             FROM profiles_researcher r WHERE n.kind = 'researcher' AND r.id = n.subject AND r.removed_at IS NULL
           UNION ALL SELECT t.public_id, t.slug, t.label, ARRAY[t.id]
             FROM works_topic t WHERE n.kind = 'topic' AND t.id = n.subject
           UNION ALL SELECT i.public_id, i.slug, i.name, ARRAY[i.id]
             FROM profiles_institution i WHERE n.kind = 'institution' AND i.id = n.subject) known
     WHERE {FOLLOWS.format(account="%(account)s", kind="n.kind", keys="known.keys")}
"""  # noqa: S608 - constants
"""What the account follows of all that works were news at, a merged record as the one that goes on."""

ENTRIES: Final = f"""
    SELECT e.id, w.shown, e.created_at, greatest(e.created_at, w.updated_at, s.withdrawn_at), e.read_at IS NULL, s.reasons
      FROM graph_feedentry e
     CROSS JOIN LATERAL (
           SELECT w.id AS shown, w.updated_at,
                  ARRAY(SELECT g.id FROM works_work g WHERE g.id = w.id OR g.merged_into_id = w.id) AS works
             FROM works_work o JOIN works_work w ON w.id = coalesce(o.merged_into_id, o.id)
            WHERE o.id = e.work_id OFFSET 0) w
     CROSS JOIN LATERAL ({REASONS}) s
     WHERE e.account_id = %(account)s AND e.id < %(before)s AND s.reasons IS NOT NULL
       AND NOT (cardinality(w.works) > 1 AND EXISTS (
           SELECT FROM graph_feedentry twin
            WHERE twin.account_id = %(account)s AND twin.work_id = ANY(w.works) AND twin.id < e.id))
     ORDER BY e.id DESC LIMIT %(most)s
"""  # noqa: S608 - constants
"""Works that were joined are one entry, the first of them, under the work that goes on.

OFFSET has works looked up entry by entry, in the order of the index: a long feed costs a page no more than a short one.
"""

_reasons = msgspec.json.Decoder(list[Reason]).decode


def entries(account: int, *, kind: str = "", before: int = LAST, most: int = ENTRIES_A_PAGE) -> list[Entry]:
    """The newest entries before this one: two queries."""
    rows = bulk.fetch(ENTRIES, {"account": account, "kind": kind, "before": before, "most": most})
    works = work_rows([row[1] for row in rows])
    return [
        Entry(key, work, came_at, changed_at, unread, _reasons(reasons))
        for (key, _, came_at, changed_at, unread, reasons), work in zip(rows, works, strict=True)
    ]


def position(before: str) -> int:
    """The key before which an address asks to begin; the highest for anything that is no key."""
    return int(before) if before.isascii() and before.isdigit() and len(before) <= DIGITS else LAST


def feed_page(account: int, *, kind: str = "", before: str = "") -> FeedPage:
    """A page of the feed, of one kind of reason if that is asked for."""
    kind = kind if kind in FILTERS else ""
    number = position(before)
    found = entries(account, kind=kind, before=number, most=ENTRIES_A_PAGE + 1)
    shown, more = found[:ENTRIES_A_PAGE], found[ENTRIES_A_PAGE:]
    asked = {"kind": kind, "before": str(shown[-1].id)} if more else {}
    return FeedPage(
        kind=kind,
        first=number == LAST,
        entries=shown,
        older=f"/me/feed/?{urlencode({key: value for key, value in asked.items() if value})}" if more else "",
        latest=latest(account),
        has_address=FeedAddress.objects.filter(account_id=account).exists(),
        suggested=[] if shown or number != LAST else suggestions(account),
    )


def whose(secret: str) -> int | None:
    """The account whose feed has this secret; None if it is, or has become, nobody's."""
    held = FeedAddress.objects.filter(secret_sha256=digest(secret), account__is_active=True)
    return held.values_list("account_id", flat=True).first()
