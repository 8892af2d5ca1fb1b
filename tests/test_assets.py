"""Built files are found by the name of their source, and a missing build says what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template.loader import get_template
from jinja2 import UndefinedError

from researchgraph import assets

if TYPE_CHECKING:
    from pathlib import Path


def test_a_built_file_is_found_by_the_name_of_its_source(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    entry = {"file": "assets/site-3f2a.css", "src": "css/site.css", "isEntry": True}
    manifest.write_text(json.dumps({"css/site.css": entry}))
    assert assets.addresses(manifest) == {"site.css": "/static/assets/site-3f2a.css"}


def test_a_front_end_that_was_never_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="npm run build"):
        assets.addresses(tmp_path / "manifest.json")


def test_everything_the_base_page_loads_was_built() -> None:
    for name in ("site.css", "site.ts", "icons.svg", "mark.svg", "stix-two-text-latin-wght-normal.woff2"):
        assert assets.static(name).startswith("/static/assets/")


def test_a_name_that_no_view_passed_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="page"):
        get_template("profiles/tagline.html").render({})
