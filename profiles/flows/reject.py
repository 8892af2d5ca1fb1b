"""Not theirs: take bylines from a researcher, and never let any import or rule bring their works back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows import version
from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def reject(
    *, researcher: int, bylines: Sequence[int], actor: AbstractBaseUser | None, reason: str, token: str | None = None
) -> int:  # fmt: skip
    """Record that the researcher is no author of the works of these bylines, held by them or by nobody; the event's key.

    It holds for the work with all its versions, at whatever place and in whatever spelling, until it is undone or
    somebody confirms the opposite. The rule may give the bylines to somebody else. `token` is that of the preview the
    decision was made on. Raises Conflict if the record has changed since, or somebody else holds one of the bylines.
    """
    opened = OpenLedger([researcher], bylines=bylines)
    opened.require_present(researcher)
    version.require(opened.ledger, [researcher], token)
    found = opened.require_bylines(bylines, holders={researcher, None})
    return record(
        opened, kind=EventKind.REJECTED, researcher=researcher, bylines=found, actor=actor, reason=reason
    )  # fmt: skip
