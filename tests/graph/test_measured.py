"""The measures of the stored graph: when they are computed, what is written, and what is shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import psycopg
import pytest
from django.db import connection
from django.db.models import Q

from graph import tasks
from graph.flows import measure
from graph.measure_models import GraphNumbers, ResearcherMeasure
from graph.models import CoauthorEdge, ResearcherTopic, StaleResearcher
from profiles.models import Researcher
from tests.graph.test_derived import rebuild
from tests.pipeline import untouched
from works import imports

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

PAGE, ANSWER = "/about/graph/", "/api/v1/graph/"


def aged(minutes: int) -> None:
    """Make the last time so long ago."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE graph_graphnumbers SET computed_at = now() - make_interval(mins => %s)", [minutes])


def touch(edge: CoauthorEdge) -> None:
    """Recompute somebody, which writes pairs anew."""
    StaleResearcher.objects.create(researcher_id=edge.a_id)
    imports.settle()


@pytest.fixture
def edge(library: None) -> CoauthorEdge:
    return CoauthorEdge.objects.order_by("pk")[0]


@pytest.fixture
def measured(edge: CoauthorEdge) -> GraphNumbers:
    assert measure.measure()
    return GraphNumbers.objects.get()


def networkx_graph() -> nx.Graph[int]:
    graph: nx.Graph[int] = nx.Graph()
    graph.add_weighted_edges_from(CoauthorEdge.objects.values_list("a_id", "b_id", "weight"))
    return graph


def test_the_stored_measures_are_those_of_networkx(measured: GraphNumbers) -> None:
    graph = networkx_graph()
    rows = {row.researcher_id: row for row in ResearcherMeasure.objects.all()}
    assert set(rows) == set(graph)
    for together in nx.connected_components(graph):
        assert {rows[key].component for key in together} == {min(together)}
    ranks = nx.pagerank(graph)
    for key, row in rows.items():
        assert row.rank == pytest.approx(ranks[key] * len(graph), abs=1e-4)
        assert rows[row.community].community == row.community <= key
        assert rows[row.community].component == row.component


def test_nothing_is_measured_twice(measured: GraphNumbers) -> None:
    before = untouched()
    for _ in range(2):
        tasks.measure_graph()
    assert not measure.measure(minutes=0)
    assert untouched() == before


def test_pairs_that_are_written_anew_and_say_the_same_leave_all_measures_where_they_are(measured: GraphNumbers) -> None:
    before = untouched()["graph_researchermeasure"]
    rebuild()
    assert GraphNumbers.objects.get().computed_at > measured.computed_at
    assert untouched()["graph_researchermeasure"] == before


def test_it_is_measured_again_once_the_pairs_have_changed_and_the_time_has_come(
    measured: GraphNumbers, edge: CoauthorEdge
) -> None:
    aged(31)
    assert not measure.due()
    aged(29)
    touch(edge)
    assert not measure.due()
    aged(31)
    assert measure.due()
    tasks.measure_graph()
    assert GraphNumbers.objects.get().state != measured.state
    assert not measure.due()


def test_it_waits_until_everything_has_settled_but_not_for_ever(measured: GraphNumbers, edge: CoauthorEdge) -> None:
    touch(edge)
    StaleResearcher.objects.create(researcher_id=edge.b_id)
    aged(60)
    assert not measure.due()
    aged(24 * 60)
    assert measure.measure()
    # More was to come, so it is due again whatever comes.
    StaleResearcher.objects.all().delete()
    assert measure.due(minutes=0)


def test_the_first_time_waits_for_the_first_import(edge: CoauthorEdge) -> None:
    StaleResearcher.objects.create(researcher_id=edge.a_id)
    assert not measure.due()
    StaleResearcher.objects.all().delete()
    assert measure.due()


def test_two_do_not_measure_at_once(edge: CoauthorEdge) -> None:
    parameters = {key: connection.get_connection_params()[key] for key in ("dbname", "user", "host", "port")}
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [measure._LOCK])
        assert not measure.measure()
    assert measure.measure()


def test_who_has_no_co_author_any_more_has_no_measures_either(measured: GraphNumbers, edge: CoauthorEdge) -> None:
    alone = Q(a_id=edge.a_id) | Q(b_id=edge.a_id)
    CoauthorEdge.objects.filter(alone).delete()
    other = CoauthorEdge.objects.exclude(a_id=edge.b_id).order_by("-pk")[0]
    touch(other)
    assert measure.measure(minutes=0)
    assert not ResearcherMeasure.objects.filter(researcher_id=edge.a_id).exists()
    assert set(ResearcherMeasure.objects.values_list("pk", flat=True)) == set(networkx_graph())


# What is shown


def test_page_and_api_say_that_nothing_was_counted_yet(library: None, client: Client) -> None:
    assert "Nothing has been counted yet" in client.get(PAGE).content.decode()
    assert client.get(ANSWER).status_code == 404


def test_the_numbers_are_counted_on_the_stored_graph(measured: GraphNumbers, client: Client) -> None:
    graph = networkx_graph()
    components = list(nx.connected_components(graph))
    said = client.get(ANSWER).json()
    numbers = said["numbers"]
    largest = numbers.pop("largest_communities")
    assert numbers == {
        "researchers": Researcher.objects.filter(merged_into=None, works_count__gt=0).count(),
        "with_coauthors": len(graph),
        "pairs": graph.number_of_edges(),
        "components": len(components),
        "largest_component": max(map(len, components)),
        "communities": len(set(ResearcherMeasure.objects.values_list("community", flat=True))),
    }
    sizes = [community["researchers"] for community in largest]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == measure.COMMUNITIES_SHOWN
    assert said["computed_at"].startswith(measured.computed_at.isoformat()[:19])


def test_the_topics_of_a_community_are_those_most_members_have(measured: GraphNumbers, client: Client) -> None:
    first = client.get(ANSWER).json()["numbers"]["largest_communities"][0]
    assert first["topics"]
    counts = []
    for topic in first["topics"]:
        people = ResearcherTopic.objects.filter(topic__public_id=topic["public_id"]).values("researcher_id")
        members = ResearcherMeasure.objects.filter(pk__in=people).values_list("community", flat=True)
        counts.append(topic["researchers"])
        assert topic["researchers"] in {list(members).count(community) for community in members}
    assert counts == sorted(counts, reverse=True)


def test_the_page_shows_what_the_api_says_and_no_name(
    measured: GraphNumbers, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        page = client.get(PAGE).content.decode()
    with django_assert_num_queries(1):
        numbers = client.get(ANSWER).json()["numbers"]
    for name in ("researchers", "with_coauthors", "pairs", "components", "largest_component", "communities"):
        assert f"<dd>{numbers[name]:,}</dd>" in page
    for community in numbers["largest_communities"]:
        for topic in community["topics"]:
            assert f'href="{topic["url"]}"' in page
    assert not [name for name in Researcher.objects.values_list("display_name", flat=True) if name in page]
    assert f'href="{PAGE}"' in client.get("/").content.decode()
