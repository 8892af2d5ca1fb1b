"""The read-only API: public ids only, capped pages, a description that says what it gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from graph.models import TrustSnapshot
from profiles.models import Researcher
from works.models import Work

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("library")

MORCOS = "Ari S. Morcos"


@pytest.fixture
def morcos() -> Researcher:
    return Researcher.objects.get(display_name=MORCOS)


def get(client: Client, address: str, status: int = 200) -> Any:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == status, response.content
    return response.json()


def test_researchers_are_listed_by_name(client: Client, morcos: Researcher) -> None:
    found = get(client, "researchers/?q=morcos")
    assert found["count"] == 1
    assert found["results"][0]["public_id"] == morcos.public_id
    assert found["results"][0]["url"] == morcos.get_absolute_url()


def test_one_researcher_comes_with_names_identifiers_and_topics(client: Client, morcos: Researcher) -> None:
    detail = get(client, f"researchers/{morcos.public_id}/")
    assert detail["name"] == MORCOS
    assert detail["works"] == morcos.works_count
    assert {"name": "Ari Morcos", "bylines": 19} in detail["names"]
    assert any(i["scheme"] == "openreview" for i in detail["identifiers"])


def test_works_and_coauthors_are_paged_without_overlap(client: Client, morcos: Researcher) -> None:
    for part in ("works", "coauthors"):
        first = get(client, f"researchers/{morcos.public_id}/{part}/?limit=10")
        second = get(client, f"researchers/{morcos.public_id}/{part}/?limit=10&offset=10")
        assert first["count"] == second["count"] > 10
        ids = [entry["public_id"] for entry in first["results"] + second["results"]]
        assert len(ids) == len(set(ids)) == 20


def test_coauthors_come_strongest_first(client: Client, morcos: Researcher) -> None:
    strengths = [c["strength"] for c in get(client, f"researchers/{morcos.public_id}/coauthors/?limit=100")["results"]]
    assert strengths == sorted(strengths, reverse=True)


def test_the_receipt_adds_up_and_matches_the_stored_score(client: Client, morcos: Researcher) -> None:
    receipt = get(client, f"researchers/{morcos.public_id}/trust/")
    assert receipt["score"] == sum(c["points"] for c in receipt["components"])
    assert receipt["score"] == TrustSnapshot.objects.get(researcher=morcos, current=True).score
    assert receipt["inputs_hash"] == TrustSnapshot.objects.get(researcher=morcos, current=True).inputs_hash


def test_one_work_names_the_source_of_each_field(client: Client) -> None:
    work = Work.objects.get(title__startswith="Model soups")
    detail = get(client, f"works/{work.public_id}/")
    assert len(detail["authors"]) == work.author_count
    assert {"scheme": "arxiv", "value": "2203.05482"} in detail["identifiers"]
    assert detail["provenance"]["title"] == detail["sources"][0]["source"]


def test_a_merged_work_redirects_to_the_other(client: Client) -> None:
    kept, gone = Work.objects.order_by("pk")[:2]
    Work.objects.filter(pk=gone.pk).update(merged_into=kept)
    response = client.get(f"/api/v1/works/{gone.public_id}/")
    assert (response.status_code, response["Location"]) == (302, f"/api/v1/works/{kept.public_id}/")


def test_search_answers_with_the_kind_that_was_asked_for(client: Client) -> None:
    assert {hit["kind"] for hit in get(client, "search/?q=learning&kind=works")["results"]} == {"work"}
    assert {hit["kind"] for hit in get(client, "search/?q=learning&kind=topics")["results"]} == {"topic"}


@pytest.mark.parametrize(
    "address",
    [
        "researchers/?limit=0",
        "researchers/?limit=101",
        "researchers/?limit=x",
        "researchers/?offset=-1",
        "researchers/?offset=10001",
        "search/",
        "search/?q=%00",
        "search/?q=a&kind=money",
        "search/?q=a&page=0",
    ],
)
def test_bad_parameters_are_refused_with_a_sentence(client: Client, address: str) -> None:
    assert get(client, address, status=400)


@pytest.mark.parametrize(
    "address",
    [
        "works/0000000000/",
        "researchers/0000000000/",
        "researchers/0000000000/works/",
        "researchers/0000000000/coauthors/",
        "researchers/0000000000/trust/",
    ],
)
def test_unknown_ids_are_404(client: Client, address: str) -> None:
    assert get(client, address, status=404)["detail"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(client: Client, method: str) -> None:
    assert getattr(client, method)("/api/v1/researchers/").status_code in {403, 405}


def test_no_stored_key_leaves_the_house(client: Client, morcos: Researcher) -> None:
    detail = client.get(f"/api/v1/researchers/{morcos.public_id}/").content.decode()
    work = client.get(f"/api/v1/works/{Work.objects.order_by('pk')[0].public_id}/").content.decode()
    assert not re.search(r'"(id|pk|work_id|researcher_id)":', detail + work)


def test_the_api_stays_within_its_query_budget(
    client: Client,
    morcos: Researcher,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for part, budget in (("", 1), ("works/?limit=100", 4), ("coauthors/?limit=100", 3), ("trust/", 2)):
        with django_assert_max_num_queries(budget):
            get(client, f"researchers/{morcos.public_id}/{part}")


def test_the_description_covers_every_address(client: Client) -> None:
    description = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    assert set(description["paths"]) == {
        "/api/v1/researchers/", "/api/v1/researchers/{public_id}/", "/api/v1/researchers/{public_id}/works/",
        "/api/v1/researchers/{public_id}/coauthors/", "/api/v1/researchers/{public_id}/trust/",
        "/api/v1/works/{public_id}/", "/api/v1/search/", "/api/v1/graph/", "/api/v1/graph/{section}/{public_id}/",
        "/api/v1/graph/path/", "/api/v1/graph/joining/",
    }  # fmt: skip
    assert "$ref" not in str(description["paths"]["/api/v1/works/{public_id}/"])


def test_answers_look_as_described(client: Client, morcos: Researcher) -> None:
    description = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    operation = description["paths"]["/api/v1/researchers/{public_id}/"]["get"]
    described = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(described["properties"]) == set(get(client, f"researchers/{morcos.public_id}/"))
    assert described["properties"]["first_year"] == {"type": "integer", "nullable": True}
