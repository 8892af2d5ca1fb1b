"""What accounts are notified of, what of it still waits to be told, and what they want to hear.

A notification says nothing itself. It points to what it is about, and `graph.notification_selectors` puts that into words when
it is shown: so it says what is true by then, and nothing that holds a name or a decision is written twice.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from profiles.claim_models import ClaimNotice
from profiles.models import IdentityEvent


class Notification(models.Model):
    """One line for one account. Written by `graph.flows.notify`.

    It is about one of three things: a word about a claim (`notice`), records that were joined or parted (`event`), or new
    works, which are the entries of the account's feed from `first_entry` to `last_entry`.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    notice = models.OneToOneField(ClaimNotice, null=True, on_delete=models.CASCADE, related_name="+")
    event = models.ForeignKey(IdentityEvent, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_entry = models.BigIntegerField(null=True)
    last_entry = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "event"], name="notification_of_event_once"),
            models.UniqueConstraint(fields=["account", "last_entry"], name="notification_of_works_once"),
            models.CheckConstraint(
                condition=models.Q(notice__isnull=False, event__isnull=True, first_entry__isnull=True)
                | models.Q(notice__isnull=True, event__isnull=False, first_entry__isnull=True)
                | models.Q(notice__isnull=True, event__isnull=True, first_entry__isnull=False),
                name="notification_of_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(first_entry__isnull=True, last_entry__isnull=True)
                | models.Q(
                    first_entry__isnull=False, last_entry__gte=models.F("first_entry"), last_entry__isnull=False
                ),
                name="notification_entries_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="notification_latest_idx"),
            models.Index(fields=["account"], name="notification_unread_idx", condition=models.Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk} for {self.account_id}"


class Occasion(models.Model):
    """An identity event that accounts are still to be notified of. A row is the truth; a task is only a wake-up.

    `reached` is the last account that was looked at, in the order of their keys. Who follows since after `marked_at` does not
    hear of it.
    """

    event = models.OneToOneField(IdentityEvent, primary_key=True, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField(db_default=Now())
    reached = models.BigIntegerField(db_default=0)

    def __str__(self) -> str:
        return f"event {self.event_id}"


class Untold(models.Model):
    """Entries of an account's feed that no notification speaks of yet. Written with them by `graph.flows.deliver`."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    first_entry = models.BigIntegerField()
    last_entry = models.BigIntegerField()

    def __str__(self) -> str:
        return f"entries {self.first_entry} to {self.last_entry} of {self.account_id}"


class NotificationChoice(models.Model):
    """What an account wants to hear; one without a row hears everything. Of claims it hears in any case.

    `records`: that a record which is theirs, or which they follow, was joined or parted. `works`: new works of what they
    follow. What happens while they do not want to hear of it is not told later.
    """

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    records = models.BooleanField(db_default=True)
    works = models.BooleanField(db_default=True)

    def __str__(self) -> str:
        return f"choice of {self.account_id}"
