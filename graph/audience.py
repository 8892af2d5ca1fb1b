"""Who hears of what, as pieces of SQL. Pure.

A follow names the record that was followed, for ever. Whose it is now is read through the redirect, which is one hop and is
taken away when a merge is undone: so followers of a merged record follow its target, and an undoing gives them back, without
a row being moved. A record made by a split has an address of its own, and nobody follows it yet.
"""

from __future__ import annotations

from typing import Final

COUNTED: Final = 1_000
"""Followers are counted up to here; a page says "1,000 or more" then. So a count costs the same for everybody."""


def counted(followers: int) -> str:
    """A number of followers in figures, as far as they were counted."""
    return f"{COUNTED:,}+" if followers >= COUNTED else f"{followers:,}"


SAME_RECORD: Final = "ARRAY(SELECT g.id FROM profiles_researcher g WHERE g.id = {key} OR g.merged_into_id = {key})"
"""The keys of a record and of all that were merged into it, for its key."""

CONCERNED: Final = """
    ARRAY(SELECT DISTINCT m.id FROM profiles_researcher n
            JOIN profiles_researcher m ON coalesce(n.merged_into_id, n.id) IN (m.id, m.merged_into_id)
           WHERE n.id IN ({event}.researcher_id, {event}.other_id) ORDER BY m.id)
"""
"""The keys of all records that are one with a record an identity event names."""

HELD_BY: Final = """
    SELECT granted.claimant_id FROM profiles_claimedrecord held JOIN profiles_claim granted ON granted.id = held.claim_id
     WHERE held.holds AND held.researcher_id = ANY({keys})
"""
"""The accounts whose one of these records is, by a claim that was granted."""

DECISION: Final = """
    SELECT back.id, back.kind, back.turns FROM (
        WITH RECURSIVE back AS (
            SELECT b.id, b.kind, b.undoes_id, 0 AS turns FROM profiles_identityevent b WHERE b.id = {event}
            UNION ALL
            SELECT b.id, b.kind, b.undoes_id, l.turns + 1 FROM back l JOIN profiles_identityevent b ON b.id = l.undoes_id)
        SELECT * FROM back) back
     WHERE back.undoes_id IS NULL AND back.kind IN ('researcher:merged', 'researcher:split')
"""
"""The joining or parting that an identity event is or is about: undone if `turns` is odd, else done, or done again."""

FOLLOWERS: Final = f"""
    (SELECT count(*) FROM (
        SELECT FROM unnest({{keys}}) AS s(key) JOIN graph_follow f ON f.kind = '{{kind}}' AND f.subject = s.key
         WHERE NOT (cardinality({{keys}}) > 1 AND EXISTS (
               SELECT FROM graph_follow o WHERE o.account_id = f.account_id AND o.kind = '{{kind}}'
                  AND o.subject = ANY({{keys}}) AND o.subject < f.subject))
         LIMIT {COUNTED}) counted)
"""  # noqa: S608 - constants
"""How many accounts follow one of these records, each once; `keys` is an array."""

FOLLOWS: Final = """
    EXISTS (SELECT FROM graph_follow f
             WHERE f.account_id = {account} AND f.kind = {kind} AND f.subject = ANY({keys}) OFFSET 0)
"""
"""Whether an account follows one of these records. OFFSET has it looked up by key, not joined with all the account follows."""
