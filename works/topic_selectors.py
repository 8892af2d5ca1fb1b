"""Everything the topic page prints, in four queries."""

from __future__ import annotations

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.dates import span
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import ResearcherRow, WorkRow, work_rows

WORKS_A_PAGE = 20
PEOPLE_SHOWN = 12
VENUES_SHOWN = 8


class YearWorks(msgspec.Struct, frozen=True):
    """Works of one year: those that appeared at a venue, and those seen only as a preprint."""

    year: int
    at_venue: int
    preprint_only: int


class VenueWorks(msgspec.Struct, frozen=True):
    """A venue and how many of the works appeared there."""

    name: str
    works: int


class TopicPage(msgspec.Struct, frozen=True):
    """The topic page. `years` has an entry for every year between the first and the last."""

    public_id: str
    slug: str
    label: str
    code: str
    kind: str
    works: int
    people_total: int
    years: list[YearWorks]
    venues: list[VenueWorks]
    people: list[ResearcherRow]
    rows: list[WorkRow]
    paging: Paging

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("topics", self.public_id, self.slug)

    @property
    def when(self) -> str:
        """First and last year of the works, or ""."""
        return span(self.years[0].year, self.years[-1].year) if self.years else ""


TOPIC = """
    SELECT t.id, t.public_id, t.slug, t.label, t.code, t.kind,
           (SELECT count(*) FROM works_worktopic k WHERE k.topic_id = t.id),
           (SELECT count(*) FROM graph_researchertopic p WHERE p.topic_id = t.id),
           (SELECT jsonb_agg(y ORDER BY y.year) FROM (
                SELECT w.year, count(*) FILTER (WHERE w.type <> 'preprint') AS at_venue,
                       count(*) FILTER (WHERE w.type = 'preprint') AS preprint_only
                  FROM works_worktopic k JOIN works_work w ON w.id = k.work_id
                 WHERE k.topic_id = t.id AND w.year IS NOT NULL GROUP BY w.year) y)::text,
           (SELECT jsonb_agg(jsonb_build_object('name', v.name, 'works', v.works)) FROM (
                SELECT v.name, count(*) AS works
                  FROM works_worktopic k JOIN works_work w ON w.id = k.work_id JOIN works_venue v ON v.id = w.venue_id
                 WHERE k.topic_id = t.id GROUP BY v.id, v.name ORDER BY count(*) DESC, v.name LIMIT %s) v)::text
      FROM works_topic t WHERE t.public_id = %s
"""

PEOPLE = """
    SELECT r.public_id, r.slug, r.display_name, p.works, p.first_year, p.last_year
      FROM graph_researchertopic p JOIN profiles_researcher r ON r.id = p.researcher_id
     WHERE p.topic_id = %s ORDER BY p.works DESC, p.last_year DESC NULLS LAST, r.sort_name, r.id LIMIT %s
"""

WORKS = """
    SELECT w.id FROM works_worktopic k JOIN works_work w ON w.id = k.work_id
     WHERE k.topic_id = %s ORDER BY w.year DESC NULLS LAST, w.date DESC, w.id DESC LIMIT %s OFFSET %s
"""

_years = msgspec.json.Decoder(list[YearWorks]).decode
_venues = msgspec.json.Decoder(list[VenueWorks]).decode


def topic_page(public_id: str, *, page: int = 1) -> TopicPage | None:
    """The page of one topic with the `page`-th works, newest first; None if there is no such topic."""
    rows = bulk.fetch(TOPIC, [VENUES_SHOWN, public_id])
    if not rows:
        return None
    topic_id, *facts, years, venues = rows[0]
    window = paging(page=page, size=WORKS_A_PAGE, total=facts[5], path=address("topics", facts[0], facts[1]))
    work_ids = [row[0] for row in bulk.fetch(WORKS, [topic_id, window.size, window.offset])]
    return TopicPage(*(
        *facts,
        without_gaps(_years(years)) if years else [],
        _venues(venues) if venues else [],
        [ResearcherRow(*row) for row in bulk.fetch(PEOPLE, [topic_id, PEOPLE_SHOWN])],
        work_rows(work_ids),
        window,
    ))  # fmt: skip


def without_gaps(years: list[YearWorks]) -> list[YearWorks]:
    """The years in order, with the missing ones between them as zeros."""
    known = {entry.year: entry for entry in years}
    return [known.get(year, YearWorks(year, 0, 0)) for year in range(min(known), max(known) + 1)] if known else []
