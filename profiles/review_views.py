"""The review queue of curators: one question at a time, or a list of them, and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from profiles.curation_views import required_curator
from profiles.flows import review as flows
from profiles.flows.review import Verdict
from profiles.forms import REASON_LIMIT, AnswerForm, TakeBackForm
from profiles.models import ReviewKind
from profiles.question_selectors import question
from profiles.review_selectors import Where, Wish, nav, queue, queue_list, said
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import QueryDict


@never_cache
@require_safe
def curate(request: HttpRequest) -> HttpResponse:
    """The question that comes next with its evidence; with `view=list` all questions to pick from."""
    user = required_curator(request)
    wish = _wish(user, request.GET)
    if request.GET.get("view") == "list":
        page = queue_list(wish, page=request.GET.get("page", ""))
        return render(request, "curate/list.html", {"list": page, "nav": nav(user.pk, known=page.waiting)})
    asked = queue(wish)
    found = question(asked.place.id, user=user.pk) if asked.place else None
    context = {
        "queue": asked,
        "place": asked.place,
        "question": found,
        "nav": nav(user.pk, known=asked.waiting),
        "said": _said(user, request.GET),
        "note": request.GET.get("note", ""),
        "of": keys_of(request.GET.get("of", "")),
        "limit": REASON_LIMIT,
    }
    return render(request, "curate/queue.html", context)


@require_POST
def answer(request: HttpRequest, review: int) -> HttpResponse:
    """Answer a question, take it, put it back, or ask it again; then show the next one."""
    user, form = required_curator(request), AnswerForm(request.POST)
    wish = _wish(user, request.POST)
    if not form.is_valid():
        return _refused(request, wish, review, "The form was not filled in as this page does it.")
    given = form.cleaned_data
    try:
        if given["d"] in set(Verdict):
            return HttpResponseRedirect(_answered(user, wish, review, form))
        if given["d"] == "take":
            flows.take(review=review, user=user)
        elif given["d"] == "release":
            flows.release(review=review)
        else:
            flows.ask_again(reviews=[review])
    except Conflict as refused:
        return _refused(request, wish, review, str(refused))
    here = msgspec.structs.replace(wish, where=Where.OPEN)
    return HttpResponseRedirect(here.href(start=review, note=given["d"], of=review))


def _answered(user: AbstractBaseUser, wish: Wish, review: int, form: AnswerForm) -> str:
    """Where the answer leads: to the question itself if it goes on with another record, else to the next one."""
    given = form.cleaned_data
    done = flows.answer_alike(
        asked=[(review, given["state"]), *form.alike()],
        verdict=Verdict(given["d"]),
        actor=user,
        reason=given["reason"],
        candidate=given["candidate"],
    )
    if not done.events:
        return wish.href(start=review, note="aside", of=".".join(map(str, done.reviews)))
    events = ".".join(map(str, done.events))
    return wish.href(start=review, events=events, of=review, refused=done.refused)


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Undo what the curator has just decided, and show the question again."""
    user, form = required_curator(request), TakeBackForm(request.POST)
    wish = _wish(user, request.POST)
    if not form.is_valid():
        return _refused(request, wish, 0, "There is nothing to take back.")
    given = form.cleaned_data
    review = given["reviews"][0] if given["reviews"] else 0
    try:
        if given["events"]:
            flows.take_back(events=given["events"], actor=user)
        else:
            flows.ask_again(reviews=given["reviews"])
    except Conflict as refused:
        return _refused(request, wish, review, str(refused))
    return HttpResponseRedirect(wish.href(start=review, note="undone"))


def _refused(request: HttpRequest, wish: Wish, review: int, problem: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": wish.href(start=review), "nav": nav(wish.user)}
    return render(request, "curate/conflict.html", context, status=409)


def _wish(user: AbstractBaseUser, given: QueryDict) -> Wish:
    kind, where = given.get("kind", ""), given.get("where", "")
    return Wish(
        user=user.pk,
        kind=kind if kind in ReviewKind.values else "",
        where=Where(where) if where in set(Where) else Where.OPEN,
        start=key_of(given.get("start", "")),
    )


def _said(user: AbstractBaseUser, given: QueryDict) -> object:
    """The decisions the address names, in words, if they are the curator's own."""
    events = keys_of(given.get("events", ""))
    return said(events, user=user.pk, refused=key_of(given.get("refused", ""))) if events else None


def keys_of(raw: str) -> list[int]:
    """Keys in an address, joined by dots; what is none is left out."""
    return [number for one in raw.split(".")[: flows.AT_ONCE + 1] if (number := key_of(one))]


def key_of(raw: str) -> int:
    """A key in an address; 0 for anything else."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
