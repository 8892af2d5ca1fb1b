"""Where the embedded engines' files are, and who may touch them.

As root the servers run as an unprivileged user. What that user cannot reach because a parent is closed to others (as
/root is) is placed or copied under /var/tmp, because no parent's mode is ever changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
from pathlib import Path

from researchgraph.errors import EngineError

SERVER_UID = 65534
"""Who the servers run as when we are root: "nobody", which needs no account to be made."""


def server_uid() -> int:
    """The user the servers run as."""
    return SERVER_UID if os.getuid() == 0 else os.getuid()


def digest(data_dir: Path) -> str:
    """A short name for a data directory, as this user sees it."""
    return hashlib.sha256(f"{os.getuid()}:{data_dir}".encode()).hexdigest()[:10]


def private(path: Path, *, owner: int, mode: int = 0o700) -> None:
    """Make a directory that only `owner` (and root) may write, or check that it is one: its name can be guessed."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=mode)
        path.chmod(mode)
        os.chown(path, owner, -1)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022:
        raise EngineError(f"{path} belongs to somebody else. Remove it, or choose another data directory.")


def reachable(path: Path) -> bool:
    """Whether the servers' user may pass through every parent of `path`."""
    if os.getuid() != 0:
        return True
    return all(_passable(parent.stat()) for parent in path.resolve().parents)


def _passable(found: os.stat_result) -> bool:
    return bool(found.st_mode & (stat.S_IXUSR if found.st_uid == SERVER_UID else stat.S_IXOTH))


def server_dir(data_dir: Path) -> Path:
    """The directory that holds the servers' own files: the data directory, or its stand-in under /var/tmp."""
    if reachable(data_dir / "postgres"):
        return data_dir
    stand_in = Path("/var/tmp") / f"researchgraph-{digest(data_dir)}"  # noqa: S108 - checked by `private`
    private(stand_in, owner=0, mode=0o755)
    return stand_in


def installed(package: str, distribution: str, *, data_dir: Path) -> Path:
    """A directory of `package` whose binaries the servers' user can run: as installed, else a copy next to the cluster."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise EngineError(
            f"The package {distribution} is not installed, so there is no embedded engine. Set DATABASE_URL and REDIS_URL."
        )
    source = Path(found.origin).parent
    if reachable(source / "any"):
        return source
    copy = server_dir(data_dir) / f"{package}-{importlib.metadata.version(distribution)}"
    if not copy.is_dir():
        _copy(source, copy)
    return copy / package


def _copy(source: Path, copy: Path) -> None:
    """Copy a package, with the libraries its wheel keeps next to it, made aside and renamed: all of it or nothing."""
    draft = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    for part in (source, source.with_name(f"{source.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, draft / part.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            # Programs and directories for everybody to use, the rest for everybody to read.
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
    draft.rename(copy)
