"""Claims that rest on an ORCID iD or an address printed in a work, which the account has no more, are looked at again.

Found by rows, not by the moment: whoever took the sign-in away, and whatever died then, the next round sees it.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction

from profiles.claims import PENDING, Actor, State, judge
from profiles.flows.claims import evidence, holding, moving
from researchgraph.lib import bulk

PROOF_GONE: Final = "The ORCID iD or the e-mail address that had proved the claim is not on the account any more."
_AGAIN: Final = PENDING | {State.VERIFIED}
_PROOF_GONE: Final = """
    SELECT DISTINCT c.id FROM profiles_claim c
      JOIN profiles_claimevidence e ON e.claim_id = c.id AND e.state = 'confirmed'
     WHERE (c.state = ANY(%s) OR c.effective_at IS NOT NULL)
       AND (e.kind LIKE 'orcid-%%' AND NOT EXISTS (
              SELECT FROM socialaccount_socialaccount s
               WHERE s.user_id = c.claimant_id AND s.provider = 'orcid' AND s.uid = e.value)
            OR e.kind = 'address' AND NOT EXISTS (
              SELECT FROM account_emailaddress m
               WHERE m.user_id = c.claimant_id AND m.verified AND lower(split_part(m.email, '@', 2)) = e.value))
     ORDER BY c.id LIMIT 100
"""


def look_again() -> int:
    """Collect the evidence of these claims again; how many there were.

    An approval that cools off goes back to review if what is left does not suffice. A claim that the rule has verified is
    frozen if what is left does not prove it: its claimant keeps the record, and a curator decides. What a curator has
    approved stays as it is, with the evidence that was seen then.
    """
    found = [row[0] for row in bulk.fetch(_PROOF_GONE, [sorted(state.value for state in _AGAIN)])]
    for claim in found:
        _look_again(claim)
    return len(found)


@transaction.atomic
def _look_again(claim: int) -> None:
    found = moving.hold(claim)
    if found.state not in _AGAIN and found.effective_at is None:
        return
    judged = judge(evidence.collect(found), moving.finals(found), contested=True)
    if found.effective_at is not None and judged.by_curator is None:
        moving.move(found, State.IN_REVIEW, actor=None, role=Actor.SYSTEM, code="evidence-gone")
    elif found.state == State.VERIFIED and not judged.proven:
        moving.move(found, State.FROZEN, actor=None, role=Actor.SYSTEM, code="proof-gone", text=PROOF_GONE)
        holding.settle_levels(moving.finals(found), cause="a claim was frozen")
