"""Approvals on weak evidence come into effect once they have cooled off, unless something has come up."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from profiles.claim_models import Claim
from profiles.claims import Actor, State, judge
from profiles.flows.claims import evidence, holding, moving, notices


def take_effect() -> int:
    """Give records to those whose approval is due; how many claims were looked at."""
    due = (
        Claim.objects.filter(effective_at__lte=timezone.now())
        .order_by("effective_at", "pk")
        .values_list("pk", flat=True)
    )
    keys = list(due[:100])
    for key in keys:
        _take_effect(key)
    return len(keys)


@transaction.atomic
def _take_effect(claim: int) -> None:
    found = moving.hold(claim)
    if found.state != State.APPROVED or found.effective_at is None or found.effective_at > timezone.now():
        return
    judged = judge(evidence.collect(found), moving.finals(found), contested=True)
    if holding.rivals(found) or judged.by_curator is None:
        code = "rival" if judged.by_curator is not None else "evidence-gone"
        moving.move(found, State.IN_REVIEW, actor=None, role=Actor.SYSTEM, code=code)
        return
    approved_by = found.events.filter(after=State.APPROVED).exclude(actor=None).order_by("-pk").values("actor")
    curator = get_user_model().objects.get(pk__in=approved_by[:1])
    apart = holding.grant(
        found, level=judged.by_curator, actor=curator, reason=f"Claim {found.pk}, approved by a curator."
    )
    moving.note(found, State.APPROVED, actor=None, role=Actor.SYSTEM, code="in-effect", text=holding.apart_text(apart))
    notices.tell(found, text=holding.apart_text(apart))
