"""Hostile text in every field does nothing in a real browser: nothing of it runs, and the policy has nothing to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile import MARK, file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Dialog, Page

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

SOURCES = ("jsonl", "podcast", "ror")
WATCH = """
window.__stopped = [];
document.addEventListener("securitypolicyviolation", event => window.__stopped.push(event.violatedDirective));
"""
TOUCH = """
for (const one of document.querySelectorAll("main details")) one.open = true;
for (const one of document.querySelectorAll("main *"))
  for (const kind of ["pointerenter", "mouseover", "focus", "toggle"]) one.dispatchEvent(new Event(kind, { bubbles: true }));
"""
FIND = f"""
from profiles.models import Institution, Researcher
from works.imports import settle
from works.models import Topic, Work
settle()
works = Work.objects.filter(title__contains="{MARK}")
people = Researcher.objects.filter(display_name__contains="{MARK}", merged_into=None)
for one in (*works[:6], *works.exclude(mentions=None)[:2]):
    print(one.get_absolute_url(), one.get_absolute_url() + "history/", sep="\\n")
for one in people.order_by("-works_count")[:4]:
    print(one.get_absolute_url(), one.get_absolute_url() + "graph/", one.get_absolute_url() + "report/", sep="\\n")
places = Institution.objects.filter(name__contains="{MARK}").exclude(entry=None)
for one in (*places[:2], *Topic.objects.filter(label__contains="{MARK}")[:2]):
    print(one.get_absolute_url())
"""
UNDO = f"""
from works import imports, rollback
from works.models import ImportRun, Work
for run in ImportRun.objects.filter(query__contains="{MARK}"):
    rollback.begin(run)
    rollback.advance(run)
imports.settle()
print(Work.objects.filter(title__contains="{MARK}").count())
"""


@pytest.fixture
def addresses(demo_site: DemoSite, tmp_path: Path) -> Iterator[list[str]]:
    """Pages of hostile records of all kinds. The records are gone from the site after the test."""
    for source in SOURCES:
        demo_site.manage("importworks", source, file(source, tmp_path))
    found = demo_site.manage("shell", "-c", FIND).strip().splitlines()
    yield [line for line in found if line.startswith("/")]
    assert demo_site.manage("shell", "-c", UNDO).strip().splitlines()[-1] == "0"


def test_no_page_runs_it_or_needs_the_policy_to_stop_it(page: Page, demo_site: DemoSite, addresses: list[str]) -> None:
    # Errors in the console, which stopped scripts are, fail every test that uses `page`.
    said: list[str] = []

    def heard(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", heard)
    page.add_init_script(WATCH)
    for kind in ("/works/", "/researchers/", "/institutions/", "/topics/"):
        assert any(address.startswith(kind) for address in addresses), kind
    searches = [f"/search/?q={word}&kind={kind}" for word in ("soup", MARK) for kind in ("people", "works", "topics")]
    for address in (*addresses, *searches, "/", "/imports/"):
        page.goto(f"{demo_site.url}{address}")
        page.evaluate(TOUCH)
        assert page.evaluate(f"window.__{MARK}") is None, address
        assert page.evaluate("window.__stopped") == [], address
    page.goto(demo_site.url)
    page.get_by_role("combobox").press_sequentially("soup jsonl")
    page.wait_for_selector("#sugg a")
    page.get_by_role("combobox").press("ArrowDown")
    assert (page.evaluate(f"window.__{MARK}"), page.evaluate("window.__stopped"), said) == (None, [], [])


def test_the_watch_sees_what_the_policy_stops(page: Page, demo_site: DemoSite) -> None:
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context()
    other = context.new_page()
    other.add_init_script(WATCH)
    other.goto(demo_site.url)
    other.evaluate(f"document.querySelector('main').innerHTML += '<img src=x onerror=window.__{MARK}=1>'")
    other.wait_for_function("window.__stopped.length")
    assert other.evaluate(f"window.__{MARK}") is None
    assert {one.partition("-")[0] for one in other.evaluate("window.__stopped")} == {"script"}
    context.close()
