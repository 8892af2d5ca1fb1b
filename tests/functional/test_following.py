"""From following to the feed in a real browser, with scripts and without: follow, a new work comes in, feed entry, Atom entry."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from playwright.sync_api import Page, expect

from tests.functional.signing_in import fill_in, make
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

SECONDS = 60
MARY = {"name": "Mary Somerville", "orcid": "0000-0001-5109-3700", "affiliation": "Royal Astronomical Society"}
CAROLINE = {"name": "Caroline Herschel", "orcid": "0000-0002-9079-593X"}
ATOM = {"a": "http://www.w3.org/2005/Atom"}
FIND = """
from works.models import Authorship
print(Authorship.objects.filter(raw_name="Mary Somerville", researcher__isnull=False)[0].researcher.get_absolute_url())
"""


@pytest.fixture(scope="module")
def mary(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a record to follow; two accounts may sign in."""
    first = [work("f/1", "On the connexion of the sciences", MARY, CAROLINE, keywords=["heliometry"])]
    demo_site.manage("importworks", "jsonl", write(tmp_path_factory.mktemp("works") / "works.jsonl", first))
    for name in ("follower", "plainfollower"):
        make(demo_site, name, role="reader")
    return demo_site.manage("shell", "-c", FIND).strip().splitlines()[-1]


def follow_through_login(page: Page, site: DemoSite, path: str, name: str) -> None:
    """From the public page by way of the login to following, and back on the page."""
    page.goto(f"{site.url}{path}")
    page.locator("#follow").get_by_role("link").click()
    fill_in(page, name)
    page.get_by_role("heading", name="Follow Mary Somerville?").wait_for()
    page.get_by_role("button", name="Follow researcher").click()
    page.locator("#follow").get_by_role("button", name="Following").wait_for()
    assert page.url == f"{site.url}{path}"


def new_work(site: DemoSite, folder: Path, key: str, title: str) -> None:
    site.manage("importworks", "jsonl", write(folder / f"{key}.jsonl", [work(f"f/{key}", title, MARY, year=2024)]))


def wait_for_entry(page: Page, site: DemoSite, title: str) -> None:
    """Load the feed until a worker has told of the work."""
    deadline = time.monotonic() + SECONDS
    page.goto(f"{site.url}/me/feed/")
    while not page.get_by_role("article").filter(has_text=title).count():
        assert time.monotonic() < deadline
        page.wait_for_timeout(300)
        page.reload()


def atom_titles(page: Page, address: str) -> list[str]:
    answer = page.request.get(address)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root: Any = etree.fromstring(answer.body())
    return [str(title) for title in root.xpath("a:entry/a:title/text()", namespaces=ATOM)]


def test_from_following_to_the_feed(
    page: Page, demo_site: DemoSite, mary: str, tmp_path: Path, violations: Callable[[Page], list[str]]
) -> None:
    follow_through_login(page, demo_site, mary, "follower")
    page.evaluate("window.sameDocument = true")
    before = int(page.locator("#followers").inner_text())
    for label, more in (("Follow researcher", -1), ("Following", 0)):
        page.locator("#follow-button").click()
        page.locator("#follow").get_by_role("button", name=label).wait_for()
        assert int(page.locator("#followers").inner_text()) == before + more
        assert page.evaluate("document.activeElement.id") == "follow-button"
    assert page.evaluate("window.sameDocument")
    new_work(demo_site, tmp_path, "s", "Mechanism of the heavens")
    wait_for_entry(page, demo_site, "Mechanism of the heavens")
    entry = page.get_by_role("article").filter(has_text="Mechanism of the heavens")
    expect(entry).to_contain_text("because you follow Mary Somerville")
    expect(entry).to_contain_text("unread")
    schemes: tuple[Any, ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        for path in ("/me/feed/", "/me/feed/?kind=topic", "/me/following/", mary, f"{mary.rsplit('/', 2)[0]}/follow/"):
            page.goto(f"{demo_site.url}{path}")
            for width in (390, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert violations(page) == []
    page.goto(f"{demo_site.url}/me/feed/")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("unread", exact=True)).to_have_count(0)
    page.goto(f"{demo_site.url}{mary}")
    feed = page.locator("link[rel=alternate]").get_attribute("href")
    assert "Mechanism of the heavens" in atom_titles(page, f"{demo_site.url}{feed}")


def test_from_following_to_the_feed_without_scripts(
    page: Page,
    plain_page: Page,
    demo_site: DemoSite,
    mary: str,
    tmp_path: Path,
    violations: Callable[[Page], list[str]],
) -> None:
    follow_through_login(plain_page, demo_site, mary, "plainfollower")
    new_work(demo_site, tmp_path, "p", "Molecular and microscopic science")
    wait_for_entry(plain_page, demo_site, "Molecular and microscopic science")
    plain_page.get_by_role("link", name="People", exact=True).click()
    expect(plain_page.get_by_role("article").filter(has_text="Molecular and microscopic")).to_have_count(1)
    plain_page.get_by_role("button", name="Make an address").click()
    secret = plain_page.get_by_label("Secret address").input_value()
    path = secret[secret.index("/feeds/") :]
    assert "Molecular and microscopic science" in atom_titles(page, f"{demo_site.url}{path}")
    plain_page.get_by_role("link", name="Back to Following").click()
    plain_page.get_by_role("button", name="Take it back").click()
    assert page.request.get(f"{demo_site.url}{path}").status == 404
    plain_page.get_by_role("button", name="Unfollow Mary Somerville").click()
    plain_page.get_by_text("You follow nobody yet.").wait_for()
    expect(plain_page.get_by_role("heading", name="To follow")).to_have_count(1)
