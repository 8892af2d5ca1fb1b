"""Charts carry their numbers as text, escape what comes from data, and need no inline style."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from lxml import etree

from graph import charts
from graph.algorithms import Tie
from graph.layout import dial as positions
from graph.snapshots import Collaborator, EgoGraph, YearCount


def person(
    name: str,
    *,
    weight: float = 0.5,
    first_year: int | None = 2020,
    x: float = 0.0,
    y: float = -0.5,
) -> Collaborator:
    return Collaborator("0123456789", "", name, 2, weight, first_year, first_year, [(2020, 2)], x, y)


def graph(*people: Collaborator, ties: list[tuple[int, int, int]] | None = None) -> EgoGraph:
    return EgoGraph(len(people) + 5, 0, 2018, 2024, len(people), list(people), ties or [])


def on_the_dial(years: list[int]) -> list[Collaborator]:
    ties = [Tie(i, 1.0, 1, Counter([year])) for i, year in enumerate(years)]
    places = positions(ties)
    return [person(f"Ann Number{i}", first_year=year, x=places[i][0], y=places[i][1]) for i, year in enumerate(years)]


def parse(markup: str) -> Any:
    return etree.fromstring(f"<div>{markup}</div>")


def test_a_small_value_still_shows_a_bar() -> None:
    assert 'width="2"' in charts.bar(1, most=1_000)


def test_a_zero_value_shows_none() -> None:
    assert '<rect class="bar" width="0"' in charts.bar(0, most=10)


def test_the_receipt_track_is_as_long_as_what_the_line_can_earn() -> None:
    short = parse(charts.receipt_bar(3, maximum=15, longest=40)).find(".//rect[@class='track']")
    long = parse(charts.receipt_bar(3, maximum=40, longest=40)).find(".//rect[@class='track']")
    assert (float(short.get("width")), float(long.get("width"))) == (48.8, 130.0)


def test_points_lost_to_conflicts_are_drawn_in_the_color_of_loss() -> None:
    assert 'class="loss"' in charts.receipt_bar(-5, maximum=0, longest=40)


def test_a_year_without_works_stays_a_gap() -> None:
    columns = parse(charts.year_columns([YearCount(2018, 3, 1), YearCount(2020, 0, 2)])).findall(".//li")
    sentences = [column.findtext("span") for column in columns]
    assert sentences == ["2018: 4 works, 3 at a venue", "2019: 0 works", "2020: 2 works"]


def test_no_years_give_no_chart() -> None:
    assert charts.year_columns([]) == ""


def test_many_years_are_labeled_sparsely() -> None:
    markup = charts.year_columns([YearCount(1980, 1, 0), YearCount(2020, 1, 0)])
    assert markup.count("’") == 15


def test_dots_lie_between_the_ends_of_the_axis() -> None:
    circles = parse(charts.dots([(2018, 1), (2024, 3)], first=2018, last=2024)).findall(".//circle")
    assert [float(c.get("cx")) for c in circles] == [5.0, 99.0]


@pytest.mark.parametrize(("first", "last"), [(2020, 2020), (None, None)])
def test_one_year_stands_in_the_middle(first: int | None, last: int | None) -> None:
    assert 'cx="52"' in charts.dots([(2020, 1)], first=first, last=last)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("David G. T. Barrett", "D. G. T. Barrett"),
        ("Laurens van der Maaten", "L. van der Maaten"),
        ("Madonna", "Madonna"),
        ("王伟", "王伟"),
        ("", ""),
        ("Shanmukha Ramakrishnan-Venkatasubramanian", "S. Ramakrishnan-…"),
    ],
)
def test_labels_of_the_dial_are_initials_and_family_name(name: str, label: str) -> None:
    assert charts.label(name) == label


def test_the_dial_names_everybody_it_draws() -> None:
    people = on_the_dial([2018, 2018, 2020, 2021, 2021])
    labels = [t.text for t in parse(charts.dial(graph(*people), center="Ada")).findall(".//text")]
    assert [label for label in labels if label.startswith("A.")] == [f"A. Number{i}" for i in range(5)]


def test_the_dial_writes_each_first_year_once() -> None:
    markup = charts.dial(graph(*on_the_dial([2018, 2018, 2020, 2021, 2021])), center="Ada")
    assert [t.text for t in parse(markup).findall(".//text[@class='t3']")] == ["2018", "2020", "2021"]


def test_close_people_are_bold() -> None:
    markup = charts.dial(graph(person("Ann Close", weight=1.0), person("Bob Far", x=0.5, y=0.0)), center="Ada")
    assert [t.text for t in parse(markup).findall(".//text[@class='t1']")] == ["A. Close"]


def test_ties_are_drawn_only_when_asked_for() -> None:
    both = graph(person("A B"), person("C D", x=0.5, y=0.0), ties=[(0, 1, 2)])
    assert 'class="tie"' not in charts.dial(both, center="Ada")
    assert charts.dial(both, center="Ada", ties=True).count('class="tie"') == 1


def test_nobody_gives_no_dial() -> None:
    assert charts.dial(graph(), center="Ada") == ""


def test_names_in_the_dial_are_inert() -> None:
    markup = charts.dial(graph(person('<script>alert(1)</script> "x"')), center='"><script>alert(2)</script>')
    assert parse(markup).find(".//script") is None


def test_charts_need_no_inline_style() -> None:
    markup = charts.dial(graph(*on_the_dial([2018, 2020])), center="Ada") + charts.coverage(3, waiting=2)
    assert "style=" not in markup


def test_nothing_waiting_fills_the_coverage_bar() -> None:
    assert 'width="296" height="12"' in charts.coverage(3, waiting=0)
    assert "bar2" not in charts.coverage(3, waiting=0)
