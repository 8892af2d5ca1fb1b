"""A run taken back: what only it asserted is gone, what others or people asserted is as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from profiles.flows.confirm import confirm
from profiles.flows.rebuild import rebuild
from profiles.models import Researcher
from researchgraph.errors import Conflict
from tests.pipeline import importworks, stored, work, write
from works import imports, rollback
from works.models import Authorship, ImportRun, RunState, SourceRecord, SupersededRecord, Work

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

FIRST = [
    work("t/1", "Stirring soups", "Ada Lovelace", "Grace Hopper", year=2019),
    work("t/2", "Bread without yeast", "Ada Lovelace", "Grace Hopper", year=2020),
]
SECOND = [
    work("t/3", "Kettles", "Kurt Gödel", "Grace Hopper", year=2021),
    work("t/4", "Sieves", "Kurt Gödel", year=2022),
]


def run(path: Path, records: list[Any], source: str = "jsonl") -> ImportRun:
    assert importworks(write(path, records), source=source).status == 0
    return ImportRun.objects.latest("pk")


def take_back(one: ImportRun) -> None:
    rollback.begin(one)
    rollback.advance(one)
    imports.settle()
    assert one.state == RunState.UNDONE
    assert rebuild(check=True) == 0


@pytest.fixture
def first(empty_library: None, tmp_path: Path) -> ImportRun:
    return run(tmp_path / "first.jsonl", FIRST)


def test_a_run_taken_back_leaves_everything_as_it_was_before(first: ImportRun, tmp_path: Path) -> None:
    before = stored(ids=False)
    second = run(tmp_path / "second.jsonl", SECOND)
    foreseen = rollback.outlook(second)
    assert (foreseen.works_gone, foreseen.works_changed, foreseen.gone) == (2, 0, 2)
    take_back(second)
    assert stored(ids=False) == before
    assert SourceRecord.objects.count() == 2


def test_a_corrected_record_says_again_what_it_said(first: ImportRun, tmp_path: Path) -> None:
    before = stored(ids=False)
    corrected = {**FIRST[0], "title": "Stirring cold soups", "authors": [{"name": "Ada Lovelace"}]}
    second = run(tmp_path / "second.jsonl", [corrected])
    assert Work.objects.filter(title="Stirring cold soups").exists()
    foreseen = rollback.outlook(second)
    assert (foreseen.restored, foreseen.works_changed, foreseen.works_gone) == (1, 1, 0)
    take_back(second)
    assert stored(ids=False) == before
    assert SourceRecord.objects.get(key="t/1").run == first
    assert not SupersededRecord.objects.exists()


def test_a_correction_outlives_the_run_it_corrected(first: ImportRun, tmp_path: Path) -> None:
    run(tmp_path / "second.jsonl", [{**FIRST[0], "title": "Stirring cold soups"}])
    take_back(first)
    assert set(Work.objects.values_list("title", flat=True)) == {"Stirring cold soups"}
    assert not SupersededRecord.objects.exists()


def test_what_another_run_brought_word_for_word_stays_and_is_that_runs(first: ImportRun, tmp_path: Path) -> None:
    before = stored(ids=False)
    again = run(tmp_path / "again.jsonl", [FIRST[0], *SECOND])
    assert rollback.outlook(first).shared == 1
    take_back(first)
    assert set(Work.objects.values_list("title", flat=True)) == {"Stirring soups", "Kettles", "Sieves"}
    assert SourceRecord.objects.get(key="t/1").run == again
    take_back(again)
    assert not Work.objects.exists()
    run(tmp_path / "first.jsonl", FIRST)
    assert stored(ids=False) == before


def test_a_work_on_which_a_person_decided_stays(first: ImportRun, tmp_path: Path) -> None:
    second = run(tmp_path / "second.jsonl", SECOND)
    byline = Authorship.objects.get(work__title="Kettles", raw_name="Kurt Gödel")
    assert byline.researcher_id is not None
    actor = get_user_model().objects.create_user("curator")
    confirm(researcher=byline.researcher_id, bylines=[byline.pk], actor=actor, reason="His own words.")
    foreseen = rollback.outlook(second)
    assert (foreseen.works_kept, foreseen.works_gone) == (1, 1)
    take_back(second)
    assert set(Work.objects.values_list("title", flat=True)) == {"Stirring soups", "Bread without yeast", "Kettles"}


def test_what_was_held_back_goes_too(first: ImportRun, tmp_path: Path) -> None:
    second = run(tmp_path / "second.jsonl", [{**SECOND[0], "authors": []}, SECOND[1]])
    assert SourceRecord.objects.exclude(rejected_code="").count() == 1
    take_back(second)
    assert SourceRecord.objects.count() == 2


def test_a_record_that_a_run_repaired_is_held_back_again(first: ImportRun, tmp_path: Path) -> None:
    run(tmp_path / "broken.jsonl", [FIRST[0], {**SECOND[0], "authors": []}])
    repaired = run(tmp_path / "second.jsonl", [SECOND[0]])
    assert Work.objects.filter(title="Kettles").exists()
    take_back(repaired)
    record = SourceRecord.objects.get(key="t/3")
    assert (record.work, record.rejected_code) == (None, "authors-missing")
    assert not Work.objects.filter(title="Kettles").exists()


def test_a_person_all_of_whose_works_are_gone_is_found_no_more(
    client: Client, first: ImportRun, tmp_path: Path
) -> None:
    second = run(tmp_path / "second.jsonl", SECOND)
    kurt = Researcher.objects.get(display_name="Kurt Gödel")
    address = kurt.get_absolute_url()
    assert address in client.get("/search/?q=Kurt+Godel&kind=people").content.decode()
    take_back(second)
    kurt.refresh_from_db()
    assert kurt.works_count == 0
    assert address not in client.get("/search/?q=Kurt+Godel&kind=people").content.decode()
    assert b"Kettles" not in client.get(address).content


def test_only_a_run_that_has_ended_is_taken_back_and_once(first: ImportRun, tmp_path: Path) -> None:
    waiting = imports.start_run(source="jsonl", query=str(tmp_path / "first.jsonl"))
    with pytest.raises(Conflict, match="stop it first"):
        rollback.begin(waiting)
    take_back(first)
    with pytest.raises(Conflict, match="has ended"):
        rollback.begin(first)


def test_it_goes_on_after_a_crash(first: ImportRun, tmp_path: Path) -> None:
    before = stored(ids=False)
    second = run(tmp_path / "second.jsonl", SECOND)
    rollback.begin(second)
    rollback._batch(second, 0)
    # Killed here; the sweep sends it again.
    again = ImportRun.objects.get(pk=second.pk)
    rollback.advance(again)
    imports.settle()
    assert stored(ids=False) == before


def test_the_page_says_what_it_comes_to_and_begins(client: Client, first: ImportRun) -> None:
    address = f"{first.get_absolute_url()}roll-back/"
    assert client.get(address).status_code == 404
    user = get_user_model().objects.create_user("manager")
    user.user_permissions.add(Permission.objects.get(codename="run_imports"))
    client.force_login(user)
    assert "Roll back" in client.get(first.get_absolute_url()).content.decode()
    page = client.get(address).content.decode()
    assert "2</dd>" in page
    assert client.post(address).status_code == 302
    first.refresh_from_db()
    assert first.state == RunState.UNDOING
    assert client.post(address).status_code == 409
