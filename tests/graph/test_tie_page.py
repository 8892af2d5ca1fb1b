"""Why two researchers are tied: their shared works, what each adds by hand, and nobody who is not to be named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from lxml import html

from graph.recency import HALF_LIFE
from graph.tie_selectors import WORKS_A_PAGE
from profiles.flows.choose_name import choose_name
from profiles.flows.opt_out import opt_out
from profiles.models import Researcher
from researchgraph.lib.dates import this_year
from tests.pipeline import importworks, work, write

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

ADA, GRACE, KURT = "Ada Quillfeather", "Grace Oakenshaw", "Kurt Winterbourne"
NOW = this_year()
CROWD = [f"{first}{second}ra Hollowstone" for first in "ABCDEFGHIJ" for second in "aeiouy"][:58]


@pytest.fixture
def pair(empty_library: None, tmp_path: Path) -> tuple[Researcher, Researcher]:
    importworks(write(tmp_path / "works.jsonl", [
        work("t/1", "A dish for two", ADA, GRACE, year=NOW),
        work("t/2", "A dish for three", ADA, GRACE, KURT, year=NOW - int(HALF_LIFE)),
        work("t/3", "A dish at some time", GRACE, ADA, KURT, year=None),
        work("t/4", "A feast", ADA, GRACE, *CROWD, year=NOW - 1),
        work("t/5", "A dish for others", GRACE, KURT, year=NOW),
    ]))  # fmt: skip
    return record(ADA), record(GRACE)


def record(name: str) -> Researcher:
    return Researcher.objects.get(display_name=name, merged_into=None)


def address(one: Researcher, other: Researcher) -> str:
    return f"{one.get_absolute_url()}with/{other.public_id}/"


def page_of(client: Client, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200
    return html.fromstring(response.content.decode())


def cells(page: Any) -> list[list[str]]:
    return [[" ".join(cell.text_content().split()) for cell in row] for row in page.xpath("//tbody/tr")]


def test_the_page_lists_every_shared_work_and_what_it_adds(client: Client, pair: tuple[Researcher, Researcher]) -> None:
    page = page_of(client, address(*pair))
    assert [(row[0], row[2], row[3], row[4]) for row in cells(page)] == [
        (str(NOW), "2", "1.00", "1.00"),
        (str(NOW - 1), "60", "0.00", "0.00"),
        (str(NOW - int(HALF_LIFE)), "3", "0.50", "0.25"),
        ("–", "3", "0.50", "0.00"),
    ]
    notes = page.xpath("//tbody//small/text()")
    assert "more than 50 authors, so it adds nothing" in notes[1]
    assert "without a year, so it is only in all" in notes[3]
    assert [cell.text_content() for cell in page.xpath("//tfoot//td")] == ["2.00", "1.25"]


def test_both_sides_tell_the_same(client: Client, pair: tuple[Researcher, Researcher]) -> None:
    one, other = pair
    assert cells(page_of(client, address(one, other))) == cells(page_of(client, address(other, one)))


def test_rows_and_picture_of_the_profile_lead_to_it(client: Client, pair: tuple[Researcher, Researcher]) -> None:
    one, other = pair
    page = page_of(client, one.get_absolute_url())
    path = address(one, other)
    assert page.xpath(f"//section[@id='graph']//td/a[@href='{path}']")[0].text_content() == f"3 works with {GRACE}"
    rows = [row.get("class") for row in page.xpath("//section[@id='graph']//tbody/tr")]
    nodes = [node.get("class") for node in page.xpath("//section[@id='graph']//figure//a")]
    assert rows == ["n1", "n2"]
    assert sorted(nodes) == rows
    for way in page.xpath("//section[@id='graph']//figure//a/@href"):
        assert client.get(way).status_code == 200


def test_two_profiles_of_the_same_data_are_drawn_with_the_same_bytes(
    client: Client, pair: tuple[Researcher, Researcher]
) -> None:
    def drawn() -> bytes:
        content = client.get(f"{pair[0].get_absolute_url()}?sort=title").content
        return content[content.index(b'<svg class="viz dial"') : content.index(b"<figcaption")]

    assert drawn() == drawn()


def test_the_page_takes_five_queries_however_many_works_there_are(
    client: Client,
    pair: tuple[Researcher, Researcher],
    tmp_path: Path,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    one, other = pair
    with django_assert_num_queries(5):
        client.get(address(one, other))
    importworks(write(tmp_path / "more.jsonl", [
        work(f"m/{number}", f"Dish number {number} of many", ADA, GRACE, KURT, year=2001) for number in range(WORKS_A_PAGE)
    ]))  # fmt: skip
    for path in (address(one, other), f"{address(one, other)}?page=2", f"{address(one, other)}?page=900"):
        with django_assert_num_queries(5):
            client.get(path)
    assert len(cells(page_of(client, f"{address(one, other)}?page=2"))) == 4


def test_who_share_nothing_have_no_page(client: Client, pair: tuple[Researcher, Researcher]) -> None:
    one, other = pair
    dmitri = record(CROWD[0])
    assert client.get(address(record(KURT), dmitri)).status_code == 404
    assert client.get(address(one, one)).status_code == 404
    assert client.get(f"{one.get_absolute_url()}with/0000000000/").status_code == 404
    assert client.get(f"/researchers/0000000000/with/{other.public_id}/").status_code == 404


def test_an_old_address_leads_to_the_present_one(client: Client, pair: tuple[Researcher, Researcher]) -> None:
    one, other = pair
    for old in (
        f"/researchers/{one.public_id}/with/{other.public_id}/",
        address(one, other).replace(one.slug, "old-name"),
    ):
        response = client.get(f"{old}?page=2")
        assert (response.status_code, response["Location"]) == (301, f"{address(one, other)}?page=2")
    kurt = record(KURT)
    Researcher.objects.filter(pk=kurt.pk).update(merged_into=other, merged_at=timezone.now())
    response = client.get(address(one, kurt))
    assert (response.status_code, response["Location"]) == (302, address(one, other))
    assert client.get(address(kurt, one))["Location"] == f"{other.get_absolute_url()}with/{one.public_id}/"


def test_who_opted_out_is_at_no_end_of_a_tie(
    client: Client, pair: tuple[Researcher, Researcher], curator: User
) -> None:
    one, other = pair
    opt_out(researcher=other.pk, actor=curator, reason="Asked by mail.")
    response = client.get(address(one, other))
    assert response.status_code == 404
    assert GRACE not in response.content.decode()
    assert client.get(address(other, one)).status_code == 410


def test_a_chosen_name_is_the_one_that_is_shown(
    client: Client, pair: tuple[Researcher, Researcher], curator: User
) -> None:
    one, other = pair
    choose_name(researcher=other.pk, name="Robin Oakenshaw", actor=curator, reason="Asked by mail.")
    content = client.get(address(one, other)).content.decode()
    assert "Robin Oakenshaw" in content
    assert GRACE not in content
