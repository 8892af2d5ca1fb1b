"""The end of an account."""

from __future__ import annotations

import secrets

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction

from graph.flows import follow, notify
from profiles.claim_models import ClaimEvent
from profiles.flows.claims import appeal
from profiles.models import IdentityEvent
from works import proposals
from works.decision_models import WorkEvent


@transaction.atomic
def erase(*, user: User) -> None:
    """Delete the account with everything about the person.

    Decisions it took for others stay explained and undoable: then an empty account remains that they were taken by,
    without a name, an address or a way to log in.
    """
    for session in UserSession.objects.filter(user=user):
        session.end()
    appeal.forget(claimant=user)
    proposals.forget(author=user)
    follow.forget(account=user.pk)
    notify.forget(account=user.pk)
    if not any(model.objects.filter(actor=user).exists() for model in (IdentityEvent, WorkEvent, ClaimEvent)):
        user.delete()
        return
    for kept in (EmailAddress, SocialAccount, Authenticator):
        kept.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.username = f"former-{secrets.token_hex(6)}"
    user.email = user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
