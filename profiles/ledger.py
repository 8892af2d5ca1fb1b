"""Who holds which byline, as what follows from the identity events in force: pure, and the same every time.

`replay` folds the events that nobody has undone, in their order, into a `State`. Undoing is leaving out: what later
events did is done again without it, but for what the rule did with the same bylines because of it. How the events
come about is in `docs/ledger.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    """What happened. All but the first two are decisions of people; records are merged by the rule as well."""

    ASSIGNED = "researcher:bylines:assigned"
    """The rule's first decision on bylines: `researcher` holds them."""
    MOVED = "researcher:bylines:moved"
    """The rule decided anew: each byline goes to its place in `after`, None for nobody."""
    CONFIRMED = "researcher:bylines:confirmed"
    """A person says that `researcher` is the author of these bylines."""
    REASSIGNED = "researcher:bylines:reassigned"
    """A person says that `other` is their author and `researcher` is not."""
    REJECTED = "researcher:bylines:rejected"
    """A person says that `researcher` is not their author, whoever is."""
    MERGED = "researcher:merged"
    """`researcher` and `other` are one; `other` goes on."""
    SPLIT = "researcher:split"
    """These bylines of `researcher` are somebody else's: `other`, a record made for them."""
    TOLD_APART = "researcher:told-apart"
    """A person says that `researcher` and `other` are two people."""
    REMOVED = "researcher:removed"
    """The record is taken down; it keeps its bylines, so that nothing is assembled from them anew."""
    WITHHELD = "researcher:withheld"
    """The record is taken down because the person asked not to be named: their bylines are printed without the name."""
    CLAIMED = "researcher:claimed"
    """A person has shown that the record is theirs. Moves nothing; `profiles.claims` has the rest."""
    RELEASED = "researcher:released"
    """Whoever had claimed the record has given it back."""
    UNDONE = "event:undone"
    """The event `undoes` does not count any more."""


class Event(msgspec.Struct, frozen=True):
    """One identity event. `works` are those of `bylines`, place by place; the rule's events do without.

    `by_rule` tells the machine's decisions from people's.
    """

    id: int
    kind: str
    happened_at: datetime
    by_rule: bool
    researcher: int
    other: int | None = None
    bylines: tuple[int, ...] = ()
    works: tuple[int, ...] = ()
    after: tuple[int | None, ...] = ()
    undoes: int | None = None


class Redirect(msgspec.Struct, frozen=True):
    """Where a record without bylines of its own leads, and since when."""

    target: int
    since: datetime


class State(msgspec.Struct):
    """What the events come to. `fixed`, `rejections` and `apart` name the event they rest on.

    `holders`: byline to researcher, without the undecided; `fixed`: the bylines a person placed where they are;
    `rejections`: (work, researcher) pairs that no rule may join again; `apart`: pairs of researchers, the lower key
    first, that no rule may make one, nor those they are merged into; redirects are of one hop.
    """

    holders: dict[int, int] = {}
    fixed: dict[int, int] = {}
    rejections: dict[tuple[int, int], int] = {}
    apart: dict[tuple[int, int], int] = {}
    redirects: dict[int, Redirect] = {}
    removed: dict[int, datetime] = {}
    withheld: set[int] = set()


def replay(events: Iterable[Event], works: Mapping[int, int]) -> State:
    """The state after all events in force. `works` maps every byline that exists to its work; others are passed over."""
    ordered = sorted(events, key=lambda event: event.id)
    status = standing(ordered)
    fold = _Fold(works, _lapsed(ordered, status))
    for event in ordered:
        if event.id not in status.out:
            fold.apply(event, status.since(event))
    for event in ordered:
        undoing = status.out.get(event.id)
        if undoing is not None and event.kind == EventKind.SPLIT and event.other is not None:
            fold.give_back(event.other, event.researcher, undoing.happened_at)
    for gone, by in _withheld_with(ordered, status):
        fold.withhold(gone, by)
    for byline, made, since in fold.lapsed_moves:
        if byline in fold.state.holders and made not in fold.held:
            fold.give_back(made, fold.state.holders[byline], since)
    return fold.state


class Standing(msgspec.Struct):
    """Which events do not count and which count again, each with the event that made it so."""

    out: dict[int, Event] = {}
    again: dict[int, Event] = {}

    def since(self, event: Event) -> datetime:
        """Since when an event in force counts."""
        return self.again.get(event.id, event).happened_at


def standing(ordered: Sequence[Event]) -> Standing:
    """What undoing, and undoing that, has left in force. Expects the events by id."""
    found = Standing()
    undoing = {event.id: event.undoes for event in ordered if event.undoes is not None}
    for event in reversed(ordered):
        if event.undoes is None or event.id in found.out:
            continue
        by = found.again.get(event.id, event)
        found.out[event.undoes] = by
        if (again := undoing.get(event.undoes)) is not None:
            found.again[again] = by
    return found


_ON_BYLINES = frozenset({EventKind.CONFIRMED, EventKind.REASSIGNED, EventKind.REJECTED, EventKind.SPLIT})


class _Lapse(msgspec.Struct, frozen=True):
    """A time, as event ids, in which a decision counted that does not count now, and the event that ended it."""

    start: int
    end: int
    by: Event


def _lapsed(ordered: Sequence[Event], status: Standing) -> dict[int, list[_Lapse]]:
    """For bylines of decisions that were undone, between which events the rule acted on that decision.

    Undone, done again and undone again, it counted twice; what the rule did in between was none of its doing.
    """
    found: dict[int, list[_Lapse]] = {}
    undone_by = {event.undoes: event.id for event in ordered if event.undoes is not None}
    for event in ordered:
        if event.id in status.out and event.kind in _ON_BYLINES:
            turns = [event.id]
            while (after := undone_by.get(turns[-1])) is not None:
                turns.append(after)
            for start, end in zip(turns[::2], turns[1::2], strict=True):
                for byline in event.bylines:
                    found.setdefault(byline, []).append(_Lapse(start, end, status.out[event.id]))
    return found


def _withheld_with(ordered: Sequence[Event], status: Standing) -> list[tuple[int, Event]]:
    """Records that were merged into one when its person asked not to be named, and that are apart again since.

    The wish was about all that was one record then: taking the merge back does not bring a part of it out again.
    """
    found = []
    target = {event.researcher: event.other for event in ordered if event.kind == EventKind.MERGED}
    for wish in ordered:
        if wish.kind != EventKind.WITHHELD or wish.id in status.out:
            continue
        for event in ordered:
            undoing = status.out.get(event.id)
            if event.kind != EventKind.MERGED or undoing is None or not event.id < wish.id < undoing.id:
                continue
            seen, into = {event.researcher}, event.other
            while into is not None and into not in seen and into != wish.researcher:
                seen.add(into)
                into = target.get(into)
            if into == wish.researcher:
                found.append((event.researcher, wish))
    return found


def moved_part_keeps_address(moved: Sequence[float], staying: Sequence[float]) -> bool:
    """Whether, of a record that is split, the part moved out has more evidence: more bylines, else more confidence.

    Both are the confidences of the bylines. In doubt the address stays with what stays.
    """
    return (len(moved), round(sum(moved), 6)) > (len(staying), round(sum(staying), 6))


class _Fold:
    """The state while events are applied, with what is held looked up by researcher and by work."""

    def __init__(self, works: Mapping[int, int], lapsed: Mapping[int, Sequence[_Lapse]]) -> None:
        self.state = State()
        self.works = works
        self.lapsed = lapsed
        self.lapsed_moves: list[tuple[int, int, datetime]] = []
        self.held: dict[int, set[int]] = {}
        self.rejected_at: dict[int, set[int]] = {}
        self.bylines_of: dict[int, list[int]] = {}
        for byline, work in works.items():
            self.bylines_of.setdefault(work, []).append(byline)

    def apply(self, event: Event, since: datetime) -> None:
        match event.kind:
            case EventKind.ASSIGNED:
                self.decide(event, [event.researcher] * len(event.bylines))
            case EventKind.MOVED:
                self.decide(event, event.after)
            case EventKind.MERGED:
                self.merge(event, since)
            case EventKind.SPLIT | EventKind.REASSIGNED:
                self.hand_over(event)
            case EventKind.REJECTED:
                self.reject(event)
            case EventKind.CONFIRMED:
                self.confirm(event)
            case EventKind.TOLD_APART if event.other is not None:
                pair = min(event.researcher, event.other), max(event.researcher, event.other)
                self.state.apart.setdefault(pair, event.id)
            case EventKind.REMOVED | EventKind.WITHHELD:
                gone = self.final(event.researcher)
                self.state.removed[gone] = since
                if event.kind == EventKind.WITHHELD:
                    self.state.withheld.add(gone)
                self.fix(self.held.get(gone, ()), event.id)

    def withhold(self, researcher: int, wish: Event) -> None:
        gone = self.final(researcher)
        self.state.removed.setdefault(gone, wish.happened_at)
        self.state.withheld.add(gone)
        self.fix(self.held.get(gone, ()), wish.id)

    def final(self, researcher: int) -> int:
        """Who goes on for a merged researcher."""
        redirect = self.state.redirects.get(researcher)
        return redirect.target if redirect else researcher

    def barred(self, work: int, researcher: int) -> bool:
        return any(self.final(other) == researcher for other in self.rejected_at.get(work, ()))

    def marked(self, researcher: int) -> bool:
        """Whether a person said who the researcher is not. The rule leaves such a record where it is, even empty."""
        denied = (other for _, other in self.state.rejections)
        told_apart = (one for pair in self.state.apart for one in pair)
        return any(self.final(one) == researcher for one in (*denied, *told_apart))

    def hold(self, byline: int, researcher: int | None, fixed_by: int | None = None) -> None:
        before = self.state.holders.pop(byline, None)
        if before is not None:
            self.held[before].discard(byline)
        self.state.fixed.pop(byline, None)
        if researcher is not None:
            self.state.holders[byline] = researcher
            self.held.setdefault(researcher, set()).add(byline)
            if fixed_by is not None:
                self.state.fixed[byline] = fixed_by

    def fix(self, bylines: Iterable[int], event_id: int) -> None:
        for byline in bylines:
            self.state.fixed.setdefault(byline, event_id)

    def decide(self, event: Event, targets: Sequence[int | None]) -> None:
        """What the rule found, where no person has said otherwise."""
        for byline, target in zip(event.bylines, targets, strict=True):
            if byline not in self.works or byline in self.state.fixed:
                continue
            lapses = (lapse.by for lapse in self.lapsed.get(byline, ()) if lapse.start < event.id < lapse.end)
            undoing = next(lapses, None)
            if undoing is not None:
                if target is not None:
                    self.lapsed_moves.append((byline, target, undoing.happened_at))
            elif target is None:
                self.hold(byline, None)
            elif not self.barred(self.works[byline], self.final(target)):
                self.hold(byline, self.final(target))

    def merge(self, event: Event, since: datetime) -> None:
        if event.other is None or event.researcher in self.state.redirects:
            # An event that counts again has merged the record elsewhere before.
            return
        target = self.final(event.other)
        if target == event.researcher:
            return
        mine = sorted(self.held.get(event.researcher, ()))
        if event.by_rule and (
            any(byline in self.state.fixed or self.barred(self.works[byline], target) for byline in mine)
            or self.marked(event.researcher)
        ):
            return
        for byline in mine:
            self.hold(byline, target, None if event.by_rule else event.id)
        if not event.by_rule:
            self.fix(self.held.get(target, ()), event.id)
        self.redirect(event.researcher, target, since)

    def redirect(self, gone: int, target: int, since: datetime) -> None:
        for one, redirect in self.state.redirects.items():
            if redirect.target == gone:
                self.state.redirects[one] = Redirect(target, max(since, redirect.since))
        self.state.redirects[gone] = Redirect(target, since)

    def hand_over(self, event: Event) -> None:
        """Bylines go from one researcher to another; of a split, those that the one still holds."""
        if event.other is None:
            return
        source, target = self.final(event.researcher), self.final(event.other)
        if source == target:
            return
        for byline in event.bylines:
            still = event.kind == EventKind.REASSIGNED or self.state.holders.get(byline) == source
            if still and byline in self.works:
                self.hold(byline, target, event.id)
        for work in dict.fromkeys(event.works):
            self.bar(work, event.researcher, event.id)
            self.lift(work, target)

    def reject(self, event: Event) -> None:
        source = self.final(event.researcher)
        for byline in event.bylines:
            if self.state.holders.get(byline) == source:
                self.hold(byline, None)
        for work in dict.fromkeys(event.works):
            self.bar(work, event.researcher, event.id)

    def confirm(self, event: Event) -> None:
        target = self.final(event.researcher)
        for byline, work in zip(event.bylines, event.works, strict=True):
            self.lift(work, target)
            if byline in self.works:
                self.hold(byline, target, event.id)

    def bar(self, work: int, researcher: int, event_id: int) -> None:
        """No rule joins the two again. Another byline of the work that the researcher was left with is theirs."""
        self.state.rejections.setdefault((work, researcher), event_id)
        self.rejected_at.setdefault(work, set()).add(researcher)
        source = self.final(researcher)
        self.fix((b for b in self.bylines_of.get(work, ()) if self.state.holders.get(b) == source), event_id)

    def lift(self, work: int, researcher: int) -> None:
        for one in [r for r in self.rejected_at.get(work, ()) if self.final(r) == researcher]:
            del self.state.rejections[work, one]
            self.rejected_at[work].discard(one)

    def give_back(self, emptied: int, origin: int, since: datetime) -> None:
        """A record that a decision had made, and that is empty now it does not count, leads to where its bylines are."""
        target = self.final(origin)
        if (
            target != emptied
            and not self.held.get(emptied)
            and emptied not in self.state.redirects
            and emptied not in self.state.removed
            and not self.marked(emptied)
        ):
            self.redirect(emptied, target, since)
