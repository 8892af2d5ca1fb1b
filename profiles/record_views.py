"""One record for curators: all its bylines, and what they decide on some of them, previewed and then taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from profiles.curation_views import conflict, known_record, required_curator
from profiles.decision_selectors import KINDS, Decision, decision_preview, taken, target
from profiles.flows.confirm import confirm
from profiles.flows.reassign import reassign
from profiles.flows.reject import reject
from profiles.flows.split import split
from profiles.forms import DecisionForm
from profiles.record_selectors import curate_address, matching_bylines, record_page, sight
from profiles.review_selectors import nav
from profiles.selectors import stamp
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from profiles.selectors import Stamp

DIGITS: Final = 18
"""More digits than that are no key of a byline."""


@never_cache
@require_safe
def record(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every byline of a record to choose from, and the works that were decided not to be theirs."""
    user, known = required_curator(request), known_record(public_id)
    if elsewhere := _elsewhere(request, known):
        return elsewhere
    context = {"curated": record_page(known, sight(request.GET)), "nav": nav(user.pk)}
    return render(request, "profiles/curate_record.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, public_id: str, decision: str) -> HttpResponse:
    """What a decision on the chosen bylines would come to; posting it takes it."""
    user, known, kind = required_curator(request), known_record(public_id), Decision(decision)
    if request.method == "POST":
        return _decide(request, user, known, kind)
    if elsewhere := _elsewhere(request, known):
        return elsewhere
    chosen, to = _chosen(request, known), request.GET.get("to", "")
    whose = target(to) if kind is Decision.REASSIGN else None
    context = {
        "record": known, "decision": kind, "chosen": len(chosen), "to": to, "target": whose, "preview": None,
        "nav": nav(user.pk),
    }  # fmt: skip
    asking = kind is Decision.REASSIGN and (whose is None or whose.removed or whose.id == known.id)
    if asking or not chosen:
        return render(request, "profiles/decide.html", {**context, "carried": _carried(request)})
    try:
        preview = decision_preview(kind, researcher=known.id, bylines=chosen, to=whose.id if whose else None)
    except Conflict as refused:
        return conflict(request, known, str(refused))
    return render(request, "profiles/decide.html", {**context, "preview": preview})


def _elsewhere(request: HttpRequest, known: Stamp) -> HttpResponse | None:
    """What to say of a record whose bylines cannot be decided on: where it has gone, or that it was taken down."""
    if known.moved_to:
        return HttpResponseRedirect(curate_address(known.moved_to))
    return render(request, "profiles/curate_gone.html", {"record": known}, status=410) if known.removed else None


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """What names the chosen bylines, to send along: the list if all of it is meant, for an address takes some hundreds."""
    if request.GET.get("all"):
        return [("all", "1"), *sight(request.GET).pairs]
    return [("byline", key) for key in request.GET.getlist("byline")]


def _chosen(request: HttpRequest, known: Stamp) -> list[int]:
    """The bylines that are ticked, or all that pass the filters."""
    if request.GET.get("all"):
        return matching_bylines(known.id, sight(request.GET))
    keys = request.GET.getlist("byline")
    return sorted({int(key) for key in keys if key.isascii() and key.isdigit() and len(key) <= DIGITS})


def _decide(request: HttpRequest, user: AbstractBaseUser, known: Stamp, kind: Decision) -> HttpResponse:
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return conflict(request, known, form.problem)
    reason = form.cleaned_data["reason"]
    try:
        event = _take(kind, known, form, user)
    except Conflict as refused:
        return conflict(request, known, str(refused), event=taken(known.id, [KINDS[kind]], actor=user, reason=reason))
    # The address may be another one now: the decision may have changed the name.
    now = stamp(known.public_id) or known
    return HttpResponseRedirect(f"{now.href}history/#event-{event}")


def _take(kind: Decision, known: Stamp, form: DecisionForm, user: AbstractBaseUser) -> int:
    """Take the decision; the key of its event."""
    given = form.cleaned_data
    bylines, reason, token = given["bylines"], given["reason"], given["token"]
    match kind:
        case Decision.SPLIT:
            return split(researcher=known.id, bylines=bylines, actor=user, reason=reason, token=token).event
        case Decision.REJECT:
            return reject(researcher=known.id, bylines=bylines, actor=user, reason=reason, token=token)
        case Decision.CONFIRM:
            return confirm(researcher=known.id, bylines=bylines, actor=user, reason=reason, token=token)
        case Decision.REASSIGN:
            to = stamp(given["to"])
            if to is None:
                raise Conflict("There is no such record.")
            return reassign(researcher=known.id, to=to.id, bylines=bylines, actor=user, reason=reason, token=token)
