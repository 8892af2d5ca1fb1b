"""Ask curators what the rule was not sure of. Asking again changes nothing but the numbers.

Each time a name block is decided on, its questions are those of that decision: new ones are added, known ones keep who
looks after them, and those that the rule no longer has are dropped. A question put aside comes back when the numbers
have changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from profiles.models import ReviewKind
from researchgraph.lib import bulk

CHANGED: Final = 0.05
"""A question put aside is asked again when its score has moved by more than this."""


class Question(msgspec.Struct, frozen=True):
    """A doubt with researchers in place of clusters; the fields are those of `profiles.models.Review`."""

    kind: str
    block_key: str
    records: tuple[int, ...]
    scores: tuple[float, ...]
    bylines: tuple[int, ...]
    weight: float

    @property
    def subject(self) -> str:
        """What it is about: the same for the same question."""
        if self.kind == ReviewKind.BYLINE:
            return f"byline:{self.bylines[0]}"
        if self.kind == ReviewKind.SPLIT:
            return f"split:{self.records[0]}"
        # The same two records whether they are asked about for their identifiers or for other reasons.
        return f"two:{min(self.records)}:{max(self.records)}"


def ask(block_keys: Sequence[str], questions: Sequence[Question], *, bylines: Sequence[int] = ()) -> None:
    """Make these the questions of the blocks decided on as a whole, and of the single `bylines` of others.

    Expects the caller to hold the blocks.
    """
    by_subject = {question.subject: question for question in questions}
    if by_subject:
        rows = [
            (
                subject,
                question.kind,
                question.block_key,
                list(question.records),
                list(question.scores),
                list(question.bylines),
                question.weight,
            )
            for subject, question in sorted(by_subject.items())
        ]
        bulk.run("CREATE TEMP TABLE asked (LIKE profiles_review) ON COMMIT DROP")
        bulk.run("ALTER TABLE asked DROP COLUMN id, DROP COLUMN raised_at")
        columns = ("subject", "kind", "block_key", "records", "scores", "bylines", "weight")
        bulk.copy_rows("asked", columns, rows)
        bulk.run(
            """
            INSERT INTO profiles_review AS r (subject, kind, block_key, records, scores, bylines, weight)
            SELECT subject, kind, block_key, records, scores, bylines, weight FROM asked ORDER BY subject
            ON CONFLICT (subject) DO UPDATE
               SET kind = excluded.kind, block_key = excluded.block_key, records = excluded.records,
                   scores = excluded.scores, bylines = excluded.bylines, weight = excluded.weight,
                   postponed_at = CASE WHEN abs(r.scores[1] - excluded.scores[1]) <= %s THEN r.postponed_at END,
                   postponed_by_id = CASE WHEN abs(r.scores[1] - excluded.scores[1]) <= %s THEN r.postponed_by_id END
             WHERE (r.kind, r.block_key, r.records, r.scores, r.bylines, r.weight)
                   IS DISTINCT FROM
                   (excluded.kind, excluded.block_key, excluded.records, excluded.scores, excluded.bylines, excluded.weight)
            """,
            [CHANGED, CHANGED],
        )
        bulk.run("DROP TABLE asked")
    bulk.run(
        "DELETE FROM profiles_review WHERE (block_key = ANY(%s) OR subject = ANY(%s)) AND NOT subject = ANY(%s)",
        [list(block_keys), [f"byline:{key}" for key in bylines], sorted(by_subject)],
    )
