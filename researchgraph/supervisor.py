"""One process that runs the whole site on this machine: engines, worker, beat and web server as its children.

Starts in that order, stops in the opposite one, starts again what dies. Children end with it even when it is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from researchgraph import embedded
from researchgraph.errors import EngineError

HOST = "127.0.0.1"
LOOK_SECONDS = 0.5
WEB_SECONDS = 30.0
WARM_SECONDS = 10.0
"""How long a worker may finish its task in; then it gives the task back to the queue."""
MOST_RESTARTS = 5


@dataclass(frozen=True)
class Program:
    """A child process: what to run and how to stop it, gently and then firmly."""

    name: str
    module: str
    arguments: tuple[str, ...]
    gentle: signal.Signals = signal.SIGTERM
    firm: signal.Signals = signal.SIGQUIT


WORKER = Program("worker", "celery", ("-A", "researchgraph.celery", "worker", "--concurrency=2", "--loglevel=WARNING"))
BEAT = Program("beat", "celery", ("-A", "researchgraph.celery", "beat", "--pidfile=", "--loglevel=WARNING"))


def web(listener: socket.socket) -> Program:
    """The web server, on a socket that is bound already: whoever has the port is known before anything starts."""
    return Program(
        "web", "gunicorn",
        (
            "researchgraph.wsgi", f"--bind=fd://{listener.fileno()}", "--workers=2", "--worker-class=gthread", "--threads=8",
            "--graceful-timeout=5", "--no-control-socket",
        ),
    )  # fmt: skip


def listen(port: int) -> socket.socket:
    """A socket bound to `port` of this machine only; 0 picks a free one. Raises EngineError if the port is taken."""
    listener = socket.socket(socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise EngineError(
            f"Port {port} cannot be used ({error}). Choose another with --port, or --port 0 for any free one."
        ) from None
    # Without listening here the port would be anybody's until the web server gets to it.
    listener.listen(128)
    return listener


class Site:
    """The running children. Use as a context manager; `watch` for as long as they are wanted."""

    def __init__(self, listener: socket.socket, *, data_dir: Path, say: Callable[[str], None]) -> None:
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        self.listener = listener
        self._data_dir = data_dir
        self._say = say
        self._engines: embedded.Engines | None = None
        self._children: list[tuple[Program, subprocess.Popen[bytes]]] = []
        self._restarts = 0

    def start_engines(self) -> None:
        """Start what DATABASE_URL and REDIS_URL do not name. Raises EngineError."""
        if any(
            settings.ENGINES.socket_dir.name in text
            for text in (settings.REDIS_URL, str(settings.DATABASES["default"]["HOST"]))
        ):
            self._engines = embedded.start(settings.ENGINES)

    def start(self, program: Program) -> None:
        """Start a child; its output goes to NAME.log in the data directory."""
        self._children.append((program, self._spawn(program)))

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        # Without us there are no engines either, and a worker would wait for them for ever: no farewell.
        leash = signal.SIGKILL
        command = embedded.leashed([sys.executable, "-m", program.module, *program.arguments], how=leash)
        environment = {
            **os.environ,
            "DATA_DIR": str(self._data_dir),
            "RESEARCHGRAPH_MODE": settings.MODE,
            "SITE_URL": self.url,
            "PYTHONPATH": str(settings.BASE_DIR),
        }
        with self.log(program.name).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own programs
                command, cwd=settings.BASE_DIR, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[self.listener.fileno()] if program.name == "web" else [], start_new_session=True,
            )  # fmt: skip

    def log(self, name: str) -> Path:
        """The file a child's output goes to."""
        return self._data_dir / f"{name}.log"

    def look(self) -> None:
        """Start again whatever has died since the last look. Raises EngineError when that happens too often."""
        fallen = [f"The {program.name}" for program, child in self._children if child.poll() is not None]
        if self._engines is not None and (name := self._engines.dead()):
            fallen.append(name)
        if not fallen:
            return
        self._restarts += len(fallen)
        if self._restarts > MOST_RESTARTS:
            raise EngineError(f"{fallen[0]} keeps dying. Its log is in {self._data_dir}.")
        self._say(f"{fallen[0]} ended unexpectedly and is started again; its log is in {self._data_dir}.")
        if self._engines is not None:
            self._engines.revive()
        self._children = [
            (program, child if child.poll() is None else self._spawn(program)) for program, child in self._children
        ]

    def watch(self) -> None:
        """Look after the children until interrupted."""
        while True:
            self.look()
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Web first, so that nobody is answered by half a site; then beat, worker and the engines."""
        with _undisturbed():
            while self._children:
                program, child = self._children.pop()
                with contextlib.suppress(ProcessLookupError):
                    _stop(program, child)
            self.listener.close()
            if self._engines is not None:
                self._engines.stop()


def _stop(program: Program, child: subprocess.Popen[bytes]) -> None:
    child.send_signal(program.gentle)
    try:
        child.wait(WARM_SECONDS)
    except subprocess.TimeoutExpired:
        embedded.stop_child(child, program.firm, seconds=WARM_SECONDS)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave half of the children behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_on_signals() -> None:
    """A terminal that closes and a service manager's stop end us like Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
