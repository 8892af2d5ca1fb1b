"""Notifications: who hears of what, once each, whatever happens to it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from graph import tasks
from graph.feed_selectors import feed_page
from graph.flows import notify
from graph.flows.deliver import deliver
from graph.flows.follow import follow, unfollow
from graph.flows.news import compose
from graph.flows.read import read
from graph.follow_models import FeedEntry, FollowKind
from graph.notification_models import Notification, Occasion, Untold
from profiles.claim_models import ClaimNotice
from profiles.flows.choose_name import choose_name
from profiles.flows.claims import appeal, decide, freeze, notices
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.reject import reject
from profiles.flows.remove import remove
from profiles.flows.split import split
from profiles.flows.undo import undo
from profiles.models import IdentityEvent, Report, Researcher
from tests.claiming import RECORDS, asked, author, begun, charles, person, sent, weak
from tests.following import account, bring, following, heard, holder, lines, tell
from tests.pipeline import importworks, untouched, work, write
from works import imports, rollback
from works.flows.join import join
from works.flows.undo import undo as undo_join
from works.models import ImportRun, Topic, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.usefixtures("empty_library")

HEDY = {"name": "Hedy Lamarr", "affiliation": "University of Warwick", "orcid": "0000-0002-1825-0097"}
EMMY = {"name": "Emmy Noether", "orcid": "0000-0002-1694-233X"}
BEFORE = [
    work("n/1", "Hopping between frequencies", HEDY, "George Antheil", keywords=["radio"]),
    work("n/2", "Number rings", EMMY, "Kurt Gödel"),
    work("n/3", "Ideals in rings", EMMY, "Kurt Gödel"),
]
SOUP = work("n/4", "Stirring soups", HEDY, EMMY, keywords=["radio"])
TEA = work("n/5", "On tea", HEDY, year=2023)
GONE = "New works that are gone again, were joined to others, or are of what you do not follow any more."
JOINED = "Hedy Lamarr was joined to Emmy Noether."


@pytest.fixture
def hedy(tmp_path: Path) -> Researcher:
    bring(tmp_path, *BEFORE)
    return holder("Hopping between frequencies", "Hedy Lamarr")


@pytest.fixture
def curator(empty_library: None) -> User:
    return person("curator", curator=True)


@pytest.fixture
def ada(tmp_path: Path) -> Researcher:
    """A record to claim."""
    assert importworks(write(tmp_path / "works.jsonl", RECORDS)).status == 0
    return Researcher.objects.get(display_name="Ada Byron")


def joined(gone: Researcher, kept: Researcher, curator: User) -> int:
    event = merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="I know them.", force=True)
    imports.settle()
    tell()
    return event


def taken_back(event: int, curator: User) -> int:
    undoing = undo(event=event, actor=curator, reason="I do not know them.")
    imports.settle()
    tell()
    return undoing


class TestClaims:
    def test_every_word_about_a_claim_is_notified_with_it(self, ada: Researcher, curator: User) -> None:
        claim = weak("ada", ada)
        assert heard(claim.claimant) == ["Your claim on Ada Byron is in review; a curator looks at it."]
        decide.ask(claim=claim.pk, actor=curator, code="page-no-works", text="Which works?")
        assert heard(claim.claimant)[0] == "Your claim on Ada Byron needs one more thing from you."
        assert lines(claim.claimant)[0].href == f"/claims/{claim.pk}/"
        assert Notification.objects.count() == ClaimNotice.objects.count() == 2
        assert heard(account("stranger")) == heard(curator) == []

    def test_an_approval_that_waits_says_since_when_it_counts(self, ada: Researcher, curator: User) -> None:
        claim = weak("ada", ada)
        decide.approve(claim=claim.pk, actor=curator)
        claim.refresh_from_db()
        assert claim.effective_at is not None
        said = heard(claim.claimant)[0]
        assert said.startswith("Your claim on Ada Byron is approved, and counts from ")
        assert f"{claim.effective_at:%H:%M} UTC" in said

    def test_a_declined_claim_and_a_revoked_one_say_so(self, ada: Researcher, curator: User) -> None:
        claim = weak("ada", ada)
        decide.reject(claim=claim.pk, actor=curator, code="not-the-author", text="")
        assert heard(claim.claimant)[0] == "Your claim on Ada Byron is declined."
        verified = sent(author("byron"), ada)
        decide.revoke(claim=verified.pk, actor=curator, code="not-the-author", text="")
        assert heard(verified.claimant) == [
            "Your claim on Ada Byron is revoked, and what it had done is undone.",
            "Your claim on Ada Byron is verified: the record is yours.",
        ]

    def test_whoever_holds_a_record_hears_that_somebody_claims_it_and_can_stop_that(self, ada: Researcher) -> None:
        mine = sent(author(), ada)
        rival = weak("rival", ada)
        line = lines(mine.claimant)[0]
        assert line.sentence == "Somebody claims a record of yours: Ada Byron."
        assert line.href.startswith("/claims/dispute/")
        freeze.freeze(claim=rival.pk, actor=None, text="It is me.")
        assert lines(mine.claimant)[0].href == "/claims/"

    def test_whoever_has_lost_the_record_is_not_told_its_name_and_can_stop_nothing(
        self, ada: Researcher, curator: User
    ) -> None:
        mine = sent(author(), ada)
        weak("rival", ada)
        decide.revoke(claim=mine.pk, actor=curator, code="not-the-author", text="")
        line = lines(mine.claimant)[1]
        assert (line.sentence, line.href) == ("Somebody claims a record of yours.", "/claims/")

    def test_a_warning_to_somebody_without_an_account_is_a_mail_only(self, ada: Researcher) -> None:
        claim = weak("ada", ada)
        report = Report.objects.create(researcher=ada, kind="me", email="a@b.example", state="open", confirmed_at=now())
        notices.warn(claim, [ada.pk])
        assert ClaimNotice.objects.get(report=report).user is None
        assert Notification.objects.count() == 1

    def test_whoever_is_asked_to_vouch_hears_of_it(self, ada: Researcher) -> None:
        babbage = Researcher.objects.get(display_name="Charles Babbage")
        voucher = charles(babbage)
        asked(begun(person("claimant", "claimant@analytical.example"), ada), babbage)
        line = lines(voucher)[0]
        assert line.sentence == "Somebody who claims Ada Byron asks you to vouch for them."
        assert (line.action, line.href) == ("Answer", "/claims/")
        assert "claimant" not in "".join(heard(voucher))

    def test_a_record_taken_down_is_not_named(self, ada: Researcher, curator: User) -> None:
        claim = weak("ada", ada)
        remove(researcher=ada.pk, actor=curator, reason="")
        assert heard(claim.claimant) == [
            "Your claim on a record that was taken down is in review; a curator looks at it."
        ]

    def test_what_a_claim_joins_is_told_to_followers_and_to_its_claimant_as_a_word_about_the_claim(
        self, ada: Researcher, reader: User, curator: User
    ) -> None:
        adele = Researcher.objects.get(display_name="Adele Lace")
        following(reader, adele)
        claim = sent(author(), ada, adele)
        claimant = following(get_user_model().objects.get(username="ada"), adele)
        decide.approve(claim=claim.pk, actor=curator)
        tell()
        assert heard(reader) == ["Adele Lace was joined to Ada Byron."]
        assert heard(claimant) == [
            "Your claim on Ada Byron is approved.",
            "Your claim on Ada Byron is in review; a curator looks at it.",
        ]

    def test_giving_everything_back_takes_the_notifications_along(self, ada: Researcher) -> None:
        claim = weak("ada", ada)
        appeal.forget(claimant=claim.claimant)
        assert heard(claim.claimant) == []


class TestRecords:
    def test_followers_and_the_holder_hear_of_a_merge_but_not_who_decided(
        self, ada: Researcher, reader: User, curator: User, hedy: Researcher, emmy: Researcher
    ) -> None:
        following(reader, hedy)
        following(curator, emmy)
        other = following(account("other"), emmy)
        stranger = account("stranger")
        joined(hedy, emmy, curator)
        for user in (reader, other):
            assert heard(user) == [JOINED]
            (line,) = lines(user)
            assert line.href == f"{emmy.get_absolute_url()}history/"
            assert line.why == "because you follow one of them"
            assert [part.href for part in line.parts] == ["", "", emmy.get_absolute_url(), ""]
        assert heard(curator) == heard(stranger) == []
        mine = sent(author(), ada)
        assert mine.claimant is not None
        joined(emmy, ada, curator)
        assert heard(mine.claimant)[0] == "Emmy Noether was joined to Ada Byron."
        assert lines(mine.claimant)[0].why == "because one of them is yours"
        assert len(heard(reader)) == 2

    def test_a_merge_by_the_rule_is_told_as_well(self, reader: User, tmp_path: Path) -> None:
        first = [
            work("w/1", "Robot hands that feel", {"name": "Wei Wang", "affiliation": "University of Warwick"}, "Grace Hopper"),
            work("w/2", "Robot hands that grasp", {"name": "Wei Wang", "affiliation": "University of Warwick"}, "Grace Hopper"),
            work("w/3", "Folding of proteins", {"name": "Wei Wang", "affiliation": "Princeton University"}, "Kurt Gödel", year=1990),
        ]  # fmt: skip
        bring(tmp_path, *first)
        both = [holder("Robot hands that feel", "Wei Wang"), holder("Folding of proteins", "Wei Wang")]
        assert both[0] != both[1]
        following(reader, *both)
        orcid = {"name": "Wei Wang", "orcid": "0000-0002-1694-233X"}
        bring(tmp_path, *({**record, "authors": [orcid, record["authors"][1]]} for record in first))
        event = IdentityEvent.objects.get(kind="researcher:merged")
        assert event.actor is None
        assert heard(reader) == ["Wei Wang was joined to Wei Wang."]

    def test_what_nobody_follows_or_holds_leaves_nothing_to_do(
        self, hedy: Researcher, emmy: Researcher, curator: User
    ) -> None:
        merge(researcher=hedy.pk, into=emmy.pk, actor=curator, reason="", force=True)
        assert not Occasion.objects.exists()
        assert not notify.waiting()

    def test_undoing_and_doing_it_again_are_told_each(
        self, reader: User, hedy: Researcher, emmy: Researcher, curator: User
    ) -> None:
        following(reader, hedy)
        event = joined(hedy, emmy, curator)
        undoing = taken_back(event, curator)
        taken_back(undoing, curator)
        assert heard(reader) == [
            "Hedy Lamarr was joined to Emmy Noether again.",
            "Hedy Lamarr and Emmy Noether are two records again.",
            JOINED,
        ]

    def test_a_split_and_its_undoing_are_told(self, reader: User, emmy: Researcher, curator: User) -> None:
        following(reader, emmy)
        byline = emmy.authorships.get(work__title="Number rings")
        done = split(researcher=emmy.pk, bylines=[byline.pk], actor=curator, reason="")
        imports.settle()
        tell()
        made = Researcher.objects.get(pk=done.made)
        (line,) = lines(reader)
        assert line.sentence == "1 work was split off from Emmy Noether into a record of their own, Emmy Noether."
        assert {part.href for part in line.parts} == {"", emmy.get_absolute_url(), made.get_absolute_url()}
        taken_back(done.event, curator)
        assert heard(reader)[0] == "The works that were split off from Emmy Noether are back there."

    def test_other_decisions_and_their_undoing_are_not_told(
        self, reader: User, hedy: Researcher, curator: User
    ) -> None:
        following(reader, hedy)
        byline = hedy.authorships.get()
        event = reject(researcher=hedy.pk, bylines=[byline.pk], actor=curator, reason="")
        undo(event=event, actor=curator, reason="")
        confirm(researcher=hedy.pk, bylines=[byline.pk], actor=curator, reason="")
        imports.settle()
        tell()
        assert heard(reader) == []

    def test_who_followed_later_does_not_hear_of_what_was_before(
        self, reader: User, hedy: Researcher, emmy: Researcher, curator: User
    ) -> None:
        other = following(account("other"), hedy)
        merge(researcher=hedy.pk, into=emmy.pk, actor=curator, reason="", force=True)
        following(reader, emmy)
        tell()
        assert heard(reader) == []
        assert heard(other) == [JOINED]

    def test_records_that_may_not_be_named_are_told_of_without_a_name(
        self, reader: User, hedy: Researcher, emmy: Researcher, curator: User
    ) -> None:
        following(reader, hedy)
        joined(hedy, emmy, curator)
        opt_out(researcher=emmy.pk, actor=curator, reason="")
        imports.settle()
        assert heard(reader) == ["A record that was taken down was joined to a record that was taken down."]
        (line,) = lines(reader)
        assert line.href == ""
        assert {part.href for part in line.parts} == {""}

    def test_a_record_that_is_part_of_another_goes_by_the_name_chosen_for_that(
        self, reader: User, hedy: Researcher, emmy: Researcher, curator: User
    ) -> None:
        following(reader, hedy)
        joined(hedy, emmy, curator)
        choose_name(researcher=emmy.pk, name="Emmy N.", actor=curator, reason="")
        assert heard(reader) == ["Emmy N. was joined to Emmy N."]

    def test_who_does_not_want_to_hear_of_records_does_not_and_not_later_either(
        self, reader: User, hedy: Researcher, emmy: Researcher, curator: User
    ) -> None:
        following(reader, hedy)
        notify.choose(account=reader.pk, records=False, works=True)
        event = joined(hedy, emmy, curator)
        assert heard(reader) == []
        notify.choose(account=reader.pk, records=True, works=True)
        tell()
        assert heard(reader) == []
        taken_back(event, curator)
        assert len(heard(reader)) == 1


class TestWorks:
    def test_what_one_composing_brings_is_one_line_that_leads_to_it(
        self, reader: User, hedy: Researcher, emmy: Researcher, tmp_path: Path
    ) -> None:
        following(reader, hedy, emmy)
        bring(tmp_path, SOUP, TEA)
        (line,) = lines(reader)
        assert line.sentence == "2 new works of people you follow."
        assert line.href == f"/me/feed/?before={FeedEntry.objects.latest('pk').pk + 1}"
        bring(tmp_path, work("n/6", "More tea", HEDY))
        assert heard(reader) == ["1 new work of people you follow.", "2 new works of people you follow."]

    def test_the_kinds_of_what_one_follows_are_named(self, reader: User, hedy: Researcher, tmp_path: Path) -> None:
        following(reader, hedy)
        follow(account=reader.pk, kind=FollowKind.TOPIC, subject=Topic.objects.get(label="radio").pk)
        bring(tmp_path, SOUP, TEA)
        assert heard(reader) == ["2 new works of people and topics you follow."]

    def test_small_steps_make_one_line_for_everybody(self, hedy: Researcher, tmp_path: Path) -> None:
        users = get_user_model().objects
        crowd = users.bulk_create([users.model(username=f"reader {number}") for number in range(23)])
        for one in crowd:
            following(one, hedy)
        assert importworks(write(tmp_path / "works.jsonl", [SOUP, TEA])).status == 0
        while compose(marks=1):
            assert notify.works() == 0, "feeds are not at rest"
        while deliver(news=1, accounts=5):
            pass
        assert Untold.objects.count() == len(crowd)
        steps = 0
        while notify.works(accounts=5):
            steps += 1
        assert steps == 5
        assert {one for user in crowd for one in heard(user)} == {"2 new works of people you follow."}
        assert Notification.objects.count() == len(crowd)
        assert not notify.waiting()

    def test_what_was_taken_back_is_corrected_the_next_time_it_is_shown(
        self, reader: User, hedy: Researcher, curator: User, tmp_path: Path
    ) -> None:
        following(reader, hedy)
        bring(tmp_path, SOUP, TEA)
        events = []
        for title, said in (
            ("On tea", "1 new work of people you follow; 1 was taken back since."),
            ("Stirring soups", "2 new works were taken back: they are not listed any more under what you follow."),
        ):
            byline = hedy.authorships.get(work__title=title)
            events.append(reject(researcher=hedy.pk, bylines=[byline.pk], actor=curator, reason=""))
            imports.settle()
            tell()
            assert heard(reader) == [said]
        for event in events:
            taken_back(event, curator)
        assert heard(reader) == ["2 new works of people you follow."]

    def test_a_run_that_is_rolled_back_is_not_notified_and_what_was_says_that_it_is_gone(
        self, reader: User, hedy: Researcher, tmp_path: Path
    ) -> None:
        following(reader, hedy)
        bring(tmp_path, SOUP)
        importworks(write(tmp_path / "works.jsonl", [TEA]))
        while compose() or deliver():
            pass
        for run in ImportRun.objects.order_by("-pk")[:2]:
            rollback.begin(run)
            rollback.advance(run)
        imports.settle()
        tell()
        assert heard(reader) == [GONE]

    def test_works_of_what_is_not_followed_any_more_are_not_counted(
        self, reader: User, hedy: Researcher, tmp_path: Path
    ) -> None:
        following(reader, hedy)
        bring(tmp_path, SOUP)
        unfollow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=hedy.pk)
        assert heard(reader) == [GONE]

    def test_who_does_not_want_to_hear_of_works_has_them_in_the_feed_alone(
        self, reader: User, hedy: Researcher, tmp_path: Path
    ) -> None:
        following(reader, hedy)
        notify.choose(account=reader.pk, records=True, works=False)
        bring(tmp_path, SOUP)
        notify.choose(account=reader.pk, records=True, works=True)
        bring(tmp_path, TEA)
        assert FeedEntry.objects.count() == 2
        assert heard(reader) == ["1 new work of people you follow."]

    def test_works_that_are_joined_count_once_where_the_first_of_them_was_told(
        self, reader: User, hedy: Researcher, curator: User, tmp_path: Path
    ) -> None:
        following(reader, hedy)
        bring(tmp_path, SOUP)
        bring(tmp_path, TEA, work("n/6", "About tea", HEDY, year=2024))
        soup, tea, about = (Work.objects.get(title=title).pk for title in ("Stirring soups", "On tea", "About tea"))
        event = join(work=tea, into=about, actor=curator, reason="")
        tell()
        assert heard(reader) == ["1 new work of people you follow."] * 2
        join(work=soup, into=about, actor=curator, reason="")
        tell()
        assert heard(reader) == [GONE, "1 new work of people you follow."]
        undo_join(event=event, actor=curator, reason="")
        tell()
        assert heard(reader)[0] == "1 new work of people you follow."
        assert len(feed_page(reader.pk).entries) == 2

    def test_reading_the_feed_reads_what_told_of_it(self, reader: User, hedy: Researcher, tmp_path: Path) -> None:
        following(reader, hedy)
        bring(tmp_path, SOUP)
        upto = FeedEntry.objects.latest("pk").pk
        bring(tmp_path, TEA)
        read(account=reader.pk, upto=upto)
        assert [line.unread for line in lines(reader)] == [True, False]

    def test_what_was_read_in_the_feed_before_is_not_notified(
        self, reader: User, hedy: Researcher, tmp_path: Path
    ) -> None:
        following(reader, hedy)
        assert importworks(write(tmp_path / "works.jsonl", [SOUP])).status == 0
        while compose() or deliver():
            pass
        read(account=reader.pk, upto=FeedEntry.objects.latest("pk").pk)
        tell()
        assert heard(reader) == []
        assert not notify.waiting()


def test_doing_everything_twice_changes_nothing(
    reader: User, hedy: Researcher, emmy: Researcher, curator: User, tmp_path: Path
) -> None:
    following(reader, hedy)
    bring(tmp_path, SOUP)
    event = joined(hedy, emmy, curator)
    before = untouched()
    tasks.compose_notifications()
    tasks.compose_notifications()
    Occasion.objects.create(event_id=event)
    assert notify.waiting()
    tasks.compose_notifications()
    assert not notify.waiting()
    assert untouched() == before


def test_many_are_notified_of_an_event_in_small_steps(hedy: Researcher, emmy: Researcher, curator: User) -> None:
    users = get_user_model().objects
    crowd = users.bulk_create([users.model(username=f"reader {number}") for number in range(23)])
    for one in crowd:
        following(one, hedy, emmy)
    merge(researcher=hedy.pk, into=emmy.pk, actor=curator, reason="", force=True)
    steps = 0
    while notify.rearranged(events=1, accounts=5):
        steps += 1
    assert steps == 5
    assert sorted(Notification.objects.values_list("account_id", flat=True)) == [one.pk for one in crowd]


def test_a_notification_is_about_one_thing(reader: User) -> None:
    for fields in ({}, {"first_entry": 2, "last_entry": 1}, {"first_entry": 1}, {"last_entry": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Notification.objects.create(account=reader, **fields)
