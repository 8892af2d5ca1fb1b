"""Who: researchers, their names and identifiers, institutions, and what was decided about identity.

Names, name tokens, identifiers and affiliations of a researcher are derived by `graph.flows.recompute` and, like the
rows in `graph.models`, have no foreign keys in the database.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from profiles.ledger import EventKind
from researchgraph.lib.append_only import AppendOnly
from researchgraph.lib.public_ids import address


class VerificationLevel(models.IntegerChoices):
    """How a record was put together. A statement about the record, never about the person."""

    NAME_ONLY = 0, "Name only"
    ASSEMBLED = 1, "Assembled from identified sources"
    AUTHENTICATED = 2, "ORCID iD confirmed by sign-in, or strong proof"
    INSTITUTION = 3, "Authenticated, and an institution confirmed"
    CURATOR = 4, "Checked by a curator"


class Researcher(models.Model):
    """The public author record. Written by `profiles.flows`; the counters by `graph.flows.recompute`.

    `block_key` is family name and first initial (see `profiles.names`), `name_key` the full
    normalised name. `merged_into` is set when the record was joined to another, `merged_at` since when: its address then
    redirects. `removed_at` is set while the record is taken down, and `withheld` with it if the person asked not to be
    named. These follow from the identity events.

    `chosen_name` is what the person wants to be called, "" for nothing chosen; `printed_name` the same for the record with
    all that was merged into it: it stands on every byline (`profiles.printed`). `listed_under` is the block key people find
    the record by: that of the printed name. `hide_followers` says that pages do not tell how many follow it.
    """

    public_id = models.CharField(max_length=10)
    display_name = models.TextField()
    sort_name = models.TextField()
    native_name = models.TextField(blank=True, db_default="")
    slug = models.CharField(max_length=80, blank=True)
    name_key = models.TextField()
    block_key = models.TextField()
    verification_level = models.SmallIntegerField(choices=VerificationLevel.choices, db_default=0)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged", db_index=False
    )
    merged_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    withheld = models.BooleanField(db_default=False)
    chosen_name = models.TextField(blank=True, db_default="")
    printed_name = models.TextField(blank=True, db_default="")
    old_names_searchable = models.BooleanField(db_default=False)
    hide_followers = models.BooleanField(db_default=False)
    listed_under = models.TextField()
    works_count = models.IntegerField(db_default=0)
    first_year = models.SmallIntegerField(null=True, blank=True)
    last_year = models.SmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["listed_under"], name="researcher_listed_idx"),
            models.Index(fields=["name_key"], name="researcher_name_key_idx"),
            models.Index(
                fields=["merged_into"], name="researcher_merged_idx", condition=models.Q(merged_into__isnull=False)
            ),
            models.Index(
                fields=["removed_at"], name="researcher_removed_idx", condition=models.Q(removed_at__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="researcher_public_id_once"),
            models.CheckConstraint(
                condition=models.Q(verification_level__range=(0, 4)), name="researcher_level_0_to_4"
            ),
            models.CheckConstraint(condition=models.Q(works_count__gte=0), name="researcher_works_not_negative"),
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="researcher_not_merged_into_itself"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True, merged_at__isnull=True)
                | models.Q(merged_into__isnull=False, merged_at__isnull=False),
                name="researcher_merged_since",
            ),
            models.CheckConstraint(condition=~models.Q(display_name=""), name="researcher_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(withheld=False) | models.Q(removed_at__isnull=False),
                name="researcher_withheld_is_taken_down",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def get_absolute_url(self) -> str:
        return address("researchers", self.public_id, self.slug)


class GuardedName(models.Model):
    """A spelling of somebody who is not named, or under another name: not printed while nobody holds the byline.

    Kept by `profiles.flows.naming`, from all bylines the record holds.
    """

    researcher = models.ForeignKey(Researcher, on_delete=models.CASCADE, related_name="guarded_names")
    block_key = models.TextField()
    name_key = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["block_key", "name_key", "researcher"], name="guarded_name_once"),
        ]

    def __str__(self) -> str:
        return self.name_key


class ResearcherName(models.Model):
    """One spelling seen on bylines. `search_key` is folded (no accents, lower case, one space)."""

    researcher = models.ForeignKey(
        Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="names", db_index=False
    )
    name = models.TextField()
    search_key = models.TextField()
    bylines = models.IntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["researcher", "name"], name="researcher_name_once")]

    def __str__(self) -> str:
        return self.name


class NameToken(models.Model):
    """One word of one spelling, for search by prefix: most works first inside one token."""

    token = models.TextField()
    researcher = models.ForeignKey(Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "researcher"], name="name_token_once")]
        indexes = [models.Index(fields=["token"], name="name_token_prefix_idx", opclasses=["text_pattern_ops"])]

    def __str__(self) -> str:
        return self.token


class ResearcherIdentifier(models.Model):
    """An external id that bylines of this researcher carry, and on how many."""

    researcher = models.ForeignKey(
        Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="identifiers", db_index=False
    )
    scheme = models.CharField(max_length=20)
    value = models.TextField()
    bylines = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["researcher", "scheme", "value"], name="researcher_identifier_once"),
        ]
        indexes = [models.Index(fields=["scheme", "value"], name="researcher_identifier_idx")]

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class RegistryEntry(models.Model):
    """What a registry of organizations states about one of them. Written by `works.ingest.entities`.

    `record` is the key of its source record, without a foreign key because works rest on profiles. `identity` is the ROR
    id, else what else the registry calls it ("openalex:I27837315"): entries of two registries with one identity are one
    organization. `keys` are the normalised labels and aliases (not the acronyms, which many share). `successors` are
    pairs of ROR id and name.
    """

    record = models.BigIntegerField()
    source = models.CharField(max_length=40)
    identity = models.CharField(max_length=40)
    ror = models.CharField(max_length=9, blank=True)
    name = models.TextField()
    names = ArrayField(models.TextField(), default=list)
    acronyms = ArrayField(models.TextField(), default=list)
    keys = ArrayField(models.TextField(), default=list)
    country = models.CharField(max_length=2, blank=True)
    country_name = models.TextField(blank=True)
    city = models.TextField(blank=True)
    homepage = models.TextField(blank=True)
    kinds = ArrayField(models.TextField(), default=list)
    established = models.SmallIntegerField(null=True)
    status = models.CharField(max_length=9)
    successors = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record"], name="registry_entry_record_once")]
        indexes = [GinIndex(fields=["keys"], name="registry_entry_keys_idx")]

    def __str__(self) -> str:
        return self.name


class RegistryOutcome(models.TextChoices):
    NONE = "none", "No registry entry carries this name"
    SAME = "same", "One registry entry carries this name"
    UNKNOWN = "unknown", "Registry entries carry this name, but which of them is meant is not clear"


class Institution(models.Model):
    """An organisation named on bylines. `key` is its normalised name.

    `ror`, `entry`, `outcome` and `evidence` say which registry entry it is (`profiles.flows.link_institutions`); several
    names may be those of one organization. `entry` has no foreign key in the database: entries come and go. `link_due` says
    that a spelling or an entry is new and the rule has to look again.
    """

    public_id = models.CharField(max_length=10)
    name = models.TextField()
    key = models.TextField()
    slug = models.CharField(max_length=80, blank=True)
    ror = models.CharField(max_length=9, blank=True, db_default="")
    entry = models.ForeignKey(
        RegistryEntry, null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=7, choices=RegistryOutcome.choices, db_default="none")
    evidence = models.JSONField(db_default=models.Value([], models.JSONField()))
    link_due = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="institution_public_id_once"),
            models.UniqueConstraint(fields=["key"], name="institution_key_once"),
            models.CheckConstraint(
                condition=models.Q(outcome="same", entry__isnull=False)
                | (~models.Q(outcome="same") & models.Q(entry__isnull=True, ror="")),
                name="institution_linked_to_an_entry",
            ),
        ]
        indexes = [
            models.Index(fields=["ror"], name="institution_ror_idx", condition=~models.Q(ror="")),
            models.Index(fields=["id"], name="institution_link_due_idx", condition=models.Q(link_due=True)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("institutions", self.public_id, self.slug)


class InstitutionSpelling(models.Model):
    """One affiliation string as printed, and the institution the rule read from it."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="spellings", db_index=False)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.F("institution"), models.Func(models.F("text"), function="md5"), name="institution_spelling_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Affiliation(models.Model):
    """A researcher seen at an institution, with the years and works of the bylines that say so. Derived."""

    researcher = models.ForeignKey(
        Researcher, on_delete=models.CASCADE, db_constraint=False, related_name="affiliations", db_index=False
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.CASCADE, db_constraint=False, related_name="affiliations", db_index=False
    )
    first_year = models.SmallIntegerField(null=True)
    last_year = models.SmallIntegerField(null=True)
    works = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["researcher", "institution"], name="affiliation_once"),
            models.CheckConstraint(condition=models.Q(works__gt=0), name="affiliation_has_works"),
            models.CheckConstraint(
                condition=models.Q(first_year__isnull=True) | models.Q(first_year__lte=models.F("last_year")),
                name="affiliation_years_in_order",
            ),
        ]
        indexes = [models.Index(fields=["institution", "-works"], name="affiliation_people_idx")]

    def __str__(self) -> str:
        return f"{self.researcher_id} at {self.institution_id}"


class IdentityEvent(models.Model):
    """An append-only fact about who is who (`profiles.ledger.EventKind`); PostgreSQL refuses to change or delete one.

    `actor` is the person who decided, null for the rule. `before` and `after` say who held each of `bylines`, null for
    nobody; a first decision of the rule (`ASSIGNED`) goes without them. `works` are those of the bylines, for decisions
    of people, which outlive a byline. Stored as keys of rows, because a first import writes one for every researcher.
    """

    kind = models.CharField(max_length=40, choices=[(kind.value, kind.name.title()) for kind in EventKind])
    researcher = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="events", db_index=False)
    other = models.ForeignKey(Researcher, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="identity_events", db_index=False
    )
    reason = models.TextField(blank=True, db_default="")
    bylines = ArrayField(models.BigIntegerField(), default=list)
    works = ArrayField(models.BigIntegerField(), default=list)
    before = ArrayField(models.BigIntegerField(null=True), default=list)
    after = ArrayField(models.BigIntegerField(null=True), default=list)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    happened_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [("curate", "Can decide who is who")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in EventKind]), name="identity_event_known_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(kind=EventKind.UNDONE.value, undoes__isnull=False)
                | (~models.Q(kind=EventKind.UNDONE.value) & models.Q(undoes__isnull=True)),
                name="identity_event_undoes_something",
            ),
            AppendOnly(name="identity_event_append_only"),
        ]
        indexes = [
            models.Index(fields=["researcher", "happened_at"], name="identity_event_researcher_idx"),
            models.Index(fields=["other"], name="identity_event_other_idx", condition=models.Q(other__isnull=False)),
            # All but the first decision on a byline, which is found by its researcher: those are the many.
            GinIndex(
                fields=["bylines"],
                name="identity_event_bylines_idx",
                condition=~models.Q(kind=EventKind.ASSIGNED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.researcher_id}"


class Distinction(models.Model):
    """A person has said that two records are two people. Follows from the identity events; no rule makes them one.

    `researcher` has the lower key.
    """

    researcher = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(IdentityEvent, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["researcher", "other"], name="distinction_once"),
            models.CheckConstraint(
                condition=models.Q(researcher__lt=models.F("other")), name="distinction_lower_key_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.researcher_id} is not {self.other_id}"


class StaleBlock(models.Model):
    """A name block whose bylines must be decided on again. A row is the truth; a task is only a wake-up."""

    block_key = models.TextField(primary_key=True)
    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.block_key


class GrownBlock(models.Model):
    """A crowded name block in which `added` bylines were placed one by one, to be decided on as a whole some time."""

    block_key = models.TextField(primary_key=True)
    added = models.IntegerField()
    grown_since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(added__gt=0), name="grown_block_by_some")]

    def __str__(self) -> str:
        return f"{self.block_key} by {self.added}"


class ReviewKind(models.TextChoices):
    MERGE = "merge", "Two records, one person?"
    IDENTIFIERS = "identifiers", "One person with two identifiers?"
    SPLIT = "split", "One record, two people?"
    BYLINE = "byline", "Whose is this byline?"


class Review(models.Model):
    """A question to a curator: what the rule was not sure enough of to decide.

    Asked by `profiles.flows.ask`, looked after by `profiles.flows.review`.

    `subject` names what is asked about, so that asking again is the same question. `records` are the researchers
    concerned, the nearest first, and `scores` how likely each is the one: for two records, and for the two parts of one,
    a single number. `bylines` are the one to decide on, or the part that may be somebody else's. `weight` is the harm
    that a wrong answer by default may do: doubt times bylines at stake. Answers are identity events; the row only knows
    who looks after it (`assigned_to`) and who found that the evidence does not suffice (`postponed_by`).
    """

    subject = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=ReviewKind.choices)
    block_key = models.TextField()
    records = ArrayField(models.BigIntegerField())
    scores = ArrayField(models.FloatField())
    bylines = ArrayField(models.BigIntegerField(), default=list)
    weight = models.FloatField()
    raised_at = models.DateTimeField(db_default=Now())
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    postponed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    postponed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject"], name="review_subject_once"),
            models.CheckConstraint(condition=models.Q(kind__in=ReviewKind.values), name="review_known_kind"),
        ]
        indexes = [
            models.Index(
                fields=["-weight", "id"], name="review_queue_idx", condition=models.Q(postponed_at__isnull=True)
            ),
            models.Index(fields=["block_key"], name="review_block_idx"),
            GinIndex(fields=["records"], name="review_records_idx"),
        ]

    def __str__(self) -> str:
        return self.subject


class ReportKind(models.TextChoices):
    ME = "me", "This is me"
    NOT_MINE = "not-mine", "A work does not belong here"
    WRONG = "wrong", "Something else is wrong"
    HIDE = "hide", "Hide this page"


class ReportState(models.TextChoices):
    UNCONFIRMED = "unconfirmed", "Not confirmed"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Report(models.Model):
    """What a visitor without an account says about a record. Written by `profiles.flows.report`.

    Nobody looks at it before it is confirmed by mail, and it is deleted if it never is. `work` is the public id of the
    work meant, "" for none. `email` is never public and is deleted when the report is closed. `due_at` is when a request
    to hide the page must have been decided on.
    """

    researcher = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=8, choices=ReportKind.choices)
    work = models.CharField(max_length=10, blank=True, db_default="")
    text = models.TextField(blank=True, db_default="")
    email = models.EmailField(blank=True, db_default="")
    state = models.CharField(max_length=11, choices=ReportState.choices, db_default="unconfirmed")
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="closed") | models.Q(email="", closed_at__isnull=False),
                name="report_closed_keeps_no_address",
            ),
            models.CheckConstraint(
                condition=models.Q(state="unconfirmed") | models.Q(confirmed_at__isnull=False),
                name="report_confirmed_before_open",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at", "created_at"], name="report_queue_idx")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.researcher_id}"
