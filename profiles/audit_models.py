"""Seals of what people have decided. A module of its own, because a seal names rows of every log and knows none of them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from researchgraph.lib.append_only import AppendOnly


class AuditSeal(models.Model):
    """So many events of one log as they were, chained to the seal before; PostgreSQL refuses to change or delete one.

    `events` are the keys of rows up to `upto`, and `hashes` their SHA-256, 32 bytes each, in that order. `seal` is a keyed
    hash of all that and of the log's seal before: whoever rewrites the database has to know the site's secret key as well.
    Written by `profiles.flows.seal`.
    """

    log = models.CharField(max_length=40)
    upto = models.BigIntegerField()
    events = ArrayField(models.BigIntegerField())
    hashes = models.BinaryField()
    seal = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "upto"], name="audit_seal_in_turn"),
            AppendOnly(name="audit_seal_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.log} up to {self.upto}"
