"""What people decide about works: corrections, which are one, and the questions they are asked."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from researchgraph.lib.append_only import AppendOnly
from works.decisions import WorkEventKind
from works.models import Work


class CorrectionOrigin(models.TextChoices):
    """Who may correct a work; a curator's value stands above an author's, and both above every source.

    What an author says of a work counts once a curator has accepted it (`works.proposals`).
    """

    CURATOR = "curator", "a curator"
    AUTHOR = "author", "the author, accepted by a curator"


class WorkCorrection(models.Model):
    """A field of a work as a person says it is; "" says that it has none. Never changed but to be undone.

    Of those of one work, field and origin that are not undone the newest holds (`works.ingest.corrections`).
    """

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="corrections")
    field = models.CharField(max_length=20)
    value = models.TextField(blank=True)
    origin = models.CharField(max_length=8, choices=CorrectionOrigin.choices)
    reason = models.TextField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return f"{self.field} of {self.work_id}"


class WorkEvent(models.Model):
    """An append-only decision of a person about works (`works.decisions.WorkEventKind`); PostgreSQL refuses to change one.

    `records` are the source records concerned, `before` the work each belonged to and `after` the one it belongs to since;
    of an undoing that parts works they are those that it moved, and `after` is the work each is of, joined or not.
    `bylines` are those printed on the two works of a join, as `works.flows.bylines.Noted`, so that they come back under
    their keys. `review` is the key of the question that was answered, if one was. `byline` is the key of the byline that a
    decision about an `identifier` ("orcid:0000-...") is on; it counts for the byline that carries it on (`CarriedByline`).
    """

    kind = models.CharField(max_length=20, choices=[(kind.value, kind.name.title()) for kind in WorkEventKind])
    work = models.ForeignKey(Work, null=True, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Work, null=True, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="work_events", db_index=False
    )
    reason = models.TextField(blank=True, db_default="")
    review = models.BigIntegerField(null=True)
    records = ArrayField(models.BigIntegerField(), default=list)
    before = ArrayField(models.BigIntegerField(), default=list)
    after = ArrayField(models.BigIntegerField(), default=list)
    bylines = models.JSONField(default=list)
    byline = models.BigIntegerField(null=True)
    identifier = models.TextField(blank=True, db_default="")
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    happened_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["identifier"], name="work_event_identifier_idx", condition=~models.Q(identifier="")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in WorkEventKind]), name="work_event_known_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(kind=WorkEventKind.UNDONE.value, undoes__isnull=False)
                | (~models.Q(kind=WorkEventKind.UNDONE.value) & models.Q(undoes__isnull=True)),
                name="work_event_undoes_something",
            ),
            AppendOnly(name="work_event_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.work_id}"


class WorkDistinction(models.Model):
    """A person has said that two works are two. Follows from the work events; no import makes them one.

    Names the works that go on for those the person saw; `work` has the lower key.
    """

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(WorkEvent, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["work", "other"], name="work_distinction_once"),
            models.CheckConstraint(
                condition=models.Q(work__lt=models.F("other")), name="work_distinction_lower_key_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_id} is not {self.other_id}"


class KnownAs(models.Model):
    """What a work stated before another one joined it, so that records of it are found by that still. Follows from the events."""

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="+")
    title_key = models.TextField()
    year = models.SmallIntegerField(null=True)
    author_keys = ArrayField(models.TextField())

    class Meta:
        indexes = [models.Index(models.Func("title_key", function="md5"), name="known_as_title_idx")]

    def __str__(self) -> str:
        return f"{self.work_id} as {self.title_key}"


class CarriedByline(models.Model):
    """A byline of a work that joined another one lives on as the same author's byline there. Follows from the work events.

    Identity events that name `byline` count for `carrier`; both are keys of bylines, and `byline` is gone while this row is
    there. `holder` and `carrier_holder` had them: whose events have to be read together.
    """

    byline = models.BigIntegerField(primary_key=True)
    carrier = models.BigIntegerField()
    holder = models.BigIntegerField(null=True)
    carrier_holder = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["carrier"], name="carried_byline_carrier_idx")]

    def __str__(self) -> str:
        return f"{self.byline} as {self.carrier}"


class Review(models.Model):
    """A question for a curator. `subject` is what it is about, unique per kind, so that asking twice asks once.

    Whether it is still one is said by `works.questions`. `assigned_to` looks after it; `postponed_by` found that nothing
    can be said while it stands as `postponed_state` names it.
    """

    kind = models.CharField(
        max_length=24,
        choices=[
            ("work-match", "Is this the same work?"),
            ("identifier-conflict", "Conflicting identifiers"),
            ("media-match", "Does this episode speak of this work?"),
        ],
    )
    subject = models.TextField()
    work = models.ForeignKey(Work, null=True, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    candidates = ArrayField(models.BigIntegerField(), default=list)
    evidence = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=[("open", "Open"), ("closed", "Closed")], db_default="open")
    created_at = models.DateTimeField(db_default=Now())
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    postponed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    postponed_state = models.CharField(max_length=32, blank=True, db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="review_asked_once")]
        indexes = [models.Index(fields=["work"], name="work_review_work_idx")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"
