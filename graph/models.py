"""How connected: derived rows, replaced whole for a researcher, never edited. Written by `graph.flows.recompute`.

Rows written anew with every recomputation have no foreign keys in the database: they are made from rows read in the
same transaction, and checking each of them again cost a fifth of the time (docs/benchmarks.md).
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from profiles.models import Researcher
from works.models import Topic


class ClockTimestamp(models.Func):
    """The time by the clock, where `now()` is the beginning of the transaction."""

    function = "clock_timestamp"
    arity = 0
    output_field = models.DateTimeField()


class CoauthorEdge(models.Model):
    """Two researchers who share works. `a` has the smaller key; `weight` is the sum of 1/(authors - 1).

    `recent` is that sum with recent works counting more, as of the year 2000 (`graph.recency`): it ranks people, and no
    row depends on the day it was written.
    """

    a = models.ForeignKey(Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="+", db_index=False)
    b = models.ForeignKey(Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    weight = models.FloatField()
    works = models.IntegerField()
    first_year = models.SmallIntegerField(null=True)
    last_year = models.SmallIntegerField(null=True)
    recent = models.FloatField(db_default=0.0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["a", "b"], name="coauthor_edge_once"),
            models.CheckConstraint(condition=models.Q(a__lt=models.F("b")), name="coauthor_edge_a_before_b"),
            models.CheckConstraint(condition=models.Q(weight__gt=0), name="coauthor_edge_weight_positive"),
            models.CheckConstraint(condition=models.Q(recent__gte=0), name="coauthor_edge_recent_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.a_id} with {self.b_id}"


class ResearcherTopic(models.Model):
    """How many works of a researcher carry a topic."""

    researcher = models.ForeignKey(
        Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="topics", db_index=False
    )
    topic = models.ForeignKey(
        Topic, on_delete=models.CASCADE, db_constraint=False, related_name="researchers", db_index=False
    )
    works = models.IntegerField()
    first_year = models.SmallIntegerField(null=True)
    last_year = models.SmallIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["researcher", "topic"], name="researcher_topic_once")]
        indexes = [models.Index(fields=["topic", "-works"], name="researcher_topic_people_idx")]

    def __str__(self) -> str:
        return f"{self.researcher_id} on {self.topic_id}"


class EgoGraphSnapshot(models.Model):
    """Everybody a researcher shares works with, ranked, and the positions of the picture. See `graph.layout`.

    `data` is a `graph.snapshots.EgoGraph` as JSON text: written and read whole, so the database need not parse it.
    """

    researcher = models.OneToOneField(
        Researcher, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="ego_graph"
    )
    data = models.TextField()
    computed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"around {self.researcher_id}"


class ProfileSnapshot(models.Model):
    """The summary a profile page prints: counters, names, identifiers, affiliations, topics, years, facets.

    `data` is a `graph.snapshots.Profile` as JSON text. `computed_at` differs with every recomputation, also of two in one
    transaction: it names the state of the record (`profiles.selectors.Stamp`).
    """

    researcher = models.OneToOneField(
        Researcher, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="snapshot"
    )
    data = models.TextField()
    computed_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"summary of {self.researcher_id}"


class TrustModel(models.Model):
    """Weights under which receipts were computed, one row each, written when first used and never changed.

    `weights` is a `graph.trust_model.Weights` as JSON text. So a receipt can be explained after the operator weighs otherwise.
    """

    version = models.CharField(max_length=40, primary_key=True)
    weights = models.TextField()
    first_used_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.version


class TrustSnapshot(models.Model):
    """A trust receipt: confidence in the record. One row per change of its inputs or weights; `current` marks the last.

    `inputs` are those of `graph.trust.receipt`, which gives the components and their sentences. `inputs_hash` is their
    SHA-256 under `model_version`: equal hash, equal score.
    """

    researcher = models.ForeignKey(Researcher, on_delete=models.CASCADE, related_name="trust", db_index=False)
    score = models.SmallIntegerField()
    inputs = models.JSONField()
    model_version = models.ForeignKey(
        TrustModel, on_delete=models.PROTECT, db_column="model_version", db_index=False, related_name="+"
    )
    inputs_hash = models.CharField(max_length=64)
    cause = models.TextField()
    current = models.BooleanField(db_default=True)
    computed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(score__range=(0, 100)), name="trust_score_0_to_100"),
            models.UniqueConstraint(fields=["researcher"], condition=models.Q(current=True), name="trust_one_current"),
        ]
        indexes = [models.Index(fields=["researcher", "-computed_at"], name="trust_history_idx")]

    def __str__(self) -> str:
        return f"{self.score} of 100 for {self.researcher_id}"


class Surroundings(models.Model):
    """What a receipt takes from the records of others. Whom none of it concerns has no row.

    `verified` counts co-authors with verified records; `given` and `carried` are the trust that reaches the researcher, in
    hundredths of a full tie (`graph.trust_flow`). `shared` counts ORCID iDs that another record carries as well. Written
    by `graph.flows.network` alone.
    """

    researcher = models.OneToOneField(
        Researcher, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    verified = models.IntegerField()
    given = models.IntegerField()
    carried = models.IntegerField()
    shared = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.given} + {self.carried} for {self.researcher_id}"


class SurroundingsState(models.Model):
    """For which verified records and weights the rows of `Surroundings` are; one row, or none
    where nobody is verified.
    """

    stamp = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return self.stamp


class StaleSurroundings(models.Model):
    """Pairs of co-authors or ORCID iDs have changed since `Surroundings` was computed. Each batch marks by a row of its own, so
    that none waits for another.
    """

    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"changed, {self.pk}"


class StaleResearcher(models.Model):
    """A researcher whose derived rows must be recomputed, and the cause to print. A row is the truth, a task a wake-up."""

    researcher = models.OneToOneField(
        Researcher, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    cause = models.TextField(blank=True)
    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"stale {self.researcher_id}"
