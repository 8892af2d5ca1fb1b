"""Claiming records: find them, show that they are yours, follow what is decided. Others' claims do not exist (404)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from profiles import claim_selectors as selectors
from profiles import moved, tasks, vouch_selectors
from profiles.claim_forms import TEXT_LIMIT, ActForm, BeginForm, PageForm, VouchForm
from profiles.flows.claims import appeal, draft, evidence, freeze, notices, submit, vouch
from profiles.selectors import stamp
from researchgraph import celery
from researchgraph.errors import Conflict
from researchgraph.lib import limits

if TYPE_CHECKING:
    from profiles.claim_selectors import ClaimPage

HOUR: Final = 3_600
MOST_AN_HOUR: Final = 30
"""Things one account may do with its claims in an hour, so that nobody's pages are fetched by way of us without end."""
OFTEN: Final = "That was a lot in a short time. Please wait an hour; everything is kept."
DAY: Final = 86_400
ASKED_A_DAY: Final = 6
"""Co-authors whom one account may ask in a day, whichever claims it begins and withdraws for that."""
ASKED_OFTEN: Final = f"You have asked {ASKED_A_DAY} co-authors today. Please go on tomorrow; everything is kept."


def _user(request: HttpRequest) -> AbstractBaseUser:
    if isinstance(request.user, AnonymousUser):
        raise Http404
    return request.user


def _allowed(request: HttpRequest) -> bool:
    return limits.allowed("claims", str(_user(request).pk), most=MOST_AN_HOUR, seconds=HOUR)


def _too_often(request: HttpRequest, verb: str) -> str:
    """Why this has to wait; "" if it need not."""
    who = str(_user(request).pk)
    if verb == "vouch" and not limits.allowed("vouches", who, most=ASKED_A_DAY, seconds=DAY):
        return ASKED_OFTEN
    return "" if _allowed(request) else OFTEN


@never_cache
@require_safe
@login_required
def claims(request: HttpRequest) -> HttpResponse:
    """One's own claims, records that carry one's iD, and a search for more."""
    user = _user(request)
    query = request.GET.get("q", "").strip()[:200]
    context = {
        "claims": selectors.claims_of(user.pk),
        "suggested": selectors.suggested(user.pk),
        "answerable": vouch_selectors.answerable(user.pk),
        "query": query,
        "found": selectors.found(query),
        "median": selectors.median_phrase(),
    }
    return render(request, "claims/claims.html", context)


@never_cache
@require_safe
@login_required
def start(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """What claiming this record means, and a button."""
    record = stamp(public_id)
    if record is None:
        raise Http404
    if elsewhere := moved.answer(request, record, slug, ending="claim/"):
        return elsewhere
    return render(request, "claims/start.html", {"record": record, "median": selectors.median_phrase()})


@never_cache
@require_POST
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a claim on the ticked records, or add them to the one that was not sent yet."""
    form = BeginForm(request.POST)
    if not form.is_valid():
        return _refused(request, "Tick the records that are yours.", "/claims/")
    if not _allowed(request):
        return _refused(request, OFTEN, "/claims/", status=429)
    try:
        found = draft.draft(claimant=_user(request), researchers=selectors.keys(form.cleaned_data["record"]))
    except Conflict as refused:
        return _refused(request, str(refused), "/claims/")
    return HttpResponseRedirect(found.get_absolute_url())


@never_cache
@require_safe
@login_required
def claim(request: HttpRequest, claim: int) -> HttpResponse:
    """One's own claim: the evidence while it takes some, where it stands, and all that happened."""
    return _page(request, _mine(request, claim))


def _mine(request: HttpRequest, claim: int) -> ClaimPage:
    found = selectors.claim_page(claim, user=_user(request).pk)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, found: ClaimPage, *, status: int = 200, **more: Any) -> HttpResponse:
    account = (
        selectors.account(found.id, user=_user(request).pk, records=[record.id for record in found.records])
        if found.changeable
        else None
    )
    context = {
        "claim": found,
        "account": account,
        "vouching": vouch_selectors.vouching(found.id, changeable=found.changeable),
        "median": selectors.median_phrase(),
        "limit": TEXT_LIMIT,
        "code": "",
        "coded": "",
        "problem": "",
        "given": "",
        **more,
    }
    return render(request, "claims/claim.html", context, status=status)


@never_cache
@require_POST
@login_required
def name_page(request: HttpRequest, claim: int) -> HttpResponse:
    """Name a page; answers with the code to place there, which is shown this once."""
    found, form = _mine(request, claim), PageForm(request.POST)
    if not form.is_valid():
        return _page(
            request, found, status=422, problem=str(form.errors["page"][0]), given=request.POST.get("page", "")[:500]
        )  # fmt: skip
    if not _allowed(request):
        return _refused(request, OFTEN, found.href, status=429)
    try:
        _, code = evidence.add_page(claim=claim, claimant=_user(request), url=form.cleaned_data["page"])
    except Conflict as refused:
        return _refused(request, str(refused), found.href)
    return _page(request, _mine(request, claim), code=code, coded=form.cleaned_data["page"])


def _send(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    submit.submit(claim=claim, claimant=user, text=given["text"])


def _appeal(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    appeal.appeal(claim=claim, claimant=user, text=given["text"])


def _release(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    appeal.release(claim=claim, claimant=user, text=given["text"])


def _remove(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    evidence.remove(claim=claim, claimant=user, evidence=given["evidence"] or 0)


def _check(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    evidence.ask_again(claim=claim, claimant=user, evidence=given["evidence"] or 0)
    celery.wake(tasks.check_claim_page, given["evidence"] or 0)


def _leave_out(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    draft.leave_out(claim=claim, claimant=user, researcher=given["record"] or 0)


def _vouch(user: AbstractBaseUser, claim: int, given: dict[str, Any]) -> None:
    vouch.request(claim=claim, claimant=user, record=given["record"] or 0)


VERBS: Final[dict[str, Callable[[AbstractBaseUser, int, dict[str, Any]], None]]] = {
    "send": _send,
    "appeal": _appeal,
    "release": _release,
    "remove": _remove,
    "check": _check,
    "leave-out": _leave_out,
    "vouch": _vouch,
}
"""What a claimant may do with a claim, by the last word of the address."""


@never_cache
@require_POST
@login_required
def act(request: HttpRequest, claim: int, verb: str) -> HttpResponse:
    """Do something with one's own claim, and show it again."""
    found, form = _mine(request, claim), ActForm(request.POST)
    if not form.is_valid():
        return _refused(request, f"The text takes at most {TEXT_LIMIT:,} characters.", found.href)
    if wait := _too_often(request, verb):
        return _refused(request, wait, found.href, status=429)
    try:
        VERBS[verb](_user(request), claim, form.cleaned_data)
    except Conflict as refused:
        return _refused(request, str(refused), found.href)
    celery.wake(tasks.send_claim_notices)
    return HttpResponseRedirect(found.href)


@never_cache
@require_POST
@login_required
def answer(request: HttpRequest, asked: UUID) -> HttpResponse:
    """Whether somebody who was asked vouches. For everybody else the request does not exist."""
    user, form = _user(request), VouchForm(request.POST)
    if not vouch_selectors.is_asked(asked, user=user.pk):
        raise Http404
    if not form.is_valid():
        return _refused(request, "Answer with yes or no.", "/claims/")
    try:
        vouch.answer(vouch=asked, voucher=user, given=form.cleaned_data["d"])
    except Conflict as refused:
        return _refused(request, str(refused), "/claims/")
    return HttpResponseRedirect("/claims/#vouch")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a warning: stops a claim. Takes a button, because programs open the links of mails on their own."""
    key = notices.disputed(token)
    if key is None:
        return render(request, "claims/dispute.html", {"state": "unknown"}, status=410)
    if request.method != "POST":
        return render(request, "claims/dispute.html", {"state": "ask"})
    try:
        freeze.freeze(claim=key, actor=None, text="Somebody we had written to says that this claim is wrong.")
    except Conflict:
        return render(request, "claims/dispute.html", {"state": "over"})
    celery.wake(tasks.send_claim_notices)
    return render(request, "claims/dispute.html", {"state": "done"})


def _refused(request: HttpRequest, problem: str, back: str, *, status: int = 409) -> HttpResponse:
    """Nothing was changed, and why."""
    return render(request, "claims/refused.html", {"problem": problem, "back": back}, status=status)
