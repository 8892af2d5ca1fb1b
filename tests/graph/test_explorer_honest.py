"""What the explorer must not show, and what its rows, edges and files must not claim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from graph import neighborhood_selectors
from graph.exploring import Ref, view
from graph.models import CoauthorEdge
from graph.neighborhood import Neighborhood
from graph.neighborhood_selectors import neighborhood
from profiles.flows.opt_out import opt_out
from profiles.models import Institution, Researcher
from researchgraph.lib.dates import this_year
from tests.pipeline import importworks, work, write
from works.models import Topic, Work

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")
HEDY = {"name": "Hedy Lamarr", "affiliation": "Institute of Bells", "affiliation_domain": "bells.example"}


def shown(center: Ref, **asked: str) -> Neighborhood:
    found = neighborhood(view(center, asked))
    assert found is not None
    return found


def person(name: str) -> Ref:
    return Ref("person", Researcher.objects.get(display_name=name).public_id)


def of_work(title: str) -> Ref:
    return Ref("work", Work.objects.get(title=title).public_id)


def test_nobody_who_opted_out_is_traced_through_their_works(tmp_path: Path, curator: User, client: Client) -> None:
    importworks(
        write(tmp_path / "w.jsonl", [work("a/1", "Bells under water", HEDY), work("a/2", "Bells in fog", HEDY)])
    )
    here = of_work("Bells under water")
    before = shown(here)
    assert {node.kind for node in before.nodes} >= {"person", "work", "institution"}
    institution = before.of("institution")[0]
    opt_out(researcher=Researcher.objects.get(display_name="Hedy Lamarr").pk, actor=curator, reason="")
    after = shown(here)
    assert [node.label for node in after.nodes if node.kind != "topic"] == []
    ends = {"a": str(here), "b": institution.id}
    assert client.get("/api/v1/graph/joining/", ends).json()["total"] == 0
    beside = shown(institution.ref)
    assert {edge.target for edge in beside.edges if edge.source.startswith("work")} == set()


def test_a_direct_co_author_is_never_two_steps_away(tmp_path: Path) -> None:
    importworks(write(tmp_path / "w.jsonl", [
        work("a/1", "Strong", "Ada Byron", "Vera Wide", year=2024), work("a/2", "Old", "Ada Byron", "Hedy Lamarr", year=1990),
        work("a/3", "Both", "Vera Wide", "Hedy Lamarr", year=2024), work("a/4", "Far", "Vera Wide", "Emmy Far", year=2024),
    ]))  # fmt: skip
    found = shown(person("Ada Byron"), steps="2", min="0.1", kinds="person")
    assert {node.label: node.steps for node in found.nodes} == {"Vera Wide": 1, "Emmy Far": 2}
    searched = shown(person("Ada Byron"), steps="2", q="vera", kinds="person")
    assert [node.label for node in searched.nodes] == ["Vera Wide"]


def test_years_narrow_people_of_a_topic_works_beside_a_work_and_the_reason_of_an_edge(
    tmp_path: Path, client: Client
) -> None:
    importworks(write(tmp_path / "w.jsonl", [
        work("a/1", "Early", "Ada Byron", "Vera Wide", year=2001, keywords=["bells"]),
        work("a/2", "Late", "Ada Byron", "Vera Wide", year=2020, keywords=["bells"]),
        work("a/3", "Middle", "Vera Wide", "Hedy Lamarr", year=2010, keywords=["bells"]),
    ]))  # fmt: skip
    topic = Ref("topic", Topic.objects.get(label="bells").public_id)
    found = shown(topic, since="2009", until="2012", kinds="person")
    assert {node.label: (node.works, node.years) for node in found.nodes} == {
        "Vera Wide": (1, "2010"), "Hedy Lamarr": (1, "2010"),
    }  # fmt: skip
    assert [node.label for node in shown(of_work("Early"), since="2015", kinds="work").nodes] == ["Late"]
    ends = {"a": str(person("Ada Byron")), "b": str(person("Vera Wide"))}
    assert client.get("/api/v1/graph/joining/", ends).json()["total"] == 2
    assert client.get("/api/v1/graph/joining/", {**ends, "since": "2015"}).json()["total"] == 1
    # What a work is joined with is so by the work itself, whatever the years.
    itself = {"a": str(of_work("Early")), "b": str(person("Ada Byron")), "since": "2015"}
    assert client.get("/api/v1/graph/joining/", itself).json()["total"] == 1
    far = shown(topic, since="2015")
    assert {"Hedy Lamarr"}.isdisjoint(node.label for node in far.nodes)


def test_files_tell_weak_ties_from_strong_ones_and_name_each_key_once(tmp_path: Path, client: Client) -> None:
    importworks(write(tmp_path / "w.jsonl", [work("a/1", "Old", "Ada Byron", "Vera Wide", year=this_year() - 44)]))
    assert CoauthorEdge.objects.count() == 1
    there = f"/explore/researchers/{person('Ada Byron').public_id}"
    links = json.loads(client.get(f"{there}/export.json?kinds=person").content)["links"]
    assert 0 < links[0]["weight"] < 1e-6
    graphml = ET.fromstring(client.get(f"{there}/export.graphml").content)  # noqa: S314 - our own
    keys = [key.get("id") for key in graphml.iter("{http://graphml.graphdrawing.org/xmlns}key")]
    assert len(keys) == len(set(keys)) > 4


def test_the_api_reads_what_the_page_reads(tmp_path: Path, client: Client) -> None:
    importworks(write(tmp_path / "w.jsonl", [work("a/1", "One", "Ada Byron", "Vera Wide")]))
    there = f"/api/v1/graph/researchers/{person('Ada Byron').public_id}/"
    kinds = {node["kind"] for node in client.get(f"{there}?kinds=person&kinds=work").json()["nodes"]}
    assert kinds == {"person", "work"}
    assert client.get("/api/v1/graph/path/?a=%00&b=x").status_code == 404


@pytest.mark.parametrize("kind", ["topic", "institution"])
def test_the_latest_works_are_those_of_the_latest_years_whenever_they_were_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(neighborhood_selectors, "LATEST", 2)
    for number, years in enumerate([(2020, 2021), (2001, 2002)]):
        importworks(write(tmp_path / f"{number}.jsonl", [
            work(f"a/{year}", f"Bells of {year}", HEDY, "Vera Wide", year=year, keywords=["bells"]) for year in years
        ]))  # fmt: skip
    here = Ref(kind, (Topic if kind == "topic" else Institution).objects.get().public_id)
    assert [node.label for node in shown(here, kinds="work").nodes] == ["Bells of 2021", "Bells of 2020"]
    assert shown(here).sampled
    early = shown(here, kinds="work", until="2001")
    assert ([node.label for node in early.nodes], early.sampled) == (["Bells of 2001"], False)
    # A year that is corrected moves the work.
    importworks(write(tmp_path / "again.jsonl", [
        work("a/2001", "Bells of 2001", HEDY, "Vera Wide", year=2023, keywords=["bells"])
    ]))  # fmt: skip
    assert [node.label for node in shown(here, kinds="work").nodes] == ["Bells of 2001", "Bells of 2021"]


def test_two_works_are_joined_by_the_authors_of_both(tmp_path: Path, client: Client, curator: User) -> None:
    importworks(write(tmp_path / "w.jsonl", [
        work("a/1", "Early", "Ada Byron", "Vera Wide", "Hedy Lamarr", keywords=["bells"]),
        work("a/2", "Late", "Hedy Lamarr", "Ada Byron", "Emmy Far"),
    ]))  # fmt: skip
    one, other = of_work("Early"), of_work("Late")
    page = client.get(one.explore, {"sel": str(other)}).content.decode()
    assert "2 authors in common with" in page
    assert "Authors of both" in page
    found = client.get("/api/v1/graph/joining/", {"a": str(one), "b": str(other)}).json()
    assert (found["total"], found["authors_total"]) == (0, 2)
    assert [author["name"] for author in found["authors"]] == ["Ada Byron", "Hedy Lamarr"]
    # What a work adds is said of people only.
    ends = {"a": str(person("Ada Byron")), "b": f"topic:{Topic.objects.get(label='bells').public_id}"}
    assert [each["adds"] for each in client.get("/api/v1/graph/joining/", ends).json()["works"]] == [0.0]
    opt_out(researcher=Researcher.objects.get(display_name="Hedy Lamarr").pk, actor=curator, reason="")
    again = client.get("/api/v1/graph/joining/", {"a": str(one), "b": str(other)}).json()
    assert [author["name"] for author in again["authors"]] == ["Ada Byron"]
