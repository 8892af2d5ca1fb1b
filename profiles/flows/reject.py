"""Not theirs: take bylines from a researcher, and never let any import or rule bring their works back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def reject(*, researcher: int, bylines: Sequence[int], actor: AbstractBaseUser | None, reason: str) -> int:
    """Record that the researcher is no author of the works of these bylines, held by them or by nobody; the event's key.

    It holds for the work with all its versions, at whatever place and in whatever spelling, until it is undone or
    somebody confirms the opposite. The rule may give the bylines to somebody else. Raises Conflict if somebody
    else holds them.
    """
    opened = OpenLedger([researcher], bylines=bylines)
    opened.require_present(researcher)
    found = opened.require_bylines(bylines, holders={researcher, None})
    return record(
        opened, kind=EventKind.REJECTED, researcher=researcher, bylines=found, actor=actor, reason=reason
    )  # fmt: skip
