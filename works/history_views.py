"""The history of a work, for everybody; undoing what was decided there, for curators."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from profiles import moved
from profiles.curation_views import curator, required_curator
from profiles.review_selectors import nav
from researchgraph.errors import Conflict
from researchgraph.forms import REASON_LIMIT, UndoForm
from works.flows.undo import undo
from works.history_selectors import WorkHistory, work_history


@require_safe
def history(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """Which records were joined when, and what people decided; the reasons and undoing them, for curators."""
    page, user = _history_or_404(public_id), curator(request)
    if page.moved_to:
        return moved.redirect(page.moved_to, since=page.moved_at)
    if slug != page.slug:
        return redirect(f"{page.href}history/", permanent=True)
    return render(request, "works/history.html", {"history": page, "curator": user is not None, "limit": REASON_LIMIT})


@require_POST
def undo_event(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one decision back and show the history."""
    user, page, form = required_curator(request), _history_or_404(public_id), UndoForm(request.POST)
    if not form.is_valid():
        return _refused(request, user.pk, page, "Say in a few words why it is undone; others will want to know.")
    if form.cleaned_data["event"] not in {event.id for event in page.events}:
        raise Http404
    try:
        undo(event=form.cleaned_data["event"], actor=user, reason=form.cleaned_data["reason"])
    except Conflict as refused:
        return _refused(request, user.pk, page, str(refused))
    return HttpResponseRedirect(f"{page.href}history/")


def _refused(request: HttpRequest, user: int, page: WorkHistory, problem: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": f"{page.href}history/", "nav": nav(user)}
    return render(request, "curate/conflict.html", context, status=409)


def _history_or_404(public_id: str) -> WorkHistory:
    page = work_history(public_id)
    if page is None:
        raise Http404
    return page
