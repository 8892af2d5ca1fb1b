"""Two people under one record: give some of its bylines a record of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction

from profiles.flows import naming, version
from profiles.flows.projection import Byline, Ledger
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
def split(
    *, researcher: int, bylines: Sequence[int], actor: AbstractBaseUser | None, reason: str, token: str | None = None
) -> Split:  # fmt: skip
    """Part these bylines of the researcher from the others for good.

    The part with more evidence keeps the record and its address, the other gets a new one. The works that move are
    rejected from the record as if by `reject`. `token` is that of the preview the decision was made on. Raises Conflict
    if the record has changed since, does not hold the bylines, or if nothing would be left.
    """
    opened = OpenLedger([researcher])
    opened.require_present(researcher)
    chosen = opened.require_bylines(bylines, holders={researcher})
    moved, chosen_moved = leaving(opened.ledger, researcher, chosen)
    version.require(opened.ledger, [researcher], token, also=chosen_moved)
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
    return Split(event, made, chosen_moved=chosen_moved)


def leaving(ledger: Ledger, researcher: int, chosen: Sequence[Byline]) -> tuple[list[Byline], bool]:
    """The bylines that get a record of their own when these are parted from the others, and whether it is these.

    Raises Conflict if there are no others.
    """
    ids = {byline.id for byline in chosen}
    others = [byline for byline in ledger.held(researcher) if byline.id not in ids]
    if not others:
        raise Conflict("Nothing would be left of the record.")
    swapped = moved_part_keeps_address([b.confidence for b in chosen], [b.confidence for b in others])
    return (others, False) if swapped else (list(chosen), True)


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
