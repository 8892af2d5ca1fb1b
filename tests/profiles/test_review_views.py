"""The pages of the review queue: for curators only, complete without scripts, safe against answering twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from profiles.flows.choose_name import choose_name
from profiles.flows.opt_out import opt_out
from profiles.flows.review import take
from profiles.flows.tell_apart import tell_apart
from profiles.models import IdentityEvent, Researcher, Review
from tests.pipeline import importworks, work, write
from tests.questions import ask, state
from works.models import Authorship

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

ROBOTS = {"name": "Wei Wang", "affiliation": "University of Warwick"}
PROTEINS = {"name": "Wei Wang", "affiliation": "Princeton University"}
RECORDS = [
    work("t/1", "Grasping with soft hands", ROBOTS, "Grace Hopper", year=2019),
    work("t/2", "Robot hands that feel", ROBOTS, "Grace Hopper", "Ada <i>Lovelace</i>", year=2020),
    work("t/3", "Soft robot hands in kitchens", ROBOTS, "Grace Hopper", year=2021),
    work("t/4", "Protein folding at scale", PROTEINS, "Kurt Gödel", "Grace Hopper", year=1990),
    work("t/5", "Folding of membrane proteins", PROTEINS, "Kurt Gödel", year=1991),
    work("t/6", "Medieval canals", {"name": "W. Wang", "affiliation": "Universität Göttingen"}, year=1905),
]


@pytest.fixture
def curator(empty_library: None) -> Client:
    user = get_user_model().objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="curate"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def pair(empty_library: None, tmp_path: Path) -> tuple[Researcher, Researcher]:
    """Two records of one name, the one with more works first."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    Review.objects.all().delete()
    found = [
        Authorship.objects.get(work__title=title, raw_name="Wei Wang").researcher
        for title in ("Grasping with soft hands", "Protein folding at scale")
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] != found[1]
    return found[0], found[1]


@pytest.fixture
def canals() -> Authorship:
    """A byline that nobody holds."""
    found = Authorship.objects.get(raw_name="W. Wang")
    assert found.researcher is None
    return found


def text(client: Client, address: str = "/curate/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def decide(client: Client, page: str, d: str, **more: str) -> str:
    """Send the form of the page as a browser without scripts does; where it leads."""
    form = re.search(r'<form class="stack mt" method="post" action="([^"]+)".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    response = client.post(form[1], {**fields, "d": d, **more})
    assert response.status_code == 302, response.content.decode()
    return str(response.headers["Location"])


def test_a_question_is_answered_and_taken_back_without_scripts(
    curator: Client, pair: tuple[Researcher, Researcher]
) -> None:
    kept, gone = pair
    ask("merge", *pair)
    page = text(curator)
    assert re.search(r"Same person\? <span[^>]*>1 of 1</span>", page)
    for word in ("Same person <kbd>A</kbd>", "Different people <kbd>D</kbd>", "Not enough evidence <kbd>S</kbd>"):
        assert word in page
    after = text(curator, decide(curator, page, "same"))
    gone.refresh_from_db()
    assert gone.merged_into == kept
    assert "Joined Wei Wang and Wei Wang." in after
    assert "Nothing to decide" in after
    back = re.search(r'action="/curate/undo/">.*?</form>', after, re.DOTALL)
    assert back is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', back[0]))
    undone = curator.post("/curate/undo/", fields)
    again = text(curator, undone.headers["Location"])
    gone.refresh_from_db()
    assert gone.merged_into is None
    assert "Taken back" in again
    assert "1 of 1" in again


def test_what_both_sides_state_is_marked_and_what_comes_from_outside_is_escaped(
    curator: Client, pair: tuple[Researcher, Researcher]
) -> None:
    ask("merge", *pair)
    page = text(curator)
    assert page.count("<mark><bdi>Wei Wang</bdi></mark>") == 2
    assert page.count("<mark><bdi>Grace Hopper</bdi></mark>") == 2
    assert "<bdi>Kurt Gödel</bdi>" in page
    assert "<mark><bdi>Kurt Gödel</bdi></mark>" not in page
    assert "<i>Lovelace" not in page
    assert "none found" in page
    assert 'class="viz" viewBox="0 0 100 22"' in page


def test_who_asked_not_to_be_named_or_to_be_called_otherwise_is_not_named_on_the_card(
    curator: Client, pair: tuple[Researcher, Researcher], canals: Authorship
) -> None:
    user = get_user_model().objects.get()
    for name in ("Grace Hopper", "Kurt Gödel"):
        someone = Authorship.objects.filter(raw_name=name).exclude(researcher=None)[0].researcher
        assert someone is not None
        if name == "Grace Hopper":
            opt_out(researcher=someone.pk, actor=user, reason="x")
        else:
            choose_name(researcher=someone.pk, name="Kurt Adele", actor=user, reason="x")
    choose_name(researcher=pair[1].pk, name="Vivian Wang", actor=user, reason="x")
    ask("merge", *pair)
    ask("byline", *reversed(pair), bylines=[canals], scores=[0.5, 0.4])
    for kind in ("merge", "byline"):
        page = text(curator, f"/curate/?kind={kind}")
        assert "Grace Hopper" not in page
        assert "withheld" not in page
        assert "Kurt Adele" in page
        assert "Kurt Gödel" not in page
        assert "<bdi>Vivian Wang</bdi>" in page


def test_a_byline_shows_its_candidates_and_goes_to_the_chosen_one(
    curator: Client, pair: tuple[Researcher, Researcher], canals: Authorship
) -> None:
    ask("byline", *pair, bylines=[canals], scores=[0.42, 0.21])
    page = text(curator)
    assert "author 1 on a work dated" in page
    assert 'data-label="Score">0.21</td>' in page
    second = re.search(rf'name="candidate" value="({pair[1].pk})"><button', page)
    assert second is not None
    review = Review.objects.get()
    given = {"d": "same", "candidate": second[1], "state": state(review)}
    curator.post(f"/curate/review/{review.pk}/", given)
    canals.refresh_from_db()
    assert canals.researcher == pair[1]


def test_not_theirs_leads_to_the_same_question_with_the_next_candidate(
    curator: Client, pair: tuple[Researcher, Researcher], canals: Authorship
) -> None:
    review = ask("byline", *pair, bylines=[canals], scores=[0.42, 0.21])
    there = decide(curator, text(curator), "different")
    after = text(curator, there)
    assert "Marked 1 byline as not theirs: Wei Wang." in after
    assert f'action="/curate/review/{review.pk}/"' in after
    assert f'name="candidate" value="{pair[1].pk}"' in after


def test_not_enough_evidence_is_put_aside_and_brought_back(
    curator: Client, pair: tuple[Researcher, Researcher]
) -> None:
    review = ask("merge", *pair)
    after = text(curator, decide(curator, text(curator), "unknown"))
    assert "Put aside." in after
    back = curator.post("/curate/undo/", {"reviews": str(review.pk)})
    assert "1 of 1" in text(curator, back.headers["Location"])
    decide(curator, text(curator), "unknown")
    aside = text(curator, "/curate/?where=aside")
    assert "Back into the queue" in aside
    decide(curator, aside, "again")
    review.refresh_from_db()
    assert review.postponed_at is None


def test_a_stale_page_is_told_so_and_changes_nothing(curator: Client, pair: tuple[Researcher, Researcher]) -> None:
    review = ask("merge", *pair)
    seen = state(review)
    here = f"/curate/review/{review.pk}/"
    assert curator.post(here, {"d": "same", "state": "0" * 32}).status_code == 409
    assert curator.post(here, {"d": "same"}).status_code == 409
    assert curator.post(here, {"d": "perhaps", "state": seen}).status_code == 409
    other = get_user_model().objects.create_user("other")
    tell_apart(researcher=pair[0].pk, other=pair[1].pk, actor=other, reason="x")
    refused = curator.post(here, {"d": "same", "state": seen})
    assert refused.status_code == 409
    assert "decided in the meantime" in refused.content.decode()
    event = IdentityEvent.objects.get(actor=other)
    assert curator.post("/curate/undo/", {"events": str(event.pk), "reviews": str(review.pk)}).status_code == 409
    assert curator.post("/curate/undo/", {"events": "x"}).status_code == 409
    assert "Told" not in text(curator, f"/curate/?events={event.pk}")


def test_a_question_that_somebody_keeps_is_shown_as_such(curator: Client, pair: tuple[Researcher, Researcher]) -> None:
    review = ask("merge", *pair)
    kept = text(curator, curator.post(f"/curate/review/{review.pk}/", {"d": "take"}).headers["Location"])
    assert "You look after this question." in kept
    other = get_user_model().objects.create_user("other")
    curator.post(f"/curate/review/{review.pk}/", {"d": "release"})
    take(review=review.pk, user=other)
    assert "Nothing to decide" in text(curator)
    taken = text(curator, "/curate/?where=taken")
    assert "<bdi>other</bdi> looks after this question." in taken
    assert "Same person <kbd>" not in taken
    assert "kept by <bdi>other</bdi>" in text(curator, "/curate/?view=list&where=taken")


def test_the_list_names_every_question_and_leads_to_it(
    curator: Client, pair: tuple[Researcher, Researcher], canals: Authorship
) -> None:
    ask("merge", *pair, weight=1)
    byline = ask("byline", pair[0], bylines=[canals], weight=9)
    page = text(curator, "/curate/?view=list")
    assert page.index("Medieval canals") < page.index("<bdi>Wei Wang</bdi> and <bdi>Wei Wang</bdi>")
    assert f'href="/curate/?start={byline.pk}"' in page
    assert "Medieval canals" not in text(curator, "/curate/?view=list&kind=merge")


@pytest.mark.parametrize("member", [False, True])
def test_the_queue_is_not_there_for_others(
    client: Client, pair: tuple[Researcher, Researcher], *, member: bool
) -> None:
    review = ask("merge", *pair)
    if member:
        client.force_login(get_user_model().objects.create_user("member"))
    for address in ("/curate/", "/curate/?view=list", "/curate/reports/"):
        assert client.get(address).status_code == 404
    for address in (f"/curate/review/{review.pk}/", "/curate/undo/", "/curate/reports/1/close/"):
        assert client.post(address, {"d": "same", "state": state(review)}).status_code == 404
    assert 'href="/curate/"' not in text(client, "/")


def test_answers_need_the_token_of_the_form_and_a_post(curator: Client, pair: tuple[Researcher, Researcher]) -> None:
    review = ask("merge", *pair)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = curator.cookies
    assert strict.post(f"/curate/review/{review.pk}/", {"d": "same", "state": state(review)}).status_code == 403
    assert curator.get(f"/curate/review/{review.pk}/").status_code == 405


@pytest.mark.parametrize(
    "address", ["?start=x", "?start=99999999999999999999", "?kind=x&where=y", "?events=x.1.", "?of=²"]
)
def test_any_address_of_the_queue_is_answered(
    curator: Client, pair: tuple[Researcher, Researcher], address: str
) -> None:
    ask("merge", *pair)
    assert "1 of 1" in text(curator, f"/curate/{address}")


def test_the_queue_stays_in_its_query_budget(
    curator: Client,
    pair: tuple[Researcher, Researcher],
    canals: Authorship,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ask("merge", *pair)
    with django_assert_num_queries(19):
        curator.get("/curate/")
    ask("byline", pair[0], bylines=[canals], weight=0.1)
    with django_assert_num_queries(19):
        curator.get("/curate/")
