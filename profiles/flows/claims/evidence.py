"""Show something for a claim: pages that carry a code, what the account shows by itself, what co-authors have answered.

The only writer of evidence.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from profiles.claim_models import ClaimEvidence, EvidenceState
from profiles.claims import CHANGEABLE, Kind, Proof, State
from profiles.flows.claims import facts, moving, vouchers
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AbstractBaseUser

    from profiles.claim_models import Claim

PAGES: Final = 5
"""Pages in one claim."""
CODE: Final = "researchgraph-claim-"
"""What every code begins with, so that a page can be searched for them."""
_PAGES: Final = (Kind.HOMEPAGE, Kind.PAGE)
_PROOFS: Final = """
    SELECT e.id, e.kind, coalesce(r.merged_into_id, r.id) FROM profiles_claimevidence e
     CROSS JOIN unnest(e.records) AS n(id) JOIN profiles_researcher r ON r.id = n.id
     WHERE e.claim_id = %s AND e.state = 'confirmed' ORDER BY e.id
"""


@transaction.atomic
def add_page(*, claim: int, claimant: AbstractBaseUser, url: str) -> tuple[ClaimEvidence, str]:
    """Name a page; the evidence, and the code to place on it, which is not kept and cannot be shown again.

    A page named again gets a new code. Raises Conflict if the claim takes no evidence now, or names enough pages.
    """
    found = moving.mine(claim, claimant)
    require_changeable(found)
    pages = found.evidence.filter(kind__in=_PAGES)
    pages.filter(value=url).delete()
    if pages.count() >= PAGES:
        raise Conflict(f"A claim names {PAGES} pages at most. Take one away first.")
    code = CODE + secrets.token_hex(32)
    return ClaimEvidence.objects.create(claim=found, kind=Kind.PAGE, value=url, token=digest(code)), code


@transaction.atomic
def remove(*, claim: int, claimant: AbstractBaseUser, evidence: int) -> None:
    """Take a page away again."""
    found = moving.mine(claim, claimant)
    require_changeable(found)
    found.evidence.filter(pk=evidence, kind__in=_PAGES).delete()


@transaction.atomic
def ask_again(*, claim: int, claimant: AbstractBaseUser, evidence: int) -> None:
    """Have a page looked at again."""
    found = moving.mine(claim, claimant)
    found.evidence.filter(pk=evidence, kind__in=_PAGES).update(state=EvidenceState.WAITING)


@transaction.atomic
def settle(*, evidence: int, url: str, records: Sequence[int], named: bool, finding: str) -> Claim | None:
    """Keep what was seen on a page: the records whose names it prints beside the code, none if the code is not there.

    `named`: a record imported before the claim had named the page as the author's. The claim, held; None if the evidence
    was taken away meanwhile, names another page, or was looked at by somebody else first.
    """
    row = ClaimEvidence.objects.filter(pk=evidence).values_list("claim_id", flat=True).first()
    if row is None:
        return None
    claim = moving.hold(row)
    kind = Kind.HOMEPAGE if named and records else Kind.PAGE
    changed = claim.evidence.filter(pk=evidence, value=url, state=EvidenceState.WAITING).update(
        kind=kind,
        state=EvidenceState.CONFIRMED if records else EvidenceState.REFUSED,
        records=sorted(records),
        finding=finding,
        checked_at=timezone.now(),
    )
    return claim if changed else None


def collect(claim: Claim) -> list[Proof]:
    """Bring what the account shows and co-authors say up to date; all confirmed evidence for the records as they are now."""
    records = moving.finals(claim)
    found = [*facts.of_account(claim.claimant_id, records, before=claim.created_at), *vouchers.facts_of(claim)]
    kept = {(fact.kind.value, fact.value) for fact in found}
    for row in claim.evidence.exclude(kind__in=_PAGES):
        if (row.kind, row.value) not in kept:
            row.delete()
    now = timezone.now()
    ClaimEvidence.objects.bulk_create(
        [
            ClaimEvidence(
                claim=claim, kind=fact.kind, value=fact.value, records=list(fact.records), finding=fact.finding,
                state=EvidenceState.CONFIRMED if fact.confirmed else EvidenceState.REFUSED, checked_at=now, added_at=now,
            )
            for fact in found
        ],
        update_conflicts=True,
        unique_fields=["claim", "kind", "value"],
        update_fields=["records", "finding", "checked_at"],
    )  # fmt: skip
    return proofs(claim)


def proofs(claim: Claim) -> list[Proof]:
    """All confirmed evidence as it is stored, with the records by the keys under which they go on."""
    found: dict[int, tuple[str, set[int]]] = {}
    for key, kind, record in bulk.fetch(_PROOFS, [claim.pk]):
        found.setdefault(key, (kind, set()))[1].add(record)
    return [Proof(kind, frozenset(records)) for kind, records in found.values()]


def digest(code: str) -> bytes:
    """What is kept of a code."""
    return hashlib.sha256(code.encode()).digest()


def require_changeable(claim: Claim) -> None:
    """Raises Conflict if the claim takes no evidence now."""
    if State(claim.state) not in CHANGEABLE:
        raise Conflict("This claim takes no evidence now.")
