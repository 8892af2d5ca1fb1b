"""Mails about claims: rows written with the decision, sent after it. The only writer of notices.

A mail that fails is tried again and never loses the decision it is about.
"""

from __future__ import annotations

from smtplib import SMTPException
from typing import TYPE_CHECKING, Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from profiles.claim_models import ClaimNotice, NoticeKind
from researchgraph import events
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from profiles.claim_models import Claim

ATTEMPTS: Final = 100
"""Then it is given up; the claimant's page says the same."""
_SALT: Final = "profiles.claim.freeze"


def tell(claim: Claim, *, text: str = "") -> None:
    """Write to the claimant how the claim stands now."""
    _write(claim, NoticeKind.STATE, claim.claimant_id, text)


def _write(claim: Claim, kind: NoticeKind, user: int, text: str = "") -> None:
    written = ClaimNotice.objects.create(claim=claim, kind=kind, user_id=user, state=claim.state, text=text)
    events.claims_told.send(sender=None, notice_ids=[written.pk])


def warn(claim: Claim, finals: list[int]) -> None:
    """Write to everybody we know for these records that somebody claims one: who holds it, and who reported "This is me".

    Once a claim and state.
    """
    written = bulk.fetch(
        """
        INSERT INTO profiles_claimnotice (claim_id, kind, user_id, report_id, state, text, attempts, created_at)
        SELECT %(claim)s, 'rival', n.user_id, n.report_id, %(state)s::text, '', 0, now() FROM (
            SELECT DISTINCT c.claimant_id AS user_id, NULL::bigint AS report_id
              FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
              JOIN profiles_researcher r ON r.id = k.researcher_id
             WHERE k.holds AND c.claimant_id <> %(claimant)s AND coalesce(r.merged_into_id, r.id) = ANY(%(finals)s)
            UNION ALL
            SELECT NULL, p.id FROM profiles_report p JOIN profiles_researcher r ON r.id = p.researcher_id
             WHERE p.state = 'open' AND p.kind = 'me' AND p.email <> '' AND coalesce(r.merged_into_id, r.id) = ANY(%(finals)s)
        ) n WHERE NOT EXISTS (
            SELECT FROM profiles_claimnotice o WHERE o.claim_id = %(claim)s AND o.kind = 'rival' AND o.state = %(state)s::text
               AND o.user_id IS NOT DISTINCT FROM n.user_id AND o.report_id IS NOT DISTINCT FROM n.report_id)
        RETURNING id
        """,
        {"claim": claim.pk, "claimant": claim.claimant_id, "state": claim.state, "finals": finals},
    )
    events.claims_told.send(sender=None, notice_ids=[row[0] for row in written])


def ask_to_vouch(claim: Claim, voucher: int) -> None:
    """Write to a co-author that the claimant asks them to vouch."""
    _write(claim, NoticeKind.VOUCH, voucher)


def send(*, most: int = 100) -> int:
    """Send what waits, each in a transaction of its own; how many went out."""
    sent = 0
    waiting = ClaimNotice.objects.filter(sent_at=None, attempts__lt=ATTEMPTS).order_by("attempts", "id")
    for key in list(waiting.values_list("pk", flat=True)[:most]):
        sent += _send(key)
    return sent


@transaction.atomic
def _send(key: int) -> bool:
    found = (
        ClaimNotice.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("claim", "user", "report")
        .filter(pk=key, sent_at=None)
        .first()
    )
    if found is None:
        return False
    found.attempts += 1
    to = _address(found)
    try:
        if to:
            send_mail(*_mail(found), None, [to])
        found.sent_at = timezone.now()
    except (SMTPException, OSError):
        pass
    found.save(update_fields=["attempts", "sent_at"])
    return found.sent_at is not None


def _address(notice: ClaimNotice) -> str:
    """Where it goes now; "" if there is no such address any more."""
    if notice.report is not None:
        return notice.report.email
    confirmed = EmailAddress.objects.filter(user_id=notice.user_id, verified=True).order_by("-primary", "pk").first()
    return confirmed.email if confirmed else ""


def _mail(notice: ClaimNotice) -> tuple[str, str]:
    claim = notice.claim
    names = [
        f"{record.researcher.display_name}: {settings.SITE_URL}{record.researcher.get_absolute_url()}"
        for record in claim.records.select_related("researcher").filter(researcher__withheld=False).order_by("pk")
    ]
    facts = {
        "notice": notice,
        "records": names,
        "effective_at": claim.effective_at,
        "link": f"{settings.SITE_URL}{claim.get_absolute_url()}",
        "claims": f"{settings.SITE_URL}/claims/",
        "site": settings.SITE_URL.partition("://")[2],
        "freeze": f"{settings.SITE_URL}/claims/dispute/{token(claim)}/",
    }
    return _subject(notice), render_to_string("profiles/claim_mail.txt", facts)


def _subject(notice: ClaimNotice) -> str:
    match notice.kind:
        case NoticeKind.RIVAL:
            return "Somebody claims a record of yours"
        case NoticeKind.VOUCH:
            return "Do you know the author of this record?"
        case _:
            return f"Your claim is {notice.get_state_display()}"


def token(claim: Claim) -> str:
    """What only a warning has: the key of the claim, signed."""
    return signing.dumps(claim.pk, salt=_SALT)


def disputed(given: str) -> int | None:
    """The claim a token stands for; None if it is wrong."""
    try:
        return int(signing.loads(given, salt=_SALT))
    except signing.BadSignature:
        return None
