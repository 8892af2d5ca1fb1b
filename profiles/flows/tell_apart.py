"""Two records, two people: never let the rule make them one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows.merge import told_apart
from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def tell_apart(*, researcher: int, other: int, actor: AbstractBaseUser | None, reason: str) -> int:
    """Record that the two are different people; the event's key.

    The rule joins nothing that the one holds to anything that the other holds, until it is undone or a person merges
    them after all. Raises Conflict if it has been said already.
    """
    if researcher == other:
        raise Conflict("A record cannot be told apart from itself.")
    opened = OpenLedger([researcher, other])
    opened.require_present(researcher, other)
    if told_apart(opened.ledger, researcher, other):
        raise Conflict("The two have been told apart already.")
    return record(
        opened, kind=EventKind.TOLD_APART, researcher=researcher, other=other, actor=actor, reason=reason
    )  # fmt: skip
