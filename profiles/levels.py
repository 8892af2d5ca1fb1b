"""Which level the claims that hold records give them, as a piece of SQL. Pure.

The derivation of a record and the flows of claims take it from here, so that a rebuild gives what a claim had given.
"""

from __future__ import annotations

from typing import Final

HELD: Final = """
    SELECT coalesce(x.merged_into_id, x.id) AS id, max(c.level) AS level
      FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
      JOIN profiles_researcher x ON x.id = k.researcher_id WHERE k.holds GROUP BY 1
"""
"""`id` of a record that goes on, and the `level` its claims give; no row for a record that nobody holds."""
