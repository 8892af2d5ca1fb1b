"""Everything the institution page prints, in five queries. "Seen" here never means "employed"."""

from __future__ import annotations

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import ResearcherRow, WorkRow, work_rows
from works.topic_selectors import YearWorks, without_gaps

WORKS_A_PAGE = 20
PEOPLE_SHOWN = 20
SPELLINGS_SHOWN = 12


class InstitutionPage(msgspec.Struct, frozen=True):
    """The institution page. `spellings_total` counts the affiliation strings read as this institution."""

    public_id: str
    slug: str
    name: str
    ror: str
    works: int
    people_total: int
    spellings_total: int
    years: list[YearWorks]
    spellings: list[str]
    people: list[ResearcherRow]
    rows: list[WorkRow]
    paging: Paging

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("institutions", self.public_id, self.slug)


INSTITUTION = """
    SELECT i.id, i.public_id, i.slug, i.name, coalesce(i.ror, ''),
           (SELECT count(*) FROM works_workinstitution k WHERE k.institution_id = i.id),
           (SELECT count(*) FROM profiles_affiliation a WHERE a.institution_id = i.id),
           (SELECT count(*) FROM profiles_institutionspelling s WHERE s.institution_id = i.id),
           (SELECT jsonb_agg(y ORDER BY y.year) FROM (
                SELECT w.year, count(*) FILTER (WHERE w.type <> 'preprint') AS at_venue,
                       count(*) FILTER (WHERE w.type = 'preprint') AS preprint_only
                  FROM works_workinstitution k JOIN works_work w ON w.id = k.work_id
                 WHERE k.institution_id = i.id AND w.year IS NOT NULL GROUP BY w.year) y)::text
      FROM profiles_institution i WHERE i.public_id = %s
"""

PEOPLE = """
    SELECT r.public_id, r.slug, r.display_name, a.works, a.first_year, a.last_year
      FROM profiles_affiliation a JOIN profiles_researcher r ON r.id = a.researcher_id
     WHERE a.institution_id = %s ORDER BY a.works DESC, a.last_year DESC NULLS LAST, r.sort_name, r.id LIMIT %s
"""

WORKS = """
    SELECT w.id FROM works_workinstitution k JOIN works_work w ON w.id = k.work_id
     WHERE k.institution_id = %s ORDER BY w.year DESC NULLS LAST, w.date DESC, w.id DESC LIMIT %s OFFSET %s
"""

SPELLINGS = """
    SELECT s.text FROM profiles_institutionspelling s WHERE s.institution_id = %s AND s.text NOT LIKE '%%@%%'
       AND NOT EXISTS (SELECT FROM profiles_guardedname g
                        WHERE split_part(g.block_key, ' ', 1) = ANY(regexp_split_to_array(lower(s.text), '[^[:alnum:]]+')))
     ORDER BY length(s.text), s.text LIMIT %s
"""
"""Without those that print an address or the family name of somebody who is not named: affiliations hold everything."""

_years = msgspec.json.Decoder(list[YearWorks]).decode


def institution_page(public_id: str, *, page: int = 1) -> InstitutionPage | None:
    """The page of one institution with the `page`-th works, newest first; None if there is no such institution."""
    rows = bulk.fetch(INSTITUTION, [public_id])
    if not rows:
        return None
    key, *facts, years = rows[0]
    window = paging(page=page, size=WORKS_A_PAGE, total=facts[4], path=address("institutions", facts[0], facts[1]))
    work_ids = [row[0] for row in bulk.fetch(WORKS, [key, window.size, window.offset])]
    return InstitutionPage(*(
        *facts,
        without_gaps(_years(years)) if years else [],
        [row[0] for row in bulk.fetch(SPELLINGS, [key, SPELLINGS_SHOWN])],
        [ResearcherRow(*row) for row in bulk.fetch(PEOPLE, [key, PEOPLE_SHOWN])],
        work_rows(work_ids),
        window,
    ))  # fmt: skip
