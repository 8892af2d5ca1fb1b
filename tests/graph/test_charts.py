"""Charts carry their numbers as text, escape what comes from data, and need no inline style."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from msgspec import structs

from graph import charts, twin
from graph.algorithms import Tie
from graph.layout import dial as positions
from graph.snapshots import DRAWN, Collaborator, EgoGraph, YearCount
from tests.pictures import label_boxes, overlapping


def person(
    name: str,
    *,
    weight: float = 0.5,
    first_year: int | None = 2020,
    x: float = 0.0,
    y: float = -0.5,
    recent: float = 0.0,
    group: int = 0,
) -> Collaborator:
    return Collaborator("0123456789", "", name, 2, weight, first_year, first_year, [(2020, 2)], x, y, recent, group)


def graph(*people: Collaborator, ties: list[tuple[int, int, int]] | None = None) -> EgoGraph:
    return EgoGraph(len(people) + 5, 0, 2018, 2024, len(people), list(people), ties or [])


def on_the_dial(years: list[int]) -> list[Collaborator]:
    ties = [Tie(i, 1.0, 1, Counter([year])) for i, year in enumerate(years)]
    places = positions(ties)
    return [person(f"Ann Number{i}", first_year=year, x=places[i][0], y=places[i][1]) for i, year in enumerate(years)]


def dial(drawn: EgoGraph, *, center: str = "Ada", year: int = 2024, ties: bool = False) -> str:
    return charts.dial(drawn, center=center, href="/researchers/9876543210/ada/", year=year, ties=ties)


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
        ("Shanmukha Ramakrishnan-Venkatasubramanian", "S. Ramakrishna…"),
    ],
)
def test_labels_of_the_dial_are_initials_and_family_name(name: str, label: str) -> None:
    assert charts.label(name) == label


def test_the_dial_names_everybody_it_draws() -> None:
    people = on_the_dial([2018, 2018, 2020, 2021, 2021])
    labels = [t.text for t in parse(dial(graph(*people))).findall(".//text")]
    assert [label for label in labels if label.startswith("A.")] == [f"A. Number{i}" for i in range(5)]


def test_the_dial_writes_each_first_year_once() -> None:
    markup = dial(graph(*on_the_dial([2018, 2018, 2020, 2021, 2021])))
    assert [t.text for t in parse(markup).findall(".//text[@class='t3']")] == ["2018", "2020", "2021"]


def test_close_people_are_bold() -> None:
    markup = dial(graph(person("Ann Close", weight=1.0), person("Bob Far", x=0.5, y=0.0)))
    assert [t.text for t in parse(markup).findall(".//text[@class='t1']")] == ["A. Close"]


def test_ties_are_drawn_only_when_asked_for() -> None:
    both = graph(person("A B"), person("C D", x=0.5, y=0.0), ties=[(0, 1, 2)])
    assert 'class="tie"' not in dial(both)
    assert dial(both, ties=True).count('class="tie"') == 1


def test_everybody_on_the_dial_is_a_link_to_the_works_that_make_the_tie() -> None:
    close = person("Ann Close", weight=1.0, recent=2.0**12, first_year=2024)
    links = parse(dial(graph(close, person("Bob Far", x=0.5, y=0.0, first_year=2019)))).findall(".//a")
    assert [link.get("href") for link in links] == ["/researchers/9876543210/ada/with/0123456789/"] * 2
    assert [link.get("class") for link in links] == ["n1", "n2"]
    assert [link.get("aria-label") for link in links] == [
        "A. Close: Ann Close, 2 works, strength 1.00, 1.00 in all, new, close",
        "B. Far: Bob Far, 2 works, strength 0.00, 0.50 in all, lapsed",
    ]


def test_a_line_is_as_wide_as_the_strength_and_broken_when_lapsed() -> None:
    drawn = graph(
        person("A B", recent=4_096.0, first_year=2024),
        person("C D", recent=2_048.0, first_year=2022, x=0.5, y=0.0),
        person("E F", recent=0.0, first_year=2001, x=-0.5, y=0.0),
    )
    lines = parse(dial(drawn)).findall(".//path[@stroke-width]")
    assert {(line.get("class"), line.get("stroke-width")) for line in lines} == {
        ("e", "4.5"),
        ("e", "2.8"),
        ("e old", "1"),
    }


def test_groups_are_lettered_only_where_there_are_several() -> None:
    one = [person("A B", group=1), person("C D", group=1, x=0.5, y=0.0), person("E F", x=-0.5, y=0.0)]
    assert "grp" not in dial(graph(*one))
    two = [*one, person("G H", group=2, y=0.5), person("I J", group=2, x=0.3, y=0.3)]
    letters = {text.text: text.findtext("tspan") for text in parse(dial(graph(*two))).findall(".//text[tspan]")}
    assert letters == {"A. B": " A", "C. D": " A", "G. H": " B", "I. J": " B"}
    groups = twin.by_group(twin.rows(graph(*two), year=2024))
    assert [(g.letter, [row.person.name for row in g.rows]) for g in groups] == [
        ("A", ["A B", "C D"]),
        ("B", ["G H", "I J"]),
    ]
    assert twin.by_group(twin.rows(graph(*one), year=2024)) == []


def test_two_renders_of_the_same_data_are_the_same_bytes() -> None:
    def drawn() -> EgoGraph:
        return graph(*on_the_dial([2018, 2018, 2020, 2021, 2021]), ties=[(0, 1, 2), (1, 4, 1)])

    assert dial(drawn(), ties=True).encode() == dial(drawn(), ties=True).encode()


NAMES = [
    "Shanmukha Ramakrishnan-Venkatasubramanian",
    "王伟",
    "W. M. Wwwmmmwww",
    "Иван Владимирович Долгорукий",
    "Bo Li",
]


@pytest.mark.parametrize("people", range(1, 17))
def test_no_two_labels_of_a_dial_overlap(people: int) -> None:
    drawn = [
        structs.replace(p, name=NAMES[i % 5]) for i, p in enumerate(on_the_dial([2010 + i // 3 for i in range(people)]))
    ]
    boxes = label_boxes(dial(graph(*drawn)))
    assert len(boxes) == people
    assert overlapping(boxes) == []


def test_rows_and_nodes_of_every_rank_are_marked_together() -> None:
    css = (Path(__file__).resolve().parents[2] / "static" / "css" / "charts.css").read_text(encoding="utf-8")
    for rank in range(1, DRAWN + 1):
        assert f":has(.n{rank}:is(:hover,:focus-within)) .n{rank}{',' if rank < DRAWN else '{'}" in css


@pytest.mark.parametrize("people", range(17))
def test_places_on_the_dial_are_spread_evenly_from_the_top(people: int) -> None:
    places = [(p.x, p.y) for p in on_the_dial([2000 + i for i in range(people)])]
    angles = [math.degrees(math.atan2(x, -y)) % 360 for x, y in places]
    step = 360 / max(people, 1)
    assert angles == pytest.approx([90.0] if people == 1 else [step * (i + 0.5) for i in range(people)], abs=0.1)


def test_nobody_gives_no_dial() -> None:
    assert dial(graph()) == ""


def test_names_in_the_dial_are_inert() -> None:
    markup = dial(graph(person('<script>alert(1)</script> "x"')), center='"><script>alert(2)</script>')
    assert parse(markup).find(".//script") is None


def test_charts_need_no_inline_style() -> None:
    markup = dial(graph(*on_the_dial([2018, 2020]))) + charts.coverage(3, waiting=2)
    assert "style=" not in markup


def test_nothing_waiting_fills_the_coverage_bar() -> None:
    assert 'width="296" height="12"' in charts.coverage(3, waiting=0)
    assert "bar2" not in charts.coverage(3, waiting=0)
