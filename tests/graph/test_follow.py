"""Following: once each, counted in public and never named, and the same person through merges, splits and their undoing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from graph import audience, follow_selectors
from graph.flows.follow import follow, unfollow
from graph.follow_models import Follow, FollowKind
from profiles.flows.merge import merge
from profiles.flows.split import split
from profiles.flows.undo import undo
from profiles.models import IdentityEvent, Institution, Researcher
from tests.following import account, bring, following, holder
from tests.pipeline import work
from works import imports
from works.models import Topic

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

HEDY = {"name": "Hedy Lamarr", "affiliation": "University of Warwick"}
RECORDS = [
    work("f/1", "Hopping between frequencies", HEDY, "George Antheil", keywords=["radio"]),
    work("f/2", "Torpedoes that listen", HEDY, "George Antheil", keywords=["radio"]),
    work("f/3", "Number rings", "Emmy Noether", "Kurt Gödel"),
]


@pytest.fixture
def hedy(tmp_path: Path) -> Researcher:
    bring(tmp_path, *RECORDS)
    return holder("Hopping between frequencies", "Hedy Lamarr")


@pytest.fixture
def signed_in(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def followers(researcher: Researcher) -> int | None:
    found = follow_selectors.subject(FollowKind.RESEARCHER, researcher.public_id, account=None)
    assert found is not None
    return found.followers


def follows(user: User, researcher: Researcher) -> bool:
    found = follow_selectors.subject(FollowKind.RESEARCHER, researcher.public_id, account=user.pk)
    assert found is not None
    return found.following


def button(page: bytes) -> str:
    """What the follow button says."""
    found = re.search(r'id="follow".*?</(?:form|p)>', page.decode(), re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", "", found[0].partition(">")[2]).split())


def test_following_twice_is_following_once(reader: User, hedy: Researcher) -> None:
    assert follow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)
    assert not follow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)
    assert Follow.objects.count() == 1
    assert unfollow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)
    assert not unfollow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)
    assert not Follow.objects.exists()


def test_what_is_not_there_or_was_taken_down_cannot_be_followed(reader: User, hedy: Researcher) -> None:
    Researcher.objects.filter(pk=hedy.pk).update(removed_at=timezone.now())
    for kind in FollowKind:
        assert not follow(account=reader.pk, kind=kind, subject=987_654_321)
    assert not follow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)


def test_the_button_follows_and_stops_without_scripts(signed_in: Client, hedy: Researcher) -> None:
    page = hedy.get_absolute_url()
    action = f"/researchers/{hedy.public_id}/follow/"
    assert button(signed_in.get(page).content) == "Follow researcher 0 followers"
    for _ in range(2):
        answer = signed_in.post(action, {"follow": "yes"})
        assert (answer.status_code, answer["Location"]) == (302, page)
    assert button(signed_in.get(page).content) == "Following, stop following 1 follower"
    signed_in.post(action, {"follow": "no"})
    assert button(signed_in.get(page).content) == "Follow researcher 0 followers"


def test_topics_and_institutions_are_followed_the_same_way(signed_in: Client, hedy: Researcher) -> None:
    for one, label in ((Topic.objects.get(), "topic"), (Institution.objects.get(), "institution")):
        page = one.get_absolute_url()
        assert button(signed_in.get(page).content) == f"Follow {label} 0 followers"
        signed_in.post(f"/{label}s/{one.public_id}/follow/", {"follow": "yes"})
        assert button(signed_in.get(page).content) == "Following, stop following 1 follower"
        assert button(Client().get(page).content) == f"Follow {label} 1 follower"


def test_htmx_gets_the_button_and_the_number_alone(signed_in: Client, hedy: Researcher) -> None:
    answer = signed_in.post(
        f"/researchers/{hedy.public_id}/follow/",
        {"follow": "yes"},
        headers={"HX-Request": "true", "HX-Target": "follow"},
    )
    text = answer.content.decode()
    assert text.lstrip().startswith('<form id="follow"')
    assert '<dd id="followers" hx-swap-oob="true">1</dd>' in text
    assert "<html" not in text


def test_who_is_not_signed_in_is_led_to_the_login_and_offered_to_follow_then(hedy: Researcher, reader: User) -> None:
    client, action = Client(), f"/researchers/{hedy.public_id}/follow/"
    assert f"/account/login/?next={action}" in unquote(client.get(hedy.get_absolute_url()).content.decode())
    for answer in (client.get(action), client.post(action, {"follow": "yes"})):
        assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={action}")
    client.force_login(reader)
    offer = client.get(action).content.decode()
    assert "Follow <bdi>Hedy Lamarr</bdi>?" in offer
    assert not Follow.objects.exists()
    assert client.post(action, {"follow": "yes"})["Location"] == hedy.get_absolute_url()
    assert Follow.objects.count() == 1


def test_a_form_without_its_token_changes_nothing(reader: User, hedy: Researcher) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader)
    assert client.post(f"/researchers/{hedy.public_id}/follow/", {"follow": "yes"}).status_code == 403
    assert not Follow.objects.exists()


@pytest.mark.parametrize("there", ["//elsewhere.example/", "https://elsewhere.example/", "javascript:alert(1)"])
def test_nobody_is_led_away_from_the_site(signed_in: Client, hedy: Researcher, there: str) -> None:
    answer = signed_in.post(f"/researchers/{hedy.public_id}/follow/", {"follow": "yes", "next": there})
    assert answer["Location"] == "/"


def test_a_record_taken_down_has_no_button_and_an_unknown_one_is_not_there(signed_in: Client, hedy: Researcher) -> None:
    Researcher.objects.filter(pk=hedy.pk).update(removed_at=timezone.now())
    for answer in (
        signed_in.get(f"/researchers/{hedy.public_id}/follow/"),
        signed_in.post(f"/researchers/{hedy.public_id}/follow/", {"follow": "yes"}),
    ):
        assert answer.status_code == 410
        assert "Lamarr" not in answer.content.decode()
    assert signed_in.post("/topics/0000000000/follow/", {"follow": "yes"}).status_code == 404
    assert not Follow.objects.exists()


def test_one_accounts_button_is_in_nobody_elses_page(
    signed_in: Client, reader: User, hedy: Researcher, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page = hedy.get_absolute_url()
    following(reader, hedy)
    mine = signed_in.get(page)
    assert "private" in mine["Cache-Control"]
    assert "no-store" in mine["Cache-Control"]
    anonymous = Client()
    anonymous.get(page)
    with django_assert_num_queries(1):
        public = anonymous.get(page)
    assert "Cache-Control" not in public.headers
    assert button(public.content) == "Follow researcher 1 follower"
    assert not public.cookies
    assert b"csrfmiddlewaretoken" not in public.content
    other = Client()
    other.force_login(account("other"))
    assert button(other.get(page).content) == "Follow researcher 1 follower"
    # Session, account and its rights, as on every page; the stamp, and whether one follows.
    with django_assert_num_queries(6):
        signed_in.get(page)


def test_who_follows_is_on_no_public_page(reader: User, hedy: Researcher) -> None:
    following(account("canary-follower"), hedy)
    for path in (
        hedy.get_absolute_url(),
        f"{hedy.get_absolute_url()}feed.atom",
        f"/api/v1/researchers/{hedy.public_id}/",
    ):
        assert "canary" not in Client().get(path).content.decode()


def test_the_number_of_followers_can_be_hidden(signed_in: Client, reader: User, hedy: Researcher) -> None:
    following(reader, hedy)
    assert "followers</dt>" in Client().get(hedy.get_absolute_url()).content.decode().replace("follower<", "followers<")
    Researcher.objects.filter(pk=hedy.pk).update(hide_followers=True)
    page = Client().get(hedy.get_absolute_url())
    assert button(page.content) == "Follow researcher"
    assert 'id="followers"' not in page.content.decode()
    assert button(signed_in.get(hedy.get_absolute_url()).content) == "Following, stop following"


def test_many_followers_are_counted_up_to_a_thousand(signed_in: Client, hedy: Researcher) -> None:
    users = get_user_model().objects
    crowd = users.bulk_create([users.model(username=f"reader {number}") for number in range(audience.COUNTED + 5)])
    Follow.objects.bulk_create([
        Follow(account=one, kind=FollowKind.RESEARCHER, subject=hedy.pk) for one in crowd
    ])  # fmt: skip
    assert followers(hedy) == audience.COUNTED
    assert button(signed_in.get(hedy.get_absolute_url()).content) == "Follow researcher 1,000+ followers"


def test_followers_of_a_merged_record_follow_its_target_and_come_back(
    reader: User, hedy: Researcher, emmy: Researcher
) -> None:
    both, curator = account("both"), account("curator")
    following(reader, emmy)
    following(both, hedy, emmy)
    event = merge(researcher=emmy.pk, into=hedy.pk, actor=curator, reason="", force=True)
    imports.settle()
    assert follows(reader, hedy)
    assert followers(hedy) == followers(emmy) == 2
    assert [one.name for one in follow_selectors.latest(both.pk)] == ["Hedy Lamarr"]
    later = following(account("later"), hedy)
    undo(event=event, actor=curator, reason="")
    imports.settle()
    assert (followers(hedy), followers(emmy)) == (2, 2)
    assert (follows(reader, hedy), follows(reader, emmy)) == (False, True)
    assert (follows(both, hedy), follows(both, emmy)) == (True, True)
    assert (follows(later, hedy), follows(later, emmy)) == (True, False)


def test_who_stops_following_a_merged_record_stops_under_all_its_addresses(
    reader: User, hedy: Researcher, emmy: Researcher
) -> None:
    following(reader, hedy, emmy)
    merge(researcher=emmy.pk, into=hedy.pk, actor=account("curator"), reason="", force=True)
    client = Client()
    client.force_login(reader)
    answer = client.post(f"/researchers/{emmy.public_id}/follow/", {"follow": "no"})
    hedy.refresh_from_db()
    assert answer["Location"] == hedy.get_absolute_url()
    assert not Follow.objects.exists()


def test_following_the_old_address_follows_the_record_that_goes_on(
    reader: User, hedy: Researcher, emmy: Researcher
) -> None:
    merge(researcher=emmy.pk, into=hedy.pk, actor=account("curator"), reason="", force=True)
    client = Client()
    client.force_login(reader)
    client.post(f"/researchers/{emmy.public_id}/follow/", {"follow": "yes"})
    assert Follow.objects.get().subject == hedy.pk


def test_a_split_keeps_followers_with_the_record_that_keeps_the_address(reader: User, hedy: Researcher) -> None:
    following(reader, hedy)
    curator = account("curator")
    before = set(Researcher.objects.values_list("pk", flat=True))
    byline = hedy.authorships.order_by("pk")[0]
    made = split(researcher=hedy.pk, bylines=[byline.pk], actor=curator, reason="")
    imports.settle()
    (new,) = Researcher.objects.exclude(pk__in=before)
    assert (follows(reader, hedy), follows(reader, new)) == (True, False)
    assert (followers(hedy), followers(new)) == (1, 0)
    undo(event=made.event, actor=curator, reason="")
    imports.settle()
    assert followers(hedy) == followers(new) == 1
    assert IdentityEvent.objects.filter(pk=made.event).exists()


def test_with_the_account_go_its_follows(reader: User, hedy: Researcher) -> None:
    following(reader, hedy)
    reader.delete()
    assert followers(hedy) == 0
