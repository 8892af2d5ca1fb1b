"""Questions to curators: open as long as they are questions, answered with events, taken back, never answered twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from profiles.flows import review as flows
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.rebuild import rebuild
from profiles.flows.reject import reject
from profiles.flows.tell_apart import tell_apart
from profiles.flows.undo import undo
from profiles.models import Distinction, IdentityEvent, Researcher, Review
from profiles.question_selectors import question
from profiles.review_selectors import Wish, nav, queue, queue_list
from researchgraph.errors import Conflict
from researchgraph.lib.desk import Verdict
from researchgraph.lib.desk_queue import Where
from tests.pipeline import importworks, work, write
from tests.questions import ask, is_open, state
from works.models import Authorship, Rejection

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

ROBOTS = {"name": "Wei Wang", "affiliation": "University of Warwick"}
PROTEINS = {"name": "Wei Wang", "affiliation": "Princeton University"}
RECORDS = [
    work("t/1", "Grasping with soft hands", ROBOTS, "Grace Hopper", year=2019),
    work("t/2", "Robot hands that feel", ROBOTS, "Grace Hopper", year=2020),
    work("t/3", "Soft robot hands in kitchens", ROBOTS, "Grace Hopper", year=2021),
    work("t/4", "Protein folding at scale", PROTEINS, "Kurt Gödel", year=1990),
    work("t/5", "Folding of membrane proteins", PROTEINS, "Kurt Gödel", year=1991),
    work("t/6", "Medieval canals", {"name": "W. Wang", "affiliation": "Universität Göttingen"}, year=1905),
    work("t/7", "Winter soups", {"name": "W. Wang", "affiliation": "University of Tokyo"}, year=1950),
]


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.fixture
def other(empty_library: None) -> User:
    return get_user_model().objects.create_user("other")


@pytest.fixture(autouse=True)
def collection(empty_library: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    Review.objects.all().delete()


def byline(title: str) -> Authorship:
    return Authorship.objects.get(work__title=title, raw_name__in=["Wei Wang", "W. Wang"])


def record(title: str) -> Researcher:
    found = byline(title).researcher
    assert found is not None
    return found


@pytest.fixture
def robots() -> Researcher:
    return record("Grasping with soft hands")


@pytest.fixture
def proteins() -> Researcher:
    return record("Protein folding at scale")


@pytest.fixture
def undecided() -> list[Authorship]:
    """Two bylines that nobody holds."""
    found = [byline("Medieval canals"), byline("Winter soups")]
    assert [(one.researcher, one.kind) for one in found] == [(None, "undecided")] * 2
    return found


def answer(review: Review, verdict: str, actor: User, **more: object) -> int | None:
    return flows.answer(review=review.pk, verdict=Verdict(verdict), actor=actor, state=state(review), **more)  # type: ignore[arg-type]


def shown(user: User, **wish: object) -> int | None:
    place = queue(Wish(user=user.pk, **wish)).place  # type: ignore[arg-type]
    return place.id if place else None


# --- open or not --------------------------------------------------------------------------------------------------------


def test_a_question_about_two_records_is_open_until_they_are_one_or_told_apart(
    curator: User, robots: Researcher, proteins: Researcher
) -> None:
    review = ask("merge", robots, proteins)
    assert is_open(review)
    event = tell_apart(researcher=robots.pk, other=proteins.pk, actor=curator, reason="x")
    assert not is_open(review)
    undo(event=event, actor=curator, reason="x")
    assert is_open(review)
    merge(researcher=proteins.pk, into=robots.pk, actor=curator, reason="x")
    assert not is_open(review)


def test_told_apart_holds_for_the_records_that_the_two_were_merged_into(
    curator: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    third = Researcher.objects.create(
        public_id="zzzzzzzzz0", display_name="W. Wang", sort_name="Wang", name_key="w wang",
        block_key=robots.block_key, listed_under=robots.block_key,
    )  # fmt: skip
    confirm(researcher=third.pk, bylines=[undecided[0].pk], actor=curator, reason="x")
    review = ask("merge", robots, proteins)
    tell_apart(researcher=third.pk, other=proteins.pk, actor=curator, reason="x")
    assert is_open(review)
    merge(researcher=third.pk, into=robots.pk, actor=curator, reason="x")
    assert not is_open(review)


def test_a_record_taken_down_is_asked_about_no_more(curator: User, robots: Researcher, proteins: Researcher) -> None:
    reviews = [ask("merge", robots, proteins), ask("split", robots, bylines=[byline("Robot hands that feel")])]
    opt_out(researcher=robots.pk, actor=curator, reason="x")
    assert [is_open(review) for review in reviews] == [False, False]


def test_a_byline_is_asked_about_while_it_is_undecided_and_a_candidate_is_left(
    curator: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    review = ask("byline", robots, proteins, bylines=undecided[:1], scores=[0.5, 0.3])
    assert is_open(review)
    reject(researcher=robots.pk, bylines=[undecided[0].pk], actor=curator, reason="x")
    assert is_open(review)
    found = question(review.pk, user=curator.pk)
    assert found is not None
    assert found.candidate is not None
    assert found.candidate.id == proteins.pk
    event = reject(researcher=proteins.pk, bylines=[undecided[0].pk], actor=curator, reason="x")
    assert not is_open(review)
    undo(event=event, actor=curator, reason="x")
    confirm(researcher=proteins.pk, bylines=[undecided[0].pk], actor=curator, reason="x")
    assert not is_open(review)


def test_a_part_is_asked_about_while_the_record_holds_it_with_others_and_nobody_placed_it(
    curator: User, robots: Researcher
) -> None:
    part = byline("Robot hands that feel")
    review = ask("split", robots, bylines=[part])
    assert is_open(review)
    event = confirm(researcher=robots.pk, bylines=[part.pk], actor=curator, reason="x")
    assert not is_open(review)
    undo(event=event, actor=curator, reason="x")
    assert is_open(review)
    reject(researcher=robots.pk, bylines=[part.pk], actor=curator, reason="x")
    assert not is_open(review)


def test_what_is_left_when_the_larger_part_moves_is_no_question(curator: User, robots: Researcher) -> None:
    part = list(Authorship.objects.filter(researcher=robots).order_by("id"))[:2]
    review = ask("split", robots, bylines=part)
    answer(review, "different", curator)
    assert not is_open(review)


# --- the queue ----------------------------------------------------------------------------------------------------------


def test_the_queue_is_ordered_by_harm_and_goes_round(
    curator: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    small = ask("merge", robots, proteins, weight=1)
    large = ask("split", robots, bylines=[byline("Robot hands that feel")], weight=5)
    middle = ask("byline", robots, bylines=undecided[:1], weight=3)
    assert [listed.id for listed in queue_list(Wish(curator.pk), page="").questions] == [large.pk, middle.pk, small.pk]
    assert shown(curator) == large.pk
    at = queue(Wish(curator.pk, start=middle.pk)).place
    assert at is not None
    assert (at.id, at.number, at.total, at.back, at.next) == (middle.pk, 2, 3, large.pk, small.pk)
    answer(middle, "same", curator)
    assert shown(curator, start=middle.pk) == small.pk
    answer(small, "different", curator)
    assert shown(curator, start=small.pk) == large.pk


def test_filters_count_what_they_show(
    curator: User, other: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    ask("merge", robots, proteins)
    aside = ask("byline", robots, bylines=undecided[:1])
    taken = ask("byline", proteins, bylines=undecided[1:])
    answer(aside, "unknown", curator)
    flows.take(review=taken.pk, user=other)
    found = queue(Wish(curator.pk, kind="merge"))
    assert found.waiting == nav(curator.pk).questions == 1
    found = queue(Wish(curator.pk))
    assert [one.count for one in found.places] == [1, 1, 1]
    assert {one.label: one.count for one in found.kinds} == {
        "All": 1, "Two records": 1, "Two identifiers": 0, "One record, two people": 0, "Undecided bylines": 0,
    }  # fmt: skip
    assert shown(curator, where=Where.ASIDE) == aside.pk
    assert shown(curator, where=Where.TAKEN) == taken.pk
    assert shown(curator, kind="byline") is None
    assert (nav(curator.pk).questions, nav(other.pk).questions) == (1, 2)
    flows.ask_again(reviews=[aside.pk])
    flows.release(review=taken.pk)
    assert nav(curator.pk).questions == 3


def test_the_queue_takes_as_many_queries_however_much_there_is(
    curator: User,
    robots: Researcher,
    proteins: Researcher,
    undecided: list[Authorship],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first = ask("byline", robots, proteins, bylines=undecided[:1], scores=[0.5, 0.4])
    with django_assert_num_queries(13):
        question(first.pk, user=curator.pk)
    with django_assert_num_queries(4):
        queue(Wish(curator.pk))
        queue_list(Wish(curator.pk), page="")
    ask("byline", robots, proteins, bylines=undecided[1:], scores=[0.5, 0.4])
    ask("merge", robots, proteins)
    with django_assert_num_queries(13):
        question(first.pk, user=curator.pk)
    with django_assert_num_queries(4):
        queue(Wish(curator.pk))
        queue_list(Wish(curator.pk), page="")


# --- answers ------------------------------------------------------------------------------------------------------------


def test_one_person_joins_the_record_with_less_to_the_one_with_more(
    curator: User, robots: Researcher, proteins: Researcher
) -> None:
    review = ask("merge", proteins, robots)
    event = answer(review, "same", curator)
    assert event is not None
    proteins.refresh_from_db()
    assert proteins.merged_into == robots
    stored = IdentityEvent.objects.get(pk=event)
    assert (stored.actor, stored.reason) == (curator, "Review queue: one person")
    flows.take_back(events=[stored.pk], actor=curator)
    proteins.refresh_from_db()
    assert proteins.merged_into is None
    assert is_open(review)
    assert rebuild(check=True) == 0


def test_different_people_are_told_apart_with_the_reason_given(
    curator: User, robots: Researcher, proteins: Researcher
) -> None:
    event = answer(ask("merge", robots, proteins), "different", curator, reason=" Met both. ")
    assert Distinction.objects.get().event_id == event
    assert IdentityEvent.objects.get(pk=event).reason == "Met both."


def test_two_identifiers_of_one_person_are_joined_all_the_same(
    curator: User, robots: Researcher, proteins: Researcher
) -> None:
    for one, orcid in ((robots, "0000-0002-1825-0097"), (proteins, "0000-0001-5109-3700")):
        Authorship.objects.filter(researcher=one).update(identifiers={"orcid": orcid})
    with pytest.raises(Conflict):
        answer(ask("merge", robots, proteins), "same", curator)
    found = question(ask("identifiers", robots, proteins).pk, user=curator.pk)
    assert found is not None
    assert any("Different ORCID identifiers" in text for text in found.against)
    answer(Review.objects.get(kind="identifiers"), "same", curator)
    proteins.refresh_from_db()
    assert proteins.merged_into == robots


def test_a_claimed_record_goes_on_though_it_holds_less(curator: User, robots: Researcher, proteins: Researcher) -> None:
    Researcher.objects.filter(pk=proteins.pk).update(verification_level=2)
    answer(ask("merge", robots, proteins), "same", curator)
    robots.refresh_from_db()
    assert robots.merged_into == proteins


def test_a_byline_goes_to_the_nearest_record_or_to_the_chosen_one(
    curator: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    answer(ask("byline", robots, proteins, bylines=undecided[:1], scores=[0.5, 0.4]), "same", curator)
    second = ask("byline", robots, proteins, bylines=undecided[1:], scores=[0.5, 0.4])
    answer(second, "same", curator, candidate=proteins.pk)
    assert byline("Medieval canals").researcher == robots
    assert byline("Winter soups").researcher == proteins


def test_not_theirs_goes_on_with_the_next_candidate(
    curator: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    review = ask("byline", robots, proteins, bylines=undecided[:1], scores=[0.5, 0.4])
    answer(review, "different", curator)
    assert Rejection.objects.get().researcher == robots
    assert is_open(review)
    with pytest.raises(Conflict):
        answer(review, "same", curator, candidate=robots.pk)
    answer(review, "different", curator)
    assert not is_open(review)


def test_one_record_of_two_people_is_split_and_of_one_person_confirmed(curator: User, robots: Researcher) -> None:
    part = byline("Robot hands that feel")
    review = ask("split", robots, bylines=[part])
    event = answer(review, "different", curator)
    assert byline("Robot hands that feel").researcher != robots
    assert event is not None
    flows.take_back(events=[event], actor=curator)
    assert byline("Robot hands that feel").researcher == robots
    assert is_open(review)
    answer(review, "same", curator)
    assert byline("Robot hands that feel").kind == "confirmed"
    assert not is_open(review)


def test_not_enough_evidence_changes_no_record_and_puts_the_question_aside(
    curator: User, robots: Researcher, proteins: Researcher
) -> None:
    review = ask("merge", robots, proteins)
    events = IdentityEvent.objects.count()
    assert answer(review, "unknown", curator) is None
    review.refresh_from_db()
    assert review.postponed_by == curator
    assert review.postponed_at is not None
    assert IdentityEvent.objects.count() == events
    assert is_open(review)


def test_an_answer_on_what_has_changed_is_refused(
    curator: User, other: User, robots: Researcher, proteins: Researcher, undecided: list[Authorship]
) -> None:
    review = ask("merge", robots, proteins)
    seen = state(review)
    confirm(researcher=robots.pk, bylines=[undecided[0].pk], actor=other, reason="x")
    with pytest.raises(Conflict, match="changed since"):
        flows.answer(review=review.pk, verdict=Verdict.SAME, actor=curator, state=seen)
    tell_apart(researcher=robots.pk, other=proteins.pk, actor=other, reason="x")
    with pytest.raises(Conflict, match="decided in the meantime"):
        answer(review, "same", curator)
    seen = state(review)
    review.delete()
    with pytest.raises(Conflict, match="not asked any more"):
        flows.answer(review=review.pk or 0, verdict=Verdict.SAME, actor=curator, state=seen)


def test_what_somebody_looks_after_is_answered_by_nobody_else(
    curator: User, other: User, robots: Researcher, proteins: Researcher
) -> None:
    review = ask("merge", robots, proteins)
    flows.take(review=review.pk, user=other)
    flows.take(review=review.pk, user=other)
    assert shown(curator) is None
    assert shown(other) == review.pk
    with pytest.raises(Conflict):
        flows.take(review=review.pk, user=curator)
    with pytest.raises(Conflict, match="looks after"):
        answer(review, "same", curator)
    flows.release(review=review.pk)
    assert answer(review, "same", curator)


def test_only_decisions_of_ones_own_are_taken_back(
    curator: User, other: User, robots: Researcher, proteins: Researcher
) -> None:
    event = answer(ask("merge", robots, proteins), "same", curator)
    assert event is not None
    with pytest.raises(Conflict):
        flows.take_back(events=[event], actor=other)
    flows.take_back(events=[event], actor=curator)
    with pytest.raises(Conflict, match="already"):
        flows.take_back(events=[event], actor=curator)


def test_questions_on_the_same_evidence_are_answered_together_and_taken_back_together(
    curator: User, robots: Researcher, undecided: list[Authorship]
) -> None:
    """Both notes name a co-author whom the record has too."""
    works = [one.work_id for one in undecided]
    for work_id in works:
        Authorship.objects.filter(work_id=work_id).update(position=0)
    for one in undecided:
        one.work.author_keys = ["w wang", "grace hopper"]
        one.work.save()
    first, second = (ask("byline", robots, bylines=[one]) for one in undecided)
    found = question(first.pk, user=curator.pk)
    assert found is not None
    assert found.alike is not None
    assert found.alike.titles == ["Winter soups"]
    further = [(int(one.split(":")[0]), one.split(":")[1]) for one in found.alike.value.split()]
    assert further == [(second.pk, state(second))]
    here = (first.pk, found.state)
    given = {"verdict": Verdict.SAME, "actor": curator, "candidate": robots.pk}
    done = flows.answer_alike(asked=[here, (second.pk, "0" * 32)], **given)  # type: ignore[arg-type]
    assert (len(done.events), len(done.reviews), done.refused) == (1, 1, 1)
    flows.take_back(events=done.events, actor=curator)
    done = flows.answer_alike(asked=[here, *further], **given)  # type: ignore[arg-type]
    assert (len(done.events), len(done.reviews), done.refused) == (2, 2, 0)
    assert byline("Winter soups").researcher == robots
    flows.take_back(events=done.events, actor=curator)
    assert byline("Medieval canals").researcher is None
    assert byline("Winter soups").researcher is None


def test_a_question_put_aside_is_not_counted_as_open_but_can_be_answered(
    curator: User, robots: Researcher, proteins: Researcher
) -> None:
    review = ask("merge", robots, proteins)
    Review.objects.filter(pk=review.pk).update(postponed_at=timezone.now())
    assert shown(curator) is None
    assert answer(review, "different", curator)
