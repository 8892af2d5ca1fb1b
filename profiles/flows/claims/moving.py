"""Hold a claim, move it, and note who did so and why: what all flows of claims share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils import timezone

from profiles.claim_models import Claim, ClaimEvent
from profiles.claims import DECIDE_WITHIN, FOR_CURATORS, Actor, State, curator_as, may
from profiles.flows.claims import notices
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

FINALS: Final = """
    SELECT DISTINCT coalesce(r.merged_into_id, r.id) FROM profiles_claimedrecord k
      JOIN profiles_researcher r ON r.id = k.researcher_id WHERE k.claim_id = %s ORDER BY 1
"""


def hold(claim: int) -> Claim:
    """The claim, held until the transaction ends. Claims take turns, so that of rivals each sees what the other did."""
    bulk.take_turns()
    found = Claim.objects.select_for_update().filter(pk=claim).first()
    if found is None:
        raise Conflict("There is no such claim.")
    return found


def mine(claim: int, claimant: AbstractBaseUser) -> Claim:
    """The claimant's own claim, held. Raises Conflict for anybody else's."""
    found = hold(claim)
    if found.claimant_id != claimant.pk:
        raise Conflict("There is no such claim.")
    return found


def finals(claim: Claim) -> list[int]:
    """The records the claim is about, by the keys under which they go on."""
    return [row[0] for row in bulk.fetch(FINALS, [claim.pk])]


def move(
    claim: Claim,
    after: State,
    *,
    actor: AbstractBaseUser | None,
    role: Actor,
    code: str = "",
    text: str = "",
) -> None:
    """Move the claim, note it, and write to its claimant unless it was they. Raises Conflict if it may not be moved so."""
    before = State(claim.state)
    if not may(role, before, after):
        raise Conflict(f"A claim that is {claim.get_state_display()} cannot become that, or not by you.")
    now = timezone.now()
    claim.state = after
    if after in FOR_CURATORS:
        claim.due_at = now + DECIDE_WITHIN
    if role != Actor.CLAIMANT and after not in FOR_CURATORS | {State.SUBMITTED}:
        claim.decided_at = now
    if before == State.APPROVED:
        claim.effective_at = None
    claim.proposed_by = None
    claim.save()
    note(claim, before, actor=actor, role=role, code=code, text=text)
    if role != Actor.CLAIMANT and after != State.SUBMITTED:
        notices.tell(claim, text=text)


def note(
    claim: Claim,
    before: State,
    *,
    actor: AbstractBaseUser | None,
    role: Actor,
    code: str = "",
    text: str = "",
) -> None:
    """Append what happened to the claim; its present state is where it is now."""
    ClaimEvent.objects.create(
        claim=claim, actor_id=actor.pk if actor else None, role=role.value, before=before.value, after=claim.state,
        code=code, text=text,
    )  # fmt: skip


def as_curator(claim: Claim, actor: AbstractBaseUser) -> Actor:
    """As whom the curator acts. Raises Conflict on a claim of their own, or one that they have answered about."""
    if claim.vouches.filter(voucher_id=actor.pk).exclude(answer="").exists():
        raise Conflict("Nobody decides on a claim that they were asked to vouch for and have answered about.")
    declined = ClaimEvent.objects.filter(claim=claim, after=State.REJECTED).values_list("actor_id", flat=True)
    role = curator_as(actor.pk, claimant=claim.claimant_id, decided_by=[one for one in declined if one is not None])
    if role is None:
        raise Conflict("Nobody decides on a claim of their own.")
    return role
