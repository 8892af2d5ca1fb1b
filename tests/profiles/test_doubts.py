"""What the rule asks curators: records and bylines that are likely enough to be worth somebody's time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from profiles.assignment import resolve
from profiles.doubts import Doubt
from profiles.flows.confirm import confirm
from profiles.flows.tell_apart import tell_apart
from profiles.mentions import Mention
from profiles.models import Review, StaleBlock
from tests.pipeline import importworks, work, write
from tests.profiles.test_assignment import ANOTHER, ONE, mention
from works import imports
from works.models import Authorship

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAME, OTHER = "Ann Hopper", "Bob Gödel"


def works(name: str, coauthors: str, title: str, start: int) -> list[Mention]:
    """Four bylines of somebody with a usual co-author and subject."""
    return [mention(name, year=start + i, coauthors=coauthors, title=title) for i in range(4)]


def asked(*mentions: Mention) -> list[Doubt]:
    return resolve(mentions).doubts


def two_namesakes() -> list[Mention]:
    return [*works("Jun Wang", SAME, "soups of the sea", 2000), *works("Jun Wang", OTHER, "kettles and tea", 2006)]


def one_thin_record() -> list[Mention]:
    """A name that is not too common joins what else has little in common."""
    return [*works("David Smith", SAME, "neural soups", 2000), *works("David Smith", OTHER, "neural kettles", 2006)]


# The rule


def test_two_records_that_may_be_one_are_asked_about_with_how_likely_it_is() -> None:
    (doubt,) = asked(*two_namesakes())
    assert (doubt.kind, sorted(doubt.clusters), doubt.mentions) == ("merge", [0, 1], ())
    assert 0.25 <= doubt.scores[0] < 0.55
    assert doubt.weight == pytest.approx(4 * doubt.scores[0])


def test_records_with_nothing_in_common_are_not_asked_about() -> None:
    many = [
        mention("Wei Wang", year=2000 + i, coauthors="Grace Hopper", at="University of Warwick", title="soups")
        for i in range(4)
    ]
    others = [
        mention("Wei Wang", year=2020 + i, coauthors="Kurt Gödel", at="Princeton University", title="kettles")
        for i in range(4)
    ]
    assert asked(*many, *others) == []


def test_two_authors_of_one_work_are_not_asked_about() -> None:
    one, two = two_namesakes()[:4], two_namesakes()[4:]
    assert asked(*one, *two[1:], msgspec.structs.replace(two[0], work=one[0].work)) == []


def test_what_would_be_one_record_but_for_its_identifiers_is_asked_about_as_such() -> None:
    soups = [msgspec.structs.replace(m, identifiers=ONE) for m in works("Jun Wang", SAME, "soups of the sea", 2000)]
    more = [msgspec.structs.replace(m, identifiers=ANOTHER) for m in works("Jun Wang", SAME, "kettles and tea", 2006)]
    (doubt,) = asked(*soups, *more)
    assert doubt.kind == "identifiers"
    assert doubt.scores[0] >= 0.55


def test_different_identifiers_settle_what_is_otherwise_unlikely() -> None:
    soups = [msgspec.structs.replace(m, identifiers=ONE) for m in two_namesakes()[:4]]
    assert asked(*soups, *[msgspec.structs.replace(m, identifiers=ANOTHER) for m in two_namesakes()[4:]]) == []


def test_an_open_byline_is_asked_about_with_the_records_it_fits_nearest_first() -> None:
    def byline(year: int, coauthor: str, place: str) -> Mention:
        return mention("Wei Wang", year=year, coauthors=f"{coauthor},Person {year}", at=place)

    one = [byline(2000 + i, "Grace Hopper", "University of Warwick") for i in range(4)]
    two = [byline(2006 + i, "Kurt Gödel", "Princeton University") for i in range(4)]
    between = mention("Wei Wang", year=2004, coauthors="Grace Hopper,Kurt Gödel")
    (doubt,) = [doubt for doubt in asked(*one, *two, between) if doubt.kind == "byline"]
    assert doubt.mentions == (between.id,)
    assert doubt.scores == tuple(sorted(doubt.scores, reverse=True))
    assert len(doubt.clusters) == len(doubt.scores) == 2
    assert doubt.weight == doubt.scores[0]
    # Once a person has said that it is not by the one, only the other is left to ask about, or nothing at all.
    held = [msgspec.structs.replace(m, holder=1) for m in one] + [msgspec.structs.replace(m, holder=2) for m in two]
    told = msgspec.structs.replace(between, barred=(1,))
    assert all(len(doubt.clusters) == 1 for doubt in asked(*held, told) if doubt.kind == "byline")


def test_a_record_that_hangs_together_by_a_name_is_asked_about_with_the_part_that_may_be_another() -> None:
    mentions = one_thin_record()
    resolution = resolve(mentions)
    assert len(resolution.clusters) == 1
    (doubt,) = resolution.doubts
    assert (doubt.kind, doubt.clusters) == ("split", (0,))
    assert set(doubt.mentions) in ({m.id for m in mentions[:4]}, {m.id for m in mentions[4:]})
    assert doubt.weight == pytest.approx(4 * (1 - doubt.scores[0]))


def test_a_part_that_a_person_has_placed_is_not_asked_about() -> None:
    placed = [msgspec.structs.replace(m, holder=1, fixed=1) for m in one_thin_record()]
    assert asked(*placed) == []


def test_records_that_were_told_apart_are_not_asked_about() -> None:
    one = [msgspec.structs.replace(m, holder=1, barred=(2,)) for m in two_namesakes()[:4]]
    two = [msgspec.structs.replace(m, holder=2, barred=(1,)) for m in two_namesakes()[4:]]
    assert asked(*one, *two) == []


def test_the_questions_do_not_depend_on_the_order_of_the_bylines() -> None:
    mentions = two_namesakes()
    assert asked(*mentions) == asked(*reversed(mentions))


# Stored


def records(name: str = "Jun Wang", titles: tuple[str, str] = ("Soups of the sea", "Kettles and tea")) -> list[Any]:
    kinds = [(titles[0], SAME)] * 4 + [(titles[1], OTHER)] * 4
    return [
        work(f"t/{number}", f"{title} {number}", name, coauthor, year=2000 + number)
        for number, (title, coauthor) in enumerate(kinds, start=1)
    ]


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.fixture
def namesakes(empty_library: None, tmp_path: Path) -> Path:
    path = write(tmp_path / "works.jsonl", records())
    assert importworks(path).status == 0
    return path


def decide_again() -> None:
    for key in Authorship.objects.values_list("block_key", flat=True).distinct():
        StaleBlock.objects.get_or_create(block_key=key)
    imports.settle()


def only_question() -> Review:
    return Review.objects.get(kind="merge")


def test_an_import_asks_what_it_was_not_sure_of_once(namesakes: Path) -> None:
    review = only_question()
    held = set(Authorship.objects.filter(raw_name="Jun Wang").values_list("researcher", flat=True))
    assert set(review.records) == held
    decide_again()
    again = only_question()
    assert (again.pk, again.scores, again.raised_at) == (review.pk, review.scores, review.raised_at)


def test_a_question_that_new_evidence_answers_is_dropped(namesakes: Path) -> None:
    known = {"name": "Jun Wang", "orcid": ONE["orcid"]}
    importworks(write(namesakes, [{**r, "authors": [known, *r["authors"][1:]]} for r in records()]))
    assert not Review.objects.exists()


def test_a_question_that_a_person_has_answered_is_dropped(namesakes: Path, curator: User) -> None:
    one, two = only_question().records
    tell_apart(researcher=one, other=two, actor=curator, reason="")
    imports.settle()
    assert not Review.objects.exists()


def test_a_question_put_aside_stays_aside_until_the_evidence_changes(namesakes: Path, curator: User) -> None:
    Review.objects.update(postponed_at=timezone.now(), postponed_by=curator, assigned_to=curator)
    decide_again()
    assert only_question().postponed_by == curator
    # As if it had been put aside when the two looked less alike.
    Review.objects.update(scores=[only_question().scores[0] - 0.1])
    decide_again()
    after = only_question()
    assert after.assigned_to == curator
    assert after.postponed_at is None
    assert after.postponed_by is None


def test_a_split_is_not_asked_about_once_the_part_is_confirmed(
    empty_library: None, tmp_path: Path, curator: User
) -> None:
    importworks(write(tmp_path / "works.jsonl", records("David Smith", ("Neural soups", "Neural kettles"))))
    review = Review.objects.get()
    assert (review.kind, len(review.bylines)) == ("split", 4)
    confirm(researcher=review.records[0], bylines=review.bylines, actor=curator, reason="")
    imports.settle()
    assert not Review.objects.exists()


def test_the_questions_of_a_name_that_is_gone_are_dropped(namesakes: Path) -> None:
    importworks(write(namesakes, [{**r, "authors": r["authors"][1:]} for r in records()]))
    assert not Authorship.objects.filter(raw_name="Jun Wang").exists()
    assert not Review.objects.exists()


def test_a_name_that_is_gone_altogether_is_no_trouble(namesakes: Path) -> None:
    StaleBlock.objects.create(block_key="nobody n")
    imports.settle()
    assert not StaleBlock.objects.exists()
