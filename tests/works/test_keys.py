"""Keys of services: from a variable, from a file, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from researchgraph.errors import SourceUnavailable
from works.sources import keys


def test_a_key_is_a_variable_or_the_first_line_of_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert keys.from_environment("SOUP_API_KEY") == ""
    (tmp_path / "key").write_text("from-file\nsecond line\n", encoding="utf-8")
    monkeypatch.setenv("SOUP_API_KEY_FILE", str(tmp_path / "key"))
    assert keys.from_environment("SOUP_API_KEY") == "from-file"
    monkeypatch.setenv("SOUP_API_KEY", " stated ")
    assert keys.from_environment("SOUP_API_KEY") == "stated"


def test_a_key_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOUP_API_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(SourceUnavailable, match=r"SOUP_API_KEY_FILE names .* which cannot be read"):
        keys.from_environment("SOUP_API_KEY")
