"""Somebody else's: move bylines from one researcher to another for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows import version
from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind
from researchgraph.errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def reassign(
    *,
    researcher: int,
    to: int,
    bylines: Sequence[int],
    actor: AbstractBaseUser | None,
    reason: str,
    token: str | None = None,
) -> int:
    """Record that these bylines of the researcher are the work of another; the event's key.

    The works are rejected from the one as if by `reject`, and placed with the other as if by `confirm`. `token`
    is that of the preview the decision was made on. Raises Conflict if the records have changed since, or the researcher
    does not hold the bylines.
    """
    if researcher == to:
        raise Conflict("The bylines are there already.")
    opened = OpenLedger([researcher, to])
    opened.require_present(researcher, to)
    version.require(opened.ledger, [researcher, to], token)
    found = opened.require_bylines(bylines, holders={researcher})
    return record(
        opened,
        kind=EventKind.REASSIGNED,
        researcher=researcher,
        other=to,
        bylines=found,
        actor=actor,
        reason=reason,
    )
