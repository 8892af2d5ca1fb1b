"""Reports of visitors: what the form prints, and the queue of those that were confirmed, for curators."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.utils import timezone
from markupsafe import Markup

from profiles.models import ReportKind
from profiles.selectors import Stamp, stamp
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

WORKS_LISTED = 500
REPORTS_A_PAGE = 25

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


class OpenReport(msgspec.Struct, frozen=True):
    """A confirmed report. `public_id` is the record as it is now; "" where it has been taken down."""

    id: int
    kind: str
    text: str
    email: str
    confirmed_at: datetime
    due_at: datetime | None
    public_id: str
    slug: str
    name: str
    works: int
    title: str
    title_html: str
    work_id: str
    work_slug: str

    @property
    def label(self) -> str:
        """What it is about."""
        return str(ReportKind(self.kind).label)

    @property
    def href(self) -> str:
        """The page of the record, or ""."""
        return address("researchers", self.public_id, self.slug) if self.public_id else ""

    @property
    def work_href(self) -> str:
        """The page of the work meant, or ""."""
        return address("works", self.work_id, self.work_slug) if self.work_id else ""

    @property
    def heading(self) -> Markup:
        """The title of the work as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def overdue(self) -> bool:
        """Whether it should have been decided on by now."""
        return self.due_at is not None and self.due_at < timezone.now()


class OpenReports(msgspec.Struct, frozen=True):
    """A page of the open reports, most pressing first."""

    reports: list[OpenReport]
    paging: Paging


_OPEN = """
    SELECT p.id, p.kind, p.text, p.email, p.confirmed_at, p.due_at,
           CASE WHEN r.removed_at IS NULL THEN r.public_id ELSE '' END, r.slug,
           CASE WHEN r.removed_at IS NULL THEN r.display_name ELSE 'a record that was taken down' END, r.works_count,
           coalesce(w.title, ''), coalesce(w.title_html, ''), coalesce(w.public_id, ''), coalesce(w.slug, '')
      FROM profiles_report p JOIN profiles_researcher o ON o.id = p.researcher_id
      JOIN profiles_researcher r ON r.id = coalesce(o.merged_into_id, o.id)
      LEFT JOIN works_work w ON p.work <> '' AND w.public_id = p.work
     WHERE p.state = 'open'
"""


def open_reports(*, page: str) -> OpenReports:
    """The confirmed reports nobody has closed: those with a date first, by date, then the oldest. Two queries."""
    total = bulk.fetch("SELECT count(*) FROM profiles_report WHERE state = 'open'")[0][0]
    number = page_number(page, size=REPORTS_A_PAGE)
    window = paging(page=number, size=REPORTS_A_PAGE, total=total, path="/curate/reports/")
    rows = bulk.fetch(
        f"{_OPEN} ORDER BY p.due_at NULLS LAST, p.confirmed_at, p.id LIMIT %s OFFSET %s", [window.size, window.offset]
    )
    return OpenReports([OpenReport(*row) for row in rows], window)


def open_report(report: int) -> OpenReport | None:
    """One of them; None if it is not open."""
    rows = bulk.fetch(f"{_OPEN} AND p.id = %s", [report])
    return OpenReport(*rows[0]) if rows else None
