"""Work rows: what every list of works prints, read in one query whatever the list's length."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup, escape

from profiles import printed
from researchgraph.lib import bulk, dates
from researchgraph.lib.dates import span
from researchgraph.lib.public_ids import address
from works.models import WorkType

AUTHORS_IN_FULL = 6
"""A byline of up to this many authors is printed whole; a longer one shows the first three and the last."""

TYPE_LABELS = {kind.value: str(kind.label) for kind in WorkType}


class RowAuthor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One printed name; `public_id` and `slug` are "" while nobody knows whose it is."""

    name: str
    public_id: str = ""
    slug: str = ""

    @property
    def href(self) -> str:
        """The address of the researcher's page, or ""."""
        return address("researchers", self.public_id, self.slug) if self.public_id else ""


class ResearcherRow(msgspec.Struct, frozen=True):
    """A researcher in a list, with the years between the first and the last of the works counted."""

    public_id: str
    slug: str
    name: str
    works: int
    first_year: int | None
    last_year: int | None

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("researchers", self.public_id, self.slug)

    @property
    def years(self) -> str:
        """First to last year, or ""."""
        return span(self.first_year, self.last_year)


class WorkRow(msgspec.Struct, frozen=True):
    """One work in a list. `authors` are the first ones printed, `last` the final one of a long byline.

    `mentions` are the podcast episodes that speak of it.
    """

    public_id: str
    slug: str
    title: str
    title_html: str
    type: str
    year: int | None
    date: str
    versions: str
    author_count: int
    authors_truncated: bool
    code_url: str
    topic_code: str
    topic_label: str
    topic_public_id: str
    mentions: int
    authors: list[RowAuthor]

    @property
    def href(self) -> str:
        """The address of the work's page."""
        return address("works", self.public_id, self.slug)

    @property
    def heading(self) -> Markup:
        """The title as inert markup: sanitised mathematics, or the escaped text."""
        return markup(self.title, self.title_html)

    @property
    def first(self) -> list[RowAuthor]:
        """The authors printed before the ellipsis."""
        return self.authors if self.author_count <= AUTHORS_IN_FULL else self.authors[:3]

    @property
    def last(self) -> RowAuthor | None:
        """The author printed after the ellipsis, if the source named the last one."""
        return self.authors[-1] if self.author_count > AUTHORS_IN_FULL and not self.authors_truncated else None

    @property
    def when(self) -> str:
        """The first date for people."""
        return dates.display(self.date) or str(self.year or "")

    @property
    def type_label(self) -> str:
        """The type in words."""
        return TYPE_LABELS.get(self.type, self.type)


MENTIONS = "(SELECT count(*) FROM works_mediamention d WHERE d.work_id = {work} AND d.kind <> 'refused')"
"""How many podcast episodes speak of a work."""

ROWS = f"""
    SELECT w.public_id, w.slug, w.title, w.title_html, w.type, w.year, w.date, w.version_label, w.author_count,
           w.authors_truncated, w.code_url, coalesce(t.code, ''), coalesce(t.label, ''), coalesce(t.public_id, ''),
           {MENTIONS.format(work="w.id")},
           coalesce((SELECT jsonb_agg(jsonb_build_object('name', {printed.NAME}, 'public_id', {printed.SHOWN_ID},
                                                         'slug', {printed.SHOWN_SLUG}) ORDER BY a.position)
                       FROM works_authorship a {printed.HOLDER}
                      WHERE a.work_id = w.id AND (a.position < %s OR a.position = w.author_count - 1)), '[]')
      FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted(id, place)
      JOIN works_work w ON w.id = wanted.id
      LEFT JOIN works_topic t ON t.id = w.primary_topic_id
     ORDER BY wanted.place
"""  # noqa: S608 - constants

_authors = msgspec.json.Decoder(list[RowAuthor]).decode


def work_rows(work_ids: Sequence[int]) -> list[WorkRow]:
    """The works with these keys, in this order: one query."""
    if not work_ids:
        return []
    rows = bulk.fetch(ROWS, [AUTHORS_IN_FULL, list(work_ids)])
    return [WorkRow(*(*row[:-1], _authors(row[-1]))) for row in rows]


def markup(text: str, rendered: str) -> Markup:
    """`rendered`, which `works.ingest.store` sanitised, or the escaped text where there is none."""
    return Markup(rendered) if rendered else escape(text)  # noqa: S704 - written by researchgraph.lib.tex from an allowlist
