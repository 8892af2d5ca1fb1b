"""PLACEHOLDER being replaced by the engines helper: only the names that settings need."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    data_dir: Path
    socket_dir: Path

    @property
    def database(self) -> dict[str, object]:
        return {"NAME": "researchgraph", "USER": "researchgraph", "PASSWORD": "", "HOST": str(self.socket_dir), "PORT": "5432"}

    @property
    def redis_url(self) -> str:
        return f"unix://{self.socket_dir}/valkey.sock?db=0"

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.socket_dir}/valkey.sock?virtual_host=0"

    @property
    def cache_url(self) -> str:
        return f"unix://{self.socket_dir}/valkey.sock?db=1"


def layout(data_dir: Path) -> Layout:
    digest = hashlib.sha256(f"{os.getuid()}:{data_dir}".encode()).hexdigest()[:10]
    return Layout(data_dir, Path(tempfile.gettempdir()) / f"rg-{digest}")


def local_secret_key(data_dir: Path, *, allowed: bool) -> str:
    return "local-placeholder" if allowed else ""
