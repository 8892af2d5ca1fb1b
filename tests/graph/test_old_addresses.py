"""Addresses of the graph that name records which were joined with others, or taken down."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from profiles.flows import merge
from profiles.flows.opt_out import opt_out
from profiles.models import Researcher
from tests.pipeline import importworks, work, write
from works.flows.join import join
from works.models import Work

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client

ADA, OTHER_ADA, BABBAGE, LACE = "Ada Byron", "Augusta Byron", "Charles Babbage", "Adele Lace"


@pytest.fixture
def ids(tmp_path: Path, curator: User) -> dict[str, str]:
    """Three people in a row, and a second record of the first, which was joined with the first one."""
    pairs = itertools.pairwise([OTHER_ADA, ADA, BABBAGE, LACE])
    importworks(write(tmp_path / "works.jsonl", [work(f"o/{n}", f"Old {n}", *pair) for n, pair in enumerate(pairs)]))
    found = dict(Researcher.objects.values_list("display_name", "public_id"))
    keys = dict(Researcher.objects.values_list("display_name", "pk"))
    merge.merge(researcher=keys[OTHER_ADA], into=keys[ADA], actor=curator, reason="one", force=True)
    return found


@pytest.mark.parametrize("address", ["/explore/path/", "/api/v1/graph/path/"])
def test_a_way_from_a_joined_record_leads_to_the_one_that_goes_on(
    ids: dict[str, str], client: Client, address: str
) -> None:
    answer = client.get(address, {"a": ids[OTHER_ADA], "b": ids[LACE], "by": "strength"})
    assert (answer.status_code, answer["Location"]) == (302, f"{address}?a={ids[ADA]}&b={ids[LACE]}&by=strength")
    assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("address", ["/explore/path/", "/api/v1/graph/path/"])
def test_a_way_to_a_record_that_was_taken_down_is_gone(
    ids: dict[str, str], client: Client, curator: User, address: str
) -> None:
    opt_out(researcher=Researcher.objects.get(public_id=ids[LACE]).pk, actor=curator, reason="")
    answer = client.get(address, {"a": ids[OTHER_ADA], "b": ids[LACE]})
    assert answer.status_code == 410
    assert LACE not in answer.content.decode()


def test_the_api_follows_joined_records_and_works(ids: dict[str, str], client: Client, curator: User) -> None:
    around = "/api/v1/graph/researchers/{}/?kinds=work"
    answer = client.get(around.format(ids[OTHER_ADA]))
    assert (answer.status_code, answer["Location"]) == (302, around.format(ids[ADA]))
    old, into = Work.objects.get(title="Old 1"), Work.objects.get(title="Old 2")
    join(work=old.pk, into=into.pk, actor=curator, reason="one")
    answer = client.get(f"/api/v1/graph/works/{old.public_id}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/api/v1/graph/works/{into.public_id}/")
    joining = "/api/v1/graph/joining/"
    answer = client.get(joining, {"a": f"person:{ids[OTHER_ADA]}", "b": f"work:{old.public_id}", "since": "1990"})
    there = f"{joining}?a=person%3A{ids[ADA]}&b=work%3A{into.public_id}&since=1990"
    assert (answer.status_code, answer["Location"]) == (302, there)
    assert client.get(there).status_code == 200
    opt_out(researcher=Researcher.objects.get(public_id=ids[ADA]).pk, actor=curator, reason="")
    assert client.get(around.format(ids[ADA])).status_code == 410
    assert client.get(there).status_code == 410


def test_the_form_keeps_whom_it_has_found(tmp_path: Path, empty_library: None, client: Client) -> None:
    """Two people of one name: whoever was chosen once is not asked for again."""
    importworks(write(tmp_path / "works.jsonl", [
        work("f/1", "Chemistry of looms", {"name": ADA, "orcid": "0000-0002-1825-0097"}, BABBAGE),
        work("f/2", "Songs of the north", {"name": ADA, "orcid": "0000-0001-5109-3700"}, LACE),
    ]))  # fmt: skip
    one, other = Researcher.objects.filter(display_name=ADA).values_list("public_id", flat=True)
    end = Researcher.objects.get(display_name=BABBAGE).public_id
    assert "Choose whom you mean" in client.get("/explore/path/", {"a": ADA, "b": end}).content.decode()
    page = client.get("/explore/path/", {"a": other, "b": end}).content.decode()
    assert f'<input type="hidden" name="a_id" value="{other}">' in page
    again = client.get("/explore/path/", {"a": ADA, "a_id": one, "b": BABBAGE, "b_id": end}).content.decode()
    assert f'<input type="hidden" name="a_id" value="{one}">' in again
    # Who types another name means somebody else.
    typed = client.get("/explore/path/", {"a": LACE, "a_id": one, "b": BABBAGE, "b_id": end}).content.decode()
    assert f"<bdi>{LACE}</bdi> and <bdi>{BABBAGE}</bdi>" in typed
    around = client.get(f"/explore/researchers/{one}/").content.decode()
    assert f'<input type="hidden" name="a_id" value="{one}">' in around
