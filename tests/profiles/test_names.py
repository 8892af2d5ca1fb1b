"""Reading and comparing printed names: what one person could sign, what excludes each other, and what nobody can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.names import (
    block_key,
    compatible,
    compatible_names,
    compatible_pairs,
    display_parts,
    is_commonplace,
    is_distinctive,
    is_initials_only,
    loose_key,
    name_key,
    parse,
    preferred,
    short,
    sort_name,
)


@pytest.mark.parametrize(
    ("name", "given_words", "family"),
    [
        ("Ari S. Morcos", "ari s", "morcos"),
        ("Morcos, Ari S.", "ari s", "morcos"),
        ("ARI MORCOS", "ari", "morcos"),
        ("A.S. Morcos", "a s", "morcos"),
        ("R.Lopes", "r", "lopes"),
        ("DGT Barrett", "d g t", "barrett"),
        ("JA Smith", "j a", "smith"),
        ("Smith, JA", "j a", "smith"),
        ("MA Kaili", "ma", "kaili"),
        ("LI He", "li", "he"),
        ("LI WEI", "li", "wei"),
        ("Aäron van den Oord", "aaron", "van den oord"),
        ("van den Oord, Aaron", "aaron", "van den oord"),
        ("Maria de los Santos", "maria", "de los santos"),
        ("Bin Li", "bin", "li"),
        ("Thi La Nguyen", "thi la", "nguyen"),
        ("Abu Bakr", "abu", "bakr"),
        ("Raphaël Gontijo-Lopes", "raphael", "gontijo lopes"),
        ("Gabriel García Márquez", "gabriel garcia", "marquez"),
        ("Yu-Xiong Wang", "yu xiong", "wang"),
        ("Stéphane d'Ascoli", "stephane", "dascoli"),
        ("O’Neil, Shaquille", "shaquille", "oneil"),
        ("Łukasz Kaiser", "lukasz", "kaiser"),
        ("Søren Kierkegaard", "soren", "kierkegaard"),
        ("ÖZGÜR ÇELİK", "ozgur", "celik"),
        ("Иван Петрович Сидоров", "ivan petrovich", "sidorov"),
        ("李明", "ming", "li"),
        ("欧阳修", "xiu", "ouyang"),
        ("王 伟", "wei", "wang"),
        ("김 민준", "minjun", "gim"),
        ("김민준", "minjun", "gim"),
        ("Md. Rahman", "m", "rahman"),
        ("Dr. Jane Goodall", "jane", "goodall"),
        ("Prof. Dr. Jane Goodall", "jane", "goodall"),
        ("Plato", "", "plato"),
        ("", "", ""),
        ("?!", "", ""),
    ],
)
def test_a_name_is_read_into_given_and_family_words(name: str, given_words: str, family: str) -> None:
    parsed = parse(name)
    assert (" ".join(parsed.given), " ".join(parsed.family)) == (given_words, family)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("Martin Luther King Jr.", "jr"),
        ("Martin Luther King, Jr.", "jr"),
        ("King, Martin Luther, Jr.", "jr"),
        ("John Smith III", "iii"),
        ("John Smith 2nd", "ii"),
        ("Wei Wang 0012", "0012"),
        ("Jane Goodall, PhD", ""),
    ],
)
def test_generations_and_namesake_numbers_are_no_part_of_the_name(name: str, suffix: str) -> None:
    parsed = parse(name)
    assert parsed.suffix == suffix
    assert parsed.folded in {"martin luther king", "john smith", "wei wang", "jane goodall"}


def test_a_name_that_could_be_cut_in_very_many_ways_is_read_at_once() -> None:
    assert parse("JA " + "ai" * 5_000).family == ("ai" * 5_000,)


def test_a_native_spelling_in_brackets_is_kept_apart() -> None:
    assert parse("Ming Li (李明)").native == "李明"
    assert name_key("Ming Li (李明)") == "ming li"
    assert parse("李明").native == "李明"
    assert parse("Ming (Mike) Li").native == ""


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ari S. Morcos", "morcos a"),
        ("Morcos, A.", "morcos a"),
        ("Aäron van den Oord", "oord a"),
        ("Raphael Gontijo-Lopes", "lopes r"),
        ("Raphael Gontijo Lopes", "lopes r"),
        ("李明", "li m"),
        ("Ming Li", "li m"),
        ("John Smith Jr.", "smith j"),
        ("Plato", "plato"),
    ],
)
def test_spellings_that_may_be_one_person_meet_in_one_block(name: str, key: str) -> None:
    assert block_key(name) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ari S. Morcos", "Ari Morcos"),
        ("Ari S. Morcos", "A. Morcos"),
        ("A. S. Morcos", "Ari Morcos"),
        ("Morcos, Ari", "Ari Morcos"),
        ("ARI MORCOS", "Ari Morcos"),
        ("DGT Barrett", "David G. T. Barrett"),
        ("Raphaël Gontijo-Lopes", "Raphael Gontijo Lopes"),
        ("Raphael Lopes", "Raphael Gontijo Lopes"),
        ("Gabriel García Márquez", "Gabriel Márquez"),
        ("Yu-Xiong Wang", "Yuxiong Wang"),
        ("Yu Xiong Wang", "Yuxiong Wang"),
        ("Jean-Pierre Serre", "J.-P. Serre"),
        ("Maria-Jose Lopez", "Maria J. Lopez"),
        ("John Smith Jr.", "John Smith"),
        ("Wei Wang 0012", "Wei Wang"),
        ("李明", "Ming Li"),
        ("Иван Сидоров", "Ivan Sidorov"),
        ("Aaron Oord", "Aäron van den Oord"),
        ("de la Cruz, Juan", "Juan de la Cruz"),
        ("Ludwig Van Beethoven", "Ludwig van Beethoven"),
        ("S. d’Ascoli", "Stéphane dAscoli"),
        ("Hans Müller", "Hans Muller"),
        ("Vaswani, A.", "Ashish Vaswani"),
        ("Dr. Jane Goodall", "Jane Goodall"),
    ],
)
def test_one_person_could_sign_both_ways(one: str, other: str) -> None:
    assert compatible(one, other) is True
    assert compatible(other, one) is True
    assert block_key(one) == block_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ari S. Morcos", "Ari T. Morcos"),
        ("Ari Morcos", "Ana Morcos"),
        ("Ari Morcos", "B. Morcos"),
        ("A. S. Morcos", "Ari T. Morcos"),
        ("John Smith Jr.", "John Smith Sr."),
        ("Wei Wang 0012", "Wei Wang 0013"),
        ("Wei Wang", "Wang Wei"),
        ("Alexander Smith", "Alexandra Smith"),
        ("Ann Lee", "Anna Lee"),
        ("Robert Smith", "Bob Smith"),
        ("Gabriel García Márquez", "Gabriel García"),
        ("", "Ari Morcos"),
    ],
)
def test_some_names_exclude_each_other(one: str, other: str) -> None:
    assert compatible(one, other) is False
    assert compatible(other, one) is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sam Bowman", "Samuel Bowman"),
        ("Alex Smith", "Alexandra Smith"),
        ("Mike Jordan", "Michael I. Jordan"),
        ("Yu-Xiong Wang", "Yu Wang"),
        ("Jean-Pierre Serre", "Jean Serre"),
        ("Jae H. Kim", "Jaehyun Kim"),
        ("Li A. Chen", "Liang Chen"),
        ("Plato", "Aristotle Plato"),
    ],
)
def test_where_the_spelling_cannot_tell_there_is_no_answer(one: str, other: str) -> None:
    assert compatible(one, other) is None
    assert compatible(other, one) is None


WORDS = (
    "Ari A. S. Sam Samuel Alex Alexander Alexandra Mike Michael Yu-Xiong Yuxiong Yu Xiong J.-P. Jean-Pierre Jean García "
    "Gontijo-Lopes Wang Wei Li Ming van den de la Jr. III 0012 李明 Иван d'Ascoli DGT , (李明) PhD Dr. Bin"
).split()
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join),
    st.text(max_size=20),
)
BEARERS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda words: " ".join([*words, "Wang"])), max_size=12
)


@given(NAMES, NAMES)
def test_comparing_is_symmetric_and_everybody_is_compatible_with_themselves(one: str, other: str) -> None:
    assert compatible(one, other) is compatible(other, one)
    assert compatible(one, one) is True


@given(NAMES)
def test_any_text_can_be_read_shown_and_keyed(name: str) -> None:
    parsed = parse(name)
    assert all(word and word == word.casefold() for word in (*parsed.given, *parsed.family))
    assert bool(parsed.family) or not parsed.given
    if name.strip():
        assert all((name_key(name), block_key(name), sort_name(name), short(name)))
    assert not is_initials_only(name) or {len(word) for word in parsed.given} == {1}


@given(BEARERS)
def test_the_fast_comparison_of_a_block_finds_what_comparing_each_pair_finds(names: list[str]) -> None:
    parsed = [parse(name) for name in names]
    expected = {
        (low, high): answer
        for high in range(len(parsed))
        for low in range(high)
        if (answer := compatible_names(parsed[low], parsed[high])) is not False
    }
    found = {(min(pair), max(pair)): answer for pair, answer in compatible_pairs(parsed).items()}
    assert found == expected


@pytest.mark.parametrize(
    ("key", "commonplace", "distinctive"),
    [
        ("wei wang", True, False),
        ("w wang", True, False),
        ("min kim", True, False),
        ("plato", True, False),
        ("xiaoming wang", False, False),
        ("maria garcia", False, False),
        ("a morcos", False, False),
        ("ari morcos", False, True),
        ("aaron van den oord", False, True),
    ],
)
def test_names_many_people_bear_are_told_from_those_few_do(key: str, *, commonplace: bool, distinctive: bool) -> None:
    assert (is_commonplace(key), is_distinctive(key)) == (commonplace, distinctive)


def test_spellings_of_a_coauthor_share_a_loose_key() -> None:
    assert loose_key("ari s morcos") == loose_key("ari morcos") == "ari morcos"
    assert loose_key("xiao ming li") == loose_key("xiaoming li") == "xiaoming li"
    assert loose_key("aaron van den oord") == "aaron oord"


@pytest.mark.parametrize(
    ("counts", "best"),
    [
        ({"A. Morcos": 9, "Ari Morcos": 3}, "Ari Morcos"),
        ({"ARI MORCOS": 9, "Ari Morcos": 3}, "Ari Morcos"),
        ({"Ari Morcos": 3, "Ari S. Morcos": 1}, "Ari S. Morcos"),
        ({"Ari Morcos": 9, "Ari S. Morcos": 1}, "Ari Morcos"),
        ({"Aaron Courville": 3, "Aäron Courville": 1}, "Aäron Courville"),
        ({"Morcos, Ari": 1}, "Ari Morcos"),
        ({}, ""),
    ],
)
def test_the_fullest_spelling_is_shown(counts: dict[str, int], best: str) -> None:
    assert preferred(counts) == best
    assert preferred(reversed(list(counts.items()))) == best


def test_names_are_shown_as_printed_in_citations_lists_and_graphs() -> None:
    assert display_parts("Aaron van den Oord") == ("van den Oord", "Aaron")
    assert display_parts("Martin Luther King, Jr.") == ("King", "Martin Luther Jr.")
    assert sort_name("Ari S. Morcos") == "Morcos, Ari S."
    assert sort_name("Plato") == "Plato"
    assert short("David G. T. Barrett") == "D. G. T. Barrett"
    assert short("Jean-Pierre Serre") == "J.-P. Serre"
    assert short("Ludwig van Beethoven") == "L. van Beethoven"
