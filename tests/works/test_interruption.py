"""Killed in the middle: whoever takes over finishes the import, and nothing tells that it was ever disturbed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection

from graph.models import StaleResearcher
from profiles.models import StaleBlock
from tests.pipeline import clear, importworks, stored
from works import imports, tasks
from works.demo.build import OUTPUT
from works.models import ImportChunk, ImportRun, RunState

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).parents[2]
SECONDS = 120.0
BATCH = 20
# The tests' own database, and batches small enough to be killed between.
PROGRAM = f"""
import sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv.pop(1)
import django
django.setup()
from works import imports
imports.BATCH = {BATCH}
if sys.argv[1] == "worker":
    from researchgraph.celery import app
    app.worker_main([*sys.argv[1:], "--concurrency=2", "--loglevel=WARNING"])
else:
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own on the tests' database, with all its children killed at the end of the block."""
    name = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-c", PROGRAM, name, *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        sys.stderr.write(process.stderr.read().decode(errors="replace"))
        process.stderr.close()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.01)


def under_way() -> bool:
    return ImportChunk.objects.count() >= 2


def finished() -> bool:
    return not (
        ImportRun.objects.exclude(state=RunState.DONE).exists()
        or StaleBlock.objects.exists()
        or StaleResearcher.objects.exists()
    )


@pytest.fixture(scope="module")
def expected(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, list[str]]]:
    """What the bundled records give when nobody disturbs the import.

    Other processes see only what is committed, so these tests have no transaction to roll back: at their end the
    bundled records are imported again for the tests that come after.
    """
    with django_db_blocker.unblock():
        clear()
        assert importworks(OUTPUT).status == 0
        yield stored()
        clear()
        assert importworks(OUTPUT).status == 0


@pytest.fixture
def undisturbed(expected: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same, with empty tables to begin with."""
    clear()
    return expected


def test_a_killed_worker_is_replaced_by_the_next_sweep(undisturbed: dict[str, list[str]]) -> None:
    run = imports.start_run(source="jsonl", query=str(OUTPUT))
    with running("worker") as worker:
        tasks.run_import.delay(run.pk)
        wait_for(under_way, worker)
    chunks = set(ImportChunk.objects.values_list("first", "last"))
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert not finished()
    with running("worker") as worker:
        # What the beat does every minute; the killed worker's own message comes back only after twenty.
        tasks.sweep.delay()
        wait_for(finished, worker)
    run.refresh_from_db()
    total = len(undisturbed["records"])
    assert (run.fetched, run.new) == (total, total)
    bounds = list(ImportChunk.objects.order_by("first").values_list("first", "last"))
    assert chunks <= set(bounds)
    assert [first for first, _ in bounds] == [0, *(last for _, last in bounds[:-1])]
    assert stored() == undisturbed


def test_a_killed_command_is_made_good_by_running_it_again(undisturbed: dict[str, list[str]]) -> None:
    with running("importworks", "jsonl", str(OUTPUT)) as command:
        wait_for(under_way, command)
    assert not finished()
    again = importworks(OUTPUT)
    total = len(undisturbed["records"])
    run = ImportRun.objects.order_by("-pk")[0]
    assert again.status == 0
    assert run.unchanged >= 2 * BATCH
    assert (run.fetched, run.new + run.unchanged) == (total, total)
    assert stored() == undisturbed


def test_the_run_of_a_killed_command_is_finished_by_a_worker(undisturbed: dict[str, list[str]]) -> None:
    with running("importworks", "jsonl", str(OUTPUT)) as command:
        wait_for(under_way, command)
    with running("worker") as worker:
        tasks.sweep.delay()
        wait_for(finished, worker)
    assert ImportRun.objects.get().fetched == len(undisturbed["records"])
    assert stored() == undisturbed


def test_killed_while_pages_are_made_nothing_is_forgotten(undisturbed: dict[str, list[str]]) -> None:
    with running("importworks", "jsonl", str(OUTPUT)) as command:
        wait_for(lambda: StaleResearcher.objects.exists() and not StaleBlock.objects.exists(), command)
    assert StaleResearcher.objects.exists()
    imports.settle()
    assert finished()
    assert stored() == undisturbed


def test_two_imports_of_one_file_at_once_give_each_work_once(undisturbed: dict[str, list[str]]) -> None:
    with running("importworks", "jsonl", str(OUTPUT)) as one, running("importworks", "jsonl", str(OUTPUT)) as other:
        wait_for(lambda: one.poll() is not None and other.poll() is not None)
        assert (one.returncode, other.returncode) == (0, 0)
    assert finished()
    runs = ImportRun.objects.all()
    assert sum(run.new for run in runs) == len(undisturbed["records"])
    assert stored(ids=False)["works"] == undisturbed["works"]
    assert stored() == undisturbed


def test_a_command_waits_for_the_worker_that_has_taken_its_run(undisturbed: dict[str, list[str]]) -> None:
    ImportRun.objects.create(public_id="before", source="jsonl", query=str(OUTPUT), state=RunState.DONE)
    coming = ImportRun.objects.get().pk + 1
    known = connection.settings_dict
    other = psycopg.connect(host=known["HOST"], user=known["USER"], dbname=known["NAME"], autocommit=True)
    other.execute("SELECT pg_advisory_lock(%s, %s)", [imports.RUN_LOCK, coming])
    release = threading.Timer(1.0, other.close)
    release.start()
    outcome = importworks(OUTPUT)
    release.join()
    assert outcome.status == 0
    assert ImportRun.objects.get(state=RunState.DONE, fetched__gt=0).pk == coming
    assert stored() == undisturbed
