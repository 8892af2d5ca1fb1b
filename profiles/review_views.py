"""The review queue of curators: what the rule was not sure of about records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from profiles.flows.review import DESK, ask_again
from profiles.models import ReviewKind
from profiles.question_selectors import question
from profiles.review_selectors import PLACES, QUESTIONS, Wish, nav, said
from researchgraph.desk_views import Pages, key_of, where_of

if TYPE_CHECKING:
    from django.http import QueryDict


def _wish(user: int, given: QueryDict) -> Wish:
    kind = given.get("kind", "")
    return Wish(
        user=user,
        kind=kind if kind in ReviewKind.values else "",
        where=where_of(given, PLACES),
        start=key_of(given.get("start", "")),
    )


PAGES: Final = Pages(
    desk=DESK,
    questions=QUESTIONS,
    wish=_wish,
    question=question,
    said=said,
    waiting=lambda asked: nav(asked.wish.user, known=asked.waiting),
    ask_again=ask_again,
    template="curate/queue.html",
    list_template="curate/list.html",
    more=lambda _: {"decidable": True},
)
