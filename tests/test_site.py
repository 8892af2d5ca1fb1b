"""The site around the records: home, theme, login, health, errors, robots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.views import defaults

from graph import trust, trust_model
from graph.snapshots import TrustInputs
from researchgraph import views

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

PASSWORD = "correct horse"

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("library")
def test_home_says_how_much_is_held(client: Client) -> None:
    page = client.get("/").content.decode()
    for expected in ("678", "Recently added works", "Most connected people", "works.jsonl", "Paste an identifier"):
        assert expected in page


@pytest.mark.usefixtures("empty_library")
def test_home_of_an_empty_site_says_what_comes_next(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "No works yet" in page.content.decode()
    for address in ("/search/", "/search/?kind=works", "/search/?q=anybody", "/imports/"):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("wish", ["light", "dark"])
def test_the_theme_is_remembered_and_leads_back(client: Client, wish: str) -> None:
    response = client.post("/theme/", {"theme": wish}, headers={"Referer": "http://testserver/imports/?page=2"})
    assert (response.status_code, response["Location"]) == (302, "http://testserver/imports/?page=2")
    assert response.cookies["theme"].value == wish
    assert response.cookies["theme"]["httponly"]


def test_the_systems_theme_forgets_the_cookie(client: Client) -> None:
    client.post("/theme/", {"theme": "dark"})
    assert client.post("/theme/", {"theme": "system"}).cookies["theme"].value == ""


def test_an_unknown_theme_changes_nothing(client: Client) -> None:
    assert "theme" not in client.post("/theme/", {"theme": "pink"}).cookies


@pytest.mark.parametrize(
    "referer",
    [
        "https://evil.example/",
        "//evil.example/",
        "http://testserver.evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "http://evil.example@testserver@evil.example/",
        "",
    ],
)
def test_the_theme_never_leads_to_another_host(client: Client, referer: str) -> None:
    assert client.post("/theme/", {"theme": "dark"}, headers={"Referer": referer})["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/search/?q=ari", "/imports/", "/about/records/"])
def test_a_visitor_gets_no_cookie(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert not response.cookies


def test_the_theme_changes_without_a_cookie_from_before() -> None:
    response = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
    assert response.cookies["theme"].value == "dark"


def test_the_theme_is_not_for_links(client: Client) -> None:
    assert client.get("/theme/").status_code == 405


def test_the_formula_printed_is_the_formula_used(client: Client) -> None:
    page = client.get("/about/confidence/").content.decode()
    model = trust_model.load("")
    assert f"Together {trust.receipt(TrustInputs(1, 4, 4, 0, 4, 0, 0), model).score} of 100." in page
    assert model.version in page


def test_the_records_page_explains_every_level_and_how_to_be_removed(client: Client) -> None:
    page = client.get("/about/records/").content.decode()
    assert all(label in page for label in trust.LEVEL_LABELS.values())
    assert "you need no account to ask" in page


def test_health_asks_database_cache_and_broker(client: Client) -> None:
    response = client.get("/healthz/")
    assert response.status_code == 200
    assert response.json() == {"ok": True, "checks": {"database": True, "cache": True, "broker": True}}


def test_health_is_503_when_the_cache_does_not_answer(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"},
    }
    response = client.get("/healthz/")
    assert response.status_code == 503
    assert response.json()["checks"]["cache"] is False
    assert response.json()["checks"]["database"] is True


def test_crawlers_may_read_records_but_no_result_lists(client: Client) -> None:
    rules = client.get("/robots.txt").content.decode()
    assert "Disallow: /search/" in rules
    assert "Disallow: /works/" not in rules


def test_an_unknown_address_is_a_page_of_the_site(client: Client) -> None:
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert "No record at this address" in response.content.decode()


def test_a_server_error_page_touches_no_database(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        response = views.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something failed here" in response.content.decode()


def test_a_refused_page_is_a_page_of_the_site(rf: RequestFactory) -> None:
    request = rf.get("/")
    response = views.forbidden(request, Exception())
    assert response.status_code == 403
    assert defaults.permission_denied is not views.forbidden


@pytest.mark.parametrize(
    "address", ["/", "/search/?q=ari", "/account/login/", "/imports/", "/about/records/", "/nothing/"]
)
@pytest.mark.usefixtures("library")
def test_every_page_forbids_inline_code_and_other_hosts(client: Client, address: str) -> None:
    response = client.get(address)
    page = response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<style" not in page


@pytest.mark.usefixtures("library")
def test_the_admin_is_for_staff_and_shows_every_list(
    admin_client: Client,
    client: Client,
) -> None:
    assert client.get("/admin/works/work/").status_code == 302
    lists = (
        "works/work",
        "works/importrun",
        "works/sourcerecord",
        "works/review",
        "profiles/researcher",
        "profiles/report",
        "profiles/institution",
    )
    for model in lists:
        assert admin_client.get(f"/admin/{model}/").status_code == 200, model
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM works_work ORDER BY id LIMIT 1")
        (key,) = cursor.fetchone()
    assert admin_client.get(f"/admin/works/work/{key}/change/").status_code == 200
    assert admin_client.post(f"/admin/works/work/{key}/change/", {"title": "x"}).status_code == 403
    assert admin_client.get("/admin/works/work/", {"q": "soups"}).status_code == 200
