"""The benchmarks: `uv run python tests/benchmarks/run.py --works 10000 --works 100000 --json FILE`.

Everything runs on embedded engines of its own, in a directory that is removed afterwards. Every figure is printed
next to what it is compared with; with several sizes, the growth exponents between them follow (1 is linear).
What the figures mean and what they were: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MORE = 5_000
"""Works of the import that pages are read during."""
sys.path.insert(0, str(ROOT))

from tests.benchmarks.engines import apart, engines  # noqa: E402 - the checkout is not installed as a package


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--works", type=int, action="append", help="how many synthetic works; may be repeated")
    parser.add_argument("--file", type=Path, action="append", default=[], help="measure with this file of real works")
    parser.add_argument("--source", default="jsonl", help="of the files (default: jsonl)")
    parser.add_argument("--processes", type=int, action="append", help="of the worker; may be repeated (default: 2)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    inputs: list[int | Path] = [*(options.works or ([] if options.file else [10_000])), *options.file]
    directory = Path(tempfile.mkdtemp(prefix="rg-benchmark-"))
    directory.chmod(0o755)
    try:
        each = [(what, processes) for what in inputs for processes in options.processes or [2]]
        results = [
            _measured(directory / str(i), what, {"source": options.source, "processes": processes})
            for i, (what, processes) in enumerate(each)
        ]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    summary = {"machine": _machine(), "results": results, "growth": _growth(results)}
    print(json.dumps(summary, indent=2))
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _measured(directory: Path, what: int | Path, how: dict[str, Any]) -> dict[str, Any]:
    """All figures for one input, in a process of its own."""
    result: dict[str, Any] = apart(lambda: _measure(directory, what, how))
    print(f"{what}: {json.dumps(result)}", file=sys.stderr)
    return result


def _measure(directory: Path, what: int | Path, how: dict[str, Any]) -> dict[str, Any]:
    with engines(directory):
        from django.conf import settings

        from researchgraph import frontend
        from tests.benchmarks import importing, profile_page, reading, synthetic

        settings.ROOT_URLCONF = "tests.benchmarks.floor"
        frontend.build(ROOT / "static", say=lambda line: print(line, file=sys.stderr))
        file = what if isinstance(what, Path) else directory / "works.jsonl"
        if isinstance(what, int):
            synthetic.write(file, what)
        more = directory / "more.jsonl"
        synthetic.write(more, MORE, seed=2)
        return {
            "input": str(what.name) if isinstance(what, Path) else f"{what} synthetic works",
            "import": importing.measure(file.resolve(), **how),
            "profile": profile_page.measure(),
            "reading": reading.measure(more, source="jsonl", processes=how["processes"]),
        }


def _growth(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exponents b of cost ~ works^b between each size and the next."""
    found = []
    for before, after in pairwise(results):
        a, b = before["import"], after["import"]
        if a["works"] == b["works"]:
            continue
        scale = math.log(b["works"] / a["works"])
        growth = {
            name: round(math.log(b[name] / a[name]) / scale, 2)
            for name in ("load_s", "assign_s", "derive_s", "ready_s", "copy_s")
            if a[name] > 0 and b[name] > 0
        }
        page = math.log(after["profile"]["ratio"] / before["profile"]["ratio"]) / scale
        found.append({"from": a["works"], "to": b["works"], **growth, "profile_ratio": round(page, 2)})
    return found


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory_gb": round(memory / 2**30), "python": platform.python_version()}


if __name__ == "__main__":
    main()
