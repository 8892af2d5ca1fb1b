"""What is read about vouching: by whom it is asked for, by whom it is given, and by curators.

The claimant reads whom they have asked and how many have answered what, but not who; curators read all of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from profiles.claim_models import VouchAnswer
from profiles.claims import UNDECIDED
from profiles.flows.claims import vouchers
from profiles.vouching import ASKED_MOST
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address

if TYPE_CHECKING:
    from profiles.vouching import Voucher

OFFERED: Final = 20
"""Co-authors that are offered to be asked, those with the most works in common first."""


class Asked(msgspec.Struct, frozen=True):
    """A request as it was made. `record` is the key under which the co-author's record goes on."""

    request: UUID
    account: int
    username: str
    record: int
    public_id: str
    slug: str
    name: str
    level: int
    answer: str
    asked_at: datetime

    @property
    def href(self) -> str:
        """The public page of the co-author's record."""
        return address("researchers", self.public_id, self.slug)


_ASKED: Final = """
    SELECT v.id, v.voucher_id, u.username, r.id, r.public_id, r.slug,
           CASE WHEN r.removed_at IS NULL THEN r.display_name ELSE 'A record that was taken down' END,
           r.verification_level, v.answer, v.asked_at
      FROM profiles_claimvouch v JOIN auth_user u ON u.id = v.voucher_id JOIN profiles_researcher n ON n.id = v.record_id
      JOIN profiles_researcher r ON r.id = coalesce(n.merged_into_id, n.id) WHERE v.claim_id = %s ORDER BY v.asked_at, v.id
"""


def asked(claim: int) -> list[Asked]:
    """Whom a claim has asked, in that order. One query."""
    return [Asked(*row) for row in bulk.fetch(_ASKED, [claim])]


class Vouching(msgspec.Struct, frozen=True):
    """Vouching as the claimant reads it: who can be asked, who was, and how many of those have said what."""

    offered: list[Voucher]
    asked: list[Asked]

    @property
    def left(self) -> int:
        """How many more can be asked."""
        return max(ASKED_MOST - len(self.asked), 0)

    @property
    def said(self) -> str:
        """The answers by number: "1 vouches, 1 does not, 1 has not answered"."""
        given = [one.answer for one in self.asked]
        yes, no, none = given.count(VouchAnswer.YES), given.count(VouchAnswer.NO), given.count("")
        told = [(yes, "vouches", "vouch"), (no, "does not", "do not"), (none, "has not answered", "have not answered")]
        return ", ".join(f"{count} {one if count == 1 else more}" for count, one, more in told if count)


def vouching(claim: int, *, changeable: bool) -> Vouching:
    """Vouching for a claim of one's own. Two queries while it takes evidence, else one."""
    known = asked(claim)
    accounts = {one.account for one in known}
    offered = [one for one in vouchers.of([claim]) if one.account not in accounts] if changeable else []
    return Vouching(offered[:OFFERED], known)


class Answerable(msgspec.Struct, frozen=True):
    """A request to somebody who may answer it: whose account asks, about which record, and through which of their own.

    `full_name` is as the account says; nobody has checked it. `works` are in common.
    """

    request: UUID
    username: str
    full_name: str
    records: list[tuple[str, str]]
    own: str
    works: int


_OPEN: Final = """
    SELECT v.id, v.claim_id, coalesce(n.merged_into_id, n.id), u.username, btrim(u.first_name || ' ' || u.last_name),
           (SELECT json_agg(json_build_array(d.display_name, d.public_id, d.slug) ORDER BY d.works_count DESC, d.id)::text
              FROM (SELECT DISTINCT r.* FROM profiles_claimedrecord k JOIN profiles_researcher m ON m.id = k.researcher_id
                      JOIN profiles_researcher r ON r.id = coalesce(m.merged_into_id, m.id)
                     WHERE k.claim_id = v.claim_id AND r.removed_at IS NULL) d)
      FROM profiles_claimvouch v JOIN profiles_claim c ON c.id = v.claim_id JOIN auth_user u ON u.id = c.claimant_id
      JOIN profiles_researcher n ON n.id = v.record_id
     WHERE v.voucher_id = %s AND v.answer = '' AND c.state = ANY(%s) ORDER BY v.asked_at, v.id
"""


_records = msgspec.json.Decoder(list[tuple[str, str, str]]).decode


def answerable(user: int) -> list[Answerable]:
    """What this person is asked and may still answer, the oldest first. One query, and one more if there is any."""
    rows = bulk.fetch(_OPEN, [user, sorted(state.value for state in UNDECIDED)])
    present = (
        {(one.claim, one.account, one.record): one for one in vouchers.of(sorted({row[1] for row in rows}))}
        if rows
        else {}
    )
    found = []
    for request, claim, record, username, full_name, records in rows:
        if voucher := present.get((claim, user, record)):
            named = [(name, address("researchers", *ids)) for name, *ids in _records(records or "[]")]
            found.append(Answerable(request, username, full_name, named, voucher.name, voucher.works))
    return found


def is_asked(request: UUID, *, user: int) -> bool:
    """Whether this person was asked, whatever has become of it."""
    return bool(bulk.fetch("SELECT FROM profiles_claimvouch WHERE id = %s AND voucher_id = %s", [request, user]))
