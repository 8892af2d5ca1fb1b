"""Pages about one's own account: what it has, where it is logged in, a copy of it, its end."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from researchgraph.accounts import copy, second_factor
from researchgraph.accounts.erase import erase
from researchgraph.lib.browsers import called

CONFIRMATION: Final = "delete"
"""What is typed to delete an account."""


class Session(NamedTuple):
    """Where an account is logged in. `current`: the one that asks."""

    key: int
    browser: str
    since: datetime
    ip: str
    current: bool


def _account(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What the account has: addresses, ways to log in, sessions."""
    user = _account(request)
    context = {
        "emails": EmailAddress.objects.filter(user=user).order_by("-primary", "email"),
        "orcids": SocialAccount.objects.filter(user=user, provider="orcid"),
        "factors": second_factor.factors(user).order_by("created_at"),
        "factor_needed": second_factor.needed(user),
        "sessions": UserSession.objects.filter(user=user).count(),
        "has_password": user.has_usable_password(),
    }
    return render(request, "account/overview.html", context)


@login_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """Where the account is logged in."""
    here = request.session.session_key
    found = [
        Session(s.pk, called(s.user_agent), s.created_at, s.ip, s.session_key == here)
        for s in UserSession.objects.purge_and_list(_account(request))
    ]
    context = {"sessions": sorted(found, key=lambda s: (not s.current, -s.since.timestamp()))}
    return render(request, "account/sessions.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """Log out one session of the account, or with none named all but this one."""
    mine = UserSession.objects.filter(user=_account(request)).exclude(session_key=request.session.session_key)
    wish = request.POST.get("session", "")
    if wish:
        mine = mine.filter(pk=int(wish)) if wish.isdecimal() and len(wish) < 19 else mine.none()
        if not mine:
            raise Http404
    for session in mine:
        session.end()
    return HttpResponseRedirect(reverse("account_sessions"))


@require_safe
@login_required
@reauthentication_required
def export(request: HttpRequest) -> HttpResponse:
    """A copy of everything kept about the account, as JSON."""
    response = JsonResponse(copy.of(_account(request)), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="researchgraph-account.json"'
    return response


@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the account, once the word is typed."""
    user = _account(request)
    typed = request.POST.get("confirm", "").strip().casefold() == CONFIRMATION
    if request.method == "POST" and typed:
        logout(request)
        erase(user=user)
        return HttpResponseRedirect(reverse("account_deleted"))
    context: dict[str, Any] = {"word": CONFIRMATION, "wrong": request.method == "POST"}
    return render(request, "account/delete.html", context, status=422 if request.method == "POST" else 200)


@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    """The account is gone."""
    return render(request, "account/deleted.html")
