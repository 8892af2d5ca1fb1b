"""What a claimant does about a decision: ask another curator, or give the claim back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.claim_models import Claim
from profiles.claims import OPEN, Actor, State, may
from profiles.flows.claims import holding, moving, vouch, wish
from profiles.flows.owning import say
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def appeal(*, claim: int, claimant: AbstractBaseUser, text: str) -> None:
    """Ask a curator other than those who have declined it to look at a claim."""
    found = moving.mine(claim, claimant)
    if Claim.objects.filter(claimant_id=claimant.pk, state__in=sorted(OPEN)).exists():
        raise Conflict("Your other claim is still open.")
    moving.move(found, State.APPEALED, actor=claimant, role=Actor.CLAIMANT, text=text)


@transaction.atomic
def release(*, claim: int, claimant: AbstractBaseUser, text: str = "") -> None:
    """Give the claim back, decided or not; records it holds are nobody's again."""
    _release(moving.mine(claim, claimant), claimant, text)


@transaction.atomic
def forget(*, claimant: AbstractBaseUser) -> None:
    """Give back everything the person has claimed; delete what they have shown for it and said there.

    What happened stays noted.
    """
    for key in Claim.objects.filter(claimant_id=claimant.pk).order_by("pk").values_list("pk", flat=True):
        found = moving.mine(key, claimant)
        if may(Actor.CLAIMANT, State(found.state), State.RELEASED):
            _release(found, claimant, "The account was deleted.")
        found.evidence.all().delete()
        found.notices.all().delete()
        wish.forget(found)
    say.forget(claimant=claimant)
    vouch.forget(claimant.pk)
    Claim.objects.filter(claimant_id=claimant.pk).update(note="")


def _release(found: Claim, claimant: AbstractBaseUser, text: str) -> None:
    held = found.records.filter(holds=True).exists()
    moving.move(found, State.RELEASED, actor=claimant, role=Actor.CLAIMANT, text=text)
    if held:
        holding.let_go(found, actor=claimant, reason=f"Claim {found.pk} was given back.")
