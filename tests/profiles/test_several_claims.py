"""Decisions on several claims at once: each as if by itself, and the answer says what became of all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from profiles.claim_forms import SEVERAL
from profiles.claim_models import Claim, ClaimEvent
from profiles.claims import State
from profiles.models import Researcher
from tests.claiming import RECORDS, author, begun, person, sent, weak
from tests.pipeline import importworks, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User

HERE = "/curate/claims/decide/"

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
def adele(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Adele Lace")


@pytest.fixture
def curator(library: None) -> User:
    return person("curator", "curator@cs.analytical.example", curator=True)


@pytest.fixture
def desk(curator: User) -> Client:
    client = Client()
    client.force_login(curator)
    return client


def said(desk: Client, *claims: int, status: int = 200, **given: str) -> str:
    """The words of the answer."""
    answer = desk.post(HERE, {"claim": list(claims), **given})
    assert answer.status_code == status, answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def states(*claims: Claim) -> list[str]:
    return [Claim.objects.get(pk=claim.pk).state for claim in claims]


def test_several_are_asked_or_declined_with_one_reason_that_each_claimant_reads(
    ada: Researcher, adele: Researcher, desk: Client
) -> None:
    claims = [weak("one", ada), weak("two", ada), weak("three", adele)]
    mail.outbox.clear()
    told = said(desk, *(claim.pk for claim in claims[:2]), d="ask", code="page-no-works")
    assert "2 claims asked for one more thing." in told
    assert f"{claims[2].pk}: Adele Lace" in told, "the queue that is left"
    assert states(*claims) == [State.NEEDS_INFORMATION, State.NEEDS_INFORMATION, State.IN_REVIEW]
    events = ClaimEvent.objects.filter(code="page-no-works")
    assert {event.claim_id for event in events} == {claims[0].pk, claims[1].pk}
    assert all("no list of publications" in event.text for event in events)
    assert "1 claim declined." in said(desk, claims[2].pk, d="reject", code="not-the-author", text="Sorry.")
    assert states(claims[2]) == [State.REJECTED]


def test_each_refusal_is_said_and_keeps_nobody_else_back(ada: Researcher, desk: Client, curator: User) -> None:
    good = weak("good", ada)
    short = sent(person("short", "short@analytical.example"), ada)
    own = sent(curator, ada)
    draft = begun(person("draft"), ada)
    told = said(desk, own.pk, short.pk, good.pk, draft.pk, 10**9, d="approve")
    assert "1 claim approved, 4 left as they were." in told
    for key, why in (
        (own.pk, "Nobody decides on a claim of their own."),
        (short.pk, "The evidence does not suffice"),
        (draft.pk, "nothing to decide about this claim"),
        (10**9, "no such claim"),
    ):
        assert re.search(rf"Claim {key} : .*{why}", told), key
    assert states(good, short, own, draft) == [State.APPROVED, State.IN_REVIEW, State.IN_REVIEW, State.DRAFT]


def test_a_record_that_somebody_else_holds_is_not_given_over_by_the_dozen(
    ada: Researcher, desk: Client, curator: User
) -> None:
    holder = sent(author("holder", uid="0000-0003-0000-0004"), ada)
    claim = sent(author(), ada)
    told = said(desk, claim.pk, d="approve")
    assert "0 claims approved, 1 left as it was." in told
    assert "takes a second curator" in told
    claim.refresh_from_db()
    assert (claim.state, claim.proposed_by) == (State.IN_REVIEW, None)
    # Nor as the second word, after another curator has proposed it.
    Claim.objects.filter(pk=claim.pk).update(proposed_by=person("other", curator=True))
    said(desk, claim.pk, d="approve")
    assert states(holder, claim) == [State.VERIFIED, State.IN_REVIEW]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"d": "approve"}, "Tick the claims"),
        ({"d": "approve", "claim": "0"}, "0"),
        ({"d": "approve", "claim": "x"}, "x"),
        ({"d": "ask", "claim": "1"}, "Choose a reason"),
        ({"d": "reject", "claim": "1", "code": "no-such"}, "no-such"),
        ({"d": "revoke", "claim": "1", "code": "not-the-author"}, "revoke"),
        ({"d": "freeze", "claim": "1", "code": "not-the-author"}, "freeze"),
        ({"d": "approve", "claim": [str(n) for n in range(1, SEVERAL + 2)]}, "At most 50"),
    ],
)
def test_what_is_incomplete_or_too_much_changes_nothing(
    ada: Researcher, desk: Client, given: dict[str, str], problem: str
) -> None:
    claim = weak("eve", ada)
    answer = desk.post(HERE, given)
    assert answer.status_code == 409
    assert problem in answer.content.decode()
    assert states(claim) == [State.IN_REVIEW]


def test_saying_it_again_changes_nothing(ada: Researcher, desk: Client) -> None:
    claim = weak("eve", ada)
    said(desk, claim.pk, claim.pk, d="reject", code="not-the-author")
    events = ClaimEvent.objects.count()
    assert "0 claims declined, 1 left as it was." in said(desk, claim.pk, d="reject", code="not-the-author")
    assert ClaimEvent.objects.count() == events


def test_only_curators_decide(ada: Researcher, client: Client) -> None:
    claim = weak("eve", ada)
    for one in (client, Client()):
        assert one.post(HERE, {"claim": [claim.pk], "d": "approve"}).status_code == 404
        one.force_login(claim.claimant)
    assert states(claim) == [State.IN_REVIEW]


def test_the_list_has_a_box_for_every_claim_and_keys_for_the_answers(ada: Researcher, desk: Client) -> None:
    claims = [weak(name, ada) for name in ("one", "two")]
    shown = desk.get("/curate/claims/").content.decode()
    assert re.findall(r'name="claim" value="(\d+)"', shown) == [str(claim.pk) for claim in claims]
    assert re.findall(r'data-key="(\w)"', shown) == ["j", "s", "a", "d"]
