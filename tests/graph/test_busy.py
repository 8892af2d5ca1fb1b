"""When too many ask for the graph at once: the explorer says so and when to come back, and other pages do not notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from graph import busy
from profiles.models import Researcher
from researchgraph import supervisor
from tests.crowding import crowd

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture
def somebody(library: None) -> Researcher:
    return Researcher.objects.filter(merged_into=None, works_count__gt=3).order_by("pk")[0]


@pytest.fixture
def crowded() -> Iterator[None]:
    with crowd(busy.TURNS, line=busy.LINE):
        yield


@pytest.mark.usefixtures("crowded")
def test_the_explorer_says_when_to_come_back(client: Client, somebody: Researcher) -> None:
    ways = f"a={somebody.public_id}&b={somebody.public_id}"
    for path in (
        f"/explore/researchers/{somebody.public_id}/",
        f"/explore/researchers/{somebody.public_id}/export.csv",
        f"/explore/path/?{ways}",
    ):
        response = client.get(path)
        assert (response.status_code, response["Retry-After"]) == (503, "1"), path
        assert "tries again by itself" in response.content.decode()
    for path in (f"/api/v1/graph/researchers/{somebody.public_id}/", f"/api/v1/graph/path/?{ways}"):
        response = client.get(path)
        assert (response.status_code, response["Retry-After"]) == (503, "1"), path
        assert response.json() == {"detail": "Many ask for the graph at this moment. Try again in a second."}


@pytest.mark.usefixtures("crowded")
def test_no_other_page_waits(client: Client, somebody: Researcher) -> None:
    for path in (somebody.get_absolute_url(), "/", f"{somebody.get_absolute_url()}graph/", "/explore/"):
        assert client.get(path).status_code == 200, path


def test_the_turn_is_given_back(client: Client, somebody: Researcher) -> None:
    for _ in range(6):
        assert client.get(f"/explore/researchers/{somebody.public_id}/").status_code == 200
        assert client.get("/explore/researchers/zzzzzzzzz9/").status_code == 404


def test_other_pages_keep_half_of_the_threads() -> None:
    with supervisor.listen(0) as listener:
        [threads] = [one for one in supervisor.web(listener).arguments if one.startswith("--threads=")]
    assert int(threads.removeprefix("--threads=")) >= 2 * (1 + busy.LINE)
