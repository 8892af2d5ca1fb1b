"""An author says what is wrong about a work: a curator accepts it in one click, above every import, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from profiles.flows.claims import decide, freeze
from profiles.models import Researcher
from profiles.own_models import Proposal
from researchgraph.accounts.erase import erase
from researchgraph.errors import Conflict
from tests.claiming import HOME, RECORDS, author, person, sent
from tests.pipeline import importworks, work, write
from works import correct, imports, proposals, tasks
from works.decision_models import CorrectionOrigin, WorkCorrection
from works.flows.join import join
from works.models import Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpResponse

    from profiles.claim_models import Claim

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
def claim(ada: Researcher) -> Claim:
    return sent(author(), ada)


@pytest.fixture
def own(claim: Claim) -> Client:
    return signed_in(claim.claimant)


@pytest.fixture
def curator(library: None) -> User:
    return person("curator", curator=True)


@pytest.fixture
def desk(curator: User) -> Client:
    return signed_in(curator)


@pytest.fixture
def engines(library: None) -> Work:
    return Work.objects.get(title="Notes on engines")


def signed_in(user: User) -> Client:
    opened = Client()
    opened.force_login(user)
    return opened


def there(found: Work) -> str:
    return f"/works/{found.public_id}/propose/"


def say(own: Client, found: Work, field: str, value: str = "", **more: str) -> HttpResponse:
    return own.post(there(found), {"field": field, "value": value, **more})  # type: ignore[return-value]


def answer(desk: Client, d: str, **more: object) -> HttpResponse:
    key = Proposal.objects.order_by("-pk")[0].pk
    return desk.post(f"/curate/proposals/{key}/answer/", {"d": d, "seen": 0, **more})  # type: ignore[return-value]


def public(found: Work) -> str:
    found.refresh_from_db()
    return Client().get(found.get_absolute_url()).content.decode()


def test_a_proposal_is_accepted_in_one_click_and_stands_above_later_imports(
    own: Client, desk: Client, ada: Researcher, engines: Work, tmp_path: Path
) -> None:
    assert say(own, engines, "year", "1843", note="See its title page.").status_code == 302
    assert engines.year == 1842
    queue = desk.get("/curate/proposals/").content.decode()
    for shown in ("1843", "1842", "jsonl", "See its title page.", ada.get_absolute_url()):
        assert shown in queue
    assert 'Proposals <span class="n">1</span>' in queue

    answer(desk, "accept")

    assert "by the author, accepted by a curator" in public(engines)
    assert engines.year == 1843
    again = {**RECORDS[1], "year": 1850}
    importworks(write(tmp_path / "again.jsonl", [again]))
    text = public(engines)
    assert engines.year == 1843
    # What the source says stays beside it.
    assert "1850" in text
    assert "accepted" in own.get(f"/me/records/{ada.public_id}/proposals/").content.decode()
    assert "Nothing is proposed" in desk.get("/curate/proposals/").content.decode()


def test_a_declined_proposal_changes_nothing_and_its_author_reads_why(
    own: Client, desk: Client, ada: Researcher, engines: Work
) -> None:
    say(own, engines, "title", "Notes upon engines")
    assert answer(desk, "decline").status_code == 422

    answer(desk, "decline", reason="The title page says on.")

    assert public(engines).count("Notes upon engines") == 0
    for page in (there(engines), f"/me/records/{ada.public_id}/proposals/"):
        assert "The title page says on." in own.get(page).content.decode()
    assert answer(desk, "accept").status_code == 409


@pytest.mark.parametrize(
    ("field", "value", "more", "kept"),
    [
        ("type", "Conference paper", {}, "conference"),
        ("venue", "Journal of Engines", {}, "Journal of Engines"),
        ("date", "1842-10", {}, "1842-10"),
        ("code_url", "https://code.example/engine", {}, "https://code.example/engine"),
        ("license", "", {"none": "on"}, None),
        ("authors", "Charles Babbage comes first.", {}, "Charles Babbage comes first."),
        ("other", "It is two works.", {}, "It is two works."),
    ],
)
def test_each_field_takes_what_it_can_have(
    own: Client, engines: Work, field: str, value: str, more: dict[str, str], kept: str | None
) -> None:
    answered = say(own, engines, field, value, **more)

    # A license that there is none of cannot be taken away.
    assert answered.status_code == (422 if kept is None else 302), answered.content.decode()
    assert [p.value for p in Proposal.objects.all()] == ([] if kept is None else [kept])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("", "x", "Choose what is wrong"),
        ("abstract", "x", "Choose what is wrong"),
        ("year", "soon", "A year from"),
        ("year", "1842", "That is what the page says already"),
        ("title", "...", "A title has letters"),
        ("site_url", "javascript:alert(1)", "No address of a page"),
        ("other", " ", "Say what is right"),
        ("title", "x" * 2_001, "At most 2,000"),
    ],
)
def test_what_a_field_cannot_have_is_refused_beside_it(
    own: Client, engines: Work, field: str, value: str, said: str
) -> None:
    answered = say(own, engines, field, value)

    assert answered.status_code == 422
    assert said in answered.content.decode()
    assert not Proposal.objects.exists()


def test_a_new_proposal_takes_the_place_of_an_open_one(own: Client, engines: Work) -> None:
    say(own, engines, "year", "1843")
    say(own, engines, "year", "1844")
    say(own, engines, "title", "Notes upon engines")

    assert list(Proposal.objects.order_by("pk").values_list("value", "state")) == [
        ("1843", "withdrawn"), ("1844", "open"), ("Notes upon engines", "open"),
    ]  # fmt: skip


def test_an_open_proposal_can_be_withdrawn_by_its_author_alone(
    own: Client, ada: Researcher, engines: Work, curator: User
) -> None:
    say(own, engines, "year", "1843")
    key = Proposal.objects.get().pk
    with pytest.raises(Conflict):
        proposals.withdraw(proposal=key, actor=curator)

    own.post(f"/me/records/{ada.public_id}/proposals/", {"proposal": key})

    assert Proposal.objects.get().state == "withdrawn"
    assert own.post(f"/me/records/{ada.public_id}/proposals/", {"proposal": key}).status_code == 409


def test_only_who_holds_a_byline_of_the_work_may_propose(own: Client, engines: Work) -> None:
    others = Work.objects.get(title="Weaving with cards")
    stranger = signed_in(person("stranger"))

    assert own.get(there(others)).status_code == 404
    assert say(own, others, "year", "1999").status_code == 404
    assert stranger.get(there(engines)).status_code == 404
    assert Client().get(there(engines)).status_code == 302
    with pytest.raises(Conflict, match="No byline"):
        proposals.propose(work=others.pk, field="year", value="1", note="", actor=person("other"))


def test_the_work_offers_it_to_its_author_and_to_nobody_else(own: Client, engines: Work) -> None:
    link = f'href="{there(engines)}"'

    assert link in own.get(engines.get_absolute_url()).content.decode()
    assert link not in public(engines)
    assert link not in signed_in(person("stranger")).get(engines.get_absolute_url()).content.decode()


def test_a_curators_word_is_not_overruled_by_accepting(own: Client, desk: Client, curator: User, engines: Work) -> None:
    correct.correct(
        work=engines.pk, values={"year": "1841"}, origin=CorrectionOrigin.CURATOR, actor=curator, reason="Seen.", seen=0
    )  # fmt: skip
    say(own, engines, "year", "1843")
    newest = correct.newest(engines.pk)
    assert "undo it first" in desk.get("/curate/proposals/").content.decode()

    assert answer(desk, "accept", seen=newest).status_code == 409

    correct.undo(work=engines.pk, correction=newest, actor=curator)
    assert answer(desk, "accept", seen=newest).status_code == 302
    assert "1843" in public(engines)


def test_a_correction_that_the_curator_has_not_seen_is_not_passed_over(
    own: Client, desk: Client, curator: User, engines: Work
) -> None:
    say(own, engines, "year", "1843")
    correct.correct(
        work=engines.pk, values={"title": "Notes"}, origin=CorrectionOrigin.CURATOR, actor=curator, reason="S.", seen=0
    )  # fmt: skip

    assert answer(desk, "accept").status_code == 409
    assert Proposal.objects.get().state == "open"


def test_nobody_decides_on_a_proposal_of_their_own(own: Client, claim: Claim, engines: Work) -> None:
    say(own, engines, "year", "1843")

    for flow in (
        lambda key: proposals.accept(proposal=key, actor=claim.claimant, seen=0),
        lambda key: proposals.decline(proposal=key, actor=claim.claimant, reason="x"),
    ):
        with pytest.raises(Conflict, match="of their own"):
            flow(Proposal.objects.get().pk)


def test_what_is_no_field_is_looked_after_by_hand(own: Client, desk: Client, engines: Work) -> None:
    say(own, engines, "authors", "Charles Babbage comes first.")
    assert "It is done" in desk.get("/curate/proposals/").content.decode()

    answer(desk, "accept")

    assert Proposal.objects.get().state == "accepted"
    assert not WorkCorrection.objects.exists()


def test_a_proposal_goes_with_a_work_that_joins_another(
    own: Client, desk: Client, curator: User, engines: Work, tmp_path: Path
) -> None:
    say(own, engines, "year", "1843")
    more = work("e/2", "Notes on engines, by a lady", HOME, "Charles Babbage", identifiers={"doi": "10.1000/e2"})
    importworks(write(tmp_path / "more.jsonl", [more]))
    imports.settle()
    into = Work.objects.get(title="Notes on engines, by a lady")
    join(work=engines.pk, into=into.pk, actor=curator, reason="One.")

    answer(desk, "accept")

    into.refresh_from_db()
    assert into.year == 1843


def test_revoking_the_claim_takes_back_what_was_accepted_on_its_word(
    own: Client, desk: Client, claim: Claim, curator: User, engines: Work
) -> None:
    say(own, engines, "year", "1843")
    answer(desk, "accept")
    say(own, engines, "title", "Notes upon engines")

    decide.revoke(claim=claim.pk, actor=curator, code="not-the-author", text="Somebody else.")
    for _ in range(2):
        tasks.sweep()

    assert WorkCorrection.objects.get().undone_by == curator
    assert "1843" not in public(engines)
    # What was open is nobody's question any more.
    assert "Nothing is proposed" in desk.get("/curate/proposals/").content.decode()
    assert answer(desk, "accept").status_code == 409


def test_of_a_frozen_claim_nothing_is_asked(own: Client, desk: Client, claim: Claim, engines: Work) -> None:
    say(own, engines, "year", "1843")

    freeze.freeze(claim=claim.pk, actor=None, text="That is not she.")

    assert "Nothing is proposed" in desk.get("/curate/proposals/").content.decode()
    assert own.get(there(engines)).status_code == 404


def test_with_the_account_go_its_proposals_and_what_was_accepted_stays(
    own: Client, desk: Client, claim: Claim, engines: Work
) -> None:
    say(own, engines, "year", "1843")
    answer(desk, "accept")

    erase(user=claim.claimant)

    assert not Proposal.objects.exists()
    assert "1843" in public(engines)


def test_the_queue_takes_a_fixed_number_of_queries(own: Client, desk: Client, engines: Work) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/curate/proposals/").status_code == 200
        return len(queries)

    say(own, engines, "year", "1843")
    before = counted()
    for found in Work.objects.filter(authorships__researcher__display_name="Ada Byron"):
        for field, value in (("title", "Another"), ("venue", "Elsewhere"), ("other", "This")):
            say(own, found, field, value)

    assert counted() == before
