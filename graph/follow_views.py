"""Following: the button's address, what one follows, the feed of it, and its secret address."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from graph import feed_selectors, follow_selectors
from graph.flows import feed_address
from graph.flows.follow import follow, unfollow
from graph.flows.read import read
from graph.follow_models import FollowKind
from graph.forms import FollowForm, ReadForm
from researchgraph.lib.paging import page_number
from researchgraph.views import local_address

FEED: Final = "/me/feed/"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def button(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    """Follow or stop following (POST). Whoever had to sign in first comes here and is offered to (GET)."""
    account = follow_selectors.account_of(request.user)
    subject = follow_selectors.subject(FollowKind(kind), public_id, account=account)
    if subject is None:
        raise Http404
    if subject.removed:
        return render(request, "profiles/gone.html", {"return_to": "/"}, status=410)
    if account is None:
        return redirect_to_login(subject.action)
    form = FollowForm(request.POST)
    if request.method != "POST" or not form.is_valid():
        return render(request, "graph/follow_offer.html", {"subject": subject})
    change = follow if form.cleaned_data["follow"] == "yes" else unfollow
    change(account=account, kind=subject.kind, subject=subject.id)
    if request.headers.get("HX-Target") == "follow":
        now = follow_selectors.subject(subject.kind, subject.public_id, account=account)
        return render(request, "graph/follow_swap.html", {"subject": now})
    return HttpResponseRedirect(local_address(request, form.cleaned_data["next"] or subject.href))


def signed_in(request: HttpRequest) -> int:
    """The account that is signed in, behind `login_required`."""
    account = follow_selectors.account_of(request.user)
    if account is None:
        raise Http404
    return account


@never_cache
@require_safe
@login_required
def feed(request: HttpRequest) -> HttpResponse:
    """New works of what the account follows."""
    kind, before = request.GET.get("kind", ""), request.GET.get("before", "")
    page = feed_selectors.feed_page(signed_in(request), kind=kind, before=before)
    return render(request, "graph/feed.html", {"feed": page, "filters": feed_selectors.FILTERS})


@never_cache
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Take the unread marks off."""
    account, form = follow_selectors.account_of(request.user), ReadForm(request.POST)
    if account is None:
        return redirect_to_login(FEED)
    if form.is_valid():
        read(account=account, upto=form.cleaned_data["upto"])
    return HttpResponseRedirect(FEED)


@never_cache
@require_safe
@login_required
def following(request: HttpRequest) -> HttpResponse:
    """Everything the account follows."""
    number = page_number(request.GET.get("page", ""), size=follow_selectors.FOLLOWS_A_PAGE)
    found = follow_selectors.following(signed_in(request), page=number)
    return render(request, "graph/following.html", {"following": found})


@never_cache
@require_POST
def renew_address(request: HttpRequest) -> HttpResponse:
    """Make a secret address for the account's feed and show it, this once."""
    account = follow_selectors.account_of(request.user)
    if account is None:
        return redirect_to_login(FEED)
    secret = feed_address.renew(account=account)
    return render(request, "graph/feed_address.html", {"address": f"{settings.SITE_URL}/feeds/{secret}/feed.atom"})


@never_cache
@require_POST
def revoke_address(request: HttpRequest) -> HttpResponse:
    """Take the secret address back."""
    account = follow_selectors.account_of(request.user)
    if account is None:
        return redirect_to_login(FEED)
    feed_address.revoke(account=account)
    return HttpResponseRedirect(FEED)
