"""Builds the front end with npm in static/, only where it is missing or its sources have changed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings

from researchgraph.errors import ResearchgraphError

NOT_SOURCES = {"dist", "node_modules"}
TAIL_LINES = 15


class FrontEndError(ResearchgraphError):
    """The front end could not be built; says what is missing."""


def build(static: Path, *, say: Callable[[str], None]) -> bool:
    """Build `static/dist` if it is missing or older than its sources; whether it was built now. Raises FrontEndError."""
    if _fresh(static):
        return False
    with (static / "package.json").open() as lock:
        # Two commands in one checkout: the second waits, then finds it done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _fresh(static):
            return False
        if _modules_missing(static):
            say("Installing what the front end is built with ...")
            _npm(static, "ci", "--ignore-scripts")
        say("Building the front end ...")
        _npm(static, "run", "build")
    return True


def collect(data_dir: Path) -> None:
    """Copy and compress what the web server serves under /static/, unless that has been done for this very build."""
    manifest = settings.BASE_DIR / "static" / "dist" / ".vite" / "manifest.json"
    stamp = hashlib.sha256(manifest.read_bytes() + django.__version__.encode()).hexdigest()
    path = data_dir / "static" / ".collected"
    if path.is_file() and path.read_text(encoding="ascii") == stamp:
        return
    # A process of its own: ours loaded its settings before there was a dist/.
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--clear", "--verbosity=0"]
    environment = {**os.environ, "DATA_DIR": str(data_dir)}
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise FrontEndError(f"The built files could not be collected:\n{_tail(done.stderr)}")
    path.write_text(stamp, encoding="ascii")


def _fresh(static: Path) -> bool:
    manifest = static / "dist" / ".vite" / "manifest.json"
    return manifest.is_file() and manifest.stat().st_mtime >= max(_changed(static), default=0.0)


def _changed(static: Path) -> list[float]:
    """When each source was last changed, in seconds since 1970."""
    found = []
    for top in static.iterdir():
        if top.name not in NOT_SOURCES:
            found += [path.stat().st_mtime for path in (top, *top.rglob("*")) if path.is_file()]
    return found


def _modules_missing(static: Path) -> bool:
    """Whether npm's own note of what it installed differs from the lock file. Times would not survive a checkout."""
    try:
        installed = _versions(static / "node_modules" / ".package-lock.json")
    except OSError:
        return True
    return any(installed.get(name) != version for name, version in _versions(static / "package-lock.json").items())


def _versions(lock: Path) -> dict[str, str]:
    """The version of each package, but for those made for other kinds of machines."""
    packages = json.loads(lock.read_bytes())["packages"]
    return {name: entry["version"] for name, entry in packages.items() if name and not entry.get("optional")}


def _npm(static: Path, *arguments: str) -> None:
    # Node comes with the `frontend` dependency group; a machine's own may be too old.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false", "CI": "true"}
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            ["/usr/bin/env", "npm", *arguments],
            cwd=static,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise FrontEndError(f"npm could not be started: {error}") from None
    if done.returncode != 0:
        raise FrontEndError(
            f"`npm {' '.join(arguments)}` failed in {static}. It needs Node 20.19 or newer (`uv sync --group frontend` "
            f"brings it) and, the first time, a network.\n{_tail(done.stdout + done.stderr)}",
        )


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL_LINES:])
