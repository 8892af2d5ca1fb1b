"""What a merge of two records would come to, before anybody decides on it."""

from __future__ import annotations

import msgspec

from graph.flows import derive, facts
from graph.flows.facts import BylineFacts, Facts
from profiles.flows import projection
from profiles.flows.merge import Clash, clashes, version
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address


class MergePreview(msgspec.Struct, frozen=True):
    """What would change. `token` goes with the decision, which is refused if either record has changed by then.

    `bylines` and `works` move; `edges` are the co-authors of the merged record, whose ties move with them; `redirects` are
    the addresses that would lead to the other record. Trust is that of the record that goes on, from 0 to 100.
    """

    token: str
    bylines: int
    works: int
    edges: int
    redirects: list[str]
    clashes: list[Clash]
    trust_before: int
    trust_after: int
    works_after: int


def merge_preview(*, researcher: int, into: int) -> MergePreview | None:
    """The outcome of merging one record into the other; None if it cannot be: the same, unknown, merged or taken down."""
    ledger = projection.load([researcher, into])
    records = [ledger.records.get(one) for one in (researcher, into)]
    if researcher == into or any(r is None or r.merged_into or r.removed_at for r in records):
        return None
    known = facts.load([researcher, into])
    gone, kept = derive.researcher(researcher, known), derive.researcher(into, known)
    both = derive.researcher(into, _as_one(known, researcher, into))
    held = ledger.held(researcher)
    return MergePreview(
        token=version(ledger, researcher, into),
        bylines=len(held),
        works=len({byline.work for byline in held}),
        edges=len(gone.edges),
        redirects=[
            address("researchers", public_id, slug)
            for public_id, slug in bulk.fetch(
                "SELECT public_id, slug FROM profiles_researcher WHERE id = %s OR merged_into_id = %s ORDER BY id",
                [researcher, researcher],
            )
        ],
        clashes=clashes(ledger, researcher, into),
        trust_before=kept.receipt.score,
        trust_after=both.receipt.score,
        works_after=len({byline.work for byline in (*held, *ledger.held(into))}),
    )


def _as_one(known: Facts, researcher: int, into: int) -> Facts:
    """The facts as they would be if every byline of the one were the other's."""

    def renamed(byline: BylineFacts) -> BylineFacts:
        people = tuple(sorted({into if person == researcher else person for person in byline.work.people}))
        return msgspec.structs.replace(byline, work=msgspec.structs.replace(byline.work, people=people))

    bylines = [renamed(byline) for one in (into, researcher) for byline in known.bylines[one]]
    conflicts = known.conflicts.get(into, 0) + known.conflicts.get(researcher, 0)
    return msgspec.structs.replace(known, bylines={into: bylines}, conflicts={into: conflicts})
