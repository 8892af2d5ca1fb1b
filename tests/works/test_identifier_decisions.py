"""Curators say whose an ORCID iD is that is held back: accepted or dismissed, above every import, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from hypothesis import given
from hypothesis import strategies as st

from researchgraph.errors import Conflict
from tests.deciding import bring
from tests.pipeline import stored, untouched, work
from works import rollback
from works.decision_models import WorkEvent
from works.flows import identify
from works.flows.join import join
from works.flows.undo import undo
from works.imports import settle
from works.ingest.doubted import DISMISSED, OTHER_NAME, TWICE, Statement, doubts
from works.models import Authorship, HeldIdentifier, ImportRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

ADA = "0000-0002-1825-0097"


# The rule


def test_what_a_person_accepted_is_believed_and_does_not_unseat_the_name_of_most_works() -> None:
    most = [Statement(n, n, "Ada Lovelace") for n in (5, 6, 7)]
    assert doubts([*most, Statement(3, 3, "Grace Hopper", said=True), Statement(4, 4, "G. Hopper")]) == {}
    tie = [Statement(1, 1, "Ada Lovelace", said=True), Statement(2, 2, "Grace Hopper")]
    assert {byline: doubt.code for byline, doubt in doubts(tie).items()} == {2: OTHER_NAME}


def test_what_a_person_dismissed_is_not_believed_and_says_nothing_of_others() -> None:
    found = doubts([Statement(1, 1, "Ada Lovelace"), Statement(2, 2, "Grace Hopper", said=False)])
    assert {byline: doubt.code for byline, doubt in found.items()} == {2: DISMISSED}
    found = doubts([Statement(1, 1, "Ada Lovelace"), Statement(2, 1, "Grace Hopper", said=False)])
    assert set(found) == {2}


def test_of_two_authors_of_a_work_the_accepted_one_has_it() -> None:
    found = doubts([Statement(1, 1, "Ada Lovelace", said=True), Statement(2, 1, "Grace Hopper")])
    assert {byline: doubt.code for byline, doubt in found.items()} == {2: TWICE}


SAID = st.sampled_from([None, None, True, False])
SOMEBODY = st.sampled_from(["Ada Lovelace", "A. Lovelace", "Grace Hopper"])


@given(st.lists(st.tuples(st.integers(0, 3), SOMEBODY, st.booleans(), SAID), max_size=6))
def test_a_persons_word_holds_in_whatever_company_and_order(rows: list[tuple[int, str, bool, bool | None]]) -> None:
    statements = [Statement(n, key, name, own=own, said=said) for n, (key, name, own, said) in enumerate(rows)]
    found = doubts(statements)
    assert found == doubts(statements[::-1])
    assert all((one.byline in found) is not one.said for one in statements if one.said is not None)


# Importing


def ada(name: str = "Ada Lovelace") -> dict[str, str]:
    return {"name": name, "orcid": ADA}


SOUPS = work("t/1", "Model soups of the kitchen", ada())
SIEVES = work("t/2", "Sieves and strainers", ada("A. Lovelace"))
WRONG = work("t/3", "Ladles of the navy", ada("Grace Hopper"))
TWO = work("t/4", "Tongs in two hands", ada(), ada("Emmy Noether"))
ALL = [SOUPS, SIEVES, WRONG, TWO]


@pytest.fixture
def curator(empty_library: None, tmp_path: Path) -> User:
    """Three identifiers are held back."""
    bring(tmp_path, *ALL)
    user = get_user_model().objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="curate"))
    return user


def byline(title: str, name: str) -> int:
    return Authorship.objects.get(work__title=title, raw_name=name).pk


def held() -> dict[str, str]:
    rows = HeldIdentifier.objects.values_list("authorship__work__title", "authorship__raw_name", "code")
    return {f"{title}: {name}": code for title, name, code in rows}


def touched(record: dict[str, Any]) -> dict[str, Any]:
    """The record with bylines that are written anew."""
    return {**record, "authors": [{**author, "affiliations": ["Kitchen College"]} for author in record["authors"]]}


MACHINE = {
    "Ladles of the navy: Grace Hopper": OTHER_NAME,
    "Tongs in two hands: Ada Lovelace": TWICE,
    "Tongs in two hands: Emmy Noether": TWICE,
}


def test_an_accepted_id_stands_whatever_is_imported_and_undoing_gives_the_rules_view_back(
    curator: User, tmp_path: Path
) -> None:
    before = stored()
    ladles = byline("Ladles of the navy", "Grace Hopper")
    event = identify.accept(byline=ladles, value=ADA, actor=curator, reason="She published under that name.")
    settle()
    accepted = {key: code for key, code in MACHINE.items() if not key.startswith("Ladles")}
    assert (held(), Authorship.objects.get(pk=ladles).identifiers) == (accepted, {"orcid": ADA})
    again = untouched()
    bring(tmp_path, *reversed(ALL))
    assert untouched() == again
    bring(tmp_path, *map(touched, ALL))
    assert (held(), Authorship.objects.get(pk=ladles).identifiers) == (accepted, {"orcid": ADA})
    undo(event=event, actor=curator, reason="It was her sister.")
    bring(tmp_path, *ALL)
    assert (held(), stored()) == (MACHINE, before)


def test_a_dismissed_id_is_not_asked_about_again_and_leaves_the_others_in_peace(curator: User, tmp_path: Path) -> None:
    before = stored()
    tongs = byline("Tongs in two hands", "Emmy Noether")
    event = identify.dismiss(byline=tongs, value=ADA, actor=curator, reason="Copied from the line above.")
    settle()
    dismissed = {
        "Ladles of the navy: Grace Hopper": OTHER_NAME,
        "Tongs in two hands: Emmy Noether": DISMISSED,
    }
    assert held() == dismissed
    assert Authorship.objects.get(pk=byline("Tongs in two hands", "Ada Lovelace")).identifiers == {"orcid": ADA}
    again = untouched()
    bring(tmp_path, *ALL)
    assert untouched() == again
    bring(tmp_path, *map(touched, ALL))
    assert held() == dismissed
    undo(event=event, actor=curator, reason="It was hers.")
    bring(tmp_path, *ALL)
    assert (held(), stored()) == (MACHINE, before)


def test_dismissing_the_only_doubtful_statement_keeps_it_held_when_the_others_go(curator: User, tmp_path: Path) -> None:
    ladles = byline("Ladles of the navy", "Grace Hopper")
    identify.dismiss(byline=ladles, value=ADA, actor=curator, reason="Not hers.")
    for key in ("t/1", "t/2"):
        record = next(one for one in ALL if one["source_id"] == key)
        bring(tmp_path, {**record, "authors": [{"name": "Ada Lovelace"}]})
    bring(tmp_path, work("t/4", "Tongs in two hands", "Ada Lovelace"), touched(WRONG))
    assert held() == {"Ladles of the navy: Grace Hopper": DISMISSED}


def test_deciding_twice_changes_nothing_and_contradictions_are_refused(curator: User) -> None:
    tongs, other = byline("Tongs in two hands", "Emmy Noether"), byline("Tongs in two hands", "Ada Lovelace")
    event = identify.accept(byline=other, value=ADA, actor=curator, reason="Hers.")
    with pytest.raises(Conflict, match="not held back"):
        identify.accept(byline=other, value=ADA, actor=curator, reason="Hers.")
    with pytest.raises(Conflict, match="another author"):
        identify.accept(byline=tongs, value=ADA, actor=curator, reason="Hers, too.")
    identify.dismiss(byline=tongs, value=ADA, actor=curator, reason="Not hers.")
    with pytest.raises(Conflict, match="decided on this"):
        identify.accept(byline=tongs, value=ADA, actor=curator, reason="But hers.")
    undone = undo(event=event, actor=curator, reason="")
    with pytest.raises(Conflict, match="undone already"):
        undo(event=event, actor=curator, reason="")
    with pytest.raises(Conflict, match="decided anew"):
        undo(event=undone, actor=curator, reason="")
    assert WorkEvent.objects.count() == 3


def test_a_decision_goes_along_when_the_work_joins_another_one_and_comes_back(curator: User, tmp_path: Path) -> None:
    bring(tmp_path, work("t/5", "Ladles and spoons of the navy", "Emmy Noether", "Grace Hopper"))
    ladles, spoons = (
        Authorship.objects.get(pk=byline("Ladles of the navy", "Grace Hopper")),
        "Ladles and spoons of the navy",
    )
    target = Authorship.objects.get(pk=byline(spoons, "Grace Hopper")).work
    identify.accept(byline=ladles.pk, value=ADA, actor=curator, reason="Hers.")
    event = join(work=ladles.work_id, into=target.pk, actor=curator, reason="")
    settle()
    assert Authorship.objects.get(work=target, raw_name="Grace Hopper").identifiers == {"orcid": ADA}
    bring(tmp_path, *map(touched, ALL))
    assert Authorship.objects.get(work=target, raw_name="Grace Hopper").identifiers == {"orcid": ADA}
    undo(event=event, actor=curator, reason="")
    settle()
    assert Authorship.objects.get(pk=ladles.pk).identifiers == {"orcid": ADA}
    assert Authorship.objects.get(work=target, raw_name="Grace Hopper").identifiers == {}


def test_a_work_on_which_somebody_decided_stays_when_its_run_is_rolled_back(curator: User) -> None:
    ladles = byline("Ladles of the navy", "Grace Hopper")
    identify.accept(byline=ladles, value=ADA, actor=curator, reason="Hers.")
    run = ImportRun.objects.latest("pk")
    assert rollback.outlook(run).works_kept == 1
    rollback.begin(run)
    rollback.advance(run)
    settle()
    assert Authorship.objects.get(pk=ladles).identifiers == {"orcid": ADA}


# Pages

PATH = "/imports/held/identifiers/"


def test_a_curator_decides_on_the_page_and_takes_it_back(curator: User, client: Client) -> None:
    client.force_login(curator)
    ladles = byline("Ladles of the navy", "Grace Hopper")
    assert "Not theirs" in client.get(PATH).content.decode()
    asked = {"byline": ladles, "value": ADA, "d": "accept", "reason": "Her <b>own</b> page says so."}
    assert client.post(f"{PATH}decide/", {**asked, "reason": " "}).status_code == 409
    assert client.post(f"{PATH}decide/", asked)["Location"] == f"{PATH}#decided"
    assert client.post(f"{PATH}decide/", asked).status_code == 409
    page = client.get(PATH).content.decode()
    assert "Her &lt;b&gt;own&lt;/b&gt; page says so." in page
    assert "<b>Theirs</b>" in page
    event = WorkEvent.objects.get()
    address = Authorship.objects.select_related("work").get(pk=ladles).work.get_absolute_url()
    history = client.get(f"{address}history/").content.decode()
    assert "An identifier found to be that of one of the authors" in history
    assert ADA in history
    assert client.post(f"{PATH}undo/", {"event": event.pk, "reason": "A mistake."}).status_code == 302
    assert held() == MACHINE
    client.logout()
    history = client.get(f"{address}history/").content.decode()
    assert "An identifier found to be that of one of the authors" in history
    assert ADA not in history
    assert "own" not in history.partition("Decisions")[2].partition("Source records")[0]


def test_only_curators_decide(curator: User, client: Client) -> None:
    asked = {"byline": byline("Ladles of the navy", "Grace Hopper"), "value": ADA, "d": "accept", "reason": "Hers."}
    manager = get_user_model().objects.create_user("manager")
    manager.user_permissions.add(Permission.objects.get(codename="run_imports"))
    for user in (None, manager):
        if user:
            client.force_login(user)
            assert "Not theirs" not in client.get(PATH).content.decode()
        assert client.post(f"{PATH}decide/", asked).status_code == 404
        assert client.post(f"{PATH}undo/", {"event": 1, "reason": "x"}).status_code == 404
    assert not WorkEvent.objects.exists()
