"""The explorer: the same rows as table, picture and file; narrowed by the address; safe with any data."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import networkx as nx
import pytest

from graph.exploring import EDGES_SHOWN, KINDS, OF_SECTION, SHOWN, Ref, view
from graph.models import CoauthorEdge
from graph.neighborhood_selectors import labels, neighborhood
from graph.recency import now
from profiles.flows import merge
from profiles.models import Institution, Researcher
from researchgraph.lib.dates import LATEST_YEAR, this_year
from tests.pipeline import importworks, work, write
from works import imports
from works.models import Authorship, Topic, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

ALL = ("researchers", "works", "topics", "institutions")
pytestmark = pytest.mark.usefixtures("library")


def busiest() -> Researcher:
    return Researcher.objects.filter(removed_at=None, merged_into=None).order_by("-works_count", "pk")[0]


def center(section: str) -> Ref:
    public_id = {
        "researchers": lambda: busiest().public_id,
        "works": lambda: Work.objects.order_by("-author_count", "pk")[0].public_id,
        "topics": lambda: Topic.objects.order_by("pk")[0].public_id,
        "institutions": lambda: Institution.objects.order_by("pk")[0].public_id,
    }[section]()
    return Ref(OF_SECTION[section], public_id)


@pytest.mark.parametrize("section", ALL)
def test_every_kind_of_entity_has_rows_of_every_kind_that_are_there(section: str) -> None:
    found = neighborhood(view(center(section), {}))
    assert found is not None
    assert found.nodes
    assert [count.kind for count in found.counts] == list(KINDS)
    for count in found.counts:
        assert len(found.of(count.kind)) == count.shown == min(count.total, SHOWN[count.kind])
    ids = {found.center.id, *(node.id for node in found.nodes)}
    assert len(ids) == len(found.nodes) + 1
    assert all(edge.source in ids and edge.target in ids for edge in found.edges)
    assert len(found.edges) == min(found.edges_total, EDGES_SHOWN)


def test_stored_rows_are_what_the_works_add_up_to() -> None:
    undated = Authorship.objects.filter(work__year=None).values("researcher")
    everybody = Researcher.objects.filter(merged_into=None, works_count__gt=2).exclude(pk__in=undated).order_by("pk")
    assert everybody.count() > 30
    for record in everybody[:60]:
        here = Ref("person", record.public_id)
        stored = neighborhood(view(here, {}))
        added = neighborhood(view(here, {"until": str(LATEST_YEAR)}))
        assert stored is not None
        assert added is not None
        assert stored.counts == added.counts
        assert [(one.id, one.works, one.years) for one in stored.nodes] == [
            (one.id, one.works, one.years) for one in added.nodes
        ]
        assert [one.strength for one in stored.nodes] == pytest.approx([one.strength for one in added.nodes], abs=1e-8)
        assert [one.in_all for one in stored.nodes] == pytest.approx([one.in_all for one in added.nodes], abs=1e-8)


def test_people_next_to_a_researcher_are_the_stored_pairs_strongest_first() -> None:
    somebody = busiest()
    found = neighborhood(view(Ref("person", somebody.public_id), {}))
    assert found is not None
    pairs = {edge.b.public_id: edge for edge in CoauthorEdge.objects.filter(a=somebody).select_related("b")}
    pairs |= {edge.a.public_id: edge for edge in CoauthorEdge.objects.filter(b=somebody).select_related("a")}
    people = found.of("person")
    stored = [pairs[one.public_id] for one in people]
    assert [(edge.weight, edge.works) for edge in stored] == [(one.in_all, one.works) for one in people]
    assert [now(edge.recent, year=this_year()) for edge in stored] == pytest.approx([one.strength for one in people])
    assert people == sorted(people, key=lambda one: (-one.strength, -one.in_all, -one.works))
    assert next(count.total for count in found.counts if count.kind == "person") == len(pairs)


def test_years_a_topic_a_strength_and_words_narrow_what_is_shown() -> None:
    somebody = center("researchers")
    everything = neighborhood(view(somebody, {}))
    assert everything is not None
    years = sorted(node.first_year for node in everything.of("work") if node.first_year)
    since = neighborhood(view(somebody, {"since": str(years[-1])}))
    assert since is not None
    assert {node.first_year for node in since.of("work")} == {years[-1]}
    assert 0 < len(since.of("person")) <= len(everything.of("person"))
    assert all(node.first_year == years[-1] for node in since.of("person"))
    strong = neighborhood(view(somebody, {"min": "0.5", "kinds": "person"}))
    assert strong is not None
    assert {one.id for one in strong.nodes} == {one.id for one in everything.of("person") if one.strength >= 0.5}
    topic = everything.of("topic")[-1]
    narrowed = neighborhood(view(somebody, {"topic": topic.public_id}))
    assert narrowed is not None
    assert len(narrowed.of("work")) == topic.works
    name = everything.of("person")[3].label
    named = neighborhood(view(somebody, {"q": name.upper()}))
    assert named is not None
    assert [one.label for one in named.nodes] == [name]


def test_a_second_step_adds_people_whom_only_the_first_has_worked_with() -> None:
    somebody = center("researchers")
    one, two = neighborhood(view(somebody, {})), neighborhood(view(somebody, {"steps": "2"}))
    assert one is not None
    assert two is not None
    further = {node.id for node in two.of("person") if node.steps == 2}
    known = {node.id for node in one.of("person")}
    assert not further & (known | {two.center.id})
    assert {node.id for node in two.of("person")} == known | further


def test_two_people_on_a_work_of_thousands_are_not_next_to_each_other(empty_library: None, tmp_path: Path) -> None:
    crowd = [f"Author{number} Crowd{number}" for number in range(3_000)]
    few = [work(f"f/{n}", f"Few {n}", "Ada Byron", f"Friend{n} Name{n}", year=2000 + n) for n in range(12)]
    importworks(write(tmp_path / "works.jsonl", few))
    imports.settle()
    ada = Researcher.objects.get(display_name="Ada Byron")
    before = neighborhood(view(Ref("person", ada.public_id), {"kinds": "person"}))
    importworks(write(tmp_path / "crowd.jsonl", [work("c/1", "A crowd", "Ada Byron", *crowd)]))
    imports.settle()
    after = neighborhood(view(Ref("person", ada.public_id), {"kinds": "person"}))
    assert before is not None
    assert after is not None
    assert before.nodes == after.nodes


@pytest.mark.parametrize("section", ALL)
@pytest.mark.parametrize("shown", ["", "?view=table", "?steps=2"])
def test_the_page_has_every_row_and_costs_the_same(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, section: str, shown: str
) -> None:
    there = center(section)
    with django_assert_max_num_queries(4):
        page = client.get(f"{there.explore}{shown}")
    found = neighborhood(view(there, {"steps": "2"} if "steps" in shown else {}))
    assert found is not None
    content = page.content.decode()
    for node in found.nodes:
        assert f"sel={node.kind}%3A{node.public_id}" in content


def test_what_is_selected_says_by_which_works_it_is_joined(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    there = center("researchers")
    found = neighborhood(view(there, {}))
    assert found is not None
    nearest = found.of("person")[0]
    with django_assert_max_num_queries(6):
        page = client.get(f"{there.explore}?sel={nearest.id}&trail={found.of('topic')[0].id}")
    content = page.content.decode()
    assert content.count(" · adds ") == min(nearest.works, 30)
    assert f"{nearest.works} works with" in content
    assert found.of("topic")[0].label in content


def test_two_pictures_of_the_same_rows_are_the_same_bytes(client: Client) -> None:
    there = center("researchers")
    one, two = (client.get(f"{there.explore}export.svg").content for _ in range(2))
    assert one == two
    assert ET.fromstring(one).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own


def test_every_file_has_the_same_rows(client: Client) -> None:
    there = center("researchers")
    found = neighborhood(view(there, {"since": "2020"}))
    assert found is not None
    ids = {found.center.id, *(node.id for node in found.nodes)}
    files = {
        form: client.get(f"{there.explore}export.{form}?since=2020").content
        for form in ("csv", "json", "graphml", "gexf")
    }
    assert {row["id"] for row in csv.DictReader(io.StringIO(files["csv"].decode()))} == ids
    assert {node["id"] for node in json.loads(files["json"])["nodes"]} == ids
    graphml, gexf = nx.read_graphml(io.BytesIO(files["graphml"])), nx.read_gexf(io.BytesIO(files["gexf"]))
    assert set(graphml) == set(gexf) == ids
    assert graphml.number_of_edges() == gexf.number_of_edges() == len(found.edges)


def test_a_label_is_no_formula_in_a_spreadsheet(client: Client, empty_library: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [work("x/1", '=HYPERLINK("http://x.example")', "Ada Byron")]))
    imports.settle()
    ada = Researcher.objects.get()
    rows = client.get(f"/explore/researchers/{ada.public_id}/export.csv").content.decode()
    assert "'=HYPERLINK" in rows


@pytest.mark.parametrize("section", ALL)
def test_what_never_was_is_not_found(client: Client, section: str) -> None:
    assert client.get(f"/explore/{section}/0000000000/").status_code == 404
    assert client.get(f"/explore/{section}/0000000000/export.csv").status_code == 404


def test_a_joined_record_leads_to_the_one_that_goes_on(client: Client, django_user_model: type[User]) -> None:
    into, old = Researcher.objects.filter(merged_into=None, removed_at=None).order_by("-works_count", "pk")[:2]
    curator = django_user_model.objects.create_user("curator")
    merge.merge(researcher=old.pk, into=into.pk, actor=curator, reason="one", force=True)
    answer = client.get(f"/explore/researchers/{old.public_id}/?since=2020")
    assert (answer.status_code, answer["Location"]) == (302, f"/explore/researchers/{into.public_id}/?since=2020")


def test_the_names_of_a_trail_come_in_its_order() -> None:
    refs = [center(section) for section in reversed(ALL)]
    assert labels([*refs, Ref("work", "0000000000")])[-1] == ""
    assert all(labels(refs))
