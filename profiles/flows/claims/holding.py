"""Give records to the claimant, and take them back: what a claim does to the identity ledger.

The claim that holds a record is the one source of its verification level; `graph.flows.facts` reads the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from profiles.claim_models import Claim, ClaimDeed
from profiles.claims import PENDING, Actor, State
from profiles.flows import naming
from profiles.flows.claims import moving, wish
from profiles.flows.merge import merge
from profiles.flows.owning import say
from profiles.flows.record import OpenLedger, record
from profiles.flows.undo import AlreadyUndone, undo
from profiles.ledger import EventKind
from profiles.levels import HELD
from researchgraph import events as signals
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_RIVALS: Final = """
    SELECT DISTINCT c.id FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
      JOIN profiles_researcher r ON r.id = k.researcher_id
     WHERE c.id <> %s AND c.claimant_id <> %s AND coalesce(r.merged_into_id, r.id) = ANY(%s)
       AND (c.state = ANY(%s) OR k.holds OR c.effective_at IS NOT NULL)
     ORDER BY c.id
"""


def rivals(claim: Claim) -> list[int]:
    """Claims of others on one of these records: not decided yet, or approved. By key."""
    pending = sorted(state.value for state in PENDING)
    return [row[0] for row in bulk.fetch(_RIVALS, [claim.pk, claim.claimant_id, moving.finals(claim), pending])]


def winners(claim: Claim) -> list[int]:
    """Claims of others that hold one of these records, or will once they have cooled off. By key."""
    return [row[0] for row in bulk.fetch(_RIVALS, [claim.pk, claim.claimant_id, moving.finals(claim), []])]


def grant(claim: Claim, *, level: int, actor: AbstractBaseUser, reason: str) -> list[int]:
    """The records are the claimant's; those that could not be joined to the first, which stay records of their own.

    Several records become one where nothing speaks against it. Everything done here is noted as a deed of the claim.
    Raises Conflict if one of the records was taken down.
    """
    finals = moving.finals(claim)
    main, *others = _largest_first(finals)
    apart = [one for one in others if not _join(claim, one, main, actor, reason)]
    for one in (main, *apart):
        opened = OpenLedger([one])
        opened.require_present(one)
        event = record(opened, kind=EventKind.CLAIMED, researcher=one, actor=actor, reason=reason)
        ClaimDeed.objects.create(claim=claim, event_id=event)
    claim.level, claim.effective_at = level, None
    claim.save(update_fields=["level", "effective_at"])
    claim.records.update(holds=True)
    wish.come_true(claim, [main, *apart])
    settle_levels(finals, cause="the record was claimed")
    return apart


def _join(claim: Claim, one: int, main: int, actor: AbstractBaseUser, reason: str) -> bool:
    try:
        event = merge(researcher=one, into=main, actor=actor, reason=reason)
    except Conflict:
        # What speaks against it is for a curator to weigh, on the page that compares the two.
        return False
    ClaimDeed.objects.create(claim=claim, event_id=event)
    return True


def let_go(claim: Claim, *, actor: AbstractBaseUser, reason: str) -> None:
    """The claimant gives the records back. What was joined stays joined: it was no less true for that."""
    held = _held(claim)
    for one in held:
        record(OpenLedger([one]), kind=EventKind.RELEASED, researcher=one, actor=actor, reason=reason)
    _drop(claim, held, cause="the record was given back")


def roll_back(claim: Claim, *, actor: AbstractBaseUser, reason: str) -> None:
    """Everything the claim did is undone, the last first."""
    touched = {*_held(claim), *claim.records.values_list("researcher_id", flat=True)}
    for event in list(claim.deeds.order_by("-event_id").values_list("event_id", flat=True)):
        try:
            undo(event=event, actor=actor, reason=reason, of_claim=True)
        except AlreadyUndone:
            continue
    say.undo_all(claim, actor=actor)
    _drop(claim, touched, cause="a claim was revoked")


def _held(claim: Claim) -> list[int]:
    return moving.finals(claim) if claim.records.filter(holds=True).exists() else []


def _drop(claim: Claim, touched: Iterable[int], *, cause: str) -> None:
    claim.level = None
    claim.save(update_fields=["level"])
    claim.records.update(holds=False)
    settle_levels(sorted({*touched, *moving.finals(claim)}), cause=cause)


def settle_levels(researchers: Iterable[int], *, cause: str) -> None:
    """Bring the levels up to the claims at once, because they keep others out; the receipts follow from workers."""
    ids = sorted(researchers)
    bulk.run(
        f"""
        UPDATE profiles_researcher r SET verification_level = n.level
          FROM (SELECT o.id, greatest(coalesce(held.level, 0), least(o.verification_level, 1)) AS level
                  FROM profiles_researcher o LEFT JOIN ({HELD}) held ON held.id = o.id WHERE o.id = ANY(%s)) n
         WHERE r.id = n.id AND r.verification_level <> n.level
        """,  # noqa: S608 - a constant
        [ids],
    )
    affected = naming.company(works=[], researchers=ids) | set(ids)
    signals.researchers_changed.send(sender=None, researcher_ids=sorted(affected), cause=cause)


def _largest_first(researchers: list[int]) -> list[int]:
    rows = bulk.fetch(
        """
        SELECT n.id FROM unnest(%s::bigint[]) AS n(id) LEFT JOIN works_authorship a ON a.researcher_id = n.id
         GROUP BY n.id ORDER BY count(a.id) DESC, n.id
        """,
        [researchers],
    )
    return [row[0] for row in rows]


def apart_text(apart: list[int]) -> str:
    """What the claimant is told about records that stay apart."""
    if not apart:
        return ""
    return f"{len(apart)} of the records could not be joined by themselves; a curator will look at that."


def revoke_held(claim: Claim, *, actor: AbstractBaseUser, role: Actor, code: str, text: str) -> None:
    """Revoke a claim that is held already: what it did is undone and its claimant told."""
    moving.move(claim, State.REVOKED, actor=actor, role=role, code=code, text=text)
    roll_back(claim, actor=actor, reason=f"Claim {claim.pk} was revoked.")
