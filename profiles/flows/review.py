"""Answers of curators to what the rule was not sure of. Decisions are identity events; the question itself only knows
who looks after it, and whether it was put aside. The only writer of both besides `profiles.flows.ask`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from profiles import questions
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.reject import reject
from profiles.flows.split import split
from profiles.flows.tell_apart import tell_apart
from profiles.flows.undo import undo
from profiles.models import IdentityEvent, Review, ReviewKind, VerificationLevel
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

AT_ONCE: Final = 20
"""Questions that one answer may settle, and decisions that are taken back together."""


class Verdict(StrEnum):
    """What a curator finds. UNKNOWN changes nobody's record: the question is put aside."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


_WORDS: Final[dict[tuple[str, str], str]] = {
    (ReviewKind.MERGE, Verdict.SAME): "one person",
    (ReviewKind.MERGE, Verdict.DIFFERENT): "different people",
    (ReviewKind.IDENTIFIERS, Verdict.SAME): "one person with two identifiers",
    (ReviewKind.IDENTIFIERS, Verdict.DIFFERENT): "different people",
    (ReviewKind.SPLIT, Verdict.SAME): "one person",
    (ReviewKind.SPLIT, Verdict.DIFFERENT): "two people under one record",
    (ReviewKind.BYLINE, Verdict.SAME): "theirs",
    (ReviewKind.BYLINE, Verdict.DIFFERENT): "not theirs",
}


class Answered(msgspec.Struct, frozen=True):
    """What several answers came to: the events and the questions answered, in order.

    `refused` had changed and were left alone.
    """

    events: list[int]
    reviews: list[int]
    refused: int


class _Question(msgspec.Struct, frozen=True):
    kind: str
    records: list[int]
    bylines: list[int]
    assigned_to: int | None
    open: bool
    state: str
    candidates: list[int]


@transaction.atomic
def answer(
    *,
    review: int,
    verdict: Verdict,
    actor: AbstractBaseUser,
    reason: str = "",
    state: str | None,
    candidate: int | None = None,
) -> int | None:
    """Decide on a question; the key of the identity event, None for UNKNOWN.

    `state` is `profiles.questions.STATE` as the curator saw it; None if it has been compared already. `candidate` is
    the record meant for a byline, the nearest one by default. Raises Conflict if the question is not open any more,
    what it is about has changed, somebody else looks after it, or the decision itself is refused.
    """
    found = _held(review, actor)
    if not found.open:
        raise Conflict("This has been decided in the meantime, or the records have gone.")
    if state is not None and state != found.state:
        raise Conflict("The records have changed since you looked at them.")
    if verdict is Verdict.UNKNOWN:
        Review.objects.filter(pk=review).update(postponed_at=timezone.now(), postponed_by=actor, assigned_to=None)
        return None
    words = f"Review queue: {_WORDS[found.kind, verdict]}"
    event = _decide(found, verdict, actor, reason.strip() or words, candidate)
    Review.objects.filter(pk=review).update(postponed_at=None, postponed_by=None, assigned_to=None)
    return event


def answer_alike(
    *,
    asked: Sequence[tuple[int, str]],
    verdict: Verdict,
    actor: AbstractBaseUser,
    reason: str = "",
    candidate: int | None = None,
) -> Answered:
    """Give one answer to a question and to further ones about bylines, each in a transaction of its own.

    `asked` pairs each question with the state its curator saw. All states are compared before the first answer, which
    changes the record that the others are about too. Raises Conflict if the first is refused; of the others those that
    are refused are counted.
    """
    (first, state), *further = asked[: AT_ONCE + 1]
    unchanged = _unchanged(further)
    event = answer(review=first, verdict=verdict, actor=actor, reason=reason, state=state, candidate=candidate)
    events, reviews = [event], [first]
    for review in unchanged:
        try:
            event = answer(review=review, verdict=verdict, actor=actor, reason=reason, state=None, candidate=candidate)
        except Conflict:
            continue
        events.append(event)
        reviews.append(review)
    refused = len(asked) - len(reviews)
    return Answered([event for event in events if event is not None], reviews, refused)


def _unchanged(asked: Sequence[tuple[int, str]]) -> list[int]:
    """The questions that are about what their curator saw, in the order given."""
    query = f"SELECT q.id, {questions.STATE} FROM profiles_review q WHERE q.id = ANY(%s)"  # noqa: S608 - our own words
    states = dict(bulk.fetch(query, [[review for review, _ in asked]])) if asked else {}
    return [review for review, state in asked if states.get(review) == state]


@transaction.atomic
def take_back(*, events: Sequence[int], actor: AbstractBaseUser) -> None:
    """Undo decisions of one's own, the last one first: all of them, or none if one cannot be.

    Raises Conflict if one of them is somebody else's, or has been undone already.
    """
    own = set(IdentityEvent.objects.filter(pk__in=events, actor_id=actor.pk).values_list("pk", flat=True))
    if not events or len(events) > AT_ONCE + 1 or own != set(events):
        raise Conflict("Only decisions of your own are taken back here; the record’s history has the others.")
    for event in sorted(own, reverse=True):
        undo(event=event, actor=actor, reason="Review queue: taken back")


@transaction.atomic
def take(*, review: int, user: AbstractBaseUser) -> None:
    """Look after a question, so that nobody else answers it. Raises Conflict if somebody else does already."""
    taken = Review.objects.select_for_update().filter(pk=review).values_list("assigned_to", flat=True)
    if not taken or taken[0] not in {None, user.pk}:
        raise Conflict("Somebody else looks after this question.")
    Review.objects.filter(pk=review).update(assigned_to=user)


def release(*, review: int) -> None:
    """Put a question back for everybody, whoever has taken it: who took it may have gone home."""
    Review.objects.filter(pk=review).update(assigned_to=None)


def ask_again(*, reviews: Sequence[int]) -> None:
    """Bring questions back that were put aside."""
    Review.objects.filter(pk__in=reviews).update(postponed_at=None, postponed_by=None)


def _held(review: int, actor: AbstractBaseUser) -> _Question:
    """The question, while nobody else decides on what it is about: neither a person nor, in the blocks, the rule."""
    bulk.take_turns()
    bulk.fetch(
        """
        SELECT FROM profiles_staleblock WHERE block_key IN (
            SELECT a.block_key FROM profiles_review q JOIN works_authorship a
                   ON a.researcher_id = ANY(q.records) OR a.id = ANY(q.bylines)
             WHERE q.id = %s) ORDER BY block_key FOR UPDATE
        """,
        [review],
    )
    rows = bulk.fetch(
        f"""
        SELECT q.kind, q.records, q.bylines, q.assigned_to_id, {questions.OPEN}, {questions.STATE}, {questions.CANDIDATES}
          FROM profiles_review q WHERE q.id = %s FOR UPDATE OF q
        """,  # noqa: S608 - our own words
        [review],
    )
    if not rows:
        raise Conflict("This question is not asked any more.")
    found = _Question(*rows[0])
    if found.assigned_to not in {None, actor.pk}:
        raise Conflict("Somebody else looks after this question.")
    return found


def _decide(
    found: _Question, verdict: Verdict, actor: AbstractBaseUser, reason: str, candidate: int | None
) -> int:  # fmt: skip
    same = verdict is Verdict.SAME
    if found.kind == ReviewKind.BYLINE:
        chosen = candidate or found.candidates[0]
        if chosen not in found.candidates:
            raise Conflict("The byline cannot belong to this record any more.")
        deciding = confirm if same else reject
        return deciding(researcher=chosen, bylines=found.bylines, actor=actor, reason=reason)
    if found.kind == ReviewKind.SPLIT:
        record = found.records[0]
        if same:
            return confirm(researcher=record, bylines=found.bylines, actor=actor, reason=reason)
        return split(researcher=record, bylines=found.bylines, actor=actor, reason=reason).event
    gone, kept = _joining(found.records)
    if same:
        force = found.kind == ReviewKind.IDENTIFIERS
        return merge(researcher=gone, into=kept, actor=actor, reason=reason, force=force)
    return tell_apart(researcher=gone, other=kept, actor=actor, reason=reason)


def _joining(records: Iterable[int]) -> tuple[int, int]:
    """The record that joins the other, and the one that goes on: the claimed one, else that with more bylines."""
    rows = bulk.fetch(
        """
        SELECT r.id, r.verification_level >= %s, (SELECT count(*) FROM works_authorship a WHERE a.researcher_id = r.id)
          FROM profiles_researcher r WHERE r.id = ANY(%s)
        """,
        [VerificationLevel.AUTHENTICATED, list(records)],
    )
    kept, gone = (row[0] for row in sorted(rows, key=lambda row: (not row[1], -row[2], row[0])))
    return gone, kept
