"""The bylines of one work for somebody who says that one of them is theirs: who holds each, and what they can do about it.

Says of claims only what every page says: that a record is claimed. Claims that are not decided do not show.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from profiles import printed
from profiles.flows.owning.rights import BY_USER, HOLDING
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from researchgraph.lib.text import fold
from works.row_selectors import markup

if TYPE_CHECKING:
    from markupsafe import Markup

LISTED: Final = 200
"""Bylines on one page; those of a longer list are found by name."""


class Whose(StrEnum):
    """Who holds a byline, as somebody who says that it is theirs is concerned."""

    FREE = "free"
    OWN = "own"
    UNCLAIMED = "unclaimed"
    CLAIMED = "claimed"


class Slot(msgspec.Struct, frozen=True):
    """One byline as printed. `holder` and `href` are of the record that holds it, "" for nobody; `record` is its key."""

    id: int
    position: int
    name: str
    whose: Whose
    holder: str
    href: str
    record: int


class Slots(msgspec.Struct, frozen=True):
    """A work with those of its bylines that are shown; `total` is how many it has. `moved_to` is another work's address, or ""."""

    public_id: str
    title: str
    title_html: str
    slug: str
    moved_to: str
    moved_at: datetime | None
    total: int
    slots: list[Slot]

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def href(self) -> str:
        """The page of the work."""
        return address("works", self.public_id, self.slug)

    @property
    def here(self) -> str:
        """The address of this page."""
        return f"/works/{self.public_id}/mine/"

    def slot(self, byline: int | None) -> Slot | None:
        """The byline with this key, if it is shown."""
        return next((slot for slot in self.slots if slot.id == byline), None)


_WORK: Final = """
    SELECT w.id, w.public_id, w.title, w.title_html, w.slug, coalesce(m.public_id, ''), w.merged_at,
           (SELECT count(*) FROM works_authorship a WHERE a.work_id = w.id)
      FROM works_work w LEFT JOIN works_work m ON m.id = w.merged_into_id WHERE w.public_id = %s
"""
_HELD: Final = """
    EXISTS (SELECT FROM profiles_claimedrecord k JOIN profiles_researcher n ON n.id = k.researcher_id
             WHERE k.holds AND coalesce(n.merged_into_id, n.id) = h.id)
"""
_SLOTS: Final = f"""
    SELECT a.id, a.position, {printed.NAME},
           CASE WHEN h.id IS NULL THEN 'free' WHEN EXISTS ({HOLDING.format(researcher="h.id", whose=BY_USER)}) THEN 'own'
                WHEN {_HELD} THEN 'claimed' ELSE 'unclaimed' END,
           coalesce(h.display_name, ''), coalesce(h.public_id, ''), coalesce(h.slug, ''), coalesce(h.id, 0)
      FROM works_authorship a {printed.HOLDER}
     WHERE a.work_id = %(work)s AND NOT {printed.HIDDEN} AND (h.id IS NULL OR h.removed_at IS NULL)
       AND (%(byline)s = 0 OR a.id = %(byline)s) AND (%(name)s = '' OR ({printed.AS_IN_SOURCE} AND a.name_key LIKE %(like)s))
     ORDER BY a.position LIMIT {LISTED}
"""  # noqa: S608 - constants


def slots(public_id: str, *, user: int, name: str = "", byline: int = 0) -> Slots | None:
    """The bylines of a work that somebody may say are theirs; None if there is no such work. Two queries.

    Only the one with the key `byline`, or those that `name` is part of, if given: a name that is printed, never a former one.
    Those whose names are not shown, or of a record that was taken down, are for a curator.
    """
    rows = bulk.fetch(_WORK, [public_id])
    if not rows:
        return None
    key, public_id, title, title_html, slug, moved_to, moved_at, total = rows[0]
    words = fold(name).replace("\\", "").replace("%", "").replace("_", "")
    facts = {"work": key, "user": user, "name": words, "like": f"%{words}%", "byline": byline}
    found = [
        Slot(
            one, position, printed_as, Whose(whose), holder, address("researchers", *there) if there[0] else "", record
        )
        for one, position, printed_as, whose, holder, *there, record in bulk.fetch(_SLOTS, facts)
    ]
    there = f"/works/{moved_to}/mine/" if moved_to else ""
    return Slots(public_id, title, title_html, slug, there, moved_at, total, found)
