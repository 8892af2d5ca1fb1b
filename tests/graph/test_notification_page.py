"""The page of notifications, the number in the header, and what an account keeps of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from graph import notification_selectors
from graph.flows import notify
from graph.flows.follow import follow
from graph.follow_models import FollowKind
from graph.notification_models import Notification, NotificationChoice, Untold
from graph.notification_selectors import choices, notification_page
from graph.notification_texts import ClaimWord, Rearranged, of_claim, of_records, of_works, unread_label
from profiles.claim_models import NoticeKind
from profiles.claims import State
from profiles.flows.claims.submit import submit
from profiles.flows.merge import merge
from profiles.models import Researcher
from researchgraph.accounts import copy, erase
from tests.claiming import begun, page, person, weak
from tests.following import account, bring, following, heard, holder, lines, tell
from tests.hostile import MARK, PAYLOADS, harm
from tests.pipeline import work
from works import imports
from works.models import Topic

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

PAGE = "/notifications/"
HEDY = {"name": "Hedy Lamarr", "orcid": "0000-0002-1825-0097"}
EMMY = {"name": "Emmy Noether", "orcid": "0000-0002-1694-233X"}
BEFORE = [
    work("n/1", "Hopping between frequencies", HEDY, "George Antheil", keywords=["radio"]),
    work("n/2", "Number rings", EMMY, "Kurt Gödel"),
    *(work(f"n/2{n}", f"Rings and ideals, part {n}", EMMY, "Kurt Gödel") for n in range(4)),
]


@pytest.fixture
def hedy(tmp_path: Path) -> Researcher:
    bring(tmp_path, *BEFORE)
    return holder("Hopping between frequencies", "Hedy Lamarr")


@pytest.fixture
def curator(empty_library: None) -> User:
    return person("curator", curator=True)


@pytest.fixture
def reader(hedy: Researcher, emmy: Researcher) -> User:
    """Somebody who follows two records."""
    return following(account(), hedy, emmy)


@pytest.fixture
def signed_in(reader: User) -> Client:
    return client_of(reader)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def of_every_kind(reader: User, hedy: Researcher, emmy: Researcher, curator: User, tmp_path: Path) -> None:
    """New works, records that were joined, and a claim."""
    bring(tmp_path, work("n/3", "Stirring soups", HEDY), work("n/4", "On tea", HEDY))
    weak("claimant", hedy)
    claim = sent_by(reader, emmy)
    assert claim
    merge(researcher=hedy.pk, into=emmy.pk, actor=curator, reason="I know them.", force=True)
    imports.settle()
    tell()


def sent_by(user: User, record: Researcher) -> int:
    """A claim of the reader, in review because a page is all there is."""
    claim = begun(user, record)
    page(claim, record.pk)
    return int(submit(claim=claim.pk, claimant=user).pk)


def link(page: bytes) -> str:
    """What the link in the header says."""
    found = re.search(r'<a href="/notifications/"[^>]*>(.*?)</a>', page.decode(), re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


def test_the_page_shows_all_kinds_by_day_with_where_to_act(
    reader: User, signed_in: Client, of_every_kind: None, emmy: Researcher
) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert [line.label for line in lines(reader)] == ["records", "claim", "works"]
    for line in lines(reader):
        assert line.href.replace("&", "&amp;") in page
        assert signed_in.get(line.href).status_code == 200
    assert page.count('<section class="day"') == 1
    assert page.count('">unread<') == 3
    assert f'<a href="{emmy.get_absolute_url()}"><bdi>Emmy Noether</bdi></a>' in page
    assert "curator" not in "".join(heard(reader)).replace("a curator looks at it", "")
    assert "I know them" not in page


def test_the_header_has_the_number_with_its_unit_and_none_for_zero(
    signed_in: Client, of_every_kind: None, reader: User
) -> None:
    assert link(signed_in.get("/").content) == "Notifications 3 unread"
    seen = lines(reader)[-1].id
    signed_in.post("/notifications/read/", {"upto": seen})
    assert link(signed_in.get("/").content) == "Notifications 2 unread"
    signed_in.post("/notifications/read/", {"upto": notification_page(reader.pk).newest})
    assert link(signed_in.get("/").content) == "Notifications"
    assert "Mark all as read" not in signed_in.get(PAGE).content.decode()
    assert link(client_of(account("stranger")).get("/").content) == "Notifications"
    assert PAGE not in Client().get("/").content.decode()


@pytest.mark.parametrize(("count", "label"), [(0, ""), (7, "7"), (99, "99"), (100, "99+")])
def test_many_unread_are_not_counted_to_the_end(count: int, label: str) -> None:
    assert unread_label(count) == label


def test_the_number_costs_no_query(
    reader: User, signed_in: Client, of_every_kind: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Notification.objects.bulk_create(
        Notification(account=reader, first_entry=n, last_entry=n) for n in range(10**9, 10**9 + 120)
    )
    signed_in.get("/about/records/")
    # Session, account with its number, and two for its rights, which the header asks about.
    with django_assert_num_queries(4):
        page = signed_in.get("/about/records/")
    assert link(page.content) == "Notifications 99+ unread"


def test_an_account_that_may_not_be_used_is_not_let_in_by_its_session(signed_in: Client, reader: User) -> None:
    assert signed_in.get(PAGE).status_code == 200
    reader.is_active = False
    reader.save()
    assert signed_in.get(PAGE)["Location"] == f"/account/login/?next={PAGE}"


def test_the_page_is_private_and_stays_in_its_query_budget(
    reader: User, signed_in: Client, of_every_kind: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, account and its rights; notifications, what stands beside them, claims, events, works.
    with django_assert_num_queries(9):
        page = signed_in.get(PAGE)
    assert "no-store" in page["Cache-Control"]
    assert "private" in page["Cache-Control"]
    assert 'content="noindex"' in page.content.decode()
    assert Client().get(PAGE)["Location"] == f"/account/login/?next={PAGE}"
    for path in ("read/", "choices/"):
        assert Client().post(PAGE + path)["Location"] == f"/account/login/?next={PAGE}"
        assert signed_in.get(PAGE + path).status_code == 405


def test_nobody_reads_or_marks_what_is_somebody_elses(reader: User, of_every_kind: None) -> None:
    other = client_of(account("other"))
    assert "No notifications yet." in other.get(PAGE).content.decode()
    other.post("/notifications/read/", {"upto": 2**62})
    assert all(line.unread for line in lines(reader))


def test_marks_are_taken_off_up_to_what_was_there(signed_in: Client, reader: User, of_every_kind: None) -> None:
    newest = notification_page(reader.pk).newest
    upto = re.search(r'name="upto" value="(\d+)"', signed_in.get(PAGE).content.decode())
    assert upto is not None
    assert int(upto[1]) == newest
    weak_before = lines(reader)[1].id
    assert signed_in.post("/notifications/read/", {"upto": weak_before})["Location"] == PAGE
    assert [line.unread for line in lines(reader)] == [True, False, False]
    assert notify.read(account=reader.pk, upto=weak_before) == 0
    assert signed_in.post("/notifications/read/", {"upto": "everything"}).status_code == 302
    assert [line.unread for line in lines(reader)] == [True, False, False]


def test_the_page_is_paged_by_key(
    reader: User, signed_in: Client, of_every_kind: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification_selectors, "LINES_A_PAGE", 2)
    first = notification_page(reader.pk)
    second = notification_page(reader.pk, before=first.older.partition("before=")[2])
    assert (len(first.lines), len(second.lines), second.older) == (2, 1, "")
    page = signed_in.get(first.older).content.decode()
    assert 'href="/notifications/">Newest</a>' in page
    assert "Nothing older." in signed_in.get(f"{PAGE}?before=1").content.decode()
    assert notification_page(reader.pk, before="1" * 40).lines == first.lines


def test_what_one_wants_to_hear_is_chosen_without_scripts(signed_in: Client, reader: User) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert page.count(" checked>") == 2
    assert signed_in.post("/notifications/choices/", {"works": "on"})["Location"] == PAGE
    assert choices(reader.pk) == notification_selectors.Choices(records=False, works=True)
    assert re.search(r'name="works" checked>', signed_in.get(PAGE).content.decode())
    assert signed_in.get(PAGE).content.decode().count(" checked>") == 1
    signed_in.post("/notifications/choices/", {"records": "on", "works": "on"})
    assert choices(reader.pk) == choices(account("stranger").pk)


def test_an_empty_page_says_what_comes_here_and_where_to_begin(signed_in: Client) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert "No notifications yet." in page
    assert 'href="/me/feed/"' in page
    assert 'href="/claims/"' in page


def test_a_copy_of_the_account_has_its_notifications(reader: User, of_every_kind: None) -> None:
    notify.choose(account=reader.pk, records=False, works=True)
    copied = copy.of(reader)
    assert [one["sentence"] for one in copied["notified_of"]] == heard(reader)
    assert copied["wants_to_hear"] == {"records": False, "works": True}
    assert json.dumps(copied, default=str)


def test_nothing_is_left_of_the_notifications_of_an_account_that_ends(
    reader: User, curator: User, of_every_kind: None, tmp_path: Path
) -> None:
    for one in (reader, curator):
        notify.choose(account=one.pk, records=True, works=False)
        Untold.objects.create(account=one, first_entry=1, last_entry=2)
        erase.erase(user=one)
    assert not NotificationChoice.objects.exists()
    assert not Untold.objects.exists()
    assert set(Notification.objects.values_list("account__username", flat=True)) == {"claimant"}


def test_hostile_text_is_inert(curator: User, tmp_path: Path) -> None:
    names = [{"name": f"Ada {PAYLOADS[n]}", "affiliation": f"{PAYLOADS[3]} University"} for n in (1, 7)]
    bring(tmp_path, work("h/1", "Sieves", *names, keywords=[PAYLOADS[2]]))
    one, other = (holder("Sieves", name["name"]) for name in names)
    reader = following(account("reader"), one, other)
    follow(account=reader.pk, kind=FollowKind.TOPIC, subject=Topic.objects.latest("pk").pk)
    sent_by(reader, one)
    merge(researcher=one.pk, into=other.pk, actor=curator, reason=PAYLOADS[0], force=True)
    bring(tmp_path, work("h/2", PAYLOADS[4], *names, keywords=[PAYLOADS[2]]))
    page = client_of(reader).get(PAGE).content.decode()
    assert MARK in page
    assert harm(page) == []
    assert len(lines(reader)) == 3


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_of_notice_has_words_and_only_ones_own_claim_is_said_to_be_ones_own(kind: NoticeKind) -> None:
    said = "".join(
        part.text for part in of_claim(ClaimWord(1, kind, State.IN_REVIEW, 1, State.IN_REVIEW, None, ["Ada"]))
    )
    assert said.startswith("Your claim") == (kind is NoticeKind.STATE)
    assert said.endswith(".")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("names", [[], ["Ada"], ["Ada", "Eve"], list("ABCDE")], ids=len)
def test_every_word_about_a_claim_is_one_plain_sentence(state: State, names: list[str]) -> None:
    said = "".join(part.text for part in of_claim(ClaimWord(1, "state", state, 1, state, None, names)))
    which = {0: "a record that was taken down", 1: "Ada", 2: "Ada and Eve", 5: "A, B, C and 2 more"}[len(names)]
    assert said.startswith(f"Your claim on {which} ")
    assert said.endswith(".")
    assert "_" not in said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((1, 0, ["researcher"]), "1 new work of people you follow."),
        ((12, 0, ["researcher"]), "12 new works of people you follow."),
        ((100, 0, ["topic"]), "100 or more new works of topics you follow."),
        ((11, 1, ["researcher", "topic", "institution"]),
         "11 new works of people, topics and institutions you follow; 1 was taken back since."),
        ((1, 2, ["researcher"]), "1 new work of people you follow; 2 were taken back since."),
        ((0, 1, []), "1 new work was taken back: it is not listed any more under what you follow."),
        ((0, 2, []), "2 new works were taken back: they are not listed any more under what you follow."),
    ],
)  # fmt: skip
def test_new_works_are_counted_and_corrected(facts: tuple[int, int, list[str]], said: str) -> None:
    assert "".join(part.text for part in of_works(*facts)) == said


def test_records_without_a_name_have_no_address_either() -> None:
    for kind, turns in (
        ("researcher:merged", 0),
        ("researcher:merged", 1),
        ("researcher:split", 0),
        ("researcher:split", 1),
    ):
        event = Rearranged(1, kind, turns, 2, "", "", "", "", "", "", "")
        parts = of_records(event)
        assert event.history == ""
        assert not [part for part in parts if part.href or part.name]
        assert parts[0].text[0].isupper() or parts[0].text[0].isdigit()
