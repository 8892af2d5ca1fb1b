"""What claimants read: their claims, one of them with its timeline, and records that may be theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from profiles.claim_models import Claim, EvidenceState
from profiles.claims import CHANGEABLE, EVIDENCE, GRANTED, LABELS, OPEN, PENDING, STRONG, Actor, State
from profiles.flows.claims import facts
from researchgraph.lib import bulk
from researchgraph.lib.dates import span
from researchgraph.lib.public_ids import address
from works import search_selectors

FOUND: Final = 25
"""Records that a search offers to claim."""
MEDIAN: Final = """
    SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY decided_at - submitted_at)) / 3600
      FROM profiles_claim WHERE decided_at > now() - interval '30 days' AND submitted_at IS NOT NULL
"""


class Record(msgspec.Struct, frozen=True):
    """A researcher record as somebody who may claim it reads it."""

    id: int
    public_id: str
    slug: str
    name: str
    works: int
    first_year: int | None
    last_year: int | None
    level: int
    institution: str = ""

    @property
    def href(self) -> str:
        """The public page."""
        return address("researchers", self.public_id, self.slug)

    @property
    def years(self) -> str:
        """First to last year of its works, or ""."""
        return span(self.first_year, self.last_year)


_RECORD: Final = """
    r.id, r.public_id, r.slug, r.display_name, r.works_count, r.first_year, r.last_year, r.verification_level,
    coalesce((SELECT i.name FROM profiles_affiliation a JOIN profiles_institution i ON i.id = a.institution_id
               WHERE a.researcher_id = r.id ORDER BY a.last_year DESC NULLS LAST, a.works DESC, i.name LIMIT 1), '')
"""
RECORDS: Final = f"""
    SELECT DISTINCT {_RECORD} FROM profiles_claimedrecord k JOIN profiles_researcher n ON n.id = k.researcher_id
      JOIN profiles_researcher r ON r.id = coalesce(n.merged_into_id, n.id)
     WHERE k.claim_id = %s AND r.removed_at IS NULL ORDER BY 5 DESC, 1
"""  # noqa: S608 - constants


class Step(msgspec.Struct, frozen=True):
    """One line of the timeline. `who` is the account that acted, for curators only; "" for the system or a link."""

    role: str
    before: str
    after: str
    code: str
    text: str
    who: str
    happened_at: datetime

    @property
    def title(self) -> str:
        """What happened, in plain English."""
        if self.code in _TITLES:
            return _TITLES[self.code]
        if self.before == State.DRAFT and self.after == State.DRAFT:
            return "Begun"
        return LABELS[self.after].capitalize()

    @property
    def by(self) -> str:
        """As whom somebody acted, in plain English."""
        return _ROLES[self.role]


_TITLES: Final[dict[str, str]] = {
    "rival": "In review, because somebody else claims the record as well",
    "cooling-off": "Approved, and counts after 72 hours",
    "in-effect": "The approval counts now",
    "second-curator": "A second curator has to agree",
    "evidence-gone": "Back in review, because evidence is gone",
    "proof-gone": "Frozen, because what had proved it is gone",
    "disputed": "Frozen, because somebody disputes it",
}
_ROLES: Final[dict[str, str]] = {
    Actor.CLAIMANT: "by the claimant",
    Actor.CURATOR: "by a curator",
    Actor.SECOND_CURATOR: "by a curator",
    Actor.SYSTEM: "by the published rule",
    Actor.VICTIM: "by somebody whom the claim concerns",
}
STEPS: Final = """
    SELECT e.role, e.before, e.after, e.code, e.text, coalesce(u.username, ''), e.happened_at FROM profiles_claimevent e
      LEFT JOIN auth_user u ON u.id = e.actor_id WHERE e.claim_id = %s ORDER BY e.id DESC
"""


class Shown(msgspec.Struct, frozen=True):
    """One piece of evidence. `records` are the keys it speaks for."""

    id: int
    kind: str
    value: str
    state: str
    records: list[int]
    finding: str
    page: bool

    @property
    def label(self) -> str:
        """What it says if it is confirmed."""
        return EVIDENCE[self.kind]

    @property
    def strong(self) -> bool:
        """Whether it proves a record by itself."""
        return self.kind in STRONG

    @property
    def confirmed(self) -> bool:
        """Whether it was found."""
        return self.state == EvidenceState.CONFIRMED

    @property
    def waiting(self) -> bool:
        """Whether it is being looked at."""
        return self.state == EvidenceState.WAITING


SHOWN: Final = """
    SELECT id, kind, value, state, records, finding, token IS NOT NULL FROM profiles_claimevidence
     WHERE claim_id = %s ORDER BY token IS NOT NULL, id
"""


class ClaimPage(msgspec.Struct, frozen=True):
    """One claim as its claimant reads it."""

    id: int
    state: str
    level: int | None
    note: str
    submitted_at: datetime | None
    due_at: datetime | None
    effective_at: datetime | None
    holds: bool
    contested: bool
    records: list[Record]
    evidence: list[Shown]
    steps: list[Step]

    @property
    def label(self) -> str:
        """Where it stands, in plain English."""
        return LABELS[self.state]

    @property
    def name(self) -> str:
        """The first of its records."""
        return self.records[0].name if self.records else "a record that was taken down"

    @property
    def href(self) -> str:
        """Its page."""
        return f"/claims/{self.id}/"

    @property
    def draft(self) -> bool:
        """Whether it was not sent yet."""
        return self.state == State.DRAFT

    @property
    def changeable(self) -> bool:
        """Whether evidence can be added."""
        return self.state in CHANGEABLE

    @property
    def granted(self) -> bool:
        """Whether it was decided for the claimant."""
        return self.state in GRANTED

    @property
    def proof_gone(self) -> bool:
        """Whether it is frozen because what had proved it is gone, not because somebody disputes it."""
        frozen = (step.code for step in self.steps if step.after == State.FROZEN != step.before)
        return self.state == State.FROZEN and next(frozen, "") == "proof-gone"

    @property
    def pending(self) -> bool:
        """Whether it is being decided on."""
        return self.state in PENDING

    @property
    def leavable(self) -> bool:
        """Whether it can be given back."""
        return self.state in OPEN | GRANTED | {State.REJECTED}

    @property
    def tone(self) -> str:
        """How the state is marked: ok, bad, or warn."""
        if self.granted:
            return "ok"
        return "bad" if self.state in {State.REJECTED, State.REVOKED} else "warn"

    @property
    def last_said(self) -> Step | None:
        """The last word of a curator that has a text or a reason."""
        said = (step for step in self.steps if step.role in {Actor.CURATOR, Actor.SECOND_CURATOR})
        return next((step for step in said if step.text or step.code), None)


_CLAIM: Final = """
    SELECT c.id, c.state, c.level, c.note, c.submitted_at, c.due_at, c.effective_at,
           EXISTS (SELECT FROM profiles_claimedrecord k WHERE k.claim_id = c.id AND k.holds),
           EXISTS (SELECT FROM profiles_claimevent e WHERE e.claim_id = c.id AND e.code = 'rival')
      FROM profiles_claim c WHERE c.id = %s AND c.claimant_id = %s
"""


def claim_page(claim: int, *, user: int) -> ClaimPage | None:
    """The claim, if it is this person's; None for everybody else. Four queries."""
    rows = bulk.fetch(_CLAIM, [claim, user])
    if not rows:
        return None
    return assembled(claim, rows[0])


def assembled(claim: int, row: Sequence[Any]) -> ClaimPage:
    """The claim of this row, with its records, evidence and events. Three queries."""
    parts: list[Any] = [*row, records_of(claim), evidence_of(claim), steps_of(claim)]
    return ClaimPage(*parts)


def records_of(claim: int) -> list[Record]:
    """The records a claim is about, as they are now, the largest first."""
    return [Record(*row) for row in bulk.fetch(RECORDS, [claim])]


def evidence_of(claim: int) -> list[Shown]:
    """The evidence of a claim."""
    return [Shown(*row) for row in bulk.fetch(SHOWN, [claim])]


def steps_of(claim: int) -> list[Step]:
    """What happened to a claim, newest first."""
    return [Step(*row) for row in bulk.fetch(STEPS, [claim])]


class Account(msgspec.Struct, frozen=True):
    """What the account shows for the records of a claim by itself. `domains` are those of their institutions."""

    orcid: str
    facts: list[facts.Fact]
    domains: list[str]


def account(claim: int, *, user: int, records: Sequence[int]) -> Account:
    """What would be kept if the claim was sent now."""
    known = facts.orcid_of(user)
    before = Claim.objects.values_list("created_at", flat=True).get(pk=claim)
    found = facts.of_account(user, records, before=before)
    return Account(known[0] if known else "", found, sorted(facts.domains_of(records)))


class Listed(msgspec.Struct, frozen=True):
    """A claim in the list of one's own."""

    id: int
    state: str
    created_at: datetime
    names: list[str]

    @property
    def label(self) -> str:
        """Where it stands, in plain English."""
        return LABELS[self.state]

    @property
    def granted(self) -> bool:
        """Whether it was decided for the claimant."""
        return self.state in GRANTED


def claims_of(user: int) -> list[Listed]:
    """The claims of a person, newest first."""
    query = """
        SELECT c.id, c.state, c.created_at,
               ARRAY(SELECT DISTINCT r.display_name FROM profiles_claimedrecord k
                       JOIN profiles_researcher n ON n.id = k.researcher_id
                       JOIN profiles_researcher r ON r.id = coalesce(n.merged_into_id, n.id)
                      WHERE k.claim_id = c.id AND NOT r.withheld ORDER BY 1)
          FROM profiles_claim c WHERE c.claimant_id = %s ORDER BY c.id DESC LIMIT 50
    """
    return [Listed(*row) for row in bulk.fetch(query, [user])]


_SUGGESTED: Final = f"""
    SELECT DISTINCT {_RECORD} FROM works_authorship b JOIN profiles_researcher r ON r.id = b.researcher_id
     WHERE b.identifiers ->> 'orcid' = %s AND b.identifiers ? 'orcid' AND r.removed_at IS NULL
       AND NOT EXISTS (SELECT FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
                        WHERE k.researcher_id = r.id AND k.holds AND c.claimant_id = %s)
     ORDER BY 5 DESC, 1 LIMIT 20
"""  # noqa: S608 - constants


def suggested(user: int) -> list[Record]:
    """Records whose bylines print the iD that the person has signed in with, without those that are theirs. Two queries."""
    known = facts.orcid_of(user)
    return [Record(*row) for row in bulk.fetch(_SUGGESTED, [known[0], user])] if known else []


def found(query: str) -> list[Record]:
    """Records that a name, or the address of one identifier, finds."""
    words = search_selectors.clean_query(query)
    if not words:
        return []
    ids = [person.public_id for person in search_selectors.people(words, limit=FOUND, offset=0)[1]]
    exact = search_selectors.exact(words)
    if exact.startswith("/researchers/"):
        ids.insert(0, exact.split("/")[2])
    rows = bulk.fetch(
        f"""
        SELECT {_RECORD} FROM unnest(%s::text[]) WITH ORDINALITY AS n(public_id, place)
          JOIN profiles_researcher r ON r.public_id = n.public_id WHERE r.removed_at IS NULL ORDER BY n.place
        """,  # noqa: S608 - constants
        [list(dict.fromkeys(ids))],
    )
    return [Record(*row) for row in rows]


def keys(public_ids: Sequence[str]) -> list[int]:
    """The keys of these records."""
    return [
        row[0] for row in bulk.fetch("SELECT id FROM profiles_researcher WHERE public_id = ANY(%s)", [list(public_ids)])
    ]


def median_hours() -> float | None:
    """Half of the claims decided in the last 30 days were decided within this many hours; None if none was."""
    hours = bulk.fetch(MEDIAN)[0][0]
    return None if hours is None else float(hours)


def median_phrase() -> str:
    """The same in words; "" if none was decided."""
    hours = median_hours()
    if hours is None:
        return ""
    if hours < 1:
        return "less than an hour"
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return f"{hours:.0f} {'hour' if round(hours) == 1 else 'hours'}"
