"""Whoever may decide or administer logs in with more than a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

OPEN: Final = ("/account/", "/static/", "/theme/")
"""Where an account without its second factor may go: to get one, or to log out."""
KINDS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes are for the day the factor is lost, not a factor."""


def needed(user: User | AnonymousUser) -> bool:
    """Whether this account may do what needs a second factor."""
    return settings.STAFF_SECOND_FACTOR and (user.is_staff or user.has_perm("profiles.curate"))


def factors(user: User) -> QuerySet[Authenticator]:
    """The second factors of an account."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=user, type__in=KINDS)
    return found


class SecondFactorMiddleware:
    """Leads staff without a second factor to the page where they set one up, wherever they wanted to go."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The page asked for, or the way to the second factor."""
        # Only who has a session is asked who they are: pages for everybody do not depend on it.
        if (
            settings.STAFF_SECOND_FACTOR
            and settings.SESSION_COOKIE_NAME in request.COOKIES
            and not request.path.startswith(OPEN)
            and isinstance(request.user, User)
            and needed(request.user)
            and not factors(request.user).exists()
        ):
            messages.warning(
                request, "Your account may decide for others, so it needs a second factor. Set one up first."
            )
            return HttpResponseRedirect(reverse("mfa_index"))
        return self.get_response(request)
