"""From a curator's decision on a claim to the number in the header, the page, and marking all as read, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.functional.signing_in import make, sign_in
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

NAME = "Thea Lindqvist"
THEA = {"name": NAME, "affiliation": "Institute of Bells", "affiliation_domain": "lab.example"}
RECORDS = [
    work("bell/1", "Bells that ring under water", THEA, "Hedy Lamarr", year=2019),
    work("bell/2", "Ringing bells in fog", THEA, "Hedy Lamarr", year=2020),
]
CLAIMED = """
from django.contrib.auth.models import User
from profiles.flows.claims.draft import draft
from profiles.flows.claims.submit import submit
from profiles.models import Researcher
claimant = User.objects.get(username="notified")
record = Researcher.objects.get(display_name="Thea Lindqvist")
claim = draft(claimant=claimant, researchers=[record.pk])
print(submit(claim=claim.pk, claimant=claimant).pk)
"""


@pytest.fixture(scope="module")
def claim(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The number of a claim in review, on weak evidence."""
    demo_site.manage("importworks", "jsonl", write(tmp_path_factory.mktemp("bells") / "works.jsonl", RECORDS))
    make(demo_site, "notified", role="reader")
    make(demo_site, "notifier", role="curator")
    return demo_site.manage("shell", "-c", CLAIMED).strip().splitlines()[-1]


def header(page: Page) -> str:
    """What the link in the header says, for whoever hears it."""
    said = page.get_by_role("navigation", name="Main").get_by_role("link", name="Notifications").text_content()
    return " ".join((said or "").split())


def ask(browser: Browser, site: DemoSite, claim: str) -> None:
    """A curator asks for one more thing, at the desk."""
    context = browser.new_context()
    desk = context.new_page()
    sign_in(desk, site, "notifier")
    desk.goto(f"{site.url}/curate/claims/{claim}/")
    desk.get_by_label("Reason to ask or to decline").select_option("documents-needed")
    desk.get_by_role("button", name="Ask").click()
    desk.wait_for_url("**?note=ask")
    context.close()


def test_a_decision_shows_in_the_header_and_is_read_on_the_page(
    page: Page, browser: Browser, demo_site: DemoSite, claim: str, violations: Callable[[Page], list[str]]
) -> None:
    sign_in(page, demo_site, "notified")
    before = 1  # The claim is in review.
    assert header(page) == f"Notifications {before} unread"
    ask(browser, demo_site, claim)
    page.reload()
    assert header(page) == f"Notifications {before + 1} unread"
    page.get_by_role("link", name="Notifications").click()
    entry = page.get_by_role("article").first
    expect(entry).to_contain_text(f"Your claim on {NAME} needs one more thing from you.")
    expect(entry).to_contain_text("unread")
    schemes: tuple[Any, ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        for width in (320, 390, 1000, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert violations(page) == []
    entry.get_by_role("link", name="Look at the claim").click()
    assert page.url == f"{demo_site.url}/claims/{claim}/"
    page.get_by_role("link", name="Notifications").click()
    page.get_by_role("button", name="Mark all as read").click()
    page.get_by_role("button", name="Mark all as read").wait_for(state="detached")
    assert header(page) == "Notifications"
    expect(page.get_by_text("unread", exact=True)).to_have_count(0)


def test_it_all_works_without_scripts_and_on_a_phone(plain_page: Page, demo_site: DemoSite, claim: str) -> None:
    make(demo_site, "unnotified", role="reader")
    sign_in(plain_page, demo_site, "unnotified")
    plain_page.get_by_role("button", name="Menu").click()
    plain_page.get_by_role("link", name="Notifications").click()
    plain_page.get_by_text("No notifications yet.").wait_for()
    plain_page.get_by_role("switch", name="New works").uncheck()
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.get_by_role("switch", name="New works")).not_to_be_checked()
    expect(plain_page.get_by_role("switch", name="Records joined or split")).to_be_checked()
