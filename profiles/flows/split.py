"""Two people under one record: give some of its bylines a record of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction

from profiles.flows import naming
from profiles.flows.projection import Byline
from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind, moved_part_keeps_address
from profiles.names import preferred
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class Split(msgspec.Struct, frozen=True):
    """What a split came to: the event, the record that was made, and whether the chosen bylines are the ones in it."""

    event: int
    made: int
    chosen_moved: bool


@transaction.atomic
def split(*, researcher: int, bylines: Sequence[int], actor: AbstractBaseUser | None, reason: str) -> Split:
    """Part these bylines of the researcher from the others for good.

    The part with more evidence keeps the record and its address, the other gets a new one. The works that move are
    rejected from the record as if by `reject`. Raises Conflict if the researcher does not hold the bylines, or if
    nothing would be left.
    """
    opened = OpenLedger([researcher])
    opened.require_present(researcher)
    chosen = opened.require_bylines(bylines, holders={researcher})
    ids = {byline.id for byline in chosen}
    others = [byline for byline in opened.ledger.held(researcher) if byline.id not in ids]
    if not others:
        raise Conflict("Nothing would be left of the record.")
    swapped = moved_part_keeps_address([b.confidence for b in chosen], [b.confidence for b in others])
    moved = others if swapped else chosen
    made = _new_record(moved)
    event = record(
        opened.including(made),
        kind=EventKind.SPLIT,
        researcher=researcher,
        other=made,
        bylines=moved,
        actor=actor,
        reason=reason,
    )
    return Split(event, made, chosen_moved=not swapped)


def _new_record(bylines: Sequence[Byline]) -> int:
    """A record named and addressed by these bylines."""
    rows = bulk.fetch(
        """
        SELECT w.title_key, w.year, a.position, a.raw_name, a.block_key
          FROM works_authorship a JOIN works_work w ON w.id = a.work_id WHERE a.id = ANY(%s)
        """,
        [[byline.id for byline in bylines]],
    )
    natural, block_key = min((naming.natural_key(*row[:4]), row[4]) for row in rows)
    return naming.create([naming.Draft(natural, block_key, preferred(naming.spellings(row[3] for row in rows)))])[0]
