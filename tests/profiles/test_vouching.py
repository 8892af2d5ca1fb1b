"""Vouches of co-authors: who may give one, what it is worth, and that nobody learns who has refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.utils import timezone

from profiles.claim_models import Claim, ClaimEvidence, ClaimVouch, VouchAnswer
from profiles.claims import State
from profiles.flows.claims import appeal, decide, effect, evidence, freeze, notices, vouch, vouchers
from profiles.flows.claims.submit import submit
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.models import Researcher
from profiles.vouching import SETTLED_AFTER, Voucher, may_vouch
from researchgraph.accounts.copy import of
from researchgraph.accounts.erase import erase
from researchgraph.errors import Conflict
from tests.claiming import BYRON, RECORDS, asked, begun, charles, holder, page, person, vouched
from tests.pipeline import importworks, work, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MARY, JOHN, LUIGI = "Mary Somerville", "John Herschel", "Luigi Menabrea"
LETTERS = [
    work("v/1", "Letters on engines", BYRON, "Charles Babbage", MARY, identifiers={"doi": "10.1000/v1"}, year=1844),
    work("v/2", "More letters on engines", BYRON, MARY, JOHN, LUIGI, identifiers={"doi": "10.1000/v2"}, year=1845),
    work("v/3", "Stars seen by two", MARY, JOHN, LUIGI, identifiers={"doi": "10.1000/v3"}, year=1846),
    work(
        "v/4", "Everybody on everything", {"name": "Adele Lace", "orcid": "0000-0001-5109-3700"}, MARY,
        *(f"Member{chr(97 + n // 26)}{chr(97 + n % 26)} Ofmany{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(50)),
        identifiers={"doi": "10.1000/v4"}, year=1847,
    ),
]  # fmt: skip
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "claim": 1, "claimant": 1, "account": 2, "record": 5, "public_id": "", "slug": "", "name": "", "state": "verified",
    "level": 2, "decided_at": NOW, "strong": True, "owed": False, "together": [9], "works": 1,
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.mark.parametrize(
    ("changed", "may"),
    [
        ({}, True),
        ({"state": "approved", "level": 4}, True),
        ({"account": 1}, False),
        ({"state": "frozen"}, False),
        ({"state": "revoked"}, False),
        ({"level": 1}, False),
        ({"together": []}, False),
        ({"owed": True}, False),
        ({"strong": False}, False),
        ({"strong": False, "decided_at": NOW - SETTLED_AFTER + timedelta(seconds=1)}, False),
        ({"strong": False, "decided_at": NOW - SETTLED_AFTER}, True),
    ],
)
def test_who_may_vouch(changed: dict[str, Any], may: bool) -> None:  # noqa: FBT001 - a table
    assert may_vouch(Voucher(**{**SOUND, **changed}), now=NOW) is may


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [*RECORDS, *LETTERS]))
    imports.settle()


def record(name: str) -> Researcher:
    return Researcher.objects.get(display_name=name)


@pytest.fixture
def ada(library: None) -> Researcher:
    return record("Ada Byron")


@pytest.fixture
def babbage(library: None) -> Researcher:
    return record("Charles Babbage")


@pytest.fixture
def curator(library: None) -> User:
    return person("curator", curator=True)


@pytest.fixture
def claim(ada: Researcher, babbage: Researcher) -> Claim:
    """A claim of somebody with an address at the institution, which its true co-author may vouch for."""
    charles(babbage)
    return begun(person("claimant", "claimant@analytical.example"), ada)


def again(claim: Claim) -> Claim:
    claim.refresh_from_db()
    return claim


def vouches(claim: Claim) -> list[tuple[str, list[int]]]:
    """The evidence that answers have become."""
    return list(claim.evidence.filter(kind="vouch").order_by("pk").values_list("state", "records"))


def names(claim: Claim) -> list[str]:
    return [one.name for one in vouchers.of([claim.pk])]


def test_only_coauthors_with_a_claimed_record_can_be_asked(ada: Researcher, babbage: Researcher) -> None:
    claim = begun(person("claimant"), ada)
    assert names(claim) == []
    charles(babbage)
    assert names(claim) == ["Charles Babbage"]
    holder("mary", MARY, record(MARY), "10.1000/v1", "10.1000/v2")
    assert names(claim) == ["Charles Babbage", MARY], "who has more works in common comes first"
    with pytest.raises(Conflict, match="Nobody who could vouch"):
        asked(claim, record(JOHN))
    with pytest.raises(Conflict, match="Nobody who could vouch"):
        asked(claim, ada)


def test_who_is_asked_gets_a_mail_that_says_nothing_of_the_other_side(claim: Claim, babbage: Researcher) -> None:
    asked(claim, babbage)
    mail.outbox.clear()
    notices.send()
    (request,) = (message for message in mail.outbox if message.subject.startswith("Do you know"))
    assert request.to == ["charles@gmail.com"]
    assert "Ada Byron" in request.body
    assert "/claims/" in request.body
    assert "claimant@" not in request.body
    assert claim.claimant.get_username() not in request.body.replace("Somebody who claims", "")
    notices.send()
    assert len([m for m in mail.outbox if m.subject.startswith("Do you know")]) == 1


def test_a_vouch_is_weak_evidence_for_the_records_with_a_work_in_common(
    ada: Researcher, babbage: Researcher, curator: User
) -> None:
    charles(babbage)
    claim = begun(person("claimant", "claimant@analytical.example"), ada, record("Adele Lace"))
    vouched(claim, babbage)
    assert vouches(claim) == [("confirmed", [ada.pk])]
    submit(claim=claim.pk, claimant=claim.claimant)
    assert again(claim).state == State.IN_REVIEW
    decide.approve(claim=claim.pk, actor=curator)
    assert again(claim).effective_at is not None
    Claim.objects.filter(pk=claim.pk).update(effective_at=timezone.now())
    effect.take_effect()
    assert again(claim).level == 2


def test_a_vouch_alone_does_not_suffice_and_two_are_one_kind(
    ada: Researcher, babbage: Researcher, curator: User
) -> None:
    charles(babbage)
    holder("mary", MARY, record(MARY), "10.1000/v1", "10.1000/v2")
    claim = begun(person("claimant"), ada)
    vouched(claim, babbage)
    vouched(claim, record(MARY))
    assert [state for state, _ in vouches(claim)] == ["confirmed"] * 2
    submit(claim=claim.pk, claimant=claim.claimant)
    with pytest.raises(Conflict, match="does not suffice"):
        decide.approve(claim=claim.pk, actor=curator)


def test_a_no_is_kept_as_refused_and_is_no_new_evidence(claim: Claim, babbage: Researcher, curator: User) -> None:
    submit(claim=claim.pk, claimant=claim.claimant)
    decide.reject(claim=claim.pk, actor=curator, code="documents-needed", text="More.")
    vouched(claim, babbage, VouchAnswer.NO)
    assert vouches(claim) == [("refused", [])]
    with pytest.raises(Conflict, match="Nothing is new"):
        submit(claim=claim.pk, claimant=claim.claimant)


def test_a_yes_after_a_claim_was_declined_is_new_evidence(claim: Claim, babbage: Researcher, curator: User) -> None:
    submit(claim=claim.pk, claimant=claim.claimant)
    decide.reject(claim=claim.pk, actor=curator, code="documents-needed", text="More.")
    vouched(claim, babbage)
    assert submit(claim=claim.pk, claimant=claim.claimant).state == State.IN_REVIEW


def test_an_answer_comes_in_while_the_claim_waits_for_a_curator(
    claim: Claim, babbage: Researcher, curator: User
) -> None:
    found = asked(claim, babbage)
    submit(claim=claim.pk, claimant=claim.claimant)
    with pytest.raises(Conflict, match="takes no evidence"):
        asked(claim, babbage)
    vouch.answer(vouch=found.pk, voucher=found.voucher, given=VouchAnswer.YES)
    assert decide.approve(claim=claim.pk, actor=curator) == State.APPROVED


def test_the_first_answer_counts_and_nobody_elses(claim: Claim, babbage: Researcher) -> None:
    found = vouched(claim, babbage)
    before = ClaimVouch.objects.get()
    vouch.answer(vouch=found.pk, voucher=found.voucher, given=VouchAnswer.NO)
    assert (ClaimVouch.objects.get().answer, ClaimVouch.objects.get().answered_at) == ("yes", before.answered_at)
    assert vouches(claim) == [("confirmed", found.claim.evidence.get(kind="vouch").records)]
    for other in (claim.claimant, person("eve")):
        with pytest.raises(Conflict, match="not asked"):
            vouch.answer(vouch=found.pk, voucher=other, given=VouchAnswer.NO)


@pytest.mark.parametrize("end", ["withdrawn", "frozen voucher", "revoked voucher", "opted out"])
def test_a_request_ends_with_the_claim_and_with_what_its_voucher_holds(
    claim: Claim, babbage: Researcher, curator: User, end: str
) -> None:
    found = asked(claim, babbage)
    own = Claim.objects.get(claimant=found.voucher)
    match end:
        case "withdrawn":
            appeal.release(claim=claim.pk, claimant=claim.claimant)
        case "frozen voucher":
            freeze.freeze(claim=own.pk, actor=None, text="")
        case "revoked voucher":
            decide.revoke(claim=own.pk, actor=curator, code="not-the-author", text="No.")
        case _:
            opt_out(researcher=babbage.pk, actor=curator, reason="asked")
    with pytest.raises(Conflict, match="not asked any more"):
        vouch.answer(vouch=found.pk, voucher=found.voucher, given=VouchAnswer.YES)
    assert not vouches(claim)


@pytest.mark.parametrize("loss", ["frozen", "revoked", "given back", "account closed"])
def test_a_vouch_counts_no_longer_once_its_voucher_has_lost_the_record(
    claim: Claim, babbage: Researcher, curator: User, loss: str
) -> None:
    found = vouched(claim, babbage)
    own = Claim.objects.get(claimant=found.voucher)
    submit(claim=claim.pk, claimant=claim.claimant)
    decide.approve(claim=claim.pk, actor=curator)
    match loss:
        case "frozen":
            freeze.freeze(claim=own.pk, actor=None, text="")
        case "revoked":
            decide.revoke(claim=own.pk, actor=curator, code="not-the-author", text="No.")
        case "given back":
            appeal.release(claim=own.pk, claimant=own.claimant)
        case _:
            own.claimant.is_active = False
            own.claimant.save()
    Claim.objects.filter(pk=claim.pk).update(effective_at=timezone.now())
    effect.take_effect()
    assert (again(claim).state, claim.level) == (State.IN_REVIEW, None)
    assert claim.events.filter(code="evidence-gone").exists()
    assert not vouches(claim)


def test_a_vouch_goes_where_the_record_of_its_voucher_goes(claim: Claim, babbage: Researcher, curator: User) -> None:
    vouched(claim, babbage)
    merge(researcher=babbage.pk, into=record("Joseph Jacquard").pk, actor=curator, reason="one", force=True)
    imports.settle()
    evidence.collect(claim)
    assert [state for state, _ in vouches(claim)] == ["confirmed"]


def test_those_on_a_list_of_more_than_fifty_authors_need_not_know_each_other(library: None) -> None:
    holder("mary", MARY, record(MARY), "10.1000/v1", "10.1000/v2")
    claim = begun(person("claimant"), record("Adele Lace"))
    assert names(claim) == []


def test_three_are_asked_about_a_claim_and_each_of_them_once(ada: Researcher, babbage: Researcher) -> None:
    charles(babbage)
    for name, printed in (("mary", MARY), ("john", JOHN), ("luigi", LUIGI)):
        holder(name, printed, record(printed), "10.1000/v2", "10.1000/v3")
    claim = begun(person("claimant"), ada)
    for one in (babbage, record(MARY), record(MARY), record(JOHN)):
        asked(claim, one)
    assert claim.vouches.count() == claim.notices.count() == 3
    with pytest.raises(Conflict, match="3 co-authors"):
        asked(claim, record(LUIGI))


def test_nobody_is_asked_by_more_than_five_in_a_day(ada: Researcher, babbage: Researcher) -> None:
    charles(babbage)
    for n in range(5):
        asked(begun(person(f"claimant{n}"), ada), babbage)
    late = begun(person("late"), ada)
    with pytest.raises(Conflict, match="asked a lot today"):
        asked(late, babbage)
    ClaimVouch.objects.update(asked_at=timezone.now() - timedelta(days=1))
    asked(late, babbage)


def test_who_has_answered_about_a_claim_does_not_decide_on_it(claim: Claim, babbage: Researcher, curator: User) -> None:
    found = vouched(claim, babbage)
    submit(claim=claim.pk, claimant=claim.claimant)
    with pytest.raises(Conflict, match="have answered"):
        decide.approve(claim=claim.pk, actor=found.voucher)
    assert decide.approve(claim=claim.pk, actor=curator) == State.APPROVED


def test_the_copy_of_an_account_says_what_it_was_asked_and_not_who_has_refused(
    claim: Claim, babbage: Researcher
) -> None:
    found = vouched(claim, babbage, VouchAnswer.NO)
    theirs, own = of(found.voucher), of(claim.claimant)
    assert [one["answer"] for one in theirs["vouches"]["answered"]] == ["no"]
    assert [one["record_name"] for one in own["vouches"]["asked_for"]] == ["Charles Babbage"]
    assert "answer" not in own["vouches"]["asked_for"][0]
    assert not theirs["vouches"]["asked_for"]


def test_a_deleted_account_takes_its_requests_and_answers_along(claim: Claim, babbage: Researcher) -> None:
    found = vouched(claim, babbage)
    asked(begun(person("other"), claim.records.get().researcher), babbage)
    erase(user=found.voucher)
    assert not ClaimVouch.objects.exists()
    evidence.collect(claim)
    assert not vouches(claim)


def test_a_claimant_who_is_deleted_leaves_no_request(claim: Claim, babbage: Researcher) -> None:
    vouched(claim, babbage)
    erase(user=claim.claimant)
    assert not ClaimVouch.objects.exists()
    assert not ClaimEvidence.objects.filter(kind="vouch").exists()


def test_two_claims_do_not_vouch_for_each_other(ada: Researcher, babbage: Researcher, curator: User) -> None:
    """Ada is verified by Charles's word; when he has to show again who he is, she cannot return it."""
    charles(babbage)
    claim = begun(person("claimant", "claimant@analytical.example"), ada)
    vouched(claim, babbage)
    page(claim, ada.pk)
    submit(claim=claim.pk, claimant=claim.claimant)
    decide.approve(claim=claim.pk, actor=curator)
    Claim.objects.filter(pk=claim.pk).update(effective_at=timezone.now())
    effect.take_effect()
    Claim.objects.filter(pk=claim.pk).update(decided_at=timezone.now() - timedelta(days=90))
    own = Claim.objects.get(claimant__username="charles")
    decide.revoke(claim=own.pk, actor=curator, code="documents-needed", text="Show more.")
    assert names(begun(own.claimant, babbage)) == []
    assert names(begun(person("somebody"), babbage)) == ["Ada Byron"], "for others she may vouch"
