"""Killed while followers are told: whoever takes over tells the rest, and nobody twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from graph.flows.news import waiting
from graph.follow_models import FeedEntry, Follow, FollowKind, News
from tests.following import holder
from tests.pipeline import clear, importworks, work, write
from works import tasks
from works.demo.build import OUTPUT

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).parents[2]
SECONDS = 120.0
ACCOUNTS = 300
# The tests' own database, and batches small enough to be killed between and within.
PROGRAM = """
import sys
from functools import partial
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from graph import tasks
from researchgraph.celery import app
tasks.compose = partial(tasks.compose, marks=1)
tasks.deliver = partial(tasks.deliver, news=2, accounts=3)
app.worker_main(["worker", "--concurrency=2", "--loglevel=WARNING"])
"""
HEDY = {"name": "Hedy Lamarr", "orcid": "0000-0002-1825-0097"}
EMMY = {"name": "Emmy Noether", "orcid": "0000-0002-1694-233X"}
NEW = [work(f"k/{number}", f"Work number {number} of them", HEDY, EMMY) for number in range(4)]


@contextlib.contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the tests' database, killed with its children at the end of the block."""
    command = [sys.executable, "-c", PROGRAM, str(connection.settings_dict["NAME"])]
    process = subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)


def more_than(entries: int) -> bool:
    return FeedEntry.objects.count() > entries


@pytest.fixture
def crowd(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[list[int]]:
    """Accounts that follow two authors of the same works. Other processes see only what is committed."""
    with django_db_blocker.unblock():
        clear()
        users = get_user_model().objects
        before = write(tmp_path / "before.jsonl", [work("k/a", "Tides", HEDY, EMMY)])
        assert importworks(before).status == 0
        made = users.bulk_create([users.model(username=f"crowd {number}") for number in range(ACCOUNTS)])
        keys = [one.pk for one in made]
        subjects = [holder("Tides", name).pk for name in ("Hedy Lamarr", "Emmy Noether")]
        Follow.objects.bulk_create(
            Follow(account_id=key, kind=FollowKind.RESEARCHER, subject=subject) for key in keys for subject in subjects
        )
        yield keys
        clear()
        users.filter(pk__in=keys).delete()
        assert importworks(OUTPUT).status == 0


def test_workers_killed_again_and_again_tell_everybody_once(crowd: list[int], tmp_path: Path) -> None:
    assert importworks(write(tmp_path / "new.jsonl", NEW)).status == 0
    assert waiting()
    for share in (20, 50, 80):
        reached = share * ACCOUNTS * len(NEW) // 100
        with worker() as process:
            # What the beat does every minute; a killed worker's own message comes back only after twenty.
            tasks.sweep.delay()
            wait_for(partial(more_than, reached), process)
        assert waiting()
    with worker() as process:
        tasks.sweep.delay()
        wait_for(lambda: not waiting(), process)
    told = FeedEntry.objects.values_list("account_id", "work__title")
    expected = [(key, record["title"]) for key in crowd for record in NEW]
    assert sorted(told) == sorted(expected)
    assert News.objects.count() == 2 * len(NEW)
