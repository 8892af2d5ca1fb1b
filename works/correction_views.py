"""Correcting a work's fields, for curators: believe another source, or say it oneself; undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from profiles import tasks as profiles_tasks
from profiles.curation_views import required_curator
from profiles.review_selectors import nav
from researchgraph.errors import Conflict
from works import correct as flows
from works.correction_selectors import CorrectionPage, correction_page
from works.decision_models import CorrectionOrigin
from works.forms import CorrectionForm
from works.models import WorkType

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every field with what the sources say; posting it corrects those that were chosen."""
    user = required_curator(request)
    page = _page_or_404(public_id)
    if request.method != "POST":
        return _form(request, user, page)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _form(request, user, page, form=form, status=422)
    try:
        flows.correct(
            work=page.id,
            values=form.chosen,
            origin=CorrectionOrigin.CURATOR,
            actor=user,
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
        )
    except Conflict as refused:
        return _form(request, user, _page_or_404(public_id), problem=str(refused), status=409)
    profiles_tasks.wake()
    return HttpResponseRedirect(f"/works/{public_id}/#provenance")


@require_POST
def undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one correction back and show the form again."""
    user = required_curator(request)
    page, key = _page_or_404(public_id), request.POST.get("correction", "")
    if not key.isdecimal() or len(key) > 18:
        raise Http404
    try:
        flows.undo(work=page.id, correction=int(key), actor=user)
    except Conflict as refused:
        return _form(request, user, page, problem=str(refused), status=409)
    profiles_tasks.wake()
    return HttpResponseRedirect(f"{page.path}#made")


def _page_or_404(public_id: str) -> CorrectionPage:
    page = correction_page(public_id)
    if page is None:
        raise Http404
    return page


def _form(
    request: HttpRequest,
    user: AbstractBaseUser,
    page: CorrectionPage,
    *,
    form: CorrectionForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "page": page, "posted": form.data if form else {}, "errors": form.errors if form else {}, "problem": problem,
        "types": WorkType.choices, "nav": nav(user.pk),
    }  # fmt: skip
    return render(request, "works/correct.html", context, status=status)
