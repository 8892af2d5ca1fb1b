"""Curators merge records and take decisions back; everybody may read what has happened to a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from profiles.flows.rebuild import rebuild
from profiles.models import IdentityEvent, Researcher
from tests.pipeline import importworks, work, write
from works import imports
from works.models import Authorship

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

ROBOTS = {"name": "Wei Wang", "affiliation": "University of Warwick"}
PROTEINS = {"name": "Wei Wang", "affiliation": "Princeton University"}
RECORDS = [
    work("t/1", "Grasping with soft hands", ROBOTS, "Grace Hopper", year=2019),
    work("t/2", "Robot hands that feel", ROBOTS, "Grace Hopper", year=2020),
    work("t/3", "Protein folding at scale", PROTEINS, "Kurt Gödel", year=1990),
    work("t/4", "Folding of membrane proteins", PROTEINS, "Kurt Gödel", year=1991),
]


@pytest.fixture
def curator(empty_library: None) -> Client:
    user = get_user_model().objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="curate"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Researcher, Researcher]:
    """Two records of one name: the one to merge, and the one that goes on."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    found = []
    for title in ("Protein folding at scale", "Grasping with soft hands"):
        researcher = Authorship.objects.get(work__title=title, raw_name="Wei Wang").researcher
        assert researcher is not None
        found.append(researcher)
    assert found[0] != found[1]
    return found[0], found[1]


def merge_address(gone: Researcher, kept: Researcher) -> str:
    return f"/curate/merge/?from={gone.public_id}&into={kept.public_id}"


def merge(client: Client, gone: Researcher, kept: Researcher, **more: str) -> int:
    preview = client.get(merge_address(gone, kept)).content.decode()
    token = preview.split('name="token" value="')[1].split('"')[0]
    data = {"from": gone.public_id, "into": kept.public_id, "token": token, "reason": "She told us.", **more}
    return client.post("/curate/merge/", data).status_code


def test_a_curator_merges_and_undoes_and_the_history_tells_it(
    curator: Client, client: Client, pair: tuple[Researcher, Researcher]
) -> None:
    gone, kept = pair
    assert merge(curator, gone, kept) == 302
    imports.settle()
    assert client.get(gone.get_absolute_url()).headers["Location"] == kept.get_absolute_url()
    told = client.get(f"{kept.get_absolute_url()}history/").content.decode()
    assert "Another record joined this one" in told
    assert "by a curator" in told
    assert "She told us." not in told
    assert "Undo</button>" not in told
    seen = curator.get(f"{kept.get_absolute_url()}history/").content.decode()
    assert "She told us." in seen
    event = IdentityEvent.objects.get(kind="researcher:merged")
    undone = curator.post(f"/researchers/{kept.public_id}/undo/", {"event": event.pk, "reason": "She did not."})
    assert undone.headers["Location"] == f"{kept.get_absolute_url()}history/"
    imports.settle()
    assert client.get(gone.get_absolute_url()).status_code == 200
    told = client.get(f"{kept.get_absolute_url()}history/").content.decode()
    assert "<del>Another record joined this one</del>" in told
    assert "Undone: two records joined" in told
    assert rebuild(check=True) == 0


def test_the_history_of_a_merged_record_stays_readable(
    curator: Client, client: Client, pair: tuple[Researcher, Researcher]
) -> None:
    gone, kept = pair
    merge(curator, gone, kept)
    answer = client.get(f"{gone.get_absolute_url()}history/")
    assert answer.status_code == 200
    assert "Joined another record" in answer.content.decode()
    assert f"/researchers/{kept.public_id}/" in answer.content.decode()


@pytest.mark.parametrize("member", [False, True])
def test_deciding_is_for_curators_and_not_there_for_others(
    client: Client, pair: tuple[Researcher, Researcher], *, member: bool
) -> None:
    if member:
        client.force_login(get_user_model().objects.create_user("member"))
    gone, kept = pair
    assert client.get(merge_address(gone, kept)).status_code == 404
    assert client.post("/curate/merge/", {"from": gone.public_id, "into": kept.public_id}).status_code == 404
    assert client.post(f"/researchers/{kept.public_id}/undo/", {"event": 1, "reason": "x"}).status_code == 404
    assert not IdentityEvent.objects.filter(kind="researcher:merged").exists()


def test_a_post_without_a_token_of_the_form_is_refused(curator: Client, pair: tuple[Researcher, Researcher]) -> None:
    gone, kept = pair
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = curator.cookies
    assert strict.post("/curate/merge/", {"from": gone.public_id, "into": kept.public_id}).status_code == 403


def test_what_cannot_be_is_said_and_changes_nothing(curator: Client, pair: tuple[Researcher, Researcher]) -> None:
    gone, kept = pair
    data = {"from": gone.public_id, "into": kept.public_id, "token": "0" * 32, "reason": "She told us."}
    stale = curator.post("/curate/merge/", data)
    assert stale.status_code == 409
    assert "changed since the preview" in stale.content.decode()
    assert curator.post("/curate/merge/", {**data, "reason": ""}).status_code == 409
    assert "cannot be merged" in curator.get(merge_address(kept, kept)).content.decode()
    assert "no record with the id zzzzzzzzzz" in curator.get("/curate/merge/?from=zzzzzzzzzz&into=x").content.decode()
    rule = IdentityEvent.objects.filter(researcher=kept).first()
    assert rule is not None
    refused = curator.post(f"/researchers/{kept.public_id}/undo/", {"event": rule.pk, "reason": "Why not."})
    assert refused.status_code == 409
    assert not IdentityEvent.objects.exclude(actor=None).exists()


def test_a_history_takes_as_many_queries_however_long_it_is(
    client: Client,
    curator: Client,
    pair: tuple[Researcher, Researcher],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    gone, kept = pair
    client.get(f"{kept.get_absolute_url()}history/")
    with django_assert_num_queries(7):
        client.get(f"{kept.get_absolute_url()}history/")
    merge(curator, gone, kept)
    with django_assert_num_queries(7):
        answer = client.get(f"{kept.get_absolute_url()}history/")
    assert not answer.cookies


def test_there_is_no_history_of_nobody(client: Client) -> None:
    assert client.get("/researchers/zzzzzzzzzz/history/").status_code == 404
