"""The profile and the explorer in a real browser: filters, disclosures, themes, small screens, no scripts, print."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable


NAME = "Ari S. Morcos"
EVERY_KIND = "kinds=person,work,topic,institution"


@pytest.fixture
def profile(page: Page, demo_site: Any) -> str:
    """The address of the profile, found the way a visitor finds it."""
    page.goto(f"{demo_site.url}/search/?q=morcos&kind=people")
    address = page.get_by_role("main").get_by_role("link", name=NAME).first.get_attribute("href")
    assert address
    return str(demo_site.url) + address


def titles(page: Page) -> list[str]:
    return page.locator("#works-list article h4").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_profile_and_explorer(
    page: Page, profile: str, scheme: Any, width: int, violations: Callable[[Page], list[str]]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for address in (profile, f"{profile}?year=2021", f"{profile}?{EVERY_KIND}", f"{profile}graph/"):
        page.goto(address)
        assert violations(page) == []


def test_axe_finds_nothing_with_everything_open(
    page: Page, profile: str, violations: Callable[[Page], list[str]]
) -> None:
    page.goto(profile)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.get_by_role("button", name=re.compile("L1 ")).click()
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 1000, 1280])
def test_nothing_scrolls_sideways(page: Page, profile: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in (profile, f"{profile}?{EVERY_KIND}", f"{profile}graph/"):
        page.goto(address)
        page.evaluate("document.querySelectorAll('article details').forEach((d) => { d.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address


def test_a_filter_changes_the_list_and_the_address_without_a_new_page(page: Page, profile: str) -> None:
    page.goto(profile)
    page.evaluate("window.sameDocument = true")
    before = titles(page)
    with page.expect_response(lambda response: "year=2021" in response.url):
        page.locator("input[name=year][value='2021']").check()
    page.wait_for_url("**year=2021**")
    page.locator("#works-list .chip.on").wait_for()
    assert 0 < len(titles(page)) < len(before)
    assert page.evaluate("window.sameDocument")


def test_the_graph_is_narrowed_without_a_new_page_and_a_row_marks_its_node(page: Page, profile: str) -> None:
    page.goto(profile)
    page.evaluate("window.sameDocument = true")
    page.locator("#graph").get_by_label("Topics").check()
    page.wait_for_url("**kinds=person*topic**")
    graph = page.locator("#graph")
    row = graph.locator("tbody tr", has_text="Deep learning")
    row.wait_for()
    assert page.evaluate("window.sameDocument")
    node = graph.locator(f"svg.graph a.{row.get_attribute('class')} > .topic")
    plain = node.evaluate("(shape) => getComputedStyle(shape).strokeWidth")
    row.hover()
    assert node.evaluate("(shape) => getComputedStyle(shape).strokeWidth") != plain
    graph.get_by_label("Since").select_option("2020")
    page.wait_for_url("**since=2020**")
    graph.get_by_text("by works since 2020").wait_for()
    page.go_back()
    graph.locator("tbody tr").first.wait_for()
    page.locator("#graph").get_by_text("by works since 2020").wait_for(state="detached")


def test_the_graph_is_narrowed_without_scripts(plain_page: Page, profile: str) -> None:
    plain_page.goto(profile)
    plain_page.locator("#graph").get_by_label("Institutions").check()
    plain_page.locator("#graph").get_by_role("button", name="Apply").click()
    assert "kinds=person&kinds=institution" in plain_page.url
    graph = plain_page.locator("#graph")
    expect(graph.locator("thead th", has_text="Institution")).to_have_count(1)
    graph.get_by_role("link", name="Clear").click()
    expect(plain_page.locator("#graph svg.dial")).to_have_count(1)


def test_taking_a_filter_away_shows_all_works_again(page: Page, profile: str) -> None:
    page.goto(profile)
    before = titles(page)
    page.goto(f"{profile}?year=2021")
    page.locator("#works-list .chip.on").click()
    page.wait_for_url(re.compile(r"/#works$"))
    assert titles(page) == before


def test_sorting_by_title_needs_no_new_page(page: Page, profile: str) -> None:
    page.goto(profile)
    page.get_by_label("Sort").select_option("title")
    page.wait_for_url("**sort=title**")
    page.get_by_role("heading", name="By title").wait_for()
    letters = [title[0].lower() for title in titles(page)]
    assert letters == sorted(letters)


def test_why_is_this_here_names_the_byline_and_the_rule(page: Page, profile: str) -> None:
    page.goto(profile)
    first = page.locator("#works-list article").first
    first.get_by_text("Why is this here?").click()
    expect(first.locator(".chain")).to_contain_text("reads", use_inner_text=True)
    expect(first.locator(".chain")).to_contain_text("Confidence", use_inner_text=True)


def test_the_level_explains_itself_by_keyboard_alone(page: Page, profile: str) -> None:
    page.goto(profile)
    chip = page.get_by_role("button", name=re.compile("L1 "))
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lvl")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#lvl")).to_be_hidden()
    assert chip.evaluate("(element) => element === document.activeElement")


def test_the_first_tab_stop_skips_to_the_content(page: Page, profile: str) -> None:
    page.goto(profile)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_everything_works_without_scripts(plain_page: Page, profile: str) -> None:
    plain_page.goto(profile)
    all_works = titles(plain_page)
    plain_page.get_by_text("Why is this here?").first.click()
    expect(plain_page.locator(".chain").first).to_be_visible()
    plain_page.locator(".facets summary", has_text="Year").click()
    plain_page.locator("input[name=year][value='2021']").check()
    plain_page.keyboard.press("Enter")
    plain_page.wait_for_url("**year=2021**")
    assert 0 < len(titles(plain_page)) < len(all_works)
    plain_page.goto(profile)
    plain_page.get_by_role("link", name="Open full explorer").click()
    expect(plain_page.get_by_role("heading", level=1)).to_have_text(f"Graph around {NAME}")


def test_print_keeps_the_record_and_drops_the_tools(page: Page, profile: str) -> None:
    page.goto(profile)
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#works-list article").first).to_be_visible()
    for gone in (".top", ".foot", ".facets", ".wf"):
        expect(page.locator(gone).first).to_be_hidden()


def test_suggestions_are_reached_by_arrow_keys(page: Page, demo_site: Any) -> None:
    page.goto(f"{demo_site.url}/about/records/")
    box = page.get_by_role("combobox")
    box.press_sequentially("morcos")
    page.locator("#sugg [role=option]").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    chosen = page.locator("#sugg [aria-selected=true]")
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    box.press("Enter")
    page.wait_for_url("**/researchers/**")
