"""Everything the name page prints, in four queries: who carries a name, and which bylines nobody could place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from profiles import printed
from profiles.names import preferred
from researchgraph.lib import bulk, identifiers
from researchgraph.lib.evidence import Evidence, sentence
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import ResearcherRow, markup

if TYPE_CHECKING:
    from markupsafe import Markup

RECORDS_SHOWN = 100
UNDECIDED_A_PAGE = 25


class NameRecord(ResearcherRow, frozen=True):
    """A researcher with the name, and what tells this record apart from the others."""

    institutions: list[str]
    topics: list[str]
    coauthor: str
    scheme: str
    identifier: str
    identifiers: int
    example: str
    example_id: str

    @property
    def identifier_label(self) -> str:
        """What the scheme of the identifier is called; "" without one."""
        return identifiers.label(self.scheme) if self.scheme else ""


class UndecidedByline(msgspec.Struct, frozen=True):
    """A byline with the name that belongs to nobody yet, and why."""

    public_id: str
    slug: str
    title: str
    title_html: str
    version: str
    name: str
    affiliation: str
    reasons: list[str]

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("works", self.public_id, self.slug)

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)


class NamePage(msgspec.Struct, frozen=True):
    """The name page. `bylines` counts all with this family name and first initial, `assigned` those placed."""

    block_key: str
    name: str
    spellings: list[str]
    bylines: int
    assigned: int
    records_total: int
    records: list[NameRecord]
    undecided: list[UndecidedByline]
    paging: Paging

    @property
    def open(self) -> int:
        """Bylines that belong to nobody yet."""
        return self.bylines - self.assigned

    @property
    def shared_institution(self) -> bool:
        """Whether two of the records name the same institution."""
        named = [institution for record in self.records for institution in record.institutions]
        return len(named) > len(set(named))


_PRINTED = f"""
    SELECT a.researcher_id, a.raw_name AS name FROM works_authorship a {printed.HOLDER}
     WHERE a.block_key = %s AND {printed.AS_IN_SOURCE}
    UNION ALL
    SELECT a.researcher_id, h.printed_name FROM profiles_researcher h JOIN works_authorship a ON a.researcher_id = h.id
     WHERE h.listed_under = %s AND h.printed_name <> '' AND h.removed_at IS NULL
"""  # noqa: S608 - constants
"""The bylines that are printed with the name: as the source has it, or because somebody wants to be called so."""

COUNTS = f"SELECT count(*), count(researcher_id), count(DISTINCT researcher_id) FROM ({_PRINTED}) p"  # noqa: S608 - constants

SPELLINGS = f"""
    SELECT name, count(*) FROM ({_PRINTED}) p GROUP BY name ORDER BY count(*) DESC, name LIMIT 24
"""  # noqa: S608 - constants

RECORDS = """
    SELECT r.public_id, r.slug, r.display_name, r.works_count, r.first_year, r.last_year,
           ARRAY(SELECT i.name FROM profiles_affiliation a JOIN profiles_institution i ON i.id = a.institution_id
                  WHERE a.researcher_id = r.id
                  ORDER BY a.last_year DESC NULLS LAST, a.works DESC, i.name LIMIT 2),
           ARRAY(SELECT t.label FROM graph_researchertopic k JOIN works_topic t ON t.id = k.topic_id
                  WHERE k.researcher_id = r.id ORDER BY k.works DESC, t.label LIMIT 2),
           coalesce(e.data::json->'people'->0->>2, ''), coalesce(d.scheme, ''), coalesce(d.value, ''),
           (SELECT count(*) FROM profiles_researcheridentifier n WHERE n.researcher_id = r.id),
           coalesce(x.title, ''), coalesce(x.public_id, '')
      FROM profiles_researcher r
      LEFT JOIN graph_egographsnapshot e ON e.researcher_id = r.id
      LEFT JOIN LATERAL (SELECT i.scheme, i.value FROM profiles_researcheridentifier i WHERE i.researcher_id = r.id
                          ORDER BY i.scheme = 'orcid' DESC, i.bylines DESC, i.value LIMIT 1) d ON true
      LEFT JOIN LATERAL (SELECT w.title, w.public_id FROM works_authorship a JOIN works_work w ON w.id = a.work_id
                          WHERE a.researcher_id = r.id ORDER BY w.year DESC NULLS LAST, w.id DESC LIMIT 1) x ON true
     WHERE r.listed_under = %s AND r.merged_into_id IS NULL AND r.works_count > 0
     ORDER BY r.works_count DESC, r.sort_name, r.id LIMIT %s
"""

UNDECIDED = f"""
    SELECT w.public_id, w.slug, w.title, w.title_html, w.version_label, a.raw_name, a.raw_affiliation, a.evidence::text
      FROM works_authorship a JOIN works_work w ON w.id = a.work_id
     WHERE a.block_key = %s AND a.researcher_id IS NULL AND NOT {printed.GUARDED}
     ORDER BY w.year DESC NULLS LAST, w.id DESC, a.position LIMIT %s OFFSET %s
"""  # noqa: S608 - constants

_evidence = msgspec.json.Decoder(list[Evidence]).decode


def name_page(block_key: str, *, page: int = 1) -> NamePage | None:
    """The page of one name with the `page`-th undecided bylines; None if no byline carries the name."""
    bylines, assigned, people = bulk.fetch(COUNTS, [block_key, block_key])[0]
    if not bylines:
        return None
    path = f"/names/{block_key.replace(' ', '-')}/"
    window = paging(page=page, size=UNDECIDED_A_PAGE, total=bylines - assigned, path=path)
    spellings = bulk.fetch(SPELLINGS, [block_key, block_key])
    return NamePage(
        block_key=block_key,
        name=preferred(spellings),
        spellings=[name for name, _ in spellings],
        bylines=bylines,
        assigned=assigned,
        records_total=people,
        records=[NameRecord(*row) for row in bulk.fetch(RECORDS, [block_key, RECORDS_SHOWN])],
        undecided=[
            UndecidedByline(*(*row[:-1], [sentence(e) for e in _evidence(row[-1])]))
            for row in bulk.fetch(UNDECIDED, [block_key, window.size, window.offset])
        ],
        paging=window,
    )
