"""What stands behind the runs, for who starts them: schedules, how each source is doing, and what waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from researchgraph.lib import bulk
from works.import_selectors import STATE_TAGS, duration
from works.models import Every, RunState

STEPS: Final[dict[Every, timedelta]] = {
    Every.HOUR: timedelta(hours=1),
    Every.DAY: timedelta(days=1),
    Every.WEEK: timedelta(weeks=1),
}
WAITED_FOR: Final = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.PAUSED, RunState.UNDOING})
"""While the last round is in one of these states, no other begins."""
PATH: Final = "/imports/schedules/"
LATE: Final = 2
"""So many steps without a success mean that a whole round was missed, and not that one is under way."""


class Schedule(msgspec.Struct, frozen=True):
    """One schedule with its last round, if there was any ("" and None), and its last success.

    `lag` is how long ago (seconds) the last round that came to its end began; without one, how old the schedule is.
    """

    public_id: str
    source: str
    query: str
    every: str
    enabled: bool
    next_due: datetime
    due: bool
    created_by: str
    run: str
    state: str
    run_at: datetime | None
    success_at: datetime | None
    lag: float

    @property
    def href(self) -> str:
        """Where its buttons lead."""
        return f"{PATH}{self.public_id}/"

    @property
    def words(self) -> str:
        """How often."""
        return str(Every(self.every).label)

    @property
    def state_label(self) -> str:
        """The state of the last round in words."""
        return str(RunState(self.state).label) if self.state else ""

    @property
    def tag(self) -> str:
        """The style of that state."""
        return STATE_TAGS[RunState(self.state)] if self.state else ""

    @property
    def waiting(self) -> bool:
        """Whether the next round is due and waits for the last one to end."""
        return self.enabled and self.due and self.state in WAITED_FOR

    @property
    def behind(self) -> float:
        """The lag in steps of this schedule."""
        return self.lag / STEPS[Every(self.every)].total_seconds()

    @property
    def late(self) -> bool:
        """Whether a whole round was missed."""
        return self.enabled and self.behind > LATE


class SourceState(msgspec.Struct, frozen=True):
    """How one source is doing. The last error is that of the latest run that failed and did not go on."""

    source: str
    success: str
    success_at: datetime | None
    error: str
    error_at: datetime | None
    message: str
    held: int
    schedule: Schedule | None = None

    @property
    def failing(self) -> bool:
        """Whether the last thing heard of it is an error."""
        return self.error_at is not None and (self.success_at is None or self.error_at > self.success_at)

    @property
    def lag(self) -> str:
        """The time since the last success of its schedule that is most behind; "" without one."""
        return duration(self.schedule.lag) if self.schedule else ""


class Dashboard(msgspec.Struct, frozen=True):
    """Sources by name, and what waits: runs to be carried on, paused ones, name blocks and researchers to look at again."""

    sources: list[SourceState]
    open_runs: int
    paused_runs: int
    stale_blocks: int
    stale_researchers: int
    schedules: int


_SCHEDULES: Final = """
    SELECT s.public_id, s.source, s.query, s.every, s.enabled, s.next_due, s.next_due <= now(), coalesce(u.username, ''),
           coalesce(run.public_id, ''), coalesce(run.state, ''), coalesce(run.started_at, run.created_at), done.began,
           extract(epoch FROM now() - coalesce(done.began, s.created_at))::float8
      FROM works_harvestschedule s
      LEFT JOIN auth_user u ON u.id = s.created_by_id
      LEFT JOIN LATERAL (SELECT r.public_id, r.state, r.started_at, r.created_at FROM works_importrun r
                          WHERE r.schedule_id = s.id ORDER BY r.created_at DESC, r.id DESC LIMIT 1) run ON true
      LEFT JOIN LATERAL (SELECT max(r.started_at) AS began FROM works_importrun r
                          WHERE r.schedule_id = s.id AND r.state = 'done') done ON true
     ORDER BY s.enabled DESC, s.next_due, s.id
"""
_SOURCES: Final = """
    WITH done AS (SELECT DISTINCT ON (source) source, public_id, finished_at FROM works_importrun
                   WHERE state = 'done' ORDER BY source, finished_at DESC),
         failed AS (SELECT DISTINCT ON (source) source, public_id, finished_at, message FROM works_importrun
                     WHERE state = 'failed' ORDER BY source, finished_at DESC),
         held AS (SELECT source, count(*) AS records FROM works_sourcerecord
                   WHERE rejected_code <> '' AND dismissed_at IS NULL GROUP BY source)
    SELECT s.source, coalesce(done.public_id, ''), done.finished_at,
           coalesce(failed.public_id, ''), failed.finished_at, coalesce(failed.message, ''), coalesce(held.records, 0)
      FROM (SELECT source FROM works_importrun UNION SELECT source FROM works_harvestschedule) s
      LEFT JOIN done USING (source) LEFT JOIN failed USING (source) LEFT JOIN held USING (source)
     ORDER BY s.source
"""
_QUEUE: Final = """
    SELECT count(*) FILTER (WHERE state IN ('queued', 'running', 'undoing')), count(*) FILTER (WHERE state = 'paused'),
           (SELECT count(*) FROM profiles_staleblock), (SELECT count(*) FROM graph_staleresearcher)
      FROM works_importrun WHERE state IN ('queued', 'running', 'undoing', 'paused')
"""


def schedules() -> list[Schedule]:
    """All schedules, those that go on first, the next one due at the top. One query."""
    return [Schedule(*row) for row in bulk.fetch(_SCHEDULES)]


def dashboard() -> Dashboard:
    """How the sources that were ever asked are doing, and what waits. Three queries."""
    known = schedules()
    most_behind: dict[str, Schedule] = {}
    for schedule in sorted(known, key=lambda schedule: schedule.behind):
        if schedule.enabled:
            most_behind[schedule.source] = schedule
    states = [SourceState(*(*row, most_behind.get(row[0]))) for row in bulk.fetch(_SOURCES)]
    return Dashboard(*(states, *bulk.fetch(_QUEUE)[0], len(known)))
