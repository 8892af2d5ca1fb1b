"""What curators read about claims: the queue by its clock, and the card of one claim with what speaks for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.utils import timezone

from profiles.claim_selectors import MEDIAN, ClaimPage, Record, assembled
from profiles.claims import FOR_CURATORS, GRANTED, LABELS, PENDING, Judgment, Proof, State, judge
from profiles.domains import DomainClass, classify, domain
from profiles.flows.claims import facts
from profiles.names import compatible
from profiles.vouch_selectors import Asked, asked
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, page_number, paging

CLAIMS_A_PAGE: Final = 25
_WAITING: Final = sorted(state.value for state in FOR_CURATORS)
_UNDECIDED: Final = sorted(state.value for state in PENDING)
_NAMES: Final = """
    ARRAY(SELECT DISTINCT r.display_name FROM profiles_claimedrecord k JOIN profiles_researcher n ON n.id = k.researcher_id
            JOIN profiles_researcher r ON r.id = coalesce(n.merged_into_id, n.id) WHERE k.claim_id = c.id ORDER BY 1)
"""
_RIVALS: Final = """
    (SELECT count(DISTINCT o.id) FROM profiles_claimedrecord k JOIN profiles_claimedrecord m ON m.researcher_id = k.researcher_id
       JOIN profiles_claim o ON o.id = m.claim_id
      WHERE k.claim_id = c.id AND o.claimant_id <> c.claimant_id AND (o.state = ANY(%(undecided)s) OR m.holds))
"""


class Queued(msgspec.Struct, frozen=True):
    """A claim in the queue."""

    id: int
    state: str
    claimant: str
    submitted_at: datetime | None
    due_at: datetime | None
    kinds: list[str]
    rivals: int
    names: list[str]

    @property
    def label(self) -> str:
        """Where it stands."""
        return LABELS[self.state]

    @property
    def clock(self) -> str:
        """How much is left of what was promised, in words; "" without a date."""
        return clock(self.due_at)

    @property
    def overdue(self) -> bool:
        """Whether it should have been decided on by now."""
        return self.due_at is not None and self.due_at < timezone.now()


class Queue(msgspec.Struct, frozen=True):
    """A page of the claims that wait, the most pressing first. `median` is the time to a decision, in hours."""

    claims: list[Queued]
    paging: Paging
    median: float | None


def queue(*, page: str) -> Queue:
    """Claims that wait for a curator, by the date that was promised. Three queries."""
    total = bulk.fetch("SELECT count(*) FROM profiles_claim WHERE state = ANY(%s)", [_WAITING])[0][0]
    window = paging(page=page_number(page, size=CLAIMS_A_PAGE), size=CLAIMS_A_PAGE, total=total, path="/curate/claims/")
    rows = bulk.fetch(
        f"""
        SELECT c.id, c.state, u.username, c.submitted_at, c.due_at,
               ARRAY(SELECT DISTINCT e.kind FROM profiles_claimevidence e
                      WHERE e.claim_id = c.id AND e.state = 'confirmed' ORDER BY 1),
               {_RIVALS}, {_NAMES}
          FROM profiles_claim c JOIN auth_user u ON u.id = c.claimant_id WHERE c.state = ANY(%(waiting)s)
         ORDER BY c.due_at, c.id LIMIT %(limit)s OFFSET %(offset)s
        """,  # noqa: S608 - constants
        {"undecided": _UNDECIDED, "waiting": _WAITING, "limit": window.size, "offset": window.offset},
    )
    hours = bulk.fetch(MEDIAN)[0][0]
    return Queue([Queued(*row) for row in rows], window, None if hours is None else float(hours))


def clock(due_at: datetime | None) -> str:
    """How long until a date, or since: "in 6 h", "2 days ago"; "" without one."""
    if due_at is None:
        return ""
    left = due_at - timezone.now()
    return f"in {_roughly(left)}" if left > timedelta() else f"{_roughly(-left)} ago"


def _roughly(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


class Address(msgspec.Struct, frozen=True):
    """An e-mail address of the claimant, by its domain only."""

    domain: str
    kind: DomainClass
    verified: bool


class Signal(msgspec.Struct, frozen=True):
    """One thing a curator may weigh. `reading`: for, against, or neutral. No signal decides anything."""

    label: str
    value: str
    reading: str = "neutral"


class Rival(msgspec.Struct, frozen=True):
    """Another claim on one of the records. `kinds` are those of its confirmed evidence."""

    id: int
    state: str
    claimant: str
    joined_at: datetime
    submitted_at: datetime | None
    holds: bool
    kinds: list[str]

    @property
    def label(self) -> str:
        """Where it stands."""
        return LABELS[self.state]


class Card(msgspec.Struct, frozen=True):
    """All that a curator sees of one claim."""

    claim: ClaimPage
    claimant: str
    full_name: str
    joined_at: datetime
    own: bool
    proposed_by: str
    proposed_by_me: bool
    addresses: list[Address]
    orcid: str
    orcid_names: tuple[str, ...]
    signals: list[Signal]
    rivals: list[Rival]
    prior: list[Queued]
    uncovered: list[Record]
    judgment: Judgment
    vouches: list[Asked]
    answered: bool
    next: int

    @property
    def barred(self) -> bool:
        """Whether this curator has no say: it is their own claim, or they have answered whether they vouch for it."""
        return self.own or self.answered

    @property
    def decidable(self) -> bool:
        """Whether a curator may ask, approve or decline."""
        return self.claim.state in FOR_CURATORS and not self.barred

    @property
    def revocable(self) -> bool:
        """Whether it can be revoked."""
        granted = self.claim.state in GRANTED or (self.claim.state == State.FROZEN and self.claim.holds)
        return granted and not self.barred

    @property
    def freezable(self) -> bool:
        """Whether it can be frozen."""
        return self.claim.state in (PENDING | GRANTED) - {State.FROZEN} and not self.barred

    def counts(self, vouch: Asked) -> bool:
        """Whether an answer is evidence as of the last time it was collected."""
        return any(one.value == str(vouch.request) for one in self.claim.evidence)

    @property
    def needs_two(self) -> bool:
        """Whether somebody else holds a record."""
        return any(rival.holds for rival in self.rivals)

    @property
    def clock(self) -> str:
        """How much is left of what was promised."""
        return clock(self.claim.due_at)


_CARD: Final = """
    SELECT c.id, c.state, c.level, c.note, c.submitted_at, c.due_at, c.effective_at,
           EXISTS (SELECT FROM profiles_claimedrecord k WHERE k.claim_id = c.id AND k.holds), false,
           c.claimant_id, coalesce(p.username, ''), c.proposed_by_id IS NOT DISTINCT FROM %s,
           coalesce((SELECT n.id FROM profiles_claim n WHERE n.state = ANY(%s) AND n.id <> c.id
                      ORDER BY (n.due_at, n.id) <= (c.due_at, c.id), n.due_at, n.id LIMIT 1), 0)
      FROM profiles_claim c LEFT JOIN auth_user p ON p.id = c.proposed_by_id WHERE c.id = %s AND c.state <> 'draft'
"""
_OTHERS: Final = """
    SELECT DISTINCT c.id, c.state, u.username, u.date_joined, c.submitted_at, bool_or(k.holds),
           ARRAY(SELECT DISTINCT e.kind FROM profiles_claimevidence e WHERE e.claim_id = c.id AND e.state = 'confirmed' ORDER BY 1)
      FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id JOIN auth_user u ON u.id = c.claimant_id
      JOIN profiles_researcher r ON r.id = k.researcher_id
     WHERE c.claimant_id <> %s AND coalesce(r.merged_into_id, r.id) = ANY(%s) AND (c.state = ANY(%s) OR k.holds
           OR c.effective_at IS NOT NULL)
     GROUP BY c.id, u.id ORDER BY c.id
"""
_PRIOR: Final = f"""
    SELECT c.id, c.state, '', c.submitted_at, c.due_at, ARRAY[]::text[], 0, {_NAMES} FROM profiles_claim c
     WHERE c.claimant_id = %s AND c.id <> %s AND c.state <> 'draft' ORDER BY c.id DESC LIMIT 20
"""  # noqa: S608 - constants


def card(claim: int, *, user: int) -> Card | None:
    """One claim as a curator sees it; None for one that was not sent. A fixed number of queries."""
    rows = bulk.fetch(_CARD, [user, _WAITING, claim])
    if not rows:
        return None
    *facts_of_claim, claimant, proposed_by, proposed_by_me, next_claim = rows[0]
    page = assembled(claim, facts_of_claim)
    account = get_user_model().objects.get(pk=claimant)
    ids = [record.id for record in page.records]
    known = facts.orcid_of(claimant)
    proofs = [Proof(one.kind, frozenset(one.records)) for one in page.evidence if one.confirmed]
    covered = {record for proof in proofs for record in proof.records}
    full_name = account.get_full_name()
    addresses = _addresses(claimant, ids)
    names = _spellings(ids)
    vouches = asked(claim)
    return Card(
        claim=page,
        claimant=account.get_username(),
        full_name=full_name,
        joined_at=account.date_joined,
        own=claimant == user,
        proposed_by=proposed_by,
        proposed_by_me=proposed_by_me,
        addresses=addresses,
        orcid=known[0] if known else "",
        orcid_names=known[1].names if known else (),
        signals=[
            *_name_signals(full_name, known[1].names if known else (), names),
            _orcid_signal(known[0] if known else "", page),
            _address_signal(addresses),
            _speed(account.date_joined, page.submitted_at),
        ],
        rivals=[Rival(*row) for row in bulk.fetch(_OTHERS, [claimant, ids, _UNDECIDED])],
        prior=[Queued(*row) for row in bulk.fetch(_PRIOR, [claimant, claim])],
        uncovered=[record for record in page.records if record.id not in covered],
        judgment=judge(proofs, ids, contested=True),
        vouches=vouches,
        answered=any(one.account == user and one.answer for one in vouches),
        next=next_claim,
    )


def _addresses(user: int, records: Sequence[int]) -> list[Address]:
    institutions = list(facts.domains_of(records))
    rows = EmailAddress.objects.filter(user_id=user).order_by("-primary", "pk").values_list("email", "verified")
    return [Address(domain(email), classify(email, institutions=institutions), verified) for email, verified in rows]


def _spellings(records: Sequence[int]) -> list[str]:
    query = "SELECT DISTINCT raw_name FROM works_authorship WHERE researcher_id = ANY(%s) ORDER BY 1"
    return [row[0] for row in bulk.fetch(query, [list(records)])]


def _name_signals(full_name: str, orcid_names: Sequence[str], printed: Sequence[str]) -> list[Signal]:
    stated = [("Name on the account", [full_name] if full_name else []), ("Name on ORCID", list(orcid_names))]
    found = []
    for label, names in stated:
        if not names:
            continue
        fits = sum(any(compatible(name, one) for name in names) for one in printed)
        value = f"{' or '.join(names)}: fits {fits} of {len(printed)} byline spellings"
        found.append(Signal(label, value, "for" if fits else "against"))
    return found


def _orcid_signal(orcid: str, page: ClaimPage) -> Signal:
    said = [one.finding for one in page.evidence if one.kind.startswith("orcid") and one.confirmed]
    if not orcid:
        return Signal("ORCID", "not signed in with")
    return Signal("ORCID", "; ".join(said) if said else "none of these works on that iD", "for" if said else "against")


def _address_signal(addresses: Sequence[Address]) -> Signal:
    confirmed = [one for one in addresses if one.verified]
    value = "; ".join(f"{one.domain}: {one.kind}" for one in confirmed) or "none confirmed"
    kinds = {one.kind for one in confirmed}
    reading = (
        "for" if DomainClass.INSTITUTIONAL in kinds else "against" if DomainClass.DISPOSABLE in kinds else "neutral"
    )
    return Signal("E-mail domains", value, reading)


def _speed(joined_at: datetime, submitted_at: datetime | None) -> Signal:
    if submitted_at is None:
        return Signal("Speed", "not sent yet")
    return Signal(
        "Speed", f"{_roughly(submitted_at - joined_at)} from sign-up to claim; account made {joined_at:%b %d, %Y}"
    )
