"""Take a record down: its address answers that it is gone, and nothing is assembled from its bylines anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def remove(*, researcher: int, actor: AbstractBaseUser | None, reason: str) -> int:
    """Take the record down; the event's key. The works stay, with the name as printed and without a link.

    The record keeps its bylines, unseen, or the rule would make another of them. Raises Conflict if it was merged or
    taken down before.
    """
    opened = OpenLedger([researcher])
    opened.require_present(researcher)
    return record(opened, kind=EventKind.REMOVED, researcher=researcher, actor=actor, reason=reason)
