"""An author in a browser: adds a missing work by BibTeX and confirms it; proposes a correction, which a curator accepts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.functional.signing_in import make
from tests.pipeline import work, write

if TYPE_CHECKING:
    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(600)

NAME = "Wilhelmina Ostrander"
RECORDS = [
    work("kite/1", "Kites that measure wind", NAME, "Hedy Lamarr", year=2011),
    work("kite/2", "Wind measured by kites", NAME, "Hedy Lamarr", year=2012),
]
BIB = """@article{strings, title = {Strings of kites under load}, author = {Ostrander, Wilhelmina and Kaya, Deniz},
  journal = {Journal of Kites}, year = 2013}
"""
HOLD = f"""
from django.contrib.auth import get_user_model
from profiles.claim_models import ClaimEvidence, EvidenceState
from profiles.claims import Kind
from profiles.flows.claims.draft import draft
from profiles.flows.claims.submit import submit
from profiles.models import Researcher
from works.imports import settle
user = get_user_model().objects.get(emailaddress__email="addauthor@lab.example")
record = Researcher.objects.get(display_name={NAME!r})
claim = draft(claimant=user, researchers=[record.pk])
ClaimEvidence.objects.create(
    claim=claim, kind=Kind.HOMEPAGE, value="https://w.example/", state=EvidenceState.CONFIRMED, records=[record.pk],
    token=b"x" * 32,
)
assert submit(claim=claim.pk, claimant=user).state == "verified"
settle()
print(record.public_id)
"""
"""Claimed by way of her homepage, which the worker has no way to here."""


@pytest.fixture(scope="module")
def record(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The public id of a record that its author has claimed."""
    folder: Path = tmp_path_factory.mktemp("owner")
    demo_site.manage("importworks", "jsonl", write(folder / "works.jsonl", RECORDS))
    make(demo_site, "addauthor", "reader")
    make(demo_site, "adddesk", "curator")
    return demo_site.manage("shell", "-c", HOLD).strip().splitlines()[-1]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_missing_work_is_added_and_a_wrong_one_corrected(
    demo_site: DemoSite,
    record: str,
    page: Page,
    person: Callable[..., Page],
    violations: Callable[[Page], list[str]],
    tmp_path: Path,
    *,
    scripts: bool,
) -> None:
    title = "Strings of kites under load" if scripts else "Tails of kites under load"
    own = person("addauthor", scripts=scripts)
    own.goto(f"{demo_site.url}/me/records/{record}/works/")
    own.get_by_role("link", name="Add it by DOI, arXiv id or BibTeX").click()
    file = tmp_path / "mine.bib"
    file.write_text(BIB.replace("Strings of kites under load", title), encoding="utf-8")
    own.get_by_label("Or a BibTeX file").set_input_files(file)
    own.get_by_role("button", name="Look it up").click()
    own.wait_for_url("**/add/*/")
    own.get_by_role("button", name="This is mine").wait_for(timeout=60_000)
    if scripts:
        assert violations(own) == []
    own.get_by_role("button", name="This is mine").click()
    own.wait_for_url("**/works/")
    expect(own.get_by_role("status").first).to_contain_text("1 work is marked as yours")
    demo_site.manage("shell", "-c", "from works.imports import settle; settle()")
    page.goto(f"{demo_site.url}/researchers/{record}/")
    page.get_by_role("link", name=title).first.wait_for()

    # Its venue has another name.
    own.get_by_role("link", name=f"Something wrong? {title}").click()
    if scripts:
        assert violations(own) == []
    own.get_by_label("What is wrong").select_option("venue")
    own.get_by_label("What is right").fill("Annals of Kites")
    own.get_by_label("How can a curator see that?").fill("On its first page.")
    own.get_by_role("button", name="Send to the curators").click()
    expect(own.get_by_role("main")).to_contain_text("waits for a curator", use_inner_text=True)

    desk = person("adddesk", scripts=scripts)
    desk.goto(f"{demo_site.url}/curate/proposals/")
    expect(desk.get_by_role("main")).to_contain_text("On its first page.", use_inner_text=True)
    if scripts:
        assert violations(desk) == []
    desk.get_by_role("listitem").filter(has_text=title).get_by_role("button", name="Accept").click()
    desk.wait_for_url("**?note=accept")

    page.goto(f"{demo_site.url}/researchers/{record}/")
    page.get_by_role("link", name=title).first.click()
    shown = page.get_by_role("region", name="Table of fields").inner_text()
    assert "Annals of Kites" in shown
    assert "by the author, accepted by a curator" in shown
    assert violations(page) == []
    own.goto(f"{demo_site.url}/me/records/{record}/proposals/")
    expect(own.get_by_role("main")).to_contain_text("accepted", use_inner_text=True)


@pytest.mark.parametrize("width", [320, 390])
def test_the_pages_of_it_never_scroll_sideways(
    demo_site: DemoSite, record: str, person: Callable[..., Page], width: int
) -> None:
    own, desk = person("addauthor"), person("adddesk")
    own.goto(f"{demo_site.url}/me/records/{record}/works/")
    work_page = own.locator("a.ttl").first.get_attribute("href") or ""
    number = work_page.split("/")[2]
    for page, addresses in (
        (own, (f"/me/records/{record}/add/", f"/me/records/{record}/proposals/", f"/works/{number}/propose/")),
        (desk, (f"/works/{number}/mine/", "/curate/proposals/")),
    ):
        page.set_viewport_size({"width": width, "height": 900})
        for address in addresses:
            page.goto(f"{demo_site.url}{address}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
