"""Worker, queue and database killed at moments drawn by lot: in the end everything is there, as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from celery import Celery

from researchgraph import embedded
from tests.pipeline import everything
from works.demo.build import OUTPUT

ROOT = Path(__file__).parents[2]
SECONDS = 240.0
PROGRAM = """
import sys
import django
django.setup()
from django.core.management import call_command
from works import ahead, imports
ahead.BATCH = 40
match sys.argv[1]:
    case "prepare":
        call_command("migrate", verbosity=0)
        imports.start_run(source="jsonl", query=sys.argv[2])
    case "worker":
        from researchgraph.celery import app
        app.worker_main(["worker", "--concurrency=1", "--loglevel=ERROR", "--without-mingle", "--without-gossip"])
    case "everything":
        import json
        from tests.pipeline import everything
        print(json.dumps(everything()))
"""
KILLS = ["worker", "postgres", "valkey", "worker", "postgres"]
LEFT = """
    SELECT (SELECT count(*) FROM works_importrun WHERE state <> 'done') + (SELECT count(*) FROM profiles_staleblock)
         + (SELECT count(*) FROM graph_staleresearcher), (SELECT coalesce(sum(fetched), 0) FROM works_importrun)
"""


class Site:
    """Engines that keep what is committed, and a worker, all of them to be killed."""

    def __init__(self, data_dir: Path) -> None:
        self.where = embedded.layout(data_dir)
        self.engines = embedded.start(self.where)
        self.environment = {**os.environ, "DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}
        self.worker: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    def kill(self, what: str) -> None:
        """Kill it by SIGKILL, with its children."""
        if what == "worker":
            assert self.worker is not None
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait()
            return
        engine = self.engines.postgres if what == "postgres" else self.engines.valkey
        assert engine is not None
        engine.kill()
        engine.wait()

    def look_after(self) -> None:
        """What the supervisor does for what has died."""
        self.engines.revive()
        if self.worker is None or self.worker.poll() is not None:
            self.worker = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "worker"],
                cwd=ROOT, env=self.environment, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def sweep(self) -> None:
        """What the scheduler does every minute."""
        with Celery(broker=self.where.broker_url, set_as_current=False) as app:
            app.send_task("works.tasks.sweep", retry=False)

    def left(self) -> tuple[int, int]:
        """Rows that say what is still to be done, and the records that are stored."""
        with psycopg.connect(
            host=str(self.where.socket_dir), user="researchgraph", dbname="researchgraph"
        ) as connection:
            row = connection.execute(LEFT).fetchone()
            assert row is not None
            return int(row[0]), int(row[1])

    def close(self) -> None:
        if self.worker is not None and self.worker.poll() is None:
            self.kill("worker")
        self.engines.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    path = Path(tempfile.mkdtemp(prefix="rg-killed-"))
    path.chmod(0o755)
    with contextlib.closing(Site(path)) as made:
        made.run("prepare", str(OUTPUT))
        yield made
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(made.where.socket_dir, ignore_errors=True)


def test_whatever_is_killed_whenever_the_end_is_the_same(site: Site, library: None) -> None:
    lot = random.Random(20_261_127)  # noqa: S311 - moments, no secrets
    kills = list(KILLS)
    deadline = time.monotonic() + SECONDS
    mark, asked = 0, 0.0
    while (left := site.left())[0]:
        assert time.monotonic() < deadline
        site.look_after()
        if time.monotonic() - asked > 2:
            site.sweep()
            asked = time.monotonic()
        time.sleep(0.02)
        # Somewhere inside one of the next batches, whatever the speed of this machine.
        if kills and left[1] >= mark:
            if left[1]:
                time.sleep(lot.uniform(0, 0.3))
                site.kill(kills.pop(0))
                site.look_after()
            mark = left[1] + lot.choice([1, 41, 81])
    assert kills == []
    found, expected = json.loads(site.run("everything")), everything()
    # Told by what differs: who looks for the moment that did it has nothing else.
    assert {
        what: (sorted(set(found[what]) - set(rows)), sorted(set(rows) - set(found[what])))
        for what, rows in expected.items()
        if found[what] != rows
    } == {}
