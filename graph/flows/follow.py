"""Follow a researcher, a topic or an institution, and stop doing so. Doing either twice changes nothing."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from graph.audience import SAME_RECORD
from graph.follow_models import FeedAddress, FeedEntry, Follow, FollowKind
from researchgraph.lib import bulk

_THERE: Final = {
    FollowKind.RESEARCHER: "SELECT id FROM profiles_researcher WHERE id = %s AND removed_at IS NULL",
    FollowKind.TOPIC: "SELECT id FROM works_topic WHERE id = %s",
    FollowKind.INSTITUTION: "SELECT id FROM profiles_institution WHERE id = %s",
}


@transaction.atomic
def follow(*, account: int, kind: FollowKind, subject: int) -> bool:
    """Let the account hear of new works from now on; whether it did not before. Never of a record that was taken down."""
    added = bulk.run(
        f"""
        INSERT INTO graph_follow (account_id, kind, subject)
        SELECT %s, %s, there.id FROM ({_THERE[kind]}) there ON CONFLICT DO NOTHING
        """,  # noqa: S608 - our own words
        [account, kind.value, subject],
    )
    return bool(added)


@transaction.atomic
def unfollow(*, account: int, kind: FollowKind, subject: int) -> bool:
    """Stop following, also under the addresses that lead to the same record by now; whether there was anything to stop."""
    keys = SAME_RECORD.format(key="%s") if kind == FollowKind.RESEARCHER else "ARRAY[%s, %s]::bigint[]"
    removed = bulk.run(
        f"DELETE FROM graph_follow WHERE account_id = %s AND kind = %s AND subject = ANY({keys})",  # noqa: S608 - our own words
        [account, kind.value, subject, subject],
    )
    return bool(removed)


@transaction.atomic
def forget(*, account: int) -> None:
    """Forget what the account follows, what it was told, and its secret address."""
    for kept in (Follow, FeedEntry, FeedAddress):
        kept.objects.filter(account_id=account).delete()
