"""Undo a decision about works, whatever was imported or decided since; undoing that does it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works import decisions
from works.decision_models import Review, WorkEvent
from works.decisions import WorkEventKind
from works.flows import identify
from works.flows.record import OpenWorks, record
from works.ingest import media

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_AGAIN: Final = frozenset({WorkEventKind.JOINED, WorkEventKind.SPLIT, WorkEventKind.TOLD_APART, WorkEventKind.UNDONE})
"""What is done again by undoing that it was undone."""


@transaction.atomic
def undo(*, event: int, actor: AbstractBaseUser, reason: str) -> int:
    """Take a decision back; the key of the event that says so. Later decisions stay as far as they can.

    Records go back to the work they were of; those that came since go to the one they fit. Given an `event:undone`, does
    again what that had undone. Raises Conflict if the decision does not count now, nothing is left of a work that would
    come back, or doing it again contradicts a later decision.
    """
    bulk.take_turns()
    found = WorkEvent.objects.filter(pk=event).first()
    if found is None:
        raise Conflict("There is no such decision.")
    if found.kind in {WorkEventKind.ACCEPTED, WorkEventKind.DISMISSED}:
        return identify.take_back(found=found, actor=actor, reason=reason)
    if found.kind in {WorkEventKind.UNSURE, WorkEventKind.MENTIONED, WorkEventKind.NOT_MENTIONED}:
        return _ask_again(found, actor, reason)
    if found.undoes is not None and found.undoes.kind not in _AGAIN:
        raise Conflict("This is decided anew, not done again.")
    opened = OpenWorks(work for work in (found.work_id, found.other_id) if work is not None)
    if event not in decisions.in_force(opened.decisions):
        raise Conflict("This has been undone already.")
    return record(
        opened,
        kind=WorkEventKind.UNDONE,
        work=found.work_id,
        other=found.other_id,
        actor=actor,
        reason=reason,
        review=found.review,
        undoes=decisions.last_word(event, opened.decisions),
    )


def _ask_again(found: WorkEvent, actor: AbstractBaseUser, reason: str) -> int:
    if WorkEvent.objects.filter(undoes=found).exists():
        raise Conflict("This has been undone already.")
    if found.kind == WorkEventKind.UNSURE:
        Review.objects.filter(pk=found.review or 0).update(postponed_by=None, postponed_state="")
    elif (question := Review.objects.filter(pk=found.review or 0).first()) is None:
        raise Conflict("The episode or the work has gone.")
    else:
        media.ask_again(question)
    undone = WorkEvent.objects.create(
        kind=WorkEventKind.UNDONE,
        work_id=found.work_id,
        other_id=found.other_id,
        actor_id=actor.pk,
        reason=reason,
        review=found.review,
        undoes=found,
    )
    return int(undone.pk)
