"""Mine, not mine: what an author decides on bylines, by the same events as curators, undone with the claim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.db import transaction

from profiles.claim_models import ClaimDeed
from profiles.flows.confirm import confirm
from profiles.flows.owning import rights
from profiles.flows.owning.say import REASON
from profiles.flows.reject import reject
from profiles.flows.undo import undo
from profiles.ledger import EventKind
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

AT_ONCE: Final = 500
"""Bylines in one decision."""
OWN: Final = frozenset({EventKind.CONFIRMED, EventKind.REJECTED})
"""Decisions that an author takes, and takes back."""


@transaction.atomic
def decide(*, researcher: int, bylines: Sequence[int], mine: bool, actor: AbstractBaseUser) -> int:
    """Record that these bylines are the author's, or that their works are not and never come back; the event's key.

    Raises Conflict if the record is not the actor's, or somebody else holds one of the bylines.
    """
    claim = rights.holding(researcher, actor)
    if len(set(bylines)) > AT_ONCE:
        raise Conflict(f"At most {AT_ONCE} works at once, please.")
    flow = confirm if mine else reject
    event = flow(researcher=researcher, bylines=bylines, actor=actor, reason=REASON)
    ClaimDeed.objects.create(claim=claim, event_id=event)
    return event


@transaction.atomic
def take_back(*, researcher: int, event: int, actor: AbstractBaseUser) -> None:
    """Undo a decision of one's own. Raises Conflict if it is another's, or was undone already."""
    claim = rights.holding(researcher, actor)
    deed = (
        ClaimDeed.objects.filter(event_id=event, claim__claimant_id=claim.claimant_id).select_related("event").first()
    )
    if deed is None or deed.event.kind not in OWN:
        raise Conflict("There is no such decision of yours.")
    undo(event=event, actor=actor, reason="Taken back by the author.")
