"""The command that tells authors apart in a file: what it reads, writes, explains and refuses."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from profiles.matching import model

ROWS: list[dict[str, Any]] = [
    {"mention_id": "a#0", "source_id": "a", "name": "Ari Morcos", "coauthors": ["Yair Carmon"], "title": "Soups", "year": 2022},
    {"mention_id": "b#0", "source_id": "b", "name": "A. Morcos", "coauthors": ["Yair Carmon"], "title": "Soup", "year": 2023},
    {"mention_id": "c#0", "source_id": "c", "name": "Ana Morcos", "coauthors": [], "affiliation": None, "year": None},
]  # fmt: skip


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("disambiguate", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["mentions.jsonl", "mentions.jsonl.gz"])
def test_mentions_of_one_person_come_out_together(tmp_path: Path, name: str) -> None:
    output = tmp_path / "clusters.json"
    said = run(str(write(tmp_path / name, ROWS)), "--output", str(output))
    clusters = json.loads(output.read_text())["clusters"]
    assert sorted(clusters.values()) == [["a#0", "b#0"], ["c#0"]]
    assert said.startswith("3 mentions, 2 people")


def test_an_explanation_shows_the_points_and_the_verdict(tmp_path: Path) -> None:
    path = write(tmp_path / "mentions.jsonl", ROWS)
    said = run(str(path), "--output", str(tmp_path / "clusters.json"), "--explain", "a#0", "b#0")
    assert "shared co-authors, weighted" in said
    assert "They are in one group." in said
    said = run(str(path), "--output", str(tmp_path / "clusters.json"), "--explain", "a#0", "c#0")
    assert "were not compared" in said
    assert "They are in different groups." in said


def test_a_model_of_ones_own_is_used(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(model.FILE.read_bytes().replace(b'"threshold": 0.55', b'"threshold": 0.99999'))
    output = tmp_path / "clusters.json"
    run(str(write(tmp_path / "mentions.jsonl", ROWS)), "--output", str(output), "--model", str(path))
    assert len(json.loads(output.read_text())["clusters"]) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{not json\n", "line 1"),
        (b'{"mention_id": "a", "name": "Ari Morcos"}\n', "line 1.*source_id"),
        (b'{"mention_id": 1, "source_id": "a", "name": "Ari"}\n', "line 1.*mention_id"),
        (b'{"mention_id": "a", "source_id": "a", "name": "Ari"}\n' * 2, "line 2: mention a is there twice"),
        (b"[" * 200_000 + b"\n", "line 1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "mentions.jsonl"
    path.write_bytes(line)
    with pytest.raises(CommandError, match=message):
        run(str(path), "--output", str(tmp_path / "clusters.json"))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    path, output = write(tmp_path / "mentions.jsonl", ROWS), str(tmp_path / "clusters.json")
    with pytest.raises(CommandError, match="Cannot read the mentions"):
        run(str(tmp_path / "none.jsonl"), "--output", output)
    with pytest.raises(CommandError, match="no mention z"):
        run(str(path), "--output", output, "--explain", "a#0", "z")
    with pytest.raises(CommandError, match="is not a model"):
        run(str(path), "--output", output, "--model", str(path))
    with pytest.raises(CommandError, match="Cannot write the clusters"):
        run(str(path), "--output", str(tmp_path / "none" / "clusters.json"))
