"""What is wrong about a work: proposed by its author, answered by a curator."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from profiles import proposal_selectors as selectors
from profiles import tasks
from profiles.curation_views import required_curator
from profiles.owner_views import HOUR, OFTEN, mine, signed_in
from profiles.proposal_forms import AnswerForm, ProposalForm
from profiles.review_selectors import nav
from researchgraph.errors import Conflict
from researchgraph.lib import limits
from works import proposals
from works.correction_selectors import CorrectionPage, correction_page
from works.models import WorkType

MOST_AN_HOUR: Final = 60
QUEUE: Final = "/curate/proposals/"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """The form about one work, for whoever holds one of its bylines."""
    user, page = signed_in(request), correction_page(public_id)
    if page is None or not selectors.may_propose(public_id, user=user.pk):
        raise Http404
    if request.method != "POST":
        return _form(request, page, ProposalForm(initial={"field": request.GET.get("field", "")}, page=page))
    form = ProposalForm(request.POST, page=page)
    if not form.is_valid():
        return _form(request, page, form, status=422)
    if not limits.allowed("propose", str(user.pk), most=MOST_AN_HOUR, seconds=HOUR):
        return render(request, "claims/refused.html", {"problem": OFTEN, "back": page.href}, status=429)
    given = form.cleaned_data
    try:
        proposals.propose(work=page.id, field=given["field"], value=given["value"], note=given["note"], actor=user)
    except Conflict as refused:
        return render(request, "claims/refused.html", {"problem": str(refused), "back": page.href}, status=409)
    messages.success(request, "Sent to the curators. The work stays as it is until one of them has answered.")
    return HttpResponseRedirect(f"/works/{public_id}/propose/")


def _form(request: HttpRequest, page: CorrectionPage, form: ProposalForm, *, status: int = 200) -> HttpResponse:
    context = {
        "page": page, "form": form, "types": [label for _, label in WorkType.choices],
        "proposals": [one for one in selectors.proposals_of(signed_in(request).pk) if one.href == page.href],
    }  # fmt: skip
    return render(request, "works/propose.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def proposed(request: HttpRequest, public_id: str) -> HttpResponse:
    """Everything its author has proposed, with what became of it; what is open can be withdrawn."""
    record, user = mine(request, public_id), signed_in(request)
    here = f"{record.href}proposals/"
    if request.method == "POST":
        key = request.POST.get("proposal", "")
        if not key.isdecimal() or not key.isascii() or len(key) > 18:
            raise Http404
        try:
            proposals.withdraw(proposal=int(key), actor=user)
        except Conflict as refused:
            context = {"record": record, "problem": str(refused), "back": here}
            return render(request, "owner/refused.html", context, status=409)
        messages.success(request, "Withdrawn.")
        return HttpResponseRedirect(here)
    context = {"record": record, "page": "past", "proposals": selectors.proposals_of(user.pk)}
    return render(request, "owner/proposals.html", context)


@never_cache
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """The proposals that wait, beside what the sources say."""
    user = required_curator(request)
    found = selectors.queue(page=request.GET.get("page", ""))
    context = {"list": found, "nav": nav(user.pk), "note": request.GET.get("note", ""), "limit": proposals.REASON_LIMIT}
    return render(request, "curate/proposals.html", context)


@require_POST
def answer(request: HttpRequest, proposal: int) -> HttpResponse:
    """Accept a proposal, which corrects the work, or decline it with a reason."""
    user = required_curator(request)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _refused(request, str(next(iter(form.errors.values()))[0]), status=422)
    given = form.cleaned_data
    try:
        if given["d"] == "accept":
            proposals.accept(proposal=proposal, actor=user, seen=given["seen"] or 0)
        else:
            proposals.decline(proposal=proposal, actor=user, reason=given["reason"])
    except Conflict as refused:
        return _refused(request, str(refused))
    tasks.wake()
    return HttpResponseRedirect(f"{QUEUE}?note={given['d']}")


def _refused(request: HttpRequest, problem: str, *, status: int = 409) -> HttpResponse:
    context = {"problem": problem, "back": QUEUE, "nav": nav(required_curator(request).pk)}
    return render(request, "curate/conflict.html", context, status=status)
