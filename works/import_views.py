"""Import runs: everybody sees what was brought in and what was held back; who may run imports starts and stops them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from profiles.review_selectors import nav
from researchgraph import celery
from researchgraph.errors import Conflict
from researchgraph.lib.paging import page_number
from works import import_selectors, imports, rollback, runs, schedule_selectors, schedules, tasks
from works.forms import ImportForm
from works.models import Every, ImportRun
from works.sources import registry
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

RUN_IMPORTS: Final = "works.run_imports"
CURATE: Final = "profiles.curate"
STOP_POLLING: Final = 286
"""htmx stops a polling trigger when it gets this status."""
ACTIONS: Final[dict[str, Callable[[ImportRun], None]]] = {"pause": runs.pause, "resume": runs.resume, "stop": runs.stop}


@require_safe
def import_list(request: HttpRequest) -> HttpResponse:
    """All import runs, newest first; above them, for who may start any, how the sources are doing."""
    number = page_number(request.GET.get("page", ""), size=import_selectors.RUNS_A_PAGE)
    found = import_selectors.runs(page=number, state=request.GET.get("state", ""))
    allowed = rights(request)
    board = schedule_selectors.dashboard() if allowed["may_run"] else None
    return render(request, "works/imports.html", {"list": found, "dashboard": board, **allowed})


@require_safe
@vary_on_headers("HX-Request")
def import_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """One run; for htmx only its progress, and the page anew once nothing will change any more."""
    number = page_number(request.GET.get("page", ""), size=import_selectors.HELD_A_PAGE)
    page = import_selectors.run_page(public_id, page=number)
    if page is None:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        response = render(request, "works/import_progress.html", {"page": page, "run": page.run})
        if not page.run.live:
            # Buttons and what was held back belong to the new state.
            response.status_code, response["HX-Refresh"] = STOP_POLLING, "true"
        return response
    done = said(request, "repaired", "held")
    return render(request, "works/import_run.html", {"page": page, "run": page.run, "done": done, **rights(request)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest) -> HttpResponse:
    """The form that starts a run: a file to upload, or a query to a source's service, once or again and again."""
    user = required_manager(request)
    wish = {name: request.GET.get(name, "") for name in ("source", "query", "every")}
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm(initial=wish)
    if request.method != "POST" or not form.is_valid():
        errors = {name: messages[0] for name, messages in form.errors.items()}
        context = {"form": form, "errors": errors, "sources": _sources(), **rights(request)}
        return render(request, "works/new_import.html", context, status=422 if errors else 200)
    run = _started(form.cleaned_data, user)
    if run is None:
        return HttpResponseRedirect(schedule_selectors.PATH)
    _wake(run)
    return HttpResponseRedirect(run.get_absolute_url())


def _started(given: dict[str, Any], user: User) -> ImportRun | None:
    """The run that was asked for; None if it is a round of a schedule that waits for the round before."""
    source, file = given["source"], given["file"]
    if file:
        return imports.start_upload(source=source, name=file.name, content=file.read(), started_by=user)
    if given["every"]:
        every = Every(given["every"])
        return schedules.start(schedules.add(source=source, query=given["query"], every=every, created_by=user))
    return imports.start_run(source=source, query=given["query"], live=True, started_by=user)


@require_POST
def control(request: HttpRequest, public_id: str, action: str) -> HttpResponse:
    """Pause a run, let it go on, or stop it."""
    required_manager(request)
    run = get_object_or_404(ImportRun, public_id=public_id)
    try:
        ACTIONS[action](run)
    except Conflict as refused:
        return render(request, "works/import_conflict.html", {"run": run, "problem": str(refused)}, status=409)
    if action == "resume":
        _wake(run)
    return HttpResponseRedirect(run.get_absolute_url())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def roll_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """What taking a run back would come to; posting it begins."""
    required_manager(request)
    run = get_object_or_404(ImportRun, public_id=public_id)
    if request.method == "POST":
        try:
            rollback.begin(run)
        except Conflict as refused:
            return render(request, "works/import_conflict.html", {"run": run, "problem": str(refused)}, status=409)
        _wake(run)
        return HttpResponseRedirect(run.get_absolute_url())
    context = {"run": run, "outlook": rollback.outlook(run), "ended": run.state in rollback.ENDED, **rights(request)}
    return render(request, "works/roll_back.html", context)


def _wake(run: ImportRun) -> None:
    celery.wake(tasks.run_import, run.pk)


def required_manager(request: HttpRequest) -> User:
    """The signed-in user who may run imports; for everybody else there is nothing here."""
    user = request.user
    if isinstance(user, AnonymousUser) or not user.has_perm(RUN_IMPORTS):
        raise Http404
    return user


def rights(request: HttpRequest) -> dict[str, Any]:
    """What the pages offer to whom: buttons to who may run imports, the way to the other pages to curators."""
    user = request.user
    if isinstance(user, AnonymousUser):
        return {"may_run": False, "nav": None}
    return {"may_run": user.has_perm(RUN_IMPORTS), "nav": nav(user.pk) if user.has_perm(CURATE) else None}


def said(request: HttpRequest, *names: str) -> dict[str, int]:
    """The numbers with which an action before the redirect says what it did."""
    return {
        name: int(value)
        for name in names
        if (value := request.GET.get(name, "")).isdecimal() and value.isascii() and len(value) < 10
    }


def _sources() -> list[type[Source]]:
    """All sources, by label."""
    return sorted(registry.sources().values(), key=lambda source: source.label.casefold())
