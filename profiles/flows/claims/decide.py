"""What curators say to a claim: ask, approve, decline, revoke."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from profiles.claim_models import Claim
from profiles.claims import COOLING_OFF, FOR_CURATORS, Actor, State, judge
from profiles.flows.claims import evidence, holding, moving, notices
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class Decided(msgspec.Struct, frozen=True):
    """What became of several claims: those decided on, and those refused, each with why. By key."""

    done: list[int]
    refused: list[tuple[int, str]]


@transaction.atomic
def ask(*, claim: int, actor: AbstractBaseUser, code: str, text: str) -> None:
    """Ask the claimant for one more thing."""
    _said(claim, State.NEEDS_INFORMATION, actor, code, text)


@transaction.atomic
def reject(*, claim: int, actor: AbstractBaseUser, code: str, text: str) -> None:
    """Decline the claim, with a reason that the claimant reads. Raises Conflict if it holds the record: revoke it then."""
    _said(claim, State.REJECTED, actor, code, text)


def _said(claim: int, after: State, actor: AbstractBaseUser, code: str, text: str) -> None:
    found = moving.hold(claim)
    role = moving.as_curator(found, actor)
    if found.records.filter(holds=True).exists():
        raise Conflict("This claim holds the record. Approve it again, or revoke it.")
    moving.move(found, after, actor=actor, role=role, code=code, text=text)


@transaction.atomic
def approve(*, claim: int, actor: AbstractBaseUser, text: str = "", transfer: bool = True) -> State:
    """Approve the claim; what it is now.

    On weak evidence it counts after COOLING_OFF. If somebody else holds a record, this only proposes to give it over, and
    a second curator who says the same does it: the other claim is revoked in the same transaction. Raises Conflict if the
    evidence does not suffice, or without `transfer` if somebody else holds a record.
    """
    found = moving.hold(claim)
    role = moving.as_curator(found, actor)
    if State(found.state) not in FOR_CURATORS:
        raise Conflict("There is nothing to decide about this claim now.")
    if found.records.filter(holds=True).exists():
        moving.move(found, State.APPROVED, actor=actor, role=role, text=text)
        holding.settle_levels(moving.finals(found), cause="a claim was approved again")
        return State.APPROVED
    judged = judge(evidence.collect(found), moving.finals(found), contested=True)
    if judged.by_curator is None:
        raise Conflict("The evidence does not suffice: it takes one strong piece, or two weak ones of different kinds.")
    winners = holding.winners(found)
    if winners and not transfer:
        raise Conflict("Somebody else holds the record, which takes a second curator. Decide on the claim by itself.")
    if winners and found.proposed_by_id in {None, actor.pk}:
        _propose(found, actor, role, text)
        return State(found.state)
    for other in winners:
        holding.revoke_held(
            moving.hold(other), actor=actor, role=Actor.SECOND_CURATOR, code="claimed-by-author", text=""
        )
    if judged.cooling:
        moving.move(found, State.APPROVED, actor=actor, role=role, code="cooling-off", text=text)
        found.effective_at = timezone.now() + COOLING_OFF
        found.save(update_fields=["effective_at"])
        notices.warn(found, moving.finals(found))
        return State.APPROVED
    apart = holding.grant(
        found, level=judged.by_curator, actor=actor, reason=f"Claim {found.pk}, approved by a curator."
    )
    said = " ".join(part for part in (text, holding.apart_text(apart)) if part)
    moving.move(found, State.APPROVED, actor=actor, role=role, text=said)
    return State.APPROVED


def _propose(claim: Claim, actor: AbstractBaseUser, role: Actor, text: str) -> None:
    if claim.proposed_by_id == actor.pk:
        raise Conflict(
            "You have proposed this already. Somebody else holds the record, so a second curator has to agree."
        )
    claim.proposed_by_id = actor.pk
    claim.save(update_fields=["proposed_by"])
    moving.note(claim, State(claim.state), actor=actor, role=role, code="second-curator", text=text)


@transaction.atomic
def revoke(*, claim: int, actor: AbstractBaseUser, code: str, text: str) -> None:
    """Take the record away again and undo, in this transaction, everything the claim did."""
    found = moving.hold(claim)
    role = moving.as_curator(found, actor)
    if found.state == State.FROZEN and not found.records.filter(holds=True).exists():
        raise Conflict("This claim holds no record. Decline it instead.")
    holding.revoke_held(found, actor=actor, role=role, code=code, text=text)


def several(*, claims: Sequence[int], decide: Callable[[int], object]) -> Decided:
    """Decide on each of these claims in a transaction of its own; those that are refused stay as they are."""
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    for claim in claims:
        try:
            decide(claim)
        except Conflict as why:
            refused.append((claim, str(why)))
        else:
            done.append(claim)
    return Decided(done, refused)
