"""Which level the claims that hold records give them, which records are verified and which disputed, as pieces of SQL. Pure.

The derivation of a record and the flows of claims take it from here, so that a rebuild gives what a claim had given.
"""

from __future__ import annotations

from typing import Final

from profiles.claims import GRANTED_SQL

HELD: Final = """
    SELECT coalesce(x.merged_into_id, x.id) AS id, max(c.level) AS level
      FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
      JOIN profiles_researcher x ON x.id = k.researcher_id WHERE k.holds GROUP BY 1
"""
"""`id` of a record that goes on, and the `level` its claims give; no row for a record that nobody holds."""

VERIFIED: Final = f"""
    SELECT DISTINCT coalesce(x.merged_into_id, x.id) AS id
      FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id AND c.state IN {GRANTED_SQL} AND c.level >= 2
      JOIN auth_user u ON u.id = c.claimant_id AND u.is_active
      JOIN profiles_researcher x ON x.id = k.researcher_id
      LEFT JOIN profiles_researcher m ON m.id = x.merged_into_id
     WHERE k.holds AND coalesce(m.removed_at, x.removed_at) IS NULL
"""  # noqa: S608 - constants
"""The records whose authors vouch for others by having written with them: held by a granted claim, which is not disputed."""

DISPUTED: Final = """
    SELECT DISTINCT coalesce(x.merged_into_id, x.id) AS id
      FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id AND c.state = 'frozen'
      JOIN profiles_researcher x ON x.id = k.researcher_id WHERE k.holds
"""
"""The records held by a claim that somebody has stopped. Of rivals that were not decided on nobody is told."""
