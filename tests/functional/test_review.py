"""A curator answers questions with keys in a real browser, takes answers back, and does the same without scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.functional.signing_in import make, sign_in
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

TRAINS = {"name": "Jing Zhao", "affiliation": "Kyoto University"}
WHALES = {"name": "Jing Zhao", "affiliation": "University of Bergen"}
RECORDS = [
    work("q/1", "Timetables of regional trains", TRAINS, "Hedy Lamarr", year=2019),
    work("q/2", "Trains that wait for each other", TRAINS, "Hedy Lamarr", year=2020),
    work("q/3", "Regional trains on shared tracks", TRAINS, "Hedy Lamarr", year=2021),
    work("q/4", "Songs of northern whales", WHALES, "Lise Meitner", year=1990),
    work("q/5", "Northern whales under the ice", WHALES, "Lise Meitner", year=1991),
]
ASK = """
from profiles.models import Researcher, Review
from works.imports import settle
from works.models import Authorship

settle()

def of(title):
    return Authorship.objects.get(raw_name="Jing Zhao", work__title=title)

trains, whales = of("Timetables of regional trains"), of("Songs of northern whales")
two, part = [whales.researcher_id, trains.researcher_id], [trains.pk]
assert None not in two and two[0] != two[1], two
for subject, kind, records, bylines, weight in (("test:two", "merge", two, [], 99), ("test:part", "split", two[1:], part, 98)):
    facts = dict(kind=kind, block_key=trains.block_key, records=records, bylines=bylines, scores=[0.5], weight=weight)
    Review.objects.update_or_create(subject=subject, defaults=facts)
print("/researchers/%s/" % whales.researcher.public_id)
"""


@pytest.fixture(scope="module")
def whales(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the record with less; two questions are asked about it and the other, before all others."""
    folder: Path = tmp_path_factory.mktemp("queue")
    demo_site.manage("importworks", "jsonl", write(folder / "works.jsonl", RECORDS))
    make(demo_site, "decider")
    return ask(demo_site)


@pytest.fixture(autouse=True)
def asked(demo_site: DemoSite, whales: str) -> None:
    """The two questions are open. The rule drops what it did not ask when it decides on the name again, as it does after
    the answers of other tests; so it has its turn first.
    """
    ask(demo_site)


def ask(site: DemoSite) -> str:
    return site.manage("shell", "-c", ASK).strip().splitlines()[-1]


def status(page: Page, site: DemoSite, address: str) -> int:
    """What the record's address answers, after an old address has led to the one with its name."""
    answer = page.request.get(f"{site.url}{address}", max_redirects=0)
    if answer.status == 301:
        answer = page.request.get(f"{site.url}{answer.headers['location']}", max_redirects=0)
    return answer.status


def test_a_merge_is_answered_with_one_key_and_taken_back_with_another(
    page: Page, demo_site: DemoSite, whales: str, violations: Callable[[Page], list[str]]
) -> None:
    sign_in(page, demo_site, "decider")
    page.goto(f"{demo_site.url}/curate/?kind=merge")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"^\s*Same person\? 1 of"))
    expect(page.get_by_role("cell", name="Songs of northern whales")).to_be_visible()
    assert violations(page) == []

    # A letter in a field is a letter.
    page.get_by_role("combobox").press("a")
    assert status(page, demo_site, whales) == 200
    page.get_by_role("combobox").blur()

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.get_by_role("switch", name="Single-letter keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#keys")).to_be_hidden()
    assert status(page, demo_site, whales) == 200
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single-letter keys").check()
    page.keyboard.press("Escape")

    page.keyboard.press("a")
    page.wait_for_url("**events=**")
    expect(page.get_by_role("status")).to_contain_text("Joined Jing Zhao and Jing Zhao.")
    assert status(page, demo_site, whales) == 302
    assert violations(page) == []
    page.keyboard.press("z")
    page.wait_for_url("**note=undone**")
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    assert status(page, demo_site, whales) == 200
    demo_site.manage("rebuildgraph")
    page.goto(f"{demo_site.url}{whales}")
    listed = page.locator("#works-list").inner_text()
    assert "Songs of northern whales" in listed
    assert "Timetables of regional trains" not in listed
    assert demo_site.manage("rebuildidentities", "--check")


def test_questions_are_skipped_and_put_aside_with_keys(page: Page, demo_site: DemoSite, whales: str) -> None:
    sign_in(page, demo_site, "decider")
    page.goto(f"{demo_site.url}/curate/")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"^\s*Same person\? 1 of"))
    page.keyboard.press("j")
    page.wait_for_url("**start=**")
    expect(heading).to_have_text(re.compile(r"^\s*One person\? 2 of"))
    page.keyboard.press("s")
    page.wait_for_url("**note=aside**")
    expect(page.get_by_role("status")).to_contain_text("Put aside")
    page.keyboard.press("z")
    page.wait_for_url("**note=undone**")
    expect(heading).to_have_text(re.compile(r"^\s*One person\? 2 of"))
    page.keyboard.press("k")
    page.get_by_text("Songs of northern whales").wait_for()


def test_a_question_is_answered_without_scripts(plain_page: Page, demo_site: DemoSite, whales: str) -> None:
    sign_in(plain_page, demo_site, "decider")
    plain_page.goto(f"{demo_site.url}/curate/?kind=merge")
    expect(plain_page.locator("kbd").first).to_be_hidden()
    plain_page.get_by_role("button", name="Different people").click()
    expect(plain_page.get_by_role("status")).to_contain_text("Told Jing Zhao and Jing Zhao apart.")
    plain_page.get_by_role("button", name="Undo").click()
    expect(plain_page.get_by_role("status")).to_contain_text("Taken back")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
def test_no_curation_page_scrolls_sideways_or_has_a_violation(
    page: Page, demo_site: DemoSite, whales: str, violations: Callable[[Page], list[str]], width: int, scheme: Any
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    sign_in(page, demo_site, "decider")
    addresses = (
        "",
        "?kind=byline",
        "?kind=identifiers",
        "?kind=split",
        "?where=aside",
        "?view=list",
        "reports/",
        "merge/",
    )
    for address in addresses:
        page.goto(f"{demo_site.url}/curate/{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert violations(page) == [], address
