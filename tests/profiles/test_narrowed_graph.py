"""The graph of a profile as its address narrows it: the explorer's rows, as table and picture, and nothing else moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html

from graph.exploring import KINDS, PERSON, Ref, profile_view
from graph.neighborhood_selectors import neighborhood
from profiles.models import Researcher

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("library")

MORCOS = "ari-s-morcos"


@pytest.fixture
def record(library: None) -> Researcher:
    return Researcher.objects.get(slug=MORCOS, merged_into=None)


def section(client: Client, address: str) -> Any:
    page: Any = html.fromstring(client.get(address).content.decode())
    return page.get_element_by_id("graph")


def names(part: Any) -> list[str]:
    return [" ".join(cell.xpath("string(.//a)").split()) for cell in part.xpath(".//tbody//th")]


@pytest.mark.parametrize("asked", ["kinds=person,work", "since=2021", "min=0.1", "kinds=topic,institution&since=2020"])
def test_it_shows_the_rows_of_the_explorer(client: Client, record: Researcher, asked: str) -> None:
    given = {key: one[0] for key, one in parse_qs(asked).items()}
    view = profile_view(record.public_id, given)
    found = neighborhood(view)
    assert found is not None
    assert found.nodes
    expected = [node.href for kind in view.kinds for node in found.of(kind)[: 16 // len(view.kinds)]]
    part = section(client, f"{record.get_absolute_url()}?{asked}")
    assert [cell.get("href") for cell in part.xpath(".//tbody//th/a")] == expected
    assert len(part.xpath(".//*[local-name()='svg'][contains(@class,'graph')]/a")) == len(expected) + 1
    for count in found.counts:
        assert f"of {count.total:,}" in part.text_content()


def test_row_and_node_of_the_same_entity_have_the_same_number(client: Client, record: Researcher) -> None:
    part = section(client, f"{record.get_absolute_url()}?kinds={','.join(KINDS)}")
    rows = {row.get("class"): row.xpath("string(th/a)") for row in part.xpath(".//tbody/tr")}
    nodes = {node.get("class"): node.get("aria-label") for node in part.xpath(".//svg[contains(@class,'graph')]/a")}
    assert rows
    for number, name in rows.items():
        assert nodes[number].startswith(name.removesuffix("...")[:40])


def test_boxes_of_the_form_say_the_same_as_the_list(client: Client, record: Researcher) -> None:
    page = record.get_absolute_url()
    boxes = client.get(f"{page}?kinds=person&kinds=topic&since=&min=").content
    assert boxes == client.get(f"{page}?kinds=person,topic").content
    assert boxes == client.get(f"{page}?kinds=person,topic").content


@pytest.mark.parametrize(
    "asked", ["kinds=nonsense", "kinds=person", "since=soon", "min=nan", "min=-1", "kinds=&since=&min="]
)
def test_what_cannot_be_is_the_stored_graph(client: Client, record: Researcher, asked: str) -> None:
    page = record.get_absolute_url()
    assert client.get(f"{page}?{asked}").content == client.get(page).content
    assert section(client, page).xpath(".//svg[contains(@class,'dial')]")


def test_links_and_forms_of_either_part_keep_what_the_other_shows(client: Client, record: Researcher) -> None:
    address = f"{record.get_absolute_url()}?sort=oldest&year=2021&since=2020&kinds=person,work"
    page: Any = html.fromstring(client.get(address).content.decode())
    hidden = [
        (one.get("name"), one.get("value"))
        for one in page.xpath("//form[contains(@class,'narrowing')]//input[@type='hidden']")
    ]
    assert hidden == [("sort", "oldest"), ("year", "2021")]
    kept = [
        (one.get("name"), one.get("value"))
        for one in page.xpath("//form[contains(@class,'filters')]//input[@type='hidden']")
    ]
    assert kept == [("kinds", "person,work"), ("since", "2020")]
    chips = [
        parse_qs(urlsplit(one).query)
        for one in page.xpath("//a[contains(@class,'chip') and contains(@title,'filter')]/@href")
    ]
    assert chips == [{"sort": ["oldest"], "kinds": ["person,work"], "since": ["2020"]}]
    [clear] = page.xpath("//form[contains(@class,'narrowing')]//a/@href")
    assert parse_qs(urlsplit(clear).query) == {"sort": ["oldest"], "year": ["2021"]}


def test_it_says_when_nothing_is_left(client: Client, record: Researcher) -> None:
    part = section(client, f"{record.get_absolute_url()}?min=90")
    assert "Nothing is left with these filters" in part.text_content()
    assert not names(part)


def test_it_costs_three_queries_more(
    client: Client, record: Researcher, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(9):
        client.get(f"{record.get_absolute_url()}?kinds={','.join(KINDS)}")


def test_a_view_knows_its_own_address() -> None:
    here = "0" * 10
    assert profile_view(here, {}).on_profile == ()
    assert profile_view(here, {}).kinds == (PERSON,)
    full = profile_view(
        here, {"kinds": "work,person", "since": "2020", "min": "0.50", "topic": "x", "q": "x", "steps": "2"}
    )
    assert full.on_profile == (("kinds", "person,work"), ("since", "2020"), ("min", "0.5"))
    assert profile_view(here, dict(full.on_profile)) == full
    assert full.center == Ref(PERSON, here)
