"""Two works are two: no import makes them one, whatever they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from researchgraph.errors import Conflict
from works import decisions
from works.decisions import WorkEventKind
from works.flows.record import OpenWorks, record

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def tell_apart(*, work: int, other: int, actor: AbstractBaseUser, reason: str, review: int | None = None) -> int:
    """Record that the two are different works; the event's key.

    It holds for the works they join later as well. Raises Conflict if one of them has joined another one, or it has been
    said already.
    """
    if work == other:
        raise Conflict("A work cannot be told apart from itself.")
    opened = OpenWorks([work, other])
    opened.require_present(work, other)
    if (min(work, other), max(work, other)) in decisions.replay(opened.decisions).apart:
        raise Conflict("The two have been told apart already.")
    return record(
        opened, kind=WorkEventKind.TOLD_APART, work=work, other=other, actor=actor, reason=reason, review=review
    )  # fmt: skip
