"""What an import costs: from a file to pages ready, by a real Celery worker, against COPY of the same final rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from graph.flows import write
from graph.models import StaleResearcher
from profiles.models import Researcher, StaleBlock
from researchgraph import embedded
from researchgraph.celery import app
from researchgraph.lib import bulk
from works import imports
from works.ingest import store
from works.models import Authorship, ImportRun, RunState, Work
from works.tasks import run_import

POLL_SECONDS = 0.1
LOADED = store.TABLES
"""Tables the load stage fills."""


def measure(file: Path, *, source: str = "jsonl", processes: int = 2) -> dict[str, Any]:
    """Import `file` into the empty database: seconds by stage, works a second, memory, and the ratio to COPY."""
    with worker(processes) as started:
        log = _log_position()
        began = time.perf_counter()
        run = _imported(source, file)
        loaded = time.perf_counter() - began
        _wait(lambda: not StaleBlock.objects.exists())
        decided = time.perf_counter() - began
        _wait(lambda: not StaleResearcher.objects.exists())
        ready = time.perf_counter() - began
        written = _log_position() - log
        log = _log_position()
        began = time.perf_counter()
        again = _imported(source, file)
        repeated = time.perf_counter() - began
        written_again = _log_position() - log
        memory = _peak_megabytes(started.pid)
    if run.new != again.unchanged:
        raise RuntimeError(f"{run.new} new records, but only {again.unchanged} unchanged the second time.")
    works = Work.objects.count()
    load_copy = copy_seconds(LOADED)
    copy = load_copy + copy_seconds(("profiles_researcher", "profiles_identityevent", *write.TABLES))
    return {
        "works": works, "bylines": Authorship.objects.count(), "researchers": Researcher.objects.count(),
        "load_s": round(loaded, 2), "assign_s": round(decided - loaded, 2), "derive_s": round(ready - decided, 2),
        "ready_s": round(ready, 2), "works_a_second": round(works / ready), "again_s": round(repeated, 2),
        "again_ratio": round(repeated / loaded, 3), "copy_s": round(copy, 2), "ratio_to_copy": round(ready / copy, 2),
        "load_ratio_to_copy": round(loaded / load_copy, 2), "again_wal_ratio": round(written_again / written, 5),
        "processes": processes, "worker_peak_mb": memory,
    }  # fmt: skip


def _log_position() -> int:
    """Bytes of write-ahead log since the beginning."""
    return int(bulk.fetch("SELECT pg_current_wal_lsn() - '0/0'")[0][0])


def _imported(source: str, file: Path) -> ImportRun:
    run = imports.start_run(source=source, query=str(file))
    run_import.delay(run.pk)
    _wait(lambda: ImportRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists())
    run.refresh_from_db()
    if run.state != RunState.DONE:
        raise RuntimeError(run.message)
    return run


@contextmanager
def worker(processes: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of so many processes, once it answers."""
    command = [
        sys.executable, "-m", "celery", "-A", "researchgraph.celery", "worker", f"--concurrency={processes}",
        "--loglevel=WARNING",
    ]  # fmt: skip
    with Path(settings.DATA_DIR, "worker.log").open("ab") as log:
        child = subprocess.Popen(
            embedded.leashed(command, how=signal.SIGKILL), cwd=settings.BASE_DIR, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(lambda: app.control.ping(timeout=0.5))
        yield child
    finally:
        embedded.stop_child(child, signal.SIGTERM, seconds=30)


def _wait(done: Any) -> None:
    while not done():
        time.sleep(POLL_SECONDS)


def _peak_megabytes(pid: int) -> int:
    """Largest resident size that any of the worker's processes ever had."""
    family = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    return max(_peak(member) for member in family) // 1024


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def copy_seconds(tables: Sequence[str]) -> float:
    """Seconds of COPY of all rows of these tables, into empty ones with the same indexes and checks."""
    return sum(_copy_one(table) for table in tables)


def _copy_one(table: str) -> float:
    columns = ", ".join(
        row[0]
        for row in bulk.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = '' ORDER BY attnum",
            [table],
        )
    )
    with tempfile.TemporaryFile() as rows, connection.cursor() as cursor:
        raw = cursor.connection
        with raw.cursor() as reader, reader.copy(f"COPY {table} ({columns}) TO STDOUT (FORMAT binary)") as source:
            for piece in source:
                rows.write(piece)
        rows.seek(0)
        cursor.execute(f"CREATE TABLE benchmark_copy (LIKE {table} INCLUDING ALL)")
        began = time.perf_counter()
        with (
            raw.cursor() as writer,
            writer.copy(f"COPY benchmark_copy ({columns}) FROM STDIN (FORMAT binary)") as target,
        ):
            while piece := rows.read(1 << 20):
                target.write(piece)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE benchmark_copy")
    return seconds
