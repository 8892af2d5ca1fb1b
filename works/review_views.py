"""The review queue of works, for curators.

Curators are those who decide who is who: what two works say of their authors is carried over when they become one, so a
right of its own would be a way around that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profiles.review_selectors import nav
from researchgraph.desk_views import Pages, key_of, where_of
from researchgraph.lib.text import clean
from works.flows.review import DECIDERS, DESK
from works.pair_selectors import Question, question, scheme_label
from works.review_selectors import PLACES, QUESTIONS, Wish, said

if TYPE_CHECKING:
    from django.http import QueryDict


def _wish(user: int, given: QueryDict) -> Wish:
    return Wish(
        user=user,
        kind=clean(given.get("kind", ""))[:24],
        source=clean(given.get("source", ""))[:40],
        where=where_of(given, PLACES),
        start=key_of(given.get("start", "")),
    )


def _more(found: Question | None) -> dict[str, Any]:
    return {
        "decidable": found is not None and found.decidable and found.kind in DECIDERS,
        "kind_label": QUESTIONS.kind_label,
        "scheme_label": scheme_label,
    }


PAGES: Final = Pages(
    desk=DESK,
    questions=QUESTIONS,
    wish=_wish,
    question=question,
    said=said,
    waiting=lambda asked: nav(asked.wish.user),
    template="curate/works_queue.html",
    list_template="curate/works_list.html",
    more=_more,
)
