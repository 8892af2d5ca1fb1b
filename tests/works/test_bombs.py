"""Hostile files are refused with a reason, whatever they unpack to, and cost little memory (tests/benchmarks/bombs.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.bombs import BOMBS

ROOT = Path(__file__).parents[2]
MEGABYTES = 200
HARMLESS = {"tar of 10,001 empty members", "tar with a link to /etc/passwd", "tar in tar", "tar with ../ in names"}
"""Nothing in these is a record, and no name or link in them is followed."""


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """Every bomb read in a process of its own, by name."""
    script = ROOT / "tests/benchmarks/bombs.py"
    done = subprocess.run([sys.executable, script, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory(found: dict[str, dict[str, Any]], name: str) -> None:
    outcome = found[name]
    assert outcome["good"] == 0
    assert outcome["megabytes"] < MEGABYTES
    assert outcome["reason"] or name in HARMLESS


def test_nothing_in_an_archive_is_written_anywhere(found: dict[str, dict[str, Any]]) -> None:
    assert len(found) == len(BOMBS)
    assert not Path("/tmp/researchgraph-escaped").exists()
