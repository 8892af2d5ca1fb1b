"""What is unfolded and hidden: in the address, so in table, picture, files and API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graph.exploring import HIDDEN_MOST, KINDS, UNFOLDED, UNFOLDED_MOST, Ref, Unfolded, view
from graph.neighborhood_selectors import neighborhood
from profiles.models import Researcher

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from graph.neighborhood import Neighborhood, Node

pytestmark = pytest.mark.usefixtures("library")


def around(center: Ref, **asked: str) -> Neighborhood:
    found = neighborhood(view(center, asked))
    assert found is not None
    return found


@pytest.fixture
def center() -> Ref:
    """Somebody with much around them."""
    return Ref("person", Researcher.objects.filter(merged_into=None).order_by("-works_count", "pk")[0].public_id)


def leading_on(center: Ref) -> Node:
    """A person next to the center who knows people that the center does not."""
    known = {node.id for node in around(center).nodes}
    return next(
        one
        for one in around(center).of("person")
        if {node.id for node in around(one.ref, kinds="person").nodes[: UNFOLDED["person"]]} - known - {str(center)}
    )


def test_unfolding_adds_what_is_next_to_a_node_one_step_further_out(center: Ref) -> None:
    one = leading_on(center)
    before, after, its_own = around(center), around(center, open=one.id), around(one.ref)
    added = [node for node in after.nodes if node.id not in {known.id for known in before.nodes}]
    assert added
    assert {node.steps for node in added} == {2}
    first = {node.id for kind in KINDS for node in its_own.of(kind)[: UNFOLDED[kind]]}
    assert {node.id for node in added} == first - {node.id for node in before.nodes} - {str(center)}
    # Counts are of the center's neighbors, and every new node hangs on the one that led there.
    assert after.counts == before.counts
    joined = {frozenset((edge.source, edge.target)) for edge in after.edges}
    assert all(frozenset((one.id, node.id)) in joined for node in added)
    assert {after.origins()[node.id].id for node in added} == {one.id}
    assert len(joined) == len(after.edges)


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_unfolded_alone_though_it_is_not_shown_next_to_the_center(center: Ref, kind: str) -> None:
    one = leading_on(center)
    shown = around(center, kinds="person", open=f"{one.id}.{kind}")
    added = [node for node in shown.nodes if node.steps > 1]
    assert {node.kind for node in added} <= {kind}
    known = {node.id for node in around(center, kinds="person").nodes} | {str(center)}
    expected = {node.id for node in around(one.ref, kinds=kind).nodes[: UNFOLDED[kind]]} - known
    assert {node.id for node in added} == expected


def test_what_was_unfolded_is_unfolded_further_and_goes_with_what_led_there(center: Ref) -> None:
    one = leading_on(center)
    second = next(node for node in around(center, open=one.id).nodes if node.steps == 2 and node.kind == "person")
    both = around(center, open=f"{one.id} {second.id}")
    assert {node.steps for node in both.nodes} >= {1, 2, 3} or len(both.nodes) == len(around(center, open=one.id).nodes)
    # Nothing hangs in the air: what is not shown is not unfolded.
    assert around(center, open=second.id).nodes == around(center).nodes


def test_what_is_hidden_is_nowhere_and_brings_nothing(center: Ref) -> None:
    one = leading_on(center)
    hidden = around(center, hide=one.id, open=one.id)
    assert one.id not in {node.id for node in hidden.nodes}
    assert not [edge for edge in hidden.edges if one.id in {edge.source, edge.target}]
    assert all(node.steps == 1 for node in hidden.nodes)
    counts = {count.kind: count for count in around(center).counts}
    assert {count.kind: count.total for count in hidden.counts} == {kind: one.total for kind, one in counts.items()}
    assert around(center, steps="2", hide=one.id).node(one.ref) is None


def test_filters_narrow_what_is_unfolded_too(center: Ref) -> None:
    one = leading_on(center)
    found = around(center, open=one.id, since="2021")
    years = [node.last_year for node in found.of("work")]
    assert all(year and year >= 2021 for year in years)


def test_an_address_unfolds_and_hides_the_last_ones_it_names(center: Ref) -> None:
    refs = [Ref("topic", f"{number:010}") for number in range(30)]
    asked = view(center, {"open": " ".join(map(str, refs)), "hide": " ".join(map(str, [*refs, center]))})
    assert asked.unfolded == tuple(map(Unfolded, refs[-UNFOLDED_MOST:]))
    assert asked.hidden == tuple(refs[-HIDDEN_MOST:])
    assert center not in asked.hidden


def test_links_unfold_fold_and_hide() -> None:
    here = view(Ref("person", "2" * 10), {})
    other = Ref("work", "3" * 10)
    assert (
        here.unfold(other, "topic")
        == "/explore/researchers/2222222222/?open=work%3A3333333333.topic&sel=work%3A3333333333"
    )
    opened = view(here.center, {"open": "work:3333333333.topic topic:4444444444"})
    assert opened.opens(other)
    assert (
        opened.unfold(other)
        == "/explore/researchers/2222222222/?open=topic%3A4444444444+work%3A3333333333&sel=work%3A3333333333"
    )
    assert opened.fold(other) == "/explore/researchers/2222222222/?open=topic%3A4444444444&sel=work%3A3333333333"
    assert opened.hide(other) == "/explore/researchers/2222222222/?open=topic%3A4444444444&hide=work%3A3333333333"


def test_page_table_files_and_api_show_the_same(
    client: Client, center: Ref, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    one = leading_on(center)
    query = f"?open={one.id}&sel={one.id}"
    ids = {str(center), *(node.id for node in around(center, open=one.id).nodes)}
    with django_assert_max_num_queries(5):
        page = client.get(f"{center.explore}{query}").content.decode()
    table = client.get(f"{center.explore}{query}&view=table").content.decode()
    for shown in ids - {str(center)}:
        assert f"sel={shown.replace(':', '%3A')}" in page
        assert f"sel={shown.replace(':', '%3A')}" in table
    assert "2 steps, by" in table
    assert "fold again" in page
    rows = client.get(f"{center.explore}export.csv{query}").content.decode().splitlines()[1:]
    assert {row.split(",")[0] for row in rows if row.partition(":")[0] in KINDS} == ids
    answer = client.get(f"/api/v1/graph/researchers/{center.public_id}/{query}").json()
    assert {node["id"] for node in answer["nodes"]} == ids


def test_the_panel_says_by_which_works_an_unfolded_node_is_joined_with_what_led_there(
    client: Client, center: Ref
) -> None:
    one = leading_on(center)
    second = next(node for node in around(center, open=one.id).nodes if node.steps == 2 and node.kind == "person")
    page = client.get(f"{center.explore}?open={one.id}&sel={second.id}").content.decode()
    assert "2 steps from" in page
    assert "Why this edge" in page
    assert f"/with/{second.public_id}/" in page
