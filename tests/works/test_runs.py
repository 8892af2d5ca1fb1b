"""Runs are paused, go on and are stopped between two batches, from a shell as on pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from researchgraph.errors import Conflict
from tests.pipeline import work, write
from works import imports, runs
from works.models import ImportRun, RunState, SourceRecord, Upload, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

MANY = [work(f"t/{n}", f"Study number {n}", f"Person {n}", year=2000 + n % 20) for n in range(imports.BATCH + 500)]


@pytest.fixture
def many(tmp_path: Path) -> ImportRun:
    return imports.start_run(source="jsonl", query=str(write(tmp_path / "works.jsonl", MANY)))


@pytest.fixture
def manager(empty_library: None, client: Client) -> User:
    """Signed in, and allowed to run imports."""
    user = get_user_model().objects.create_user("manager")
    user.user_permissions.add(Permission.objects.get(codename="run_imports"))
    client.force_login(user)
    return user


def test_a_paused_run_ends_its_batch_and_goes_on_where_it_was(many: ImportRun) -> None:
    assert imports.advance(many, progress=runs.pause)
    many.refresh_from_db()
    assert (many.state, many.fetched) == (RunState.PAUSED, imports.BATCH)
    assert imports.advance(many)
    assert Work.objects.count() == imports.BATCH
    runs.resume(many)
    assert imports.advance(many)
    many.refresh_from_db()
    assert (many.state, many.fetched, Work.objects.count()) == (RunState.DONE, len(MANY), len(MANY))


def test_a_stopped_run_keeps_what_it_brought_and_can_still_go_on(many: ImportRun) -> None:
    imports.advance(many, progress=runs.stop)
    many.refresh_from_db()
    assert (many.state, many.finished_at is not None) == (RunState.STOPPED, True)
    assert Work.objects.count() == imports.BATCH
    runs.resume(many)
    many.refresh_from_db()
    assert (many.state, many.finished_at) == (RunState.QUEUED, None)


def test_what_makes_no_sense_is_refused(many: ImportRun) -> None:
    with pytest.raises(Conflict, match="can go on"):
        runs.resume(many)
    runs.pause(many)
    with pytest.raises(Conflict, match="can be paused"):
        runs.pause(many)
    runs.stop(many)
    with pytest.raises(Conflict, match="has ended already"):
        runs.stop(many)


# Pages


def start(client: Client, **given: object) -> int:
    return client.post("/imports/new/", {"source": "jsonl", **given}).status_code


def upload(records: list[object], name: str = "works.jsonl") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join(json.dumps(record) for record in records).encode())


def test_nobody_else_sees_that_imports_can_be_started_or_stopped(client: Client, many: ImportRun) -> None:
    client.force_login(get_user_model().objects.create_user("somebody"))
    assert start(client, query="au:Morcos") == 404
    assert client.get("/imports/new/").status_code == 404
    assert client.post(f"{many.get_absolute_url()}stop/").status_code == 404
    assert b"Stop" not in client.get(many.get_absolute_url()).content
    assert b"New import" not in client.get("/imports/").content


def test_an_uploaded_file_is_imported_by_a_worker_that_does_not_see_the_disk(client: Client, manager: User) -> None:
    assert start(client, file=upload(list(MANY[:3]), "../../etc/my works.jsonl")) == 302
    run = ImportRun.objects.get()
    assert (run.query, run.live, run.started_by) == ("my works.jsonl", False, manager)
    assert imports.advance(run)
    run.refresh_from_db()
    assert (run.state, run.new) == (RunState.DONE, 3)
    assert SourceRecord.objects.filter(origin__startswith="my works.jsonl:").count() == 3
    assert not Upload.objects.exists()
    page = client.get(run.get_absolute_url()).content.decode()
    assert "my works.jsonl" in page


def test_a_query_typed_on_a_page_never_reads_a_file_of_the_server(client: Client, manager: User) -> None:
    assert start(client, source="arxiv", query="/etc/passwd") == 302
    assert ImportRun.objects.get().live is True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "jsonl", "query": "anything"}, "no live service"),
        ({"source": "nowhere", "query": "anything"}, "Choose one of the sources"),
        ({"source": "arxiv"}, "Choose a file, or type a query"),
        ({"source": "jsonl", "file": SimpleUploadedFile("a.jsonl", b"")}, "This file is empty"),
    ],
)
def test_what_is_missing_is_said_in_the_form(
    client: Client, manager: User, given: dict[str, object], message: str
) -> None:
    answer = client.post("/imports/new/", given)
    assert (answer.status_code, message in answer.content.decode()) == (422, True)
    assert not ImportRun.objects.exists()


def test_a_run_is_paused_and_goes_on_by_its_buttons(client: Client, manager: User, many: ImportRun) -> None:
    address = many.get_absolute_url()
    assert b"Pause" in client.get(address).content
    assert client.post(f"{address}pause/").status_code == 302
    page = client.get(address).content.decode()
    assert "Go on" in page
    assert "paused" in page
    refused = client.post(f"{address}pause/")
    assert (refused.status_code, b"can be paused" in refused.content) == (409, True)
    assert client.post(f"{address}resume/").status_code == 302
    many.refresh_from_db()
    assert many.state == RunState.QUEUED


def test_a_file_that_is_gone_fails_the_run_with_the_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", MANY[:2])
    run = imports.start_run(source="jsonl", query=str(path))
    path.unlink()
    assert imports.advance(run)
    run.refresh_from_db()
    assert (run.state, "There is no file" in run.message) == (RunState.FAILED, True)
    assert not Upload.objects.exists()
