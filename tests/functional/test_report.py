"""A report from the profile to the confirmation, in a browser without scripts, and what axe-core says of its pages."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def profile(page: Page, demo_site: DemoSite) -> str:
    """The address of a profile."""
    page.goto(f"{demo_site.url}/search/?q=ari+morcos&kind=people")
    found = page.locator("main a[href^='/researchers/']").first.get_attribute("href")
    assert found is not None
    return f"{demo_site.url}{found}"


def mailed(demo_site: DemoSite) -> str:
    """The path of the link in the mail, which a local site prints where it runs."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        log = (demo_site.data_dir / "web.log").read_text(encoding="utf-8", errors="replace")
        if found := re.findall(r"/reports/confirm/\S+", log):
            return str(found[-1])
        time.sleep(0.2)
    pytest.fail("No mail was printed.")


def test_a_report_is_filed_and_confirmed_without_scripts(
    plain_page: Page, page: Page, demo_site: DemoSite, profile: str, violations: Callable[[Page], list[str]]
) -> None:
    plain_page.goto(profile)
    plain_page.get_by_role("link", name="Report a problem").click()
    expect(plain_page.get_by_label("Which work?")).to_be_hidden()
    plain_page.get_by_role("radio", name="A work does not belong here").check()
    plain_page.get_by_role("button", name="Send the report").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("2 fields need attention")
    plain_page.get_by_label("Which work?").select_option(index=1)
    plain_page.get_by_label("Your e-mail address").fill("somebody@example.org")
    plain_page.get_by_role("button", name="Send the report").click()
    plain_page.wait_for_url("**/reports/sent/")
    path = mailed(demo_site)
    page.goto(f"{demo_site.url}{path}")
    assert violations(page) == []
    page.get_by_role("button", name="Confirm the report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("confirmed")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_has_no_accessibility_violation(
    page: Page, profile: str, violations: Callable[[Page], list[str]], scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{profile}report/?kind=hide")
    assert violations(page) == []
    page.get_by_role("radio", name="A work does not belong here").check()
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_form_never_scrolls_sideways(page: Page, profile: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{profile}report/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
