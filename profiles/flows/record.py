"""Record one decision of a person as an identity event, and bring the stored state up to it.

Every decision goes the same way: take a turn and hold the name blocks concerned, check against what is stored now,
append the event, replay, store what differs. So what is stored is what the events say, by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from profiles.flows import projection
from profiles.flows.projection import Byline, Ledger
from profiles.ledger import Event, EventKind
from researchgraph import events as signals
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

CAUSES = {
    EventKind.CONFIRMED: "a person confirmed bylines",
    EventKind.REASSIGNED: "a person reassigned bylines",
    EventKind.REJECTED: "a person rejected bylines",
    EventKind.MERGED: "records were merged",
    EventKind.TOLD_APART: "records were told apart",
    EventKind.SPLIT: "a record was split",
    EventKind.REMOVED: "a record was taken down",
    EventKind.WITHHELD: "a record was taken down",
    EventKind.CLAIMED: "the record was claimed",
    EventKind.RELEASED: "the record was given back",
    EventKind.UNDONE: "a decision was undone",
}
REARRANGING = frozenset({EventKind.MERGED, EventKind.SPLIT, EventKind.UNDONE})
"""Kinds of which whoever knows a record may want to hear."""


class OpenLedger:
    """A ledger whose name blocks are held until the transaction ends, so that nobody else decides on them meanwhile."""

    def __init__(self, researcher_ids: Iterable[int], *, bylines: Sequence[int] = ()) -> None:
        bulk.take_turns()
        self._made: set[str] = set()
        self._wanted = sorted(set(researcher_ids))
        self._bylines = bylines
        self._held: set[str] = set()
        self.ledger: Ledger = projection.load(self._wanted, bylines)
        self._hold_all()
        if set(self._wanted) - self.ledger.records.keys():
            raise Conflict("There is no such researcher.")

    def reload(self, *, bylines: Sequence[int]) -> None:
        """Load again, with these bylines: works were merged again meanwhile, by the caller."""
        self._bylines = bylines
        self.ledger = projection.load(self._wanted, bylines)
        self._hold_all()

    def _hold_all(self) -> None:
        # What a worker was just deciding may bring further blocks in.
        while missing := self.ledger.blocks - self._held:
            self._hold(missing)
            self._held |= missing
            self.ledger = projection.load(self._wanted, self._bylines)

    def including(self, made: int) -> OpenLedger:
        """With a researcher just made, who has no past and therefore no blocks to hold."""
        self.ledger = projection.load([*self._wanted, made], self._bylines)
        return self

    def _hold(self, blocks: set[str]) -> None:
        """Hold the rows of these blocks, making those that are missing. Waits for workers that decide on one."""
        keys = sorted(blocks)
        found: list[tuple[str]] = []
        while len(found) < len(keys):
            self._made |= {
                row[0]
                for row in bulk.fetch(
                    "INSERT INTO profiles_staleblock (block_key) SELECT unnest(%s::text[])"
                    " ON CONFLICT DO NOTHING RETURNING block_key",
                    [keys],
                )
            }
            found = bulk.fetch(
                "SELECT block_key FROM profiles_staleblock WHERE block_key = ANY(%s) ORDER BY block_key FOR UPDATE",
                [keys],
            )

    def require_present(self, *researchers: int) -> None:
        """Raises Conflict unless these records are neither merged nor taken down."""
        for researcher in researchers:
            record = self.ledger.records[researcher]
            if record.merged_into is not None:
                raise Conflict("The record was merged into another.")
            if record.removed_at is not None:
                raise Conflict("The record was taken down.")

    def require_bylines(self, bylines: Sequence[int], *, holders: set[int | None]) -> list[Byline]:
        """The bylines, by key. Raises Conflict if there are none or if anybody but `holders` has one of them."""
        found = [byline for key in sorted(set(bylines)) if (byline := self.ledger.bylines.get(key)) is not None]
        if not found or len(found) < len(set(bylines)) or any(byline.holder not in holders for byline in found):
            raise Conflict("The bylines are not held by this record any more.")
        return found

    def settle(self, found: projection.Differences, *, cause: str) -> None:
        """Store the differences; blocks that were only held and not touched are not stale for that."""
        untouched = sorted(self._made - found.blocks)
        if untouched:
            bulk.run("DELETE FROM profiles_staleblock WHERE block_key = ANY(%s)", [untouched])
        projection.apply(found, cause=cause)


def record(
    opened: OpenLedger,
    *,
    kind: EventKind,
    researcher: int,
    actor: AbstractBaseUser | None,
    reason: str,
    other: int | None = None,
    bylines: Sequence[Byline] = (),
    undoes: int | None = None,
) -> int:
    """Append the event and store what follows from it; the event's key.

    A merge and an undoing name the bylines they turned out to move; the other kinds name those they were given.
    """
    key = bulk.new_ids("profiles_identityevent", 1)[0]
    event = Event(
        id=key,
        kind=kind,
        happened_at=bulk.fetch("SELECT now()")[0][0],
        by_rule=actor is None,
        researcher=researcher,
        other=other,
        bylines=tuple(byline.id for byline in bylines),
        works=tuple(byline.work for byline in bylines),
        undoes=undoes,
    )
    state = opened.ledger.state(event)
    found = projection.differences(opened.ledger, state)
    named = list(bylines) or [move.byline for move in found.moves]
    bulk.run(
        """
        INSERT INTO profiles_identityevent
               (id, kind, researcher_id, other_id, actor_id, reason, bylines, works, before, after, undoes_id, happened_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            key, kind.value, researcher, other, actor.pk if actor else None, reason, [b.id for b in named],
            [b.work for b in named], [b.holder for b in named], [state.holders.get(b.id) for b in named], undoes,
            event.happened_at,
        ],
    )  # fmt: skip
    opened.settle(found, cause=CAUSES[kind])
    if kind in REARRANGING:
        signals.records_rearranged.send(sender=None, event_ids=[key])
    return key
