"""The explorer: all co-authors of one researcher, strongest first, a page at a time. Two queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from graph import charts
from graph.algorithms import CLOSE
from graph.recency import now, state
from profiles.selectors import Head, head, stored_head
from researchgraph.lib import bulk
from researchgraph.lib.dates import this_year
from researchgraph.lib.paging import Paging, paging

if TYPE_CHECKING:
    from markupsafe import Markup

PEOPLE_A_PAGE: Final = 50


class Coauthor(msgspec.Struct, frozen=True):
    """One co-author, as the edge between the two records says: `weight` is the strength in all, `now` that at present."""

    public_id: str
    slug: str
    name: str
    works: int
    weight: float
    first_year: int | None
    last_year: int | None
    now: float
    state: str

    @property
    def close(self) -> bool:
        """Whether the strength in all is that of a close collaborator."""
        return self.weight >= CLOSE


class Explorer(msgspec.Struct, frozen=True):
    """The explorer's page. `picture` shows the strongest people and who of them share works with each other."""

    head: Head
    picture: Markup
    people: list[Coauthor]
    paging: Paging


# A pair is stored once, under the smaller key, so both directions are looked up.
_COAUTHORS: Final = """
    SELECT r.public_id, r.slug, r.display_name, e.works, e.weight, e.first_year, e.last_year, e.recent
      FROM (SELECT b_id AS other, works, weight, first_year, last_year, recent FROM graph_coauthoredge WHERE a_id = %s
            UNION ALL
            SELECT a_id, works, weight, first_year, last_year, recent FROM graph_coauthoredge WHERE b_id = %s) e
      JOIN profiles_researcher r ON r.id = e.other
     ORDER BY e.recent DESC, e.weight DESC, e.works DESC, r.id LIMIT %s OFFSET %s
"""


def explorer(public_id: str, *, page: int = 1) -> Explorer | None:
    """The `page`-th co-authors of a researcher; None if there is no such record."""
    stored = stored_head(public_id)
    if stored is None:
        return None
    top = head(stored)
    window = paging(page=page, size=PEOPLE_A_PAGE, total=top.ego.total, path=f"{top.href}graph/")
    rows = bulk.fetch(_COAUTHORS, [top.id, top.id, window.size, window.offset])
    year = this_year()
    return Explorer(
        head=top,
        picture=charts.dial(top.ego, center=top.name, href=top.href, year=year, ties=True),
        people=[
            Coauthor(
                public, slug, name, works, weight, first, last, now(recent, year=year), state(first, last, year=year)
            )
            for public, slug, name, works, weight, first, last, recent in rows
        ],
        paging=window,
    )
