"""Some records of a work are another work's: they get a work of their own, and no import makes the two one again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works.decisions import WorkEventKind
from works.flows.record import OpenWorks, record
from works.ingest import media

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

STATE = """
    SELECT coalesce(md5(string_agg(concat_ws(':', s.id, encode(s.sha256, 'hex')), ',' ORDER BY s.id)), '')
      FROM works_sourcerecord s WHERE s.work_id = %s
"""
"""Names what a split is decided on: the records of a work, and what each of them says."""


@transaction.atomic
def split(
    *, work: int, records: Sequence[int], actor: AbstractBaseUser, reason: str, state: str | None = None
) -> int:  # fmt: skip
    """Record that these source records of a work are another one's; the event's key.

    Both are merged again, from what each has now. A byline that only the new work prints keeps what was decided about it.
    `state` is that of `STATE` the curator saw. Raises Conflict if the records have changed since, are not the work's or all of
    them, or the work has joined another one.
    """
    opened = OpenWorks([work])
    opened.require_present(work)
    there = {row[0] for row in bulk.fetch("SELECT id FROM works_sourcerecord WHERE work_id = %s", [work])}
    picked = sorted(set(records))
    if (state is not None and state != bulk.fetch(STATE, [work])[0][0]) or not there.issuperset(picked):
        raise Conflict("The records of this work have changed since you looked at them.")
    if not picked or len(picked) == len(there):
        raise Conflict("Choose some of the records, and leave the work at least one.")
    made = opened.make()
    event = record(
        opened, kind=WorkEventKind.SPLIT, work=work, other=made, actor=actor, reason=reason, picked=picked
    )  # fmt: skip
    media.part(work, made)
    return event
