"""What speaks against a record lowers its receipt and is said in a sentence, and counts no more once it is settled."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.test import Client

from graph.flows import network
from graph.models import StaleSurroundings, TrustSnapshot
from profiles.flows.claims.decide import approve
from profiles.flows.claims.freeze import freeze
from profiles.flows.merge import merge
from profiles.flows.reject import reject
from profiles.flows.split import split
from profiles.flows.undo import undo
from profiles.models import Researcher
from tests.claiming import RECORDS, author, person, sent, weak
from tests.pipeline import derived, importworks, work, write
from works import imports
from works.models import Authorship

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.usefixtures("empty_library")

ONE, TWO = "0000-0001-5109-3700", "0000-0002-1694-233X"


@pytest.fixture
def curator(empty_library: None) -> User:
    return person("curator", "curator@site.example", curator=True)


def receipt(record: Researcher) -> TrustSnapshot:
    return TrustSnapshot.objects.get(researcher=record, current=True)


def conflicts(record: Researcher) -> tuple[int, str]:
    """The points and the sentence of the line, as the API gives them."""
    api = Client().get(f"/api/v1/researchers/{record.public_id}/trust/").json()
    line = next(c for c in api["components"] if c["key"] == "conflicts")
    return line["points"], line["evidence"]


def rebuilt() -> bool:
    """Whether a full rebuild gives what is stored."""
    before = derived()
    call_command("rebuildgraph", stdout=io.StringIO(), stderr=io.StringIO())
    return derived() == before


def test_one_orcid_id_on_two_records_lowers_both_until_they_are_one(tmp_path: Path, curator: User) -> None:
    importworks(write(tmp_path / "works.jsonl", [
        work(f"t/{n}", title, {"name": "Ada Quillfeather", "orcid": ONE}, identifiers={"doi": f"10.5555/{n}"})
        for n, title in enumerate(("Salt", "Pepper", "Thyme"))
    ]))  # fmt: skip
    ada = Researcher.objects.get(display_name="Ada Quillfeather")
    assert conflicts(ada) == (0, "No open conflict.")
    thyme = Authorship.objects.get(work__title="Thyme")
    done = split(researcher=ada.pk, bylines=[thyme.pk], actor=curator, reason="Two people.")
    imports.settle()
    other = Researcher.objects.get(pk=done.made)
    sentence = "One ORCID iD of this record is on another record, too."
    assert all(sentence in conflicts(one)[1] for one in (ada, other))
    assert conflicts(other)[0] == -10
    assert rebuilt()
    undo(event=done.event, actor=curator, reason="One person after all.")
    imports.settle()
    assert conflicts(ada) == (0, "No open conflict.")
    assert receipt(ada).cause == network.SHARED
    assert rebuilt()


def test_two_orcid_ids_on_one_record_lower_it(tmp_path: Path, curator: User) -> None:
    importworks(write(tmp_path / "works.jsonl", [
        work("t/1", "Salt", {"name": "Ada Quillfeather", "orcid": ONE}),
        work("t/2", "Pepper", {"name": "Ada Quillfeather", "orcid": TWO}),
    ]))  # fmt: skip
    one, other = Researcher.objects.filter(display_name="Ada Quillfeather").order_by("pk")
    merge(researcher=other.pk, into=one.pk, actor=curator, reason="She has two.", force=True)
    imports.settle()
    assert conflicts(one) == (-10, "Bylines carry 2 ORCID iDs.")
    assert rebuilt()


def test_a_source_that_states_what_was_marked_not_theirs_lowers_the_record(tmp_path: Path, curator: User) -> None:
    def pepper(**author: str) -> None:
        importworks(write(tmp_path / "pepper.jsonl", [work("t/2", "Pepper", {"name": "Ada Quillfeather", **author})]))

    importworks(write(tmp_path / "works.jsonl", [work("t/1", "Salt", {"name": "Ada Quillfeather", "orcid": ONE})]))
    pepper(orcid=ONE)
    ada = Researcher.objects.get(display_name="Ada Quillfeather")
    byline = Authorship.objects.get(work__title="Pepper")
    decision = reject(researcher=ada.pk, bylines=[byline.pk], actor=curator, reason="Not hers.")
    pepper()
    assert conflicts(ada) == (0, "No open conflict.")
    assert rebuilt()
    pepper(orcid=ONE)
    assert "A source states an identifier of this record on 1 work marked not theirs." in conflicts(ada)[1]
    assert conflicts(ada)[0] < 0
    assert rebuilt()
    undo(event=decision, actor=curator, reason="Hers after all.")
    imports.settle()
    assert conflicts(ada) == (0, "No open conflict.")
    assert rebuilt()


@pytest.fixture
def claimable(empty_library: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", RECORDS))


@pytest.fixture
def ada(claimable: None) -> Researcher:
    return Researcher.objects.get(display_name="Ada Byron")


def test_a_claim_that_was_stopped_lowers_the_record_until_a_curator_has_decided(ada: Researcher, curator: User) -> None:
    claim = sent(author(), ada)
    imports.settle()
    assert conflicts(ada) == (0, "No open conflict.")
    freeze(claim=claim.pk, actor=curator, text="Two people say so.", curator=True)
    imports.settle()
    assert conflicts(ada) == (-10, "The claim on this record is disputed; a curator looks at it.")
    assert rebuilt()
    approve(claim=claim.pk, actor=person("second", curator=True), text="It is her.")
    imports.settle()
    assert conflicts(ada) == (0, "No open conflict.")


def test_a_rival_that_is_not_decided_on_changes_nothing_anybody_could_see(ada: Researcher) -> None:
    sent(author(), ada)
    imports.settle()
    page, before = Client().get(ada.get_absolute_url()).content, receipt(ada)
    weak("rival", ada)
    imports.settle()
    assert receipt(ada) == before
    assert Client().get(ada.get_absolute_url()).content == page
    assert not StaleSurroundings.objects.exists()
