"""Undo a decision, whatever was decided since; undoing that does it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows.record import OpenLedger, record
from profiles.ledger import Event, EventKind, standing
from profiles.models import IdentityEvent
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class AlreadyUndone(Conflict):
    """The decision does not count now."""


@transaction.atomic
def undo(*, event: int, actor: AbstractBaseUser | None, reason: str, of_claim: bool = False) -> int:
    """Take a person's decision back; the key of the event that says so. Later decisions stay as far as they can.

    Given an `event:undone`, does again what that had undone. Raises Conflict if the decision does not count now, or
    was the rule's: those are not undone but decided otherwise, by `reject`, `reassign`, `split` or `confirm`. Whose a
    record is follows from a claim, so only the flows of claims (`of_claim`) take that back.
    """
    named = IdentityEvent.objects.filter(pk=event).values_list("researcher_id", "other_id").first()
    if named is None:
        raise Conflict("There is no such decision.")
    opened = OpenLedger(researcher for researcher in named if researcher is not None)
    events = {known.id: known for known in opened.ledger.events}
    target = events[event]
    if target.kind in {EventKind.ASSIGNED, EventKind.MOVED} or (target.by_rule and target.kind == EventKind.MERGED):
        raise Conflict("The rule decides again by itself; decide otherwise by hand.")
    about = events.get(target.undoes or 0, target)
    if about.kind in {EventKind.CLAIMED, EventKind.RELEASED} and not of_claim:
        raise Conflict("Whose a record is follows from a claim; revoke that.")
    if event in standing(opened.ledger.events).out:
        raise AlreadyUndone("This has been undone already.")
    return record(
        opened,
        kind=EventKind.UNDONE,
        researcher=target.researcher,
        other=target.other,
        undoes=_last_word(event, opened.ledger.events),
        actor=actor,
        reason=reason,
    )


def _last_word(event: int, events: list[Event]) -> int:
    """The event to undo so that `event` does not count: itself, or what has brought it back since."""
    undone_by = {known.undoes: known.id for known in events if known.undoes is not None}
    last = event
    while last in undone_by:
        last = undone_by[last]
    return last
