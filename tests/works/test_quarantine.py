"""What was held back is looked at, read again after a repair, dismissed and taken along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.pipeline import importworks, work, write
from works import quarantine
from works.models import SourceRecord, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

GOOD = work("t/1", "Stirring soups", "Ada Lovelace", year=2019)
NAMELESS = {**work("t/2", "Nobody wrote this", "Grace Hopper", year=2020), "authors": []}
UNTITLED = {**work("t/3", "x", "Grace Hopper", year=2020), "title": "…"}
HOSTILE = {**work("t/4", "x", "Grace Hopper", year=2020), "title": "", "venue": "<script>alert(1)</script>"}


@pytest.fixture
def manager(empty_library: None, client: Client) -> User:
    """Signed in, and allowed to run imports."""
    user = get_user_model().objects.create_user("manager")
    user.user_permissions.add(Permission.objects.get(codename="run_imports"))
    client.force_login(user)
    return user


@pytest.fixture
def held(tmp_path: Path) -> None:
    assert importworks(write(tmp_path / "works.jsonl", [GOOD, NAMELESS, UNTITLED, HOSTILE])).status == 0


def one(key: str) -> SourceRecord:
    return SourceRecord.objects.get(key=key)


def repair(key: str) -> None:
    """As if the reader had been wrong: the same bytes hold a work now."""
    record = json.loads(bytes(one(key).payload))
    record.update(title="Sieves and soups", authors=[{"name": "Grace Hopper"}])
    # The hash stays, as it does when a reader is repaired and not the record.
    SourceRecord.objects.filter(key=key).update(payload=json.dumps(record).encode())


def test_a_record_that_can_be_read_now_becomes_a_work_of_its_run(held: None) -> None:
    run = one("t/3").run_id
    repair("t/3")
    found = quarantine.retry([record.pk for record in SourceRecord.objects.exclude(rejected_code="")])
    assert (found.repaired, found.held) == (1, 2)
    record = one("t/3")
    assert (record.work, record.rejected_code, record.run_id) == (Work.objects.get(title="Sieves and soups"), "", run)
    assert one("t/2").rejected_code == "authors-missing"
    assert quarantine.retry([record.pk]).repaired == 0


def test_news_that_was_set_aside_is_told_of_the_record_it_is_about(held: None, tmp_path: Path) -> None:
    importworks(write(tmp_path / "news.jsonl", [{**GOOD, "title": ""}]))
    aside = SourceRecord.objects.get(key__startswith="t/1#")
    assert one("t/1").work is not None
    repair(aside.key)
    assert quarantine.retry([aside.pk]).repaired == 1
    assert not SourceRecord.objects.filter(key__startswith="t/1#").exists()
    assert one("t/1").work == Work.objects.get(title="Sieves and soups")
    assert Work.objects.count() == 1


def test_what_no_reader_repairs_is_not_read_again(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [GOOD, {**GOOD, "title": "Another under the same id"}]))
    twin = SourceRecord.objects.get(rejected_code="duplicate-id")
    assert quarantine.retry([twin.pk]) == quarantine.Retried(0, 0)
    assert Work.objects.count() == 1


# Pages


def test_the_page_groups_by_reason_and_lists_the_records_of_one(client: Client, manager: User, held: None) -> None:
    page = client.get("/imports/held/").content.decode()
    assert "authors-missing" in page
    assert "title-missing" in page
    chosen = client.get("/imports/held/?source=jsonl&code=authors-missing").content.decode()
    assert "t/2" in chosen
    assert "t/3" not in chosen


def test_the_page_takes_as_many_queries_however_much_is_held_back(
    client: Client, manager: User, held: None, tmp_path: Path
) -> None:
    address = "/imports/held/?source=jsonl&code=authors-missing"
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    importworks(write(tmp_path / "more.jsonl", [{**work(f"n/{n}", "x", "y"), "authors": []} for n in range(30)]))
    with CaptureQueriesContext(connection) as many:
        assert b"n/29" in client.get(address).content
    assert len(many) == len(few)


def test_a_record_is_shown_as_text_and_never_as_markup(client: Client, manager: User, held: None) -> None:
    address = f"/imports/held/{one('t/4').pk}/"
    page = client.get(address).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    raw = client.get(f"{address}raw/")
    assert raw.headers["Content-Type"] == "application/octet-stream"
    assert raw.headers["Content-Disposition"].startswith("attachment")
    assert raw.content == bytes(one("t/4").payload)


def test_a_group_is_read_again_and_dismissed_by_its_buttons(client: Client, manager: User, held: None) -> None:
    repair("t/2")
    answer = client.post("/imports/held/retry/", {"source": "jsonl", "code": "authors-missing"}, follow=True)
    assert "1 record became part of a work" in answer.content.decode()
    answer = client.post("/imports/held/dismiss/", {"source": "jsonl", "code": "title-missing"}, follow=True)
    assert "2 records dismissed" in answer.content.decode()
    assert "Nothing is held back" in answer.content.decode()
    assert one("t/3").dismissed_by == manager


def test_a_group_is_exported_with_its_bytes(client: Client, manager: User, held: None) -> None:
    answer = client.get("/imports/held/export/?source=jsonl&code=authors-missing")
    (line,) = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert json.loads(json.loads(line)["payload"]) == json.loads(bytes(one("t/2").payload))


@pytest.mark.parametrize("path", ["", "export/", "1/", "1/raw/"])
def test_nobody_else_sees_what_is_held_back(client: Client, held: None, path: str) -> None:
    assert client.get(f"/imports/held/{path}").status_code == 404
    client.force_login(get_user_model().objects.create_user("somebody"))
    assert client.get(f"/imports/held/{path}").status_code == 404
    assert client.post("/imports/held/dismiss/", {"record": one("t/2").pk}).status_code == 404
