"""What benchmarks share: engines of their own, with empty tables, and a process of its own for each figure that needs one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

UNSET: Final = ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG")
"""What would name somebody's real engines, or change what is measured."""


@contextmanager
def engines(directory: Path | None = None) -> Iterator[Path]:
    """Set Django up, once in a process, with running engines and all tables; where they keep their data.

    A given directory is made, and left to whoever gave it.
    """
    where = directory or Path(tempfile.mkdtemp(prefix="rg-benchmark-"))
    where.mkdir(exist_ok=True)
    where.chmod(0o755)
    (where / "static").mkdir()
    os.environ.update(DATA_DIR=str(where), RESEARCHGRAPH_MODE="test", DJANGO_SETTINGS_MODULE="researchgraph.settings")
    for name in UNSET:
        os.environ.pop(name, None)
    import django

    from researchgraph import embedded

    django.setup()
    from django.core.management import call_command

    try:
        with embedded.running(embedded.layout(where)):
            call_command("migrate", verbosity=0, interactive=False)
            yield where
    finally:
        if directory is None:
            shutil.rmtree(where, ignore_errors=True)


def apart(action: Callable[[], Any]) -> Any:
    """What an action gives, as JSON can say it, in a process of its own: settings are read once per process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as answer:
            json.dump(action(), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if status or not text:
        raise SystemExit("A measurement failed; its traceback is above.")
    return json.loads(text)
