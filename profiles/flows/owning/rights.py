"""Whose a record is, held: what everything an author does with their record begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from profiles.claims import GRANTED_SQL
from profiles.flows.claims import moving
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from profiles.claim_models import Claim

HOLDING: Final = f"""
    SELECT c.id FROM profiles_claim c JOIN profiles_claimedrecord k ON k.claim_id = c.id AND k.holds
      JOIN profiles_researcher n ON n.id = k.researcher_id
     WHERE {{whose}} AND c.state IN {GRANTED_SQL} AND coalesce(n.merged_into_id, n.id) = {{researcher}}
     ORDER BY c.id LIMIT 1
"""  # noqa: S608 - a constant
"""The claim by which somebody holds a record that goes on; `{researcher}` is SQL for its key, `{whose}` says who."""
BY_USER: Final = "c.claimant_id = %(user)s"
BY_ANYBODY: Final = "true"


class NotYours(Conflict):
    """The record is not, or not any more, the person's."""


def holding(researcher: int, actor: AbstractBaseUser) -> Claim:
    """The claim by which this person holds the record, held until the transaction ends. Raises NotYours.

    A revocation that is under way comes before or after whatever the caller does, never in the middle of it.
    """
    query, facts = (
        HOLDING.format(researcher="%(researcher)s", whose=BY_USER),
        {"user": actor.pk, "researcher": researcher},
    )
    if rows := bulk.fetch(query, facts):
        found = moving.hold(rows[0][0])
        if bulk.fetch(query, facts) == rows:
            return found
    raise NotYours("This record is not yours, or not any more.")
