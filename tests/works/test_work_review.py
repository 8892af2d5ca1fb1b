"""The review queue of works and the history of a work: for curators only, complete without scripts, safe against doing it twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from profiles.flows.opt_out import opt_out
from researchgraph.lib import bulk
from tests.deciding import of
from tests.pipeline import importworks, work, write
from works import questions
from works.decision_models import Review, WorkEvent
from works.flows.join import join
from works.flows.review import take

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

SOUPS = "Stirring <i>soups</i>"
RECORDS = [
    work("t/1", SOUPS, "Ada Lovelace", "Grace Hopper", "Emmy Noether", year=2012, venue="Journal of Soups"),
    work("t/2", SOUPS, "Ada Lovelace", "Kurt Gödel", "Lise Meitner", "Hedy Lamarr", year=2012),
    work("t/3", "Bread without yeast", "Grace Hopper", "Kurt Gödel", year=2001),
    work("t/4", "Bread without yeast", "Grace Hopper", "Kurt Gödel", year=2015),
    work("t/5", "Bread without salt", "Grace Hopper", "Kurt Gödel", year=2001),
    work("t/6", "Bread without salt", "Grace Hopper", "Kurt Gödel", year=2015),
]


@pytest.fixture
def user(empty_library: None) -> User:
    found = get_user_model().objects.create_user("curator")
    found.user_permissions.add(Permission.objects.get(codename="curate"))
    return found


@pytest.fixture
def curator(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    assert Review.objects.count() == 3


def asked(key: str) -> Review:
    return Review.objects.get(work=of(key))


def text(client: Client, address: str = "/curate/works/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def send(client: Client, page: str, action: str, **more: str) -> str:
    """Send a form of the page as a browser without scripts does; where it leads."""
    form = re.search(rf'<form[^>]* action="({action}[^"]*)".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    response = client.post(form[1], {**fields, **more})
    assert response.status_code == 302, response.content.decode()
    return str(response.headers["Location"])


def answer(client: Client, review: Review, d: str, **more: str) -> str:
    page = text(client, f"/curate/works/?start={review.pk}")
    return text(client, send(client, page, "/curate/works/review/", d=d, **more))


def is_open(review: Review) -> bool:
    query = f"SELECT {questions.OPEN} FROM works_review q WHERE q.id = %s"  # noqa: S608 - our own words
    return bool(bulk.fetch(query, [review.pk])[0][0])


def test_works_are_the_same_by_an_answer_and_are_two_again_when_it_is_taken_back(curator: Client) -> None:
    one, other = of("t/1"), of("t/2")
    page = text(curator, f"/curate/works/?start={asked('t/2').pk}")
    for words in ("Same work <kbd>A</kbd>", "Different works <kbd>D</kbd>", "Not sure <kbd>S</kbd>"):
        assert words in page
    assert "<mark><bdi>Ada Lovelace</bdi></mark>" in page
    assert '<span class="dif"><bdi>Lise Meitner</bdi></span>' in page
    assert "Journal of Soups" in page
    assert "same from 0.60, asked from 0.20" in page
    assert "The titles are equal after normalisation" in page
    assert SOUPS not in page
    after = answer(curator, asked("t/2"), "same", reason="The same pot.")
    assert "One work: “Stirring" in after
    assert of("t/2") == one
    response = curator.get(other.get_absolute_url())
    assert (response.status_code, response["Location"]) == (302, one.get_absolute_url())
    cited = curator.get(f"/works/{other.public_id}/cite.bib")
    assert (cited.status_code, cited["Location"]) == (302, one.get_absolute_url())
    api = curator.get(f"/api/v1/works/{other.public_id}/")
    assert (api.status_code, api["Location"]) == (302, f"/api/v1/works/{one.public_id}/")
    again = text(curator, send(curator, after, "/curate/works/undo/"))
    assert "Taken back" in again
    assert of("t/2") == other
    assert curator.get(other.get_absolute_url()).status_code == 200
    assert is_open(asked("t/2"))


def test_works_told_apart_are_not_asked_about_again(curator: Client) -> None:
    review = asked("t/2")
    after = answer(curator, review, "different")
    assert "are told apart" in after
    assert not is_open(review)
    assert "Same work? <span" in after
    history = text(curator, f"{of('t/1').get_absolute_url()}history/")
    assert "Told apart from another work" in history


def test_not_sure_puts_a_question_aside_until_the_facts_change(curator: Client, tmp_path: Path) -> None:
    review = asked("t/2")
    after = answer(curator, review, "unknown")
    assert "Put aside" in after
    assert "To decide 2" in after
    assert "Put aside 1" in after
    page = text(curator, f"/curate/works/?where=aside&start={review.pk}")
    assert "nobody could tell" in page
    importworks(write(tmp_path / "works.jsonl", [{**RECORDS[1], "abstract": "A new word."}]))
    assert "To decide 3" in text(curator)
    answer(curator, review, "unknown")
    event = WorkEvent.objects.latest("pk")
    curator.post("/curate/works/undo/", {"events": event.pk, "review": review.pk})
    assert "To decide 3" in text(curator)
    assert curator.post("/curate/works/undo/", {"events": event.pk, "review": review.pk}).status_code == 409


def test_one_answer_for_all_like_it_with_a_preview(curator: Client) -> None:
    review = asked("t/4")
    page = text(curator, f"/curate/works/?start={review.pk}")
    assert "Apply to 1 like this" in page
    assert page.count("Bread without salt") == 2
    after = answer(curator, review, "different", also="on")
    assert "The same for 1 more." in after
    assert not is_open(asked("t/6"))
    assert is_open(asked("t/2"))
    send(curator, after, "/curate/works/undo/")
    assert is_open(asked("t/6"))
    assert is_open(review)


def test_an_answer_on_what_has_changed_changes_nothing(curator: Client, user: User, tmp_path: Path) -> None:
    review = asked("t/2")
    page = text(curator, f"/curate/works/?start={review.pk}")
    state = re.search(r'name="state" value="(\w+)"', page)
    assert state is not None
    importworks(write(tmp_path / "works.jsonl", [{**RECORDS[1], "abstract": "A new word."}]))
    address = f"/curate/works/review/{review.pk}/"
    refused = curator.post(address, {"d": "same", "state": state[1]})
    assert refused.status_code == 409
    assert "have changed since you looked" in refused.content.decode()
    join(work=of("t/2").pk, into=of("t/1").pk, actor=user, reason="")
    assert curator.post(address, {"d": "same"}).status_code == 409
    assert curator.post(address, {"d": "burn"}).status_code == 409
    assert curator.post("/curate/works/review/999999/", {"d": "same"}).status_code == 409


def test_a_question_is_kept_and_put_back_and_lists_are_filtered(curator: Client, user: User) -> None:
    review = asked("t/2")
    other = get_user_model().objects.create_user("other", is_superuser=True)
    curator.post(f"/curate/works/review/{review.pk}/", {"d": "take"})
    mine = text(curator, "/curate/works/?where=mine")
    assert "1 of 1" in mine
    assert "You look after this question." in mine
    assert "Nobody’s 2" in mine
    elsewhere = Client()
    elsewhere.force_login(other)
    assert "Taken by others 1" in text(elsewhere)
    assert elsewhere.post(f"/curate/works/review/{review.pk}/", {"d": "same"}).status_code == 409
    assert elsewhere.post(f"/curate/works/review/{review.pk}/", {"d": "take"}).status_code == 409
    elsewhere.post(f"/curate/works/review/{review.pk}/", {"d": "release"})
    take(review=review.pk, user=other)
    listed = text(curator, "/curate/works/?view=list")
    assert listed.count("Same work?") >= 2
    assert "Ordered by the harm" in listed
    for address in ("?kind=nothing", "?source=nothing", "?kind=a%00b", "?start=x&where=nowhere&events=1.x"):
        text(curator, f"/curate/works/{address}")


def test_the_most_harmful_question_comes_first(curator: Client) -> None:
    page = text(curator, "/curate/works/?view=list")
    harm = [float(one) for one in re.findall(r'<td class="r">(\d+\.\d)</td></tr>', page)]
    assert len(harm) == 3
    assert harm == sorted(harm, reverse=True)


def test_any_other_kind_of_question_is_shown_by_its_evidence(curator: Client) -> None:
    evidence = [{"kind": "spoken-title", "value": "Stirring soups", "weight": 0.9}]
    review = Review.objects.create(kind="odd-kind", subject="thing:12", work=of("t/1"), evidence=evidence)
    bare = Review.objects.create(kind="odd-kind", subject="thing:13")
    page = text(curator, f"/curate/works/?kind=odd-kind&start={review.pk}")
    assert "Odd kind <span" in page
    assert "spoken-title: Stirring soups" in page
    assert "Same work <kbd>" not in page
    assert curator.post(f"/curate/works/review/{review.pk}/", {"d": "same"}).status_code == 409
    after = answer(curator, bare, "unknown")
    assert "Put aside 1" in after
    send(curator, after, "/curate/works/undo/")
    assert "thing:13" in text(curator, f"/curate/works/?start={bare.pk}")


def test_another_candidate_is_chosen(curator: Client) -> None:
    review = asked("t/2")
    third = of("t/3")
    Review.objects.filter(pk=review.pk).update(candidates=[of("t/1").pk, third.pk])
    page = text(curator, f"/curate/works/?start={review.pk}")
    assert "Other candidates" in page
    state = re.search(r'name="state" value="(\w+)"', page)
    assert state is not None
    given = {"d": "same", "candidate": third.pk, "state": state[1]}
    assert curator.post(f"/curate/works/review/{review.pk}/", given).status_code == 302
    assert of("t/2") == of("t/3")


def test_the_history_is_public_and_undone_by_curators(curator: Client, client: Client, user: User) -> None:
    one, other = of("t/1"), of("t/2")
    event = join(work=other.pk, into=one.pk, actor=user, reason="A secret reason.")
    address = f"{one.get_absolute_url()}history/"
    public = text(client, address)
    assert "Another work joined this one" in public
    assert "jsonl t/2" in public
    assert "by a curator" in public
    assert "A secret reason." not in public
    assert "curator</bdi>" not in public
    assert 'action="/works/' not in public
    redirected = client.get(f"/works/{other.public_id}/{other.slug}/history/")
    assert (redirected.status_code, redirected["Location"]) == (302, address)
    assert client.get(f"/works/{one.public_id}/history/").status_code == 301
    assert client.post(f"/works/{one.public_id}/undo/", {"event": event, "reason": "No."}).status_code == 404
    assert "A secret reason." in text(curator, address)
    undo = f"/works/{one.public_id}/undo/"
    assert curator.post(undo, {"event": event, "reason": ""}).status_code == 409
    assert curator.post(undo, {"event": 1, "reason": "No."}).status_code == 404
    assert curator.post(undo, {"event": event, "reason": "Two pots."}).status_code == 302
    assert curator.post(undo, {"event": event, "reason": "Two pots."}).status_code == 409
    assert of("t/2") == other
    assert "Undone: two works joined" in text(client, address)


def test_the_history_gives_no_name_away_that_is_not_printed(client: Client, user: User, tmp_path: Path) -> None:
    importworks(write(tmp_path / "more.jsonl", [work("lovelace2020", "Kettles", "Ada Lovelace", year=2012)]))
    kettles = of("lovelace2020")
    address = f"{kettles.get_absolute_url()}history/"
    assert "lovelace2020" in text(client, address)
    ada = kettles.authorships.get().researcher_id
    assert ada is not None
    opt_out(researcher=ada, actor=user, reason="She asked.")
    assert "lovelace" not in text(client, address).lower()


@pytest.mark.parametrize("address", ["/curate/works/", "/curate/works/?view=list"])
def test_for_everybody_else_there_is_no_queue(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
    client.force_login(get_user_model().objects.create_user("reader"))
    assert client.get(address).status_code == 404
    assert client.post(f"/curate/works/review/{asked('t/2').pk}/", {"d": "same"}).status_code == 404
    assert client.post("/curate/works/undo/", {"events": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("address", "queries"), [("/curate/works/", 9), ("/curate/works/?view=list", 5), ("history", 7)]
)
def test_pages_take_a_fixed_number_of_queries(
    curator: Client, django_assert_max_num_queries: DjangoAssertNumQueries, address: str, queries: int
) -> None:
    page = f"{of('t/1').get_absolute_url()}history/" if address == "history" else address
    with django_assert_max_num_queries(queries + 2):  # with those of the session and its user
        text(curator, page)
