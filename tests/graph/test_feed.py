"""The feed: what is news, to whom, once each, held back while undecided, and corrected when it was wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from graph import feed_selectors, tasks
from graph.feed_selectors import entries, feed_page
from graph.flows.deliver import deliver
from graph.flows.follow import follow, unfollow
from graph.flows.news import compose, waiting
from graph.flows.read import read
from graph.follow_models import FeedEntry, FollowKind, News, StaleFeed
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.reassign import reassign
from profiles.flows.reject import reject
from profiles.flows.undo import undo
from profiles.models import Institution, Researcher
from tests.following import account, bring, following, holder, tell, told
from tests.hostile import MARK, PAYLOADS, harm
from tests.pipeline import importworks, untouched, work, write
from works import imports, rollback
from works.flows.join import join
from works.flows.undo import undo as undo_join
from works.models import Authorship, ImportRun, Topic, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

HEDY = {"name": "Hedy Lamarr", "affiliation": "University of Warwick", "orcid": "0000-0002-1825-0097"}
EMMY = {"name": "Emmy Noether", "orcid": "0000-0002-1694-233X"}
BEFORE = [
    work("n/1", "Hopping between frequencies", HEDY, "George Antheil", keywords=["radio"]),
    work("n/2", "Number rings", EMMY, "Kurt Gödel"),
]
SOUP = work("n/3", "Stirring soups", HEDY, EMMY, keywords=["radio", "cooking"], doi="10.1000/soup")
TEA = work("n/4", "On tea", HEDY, year=2023)
WANGS = [
    work("w/1", "Robot hands that feel", {"name": "Wei Wang", "affiliation": "University of Warwick"}, "Grace Hopper"),
    work("w/2", "Robot hands that grasp", {"name": "Wei Wang", "affiliation": "University of Warwick"}, "Grace Hopper"),
    work(
        "w/3",
        "Folding of proteins",
        {"name": "Wei Wang", "affiliation": "Princeton University"},
        "Kurt Gödel",
        year=1990,
    ),
]


@pytest.fixture
def hedy(tmp_path: Path) -> Researcher:
    bring(tmp_path, *BEFORE)
    return holder("Hopping between frequencies", "Hedy Lamarr")


@pytest.fixture
def signed_in(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def test_a_new_work_is_told_to_followers_and_an_old_one_is_not(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    tell()
    assert told(reader) == {}
    bring(tmp_path, SOUP)
    assert told(reader) == {"Stirring soups": "Hedy Lamarr"}
    assert told(account("other")) == {}


def test_what_nobody_follows_marks_nothing(hedy: Researcher, tmp_path: Path) -> None:
    assert importworks(write(tmp_path / "works.jsonl", [SOUP])).status == 0
    assert not StaleFeed.objects.exists()
    assert not News.objects.exists()


def test_following_later_makes_nothing_new_of_what_was_there(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(account("first"), hedy)
    bring(tmp_path, SOUP)
    following(reader, hedy)
    bring(tmp_path, TEA)
    assert told(reader) == {"On tea": "Hedy Lamarr"}


def test_one_work_is_one_entry_for_all_that_one_follows(
    reader: User, hedy: Researcher, emmy: Researcher, tmp_path: Path
) -> None:
    following(reader, hedy, emmy)
    follow(account=reader.pk, kind=FollowKind.TOPIC, subject=Topic.objects.get(label="radio").pk)
    follow(account=reader.pk, kind=FollowKind.INSTITUTION, subject=Institution.objects.get().pk)
    bring(tmp_path, SOUP)
    assert told(reader) == {"Stirring soups": "Emmy Noether, Hedy Lamarr, University of Warwick, radio"}
    assert FeedEntry.objects.count() == 1
    assert News.objects.exclude(delivered_at=None).count() == 4


@pytest.mark.parametrize(
    ("kind", "shown"), [("researcher", False), ("topic", True), ("institution", False), ("x", True)]
)
def test_the_feed_is_filtered_by_what_one_follows(
    reader: User, hedy: Researcher, tmp_path: Path, kind: str, *, shown: bool
) -> None:
    follow(account=reader.pk, kind=FollowKind.TOPIC, subject=Topic.objects.get(label="radio").pk)
    bring(tmp_path, SOUP)
    assert bool(feed_page(reader.pk, kind=kind).entries) == shown


def test_a_second_import_and_a_second_run_change_nothing(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    before = untouched()
    bring(tmp_path, SOUP)
    tasks.compose_feeds()
    tasks.compose_feeds()
    assert untouched() == before
    StaleFeed.objects.create(kind="researcher", subject=hedy.pk)
    assert waiting()
    tasks.compose_feeds()
    assert not waiting()
    assert untouched() == before


def test_another_version_of_a_work_is_no_second_entry(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    bring(tmp_path, {**SOUP, "source_id": "n/3b", "venue": "ICML"})
    assert Work.objects.filter(title="Stirring soups").count() == 1
    assert told(reader) == {"Stirring soups": "Hedy Lamarr"}
    assert FeedEntry.objects.count() == 1


def test_a_known_work_that_gets_another_version_is_not_new(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    bring(tmp_path, SOUP)
    following(reader, hedy)
    bring(tmp_path, {**SOUP, "source_id": "n/3b", "venue": "ICML"})
    assert told(reader) == {}


def test_an_undecided_byline_is_held_back_until_somebody_decides(reader: User, curator: User, tmp_path: Path) -> None:
    bring(tmp_path, *WANGS)
    wang = holder("Robot hands that feel", "Wei Wang")
    following(reader, wang)
    bring(tmp_path, work("w/9", "Bells without buoys", "Wei Wang", "A. Stranger"))
    byline = Authorship.objects.get(work__title="Bells without buoys", raw_name="Wei Wang")
    assert byline.kind == "undecided"
    assert told(reader) == {}
    confirm(researcher=wang.pk, bylines=[byline.pk], actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader) == {"Bells without buoys": "Wei Wang"}


def test_a_byline_that_waits_for_the_rule_is_held_back(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    run = imports.start_run(source="jsonl", query=str(write(tmp_path / "works.jsonl", [SOUP])))
    imports.advance(run)
    tell()
    assert told(reader) == {}
    imports.settle()
    tell()
    assert told(reader) == {"Stirring soups": "Hedy Lamarr"}


def test_a_rejected_byline_is_struck_out_and_comes_back_when_that_is_undone(
    reader: User, signed_in: Client, hedy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    byline = hedy.authorships.get(work__title="Stirring soups")
    event = reject(researcher=hedy.pk, bylines=[byline.pk], actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader) == {"Stirring soups": "-Hedy Lamarr"}
    page = signed_in.get("/me/feed/").content.decode()
    assert "<s><a" in page
    assert "No longer listed under" in page
    undo(event=event, actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader) == {"Stirring soups": "Hedy Lamarr"}
    assert "No longer listed under" not in signed_in.get("/me/feed/").content.decode()


def test_a_reassigned_byline_is_corrected_for_one_and_news_for_the_other(
    reader: User, hedy: Researcher, emmy: Researcher, curator: User, tmp_path: Path
) -> None:
    other = following(account("other"), emmy)
    following(reader, hedy)
    bring(tmp_path, TEA)
    byline = hedy.authorships.get(work__title="On tea")
    reassign(researcher=hedy.pk, to=emmy.pk, bylines=[byline.pk], actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader) == {"On tea": "-Hedy Lamarr"}
    assert told(other) == {"On tea": "Emmy Noether"}


def test_what_was_withdrawn_before_anybody_was_told_is_told_to_nobody(
    reader: User, hedy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, hedy)
    assert importworks(write(tmp_path / "works.jsonl", [TEA])).status == 0
    assert compose()
    byline = hedy.authorships.get(work__title="On tea")
    reject(researcher=hedy.pk, bylines=[byline.pk], actor=curator, reason="")
    imports.settle()
    tell()
    assert not FeedEntry.objects.exists()
    assert not waiting()


def test_followers_of_a_merged_record_hear_of_its_target(
    reader: User, hedy: Researcher, emmy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, emmy)
    event = merge(researcher=emmy.pk, into=hedy.pk, actor=curator, reason="", force=True)
    imports.settle()
    bring(tmp_path, TEA)
    assert told(reader) == {"On tea": "Hedy Lamarr"}
    undo(event=event, actor=curator, reason="")
    imports.settle()
    tell()
    # It was never theirs, and whoever followed only the other record is shown nothing of this one.
    assert told(reader) == {}


def test_a_merge_after_the_news_changes_neither_entry_nor_number(
    reader: User, hedy: Researcher, emmy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, hedy, emmy)
    bring(tmp_path, TEA)
    event = merge(researcher=hedy.pk, into=emmy.pk, actor=curator, reason="", force=True)
    imports.settle()
    tell()
    assert list(told(reader)) == ["On tea"]
    assert "-" not in told(reader)["On tea"]
    undo(event=event, actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader)["On tea"].replace("-Emmy Noether, ", "") == "Hedy Lamarr"


def test_works_that_are_joined_are_one_entry_and_two_again_after_undoing(
    reader: User, hedy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, hedy)
    bring(tmp_path, TEA, work("n/5", "About tea", HEDY, year=2024))
    assert set(told(reader)) == {"On tea", "About tea"}
    one, other = (Work.objects.get(title=title).pk for title in ("On tea", "About tea"))
    event = join(work=one, into=other, actor=curator, reason="")
    imports.settle()
    tell()
    (entry,) = entries(reader.pk)
    assert entry.work.public_id == Work.objects.get(pk=other).public_id
    assert [reason.name for reason in entry.holding] == ["Hedy Lamarr"]
    undo_join(event=event, actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader) == {"On tea": "Hedy Lamarr", "About tea": "Hedy Lamarr"}


def test_a_topic_that_the_source_takes_back_is_corrected(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    bring(tmp_path, work("n/7", "First of its kind", "Kurt Gödel", keywords=["cooking"]))
    follow(account=reader.pk, kind=FollowKind.TOPIC, subject=Topic.objects.get(label="cooking").pk)
    bring(tmp_path, SOUP)
    assert told(reader) == {"Stirring soups": "cooking"}
    bring(tmp_path, {**SOUP, "keywords": ["radio"]})
    assert told(reader) == {"Stirring soups": "-cooking"}


def test_a_run_that_is_rolled_back_takes_its_entries_along(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    run = ImportRun.objects.order_by("-pk")[0]
    rollback.begin(run)
    rollback.advance(run)
    imports.settle()
    tell()
    assert not FeedEntry.objects.exists()
    assert not News.objects.exists()


def test_who_asked_not_to_be_named_is_not_named_in_feeds(
    reader: User, signed_in: Client, hedy: Researcher, emmy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, hedy, emmy)
    bring(tmp_path, SOUP, TEA)
    opt_out(researcher=hedy.pk, actor=curator, reason="")
    imports.settle()
    tell()
    assert told(reader) == {"Stirring soups": "Emmy Noether"}
    for path in ("/me/feed/", "/me/following/"):
        assert "Lamarr" not in signed_in.get(path).content.decode()


def test_who_stops_following_is_not_shown_what_it_was_for(reader: User, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    unfollow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)
    assert told(reader) == {}


def test_everybody_is_told_in_however_small_steps(hedy: Researcher, tmp_path: Path) -> None:
    users = get_user_model().objects
    crowd = users.bulk_create([users.model(username=f"reader {number}") for number in range(23)])
    for one in crowd:
        following(one, hedy)
    assert importworks(write(tmp_path / "works.jsonl", [SOUP, TEA])).status == 0
    while compose(marks=1):
        pass
    steps = 0
    while deliver(news=1, accounts=5):
        steps += 1
    assert steps == 10
    assert sorted(FeedEntry.objects.values_list("account_id", flat=True)) == sorted(
        one.pk for one in crowd for _ in "12"
    )
    assert not waiting()


def test_marks_are_taken_off_up_to_what_was_shown(
    reader: User, signed_in: Client, hedy: Researcher, tmp_path: Path
) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    seen = feed_page(reader.pk).newest
    bring(tmp_path, TEA)
    assert signed_in.get("/me/feed/").content.decode().count('">unread<') == 2
    assert signed_in.post("/me/feed/read/", {"upto": seen})["Location"] == "/me/feed/"
    assert [entry.unread for entry in feed_page(reader.pk).entries] == [True, False]
    assert read(account=reader.pk, upto=seen) == 0
    assert signed_in.post("/me/feed/read/", {"upto": "everything"}).status_code == 302


def test_the_feed_is_paged_by_key(
    reader: User, signed_in: Client, hedy: Researcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_selectors, "ENTRIES_A_PAGE", 2)
    following(reader, hedy)
    titles = [f"Work number {number} of many" for number in "12345"]
    for number, title in enumerate(titles):
        bring(tmp_path, work(f"p/{number}", title, HEDY))
    found: list[str] = []
    path = "/me/feed/"
    while path:
        page = feed_page(reader.pk, before=path.partition("before=")[2])
        assert signed_in.get(path).status_code == 200
        found += [entry.work.title for entry in page.entries]
        path = page.older
    assert found == titles[::-1]
    assert feed_page(reader.pk, before="1" * 40).entries == feed_page(reader.pk).entries


def test_an_empty_feed_suggests_coauthors_and_topics_or_the_most_active(
    reader: User, signed_in: Client, hedy: Researcher
) -> None:
    assert [one.reason for one in feed_page(reader.pk).suggested][:1] == ["among the records with most works"]
    following(reader, hedy)
    near = feed_page(reader.pk).suggested
    assert [(one.kind, one.name) for one in near] == [("researcher", "George Antheil"), ("topic", "radio")]
    page = signed_in.get("/me/feed/").content.decode()
    assert "No new works yet." in page
    signed_in.post(near[1].action, {"follow": "yes", "next": "/me/feed/"})
    assert [one.name for one in feed_page(reader.pk).suggested] == ["George Antheil"]


def test_the_feed_is_private_and_stays_in_its_query_budget(
    reader: User, signed_in: Client, hedy: Researcher, tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP, TEA)
    # Session, account and its rights; entries, their works, what one follows, whether there is a secret address.
    with django_assert_num_queries(8):
        page = signed_in.get("/me/feed/")
    assert "no-store" in page["Cache-Control"]
    assert "private" in page["Cache-Control"]
    assert 'content="noindex"' in page.content.decode()
    for path in ("/me/feed/", "/me/following/"):
        assert Client().get(path)["Location"] == f"/account/login/?next={path}"
    for path in ("/me/feed/read/", "/me/feed/address/", "/me/feed/address/revoke/"):
        assert Client().post(path)["Location"] == "/account/login/?next=/me/feed/"
        assert signed_in.get(path).status_code == 405


def test_hostile_text_is_inert_in_the_feed(reader: User, signed_in: Client, hedy: Researcher, tmp_path: Path) -> None:
    following(reader, hedy)
    name = {"name": f"Ada {PAYLOADS[1]}", "affiliation": f"{PAYLOADS[3]} University"}
    first = work("h/1", "Sieves", name, keywords=[PAYLOADS[2]])
    bring(tmp_path, first)
    for topic in Topic.objects.filter(work_topics__work__title="Sieves"):
        follow(account=reader.pk, kind=FollowKind.TOPIC, subject=topic.pk)
    following(reader, holder("Sieves", f"Ada {PAYLOADS[1]}"))
    bring(
        tmp_path,
        *[work(f"h/2{n}", f"{one} {n}", HEDY, name, keywords=[PAYLOADS[2]]) for n, one in enumerate(PAYLOADS[:15])],
    )
    assert feed_page(reader.pk).entries
    for path in ("/me/feed/", "/me/feed/?kind=topic", "/me/following/"):
        page = signed_in.get(path).content.decode()
        assert MARK in page
        assert harm(page) == []


def test_everything_one_follows_is_listed_and_left_from_there(
    reader: User, signed_in: Client, hedy: Researcher
) -> None:
    following(reader, hedy)
    page = signed_in.get("/me/following/").content.decode()
    assert "Hedy Lamarr" in page
    answer = signed_in.post(f"/researchers/{hedy.public_id}/follow/", {"follow": "no", "next": "/me/following/"})
    assert answer["Location"] == "/me/following/"
    assert "You follow nobody yet." in signed_in.get("/me/following/").content.decode()
