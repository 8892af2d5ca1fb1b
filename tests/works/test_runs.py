"""Runs are paused, go on and are stopped between two batches, from a shell as on pages."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from researchgraph.errors import Conflict
from tests.pipeline import work, write
from works import ahead, import_selectors, imports, runs
from works.models import ImportChunk, ImportRun, RunState, SourceRecord, Upload, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

MANY = [work(f"t/{n}", f"Study number {n}", f"Person {n}", year=2000 + n % 20) for n in range(ahead.BATCH + 500)]


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
    assert (many.state, many.fetched) == (RunState.PAUSED, ahead.BATCH)
    assert imports.advance(many)
    assert Work.objects.count() == ahead.BATCH
    runs.resume(many)
    assert imports.advance(many)
    many.refresh_from_db()
    assert (many.state, many.fetched, Work.objects.count()) == (RunState.DONE, len(MANY), len(MANY))


def test_a_stopped_run_keeps_what_it_brought_and_can_still_go_on(many: ImportRun) -> None:
    imports.advance(many, progress=runs.stop)
    many.refresh_from_db()
    assert (many.state, many.finished_at is not None) == (RunState.STOPPED, True)
    assert Work.objects.count() == ahead.BATCH
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


# What a run's page says while it runs


def _running(run: ImportRun, *, chunks: int, every: float, total: int = 0) -> None:
    """Let the run be under way: batches of 100 records, so many seconds apart, the last one just now."""
    now = timezone.now()
    ImportRun.objects.filter(pk=run.pk).update(
        state=RunState.RUNNING, started_at=now - timedelta(seconds=chunks * every), fetched=100 * chunks, total=total
    )
    ImportChunk.objects.bulk_create(
        ImportChunk(
            run=run, first=100 * n, last=100 * (n + 1), new=100, updated=0, unchanged=0, quarantined=0,
            finished_at=now - timedelta(seconds=(chunks - 1 - n) * every),
        )
        for n in range(chunks)
    )  # fmt: skip


def test_a_run_under_way_tells_its_pace_of_late_and_what_is_left(client: Client, many: ImportRun) -> None:
    _running(many, chunks=100, every=10, total=25_000)
    page = import_selectors.run_page(many.public_id)
    assert page is not None
    # A hundred records in ten seconds, fifteen thousand to come.
    assert page.run.rate == 10
    assert page.run.left[:6] in {"24 min", "25 min"}
    shown = client.get(many.get_absolute_url()).content.decode()
    assert ("40 %" in shown, "10 a second" in shown, page.run.left[:6] in shown) == (True, True, True)


def test_where_nobody_knows_how_many_records_there_are_none_are_promised(client: Client, many: ImportRun) -> None:
    _running(many, chunks=3, every=5)
    page = import_selectors.run_page(many.public_id)
    assert page is not None
    assert (page.run.left, page.run.percent) == ("", None)
    assert "Left" not in client.get(many.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("state", "percent"),
    [("running", 40), ("paused", 40), ("failed", 40), ("done", 100), ("undoing", None), ("undone", None)],
)
def test_the_bar_of_a_run_that_is_taken_back_does_not_say_it_is_nearly_done(
    many: ImportRun, state: str, percent: int | None
) -> None:
    ImportRun.objects.filter(pk=many.pk).update(state=state, total=10, fetched=4)
    page = import_selectors.run_page(many.public_id)
    assert page is not None
    assert page.run.percent == percent


@pytest.mark.parametrize(("total", "limit", "expected"), [(0, None, 0), (0, 5, 5), (9, None, 9), (9, 5, 5), (3, 5, 3)])
def test_a_limit_and_what_the_source_says_are_both_heard(
    many: ImportRun, total: int, limit: int | None, expected: int
) -> None:
    ImportRun.objects.filter(pk=many.pk).update(total=total, limit=limit)
    page = import_selectors.run_page(many.public_id)
    assert page is not None
    assert page.run.expected == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59.4, "59 s"), (147, "2 min 27 s"), (11_100, "3 h 5 min"), (1_036_800, "12 days")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert import_selectors.duration(seconds) == words


def test_the_page_follows_the_run_with_and_without_javascript_until_it_ends(client: Client, many: ImportRun) -> None:
    address = many.get_absolute_url()
    page = client.get(address).content.decode()
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    fragment = client.get(address, headers={"HX-Request": "true"})
    assert (fragment.status_code, "HX-Refresh" in fragment, b"<html" in fragment.content) == (200, False, False)
    assert b'hx-trigger="every 2s"' in fragment.content
    runs.stop(many)
    fragment = client.get(address, headers={"HX-Request": "true"})
    # The last answer brings the whole page anew, with the buttons of a run that has ended.
    assert (fragment.status_code, fragment["HX-Refresh"]) == (286, "true")
    assert "http-equiv" not in client.get(address).content.decode()


def test_all_that_was_held_back_of_one_run_is_read_again_at_once(client: Client, manager: User, tmp_path: Path) -> None:
    nameless = [{**work(f"t/{n}", "Study", "Person"), "title": ""} for n in range(3)]
    of_one, of_other = (
        imports.start_run(source="jsonl", query=str(write(tmp_path / f"{name}.jsonl", records)))
        for name, records in (("one", nameless[:2]), ("other", nameless[2:]))
    )
    for run in (of_one, of_other):
        imports.advance(run)
    address = of_one.get_absolute_url()
    assert "Read all 2 again" in client.get(address).content.decode()
    # As after a repair of the reader.
    whole = json.dumps(work("t/0", "Study number 0", "Person Nought")).encode()
    SourceRecord.objects.filter(key="t/0").update(payload=whole, sha256=hashlib.sha256(whole).digest())
    answer = client.post(f"{address}retry/")
    assert answer["Location"] == f"{address}?repaired=1&held=1#held"
    page = client.get(answer["Location"]).content.decode()
    assert ("1 record became part of a work, 1 held back still" in page, "Read it again" in page) == (True, True)
    assert SourceRecord.objects.get(key="t/0").run == of_one
    assert SourceRecord.objects.get(key="t/2").work is None


def test_nobody_else_reads_anything_again(client: Client, many: ImportRun) -> None:
    assert client.post(f"{many.get_absolute_url()}retry/").status_code == 404


def test_a_run_of_a_service_can_be_repeated_and_one_of_a_file_cannot(
    client: Client, manager: User, many: ImportRun
) -> None:
    live = imports.start_run(source="crossref", query="a & b", live=True)
    page = client.get(live.get_absolute_url()).content.decode()
    assert "/imports/new/?source=crossref&amp;query=a+%26+b" in page
    assert "Repeat this" not in client.get(many.get_absolute_url()).content.decode()
