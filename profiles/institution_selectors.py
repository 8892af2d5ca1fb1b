"""Everything the institution page prints, in five queries. "Seen" here never means "employed"."""

from __future__ import annotations

from datetime import datetime

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.evidence import Evidence, sentence
from researchgraph.lib.links import safe_url
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import ResearcherRow, WorkRow, work_rows
from works.selectors import InstitutionLink
from works.topic_selectors import YearWorks, without_gaps

WORKS_A_PAGE = 20
PEOPLE_SHOWN = 20
SPELLINGS_SHOWN = 12
NAMES_SHOWN = 12


class Registered(msgspec.Struct, frozen=True):
    """What a registry states about the institution. `source` is the name of the registry's source."""

    source: str
    name: str
    names: list[str]
    acronyms: list[str]
    city: str
    country: str
    homepage: str
    kinds: list[str]
    established: int | None
    status: str
    successors: list[tuple[str, str]]
    fetched_at: datetime

    @property
    def also(self) -> list[str]:
        """Short forms first, then the other names, as many as a page can show."""
        return list(dict.fromkeys([*self.acronyms, *self.names]))[:NAMES_SHOWN]

    @property
    def place(self) -> str:
        """City and country, as far as they are known."""
        return ", ".join(part for part in (self.city, self.country) if part)

    @property
    def url(self) -> str:
        """Its own page, or "" if none that we may link to."""
        return safe_url(self.homepage)


class InstitutionPage(msgspec.Struct, frozen=True):
    """The institution page. `spellings_total` counts the affiliation strings read as this institution.

    `outcome` is whether a registry entry is known to be it ("none", "same", "unknown"), and `registered` what that one says.
    `siblings` are other printed names of the same organization.
    """

    public_id: str
    slug: str
    name: str
    ror: str
    outcome: str
    works: int
    people_total: int
    spellings_total: int
    years: list[YearWorks]
    evidence: list[Evidence]
    registered: Registered | None
    siblings: list[InstitutionLink]
    spellings: list[str]
    people: list[ResearcherRow]
    rows: list[WorkRow]
    paging: Paging

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("institutions", self.public_id, self.slug)

    @property
    def reasons(self) -> list[str]:
        """Why it is, or is not, known which registry entry it is, as sentences."""
        return [sentence(one) for one in self.evidence]


INSTITUTION = """
    SELECT i.id, i.public_id, i.slug, i.name, i.ror, i.outcome,
           (SELECT count(*) FROM works_workinstitution k WHERE k.institution_id = i.id),
           (SELECT count(*) FROM profiles_affiliation a WHERE a.institution_id = i.id),
           (SELECT count(*) FROM profiles_institutionspelling s WHERE s.institution_id = i.id),
           (SELECT jsonb_agg(y ORDER BY y.year) FROM (
                SELECT w.year, count(*) FILTER (WHERE w.type <> 'preprint') AS at_venue,
                       count(*) FILTER (WHERE w.type = 'preprint') AS preprint_only
                  FROM works_workinstitution k JOIN works_work w ON w.id = k.work_id
                 WHERE k.institution_id = i.id AND w.year IS NOT NULL GROUP BY w.year) y)::text,
           i.evidence::text,
           (SELECT jsonb_build_object('source', e.source, 'name', e.name, 'names', e.names, 'acronyms', e.acronyms,
                                      'city', e.city, 'country', e.country_name, 'homepage', e.homepage, 'kinds', e.kinds,
                                      'established', e.established, 'status', e.status, 'successors', e.successors,
                                      'fetched_at', s.fetched_at)
              FROM profiles_registryentry e JOIN works_sourcerecord s ON s.id = e.record WHERE e.id = i.entry_id)::text,
           (SELECT jsonb_agg(jsonb_build_object('public_id', o.public_id, 'slug', o.slug, 'name', o.name) ORDER BY o.name)
              FROM profiles_institution o WHERE i.ror <> '' AND o.ror = i.ror AND o.id <> i.id)::text
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

_evidence = msgspec.json.Decoder(list[Evidence]).decode
_registered = msgspec.json.Decoder(Registered).decode
_siblings = msgspec.json.Decoder(list[InstitutionLink]).decode
_years = msgspec.json.Decoder(list[YearWorks]).decode


def institution_page(public_id: str, *, page: int = 1) -> InstitutionPage | None:
    """The page of one institution with the `page`-th works, newest first; None if there is no such institution."""
    rows = bulk.fetch(INSTITUTION, [public_id])
    if not rows:
        return None
    key, *facts, years, evidence, registered, siblings = rows[0]
    window = paging(page=page, size=WORKS_A_PAGE, total=facts[5], path=address("institutions", facts[0], facts[1]))
    work_ids = [row[0] for row in bulk.fetch(WORKS, [key, window.size, window.offset])]
    return InstitutionPage(*(
        *facts,
        without_gaps(_years(years)) if years else [],
        _evidence(evidence),
        _registered(registered) if registered else None,
        _siblings(siblings) if siblings else [],
        [row[0] for row in bulk.fetch(SPELLINGS, [key, SPELLINGS_SHOWN])],
        [ResearcherRow(*row) for row in bulk.fetch(PEOPLE, [key, PEOPLE_SHOWN])],
        work_rows(work_ids),
        window,
    ))  # fmt: skip
