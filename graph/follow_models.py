"""Who follows what, what there is to tell, and whom it was told.

A follow connects an account with a researcher, a topic or an institution, so it stands above works and profiles. All three
are named by kind and key, because they are told of alike; none of them is ever deleted. Who follows whom is never public.

From fact to feed: whatever may be news marks a record or a work as stale in its own transaction (`graph.receivers`), `News` is
what follows from the stored facts (`graph.flows.news`), and `FeedEntry` is that for one account (`graph.flows.deliver`).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from works.models import Work


class FollowKind(models.TextChoices):
    """What can be followed. With an s it is the first word of the address."""

    RESEARCHER = "researcher", "Researcher"
    TOPIC = "topic", "Topic"
    INSTITUTION = "institution", "Institution"


class Follow(models.Model):
    """An account follows something since then. Written by `graph.flows.follow`.

    `subject` is the key of what was followed. Of a researcher merged into another one it stays that of the first:
    `graph.audience` reads it through the redirect.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows", db_index=False
    )
    kind = models.CharField(max_length=11, choices=FollowKind.choices)
    subject = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "subject"], name="follow_once"),
            models.CheckConstraint(condition=models.Q(kind__in=FollowKind.values), name="follow_known_kind"),
        ]
        indexes = [
            models.Index(fields=["kind", "subject", "account"], name="follow_audience_idx"),
            models.Index(fields=["kind", "subject", "created_at"], name="follow_since_idx"),
            models.Index(fields=["account", "-id"], name="follow_latest_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} follows {self.kind} {self.subject}"


class StaleFeedKind(models.TextChoices):
    RESEARCHER = "researcher", "Researcher"
    WORK = "work", "Work"


class StaleFeed(models.Model):
    """A researcher or a work of which there may be news. A row is the truth; a task is only a wake-up."""

    kind = models.CharField(max_length=10, choices=StaleFeedKind.choices)
    subject = models.BigIntegerField()
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="stale_feed_once")]

    def __str__(self) -> str:
        return f"stale {self.kind} {self.subject}"


class News(models.Model):
    """A work that is new at something that is followed. Written by `graph.flows.news`; gone with a work that is rolled back.

    `withdrawn_at` is since when the work is not listed there any more. `reached` is the last account that was told, in the
    order of their keys, and `delivered_at` is set when all have been.
    """

    kind = models.CharField(max_length=11, choices=FollowKind.choices)
    subject = models.BigIntegerField()
    work = models.ForeignKey(Work, on_delete=models.CASCADE, db_constraint=False, related_name="news")
    withdrawn_at = models.DateTimeField(null=True)
    reached = models.BigIntegerField(db_default=0)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject", "work"], name="news_once")]
        indexes = [
            models.Index(
                fields=["id"],
                name="news_to_deliver_idx",
                condition=models.Q(delivered_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"work {self.work_id} at {self.kind} {self.subject}"


class FeedEntry(models.Model):
    """A work that an account was told of, once for all that it follows. Written by `graph.flows.deliver` and `read`.

    What it was told for is `News` of the work at what the account follows.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    work = models.ForeignKey(Work, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "work"], name="feed_entry_once")]
        indexes = [
            models.Index(fields=["account", "-id"], name="feed_entry_latest_idx"),
            models.Index(fields=["account"], name="feed_entry_unread_idx", condition=models.Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"work {self.work_id} for {self.account_id}"


class FeedAddress(models.Model):
    """The secret address of an account's own feed, as the SHA-256 of its secret: the address itself is shown once."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="feed_address"
    )
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["secret_sha256"], name="feed_address_once")]

    def __str__(self) -> str:
        return f"feed of {self.account_id}"
