"""Begin a claim: which records it is about. Nobody but the claimant sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.db import transaction

from profiles.claim_models import Claim, ClaimedRecord
from profiles.claims import OPEN, Actor, State
from profiles.flows.claims import moving
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

RECORDS: Final = 20
"""Records in one claim; duplicates are the usual case, hundreds are none."""


@transaction.atomic
def draft(*, claimant: AbstractBaseUser, researchers: Sequence[int]) -> Claim:
    """A claim on these records, or the one that the person has not sent yet with these added to it.

    Raises Conflict if another claim of theirs is being decided on, a record is gone or theirs already, or there are too many.
    """
    bulk.take_turns()
    wanted = _present(researchers)
    found = Claim.objects.select_for_update().filter(claimant_id=claimant.pk, state__in=sorted(OPEN)).first()
    if found is None:
        found = Claim.objects.create(claimant_id=claimant.pk, state=State.DRAFT)
        moving.note(found, State.DRAFT, actor=claimant, role=Actor.CLAIMANT)
    elif found.state != State.DRAFT:
        raise Conflict("Your earlier claim is still being decided on.")
    held = bulk.fetch(
        """
        SELECT FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
          JOIN profiles_researcher r ON r.id = k.researcher_id
         WHERE k.holds AND c.claimant_id = %s AND coalesce(r.merged_into_id, r.id) = ANY(%s)
        """,
        [claimant.pk, wanted],
    )
    if held:
        raise Conflict("This record is yours already.")
    if len({*moving.finals(found), *wanted}) > RECORDS:
        raise Conflict(f"A claim is about {RECORDS} records at most.")
    ClaimedRecord.objects.bulk_create(
        [ClaimedRecord(claim=found, researcher_id=key) for key in wanted], ignore_conflicts=True
    )
    return found


def _present(researchers: Sequence[int]) -> list[int]:
    """The records, by the keys under which they go on. Raises Conflict if one was taken down or there is none."""
    rows = bulk.fetch(
        """
        SELECT DISTINCT r.id, r.removed_at IS NULL FROM profiles_researcher n
          JOIN profiles_researcher r ON r.id = coalesce(n.merged_into_id, n.id) WHERE n.id = ANY(%s) ORDER BY 1
        """,
        [list(researchers)],
    )
    if not rows or not all(present for _, present in rows):
        raise Conflict("There is no such record to claim.")
    return [key for key, _ in rows]


@transaction.atomic
def leave_out(*, claim: int, claimant: AbstractBaseUser, researcher: int) -> None:
    """Take a record out of a claim that was not sent yet. Raises Conflict if it was, or if it is the only one."""
    found = moving.mine(claim, claimant)
    if found.state != State.DRAFT:
        raise Conflict("This claim was sent already.")
    if found.records.count() < 2:
        raise Conflict("A claim is about one record at least; give the claim back instead.")
    found.records.filter(researcher_id=researcher).delete()
