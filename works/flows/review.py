"""Answers of curators to what an import was not sure of. Decisions are work events; the question itself only knows who
looks after it, and in which state of the facts it was put aside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction

from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from researchgraph.lib.desk import Desk, Verdict
from works import questions
from works.decision_models import Review, WorkEvent
from works.decisions import WorkEventKind
from works.flows.join import join
from works.flows.tell_apart import tell_apart
from works.flows.undo import undo
from works.ingest import media

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class Asked(msgspec.Struct, frozen=True):
    """A question that is held until the transaction ends. `work` and `candidates` are works that go on."""

    id: int
    kind: str
    work: int | None
    candidates: list[int]
    state: str


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
    bulk.take_turns()
    wanted = f"q.id, q.kind, {questions.WORK}, {questions.CANDIDATES}, {questions.STATE}"
    asked = Asked(*DESK.held(wanted, review=review, actor=actor, seen=state))
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


DESK: Final = Desk(
    questions="works_review",
    events="works_workevent",
    open=questions.OPEN,
    state=questions.STATE,
    things="work",
    answer=answer,
    undo=undo,
    one_candidate=False,
)
take = DESK.take
