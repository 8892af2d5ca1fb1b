"""What the report form prints: the record it is about, and its works to choose from. Two queries."""

from __future__ import annotations

import msgspec

from profiles.selectors import Stamp, stamp
from researchgraph.lib import bulk

WORKS_LISTED = 500

WORKS = """
    SELECT w.public_id, w.title, w.year FROM works_authorship a JOIN works_work w ON w.id = a.work_id
     WHERE a.researcher_id = %s ORDER BY w.year DESC NULLS LAST, w.date DESC, w.id DESC LIMIT %s
"""


class Choice(msgspec.Struct, frozen=True):
    """A work of the record."""

    public_id: str
    title: str
    year: int | None


class ReportPage(msgspec.Struct, frozen=True):
    """The record, as a stamp of its state, and its works, newest first."""

    record: Stamp
    works: list[Choice]


def report_page(public_id: str) -> ReportPage | None:
    """What the form about this record needs; None if there never was such a record."""
    record = stamp(public_id)
    if record is None:
        return None
    return ReportPage(record, [Choice(*row) for row in bulk.fetch(WORKS, [record.id, WORKS_LISTED])])
