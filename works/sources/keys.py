"""Keys that services hand out, from the environment: `NAME`, or the first line of the file that `NAME_FILE` names."""

from __future__ import annotations

import os
from pathlib import Path

from researchgraph.errors import SourceUnavailable


def from_environment(name: str) -> str:
    """The key; "" if there is none. Raises SourceUnavailable if its file cannot be read."""
    stated = os.environ.get(name, "").strip()
    file = os.environ.get(f"{name}_FILE", "").strip()
    if stated or not file:
        return stated
    try:
        return Path(file).read_text(encoding="utf-8").strip().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name}_FILE names {file}, which cannot be read."
        raise SourceUnavailable(message) from error
