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
    `torn`: pairs that were said to be both one and two.
    """

    joined: dict[int, Joined] = {}
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
        if decision.id in counting and decision.kind == WorkEventKind.JOINED:
            _join(state, decision, counting[decision.id])
    for decision in ordered:
        if decision.id in counting and decision.kind == WorkEventKind.TOLD_APART:
            work, other = _pair(decision)
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
    """Whether the decision makes one work of two: it joins them, or does that again."""
    known = {one.id: one for one in decisions}
    again = True
    while decision.undoes is not None and decision.undoes in known:
        decision, again = known[decision.undoes], not again
    return again and decision.kind == WorkEventKind.JOINED


def homes(decisions: Iterable[Decision]) -> dict[int, int]:
    """The work that each record named by a decision is of when no decision counts.

    That is the one it belonged to when it was first named; or, if it came while two works were one, the one of them it was
    found to be of when they were parted.
    """
    ordered = sorted(decisions, key=lambda decision: decision.id)
    found: dict[int, int] = {}
    for decision in ordered:
        places = decision.before if joins(decision, ordered) else decision.after
        for record, place in zip(decision.records, places, strict=True):
            found.setdefault(record, place)
    return found


def _pair(decision: Decision) -> tuple[int, int]:
    if decision.work is None or decision.other is None:
        raise ValueError("A decision about two works names both.")
    return decision.work, decision.other


def _join(state: State, decision: Decision, since: datetime) -> None:
    work, other = _pair(decision)
    gone, kept = state.final(work), state.final(other)
    if gone == kept:
        return
    for one, joined in list(state.joined.items()):
        if joined.target == gone:
            state.joined[one] = Joined(kept, max(since, joined.since))
    state.joined[gone] = Joined(kept, since)
