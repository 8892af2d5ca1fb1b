"""Measures of the whole co-author graph: of each researcher in it, and the numbers of all of it.

Written by `graph.flows.measure`; like all derived rows without foreign keys in the database (docs/decisions/0007).
"""

from __future__ import annotations

from django.db import models

from profiles.models import Researcher


class ResearcherMeasure(models.Model):
    """Where a researcher with co-authors stands in the graph (`graph.measures`).

    `component` and `community` are the smallest key of a researcher in it. `rank` is the PageRank, 1.0 on average: it orders
    what is listed and is never shown, because nobody is ranked here (docs/graph.md).
    """

    researcher = models.OneToOneField(
        Researcher, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    component = models.BigIntegerField()
    community = models.BigIntegerField()
    rank = models.FloatField()

    def __str__(self) -> str:
        return f"{self.researcher_id} in community {self.community}"


class GraphNumbers(models.Model):
    """The graph in numbers, one row. `data` is a `graph.numbers.Numbers` as JSON text.

    `state` says from which state of the stored pairs, "" if more was to come: `graph.flows.measure` begins anew when it has
    changed.
    """

    id = models.SmallIntegerField(primary_key=True, db_default=1)
    state = models.TextField(blank=True)
    data = models.TextField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="graph_numbers_one_row")]

    def __str__(self) -> str:
        return f"the graph as of {self.computed_at}"
