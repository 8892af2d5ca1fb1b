"""A copy of everything kept about one account, for its owner."""

from __future__ import annotations

from typing import Any

import msgspec
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F

from graph import follow_selectors, notification_selectors
from graph.follow_models import FeedEntry
from profiles.claim_models import Claim, ClaimEvent, ClaimEvidence, ClaimVouch
from profiles.models import IdentityEvent
from profiles.own_models import Addition, OwnStatement, Proposal
from works.decision_models import WorkEvent


def of(user: User) -> dict[str, Any]:
    """By subject. Secrets (password, codes, keys) are named, not told; they are not readable here either."""
    return {
        "account": {
            "name": user.get_full_name(),
            "user_name": user.username,
            "joined": user.date_joined,
            "last_login": user.last_login,
            "permissions": sorted(user.get_all_permissions()),
        },
        "email_addresses": list(
            EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
        ),
        "logins_with": list(
            SocialAccount.objects.filter(user=user)
            .order_by("pk")
            .values("provider", "uid", "date_joined", "last_login", "extra_data")
        ),
        "second_factors": list(
            Authenticator.objects.filter(user=user).order_by("pk").values("type", "created_at", "last_used_at")
        ),
        "sessions": list(
            UserSession.objects.filter(user=user)
            .order_by("pk")
            .values("created_at", "last_seen_at", "ip", "user_agent")
        ),
        "claims": list(
            Claim.objects.filter(claimant=user)
            .order_by("pk")
            .values("state", "level", "note", "created_at", "submitted_at", "decided_at")
        ),
        "evidence": list(
            ClaimEvidence.objects.filter(claim__claimant=user)
            .order_by("pk")
            .values("kind", "value", "state", "added_at")
        ),
        "said_on_records": list(
            OwnStatement.objects.filter(claim__claimant=user)
            .order_by("pk")
            .values("researcher__public_id", "field", "value", "made_at")
        ),
        "works_asked_for": list(
            Addition.objects.filter(claim__claimant=user).order_by("pk").values("asked", "asked_at", "run__public_id")
        ),
        # Not who has answered what: whom one has asked has to be free to say no.
        "vouches": {
            "asked_for": list(
                ClaimVouch.objects.filter(claim__claimant=user, record__withheld=False)
                .order_by("asked_at")
                .values("asked_at", record_name=F("record__display_name"))
            ),
            "answered": list(
                ClaimVouch.objects.filter(voucher=user).order_by("asked_at").values("asked_at", "answer", "answered_at")
            ),
        },
        "proposed_corrections": list(
            Proposal.objects.filter(author=user)
            .order_by("pk")
            .values("work__public_id", "field", "value", "note", "state", "answer", "made_at")
        ),
        "follows": [
            {"kind": one.kind.value, "name": one.name, "address": settings.SITE_URL + one.href}
            for one in follow_selectors.everything(user.pk)
        ],
        "told_of": list(
            FeedEntry.objects.filter(account=user).order_by("pk").values("work__title", "created_at", "read_at")
        ),
        "notified_of": [
            {"sentence": one.sentence, "created_at": one.at, "unread": one.unread}
            for one in notification_selectors.everything(user.pk)
        ],
        "wants_to_hear": msgspec.to_builtins(notification_selectors.choices(user.pk)),
        "decisions": {
            "about_claims": list(
                ClaimEvent.objects.filter(actor=user).order_by("pk").values("after", "code", "text", "happened_at")
            ),
            "about_records": list(
                IdentityEvent.objects.filter(actor=user).order_by("pk").values("kind", "happened_at", "reason")
            ),
            "about_works": list(
                WorkEvent.objects.filter(actor=user).order_by("pk").values("kind", "happened_at", "reason")
            ),
        },
    }
