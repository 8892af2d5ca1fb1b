"""Killed in the middle: whoever takes over finishes the import, and nothing tells that it was ever disturbed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection

from graph.models import StaleResearcher
from profiles.models import StaleBlock
from tests.pipeline import clear, everything, fingerprint, importworks, stored, write
from works import imports, tasks
from works.demo.build import OUTPUT
from works.models import ImportChunk, ImportRun, RunState

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

# Other processes see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

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
from works import ahead, imports
ahead.BATCH = {BATCH}
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
def expected(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> dict[str, list[str]]:
    """What the bundled records give when nobody disturbs the import."""
    with django_db_blocker.unblock():
        clear()
        assert importworks(OUTPUT).status == 0
        return stored()


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


def overlapping(folder: Path) -> list[Path]:
    """Four files that share most of their works, each in an order of its own; two tell of them in other words."""
    records = [json.loads(line) for line in OUTPUT.read_text(encoding="utf-8").splitlines()]
    files = []
    for number in range(4):
        chosen = records[number * 30 : number * 30 + 160]
        if number > 1:
            chosen = [
                {
                    **record,
                    "source_id": f"{number}/{record['source_id']}",
                    "venue": "",
                    "keywords": [f"told by {number}"],
                }
                for record in chosen
            ]
        random.Random(number).shuffle(chosen)  # noqa: S311 - an order, no secret
        files.append(write(folder / f"{number}.jsonl", chosen))
    return files


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_four_overlapping_imports_at_once_give_what_they_give_one_after_the_other(
    undisturbed: dict[str, list[str]], tmp_path: Path
) -> None:
    files = overlapping(tmp_path)
    assert [importworks(path).status for path in files] == [0, 0, 0, 0]
    expected, told = fingerprint(ids=False), everything(ids=False)
    clear()
    before = deadlocks()
    with ExitStack() as four:
        commands = [four.enter_context(running("importworks", "jsonl", str(path))) for path in files]
        wait_for(lambda: all(command.poll() is not None for command in commands))
        assert [command.returncode for command in commands] == [0, 0, 0, 0]
    assert finished()
    assert deadlocks() == before
    assert sum(run.new for run in ImportRun.objects.all()) == len(stored()["records"])
    # First where it differs, if it does.
    assert {name: sorted(set(rows) ^ set(told[name]))[:3] for name, rows in everything(ids=False).items()} == {
        name: [] for name in told
    }
    assert fingerprint(ids=False) == expected


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
