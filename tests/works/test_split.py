"""Works that the rule joined wrongly are split by a curator: what each has then, what later imports make of it, and undoing."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from profiles.flows.confirm import confirm
from profiles.flows.opt_out import opt_out
from profiles.flows.reject import reject
from researchgraph.errors import Conflict
from researchgraph.lib.desk import Verdict
from tests.deciding import ANY_ORDER, act, any_two, bring, of, sound, take_all_back
from tests.pipeline import clear, importworks, stored, untouched, work
from tests.works.test_podcast import feed, item
from works import rollback
from works.correct import correct
from works.decision_models import CarriedByline, CorrectionOrigin, KnownAs, Review, WorkDistinction, WorkEvent
from works.flows.identify import accept
from works.flows.join import join
from works.flows.review import answer
from works.flows.split import split
from works.flows.tell_apart import tell_apart
from works.flows.undo import undo
from works.media_models import MediaMention
from works.models import Authorship, ImportRun, Rejection, SourceRecord, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

SOUPS, COLD = "Stirring soups in the kitchen", "Stirring cold soups at sea"
# One identifier on two works: a copying mistake of the source that brought the second.
FIRST = work("t/1", SOUPS, "Ada Lovelace", "Grace Hopper", "Emmy Noether", year=2012, doi="10.1000/soups")
SECOND = work(
    "t/2", COLD, "Ada Lovelace", "Grace Hopper", "Kurt Gödel", year=2021, doi="10.1000/soups", arxiv="2101.00001"
)
OTHERS = [
    work("t/3", "Bread without yeast", "Ada Lovelace", "Grace Hopper", year=2020),
    work("t/4", "Kettles", "Kurt Gödel", "Ada Lovelace", year=2021),
]
ALL = [FIRST, SECOND, *OTHERS]


@pytest.fixture
def curator(empty_library: None, tmp_path: Path) -> User:
    """The first two records are one work, which they should not be."""
    bring(tmp_path, *ALL)
    assert of("t/1") == of("t/2")
    user = get_user_model().objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="curate"))
    return user


def key(name: str) -> int:
    return SourceRecord.objects.get(key=name).pk


def part(*names: str, curator: User) -> int:
    event = split(work=of(names[0]).pk, records=[key(name) for name in names], actor=curator, reason="Two soups.")
    sound()
    return event


def states(work: Work) -> set[str]:
    return {f"{one.scheme}:{one.value}" for one in work.identifiers.all()}


def authors(work: Work) -> list[str]:
    return list(work.authorships.order_by("position").values_list("raw_name", flat=True))


def test_each_work_is_merged_from_its_own_records_under_an_address_of_its_own(curator: User) -> None:
    one = of("t/1")
    part("t/2", curator=curator)
    two = of("t/2")
    one.refresh_from_db()
    assert of("t/1") == one
    assert (one.title, one.year, authors(one)) == (SOUPS, 2012, ["Ada Lovelace", "Grace Hopper", "Emmy Noether"])
    assert (two.title, two.year, authors(two)) == (COLD, 2021, ["Ada Lovelace", "Grace Hopper", "Kurt Gödel"])
    # What both state stays where it was.
    assert (states(one), states(two)) == ({"doi:10.1000/soups"}, {"arxiv:2101.00001"})
    assert one.public_id != two.public_id
    found = WorkDistinction.objects.get()
    assert {found.work_id, found.other_id} == {one.pk, two.pk}
    godel = Authorship.objects.get(work__title="Kettles", raw_name="Kurt Gödel").researcher
    assert godel is not None
    assert godel.works_count == 2


def test_the_address_is_the_one_that_importing_the_records_alone_would_give(curator: User, tmp_path: Path) -> None:
    part("t/2", curator=curator)
    split_off = of("t/2").public_id
    clear()
    bring(tmp_path, SECOND)
    assert of("t/2").public_id == split_off


def test_the_decision_stands_whatever_is_imported_again(curator: User, tmp_path: Path) -> None:
    part("t/2", curator=curator)
    one, two = of("t/1"), of("t/2")
    decided, rows = stored(ids=False), untouched()
    bring(tmp_path, *reversed(ALL))
    assert untouched() == rows
    bring(tmp_path, *({**record, "abstract": "We stir."} for record in reversed(ALL)))
    sound()
    assert (of("t/1"), of("t/2")) == (one, two)
    bring(tmp_path, *ALL)
    sound()
    assert stored(ids=False) == decided
    # A third record that carries the identifier of the one and the title of the other joins neither.
    bring(tmp_path, work("u/1", COLD, "Ada Lovelace", "Grace Hopper", "Kurt Gödel", year=2021, doi="10.1000/soups"))
    assert of("u/1") not in {one, two}
    assert set(Review.objects.get(work=of("u/1")).candidates) == {one.pk, two.pk}
    bring(tmp_path, work("u/2", COLD, "Ada Lovelace", "Grace Hopper", "Kurt Gödel", year=2022))
    assert of("u/2") != one
    with pytest.raises(Conflict, match="two works"):
        join(work=two.pk, into=one.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="already"):
        tell_apart(work=two.pk, other=one.pk, actor=curator, reason="")


def test_undone_and_imported_again_it_is_as_the_rule_had_it(curator: User, tmp_path: Path, client: Client) -> None:
    before = stored(ids=False)
    keys = sorted(Authorship.objects.values_list("pk", "work_id", "raw_name"))
    one = of("t/1")
    event = part("t/2", curator=curator)
    two = of("t/2")
    correct(
        work=two.pk, values={"title": "Cold soups"}, origin=CorrectionOrigin.CURATOR, actor=curator, reason="x", seen=0
    )
    undo(event=event, actor=curator, reason="One soup after all.")
    sound()
    assert stored(ids=False) == before
    assert sorted(Authorship.objects.values_list("pk", "work_id", "raw_name")) == keys
    bring(tmp_path, *({**record, "abstract": "We stir."} for record in ALL))
    bring(tmp_path, *ALL)
    sound()
    assert stored(ids=False) == before
    assert not WorkDistinction.objects.exists()
    assert not KnownAs.objects.exists()
    # Old links resolve, and nothing is matched by what the other work was called.
    assert client.get(f"/works/{two.public_id}/", follow=True).redirect_chain[-1][0] == one.get_absolute_url()
    bring(tmp_path, work("u/1", "Cold soups", "Ada Lovelace", "Grace Hopper", "Kurt Gödel", year=2021))
    assert of("u/1") not in {one, two}


def test_done_again_each_has_its_records_and_what_came_meanwhile(curator: User, tmp_path: Path) -> None:
    event = part("t/2", curator=curator)
    one, two = of("t/1"), of("t/2")
    bring(tmp_path, work("u/1", COLD, "Ada Lovelace", "Grace Hopper", "Kurt Gödel", year=2021, arxiv="2101.00001"))
    assert of("u/1") == two
    sound()
    parted = stored(ids=False)
    keys = sorted(Authorship.objects.values_list("pk", "work_id", "raw_name"))
    undone = undo(event=event, actor=curator, reason="")
    sound()
    assert {of("t/1"), of("t/2"), of("u/1")} == {one}
    with pytest.raises(Conflict, match="undone already"):
        undo(event=event, actor=curator, reason="")
    undo(event=undone, actor=curator, reason="")
    sound()
    assert (of("t/1"), of("t/2"), of("u/1")) == (one, two, two)
    assert stored(ids=False) == parted
    assert sorted(Authorship.objects.values_list("pk", "work_id", "raw_name")) == keys


def test_what_people_decided_about_bylines_is_kept(curator: User) -> None:
    one = of("t/1")
    shown = authors(one)
    # Whichever record the list came from, one author is of the other record only once that one is split off.
    alone, record = ("Emmy Noether", "t/1") if "Emmy Noether" in shown else ("Kurt Gödel", "t/2")
    mine, both = (Authorship.objects.get(work=one, raw_name=name) for name in (alone, "Ada Lovelace"))
    assert mine.researcher_id is not None
    assert both.researcher_id is not None
    confirm(researcher=mine.researcher_id, bylines=[mine.pk], actor=curator, reason="Her own words.")
    reject(researcher=both.researcher_id, bylines=[both.pk], actor=curator, reason="Another Ada.")
    sound()
    event = part(record, curator=curator)
    two = of(record)
    assert two != one
    carried = Authorship.objects.get(work=two, raw_name=alone)
    assert (carried.researcher_id, carried.kind) == (mine.researcher_id, "confirmed")
    assert set(Rejection.objects.filter(researcher=both.researcher_id).values_list("work", flat=True)) == {
        one.pk,
        two.pk,
    }
    for found in Authorship.objects.filter(work__in=[one, two], raw_name="Ada Lovelace"):
        assert found.researcher_id != both.researcher_id
    undo(event=event, actor=curator, reason="")
    sound()
    back = Authorship.objects.get(work=one, raw_name=alone)
    assert (back.pk, back.researcher_id, back.kind) == (mine.pk, mine.researcher_id, "confirmed")
    assert Rejection.objects.get(researcher=both.researcher_id).work == one
    assert not CarriedByline.objects.filter(byline=mine.pk).exists()


def test_an_identifier_accepted_for_a_byline_goes_along_with_it(curator: User, tmp_path: Path) -> None:
    one, orcid = of("t/1"), "0000-0002-1825-0097"
    name, record = ("Emmy Noether", FIRST) if "Emmy Noether" in authors(one) else ("Kurt Gödel", SECOND)
    named = [{**author, "orcid": orcid} if author["name"] == name else author for author in record["authors"]]
    bring(tmp_path, {**record, "authors": named}, work("u/1", "Spoons", {"name": "Marie Curie", "orcid": orcid}))
    byline = Authorship.objects.get(work=one, raw_name=name)
    assert byline.identifiers == {}
    accept(byline=byline.pk, value=orcid, actor=curator, reason="The other one is a slip.")
    event = part(record["source_id"], curator=curator)
    assert Authorship.objects.get(work=of(record["source_id"]), raw_name=name).identifiers == {"orcid": orcid}
    undo(event=event, actor=curator, reason="")
    sound()
    assert Authorship.objects.get(pk=byline.pk).identifiers == {"orcid": orcid}


def test_what_is_decided_about_the_new_work_goes_back_with_it(curator: User) -> None:
    event = part("t/2", curator=curator)
    byline = Authorship.objects.get(work=of("t/2"), raw_name="Ada Lovelace")
    assert byline.researcher_id is not None
    confirm(researcher=byline.researcher_id, bylines=[byline.pk], actor=curator, reason="Her own words.")
    undo(event=event, actor=curator, reason="")
    sound()
    assert Authorship.objects.get(work=of("t/2"), raw_name="Ada Lovelace").kind == "confirmed"


def test_a_work_that_was_split_off_is_split_and_joined_like_any_other(curator: User, tmp_path: Path) -> None:
    bring(tmp_path, work("u/1", COLD, "Ada Lovelace", "Grace Hopper", year=2021, arxiv="2101.00001"))
    before = stored(ids=False)
    assert of("u/1") == of("t/1")
    one, bread = of("t/1"), of("t/3")
    first = part("t/2", "u/1", curator=curator)
    second = part("u/1", curator=curator)
    two, three = of("t/2"), of("u/1")
    assert len({one, two, three}) == 3
    third = join(work=three.pk, into=bread.pk, actor=curator, reason="")
    sound()
    assert of("u/1") == bread
    undo(event=first, actor=curator, reason="")
    sound()
    assert (of("t/2"), of("u/1")) == (one, bread)
    undo(event=second, actor=curator, reason="")
    sound()
    assert (of("t/1"), of("t/2"), of("u/1"), of("t/3")) == (one, one, one, bread)
    undo(event=third, actor=curator, reason="")
    sound()
    assert stored(ids=False) == before


def test_a_join_below_a_split_is_taken_back_by_itself(curator: User) -> None:
    before = stored(ids=False)
    one, bread = of("t/1"), of("t/3")
    joined = join(work=bread.pk, into=one.pk, actor=curator, reason="")
    event = part("t/2", curator=curator)
    two = of("t/2")
    assert of("t/3") == of("t/1") == one
    undo(event=joined, actor=curator, reason="")
    sound()
    assert (of("t/1"), of("t/2"), of("t/3")) == (one, two, bread)
    undo(event=event, actor=curator, reason="")
    sound()
    assert stored(ids=False) == before


def test_what_cannot_be_split_is_refused(curator: User) -> None:
    one = of("t/1")
    for records, words in (
        ([], "at least one"),
        ([key("t/1"), key("t/2")], "at least one"),
        ([key("t/3")], "changed since"),
    ):
        with pytest.raises(Conflict, match=words):
            split(work=one.pk, records=records, actor=curator, reason="")
    with pytest.raises(Conflict, match="changed since"):
        split(work=one.pk, records=[key("t/2")], actor=curator, reason="", state="0" * 32)
    part("t/2", curator=curator)
    with pytest.raises(Conflict, match="changed since"):
        split(work=one.pk, records=[key("t/2")], actor=curator, reason="")
    assert WorkEvent.objects.count() == 1


def test_a_run_taken_back_leaves_both(curator: User) -> None:
    event = part("t/2", curator=curator)
    one, two = of("t/1"), of("t/2")
    run = ImportRun.objects.latest("pk")
    assert rollback.outlook(run).works_kept == 2
    rollback.begin(run)
    rollback.advance(run)
    sound()
    assert (of("t/1"), of("t/2")) == (one, two)
    undo(event=event, actor=curator, reason="")
    sound()
    assert of("t/2") == one


def test_a_mention_goes_with_what_it_named_and_comes_back(curator: User, tmp_path: Path) -> None:
    one = of("t/1")
    shown, hidden = (SOUPS, "t/2") if one.title == SOUPS else (COLD, "t/1")
    moving = "t/1" if shown == SOUPS else "t/2"
    importworks(
        feed(
            tmp_path / "feed.xml",
            item("On cold soups", "https://arxiv.org/abs/2101.00001", "1"),
            item(f"#12: {shown}", "", "2"),
        ),
        source="podcast",
    )
    question = Review.objects.get(kind="media-match", state="open")
    answered = answer(review=question.pk, verdict=Verdict.SAME, actor=curator, state=None)
    event = part(moving, curator=curator)
    assert of(hidden) == one
    places = {(m.episode.title, m.kind): m.work for m in MediaMention.objects.all()}
    assert places == {("On cold soups", "identifier"): of("t/2"), (f"#12: {shown}", "confirmed"): of(moving)}
    undo(event=event, actor=curator, reason="")
    found = MediaMention.objects.filter(work=one).values_list("episode__title", "kind")
    assert set(found) == {("On cold soups", "identifier"), (f"#12: {shown}", "confirmed")}
    undo(event=answered, actor=curator, reason="")
    assert not MediaMention.objects.exclude(kind="identifier").exists()
    assert Review.objects.get(kind="media-match", state="open").work == one


# Pages


def address(work: Work) -> str:
    return f"/curate/work/{work.public_id}/split/"


def test_a_curator_picks_records_looks_at_what_it_comes_to_and_confirms(curator: User, client: Client) -> None:
    client.force_login(curator)
    one = of("t/1")
    path = address(one)
    assert path in client.get(one.get_absolute_url()).content.decode()
    page = client.get(path).content.decode()
    for part_of in (SOUPS, COLD, "Kurt Gödel", "t/2", "arXiv 2101.00001", "Look at what it comes to"):
        assert part_of in page
    assert "What it comes to" not in page
    assert (
        "leave the work at least one" in client.get(f"{path}?record={key('t/1')}&record={key('t/2')}").content.decode()
    )
    page = client.get(f"{path}?record={key('t/2')}").content.decode()
    assert "Make 1 record another work" in page
    assert re.search(r"Both state .*10\.1000/soups", page)
    state = page.partition('name="state" value="')[2][:32]
    asked = {"records": key("t/2"), "state": state, "reason": "Two <b>soups</b>."}
    assert client.post(path, {**asked, "reason": " "}).status_code == 422
    assert client.post(path, {**asked, "state": "0" * 32}).status_code == 409
    assert of("t/2") == one
    assert client.post(path, asked)["Location"] == f"{one.get_absolute_url()}history/"
    sound()
    assert of("t/2") != one
    assert client.post(path, asked).status_code == 409
    history = client.get(f"{Work.objects.get(pk=one.pk).get_absolute_url()}history/").content.decode()
    assert "Some records found to be another work’s" in history
    assert "Two &lt;b&gt;soups&lt;/b&gt;." in history
    other = client.get(f"{of('t/2').get_absolute_url()}history/").content.decode()
    assert "Split off another work" in other
    assert "by a curator’s decision" in other
    event = WorkEvent.objects.get()
    assert client.post(f"/works/{one.public_id}/undo/", {"event": event.pk, "reason": "One soup."}).status_code == 302
    sound()
    assert of("t/2") == one
    assert (
        "Undone: records found to be another work’s"
        in client.get(f"{one.get_absolute_url()}history/", follow=True).content.decode()
    )


def test_the_page_is_nobody_elses_and_takes_few_queries(curator: User, client: Client) -> None:
    path = address(of("t/1"))
    assert client.get(path).status_code == 404
    assert path not in client.get(of("t/1").get_absolute_url()).content.decode()
    client.force_login(curator)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{path}?record={key('t/2')}")
    assert len(queries) <= 12
    assert "There is nothing to split" in client.get(address(of("t/3"))).content.decode()
    part("t/2", curator=curator)
    gone = of("t/2")
    undo(event=WorkEvent.objects.get().pk, actor=curator, reason="")
    assert client.get(address(gone)).status_code == 404


def test_a_name_that_is_not_printed_is_not_shown_in_the_records(curator: User, client: Client) -> None:
    client.force_login(curator)
    holder = Authorship.objects.get(work=of("t/1"), raw_name="Grace Hopper").researcher_id
    assert holder is not None
    opt_out(researcher=holder, actor=curator, reason="At her wish.")
    sound()
    assert "Hopper" not in client.get(f"{address(of('t/1'))}?record={key('t/2')}").content.decode()


# Any order of decisions

MORE = [
    work("u/1", SOUPS, "Ada Lovelace", "Grace Hopper", "Emmy Noether", year=2013, venue="ICML"),
    work("u/2", COLD, "Ada Lovelace", "Grace Hopper", "Kurt Gödel", year=2021, arxiv="2101.00001"),
    work("u/3", "Bread without yeast", "A. Lovelace", "Grace Hopper", year=2021, venue="ICLR"),
]
STEP = st.tuples(
    st.sampled_from(["split", "split", "split", "join", "apart", "undo", "undo", "import"]),
    st.integers(0, 20),
    st.integers(0, 20),
)


@given(steps=st.lists(STEP, min_size=3, max_size=10))
@ANY_ORDER
def test_whatever_was_decided_in_whatever_order_all_taken_back_it_is_as_it_was_imported(
    curator: User, tmp_path: Path, steps: list[tuple[str, int, int]]
) -> None:
    with transaction.atomic():
        bring(tmp_path, *MORE)
        plain = stored(ids=False)
        made: list[int] = []
        for kind, one, other in steps:
            if kind == "import":
                bring(tmp_path, *ALL, *MORE)
            with contextlib.suppress(Conflict), transaction.atomic():
                act(kind, one, other, made, curator)
                if kind == "split":
                    work, _ = any_two(one, other)
                    records = SourceRecord.objects.filter(work=work).order_by("pk").values_list("pk", flat=True)
                    some = list(records[: 1 + other % 2])
                    made.append(split(work=work, records=some, actor=curator, reason=""))
            sound()
        take_all_back(made, curator)
        assert stored(ids=False) == plain
        transaction.set_rollback(True)
