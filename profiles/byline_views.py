"""From one byline of a work ("This is my paper") to a claim, or to a decision of whoever holds a record already."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from profiles import byline_selectors as selectors
from profiles import claim_selectors, moved, owner_selectors
from profiles.byline_forms import SlotForm
from profiles.byline_selectors import Whose
from profiles.claim_views import HOUR, MOST_AN_HOUR, OFTEN
from profiles.flows.claims import draft, wish
from profiles.flows.owning import decide
from profiles.owner_views import signed_in
from researchgraph.errors import Conflict
from researchgraph.lib import limits

if TYPE_CHECKING:
    from profiles.byline_selectors import Slot, Slots

INCOMPATIBLE: Final = (
    "This byline does not fit the name of your record, so it takes a curator. If you sign under both names, report it."
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mine(request: HttpRequest, public_id: str) -> HttpResponse:
    """The bylines as printed; choosing one does what is right for who holds it."""
    user = signed_in(request)
    form = SlotForm(request.POST) if request.method == "POST" else None
    chosen = form.cleaned_data["byline"] if form and form.is_valid() else 0
    name = request.GET.get("name", "").strip()[:200]
    page = selectors.slots(public_id, user=user.pk, name=name, byline=chosen)
    if page is None:
        raise Http404
    if page.moved_to:
        return moved.redirect(page.moved_to, since=page.moved_at)
    if form is None:
        return _page(request, page, name=name)
    slot = page.slot(chosen)
    if slot is None:
        return _refused(request, page, "Choose the byline that is yours.", status=422)
    if not limits.allowed("claims", str(user.pk), most=MOST_AN_HOUR, seconds=HOUR):
        return _refused(request, page, OFTEN, status=429)
    try:
        return ANSWERS[slot.whose](request, page, slot, form.cleaned_data["record"])
    except Conflict as refused:
        return _refused(request, page, str(refused))


def _own(request: HttpRequest, page: Slots, _: Slot, __: list[str]) -> HttpResponse:
    messages.success(request, "This byline is on your record already.")
    return HttpResponseRedirect(page.href)


def _unclaimed(request: HttpRequest, _: Slots, slot: Slot, __: list[str]) -> HttpResponse:
    """Whose it is stands on a record that nobody has claimed: claim that."""
    found = draft.draft(claimant=signed_in(request), researchers=[slot.record])
    return HttpResponseRedirect(found.get_absolute_url())


def _claimed(request: HttpRequest, page: Slots, slot: Slot, _: list[str]) -> HttpResponse:
    return _page(request, page, taken=slot, status=409)


def _free(request: HttpRequest, page: Slots, slot: Slot, records: list[str]) -> HttpResponse:
    """Nobody holds it: it goes to a record of one's own, else it is kept with the claim on one."""
    user = signed_in(request)
    held = [owner_selectors.owned(public_id, user=user.pk) for public_id, _ in owner_selectors.records_of(user.pk)]
    own = [record for record in held if record is not None]
    if own:
        return _to_own_record(request, page, slot, own)
    if not records:
        offered = claim_selectors.found(slot.name)
        return _page(request, page, chosen=slot, offered=offered)
    found = wish.begin(claimant=user, researchers=claim_selectors.keys(records), byline=slot.id)
    messages.success(request, "The byline is kept with this claim. It is confirmed as yours once the claim is granted.")
    return HttpResponseRedirect(found.get_absolute_url())


def _to_own_record(request: HttpRequest, page: Slots, slot: Slot, own: list[owner_selectors.Owned]) -> HttpResponse:
    fitting = wish.fitting([one.id for one in own], slot.name)
    if fitting is None:
        return _page(request, page, problem=INCOMPATIBLE, report=own[0].public, status=409)
    decide.decide(researcher=fitting, bylines=[slot.id], mine=True, actor=signed_in(request))
    messages.success(request, "Confirmed as yours. No later import changes that.")
    return HttpResponseRedirect(page.href)


ANSWERS: Final[dict[Whose, Callable[[HttpRequest, Slots, Slot, list[str]], HttpResponse]]] = {
    Whose.OWN: _own,
    Whose.UNCLAIMED: _unclaimed,
    Whose.CLAIMED: _claimed,
    Whose.FREE: _free,
}
"""What choosing a byline leads to, by who holds it."""


def _page(request: HttpRequest, page: Slots, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "work": page, "name": "", "taken": None, "chosen": None, "offered": [], "problem": "", "report": "",
        "listed": selectors.LISTED, **more,
    }  # fmt: skip
    return render(request, "works/mine.html", context, status=status)


def _refused(request: HttpRequest, page: Slots, problem: str, *, status: int = 409) -> HttpResponse:
    return render(request, "claims/refused.html", {"problem": problem, "back": page.here}, status=status)
