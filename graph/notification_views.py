"""Notifications: the page of them, taking their marks off, and what an account wants to hear."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from graph.flows import notify
from graph.follow_selectors import account_of
from graph.follow_views import signed_in
from graph.forms import ChoicesForm, ReadForm
from graph.notification_selectors import notification_page

NOTIFICATIONS: Final = "/notifications/"


@never_cache
@require_safe
@login_required
def notifications(request: HttpRequest) -> HttpResponse:
    """What the account is to hear of, the newest first."""
    page = notification_page(signed_in(request), before=request.GET.get("before", ""))
    return render(request, "graph/notifications.html", {"notifications": page})


@never_cache
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Take the unread marks off."""
    account, form = account_of(request.user), ReadForm(request.POST)
    if account is None:
        return redirect_to_login(NOTIFICATIONS)
    if form.is_valid():
        notify.read(account=account, upto=form.cleaned_data["upto"])
    return HttpResponseRedirect(NOTIFICATIONS)


@never_cache
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Note what the account wants to hear: what is ticked."""
    account, form = account_of(request.user), ChoicesForm(request.POST)
    if account is None:
        return redirect_to_login(NOTIFICATIONS)
    if form.is_valid():
        notify.choose(account=account, records=form.cleaned_data["records"], works=form.cleaned_data["works"])
    return HttpResponseRedirect(NOTIFICATIONS)
