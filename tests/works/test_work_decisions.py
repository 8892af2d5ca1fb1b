"""Decisions on works: same, different and taken back, and what every later import makes of them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from profiles.flows.confirm import confirm
from profiles.flows.reject import reject
from researchgraph.errors import Conflict
from tests.deciding import ANY_ORDER, act, bring, of, sound, take_all_back
from tests.pipeline import derived, stored, work
from works import rollback
from works.decision_models import CarriedByline, Review, WorkDistinction, WorkEvent
from works.flows.join import join
from works.flows.tell_apart import tell_apart
from works.flows.undo import undo
from works.models import Authorship, ImportRun, Rejection, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.usefixtures("empty_library")

SOUPS = "Stirring soups"
COOKS = ("Ada Lovelace", "Grace Hopper", "Emmy Noether")
FIRST = work("t/1", SOUPS, *COOKS, year=2012, doi="10.1000/soups")
SECOND = work("t/2", "Stirring cold soups at sea", *COOKS[:2], "Kurt Gödel", year=2021, arxiv="2101.00001")
OTHERS = [
    work("t/3", "Bread without yeast", "Ada Lovelace", "Grace Hopper", year=2020),
    work("t/4", "Kettles", "Kurt Gödel", "Ada Lovelace", year=2021),
]


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.fixture
def two(tmp_path: Path, curator: User) -> tuple[Work, Work]:
    bring(tmp_path, FIRST, SECOND, *OTHERS)
    one, other = of("t/1"), of("t/2")
    assert one != other
    return one, other


def test_works_that_are_one_have_all_records_and_one_address(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    join(work=other.pk, into=one.pk, actor=curator, reason="The same soup.")
    sound()
    other.refresh_from_db()
    one.refresh_from_db()
    assert other.merged_into == one
    assert set(one.source_records.values_list("key", flat=True)) == {"t/1", "t/2"}
    assert set(one.identifiers.values_list("scheme", flat=True)) == {"doi", "arxiv"}
    assert one.versions.count() == 2
    ada = Authorship.objects.get(work__title="Kettles", raw_name="Ada Lovelace").researcher
    assert ada is not None
    assert ada.works_count == 3


def test_a_join_taken_back_leaves_everything_as_it_was(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    before = stored(ids=False)
    keys = sorted(Authorship.objects.values_list("pk", "work_id", "raw_name"))
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    sound()
    assert stored(ids=False) != before
    undo(event=event, actor=curator, reason="")
    sound()
    assert stored(ids=False) == before
    assert sorted(Authorship.objects.values_list("pk", "work_id", "raw_name")) == keys
    assert not CarriedByline.objects.exists()


def test_undoing_the_undoing_does_it_again(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    sound()
    joined = stored(ids=False)
    undone = undo(event=event, actor=curator, reason="")
    with pytest.raises(Conflict, match="undone already"):
        undo(event=event, actor=curator, reason="")
    undo(event=undone, actor=curator, reason="")
    sound()
    assert stored(ids=False) == joined
    # What has brought it back is taken back with it.
    undo(event=event, actor=curator, reason="")
    sound()
    assert of("t/2") == other


def test_who_was_decided_to_be_who_is_carried_over_and_comes_back(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    mine = Authorship.objects.get(work=other, raw_name="Grace Hopper")
    elsewhere = Authorship.objects.get(work__title="Kettles", raw_name="Kurt Gödel")
    ada = Authorship.objects.get(work=other, raw_name="Ada Lovelace")
    assert mine.researcher_id is not None
    assert ada.researcher_id is not None
    assert elsewhere.researcher_id is not None
    confirm(researcher=mine.researcher_id, bylines=[mine.pk], actor=curator, reason="Her own words.")
    reject(researcher=ada.researcher_id, bylines=[ada.pk], actor=curator, reason="Another Ada.")
    sound()
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    sound()
    carried = Authorship.objects.get(work=one, raw_name="Grace Hopper")
    assert (carried.researcher_id, carried.kind) == (mine.researcher_id, "confirmed")
    assert Rejection.objects.get(researcher_id=ada.researcher_id).work == one
    assert Authorship.objects.get(work=one, raw_name="Ada Lovelace").researcher_id != ada.researcher_id
    undo(event=event, actor=curator, reason="")
    sound()
    back = Authorship.objects.get(work=other, raw_name="Grace Hopper")
    assert (back.pk, back.researcher_id, back.kind) == (mine.pk, mine.researcher_id, "confirmed")
    assert Rejection.objects.get(researcher_id=ada.researcher_id).work == other
    assert Authorship.objects.get(work=one, raw_name="Grace Hopper").kind != "confirmed"


def test_an_identity_decision_on_works_that_are_one_is_undone_after_they_are_parted(
    two: tuple[Work, Work], curator: User
) -> None:
    one, other = two
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    sound()
    byline = Authorship.objects.get(work=one, raw_name="Grace Hopper")
    assert byline.researcher_id is not None
    confirm(researcher=byline.researcher_id, bylines=[byline.pk], actor=curator, reason="Her own words.")
    sound()
    undo(event=event, actor=curator, reason="")
    sound()
    assert Authorship.objects.get(work=one, raw_name="Grace Hopper").kind == "confirmed"
    assert Authorship.objects.get(work=other, raw_name="Grace Hopper").kind != "confirmed"


def test_importing_everything_again_changes_nothing_that_was_decided(
    two: tuple[Work, Work], curator: User, tmp_path: Path
) -> None:
    one, other = two
    third, fourth = of("t/3"), of("t/4")
    join(work=other.pk, into=one.pk, actor=curator, reason="")
    tell_apart(work=third.pk, other=fourth.pk, actor=curator, reason="")
    sound()
    decided = stored(ids=False)
    bring(tmp_path, *reversed([FIRST, SECOND, *OTHERS]))
    assert stored(ids=False) == decided
    # News of a record stay where the person said.
    bring(tmp_path, {**SECOND, "abstract": "We stir at sea."}, *OTHERS)
    sound()
    assert of("t/2") == one
    assert Work.objects.get(pk=one.pk).abstract == "We stir at sea."


@pytest.mark.parametrize("twin", [
    work("u/1", "Stirring cold soups at sea", *COOKS[:2], "Kurt Gödel", year=2021),
    work("u/1", "Stirring cold soups at sea", *COOKS[:2], "Kurt Gödel", year=2022, arxiv="2101.00001"),
])  # fmt: skip
def test_a_new_record_of_a_work_that_has_joined_another_goes_there_and_back_with_it(
    two: tuple[Work, Work], curator: User, tmp_path: Path, twin: dict[str, Any]
) -> None:
    one, other = two
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    bring(tmp_path, twin)
    assert of("u/1") == one
    assert not Review.objects.exists()
    undone = undo(event=event, actor=curator, reason="")
    sound()
    assert (of("u/1"), of("t/2"), of("t/1")) == (other, other, one)
    undo(event=undone, actor=curator, reason="")
    undo(event=event, actor=curator, reason="")
    sound()
    assert (of("u/1"), of("t/2"), of("t/1")) == (other, other, one)


def test_a_record_is_found_by_what_the_work_stated_before_another_one_joined_it(
    two: tuple[Work, Work], curator: User, tmp_path: Path
) -> None:
    one, other = two
    event = join(work=one.pk, into=other.pk, actor=curator, reason="")
    other.refresh_from_db()
    assert other.title == SOUPS
    bring(tmp_path, work("u/1", "Stirring cold soups at sea", *COOKS[:2], "Kurt Gödel", year=2021))
    assert of("u/1") == other
    undo(event=event, actor=curator, reason="")
    sound()
    assert of("u/1") == of("t/2") == other


def test_works_told_apart_are_never_joined_even_by_an_identifier_in_common(
    two: tuple[Work, Work], curator: User, tmp_path: Path
) -> None:
    one, other = two
    event = tell_apart(work=one.pk, other=other.pk, actor=curator, reason="Two soups.")
    with pytest.raises(Conflict, match="already"):
        tell_apart(work=other.pk, other=one.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="two works"):
        join(work=other.pk, into=one.pk, actor=curator, reason="")
    both = {**SECOND, "doi": "10.1000/soups", "title": SOUPS, "year": 2012, "authors": FIRST["authors"]}
    bring(tmp_path, both)
    assert (of("t/1"), of("t/2")) == (one, other)
    # A record that fits both is asked about; one that is clearly of the one is of that one.
    bring(tmp_path, work("u/1", SOUPS, *COOKS, year=2013))
    assert of("u/1") not in {one, other}
    assert set(Review.objects.get(work=of("u/1")).candidates) == {one.pk, other.pk}
    bring(tmp_path, work("u/2", SOUPS, *COOKS, year=2012, arxiv="2101.00001"))
    assert of("u/2") == other
    undo(event=event, actor=curator, reason="")
    assert not WorkDistinction.objects.exists()
    sound()


def test_told_apart_holds_for_the_work_that_one_of_them_joins(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    third = of("t/3")
    tell_apart(work=one.pk, other=third.pk, actor=curator, reason="")
    event = join(work=one.pk, into=other.pk, actor=curator, reason="")
    found = WorkDistinction.objects.get()
    assert {found.work_id, found.other_id} == {other.pk, third.pk}
    with pytest.raises(Conflict):
        join(work=third.pk, into=other.pk, actor=curator, reason="")
    undo(event=event, actor=curator, reason="")
    found = WorkDistinction.objects.get()
    assert {found.work_id, found.other_id} == {one.pk, third.pk}
    sound()


def test_an_early_join_is_taken_back_under_a_later_one(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    third = of("t/3")
    early = join(work=other.pk, into=one.pk, actor=curator, reason="")
    join(work=one.pk, into=third.pk, actor=curator, reason="")
    sound()
    assert {of("t/1"), of("t/2"), of("t/3")} == {third}
    undo(event=early, actor=curator, reason="")
    sound()
    assert (of("t/1"), of("t/2"), of("t/3")) == (third, other, third)


def test_a_join_is_refused_when_a_work_has_gone(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    join(work=other.pk, into=one.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="in the meantime"):
        join(work=of("t/3").pk, into=other.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="itself"):
        join(work=one.pk, into=one.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="no such work"):
        join(work=one.pk, into=10**9, actor=curator, reason="")


def test_doing_it_again_against_a_later_word_is_refused(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    undone = undo(event=event, actor=curator, reason="")
    tell_apart(work=one.pk, other=other.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="two works"):
        undo(event=undone, actor=curator, reason="")
    sound()


def test_a_run_taken_back_leaves_works_on_which_a_person_decided(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    run = ImportRun.objects.latest("pk")
    assert rollback.outlook(run).works_kept == 1
    rollback.begin(run)
    rollback.advance(run)
    sound()
    assert of("t/1") == of("t/2") == one
    undo(event=event, actor=curator, reason="")
    sound()
    assert of("t/2") == other


def test_everything_derived_is_the_same_after_a_rebuild(two: tuple[Work, Work], curator: User) -> None:
    from django.core.management import call_command

    one, other = two
    join(work=other.pk, into=one.pk, actor=curator, reason="")
    sound()
    before = derived()
    call_command("rebuildgraph", verbosity=0)
    assert derived() == before


def test_events_are_never_changed(two: tuple[Work, Work], curator: User) -> None:
    one, other = two
    tell_apart(work=one.pk, other=other.pk, actor=curator, reason="")
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkEvent.objects.update(reason="Never said.")
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkEvent.objects.all().delete()


# Any order of decisions and imports

LATER = [
    work("u/1", SOUPS, *COOKS, year=2013, venue="ICML"),
    work("u/2", "Stirring cold soups at sea", *COOKS[:2], "Kurt Gödel", year=2021, abstract="We stir at sea."),
    work("u/3", "Bread without yeast", "A. Lovelace", "Grace Hopper", year=2021, venue="ICLR"),
    work("u/4", "Kettles", "Kurt Gödel", "Ada Lovelace", year=2022, code_url="https://example.org/kettles"),
    work("t/4", "Kettles", "K. Gödel", "Ada Lovelace", year=2021, venue="NeurIPS"),
]


STEP = st.tuples(st.sampled_from(["join", "join", "apart", "undo", "import"]), st.integers(0, 20), st.integers(0, 20))


@given(steps=st.lists(STEP, min_size=3, max_size=10))
@ANY_ORDER
def test_whatever_was_decided_and_imported_all_taken_back_it_is_as_if_it_had_only_been_imported(
    curator: User, tmp_path: Path, steps: list[tuple[str, int, int]]
) -> None:
    with transaction.atomic():
        bring(tmp_path, FIRST, SECOND, *OTHERS)
        bring(tmp_path, *LATER)
        plain = stored(ids=False)
        transaction.set_rollback(True)
    with transaction.atomic():
        bring(tmp_path, FIRST, SECOND, *OTHERS)
        made: list[int] = []
        waiting = list(LATER)
        for kind, one, other in steps:
            if kind == "import" and waiting:
                bring(tmp_path, waiting.pop(one % len(waiting)))
            with contextlib.suppress(Conflict), transaction.atomic():
                act(kind, one, other, made, curator)
            sound()
        if waiting:
            bring(tmp_path, *waiting)
        take_all_back(made, curator)
        assert not CarriedByline.objects.exists()
        found = stored(ids=False)
        transaction.set_rollback(True)
    assert found == plain
