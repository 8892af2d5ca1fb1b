"""The review queue of works, for curators: one question at a time, or a list of them, and their answers.

Curators are those who decide who is who: what two works say of their authors is carried over when they become one, so a
right of its own would be a way around that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from profiles.curation_views import required_curator
from profiles.review_selectors import nav
from profiles.review_views import key_of, keys_of
from researchgraph.errors import Conflict
from researchgraph.lib.text import clean
from works.flows import review as flows
from works.flows.review import Verdict
from works.forms import REASON_LIMIT, AnswerForm, TakeBackForm
from works.pair_selectors import question, scheme_label
from works.review_selectors import Where, Wish, kind_label, queue, queue_list, said

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
        return render(request, "curate/works_list.html", {"list": page, "nav": nav(user.pk)})
    asked = queue(wish)
    found = question(asked.place.id, user=user.pk) if asked.place else None
    events, refused = keys_of(request.GET.get("events", "")), key_of(request.GET.get("refused", ""))
    context = {
        "queue": asked,
        "place": asked.place,
        "question": found,
        "decidable": found is not None and found.decidable and found.kind in flows.DECIDERS,
        "nav": nav(user.pk),
        "said": said(events, user=user.pk, refused=refused) if events else None,
        "note": request.GET.get("note", ""),
        "of": key_of(request.GET.get("of", "")),
        "limit": REASON_LIMIT,
        "kind_label": kind_label,
        "scheme_label": scheme_label,
    }
    return render(request, "curate/works_queue.html", context)


@require_POST
def answer(request: HttpRequest, review: int) -> HttpResponse:
    """Answer a question, take it or put it back; then show the next one."""
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
        else:
            flows.release(review=review)
    except Conflict as refused:
        return _refused(request, wish, review, str(refused))
    return HttpResponseRedirect(wish.href(start=review, note=given["d"], of=review))


def _answered(user: AbstractBaseUser, wish: Wish, review: int, form: AnswerForm) -> str:
    """Where the answer leads: to the question itself if it goes on with another work, else to the next one."""
    given = form.cleaned_data
    done = flows.answer_alike(
        asked=[(review, given["state"]), *form.alike()],
        verdict=Verdict(given["d"]),
        actor=user,
        reason=given["reason"],
        candidate=given["candidate"],
    )
    return wish.href(start=review, events=".".join(map(str, done.events)), of=review, refused=done.refused)


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Undo what the curator has just decided, and show the question again."""
    user, form = required_curator(request), TakeBackForm(request.POST)
    wish = _wish(user, request.POST)
    if not form.is_valid():
        return _refused(request, wish, 0, "There is nothing to take back.")
    review = form.cleaned_data["review"] or 0
    try:
        flows.take_back(events=form.cleaned_data["events"], actor=user)
    except Conflict as refused:
        return _refused(request, wish, review, str(refused))
    return HttpResponseRedirect(wish.href(start=review, note="undone"))


def _refused(request: HttpRequest, wish: Wish, review: int, problem: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": wish.href(start=review), "nav": nav(wish.user)}
    return render(request, "curate/conflict.html", context, status=409)


def _wish(user: AbstractBaseUser, given: QueryDict) -> Wish:
    where = given.get("where", "")
    return Wish(
        user=user.pk,
        kind=clean(given.get("kind", ""))[:24],
        source=clean(given.get("source", ""))[:40],
        where=Where(where) if where in set(Where) else Where.OPEN,
        start=key_of(given.get("start", "")),
    )
