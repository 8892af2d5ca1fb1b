"""The pages of a queue of questions to curators: one question at a time, or a list of them, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from profiles.curation_views import required_curator
from profiles.review_selectors import Nav, nav
from researchgraph.errors import Conflict
from researchgraph.forms import REASON_LIMIT, AnswerForm, TakeBackForm
from researchgraph.lib.desk import AT_ONCE, Desk, Verdict
from researchgraph.lib.desk_queue import Filters, Questions, Said, Where, Wish

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import QueryDict

INCOMPLETE: Final = "The form was not filled in as this page does it."


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of one queue are made of.

    `wish` reads an address or a form. `question` is what the page of a question prints, `said` what was just decided,
    `waiting` what waits, for the navigation. `ask_again` brings questions back that were put aside without an event; None
    where putting aside is one. `template` and `list_template` print a question and the list; `more` is what the template
    wants besides the question.
    """

    desk: Desk
    questions: Questions[Any]
    wish: Callable[[int, QueryDict], Wish]
    question: Callable[..., Any]
    said: Callable[..., Said | None]
    waiting: Callable[[Filters], Nav]
    ask_again: Callable[..., None] | None = None
    template: str
    list_template: str
    more: Callable[[Any], dict[str, Any]]


@never_cache
@require_safe
def show(request: HttpRequest, pages: Pages) -> HttpResponse:
    """The question that comes next with its evidence; with `view=list` all questions to pick from."""
    user = required_curator(request)
    wish = pages.wish(user.pk, request.GET)
    if request.GET.get("view") == "list":
        listed = pages.questions.listed(wish, page=request.GET.get("page", ""))
        return render(request, pages.list_template, {"list": listed, "nav": pages.waiting(listed)})
    asked = pages.questions.queue(wish)
    found = pages.question(asked.place.id, user=user.pk) if asked.place else None
    events, refused = keys_of(request.GET.get("events", "")), key_of(request.GET.get("refused", ""))
    context = {
        "queue": asked,
        "place": asked.place,
        "question": found,
        "nav": pages.waiting(asked),
        "said": pages.said(events, user=user.pk, refused=refused) if events else None,
        "note": request.GET.get("note", ""),
        "of": keys_of(request.GET.get("of", "")),
        "limit": REASON_LIMIT,
        **pages.more(found),
    }
    return render(request, pages.template, context)


@require_POST
def answer(request: HttpRequest, pages: Pages, review: int) -> HttpResponse:
    """Answer a question, take it, put it back, or ask it again; then show the next one."""
    user, form = required_curator(request), AnswerForm(request.POST)
    wish = pages.wish(user.pk, request.POST)
    if not form.is_valid():
        return _refused(request, wish, review, INCOMPLETE)
    d = form.cleaned_data["d"]
    try:
        if d in set(Verdict):
            return HttpResponseRedirect(_answered(pages, user, wish, review, form))
        if d == "take":
            pages.desk.take(review=review, user=user)
        elif d == "release":
            pages.desk.release(review=review)
        elif d == "again" and pages.ask_again:
            pages.ask_again(reviews=[review])
        else:
            return _refused(request, wish, review, INCOMPLETE)
    except Conflict as refused:
        return _refused(request, wish, review, str(refused))
    # A question kept or put back is to be seen again. One put aside stays there, unless it is asked again.
    aside = wish.where is Where.ASIDE and d != "again"
    here = msgspec.structs.replace(wish, where=Where.ASIDE if aside else Where.OPEN)
    return HttpResponseRedirect(here.href(start=review, note=d, of=review))


def _answered(pages: Pages, user: AbstractBaseUser, wish: Wish, review: int, form: AnswerForm) -> str:
    """Where the answer leads: to the question itself if it goes on with another candidate, else to the next one."""
    given = form.cleaned_data
    done = pages.desk.answer_alike(
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
def take_back(request: HttpRequest, pages: Pages) -> HttpResponse:
    """Undo what the curator has just decided, and show the question again."""
    user, form = required_curator(request), TakeBackForm(request.POST)
    wish = pages.wish(user.pk, request.POST)
    if not form.is_valid():
        return _refused(request, wish, 0, "There is nothing to take back.")
    events, reviews = form.cleaned_data["events"], form.cleaned_data["reviews"]
    review = next(iter(reviews), 0)
    try:
        if events or not pages.ask_again:
            pages.desk.take_back(events=events, actor=user)
        else:
            pages.ask_again(reviews=reviews)
    except Conflict as refused:
        return _refused(request, wish, review, str(refused))
    return HttpResponseRedirect(wish.href(start=review, note="undone"))


def _refused(request: HttpRequest, wish: Wish, review: int, problem: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": wish.href(start=review), "nav": nav(wish.user)}
    return render(request, "curate/conflict.html", context, status=409)


def where_of(given: QueryDict, places: Sequence[tuple[Where, str]]) -> Where:
    """Which of the places an address or a form names; those to decide if it is none of them."""
    return next((where for where, _ in places if where == given.get("where")), Where.OPEN)


def keys_of(raw: str) -> list[int]:
    """Keys in an address, joined by dots; what is none is left out."""
    return [number for one in raw.split(".")[: AT_ONCE + 1] if (number := key_of(one))]


def key_of(raw: str) -> int:
    """A key in an address; 0 for anything else."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
