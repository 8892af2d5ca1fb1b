"""Who may vouch for a claim: a co-author of its records who has shown to be the author of another. Pure.

A vouch is one weak piece of evidence. What keeps impostors from vouching for each other is `may_vouch`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from profiles.claims import GRANTED
from researchgraph.lib.public_ids import address

ASKED_MOST: Final = 3
"""Co-authors that are asked about one claim."""
SETTLED_AFTER: Final = timedelta(days=30)
"""From the decision on a claim on weak evidence until its claimant may vouch for others."""
AUTHORS_MOST: Final = 50
"""Authors of a work that may know each other; those of longer lists need not have met."""
VERIFIED: Final = 2
"""The level from which on a record is its claimant's."""


class Voucher(msgspec.Struct, frozen=True):
    """An account that holds a record beside those of a claim.

    `claim` and `claimant` are of whom it would vouch for; the rest is of the claim by which it holds `record`: its `state`,
    `level`, when it was decided, and whether any of its evidence is strong. `owed`: the claimant has vouched for this
    account. `together` are the records of the claim with a work in common, `works` how many such works there are.
    """

    claim: int
    claimant: int
    account: int
    record: int
    public_id: str
    slug: str
    name: str
    state: str
    level: int
    decided_at: datetime
    strong: bool
    owed: bool
    together: list[int]
    works: int

    @property
    def href(self) -> str:
        """The public page of the record."""
        return address("researchers", self.public_id, self.slug)


def may_vouch(voucher: Voucher, *, now: datetime) -> bool:
    """Whether the word of this account counts for the claim at this moment.

    Not one's own, not while the record is disputed, not without a work in common, not for somebody who has vouched for
    oneself, and not by whom weak evidence alone has verified a short time ago: the 30 days are for others to object.
    """
    return (
        voucher.account != voucher.claimant
        and voucher.state in GRANTED
        and voucher.level >= VERIFIED
        and bool(voucher.together)
        and not voucher.owed
        and (voucher.strong or now - voucher.decided_at >= SETTLED_AFTER)
    )
