"""Splitting a work that the rule joined wrongly, for curators: pick its records, look at what it comes to, confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from profiles import tasks as profiles_tasks
from profiles.curation_views import required_curator
from profiles.review_selectors import nav
from researchgraph.errors import Conflict
from researchgraph.forms import REASON_LIMIT
from works.flows.outlook import SplitPage, split_page
from works.flows.split import split
from works.forms import SplitForm

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def split_work(request: HttpRequest, public_id: str) -> HttpResponse:
    """The records of a work, and what it comes to if those picked are another one's; posting it splits the work."""
    user = required_curator(request)
    if request.method != "POST":
        page = _page_or_404(public_id, request.GET.getlist("record"))
        problem = "Pick some of the records, and leave the work at least one." if "record" in request.GET else ""
        return _shown(request, user, page, problem="" if page.outlook else problem)
    form = SplitForm(request.POST)
    page = _page_or_404(public_id, request.POST.get("records", "").split("."))
    if not form.is_valid():
        return _shown(
            request, user, page, problem="Say in a few words how you know; it stays in the history.", status=422
        )
    given = form.cleaned_data
    try:
        split(work=page.id, records=given["records"], actor=user, reason=given["reason"], state=given["state"])
    except Conflict as refused:
        return _shown(request, user, _page_or_404(public_id, []), problem=str(refused), status=409)
    profiles_tasks.wake()
    return HttpResponseRedirect(f"{page.href}history/")


def _page_or_404(public_id: str, picked: list[str]) -> SplitPage:
    page = split_page(public_id, {int(key) for key in picked if key.isdecimal() and key.isascii() and len(key) < 19})
    if page is None:
        raise Http404
    return page


def _shown(
    request: HttpRequest, user: AbstractBaseUser, page: SplitPage, *, problem: str, status: int = 200
) -> HttpResponse:  # fmt: skip
    context = {"page": page, "problem": problem, "limit": REASON_LIMIT, "nav": nav(user.pk)}
    return render(request, "works/split.html", context, status=status)
