"""The pages of vouching: who asks, who is asked, and what curators see of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from profiles.claim_models import Claim, ClaimVouch, VouchAnswer
from profiles.claim_views import ASKED_A_DAY
from profiles.flows.claims import freeze
from profiles.flows.claims.submit import submit
from profiles.models import Researcher
from tests.claiming import BYRON, RECORDS, asked, begun, charles, holder, person, vouched
from tests.pipeline import importworks, work, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MARY = "Mary Somerville"
LETTERS = [
    work(f"v/{n}", f"Letters on engines, part {n}", BYRON, MARY, identifiers={"doi": f"10.1000/v{n}"}, year=1844)
    for n in (1, 2)
]

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    cache.clear()
    importworks(write(tmp_path / "works.jsonl", [*RECORDS, *LETTERS]))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Ada Byron")


@pytest.fixture
def babbage(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Charles Babbage")


@pytest.fixture
def mary(library: None) -> Researcher:
    found = Researcher.objects.get(display_name=MARY)
    holder("mary", MARY, found, "10.1000/v1", "10.1000/v2")
    return found


@pytest.fixture
def desk(library: None) -> Client:
    return signed_in(person("curator", curator=True))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def evidence(client: Client, claim: Claim) -> str:
    """What a curator reads of the evidence."""
    return text(client, f"/curate/claims/{claim.pk}/").partition(" Evidence ")[2].partition(" Signals ")[0]


def test_a_vouch_is_asked_for_and_given_by_forms_alone(ada: Researcher, babbage: Researcher, desk: Client) -> None:
    voucher = signed_in(charles(babbage))
    user = person("account-5f3a", "ada@analytical.example")
    user.first_name, user.last_name = "A.", "Byron"
    user.save()
    mine = signed_in(user)
    claim = begun(user, ada)
    here = claim.get_absolute_url()
    assert "Charles Babbage 3 works in common Ask to vouch" in text(mine, here)
    assert "asked to vouch" not in text(voucher, "/claims/")
    assert mine.post(f"{here}vouch/", {"record": babbage.pk}).status_code == 302
    shown = text(mine, here)
    assert "Co-authors you have asked Charles Babbage asked" in shown
    assert "1 has not answered" in shown
    assert "No other co-author" in shown

    asked_page = text(voucher, "/claims/")
    assert "You are asked to vouch 1 request" in asked_page
    assert "The account account-5f3a , which calls itself A. Byron , claims Ada Byron ." in asked_page
    assert "3 works in common with your record Charles Babbage" in asked_page
    assert "@" not in asked_page
    request = ClaimVouch.objects.get()
    answered = voucher.post(f"/claims/vouches/{request.pk}/", {"d": "yes"})
    assert (answered.status_code, answered["Location"]) == (302, "/claims/#vouch")
    assert "asked to vouch" not in text(voucher, "/claims/")
    assert "1 vouches." in text(mine, here)
    submit(claim=claim.pk, claimant=user)
    seen = evidence(desk, claim)
    assert "A co-author vouches Charles Babbage , level L2, account charles , asked" in seen
    assert "vouch" in text(desk, "/curate/claims/")


def test_the_claimant_reads_the_answers_but_not_whose_they_are(
    ada: Researcher, babbage: Researcher, mary: Researcher, desk: Client
) -> None:
    charles(babbage)
    claim = begun(person("claimant", "claimant@analytical.example"), ada)
    vouched(claim, babbage, VouchAnswer.NO)
    vouched(claim, mary)
    mine = signed_in(claim.claimant)
    before = mine.get(claim.get_absolute_url()).content.decode()
    submit(claim=claim.pk, claimant=claim.claimant)
    for shown in (before, mine.get(claim.get_absolute_url()).content.decode()):
        assert "1 vouches, 1 does not." in shown
        for request in claim.vouches.all():
            assert str(request.pk) not in shown
    assert "A co-author does not vouch Charles Babbage" in evidence(desk, claim)


def test_an_answer_that_counts_no_longer_is_marked_on_the_card(
    ada: Researcher, babbage: Researcher, desk: Client
) -> None:
    voucher = charles(babbage)
    claim = begun(person("claimant", "claimant@analytical.example"), ada)
    vouched(claim, babbage)
    freeze.freeze(claim=Claim.objects.get(claimant=voucher).pk, actor=None, text="")
    submit(claim=claim.pk, claimant=claim.claimant)
    assert "A co-author vouches does not count any more Charles Babbage" in evidence(desk, claim)


def test_to_others_a_request_does_not_exist(ada: Researcher, babbage: Researcher, desk: Client, client: Client) -> None:
    voucher = charles(babbage)
    claim = begun(person("claimant"), ada)
    here = f"/claims/vouches/{asked(claim, babbage).pk}/"
    for other in (signed_in(claim.claimant), signed_in(person("eve")), desk):
        assert other.post(here, {"d": "yes"}).status_code == 404
        assert other.get(here).status_code == 405
        assert "asked to vouch" not in text(other, "/claims/")
    assert client.post(here, {"d": "yes"})["Location"].startswith("/account/login/")
    assert signed_in(voucher).post(f"/claims/vouches/{uuid4()}/", {"d": "yes"}).status_code == 404
    assert ClaimVouch.objects.get().answer == ""


def test_an_answer_is_yes_or_no_and_the_first_one_stays(ada: Researcher, babbage: Researcher) -> None:
    voucher = signed_in(charles(babbage))
    claim = begun(person("claimant"), ada)
    here = f"/claims/vouches/{asked(claim, babbage).pk}/"
    for nonsense in ({}, {"d": ""}, {"d": "perhaps"}):
        assert voucher.post(here, nonsense).status_code == 409
    for answer in ("no", "yes", "no"):
        assert voucher.post(here, {"d": answer}).status_code == 302
    assert ClaimVouch.objects.get().answer == "no"
    assert claim.evidence.get().state == "refused"


def test_what_is_not_asked_any_more_is_said(ada: Researcher, babbage: Researcher) -> None:
    user = charles(babbage)
    claim = begun(person("claimant"), ada)
    here = f"/claims/vouches/{asked(claim, babbage).pk}/"
    freeze.freeze(claim=Claim.objects.get(claimant=user).pk, actor=None, text="")
    voucher = signed_in(user)
    assert "asked to vouch" not in text(voucher, "/claims/")
    refused = voucher.post(here, {"d": "yes"})
    assert refused.status_code == 409
    assert "not asked any more" in refused.content.decode()


def test_who_asks_without_end_has_to_wait(ada: Researcher, babbage: Researcher) -> None:
    charles(babbage)
    mine = signed_in(person("claimant"))
    codes = []
    for _ in range(ASKED_A_DAY + 1):
        there = mine.post("/claims/begin/", {"record": [ada.public_id]})["Location"]
        codes.append(mine.post(f"{there}vouch/", {"record": babbage.pk}).status_code)
        mine.post(f"{there}release/")
    assert codes == [302] * 5 + [409, 429]
    assert len([one for one in mail.outbox if one.subject.startswith("Do you know")]) <= 5


def test_a_curator_who_has_answered_has_no_buttons(ada: Researcher, babbage: Researcher, desk: Client) -> None:
    claim = begun(person("claimant", "claimant@analytical.example"), ada)
    user = charles(babbage)
    vouched(claim, babbage)
    submit(claim=claim.pk, claimant=claim.claimant)
    user.user_permissions.set(person("other", curator=True).user_permissions.all())
    card = text(signed_in(user), f"/curate/claims/{claim.pk}/")
    assert "You have answered whether you vouch for this claim. Another curator decides on it." in card
    assert "Approve" not in card
    assert "Approve" in text(desk, f"/curate/claims/{claim.pk}/")


def test_the_pages_cost_the_same_however_many_are_asked(
    ada: Researcher, babbage: Researcher, mary: Researcher, desk: Client
) -> None:
    def cost(client: Client, address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    voucher = signed_in(charles(babbage))
    claim = begun(person("claimant", "claimant@analytical.example"), ada)
    mine = signed_in(claim.claimant)
    asked(claim, babbage)
    places = [(mine, claim.get_absolute_url()), (voucher, "/claims/")]
    before = [cost(*place) for place in places]
    asked(claim, mary)
    for n in range(3):
        asked(begun(person(f"more{n}"), ada), babbage)
    assert [cost(*place) for place in places] == before
    assert max(before) < 25


def test_what_an_account_calls_itself_is_inert(ada: Researcher, babbage: Researcher) -> None:
    voucher = signed_in(charles(babbage))
    user = person("claimant")
    user.first_name = '"><img src=x onerror=alert(1)>'
    user.save()
    asked(begun(user, ada), babbage)
    shown = voucher.get("/claims/").content.decode()
    assert "<img" not in shown
    assert "&lt;img" in shown
