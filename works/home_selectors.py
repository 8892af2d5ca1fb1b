"""Everything the home page prints, in five queries."""

from __future__ import annotations

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.import_selectors import Run, runs
from works.row_selectors import WorkRow, work_rows

NEWEST = 6
TOPICS = 8
PEOPLE = 8
LOOKED_AT = 60
"""Researchers with the most works among whom the most connected are looked for."""


class Connected(msgspec.Struct, frozen=True):
    """A researcher and how many people they share works with."""

    public_id: str
    slug: str
    name: str
    works: int
    coauthors: int
    close: int

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("researchers", self.public_id, self.slug)


class HomeTopic(msgspec.Struct, frozen=True):
    """A topic and how many works are on it."""

    public_id: str
    slug: str
    label: str
    code: str
    works: int

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("topics", self.public_id, self.slug)


class Totals(msgspec.Struct, frozen=True):
    """How much is held. `researchers` counts records, `bylines` every printed name with its source."""

    works: int
    researchers: int
    bylines: int
    venues: int
    first_year: int | None
    last_year: int | None


class Home(msgspec.Struct, frozen=True):
    """The home page: totals, newest works, the topics with most works, the best connected people, last runs."""

    totals: Totals
    newest: list[WorkRow]
    topics: list[HomeTopic]
    people: list[Connected]
    runs: list[Run]


TOTALS = """
    SELECT (SELECT count(*) FROM works_work WHERE merged_into_id IS NULL), count(*),
           (SELECT count(*) FROM works_authorship), (SELECT count(*) FROM works_venue), min(first_year), max(last_year)
      FROM profiles_researcher WHERE merged_into_id IS NULL AND works_count > 0
"""

CONNECTED = """
    SELECT r.public_id, r.slug, r.display_name, r.works_count, (e.data::json->>'total')::int, (e.data::json->>'close')::int
      FROM (SELECT * FROM profiles_researcher WHERE merged_into_id IS NULL AND works_count > 0
             ORDER BY works_count DESC, sort_name, id LIMIT %s) r
      JOIN graph_egographsnapshot e ON e.researcher_id = r.id
     ORDER BY (e.data::json->>'total')::int DESC, r.sort_name LIMIT %s
"""

TOPIC_COUNTS = """
    SELECT t.public_id, t.slug, t.label, t.code, k.works
      FROM (SELECT topic_id, count(*) AS works FROM works_worktopic GROUP BY topic_id ORDER BY count(*) DESC LIMIT %s) k
      JOIN works_topic t ON t.id = k.topic_id ORDER BY k.works DESC, t.label
"""

# The newest of those that came in last: by date alone it would mean a look at every work.
NEWEST_IDS = """
    SELECT id FROM (SELECT id, date FROM works_work WHERE merged_into_id IS NULL ORDER BY id DESC LIMIT 500) added
     ORDER BY date DESC, id DESC LIMIT %s
"""


def home() -> Home:
    """The home page as of now."""
    return Home(
        totals=Totals(*bulk.fetch(TOTALS)[0]),
        newest=work_rows([row[0] for row in bulk.fetch(NEWEST_IDS, [NEWEST])]),
        topics=[HomeTopic(*row) for row in bulk.fetch(TOPIC_COUNTS, [TOPICS])],
        people=[Connected(*row) for row in bulk.fetch(CONNECTED, [LOOKED_AT, PEOPLE])],
        runs=runs(size=4).runs,
    )
