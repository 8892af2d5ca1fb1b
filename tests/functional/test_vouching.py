"""A vouch in a browser: asked for, given, seen by a curator, who then decides on several claims at once."""

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

LENA, OTTO, ORCID = "Lena Quillfeather", "Otto Bridgewright", "0000-0002-7734-1255"
ASKER = {"name": LENA, "affiliation": "Lab of Quills", "affiliation_domain": "lab.example"}
RECORDS = [
    work("quill/1", "Quills that write in the dark", ASKER, {"name": OTTO, "orcid": ORCID}, year=2019),
    work("quill/2", "Bridges written with quills", ASKER, {"name": OTTO, "orcid": ORCID}, year=2020),
]
HOLD = f"""
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from profiles.flows.claims.draft import draft
from profiles.flows.claims.submit import submit
from profiles.models import Researcher
giver = User.objects.get(username="vouchgiver")
SocialAccount.objects.create(user=giver, provider="orcid", uid="{ORCID}", extra_data={{}})
record = Researcher.objects.get(display_name="{OTTO}")
submit(claim=draft(claimant=giver, researchers=[record.pk]).pk, claimant=giver)
print(Researcher.objects.get(display_name="{LENA}").public_id, record.public_id)
"""
"""The co-author holds his record by the iD that his bylines print. No other browser test has it: the site is shared, and an iD
under two names is held back."""


@pytest.fixture(scope="module")
def records(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The public ids of the record to claim and of the co-author's."""
    folder: Path = tmp_path_factory.mktemp("vouching")
    demo_site.manage("importworks", "jsonl", write(folder / "works.jsonl", RECORDS))
    for name, role in (("vouchasker", "reader"), ("vouchgiver", "reader"), ("vouchdesk", "curator")):
        make(demo_site, name, role)
    return demo_site.manage("shell", "-c", HOLD).strip().splitlines()[-1].split()


def test_a_coauthor_vouches_and_a_curator_decides_on_the_ticked_claim(
    demo_site: DemoSite,
    records: list[str],
    page: Page,
    person: Callable[..., Page],
    violations: Callable[[Page], list[str]],
) -> None:
    mine = person("vouchasker")
    mine.goto(f"{demo_site.url}/researchers/{records[0]}/")
    mine.get_by_role("link", name="This is me: claim the record").click()
    mine.get_by_role("button", name="This is me: start the claim").click()
    mine.wait_for_url("**/claims/*/")
    mine.get_by_role("radio", name="Vouch by a co-author").check()
    assert violations(mine) == []
    mine.get_by_role("button", name="Ask to vouch").click()
    mine.get_by_role("heading", name="Co-authors you have asked").wait_for()
    assert violations(mine) == []
    mine.get_by_role("button", name="Send the claim").click()
    expect(mine.get_by_role("main")).to_contain_text("1 has not answered", use_inner_text=True)
    number = mine.url.strip("/").split("/")[-1]

    # The co-author answers on a phone, without scripts.
    giver = person("vouchgiver", scripts=False, width=390)
    giver.goto(f"{demo_site.url}/claims/")
    asked = giver.get_by_role("main").inner_text()
    assert "You are asked to vouch" in asked
    assert "vouchasker" in asked
    giver.get_by_role("button", name="Yes, I vouch for vouchasker").click()
    expect(giver.get_by_role("main")).not_to_contain_text("You are asked to vouch", use_inner_text=True)
    mine.reload()
    expect(mine.get_by_role("main")).to_contain_text("1 vouches.", use_inner_text=True)

    # A curator sees by whom, and approves it from the list, with a key.
    desk = person("vouchdesk")
    desk.goto(f"{demo_site.url}/curate/claims/{number}/")
    expect(desk.get_by_role("main")).to_contain_text(f"{OTTO}, level L2, account vouchgiver", use_inner_text=True)
    assert violations(desk) == []
    desk.goto(f"{demo_site.url}/curate/claims/")
    assert violations(desk) == []
    desk.get_by_role("checkbox", name=f"Tick claim {number}", exact=True).check()
    desk.keyboard.press("a")
    desk.wait_for_url("**/curate/claims/decide/")
    expect(desk.get_by_role("status")).to_contain_text("1 claim approved.")
    assert violations(desk) == []
    mine.reload()
    expect(mine.get_by_role("main")).to_contain_text("It counts from", use_inner_text=True)

    # The co-author's page names the iD he signs in with.
    page.goto(f"{demo_site.url}/researchers/{records[1]}/")
    assert page.get_by_role("link", name=f"ORCID iD {ORCID} authenticated").get_attribute("href") == (
        f"https://orcid.org/{ORCID}"
    )
    assert violations(page) == []


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("width", [320, 390])
def test_the_list_to_tick_never_scrolls_sideways(demo_site: DemoSite, person: Callable[..., Page], width: int) -> None:
    desk = person("vouchdesk", width=width)
    desk.goto(f"{demo_site.url}/curate/claims/")
    assert desk.evaluate("document.documentElement.scrollWidth") <= width
