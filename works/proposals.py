"""What authors say is wrong about their works, until a curator has answered: the only writer of proposals.

Accepted, a proposal is a correction by the author (`CorrectionOrigin.AUTHOR`): above every source and later import, below a
curator's own word. When the claim is revoked, what was accepted on its word is taken back (`take_back`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.functions import Now

from profiles.claims import GRANTED, State
from profiles.flows.owning import rights
from profiles.own_models import Proposal, ProposalState
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works import correct
from works.correction_selectors import CORRECTED
from works.decision_models import CorrectionOrigin, WorkCorrection

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

REASON_LIMIT: Final = 500

_HELD: Final = f"""
    SELECT a.researcher_id FROM works_authorship a WHERE a.work_id = %(work)s AND a.researcher_id IS NOT NULL
       AND EXISTS ({rights.HOLDING.format(researcher="a.researcher_id", whose=rights.BY_USER)}) ORDER BY 1 LIMIT 1
"""  # noqa: S608 - constants


@transaction.atomic
def propose(*, work: int, field: str, value: str, note: str, actor: AbstractBaseUser) -> Proposal:
    """Keep what the author of a work says of it, in the place of an open proposal of theirs for the same field.

    `value` is checked (`profiles.proposal_forms`). Raises Conflict if no byline of the work is on a record of the actor's.
    """
    held = bulk.fetch(_HELD, {"work": work, "user": actor.pk})
    if not held:
        raise Conflict("No byline of this work is on a record of yours.")
    claim = rights.holding(held[0][0], actor)
    earlier = Proposal.objects.filter(author_id=actor.pk, work_id=work, field=field, state=ProposalState.OPEN)
    earlier.update(state=ProposalState.WITHDRAWN, decided_at=Now())
    return Proposal.objects.create(
        claim=claim, author_id=actor.pk, work_id=work, field=field, value=value, note=note, state=ProposalState.OPEN
    )


@transaction.atomic
def withdraw(*, proposal: int, actor: AbstractBaseUser) -> None:
    """The author does not want it any more. Raises Conflict if it is not theirs, or was answered."""
    found = Proposal.objects.filter(pk=proposal, author_id=actor.pk, state=ProposalState.OPEN)
    if not found.update(state=ProposalState.WITHDRAWN, decided_at=Now()):
        raise Conflict("There is no such open proposal of yours.")


@transaction.atomic
def accept(*, proposal: int, actor: AbstractBaseUser, seen: int) -> Proposal:
    """Correct the work as its author says; what cannot be corrected as a field counts as looked after.

    `seen` is the newest correction of the work that the curator knew of. Raises Conflict if there is a newer one, if a
    curator's word holds for the field, or if the proposal is not open any more or one's own.
    """
    found = _open(proposal, actor)
    if found.field in CORRECTED:
        work = found.work.merged_into_id or found.work_id
        words = WorkCorrection.objects.filter(work_id=work, field=found.field, undone_at=None)
        if words.filter(origin=CorrectionOrigin.CURATOR).exists():
            raise Conflict("A curator has corrected this field, which stands above its author's word. Undo that first.")
        said = f"Proposed by the author. {found.note}".strip()[:REASON_LIMIT]
        correct.correct(
            work=work, values={found.field: found.value}, origin=CorrectionOrigin.AUTHOR, actor=actor, reason=said, seen=seen
        )  # fmt: skip
        found.correction_id = correct.newest(work)
    _answered(found, ProposalState.ACCEPTED, actor, "")
    return found


@transaction.atomic
def decline(*, proposal: int, actor: AbstractBaseUser, reason: str) -> None:
    """Leave the work as it is, with a reason that the author reads. Raises Conflict if it is not open or one's own."""
    _answered(_open(proposal, actor), ProposalState.DECLINED, actor, reason)


def _open(proposal: int, actor: AbstractBaseUser) -> Proposal:
    """The proposal, held, of somebody who holds the record still."""
    bulk.take_turns()
    found = (
        Proposal.objects.select_for_update(of=("self",)).select_related("work")
        .filter(pk=proposal, state=ProposalState.OPEN, claim__state__in=sorted(GRANTED)).first()
    )  # fmt: skip
    if found is None:
        raise Conflict("This proposal is not open any more.")
    if found.author_id == actor.pk:
        raise Conflict("Nobody decides on a proposal of their own.")
    return found


def _answered(found: Proposal, state: ProposalState, actor: AbstractBaseUser, answer: str) -> None:
    found.state, found.decided_by_id, found.answer = state, actor.pk, answer
    found.save(update_fields=["state", "decided_by", "answer", "correction"])
    Proposal.objects.filter(pk=found.pk).update(decided_at=Now())


_REVOKED: Final = """
    SELECT p.work_id, p.correction_id, (SELECT e.actor_id FROM profiles_claimevent e
            WHERE e.claim_id = c.id AND e.after = c.state ORDER BY e.id DESC LIMIT 1)
      FROM profiles_proposal p JOIN profiles_claim c ON c.id = p.claim_id
      JOIN works_workcorrection k ON k.id = p.correction_id WHERE c.state = %s AND k.undone_at IS NULL ORDER BY k.id
"""


def take_back() -> None:
    """Undo what was corrected on the word of holders of revoked claims, in the name of who has revoked them. Safe to repeat."""
    for work, correction, actor in bulk.fetch(_REVOKED, [State.REVOKED.value]):
        # A work that has joined another one keeps its corrections for when it is parted again.
        with suppress(Conflict):
            correct.undo(work=work, correction=correction, actor=get_user_model().objects.get(pk=actor))


def forget(*, author: AbstractBaseUser) -> None:
    """Delete what the person has proposed, with every note. What curators have accepted stays corrected."""
    Proposal.objects.filter(author_id=author.pk).delete()
