"""The pages of claims: private, complete without scripts, and the desk that decides on them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles import tasks
from profiles.claim_models import Claim, ClaimEvidence
from profiles.claims import State
from profiles.flows.claims import decide, notices
from profiles.flows.claims.submit import submit
from profiles.models import Researcher
from researchgraph.accounts.copy import of
from researchgraph.accounts.erase import erase
from tests.claiming import RECORDS, author, begun, listing, orcid, page, person, sent, weak
from tests.pipeline import importworks, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import Settings

pytestmark = pytest.mark.usefixtures("empty_library")

VERBS = ("page", "send", "appeal", "release", "remove", "check", "leave-out")


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    cache.clear()
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Ada Byron")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(library: None) -> Client:
    return signed_in(person("curator", curator=True))


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    assert "no-store" in response["Cache-Control"]
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def test_a_record_is_claimed_by_forms_alone_and_says_so_to_everybody(ada: Researcher, client: Client) -> None:
    user = author("account-5f3a")
    mine = signed_in(user)
    assert "This is me: claim the record" in client.get(ada.get_absolute_url()).content.decode()
    assert "start the claim" in text(mine, f"{ada.get_absolute_url()}claim/")
    there = mine.post("/claims/begin/", {"record": [ada.public_id]})["Location"]
    assert "3 works listed" in text(mine, there)
    assert mine.post(f"{there}send/", {"text": "It is me."}).status_code == 302
    assert "The record is yours, at level L2" in text(mine, there)
    imports.settle()
    public = client.get(ada.get_absolute_url()).content.decode()
    assert "Claimed by the researcher on" in public
    assert "L2 ORCID iD confirmed by sign-in, or strong proof" in public
    for invitation in ("Unclaimed author", "claim the record", "Is this you", "Not reviewed by the author"):
        assert invitation not in public
    history = client.get(f"{ada.get_absolute_url()}history/").content.decode()
    assert "Claimed by the author" in history
    assert "by the author" in history
    assert user.get_username() not in history


def test_a_pending_claim_shows_nowhere_in_public(ada: Researcher, client: Client) -> None:
    pages = [f"{ada.get_absolute_url()}{ending}" for ending in ("", "history/")]
    pages.append(f"/api/v1/researchers/{ada.public_id}/")
    before = [client.get(address).content for address in pages]
    weak("eve", ada)
    imports.settle()
    assert [client.get(address).content for address in pages] == before


def test_to_others_a_claim_does_not_exist(ada: Researcher, client: Client, desk: Client) -> None:
    claim = begun(author(), ada)
    stranger = signed_in(person("eve"))
    here = claim.get_absolute_url()
    assert client.get(here).status_code == 302
    assert stranger.get(here).status_code == desk.get(here).status_code == 404
    for verb in VERBS:
        assert stranger.post(f"{here}{verb}/", {"page": "https://x.example/"}).status_code == 404, verb
        assert client.post(f"{here}{verb}/").status_code == 302
    assert stranger.post("/claims/999999/send/").status_code == 404
    claim.refresh_from_db()
    assert (claim.state, claim.evidence.count()) == (State.DRAFT, 0)
    assert str(claim.pk) not in text(stranger, "/claims/").partition("Your claims")[2]


def test_the_desk_does_not_exist_for_others(ada: Researcher, client: Client) -> None:
    claim = weak("ada", ada)
    for one in (client, signed_in(claim.claimant)):
        for address in ("/curate/claims/", f"/curate/claims/{claim.pk}/", "/curate/claims/reasons/"):
            assert one.get(address).status_code == 404
        assert one.post(f"/curate/claims/{claim.pk}/decide/", {"d": "approve"}).status_code == 404
        assert one.post("/curate/claims/reasons/", {"code": "abc", "text": "x"}).status_code == 404
    claim.refresh_from_db()
    assert claim.state == State.IN_REVIEW


def test_a_draft_is_nobodys_business_on_the_desk(ada: Researcher, desk: Client) -> None:
    claim = begun(author(), ada)
    assert desk.get(f"/curate/claims/{claim.pk}/").status_code == 404
    assert "No claim waits" in text(desk, "/curate/claims/")


def test_several_records_are_found_ticked_and_claimed_together(ada: Researcher) -> None:
    mine = signed_in(person("ada", "ada@analytical.example"))
    listed = text(mine, "/claims/?q=byron")
    assert "Ada Byron 3 works, 1841 to 1843, Analytical Society" in listed
    adele = Researcher.objects.get(display_name="Adele Lace")
    there = mine.post("/claims/begin/", {"record": [ada.public_id, adele.public_id]})["Location"]
    assert "2 records" in text(mine, there)
    mine.post(f"{there}leave-out/", {"record": adele.pk})
    assert Claim.objects.get().records.get().researcher == ada
    assert mine.post("/claims/begin/", {"record": []}).status_code == 409
    assert mine.post("/claims/begin/", {"record": ["nonsense"]}).status_code == 409
    assert mine.post("/claims/begin/", {"record": ["0000000000"]}).status_code == 409
    assert mine.get("/claims/?q=%00nobody").status_code == 200


def test_records_with_the_id_one_has_signed_in_with_are_suggested(ada: Researcher) -> None:
    mine = signed_in(orcid(person("adele"), "0000-0001-5109-3700"))
    assert "Records with your ORCID iD 1 record Adele Lace" in text(mine, "/claims/")
    assert "Records with your ORCID iD" not in text(signed_in(person("eve")), "/claims/")
    by_id = text(mine, "/claims/?q=0000-0001-5109-3700")
    assert by_id.count("Adele Lace") >= 2


def test_the_code_for_a_page_is_shown_once(ada: Researcher) -> None:
    mine = signed_in(person("ada"))
    there = mine.post("/claims/begin/", {"record": [ada.public_id]})["Location"]
    shown = mine.post(f"{there}page/", {"page": "https://ada.example/works#top"}).content.decode()
    code = re.search(r"researchgraph-claim-[0-9a-f]{64}", shown)
    assert code is not None
    assert code[0] not in mine.get(there).content.decode()
    found = ClaimEvidence.objects.get()
    assert found.value == "https://ada.example/works"
    assert mine.post(f"{there}check/", {"evidence": found.pk}).status_code == 302
    assert mine.post(f"{there}remove/", {"evidence": found.pk}).status_code == 302
    assert not ClaimEvidence.objects.exists()


@pytest.mark.parametrize("address", ["", "no page", "javascript:alert(1)", "ftp://x.example/"])
def test_what_is_no_page_is_said(ada: Researcher, address: str) -> None:
    mine = signed_in(person("ada"))
    there = mine.post("/claims/begin/", {"record": [ada.public_id]})["Location"]
    assert mine.post(f"{there}page/", {"page": address}).status_code == 422
    assert not ClaimEvidence.objects.exists()


def test_without_evidence_nothing_is_sent_and_that_is_said(ada: Researcher) -> None:
    mine = signed_in(person("ada"))
    there = mine.post("/claims/begin/", {"record": [ada.public_id]})["Location"]
    refused = mine.post(f"{there}send/")
    assert refused.status_code == 409
    assert "nothing to show" in refused.content.decode()


def test_nobody_does_without_end(ada: Researcher) -> None:
    mine = signed_in(person("ada"))
    there = mine.post("/claims/begin/", {"record": [ada.public_id]})["Location"]
    codes = [mine.post(f"{there}send/").status_code for _ in range(30)]
    assert codes == [409] * 29 + [429]


def test_a_curator_sees_the_signals_and_asks_approves_or_declines(ada: Researcher, desk: Client) -> None:
    claim = weak("ada", ada)
    other = sent(author("eve", uid="0000-0003-0000-0001"), ada)
    listed = text(desk, "/curate/claims/")
    assert f"{claim.pk}: Ada Byron" in listed
    assert "1 rival" in listed
    here = f"/curate/claims/{claim.pk}/"
    card = text(desk, here)
    for words in ("institution on a byline", "Account made", "from sign-up to claim", "approval counts after 72 hours"):
        assert words in card
    assert "@" not in card
    assert "fits 1 of 1 byline spellings" in text(desk, f"/curate/claims/{other.pk}/")
    assert desk.post(f"{here}decide/", {"d": "reject"}).status_code == 409
    assert desk.post(f"{here}decide/", {"d": "ask", "code": "page-no-works"}).status_code == 302
    mine = signed_in(claim.claimant)
    asked = text(mine, claim.get_absolute_url())
    assert "no list of publications" in asked
    assert "page-no-works" in asked
    assert "curator 2" not in asked
    mine.post(f"{claim.get_absolute_url()}send/", {"text": "It is there now."})
    assert "It is there now." in text(desk, here)
    assert desk.post(f"{here}decide/", {"d": "approve", "text": "Welcome."}).status_code == 302
    assert "It counts from" in text(mine, claim.get_absolute_url())
    assert desk.post(f"{here}decide/", {"d": "revoke", "code": "not-the-author"}).status_code == 302
    claim.refresh_from_db()
    assert claim.state == State.REVOKED
    assert desk.post(f"{here}decide/", {"d": "approve"}).status_code == 409


def test_two_curators_are_needed_where_somebody_holds_the_record(ada: Researcher, desk: Client) -> None:
    sent(author("eve", uid="0000-0003-0000-0002"), ada)
    claim = sent(author(), ada)
    here = f"/curate/claims/{claim.pk}/"
    assert "takes two curators" in text(desk, here)
    desk.post(f"{here}decide/", {"d": "approve"})
    assert "You have proposed to give the record over" in text(desk, here)
    second = signed_in(person("second", curator=True))
    assert "curator has proposed" in text(second, here)
    second.post(f"{here}decide/", {"d": "approve"})
    claim.refresh_from_db()
    assert (claim.state, claim.level) == (State.APPROVED, 4)


def test_a_curator_sees_their_own_claim_without_buttons(ada: Researcher, desk: Client) -> None:
    user = person("both", "both@analytical.example", curator=True)
    claim = sent(user, ada)
    own = text(signed_in(user), f"/curate/claims/{claim.pk}/")
    assert "your own claim" in own
    assert "Ask for one more thing" not in own


def test_a_declined_claim_goes_to_another_curator(ada: Researcher, desk: Client) -> None:
    claim = weak("ada", ada)
    desk.post(f"/curate/claims/{claim.pk}/decide/", {"d": "reject", "code": "name-mismatch"})
    mine = signed_in(claim.claimant)
    assert "Ask another curator" in text(mine, claim.get_absolute_url())
    assert mine.post(f"{claim.get_absolute_url()}appeal/", {"text": "Please."}).status_code == 302
    assert desk.post(f"/curate/claims/{claim.pk}/decide/", {"d": "approve"}).status_code == 409
    second = signed_in(person("second", curator=True))
    assert second.post(f"/curate/claims/{claim.pk}/decide/", {"d": "approve"}).status_code == 302


def test_the_link_of_a_warning_stops_a_claim_without_an_account(ada: Researcher, client: Client) -> None:
    claim = sent(author(), ada)
    here = f"/claims/dispute/{notices.token(claim)}/"
    assert "Stop this claim" in text(client, here)
    claim.refresh_from_db()
    assert claim.state == State.VERIFIED
    assert "The claim is stopped" in client.post(here).content.decode()
    claim.refresh_from_db()
    assert claim.state == State.FROZEN
    assert "nothing to stop" in client.post(here).content.decode()
    assert client.get("/claims/dispute/x/").status_code == 410
    assert (
        "somebody says that this claim is wrong".casefold()
        in text(signed_in(claim.claimant), claim.get_absolute_url()).casefold()
    )


def test_a_record_is_given_back_by_its_owner(ada: Researcher) -> None:
    claim = sent(author(), ada)
    mine = signed_in(claim.claimant)
    assert "Give the record back" in text(mine, claim.get_absolute_url())
    mine.post(f"{claim.get_absolute_url()}release/")
    ada.refresh_from_db()
    assert ada.verification_level == 1


def test_the_median_time_to_a_decision_is_public(ada: Researcher, desk: Client) -> None:
    claim = weak("ada", ada)
    decide.approve(claim=claim.pk, actor=person("second", curator=True))
    Claim.objects.update(submitted_at=timezone.now() - timedelta(hours=9))
    assert "Median decision time in the last 30 days: 9 hours" in text(signed_in(person("x")), "/claims/")


def test_reasons_are_changed_on_the_desk(desk: Client, ada: Researcher) -> None:
    here = "/curate/claims/reasons/"
    assert "page-no-works" in text(desk, here)
    assert desk.post(here, {"code": "our-own", "text": 'Ours & "more".'}).status_code == 302
    assert desk.post(here, {"code": "Not A Word", "text": "x"}).status_code == 422
    assert "Ours &amp; &#34;more&#34;." in desk.get(here).content.decode()
    assert "our-own" in text(desk, f"/curate/claims/{weak('ada', ada).pk}/")


def test_mails_go_out_by_the_task_once(ada: Researcher) -> None:
    sent(author(), ada)
    for _ in range(2):
        tasks.send_claim_notices()
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["ada@gmail.com"], "Your claim is verified at once")
    assert ada.get_absolute_url() in message.body


def test_the_pages_cost_the_same_however_many_claims_and_records_there_are(ada: Researcher, desk: Client) -> None:
    def cost(client: Client, address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    first = weak("first", ada)
    mine = signed_in(first.claimant)
    addresses = [(desk, "/curate/claims/"), (desk, f"/curate/claims/{first.pk}/"), (mine, first.get_absolute_url())]
    for one, address in addresses:
        one.get(address)
    before = [cost(*pair) for pair in addresses]
    for n in range(5):
        weak(f"more{n}", ada, Researcher.objects.get(display_name="Adele Lace"))
        page(first, ada.pk)
    assert [cost(*pair) for pair in addresses] == before
    assert max(before) < 25


def test_a_deleted_account_gives_its_record_back_and_leaves_no_evidence(ada: Researcher) -> None:
    user = author()
    claim = sent(user, ada)
    assert [one["state"] for one in of(user)["claims"]] == ["verified"]
    erase(user=user)
    claim.refresh_from_db()
    ada.refresh_from_db()
    assert (claim.state, claim.evidence.count(), ada.verification_level) == (State.RELEASED, 0, 1)
    user.refresh_from_db()
    assert user.username.startswith("former-")


def test_a_mail_has_nothing_of_the_other_side(ada: Researcher) -> None:
    sent(author(), ada)
    weak("eve", ada)
    notices.send()
    (warning,) = (message for message in mail.outbox if message.subject.startswith("Somebody"))
    assert "eve" not in f"{warning.subject}{warning.body}"


def test_the_way_to_orcid_leads_back_to_the_claim(ada: Researcher, settings: Settings) -> None:
    settings.ORCID_CLIENT_ID = "APP"
    settings.SOCIALACCOUNT_PROVIDERS = {"orcid": {"APPS": [{"client_id": "APP", "secret": "x", "key": ""}]}}
    claim = begun(person("ada"), ada)
    shown = signed_in(claim.claimant).get(claim.get_absolute_url()).content.decode()
    assert "Continue to ORCID" in shown
    assert '<input type="hidden" name="process" value="connect">' in shown
    assert f'<input type="hidden" name="next" value="{claim.get_absolute_url()}">' in shown


def test_what_people_write_is_inert_wherever_it_is_read(ada: Researcher, desk: Client) -> None:
    hostile = '"><img src=x onerror=alert(1)>{{ 7777*7777 }}'
    user = orcid(person("ada"), "0000-0003-0000-0009", listing("0000-0003-0000-0009", hostile))
    user.first_name = hostile
    user.save()
    begun(user, ada, Researcher.objects.get(display_name="Adele Lace"))
    claim = Claim.objects.get()
    page(claim, ada.pk)
    submit(claim=claim.pk, claimant=user, text=hostile)
    for one, address in ((desk, f"/curate/claims/{claim.pk}/"), (signed_in(user), claim.get_absolute_url())):
        shown = one.get(address).content.decode()
        assert "<img" not in shown
        assert "&lt;img" in shown
        # A product that no time of day and no count is.
        assert "60481729" not in shown
