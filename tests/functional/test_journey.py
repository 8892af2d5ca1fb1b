"""A visitor's journey through the site in a real browser: home, search, profile, work, topic, and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable


SOUPS = "Model soups: averaging weights"
PAGES = [
    "/", "/search/?q=ari", "/search/?q=learning&kind=works", "/search/?kind=topics", "/search/?q=zzzzzz", "/imports/",
    "/names/lee-s/", "/account/login/", "/account/signup/", "/account/password/reset/",
    "/about/records/", "/about/confidence/", "/about/graph/", "/nothing/",
]  # fmt: skip


def record_pages(page: Page, site: str) -> list[str]:
    """Addresses of one work, topic, institution and run, found by following links."""
    page.goto(f"{site}/search/?q=model+soups&kind=works")
    work = page.get_by_role("link", name=re.compile(SOUPS)).get_attribute("href")
    page.goto(f"{site}/search/?kind=topics")
    topic = page.locator("#results a").first.get_attribute("href")
    page.goto(f"{site}/search/?kind=institutions")
    institution = page.locator("#results a").first.get_attribute("href")
    page.goto(f"{site}/imports/")
    run = page.locator("table a").first.get_attribute("href")
    found = [work, topic, institution, run]
    assert all(found)
    return [address for address in found if address]


def test_from_home_to_a_profile_a_work_a_topic_and_back(page: Page, demo_site: Any) -> None:
    page.goto(demo_site.url)
    box = page.get_by_role("main").get_by_label("Search researchers, works, topics, institutions")
    box.fill("Ari Morcos")
    box.press("Enter")
    page.get_by_role("link", name="Ari S. Morcos").first.click()
    page.wait_for_url("**/researchers/**")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\s*Ari S\. Morcos"))
    page.get_by_role("link", name=re.compile(SOUPS)).first.click()
    page.wait_for_url("**/works/**")
    page.get_by_text("Why?").first.click()
    expect(page.get_by_text("Matched by name and corroboration").first).to_be_visible()
    page.get_by_role("main").locator("a[href^='/topics/']").last.click()
    page.wait_for_url("**/topics/**")
    expect(page.get_by_role("heading", name=re.compile("People"))).to_be_visible()
    for expected in ("/works/", "/researchers/", "/search/"):
        page.go_back()
        assert expected in page.url


def test_an_identifier_typed_at_home_opens_its_work(page: Page, demo_site: Any) -> None:
    page.goto(demo_site.url)
    box = page.get_by_role("main").get_by_label("Search researchers, works, topics, institutions")
    box.fill("arXiv:2203.05482")
    box.press("Enter")
    page.wait_for_url("**/works/**")
    expect(page.get_by_role("heading", level=1)).to_contain_text(SOUPS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    page: Page, demo_site: Any, scheme: Any, violations: Callable[[Page], list[str]]
) -> None:
    page.emulate_media(color_scheme=scheme)
    found = {}
    for address in [*PAGES, *record_pages(page, demo_site.url)]:
        page.goto(demo_site.url + address)
        if problems := violations(page):
            found[address] = problems
    assert found == {}


def test_no_page_scrolls_sideways_on_the_smallest_phone(page: Page, demo_site: Any) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for address in [*PAGES, *record_pages(page, demo_site.url)]:
        page.goto(demo_site.url + address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address


def test_every_page_works_without_scripts(plain_page: Page, page: Page, demo_site: Any) -> None:
    for address in [*PAGES, *record_pages(page, demo_site.url)]:
        response = plain_page.goto(demo_site.url + address)
        assert response is not None
        assert response.status == (404 if address == "/nothing/" else 200)
        expect(plain_page.get_by_role("heading", level=1)).to_be_visible()
    plain_page.goto(f"{demo_site.url}/")
    box = plain_page.get_by_role("main").get_by_label("Search researchers, works, topics, institutions")
    box.fill("morcos")
    box.press("Enter")
    plain_page.get_by_role("link", name="Ari S. Morcos").first.click()
    assert "/researchers/" in plain_page.url


def test_the_dark_theme_is_kept_from_page_to_page(page: Page, demo_site: Any) -> None:
    page.goto(f"{demo_site.url}/imports/")
    page.locator("form[action='/theme/'] [value='dark']").first.click()
    page.wait_for_url("**/imports/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.goto(demo_site.url)
    assert page.locator("html").get_attribute("data-theme") == "dark"
