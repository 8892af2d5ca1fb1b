"""Two works are one: all source records of the one go to the other, which goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from researchgraph.errors import Conflict
from works.decisions import WorkEventKind
from works.flows.record import OpenWorks, record

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def join(*, work: int, into: int, actor: AbstractBaseUser, reason: str, review: int | None = None) -> int:
    """Record that the two are one work and merge it again from all records; the event's key.

    The address of `work` redirects to `into`. Who was found to be who on its bylines, and who not, holds for those of
    `into`. Raises Conflict if one of the two has joined another one, or a person told them apart.
    """
    if work == into:
        raise Conflict("A work cannot be joined to itself.")
    opened = OpenWorks([work, into])
    opened.require_present(work, into)
    return record(
        opened, kind=WorkEventKind.JOINED, work=work, other=into, actor=actor, reason=reason, review=review
    )  # fmt: skip
