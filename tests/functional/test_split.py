"""A curator splits a work and decides on an identifier without scripts on a phone, and takes both back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.functional.signing_in import make, sign_in
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

HOPPER = "0000-0002-1694-233X"
RECORDS = [
    work("x/1", "Lighthouses of the inner sea", "Hedy Lamarr", "Lise Meitner", "Emmy Noether", year=2001, doi="10.1000/light"),
    work("x/2", "Lighthouses of the outer sea, with a chart", "Hedy Lamarr", "Lise Meitner", "Kurt Gödel", year=2009,
         doi="10.1000/light", arxiv="0901.0001"),
    work("x/3", "Buoys and bells", {"name": "Grace Hopper", "orcid": HOPPER}),
    work("x/4", "Bells without buoys", {"name": "Lise Meitner", "orcid": HOPPER}),
]  # fmt: skip


@pytest.fixture(scope="module")
def joined(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a work that two records were joined in, wrongly."""
    demo_site.manage("importworks", "jsonl", write(tmp_path_factory.mktemp("works") / "works.jsonl", RECORDS))
    make(demo_site, "unjoiner")
    find = "from works.models import *; print(SourceRecord.objects.get(key='x/2').work.get_absolute_url())"
    return demo_site.manage("shell", "-c", find).strip().splitlines()[-1]


def test_a_work_is_split_and_made_one_again_without_scripts(
    page: Page, plain_page: Page, demo_site: DemoSite, joined: str, violations: Callable[[Page], list[str]]
) -> None:
    sign_in(plain_page, demo_site, "unjoiner")
    plain_page.goto(f"{demo_site.url}{joined}")
    plain_page.get_by_role("link", name="Some of these are another work").click()
    plain_page.get_by_label("x/2").check()
    plain_page.get_by_role("button", name="Look at what it comes to").click()
    chosen = plain_page.url
    sign_in(page, demo_site, "unjoiner")
    for address in (chosen, f"{demo_site.url}/imports/held/identifiers/"):
        page.goto(address)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert violations(page) == []
    plain_page.get_by_label("How do you know?").fill("One has a chart, the other has not.")
    plain_page.get_by_role("button", name="Make 1 record another work").click()
    heading = plain_page.get_by_text("Some records found to be another work’s")
    expect(heading).to_have_count(1)
    event = plain_page.get_by_role("listitem").filter(has=heading)
    event.get_by_label("Reason for undoing").fill("The chart was lost.")
    event.get_by_role("button", name="Undo").click()
    expect(plain_page.get_by_text("Undone: records found to be another work’s")).to_have_count(1)


def test_an_identifier_is_accepted_and_asked_about_again_without_scripts(
    plain_page: Page, demo_site: DemoSite, joined: str
) -> None:
    sign_in(plain_page, demo_site, "unjoiner")
    assert joined
    plain_page.goto(f"{demo_site.url}/imports/held/identifiers/")
    row = plain_page.get_by_role("row").filter(has_text="Buoys and bells")
    row.get_by_text("Decide").click()
    row.get_by_label("How do you know?").fill("Her own list has it.")
    row.get_by_role("button", name="It is theirs").click()
    decided = plain_page.get_by_role("region", name="What curators decided").get_by_role("listitem")
    expect(decided).to_contain_text("Grace Hopper")
    expect(row).to_have_count(0)
    decided.get_by_label("Reason for undoing").fill("It was a copy.")
    decided.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
