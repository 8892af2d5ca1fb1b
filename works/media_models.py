"""What podcasts say about works."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from works.models import SourceRecord, Work


class Episode(models.Model):
    """One episode of a podcast, of which nothing but the title is kept for people. Written by `works.ingest.entities`.

    `identifiers` ("arxiv:2203.05482") are what its notes name works by, `title_keys` the normalised texts that may be titles
    of works. Which works it mentions is decided by `works.ingest.media` after every import, so it may come before them.
    """

    record = models.OneToOneField(SourceRecord, on_delete=models.CASCADE, related_name="episode")
    title = models.TextField()
    show = models.TextField(blank=True)
    link = models.TextField(blank=True)
    date = models.CharField(max_length=10, blank=True)
    seconds = models.IntegerField(null=True)
    identifiers = ArrayField(models.TextField(), default=list)
    title_keys = ArrayField(models.TextField(), default=list)

    def __str__(self) -> str:
        return self.title


class MentionKind(models.TextChoices):
    IDENTIFIER = "identifier", "Named by an identifier"
    CONFIRMED = "confirmed", "Confirmed by a person"
    REFUSED = "refused", "A person said that it is another work"


class MediaMention(models.Model):
    """An episode speaks of a work; or, if a person refused it, does not. A mention is never counted as a work.

    An equal title alone makes no mention: it makes an open `Review` of the kind "media-match", whose subject is
    "episode:work". What a person answered stays with the work that was asked about; while that has joined another one,
    a `carried` mention stands in its place there.
    """

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="mentions")
    kind = models.CharField(max_length=10, choices=MentionKind.choices)
    evidence = models.JSONField(default=list)
    carried = models.BooleanField(db_default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["episode", "work"], name="media_mention_once")]

    def __str__(self) -> str:
        return f"{self.episode_id} on {self.work_id}"
