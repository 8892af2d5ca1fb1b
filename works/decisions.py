"""What people's decisions about works come to: which work goes on as which, and which are never one. Pure.

A work is the source records it is merged from. The importer gives every record a home; people say that two works are one
or two, and take that back. The present state is a replay of what they said, so whatever is undone, later decisions stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec


class WorkEventKind(StrEnum):
    """What a work event says. The names are stored."""

    JOINED = "works:joined"
    """`work` and `other` are one work; `other` goes on with all records."""
    SPLIT = "works:split"
    """Some records of `work` are another work's: `other`, made for them. The two are told apart."""
    TOLD_APART = "works:told-apart"
    """`work` and `other` are two works, whatever they have in common."""
    MENTIONED = "media:confirmed"
    """An episode speaks of `work`."""
    NOT_MENTIONED = "media:refused"
    """An episode that has the title of `work` does not speak of it."""
    ACCEPTED = "identifier:accepted"
    """An identifier that sources state of a byline is its author's, whatever speaks against it."""
    DISMISSED = "identifier:dismissed"
    """An identifier that sources state of a byline is not its author's, and is not asked about again."""
    UNSURE = "works:unsure"
    """Nothing can be said yet: the question is put aside until the facts change."""
    UNDONE = "event:undone"
    """The event `undoes` does not count any more."""


class Decision(msgspec.Struct, frozen=True):
    """One work event; the fields are those of `works.decision_models.WorkEvent`."""

    id: int
    kind: str
    work: int | None
    other: int | None
    happened_at: datetime
    undoes: int | None = None
    records: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


class Joined(msgspec.Struct, frozen=True):
    """Which work goes on for one that has joined it, and since when."""

    target: int
    since: datetime


class State(msgspec.Struct):
    """What the decisions come to.

    `joined`: redirects of one hop; `apart`: pairs of works that go on, the lower key first, with the event they rest on;
    `torn`: pairs that were said to be both one and two. `split`: for a work that goes on, those that were split off it;
    `unborn`: works of splits that do not count, which lead to the work they were split off.
    """

    joined: dict[int, Joined] = {}
    split: dict[int, list[int]] = {}
    unborn: set[int] = set()
    apart: dict[tuple[int, int], int] = {}
    torn: list[tuple[int, int]] = []

    def final(self, work: int) -> int:
        """Which work goes on for this one."""
        found = self.joined.get(work)
        return found.target if found else work


def replay(decisions: Iterable[Decision]) -> State:
    """The state after all decisions in force."""
    ordered = sorted(decisions, key=lambda decision: decision.id)
    counting = in_force(ordered)
    state = State()
    for decision in ordered:
        if decision.kind == WorkEventKind.SPLIT and decision.id not in counting:
            work, made = _pair(decision)
            state.unborn.add(made)
            _join(state, made, work, _undone_since(decision, ordered))
    for decision in ordered:
        # What was said of a work that never was counts again when it is one again.
        if decision.id in counting and decision.kind == WorkEventKind.JOINED and not state.unborn & {*_pair(decision)}:
            _join(state, *_pair(decision), counting[decision.id])
    for decision in ordered:
        if decision.id in counting and decision.kind in {WorkEventKind.TOLD_APART, WorkEventKind.SPLIT}:
            work, other = _pair(decision)
            if decision.kind == WorkEventKind.SPLIT:
                state.split.setdefault(state.final(work), []).append(state.final(other))
            one, two = sorted((state.final(work), state.final(other)))
            if one == two:
                state.torn.append((work, other))
            else:
                state.apart.setdefault((one, two), decision.id)
    return state


def in_force(ordered: Sequence[Decision]) -> dict[int, datetime]:
    """The decisions that count, each with the time since when: that of the decision, or of the one that brought it back."""
    out: dict[int, Decision] = {}
    back: dict[int, Decision] = {}
    undoing = {decision.id: decision.undoes for decision in ordered if decision.undoes is not None}
    for decision in reversed(ordered):
        if decision.undoes is None or decision.id in out:
            continue
        out[decision.undoes] = decision
        if (again := undoing.get(decision.undoes)) is not None:
            back[again] = back.get(decision.id, decision)
    return {d.id: back.get(d.id, d).happened_at for d in ordered if d.id not in out}


def last_word(event: int, decisions: Iterable[Decision]) -> int:
    """The event to undo so that `event` does not count: itself, or what has brought it back since."""
    undone_by = {decision.undoes: decision.id for decision in decisions if decision.undoes is not None}
    last = event
    while last in undone_by:
        last = undone_by[last]
    return last


def joins(decision: Decision, decisions: Iterable[Decision]) -> bool:
    """Whether the decision makes one work of two: it joins them, does that again, or takes a split back."""
    known = {one.id: one for one in decisions}
    again = True
    while decision.undoes is not None and decision.undoes in known:
        decision, again = known[decision.undoes], not again
    return decision.kind == (WorkEventKind.JOINED if again else WorkEventKind.SPLIT)


def homes(decisions: Iterable[Decision]) -> dict[int, int]:
    """The work that each record named by a decision is of when no decision counts.

    That is the one it belonged to when it was first named; or, if it came while two works were one, the one of them it was
    found to be of when they were parted. A split that counts has the last word.
    """
    ordered = sorted(decisions, key=lambda decision: decision.id)
    counting = in_force(ordered)
    found: dict[int, int] = {}
    for decision in ordered:
        if decision.kind == WorkEventKind.SPLIT:
            if decision.id in counting:
                found.update(dict.fromkeys(_picked(decision), _pair(decision)[1]))
            continue
        places = decision.before if joins(decision, ordered) else decision.after
        for record, place in zip(decision.records, places, strict=True):
            found.setdefault(record, place)
    return found


def picked(decisions: Iterable[Decision]) -> set[int]:
    """The records that are where they are because a person split a work."""
    ordered = sorted(decisions, key=lambda decision: decision.id)
    counting = in_force(ordered)
    splits = (decision for decision in ordered if decision.kind == WorkEventKind.SPLIT and decision.id in counting)
    return {record for decision in splits for record in _picked(decision)}


def passed_over(decisions: Iterable[Decision]) -> set[tuple[int, int]]:
    """Records that a person left where they were when a work was split, each with the work made of the others."""
    splits = [decision for decision in decisions if decision.kind == WorkEventKind.SPLIT]
    return {(record, _pair(d)[1]) for d in splits for record in set(d.records) - set(_picked(d))}


def _picked(decision: Decision) -> list[int]:
    """The records that a split gives to the work made for them."""
    changes = zip(decision.records, decision.before, decision.after, strict=True)
    return [record for record, before, after in changes if before != after]


def _undone_since(decision: Decision, ordered: Sequence[Decision]) -> datetime:
    """When a decision that does not count was taken back for the last time."""
    known = {one.undoes: one for one in ordered if one.undoes is not None}
    last, times = known.get(decision.id), [decision.happened_at]
    while last is not None:
        times.append(last.happened_at)
        last = known.get(last.id)
    return times[-1]


def _pair(decision: Decision) -> tuple[int, int]:
    if decision.work is None or decision.other is None:
        raise ValueError("A decision about two works names both.")
    return decision.work, decision.other


def _join(state: State, work: int, other: int, since: datetime) -> None:
    gone, kept = state.final(work), state.final(other)
    if gone == kept:
        return
    for one, joined in list(state.joined.items()):
        if joined.target == gone:
            state.joined[one] = Joined(kept, max(since, joined.since))
    state.joined[gone] = Joined(kept, since)
