"""Questions to curators for tests, made through the model as the rule would ask them."""

from __future__ import annotations

from collections.abc import Sequence

from profiles import questions
from profiles.models import Researcher, Review
from researchgraph.lib import bulk
from works.models import Authorship


def ask(
    kind: str,
    *records: Researcher,
    bylines: Sequence[Authorship] = (),
    scores: Sequence[float] = (0.5,),
    weight: float = 1.0,
) -> Review:
    """An open question about these records."""
    keys = [record.pk for record in records]
    subject = f"{kind}:{':'.join(map(str, keys))}:{':'.join(str(one.pk) for one in bylines)}"
    return Review.objects.create(
        subject=subject,
        kind=kind,
        block_key=records[0].block_key,
        records=keys,
        scores=list(scores),
        bylines=[one.pk for one in bylines],
        weight=weight,
    )


def is_open(review: Review) -> bool:
    """Whether it is still a question, put aside or not."""
    query = f"SELECT {questions.OPEN} FROM profiles_review q WHERE q.id = %s"  # noqa: S608 - our own words
    return bool(bulk.fetch(query, [review.pk])[0][0])


def state(review: Review) -> str:
    """What a page about it would send along with the answer."""
    query = f"SELECT {questions.STATE} FROM profiles_review q WHERE q.id = %s"  # noqa: S608 - our own words
    return str(bulk.fetch(query, [review.pk])[0][0])
