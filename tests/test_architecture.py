"""The shape of the code: every module has a layer, files stay readable, nothing in the repository names a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["importlinter"]["root_packages"]
LAYERS = next(c["layers"] for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
PLACED = {module.strip() for layer in LAYERS for module in re.split(r"[:|]", layer)}
VAGUE = {"utils", "util", "helpers", "services", "managers", "common", "misc"}
MOST_LINES = 600


@pytest.fixture(scope="module")
def modules() -> set[str]:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {name for name in graph.modules if ".migrations" not in name}


def python_files() -> list[Path]:
    folders = [*PACKAGES, "tests", ".ci"]
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]


def tracked() -> list[Path]:
    """Every file that is or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def ancestors(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[: length + 1]) for length in range(len(parts))}


def test_every_module_has_a_layer(modules: set[str]) -> None:
    packages = {name for name in modules if any(other.startswith(f"{name}.") for other in modules)}
    assert [name for name in sorted(modules - packages) if not ancestors(name) & PLACED] == []


def test_every_layer_has_a_module(modules: set[str]) -> None:
    assert sorted(PLACED - modules) == []


def test_packages_have_no_code_of_their_own() -> None:
    assert [str(path) for path in python_files() if path.name == "__init__.py" and path.stat().st_size] == []


def test_no_module_has_a_vague_name() -> None:
    assert [str(path) for path in python_files() if path.stem in VAGUE or path.parent.name in VAGUE] == []


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in python_files() if path.stat().st_size}
    assert [str(path) for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_browser_tests_wait_for_what_they_look_at() -> None:
    """A click ends when the next page begins: `expect` waits for the rest of it, and these do not."""
    hasty = re.compile(r"assert .*\.(is_visible|is_hidden|is_checked|is_enabled|is_disabled|count)\(\)")
    files = sorted((ROOT / "tests" / "functional").rglob("*.py"))
    assert files
    assert [path.name for path in files if hasty.search(path.read_text(encoding="utf-8"))] == []


def test_pinned_requirements_name_no_address() -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        assert not re.search(r"https?://", (ROOT / name).read_text(encoding="utf-8")), name
    assert "resolved" not in (ROOT / "static" / "package-lock.json").read_text(encoding="utf-8")


def test_every_pin_has_a_hash() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [number for number, line in enumerate(lines) if re.match(r"[a-z0-9]", line)]
    assert len(pins) > 40
    assert [lines[number] for number in pins if "--hash=sha256:" not in lines[number + 1]] == []


def test_both_lists_of_pins_agree() -> None:
    locked = re.findall(
        r"^([a-z0-9.-]+==[^ ]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    pinned = [pin.partition(" ")[0] for pin in PROJECT["tool"]["uv"]["constraint-dependencies"]]
    assert locked == pinned


def test_nothing_names_the_machine_it_was_written_on() -> None:
    # Put together here, so that this file does not name them either.
    foreign = re.compile(rf"(?<![\w.])/(?:{'work'}/(?:main|shared)|{'root'}/)")
    found = []
    for path in tracked():
        text = path.read_bytes()
        if b"\0" not in text and (match := foreign.search(text.decode("utf-8", "replace"))):
            found.append(f"{path.relative_to(ROOT)}: {match.group()}")
    assert found == []
