"""An ORCID iD on two authors of one work, or on a name that others exclude, is held back and given back, whatever the order."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from profiles.models import ResearcherIdentifier
from tests.pipeline import importworks, untouched, work, write
from works import rollback
from works.imports import settle
from works.ingest.doubted import OTHER_NAME, TWICE, Statement, doubts
from works.models import Authorship, HeldIdentifier, ImportRun

if TYPE_CHECKING:
    from django.test import Client

ADA = "0000-0002-1825-0097"
GRACE = "0000-0002-1694-233X"


def said(*names: str, own: frozenset[int] = frozenset()) -> list[Statement]:
    """One statement a work, by names; `own` are the places of works on the owner's list."""
    return [Statement(place, 100 + place, name, own=place in own) for place, name in enumerate(names)]


# The rule


def test_an_id_on_two_authors_of_a_work_names_neither_and_speaks_for_nobody() -> None:
    found = doubts([*said("Ada Lovelace"), Statement(7, 9, "Ada Lovelace"), Statement(8, 9, "Grace Hopper")])
    assert {byline: doubt.code for byline, doubt in found.items()} == {7: TWICE, 8: TWICE}
    assert found[7].detail == "Authors of this work that state it: Ada Lovelace, Grace Hopper."


def test_the_name_of_most_works_is_believed_and_a_tie_believes_nobody() -> None:
    assert set(doubts(said("Ada Lovelace", "A. Lovelace", "Grace Hopper"))) == {2}
    assert doubts(said("Ada Lovelace", "Ada Lovelace", "Grace Hopper"))[2].code == OTHER_NAME
    assert set(doubts(said("Ada Lovelace", "Grace Hopper"))) == {0, 1}


def test_the_owners_own_list_outweighs_any_number_of_others() -> None:
    found = doubts(said("Grace Hopper", "Grace Hopper", "Ada Lovelace", own=frozenset({2})))
    assert set(found) == {0, 1}
    assert found[0].detail == "Its owner is Ada Lovelace."


@pytest.mark.parametrize(
    "names",
    [("Ada Lovelace", "A. Lovelace", "Ada K. Lovelace"), ("Wei Wang", "Wang Wei"), ("Ada Lovelace", "Ada Lovelace")],
)
def test_names_that_one_person_signs_with_are_believed(names: tuple[str, ...]) -> None:
    assert doubts(said(*names)) == {}


SOMEBODY = st.sampled_from(["Ada Lovelace", "A. Lovelace", "Grace Hopper", "G. B. Shaw"])


@given(st.lists(st.tuples(st.integers(0, 3), SOMEBODY, st.booleans()), max_size=6))
def test_the_answer_does_not_depend_on_the_order(rows: list[tuple[int, str, bool]]) -> None:
    statements = [Statement(place, work_id, name, own=own) for place, (work_id, name, own) in enumerate(rows)]
    found = doubts(statements)
    assert found == doubts(statements[::-1])
    believed = [statement for statement in statements if statement.byline not in found]
    assert len({statement.work for statement in believed}) == len(believed)


# Importing


def ada(name: str = "Ada Lovelace", orcid: str = ADA) -> dict[str, str]:
    return {"name": name, "orcid": orcid}


SOUPS = work("t/1", "Model soups of the kitchen", ada())
SIEVES = work("t/2", "Sieves and strainers", ada("A. Lovelace"))
WRONG = work("t/3", "Ladles of the navy", ada("Grace Hopper"))
TWO = work("t/4", "Tongs in two hands", ada(), ada("Emmy Noether"))


def held() -> dict[str, str]:
    """Byline as "title: name" by the code it is held back for."""
    rows = HeldIdentifier.objects.values_list("authorship__work__title", "authorship__raw_name", "code")
    return {f"{title}: {name}": code for title, name, code in rows}


def believed() -> set[str]:
    rows = Authorship.objects.filter(identifiers__has_key="orcid").values_list("work__title", "raw_name")
    return {f"{title}: {name}" for title, name in rows}


@pytest.mark.usefixtures("empty_library")
def test_bylines_go_without_an_id_that_is_not_theirs_and_nobody_is_found_by_it(tmp_path: Path) -> None:
    assert importworks(write(tmp_path / "works.jsonl", [SOUPS, SIEVES, WRONG, TWO])).status == 0
    assert held() == {
        "Ladles of the navy: Grace Hopper": OTHER_NAME,
        "Tongs in two hands: Ada Lovelace": TWICE,
        "Tongs in two hands: Emmy Noether": TWICE,
    }
    assert believed() == {"Model soups of the kitchen: Ada Lovelace", "Sieves and strainers: A. Lovelace"}
    (owner,) = ResearcherIdentifier.objects.filter(scheme="orcid", value=ADA)
    assert owner.researcher.display_name == "Ada Lovelace"
    assert Authorship.objects.count() == 5


@pytest.mark.usefixtures("empty_library")
def test_doing_it_twice_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", [SOUPS, SIEVES, WRONG, TWO])
    importworks(path)
    before = untouched()
    assert "unchanged 4" in importworks(path).out
    # Another source of one of the works: its bylines stay as they are, held back or not.
    other = json.loads(json.dumps(WRONG)) | {"source_id": "t/33"}
    importworks(write(tmp_path / "other.jsonl", [other]))
    after = untouched()
    assert after["works_heldidentifier"] == before["works_heldidentifier"]
    assert after["works_authorship"] == before["works_authorship"]


@pytest.mark.usefixtures("empty_library")
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_files_in_any_order_come_to_the_same(tmp_path: Path, order: tuple[int, ...]) -> None:
    parts = [[SOUPS, SIEVES], [WRONG], [TWO]]
    for place in order:
        importworks(write(tmp_path / f"{place}.jsonl", parts[place]))
    assert len(held()) == 3
    assert believed() == {"Model soups of the kitchen: Ada Lovelace", "Sieves and strainers: A. Lovelace"}


@pytest.mark.usefixtures("empty_library")
def test_a_source_that_corrects_itself_gets_its_ids_back(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [SOUPS, WRONG, TWO]))
    assert believed() == set()
    right = work("t/3", "Ladles of the navy", ada("Grace Hopper", GRACE))
    importworks(write(tmp_path / "right.jsonl", [right]))
    assert held() == {"Tongs in two hands: Ada Lovelace": TWICE, "Tongs in two hands: Emmy Noether": TWICE}
    importworks(write(tmp_path / "two.jsonl", [work("t/4", "Tongs in two hands", ada(), "Emmy Noether")]))
    assert held() == {}
    assert len(believed()) == 3
    holders = {a.researcher_id for a in Authorship.objects.filter(raw_name="Ada Lovelace")}
    assert len(holders) == 1


@pytest.mark.usefixtures("empty_library")
def test_rolling_back_what_disagreed_gives_the_ids_back(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [SOUPS]))
    importworks(write(tmp_path / "wrong.jsonl", [WRONG, TWO]))
    assert believed() == set()
    run = ImportRun.objects.latest("pk")
    rollback.begin(run)
    rollback.advance(run)
    settle()
    assert (held(), believed()) == ({}, {"Model soups of the kitchen: Ada Lovelace"})


# Pages


@pytest.fixture
def looked_at(empty_library: None, client: Client, tmp_path: Path) -> Client:
    """Three identifiers are held back, and somebody who may run imports is signed in."""
    importworks(write(tmp_path / "works.jsonl", [SOUPS, SIEVES, WRONG, TWO]))
    user = get_user_model().objects.create_user("manager")
    user.user_permissions.add(Permission.objects.get(codename="run_imports"))
    client.force_login(user)
    return client


def test_the_quarantine_leads_to_the_identifiers_that_are_held_back(looked_at: Client) -> None:
    assert "3 identifiers of bylines are held back" in looked_at.get("/imports/held/").content.decode()
    page = looked_at.get("/imports/held/identifiers/").content.decode()
    assert page.count(ADA) >= 3
    for part in (
        "Ladles of the navy",
        "Emmy Noether",
        TWICE,
        OTHER_NAME,
        "Other works state it of A. Lovelace, Ada Lovelace.",
    ):
        assert part in page
    chosen = looked_at.get(f"/imports/held/identifiers/?code={OTHER_NAME}").content.decode()
    assert "Ladles of the navy" in chosen
    assert "Tongs in two hands" not in chosen


def test_the_list_takes_few_queries_and_is_nobody_elses(looked_at: Client, client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        looked_at.get("/imports/held/identifiers/")
    assert len(queries) <= 8
    looked_at.logout()
    assert client.get("/imports/held/identifiers/").status_code == 404
