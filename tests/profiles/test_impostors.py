"""Claims at the same moment, and fifty people who are not the author: one winner, no impostor, and the author gets in."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from profiles.claim_models import Claim, ClaimedRecord, ClaimNotice, ClaimVouch, NoticeKind, VouchAnswer
from profiles.claims import GRANTED, Kind, State
from profiles.flows.claims import decide, effect, vouch, vouchers
from profiles.flows.claims.submit import submit
from profiles.flows.rebuild import rebuild
from profiles.ledger import EventKind
from profiles.models import IdentityEvent, Researcher
from researchgraph.errors import Conflict
from tests.claiming import RECORDS, asked, author, begun, charles, listing, orcid, page, person, sent, vouched, weak
from tests.pipeline import clear, importworks, write
from works import imports
from works.demo.build import OUTPUT

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django.plugin import DjangoDbBlocker

MANY = 50
AT_A_TIME = 10
"""Connections at once; the claims are more than that."""
OWN = {"source-orcid": {"path": "0000-0003-0000-0000"}}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def bundled_again(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Other threads see only what is committed; at the end the bundled records are there for the tests that come after."""
    yield
    with django_db_blocker.unblock():
        clear()
        assert importworks(OUTPUT).status == 0


@pytest.fixture
def ada(empty_library: None, tmp_path: Path) -> Researcher:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()
    return Researcher.objects.get(display_name="Ada Byron")


def at_once(calls: list[Callable[[], object]]) -> list[BaseException | None]:
    """What each call failed with; AT_A_TIME of them at one moment, on connections of their own."""
    start = threading.Barrier(AT_A_TIME)

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait(60)
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return [future.exception(120) for future in [pool.submit(run, call) for call in calls]]


def test_of_fifty_proven_claims_sent_at_once_one_wins(ada: Researcher) -> None:
    claims = [begun(author(f"ada{n}", uid=f"0000-0003-0000-{n:04}"), ada) for n in range(MANY)]
    failed = at_once([partial(submit, claim=claim.pk, claimant=claim.claimant) for claim in claims])
    assert failed == [None] * MANY
    assert Counter(Claim.objects.values_list("state", flat=True)) == {State.VERIFIED: 1, State.IN_REVIEW: MANY - 1}
    assert ClaimedRecord.objects.filter(holds=True).count() == 1
    assert IdentityEvent.objects.filter(kind=EventKind.CLAIMED).count() == 1
    assert rebuild(check=True) == 0


def test_a_claim_sent_fifty_times_at_once_is_sent_once(ada: Researcher) -> None:
    claim = begun(author(), ada)
    failed = at_once([partial(submit, claim=claim.pk, claimant=claim.claimant)] * MANY)
    assert Counter(type(one) for one in failed) == {type(None): 1, Conflict: MANY - 1}
    assert IdentityEvent.objects.filter(kind=EventKind.CLAIMED).count() == 1


def alias_and_homepage(name: str, ada: Researcher) -> Claim:
    """What 94 accounts elsewhere did: an alias at a real university, and a homepage made for the purpose."""
    return weak(name, ada)


def alias(name: str, ada: Researcher) -> Claim:
    return sent(person(name, f"{name}@analytical.example"), ada)


def own_list(name: str, ada: Researcher) -> Claim:
    """A new ORCID record under the author's name, with the works added by hand."""
    uid = f"0000-0003-1000-{int(name[3:]):04}"
    record = listing(uid, "Ada Byron", "10.1000/c1", "10.1000/c2", "10.1000/c3", source=OWN)
    return sent(orcid(person(name, f"{name}@mailinator.com"), uid, record), ada)


def own_list_and_alias(name: str, ada: Researcher) -> Claim:
    uid = f"0000-0003-2000-{int(name[3:]):04}"
    record = listing(uid, "Ada Byron", "10.1000/c1", "10.1000/c2", source=OWN)
    return sent(orcid(person(name, f"{name}@analytical.example"), uid, record), ada)


def coauthor(name: str, ada: Researcher) -> Claim:
    """A co-author, whose ORCID record rightly lists the works, with an alias as well."""
    uid = f"0000-0003-3000-{int(name[3:]):04}"
    record = listing(uid, "Charles Babbage", "10.1000/c1", "10.1000/c2", "10.1000/c3")
    return sent(orcid(person(name, f"{name}@analytical.example"), uid, record), ada)


def three_pages(name: str, ada: Researcher) -> Claim:
    claim = begun(person(name, f"{name}@byron.example"), ada)
    for _ in range(3):
        page(claim, ada.pk)
    return submit(claim=claim.pk, claimant=claim.claimant)


SCRIPTS = (alias_and_homepage, alias, own_list, own_list_and_alias, coauthor, three_pages)


def test_fifty_impostors_get_nothing_and_do_not_keep_the_author_out(ada: Researcher) -> None:
    dice = random.Random(7)  # noqa: S311 - a seed, not a secret
    curator: User = person("curator", curator=True)
    for n in range(MANY):
        dice.choice(SCRIPTS)(f"eve{n}", ada)
    effect.take_effect()
    assert not Claim.objects.filter(state__in=sorted(GRANTED)).exists()
    assert not ClaimedRecord.objects.filter(holds=True).exists()
    ada.refresh_from_db()
    assert ada.verification_level == 1
    true = sent(author(), ada)
    assert true.state == State.IN_REVIEW
    assert decide.approve(claim=true.pk, actor=curator) == State.APPROVED
    ada.refresh_from_db()
    assert ada.verification_level == 4
    assert ClaimedRecord.objects.get(holds=True).claim == true
    assert not Claim.objects.exclude(pk=true.pk).filter(state__in=sorted(GRANTED)).exists()


def test_an_author_who_was_there_first_is_not_touched_by_fifty_impostors(ada: Researcher) -> None:
    true = sent(author(), ada)
    for n in range(MANY):
        SCRIPTS[n % len(SCRIPTS)](f"eve{n}", ada)
    true.refresh_from_db()
    assert true.state == State.VERIFIED
    assert Counter(Claim.objects.values_list("state", flat=True)) == {State.VERIFIED: 1, State.IN_REVIEW: MANY}


def test_an_alias_at_a_real_university_and_a_fresh_homepage_end_unverified(ada: Researcher) -> None:
    claim = weak("eve", ada)
    effect.take_effect()
    claim.refresh_from_db()
    ada.refresh_from_db()
    assert (claim.state, claim.level, ada.verification_level) == (State.IN_REVIEW, None, 1)
    assert {one.kind for one in claim.evidence.all()} == {Kind.INSTITUTION, Kind.PAGE}


def verified_by_weak_evidence(name: str, record: Researcher, curator: User) -> Claim:
    """A friend of the impostor, who has got hold of a co-author's record by a new ORCID record and a page."""
    uid = f"0000-0003-4000-{Claim.objects.count():04}"
    own = listing(uid, record.display_name, "10.1000/c1", "10.1000/c2", source=OWN)
    claim = begun(orcid(person(name, f"{name}@mailinator.com"), uid, own), record)
    page(claim, record.pk)
    submit(claim=claim.pk, claimant=claim.claimant)
    decide.approve(claim=claim.pk, actor=curator)
    Claim.objects.filter(pk=claim.pk).update(effective_at=timezone.now())
    effect.take_effect()
    claim.refresh_from_db()
    assert claim.level == 2
    return claim


def test_a_friend_whom_weak_evidence_has_just_verified_vouches_for_nobody(ada: Researcher) -> None:
    curator = person("curator", curator=True)
    babbage = Researcher.objects.get(display_name="Charles Babbage")
    friend = verified_by_weak_evidence("mallory", babbage, curator)
    eve = begun(person("eve", "eve@analytical.example"), ada)
    with pytest.raises(Conflict, match="Nobody who could vouch"):
        asked(eve, babbage)
    Claim.objects.filter(pk=friend.pk).update(decided_at=timezone.now() - timedelta(days=31))
    vouched(eve, babbage)
    submit(claim=eve.pk, claimant=eve.claimant)
    decide.approve(claim=eve.pk, actor=curator)
    # Somebody notices within the three days.
    decide.revoke(claim=friend.pk, actor=curator, code="not-the-author", text="No.")
    Claim.objects.filter(pk=eve.pk).update(effective_at=timezone.now())
    effect.take_effect()
    eve.refresh_from_db()
    ada.refresh_from_db()
    assert (eve.state, ada.verification_level) == (State.IN_REVIEW, 1)
    assert not ClaimedRecord.objects.filter(holds=True).exists()


def test_impostors_of_two_coauthors_do_not_verify_each_other(ada: Researcher) -> None:
    babbage = Researcher.objects.get(display_name="Charles Babbage")
    first, second = begun(person("eve", "eve@analytical.example"), ada), begun(person("mallory"), babbage)
    assert vouchers.of([first.pk, second.pk]) == []
    for claim, record in ((first, babbage), (second, ada)):
        with pytest.raises(Conflict, match="Nobody who could vouch"):
            asked(claim, record)


def test_fifty_impostors_reach_a_coauthor_five_times_and_a_no_helps_none_of_them(ada: Researcher) -> None:
    curator = person("curator", curator=True)
    babbage = Researcher.objects.get(display_name="Charles Babbage")
    voucher = charles(babbage)
    claims = [begun(person(f"eve{n}", f"eve{n}@analytical.example"), ada) for n in range(MANY)]
    failed = at_once([partial(vouch.request, claim=one.pk, claimant=one.claimant, record=babbage.pk) for one in claims])
    assert Counter(type(one) for one in failed) == {type(None): 5, Conflict: MANY - 5}
    assert ClaimNotice.objects.filter(kind=NoticeKind.VOUCH).count() == 5
    for request in ClaimVouch.objects.all():
        vouch.answer(vouch=request.pk, voucher=voucher, given=VouchAnswer.NO)
    for one in claims:
        submit(claim=one.pk, claimant=one.claimant)
        with pytest.raises(Conflict, match="does not suffice"):
            decide.approve(claim=one.pk, actor=curator)


def test_of_answers_given_at_once_one_counts(ada: Researcher) -> None:
    babbage = Researcher.objects.get(display_name="Charles Babbage")
    voucher = charles(babbage)
    claim = begun(person("claimant"), ada)
    request = asked(claim, babbage)
    answers = [VouchAnswer.YES, VouchAnswer.NO] * AT_A_TIME
    failed = at_once([partial(vouch.answer, vouch=request.pk, voucher=voucher, given=one) for one in answers])
    assert failed == [None] * len(answers)
    request.refresh_from_db()
    expected = {VouchAnswer.YES: "confirmed", VouchAnswer.NO: "refused"}[VouchAnswer(request.answer)]
    assert [one.state for one in claim.evidence.all()] == [expected]
