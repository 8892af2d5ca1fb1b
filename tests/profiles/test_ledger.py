"""What identity events come to: later ones on top of earlier ones, without those that were undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.ledger import Event, EventKind, Redirect, State, moved_part_keeps_address, replay

ADA, BETH, CARA, NEW = 1, 2, 3, 9
WORKS = {11: 1, 12: 2, 13: 3, 21: 1, 22: 4, 31: 5, 32: 6}
"""Byline to work; Ada and Beth both sign work 1."""
START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """Events in the order they are told, with the rule's first decisions before them."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.events: list[Event] = []
        for researcher, bylines in ((ADA, (11, 12, 13)), (BETH, (21, 22)), (CARA, (31, 32))):
            self.rule(EventKind.ASSIGNED, researcher, bylines=bylines)

    def add(self, kind: EventKind, researcher: int, other: int | None, bylines: tuple[int, ...], **more: object) -> int:
        number = next(self.numbers)
        fields = {
            "by_rule": False,
            "works": tuple(WORKS[byline] for byline in bylines),
            "happened_at": START + timedelta(days=number),
            **more,
        }
        self.events.append(
            Event(id=number, kind=kind, researcher=researcher, other=other, bylines=bylines, **fields)  # type: ignore[arg-type]
        )
        return number

    def rule(
        self,
        kind: EventKind,
        researcher: int,
        other: int | None = None,
        bylines: tuple[int, ...] = (),
        after: tuple[int | None, ...] = (),
    ) -> int:
        return self.add(kind, researcher, other, bylines, by_rule=True, works=(), after=after)

    def merge(self, gone: int, kept: int) -> int:
        return self.add(EventKind.MERGED, gone, kept, ())

    def split(self, source: int, *bylines: int, into: int = NEW) -> int:
        return self.add(EventKind.SPLIT, source, into, bylines)

    def reassign(self, source: int, target: int, *bylines: int) -> int:
        return self.add(EventKind.REASSIGNED, source, target, bylines)

    def reject(self, researcher: int, *bylines: int) -> int:
        return self.add(EventKind.REJECTED, researcher, None, bylines)

    def confirm(self, researcher: int, *bylines: int) -> int:
        return self.add(EventKind.CONFIRMED, researcher, None, bylines)

    def tell_apart(self, one: int, other: int) -> int:
        return self.add(EventKind.TOLD_APART, one, other, ())

    def undo(self, event_id: int) -> int:
        undone = next(event for event in self.events if event.id == event_id)
        return self.add(EventKind.UNDONE, undone.researcher, undone.other, (), undoes=event_id)

    def reassign_by_rule(self, byline: int, target: int | None) -> int:
        return self.rule(EventKind.MOVED, target or ADA, bylines=(byline,), after=(target,))

    @property
    def state(self) -> State:
        return replay(self.events, WORKS)

    def held(self, researcher: int) -> set[int]:
        return {byline for byline, holder in self.state.holders.items() if holder == researcher}


@pytest.fixture
def history() -> History:
    return History()


# Merging


def test_a_merged_record_gives_all_it_holds_and_leads_on(history: History) -> None:
    number = history.merge(ADA, BETH)
    assert history.held(BETH) == {11, 12, 13, 21, 22}
    assert history.state.redirects == {ADA: Redirect(BETH, START + timedelta(days=number))}
    assert set(history.state.fixed) == {11, 12, 13, 21, 22}


def test_two_merges_lead_on_in_one_hop(history: History) -> None:
    history.merge(ADA, BETH)
    history.merge(BETH, CARA)
    assert {gone: redirect.target for gone, redirect in history.state.redirects.items()} == {ADA: CARA, BETH: CARA}
    assert len(history.held(CARA)) == 7


def test_undoing_an_early_merge_takes_only_its_own_bylines_out_of_a_later_one(history: History) -> None:
    early = history.merge(ADA, BETH)
    history.merge(BETH, CARA)
    history.undo(early)
    assert history.held(ADA) == {11, 12, 13}
    assert history.held(CARA) == {21, 22, 31, 32}
    assert set(history.state.redirects) == {BETH}


def test_undoing_a_merge_keeps_what_was_moved_by_hand_since(history: History) -> None:
    merge = history.merge(ADA, BETH)
    history.reassign(BETH, CARA, 12)
    history.undo(merge)
    assert history.held(ADA) == {11, 13}
    assert history.held(CARA) == {12, 31, 32}


def test_what_is_imported_for_a_merged_record_goes_where_it_leads(history: History) -> None:
    history.events = [event for event in history.events if 32 not in event.bylines]
    history.merge(ADA, BETH)
    history.reassign_by_rule(32, ADA)
    assert 32 in history.held(BETH)
    assert 32 not in history.state.fixed


def test_the_rule_merges_no_record_that_a_person_has_placed_something_in(history: History) -> None:
    history.confirm(ADA, 11)
    history.rule(EventKind.MERGED, ADA, BETH)
    assert history.state.redirects == {}
    assert history.held(ADA) == {11, 12, 13}


def test_the_rule_fixes_nothing_by_merging(history: History) -> None:
    history.rule(EventKind.MERGED, ADA, BETH)
    assert history.state.fixed == {}
    assert len(history.held(BETH)) == 5


def test_a_merge_done_over_again_elsewhere_goes_by_what_counts(history: History) -> None:
    undo = history.undo(history.merge(ADA, BETH))
    history.merge(ADA, CARA)
    history.undo(undo)
    assert {11, 12, 13} < history.held(BETH)
    assert history.state.redirects[ADA].target == BETH


# Splitting, reassigning, rejecting, confirming


def test_a_split_moves_the_bylines_for_good(history: History) -> None:
    history.split(ADA, 12, 13)
    history.reassign_by_rule(12, ADA)
    assert history.held(NEW) == {12, 13}
    assert history.held(ADA) == {11}
    assert set(history.state.rejections) == {(2, ADA), (3, ADA)}


def test_a_record_from_a_split_that_was_undone_leads_back(history: History) -> None:
    split = history.split(ADA, 12, 13)
    when = START + timedelta(days=history.undo(split))
    assert history.held(ADA) == {11, 12, 13}
    assert history.state.redirects == {NEW: Redirect(ADA, when)}
    assert not history.state.rejections


def test_a_reassigned_byline_is_not_taken_back_by_the_rule(history: History) -> None:
    history.reassign(ADA, CARA, 12)
    history.reassign_by_rule(12, ADA)
    assert history.held(CARA) == {12, 31, 32}
    assert (2, ADA) in history.state.rejections


def test_a_rejected_work_never_comes_back_at_any_place(history: History) -> None:
    history.reject(ADA, 11)
    history.reassign_by_rule(11, ADA)
    history.reassign_by_rule(21, ADA)
    assert history.held(ADA) == {12, 13}
    assert 11 not in history.state.holders


def test_a_rejected_byline_may_go_to_somebody_else(history: History) -> None:
    history.reject(ADA, 12)
    history.reassign_by_rule(12, CARA)
    assert 12 in history.held(CARA)
    assert 12 not in history.state.fixed


def test_a_rejection_holds_for_the_record_its_researcher_was_merged_into(history: History) -> None:
    history.reject(ADA, 12)
    history.merge(ADA, CARA)
    history.reassign_by_rule(12, CARA)
    assert 12 not in history.state.holders


def test_a_rejection_leaves_the_other_byline_of_the_work_to_its_researcher(history: History) -> None:
    history.merge(BETH, ADA)
    history.reject(ADA, 21)
    history.reassign_by_rule(11, None)
    assert 11 in history.held(ADA)


def test_confirming_lifts_the_rejection_of_the_same_pair(history: History) -> None:
    history.reject(ADA, 12)
    number = history.confirm(ADA, 12)
    assert history.state.rejections == {}
    assert history.state.fixed == {12: number}


def test_undoing_a_confirmation_brings_the_rejection_back(history: History) -> None:
    rejection = history.reject(ADA, 12)
    history.undo(history.confirm(ADA, 12))
    assert history.state.rejections == {(2, ADA): rejection}
    assert 12 not in history.state.holders


def test_a_removed_record_keeps_its_bylines(history: History) -> None:
    removal = history.add(EventKind.REMOVED, ADA, None, ())
    history.reassign_by_rule(11, CARA)
    assert set(history.state.removed) == {ADA}
    assert history.held(ADA) == {11, 12, 13}
    history.undo(removal)
    assert history.state.removed == {}


def test_who_asked_not_to_be_named_is_withheld_until_that_is_undone(history: History) -> None:
    wish = history.add(EventKind.WITHHELD, ADA, None, ())
    assert (history.state.withheld, set(history.state.removed)) == ({ADA}, {ADA})
    history.undo(wish)
    assert (history.state.withheld, history.state.removed) == (set(), {})


def test_taking_a_merge_back_brings_no_part_of_a_withheld_record_out(history: History) -> None:
    first = history.merge(BETH, ADA)
    second = history.merge(ADA, CARA)
    wish = history.add(EventKind.WITHHELD, CARA, None, ())
    history.undo(second)
    history.undo(first)
    assert history.state.withheld == {ADA, BETH, CARA}
    assert history.held(BETH) == {21, 22}
    history.undo(wish)
    assert history.state.withheld == set()


def test_a_merge_taken_back_before_the_wish_is_no_part_of_it(history: History) -> None:
    history.undo(history.merge(BETH, ADA))
    history.add(EventKind.WITHHELD, ADA, None, ())
    assert history.state.withheld == {ADA}


def test_a_byline_that_is_gone_is_passed_over() -> None:
    history = History()
    history.split(ADA, 12, 13)
    state = replay(history.events, {byline: work for byline, work in WORKS.items() if byline != 12})
    assert 12 not in state.holders
    # The work may print the name again.
    assert (2, ADA) in state.rejections


# Undoing


def test_undoing_the_undoing_does_it_again_as_of_now(history: History) -> None:
    undo = history.undo(history.merge(ADA, BETH))
    assert history.state.redirects == {}
    again = history.undo(undo)
    assert history.state.redirects == {ADA: Redirect(BETH, START + timedelta(days=again))}
    history.undo(again)
    assert history.state.redirects == {}


def test_the_address_goes_with_more_bylines_else_with_more_confidence() -> None:
    assert moved_part_keeps_address([0.5, 0.5], [1.0])
    assert not moved_part_keeps_address([1.0], [0.5, 0.5])
    assert moved_part_keeps_address([0.9, 0.9], [0.9, 0.8])
    assert not moved_part_keeps_address([0.9], [0.9])


def test_the_rule_merges_nothing_into_a_record_that_a_work_of_it_was_rejected_from(history: History) -> None:
    history.reject(BETH, 21)
    history.rule(EventKind.MERGED, ADA, BETH)
    assert history.state.redirects == {}
    assert history.held(ADA) == {11, 12, 13}


PEOPLE = st.sampled_from([ADA, BETH, CARA])
# Telling apart


def test_the_rule_merges_no_record_that_a_person_told_apart_from_any(history: History) -> None:
    number = history.tell_apart(BETH, ADA)
    history.rule(EventKind.MERGED, ADA, BETH)
    history.rule(EventKind.MERGED, ADA, CARA)
    assert history.state.redirects == {}
    assert history.state.apart == {(ADA, BETH): number}


def test_a_person_may_merge_what_was_told_apart_and_undoing_that_leaves_it_told_apart(history: History) -> None:
    history.tell_apart(ADA, BETH)
    merge = history.merge(ADA, BETH)
    assert len(history.held(BETH)) == 5
    history.undo(merge)
    assert history.held(ADA) == {11, 12, 13}
    history.rule(EventKind.MERGED, ADA, BETH)
    assert history.state.redirects == {}


def test_telling_apart_undone_does_not_count(history: History) -> None:
    history.undo(history.tell_apart(ADA, BETH))
    history.rule(EventKind.MERGED, ADA, BETH)
    assert history.state.apart == {}
    assert len(history.held(BETH)) == 5


# Any mixture of decisions


SOME = st.lists(st.sampled_from(sorted(WORKS)), min_size=1, max_size=3, unique=True)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Any mixture of decisions of people and of the rule, undone here and there."""
    history = History()
    emptied = count(NEW)
    for _ in range(draw(st.integers(0, 9))):
        who, other, bylines = draw(PEOPLE), draw(PEOPLE), draw(SOME)
        match draw(
            st.sampled_from(
                "merge split reassign reject confirm tell-apart remove withhold rule rule-merge undo undo".split()
            )
        ):
            case "merge":
                history.merge(who, other)
            case "split":
                history.split(who, *bylines, into=next(emptied))
            case "reassign":
                history.reassign(who, other, *bylines)
            case "reject":
                history.reject(who, *bylines)
            case "confirm":
                history.confirm(who, *bylines)
            case "tell-apart":
                history.tell_apart(who, other)
            case "remove":
                history.add(EventKind.REMOVED, who, None, ())
            case "withhold":
                history.add(EventKind.WITHHELD, who, None, ())
            case "rule":
                history.reassign_by_rule(bylines[0], draw(st.sampled_from([None, ADA, BETH, CARA])))
            case "rule-merge":
                history.rule(EventKind.MERGED, who, other)
            case "undo":
                done = {event.undoes for event in history.events}
                open_ones = [event.id for event in history.events if not event.by_rule and event.id not in done]
                if open_ones:
                    history.undo(draw(st.sampled_from(open_ones)))
    return history


@given(histories())
def test_nobody_who_redirects_holds_anything_and_no_way_has_two_hops(history: History) -> None:
    state = history.state
    assert not set(state.holders.values()) & set(state.redirects)
    assert not {redirect.target for redirect in state.redirects.values()} & set(state.redirects)
    assert set(state.fixed) <= set(state.holders)
    assert state.withheld <= set(state.removed)


@given(histories())
def test_the_rule_joins_nothing_that_a_person_has_taken_apart(history: History) -> None:
    state = history.state
    for work, researcher in state.rejections:
        target = state.redirects[researcher].target if researcher in state.redirects else researcher
        holding = [byline for byline, holder in state.holders.items() if WORKS[byline] == work and holder == target]
        assert set(holding) <= set(state.fixed)


@given(histories(), st.data())
def test_the_rule_moves_nothing_that_a_person_has_placed(history: History, data: st.DataObject) -> None:
    before = history.state
    history.reassign_by_rule(data.draw(st.sampled_from(sorted(WORKS))), data.draw(st.sampled_from([None, ADA, BETH])))
    after = history.state
    assert {b: after.holders[b] for b in before.fixed} == {b: before.holders[b] for b in before.fixed}
    assert (after.fixed, after.rejections) == (before.fixed, before.rejections)


@given(histories())
def test_with_every_human_decision_undone_the_rule_has_the_say(history: History) -> None:
    people = [event for event in history.events if not event.by_rule and event.undoes is None]
    until: dict[int, int] = {}
    for event in people:
        chain = [event.id]
        while undoing := next((e.id for e in history.events if e.undoes == chain[-1]), None):
            chain.append(undoing)
        until[event.id] = chain[-1] if len(chain) % 2 == 0 else history.undo(chain[-1])
    by_rule = [
        event
        for event in history.events
        if event.by_rule
        and not any(
            e.id < event.id < until[e.id] and set(e.bylines) & set(event.bylines) and e.kind != EventKind.MERGED
            for e in people
        )
    ]
    plain, state = replay(by_rule, WORKS), history.state
    assert (state.holders, state.fixed, state.rejections, state.apart) == (plain.holders, {}, {}, {})
    assert plain.redirects.items() <= state.redirects.items()


def test_what_the_rule_did_because_of_an_undone_decision_does_not_count(history: History) -> None:
    rejection = history.reject(ADA, 12)
    history.reassign_by_rule(12, NEW)
    assert history.held(NEW) == {12}
    when = START + timedelta(days=history.undo(rejection))
    assert history.held(ADA) == {11, 12, 13}
    # The record that the rule made meanwhile.
    assert history.state.redirects == {NEW: Redirect(ADA, when)}
    history.reassign_by_rule(12, CARA)
    assert 12 in history.held(CARA)


def test_a_record_that_was_there_before_leads_nowhere_because_a_decision_was_undone(history: History) -> None:
    rejection = history.reject(ADA, 12)
    history.reassign_by_rule(12, CARA)
    for byline in (31, 32):
        history.rule(EventKind.MOVED, CARA, bylines=(byline,), after=(None,))
    history.undo(rejection)
    assert history.held(ADA) == {11, 12, 13}
    assert history.state.redirects == {}


@given(histories(), st.data())
def test_undone_and_done_again_is_as_before_but_for_the_time(history: History, data: st.DataObject) -> None:
    done = {event.undoes for event in history.events}
    people = [event.id for event in history.events if not event.by_rule and event.id not in done]
    if people:
        before = history.state
        history.undo(history.undo(data.draw(st.sampled_from(people))))
        after = history.state
        assert timeless(after) == timeless(before)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_read_makes_no_difference(history: History, chance: object) -> None:
    expected = history.state
    chance.shuffle(history.events)  # type: ignore[attr-defined]
    assert history.state == expected


def timeless(state: State) -> State:
    return msgspec.structs.replace(
        state,
        redirects={gone: Redirect(redirect.target, START) for gone, redirect in state.redirects.items()},
        removed=dict.fromkeys(state.removed, START),
    )
