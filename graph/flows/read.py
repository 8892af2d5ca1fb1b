"""What an account has seen of its feed."""

from __future__ import annotations

from django.db import transaction

from graph.flows import notify
from researchgraph.lib import bulk


@transaction.atomic
def read(*, account: int, upto: int) -> int:
    """Take the unread mark off all entries up to this one, the newest that was shown, and off what told of them; off how many."""
    notify.read_with_feed(account=account, upto=upto)
    return bulk.run(
        "UPDATE graph_feedentry SET read_at = now() WHERE account_id = %s AND read_at IS NULL AND id <= %s",
        [account, upto],
    )
