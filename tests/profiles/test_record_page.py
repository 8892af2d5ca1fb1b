"""A curator sees every byline of a record as it is printed, why it is there, and what was decided against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from profiles.flows.choose_name import choose_name
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.reject import reject
from profiles.flows.remove import remove
from profiles.history_selectors import EVENTS_A_PAGE
from profiles.models import IdentityEvent, Researcher
from profiles.record_selectors import RecordPage, Sight, matching_bylines, record_page, sight
from profiles.selectors import stamp
from tests.pipeline import importworks, work, write
from works import imports
from works.models import Authorship

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.usefixtures("empty_library")

WARWICK = {"name": "Wei Wang", "affiliation": "University of Warwick"}
SHORT = {"name": "W. Wang", "affiliation": "University of Warwick"}
PRINCETON = {"name": "Wei Wang", "affiliation": "Princeton University"}
RECORDS = [
    work("t/1", "Grasping with soft hands", WARWICK, "Grace Hopper", year=2019),
    work("t/2", "Robot hands that feel", WARWICK, "Grace Hopper", "Hedy Lamarr", year=2020),
    work("t/3", "Robot hands that grasp", SHORT, "Grace Hopper", year=2021),
    work("t/4", "Protein folding at scale", PRINCETON, "Kurt Gödel", year=1990),
    work("t/5", "Folding of membrane proteins", PRINCETON, "Kurt Gödel", year=1991),
]


@pytest.fixture
def user(empty_library: None) -> User:
    user = get_user_model().objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="curate"))
    return user


@pytest.fixture
def curator(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def record(tmp_path: Path) -> Researcher:
    """A record of three bylines in two spellings."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    return holder("Grasping with soft hands")


def holder(title: str, name: str = "Wang") -> Researcher:
    researcher = Authorship.objects.get(work__title=title, raw_name__endswith=name).researcher
    assert researcher is not None
    return researcher


def byline(title: str, name: str = "Wang") -> int:
    return int(Authorship.objects.get(work__title=title, raw_name__endswith=name).pk)


def seen(record: Researcher, asked: Sight | None = None) -> RecordPage:
    known = stamp(record.public_id)
    assert known is not None
    return record_page(known, asked or Sight())


def address(record: Researcher) -> str:
    return f"/curate/record/{record.public_id}/"


def test_every_byline_is_listed_as_printed_with_its_reasons_and_least_sure_first(record: Researcher) -> None:
    page = seen(record)
    assert {b.title for b in page.bylines} == {r["title"] for r in RECORDS[:3]}
    told = [b.confidence for b in page.bylines]
    assert told == sorted(told, key=lambda confidence: confidence or 0.0)
    feel = next(b for b in page.bylines if b.title == "Robot hands that feel")
    assert (feel.raw_name, feel.affiliation, feel.year, feel.position) == ("Wei Wang", "University of Warwick", 2020, 0)
    assert [author.name for author in feel.coauthors] == ["Grace Hopper", "Hedy Lamarr"]
    assert "Shares the co-author Grace Hopper with another byline of this record" in feel.reasons
    assert "Prints the affiliation University of Warwick, as another byline of this record does" in feel.reasons
    assert (page.total, page.placed, page.spellings) == (3, 0, [("Wei Wang", 2), ("W. Wang", 1)])
    assert page.rejected == []


def test_filters_leave_the_bylines_that_are_asked_for(record: Researcher, user: User) -> None:
    confirm(researcher=record.pk, bylines=[byline("Robot hands that feel")], actor=user, reason="")
    Authorship.objects.filter(work__title="Robot hands that grasp", researcher=record).update(confidence=0.6)
    assert [b.title for b in seen(record, Sight(show="placed")).bylines] == ["Robot hands that feel"]
    assert [b.title for b in seen(record, Sight(show="unsure")).bylines] == ["Robot hands that grasp"]
    assert [b.title for b in seen(record, Sight(name="W. Wang")).bylines] == ["Robot hands that grasp"]
    assert seen(record, Sight(name="Nobody")).bylines == []
    page = seen(record, Sight(show="unsure", name="W. Wang"))
    assert (page.paging.total, page.total, page.unsure, page.placed) == (1, 3, 1, 1)
    assert matching_bylines(record.pk, Sight(name="W. Wang")) == [byline("Robot hands that grasp")]
    assert matching_bylines(record.pk, Sight(show="placed")) == [byline("Robot hands that feel")]


def test_an_address_that_makes_no_sense_asks_for_everything() -> None:
    assert sight(QueryDict("show=everything&name=a%00b&page=-3")) == Sight()
    assert sight(QueryDict("show=placed&name=W.+Wang&page=2")) == Sight("placed", "W. Wang", 2)


def test_the_page_takes_as_many_queries_however_many_bylines_there_are(
    record: Researcher, curator: Client, tmp_path: Path
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert curator.get(address(record)).status_code == 200
        return len(captured)

    curator.get(address(record))
    few = queries()
    more = [work(f"m/{i}", f"Robot hands, part {i}", WARWICK, "Grace Hopper", year=2000 + i % 20) for i in range(30)]
    importworks(write(tmp_path / "more.jsonl", more))
    reject_one = Authorship.objects.filter(researcher=record, work__title="Robot hands, part 7").values_list(
        "pk", flat=True
    )
    reject(researcher=record.pk, bylines=list(reject_one), actor=get_user_model().objects.get(), reason="")
    assert seen(record).total == 32
    assert queries() == few == 10


def test_who_chose_a_name_is_judged_by_the_printed_one_and_who_is_not_named_is_not(
    record: Researcher, user: User, curator: Client
) -> None:
    opt_out(researcher=holder("Robot hands that feel", "Lamarr").pk, actor=user, reason="")
    choose_name(researcher=record.pk, name="Vera Wang", actor=user, reason="")
    imports.settle()
    told = curator.get(address(record)).content.decode()
    assert "Bylines of <bdi>Vera Wang</bdi>" in told
    assert "<bdi>W. Wang</bdi>" in told
    assert "Lamarr" not in told
    assert "Author withheld at their request" in told


def test_works_decided_against_lead_to_the_decision_on_whatever_page_of_the_history(
    record: Researcher, user: User, curator: Client
) -> None:
    wrong, other = byline("Robot hands that feel"), byline("Grasping with soft hands")
    event = reject(researcher=record.pk, bylines=[wrong], actor=user, reason="Not in her list.")
    for _ in range(EVENTS_A_PAGE):
        confirm(researcher=record.pk, bylines=[other], actor=user, reason="")
    page = seen(record)
    assert [(w.title, w.who, w.reason) for w in page.rejected] == [
        ("Robot hands that feel", "curator", "Not in her list.")
    ]
    assert page.rejected[0].history.endswith(f"history/?page=2#event-{event}")
    told = curator.get(page.rejected[0].history).content.decode()
    assert f'id="event-{event}"' in told
    assert "Robot hands that feel" in curator.get(address(record)).content.decode()


def test_what_was_decided_against_a_record_that_joined_is_told(record: Researcher, user: User) -> None:
    proteins = holder("Protein folding at scale")
    reject(researcher=proteins.pk, bylines=[byline("Protein folding at scale")], actor=user, reason="")
    merge(researcher=proteins.pk, into=record.pk, actor=user, reason="", force=True)
    assert [w.title for w in seen(record).rejected] == ["Protein folding at scale"]


@pytest.mark.parametrize("member", [False, True])
def test_the_page_is_for_curators_and_not_there_for_others(client: Client, record: Researcher, *, member: bool) -> None:
    if member:
        client.force_login(get_user_model().objects.create_user("member"))
    data = {"bylines": str(byline("Robot hands that feel")), "token": "x", "reason": "y"}
    assert client.get(address(record)).status_code == 404
    for decision in ("split", "reject", "reassign", "confirm"):
        assert client.get(f"{address(record)}{decision}/?byline={data['bylines']}").status_code == 404
        assert client.post(f"{address(record)}{decision}/", data).status_code == 404
    assert "/curate/" not in client.get(f"{record.get_absolute_url()}history/").content.decode()
    assert not IdentityEvent.objects.exclude(actor=None).exists()


def test_history_and_merge_lead_a_curator_to_the_page(record: Researcher, curator: Client) -> None:
    proteins = holder("Protein folding at scale")
    for place in (
        f"{record.get_absolute_url()}history/",
        f"/curate/merge/?from={proteins.public_id}&into={record.public_id}",
    ):
        assert f'href="{address(record)}"' in curator.get(place).content.decode()
    assert curator.get("/curate/record/zzzzzzzzzz/").status_code == 404


def test_merging_begins_with_the_record_one_comes_from(record: Researcher, curator: Client) -> None:
    told = curator.get(address(record)).content.decode()
    assert f'href="/curate/merge/?into={record.public_id}"' in told
    asked = curator.get(f"/curate/merge/?into={record.public_id}").content.decode()
    assert f'value="{record.public_id}"' in asked
    assert "There is no record" not in asked


def test_a_merged_record_leads_to_the_page_of_the_one_that_goes_on(
    record: Researcher, user: User, curator: Client
) -> None:
    proteins = holder("Protein folding at scale")
    merge(researcher=proteins.pk, into=record.pk, actor=user, reason="")
    answer = curator.get(address(proteins))
    assert (answer.status_code, answer.headers["Location"]) == (302, address(record))
    assert curator.get(f"{address(proteins)}reject/?byline=1").headers["Location"] == address(record)
    data: dict[str, Any] = {"bylines": "1", "token": "x", "reason": "y"}
    refused = curator.post(f"{address(proteins)}reject/", data)
    assert refused.status_code == 409
    assert "merged into another" in refused.content.decode()


def test_a_record_that_was_taken_down_says_so_and_leads_to_its_history_where_that_is_undone(
    record: Researcher, user: User, curator: Client, client: Client
) -> None:
    event = remove(researcher=record.pk, actor=user, reason="Made of a list of names.")
    answer = curator.get(address(record))
    assert answer.status_code == 410
    history = f"{record.get_absolute_url()}history/"
    assert f'href="{history}"' in answer.content.decode()
    assert "Wang" not in answer.content.decode().replace(history, "")
    assert client.get(history).status_code == 410
    told = curator.get(history)
    assert told.status_code == 200
    assert "Made of a list of names." in told.content.decode()
    assert curator.get(f"{address(record)}reject/?byline={byline('Robot hands that feel')}").status_code == 410
    undone = curator.post(f"/researchers/{record.public_id}/undo/", {"event": event, "reason": "It is a person."})
    assert undone.status_code == 302
    assert curator.get(address(record)).status_code == 200


def test_a_record_whose_person_asked_not_to_be_named_is_not_named_to_curators_either(
    record: Researcher, user: User, curator: Client
) -> None:
    opt_out(researcher=record.pk, actor=user, reason="")
    proteins = holder("Protein folding at scale")
    own = [
        curator.get(address(record)),
        curator.get(f"{record.get_absolute_url()}history/"),
        curator.get(f"{address(record)}reject/"),
        curator.post(f"{address(record)}reject/", {"bylines": "1", "token": "x", "reason": "y"}),
    ]
    for answer in own:
        told = answer.content.decode().replace(record.get_absolute_url(), "")
        assert "taken down" in told
        assert "Wang" not in told
    for place in (
        f"{address(proteins)}reassign/?byline={byline('Protein folding at scale')}&to={record.public_id}",
        f"/curate/merge/?from={proteins.public_id}&into={record.public_id}",
    ):
        assert "taken down" in curator.get(place).content.decode()


def test_a_record_without_bylines_says_so(record: Researcher, user: User, curator: Client) -> None:
    reject(researcher=record.pk, bylines=matching_bylines(record.pk, Sight()), actor=user, reason="")
    told = curator.get(address(record)).content.decode()
    assert "This record holds no byline" in told
    assert "Robot hands that feel" in told
