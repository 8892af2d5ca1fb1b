"""The table of co-authors and its picture say the same of every bundled record, and names in it cover no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from lxml import html

from graph import charts, twin
from graph.models import CoauthorEdge, EgoGraphSnapshot
from graph.snapshots import EgoGraph
from profiles.models import Researcher
from researchgraph.lib.dates import this_year
from tests.pictures import label_boxes, overlapping, picture

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("library")

MORCOS = "ari-s-morcos"


def graphs() -> list[EgoGraph]:
    found = EgoGraphSnapshot.objects.order_by("pk").values_list("data", flat=True)
    return [msgspec.json.decode(data, type=EgoGraph) for data in found]


def page_at(client: Client, path: str) -> Any:
    return html.fromstring(client.get(path).content.decode())


def dial(graph: EgoGraph) -> str:
    return charts.dial(graph, center="Ada", href="/a/", year=2026)


def test_no_two_names_of_any_bundled_record_overlap() -> None:
    drawn = [graph for graph in graphs() if graph.people]
    assert any(graph.drawn == 16 for graph in drawn)
    for graph in drawn:
        assert overlapping(label_boxes(dial(graph))) == []


def test_stored_people_are_ranked_as_the_edges_are() -> None:
    record = Researcher.objects.get(slug=MORCOS)
    edges = [*CoauthorEdge.objects.filter(a=record), *CoauthorEdge.objects.filter(b=record)]
    edges.sort(key=lambda e: (-e.recent, -e.weight, -e.works, e.b_id if e.a_id == record.pk else e.a_id))
    names = [(e.b if e.a_id == record.pk else e.a).display_name for e in edges]
    graph = msgspec.json.decode(EgoGraphSnapshot.objects.get(pk=record.pk).data, type=EgoGraph)
    assert [person.name for person in graph.people] == names[: len(graph.people)]
    assert graph.total == len(names)


def test_profile_explorer_and_api_rank_the_same_people_with_the_same_figures(client: Client) -> None:
    record = Researcher.objects.get(slug=MORCOS)
    profile = page_at(client, record.get_absolute_url())
    explorer = page_at(client, f"{record.get_absolute_url()}graph/")
    api = client.get(f"/api/v1/researchers/{record.public_id}/coauthors/?limit=16").json()["results"]
    told = [(c["name"], c["state"]) for c in api]
    assert {state for _, state in told} <= {"new", "active", "lapsed"}
    for page in (profile, explorer):
        rows = page.xpath("(//section[@id='graph']|//div[@class='explore sec-s'])//tbody/tr")[:16]
        shown = [(row.xpath("th/a")[0].text_content(), row.xpath("th/small|th/span")[0].text_content()) for row in rows]
        assert [(name, words.partition(",")[0]) for name, words in shown] == told
        figures = [float(row.xpath("td[last()]/text()")[0]) for row in rows]
        assert figures == pytest.approx([c["strength"] for c in api], abs=0.0051)


def test_the_page_says_how_many_of_how_many_and_by_what(client: Client) -> None:
    record = Researcher.objects.get(slug=MORCOS)
    total = msgspec.json.decode(EgoGraphSnapshot.objects.get(pk=record.pk).data, type=EgoGraph).total
    section = page_at(client, record.get_absolute_url()).xpath("//section[@id='graph']")[0]
    assert f"Showing 16 of {total} named co-authors, by strength" in " ".join(section.text_content().split())


def test_groups_are_told_in_words_with_everybody_who_is_lettered() -> None:
    several = [graph for graph in graphs() if twin.by_group(twin.rows(graph, year=2026))]
    assert several
    for graph in several:
        rows = twin.rows(graph, year=2026)
        told = {row.person.public_id: group.letter for group in twin.by_group(rows) for row in group.rows}
        drawn = {
            node.get("href").split("/")[-2]: node.findtext("text/tspan").strip()
            for node in picture(dial(graph)).findall(".//a")
            if node.find("text/tspan") is not None
        }
        assert drawn == told


def test_a_kept_profile_is_made_anew_when_the_year_changes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Researcher.objects.get(slug=MORCOS)

    def strongest() -> float:
        page = page_at(client, record.get_absolute_url())
        return float(page.xpath("//section[@id='graph']//tbody/tr[1]/td[last()]/text()")[0])

    before = strongest()
    for module in ("profiles.views", "profiles.selectors"):
        monkeypatch.setattr(f"{module}.this_year", lambda: this_year() + 2)
    assert before > strongest() == pytest.approx(before / 2, abs=0.01)
