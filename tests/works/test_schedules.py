"""Repeated harvests: each round starts once, asks only for news, and shows who runs imports how it is doing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.utils import timezone

from researchgraph.lib import bulk
from works import schedules, tasks
from works.models import Every, HarvestSchedule, ImportRun, RunState, SourceRecord
from works.schedule_selectors import dashboard
from works.schedule_selectors import schedules as listed

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture
def manager(empty_library: None, client: Client) -> User:
    """Signed in, and allowed to run imports."""
    user = get_user_model().objects.create_user("manager")
    user.user_permissions.add(Permission.objects.get(codename="run_imports"))
    client.force_login(user)
    return user


def _schedule(source: str = "crossref", query: str = "soup", every: Every = Every.DAY) -> HarvestSchedule:
    return schedules.add(source=source, query=query, every=every, created_by=None)


def _due(schedule: HarvestSchedule, ago: timedelta = timedelta(minutes=1)) -> None:
    """Let the next round have been due so long ago."""
    HarvestSchedule.objects.filter(pk=schedule.pk).update(next_due=timezone.now() - ago)


def _end(run: ImportRun, state: RunState, began: datetime | None = None) -> None:
    began = began or timezone.now()
    ImportRun.objects.filter(pk=run.pk).update(
        state=state, started_at=began, finished_at=began, message="HTTP 503" if state == RunState.FAILED else ""
    )


def test_a_round_that_is_due_starts_once_and_the_next_keeps_its_hour() -> None:
    schedule = _schedule()
    _due(schedule, timedelta(hours=3))
    schedule.refresh_from_db()
    due = schedule.next_due
    (run,) = schedules.start_due()
    assert (run.source, run.query, run.live, run.state, run.schedule) == (
        "crossref",
        "soup",
        True,
        RunState.QUEUED,
        schedule,
    )
    assert schedules.start_due() == []
    schedule.refresh_from_db()
    assert schedule.next_due == due + timedelta(days=1)


def test_rounds_missed_while_the_scheduler_was_away_are_one_round() -> None:
    schedule = _schedule(every=Every.HOUR)
    _due(schedule, timedelta(hours=49, minutes=30))
    schedule.refresh_from_db()
    due = schedule.next_due
    assert len(schedules.start_due()) == 1
    schedule.refresh_from_db()
    assert schedule.next_due == due + timedelta(hours=50)
    assert schedule.next_due > timezone.now()


def test_who_comes_second_finds_the_round_taken() -> None:
    schedule = _schedule()
    also_seen = HarvestSchedule.objects.get(pk=schedule.pk)
    first = schedules.start(schedule)
    assert first is not None
    _end(first, RunState.DONE)
    assert schedules.start(also_seen) is None
    assert ImportRun.objects.count() == 1


def _waiting() -> int:
    """How many others wait for a lock that somebody holds."""
    return int(bulk.fetch("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")[0][0])


@pytest.mark.django_db(transaction=True)
def test_many_schedulers_at_once_start_one_run() -> None:
    schedule = _schedule()

    def look() -> int:
        try:
            return len(schedules.start_due())
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(4) as pool:
        with transaction.atomic():
            HarvestSchedule.objects.select_for_update().get(pk=schedule.pk)
            looks = [pool.submit(look) for _ in range(4)]
            deadline = time.monotonic() + 30
            while _waiting() < len(looks) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert _waiting() == len(looks)
        assert sorted(found.result() for found in looks) == [0, 0, 0, 1]
    assert ImportRun.objects.filter(schedule=schedule).count() == 1


def test_a_round_waits_for_the_one_before_and_starts_as_soon_as_that_has_ended() -> None:
    schedule = _schedule()
    (run,) = schedules.start_due()
    assert not listed()[0].waiting
    _due(schedule)
    assert listed()[0].waiting
    for state in (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED, RunState.UNDOING):
        ImportRun.objects.filter(pk=run.pk).update(state=state)
        assert schedules.start_due() == []
    _end(run, RunState.DONE)
    assert len(schedules.start_due()) == 1


def test_a_round_asks_for_what_has_changed_since_a_day_before_the_last_success_began() -> None:
    schedule = _schedule()
    (first,) = schedules.start_due()
    _end(first, RunState.DONE, datetime(2026, 3, 4, 5, tzinfo=UTC))
    _due(schedule)
    (second,) = schedules.start_due()
    assert second.query == "soup filter:from-index-date:2026-03-03"
    # Stopped by a person: not a success, so the next round covers its time as well.
    _end(second, RunState.STOPPED, datetime(2026, 3, 5, 5, tzinfo=UTC))
    _due(schedule)
    (third,) = schedules.start_due()
    assert (third.pk != second.pk, third.query) == (True, "soup filter:from-index-date:2026-03-03")


def test_a_service_that_dates_no_changes_is_asked_for_everything_again() -> None:
    schedule = _schedule("orcid", "0000-0002-1825-0097")
    (first,) = schedules.start_due()
    _end(first, RunState.DONE)
    _due(schedule)
    (second,) = schedules.start_due()
    assert second.query == "0000-0002-1825-0097"


def test_a_round_that_failed_goes_on_where_it_failed() -> None:
    schedule = _schedule()
    (run,) = schedules.start_due()
    _end(run, RunState.FAILED)
    assert schedules.start_due() == []
    _due(schedule)
    assert schedules.start_due() == [run]
    run.refresh_from_db()
    assert (run.state, run.message, ImportRun.objects.count()) == (RunState.QUEUED, "", 1)


def test_a_paused_schedule_starts_nothing_and_makes_up_for_it_later() -> None:
    schedule = _schedule()
    schedules.pause(schedule)
    assert schedules.start_due() == []
    schedules.resume(schedule)
    assert len(schedules.start_due()) == 1


def test_the_same_query_is_scheduled_once_and_the_later_wish_counts() -> None:
    first = _schedule(every=Every.WEEK)
    schedules.pause(first)
    again = _schedule(every=Every.HOUR)
    assert (again.pk, again.every, again.enabled) == (first.pk, "hour", True)
    assert HarvestSchedule.objects.count() == 1


def test_a_schedule_of_a_source_that_is_no_longer_installed_holds_up_no_other() -> None:
    _schedule()
    HarvestSchedule.objects.create(public_id="gone", source="plug-in", query="x", every=Every.DAY)
    assert [run.source for run in schedules.start_due()] == ["crossref"]


def test_a_deleted_schedule_leaves_its_runs() -> None:
    schedule = _schedule()
    (run,) = schedules.start_due()
    schedules.delete(schedule)
    run.refresh_from_db()
    assert run.schedule is None


def test_the_task_sends_the_runs_it_started(settings: object) -> None:
    _schedule()
    tasks.harvest_due()
    assert ImportRun.objects.get().state == RunState.QUEUED


# Pages


def test_a_query_is_repeated_from_the_form_and_its_schedule_is_steered_on_a_page(client: Client, manager: User) -> None:
    form = client.get("/imports/new/", {"source": "crossref", "query": "a <b> & c", "every": "day"}).content.decode()
    assert 'value="a &lt;b&gt; &amp; c"' in form
    assert '<option value="day" selected>' in form
    answer = client.post("/imports/new/", {"source": "crossref", "query": "soup", "every": "day"})
    run = ImportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, run.get_absolute_url())
    schedule = HarvestSchedule.objects.get()
    assert (schedule.created_by, run.started_by, run.schedule) == (manager, manager, schedule)
    assert "Scheduled" in client.get(run.get_absolute_url()).content.decode()
    # Once more, while the round is under way: nothing starts, the schedule is shown.
    assert client.post("/imports/new/", {"source": "crossref", "query": "soup", "every": "week"})["Location"] == (
        "/imports/schedules/"
    )
    page = client.get("/imports/schedules/").content.decode()
    assert ("soup" in page, "Every week" in page, "queued" in page) == (True, True, True)
    address = f"/imports/schedules/{schedule.public_id}/"
    assert client.post(f"{address}pause/").status_code == 302
    assert "Go on" in client.get("/imports/schedules/").content.decode()
    client.post(f"{address}resume/")
    schedule.refresh_from_db()
    assert schedule.enabled
    client.post(f"{address}delete/")
    assert not HarvestSchedule.objects.exists()
    assert "Nothing is repeated yet" in client.get("/imports/schedules/").content.decode()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "jsonl", "file": SimpleUploadedFile("a.jsonl", b"{}"), "every": "day"}, "Only a query can be"),
        ({"source": "crossref", "query": "soup", "every": "minute"}, "Choose how often"),
    ],
)
def test_what_cannot_be_repeated_is_said_in_the_form(
    client: Client, manager: User, given: dict[str, object], message: str
) -> None:
    answer = client.post("/imports/new/", given)
    assert (answer.status_code, message in answer.content.decode()) == (422, True)
    assert not HarvestSchedule.objects.exists()


def test_nobody_else_sees_schedules_or_how_sources_are_doing(client: Client) -> None:
    schedule = _schedule()
    client.force_login(get_user_model().objects.create_user("somebody"))
    assert client.get("/imports/schedules/").status_code == 404
    for action in ("pause", "resume", "delete"):
        assert client.post(f"/imports/schedules/{schedule.public_id}/{action}/").status_code == 404
    page = client.get("/imports/").content.decode()
    assert ("Last success" in page, "/imports/schedules/" in page) == (False, False)


def test_the_dashboard_says_success_error_lag_and_what_waits(client: Client, manager: User) -> None:
    daily, hourly = _schedule(), _schedule(query="bread", every=Every.HOUR)
    runs = schedules.start_due()
    now = timezone.now()
    for run in runs:
        # The database's clock stood still when the test's transaction began, with the emptying of all tables before it.
        _end(run, RunState.DONE, now - timedelta(hours=5, seconds=30))
    failed = ImportRun.objects.create(public_id="failing", source="datacite", query="x", live=True)
    _end(failed, RunState.FAILED)
    ImportRun.objects.create(public_id="waiting", source="datacite", query="y", live=True)
    ImportRun.objects.create(public_id="pausing", source="datacite", query="y", live=True, state=RunState.PAUSED)
    for number, dismissed in enumerate((None, now)):
        SourceRecord.objects.create(
            source="datacite", key=str(number), payload=b"", sha256=b"", rejected_code="title-missing", dismissed_at=dismissed
        )  # fmt: skip
    board = dashboard()
    crossref, datacite = board.sources
    assert (crossref.source, crossref.failing, crossref.message) == ("crossref", False, "")
    assert crossref.schedule is not None
    # The schedule that is most behind speaks for the source.
    assert (crossref.schedule.public_id, crossref.schedule.late, crossref.lag) == (hourly.public_id, True, "5 h 0 min")
    assert (datacite.success_at, datacite.failing, datacite.message, datacite.held) == (None, True, "HTTP 503", 1)
    assert (board.open_runs, board.paused_runs, board.schedules) == (1, 1, 2)
    page = client.get("/imports/").content.decode()
    for words in ("HTTP 503", "5 h 0 min", "late", "every hour", "not scheduled", "failing"):
        assert words in page
    schedules.pause(hourly)
    (crossref, _) = dashboard().sources
    assert crossref.schedule is not None
    assert (crossref.schedule.public_id, crossref.schedule.late) == (daily.public_id, False)


def test_the_dashboard_costs_the_same_however_much_there_is(
    client: Client, manager: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for round_ in range(2):
        for source in ("crossref", "datacite", "openalex"):
            _schedule(source, f"soup {round_}")
        for run in schedules.start_due():
            _end(run, RunState.DONE if round_ else RunState.FAILED)
        with django_assert_num_queries(3):
            dashboard()
        # Session, user, two of permissions, the list and its states, and the dashboard's three.
        with django_assert_num_queries(9):
            client.get("/imports/")
        with django_assert_num_queries(5):
            client.get("/imports/schedules/")
