"""The curators' desk for claims: the queue by its clock, the card of a claim, decisions, and the library of reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from profiles import claim_desk_selectors as selectors
from profiles import tasks
from profiles.claim_forms import TEXT_LIMIT, DecisionForm, ReasonForm, SeveralForm
from profiles.curation_views import required_curator
from profiles.flows.claims import decide, freeze, reasons
from profiles.review_selectors import nav
from researchgraph import celery
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

CLAIMS: Final = "/curate/claims/"


@never_cache
@require_safe
def claims(request: HttpRequest) -> HttpResponse:
    """The claims that wait for a curator, the most pressing first."""
    return _queue(request, required_curator(request))


def _queue(request: HttpRequest, user: AbstractBaseUser, **more: Any) -> HttpResponse:
    library = [reason for reason, _ in reasons.library()]
    context = {"queue": selectors.queue(page=request.GET.get("page", "")), "reasons": library, "limit": TEXT_LIMIT}
    return render(request, "curate/claims.html", {**context, "decided": None, "nav": nav(user.pk), **more})


@never_cache
@require_POST
def decided_several(request: HttpRequest) -> HttpResponse:
    """What a curator says to several claims at once; answers with how many it was said to, and why not to the others."""
    user = required_curator(request)
    form = SeveralForm(request.POST, reasons=[reason for reason, _ in reasons.library()])
    if not form.is_valid():
        return _refused(request, user, form.problem, CLAIMS)
    said = {key: form.cleaned_data[key] for key in ("d", "code", "text")}
    found = decide.several(
        claims=form.cleaned_data["claim"], decide=lambda claim: _decide(claim, user, **said, transfer=False)
    )
    celery.wake(tasks.send_claim_notices)
    return _queue(request, user, decided=found, said=said["d"])


@never_cache
@require_safe
def claim(request: HttpRequest, claim: int) -> HttpResponse:
    """One claim with what speaks for and against it."""
    user = required_curator(request)
    card = selectors.card(claim, user=user.pk)
    if card is None:
        raise Http404
    library = [reason for reason, _ in reasons.library()]
    context = {"card": card, "reasons": library, "limit": TEXT_LIMIT, "note": request.GET.get("note", "")}
    return render(request, "curate/claim.html", {**context, "nav": nav(user.pk)})


@require_POST
def decided(request: HttpRequest, claim: int) -> HttpResponse:
    """What a curator says to a claim; then the next one, or this one while it waits for a second curator."""
    user = required_curator(request)
    here = f"{CLAIMS}{claim}/"
    form = DecisionForm(request.POST, reasons=[reason for reason, _ in reasons.library()])
    if not form.is_valid():
        return _refused(request, user, form.problem, here)
    try:
        _decide(claim, user, **form.cleaned_data)
    except Conflict as refused:
        return _refused(request, user, str(refused), here)
    celery.wake(tasks.send_claim_notices)
    return HttpResponseRedirect(f"{here}?note={form.cleaned_data['d']}")


def _decide(claim: int, actor: AbstractBaseUser, *, d: str, code: str, text: str, transfer: bool = True) -> None:
    match d:
        case "approve":
            decide.approve(claim=claim, actor=actor, text=text, transfer=transfer)
        case "ask":
            decide.ask(claim=claim, actor=actor, code=code, text=text)
        case "reject":
            decide.reject(claim=claim, actor=actor, code=code, text=text)
        case "revoke":
            decide.revoke(claim=claim, actor=actor, code=code, text=text)
        case _:
            freeze.freeze(claim=claim, actor=actor, text=text, curator=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def library(request: HttpRequest) -> HttpResponse:
    """The library of reasons, to change or to add to."""
    user = required_curator(request)
    if request.method != "POST":
        return _library(request, user)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _library(request, user, status=422, problem=str(next(iter(form.errors.values()))[0]), given=request.POST)
    reasons.change(**form.cleaned_data)
    return HttpResponseRedirect(f"{CLAIMS}reasons/?note=kept")


def _library(request: HttpRequest, user: AbstractBaseUser, *, status: int = 200, **more: Any) -> HttpResponse:
    known = reasons.library(retired=True)
    context = {"reasons": known, "problem": "", "given": {}, "limit": TEXT_LIMIT, "note": request.GET.get("note", "")}
    return render(request, "curate/reasons.html", {**context, "nav": nav(user.pk), **more}, status=status)


def _refused(request: HttpRequest, user: AbstractBaseUser, problem: str, back: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": back, "nav": nav(user.pk)}
    return render(request, "curate/conflict.html", context, status=409)
