"""A curator decides on ambiguous works with keys in a real browser, takes one decision back, and the pages follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.functional.signing_in import make, sign_in
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

RECORDS = [
    work("w/1", "Lanterns under the harbor", "Hedy Lamarr", "Lise Meitner", "Emmy Noether", year=2001),
    work("w/2", "Lanterns under the harbor", "Hedy Lamarr", "Kurt Gödel", "Ada Lovelace", "Grace Hopper", year=2002),
    work("w/3", "Ropes that remember", "Hedy Lamarr", "Lise Meitner", year=1991),
    work("w/4", "Ropes that remember", "Hedy Lamarr", "Lise Meitner", year=2011),
]
FIND = """
from works.imports import settle
from works.models import SourceRecord
settle()
for key in ("w/1", "w/2", "w/3", "w/4"):
    print(SourceRecord.objects.get(source="jsonl", key=key).work.get_absolute_url())
"""


@pytest.fixture(scope="module")
def works(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The addresses of four works, two pairs of which may be one."""
    folder = tmp_path_factory.mktemp("works")
    demo_site.manage("importworks", "jsonl", write(folder / "works.jsonl", RECORDS))
    make(demo_site, "joiner")
    return found(demo_site)


def found(site: DemoSite) -> list[str]:
    """Where the four records are."""
    return site.manage("shell", "-c", FIND).strip().splitlines()[-4:]


def choose(page: Page, title: str) -> None:
    """Open a question of the list, and wait until its page hears keys."""
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("link", name=title).click()


def test_two_matches_are_decided_with_keys_and_one_is_taken_back(
    page: Page, demo_site: DemoSite, works: list[str], violations: Callable[[Page], list[str]]
) -> None:
    sign_in(page, demo_site, "joiner")
    page.goto(f"{demo_site.url}/curate/")
    page.get_by_label("Curation").get_by_role("link", name="Works").click()
    heading = page.get_by_role("heading", level=1)
    page.get_by_role("link", name="All as a list").click()
    choose(page, "Lanterns under the harbor")
    first = page.url
    # There and back, or back and there if it is the last one.
    there, back = ("j", "k") if page.get_by_role("link", name="Skip").count() else ("k", "j")
    page.keyboard.press(there)
    page.wait_for_url(lambda url: url != first)
    page.keyboard.press(back)
    page.wait_for_url(first)
    expect(heading).to_have_text(re.compile(r"^\s*Same work\?"))
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
    # The keys can be turned off, and "?" says so.
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single-letter keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single-letter keys").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_count(0)

    page.keyboard.press("a")
    page.wait_for_url("**events=**")
    expect(page.get_by_role("status")).to_contain_text("One work: “Lanterns")
    page.goto(f"{demo_site.url}/curate/works/?view=list")
    choose(page, "Ropes that remember")
    page.keyboard.press("d")
    page.wait_for_url("**events=**")
    expect(page.get_by_role("status")).to_contain_text("Two works: “Ropes")

    joined = found(demo_site)
    assert joined[0] == joined[1]
    assert joined[2:] == works[2:]
    page.goto(f"{demo_site.url}{works[1]}")
    assert page.url == f"{demo_site.url}{works[0]}"
    expect(page.locator("#provenance").locator("xpath=ancestor::section")).to_contain_text("w/2", use_inner_text=True)
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Another work joined this one", use_inner_text=True)
    assert violations(page) == []
    page.get_by_label("Reason for undoing").fill("Two harbors.")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone: two works joined").wait_for()
    assert found(demo_site) == works
    # What is stored is what the events say, and what is shown can be made again from it.
    demo_site.manage("rebuildidentities", "--check")
    demo_site.manage("rebuildgraph")
    for address in works:
        assert page.request.get(f"{demo_site.url}{address}", max_redirects=0).status == 200
    page.goto(f"{demo_site.url}{works[1]}")
    expect(page.get_by_role("main")).to_contain_text("Kurt Gödel", use_inner_text=True)


def test_an_answer_without_scripts_is_taken_back_with_a_button(
    plain_page: Page, demo_site: DemoSite, works: list[str]
) -> None:
    sign_in(plain_page, demo_site, "joiner")
    plain_page.goto(f"{demo_site.url}/curate/works/?view=list")
    plain_page.get_by_role("link", name="Lanterns under the harbor").click()
    expect(plain_page.locator("kbd").first).to_be_hidden()
    plain_page.get_by_role("button", name="Not sure").click()
    expect(plain_page.get_by_role("status")).to_contain_text("Put aside")
    plain_page.get_by_role("button", name="Undo").click()
    expect(plain_page.get_by_role("status")).to_contain_text("Taken back")
