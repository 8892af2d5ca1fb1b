"""The picture of co-authors and its table in a real browser: marked together, reached by keyboard, readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable


OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll('.dial a text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const found = [];
  boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
    if (a.left < b.right - .5 && b.left < a.right - .5 && a.top < b.bottom - .5 && b.top < a.bottom - .5) found.push(`${one} / ${other}`);
  }));
  return found;
}"""
STROKE = "(node) => getComputedStyle(node).strokeWidth"
BACKGROUND = "(node) => getComputedStyle(node).backgroundColor"


@pytest.fixture
def profile(page: Page, demo_site: Any) -> str:
    page.goto(f"{demo_site.url}/search/?q=morcos&kind=people")
    address = page.get_by_role("main").get_by_role("link", name="Ari S. Morcos").first.get_attribute("href")
    assert address
    return f"{demo_site.url}{address}"


def test_pointing_at_a_row_marks_the_person_in_the_picture_and_the_other_way_round(
    plain_page: Page, profile: str
) -> None:
    plain_page.set_viewport_size({"width": 1280, "height": 1400})
    plain_page.goto(profile)
    node, row = plain_page.locator(".dial a.n3"), plain_page.locator("#graph tr.n3")
    circle, cell = node.locator("circle"), row.locator("td").first
    plain_page.mouse.move(0, 0)
    rest, plain = circle.evaluate(STROKE), cell.evaluate(BACKGROUND)
    row.hover()
    assert circle.evaluate(STROKE) != rest
    plain_page.mouse.move(0, 0)
    circle.hover()
    assert cell.evaluate(BACKGROUND) != plain
    plain_page.mouse.move(0, 0)
    assert cell.evaluate(BACKGROUND) == plain
    row.get_by_role("link").first.focus()
    assert circle.evaluate(STROKE) != rest
    assert plain_page.locator(".dial a.n4 circle").evaluate(STROKE) == rest


def test_a_person_of_the_picture_leads_by_keyboard_to_the_works_that_make_the_tie(page: Page, profile: str) -> None:
    page.goto(profile)
    node = page.locator(".dial a").first
    node.focus()
    name = node.get_attribute("aria-label")
    assert name
    page.keyboard.press("Enter")
    page.wait_for_url("**/with/**")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name.partition(": ")[2].partition(",")[0])
    expect(page.locator("tbody tr")).not_to_have_count(0)


@pytest.mark.parametrize("width", [1280, 1000, 390])
def test_no_name_in_the_picture_covers_another_as_the_browser_draws_them(page: Page, profile: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for address in (profile, f"{profile}graph/"):
        page.goto(address)
        expect(page.locator(".dial a text")).to_have_count(16)
        assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_works_of_two(
    page: Page, profile: str, scheme: Any, width: int, violations: Callable[[Page], list[str]]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(profile)
    page.locator(".dial a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/with/**")
    assert violations(page) == []
    page.get_by_role("button", name="Strength").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
