"""Every decision about who is who can be taken back, and what is stored is at all times what the events come to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.flows import projection
from profiles.flows.confirm import confirm
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.reassign import reassign
from profiles.flows.rebuild import rebuild
from profiles.flows.reject import reject
from profiles.flows.remove import remove
from profiles.flows.split import split
from profiles.flows.tell_apart import tell_apart
from profiles.flows.undo import undo
from profiles.ledger import EventKind
from profiles.models import Distinction, IdentityEvent, Researcher, StaleBlock
from researchgraph.errors import Conflict
from tests.pipeline import feed, importworks, stored, work, write
from works import imports
from works.models import Authorship, Rejection, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

ORCID = "0000-0002-1825-0097"
KNOWN = {"name": "Wei Wang", "affiliation": "University of Warwick"}
RECORDS = [
    work("t/1", "Stirring soups", KNOWN, "Grace Hopper", year=2019),
    work("t/2", "Bread without yeast", KNOWN, "Grace Hopper", year=2020),
    work("t/3", "On tea", KNOWN, "Grace Hopper", "Emmy Noether", year=2021),
    work("t/4", "A. Kettle", {"name": "Wei Wang", "affiliation": "Princeton University"}, "Kurt Gödel", year=1990),
    work("t/5", "Kettles again", {"name": "Wei Wang", "affiliation": "Princeton University"}, "Kurt Gödel", year=1991),
    work("t/6", "Number rings", "Emmy Noether", "Alan Turing", year=2022),
]  # fmt: skip
MORE = [
    work("t/7", "More soups", KNOWN, "Grace Hopper", year=2022),
    work("t/8", "More kettles", {"name": "Wei Wang", "affiliation": "Princeton University"}, "Kurt Gödel", year=1992),
    work("t/9", "Sieves", "W. Wang", "Grace Hopper", year=2023),
    work("t/10", "Rings again", "E. Noether", "Alan Turing", year=2023),
]  # fmt: skip
SOUPS, BREAD, TEA, KETTLE = "Stirring soups", "Bread without yeast", "On tea", "A. Kettle"


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """The records, imported and decided on; the file they came from."""
    path = write(tmp_path / "works.jsonl", RECORDS)
    assert importworks(path).status == 0
    return path


def byline(title: str, name: str = "Wei Wang") -> Authorship:
    return Authorship.objects.select_related("researcher").get(work__title=title, raw_name=name)


def holder(title: str, name: str = "Wei Wang") -> Researcher:
    found = byline(title, name).researcher
    assert found is not None
    return found


def agree() -> bool:
    return rebuild(check=True) == 0


def people() -> dict[str, tuple[Any, ...]]:
    """Who holds what, by keys, and where the others lead."""
    return {
        "bylines": tuple(Authorship.objects.order_by("pk").values_list("pk", "researcher", "kind", "evidence")),
        "redirects": tuple(Researcher.objects.order_by("pk").values_list("pk", "merged_into", "removed_at")),
        "rejections": tuple(Rejection.objects.order_by("work", "researcher").values_list("work", "researcher")),
        "apart": tuple(Distinction.objects.order_by("researcher", "other").values_list("researcher", "other")),
    }


# The events


@pytest.mark.parametrize(
    "statement", ["UPDATE profiles_identityevent SET reason = ''", "DELETE FROM profiles_identityevent"]
)
def test_no_event_is_ever_changed_or_deleted(collection: Path, statement: str) -> None:
    before = IdentityEvent.objects.count()
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        connection.cursor().execute(statement)
    assert IdentityEvent.objects.count() == before > 0


def test_later_decisions_on_a_byline_are_found_by_an_index_without_the_first_ones(collection: Path) -> None:
    query = projection._EVENTS % {"researchers": "'{1}'", "bylines": "'{1}'"}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for index in ("researcher_idx", "other_idx", "bylines_idx"):
        assert f"identity_event_{index}" in plan


def test_an_event_says_who_decided_why_and_what_was_before_and_after(collection: Path, curator: User) -> None:
    one, target = byline(SOUPS), holder(KETTLE)
    assert one.researcher is not None
    event = IdentityEvent.objects.get(
        pk=reassign(researcher=one.researcher.pk, to=target.pk, bylines=[one.pk], actor=curator, reason="She told us.")
    )
    assert (event.actor, event.reason, event.kind) == (curator, "She told us.", EventKind.REASSIGNED)
    assert (event.bylines, event.works) == ([one.pk], [one.work_id])
    assert (event.before, event.after) == ([one.researcher.pk], [target.pk])


def test_a_corrected_byline_keeps_its_key_and_a_persons_decision(collection: Path, curator: User) -> None:
    one, target = byline(SOUPS), holder(KETTLE)
    assert one.researcher is not None
    reassign(researcher=one.researcher.pk, to=target.pk, bylines=[one.pk], actor=curator, reason="")
    corrected = work("t/1", SOUPS, "Grace Hopper", {"name": "Wei K. Wang", "affiliation": "MIT"}, year=2019)
    importworks(write(collection, [corrected, *RECORDS[1:]]))
    again = Authorship.objects.get(pk=one.pk)
    assert (again.position, again.raw_name, again.kind, again.researcher) == (1, "Wei K. Wang", "confirmed", target)
    assert [e["kind"] for e in again.evidence] == ["person"]
    assert agree()


# Merging


def test_a_merge_moves_everything_and_its_undoing_restores_it_exactly(collection: Path, curator: User) -> None:
    before, pages = people(), stored()
    gone, kept = holder(KETTLE), holder(SOUPS)
    event = merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="The same person.")
    imports.settle()
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.merged_into, gone.works_count, kept.works_count) == (kept, 0, 5)
    assert set(kept.authorships.values_list("kind", flat=True)) == {"confirmed"}
    assert agree()
    undo(event=event, actor=curator, reason="Two people after all.")
    imports.settle()
    assert people() == before
    assert stored() == pages
    assert agree()


def test_the_rule_does_not_take_a_merge_apart(collection: Path, curator: User, tmp_path: Path) -> None:
    gone, kept = holder(KETTLE), holder(SOUPS)
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="")
    importworks(write(tmp_path / "more.jsonl", MORE))
    assert holder("More kettles") == holder("More soups") == kept
    assert agree()


def test_undoing_an_early_merge_under_a_later_one_takes_out_its_own_bylines_only(
    collection: Path, curator: User
) -> None:
    ada, other, emmy = holder(KETTLE), holder(SOUPS), holder(TEA, "Emmy Noether")
    early = merge(researcher=ada.pk, into=other.pk, actor=curator, reason="")
    merge(researcher=other.pk, into=emmy.pk, actor=curator, reason="", force=True)
    ada.refresh_from_db()
    assert ada.merged_into == emmy
    undo(event=early, actor=curator, reason="")
    imports.settle()
    ada.refresh_from_db()
    other.refresh_from_db()
    assert ada.merged_into is None
    assert set(ada.authorships.values_list("work__title", flat=True)) == {KETTLE, "Kettles again"}
    assert (other.merged_into, emmy.authorships.count()) == (emmy, 5)
    assert agree()


def test_what_clashes_is_merged_by_force_only_and_never_by_the_rule(collection: Path, curator: User) -> None:
    gone, kept = holder(KETTLE), holder(SOUPS)
    Authorship.objects.filter(researcher=gone).update(identifiers={"orcid": ORCID})
    Authorship.objects.filter(researcher=kept).update(identifiers={"orcid": "0000-0001-5109-3700"})
    with pytest.raises(Conflict, match="identifier:orcid"):
        merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="identifier:orcid"):
        merge(researcher=gone.pk, into=kept.pk, actor=None, reason="", force=True)
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="", force=True)
    assert holder(KETTLE) == kept


@pytest.mark.parametrize("force", [False, True])
def test_two_claimed_records_are_never_merged_by_the_rule(collection: Path, *, force: bool) -> None:
    gone, kept = holder(KETTLE), holder(SOUPS)
    Researcher.objects.filter(pk__in=[gone.pk, kept.pk]).update(verification_level=2)
    with pytest.raises(Conflict, match="both-claimed"):
        merge(researcher=gone.pk, into=kept.pk, actor=None, reason="", force=force)


def test_nothing_is_merged_into_itself_or_twice_or_when_it_is_gone(collection: Path, curator: User) -> None:
    gone, kept = holder(KETTLE), holder(SOUPS)
    with pytest.raises(Conflict, match="itself"):
        merge(researcher=kept.pk, into=kept.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="no such"):
        merge(researcher=kept.pk, into=10**9, actor=curator, reason="")
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="")
    for pair in ((gone, kept), (kept, gone)):
        with pytest.raises(Conflict, match="merged"):
            merge(researcher=pair[0].pk, into=pair[1].pk, actor=curator, reason="")


# Splitting and reassigning


def test_a_split_part_gets_a_record_that_the_rule_leaves_alone(collection: Path, curator: User, tmp_path: Path) -> None:
    before = stored()
    ada = holder(SOUPS)
    done = split(researcher=ada.pk, bylines=[byline(TEA).pk], actor=curator, reason="")
    made = Researcher.objects.get(pk=done.made)
    imports.settle()
    assert (done.chosen_moved, holder(TEA), holder(SOUPS)) == (True, made, ada)
    assert made.get_absolute_url() != ada.get_absolute_url()
    importworks(write(tmp_path / "more.jsonl", MORE[1:]))
    assert holder(TEA) == made
    assert agree()
    importworks(write(tmp_path / "more.jsonl", RECORDS))
    undo(event=done.event, actor=curator, reason="")
    imports.settle()
    made.refresh_from_db()
    assert (holder(TEA), made.merged_into) == (ada, ada)
    assert set(before["works"]) <= set(stored()["works"])
    assert agree()


def test_the_larger_part_keeps_the_address_whichever_was_chosen(collection: Path, curator: User) -> None:
    ada = holder(SOUPS)
    done = split(researcher=ada.pk, bylines=[byline(SOUPS).pk, byline(BREAD).pk], actor=curator, reason="")
    assert not done.chosen_moved
    assert holder(SOUPS) == holder(BREAD) == ada
    assert holder(TEA).pk == done.made
    with pytest.raises(Conflict, match="left"):
        split(researcher=done.made, bylines=[byline(TEA).pk], actor=curator, reason="")


def test_what_the_rule_brought_into_a_record_of_another_name_leaves_with_the_decision(
    collection: Path, curator: User, tmp_path: Path
) -> None:
    ada, emmy, one = holder(SOUPS), holder(TEA, "Emmy Noether"), byline(TEA, "Emmy Noether")
    event = reassign(researcher=emmy.pk, to=ada.pk, bylines=[one.pk], actor=curator, reason="Her name by marriage.")
    importworks(write(tmp_path / "more.jsonl", [
        work("t/11", "More tea", "Grace Hopper", "Emmy Noether", year=2022),
        work("t/12", "Tea for two", "Grace Hopper", "Emmy Noether", year=2023),
    ]))  # fmt: skip
    assert holder("More tea", "Emmy Noether") == ada
    undo(event=event, actor=curator, reason="")
    imports.settle()
    assert holder(TEA, "Emmy Noether") == holder("More tea", "Emmy Noether") == emmy
    assert holder(SOUPS) == ada
    assert agree()


def test_a_byline_that_somebody_else_holds_by_now_is_not_taken(collection: Path, curator: User) -> None:
    ada, other, one = holder(SOUPS), holder(KETTLE), byline(TEA)
    reassign(researcher=ada.pk, to=other.pk, bylines=[one.pk], actor=curator, reason="")
    for again in (
        lambda: reassign(researcher=ada.pk, to=other.pk, bylines=[one.pk], actor=curator, reason=""),
        lambda: reject(researcher=ada.pk, bylines=[one.pk], actor=curator, reason=""),
        lambda: confirm(researcher=ada.pk, bylines=[one.pk], actor=curator, reason=""),
        lambda: split(researcher=ada.pk, bylines=[one.pk], actor=curator, reason=""),
    ):
        with pytest.raises(Conflict, match="not held"):
            again()


# Not theirs


def test_a_rejected_work_never_comes_back(collection: Path, curator: User, tmp_path: Path) -> None:
    ada, one = holder(BREAD), byline(BREAD)
    reject(researcher=ada.pk, bylines=[one.pk], actor=curator, reason="I have never baked.")
    imports.settle()
    assert byline(BREAD).researcher != ada
    # The same records once more, a corrected one, a new version from another source, a byline that went and came.
    importworks(write(collection, [{**record, "abstract": "Again."} for record in RECORDS]))
    strong = {**KNOWN, "orcid": ORCID}
    authored = [{**record, "authors": [strong, *record["authors"][1:]]} for record in RECORDS[:3]]
    importworks(write(collection, authored))
    assert byline(BREAD).researcher != ada
    importworks(feed(tmp_path / "answer.xml", ("2001.00001", BREAD, ("Wei Wang", "Grace Hopper"))), source="arxiv")
    assert Work.objects.get(title=BREAD).source_count == 2
    assert byline(BREAD).researcher != ada
    importworks(write(collection, [authored[0], {**authored[1], "authors": [{"name": "Grace Hopper"}]}, authored[2]]))
    importworks(write(collection, authored))
    StaleBlock.objects.get_or_create(block_key=one.block_key)
    imports.settle()
    assert {a.researcher for a in Authorship.objects.filter(work__title=BREAD, raw_name="Wei Wang")} != {ada}
    assert not ada.authorships.filter(work__title=BREAD).exists()
    assert holder(SOUPS) == ada
    assert agree()


def test_a_rejection_undone_gives_the_byline_back_even_if_it_was_all_there_was(collection: Path, curator: User) -> None:
    alan, one = holder("Number rings", "Alan Turing"), byline("Number rings", "Alan Turing")
    pages = stored()
    event = reject(researcher=alan.pk, bylines=[one.pk], actor=curator, reason="")
    imports.settle()
    meanwhile = holder("Number rings", "Alan Turing")
    assert meanwhile != alan
    undo(event=event, actor=curator, reason="")
    imports.settle()
    meanwhile.refresh_from_db()
    assert holder("Number rings", "Alan Turing") == meanwhile.merged_into == alan
    assert stored() == pages
    assert agree()


def test_confirming_takes_a_rejection_back_and_outranks_the_rule(collection: Path, curator: User) -> None:
    emmy, one = holder(TEA, "Emmy Noether"), byline(TEA, "Emmy Noether")
    reject(researcher=emmy.pk, bylines=[one.pk], actor=curator, reason="")
    confirm(researcher=emmy.pk, bylines=[one.pk], actor=curator, reason="")
    assert not Rejection.objects.exists()
    imports.settle()
    one.refresh_from_db()
    assert (one.researcher, one.kind, one.confidence) == (emmy, "confirmed", 1.0)
    assert agree()


def test_what_is_not_theirs_may_be_said_of_a_byline_that_nobody_holds(collection: Path, curator: User) -> None:
    emmy, one = holder(TEA, "Emmy Noether"), byline(TEA, "Emmy Noether")
    reject(researcher=emmy.pk, bylines=[one.pk], actor=curator, reason="")
    Authorship.objects.filter(pk=one.pk).update(researcher=None, kind="undecided")
    ada = holder(SOUPS)
    reject(researcher=ada.pk, bylines=[one.pk], actor=curator, reason="")
    assert set(Rejection.objects.values_list("researcher", flat=True)) == {emmy.pk, ada.pk}
    assert StaleBlock.objects.filter(block_key=one.block_key).exists()


# Two people


def test_two_records_told_apart_stay_so_whatever_is_imported_until_it_is_undone(
    collection: Path, curator: User
) -> None:
    soups, kettle = holder(SOUPS), holder(KETTLE)
    assert soups != kettle
    event = tell_apart(researcher=soups.pk, other=kettle.pk, actor=curator, reason="Met both.")
    assert StaleBlock.objects.filter(block_key=byline(SOUPS).block_key).exists()
    known = {**KNOWN, "orcid": ORCID}
    importworks(write(collection, [{**r, "authors": [known, *r["authors"][1:]]} for r in (RECORDS[0], RECORDS[3])]))
    assert (holder(SOUPS), holder(KETTLE)) == (soups, kettle)
    assert agree()
    undo(event=event, actor=curator, reason="They are one after all.")
    imports.settle()
    assert holder(SOUPS) == holder(KETTLE)
    assert agree()


def test_two_records_are_told_apart_once_and_merged_after_all_by_force_only(collection: Path, curator: User) -> None:
    who: dict[str, Any] = {"actor": curator, "reason": ""}
    soups, kettle = holder(SOUPS).pk, holder(KETTLE).pk
    tell_apart(researcher=kettle, other=soups, **who)
    with pytest.raises(Conflict, match="told apart already"):
        tell_apart(researcher=soups, other=kettle, **who)
    with pytest.raises(Conflict, match="told-apart"):
        merge(researcher=kettle, into=soups, **who)
    with pytest.raises(Conflict, match="from itself"):
        tell_apart(researcher=soups, other=soups, **who)
    undo(event=merge(researcher=kettle, into=soups, force=True, **who), **who)
    imports.settle()
    assert holder(SOUPS).pk != holder(KETTLE).pk
    assert agree()


# Claimed records


def test_the_rule_takes_nothing_out_of_a_claimed_record(collection: Path) -> None:
    ada = holder(SOUPS)
    Researcher.objects.filter(pk=ada.pk).update(verification_level=2)
    Authorship.objects.filter(work__title=TEA, raw_name="Wei Wang").update(identifiers={"orcid": ORCID})
    Authorship.objects.filter(work__title=SOUPS, raw_name="Wei Wang").update(
        identifiers={"orcid": "0000-0001-5109-3700"}
    )
    StaleBlock.objects.create(block_key=byline(SOUPS).block_key)
    imports.settle()
    assert holder(SOUPS) == holder(BREAD) == holder(TEA) == ada


def test_claimed_records_stay_apart_whatever_is_imported(collection: Path, tmp_path: Path) -> None:
    one, other = holder(SOUPS), holder(KETTLE)
    Researcher.objects.filter(pk__in=[one.pk, other.pk]).update(verification_level=2)
    bridge = {"name": "Wei Wang", "affiliation": "Princeton University; University of Warwick", "orcid": ORCID}
    importworks(write(tmp_path / "bridge.jsonl", [
        work(f"b/{year}", f"Bridges of {year}", bridge, "Kurt Gödel", "Grace Hopper", year=year) for year in (1995, 2005)
    ]))  # fmt: skip
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.merged_into, other.merged_into) == (None, None)
    assert holder(SOUPS) == one
    assert holder(KETTLE) == other


# Taking down


def test_a_record_taken_down_is_not_assembled_anew(
    collection: Path, curator: User, client: Client, tmp_path: Path
) -> None:
    ada = holder(SOUPS)
    before = stored()
    event = remove(researcher=ada.pk, actor=curator, reason="She asked for it.")
    importworks(write(tmp_path / "more.jsonl", RECORDS + MORE[3:]))
    ada.refresh_from_db()
    assert ada.removed_at is not None
    assert (holder(SOUPS), ada.works_count, ada.names.count()) == (ada, 0, 0)
    assert not Researcher.objects.exclude(pk=ada.pk).filter(authorships__raw_name="Wei Wang", works_count=3).exists()
    one = byline(SOUPS)
    page = client.get(one.work.get_absolute_url()).content.decode()
    assert "Wei Wang" in page
    assert ada.public_id not in page
    (shown,) = [
        a for a in client.get(f"/api/v1/works/{one.work.public_id}/").json()["authors"] if a["name"] == one.raw_name
    ]
    assert (shown["researcher"], shown["decision"], shown["reasons"]) == ("", "undecided", [])
    assert agree()
    undo(event=event, actor=curator, reason="She changed her mind.")
    imports.settle()
    ada.refresh_from_db()
    assert ada.removed_at is None
    assert {row for row in before["bylines"] if "Ada" in row} <= set(stored()["bylines"])
    assert agree()


# Undoing


def test_a_decision_is_undone_once_and_done_again_by_undoing_that(collection: Path, curator: User) -> None:
    gone, kept = holder(KETTLE), holder(SOUPS)
    event = merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="")
    undoing = undo(event=event, actor=curator, reason="")
    with pytest.raises(Conflict, match="undone already"):
        undo(event=event, actor=curator, reason="")
    undo(event=undoing, actor=curator, reason="")
    assert holder(KETTLE) == kept
    undo(event=event, actor=curator, reason="")
    assert holder(KETTLE) == gone
    assert agree()


def test_what_the_rule_decided_is_not_undone(collection: Path, curator: User) -> None:
    event = IdentityEvent.objects.filter(kind=EventKind.ASSIGNED).order_by("pk")[0]
    with pytest.raises(Conflict, match="rule"):
        undo(event=event.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="no such"):
        undo(event=10**9, actor=curator, reason="")


# Rebuilding


def test_rebuilding_restores_what_somebody_has_tampered_with(collection: Path, curator: User) -> None:
    ada, other, emmy = holder(SOUPS), holder(KETTLE), holder(TEA, "Emmy Noether")
    merge(researcher=other.pk, into=ada.pk, actor=curator, reason="")
    reject(researcher=emmy.pk, bylines=[byline(TEA, "Emmy Noether").pk], actor=curator, reason="")
    imports.settle()
    before = people()
    Researcher.objects.filter(pk=other.pk).update(merged_into=None, merged_at=None)
    Authorship.objects.filter(work__title=KETTLE, raw_name="Wei Wang").update(researcher=other, kind="new")
    Rejection.objects.all().delete()
    Distinction.objects.all().delete()
    with pytest.raises(CommandError, match="3 differ"):
        call_command("rebuildidentities", check=True)
    out = io.StringIO()
    call_command("rebuildidentities", stdout=out)
    assert out.getvalue() == "Stored 3 again as the identity events say.\n"
    call_command("rebuildidentities", check=True, stdout=out)
    imports.settle()
    assert people() == before


# Any sequence of them


STEPS = "merge split reassign reject confirm tell_apart remove undo undo import correct settle".split()
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, 20), st.integers(0, 20))


def act(step: tuple[str, int, int], curator: User, folder: Path) -> None:
    """Take one step if it is possible; what is impossible is refused and changes nothing."""
    kind, one, other = step
    held = list(Authorship.objects.order_by("pk").values_list("pk", "researcher"))
    byline_id, researcher = held[one % len(held)]
    target = held[other % len(held)][1]
    chosen = [pk for pk, holder in held if holder == researcher][: 1 + other % 2]
    who: dict[str, Any] = {"actor": curator, "reason": ""}
    match kind:
        case "import":
            importworks(write(folder / "more.jsonl", [MORE[one % len(MORE)]]))
        case "correct":
            record = RECORDS[one % len(RECORDS)]
            importworks(
                write(folder / "corrected.jsonl", [{**record, "authors": record["authors"][:: 1 - 2 * (other % 2)]}])
            )
        case "settle":
            imports.settle()
        case "undo":
            events = list(IdentityEvent.objects.exclude(actor=None).order_by("pk").values_list("pk", flat=True))
            if events:
                undo(event=events[one % len(events)], **who)
        case "confirm" if researcher is None and target is not None:
            confirm(researcher=target, bylines=[byline_id], **who)
        case _ if researcher is None or target is None:
            return
        case "merge":
            merge(researcher=researcher, into=target, force=True, **who)
        case "tell_apart":
            tell_apart(researcher=researcher, other=target, **who)
        case "reassign":
            reassign(researcher=researcher, to=target, bylines=chosen, **who)
        case "remove" if other > 15:
            (opt_out if other % 2 else remove)(researcher=researcher, **who)
        case "split" | "reject" | "confirm":
            {"split": split, "reject": reject, "confirm": confirm}[kind](researcher=researcher, bylines=chosen, **who)


def undo_everything(curator: User) -> None:
    """Take back every decision of a person that counts, the last one first."""
    for event in IdentityEvent.objects.exclude(actor=None).exclude(kind=EventKind.UNDONE).order_by("-pk"):
        last = event
        chain = [event]
        while found := IdentityEvent.objects.filter(undoes=last).first():
            last = found
            chain.append(found)
        if len(chain) % 2:
            undo(event=event.pk, actor=curator, reason="")


@given(steps=st.lists(STEP, min_size=3, max_size=9))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_after_any_steps_the_events_say_what_is_stored_and_undoing_all_leaves_what_the_rule_says(
    collection: Path, curator: User, tmp_path: Path, steps: list[tuple[str, int, int]]
) -> None:
    with transaction.atomic():
        for step in steps:
            try:
                act(step, curator, tmp_path)
            except Conflict:
                assert step[0] not in {"import", "correct", "settle"}
            assert agree(), step
            for event in Rejection.objects.select_related("researcher"):
                goes_on = event.researcher.merged_into or event.researcher
                assert set(goes_on.authorships.filter(work=event.work).values_list("kind", flat=True)) <= {"confirmed"}
            assert not Researcher.objects.filter(merged_into__merged_into__isnull=False).exists()
        undo_everything(curator)
        imports.settle()
        assert agree()
        found = stored(ids=False)
        transaction.set_rollback(True)
    with transaction.atomic():
        for step in steps:
            if step[0] in {"import", "correct"}:
                act(step, curator, tmp_path)
        imports.settle()
        expected = stored(ids=False)
        transaction.set_rollback(True)
    assert found == expected


@given(order=st.permutations(range(len(RECORDS + MORE))), cut=st.integers(1, 9))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_order_of_imports_makes_no_difference_to_who_is_who(
    curator: User, tmp_path: Path, order: list[int], cut: int
) -> None:
    everything = RECORDS + MORE
    outcomes = []
    for numbers in (range(len(everything)), order):
        with transaction.atomic():
            chosen = [everything[number] for number in numbers]
            for part in (chosen[:cut], chosen[cut:]):
                importworks(write(tmp_path / "part.jsonl", part))
            assert agree()
            outcomes.append(stored(ids=False))
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1]
