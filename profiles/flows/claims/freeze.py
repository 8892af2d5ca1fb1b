"""Stop a claim that somebody says is wrong, until a curator has looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.claims import Actor, State
from profiles.flows.claims import holding, moving

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def freeze(*, claim: int, actor: AbstractBaseUser | None, text: str, curator: bool = False) -> None:
    """Nothing about the claim happens by itself any more. It holds what it holds; what its author says is off the page.

    By a curator, or else by whom the claim may hurt, who was written to and needs no account. Raises Conflict if it is
    frozen already, or there is nothing to stop.
    """
    found = moving.hold(claim)
    role = moving.as_curator(found, actor) if curator and actor else Actor.VICTIM
    moving.move(found, State.FROZEN, actor=actor, role=role, code="disputed", text=text)
    holding.settle_levels(moving.finals(found), cause="a claim was frozen")
