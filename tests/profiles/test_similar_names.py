"""Several people of one name: told apart on each other's pages and on the page of the name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html

from graph import charts
from profiles.flows.choose_name import choose_name
from profiles.flows.opt_out import opt_out
from profiles.models import Researcher
from profiles.name_selectors import name_page
from tests.pipeline import importworks, work, write
from works.models import Authorship

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

AT_WARWICK = {"name": "Wei Wang", "affiliation": "University of Warwick", "orcid": "0000-0002-1825-0097"}
AT_PRINCETON = {"name": "Wei Wang", "affiliation": "Princeton University", "acl_person_id": "ada-l"}
RECORDS = [
    work("t/1", "Stirring soups", AT_WARWICK, "Grace Hopper", year=2019, categories=["cs.LG"]),
    work("t/2", "Bread without yeast", AT_WARWICK, "Grace Hopper", year=2021, categories=["cs.LG"]),
    work("t/3", "A kettle", AT_PRINCETON, "Kurt Gödel", year=1990, categories=["cs.CL"]),
    work("t/4", "A spoon", "Wei Wang", year=1950),
]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Researcher, Researcher]:
    """Two people of one name."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    one, other = (
        Authorship.objects.select_related("researcher").get(work__title=title, position=0).researcher
        for title in ("Stirring soups", "A kettle")
    )
    assert one is not None
    assert other is not None
    assert one != other
    return one, other


def parsed(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200
    return html.fromstring(response.content)


def similar(client: Client, researcher: Researcher) -> list[str]:
    rows = parsed(client, researcher.get_absolute_url()).xpath("//ul[@class='similar']/li")
    return [" ".join(row.text_content().split()) for row in rows]


def test_other_people_with_similar_names_come_with_institution_field_and_years(
    client: Client, two: tuple[Researcher, Researcher]
) -> None:
    assert similar(client, two[0]) == ["Wei Wang Princeton University, Computation and Language, 1990, 1 work"]
    assert similar(client, two[1]) == ["Wei Wang University of Warwick, Machine Learning, 2019 to 2021, 2 works"]


def test_who_opted_out_is_no_other_person(client: Client, two: tuple[Researcher, Researcher]) -> None:
    client.get(two[0].get_absolute_url())
    opt_out(researcher=two[1].pk, actor=None, reason="")
    assert similar(client, two[0]) == []
    assert "Princeton" not in client.get("/names/wang-w/").content.decode()


def test_who_chose_another_name_is_among_the_bearers_of_that(
    client: Client, two: tuple[Researcher, Researcher]
) -> None:
    choose_name(researcher=two[1].pk, name="Ada King", actor=None, reason="")
    assert similar(client, two[0]) == []
    page = name_page("king a")
    assert page is not None
    assert [record.name for record in page.records] == ["Ada King"]
    assert page.spellings == ["Ada King"]


def test_the_page_of_the_name_tells_its_bearers_apart(client: Client, two: tuple[Researcher, Researcher]) -> None:
    page = parsed(client, "/names/wang-w/")
    rows = [" | ".join(text.strip() for text in row.itertext() if text.strip()) for row in page.xpath("//tbody/tr")]
    warwick = "University of Warwick | Machine Learning | with | Grace Hopper | 0000-0002-1825-0097 | ORCID"
    princeton = "Princeton University | Computation and Language | with | Kurt Gödel | ada-l | ACL Anthology"
    assert rows == [
        f"Wei Wang | {warwick} | 2019 to 2021 | 2 | Bread without yeast",
        f"Wei Wang | {princeton} | 1990 | 1 | A kettle",
    ]
    assert "This name may refer to several people." in page.text_content()
    assert "1 undecided" in page.text_content()


def test_the_page_of_a_name_stays_in_its_query_budget(
    client: Client, two: tuple[Researcher, Researcher], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(4):
        client.get("/names/wang-w/")


def test_the_similar_names_cost_no_query_of_their_own(
    client: Client, two: tuple[Researcher, Researcher], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(two[0].get_absolute_url())
    with django_assert_max_num_queries(1):
        client.get(two[0].get_absolute_url())


def test_each_record_has_a_block_as_wide_as_what_it_holds() -> None:
    svg: Any = html.fromstring(charts.shares([3, 1], waiting=4, width=800))
    assert [(r.get("class"), r.get("x"), r.get("width")) for r in svg.xpath("//rect")] == [
        ("bar", "0", "298"), ("bar", "300", "98"), ("bar2", "400.5", "399"),
    ]  # fmt: skip
    assert "<rect" not in charts.shares([], waiting=0)
