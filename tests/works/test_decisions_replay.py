"""What decisions about works come to, by replay alone: any decisions, in any order, taken back or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from works.decisions import Decision, WorkEventKind, homes, in_force, joins, last_word, passed_over, picked, replay
from works.ingest.decided import decide, side_of
from works.ingest.match import Comparable
from works.records import Ambiguous, Matched, Unmatched

START = datetime(2026, 1, 1, tzinfo=UTC)
WORKS = range(1, 7)


def decision(key: int, kind: WorkEventKind, work: int, other: int, undoes: int | None = None) -> Decision:
    return Decision(key, kind, work, other, START + timedelta(hours=key), undoes)


KINDS = [WorkEventKind.JOINED, WorkEventKind.TOLD_APART, WorkEventKind.UNDONE]


@st.composite
def histories(draw: st.DrawFn, *, kinds: Sequence[WorkEventKind] = (*KINDS, WorkEventKind.SPLIT)) -> list[Decision]:
    """Decisions as the flows let them through: of works that are there, never contradicting what counts."""
    made: list[Decision] = []
    for key in range(1, draw(st.integers(1, 12))):
        state = replay(made)
        born = [d.other for d in made if d.kind == WorkEventKind.SPLIT and d.other is not None]
        present = [work for work in (*WORKS, *born) if state.final(work) == work]
        kind = draw(st.sampled_from(kinds))
        if kind == WorkEventKind.UNDONE:
            standing = [d for d in made if d.id in in_force(made)]
            if not standing:
                continue
            undone = draw(st.sampled_from(standing))
            assert undone.work is not None
            assert undone.other is not None
            new = decision(key, kind, undone.work, undone.other, last_word(undone.id, made))
        elif kind == WorkEventKind.SPLIT:
            new = decision(key, kind, draw(st.sampled_from(present)), 100 + key)
        else:
            work = draw(st.sampled_from(present))
            others = [one for one in present if one != work]
            if not others:
                continue
            new = decision(key, kind, work, draw(st.sampled_from(others)))
        if not replay([*made, new]).torn:
            made.append(new)
    return made


@given(histories())
def test_every_work_leads_in_one_hop_to_one_that_goes_on(made: list[Decision]) -> None:
    state = replay(made)
    for work in WORKS:
        assert state.final(state.final(work)) == state.final(work)
    for one, other in state.apart:
        assert one < other
        assert (state.final(one), state.final(other)) == (one, other)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_read_makes_no_difference(made: list[Decision], random: object) -> None:
    assert replay(reversed(made)) == replay(made)


@given(histories(kinds=KINDS))
def test_a_decision_that_is_undone_counts_as_if_it_had_never_been(made: list[Decision]) -> None:
    counting = in_force(made)
    roots = {d.id for d in made if d.undoes is None and d.id in counting}
    never = [d for d in made if d.id in roots]
    state, other = replay(made), replay(never)
    assert {work: joined.target for work, joined in state.joined.items()} == {
        work: joined.target for work, joined in other.joined.items()
    }
    assert state.apart == other.apart


@given(histories())
def test_everything_undone_leaves_nothing(made: list[Decision]) -> None:
    while standing := [d for d in made if d.undoes is None and d.id in in_force(made)]:
        last = standing[-1]
        made.append(
            decision(len(made) + 100, WorkEventKind.UNDONE, last.work or 0, last.other or 0, last_word(last.id, made))
        )
    state = replay(made)
    assert set(state.joined) == state.unborn
    assert not state.apart
    assert not state.split


@given(histories())
def test_a_work_that_was_split_off_is_told_apart_until_that_is_taken_back(made: list[Decision]) -> None:
    state, counting = replay(made), in_force(made)
    for one in (d for d in made if d.kind == WorkEventKind.SPLIT):
        assert one.work is not None
        assert one.other is not None
        works = {state.final(one.work), state.final(one.other)}
        assert (one.other in state.unborn) is (one.id not in counting)
        if one.id in counting:
            assert (min(works), max(works)) in state.apart
        else:
            assert len(works) == 1


def test_records_are_of_the_work_they_were_split_off_to_while_that_counts() -> None:
    split = Decision(1, WorkEventKind.SPLIT, 1, 9, START, None, (10, 20, 30), (1, 1, 1), (1, 9, 9))
    further = Decision(2, WorkEventKind.SPLIT, 9, 8, START, None, (20, 30), (9, 9), (9, 8))
    undone = Decision(3, WorkEventKind.UNDONE, 1, 9, START, 1, (10, 20), (1, 9), (1, 1))
    assert [joins(one, [split, further, undone]) for one in (split, undone)] == [False, True]
    assert homes([further, split]) == {20: 9, 30: 8}
    assert homes([split, further, undone]) == {10: 1, 20: 9, 30: 8}
    assert passed_over([split, further]) == {(10, 9), (20, 8)}
    assert picked([split, further, undone]) == {30}


def test_a_record_has_the_home_it_was_first_named_with_or_was_parted_to() -> None:
    join = Decision(1, WorkEventKind.JOINED, 2, 1, START, None, (10, 20), (1, 2), (1, 1))
    part = Decision(2, WorkEventKind.UNDONE, 2, 1, START, 1, (20, 30), (1, 1), (2, 2))
    again = Decision(3, WorkEventKind.UNDONE, 2, 1, START, 2, (10, 20, 30, 40), (1, 2, 2, 2), (1, 1, 1, 1))
    assert [joins(one, [join, part, again]) for one in (join, part, again)] == [True, False, True]
    assert homes([again, join, part]) == {10: 1, 20: 2, 30: 2, 40: 2}


# What later records are matched to


def known(work: int, title: str = "soups", *identifiers: str, year: int = 2012) -> Comparable:
    pairs = frozenset(("doi", value) for value in identifiers)
    return Comparable(work, title, year, ("lovelace a", "hopper g"), pairs)


def decided(
    record: Comparable, *candidates: Comparable, joined: dict[int, int], apart: set[tuple[int, int]]
) -> Matched | Ambiguous | Unmatched:
    return decide(record, candidates, joined=joined, apart=apart)


def test_what_fits_a_work_that_has_joined_another_one_is_of_that_one() -> None:
    found = decided(known(0, "cold soups"), known(1), known(2, "cold soups"), joined={2: 1}, apart=set())
    assert isinstance(found, Matched)
    assert found.work_id == 1
    found = decided(known(0), known(1), known(2), joined={2: 1}, apart=set())
    assert isinstance(found, Matched)
    assert found.work_id == 1


def test_what_fits_two_works_told_apart_is_asked_about_unless_it_is_clearly_of_one() -> None:
    found = decided(known(0), known(1), known(2), joined={}, apart={(1, 2)})
    assert isinstance(found, Ambiguous)
    assert found.work_ids == (1, 2)
    found = decided(known(0, "soups", "x"), known(1), known(2, "soups", "x"), joined={}, apart={(1, 2)})
    assert isinstance(found, Matched)
    assert found.work_id == 2
    # An identifier in common decides nothing against the title.
    found = decided(known(0, "cold", "x"), known(1, "soups", "x"), known(2, "cold"), joined={}, apart={(1, 2)})
    assert isinstance(found, Ambiguous)
    assert isinstance(decided(known(0, "tea"), known(1), joined={}, apart={(1, 2)}), Unmatched)


def test_what_came_while_two_works_were_one_goes_to_the_one_it_fits() -> None:
    sides = {1: [known(1)], 2: [known(2, "cold soups"), known(2, "cold", "x")]}
    assert side_of(known(0, "cold soups"), sides, 1) == 2
    assert side_of(known(0, "other", "x"), sides, 1) == 2
    assert side_of(known(0), sides, 2) == 1
    assert side_of(known(0, "tea"), sides, 1) == 1
