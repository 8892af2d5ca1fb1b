"""Ask co-authors to vouch for a claim, and answer. The only writer of these requests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from profiles.claim_models import ClaimVouch, VouchAnswer
from profiles.claims import UNDECIDED, State
from profiles.flows.claims import evidence, moving, notices, vouchers
from profiles.vouching import ASKED_MOST
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import AbstractBaseUser

    from profiles.claim_models import Claim

BOTHERED_MOST: Final = 5
"""Requests to one person in a day, whoever they come from."""


@transaction.atomic
def request(*, claim: int, claimant: AbstractBaseUser, record: int) -> None:
    """Ask whoever holds this record to vouch. Asking the same person again changes nothing.

    Raises Conflict if the claim takes no evidence now, has asked enough people, or nobody who may vouch holds the record.
    """
    found = moving.mine(claim, claimant)
    evidence.require_changeable(found)
    voucher = next((one for one in vouchers.of([found.pk]) if one.record == record), None)
    if voucher is None:
        raise Conflict("Nobody who could vouch for this claim holds that record.")
    asked = set(found.vouches.values_list("voucher_id", flat=True))
    if voucher.account in asked:
        return
    if len(asked) >= ASKED_MOST:
        raise Conflict(f"{ASKED_MOST} co-authors are asked about a claim at most.")
    lately = timezone.now() - timedelta(days=1)
    if ClaimVouch.objects.filter(voucher_id=voucher.account, asked_at__gt=lately).count() >= BOTHERED_MOST:
        raise Conflict("This co-author was asked a lot today. Please try tomorrow, or ask somebody else.")
    ClaimVouch.objects.create(claim=found, voucher_id=voucher.account, record_id=voucher.record)
    notices.ask_to_vouch(found, voucher.account)


@transaction.atomic
def answer(*, vouch: UUID, voucher: AbstractBaseUser, given: VouchAnswer) -> None:
    """Say yes or no, once and for good; a second answer changes nothing.

    Raises Conflict if the person was not asked, or the answer would not count any more: the claim was decided on, or the
    person may not vouch for it now.
    """
    claim = ClaimVouch.objects.filter(pk=vouch, voucher_id=voucher.pk).values_list("claim_id", flat=True).first()
    if claim is None:
        raise Conflict("You were not asked that.")
    found = moving.hold(claim)
    asked = found.vouches.select_related("record").get(pk=vouch)
    if asked.answer:
        return
    if not _counts(found, asked):
        raise Conflict("This is not asked any more.")
    asked.answer, asked.answered_at = given, timezone.now()
    asked.save(update_fields=["answer", "answered_at"])
    evidence.collect(found)


def _counts(claim: Claim, asked: ClaimVouch) -> bool:
    record = asked.record.merged_into_id or asked.record_id
    return State(claim.state) in UNDECIDED and any(
        (one.account, one.record) == (asked.voucher_id, record) for one in vouchers.of([claim.pk])
    )


def forget(account: int) -> None:
    """Delete whom the account has asked and what it has answered. What was decided on it stays decided."""
    ClaimVouch.objects.filter(voucher_id=account).delete()
    ClaimVouch.objects.filter(claim__claimant_id=account).delete()
