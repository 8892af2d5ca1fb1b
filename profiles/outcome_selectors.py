"""What a decision would come to, before anybody takes it: the one way all previews are computed.

The event is applied to a copy of what is stored, as `profiles.flows.record` would apply it, and the records concerned
are derived from the facts as they would be then. What the rule makes of it afterwards is not foretold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from graph.flows import derive, facts
from graph.flows.facts import BylineFacts, Facts, Person
from profiles.flows import projection
from profiles.flows.projection import Ledger
from profiles.ledger import Event, EventKind
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from graph.flows.derive import Derived

NEW: Final = -1
"""The key of a record that a decision would make."""


class Side(msgspec.Struct, frozen=True):
    """A record concerned, as it is and as it would be. Trust is from 0 to 100; `NEW` has nothing before."""

    researcher: int
    bylines_before: int
    bylines_after: int
    works_before: int
    works_after: int
    coauthors_before: int
    coauthors_after: int
    trust_before: int
    trust_after: int


class Outcome(msgspec.Struct, frozen=True):
    """What would change, counted.

    `bylines` and `works` change hands; `placed` bylines are left where they are by the rule from then on; `ties` are
    co-authors whose tie to one of the records changes; `barred` and `lifted` are works that would be, and would no longer
    be, rejected from a record. `sides` are the records asked for, in that order.
    """

    bylines: int
    works: int
    placed: int
    ties: int
    barred: int
    lifted: int
    sides: list[Side]

    def side(self, researcher: int) -> Side:
        """What it comes to for one of the records."""
        return next(side for side in self.sides if side.researcher == researcher)


def outcome(
    ledger: Ledger,
    kind: EventKind,
    *,
    researcher: int,
    other: int | None = None,
    bylines: Sequence[projection.Byline] = (),
    new_name: str = "",
) -> Outcome:
    """The outcome of an event by a person: six queries more than the ledger has taken. `new_name` is that of `NEW`.

    Expects the bylines to be held by the researcher.
    """
    event = Event(
        id=max((known.id for known in ledger.events), default=0) + 1,
        kind=kind,
        happened_at=bulk.fetch("SELECT now()")[0][0],
        by_rule=False,
        researcher=researcher,
        other=other,
        bylines=tuple(byline.id for byline in bylines),
        works=tuple(byline.work for byline in bylines),
    )
    found = projection.differences(ledger, ledger.state(event))
    concerned = [one for one in (researcher, other) if one is not None]
    everybody = sorted({*concerned, *found.researchers} - {NEW})
    moves = {move.byline.id: move.holder for move in found.moves if move.holder != move.byline.holder}
    known = facts.load(everybody)
    known.people[NEW] = Person("", "", new_name, 0)
    then = _with_conflicts(as_it_would_be(known, moves))
    before = {one: derive.researcher(one, known) for one in everybody}
    after = {one: derive.researcher(one, then) for one in {*everybody, *concerned}}
    moved = [move.byline for move in found.moves if move.byline.id in moves]
    return Outcome(
        bylines=len(moved),
        works=len({byline.work for byline in moved}),
        placed=sum(1 for move in found.moves if move.fixed and not move.byline.fixed),
        ties=_ties_changed(before, after),
        barred=len(found.rejections_missing.keys() - ledger.rejections.keys()),
        lifted=len(found.rejections_left),
        sides=[_side(one, known, then, before, after) for one in concerned],
    )


def as_it_would_be(known: Facts, holders: Mapping[int, int | None]) -> Facts:
    """The facts if these bylines were held by these researchers, None for nobody. Bylines nobody holds now are passed over.

    Names stay as they are printed now; no number depends on them.
    """
    bylines: dict[int, list[BylineFacts]] = {one: [] for one in {*known.bylines, *holders.values()} if one is not None}
    people: dict[int, list[int]] = {}
    for holder, held in known.bylines.items():
        for byline in held:
            target = holders.get(byline.id, holder)
            if target is not None:
                bylines[target].append(byline)
            if target != holder:
                named = people.setdefault(byline.work.id, list(byline.work.people))
                # Works of very many authors name nobody: they make no ties.
                if holder in named:
                    named.remove(holder)
                    named += [target] if target is not None else []
    changed = {work: tuple(named) for work, named in people.items()}
    return msgspec.structs.replace(
        known,
        bylines={
            one: sorted((_among(byline, changed) for byline in held), key=lambda b: (b.work.id, b.position))
            for one, held in bylines.items()
        },
    )


def _among(byline: BylineFacts, people: Mapping[int, tuple[int, ...]]) -> BylineFacts:
    """The byline with the people that are on its work now."""
    if byline.work.id not in people:
        return byline
    return msgspec.structs.replace(byline, work=msgspec.structs.replace(byline.work, people=people[byline.work.id]))


def _with_conflicts(then: Facts) -> Facts:
    """With the open questions about identifiers counted where the works are then."""
    works = {one: {byline.work.id for byline in held} for one, held in then.bylines.items()}
    asked = dict(
        bulk.fetch(
            "SELECT work_id, count(*) FROM works_review"
            " WHERE kind = 'identifier-conflict' AND state = 'open' AND work_id = ANY(%s) GROUP BY 1",
            [sorted(set().union(*works.values()))],
        )
    )
    return msgspec.structs.replace(
        then, conflicts={one: sum(asked.get(work, 0) for work in held) for one, held in works.items()}
    )


def _ties_changed(before: Mapping[int, Derived], after: Mapping[int, Derived]) -> int:
    """How many co-authors are tied otherwise to these records; a tie between two of the records counts once."""
    ours = {*before, *after}
    old, new = _ties(before.values()), _ties(after.values())
    changed = {pair for pair in old.keys() | new.keys() if old.get(pair) != new.get(pair)}
    return len({pair - ours or pair for pair in changed})


def _ties(derived: Iterable[Derived]) -> dict[frozenset[int], tuple[float, int]]:
    return {
        frozenset({one.researcher_id, other}): (round(strength, 9), works)
        for one in derived
        for other, strength, works, *_ in one.edges
    }


def _side(
    one: int, known: Facts, then: Facts, before: Mapping[int, Derived], after: Mapping[int, Derived]
) -> Side:  # fmt: skip
    was, held, holds = before.get(one), known.bylines.get(one, []), then.bylines.get(one, [])
    return Side(
        researcher=one,
        bylines_before=len(held),
        bylines_after=len(holds),
        works_before=len({byline.work.id for byline in held}),
        works_after=len({byline.work.id for byline in holds}),
        coauthors_before=len(was.edges) if was else 0,
        coauthors_after=len(after[one].edges),
        trust_before=was.receipt.score if was else 0,
        trust_after=after[one].receipt.score,
    )
