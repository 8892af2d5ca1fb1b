"""A curator's whole morning in a real browser: a file brought in and watched, doubts decided by keys, held-back records read
again, and the run taken back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.functional.signing_in import make, sign_in
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

KNOWN = [
    work("m/1", "Bells below the tide", "Hedy Lamarr", "Lise Meitner", "Emmy Noether", year=2001),
    work("m/2", "Ink for cold nights", "Hedy Lamarr", "Lise Meitner", year=1991),
]
BIBTEX = """
@article{bells, title={Bells below the tide}, journal={Journal of Harbors}, year={2002},
  author={Lamarr, Hedy and G{\\"o}del, Kurt and Lovelace, Ada and Hopper, Grace}}
@article{ink, title={Ink for cold nights}, journal={Journal of Harbors}, year={2011},
  author={Lamarr, Hedy and Meitner, Lise}}
@article{fresh, title={A chart of every buoy}, journal={Journal of Harbors}, year={2012}, author={Lovelace, Ada}}
@article{nobody, title={A log without a name}, year={2012}}
"""


def works_found(page: Page, site: DemoSite, words: str) -> int:
    """How many works the search lists under these words."""
    page.goto(f"{site.url}/search/?kind=works&q={words.replace(' ', '+')}")
    return page.get_by_role("main").get_by_role("link", name=words, exact=True).count()


def test_a_file_is_brought_in_decided_on_and_taken_back(
    page: Page, demo_site: DemoSite, tmp_path: Path, violations: Callable[[Page], list[str]]
) -> None:
    demo_site.manage("importworks", "jsonl", write(tmp_path / "works.jsonl", KNOWN))
    make(demo_site, "morning")
    sign_in(page, demo_site, "morning")

    # Upload a BibTeX file and watch it run.
    page.goto(f"{demo_site.url}/imports/new/")
    page.get_by_label("Source", exact=True).select_option("bibtex")
    upload = tmp_path / "harbor.bib"
    upload.write_text(BIBTEX, encoding="utf-8")
    page.get_by_label("A file of its format").set_input_files(upload)
    page.get_by_role("button", name="Start the import").click()
    page.wait_for_url(lambda url: "/imports/new/" not in url)
    run = page.url
    progress = page.get_by_role("region", name="Progress")
    # The page asks by itself until the run has ended.
    progress.get_by_text("done", exact=True).wait_for()
    expect(progress).to_contain_text("4 records")
    assert violations(page) == []

    # Decide on two ambiguous matches by keys.
    heading = page.get_by_role("heading", level=1)
    for title, key, said in (
        ("Bells below the tide", "d", "Two works"),
        ("Ink for cold nights", "a", "One work"),
    ):
        page.goto(f"{demo_site.url}/curate/works/?view=list&source=bibtex")
        page.get_by_role("link", name=title).click()
        expect(heading).to_have_text(re.compile(r"^\s*Same work\?"))
        page.keyboard.press(key)
        page.wait_for_url("**events=**")
        expect(page.get_by_role("status")).to_contain_text(said)
    assert works_found(page, demo_site, "Bells below the tide") == 2
    assert works_found(page, demo_site, "Ink for cold nights") == 1
    assert works_found(page, demo_site, "A chart of every buoy") == 1

    # Read the held-back record again: it still names nobody, and says so.
    page.goto(run)
    page.get_by_role("link", name="nobody").click()
    expect(page.locator("pre")).to_contain_text("A log without a name")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_role("status")).to_contain_text("1 held back still")
    assert violations(page) == []

    # Take the run back: what only it said goes, what was decided on stays.
    page.goto(run)
    page.get_by_role("link", name="Roll back").click()
    expect(page.locator(".blast div", has_text="works disappear")).to_contain_text("1")
    page.get_by_role("button", name="Roll back").click()
    page.wait_for_url(run)
    page.get_by_role("region", name="Progress").get_by_text("rolled back", exact=True).wait_for()
    assert works_found(page, demo_site, "A chart of every buoy") == 0
    assert works_found(page, demo_site, "Bells below the tide") == 2
    assert works_found(page, demo_site, "Ink for cold nights") == 1
