"""Notifications: one for each thing an account is to hear of, whatever dies when. The only writer of them.

A word about a claim has its notification in its own transaction. Records that are joined or parted, and new works, leave a
row in theirs, and workers notify some accounts at a time: one statement writes the notifications and takes the row away, or
notes how far it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from graph.audience import CONCERNED, DECISION, HELD_BY
from graph.flows import news
from graph.notification_models import Notification, NotificationChoice, Occasion, Untold
from researchgraph.lib import bulk

EVENTS_A_BATCH: Final = 50
ACCOUNTS_A_BATCH: Final = 2_000
"""Accounts that are looked at for one event, or notified of new works, in one transaction."""

REMEMBER: Final = f"""
    INSERT INTO graph_occasion (event_id)
    SELECT e.id FROM profiles_identityevent e CROSS JOIN LATERAL ({DECISION.format(event="e.id")}) d
     CROSS JOIN LATERAL (SELECT {CONCERNED.format(event="e")} AS keys) c
     WHERE e.id = ANY(%s)
       AND (EXISTS (SELECT FROM graph_follow f WHERE f.kind = 'researcher' AND f.subject = ANY(c.keys))
            OR EXISTS ({HELD_BY.format(keys="c.keys")}))
     ORDER BY e.id
"""  # noqa: S608 - constants
"""What nobody holds or follows is left alone."""

REARRANGED: Final = f"""
    WITH claimed AS (
        SELECT event_id, marked_at, reached FROM graph_occasion ORDER BY event_id LIMIT %(events)s FOR UPDATE SKIP LOCKED),
    aimed AS (
        SELECT c.event_id, c.marked_at, c.reached, e.actor_id, {CONCERNED.format(event="e")} AS keys,
               (SELECT m.claimant_id FROM profiles_claimdeed d JOIN profiles_claim m ON m.id = d.claim_id
                 WHERE d.event_id = e.id) AS claimant
          FROM claimed c JOIN profiles_identityevent e ON e.id = c.event_id),
    seen AS MATERIALIZED (
        SELECT a.event_id, n.account_id, n.account_id IN (a.actor_id, a.claimant) AS own
          FROM aimed a CROSS JOIN LATERAL (
            SELECT DISTINCT next.account_id FROM (
                SELECT f.account_id FROM unnest(a.keys) AS k(key) CROSS JOIN LATERAL (
                    SELECT f.account_id FROM graph_follow f
                     WHERE f.kind = 'researcher' AND f.subject = k.key AND f.account_id > a.reached
                       AND f.created_at < a.marked_at
                     ORDER BY f.account_id LIMIT %(accounts)s) f
                UNION ALL
                SELECT h.claimant_id FROM ({HELD_BY.format(keys="a.keys")}) h WHERE h.claimant_id > a.reached) next
             ORDER BY next.account_id LIMIT %(accounts)s) n),
    notified AS (
        INSERT INTO graph_notification (account_id, event_id)
        SELECT s.account_id, s.event_id FROM seen s
         WHERE s.own IS NOT TRUE AND NOT EXISTS (
               SELECT FROM graph_notificationchoice h WHERE h.account_id = s.account_id AND NOT h.records)
         ORDER BY s.account_id, s.event_id
        ON CONFLICT (account_id, event_id) DO NOTHING),
    came AS (
        SELECT c.event_id, max(s.account_id) AS last, count(s.account_id) < %(accounts)s AS done
          FROM claimed c LEFT JOIN seen s ON s.event_id = c.event_id GROUP BY c.event_id),
    further AS (
        UPDATE graph_occasion o SET reached = c.last FROM came c WHERE o.event_id = c.event_id AND NOT c.done),
    over AS (
        DELETE FROM graph_occasion o USING came c WHERE o.event_id = c.event_id AND c.done)
    SELECT count(*) FROM claimed
"""  # noqa: S608 - constants
"""Nobody is notified of what they decided themselves, nor of what their own claim brought about."""

WORKS: Final = """
    WITH claimed AS (
        DELETE FROM graph_untold WHERE account_id IN (
            SELECT account_id FROM graph_untold ORDER BY account_id LIMIT %(accounts)s FOR UPDATE SKIP LOCKED)
        RETURNING account_id, first_entry, last_entry),
    notified AS (
        INSERT INTO graph_notification (account_id, first_entry, last_entry)
        SELECT c.account_id, c.first_entry, c.last_entry FROM claimed c
         WHERE NOT EXISTS (SELECT FROM graph_notificationchoice h WHERE h.account_id = c.account_id AND NOT h.works)
           AND EXISTS (SELECT FROM graph_feedentry e
                        WHERE e.account_id = c.account_id AND e.id BETWEEN c.first_entry AND c.last_entry
                          AND e.read_at IS NULL)
         ORDER BY c.account_id)
    SELECT count(*) FROM claimed
"""
"""Of what was read in the feed meanwhile, or rolled back, there is nothing to notify."""


@transaction.atomic
def claims(*, notices: Sequence[int]) -> None:
    """Notify of words about claims whoever they are for, if that is an account."""
    bulk.run(
        """
        INSERT INTO graph_notification (account_id, notice_id)
        SELECT n.user_id, n.id FROM profiles_claimnotice n WHERE n.id = ANY(%s) AND n.user_id IS NOT NULL ORDER BY n.id
        ON CONFLICT (notice_id) DO NOTHING
        """,
        [list(notices)],
    )


@transaction.atomic
def remember(*, events: Sequence[int]) -> bool:
    """Note which of these identity events somebody is to be notified of; whether there are any."""
    return bool(bulk.run(REMEMBER, [list(events)]))


@transaction.atomic
def rearranged(*, events: int = EVENTS_A_BATCH, accounts: int = ACCOUNTS_A_BATCH) -> int:
    """Notify the next `accounts` that hold or follow a record of each of up to `events` events; how many events there were."""
    found: int = bulk.fetch(REARRANGED, {"events": events, "accounts": accounts})[0][0]
    return found


@transaction.atomic
def works(*, accounts: int = ACCOUNTS_A_BATCH) -> int:
    """Notify the next accounts of what is new in their feeds, each in one line; how many there were.

    Waits until feeds are at rest, so that one import makes one line.
    """
    if news.waiting():
        return 0
    found: int = bulk.fetch(WORKS, {"accounts": accounts})[0][0]
    return found


def waiting() -> bool:
    """Whether anybody is still to be notified."""
    return Occasion.objects.exists() or Untold.objects.exists()


@transaction.atomic
def read(*, account: int, upto: int) -> int:
    """Take the unread mark off all up to this one, the newest when the page was made; off how many."""
    return bulk.run(
        "UPDATE graph_notification SET read_at = now() WHERE account_id = %s AND read_at IS NULL AND id <= %s",
        [account, upto],
    )


@transaction.atomic
def read_with_feed(*, account: int, upto: int) -> int:
    """Take the unread mark off those about entries that were read in the feed, which are all up to this one; off how many."""
    return bulk.run(
        "UPDATE graph_notification SET read_at = now() WHERE account_id = %s AND read_at IS NULL AND last_entry <= %s",
        [account, upto],
    )


@transaction.atomic
def choose(*, account: int, records: bool, works: bool) -> None:
    """Note what the account wants to hear from now on."""
    bulk.run(
        """
        INSERT INTO graph_notificationchoice (account_id, records, works) VALUES (%s, %s, %s)
        ON CONFLICT (account_id) DO UPDATE SET records = excluded.records, works = excluded.works
        """,
        [account, records, works],
    )


@transaction.atomic
def forget(*, account: int) -> None:
    """Forget what the account was notified of and what it wanted to hear."""
    for kept in (Notification, NotificationChoice, Untold):
        kept.objects.filter(account_id=account).delete()
