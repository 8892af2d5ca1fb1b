"""Why two researchers are tied: the works they share, and what each adds. Five queries, however many there are."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from graph.algorithms import CLOSE, strength
from graph.recency import factor, now, state
from profiles.selectors import Stamp
from researchgraph.lib import bulk
from researchgraph.lib.dates import span, this_year
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import WorkRow, work_rows

WORKS_A_PAGE: Final = 50


class SharedRow(msgspec.Struct, frozen=True):
    """One shared work: what it adds to the strength in all, and to that at present."""

    work: WorkRow
    adds: float
    adds_now: float


class Other(msgspec.Struct, frozen=True):
    """The record at the far end of a tie, and the one that goes on for it, "" if it is the record itself."""

    id: int
    public_id: str
    slug: str
    name: str
    moved_to: str
    moved_at: datetime | None
    weight: float
    recent: float
    first_year: int | None
    last_year: int | None

    @property
    def href(self) -> str:
        """The address of its page."""
        return address("researchers", self.public_id, self.slug)


class TiePage(msgspec.Struct, frozen=True):
    """Two researchers and the works they share, newest first."""

    one: Stamp
    other: Other
    now: float
    state: str
    works: list[SharedRow]
    paging: Paging

    @property
    def close(self) -> bool:
        """Whether the strength in all is that of close collaborators."""
        return self.other.weight >= CLOSE

    @property
    def years(self) -> str:
        """First to last year of the works that count, or ""."""
        return span(self.other.first_year, self.other.last_year)


# A record that was taken down is at no end of a tie; one that was merged leads to the one that goes on.
_OTHER: Final = """
    SELECT o.id, o.public_id, o.slug, o.display_name, coalesce(m.public_id, ''), o.merged_at,
           coalesce(e.weight, 0), coalesce(e.recent, 0), e.first_year, e.last_year
      FROM profiles_researcher o LEFT JOIN profiles_researcher m ON m.id = o.merged_into_id
      LEFT JOIN graph_coauthoredge e ON e.a_id = least(o.id, %(one)s) AND e.b_id = greatest(o.id, %(one)s)
     WHERE o.public_id = %(other)s AND o.id <> %(one)s AND o.removed_at IS NULL AND m.removed_at IS NULL
"""
_SHARED: Final = """
      FROM works_work w
     WHERE w.id IN (SELECT work_id FROM works_authorship WHERE researcher_id = %s)
       AND w.id IN (SELECT work_id FROM works_authorship WHERE researcher_id = %s)
"""
_COUNT: Final = f"SELECT count(*) {_SHARED}"
_WORKS: Final = f"""
    WITH shared AS MATERIALIZED (SELECT w.id, w.year, w.date {_SHARED})
    SELECT id FROM shared ORDER BY year DESC NULLS LAST, date DESC, id DESC LIMIT %s OFFSET %s
"""  # noqa: S608 - constants


def other(record: Stamp, public_id: str) -> Other | None:
    """The record at the far end; None if there is none to be shown."""
    rows = bulk.fetch(_OTHER, {"one": record.id, "other": public_id})
    return Other(*rows[0]) if rows else None


def tie(record: Stamp, far: Other, *, page: int) -> TiePage | None:
    """The works the two share; None if there are none."""
    total = bulk.fetch(_COUNT, [record.id, far.id])[0][0]
    if not total:
        return None
    year = this_year()
    window = paging(page=page, size=WORKS_A_PAGE, total=total, path=f"{record.href}with/{far.public_id}/")
    keys = [row[0] for row in bulk.fetch(_WORKS, [record.id, far.id, window.size, window.offset])]
    return TiePage(
        one=record,
        other=far,
        now=now(far.recent, year=year),
        state=state(far.first_year, far.last_year, year=year),
        works=[_shared(work, year=year) for work in work_rows(keys)],
        paging=window,
    )


def _shared(work: WorkRow, *, year: int) -> SharedRow:
    adds = strength(work.author_count, truncated=work.authors_truncated)
    return SharedRow(work, adds, now(adds * factor(work.year), year=year) if work.year else 0.0)
