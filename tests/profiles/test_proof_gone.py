"""What becomes of claims when an account shows less than before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from profiles import tasks
from profiles.claim_models import Claim
from profiles.claims import Kind, State
from profiles.flows.claims import decide, effect, recheck
from profiles.flows.claims.submit import submit
from profiles.flows.merge import merge
from profiles.models import Researcher
from researchgraph.accounts.create import Role, create
from researchgraph.errors import Conflict
from tests.accounts.test_login import ADDRESS, PASSWORD, log_in
from tests.claiming import ADA, RECORDS, author, begun, listing, orcid, page, person, sent, weak
from tests.pipeline import importworks, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import Settings

WORKS = ("10.1000/c1", "10.1000/c2", "10.1000/c3")
OWN = {"source-orcid": {"path": "0000-0003-0000-0000"}}

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    cache.clear()
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Ada Byron")


@pytest.fixture
def curator(library: None) -> User:
    return person("curator", curator=True)


def again(claim: Claim) -> Claim:
    claim.refresh_from_db()
    return claim


def sign_out(claim: Claim) -> None:
    """As the account's owner does, or whoever has got hold of the account."""
    SocialAccount.objects.filter(user=claim.claimant).delete()


def test_a_claim_that_only_an_id_had_verified_is_frozen_once_it_is_disconnected(ada: Researcher, curator: User) -> None:
    claim = sent(author(), ada)
    assert recheck.look_again() == 0
    sign_out(claim)
    assert recheck.look_again() == 1
    ada.refresh_from_db()
    assert (again(claim).state, claim.level, ada.verification_level) == (State.FROZEN, 2, 2)
    assert claim.records.get().holds
    assert claim.due_at is not None
    assert not claim.evidence.exists()
    event = claim.events.latest("pk")
    assert (event.code, event.role, event.text) == ("proof-gone", "system", recheck.PROOF_GONE)
    assert recheck.look_again() == 0, "the second time nothing is left to do"
    decide.approve(claim=claim.pk, actor=curator, text="It was shown before.")
    assert (again(claim).state, claim.level) == (State.APPROVED, 2)


def test_a_claim_that_something_else_proves_as_well_stays_verified(ada: Researcher) -> None:
    claim = begun(author(), ada)
    page(claim, ada.pk, kind=Kind.HOMEPAGE)
    submit(claim=claim.pk, claimant=claim.claimant)
    sign_out(claim)
    assert recheck.look_again() == 1
    assert again(claim).state == State.VERIFIED
    assert [one.kind for one in claim.evidence.all()] == [Kind.HOMEPAGE]
    assert recheck.look_again() == 0


def test_a_page_proves_a_record_also_after_it_was_joined_with_another(ada: Researcher, curator: User) -> None:
    claim = begun(author(), ada)
    page(claim, ada.pk, kind=Kind.HOMEPAGE)
    submit(claim=claim.pk, claimant=claim.claimant)
    into = Researcher.objects.get(display_name="Adele Lace")
    merge(researcher=ada.pk, into=into.pk, actor=curator, reason="one", force=True)
    sign_out(claim)
    recheck.look_again()
    assert again(claim).state == State.VERIFIED


def test_what_a_curator_has_approved_stays_as_it_was_decided(ada: Researcher, curator: User) -> None:
    weak("eve", ada)
    claim = sent(author(), ada)
    decide.approve(claim=claim.pk, actor=curator)
    sign_out(claim)
    assert recheck.look_again() == 0
    assert (again(claim).state, claim.level) == (State.APPROVED, 4)
    assert [one.kind for one in claim.evidence.all()] == ["orcid-works"], "the evidence that was seen is kept"


def listed(ada: Researcher) -> Claim:
    """Two weak kinds: works that were added to ORCID by hand, and an address at the institution."""
    user = person("ada", "ada@gmail.com", "ada@analytical.example")
    orcid(user, "0000-0003-0000-0001", listing("0000-0003-0000-0001", "Ada Byron", *WORKS, source=OWN))
    return sent(user, ada)


def test_an_approval_that_cools_off_goes_back_to_review_when_its_id_is_disconnected(
    ada: Researcher, curator: User
) -> None:
    claim = listed(ada)
    decide.approve(claim=claim.pk, actor=curator)
    sign_out(claim)
    recheck.look_again()
    assert (again(claim).state, claim.effective_at) == (State.IN_REVIEW, None)
    assert claim.events.latest("pk").code == "evidence-gone"


def test_an_approval_that_cools_off_goes_back_to_review_when_its_address_was_removed(
    ada: Researcher, curator: User
) -> None:
    claim = listed(ada)
    decide.approve(claim=claim.pk, actor=curator)
    EmailAddress.objects.filter(email="ada@analytical.example").delete()
    Claim.objects.update(effective_at=timezone.now())
    effect.take_effect()
    ada.refresh_from_db()
    assert (again(claim).state, claim.effective_at, ada.verification_level) == (State.IN_REVIEW, None, 1)
    assert claim.events.latest("pk").code == "evidence-gone"


def test_a_pending_claim_shows_a_curator_what_the_account_still_shows(ada: Researcher, curator: User) -> None:
    claim = listed(ada)
    sign_out(claim)
    recheck.look_again()
    assert [one.kind for one in claim.evidence.all()] == ["institution"]
    assert again(claim).state == State.IN_REVIEW
    EmailAddress.objects.filter(email="ada@analytical.example").delete()
    with pytest.raises(Conflict, match="does not suffice"):
        decide.approve(claim=claim.pk, actor=curator)


def test_an_institution_that_was_removed_leaves_a_proven_claim_as_decided(ada: Researcher) -> None:
    user = author()
    there = EmailAddress.objects.create(user=user, email="ada@lab.analytical.example", verified=True)
    claim = sent(user, ada)
    there.delete()
    tasks.look_after_claims()
    assert (again(claim).state, claim.level) == (State.VERIFIED, 3)


def test_disconnecting_on_the_account_page_is_noticed_by_the_next_round(
    ada: Researcher, client: Client, settings: Settings
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"orcid": {"APPS": [{"client_id": "APP", "secret": "x", "key": ""}]}}
    user = create(email=ADDRESS, password=PASSWORD, name="ada", role=Role.READER)
    claim = sent(orcid(user, ADA, listing(ADA, "Ada Byron", *WORKS)), ada)
    tasks.send_claim_notices()
    log_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert "a curator looks at the claim" in client.get("/account/outside/").content.decode()
    client.post("/account/outside/", {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()
    mail.outbox.clear()
    for _ in range(2):
        tasks.look_after_claims()
    assert again(claim).state == State.FROZEN
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([ADDRESS], "Your claim is frozen")
    assert recheck.PROOF_GONE in message.body
    shown = client.get(claim.get_absolute_url()).content.decode()
    assert "is not on your account any more" in shown
    assert "Somebody says that this claim is wrong" not in shown
