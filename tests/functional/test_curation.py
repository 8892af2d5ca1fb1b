"""A curator's day in a real browser: records merged and split, works sorted out, decisions taken back, all pages right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect

from tests.functional.signing_in import make, sign_in
from tests.pipeline import work, write

if TYPE_CHECKING:
    from collections.abc import Callable


ROBOTS = {"name": "Lin Zhang", "affiliation": "University of Warwick"}
PROTEINS = {"name": "Lin Zhang", "affiliation": "Princeton University"}
HANDS, FEEL, SCALE, MEMBRANE, LATER = (
    "Grasping with soft hands", "Robot hands that feel", "Protein folding at scale", "Folding of membrane proteins",
    "Soft robot hands for kitchens",
)  # fmt: skip
RECORDS = [
    work("c/1", HANDS, ROBOTS, "Hedy Lamarr", year=2019),
    work("c/2", FEEL, ROBOTS, "Hedy Lamarr", year=2020),
    work("c/3", SCALE, PROTEINS, "Lise Meitner", year=1990),
    work("c/4", MEMBRANE, PROTEINS, "Lise Meitner", year=1991),
]
MORE = [work("c/5", LATER, ROBOTS, "Hedy Lamarr", year=2021)]


def record_of(page: Page, site: Any, title: str, name: str = "Lin Zhang") -> str:
    """The address of the record that holds the work, by way of search."""
    page.goto(f"{site.url}/search/?kind=works&q={title.replace(' ', '+')}")
    page.get_by_role("link", name=title).first.click()
    address = page.get_by_role("link", name=name).first.get_attribute("href")
    assert address is not None
    return str(address)


def shows(page: Page, site: Any, address: str) -> set[str]:
    """Which of the works the record's page lists."""
    page.goto(f"{site.url}{address}")
    listed = page.locator("#works-list").inner_text()
    return {title for title in (HANDS, FEEL, SCALE, MEMBRANE, LATER) if title in listed}


def held(page: Page, site: Any, address: str) -> int:
    """How many works the API says the record has."""
    answer = page.request.get(f"{site.url}/api/v1/researchers/{address.split('/')[2]}/works/", max_redirects=1)
    return int(answer.json()["count"])


def test_a_merge_a_later_import_and_the_undoing_leave_every_page_right(
    page: Page, demo_site: Any, tmp_path: Path, violations: Callable[[Page], list[str]]
) -> None:
    demo_site.manage("importworks", "jsonl", write(tmp_path / "works.jsonl", RECORDS))
    make(demo_site, "mender")
    sign_in(page, demo_site, "mender")
    kept, gone = record_of(page, demo_site, HANDS), record_of(page, demo_site, SCALE)
    assert kept != gone

    # Merge, from the history of the record that goes on.
    page.goto(f"{demo_site.url}{kept}history/")
    page.get_by_label("Merge another record into this one").fill(gone.split("/")[2])
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row", name=re.compile("^Works"))).to_contain_text("2")
    assert violations(page) == []
    page.get_by_label("Reason, kept in the history").fill("One person, as her homepage says.")
    page.get_by_role("button", name="Merge 2 records").click()
    page.wait_for_url("**/history/")
    expect(page.get_by_text("Another record joined this one")).to_be_visible()
    assert violations(page) == []
    demo_site.manage("rebuildgraph")
    answer = page.request.get(f"{demo_site.url}{gone}", max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (302, kept)
    assert shows(page, demo_site, gone) == {HANDS, FEEL, SCALE, MEMBRANE}
    assert page.url == f"{demo_site.url}{kept}"
    assert held(page, demo_site, gone) == held(page, demo_site, kept) == 4

    # A later import adds a work to the merged record.
    demo_site.manage("importworks", "jsonl", write(tmp_path / "more.jsonl", MORE))
    assert shows(page, demo_site, kept) == {HANDS, FEEL, SCALE, MEMBRANE, LATER}
    assert record_of(page, demo_site, LATER) == kept

    # The merge is taken back: the later work stays with those it belongs with.
    page.goto(f"{demo_site.url}{kept}history/")
    page.get_by_placeholder("Reason, kept in the history").first.fill("Two people after all.")
    page.get_by_role("button", name="Undo").first.click()
    page.wait_for_url("**/history/")
    expect(page.get_by_text("Undone: two records joined")).to_be_visible()
    demo_site.manage("rebuildgraph")
    assert shows(page, demo_site, kept) == {HANDS, FEEL, LATER}
    assert shows(page, demo_site, gone) == {SCALE, MEMBRANE}
    assert page.url == f"{demo_site.url}{gone}"
    assert (held(page, demo_site, kept), held(page, demo_site, gone)) == (3, 2)
    assert record_of(page, demo_site, MEMBRANE) == gone
    assert demo_site.manage("rebuildidentities", "--check")


OLGA, SHORT = {"name": "Olga Petrova", "affiliation": "ETH Zurich"}, {"name": "O. Petrova", "affiliation": "ETH Zurich"}
TIDES, CURRENTS, WAVES, VIOLINS = (
    "Tides of a narrow bay", "Currents under sea ice", "Waves on a shallow shelf", "How violins were varnished",
)  # fmt: skip
SORTED_OUT = [
    work("o/1", TIDES, OLGA, "Mary Somerville", year=2015),
    work("o/2", CURRENTS, OLGA, "Mary Somerville", year=2016),
    work("o/3", WAVES, OLGA, "Mary Somerville", year=2017),
    work("o/4", VIOLINS, SHORT, "Mary Somerville", year=2018),
    work("o/5", "The wood of old violins", SHORT, "Mary Somerville", year=2019),
]


def listed(page: Page, site: Any, address: str) -> set[str]:
    """The titles on the record's page."""
    page.goto(f"{site.url}{address}")
    return set(page.locator("#works-list h4").all_inner_texts())


def test_a_curator_splits_off_two_works_sees_it_in_the_history_and_undoes_it(
    page: Page, demo_site: Any, tmp_path: Path, violations: Callable[[Page], list[str]]
) -> None:
    demo_site.manage("importworks", "jsonl", write(tmp_path / "works.jsonl", SORTED_OUT))
    make(demo_site, "splitter")
    sign_in(page, demo_site, "splitter")
    record = record_of(page, demo_site, TIDES, "Petrova")
    everything = listed(page, demo_site, record)
    assert len(everything) == 5

    # From the history to all bylines; one is ticked, and with it the other one that is printed alike.
    page.goto(f"{demo_site.url}{record}history/")
    page.get_by_role("link", name="All bylines").click()
    expect(page.get_by_text("None ticked")).to_be_visible()
    page.get_by_label(f"Tick: {VIOLINS}").check()
    page.get_by_role("button", name="Tick those printed alike").click()
    expect(page.get_by_text("2 of 5 ticked")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Split off").click()

    # The preview says what will be, and it is.
    expect(page.get_by_role("heading", name="Split off 2 works")).to_be_visible()
    assert page.get_by_role("row", name=re.compile("^Works")).inner_text().split()[-2:] == ["3", "2"]
    assert violations(page) == []
    page.get_by_label("Reason, kept in the history").fill("A historian of the same name.")
    page.get_by_role("button", name="Split off 2 works").click()
    page.wait_for_url(re.compile(r"/history/#event-\d+$"))
    expect(page.get_by_text("2 works split off into a record of their own")).to_be_visible()
    expect(page.get_by_text("A historian of the same name.")).to_be_visible()
    demo_site.manage("rebuildgraph")
    other = record_of(page, demo_site, VIOLINS, "Petrova")
    assert other != record
    assert listed(page, demo_site, record) == {TIDES, CURRENTS, WAVES}
    assert listed(page, demo_site, other) == everything - {TIDES, CURRENTS, WAVES}

    # The page of the record remembers what was decided, and leads to the event that undoes it.
    page.goto(f"{demo_site.url}/curate/record/{record.split('/')[2]}/")
    page.get_by_role("region", name="Not theirs").get_by_role("link", name="The decision").first.click()
    page.get_by_placeholder("Reason, kept in the history").first.fill("She plays the violin.")
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("Undone: works split off")).to_be_visible()
    assert violations(page) == []
    demo_site.manage("rebuildgraph")
    assert listed(page, demo_site, record) == everything
    assert demo_site.manage("rebuildidentities", "--check")


PAPYRI, GLASS = "Reading charred papyri", "Glass of the late empire"
WITHOUT_SCRIPTS = [
    work("p/1", PAPYRI, "Ines Carvalho", "Mary Leakey", year=2011),
    work("p/2", "Ink on charred papyri", "Ines Carvalho", "Mary Leakey", year=2012),
    work("p/3", GLASS, "Ines Carvalho", "Mary Leakey", year=2013),
]


def test_a_work_is_marked_as_not_theirs_without_scripts_on_a_phone(
    plain_page: Page, demo_site: Any, tmp_path: Path
) -> None:
    page = plain_page
    demo_site.manage("importworks", "jsonl", write(tmp_path / "works.jsonl", WITHOUT_SCRIPTS))
    make(demo_site, "reader")
    sign_in(page, demo_site, "reader")
    record = record_of(page, demo_site, PAPYRI, "Carvalho")
    page.goto(f"{demo_site.url}/curate/record/{record.split('/')[2]}/")
    expect(page.get_by_text("None ticked")).to_be_hidden()
    page.get_by_label(f"Tick: {GLASS}").check()
    page.get_by_role("button", name="Not theirs").click()
    page.get_by_label("Reason, kept in the history").fill("By her brother.")
    page.get_by_role("button", name="Mark 1 work as not theirs").click()
    expect(page.get_by_text("1 work marked as not theirs")).to_be_visible()
    demo_site.manage("rebuildgraph")
    assert listed(page, demo_site, record) == {PAPYRI, "Ink on charred papyri"}
