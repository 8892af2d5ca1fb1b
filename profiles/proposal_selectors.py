"""Proposals of authors about their works: what they read of them, and the queue of curators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from profiles.claims import GRANTED_SQL
from profiles.flows.owning.rights import BY_USER, HOLDING
from profiles.own_models import ProposalState
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging
from researchgraph.lib.public_ids import address
from works.correction_selectors import CORRECTED
from works.ingest.merge import Alternative
from works.row_selectors import TYPE_LABELS, markup
from works.selectors import FIELD_LABELS

if TYPE_CHECKING:
    from markupsafe import Markup

AUTHORS, OTHER = "authors", "other"
FIELDS: Final[dict[str, str]] = {
    **{field: FIELD_LABELS[field] for field in CORRECTED},
    AUTHORS: "Authors: order, a name, somebody missing",
    OTHER: "Something else",
}
"""What can be proposed about, and what it is called."""
LISTED: Final = 100
A_PAGE: Final = 25

_MAY: Final = f"""
    SELECT FROM works_work w JOIN works_authorship a ON a.work_id = w.id
     WHERE w.public_id = %(work)s AND a.researcher_id IS NOT NULL
       AND EXISTS ({HOLDING.format(researcher="a.researcher_id", whose=BY_USER)}) LIMIT 1
"""


def may_propose(work: str, *, user: int | None) -> bool:
    """Whether a byline of the work is on a record that this person holds. One query; none for visitors."""
    return user is not None and bool(bulk.fetch(_MAY, {"work": work, "user": user}))


class Proposed(msgspec.Struct, frozen=True):
    """A proposal as its author reads it."""

    id: int
    field: str
    value: str
    note: str
    state: str
    answer: str
    made_at: datetime
    decided_at: datetime | None
    title: str
    title_html: str
    work: str
    slug: str

    @property
    def label(self) -> str:
        """What it is about."""
        return FIELDS[self.field].partition(":")[0]

    @property
    def heading(self) -> Markup:
        """The title of the work as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def href(self) -> str:
        """The page of the work."""
        return address("works", self.work, self.slug)

    @property
    def words(self) -> str:
        """The value for people; "" says that there is none."""
        return in_words(self.field, self.value)

    @property
    def open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state == ProposalState.OPEN

    @property
    def state_label(self) -> str:
        """Where it stands, for people."""
        return str(ProposalState(self.state).label)


def in_words(field: str, value: str) -> str:
    """A value of a field for people."""
    return TYPE_LABELS.get(value, value) if field == "type" else value


def proposals_of(user: int) -> list[Proposed]:
    """What a person has proposed, newest first."""
    rows = bulk.fetch(
        """
        SELECT p.id, p.field, p.value, p.note, p.state, p.answer, p.made_at, p.decided_at, w.title, w.title_html,
               w.public_id, w.slug
          FROM profiles_proposal p JOIN works_work o ON o.id = p.work_id
          JOIN works_work w ON w.id = coalesce(o.merged_into_id, o.id) WHERE p.author_id = %s ORDER BY p.id DESC LIMIT %s
        """,
        [user, LISTED],
    )
    return [Proposed(*row) for row in rows]


class Waiting(Proposed, frozen=True):
    """A proposal as a curator reads it, beside what the page says now, whose word that is, and what other sources say.

    `seen` is the newest correction of the work, `curated` says that a curator's word holds for the field.
    """

    now: str
    source: str
    others: list[Alternative]
    record: str
    record_id: str
    record_slug: str
    curated: bool
    seen: int

    @property
    def correctable(self) -> bool:
        """Whether accepting it corrects the work; the rest is done by hand."""
        return self.field in CORRECTED

    @property
    def now_words(self) -> str:
        """What the page says now, for people."""
        return in_words(self.field, self.now)

    @property
    def says(self) -> list[Alternative]:
        """What others say, for people."""
        return [Alternative(other.source, in_words(self.field, other.value)) for other in self.others]

    @property
    def whose(self) -> str:
        """The record of the author."""
        return address("researchers", self.record_id, self.record_slug)


LIVE: Final = f"""
    p.state = 'open' AND EXISTS (SELECT FROM profiles_claim c JOIN profiles_claimedrecord k ON k.claim_id = c.id
                                  WHERE c.id = p.claim_id AND c.state IN {GRANTED_SQL} AND k.holds)
"""
"""Whether the proposal `p` waits for a curator: its author holds the record still."""
COUNT: Final = f"(SELECT count(*) FROM profiles_proposal p WHERE {LIVE})"  # noqa: S608 - a constant
"""How many wait."""
_QUEUE: Final = f"""
    SELECT p.id, p.field, p.value, p.note, p.state, p.answer, p.made_at, p.decided_at, w.title, w.title_html, w.public_id,
           w.slug,
           coalesce(jsonb_build_object('title', w.title, 'type', w.type, 'year', w.year::text, 'date', w.date, 'venue', v.name,
                    'license', w.license, 'code_url', w.code_url, 'site_url', w.site_url, 'pdf_url', w.pdf_url) ->> p.field, ''),
           coalesce(w.provenance ->> p.field, ''), coalesce(w.alternatives -> p.field, '[]')::text,
           r.display_name, r.public_id, r.slug,
           EXISTS (SELECT FROM works_workcorrection k WHERE k.work_id = w.id AND k.field = p.field AND k.undone_at IS NULL
                      AND k.origin = 'curator'),
           coalesce((SELECT max(k.id) FROM works_workcorrection k WHERE k.work_id = w.id), 0)
      FROM profiles_proposal p JOIN works_work o ON o.id = p.work_id
      JOIN works_work w ON w.id = coalesce(o.merged_into_id, o.id) LEFT JOIN works_venue v ON v.id = w.venue_id
      JOIN LATERAL (SELECT h.display_name, h.public_id, h.slug FROM profiles_claimedrecord k
                      JOIN profiles_researcher n ON n.id = k.researcher_id
                      JOIN profiles_researcher h ON h.id = coalesce(n.merged_into_id, n.id)
                     WHERE k.claim_id = p.claim_id ORDER BY h.works_count DESC, h.id LIMIT 1) r ON true
     WHERE {LIVE}
"""  # noqa: S608 - constants
_others = msgspec.json.Decoder(list[Alternative]).decode


class Queue(msgspec.Struct, frozen=True):
    """A page of the proposals that wait, the oldest first."""

    proposals: list[Waiting]
    paging: Paging


def queue(*, page: str) -> Queue:
    """The proposals that wait. Two queries."""
    total = bulk.fetch(COUNT)[0][0]
    window = paging(page=page_number(page, size=A_PAGE), size=A_PAGE, total=total, path="/curate/proposals/")
    rows = bulk.fetch(f"{_QUEUE} ORDER BY p.id LIMIT %s OFFSET %s", [window.size, window.offset])
    return Queue([_waiting(row) for row in rows], window)


def _waiting(row: Sequence[Any]) -> Waiting:
    parts: list[Any] = [*row[:14], _others(row[14]), *row[15:]]
    return Waiting(*parts)
