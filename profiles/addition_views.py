"""Adding a missing work to one's claimed record: by DOI, arXiv id or BibTeX, through the importer. For others: 404."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from profiles import addition_selectors as selectors
from profiles.addition_forms import FILE_LIMIT, AddForm
from profiles.flows.owning import say
from profiles.owner_views import HOUR, OFTEN, mine, signed_in
from researchgraph import celery
from researchgraph.errors import Conflict
from researchgraph.lib import limits
from works import adding, tasks
from works.sources import registry

if TYPE_CHECKING:
    from profiles.own_models import Addition
    from profiles.owner_selectors import Owned

MOST_AN_HOUR: Final = 20
"""Things one account may ask for in an hour: each asks somebody else's service."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask for a work. One that is held already is shown at once, with the bylines that may be the author's."""
    record = mine(request, public_id)
    if request.method != "POST":
        return _page(request, record, AddForm())
    form = AddForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, record, form, status=422)
    pair = form.cleaned_data["identifier"]
    if pair and (held := selectors.held_as(*pair)):
        return _page(request, record, form, found=selectors.found(record, say.current(record.id), held))
    if not limits.allowed("add-work", str(signed_in(request).pk), most=MOST_AN_HOUR, seconds=HOUR):
        return _refused(request, record, OFTEN, status=429)
    try:
        added = _asked(request, record, form.cleaned_data)
    except Conflict as refused:
        return _refused(request, record, str(refused), status=409)
    return HttpResponseRedirect(f"{record.href}add/{added.pk}/")


def _asked(request: HttpRequest, record: Owned, given: dict[str, Any]) -> Addition:
    user = signed_in(request)
    if given["file"]:
        added = adding.read_file(researcher=record.id, content=given["file"], actor=user)
    else:
        scheme, value = given["identifier"]
        added = adding.look_up(researcher=record.id, scheme=scheme, value=value, actor=user)
    celery.wake(tasks.run_import, added.run_id)
    return added


@never_cache
@require_safe
@login_required
def addition(request: HttpRequest, public_id: str, addition: int) -> HttpResponse:
    """How far it is, and in the end the works it brought, to be confirmed."""
    record = mine(request, public_id)
    shown = selectors.addition(record, say.current(record.id), addition)
    if shown is None:
        raise Http404
    context = {
        "record": record, "page": "works", "addition": shown, "where": registry.get(shown.asked.source).label,
        "askable": bool(settings.CONTACT_EMAIL),
    }  # fmt: skip
    return render(request, "owner/addition.html", context)


def _page(request: HttpRequest, record: Owned, form: AddForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "record": record, "page": "works", "form": form, "asked": selectors.asked(record), "found": [],
        "kilobytes": FILE_LIMIT // 1000, "entries": adding.ENTRIES_AT_MOST, **more,
    }  # fmt: skip
    return render(request, "owner/add.html", context, status=status)


def _refused(request: HttpRequest, record: Owned, problem: str, *, status: int) -> HttpResponse:
    context = {"record": record, "problem": problem, "back": f"{record.href}add/"}
    return render(request, "owner/refused.html", context, status=status)
