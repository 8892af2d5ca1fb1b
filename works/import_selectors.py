"""Import runs as the pages print them: counters, progress, and the records held back with their reasons."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, paging
from works.models import RunState
from works.quarantine_selectors import NOT_READABLE

RUNS_A_PAGE = 25
HELD_A_PAGE = 50
STATE_TAGS = {
    RunState.QUEUED: "info", RunState.RUNNING: "info", RunState.PAUSED: "warn", RunState.DONE: "ok",
    RunState.FAILED: "bad", RunState.STOPPED: "warn", RunState.UNDOING: "info", RunState.UNDONE: "warn",
}  # fmt: skip


def duration(seconds: float) -> str:
    """A time to wait or waited, in the two largest units people think of: "2 min 27 s", "3 h 5 min", "12 days"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 2 * 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} days"


class Run(msgspec.Struct, frozen=True):
    """One import run. `total` is 0 while the source has not said how many records it has.

    `service` says that the query goes to the source's service. `pace` is how many records a second came of late, None
    where that is not known: the run does not run, or has just begun.
    """

    public_id: str
    source: str
    query: str
    limit: int | None
    state: str
    message: str
    total: int
    fetched: int
    new: int
    updated: int
    unchanged: int
    held: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    service: bool
    schedule: str
    pace: float | None

    @property
    def href(self) -> str:
        """The address of the page."""
        return f"/imports/{self.public_id}/"

    @property
    def name(self) -> str:
        """What was read, without the directories of this machine."""
        return self.query.replace("\\", "/").rstrip("/").rpartition("/")[2] or self.source

    @property
    def live(self) -> bool:
        """Whether the numbers can still change."""
        return self.state in {RunState.QUEUED, RunState.RUNNING, RunState.UNDOING}

    @property
    def unended(self) -> bool:
        """Whether more may still come of it: it runs, waits, or is paused."""
        return self.live or self.state == RunState.PAUSED

    @property
    def actions(self) -> list[tuple[str, str]]:
        """What may be done with the run now, each with its words."""
        if self.state in {RunState.QUEUED, RunState.RUNNING}:
            return [("pause", "Pause"), ("stop", "Stop after this batch")]
        if self.state == RunState.PAUSED:
            return [("resume", "Go on"), ("stop", "Stop")]
        return [("resume", "Go on")] if self.state in {RunState.FAILED, RunState.STOPPED} else []

    @property
    def ended(self) -> bool:
        """Whether the run can be rolled back."""
        return self.state in {RunState.DONE, RunState.FAILED, RunState.STOPPED}

    @property
    def state_label(self) -> str:
        """The state in words."""
        return str(RunState(self.state).label)

    @property
    def tag(self) -> str:
        """The style of the state's tag."""
        return STATE_TAGS[RunState(self.state)]

    @property
    def expected(self) -> int:
        """How many records will be read, as far as the source and the run's limit say; 0 if they do not."""
        return min(filter(None, (self.total, self.limit)), default=0)

    @property
    def percent(self) -> int | None:
        """How much is done, 0 to 100; None while nobody knows, and for what is taken back."""
        if self.state == RunState.DONE:
            return 100
        if self.state in {RunState.UNDOING, RunState.UNDONE}:
            return None
        return min(100, 100 * self.fetched // self.expected) if self.expected else None

    @property
    def seconds(self) -> float:
        """How long the run took, or has taken so far as its rows say."""
        end = self.finished_at or self.started_at
        return (end - self.started_at) / timedelta(seconds=1) if end and self.started_at else 0.0

    @property
    def rate(self) -> int:
        """Records a second: of late, or of a finished run in all; 0 if there is too little to tell."""
        if self.pace is not None:
            return round(self.pace) or (1 if self.pace else 0)
        return round(self.fetched / self.seconds) if self.seconds > 0.1 else 0

    @property
    def left(self) -> str:
        """How long a run that runs will go on at its pace of late; "" while nobody knows."""
        remaining = self.expected - self.fetched
        return duration(remaining / self.pace) if self.pace and remaining > 0 else ""

    @property
    def again(self) -> str:
        """The address of the form that starts the same once more, or again and again; "" for a file."""
        return f"/imports/new/?{urlencode({'source': self.source, 'query': self.query})}" if self.service else ""


class HeldRecord(msgspec.Struct, frozen=True):
    """A record that was not published, where it was read, and why."""

    id: int
    key: str
    origin: str
    code: str
    field: str
    detail: str

    @property
    def href(self) -> str:
        """The address of its page, for who may run imports."""
        return f"/imports/held/{self.id}/"


class Reason(msgspec.Struct, frozen=True):
    """A reason code, one sentence that came with it, and how many records it holds back."""

    code: str
    example: str
    records: int


class RunPage(msgspec.Struct, frozen=True):
    """One run with its held-back records: `readable` of them can be read again, `last_problem` is that of the latest one while it runs."""

    run: Run
    reasons: list[Reason]
    held: list[HeldRecord]
    paging: Paging
    readable: int
    last_problem: str


class RunList(msgspec.Struct, frozen=True):
    """Runs, newest first. `states` counts all runs by state."""

    runs: list[Run]
    states: dict[str, int]
    state: str
    paging: Paging

    @property
    def live(self) -> bool:
        """Whether the numbers can still change."""
        return any(run.live for run in self.runs)


COLUMNS = """
    public_id, source, query, "limit", state, message, total, fetched, new, updated, unchanged, quarantined,
    created_at, started_at, finished_at, live,
    coalesce((SELECT s.public_id FROM works_harvestschedule s WHERE s.id = schedule_id), ''),
    CASE WHEN state = 'running' THEN (
        SELECT (max(c.last) - min(c.last)) / nullif(extract(epoch FROM now() - min(c.finished_at)), 0)::float8
          FROM (SELECT last, finished_at FROM works_importchunk
                 WHERE run_id = works_importrun.id ORDER BY first DESC LIMIT 200) c
         WHERE c.finished_at > now() - interval '2 minutes' HAVING count(*) > 1) END
"""


def runs(*, page: int = 1, state: str = "", size: int = RUNS_A_PAGE) -> RunList:
    """Import runs, newest first, of one state if it is a known one."""
    known = state if state in RunState.values else ""
    states = dict(bulk.fetch("SELECT state, count(*) FROM works_importrun GROUP BY state"))
    total = states.get(known, 0) if known else sum(states.values())
    window = paging(
        page=page,
        size=size,
        total=total,
        path="/imports/",
        parameters=(("state", known),) if known else (),
    )
    rows = bulk.fetch(
        f"""SELECT {COLUMNS} FROM works_importrun WHERE %s = '' OR state = %s
            ORDER BY created_at DESC, id DESC LIMIT %s OFFSET %s""",  # noqa: S608 - a constant
        [known, known, window.size, window.offset],
    )
    return RunList([Run(*row) for row in rows], states, known, window)


def run_page(public_id: str, *, page: int = 1) -> RunPage | None:
    """One run and its held-back records; None if there is no such run. Three queries, one more while it runs."""
    rows = bulk.fetch(f"SELECT id, {COLUMNS} FROM works_importrun WHERE public_id = %s", [public_id])  # noqa: S608 - a constant
    if not rows:
        return None
    key, *facts = rows[0]
    run = Run(*facts)
    reasons = bulk.fetch(
        "SELECT rejected_code, min(rejected_detail), count(*), count(*) FILTER (WHERE dismissed_at IS NULL)"
        "  FROM works_sourcerecord WHERE run_id = %s AND rejected_code <> ''"
        " GROUP BY rejected_code ORDER BY count(*) DESC, rejected_code",
        [key],
    )
    window = paging(page=page, size=HELD_A_PAGE, total=sum(row[2] for row in reasons), path=run.href)
    held = bulk.fetch(
        "SELECT id, key, origin, rejected_code, rejected_field, rejected_detail FROM works_sourcerecord"
        " WHERE run_id = %s AND rejected_code <> '' ORDER BY id LIMIT %s OFFSET %s",
        [key, window.size, window.offset],
    )
    latest = (
        bulk.fetch(
            "SELECT rejected_detail FROM works_sourcerecord WHERE run_id = %s AND rejected_code <> '' ORDER BY id DESC LIMIT 1",
            [key],
        )
        if run.live
        else []
    )
    return RunPage(
        run,
        [Reason(*row[:3]) for row in reasons],
        [HeldRecord(*row) for row in held],
        window,
        readable=sum(row[3] for row in reasons if row[0] not in NOT_READABLE),
        last_problem=latest[0][0] if latest else "",
    )
