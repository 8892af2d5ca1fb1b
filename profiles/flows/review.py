"""Answers of curators to what the rule was not sure of. Decisions are identity events; the question itself only knows
who looks after it, and whether it was put aside. The only writer of both besides `profiles.flows.ask`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from profiles import questions
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.reject import reject
from profiles.flows.split import split
from profiles.flows.tell_apart import tell_apart
from profiles.flows.undo import undo
from profiles.models import Review, ReviewKind, VerificationLevel
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from researchgraph.lib.desk import Desk, Verdict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_WORDS: Final[dict[tuple[str, str], str]] = {
    (ReviewKind.MERGE, Verdict.SAME): "one person",
    (ReviewKind.MERGE, Verdict.DIFFERENT): "different people",
    (ReviewKind.IDENTIFIERS, Verdict.SAME): "one person with two identifiers",
    (ReviewKind.IDENTIFIERS, Verdict.DIFFERENT): "different people",
    (ReviewKind.SPLIT, Verdict.SAME): "one person",
    (ReviewKind.SPLIT, Verdict.DIFFERENT): "two people under one record",
    (ReviewKind.BYLINE, Verdict.SAME): "theirs",
    (ReviewKind.BYLINE, Verdict.DIFFERENT): "not theirs",
}


class _Question(msgspec.Struct, frozen=True):
    kind: str
    records: list[int]
    bylines: list[int]
    candidates: list[int]


@transaction.atomic
def answer(
    *,
    review: int,
    verdict: Verdict,
    actor: AbstractBaseUser,
    reason: str = "",
    state: str | None,
    candidate: int | None = None,
) -> int | None:
    """Decide on a question; the key of the identity event, None for UNKNOWN.

    `state` is `profiles.questions.STATE` as the curator saw it; None if it has been compared already. `candidate` is
    the record meant for a byline, the nearest one by default. Raises Conflict if the question is not open any more,
    what it is about has changed, somebody else looks after it, or the decision itself is refused.
    """
    _hold_blocks(review)
    wanted = f"q.kind, q.records, q.bylines, {questions.CANDIDATES}"
    found = _Question(*DESK.held(wanted, review=review, actor=actor, seen=state))
    if verdict is Verdict.UNKNOWN:
        Review.objects.filter(pk=review).update(postponed_at=timezone.now(), postponed_by=actor, assigned_to=None)
        return None
    words = f"Review queue: {_WORDS[found.kind, verdict]}"
    event = _decide(found, verdict, actor, reason.strip() or words, candidate)
    Review.objects.filter(pk=review).update(postponed_at=None, postponed_by=None, assigned_to=None)
    return event


def ask_again(*, reviews: Sequence[int]) -> None:
    """Bring questions back that were put aside."""
    Review.objects.filter(pk__in=reviews).update(postponed_at=None, postponed_by=None)


def _hold_blocks(review: int) -> None:
    """Nobody else decides on what the question is about meanwhile: neither a person nor, in the blocks, the rule."""
    bulk.take_turns()
    bulk.fetch(
        """
        SELECT FROM profiles_staleblock WHERE block_key IN (
            SELECT a.block_key FROM profiles_review q JOIN works_authorship a
                   ON a.researcher_id = ANY(q.records) OR a.id = ANY(q.bylines)
             WHERE q.id = %s) ORDER BY block_key FOR UPDATE
        """,
        [review],
    )


def _decide(
    found: _Question, verdict: Verdict, actor: AbstractBaseUser, reason: str, candidate: int | None
) -> int:  # fmt: skip
    same = verdict is Verdict.SAME
    if found.kind == ReviewKind.BYLINE:
        chosen = candidate or found.candidates[0]
        if chosen not in found.candidates:
            raise Conflict("The byline cannot belong to this record any more.")
        deciding = confirm if same else reject
        return deciding(researcher=chosen, bylines=found.bylines, actor=actor, reason=reason)
    if found.kind == ReviewKind.SPLIT:
        record = found.records[0]
        if same:
            return confirm(researcher=record, bylines=found.bylines, actor=actor, reason=reason)
        return split(researcher=record, bylines=found.bylines, actor=actor, reason=reason).event
    gone, kept = _joining(found.records)
    if same:
        force = found.kind == ReviewKind.IDENTIFIERS
        return merge(researcher=gone, into=kept, actor=actor, reason=reason, force=force)
    return tell_apart(researcher=gone, other=kept, actor=actor, reason=reason)


def _joining(records: Iterable[int]) -> tuple[int, int]:
    """The record that joins the other, and the one that goes on: the claimed one, else that with more bylines."""
    rows = bulk.fetch(
        """
        SELECT r.id, r.verification_level >= %s, (SELECT count(*) FROM works_authorship a WHERE a.researcher_id = r.id)
          FROM profiles_researcher r WHERE r.id = ANY(%s)
        """,
        [VerificationLevel.AUTHENTICATED, list(records)],
    )
    kept, gone = (row[0] for row in sorted(rows, key=lambda row: (not row[1], -row[2], row[0])))
    return gone, kept


DESK: Final = Desk(
    questions="profiles_review",
    events="profiles_identityevent",
    open=questions.OPEN,
    state=questions.STATE,
    things="record",
    answer=answer,
    undo=undo,
    one_candidate=True,
)
take, release, answer_alike, take_back = DESK.take, DESK.release, DESK.answer_alike, DESK.take_back
