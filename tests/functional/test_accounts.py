"""Accounts in a real browser: ORCID and back, a passkey, and everything but keys without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.functional.signing_in import PASSWORD, make, sign_in

if TYPE_CHECKING:
    from tests.conftest import DemoSite

PAGES = (
    "",
    "email/",
    "password/change/",
    "2fa/",
    "2fa/totp/activate/",
    "2fa/webauthn/add/",
    "outside/",
    "sessions/",
    "delete/",
)


def by_name(site: DemoSite) -> str:
    """The site under the name of this machine: a passkey belongs to a name, not to a number."""
    return site.url.replace("127.0.0.1", "localhost")


def prove(page: Page) -> None:
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_a_reader_logs_in_with_orcid(page: Page, demo_site: DemoSite) -> None:
    page.goto(f"{demo_site.url}/account/login/?next=/imports/")
    page.get_by_role("button", name="Log in with ORCID").click()
    page.get_by_role("heading", name="This stands in for ORCID").wait_for()
    page.get_by_role("link").first.click()
    page.wait_for_url(f"{demo_site.url}/imports/")
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("main")).to_contain_text("0000-0002-1825-0097", use_inner_text=True)


def test_pages_about_an_account_work_without_scripts_and_read_well(
    page: Page, plain_page: Page, demo_site: DemoSite, violations: Callable[[Page], list[str]]
) -> None:
    make(demo_site, "keeper", role="reader")
    sign_in(plain_page, demo_site, "keeper")
    plain_page.goto(f"{demo_site.url}/account/email/")
    plain_page.get_by_label("E-mail address").fill("keeper@university.example")
    plain_page.get_by_role("button", name="Add it").click()
    prove(plain_page)
    plain_page.get_by_text("not confirmed").wait_for()
    plain_page.goto(f"{demo_site.url}/account/sessions/")
    expect(plain_page.get_by_text("this one")).to_be_visible()
    sign_in(page, demo_site, "keeper")
    for address in PAGES:
        page.goto(f"{demo_site.url}/account/{address}")
        if "/reauthenticate/" in page.url:
            assert violations(page) == []
            prove(page)
        assert violations(page) == [], address
    page.goto(f"{demo_site.url}/account/")
    page.get_by_role("button", name="Log out").click()
    for address in ("login/", "signup/", "password/reset/"):
        page.goto(f"{demo_site.url}/account/{address}")
        assert violations(page) == [], address


def test_a_passkey_is_added_and_logs_in_without_a_password(page: Page, demo_site: DemoSite) -> None:
    make(demo_site, "keyholder", role="reader")
    chromium = page.context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{by_name(demo_site)}/account/login/?next=/account/2fa/webauthn/add/")
    page.get_by_label("E-mail address").fill("keyholder@lab.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    prove(page)
    page.get_by_label("Name").fill("phone")
    page.get_by_label("Also log in with it").check()
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name=re.compile("Recovery codes")).wait_for()
    page.goto(f"{by_name(demo_site)}/account/2fa/webauthn/")
    expect(page.get_by_role("row", name=re.compile("phone yes"))).to_be_visible()
    page.goto(f"{by_name(demo_site)}/account/")
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{by_name(demo_site)}/account/login/?next=/imports/")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    assert page.url.endswith("/imports/")
    expect(page.get_by_role("link", name="Your account")).to_be_visible()
