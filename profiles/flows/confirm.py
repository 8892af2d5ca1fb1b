"""Theirs indeed: place bylines with a researcher for good."""

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
def confirm(
    *, researcher: int, bylines: Sequence[int], actor: AbstractBaseUser | None, reason: str, token: str | None = None
) -> int:  # fmt: skip
    """Record that these bylines, held by the researcher or by nobody, are the researcher's; the event's key.

    Lifts a rejection of the same works. `token` is that of the preview the decision was made on. Raises Conflict if the
    record has changed since, or somebody else holds one of the bylines: that is reassigning.
    """
    opened = OpenLedger([researcher], bylines=bylines)
    opened.require_present(researcher)
    version.require(opened.ledger, [researcher], token)
    found = opened.require_bylines(bylines, holders={researcher, None})
    return record(
        opened, kind=EventKind.CONFIRMED, researcher=researcher, bylines=found, actor=actor, reason=reason
    )  # fmt: skip
