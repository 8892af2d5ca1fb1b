"""Groups and states of people in the explorer and in the narrowed graph of a profile."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from graph.exploring import Ref, view
from graph.neighborhood import Edge, Neighborhood, Node
from graph.neighborhood_selectors import neighborhood
from profiles.models import Researcher
from researchgraph.lib.dates import this_year
from tests.pipeline import importworks, work, write

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

ADA = "Ada Byron"
BELLS, LOOMS = ("Bella Ringer", "Tom Tenor", "Otto Alto"), ("Lena Quill", "Emma Loom", "Hugo Warp")


@pytest.fixture
def ada(empty_library: None, tmp_path: Path) -> Researcher:
    """Somebody with two circles, who wrote with one of them long ago, and with somebody alone this year."""
    year = this_year()
    importworks(write(tmp_path / "works.jsonl", [
        *(work(f"g/{n}", f"Bells {n}", ADA, *pair, year=year - 2) for n, pair in enumerate(itertools.combinations(BELLS, 2))),
        *(work(f"l/{n}", f"Looms {n}", ADA, *pair, year=1990) for n, pair in enumerate(itertools.combinations(LOOMS, 2))),
        work("n/1", "Something new", ADA, "Vera Wide", year=year),
    ]))  # fmt: skip
    return Researcher.objects.get(display_name=ADA)


def test_people_who_write_with_each_other_are_a_group(ada: Researcher, client: Client) -> None:
    found = neighborhood(view(Ref("person", ada.public_id), {}))
    assert found is not None
    assert {frozenset(one.label for one in group.people) for group in found.groups()} == {
        frozenset(BELLS),
        frozenset(LOOMS),
    }
    page = client.get(f"/explore/researchers/{ada.public_id}/").content.decode()
    assert '<tspan class="grp"> A</tspan>' in page
    assert "Groups of people who share works with each other" in page
    table = client.get(f"/explore/researchers/{ada.public_id}/?view=table").content.decode()
    assert table.count("group\u00a0A</span>") == table.count("group\u00a0B</span>") == 3
    nodes = client.get(f"/api/v1/graph/researchers/{ada.public_id}/").json()["nodes"]
    assert {node["label"] for node in nodes if node["group"]} == {*BELLS, *LOOMS}
    profile = client.get(f"{ada.get_absolute_url()}?kinds=person,topic").content.decode()
    assert "Groups of people who share works with each other" in profile
    assert profile.count("group\u00a0A") >= 3


def test_ties_are_new_active_or_lapsed_unless_years_are_left_out(ada: Researcher, client: Client) -> None:
    here = Ref("person", ada.public_id)
    found = neighborhood(view(here, {}))
    assert found is not None
    states = {node.label: node.state for node in found.of("person")}
    assert states == {**dict.fromkeys(BELLS, "active"), **dict.fromkeys(LOOMS, "lapsed"), "Vera Wide": "new"}
    assert {node.state for node in found.nodes if node.kind != "person"} == {""}
    # Of a part of the years nobody can say it.
    for asked in ({"since": "1980"}, {"until": str(this_year())}):
        narrowed = neighborhood(view(here, asked))
        assert narrowed is not None
        assert {node.state for node in narrowed.nodes} == {""}
    page = client.get(f"/explore/researchers/{ada.public_id}/?view=table").content.decode()
    assert page.count('">lapsed, ') == 3
    assert "lapsed" in client.get(f"{ada.get_absolute_url()}?kinds=person,work").content.decode()


def test_one_group_is_none() -> None:
    nodes = [Node("person", str(n), "", f"Name {n}") for n in range(3)]
    edges = [Edge(a.id, b.id, 1) for a, b in itertools.combinations(nodes, 2)]
    assert Neighborhood(Node("person", "x", "", "X", steps=0), nodes, edges, [], 3).groups() == []
    assert Neighborhood(Node("person", "x", "", "X", steps=0), [], [], [], 0).groups() == []
