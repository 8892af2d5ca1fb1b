"""The author's own pages of a claimed record: what it says in their words, their works, and all of it to take back.

Whoever does not hold the record gets a 404, except curators where they may take something down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from profiles import owner_selectors as selectors
from profiles import tasks
from profiles.curation_views import curator
from profiles.flows.owning import decide, say
from profiles.owner_forms import FORMS, BackForm, DecideForm
from profiles.record_selectors import BYLINES_A_PAGE
from profiles.statements import LABELS, PINS_AT_MOST, Field
from researchgraph import celery
from researchgraph.errors import Conflict
from researchgraph.lib import limits
from researchgraph.lib.paging import page_number

if TYPE_CHECKING:
    from profiles.owner_selectors import Owned

HOUR: Final = 3_600
MOST_AN_HOUR: Final = 300
"""Changes one account may make to its records in an hour: ten works a minute, for half of it."""
OFTEN: Final = "That was a lot in a short time. Please wait an hour; everything is kept."


def signed_in(request: HttpRequest) -> User:
    """Who is signed in."""
    if isinstance(request.user, AnonymousUser):
        raise Http404
    return request.user


def mine(request: HttpRequest, public_id: str) -> Owned:
    """The record, if it is held by who is signed in; raises Http404 for everybody else's."""
    found = selectors.owned(public_id, user=signed_in(request).pk)
    if found is None:
        raise Http404
    return found


def _changed(request: HttpRequest, record: Owned, back: str, change: Callable[[], str]) -> HttpResponse:
    """Make a change and go back to the page, which says so; or say why nothing was changed."""
    if not limits.allowed("owner", str(signed_in(request).pk), most=MOST_AN_HOUR, seconds=HOUR):
        return render(request, "owner/refused.html", {"record": record, "problem": OFTEN, "back": back}, status=429)
    try:
        said = change()
    except Conflict as refused:
        return render(
            request, "owner/refused.html", {"record": record, "problem": str(refused), "back": back}, status=409
        )  # fmt: skip
    messages.success(request, said)
    return HttpResponseRedirect(back)


@never_cache
@require_safe
@login_required
def records(request: HttpRequest) -> HttpResponse:
    """The records that one holds; the only one at once, and for nobody's author the way to claim one."""
    found = selectors.records_of(signed_in(request).pk)
    if not found:
        return HttpResponseRedirect("/claims/")
    if len(found) == 1:
        return HttpResponseRedirect(f"/me/records/{found[0][0]}/")
    return render(request, "owner/records.html", {"records": found})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the record says in its author's words."""
    record = mine(request, public_id)
    said = say.current(record.id)
    sent = request.POST.get("form", "") if request.method == "POST" else ""
    forms: dict[str, Any] = {
        name: form(request.POST) if name == sent else form(initial=form.initially(said)) for name, form in FORMS.items()
    }
    if request.method == "POST" and sent not in FORMS:
        raise Http404
    if sent and forms[sent].is_valid():
        return _changed(request, record, record.href, lambda: _say(request, record, forms[sent].values()))
    context = {"record": record, "said": said, "forms": forms, "page": "about", "pins": PINS_AT_MOST}
    return render(request, "owner/edit.html", context, status=422 if sent else 200)


def _say(request: HttpRequest, record: Owned, values: dict[Field, Any]) -> str:
    changed = say.say(researcher=record.id, values=values, actor=signed_in(request))
    if Field.LINKS in changed:
        celery.wake(tasks.check_links)
    if not changed:
        return "Nothing was different, so nothing was changed."
    return f"Saved: {', '.join(LABELS[field].lower() for field in changed)}. Visitors see it now."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def works(request: HttpRequest, public_id: str) -> HttpResponse:
    """Works that may be the author's, and those the record holds: mine, not mine, featured."""
    record = mine(request, public_id)
    back = f"{record.href}works/"
    if request.method == "POST":
        form = DecideForm(request.POST)
        if not form.is_valid():
            problem = next(iter(form.errors.values()))[0]
            return render(
                request, "owner/refused.html", {"record": record, "problem": problem, "back": back}, status=422
            )  # fmt: skip
        given = form.cleaned_data
        return _changed(request, record, back, lambda: DECISIONS[given["d"]](request, record, given["byline"]))
    said = say.current(record.id)
    total, suggested = selectors.suggestions(record, user=signed_in(request).pk)
    page = page_number(request.GET.get("page", ""), size=BYLINES_A_PAGE)
    context = {
        "record": record,
        "page": "works",
        "suggested": suggested,
        "suggestions": total,
        "held": selectors.held(record, said, page=page),
        "featured": selectors.featured(record, said),
        "pins": PINS_AT_MOST,
    }
    return render(request, "owner/works.html", context)


def _mine_decided(request: HttpRequest, record: Owned, bylines: list[int]) -> str:
    decide.decide(researcher=record.id, bylines=bylines, mine=True, actor=signed_in(request))
    return f"{_counted(bylines)} marked as yours. No later import changes that."


def _not_mine(request: HttpRequest, record: Owned, bylines: list[int]) -> str:
    decide.decide(researcher=record.id, bylines=bylines, mine=False, actor=signed_in(request))
    return f"{_counted(bylines)} marked as not yours. They never come back, whatever is imported."


def _feature(request: HttpRequest, record: Owned, bylines: list[int]) -> str:
    chosen = selectors.works_of(record, bylines)
    _pin(request, record, [*_pinned(record), *chosen])
    return f"{_counted(bylines)} featured."


def _unfeature(request: HttpRequest, record: Owned, bylines: list[int]) -> str:
    gone = set(selectors.works_of(record, bylines))
    _pin(request, record, [key for key in _pinned(record) if key not in gone])
    return f"{_counted(bylines)} no longer featured."


def _up(request: HttpRequest, record: Owned, bylines: list[int]) -> str:
    pinned, moved = _pinned(record), set(selectors.works_of(record, bylines))
    for place in range(1, len(pinned)):
        if pinned[place] in moved:
            pinned[place - 1], pinned[place] = pinned[place], pinned[place - 1]
    _pin(request, record, pinned)
    return "The order was changed."


def _pinned(record: Owned) -> list[int]:
    """The featured works that the record still holds."""
    return [work.id for work in selectors.featured(record, say.current(record.id))]


def _pin(request: HttpRequest, record: Owned, works: list[int]) -> None:
    say.say(researcher=record.id, values={Field.PINNED: works}, actor=signed_in(request))


def _counted(bylines: list[int]) -> str:
    return "1 work is" if len(bylines) == 1 else f"{len(bylines)} works are"


DECISIONS: Final[dict[str, Callable[[HttpRequest, Owned, list[int]], str]]] = {
    "mine": _mine_decided,
    "not-mine": _not_mine,
    "feature": _feature,
    "unfeature": _unfeature,
    "up": _up,
}
"""What an author may do with works, by the word of the button."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def past(request: HttpRequest, public_id: str) -> HttpResponse:
    """All that the author said and decided, to put back and take back; for curators, to take down."""
    user = signed_in(request)
    record = selectors.owned(public_id, user=user.pk)
    curates = record is None and curator(request) is not None
    record = record or (selectors.claimed(public_id) if curates else None)
    if record is None:
        raise Http404
    if request.method == "POST":
        form = BackForm(request.POST)
        if not form.is_valid():
            raise Http404
        undo = _take_down if curates else _take_back
        return _changed(request, record, f"{record.href}past/", lambda: undo(user, record, form.cleaned_data))
    context = {
        "record": record, "page": "past", "curator": curates, "statements": selectors.statements(record),
        "decided": selectors.decisions(record),
    }  # fmt: skip
    return render(request, "owner/past.html", context)


def _take_back(user: AbstractBaseUser, record: Owned, given: dict[str, Any]) -> str:
    if given["event"]:
        decide.take_back(researcher=record.id, event=given["event"], actor=user)
        return "The decision was taken back. The published rule looks at these works again."
    changed = say.put_back(researcher=record.id, statement=given["statement"] or 0, actor=user)
    return f"Put back: {LABELS[changed[0]].lower()}." if changed else "That is what the page says already."


def _take_down(user: AbstractBaseUser, record: Owned, given: dict[str, Any]) -> str:
    if not given["field"]:
        raise Conflict("Say what to take down.")
    say.take_down(researcher=record.id, field=Field(given["field"]), actor=user)
    return f"Taken down: {LABELS[given['field']].lower()}. Its author sees that a curator did so."
