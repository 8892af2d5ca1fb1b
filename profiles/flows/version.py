"""What names the state of some records, so that a decision holds for what was seen when it was made and for nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from profiles.flows import projection
from profiles.flows.projection import Ledger
from researchgraph.errors import Conflict


def version(ledger: Ledger, researchers: Sequence[int], *, also: bool = False) -> str:
    """As long as it is the same, a preview of a decision on these records is right. `also` is what else was told.

    It changes with what the records hold, have lost for good and are told apart from, and with every decision of a person on them: so a
    decision that is posted twice is taken once.
    """
    concerned = set(researchers)
    state = [(ledger.records[one], [(byline.id, byline.fixed) for byline in ledger.held(one)]) for one in researchers]
    rejected = sorted(pair for pair in ledger.rejections if pair[1] in concerned)
    apart = sorted(pair for pair in ledger.apart if concerned & {projection.final(ledger, one) for one in pair})
    decided = [event.id for event in ledger.events if not event.by_rule and concerned & {event.researcher, event.other}]
    return hashlib.sha256(msgspec.json.encode([state, rejected, apart, decided[-1:], also])).hexdigest()[:32]


def require(ledger: Ledger, researchers: Sequence[int], token: str | None, *, also: bool = False) -> None:
    """Raises Conflict unless the records are what the preview with this token was made on. None: there was no preview."""
    if token is not None and token != version(ledger, researchers, also=also):
        raise Conflict("The records have changed since the preview.")
