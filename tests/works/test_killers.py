"""A record that takes its process with it: three processes die of it, then it is held back and the rest goes in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import OperationalError, connection

from tests.pipeline import clear, importworks, work, write
from works import attempts, imports, quarantine
from works.demo.build import OUTPUT
from works.models import ImportChunk, ImportRun, RunState, SourceRecord, Work

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

# Without it there is no test database, if only this file runs.
pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
# A plug-in as others would install it. What its records do to their process, they say in their titles.
PLUGIN = """
import os, resource, signal
from works.sources.jsonl import JsonlSource

class HostileSource(JsonlSource):
    name = "hostile"
    label = "Hostile records"

    @staticmethod
    def parse(raw):
        if b"KILL" in raw.payload:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"EXIT" in raw.payload:
            os._exit(3)
        if b"ENDLESS" in raw.payload:
            resource.setrlimit(resource.RLIMIT_CPU, (resource.getrusage(resource.RUSAGE_SELF).ru_utime.__ceil__() + 1,) * 2)
            while True:
                pass
        return JsonlSource.parse(raw)
"""
# Workers one after the other, each a process of its own, until one ends in good order; prints how they ended.
PROGRAM = """
import os
import sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from works import ahead, imports
from works.models import ImportRun
ahead.BATCH = 80
ended = None
for _ in range(12):
    if ended == 0:
        break
    if (child := os.fork()) == 0:
        imports.advance(ImportRun.objects.get(pk=int(sys.argv[2])), seconds=float(sys.argv[3]))
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(ended, flush=True)
"""
# Celery ends a task that takes too long with this exception, wherever it is.
LIMITED = """
import signal
from celery.exceptions import SoftTimeLimitExceeded
def limit(*_):
    raise SoftTimeLimitExceeded()
signal.signal(signal.SIGALRM, limit)

tried = imports.attempts.trying
def trying(run):
    tried(run)
    signal.setitimer(signal.ITIMER_REAL, 3)
imports.attempts.trying = trying
"""


@pytest.fixture(scope="module", autouse=True)
def bundled_again(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Other processes see only what is committed; at the end the bundled records are there for the tests that come after."""
    yield
    with django_db_blocker.unblock():
        clear()
        assert importworks(OUTPUT).status == 0


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path) -> Path:
    """A directory with the plug-in as pip would leave it."""
    clear()
    folder = tmp_path / "plugins"
    (folder / "hostile-1.0.dist-info").mkdir(parents=True)
    (folder / "hostile.py").write_text(PLUGIN)
    (folder / "hostile-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n")
    (folder / "hostile-1.0.dist-info" / "entry_points.txt").write_text(
        "[researchgraph.sources]\nhostile = hostile:HostileSource\n"
    )
    return folder


def records(count: int, **hostile: str) -> list[dict[str, object]]:
    """Good records, and at the places named the hostile ones."""
    titles = {int(place.removeprefix("at_")): title for place, title in hostile.items()}
    return [work(f"t/{number}", titles.get(number, f"Record {number}"), "Ada Lovelace") for number in range(count)]


def new_run(path: Path) -> ImportRun:
    return ImportRun.objects.create(public_id="hostile", source="hostile", query=str(path))


def deaths(plugins: Path, run: ImportRun, *, seconds: float = 600, program: str = PROGRAM) -> list[int]:
    """How workers ended until one was done with the run, or with its slice of time."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{plugins}"}
    command = [sys.executable, "-c", program, str(connection.settings_dict["NAME"]), str(run.pk), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    run.refresh_from_db()
    *died, last = map(int, done.stdout.split())
    assert last == 0, done.stderr
    return died


@pytest.mark.parametrize("hostile", ["KILL", "ENDLESS"])
@pytest.mark.parametrize(("place", "workers"), [(67, 1), (97, 0)])
def test_a_record_that_three_processes_died_of_is_held_back_with_its_bytes(
    plugins: Path, tmp_path: Path, hostile: str, place: int, workers: int
) -> None:
    path = write(tmp_path / "works.jsonl", records(130, **{f"at_{place}": hostile}))
    run = new_run(path)
    # The first batch is prepared in the worker itself; what comes after, and every second try, in a process of its own.
    assert len(deaths(plugins, run)) == workers
    assert (run.state, run.fetched, run.new, run.quarantined) == (RunState.DONE, 130, 129, 1)
    held = SourceRecord.objects.exclude(rejected_code="").get()
    assert (held.key, held.rejected_code) == (f"t/{place}", attempts.KILLS_WORKER)
    assert bytes(held.payload) == path.read_bytes().splitlines()[place]
    assert Work.objects.count() == 129
    bounds = list(ImportChunk.objects.order_by("first").values_list("first", "last"))
    assert [first for first, _ in bounds] == [0, *(last for _, last in bounds[:-1])]
    # What no page may read again, nobody reads again by mistake.
    assert quarantine.retry([held.pk]) == quarantine.Retried()


def test_each_of_several_such_records_is_found(plugins: Path, tmp_path: Path) -> None:
    run = new_run(write(tmp_path / "works.jsonl", records(130, at_0="KILL", at_1="EXIT", at_129="KILL")))
    assert len(deaths(plugins, run)) == 2
    held = SourceRecord.objects.exclude(rejected_code="").order_by("pk")
    assert [record.key for record in held] == ["t/0", "t/1", "t/129"]
    assert (run.state, run.new, run.quarantined) == (RunState.DONE, 127, 3)


def test_a_worker_that_dies_of_nothing_in_the_records_costs_none(plugins: Path, tmp_path: Path) -> None:
    run = new_run(write(tmp_path / "works.jsonl", records(130)))
    # As two workers would leave it that were killed at the same place.
    run.attempts, run.trying, run.step, run.careful_until = 2, True, attempts.PIECE, 160
    run.save()
    assert deaths(plugins, run) == []
    assert (run.state, run.new, run.quarantined, run.step) == (RunState.DONE, 130, 0, 0)


def test_a_record_that_a_killed_worker_was_at_alone_gets_another_try(plugins: Path, tmp_path: Path) -> None:
    run = new_run(write(tmp_path / "works.jsonl", records(130)))
    # As a worker would leave it that was killed from outside, after two others had died on the way there.
    run.attempts, run.trying, run.step, run.careful_until = 3, True, 1, 50
    run.save()
    assert deaths(plugins, run) == []
    assert (run.state, run.new, run.quarantined) == (RunState.DONE, 130, 0)


def test_a_record_that_two_workers_died_of_alone_is_held_back(plugins: Path, tmp_path: Path) -> None:
    run = new_run(write(tmp_path / "works.jsonl", records(130)))
    run.attempts, run.trying, run.step, run.careful_until, run.suspect = 4, True, 1, 50, 0
    run.save()
    assert deaths(plugins, run) == []
    assert (run.state, run.new, run.quarantined) == (RunState.DONE, 129, 1)
    assert SourceRecord.objects.get(key="t/0").rejected_code == attempts.KILLS_WORKER


def test_a_run_nobody_gets_any_further_with_ends_and_says_so(tmp_path: Path) -> None:
    run = imports.start_run(source="jsonl", query=str(write(tmp_path / "works.jsonl", records(3))))
    run.attempts = attempts.MOST
    run.save()
    assert imports.advance(run)
    assert run.state == RunState.FAILED
    assert "Given up after record 0: 10 times in a row a worker died" in run.message


def test_time_running_out_in_a_small_step_counts_as_a_death(plugins: Path, tmp_path: Path) -> None:
    hostile = PLUGIN.replace("resource.setrlimit", "(lambda *_: None)")
    (plugins / "hostile.py").write_text(hostile)
    run = new_run(write(tmp_path / "works.jsonl", records(60, at_7="ENDLESS")))
    # One worker has died in the first batch already, when its thread would not end.
    run.attempts, run.trying = 1, True
    run.save()
    limited = PROGRAM.replace("ended = None", f"{LIMITED}ended = None")
    assert len(deaths(plugins, run, program=limited)) == 2
    assert SourceRecord.objects.get(key="t/7").rejected_code == attempts.KILLS_WORKER
    assert (run.state, run.new, run.quarantined) == (RunState.DONE, 59, 1)


def test_a_pause_and_the_end_of_a_slice_are_no_deaths(plugins: Path, tmp_path: Path) -> None:
    run = new_run(write(tmp_path / "works.jsonl", records(170)))
    assert deaths(plugins, run, seconds=0.001) == []
    assert (run.state, run.fetched, run.attempts, run.trying) == (RunState.RUNNING, 80, 0, False)


@contextmanager
def failing_writes(statement: str) -> Iterator[None]:
    """Whoever writes a source record does this first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION failing_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NEW; END $$"
        )
        cursor.execute("CREATE TRIGGER failing BEFORE INSERT ON works_sourcerecord EXECUTE FUNCTION failing_write()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION failing_write CASCADE")


def take_away(seconds: float) -> None:
    """Wait until somebody writes, end their connection, and let nobody in for so long."""
    host, user, name = (str(connection.settings_dict[key]) for key in ("HOST", "USER", "NAME"))
    with psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True) as other:
        find = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"
        while not (writer := other.execute(find, [name]).fetchone()):
            time.sleep(0.02)
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        other.execute("SELECT pg_terminate_backend(%s)", writer)
        time.sleep(seconds)
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_an_outage_of_the_database_is_no_death_from_a_record(tmp_path: Path) -> None:
    run = imports.start_run(source="jsonl", query=str(write(tmp_path / "works.jsonl", records(5))))
    with failing_writes("PERFORM pg_sleep(60)"):
        for _ in range(3):
            outage = threading.Thread(target=take_away, args=[1.5])
            outage.start()
            with pytest.raises(OperationalError):
                imports.advance(run)
            outage.join()
            run.refresh_from_db()
            assert (run.attempts, run.trying) == (0, False)
    assert "It is tried again every minute" in run.message
    assert imports.advance(run)
    assert (run.state, run.new, run.quarantined) == (RunState.DONE, 5, 0)


def test_while_the_disk_is_full_a_run_stays_open_and_says_so(tmp_path: Path) -> None:
    run = imports.start_run(source="jsonl", query=str(write(tmp_path / "works.jsonl", records(5))))
    with failing_writes("RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'"):
        for _ in range(attempts.MOST + 2):
            with pytest.raises(OperationalError):
                imports.advance(run)
    run.refresh_from_db()
    assert (run.state, run.fetched, Work.objects.count()) == (RunState.RUNNING, 0, 0)
    assert "No space left on device" in run.message
    assert imports.advance(run)
    assert (run.state, run.new, run.quarantined, run.message) == (RunState.DONE, 5, 0, "")
