"""Tell every follower of what there is to tell, each account once per work, whatever dies when.

One statement claims some news, writes entries for the next accounts and notes how far it came; so either all of it happened
or nothing. An entry that is there is left alone: two things an account follows may have news of one work. The same statement
notes of whom there are entries to be notified (`Untold`).
"""

from __future__ import annotations

from typing import Final

from django.db import transaction

from graph.audience import SAME_RECORD
from researchgraph.lib import bulk

NEWS_A_BATCH: Final = 50
ACCOUNTS_A_BATCH: Final = 2_000
"""Accounts told of one piece of news in one transaction."""
ENTRIES_LOCK: Final = 7_031_004
"""One delivers at a time: entries of an account are there in the order of their keys, so two keys name all between them."""

DELIVER: Final = f"""
    WITH claimed AS (
        SELECT id, kind, subject, work_id, reached FROM graph_news
         WHERE delivered_at IS NULL AND withdrawn_at IS NULL ORDER BY id LIMIT %(news)s FOR UPDATE SKIP LOCKED),
    aimed AS (
        SELECT c.id, c.kind, c.work_id, c.reached, w.created_at AS moment,
               CASE WHEN r.id IS NULL THEN ARRAY[c.subject]
                    ELSE {SAME_RECORD.format(key="coalesce(r.merged_into_id, r.id)")} END AS keys
          FROM claimed c LEFT JOIN works_work w ON w.id = c.work_id
          LEFT JOIN profiles_researcher r ON c.kind = 'researcher' AND r.id = c.subject),
    told AS MATERIALIZED (
        SELECT a.id, a.work_id, f.account_id FROM aimed a CROSS JOIN LATERAL (
            SELECT DISTINCT next.account_id FROM unnest(a.keys) AS k(key) CROSS JOIN LATERAL (
                SELECT f.account_id FROM graph_follow f
                 WHERE f.kind = a.kind AND f.subject = k.key AND f.account_id > a.reached AND f.created_at < a.moment
                 ORDER BY f.account_id LIMIT %(accounts)s) next
             ORDER BY next.account_id LIMIT %(accounts)s) f),
    added AS (
        INSERT INTO graph_feedentry (account_id, work_id)
        SELECT DISTINCT account_id, work_id FROM told ORDER BY account_id, work_id
        ON CONFLICT (account_id, work_id) DO NOTHING RETURNING id, account_id),
    untold AS (
        INSERT INTO graph_untold AS u (account_id, first_entry, last_entry)
        SELECT account_id, min(id), max(id) FROM added GROUP BY account_id ORDER BY account_id
        ON CONFLICT (account_id) DO UPDATE SET last_entry = excluded.last_entry)
    UPDATE graph_news n SET reached = coalesce(t.last, n.reached),
           delivered_at = CASE WHEN coalesce(t.accounts, 0) < %(accounts)s THEN now() END
      FROM claimed c
      LEFT JOIN (SELECT id, max(account_id) AS last, count(*) AS accounts FROM told GROUP BY id) t ON t.id = c.id
     WHERE n.id = c.id
"""  # noqa: S608 - constants


@transaction.atomic
def deliver(*, news: int = NEWS_A_BATCH, accounts: int = ACCOUNTS_A_BATCH) -> int:
    """Tell the next `accounts` followers of up to `news` pieces of news; of how many pieces there was something to do."""
    bulk.run("SELECT pg_advisory_xact_lock(%s)", [ENTRIES_LOCK])
    return bulk.run(DELIVER, {"news": news, "accounts": accounts})
