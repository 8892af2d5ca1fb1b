"""Claims in a browser: by weak evidence through a curator's questions to approval, a rival, two curators, and a revocation."""

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

NAME = "Noor Calderwick"
NOOR = {"name": NAME, "affiliation": "Lab of Lighthouses", "affiliation_domain": "lab.example"}
RECORDS = [
    work("lamp/1", "Lamps that turn at night", NOOR, "Hedy Lamarr", year=2019),
    work("lamp/2", "Turning lamps seen from ships", NOOR, "Hedy Lamarr", year=2020),
]
SEEN = """
from profiles.claim_models import ClaimEvidence
for one in ClaimEvidence.objects.filter(value="{url}"):
    one.records = list(one.claim.records.values_list("researcher_id", flat=True))
    one.state, one.finding = "confirmed", "The code and the name are on the page."
    one.save()
"""
"""The worker has no way to that page here; this is what it writes when it has seen the code."""
LATER = """
from django.utils import timezone
from profiles.claim_models import Claim
from profiles.tasks import look_after_claims
from works.imports import settle
Claim.objects.exclude(effective_at=None).update(effective_at=timezone.now())
look_after_claims()
settle()
"""


@pytest.fixture(scope="module")
def noor(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The public id of the record, which several people will claim; their accounts, and those of two curators."""
    folder: Path = tmp_path_factory.mktemp("claims")
    demo_site.manage("importworks", "jsonl", write(folder / "works.jsonl", RECORDS))
    for name, role in (("noorc", "reader"), ("rival", "reader"), ("claimdesk", "curator"), ("claimdesk2", "curator")):
        make(demo_site, name, role)
    query = f"from profiles.models import Researcher; print(Researcher.objects.get(display_name={NAME!r}).public_id)"
    return demo_site.manage("shell", "-c", query).strip().splitlines()[-1]


def claim_it(page: Page, site: DemoSite, record: str, url: str) -> str:
    """Claim the record from its page, name a page, and send; the address of the claim."""
    page.goto(f"{site.url}/researchers/{record}/")
    page.get_by_role("link", name="This is me: claim the record").click()
    page.get_by_role("button", name="This is me: start the claim").click()
    page.wait_for_url("**/claims/*/")
    there = page.url
    page.get_by_role("radio", name="Code on your page").check()
    page.get_by_label("Page address").fill(url)
    page.get_by_role("button", name="Get the code").click()
    expect(page.get_by_role("status")).to_contain_text("researchgraph-claim-")
    page.goto(there)
    page.get_by_label("Anything a curator should know").fill("I built these lamps.")
    page.get_by_role("button", name="Send the claim").click()
    return there.removeprefix(site.url)


def number(claim: str) -> str:
    return claim.strip("/").split("/")[-1]


def approved(
    site: DemoSite, noor: str, page: Page, person: Callable[..., Page], violations: Callable[[Page], list[str]]
) -> tuple[str, Page, Page]:
    """Weak evidence, a question, an answer, approval; the claim, and the browsers of claimant and curator."""
    mine = person("noorc", scripts=False)
    claim = claim_it(mine, site, noor, "https://noor.example/")
    expect(mine.get_by_role("main")).to_contain_text("in review", use_inner_text=True)

    # A curator asks, with a key.
    desk = person("claimdesk")
    desk.goto(f"{site.url}/curate/claims/")
    assert violations(desk) == []
    desk.get_by_role("link", name=f"{number(claim)}: {NAME}").click()
    assert violations(desk) == []
    expect(desk.get_by_role("main")).to_contain_text("institution on a byline", use_inner_text=True)
    desk.get_by_label("Reason to ask or to decline").select_option("page-no-works")
    desk.get_by_role("heading", level=1).click()
    desk.keyboard.press("s")
    desk.wait_for_url("**?note=ask")

    # The claimant answers; the page is seen now.
    mine.goto(f"{site.url}{claim}")
    expect(mine.get_by_role("main")).to_contain_text("no list of publications", use_inner_text=True)
    site.manage("shell", "-c", SEEN.format(url="https://noor.example/"))
    mine.get_by_label("Your answer").fill("The list is on it now.")
    mine.get_by_role("button", name="Send it again").click()

    desk.goto(f"{site.url}/curate/claims/{number(claim)}/")
    expect(desk.get_by_role("main")).to_contain_text("The list is on it now.", use_inner_text=True)
    desk.keyboard.press("a")
    desk.wait_for_url("**?note=approve")
    mine.goto(f"{site.url}{claim}")
    expect(mine.get_by_role("main")).to_contain_text("It counts from", use_inner_text=True)
    page.goto(f"{site.url}/researchers/{noor}/")
    expect(page.get_by_role("main")).to_contain_text("Unclaimed author", use_inner_text=True)
    site.manage("shell", "-c", LATER)
    page.goto(f"{site.url}/researchers/{noor}/")
    shown = page.get_by_role("main").inner_text()
    assert "Claimed by the researcher" in shown
    assert "Unclaimed" not in shown
    assert violations(page) == []
    return claim, mine, desk


def contested(site: DemoSite, noor: str, person: Callable[..., Page], violations: Callable[[Page], list[str]]) -> str:
    """Somebody else claims the record as well, and it takes two curators to give it over; the second claim."""
    other = person("rival")
    other.goto(f"{site.url}/researchers/{noor}/")
    other.get_by_role("link", name="Dispute this claim").click()
    assert violations(other) == []
    other.get_by_role("button", name="This is me: start the claim").click()
    assert violations(other) == []
    rival = other.url.removeprefix(site.url)
    other.get_by_role("radio", name="Code on your page").check()
    assert violations(other) == []
    other.get_by_label("Page address").fill("https://rival.example/")
    other.get_by_role("button", name="Get the code").click()
    site.manage("shell", "-c", SEEN.format(url="https://rival.example/"))
    other.goto(f"{site.url}{rival}")
    other.get_by_role("button", name="Send the claim").click()
    expect(other.get_by_role("main")).to_contain_text("Somebody else claims the record as well", use_inner_text=True)
    assert violations(other) == []
    for name, said in (("claimdesk", "takes two curators"), ("claimdesk2", "claimdesk has proposed")):
        one = person(name)
        one.goto(f"{site.url}/curate/claims/{number(rival)}/")
        expect(one.get_by_role("main")).to_contain_text(said, use_inner_text=True)
        one.get_by_role("button", name="Approve").click()
        one.wait_for_url("**?note=approve")
    return rival


def test_weak_evidence_leads_through_a_question_to_approval_then_a_rival_and_a_revocation(
    demo_site: DemoSite,
    noor: str,
    page: Page,
    person: Callable[..., Page],
    violations: Callable[[Page], list[str]],
) -> None:
    claim, mine, desk = approved(demo_site, noor, page, person, violations)
    rival = contested(demo_site, noor, person, violations)
    mine.goto(f"{demo_site.url}{claim}")
    expect(mine.get_by_role("main")).to_contain_text("Everything the claim had done is undone", use_inner_text=True)
    demo_site.manage("shell", "-c", LATER)
    page.goto(f"{demo_site.url}/researchers/{noor}/")
    expect(page.get_by_role("main")).to_contain_text("Claimed by the researcher", use_inner_text=True)

    # And is revoked in its turn.
    desk.goto(f"{demo_site.url}/curate/claims/{number(rival)}/")
    desk.get_by_label("Reason", exact=True).select_option("not-the-author")
    desk.get_by_role("button", name="Revoke this claim").click()
    desk.wait_for_url("**?note=revoke")
    demo_site.manage("shell", "-c", LATER)
    page.goto(f"{demo_site.url}/researchers/{noor}/")
    expect(page.get_by_role("main")).to_contain_text("Unclaimed author", use_inner_text=True)


def test_a_claim_by_orcid_is_verified_at_once_and_given_back(
    demo_site: DemoSite, page: Page, violations: Callable[[Page], list[str]]
) -> None:
    """By the person whose works the stand-in for ORCID lists."""
    page.goto(f"{demo_site.url}/search/?kind=people&q=ari+s.+morcos")
    page.get_by_role("main").get_by_role("link", name="Ari S. Morcos", exact=True).first.click()
    record = page.url
    page.get_by_role("link", name="This is me: claim the record").click()
    page.get_by_role("button", name="Log in with ORCID").click()
    page.get_by_role("link", name="Ari S. Morcos").click()
    page.get_by_role("button", name="This is me: start the claim").click()
    page.wait_for_url("**/claims/*/")
    expect(page.get_by_role("main")).to_contain_text("Signed in as 0000-0002-1825-0097", use_inner_text=True)
    page.get_by_role("button", name="Send the claim").click()
    page.get_by_text("The record is yours, at level L2.").wait_for()
    assert violations(page) == []
    claim = page.url
    try:
        page.goto(record)
        for _ in range(60):
            if page.get_by_text("Claimed by the researcher").count():
                break
            page.wait_for_timeout(1_000)
            page.reload()
        expect(page.get_by_role("main")).to_contain_text("Claimed by the researcher", use_inner_text=True)
        assert violations(page) == []
    finally:
        page.goto(claim)
        page.get_by_role("button", name="Give the record back").click()
        page.get_by_text("given back", exact=True).first.wait_for()
        demo_site.manage("shell", "-c", "from works.imports import settle; settle()")
    page.goto(record)
    expect(page.get_by_role("main")).to_contain_text("Unclaimed author", use_inner_text=True)


@pytest.mark.parametrize("width", [320, 390])
def test_the_pages_of_claims_never_scroll_sideways(
    demo_site: DemoSite, noor: str, person: Callable[..., Page], width: int
) -> None:
    one = person("claimdesk")
    one.set_viewport_size({"width": width, "height": 900})
    for address in (
        "/claims/?q=calderwick",
        f"/researchers/{noor}/claim/",
        "/curate/claims/",
        "/curate/claims/reasons/",
    ):
        one.goto(f"{demo_site.url}{address}")
        assert one.evaluate("document.documentElement.scrollWidth") <= width, address
