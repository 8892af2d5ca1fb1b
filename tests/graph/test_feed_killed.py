"""Killed while followers are told and accounts notified: whoever takes over goes on with the rest, and nobody hears twice."""

from __future__ import annotations

import contextlib
import os
import random
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

from graph.flows import notify
from graph.flows.news import waiting
from graph.follow_models import FeedEntry, Follow, FollowKind, News
from graph.notification_models import Notification
from profiles.flows.merge import merge
from profiles.flows.undo import undo
from tests.following import holder
from tests.pipeline import clear, importworks, work, write
from works import imports, tasks

if TYPE_CHECKING:
    from django.db.models import Model

# Other processes see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

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
tasks.notify.rearranged = partial(tasks.notify.rearranged, events=1, accounts=3)
tasks.notify.works = partial(tasks.notify.works, accounts=3)
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


def more_than(rows: int, model: type[Model] = FeedEntry) -> bool:
    return model._default_manager.count() > rows


@pytest.fixture
def crowd(transactional_db: None, tmp_path: Path) -> list[int]:
    """Accounts that follow two authors of the same works."""
    clear()
    users = get_user_model().objects
    assert importworks(write(tmp_path / "before.jsonl", [work("k/a", "Tides", HEDY, EMMY)])).status == 0
    made = users.bulk_create([users.model(username=f"crowd {number}") for number in range(ACCOUNTS)])
    subjects = [holder("Tides", name).pk for name in ("Hedy Lamarr", "Emmy Noether")]
    Follow.objects.bulk_create(
        Follow(account_id=one.pk, kind=FollowKind.RESEARCHER, subject=subject) for one in made for subject in subjects
    )
    return [one.pk for one in made]


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


def test_workers_killed_anywhere_notify_everybody_once_of_everything(crowd: list[int], tmp_path: Path) -> None:
    """Of what was joined and parted again, and of all new works in one line, however the killing falls."""
    assert importworks(write(tmp_path / "new.jsonl", NEW)).status == 0
    curator = get_user_model().objects.create_user("crowd curator")
    hedy, emmy = (holder("Tides", name).pk for name in ("Hedy Lamarr", "Emmy Noether"))
    joined = merge(researcher=hedy, into=emmy, actor=curator, reason="", force=True)
    events = [joined, undo(event=joined, actor=curator, reason="")]
    imports.settle()
    everything = (len(events) + 1) * len(crowd)
    chance = random.Random(7)  # noqa: S311 - places to be killed at
    for reached in sorted(chance.sample(range(everything - 30), 3)):
        with worker() as process:
            tasks.sweep.delay()
            wait_for(partial(more_than, reached, Notification), process)
        assert notify.waiting()
    with worker() as process:
        tasks.sweep.delay()
        wait_for(lambda: not waiting() and not notify.waiting(), process)
    told = Notification.objects.values_list("account_id", "event_id")
    expected = [(key, event) for key in crowd for event in (*events, None)]
    assert sorted(told, key=str) == sorted(expected, key=str)
    lines = Notification.objects.filter(event=None).values_list("account_id", "first_entry", "last_entry")
    spoken_of = [FeedEntry.objects.filter(account=key, pk__range=span).count() for key, *span in lines]
    assert spoken_of == [len(NEW)] * len(crowd)
