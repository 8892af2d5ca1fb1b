"""What the page of a claimed record says of the ORCID iD its author signs in with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from profiles.claims import Kind, State
from profiles.flows.claims import decide, freeze
from profiles.flows.claims.submit import submit
from profiles.flows.merge import merge
from profiles.models import Researcher
from profiles.rendering import body
from profiles.selectors import stamp
from tests.claiming import ADA, RECORDS, author, begun, listing, orcid, page, person, sent
from tests.pipeline import importworks, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

LACE = "0000-0001-5109-3700"
OWN = {"source-orcid": {"path": "0000-0003-0000-0000"}}
CHIP = re.compile(r'<a class="chip on" href="https://orcid\.org/([0-9X-]+)"[^>]*>.*?authenticated</span></a>')

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Ada Byron")


@pytest.fixture
def curator(library: None) -> User:
    return person("curator", curator=True)


def chip(record: Researcher) -> str:
    """The iD that the page says its author has signed in with."""
    found = CHIP.findall(Client().get(record.get_absolute_url()).content.decode())
    assert len(found) <= 1
    return found[0] if found else ""


def test_a_claimed_record_names_the_id_its_author_signs_in_with(ada: Researcher) -> None:
    assert chip(ada) == ""
    before = stamp(ada.public_id)
    claim = sent(author(), ada)
    assert chip(ada) == ADA
    after = stamp(ada.public_id)
    assert before is not None
    assert after is not None
    assert (before.orcid, after.orcid) == (None, ADA)
    SocialAccount.objects.filter(user=claim.claimant).delete()
    assert chip(ada) == "", "at once, whatever a worker does later"


def test_an_id_that_is_only_printed_stays_in_the_card() -> None:
    adele = Researcher.objects.get(display_name="Adele Lace")
    shown = Client().get(adele.get_absolute_url()).content.decode()
    assert LACE in shown
    assert chip(adele) == ""
    sent(orcid(person("adele"), LACE), adele)
    assert chip(adele) == LACE


def test_a_record_that_was_claimed_by_other_evidence_names_no_id(ada: Researcher) -> None:
    claim = begun(orcid(person("ada"), "0000-0003-0000-0002", listing("0000-0003-0000-0002", "Ada Byron")), ada)
    page(claim, ada.pk, kind=Kind.HOMEPAGE)
    submit(claim=claim.pk, claimant=claim.claimant)
    claim.refresh_from_db()
    assert claim.state == State.VERIFIED
    assert chip(ada) == ""


def test_a_claim_that_is_not_decided_names_no_id_and_one_that_is_disputed_keeps_it(ada: Researcher) -> None:
    uid = "0000-0003-0000-0001"
    own = listing(uid, "Ada Byron", "10.1000/c1", "10.1000/c2", source=OWN)
    claim = sent(orcid(person("ada"), uid, own), ada)
    assert chip(ada) == ""
    freeze.freeze(claim=claim.pk, actor=None, text="")
    assert chip(ada) == ""
    other = Researcher.objects.get(display_name="Adele Lace")
    held = sent(orcid(person("adele"), LACE), other)
    freeze.freeze(claim=held.pk, actor=None, text="")
    assert chip(other) == LACE, "pages stay as they are while a claim is looked at"


def test_the_id_goes_where_the_record_goes_and_not_to_another_record_of_the_claim(
    ada: Researcher, curator: User
) -> None:
    babbage = Researcher.objects.get(display_name="Charles Babbage")
    claim = sent(author(), ada, babbage)
    decide.approve(claim=claim.pk, actor=curator)
    assert (chip(ada), chip(babbage)) == (ADA, "")
    into = Researcher.objects.get(display_name="Adele Lace")
    merge(researcher=ada.pk, into=into.pk, actor=curator, reason="one", force=True)
    imports.settle()
    into.refresh_from_db()
    assert chip(into) == ADA


def test_the_id_costs_no_query(ada: Researcher, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    path = ada.get_absolute_url()
    sent(author(), ada)
    body.cache_clear()
    for queries in (2, 1):
        with django_assert_num_queries(queries):
            assert CHIP.search(Client().get(path).content.decode())
