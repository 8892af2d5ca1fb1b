"""Whether an identifier that sources state of a byline, and that is held back, is its author's: a person says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from researchgraph import events
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works.decision_models import WorkEvent
from works.decisions import WorkEventKind
from works.ingest import held
from works.ingest.doubted import DISMISSED

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def accept(*, byline: int, value: str, actor: AbstractBaseUser, reason: str) -> int:
    """Record that the ORCID iD is that of the byline's author, whatever speaks against it; the event's key.

    The byline has it from now on, after every import. Raises Conflict if it is not held back, or a person has decided on it
    or accepted it for another author of the work.
    """
    return _decide(WorkEventKind.ACCEPTED, byline, value, actor, reason)


def dismiss(*, byline: int, value: str, actor: AbstractBaseUser, reason: str) -> int:
    """Record that the ORCID iD is not that of the byline's author; the event's key.

    It stays held back, and says nothing of others who state it. Raises Conflict if it is not held back, or a person has
    decided on it.
    """
    return _decide(WorkEventKind.DISMISSED, byline, value, actor, reason)


@transaction.atomic
def take_back(*, found: WorkEvent, actor: AbstractBaseUser, reason: str) -> int:
    """Let a decision of this kind not count any more; the key of the event that says so. What sources state decides again."""
    bulk.take_turns()
    if WorkEvent.objects.filter(undoes=found).exists():
        raise Conflict("This has been undone already.")
    event = WorkEvent.objects.create(
        kind=WorkEventKind.UNDONE, work_id=found.work_id, actor_id=actor.pk, reason=reason, undoes=found
    )
    _look_again(found.identifier.partition(":")[2])
    return int(event.pk)


@transaction.atomic
def _decide(kind: WorkEventKind, byline: int, value: str, actor: AbstractBaseUser, reason: str) -> int:
    bulk.take_turns()
    identifier = f"{held.SCHEME}:{value}"
    rows = bulk.fetch(
        """
        SELECT a.work_id, h.code FROM works_heldidentifier h JOIN works_authorship a ON a.id = h.authorship_id
         WHERE h.authorship_id = %s AND h.scheme = %s AND h.value = %s
        """,
        [byline, held.SCHEME, value],
    )
    if not rows:
        raise Conflict("This identifier is not held back any more.")
    work, code = rows[0]
    if code == DISMISSED:
        raise Conflict("A person has decided on this already. Undo that first.")
    if kind is WorkEventKind.ACCEPTED and held.accepted_on(work, identifier):
        raise Conflict("It was accepted for another author of this work. Undo that first.")
    event = WorkEvent.objects.create(
        kind=kind, work_id=work, actor_id=actor.pk, reason=reason, byline=byline, identifier=identifier
    )
    _look_again(value)
    return int(event.pk)


def _look_again(value: str) -> None:
    # Marks of name blocks come before bylines, as everywhere.
    blocks = held.blocks(value)
    if blocks:
        events.bylines_changed.send(sender=None, block_keys=blocks)
    held.recheck({value})
