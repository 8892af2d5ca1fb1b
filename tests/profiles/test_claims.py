"""Claims from the draft to the decision and back: who wins, what it does to the record, and that all of it can be undone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from graph.flows.recompute import mark_all_stale
from graph.models import TrustSnapshot
from profiles.claim_models import Claim, ClaimDeed, ClaimedRecord, ClaimEvent, ClaimNotice
from profiles.claims import COOLING_OFF, State
from profiles.flows.claims import appeal, decide, draft, effect, evidence, freeze, notices, reasons
from profiles.flows.claims.submit import submit
from profiles.flows.merge import merge
from profiles.flows.rebuild import rebuild
from profiles.flows.report import confirm_report, file_report, token
from profiles.flows.undo import undo
from profiles.ledger import EventKind
from profiles.models import IdentityEvent, ReportKind, Researcher
from researchgraph.errors import Conflict
from tests.claiming import RECORDS, author, begun, listing, orcid, page, person, sent, weak
from tests.pipeline import importworks, write
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import Settings

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
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
    return person("curator", "curator@site.example", curator=True)


@pytest.fixture
def other(library: None) -> User:
    return person("other", curator=True)


def again(claim: Claim) -> Claim:
    claim.refresh_from_db()
    return claim


def level(record: Researcher) -> int:
    record.refresh_from_db()
    return record.verification_level


def test_a_public_orcid_record_with_two_of_the_works_verifies_at_once(ada: Researcher) -> None:
    claim = sent(author(), ada)
    assert (again(claim).state, claim.level, level(ada)) == (State.VERIFIED, 2, 2)
    assert [(e.before, e.after, e.role) for e in claim.events.order_by("pk")] == [
        ("draft", "draft", "claimant"), ("draft", "submitted", "claimant"), ("submitted", "verified", "system"),
    ]  # fmt: skip
    assert IdentityEvent.objects.get(kind=EventKind.CLAIMED).actor == claim.claimant


def test_an_id_printed_on_a_byline_verifies_at_once(adele: Researcher) -> None:
    claim = sent(orcid(person("adele"), "0000-0001-5109-3700"), adele)
    assert (again(claim).state, level(adele)) == (State.VERIFIED, 2)


def test_an_institution_on_top_is_level_3(ada: Researcher) -> None:
    user = author()
    EmailAddress.objects.create(user=user, email="ada@lab.analytical.example", verified=True)
    sent(user, ada)
    assert level(ada) == 3


def test_the_receipt_and_a_rebuild_follow_the_claim(ada: Researcher) -> None:
    sent(author(), ada)
    imports.settle()
    receipt = TrustSnapshot.objects.get(researcher=ada, current=True)
    assert (receipt.inputs["level"], receipt.cause) == (2, "the record was claimed")
    before = receipt.score
    mark_all_stale(cause="again")
    Researcher.objects.update(verification_level=0)
    imports.settle()
    assert level(ada) == 2
    assert TrustSnapshot.objects.get(researcher=ada, current=True).score == before
    assert rebuild(check=True) == 0


def test_nobody_is_verified_by_works_they_have_added_to_orcid_themselves(ada: Researcher) -> None:
    own = {"source-orcid": {"path": "0000-0003-0000-0001"}}
    uid = "0000-0003-0000-0001"
    user = orcid(person("eve"), uid, listing(uid, "Ada Byron", "10.1000/c1", "10.1000/c2", source=own))
    claim = sent(user, ada)
    assert (again(claim).state, level(ada)) == (State.IN_REVIEW, 1)
    assert [e.kind for e in claim.evidence.all()] == ["orcid-listed"]


def test_a_coauthor_is_not_verified_by_the_works_they_share(ada: Researcher) -> None:
    uid = "0000-0003-0000-0002"
    babbage = orcid(person("charles"), uid, listing(uid, "Charles Babbage", "10.1000/c1", "10.1000/c2", "10.1000/c3"))
    with pytest.raises(Conflict, match="nothing to show"):
        sent(babbage, ada)


def test_a_record_that_prints_another_id_is_not_proven_by_a_list(adele: Researcher) -> None:
    uid = "0000-0003-0000-0003"
    with pytest.raises(Conflict, match="nothing to show"):
        sent(orcid(person("eve"), uid, listing(uid, "Adele Lace", "10.1000/c4", "10.1000/c5")), adele)


def test_a_claim_on_two_records_is_not_verified_for_the_one_that_nothing_speaks_for(
    ada: Researcher, adele: Researcher
) -> None:
    claim = sent(author(), ada, adele)
    assert again(claim).state == State.IN_REVIEW
    assert (level(ada), level(adele)) == (1, 1)


def test_an_address_at_an_institution_never_verifies_and_is_not_enough_for_a_curator(
    ada: Researcher, curator: User
) -> None:
    claim = sent(person("alias", "alias@analytical.example"), ada)
    assert again(claim).state == State.IN_REVIEW
    with pytest.raises(Conflict, match="does not suffice"):
        decide.approve(claim=claim.pk, actor=curator)
    assert level(ada) == 1


def test_weak_evidence_counts_72_hours_after_a_curator_has_approved(ada: Researcher, curator: User) -> None:
    claim = weak("ada", ada)
    assert decide.approve(claim=claim.pk, actor=curator, text="Welcome.") == State.APPROVED
    assert again(claim).effective_at is not None
    assert level(ada) == 1
    assert effect.take_effect() == 0
    Claim.objects.update(effective_at=timezone.now() - timedelta(seconds=1))
    assert effect.take_effect() == 1
    assert (again(claim).level, claim.effective_at, level(ada)) == (2, None, 2)
    assert effect.take_effect() == 0
    assert IdentityEvent.objects.filter(kind=EventKind.CLAIMED).count() == 1


def test_a_rival_that_comes_while_an_approval_cools_off_stops_it(ada: Researcher, curator: User) -> None:
    first = weak("first", ada)
    decide.approve(claim=first.pk, actor=curator)
    second = sent(author(), ada)
    assert again(second).state == State.IN_REVIEW
    Claim.objects.filter(pk=first.pk).update(effective_at=timezone.now())
    effect.take_effect()
    assert (again(first).state, first.effective_at, level(ada)) == (State.IN_REVIEW, None, 1)


def test_a_rival_keeps_proof_from_deciding_alone_and_a_curator_decides(ada: Researcher, curator: User) -> None:
    weak("eve", ada)
    claim = sent(author(), ada)
    assert again(claim).state == State.IN_REVIEW
    assert claim.events.filter(code="rival").exists()
    assert decide.approve(claim=claim.pk, actor=curator) == State.APPROVED
    assert (again(claim).level, level(ada)) == (4, 4)


def test_a_record_that_somebody_holds_changes_hands_by_two_curators(
    ada: Researcher, curator: User, other: User
) -> None:
    holder = sent(author("eve", uid="0000-0003-0000-0004"), ada)
    claim = sent(author(), ada)
    assert decide.approve(claim=claim.pk, actor=curator) == State.IN_REVIEW
    with pytest.raises(Conflict, match="second curator"):
        decide.approve(claim=claim.pk, actor=curator)
    assert again(holder).state == State.VERIFIED
    assert decide.approve(claim=claim.pk, actor=other) == State.APPROVED
    assert (again(holder).state, holder.level) == (State.REVOKED, None)
    assert (again(claim).level, level(ada)) == (4, 4)
    assert ClaimedRecord.objects.get(holds=True).claim == claim


def test_the_database_knows_one_winner_of_a_record(ada: Researcher) -> None:
    sent(author(), ada)
    rival = begun(person("eve"), ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        rival.records.update(holds=True)


def test_a_curator_asks_and_the_claimant_answers(ada: Researcher, curator: User) -> None:
    user = person("ada", "ada@analytical.example")
    claim = sent(user, ada)
    decide.ask(claim=claim.pk, actor=curator, code="documents-needed", text="One more thing, please.")
    assert again(claim).state == State.NEEDS_INFORMATION
    with pytest.raises(Conflict):
        decide.approve(claim=claim.pk, actor=curator)
    page(claim, ada.pk)
    submit(claim=claim.pk, claimant=user, text="My page has it.")
    assert again(claim).state == State.IN_REVIEW
    assert claim.events.filter(text="My page has it.").exists()
    decide.approve(claim=claim.pk, actor=curator)
    assert again(claim).state == State.APPROVED


def test_a_declined_claim_is_sent_again_with_something_new_or_goes_to_another_curator(
    ada: Researcher, curator: User, other: User
) -> None:
    user = person("ada", "ada@analytical.example")
    claim = sent(user, ada)
    decide.reject(claim=claim.pk, actor=curator, code="name-mismatch", text="No.")
    with pytest.raises(Conflict, match="Nothing is new"):
        submit(claim=claim.pk, claimant=user)
    appeal.appeal(claim=claim.pk, claimant=user, text="Yes.")
    with pytest.raises(Conflict):
        decide.reject(claim=claim.pk, actor=curator, code="name-mismatch", text="No.")
    decide.reject(claim=claim.pk, actor=other, code="name-mismatch", text="No.")
    page(claim, ada.pk)
    submit(claim=claim.pk, claimant=user)
    assert again(claim).state == State.IN_REVIEW


def test_who_was_turned_down_once_is_not_verified_without_a_person(ada: Researcher, curator: User) -> None:
    user = author()
    claim = sent(user, ada)
    decide.revoke(claim=claim.pk, actor=curator, code="not-the-author", text="No.")
    assert again(sent(user, ada)).state == State.IN_REVIEW


def test_nobody_decides_on_their_own_claim(ada: Researcher, curator: User) -> None:
    EmailAddress.objects.create(user=curator, email="me@analytical.example", verified=True)
    claim = sent(curator, ada)
    with pytest.raises(Conflict, match="their own"):
        decide.reject(claim=claim.pk, actor=curator, code="name-mismatch", text="")


def whole_state() -> list[tuple[object, ...]]:
    """Who holds which byline and why, every record, and its level."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, researcher_id, kind FROM works_authorship ORDER BY 1")
        bylines: list[tuple[object, ...]] = cursor.fetchall()
        cursor.execute(
            "SELECT id, merged_into_id, verification_level, display_name FROM profiles_researcher ORDER BY 1"
        )
        return [*bylines, *cursor.fetchall()]


def test_revoking_undoes_everything_the_claim_did(
    ada: Researcher, adele: Researcher, curator: User, other: User
) -> None:
    imports.settle()
    before = whole_state()
    claim = sent(author(), ada, adele)
    decide.approve(claim=claim.pk, actor=curator)
    assert ClaimDeed.objects.filter(claim=claim).count() == 2
    assert Researcher.objects.get(pk=adele.pk).merged_into == ada
    assert level(ada) == 4
    decide.revoke(claim=claim.pk, actor=other, code="not-the-author", text="Wrong person.")
    imports.settle()
    assert whole_state() == before
    assert rebuild(check=True) == 0
    assert not ClaimedRecord.objects.filter(holds=True).exists()


def test_records_that_clash_stay_apart_and_are_both_claimed(ada: Researcher, adele: Researcher, curator: User) -> None:
    charles = Researcher.objects.get(display_name="Charles Babbage")
    claim = sent(author(), ada, charles)
    decide.approve(claim=claim.pk, actor=curator)
    assert (level(ada), level(charles), charles.merged_into) == (4, 4, None)
    assert claim.events.filter(text__contains="could not be joined").exists()


def test_giving_a_record_back_leaves_it_unclaimed(ada: Researcher) -> None:
    user = author()
    claim = sent(user, ada)
    appeal.release(claim=claim.pk, claimant=user)
    assert (again(claim).state, claim.level, level(ada)) == (State.RELEASED, None, 1)
    assert IdentityEvent.objects.filter(kind=EventKind.RELEASED, researcher=ada).exists()
    assert again(sent(user, ada)).state == State.VERIFIED


def test_a_claim_goes_with_a_record_that_is_merged_and_stays_where_it_was_when_that_is_undone(
    ada: Researcher, adele: Researcher, curator: User
) -> None:
    sent(author(), ada)
    event = merge(researcher=ada.pk, into=adele.pk, actor=curator, reason="one", force=True)
    imports.settle()
    assert (level(ada), level(adele)) == (0, 2)
    undo(event=event, actor=curator, reason="two")
    imports.settle()
    assert (level(ada), level(adele)) == (2, 1)


def test_whose_a_record_is_is_not_undone_behind_the_claim(ada: Researcher, curator: User) -> None:
    sent(author(), ada)
    event = IdentityEvent.objects.get(kind=EventKind.CLAIMED)
    with pytest.raises(Conflict, match="revoke"):
        undo(event=event.pk, actor=curator, reason="")


def test_who_holds_the_record_is_told_of_a_rival_and_stops_the_claim_by_the_mail(ada: Researcher) -> None:
    holder = sent(author(), ada)
    rival = sent(author("eve", uid="0000-0003-0000-0005"), ada)
    notices.send()
    (warning,) = (message for message in mail.outbox if message.subject.startswith("Somebody"))
    assert warning.to == ["ada@gmail.com"]
    assert "eve" not in warning.body
    link = warning.body.split("/claims/dispute/")[1].split("/")[0]
    key = notices.disputed(link)
    assert key == rival.pk
    freeze.freeze(claim=key, actor=None, text="")
    assert (again(rival).state, again(holder).state) == (State.FROZEN, State.VERIFIED)
    assert notices.disputed("x") is None


def test_who_has_reported_that_they_are_the_person_is_told_before_weak_evidence_counts(
    ada: Researcher, curator: User
) -> None:
    filed = file_report(researcher=ada.pk, kind=ReportKind.ME, work="", text="", email="true@author.example")
    confirm_report(given=token(filed))
    claim = weak("eve", ada)
    decide.approve(claim=claim.pk, actor=curator)
    notices.send()
    assert [m.to for m in mail.outbox if m.subject.startswith("Somebody")] == [["true@author.example"]]
    freeze.freeze(claim=claim.pk, actor=None, text="")
    Claim.objects.update(effective_at=None)
    assert effect.take_effect() == 0
    assert level(ada) == 1


def test_a_frozen_record_stays_with_its_author_when_a_curator_finds_it_right(ada: Researcher, curator: User) -> None:
    claim = sent(author(), ada)
    freeze.freeze(claim=claim.pk, actor=None, text="")
    assert level(ada) == 2
    with pytest.raises(Conflict, match="holds the record"):
        decide.reject(claim=claim.pk, actor=curator, code="x", text="")
    decide.approve(claim=claim.pk, actor=curator)
    assert (again(claim).state, level(ada)) == (State.APPROVED, 2)
    assert IdentityEvent.objects.filter(kind=EventKind.CLAIMED).count() == 1


def test_a_mail_that_fails_loses_no_decision_and_is_sent_again(
    ada: Researcher, curator: User, settings: Settings
) -> None:
    claim = weak("ada", ada)
    decide.ask(claim=claim.pk, actor=curator, code="documents-needed", text="More.")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert notices.send() == 0
    assert again(claim).state == State.NEEDS_INFORMATION
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert notices.send() == 2
    assert notices.send() == 0
    assert not ClaimNotice.objects.filter(sent_at=None).exists()
    assert "More." in mail.outbox[-1].body


def test_what_happened_to_a_claim_cannot_be_rewritten(ada: Researcher) -> None:
    sent(author(), ada)
    for change in (lambda: ClaimEvent.objects.update(text="x"), lambda: ClaimEvent.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_an_account_has_one_open_claim_and_adds_records_to_it(ada: Researcher, adele: Researcher) -> None:
    user = person("ada", "ada@analytical.example")
    claim = begun(user, ada)
    assert begun(user, adele) == claim
    assert claim.records.count() == 2
    draft.leave_out(claim=claim.pk, claimant=user, researcher=adele.pk)
    with pytest.raises(Conflict):
        draft.leave_out(claim=claim.pk, claimant=user, researcher=ada.pk)
    submit(claim=claim.pk, claimant=user)
    with pytest.raises(Conflict, match="still being decided"):
        begun(user, adele)


def test_others_cannot_touch_a_claim(ada: Researcher) -> None:
    claim = begun(author(), ada)
    eve = person("eve")
    for call in (
        lambda: submit(claim=claim.pk, claimant=eve),
        lambda: appeal.release(claim=claim.pk, claimant=eve),
        lambda: evidence.add_page(claim=claim.pk, claimant=eve, url="https://x.example/"),
    ):
        with pytest.raises(Conflict, match="no such claim"):
            call()


def test_the_library_of_reasons_is_changed_by_curators_and_keeps_what_comes_with_it() -> None:
    count = len(reasons.library())
    reasons.change(code="name-mismatch", text="Another text.", retired=False)
    reasons.change(code="our-own", text="Ours.", retired=False)
    known = {reason.code: reason.text for reason, _ in reasons.library()}
    assert (len(known), known["name-mismatch"], known["our-own"]) == (count + 1, "Another text.", "Ours.")
    reasons.change(code="our-own", text="Ours.", retired=True)
    assert len(reasons.library()) == count
    assert len(reasons.library(retired=True)) == count + 1


def test_the_promise_of_72_hours_is_one_number() -> None:
    assert timedelta(hours=72) == COOLING_OFF
