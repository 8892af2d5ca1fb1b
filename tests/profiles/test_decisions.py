"""Curators split, reject, reassign and confirm on pages: told before what would happen, and taken only if it still would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from graph.models import CoauthorEdge, TrustSnapshot
from profiles.decision_selectors import Decision, DecisionPreview, decision_preview, target
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.reassign import reassign
from profiles.flows.rebuild import rebuild
from profiles.flows.remove import remove
from profiles.flows.split import split
from profiles.models import IdentityEvent, Researcher
from profiles.outcome_selectors import NEW, Side
from researchgraph.errors import Conflict
from tests.pipeline import importworks, work, write
from works import imports
from works.models import Authorship, Rejection

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.usefixtures("empty_library")

WARWICK = {"name": "Wei Wang", "affiliation": "University of Warwick"}
PRINCETON = {"name": "Wei Wang", "affiliation": "Princeton University"}
ROBOTS = ["Grasping with soft hands", "Robot hands that feel", "Robot hands that grasp", "Soft robots in kitchens"]
PROTEINS = ["Protein folding at scale", "Folding of membrane proteins"]
RECORDS = [
    work("t/1", ROBOTS[0], WARWICK, "Grace Hopper", doi="10.1000/1", year=2019),
    work("t/2", ROBOTS[1], WARWICK, "Grace Hopper", "Hedy Lamarr", doi="10.1000/2", year=2020),
    work("t/3", ROBOTS[2], WARWICK, "Grace Hopper", "Hedy Lamarr", year=2021),
    work("t/4", ROBOTS[3], WARWICK, "Grace Hopper", doi="10.1000/4", year=2022),
    work("t/5", PROTEINS[0], PRINCETON, "Kurt Gödel", doi="10.1000/5", year=1990),
    work("t/6", PROTEINS[1], PRINCETON, "Kurt Gödel", year=1991),
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
def robots(tmp_path: Path) -> Researcher:
    """A record of four works; there is another one of its name, of two."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    return holder(ROBOTS[0])


@pytest.fixture
def proteins(robots: Researcher) -> Researcher:
    """The other record of the name."""
    return holder(PROTEINS[0])


def holder(title: str, name: str = "Wei Wang") -> Researcher:
    researcher = Authorship.objects.get(work__title=title, raw_name=name).researcher
    assert researcher is not None
    return researcher


def bylines(*titles: str) -> list[int]:
    return sorted(Authorship.objects.filter(work__title__in=titles, raw_name="Wei Wang").values_list("pk", flat=True))


def told(decision: str, record: Researcher, *titles: str, to: Researcher | None = None) -> DecisionPreview:
    return decision_preview(
        Decision(decision), researcher=record.pk, bylines=bylines(*titles), to=to.pk if to else None
    )


def address(record: Researcher, decision: str, *titles: str, to: str = "") -> str:
    chosen = "&".join(f"byline={key}" for key in bylines(*titles))
    return f"/curate/record/{record.public_id}/{decision}/?to={to}&{chosen}"


def form(client: Client, where: str) -> dict[str, str]:
    """What the preview's form would post, with a reason."""
    answer = client.get(where)
    assert answer.status_code == 200
    body = re.search(r'<form class="confirm.*?</form>', answer.content.decode(), re.DOTALL)
    assert body is not None
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', body.group())
    return {**{name: value for name, value in fields if not name.startswith("csrf")}, "reason": "She told us."}


def assert_side(side: Side, record: Researcher) -> None:
    """The record is now what was told of it."""
    record.refresh_from_db()
    edges = CoauthorEdge.objects.filter(a=record) | CoauthorEdge.objects.filter(b=record)
    trust = TrustSnapshot.objects.get(researcher=record, current=True).score
    assert (side.works_after, side.coauthors_after, side.trust_after) == (record.works_count, edges.count(), trust)


def edges() -> dict[frozenset[int], tuple[float, int]]:
    rows = CoauthorEdge.objects.values_list("a_id", "b_id", "weight", "works")
    return {frozenset(row[:2]): (round(row[2], 9), row[3]) for row in rows}


def test_a_curator_splits_off_works_and_it_comes_as_the_preview_told(curator: Client, robots: Researcher) -> None:
    preview = told("split", robots, *ROBOTS[1:3])
    outcome = preview.outcome
    assert (preview.works, preview.count, preview.versions, preview.chosen_moved) == (2, 2, 2, True)
    assert (outcome.works, outcome.bylines, outcome.placed, outcome.barred) == (2, 2, 2, 2)
    assert preview.clashes == []
    mine = outcome.side(robots.pk)
    assert (mine.works_before, mine.works_after, mine.coauthors_before, mine.coauthors_after) == (4, 2, 2, 1)
    assert mine.trust_before == TrustSnapshot.objects.get(researcher=robots, current=True).score
    before = edges()
    where = address(robots, "split", *ROBOTS[1:3])
    answer = curator.post(where.partition("?")[0], form(curator, where))
    event = IdentityEvent.objects.get(kind="researcher:split")
    assert answer.headers["Location"] == f"{robots.get_absolute_url()}history/#event-{event.pk}"
    imports.settle()
    made = holder(ROBOTS[1])
    assert made != robots
    assert preview.name == made.display_name
    assert_side(mine, robots)
    assert_side(outcome.side(NEW), made)
    after = edges()
    touched = {pair for pair in before.keys() | after.keys() if before.get(pair) != after.get(pair)}
    assert outcome.ties == len({pair - {robots.pk, made.pk} for pair in touched}) == 2
    seen = curator.get(f"{robots.get_absolute_url()}history/").content.decode()
    assert "2 works split off into a record of their own" in seen
    assert "She told us." in seen
    assert rebuild(check=True) == 0


def test_the_larger_part_keeps_the_address_though_it_is_the_one_that_is_ticked(
    curator: Client, robots: Researcher
) -> None:
    where = address(robots, "split", *ROBOTS[:3])
    preview = told("split", robots, *ROBOTS[:3])
    assert not preview.chosen_moved
    assert (preview.count, preview.outcome.works, preview.outcome.side(robots.pk).works_after) == (3, 1, 3)
    page = curator.get(where).content.decode()
    assert "The 3 ticked bylines are the part with more evidence and keep the record and its address." in page
    curator.post(where.partition("?")[0], form(curator, where))
    imports.settle()
    assert {holder(title) for title in ROBOTS[:3]} == {robots}
    assert_side(preview.outcome.side(robots.pk), robots)
    assert_side(preview.outcome.side(NEW), holder(ROBOTS[3]))


def test_works_that_are_not_theirs_go_and_never_come_back(curator: Client, robots: Researcher) -> None:
    preview = told("reject", robots, ROBOTS[2])
    where = address(robots, "reject", ROBOTS[2])
    assert curator.post(where.partition("?")[0], form(curator, where)).status_code == 302
    imports.settle()
    assert_side(preview.outcome.side(robots.pk), robots)
    assert preview.outcome.barred == 1
    assert list(Rejection.objects.values_list("work__title", "researcher")) == [(ROBOTS[2], robots.pk)]
    assert "1 work marked as not theirs" in curator.get(f"{robots.get_absolute_url()}history/").content.decode()


def test_works_go_to_the_record_whose_page_is_given(curator: Client, robots: Researcher, proteins: Researcher) -> None:
    preview = told("reassign", robots, ROBOTS[3], to=proteins)
    page = f"https://example.org{proteins.get_absolute_url()}"
    where = address(robots, "reassign", ROBOTS[3], to=page)
    assert curator.post(where.partition("?")[0], form(curator, where)).status_code == 302
    imports.settle()
    assert holder(ROBOTS[3]) == proteins
    assert_side(preview.outcome.side(robots.pk), robots)
    assert_side(preview.outcome.side(proteins.pk), proteins)
    assert "1 work given to another record" in curator.get(f"{robots.get_absolute_url()}history/").content.decode()
    assert "1 work taken over" in curator.get(f"{proteins.get_absolute_url()}history/").content.decode()


def test_confirmed_works_stay_where_they_are(curator: Client, robots: Researcher) -> None:
    preview = told("confirm", robots, *ROBOTS)
    assert (preview.outcome.placed, preview.outcome.works, preview.outcome.ties) == (4, 0, 0)
    where = address(robots, "confirm", *ROBOTS)
    assert curator.post(where.partition("?")[0], form(curator, where)).status_code == 302
    assert set(Authorship.objects.filter(researcher=robots).values_list("kind", flat=True)) == {"confirmed"}
    imports.settle()
    assert_side(preview.outcome.side(robots.pk), robots)


@pytest.mark.parametrize("decision", ["split", "reject", "reassign", "confirm"])
def test_a_decision_on_a_record_that_has_changed_since_is_refused(
    curator: Client, robots: Researcher, proteins: Researcher, tmp_path: Path, decision: str
) -> None:
    where = address(robots, decision, ROBOTS[0], to=proteins.public_id)
    data = form(curator, where)
    importworks(
        write(tmp_path / "more.jsonl", [work("t/9", "Robot hands at home", WARWICK, "Grace Hopper", year=2023)])
    )
    assert holder("Robot hands at home") == robots
    refused = curator.post(where.partition("?")[0], data)
    assert refused.status_code == 409
    assert "changed since the preview" in refused.content.decode()
    assert not IdentityEvent.objects.exclude(actor=None).exists()
    assert curator.post(where.partition("?")[0], form(curator, where)).status_code == 302


@pytest.mark.parametrize("decision", ["split", "reject", "reassign", "confirm"])
def test_a_decision_that_is_posted_twice_is_taken_once_and_that_is_said(
    curator: Client, robots: Researcher, proteins: Researcher, decision: str
) -> None:
    where = address(robots, decision, ROBOTS[0], to=proteins.public_id)
    data = form(curator, where)
    assert curator.post(where.partition("?")[0], data).status_code == 302
    again = curator.post(where.partition("?")[0], data)
    event = IdentityEvent.objects.exclude(actor=None).get()
    assert again.status_code == 409
    assert "This was decided already" in again.content.decode()
    assert f"history/#event-{event.pk}" in again.content.decode()


def test_the_same_is_confirmed_twice_only_after_looking_twice(curator: Client, robots: Researcher, user: User) -> None:
    where = address(robots, "confirm", ROBOTS[0])
    confirm(researcher=robots.pk, bylines=bylines(ROBOTS[0]), actor=user, reason="")
    data = form(curator, where)
    assert curator.post(where.partition("?")[0], data).status_code == 302
    assert curator.post(where.partition("?")[0], data).status_code == 409
    assert IdentityEvent.objects.filter(kind="researcher:bylines:confirmed").count() == 2


def test_a_merge_that_is_posted_twice_is_told_to_be_done(
    curator: Client, robots: Researcher, proteins: Researcher
) -> None:
    where = f"/curate/merge/?from={proteins.public_id}&into={robots.public_id}"
    data = form(curator, where)
    assert curator.post("/curate/merge/", data).status_code == 302
    again = curator.post("/curate/merge/", data)
    assert (again.status_code, "This was decided already" in again.content.decode()) == (409, True)
    assert IdentityEvent.objects.exclude(actor=None).count() == 1


def test_a_decision_needs_a_reason_and_a_look_at_what_speaks_against_it(
    curator: Client, robots: Researcher, user: User
) -> None:
    confirm(researcher=robots.pk, bylines=bylines(ROBOTS[0]), actor=user, reason="")
    where = address(robots, "reject", ROBOTS[0])
    data = form(curator, where)
    place = where.partition("?")[0]
    assert data["against"] == "on"
    unclear = {"bylines": "1,x", "force": "on"}
    for changed, why in (({"reason": " "}, "why"), ({}, "speaks against"), (unclear, "not complete")):
        refused = curator.post(place, {**data, **changed})
        assert refused.status_code == 409
        assert why in refused.content.decode()
    assert holder(ROBOTS[0]) == robots
    assert curator.post(place, {**data, "force": "on"}).status_code == 302


def test_a_post_without_a_token_of_the_form_is_refused(curator: Client, robots: Researcher) -> None:
    where = address(robots, "reject", ROBOTS[0])
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = curator.cookies
    assert strict.post(where.partition("?")[0], form(curator, where)).status_code == 403


def test_what_speaks_against_a_decision_is_told(robots: Researcher, proteins: Researcher, user: User) -> None:
    shared = Authorship.objects.get(work__title=ROBOTS[1], raw_name="Hedy Lamarr")
    reassign(researcher=shared.researcher_id or 0, to=proteins.pk, bylines=[shared.pk], actor=user, reason="")
    reassign(researcher=proteins.pk, to=robots.pk, bylines=bylines(PROTEINS[1]), actor=user, reason="")
    Authorship.objects.filter(work__title__in=ROBOTS[:2], raw_name="Wei Wang").update(
        identifiers={"orcid": "0000-0001"}
    )
    Authorship.objects.filter(pk__in=bylines(PROTEINS[0])).update(identifiers={"orcid": "0000-0002"})
    Researcher.objects.filter(pk=robots.pk).update(verification_level=2)
    preview = told("reassign", robots, ROBOTS[1], PROTEINS[1], to=proteins)
    found = {clash.kind: clash.values for clash in preview.clashes}
    works = {w.title: str(w.pk) for w in (a.work for a in Authorship.objects.select_related("work"))}
    assert found == {
        "claimed": [],
        "placed": [str(key) for key in bylines(PROTEINS[1])],
        "shared:orcid": ["0000-0001"],
        "identifier:orcid": ["0000-0001", "0000-0002"],
        "same-work": [works[ROBOTS[1]]],
        "rejected-work": [works[PROTEINS[1]]],
    }
    assert {str(named.title) for named in preview.named.values()} == {ROBOTS[1], PROTEINS[1]}
    assert preview.outcome.lifted == 1
    Researcher.objects.filter(pk=robots.pk).update(verification_level=0)
    assert [c.kind for c in told("split", robots, ROBOTS[0], ROBOTS[1]).clashes] == []
    assert [c.kind for c in told("confirm", proteins, PROTEINS[0]).clashes] == []


def test_every_warning_is_put_into_words(curator: Client, robots: Researcher, proteins: Researcher, user: User) -> None:
    shared = Authorship.objects.get(work__title=ROBOTS[1], raw_name="Hedy Lamarr")
    reassign(researcher=shared.researcher_id or 0, to=proteins.pk, bylines=[shared.pk], actor=user, reason="")
    Authorship.objects.filter(work__title__in=ROBOTS[:2], raw_name="Wei Wang").update(
        identifiers={"orcid": "0000-0001"}
    )
    Authorship.objects.filter(pk__in=bylines(PROTEINS[0])).update(identifiers={"orcid": "0000-0002"})
    Researcher.objects.filter(pk=robots.pk).update(verification_level=2)
    page = curator.get(address(robots, "reassign", ROBOTS[1], to=proteins.public_id)).content.decode()
    assert "The record is claimed." in page
    assert "The part that is left carries the same ORCID iD: 0000-0001" in page
    assert "Two different ORCID iDs: 0000-0001, 0000-0002" in page
    assert "Two authors of one work would be one person" in page
    whole = curator.get(address(robots, "reject", *ROBOTS)).content.decode()
    assert "Nothing is left of the record." in whole


@pytest.mark.parametrize("given", ["", "nobody", "zzzzzzzzzz", "itself", "gone"])
def test_a_record_that_cannot_take_works_over_is_asked_for_again(
    curator: Client, robots: Researcher, proteins: Researcher, user: User, given: str
) -> None:
    if given == "gone":
        remove(researcher=proteins.pk, actor=user, reason="")
    to = {"itself": robots.public_id, "gone": proteins.public_id}.get(given, given)
    page = curator.get(address(robots, "reassign", ROBOTS[0], to=to)).content.decode()
    assert 'name="to"' in page
    assert 'class="confirm' not in page
    assert ('role="alert"' in page) == bool(given)


def test_the_address_of_a_merged_record_means_the_one_that_goes_on(
    robots: Researcher, proteins: Researcher, user: User
) -> None:
    merge(researcher=proteins.pk, into=robots.pk, actor=user, reason="")
    for given in (proteins.public_id, proteins.get_absolute_url(), f"https://x.org/researchers/{proteins.public_id}"):
        found = target(f" {given} ")
        assert found is not None
        assert found.id == robots.pk
    assert target("https://x.org/works/0123456789/") is None


def test_nothing_ticked_and_what_is_held_no_more_change_nothing(
    curator: Client, robots: Researcher, proteins: Researcher
) -> None:
    place = f"/curate/record/{robots.public_id}/split/"
    for none in ("", "?byline=x", f"?byline={'9' * 30}", "?all=1&name=Nobody"):
        assert "No byline is ticked" in curator.get(place + none).content.decode()
    for other in (f"?byline={bylines(PROTEINS[0])[0]}", "?byline=999999999999"):
        assert curator.get(place + other).status_code == 409
    whole = curator.get(f"{place}?all=1")
    assert (whole.status_code, "Nothing would be left" in whole.content.decode()) == (409, True)
    data = {"bylines": "1" * 18, "token": "x", "reason": "y", "to": "zzzzzzzzzz"}
    for decision in ("split", "reject", "reassign", "confirm"):
        assert curator.post(f"/curate/record/{robots.public_id}/{decision}/", data).status_code == 409


def test_all_bylines_of_a_list_are_decided_on_at_once(curator: Client, robots: Researcher) -> None:
    where = f"/curate/record/{robots.public_id}/confirm/?all=1&name=Wei+Wang"
    assert form(curator, where)["bylines"] == ",".join(str(key) for key in bylines(*ROBOTS))
    asked = curator.get(where.replace("confirm", "reassign")).content.decode()
    assert '<input type="hidden" name="all" value="1"><input type="hidden" name="name" value="Wei Wang">' in asked


def test_works_of_very_many_authors_tie_nobody_before_or_after(robots: Researcher, tmp_path: Path) -> None:
    crowd = [f"Zed{chr(97 + i // 26)}{chr(97 + i % 26)} Yotta" for i in range(60)]
    importworks(
        write(tmp_path / "crowd.jsonl", [work("t/8", "Robot hands of a crowd", WARWICK, "Grace Hopper", *crowd)])
    )
    assert holder("Robot hands of a crowd") == robots
    preview = told("split", robots, "Robot hands of a crowd")
    assert (preview.outcome.ties, preview.outcome.side(NEW).coauthors_after) == (0, 0)


def test_a_preview_takes_as_many_queries_however_many_bylines_are_ticked(robots: Researcher) -> None:
    counted = []
    for titles in (ROBOTS[:1], ROBOTS[:3]):
        with CaptureQueriesContext(connection) as captured:
            told("reject", robots, *titles)
        counted.append(len(captured))
    assert counted[0] == counted[1]


def test_a_preview_of_a_record_that_is_gone_is_refused(robots: Researcher, proteins: Researcher, user: User) -> None:
    merge(researcher=proteins.pk, into=robots.pk, actor=user, reason="")
    with pytest.raises(Conflict, match="merged"):
        told("confirm", proteins, PROTEINS[0])
    with pytest.raises(Conflict, match="Nothing would be left"):
        told("split", robots, *ROBOTS, *PROTEINS)
    with pytest.raises(Conflict, match="changed since"):
        split(researcher=robots.pk, bylines=bylines(ROBOTS[0]), actor=user, reason="", token="0" * 32)
