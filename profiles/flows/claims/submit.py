"""Send a claim, or send it again: decided at once where the evidence proves it and nobody else claims the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from profiles.claim_models import Claim, EvidenceState
from profiles.claims import CHANGEABLE, Actor, Kind, State, judge
from profiles.flows.claims import evidence, holding, moving, notices
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def submit(*, claim: int, claimant: AbstractBaseUser, text: str = "") -> Claim:
    """Send the claim. `text` is what a curator should know, or the answer to what a curator has asked.

    Raises Conflict if there is nothing to show, or a declined claim is sent again without anything new.
    """
    found = moving.mine(claim, claimant)
    before = State(found.state)
    if before not in CHANGEABLE:
        raise Conflict("This claim was sent already.")
    proofs = evidence.collect(found)
    if not proofs and not found.evidence.filter(state=EvidenceState.WAITING).exists():
        raise Conflict("There is nothing to show for this claim yet. Add one kind of evidence first.")
    if before == State.REJECTED and not _anything_new(found):
        raise Conflict("Nothing is new since the claim was declined. Add evidence, or ask another curator.")
    found.note = text if before == State.DRAFT else found.note
    found.submitted_at = found.submitted_at or timezone.now()
    moving.move(found, State.SUBMITTED, actor=claimant, role=Actor.CLAIMANT, text=text)
    if not decide_at_once(found):
        code = "rival" if holding.rivals(found) else ""
        moving.move(found, State.IN_REVIEW, actor=None, role=Actor.SYSTEM, code=code)
        if holding.winners(found):
            notices.warn(found, moving.finals(found))
    return found


def _anything_new(claim: Claim) -> bool:
    """Whether evidence has come since the claim was declined. That a co-author does not vouch is none."""
    since = claim.evidence.filter(added_at__gt=claim.decided_at)
    return since.exclude(kind=Kind.VOUCH, state=EvidenceState.REFUSED).exists()


_TURNED_DOWN: Final = """
    SELECT FROM profiles_claim c JOIN profiles_claimevent e ON e.claim_id = c.id
     WHERE c.claimant_id = %s AND e.after = ANY(%s) AND EXISTS (
           SELECT FROM profiles_claimedrecord k JOIN profiles_researcher r ON r.id = k.researcher_id
            WHERE k.claim_id = c.id AND coalesce(r.merged_into_id, r.id) = ANY(%s)) LIMIT 1
"""
"""The same person has been declined, frozen or revoked with one of these records before, in this claim or another."""


def decide_at_once(claim: Claim) -> bool:
    """Whether the claim, held and sent, is proven and contested by nobody; it is verified then.

    Where a curator has turned the person down before, or somebody has disputed it, no evidence passes over people again.
    """
    records = moving.finals(claim)
    turned_down = [State.REJECTED.value, State.FROZEN.value, State.REVOKED.value]
    contested = holding.rivals(claim) or bulk.fetch(_TURNED_DOWN, [claim.claimant_id, turned_down, records])
    judged = judge(evidence.proofs(claim), records, contested=bool(contested))
    if not judged.automatic:
        return False
    said = f"Claim {claim.pk}, verified by its evidence."
    apart = holding.grant(claim, level=judged.level, actor=claim.claimant, reason=said)
    moving.move(claim, State.VERIFIED, actor=None, role=Actor.SYSTEM, text=holding.apart_text(apart))
    return True
