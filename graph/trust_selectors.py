"""Every stored trust receipt computed once more: what `manage.py explain_trust --check` reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from graph import trust
from researchgraph.lib import bulk

_ROWS: Final = """
    SELECT r.public_id, t.score, t.inputs_hash, t.inputs::text, t.model_version, m.weights
      FROM graph_trustsnapshot t JOIN graph_trustmodel m ON m.version = t.model_version
      JOIN profiles_researcher r ON r.id = t.researcher_id ORDER BY t.id
"""


class Recomputed(NamedTuple):
    """A stored receipt, and what its inputs give under the weights of its version."""

    public_id: str
    model_version: str
    score: int
    inputs_hash: str
    receipt: trust.Receipt

    @property
    def equal(self) -> bool:
        """Whether both say the same."""
        return (self.score, self.inputs_hash) == (self.receipt.score, self.receipt.inputs_hash)


def recomputed() -> Iterator[Recomputed]:
    """All receipts, the old ones of every version too, in the order they were written. Inside a transaction only."""
    for public_id, score, inputs_hash, inputs, version, weights in bulk.stream(_ROWS):
        yield Recomputed(public_id, version, score, inputs_hash, trust.explained(inputs, version, weights).receipt)
