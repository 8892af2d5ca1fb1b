"""Renews every pin: `[tool.uv] constraint-dependencies` in pyproject.toml, and requirements.lock with hashes.

Run by `make lock`. Neither names an address, so both are the same wherever they are made; uv.lock is not committed.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
PINS = re.compile(r"(?<=^constraint-dependencies = \[\n)(?:  .*\n)*(?=\]$)", re.MULTILINE)
EXPORT = ("uv", "export", "--frozen", "--all-groups", "--no-emit-project", "--no-header", "--no-annotate")


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def write_pins(pins: list[str]) -> None:
    lines = "".join(f'  "{pin}",\n' for pin in pins)
    PROJECT.write_text(PINS.sub(lambda _: lines, PROJECT.read_text(encoding="utf-8"), count=1), encoding="utf-8")


def main() -> None:
    # Without the old pins, or nothing could move.
    write_pins([])
    run("uv", "lock", "--upgrade")
    write_pins([line.replace('"', "'") for line in run(*EXPORT, "--no-hashes").splitlines() if line])
    run("uv", "lock")
    (ROOT / "requirements.lock").write_text(run(*EXPORT), encoding="utf-8")


if __name__ == "__main__":
    main()
