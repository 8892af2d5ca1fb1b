"""Claims: a signed-in person's request that researcher records are theirs, what they show for it, and what became of it.

A module of its own because nothing of it comes from a source: no import writes or reads it, and it is the part of the
database that must be kept where everything else can be imported again. Written by `profiles.flows.claim` and the flows
beside it; the rules are in `profiles.claims`.
"""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from profiles.claims import EVIDENCE, GRANTED, LABELS, OPEN, State
from profiles.models import IdentityEvent, Report, Researcher
from researchgraph.lib.append_only import AppendOnly

STATES = [(state.value, LABELS[state]) for state in State]


class Claim(models.Model):
    """One claim. `level` is what it gives the records it holds; null while it holds none.

    `note` is what the claimant wants curators to know. `due_at` is by when a curator has promised to say something.
    `decided_at` is the last word of a curator or the rule. `effective_at` is when an approval on weak evidence counts;
    null for one that counts already. `proposed_by` would give records that somebody else holds to this claim, and waits
    for a second curator to say the same.
    """

    claimant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    state = models.CharField(max_length=17, choices=STATES, db_default=State.DRAFT.value)
    level = models.SmallIntegerField(null=True)
    note = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["claimant"],
                name="claim_open_one_each",
                condition=models.Q(state__in=sorted(OPEN)),
            ),
            models.CheckConstraint(condition=models.Q(state__in=[state.value for state in State]), name="claim_state"),
            models.CheckConstraint(
                condition=models.Q(level__isnull=True) | models.Q(level__range=(2, 4)), name="claim_level_2_to_4"
            ),
            models.CheckConstraint(
                condition=models.Q(effective_at__isnull=True) | models.Q(state__in=sorted(GRANTED), level__isnull=True),
                name="claim_cools_off_before_it_counts",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="claim_queue_idx"),
            models.Index(
                fields=["effective_at"], name="claim_cooling_idx", condition=models.Q(effective_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"claim {self.pk}: {self.state}"

    def get_absolute_url(self) -> str:
        return f"/claims/{self.pk}/"


class ClaimedRecord(models.Model):
    """A record that a claim is about. `holds`: the record is the claimant's, which it can be of one claim only."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="records", db_index=False)
    researcher = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="claims")
    holds = models.BooleanField(db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "researcher"], name="claimed_record_once"),
            models.UniqueConstraint(
                fields=["researcher"], name="claimed_record_one_winner", condition=models.Q(holds=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.researcher_id} by claim {self.claim_id}"


class EvidenceState(models.TextChoices):
    WAITING = "waiting", "being checked"
    CONFIRMED = "confirmed", "confirmed"
    REFUSED = "refused", "not found"


class ClaimEvidence(models.Model):
    """One piece of evidence. `value` is the iD, the domain, the page or the request to vouch; never an e-mail address.

    `kind` says what a check has found, and is checked again when the claim is sent. `records` are those it speaks for.
    `token` is the hash of the code for a page; the code itself is shown once. `finding` says what was seen.
    """

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=14, choices=sorted(EVIDENCE.items()))
    value = models.TextField()
    state = models.CharField(max_length=9, choices=EvidenceState.choices, db_default="waiting")
    records = ArrayField(models.BigIntegerField(), default=list)
    token = models.BinaryField(max_length=32, null=True)
    finding = models.TextField(blank=True, db_default="")
    added_at = models.DateTimeField(db_default=Now())
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "kind", "value"], name="claim_evidence_once"),
            models.CheckConstraint(condition=models.Q(kind__in=sorted(EVIDENCE)), name="claim_evidence_known_kind"),
        ]
        indexes = [
            models.Index(
                fields=["added_at"],
                name="claim_evidence_waiting_idx",
                condition=models.Q(state="waiting", token__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class VouchAnswer(models.TextChoices):
    YES = "yes", "vouches"
    NO = "no", "does not vouch"


class ClaimVouch(models.Model):
    """A co-author who is asked to vouch for a claim, and the answer; "" while there is none.

    `record` is that of the co-author. The claimant is told the answers, not whose they are, so evidence is named by
    the key of the request, which says nothing of the order in which people were asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="vouches", db_index=False)
    voucher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    record = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="+", db_index=False)
    answer = models.CharField(max_length=3, choices=VouchAnswer.choices, blank=True, db_default="")
    asked_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "voucher"], name="claim_vouch_asked_once"),
            models.CheckConstraint(
                condition=models.Q(answer="", answered_at__isnull=True)
                | models.Q(answer__in=VouchAnswer.values, answered_at__isnull=False),
                name="claim_vouch_answered_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id} for claim {self.claim_id}: {self.answer}"


class ClaimEvent(models.Model):
    """What happened to a claim, for its claimant and for curators; PostgreSQL refuses to change or delete one.

    `actor` is null for the system and for somebody who acted by a link from a mail. `role` is as whom they acted
    (`profiles.claims.Actor`). `before` is "" for the first. `code` is a reason of the library, or a word of ours.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="events", db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    role = models.CharField(max_length=14)
    before = models.CharField(max_length=17, blank=True)
    after = models.CharField(max_length=17)
    code = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)
    happened_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [AppendOnly(name="claim_event_append_only")]
        indexes = [models.Index(fields=["claim", "id"], name="claim_event_claim_idx")]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.before} to {self.after}"


class ClaimDeed(models.Model):
    """An identity event that a claim brought about: what is undone, in one transaction, when it is revoked."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="deeds")
    event = models.OneToOneField(IdentityEvent, on_delete=models.PROTECT, related_name="claim_deed")

    def __str__(self) -> str:
        return f"{self.event_id} by claim {self.claim_id}"


class NoticeKind(models.TextChoices):
    STATE = "state", "The claim has moved"
    RIVAL = "rival", "Somebody claims a record that is yours"
    VOUCH = "vouch", "Somebody asks you to vouch"


class ClaimNotice(models.Model):
    """A mail to be sent: to `user`, or to the address of `report`, which is looked up when it is sent."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=5, choices=NoticeKind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    report = models.ForeignKey(Report, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=17, choices=STATES)
    text = models.TextField(blank=True, db_default="")
    attempts = models.SmallIntegerField(db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, report__isnull=True)
                | models.Q(user__isnull=True, report__isnull=False),
                name="claim_notice_to_one",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="claim_notice_unsent_idx", condition=models.Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of claim {self.claim_id}"


class ClaimReason(models.Model):
    """A reason of the library as curators have changed it, or added to it; above `profiles.claims.REASONS`."""

    code = models.SlugField(max_length=40, primary_key=True)
    text = models.TextField()
    retired = models.BooleanField(db_default=False)

    def __str__(self) -> str:
        return self.code
