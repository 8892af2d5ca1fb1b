"""What a merge of two records would come to, before anybody decides on it."""

from __future__ import annotations

import msgspec

from profiles.decision_selectors import works_named
from profiles.flows import projection
from profiles.flows.merge import Clash, clashes
from profiles.flows.version import version
from profiles.history_selectors import Named
from profiles.ledger import EventKind
from profiles.outcome_selectors import Side, outcome
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address


class MergePreview(msgspec.Struct, frozen=True):
    """What would change. `token` goes with the decision, which is refused if either record has changed by then.

    `bylines` and `works` move; `edges` are the co-authors of the merged record, whose ties move with them; `redirects` are
    the addresses that would lead to the other record. `gone` and `kept` are the two records now and then; `named` has the
    works of the clashes by their keys.
    """

    token: str
    bylines: int
    works: int
    edges: int
    redirects: list[str]
    clashes: list[Clash]
    named: dict[str, Named]
    gone: Side
    kept: Side

    @property
    def trust_before(self) -> int:
        """Trust of the record that goes on, from 0 to 100, as it is."""
        return self.kept.trust_before

    @property
    def trust_after(self) -> int:
        """The same after the merge."""
        return self.kept.trust_after

    @property
    def works_after(self) -> int:
        """Works of the record that goes on, each counted once."""
        return self.kept.works_after


def merge_preview(*, researcher: int, into: int) -> MergePreview | None:
    """The outcome of merging one record into the other; None if it cannot be: the same, unknown, merged or taken down."""
    ledger = projection.load([researcher, into])
    records = [ledger.records.get(one) for one in (researcher, into)]
    if researcher == into or any(r is None or r.merged_into or r.removed_at for r in records):
        return None
    against = clashes(ledger, researcher, into)
    told = outcome(ledger, EventKind.MERGED, researcher=researcher, other=into)
    return MergePreview(
        token=version(ledger, [researcher, into]),
        bylines=told.bylines,
        works=told.works,
        edges=told.ties,
        redirects=[
            address("researchers", public_id, slug)
            for public_id, slug in bulk.fetch(
                "SELECT public_id, slug FROM profiles_researcher WHERE id = %s OR merged_into_id = %s ORDER BY id",
                [researcher, researcher],
            )
        ],
        clashes=against,
        named=works_named(against),
        gone=told.side(researcher),
        kept=told.side(into),
    )
