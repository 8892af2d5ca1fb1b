"""Where django-allauth asks this site: names of new accounts, addresses in mails, how secrets are stored."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import url_has_allowed_host_and_scheme

from profiles import claim_selectors
from researchgraph.accounts import mails, second_factor
from researchgraph.lib.browsers import called

SILENT: Final = ("account/messages/logged_in.txt", "account/messages/logged_out.txt")
"""What the page says anyway."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts with an e-mail address and a password."""

    def populate_username(self, request: HttpRequest, user: User) -> None:  # noqa: ARG002 - theirs
        """A name that says nothing: the default is made from the e-mail address, and names of curators are shown."""
        user.username = user.username or f"account-{secrets.token_hex(6)}"

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where a login leads that wanted no page in particular."""
        return _records_of_theirs(request) or str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """The same for the first login of an account."""
        return _records_of_theirs(request) or str(super().get_signup_redirect_url(request))

    def is_safe_url(self, url: str) -> bool:
        """Only addresses of the host that was asked lead on after a login."""
        request = self.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Notes of what happened, but for those that the page says anyway."""
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        """One of our mails. Its addresses come from the settings, whatever host name the request was sent with."""
        asked = f"{self.request.scheme}://{self.request.get_host()}"
        facts = {
            key: value.replace(asked, settings.SITE_URL, 1) if key.endswith("_url") else value
            for key, value in context.items()
        }
        kind = template_prefix.rpartition("/")[2]
        words = {**facts, "facts": facts, "kind": kind, "changes": mails.CHANGES, "site": settings.SITE_URL}
        words["browser"] = called(facts.get("user_agent", ""))
        body = render_to_string("account/mail.txt", words).strip() + "\n"
        return EmailMessage(mails.subject(kind), body, self.get_from_email(), [email], headers=headers)


def _records_of_theirs(request: HttpRequest) -> str:
    """Who comes from ORCID is shown the records that carry the iD, if there are any that are not theirs yet."""
    ways = get_authentication_records(request, request.user)
    by_orcid = bool(ways) and ways[-1].get("method") == "socialaccount"
    user = request.user
    return reverse("claims") if by_orcid and isinstance(user, User) and claim_selectors.suggested(user.pk) else ""


class SecondFactorAdapter(DefaultMFAAdapter):
    """Codes and passkeys."""

    def encrypt(self, text: str) -> str:
        """The secret of an authenticator app, unreadable in a copy of the database."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again; older keys of the site still open it."""
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever needs a second factor keeps the last one."""
        user = authenticator.user
        return not second_factor.needed(user) or second_factor.factors(user).exclude(pk=authenticator.pk).exists()


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"second factor " + force_bytes(key)).digest())) for key in keys
    ])  # fmt: skip
