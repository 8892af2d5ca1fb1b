"""A byline that somebody says is theirs before they hold any record: kept with the claim, and confirmed when it is granted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from django.db import transaction

from profiles.claim_models import Claim, ClaimDeed
from profiles.flows.claims.draft import draft
from profiles.flows.confirm import confirm
from profiles.names import compatible
from profiles.own_models import BylineWish
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


REASON: Final = "Said by the author when they claimed the record."
AT_MOST: Final = 50
"""Bylines wished for with one claim."""

_FREE: Final = """
    SELECT a.id, a.raw_name FROM unnest(%s::bigint[]) AS n(id) LEFT JOIN works_carriedbyline c ON c.byline = n.id
      JOIN works_authorship a ON a.id = coalesce(c.carrier, n.id) WHERE a.researcher_id IS NULL ORDER BY a.id
"""


@transaction.atomic
def begin(*, claimant: AbstractBaseUser, researchers: Sequence[int], byline: int) -> Claim:
    """Begin a claim on these records, or add them to the one not sent yet, and keep the wish with it.

    Raises Conflict as `draft` does, and if somebody holds the byline by now.
    """
    found = draft(claimant=claimant, researchers=researchers)
    if not bulk.fetch(_FREE, [[byline]]):
        raise Conflict("Somebody else has this byline by now.")
    if found.wishes.count() >= AT_MOST:
        raise Conflict(f"A claim takes {AT_MOST} bylines at most. Confirm the others once it is granted.")
    BylineWish.objects.get_or_create(claim=found, byline=byline)
    return found


def come_true(claim: Claim, researchers: Sequence[int]) -> None:
    """The claim is granted: what it wished for and nobody holds goes to the first of the records whose name it fits.

    Each is a deed of the claim. What somebody else holds by now, or fits no name, stays as it is.
    """
    names = _names_of(researchers)
    bylines: dict[int, list[int]] = {}
    for byline, name in bulk.fetch(_FREE, [list(claim.wishes.values_list("byline", flat=True))]):
        record = next((one for one in researchers if _fits(names[one], name)), None)
        if record is not None:
            bylines.setdefault(record, []).append(byline)
    for record, wished in bylines.items():
        # A claim is no less granted for a byline that cannot be had.
        with suppress(Conflict):
            event = confirm(researcher=record, bylines=wished, actor=claim.claimant, reason=REASON)
            ClaimDeed.objects.create(claim=claim, event_id=event)


def fitting(researchers: Sequence[int], name: str) -> int | None:
    """The first of these records whose author may have signed so. One query."""
    names = _names_of(researchers)
    return next((one for one in researchers if _fits(names[one], name)), None)


_NAMES: Final = """
    SELECT researcher_id, raw_name FROM works_authorship WHERE researcher_id = ANY(%(records)s)
    UNION SELECT id, display_name FROM profiles_researcher WHERE id = ANY(%(records)s)
"""


def _names_of(researchers: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {one: [] for one in researchers}
    for record, name in bulk.fetch(_NAMES, {"records": list(researchers)}):
        found[record].append(name)
    return found


def _fits(names: Sequence[str], name: str) -> bool:
    return any(compatible(one, name) is not False for one in names)


def forget(claim: Claim) -> None:
    """The account is deleted: nothing is wished for any more."""
    claim.wishes.all().delete()
