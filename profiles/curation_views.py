"""What curators decide on records: their history with undo, and merging two of them."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from profiles import moved
from profiles.decision_selectors import taken
from profiles.flows import merge as merging
from profiles.flows.undo import undo
from profiles.forms import MergeForm
from profiles.history_selectors import history_page
from profiles.ledger import EventKind
from profiles.merge_selectors import merge_preview
from profiles.review_selectors import nav
from profiles.selectors import Stamp, stamp
from researchgraph.errors import Conflict
from researchgraph.forms import UndoForm

CURATE: Final = "profiles.curate"


def curator(request: HttpRequest) -> AbstractBaseUser | None:
    """The signed-in curator; None for everybody else, for whom there is nothing to decide."""
    user = request.user
    return None if isinstance(user, AnonymousUser) or not user.has_perm(CURATE) else user


def required_curator(request: HttpRequest) -> AbstractBaseUser:
    """The signed-in curator. For everybody else there is no such page (404)."""
    user = curator(request)
    if user is None:
        raise Http404
    return user


@require_safe
def history(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The identity events of a record, for everybody; undoing them and the reasons, for curators."""
    page, decides = history_page(public_id, page=request.GET.get("page", "")), curator(request) is not None
    if page is None:
        raise Http404
    # A curator takes the taking down back here.
    stays = page.record.moved_to or (page.record.removed and decides)
    if not stays and (elsewhere := moved.answer(request, page.record, slug, ending="history/")):
        return elsewhere
    return render(request, "profiles/history.html", {"history": page, "curator": decides})


@require_POST
def undo_event(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one decision back and show the history."""
    user, record = required_curator(request), known_record(public_id)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return conflict(request, record, "Say in a few words why it is undone; others will want to know.")
    try:
        undo(event=form.cleaned_data["event"], actor=user, reason=form.cleaned_data["reason"])
    except Conflict as refused:
        return conflict(request, record, str(refused))
    # The address may be another one now: the decision had perhaps changed the name.
    return HttpResponseRedirect(f"{(stamp(public_id) or record).href}history/")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest) -> HttpResponse:
    """Two records side by side with what a merge would come to; posting it merges them."""
    user = required_curator(request)
    asked = request.POST if request.method == "POST" else request.GET
    gone, kept = (stamp(asked.get(name, "").strip()) for name in ("from", "into"))
    if gone is None or kept is None:
        return render(request, "profiles/merge.html", {"gone": gone, "kept": kept, "asked": asked, "nav": nav(user.pk)})
    if request.method == "POST":
        return _merge(request, user, gone, kept)
    preview = merge_preview(researcher=gone.id, into=kept.id)
    sides = {"gone": gone, "kept": kept, "asked": asked, "preview": preview, "nav": nav(user.pk)}
    return render(request, "profiles/merge.html", sides)


def _merge(request: HttpRequest, user: AbstractBaseUser, gone: Stamp, kept: Stamp) -> HttpResponse:
    form = MergeForm(request.POST)
    if not form.is_valid():
        return conflict(request, kept, "Say in a few words why the two are one person; it stays in the history.")
    given = form.cleaned_data
    try:
        merging.merge(
            researcher=gone.id,
            into=kept.id,
            actor=user,
            reason=given["reason"],
            token=given["token"],
            force=given["force"],
        )
    except Conflict as refused:
        event = taken(kept.id, [EventKind.MERGED], actor=user, reason=given["reason"])
        return conflict(request, kept, str(refused), event=event)
    return HttpResponseRedirect(f"{kept.href}history/")


def known_record(public_id: str) -> Stamp:
    """The record at this address, whatever has become of it; there is no page of others (404)."""
    record = stamp(public_id)
    if record is None:
        raise Http404
    return record


def conflict(request: HttpRequest, record: Stamp, problem: str, *, event: int | None = None) -> HttpResponse:
    """The decision was not taken, and why (409); `event` is the one by which the same was decided just before."""
    context = {"record": record, "problem": problem, "event": event}
    return render(request, "profiles/conflict.html", context, status=409)
