"""Opt out: a living person asks not to be on this site. From this moment on no public page names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind
from researchgraph import events

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def opt_out(*, researcher: int, actor: AbstractBaseUser | None, reason: str) -> int:
    """Take the record down and print the person's bylines without the name; the event's key.

    The works stay. The record keeps its bylines, unseen, and gets further ones from later imports, so the name does not
    come back with them. What other pages print of the person is made anew in this transaction. Can be undone. Raises
    Conflict if the record was merged or taken down before.
    """
    opened = OpenLedger([researcher])
    opened.require_present(researcher)
    key = record(opened, kind=EventKind.WITHHELD, researcher=researcher, actor=actor, reason=reason)
    events.names_changed.send(sender=None, researcher_ids=[researcher], cause="a record was taken down")
    return key
