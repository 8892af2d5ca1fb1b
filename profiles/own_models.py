"""What authors say on the pages of their claimed records (written by `profiles.flows.owning`), ask for (by `works.adding`),
wish for with a claim (by `profiles.flows.claims.wish`) and propose to curators (by `works.proposals`).

Like claims, nothing of it comes from a source and no import writes it. The fields and what is in force are in
`profiles.statements`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from profiles.claim_models import Claim
from profiles.models import Researcher
from profiles.statements import LABELS, Field
from works.decision_models import WorkCorrection
from works.models import ImportRun, Work


class OwnStatement(models.Model):
    """One value that an author gave a field, or a curator took down. The newest of a field counts.

    `claim` is the one that held the record then; its statements count while it holds. `value` has the shape of the field
    (`profiles.statements.SHAPES`). Kept until the account is deleted, so that everything can be put back.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="statements")
    researcher = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="statements", db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    field = models.CharField(max_length=13, choices=sorted(LABELS.items()))
    value = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(field__in=[field.value for field in Field]), name="own_statement_known_field"
            ),
        ]
        indexes = [models.Index(fields=["researcher", "field", "-id"], name="own_statement_newest_idx")]

    def __str__(self) -> str:
        return f"{self.field} of {self.researcher_id}"


class LinkBack(models.Model):
    """Whether a page that an author has named links back to the record. Looked at again from time to time."""

    researcher = models.ForeignKey(Researcher, on_delete=models.CASCADE, related_name="link_backs", db_index=False)
    url = models.TextField()
    found = models.BooleanField(db_default=False)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["researcher", "url"], name="link_back_once")]
        indexes = [models.Index(fields=["checked_at"], name="link_back_due_idx")]

    def __str__(self) -> str:
        return self.url


class Addition(models.Model):
    """Works that an author has asked to be imported: by an identifier ("doi:10.1000/c1") or a file ("file:" and its hash).

    `run` looks for them; several authors may have asked for the same. Where a service knows nothing, the next one's run
    takes its place. Revoking the claim has the run rolled back, unless somebody else's claim has asked for it as well.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="additions", db_index=False)
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="additions")
    asked = models.TextField()
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "asked"], name="addition_once")]
        indexes = [models.Index(fields=["asked"], name="addition_asked_idx")]

    def __str__(self) -> str:
        return self.asked


class BylineWish(models.Model):
    """A byline that nobody holds, and that a claimant says is theirs: confirmed once the claim is granted, if it can be then.

    `byline` is its key, which works that are joined meanwhile carry over (`CarriedByline`).
    """

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="wishes", db_index=False)
    byline = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "byline"], name="byline_wish_once")]

    def __str__(self) -> str:
        return f"byline {self.byline} with claim {self.claim_id}"


class ProposalState(models.TextChoices):
    OPEN = "open", "waits for a curator"
    ACCEPTED = "accepted", "accepted"
    DECLINED = "declined", "declined"
    WITHDRAWN = "withdrawn", "withdrawn"


class Proposal(models.Model):
    """What an author says is wrong about a work of theirs, until a curator has answered.

    `field` is one that can be corrected, "authors", or "other" for anything else; `value` is what is right, checked for a field
    that can be corrected ("": it has none). `correction` is what accepting it has made.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="proposals")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="proposals", db_index=False
    )
    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="proposals")
    field = models.CharField(max_length=20)
    value = models.TextField(blank=True)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=ProposalState.choices, db_default="open")
    answer = models.TextField(blank=True, db_default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    correction = models.ForeignKey(
        WorkCorrection, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    made_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["author", "work", "field"], name="proposal_open_one_each", condition=models.Q(state="open")
            ),
        ]
        indexes = [
            models.Index(fields=["author", "-id"], name="proposal_author_idx"),
            models.Index(fields=["id"], name="proposal_open_idx", condition=models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.work_id}"
