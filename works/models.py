"""What: works and their versions, bylines, topics; the source records and import runs they came from."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Now

from profiles.models import IdentityEvent, Institution, Researcher
from researchgraph.lib.public_ids import address


class WorkType(models.TextChoices):
    PREPRINT = "preprint", "Preprint"
    CONFERENCE = "conference", "Conference paper"
    JOURNAL = "journal", "Journal article"
    BOOK = "book", "Book or chapter"
    THESIS = "thesis", "Thesis"
    DATASET = "dataset", "Dataset"
    OTHER = "other", "Other"


class Venue(models.Model):
    """A conference series or journal. `key` is its normalised name."""

    key = models.TextField()
    name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="venue_key_once")]

    def __str__(self) -> str:
        return self.name


class Topic(models.Model):
    """A category of a scheme (`code` "cs.LG") or an author keyword, under its normalised `key`."""

    public_id = models.CharField(max_length=10)
    kind = models.CharField(max_length=8, choices=[("category", "Category"), ("keyword", "Keyword")])
    key = models.TextField()
    label = models.TextField()
    code = models.CharField(max_length=40, blank=True)
    slug = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="topic_public_id_once"),
            models.UniqueConstraint(fields=["kind", "key"], name="topic_key_once"),
        ]

    def __str__(self) -> str:
        return self.label

    def get_absolute_url(self) -> str:
        return address("topics", self.public_id, self.slug)


class Work(models.Model):
    """One intellectual work; its versions are grouped under it. Written only by `works.ingest.store`.

    `title_html` and `abstract_html` hold sanitised markup when the text carries TeX, else "" (escape the text).
    `date` is a partial ISO date of the first version. `provenance` maps a field to the source its value came from, or to
    the origin of a correction; `alternatives` maps a field to what other sources say. `author_keys` are the normalised
    names in byline order, for matching. `merged_into` is the work that a
    person found to be the same, since `merged_at`; what the row says is then what it said before that. `undone` says that a
    person had split it off that work, and that this was taken back: nothing that it states counts.
    """

    public_id = models.CharField(max_length=10)
    title = models.TextField()
    title_html = models.TextField(blank=True, db_default="")
    title_key = models.TextField()
    slug = models.CharField(max_length=80, blank=True)
    abstract = models.TextField(blank=True, db_default="")
    abstract_html = models.TextField(blank=True, db_default="")
    type = models.CharField(max_length=10, choices=WorkType.choices)
    year = models.SmallIntegerField(null=True)
    date = models.CharField(max_length=10, blank=True)
    venue = models.ForeignKey(Venue, null=True, on_delete=models.PROTECT, related_name="works")
    primary_topic = models.ForeignKey(Topic, null=True, on_delete=models.PROTECT, related_name="+")
    author_count = models.IntegerField()
    authors_truncated = models.BooleanField(db_default=False)
    author_keys = ArrayField(models.TextField())
    source_count = models.SmallIntegerField(db_default=1)
    version_label = models.TextField(blank=True)
    code_url = models.TextField(blank=True)
    site_url = models.TextField(blank=True)
    pdf_url = models.TextField(blank=True)
    license = models.TextField(blank=True)
    unaligned_affiliations = ArrayField(models.TextField(), default=list)
    provenance = models.JSONField(default=dict)
    alternatives = models.JSONField(default=dict)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged", db_index=False)
    merged_at = models.DateTimeField(null=True)
    undone = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    title_search = models.GeneratedField(
        expression=SearchVector("title", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(models.Func("title_key", function="md5"), name="work_title_key_idx"),
            GinIndex(fields=["title_search"], name="work_title_search_idx"),
            models.Index(fields=["merged_into"], name="work_merged_idx", condition=models.Q(merged_into__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="work_public_id_once"),
            models.CheckConstraint(condition=~models.Q(title=""), name="work_has_a_title"),
            models.CheckConstraint(condition=models.Q(author_count__gte=1), name="work_has_authors"),
            models.CheckConstraint(
                condition=models.Q(year__isnull=True) | models.Q(year__range=(1400, 2200)),
                name="work_year_plausible",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return address("works", self.public_id, self.slug)


class WorkVersion(models.Model):
    """One appearance of a work: the arXiv preprint, the proceedings paper, the journal article."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="versions", db_index=False)
    kind = models.CharField(max_length=10, choices=WorkType.choices)
    venue = models.ForeignKey(Venue, null=True, on_delete=models.PROTECT, related_name="+")
    year = models.SmallIntegerField(null=True)
    date = models.CharField(max_length=10, blank=True)
    status = models.TextField(blank=True)
    track = models.TextField(blank=True)
    revision = models.TextField(blank=True)
    sources = ArrayField(models.TextField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["work", "kind", "venue", "year"],
                name="work_version_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.year or ''}"


class WorkIdentifier(models.Model):
    """A persistent identifier of a work. One value names one work; `primary key` is never public."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="identifiers")
    scheme = models.CharField(max_length=20)
    value = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scheme", "value"], name="work_identifier_once")]

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class WorkTopic(models.Model):
    """A work carries a topic. `year` is that of the work, 0 if it has none: so the latest of a topic are read in order."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="work_topics")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="work_topics", db_index=False)
    year = models.SmallIntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "year", "work"], name="work_topic_once")]

    def __str__(self) -> str:
        return f"{self.work_id} on {self.topic_id}"


class WorkInstitution(models.Model):
    """An institution named on some byline of a work; `year` as for topics."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="work_institutions")
    institution = models.ForeignKey(
        Institution, on_delete=models.CASCADE, related_name="work_institutions", db_index=False
    )
    year = models.SmallIntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "year", "work"], name="work_institution_once")]

    def __str__(self) -> str:
        return f"{self.work_id} from {self.institution_id}"


class DecisionKind(models.TextChoices):
    """How a byline came to its researcher, or why it has none. Three outcomes: assigned, new, undecided.

    PENDING with a researcher is held as the identity events say, until the rule has looked at it again.
    """

    PENDING = "pending", "Waiting for the rule to run"
    CONFIRMED = "confirmed", "Decided by a person"
    IDENTIFIER = "identifier", "Matched by an identifier"
    CORROBORATED = "corroborated", "Matched by name and corroboration"
    NEW = "new", "First byline of a new record"
    UNDECIDED = "undecided", "Undecided"


class Authorship(models.Model):
    """One byline: a mention as printed, and the current decision which researcher it is.

    `works.ingest.store` writes the printed part; `profiles.flows` owns `researcher`, `kind`, `confidence` and
    `evidence`. The key stays while a source corrects the byline: identity events name it by it. `position` counts
    from 0. `institutions` are read from `raw_affiliation`.
    """

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="authorships", db_index=False)
    position = models.IntegerField()
    raw_name = models.TextField()
    raw_affiliation = models.TextField(blank=True)
    affiliation_domain = models.TextField(blank=True)
    native_name = models.TextField(blank=True)
    identifiers = models.JSONField(default=dict)
    name_key = models.TextField()
    block_key = models.TextField()
    institutions = ArrayField(models.BigIntegerField(), default=list)
    researcher = models.ForeignKey(
        Researcher, null=True, on_delete=models.PROTECT, related_name="authorships", db_index=False
    )
    kind = models.CharField(max_length=12, choices=DecisionKind.choices, db_default="pending")
    confidence = models.FloatField(null=True)
    evidence = models.JSONField(default=list)

    class Meta:
        constraints = [
            # Checked after each statement, not each row: authors change places in one.
            models.UniqueConstraint(
                fields=["work", "position"], name="authorship_position_once", deferrable=models.Deferrable.IMMEDIATE
            ),
            models.CheckConstraint(condition=models.Q(position__gte=0), name="authorship_position_from_0"),
            models.CheckConstraint(
                condition=models.Q(confidence__isnull=True) | models.Q(confidence__range=(0, 1)),
                name="authorship_confidence_0_to_1",
            ),
            models.CheckConstraint(
                condition=models.Q(researcher__isnull=True, kind__in=["pending", "undecided"])
                | models.Q(
                    researcher__isnull=False, kind__in=["pending", "confirmed", "identifier", "corroborated", "new"]
                ),
                name="authorship_kind_fits_researcher",
            ),
        ]
        indexes = [
            models.Index(fields=["block_key", "researcher"], name="authorship_block_idx"),
            models.Index(
                fields=["researcher"],
                name="authorship_researcher_idx",
                condition=models.Q(researcher__isnull=False),
            ),
            models.Index(
                KeyTextTransform("orcid", "identifiers"),
                name="authorship_orcid_idx",
                condition=models.Q(identifiers__has_key="orcid"),
            ),
        ]

    def __str__(self) -> str:
        return self.raw_name


class HeldIdentifier(models.Model):
    """An identifier that sources state of a byline and that is not believed: the byline goes without it.

    `code` and `detail` say why. Written by `works.ingest.held`, which asks again whenever a statement of the value changes.
    """

    authorship = models.ForeignKey(
        Authorship, on_delete=models.CASCADE, related_name="held_identifiers", db_index=False
    )
    scheme = models.CharField(max_length=40)
    value = models.TextField()
    code = models.CharField(max_length=40)
    detail = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["authorship", "scheme"], name="held_identifier_once")]
        indexes = [models.Index(fields=["scheme", "value"], name="held_identifier_value_idx")]

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class Rejection(models.Model):
    """A person has said that the researcher is not among the authors of the work, in whatever version or spelling.

    Follows from the identity events; no rule joins the two again.
    """

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="rejections", db_index=False)
    researcher = models.ForeignKey(Researcher, on_delete=models.PROTECT, related_name="rejections")
    event = models.ForeignKey(IdentityEvent, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work", "researcher"], name="rejection_once")]

    def __str__(self) -> str:
        return f"{self.work_id} not by {self.researcher_id}"


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    UNDOING = "undoing", "Rolling back"
    UNDONE = "undone", "Rolled back"


class Every(models.TextChoices):
    HOUR = "hour", "Every hour"
    DAY = "day", "Every day"
    WEEK = "week", "Every week"


class HarvestSchedule(models.Model):
    """A query to a source's service that is asked again and again. Its runs name it.

    `public_id` is made of source and query, so that there is one schedule for both together.
    `next_due` is when the next run is to start; whoever moves it on starts the run, so there is one however many look.
    """

    public_id = models.CharField(max_length=10)
    source = models.CharField(max_length=40)
    query = models.TextField()
    every = models.CharField(max_length=4, choices=Every.choices)
    enabled = models.BooleanField(db_default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    next_due = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["public_id"], name="schedule_public_id_once")]
        indexes = [
            models.Index(fields=["next_due"], name="schedule_due_idx", condition=models.Q(enabled=True)),
        ]

    def __str__(self) -> str:
        return f"{self.source}, {self.every}: {self.query}"


class ImportRun(models.Model):
    """One execution of one source. The counters add up the chunks; `total` is 0 while unknown.

    `live` says that `query` goes to the source's service; otherwise it is the path of a file, or the name of an
    `Upload`. `started_by` is null for runs started from a shell. `schedule` started the run, if it was one. `attempts`,
    `trying`, `step`, `careful_until` and `suspect` are the notes of `works.attempts`.
    """

    public_id = models.CharField(max_length=10)
    source = models.CharField(max_length=40)
    query = models.TextField()
    limit = models.IntegerField(null=True)
    live = models.BooleanField(db_default=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    schedule = models.ForeignKey(HarvestSchedule, null=True, on_delete=models.SET_NULL, related_name="runs")
    state = models.CharField(max_length=8, choices=RunState.choices, db_default="queued")
    message = models.TextField(blank=True, db_default="")
    total = models.BigIntegerField(db_default=0)
    fetched = models.BigIntegerField(db_default=0)
    new = models.BigIntegerField(db_default=0)
    updated = models.BigIntegerField(db_default=0)
    unchanged = models.BigIntegerField(db_default=0)
    quarantined = models.BigIntegerField(db_default=0)
    attempts = models.SmallIntegerField(db_default=0)
    trying = models.BooleanField(db_default=False)
    step = models.IntegerField(db_default=0)
    careful_until = models.BigIntegerField(db_default=0)
    suspect = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("run_imports", "Can start and stop imports")]
        constraints = [models.UniqueConstraint(fields=["public_id"], name="import_run_public_id_once")]
        indexes = [models.Index(fields=["-created_at"], name="import_run_recent_idx")]

    def __str__(self) -> str:
        return f"{self.source} {self.public_id}"

    def get_absolute_url(self) -> str:
        return f"/imports/{self.public_id}/"


class Upload(models.Model):
    """A file somebody uploaded to be imported, until it is. Kept here, where workers on other machines can read it."""

    run = models.OneToOneField(ImportRun, on_delete=models.CASCADE, related_name="upload")
    name = models.TextField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class ImportChunk(models.Model):
    """One committed batch of a run: records `first` up to and excluding `last`, all or nothing.

    A resumed run starts after the last chunk, so a chunk is applied once however often workers die. `seen` are the source
    records that were there already, word for word: this run asserts them as well. `cursor` is where a harvest of a service
    goes on behind this chunk, "" where it cannot.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    new = models.IntegerField()
    updated = models.IntegerField()
    unchanged = models.IntegerField()
    quarantined = models.IntegerField()
    seen = ArrayField(models.BigIntegerField(), default=list)
    cursor = models.TextField(blank=True, db_default="")
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "first"], name="import_chunk_once")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.first} to {self.last}"


class RecordKind(models.TextChoices):
    """What a record may become."""

    WORK = "work", "Work"
    INSTITUTION = "institution", "Institution"
    EPISODE = "episode", "Episode"


class SourceRecord(models.Model):
    """What one source said about one work, institution or episode: raw bytes and their SHA-256, whatever became of them.

    `became` says what it is a record of, "" while it is quarantined (`rejected_code` set); `work` is set exactly for a
    record of a work. What others became names the record (`RegistryEntry.record`, `Episode.record`). `withdrawn_at` is when
    the source said that it has the record no more; what it stated stays. `dismissed_at` is when somebody found that nothing
    is to be done about a record that was held back.
    """

    source = models.CharField(max_length=40)
    key = models.TextField()
    payload = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    origin = models.TextField(blank=True)
    work = models.ForeignKey(Work, null=True, on_delete=models.PROTECT, related_name="source_records", db_index=False)
    became = models.CharField(max_length=11, choices=RecordKind.choices, blank=True, db_default="")
    run = models.ForeignKey(ImportRun, null=True, on_delete=models.SET_NULL, related_name="source_records")
    rejected_code = models.CharField(max_length=40, blank=True, db_default="")
    rejected_field = models.TextField(blank=True, db_default="")
    rejected_detail = models.TextField(blank=True, db_default="")
    withdrawn_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    fetched_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="source_record_once"),
            models.CheckConstraint(
                condition=models.Q(became="work", work__isnull=False, rejected_code="")
                | models.Q(became__in=["institution", "episode"], work__isnull=True, rejected_code="")
                | (models.Q(became="", work__isnull=True) & ~models.Q(rejected_code="")),
                name="source_record_became_or_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["work"], name="source_record_work_idx"),
            models.Index(fields=["run"], name="source_record_held_idx", condition=~models.Q(rejected_code="")),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"


class SupersededRecord(models.Model):
    """What a source record said before a later run brought other news, to go back to if that run is rolled back."""

    record = models.ForeignKey(SourceRecord, on_delete=models.CASCADE, related_name="superseded")
    payload = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    origin = models.TextField(blank=True)
    run = models.ForeignKey(ImportRun, null=True, on_delete=models.SET_NULL, related_name="+")
    rejected_code = models.CharField(max_length=40, blank=True, db_default="")
    rejected_field = models.TextField(blank=True, db_default="")
    rejected_detail = models.TextField(blank=True, db_default="")
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.record_id} before"
