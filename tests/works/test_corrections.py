"""What curators say a work's fields are: above every later import, visible, undone at any time, and nobody else's to say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command

from researchgraph.errors import Conflict
from tests.pipeline import feed, importworks, stored, untouched, work, write
from works import correct, imports, rollback
from works.decision_models import CorrectionOrigin, WorkCorrection
from works.ingest import normalise
from works.models import ImportRun, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, Settings

pytestmark = pytest.mark.usefixtures("empty_library")

ARXIV = "2111.00001"
RECORD = work("t/1", "Stirring soups", "Ada Lovelace", year=2021, venue="Soup", arxiv=ARXIV)


@pytest.fixture
def curator(empty_library: None, client: Client) -> User:
    user = get_user_model().objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="curate"))
    client.force_login(user)
    return user


@pytest.fixture
def soups(empty_library: None, tmp_path: Path) -> Work:
    """A work with two sources, which differ about the title."""
    importworks(feed(tmp_path / "feed.xml", (ARXIV, "Stirring some soups", ("Ada Lovelace",))), source="arxiv")
    importworks(write(tmp_path / "works.jsonl", [RECORD]))
    return Work.objects.get()


def say(soups: Work, user: User, origin: str = "curator", **values: str) -> None:
    correct.correct(
        work=soups.pk, values=values, origin=CorrectionOrigin(origin), actor=user, reason="I have it here.",
        seen=correct.newest(soups.pk),
    )  # fmt: skip
    soups.refresh_from_db()


def test_a_correction_survives_imports_and_rollbacks_of_any_source(soups: Work, curator: User, tmp_path: Path) -> None:
    say(soups, curator, title="Stirring the soup", venue="Kitchen", year="2020")
    news = write(tmp_path / "news.jsonl", [{**RECORD, "title": "Stirring soups again", "year": 2022}])
    importworks(news)
    soups.refresh_from_db()
    assert (soups.title, str(soups.venue), soups.year) == ("Stirring the soup", "Kitchen", 2020)
    assert "Kitchen 2020" in soups.version_label
    assert [other["value"] for other in soups.alternatives["title"]] == ["Stirring soups again", "Stirring some soups"]
    run = ImportRun.objects.order_by("-pk")[0]
    rollback.begin(run)
    rollback.advance(run)
    soups.refresh_from_db()
    assert (soups.title, soups.year) == ("Stirring the soup", 2020)
    assert [other["value"] for other in soups.alternatives["title"]] == ["Stirring soups", "Stirring some soups"]


def test_a_corrected_work_stays_when_its_only_import_is_rolled_back(curator: User, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [RECORD]))
    say(Work.objects.get(), curator, title="Stirring the soup")
    run = ImportRun.objects.get()
    assert rollback.outlook(run).works_kept == 1
    correct.undo(work=Work.objects.get().pk, correction=correct.newest(Work.objects.get().pk), actor=curator)
    assert rollback.outlook(run).works_gone == 1
    rollback.begin(run)
    rollback.advance(run)
    assert not Work.objects.exists()


def test_importing_the_same_again_writes_nothing(soups: Work, curator: User, tmp_path: Path) -> None:
    say(soups, curator, title="Stirring the soup")
    imports.settle()
    before = untouched()
    importworks(tmp_path / "works.jsonl")
    assert untouched() == before


def test_undoing_brings_back_the_correction_before_and_then_the_sources(soups: Work, curator: User) -> None:
    say(soups, curator, title="First thought")
    say(soups, curator, title="Second thought")
    for expected in ("First thought", "Stirring soups"):
        newest = WorkCorrection.objects.filter(undone_at=None).latest("pk").pk
        correct.undo(work=soups.pk, correction=newest, actor=curator)
        correct.undo(work=soups.pk, correction=newest, actor=curator)
        soups.refresh_from_db()
        assert soups.title == expected
    assert soups.provenance["title"] == "jsonl"
    assert WorkCorrection.objects.count() == 2


def test_an_author_is_believed_before_sources_and_after_curators(soups: Work, curator: User) -> None:
    say(soups, curator, "author", title="As I wrote it")
    assert (soups.title, soups.provenance["title"]) == ("As I wrote it", "author")
    say(soups, curator, title="As it is printed")
    say(soups, curator, "author", title="As I wrote it, really")
    assert (soups.title, soups.provenance["title"]) == ("As it is printed", "curator")


def test_who_did_not_see_the_last_correction_changes_nothing(soups: Work, curator: User) -> None:
    say(soups, curator, title="First thought")
    with pytest.raises(Conflict):
        correct.correct(
            work=soups.pk, values={"title": "Late"}, origin=CorrectionOrigin.CURATOR, actor=curator, reason="x", seen=0
        )
    assert WorkCorrection.objects.count() == 1


def test_another_table_is_applied_to_works_imported_before(
    soups: Work, curator: User, settings: Settings, tmp_path: Path
) -> None:
    say(soups, curator, venue="Kitchen")
    settings.MERGE_PRECEDENCE = "title: arxiv *"
    call_command("mergeworks")
    soups.refresh_from_db()
    assert (soups.title, str(soups.venue)) == ("Stirring some soups", "Kitchen")
    before = stored()
    call_command("mergeworks")
    assert stored() == before


# Pages


def post(client: Client, soups: Work, **fields: Any) -> Any:
    return client.post(
        f"/curate/work/{soups.public_id}/", {"reason": "I have it here.", "seen": correct.newest(soups.pk), **fields}
    )


def test_a_curator_believes_another_source(client: Client, soups: Work, curator: User) -> None:
    page = client.get(f"/curate/work/{soups.public_id}/").content.decode()
    assert 'value="say:Stirring some soups"' in page
    answer = post(client, soups, title="say:Stirring some soups", venue="none", date_own="2021-02")
    assert answer.status_code == 302
    soups.refresh_from_db()
    assert (soups.title, soups.venue, soups.date, soups.year) == ("Stirring some soups", None, "2021-02", 2021)
    shown = client.get(soups.get_absolute_url()).content.decode()
    assert "by a curator" in shown
    assert "Stirring soups" in shown
    assert "I have it here." not in shown
    detail = client.get(f"/api/v1/works/{soups.public_id}/").json()
    assert detail["provenance"]["title"] == "curator"
    assert detail["alternatives"]["title"] == [{"source": "jsonl", "value": "Stirring soups"}]
    assert set(detail["corrected"]) == {"title", "venue", "date"}


def test_a_correction_is_undone_on_its_page(client: Client, soups: Work, curator: User) -> None:
    say(soups, curator, title="<b>Stirring</b>")
    page = client.get(f"/curate/work/{soups.public_id}/").content.decode()
    assert "I have it here." in page
    assert "<b>Stirring</b>" not in page
    answer = client.post(f"/curate/work/{soups.public_id}/undo/", {"correction": correct.newest(soups.pk)}, follow=True)
    assert "Undone" in answer.content.decode()
    soups.refresh_from_db()
    assert soups.title == "Stirring soups"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "Nothing was chosen."),
        ({"title": "own", "title_own": " … "}, "A title has letters"),
        ({"title": "none"}, "Nothing was chosen."),
        ({"type": "own", "type_own": "novel"}, "Choose one of the types."),
        ({"year": "own", "year_own": "2022-03"}, "A year from 1400"),
        ({"date_own": "March 2022"}, "A date such as 2022-03-10"),
        ({"pdf_url_own": "javascript:alert(1)"}, "No address of a page."),
        ({"title_own": "Right", "reason": ""}, "Say in a few words how you know."),
    ],
)
def test_what_a_field_cannot_be_is_refused_and_kept_in_the_form(
    client: Client, soups: Work, curator: User, fields: dict[str, str], problem: str
) -> None:
    answer = post(client, soups, **fields)
    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert not WorkCorrection.objects.exists()


def test_a_late_answer_is_refused(client: Client, soups: Work, curator: User) -> None:
    say(soups, curator, title="First thought")
    answer = post(client, soups, title_own="Late", seen=0)
    assert answer.status_code == 409
    assert "meanwhile" in answer.content.decode()


def test_nobody_else_corrects(client: Client, soups: Work) -> None:
    addresses = [f"/curate/work/{soups.public_id}/", f"/curate/work/{soups.public_id}/undo/"]
    for user in (None, get_user_model().objects.create_user("somebody")):
        if user:
            client.force_login(user)
        assert [client.post(address, {"correction": 1}).status_code for address in addresses] == [404, 404]
        assert client.get(addresses[0]).status_code == 404
        assert "Correct a field" not in client.get(soups.get_absolute_url()).content.decode()


def test_a_work_that_is_not_there_is_not_corrected(client: Client, curator: User) -> None:
    assert client.get("/curate/work/0000000000/").status_code == 404


def test_pages_take_as_many_queries_however_much_was_corrected(
    client: Client, soups: Work, curator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(10):
        say(soups, curator, title=f"Thought {n}", venue=f"Venue {n}")
    with django_assert_max_num_queries(8):
        assert b"Thought 9" in client.get(f"/curate/work/{soups.public_id}/").content
    client.logout()
    with django_assert_max_num_queries(3):
        client.get(soups.get_absolute_url())


@pytest.mark.parametrize("field", ["title", "type", "year", "date", "venue", "license", "pdf_url"])
def test_a_checked_value_is_the_same_when_checked_again(field: str) -> None:
    for raw in ("  Soup {\\'e}toile ", "journal", "2022", "2022-03", "https://a.example/x", "CC BY", "javascript:x"):
        once = normalise.value(field, raw)
        assert normalise.value(field, once) == once
