"""Which co-authors may vouch for claims, and what those who were asked have answered, as it counts now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from profiles.claim_models import VouchAnswer
from profiles.claims import STRONG, Kind
from profiles.flows.claims.facts import Fact
from profiles.vouching import AUTHORS_MOST, Voucher, may_vouch
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from profiles.claim_models import Claim

VOUCHERS: Final = """
    WITH about AS (
        SELECT DISTINCT k.claim_id, coalesce(r.merged_into_id, r.id) AS record
          FROM profiles_claimedrecord k JOIN profiles_researcher r ON r.id = k.researcher_id WHERE k.claim_id = ANY(%(claims)s)
    ), beside AS (
        SELECT a.claim_id, o.researcher_id AS record, array_agg(DISTINCT a.record ORDER BY a.record) AS together,
               count(DISTINCT o.work_id) AS works
          FROM about a JOIN works_authorship own ON own.researcher_id = a.record
          JOIN works_work w ON w.id = own.work_id AND w.author_count <= %(authors)s
          JOIN works_authorship o ON o.work_id = own.work_id AND o.researcher_id IS NOT NULL
         WHERE NOT EXISTS (SELECT FROM about x WHERE x.claim_id = a.claim_id AND x.record = o.researcher_id)
         GROUP BY 1, 2
    )
    SELECT DISTINCT ON (b.claim_id, b.record, h.id)
           b.claim_id, c.claimant_id, h.claimant_id, b.record, r.public_id, r.slug, r.display_name, h.state, h.level,
           coalesce(h.decided_at, now()),
           EXISTS (SELECT FROM profiles_claimevidence e
                    WHERE e.claim_id = h.id AND e.state = 'confirmed' AND e.kind = ANY(%(strong)s)),
           EXISTS (SELECT FROM profiles_claimvouch v JOIN profiles_claim o ON o.id = v.claim_id
                    WHERE v.voucher_id = c.claimant_id AND o.claimant_id = h.claimant_id AND v.answer = 'yes'),
           b.together, b.works
      FROM beside b JOIN profiles_claim c ON c.id = b.claim_id
      JOIN profiles_researcher r ON r.id = b.record AND r.removed_at IS NULL
      JOIN profiles_researcher n ON n.id = b.record OR n.merged_into_id = b.record
      JOIN profiles_claimedrecord k ON k.researcher_id = n.id AND k.holds
      JOIN profiles_claim h ON h.id = k.claim_id JOIN auth_user u ON u.id = h.claimant_id AND u.is_active
     ORDER BY b.claim_id, b.record, h.id
"""
"""Every account that holds a record which has a work in common with one of these claims."""
_ANSWERED: Final = """
    SELECT v.id::text, v.voucher_id, coalesce(r.merged_into_id, r.id), v.answer FROM profiles_claimvouch v
      JOIN profiles_researcher r ON r.id = v.record_id WHERE v.claim_id = %s AND v.answer <> '' ORDER BY v.answered_at
"""


def of(claims: Sequence[int]) -> list[Voucher]:
    """Who may vouch for these claims now, those with the most works in common first. One query."""
    given = {"claims": list(claims), "authors": AUTHORS_MOST, "strong": sorted(kind.value for kind in STRONG)}
    now = timezone.now()
    found = [one for one in (Voucher(*row) for row in bulk.fetch(VOUCHERS, given)) if may_vouch(one, now=now)]
    return sorted(found, key=lambda one: (-one.works, one.name, one.record))


def facts_of(claim: Claim) -> list[Fact]:
    """What the answers come to while those who gave them still may vouch. The claimant reads this, so nobody is named."""
    given = bulk.fetch(_ANSWERED, [claim.pk])
    present = {(one.account, one.record): one for one in of([claim.pk])} if given else {}
    return [
        _fact(request, answer, present[account, record])
        for request, account, record, answer in given
        if (account, record) in present
    ]


def _fact(request: str, answer: str, voucher: Voucher) -> Fact:
    if answer == VouchAnswer.YES:
        return Fact(Kind.VOUCH, request, tuple(voucher.together), "A co-author says that this is the author")
    return Fact(Kind.VOUCH, request, (), "A co-author does not say that this is the author", confirmed=False)
