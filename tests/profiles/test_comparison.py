"""Two sides of a question: what they share, what the score makes of it, aspect by aspect."""

from __future__ import annotations

from math import exp, log

import pytest

from profiles.comparison import ASPECTS, compare, contradictions, facts_shared, stated, telling
from profiles.matching.features import FEATURES
from profiles.matching.model import shipped
from profiles.mentions import Mention

MODEL = shipped()


def mention(key: int, title: str = "Robot hands that feel", **facts: object) -> Mention:
    name = str(facts.pop("name", "Wei Wang"))
    return Mention(
        id=key, sort_key=str(key), work=int(str(facts.pop("work", key))), name=name, name_key=name.lower(), title=title,
        **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def test_every_feature_of_the_score_belongs_to_one_aspect() -> None:
    assert sorted(feature for _, features in ASPECTS.values() for feature in features) == sorted(FEATURES)


def test_the_points_of_one_pair_add_up_to_its_probability() -> None:
    one = [mention(1, coauthors=("grace hopper", "ada lovelace"), year=2020, venue="ICRA")]
    other = [mention(2, "Robots in kitchens", coauthors=("grace hopper",), year=2021, venue="ICRA")]
    score = compare(one, other, MODEL, namesakes=2)
    assert (score.compared, score.impossible) == (1, 0)
    assert score.total == pytest.approx(log(score.probability / (1 - score.probability)), abs=1e-4)
    assert score.points["coauthors"] > 0


def test_the_total_is_the_mean_over_all_pairs() -> None:
    one = [mention(1, coauthors=("grace hopper",)), mention(2, "Soft hands", affiliation="University of Warwick")]
    other = [mention(3, "Protein folding", coauthors=("kurt godel",)), mention(4, "Robot hands")]
    score = compare(one, other, MODEL, namesakes=4)
    assert score.compared == 4
    assert 0 < score.probability < 1


def test_more_shared_coauthors_never_lower_the_score() -> None:
    other = [mention(2, "Protein folding", coauthors=("grace hopper", "kurt godel"))]
    less = compare([mention(1, coauthors=("max noether", "emmy noether"))], other, MODEL, namesakes=2)
    more = compare([mention(1, coauthors=("grace hopper", "kurt godel"))], other, MODEL, namesakes=2)
    assert more.probability > less.probability


def test_the_same_identifier_makes_a_pair_certain_and_says_so_in_its_row() -> None:
    ids = {"orcid": "0000-0002-1825-0097"}
    score = compare([mention(1, identifiers=ids)], [mention(2, "Folding", identifiers=ids)], MODEL, namesakes=2)
    assert score.probability == pytest.approx(0.995)
    assert score.points["identifier"] > 0
    assert score.total == pytest.approx(log(0.995 / 0.005))


def test_different_identifiers_of_a_person_with_several_count_against() -> None:
    one = [mention(1, identifiers={"ieee": "37000000001"}, coauthors=("grace hopper", "ada lovelace", "kurt godel"))]
    other = [mention(2, identifiers={"ieee": "37000000002"}, coauthors=("grace hopper", "ada lovelace", "kurt godel"))]
    score = compare(one, other, MODEL, namesakes=2)
    assert score.probability <= 0.3
    assert score.points["against"] < 0
    assert [clash.never for clash in contradictions(one, other)] == [False]


def test_what_never_joins_is_named_and_left_out_of_the_score() -> None:
    one = [mention(1, identifiers={"orcid": "0000-0002-1825-0097"})]
    other = [mention(2, "Folding", identifiers={"orcid": "0000-0001-5109-3700"})]
    assert compare(one, other, MODEL, namesakes=2).points["against"] == 0
    assert [(clash.scheme, clash.never) for clash in contradictions(one, other)] == [("orcid", True)]
    numbers = [
        [mention(key, identifiers={"openreview": value})] for key, value in ((1, "~Wei_Wang3"), (2, "~Wei_Wang4"))
    ]
    assert contradictions(numbers[0], numbers[1])[0].never


def test_names_that_exclude_each_other_and_bylines_of_one_work_cannot_be_compared() -> None:
    score = compare([mention(1)], [mention(2, name="Anna Schmidt")], MODEL, namesakes=2)
    assert (score.probability, score.compared, score.impossible, score.total) == (0.0, 0, 1, 0.0)
    assert compare([mention(1, work=7)], [mention(2, work=7)], MODEL, namesakes=2).impossible == 1


def test_names_alone_are_never_enough() -> None:
    rare = "Zbigniew Quartermaine-Okonkwo"
    score = compare([mention(1, "", name=rare)], [mention(2, "", name=rare)], MODEL, namesakes=2)
    assert score.probability <= MODEL.threshold
    assert 1 / (1 + exp(-score.total)) == pytest.approx(score.probability, abs=1e-6)


def test_facts_are_people_places_and_identifiers_that_both_sides_state() -> None:
    one = [mention(1, coauthors=("grace hopper", "kurt godel"), institutions=("warwick",))]
    other = [mention(2, coauthors=("grace hopper",), institutions=("warwick", "mit"), year=1999)]
    assert facts_shared(one, other) == {"c:grace hopper", "a:warwick"}
    assert facts_shared(one, [mention(3)]) == frozenset()


def test_shared_words_of_titles_come_first() -> None:
    one, other = stated([mention(1, "Tactile robot hands")]), stated([mention(2, "Robot cooking")])
    assert telling(one.words, other.words)[0] == "robot"
