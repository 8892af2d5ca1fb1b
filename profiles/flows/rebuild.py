"""Replay all identity events and compare what is stored, or make it agree. In bounded memory, a slice at a time."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from profiles.flows import projection
from profiles.flows.record import OpenLedger
from researchgraph.lib import bulk

RESEARCHERS_A_SLICE = 2_000


def rebuild(*, check: bool) -> int:
    """How many bylines, rejections and records were not as the events say. With `check` nothing is changed.

    A difference is looked at again while its name blocks are held, so a decision just under way is not taken for one.
    """
    found = 0
    for slice_ids in _slices():
        ledger = projection.load(slice_ids)
        owners = set(projection.differences(ledger, ledger.state()).owners()) & set(slice_ids)
        if owners:
            found += _look_again(sorted(owners), check=check)
    return found


def _slices() -> Iterator[list[int]]:
    last = 0
    while rows := bulk.fetch(
        "SELECT id FROM profiles_researcher WHERE id > %s ORDER BY id LIMIT %s", [last, RESEARCHERS_A_SLICE]
    ):
        yield [row[0] for row in rows]
        last = rows[-1][0]


@transaction.atomic
def _look_again(owners: list[int], *, check: bool) -> int:
    opened = OpenLedger(owners)
    different = projection.differences(opened.ledger, opened.ledger.state())
    count = sum(1 for owner in different.owners() if owner in owners)
    opened.settle(projection.Differences() if check else different, cause="rebuilt from the identity events")
    return count
