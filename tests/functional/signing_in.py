"""Accounts of the browser tests, and logging in to them as a person does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import DemoSite

PASSWORD = "a long secret for this test"


def make(site: DemoSite, name: str, role: str = "admin") -> None:
    """An account of this name. All browser tests share one site, so every test has names of its own."""
    site.manage("createaccount", f"{name}@lab.example", "--role", role, ACCOUNT_PASSWORD=PASSWORD)


def sign_in(page: Page, site: DemoSite, name: str) -> None:
    """Log in, and wait until the site has let one in."""
    page.goto(f"{site.url}/account/login/")
    fill_in(page, name)
    page.wait_for_url(lambda url: "/login/" not in url)


def fill_in(page: Page, name: str) -> None:
    """Fill in the login form that one is looking at, and send it."""
    page.get_by_label("E-mail address").fill(f"{name}@lab.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
