"""The quarantine, for who may run imports: look at what was held back, read it again, dismiss it, take it along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from profiles import tasks as profiles_tasks
from profiles.curation_views import curator, required_curator
from profiles.review_selectors import nav
from researchgraph.errors import Conflict
from researchgraph.forms import REASON_LIMIT, UndoForm
from researchgraph.lib.paging import page_number
from works import quarantine as flows
from works import quarantine_selectors as selectors
from works.decision_models import WorkEvent
from works.flows import identify
from works.forms import IdentifierForm
from works.import_views import required_manager, rights, said
from works.models import ImportRun

if TYPE_CHECKING:
    from collections.abc import Callable


@never_cache
@require_safe
def quarantine(request: HttpRequest) -> HttpResponse:
    """What is held back, by reason; `source` and `code` choose a list. `repaired`, `held`, `dismissed` say what was done."""
    required_manager(request)
    number = page_number(request.GET.get("page", ""), size=selectors.HELD_A_PAGE)
    found = selectors.quarantine(source=request.GET.get("source", ""), code=request.GET.get("code", ""), page=number)
    context = {"quarantine": found, "done": said(request, "repaired", "held", "dismissed"), **rights(request)}
    return render(request, "works/quarantine.html", context)


@never_cache
@require_safe
def held_identifiers(request: HttpRequest) -> HttpResponse:
    """The identifiers that bylines go without, and why, for curators as well; `code` chooses a reason."""
    if curator(request) is None:
        required_manager(request)
    number = page_number(request.GET.get("page", ""), size=selectors.HELD_A_PAGE)
    found = selectors.held_identifiers(code=request.GET.get("code", ""), page=number)
    context = {"found": found, "curator": curator(request) is not None, "limit": REASON_LIMIT, **rights(request)}
    return render(request, "works/held_identifiers.html", context)


@require_POST
def decide_identifier(request: HttpRequest) -> HttpResponse:
    """A curator accepts an identifier for its byline, or dismisses it."""
    user, form = required_curator(request), IdentifierForm(request.POST)
    if not form.is_valid():
        return _refused(request, user.pk, "Say in a few words how you know; it is kept with the decision.")
    given = form.cleaned_data
    decide = identify.accept if given["d"] == "accept" else identify.dismiss
    return _done(request, user.pk, lambda: decide(
        byline=given["byline"], value=given["value"], actor=user, reason=given["reason"]
    ))  # fmt: skip


@require_POST
def undo_identifier(request: HttpRequest) -> HttpResponse:
    """A curator takes such a decision back."""
    user, form = required_curator(request), UndoForm(request.POST)
    if not form.is_valid():
        return _refused(request, user.pk, "Say in a few words why it is undone; others will want to know.")
    event = get_object_or_404(WorkEvent.objects.exclude(identifier=""), pk=form.cleaned_data["event"])
    return _done(
        request, user.pk, lambda: identify.take_back(found=event, actor=user, reason=form.cleaned_data["reason"])
    )


def _done(request: HttpRequest, user: int, decide: Callable[[], int]) -> HttpResponse:
    try:
        decide()
    except Conflict as refused:
        return _refused(request, user, str(refused))
    return HttpResponseRedirect(f"{selectors.IDENTIFIERS_PATH}#decided")


def _refused(request: HttpRequest, user: int, problem: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": selectors.IDENTIFIERS_PATH, "nav": nav(user)}
    return render(request, "curate/conflict.html", context, status=409)


@never_cache
@require_safe
def held(request: HttpRequest, record: int) -> HttpResponse:
    """One held-back record with its bytes."""
    required_manager(request)
    page = selectors.held_page(record)
    if page is None:
        raise Http404
    return render(request, "works/held_record.html", {"page": page, "held": page.record, **rights(request)})


@never_cache
@require_safe
def raw(request: HttpRequest, record: int) -> HttpResponse:
    """The bytes of a held-back record as a download."""
    required_manager(request)
    content = selectors.payload(record)
    if content is None:
        raise Http404
    # Never shown in the browser: the bytes are somebody else's.
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="held-{record}.txt"'
    return response


@never_cache
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """A group as JSON lines."""
    required_manager(request)
    source, code = request.GET.get("source", ""), request.GET.get("code", "")
    response = StreamingHttpResponse(
        selectors.exported(source=source, code=code), content_type="application/x-ndjson; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="held-back.jsonl"'
    return response


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Read the chosen record, or the whole group, again."""
    required_manager(request)
    done = flows.retry(_chosen(request))
    if done.repaired:
        profiles_tasks.wake()
    return HttpResponseRedirect(f"{selectors.PATH}?repaired={done.repaired}&held={done.held}")


@require_POST
def retry_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """Read everything again that was held back of one run."""
    required_manager(request)
    run = get_object_or_404(ImportRun, public_id=public_id)
    done = flows.retry(selectors.ids_of_run(run.pk))
    if done.repaired:
        profiles_tasks.wake()
    return HttpResponseRedirect(f"{run.get_absolute_url()}?repaired={done.repaired}&held={done.held}#held")


@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """Put the chosen record, or the whole group, out of the way."""
    user = required_manager(request)
    return HttpResponseRedirect(f"{selectors.PATH}?dismissed={flows.dismiss(_chosen(request), user=user)}")


def _chosen(request: HttpRequest) -> list[int]:
    record = request.POST.get("record", "")
    if record:
        if not record.isdecimal() or len(record) > 18:
            raise Http404
        return [int(record)]
    return selectors.ids(source=request.POST.get("source", ""), code=request.POST.get("code", ""))
