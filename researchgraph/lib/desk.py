"""A queue of questions to curators, whatever they are about: who looks after one, one answer to several, taking back.

Questions and events are rows of the app's own tables, which are passed by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import transaction

from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

AT_ONCE: Final = 20
"""Further questions that one answer may settle."""


class Verdict(StrEnum):
    """What a curator finds. UNKNOWN changes nothing that is asked about: the question is put aside."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Answered(msgspec.Struct, frozen=True):
    """What several answers came to: the events and the questions answered, in order.

    `refused` had changed and were left alone.
    """

    events: list[int]
    reviews: list[int]
    refused: int


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Where the questions and the events of a queue are, and what decides.

    `open` and `state` are pieces of SQL on a question `q`: whether it may be answered, and what names the state of what
    it is about. `things` are what it asks about, in a word. `answer` decides on one question and gives the key of the
    event, None if there is none; `undo` takes an event back. `one_candidate`: questions that are answered together are
    about the candidate chosen for the first.
    """

    questions: str
    events: str
    open: str
    state: str
    things: str
    answer: Callable[..., int | None]
    undo: Callable[..., object]
    one_candidate: bool

    def held(self, wanted: str, *, review: int, actor: AbstractBaseUser, seen: str | None) -> tuple[Any, ...]:
        """The pieces of SQL `wanted` of a question that `actor` may answer, held until the transaction ends.

        `seen` is the state its curator saw; None if it has been compared already. Raises Conflict if the question is not
        open any more, what it is about has changed, or somebody else looks after it.
        """
        rows = bulk.fetch(
            f"""
            SELECT q.assigned_to_id, {self.open}, {self.state}, {wanted}
              FROM {self.questions} q WHERE q.id = %s FOR UPDATE OF q
            """,  # noqa: S608 - our own words
            [review],
        )
        if not rows:
            raise Conflict("This question is not asked any more.")
        assigned_to, is_open, state, *found = rows[0]
        if assigned_to not in {None, actor.pk}:
            raise Conflict("Somebody else looks after this question.")
        if not is_open:
            raise Conflict(f"This has been decided in the meantime, or the {self.things}s have gone.")
        if seen not in {None, state}:
            raise Conflict(f"The {self.things}s have changed since you looked at them.")
        return tuple(found)

    def answer_alike(
        self,
        *,
        asked: Sequence[tuple[int, str]],
        verdict: Verdict,
        actor: AbstractBaseUser,
        reason: str = "",
        candidate: int | None = None,
    ) -> Answered:
        """Give one answer to a question and to further ones like it, each in a transaction of its own.

        `asked` pairs each question with the state its curator saw. All states are compared before the first answer, which
        may change what the others are about too. Raises Conflict if the first is refused; of the others those that are
        refused are counted.
        """
        (first, state), *further = asked[: AT_ONCE + 1]
        unchanged = self._unchanged(further)
        decide = partial(self.answer, verdict=verdict, actor=actor, reason=reason)
        events, reviews = [decide(review=first, state=state, candidate=candidate)], [first]
        for review in unchanged:
            try:
                event = decide(review=review, state=None, candidate=candidate if self.one_candidate else None)
            except Conflict:
                continue
            events.append(event)
            reviews.append(review)
        return Answered([event for event in events if event is not None], reviews, len(further) + 1 - len(reviews))

    def _unchanged(self, asked: Sequence[tuple[int, str]]) -> list[int]:
        """The questions that are about what their curator saw, in the order given."""
        query = f"SELECT q.id, {self.state} FROM {self.questions} q WHERE q.id = ANY(%s)"  # noqa: S608 - our own words
        states = dict(bulk.fetch(query, [[review for review, _ in asked]])) if asked else {}
        return [review for review, state in asked if states.get(review) == state]

    @transaction.atomic
    def take_back(self, *, events: Sequence[int], actor: AbstractBaseUser) -> None:
        """Undo decisions of one's own, the last one first: all of them, or none if one cannot be.

        Raises Conflict if one of them is somebody else's, or has been undone already.
        """
        query = f"SELECT id FROM {self.events} WHERE id = ANY(%s) AND actor_id = %s ORDER BY id DESC"  # noqa: S608 - our own words
        own = [row[0] for row in bulk.fetch(query, [list(events), actor.pk])]
        if not events or len(events) > AT_ONCE + 1 or set(own) != set(events):
            raise Conflict(
                f"Only decisions of your own are taken back here; the {self.things}’s history has the others."
            )
        for event in own:
            self.undo(event=event, actor=actor, reason="Review queue: taken back")

    @transaction.atomic
    def take(self, *, review: int, user: AbstractBaseUser) -> None:
        """Look after a question, so that nobody else answers it. Raises Conflict if somebody else does already."""
        held = f"SELECT assigned_to_id FROM {self.questions} WHERE id = %s FOR UPDATE"  # noqa: S608 - our own words
        rows = bulk.fetch(held, [review])
        if not rows or rows[0][0] not in {None, user.pk}:
            raise Conflict("Somebody else looks after this question.")
        self._assign(review, user.pk)

    def release(self, *, review: int) -> None:
        """Put a question back for everybody, whoever has taken it: who took it may have gone home."""
        self._assign(review, None)

    def _assign(self, review: int, user: int | None) -> None:
        bulk.run(f"UPDATE {self.questions} SET assigned_to_id = %s WHERE id = %s", [user, review])  # noqa: S608 - our own words
