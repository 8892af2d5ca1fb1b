"""How two people are connected: over which works, how far at most, and what is said where there is no way."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graph import path_selectors, routes
from graph.models import CoauthorEdge
from graph.path_selectors import DETOUR, STEPS_MOST, Person, comparison, connection, people
from profiles.models import Researcher
from tests.pipeline import importworks, work, write
from works import imports

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

CHAIN = [
    "Ada Byron",
    "Charles Babbage",
    "Joseph Jacquard",
    "Adele Lace",
    "Otto Bridge",
    "Lena Quill",
    "Emma Loom",
    "Hugo Warp",
    "Olga Weft",
    "Nils Yarnwell",
]
RECORDS = [
    *(work(f"p/{n}", f"Chain {n}", *pair, year=1900 + n) for n, pair in enumerate(itertools.pairwise(CHAIN))),
    # A weak way of two steps, and a strong one of three.
    work("p/weak", "Weak together", "Ada Byron", "Vera Wide", *(f"Filler{n} Name{n}" for n in range(18)), year=1990),
    work("p/weak2", "Weak again", "Vera Wide", "Adele Lace", *(f"Other{n} Word{n}" for n in range(18)), year=1991),
    work("p/far", "Alone", "Nobody Near"),
]


@pytest.fixture
def chain(empty_library: None, tmp_path: Path) -> dict[str, str]:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()
    return dict(Researcher.objects.values_list("display_name", "public_id"))


def names(found: path_selectors.Connection) -> list[list[str]]:
    return [[way.steps[0].before.name, *(step.after.name for step in way.steps)] for way in found.ways]


def both(chain: dict[str, str], one: str, other: str) -> tuple[path_selectors.Person, path_selectors.Person]:
    ends = people(chain[one], chain[other])
    assert ends is not None
    return ends


def test_the_shortest_way_says_by_which_works(
    chain: dict[str, str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ends = both(chain, "Ada Byron", "Joseph Jacquard")
    with django_assert_max_num_queries(8):
        found = connection(*ends)
    assert names(found) == [["Ada Byron", "Charles Babbage", "Joseph Jacquard"]]
    assert [[one.title for one in step.works] for step in found.ways[0].steps] == [["Chain 0"], ["Chain 1"]]
    assert (found.distance, found.ways[0].resistance) == (2, 2.0)


def test_the_strongest_way_may_be_longer_than_the_shortest(chain: dict[str, str]) -> None:
    ends = both(chain, "Ada Byron", "Adele Lace")
    assert names(connection(*ends)) == [["Ada Byron", "Vera Wide", "Adele Lace"]]
    assert names(connection(*ends, strongest=True)) == [CHAIN[:4]]


def test_a_way_is_the_same_from_either_end(chain: dict[str, str]) -> None:
    there, back = both(chain, "Ada Byron", "Otto Bridge"), both(chain, "Otto Bridge", "Ada Byron")
    assert names(connection(*there)) == [list(reversed(way)) for way in names(connection(*back))]


def test_ways_longer_than_six_steps_are_none(chain: dict[str, str]) -> None:
    # Seven steps along the chain, six by the detour; from the second on only the chain is left.
    assert connection(*both(chain, "Ada Byron", "Hugo Warp")).distance == 6
    # By strength no further than that either, though the search for detours looks further.
    assert connection(*both(chain, "Joseph Jacquard", "Nils Yarnwell"), strongest=True).ways == []
    found = connection(*both(chain, "Nobody Near", "Ada Byron"))
    assert (found.ways, found.given_up) == ([], False)


def test_a_search_that_grows_too_large_says_that_nobody_knows(
    chain: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path_selectors, "PEOPLE_LOOKED_AT", 3)
    found = connection(*both(chain, "Ada Byron", "Hugo Warp"))
    assert (found.ways, found.given_up) == ([], True)


def test_a_statement_that_takes_too_long_is_cancelled(
    chain: dict[str, str], monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    slow = path_selectors._PAIRS.replace("(SELECT a_id", "(SELECT a_id + (pg_sleep(5) IS NULL)::int", 1)
    monkeypatch.setattr(path_selectors, "_PAIRS", slow)
    monkeypatch.setattr(path_selectors, "MILLISECONDS", 50)
    page = client.get("/explore/path/", {"a": chain["Ada Byron"], "b": chain["Hugo Warp"]}).content.decode()
    assert "The search was too large" in page


def test_two_people_have_coauthors_and_works_in_common(chain: dict[str, str]) -> None:
    found = comparison(*both(chain, "Ada Byron", "Joseph Jacquard"))
    assert [(one.label, one.with_one, one.with_other) for one in found.people] == [("Charles Babbage", 1, 1)]
    assert (found.people_total, found.works) == (1, [])
    assert [one.title for one in comparison(*both(chain, "Ada Byron", "Charles Babbage")).works] == ["Chain 0"]


def test_the_page_asks_whom_a_name_means_and_then_shows_the_way(chain: dict[str, str], client: Client) -> None:
    page = client.get("/explore/path/", {"a": "Ada Byr", "b": chain["Joseph Jacquard"]}).content.decode()
    there = f"/explore/path/?a={chain['Ada Byron']}&amp;b={chain['Joseph Jacquard']}"
    assert there in page
    page = client.get(there.replace("&amp;", "&")).content.decode()
    assert "are two steps apart" in page
    assert "Chain 0" in page
    assert client.get("/explore/path/").status_code == 200
    assert "Nobody of that name is here" in client.get("/explore/path/?a=Zzzzz&b=").content.decode()
    same = client.get("/explore/path/", {"a": chain["Ada Byron"], "b": chain["Ada Byron"]}).content.decode()
    assert "Both ends are Ada Byron" in same


def test_the_api_gives_the_same_way(chain: dict[str, str], client: Client) -> None:
    ends = {"a": chain["Ada Byron"], "b": chain["Adele Lace"]}
    answer = client.get("/api/v1/graph/path/", ends).json()
    assert [step["after"]["name"] for step in answer["ways"][0]["steps"]] == ["Vera Wide", "Adele Lace"]
    strong = client.get("/api/v1/graph/path/", {**ends, "by": "strength"}).json()
    assert len(strong["ways"][0]["steps"]) == 3
    assert client.get("/api/v1/graph/path/", {"a": "x", "b": chain["Ada Byron"]}).status_code == 404
    pair = {"a": f"person:{chain['Ada Byron']}", "b": f"person:{chain['Charles Babbage']}"}
    joined = client.get("/api/v1/graph/joining/", pair).json()
    assert (joined["total"], joined["works"][0]["title"], joined["works"][0]["adds"]) == (1, "Chain 0", 1.0)
    assert client.get("/api/v1/graph/joining/", {"a": "person", "b": "x"}).status_code == 400
    there = f"/api/v1/graph/researchers/{chain['Ada Byron']}/"
    first = client.get(there)
    assert first.json()["nodes"][0]["id"] == f"person:{chain['Ada Byron']}"
    assert client.get(there, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert client.get("/api/v1/graph/topics/0000000000/").status_code == 404


def test_the_search_from_both_ends_misses_no_way(library: None) -> None:
    pairs = list(CoauthorEdge.objects.values_list("a_id", "b_id", "weight"))
    whole: dict[int, dict[int, float]] = {}
    routes.join(whole, pairs)
    chance = random.Random(1)  # noqa: S311 - any people
    longer = 0
    for one, other in (chance.sample(sorted(whole), 2) for _ in range(150)):
        rows = Researcher.objects.filter(pk__in=[one, other]).values_list("pk", "public_id", "slug", "display_name")
        ends = [Person(*row) for row in rows]
        shortest = routes.shortest(whole, ends[0].key, ends[1].key)
        steps = shortest[0].steps if shortest and shortest[0].steps <= STEPS_MOST else 0
        found = [way.resistance for way in connection(*ends).ways]
        assert found == [route.resistance for route in shortest if steps]
        best = routes.strongest(whole, ends[0].key, ends[1].key, limit=steps + DETOUR) if steps else None
        [*strongest] = connection(*ends, strongest=True).ways
        assert [way.resistance for way in strongest] == ([best.resistance] if best else [])
        longer += bool(best and best.steps > steps)
    assert longer > 3
