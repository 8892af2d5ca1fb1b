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
from works import import_selectors, imports, rollback, runs, tasks
from works.forms import ImportForm
from works.models import ImportRun
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
    """All import runs, newest first."""
    number = page_number(request.GET.get("page", ""), size=import_selectors.RUNS_A_PAGE)
    found = import_selectors.runs(page=number, state=request.GET.get("state", ""))
    return render(request, "works/imports.html", {"list": found, **rights(request)})


@require_safe
@vary_on_headers("HX-Request")
def import_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """One run; for htmx only its progress, with status 286 once nothing will change any more."""
    number = page_number(request.GET.get("page", ""), size=import_selectors.HELD_A_PAGE)
    page = import_selectors.run_page(public_id, page=number)
    if page is None:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        status = 200 if page.run.live else STOP_POLLING
        return render(request, "works/import_progress.html", {"run": page.run}, status=status)
    return render(request, "works/import_run.html", {"page": page, "run": page.run, **rights(request)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest) -> HttpResponse:
    """The form that starts a run: a file to upload, or a query to a source's service."""
    user = required_manager(request)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method != "POST" or not form.is_valid():
        errors = {name: messages[0] for name, messages in form.errors.items()}
        context = {"form": form, "errors": errors, "sources": _sources(), **rights(request)}
        return render(request, "works/new_import.html", context, status=422 if errors else 200)
    given = form.cleaned_data
    file = given["file"]
    if file:
        run = imports.start_upload(source=given["source"], name=file.name, content=file.read(), started_by=user)
    else:
        run = imports.start_run(source=given["source"], query=given["query"], live=True, started_by=user)
    _wake(run)
    return HttpResponseRedirect(run.get_absolute_url())


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


def _sources() -> list[type[Source]]:
    """All sources, by label."""
    return sorted(registry.sources().values(), key=lambda source: source.label.casefold())
