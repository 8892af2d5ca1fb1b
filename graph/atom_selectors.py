"""What the Atom feeds say: the works last added to a record, a topic or an institution, and an account's own feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from graph.atom import AtomEntry, AtomFeed
from graph.feed_selectors import Entry, entries
from graph.follow_models import FollowKind
from researchgraph.lib import bulk
from works.row_selectors import WorkRow, work_rows

ENTRIES: Final = 50

WORKS: Final = {
    FollowKind.RESEARCHER: """
        SELECT w.id, w.created_at, w.updated_at FROM works_work w
         WHERE w.id IN (SELECT a.work_id FROM works_authorship a
                         WHERE a.researcher_id = %s AND a.kind NOT IN ('pending', 'undecided'))
         ORDER BY w.id DESC LIMIT %s
    """,
    FollowKind.TOPIC: """
        SELECT w.id, w.created_at, w.updated_at FROM works_worktopic k JOIN works_work w ON w.id = k.work_id
         WHERE k.topic_id = %s ORDER BY k.work_id DESC LIMIT %s
    """,
    FollowKind.INSTITUTION: """
        SELECT w.id, w.created_at, w.updated_at FROM works_workinstitution k JOIN works_work w ON w.id = k.work_id
         WHERE k.institution_id = %s ORDER BY k.work_id DESC LIMIT %s
    """,
}
"""Those that came in last, which is not to say that they appeared last."""

BEGINNING: Final = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""When a feed without a single entry was last updated."""


def works_feed(kind: FollowKind, key: int, *, public_id: str, name: str, href: str) -> AtomFeed:
    """The feed of a researcher, a topic or an institution: two queries. Bylines nobody has decided on are not in it."""
    rows = bulk.fetch(WORKS[kind], [key, ENTRIES])
    works = work_rows([row[0] for row in rows])
    found = [_entry(work, row[1], row[2], []) for row, work in zip(rows, works, strict=True)]
    return AtomFeed(
        about=f"{kind}s/{public_id}",
        title=f"New works: {name}",
        href=href,
        address=f"{href}feed.atom",
        updated=_updated(found),
        entries=found,
    )


def own_feed(account: int, *, address: str) -> AtomFeed:
    """The feed of everything an account follows: two queries. Its id says nothing of the account or its secret."""
    found = [_own(entry) for entry in entries(account, most=ENTRIES)]
    return AtomFeed(
        about="feed",
        title="New works of what you follow",
        href="/me/feed/",
        address=address,
        updated=_updated(found),
        entries=found,
    )


def _own(entry: Entry) -> AtomEntry:
    sentences = [f"No longer listed under {reason.name}." for reason in entry.withdrawn]
    if entry.holding:
        sentences.insert(0, f"Because you follow {', '.join(reason.name for reason in entry.holding)}.")
    return _entry(entry.work, entry.came_at, entry.changed_at, sentences)


def _entry(work: WorkRow, published: datetime, updated: datetime, more: Sequence[str]) -> AtomEntry:
    said = " · ".join(fact for fact in (work.versions or work.type_label, work.when) if fact)
    return AtomEntry(
        public_id=work.public_id,
        title=work.title,
        href=work.href,
        published=published,
        updated=max(published, updated),
        authors=[author.name for author in [*work.first, *([work.last] if work.last else [])]],
        category=work.topic_code or work.topic_label,
        summary=" ".join([f"{said}.", *more]),
    )


def _updated(found: Sequence[AtomEntry]) -> datetime:
    return max((entry.updated for entry in found), default=BEGINNING)
