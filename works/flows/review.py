"""Answers of curators to what an import was not sure of. Decisions are work events; the question itself only knows who
looks after it, and in which state of the facts it was put aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import transaction

from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works import questions
from works.decision_models import Review, WorkEvent
from works.decisions import WorkEventKind
from works.flows.join import join
from works.flows.tell_apart import tell_apart
from works.flows.undo import undo
from works.ingest import media
from works.questions import AT_ONCE

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class Verdict(StrEnum):
    """What a curator finds. UNKNOWN changes no work: the question is put aside until the facts change."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Asked(msgspec.Struct, frozen=True):
    """A question that is held until the transaction ends. `work` and `candidates` are works that go on."""

    id: int
    kind: str
    work: int | None
    candidates: list[int]
    assigned_to: int | None
    open: bool
    state: str


class Answered(msgspec.Struct, frozen=True):
    """What several answers came to: the events, in order. `refused` questions had changed and were left alone."""

    events: list[int]
    refused: int


def _same(asked: Asked, candidate: int, actor: AbstractBaseUser, reason: str) -> int:
    gone, kept = _joining(_work_of(asked), candidate)
    return join(work=gone, into=kept, actor=actor, reason=reason, review=asked.id)


def _different(asked: Asked, candidate: int, actor: AbstractBaseUser, reason: str) -> int:
    return tell_apart(work=_work_of(asked), other=candidate, actor=actor, reason=reason, review=asked.id)


def _speaks(asked: Asked, _: int, actor: AbstractBaseUser, reason: str) -> int:
    return _on_mention(asked, WorkEventKind.MENTIONED, actor, reason)


def _does_not_speak(asked: Asked, _: int, actor: AbstractBaseUser, reason: str) -> int:
    return _on_mention(asked, WorkEventKind.NOT_MENTIONED, actor, reason)


def _on_mention(asked: Asked, kind: WorkEventKind, actor: AbstractBaseUser, reason: str) -> int:
    media.answer(Review.objects.get(pk=asked.id), same=kind is WorkEventKind.MENTIONED, actor=actor)
    event = WorkEvent.objects.create(
        kind=kind, work_id=_work_of(asked), actor_id=actor.pk, reason=reason, review=asked.id
    )  # fmt: skip
    return int(event.pk)


Decide = Callable[[Asked, int, "AbstractBaseUser", str], int]
DECIDERS: Final[dict[str, dict[Verdict, Decide]]] = {
    **{kind: {Verdict.SAME: _same, Verdict.DIFFERENT: _different} for kind in ("work-match", "identifier-conflict")},
    media.REVIEW: {Verdict.SAME: _speaks, Verdict.DIFFERENT: _does_not_speak},
}
"""What to do for an answer to a question of each kind. Questions of other kinds can be put aside."""


@transaction.atomic
def answer(
    *,
    review: int,
    verdict: Verdict,
    actor: AbstractBaseUser,
    reason: str = "",
    state: str | None,
    candidate: int | None = None,
) -> int:
    """Decide on a question; the key of the event.

    `state` is `works.questions.STATE` as the curator saw it; None if it has been compared already. `candidate` is the work
    meant, the likeliest one by default. Raises Conflict if the question is not open any more, what it is about has changed,
    somebody else looks after it, or the decision itself is refused.
    """
    asked = _held(review, actor)
    if not asked.open:
        raise Conflict("This has been decided in the meantime, or the works have gone.")
    if state is not None and state != asked.state:
        raise Conflict("The works have changed since you looked at them.")
    if verdict is Verdict.UNKNOWN:
        return _put_aside(asked, actor, reason.strip())
    decide = DECIDERS.get(asked.kind, {}).get(verdict)
    # An episode is asked about with one work only.
    works = [_work_of(asked)] if asked.kind == media.REVIEW else asked.candidates
    chosen = candidate or next(iter(works), None)
    if decide is None or chosen is None or chosen not in works:
        raise Conflict("This question has no such answer.")
    event = decide(asked, chosen, actor, reason.strip())
    Review.objects.filter(pk=review).update(postponed_by=None, postponed_state="", assigned_to=None)
    return event


def answer_alike(
    *,
    asked: Sequence[tuple[int, str]],
    verdict: Verdict,
    actor: AbstractBaseUser,
    reason: str = "",
    candidate: int | None = None,
) -> Answered:
    """Give one answer to a question and to further ones like it, each in a transaction of its own.

    `asked` pairs each question with the state its curator saw. All states are compared before the first answer. Raises
    Conflict if the first is refused; of the others those that are refused are counted.
    """
    (first, state), *further = asked[: AT_ONCE + 1]
    unchanged = _unchanged(further)
    events = [answer(review=first, verdict=verdict, actor=actor, reason=reason, state=state, candidate=candidate)]
    for review in unchanged:
        try:
            events.append(answer(review=review, verdict=verdict, actor=actor, reason=reason, state=None))
        except Conflict:
            continue
    return Answered(events, len(further) + 1 - len(events))


def _unchanged(asked: Sequence[tuple[int, str]]) -> list[int]:
    """The questions that are about what their curator saw, in the order given."""
    query = f"SELECT q.id, {questions.STATE} FROM works_review q WHERE q.id = ANY(%s)"  # noqa: S608 - our own words
    states = dict(bulk.fetch(query, [[review for review, _ in asked]])) if asked else {}
    return [review for review, state in asked if states.get(review) == state]


@transaction.atomic
def take_back(*, events: Sequence[int], actor: AbstractBaseUser) -> None:
    """Undo decisions of one's own, the last one first: all of them, or none if one cannot be.

    Raises Conflict if one of them is somebody else's, or has been undone already.
    """
    own = set(WorkEvent.objects.filter(pk__in=events, actor_id=actor.pk).values_list("pk", flat=True))
    if not events or len(events) > AT_ONCE + 1 or own != set(events):
        raise Conflict("Only decisions of your own are taken back here; the work’s history has the others.")
    for event in sorted(own, reverse=True):
        undo(event=event, actor=actor, reason="Taken back in the review queue")


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


def _held(review: int, actor: AbstractBaseUser) -> Asked:
    bulk.take_turns()
    rows: list[tuple[Any, ...]] = bulk.fetch(
        f"""
        SELECT q.id, q.kind, {questions.WORK}, {questions.CANDIDATES}, q.assigned_to_id, {questions.OPEN}, {questions.STATE}
          FROM works_review q WHERE q.id = %s FOR UPDATE OF q
        """,  # noqa: S608 - our own words
        [review],
    )
    if not rows:
        raise Conflict("This question is not asked any more.")
    asked = Asked(*rows[0])
    if asked.assigned_to not in {None, actor.pk}:
        raise Conflict("Somebody else looks after this question.")
    return asked


def _put_aside(asked: Asked, actor: AbstractBaseUser, reason: str) -> int:
    Review.objects.filter(pk=asked.id).update(postponed_state=asked.state, postponed_by=actor, assigned_to=None)
    event = WorkEvent.objects.create(
        kind=WorkEventKind.UNSURE,
        work_id=asked.work,
        other_id=next(iter(asked.candidates), None),
        actor_id=actor.pk,
        reason=reason,
        review=asked.id,
    )
    return event.pk


def _work_of(asked: Asked) -> int:
    if asked.work is None:
        raise Conflict("The work has gone.")
    return asked.work


def _joining(one: int, other: int) -> tuple[int, int]:
    """The work that joins the other, and the one that goes on: that with more records, else the older one."""
    rows = bulk.fetch(
        "SELECT work_id, count(*) FROM works_sourcerecord WHERE work_id = ANY(%s) GROUP BY 1", [[one, other]]
    )
    kept, gone = (row[0] for row in sorted(rows, key=lambda row: (-row[1], row[0])))
    return gone, kept
