"""Record one decision of a person about works as an event, and bring what is stored up to it.

Every decision goes the same way: take a turn, load the decisions that hang together, check, append the event, replay, move
source records, merge the works again from them, and let who is who follow (`works.flows.bylines`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from django.db.models import Q

from profiles.flows import projection
from profiles.flows.record import OpenLedger
from researchgraph import events
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works import decisions
from works.decision_models import WorkDistinction, WorkEvent
from works.decisions import Decision, State, WorkEventKind
from works.flows import bylines
from works.flows.bylines import Noted
from works.ingest import decided, held, media, pipeline, store
from works.sources import registry

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from works.ingest.pipeline import Parse

PARTS: Final = ("works_workversion", "works_workidentifier", "works_worktopic", "works_workinstitution")

_COLUMNS: Final = "id, kind, work_id, other_id, happened_at, undoes_id, records, before, after, bylines"


class Stored(msgspec.Struct, frozen=True):
    """Where a work has gone, as stored, and whether it was split off that one by a decision that does not count."""

    joined: int | None = None
    since: datetime | None = None
    undone: bool = False


class OpenWorks:
    """Some works with all decisions that hang together with them, while nobody else writes works."""

    def __init__(self, works: Iterable[int]) -> None:
        bulk.take_turns()
        self.decisions: list[Decision] = []
        self.noted: list[Noted] = []
        """Bylines of works that were joined, as the decisions have them."""
        self._load(set(works))
        rows = bulk.fetch(
            "SELECT id, merged_into_id, merged_at, undone FROM works_work WHERE id = ANY(%s)", [sorted(self.works)]
        )
        self.stored = {row[0]: Stored(*row[1:]) for row in rows}
        if self.works - self.stored.keys():
            raise Conflict("There is no such work.")

    def _load(self, works: set[int]) -> None:
        self.works: set[int] = set()
        found: dict[int, Decision] = {}
        noted: dict[int, list[Noted]] = {}
        while works:
            self.works |= works
            for *facts, printed in bulk.fetch(
                f"SELECT {_COLUMNS} FROM works_workevent WHERE work_id = ANY(%s) OR other_id = ANY(%s) ORDER BY id",  # noqa: S608 - our own words
                [sorted(works), sorted(works)],
            ):
                decision = Decision(*facts[:6], *(tuple(keys) for keys in facts[6:]))
                found[decision.id] = decision
                noted[decision.id] = msgspec.json.decode(printed, type=list[Noted])
            named = {work for d in found.values() for work in (d.work, d.other) if work is not None}
            works = named - self.works
        self.decisions = [found[key] for key in sorted(found)]
        self.noted = [byline for key in sorted(noted) for byline in noted[key]]

    def final(self, work: int) -> int:
        """Which work goes on for this one, as stored."""
        return self.stored[work].joined or work

    def make(self) -> int:
        """The key of a work that is going to be made of records of these."""
        (made,) = bulk.new_ids("works_work", 1)
        self.works.add(made)
        self.stored[made] = Stored()
        return made

    def require_present(self, *works: int) -> None:
        """Raises Conflict if one of the works has joined another one."""
        if any(self.stored[work].joined is not None for work in works):
            raise Conflict("The work has joined another one in the meantime.")


def record(
    opened: OpenWorks,
    *,
    kind: WorkEventKind,
    work: int | None,
    other: int | None,
    actor: AbstractBaseUser,
    reason: str,
    review: int | None = None,
    undoes: int | None = None,
    picked: Sequence[int] = (),
) -> int:
    """Append the event and store what follows from it; the event's key. Raises Conflict if it contradicts another one.

    `picked` are the records that a split gives to `other`, which `OpenWorks.make` has made.
    """
    key = bulk.new_ids("works_workevent", 1)[0]
    now = bulk.fetch("SELECT now()")[0][0]
    places = _records(opened.works)
    decision = Decision(key, kind, work, other, now, undoes)
    if kind is WorkEventKind.SPLIT and work is not None and other is not None:
        named = [one for one, place in places.items() if place == work]
        after = [other if one in picked else work for one in named]
        decision = Decision(key, kind, work, other, now, undoes, tuple(named), (work,) * len(named), tuple(after))
    made = [*opened.decisions, decision]
    state = decisions.replay(made)
    if state.torn:
        raise Conflict("A person has said that these are two works. Undo that first.")
    homes = _homes(opened, made, state, places)
    moves = {one: state.final(homes[one]) for one, place in places.items() if state.final(homes[one]) != place}
    named, printed = sorted(moves), []
    after = [homes[one] for one in named]
    if decision.records:
        named, after, printed = list(decision.records), list(decision.after), bylines.printed(set(decision.before))
    elif decisions.joins(decision, made):
        # With the records of both sides: what comes later came to them as one, as did what came to works that are one.
        going = {work for work in opened.works if state.final(work) != opened.final(work)}
        sides = {opened.final(one) for one in going} | {state.final(one) for one in going}
        single = {work for work in sides if sum(opened.final(one) == work for one in opened.works) == 1}
        known = decisions.homes(opened.decisions)
        named = [one for one, place in places.items() if place in single or (place in sides and one in known)]
        after = [state.final(homes[one]) for one in named]
        printed = bylines.printed(sides)
    before = [places[one] for one in named]
    WorkEvent.objects.create(
        id=key,
        kind=kind,
        work_id=work,
        other_id=other,
        actor_id=actor.pk,
        reason=reason,
        review=review,
        records=named,
        before=before,
        after=after,
        bylines=msgspec.to_builtins(printed),
        undoes_id=undoes,
        happened_at=now,
    )
    _settle(opened, state, moves, places, [*opened.noted, *printed])
    return key


def _records(works: Iterable[int]) -> dict[int, int]:
    """The work of every source record of these works, by key."""
    return dict(
        bulk.fetch("SELECT id, work_id FROM works_sourcerecord WHERE work_id = ANY(%s) ORDER BY id", [sorted(works)])
    )


def _parser_of(source: str) -> Parse:
    return registry.get(source).parse


def _homes(opened: OpenWorks, made: Sequence[Decision], state: State, places: dict[int, int]) -> dict[int, int]:
    """The work that each record is of when no decision counts. Of those that came while works were one, that are parted
    now, it is the one whose records they fit best.
    """
    found = decisions.homes(made)
    # Back where it was before a split that does not count, a record is of that work or of those that have joined it.
    back = [one for one, home in found.items() if home in state.unborn and places.get(one) == state.final(home)]
    found = {one: home for one, home in found.items() if one not in set(back)}
    never = decisions.passed_over(made)
    loose: dict[int, list[int]] = {}
    for one, place in places.items():
        if one not in found:
            loose.setdefault(place, []).append(one)
    for place, records in loose.items():
        works = sorted(work for work in opened.works if opened.final(work) == place)
        parted = len({state.final(work) for work in works}) > 1
        found.update(_sorted_out(records, place, works, found, never) if parted else dict.fromkeys(records, place))
    return {one: found[one] for one in places}


def _sorted_out(
    records: Sequence[int], place: int, works: Sequence[int], homes: dict[int, int], never: set[tuple[int, int]]
) -> dict[int, int]:
    """The work that each of these records fits best; `never` pairs records with works that they are not of."""
    keys = {
        (source, key): one
        for one, source, key in bulk.fetch("SELECT id, source, key FROM works_sourcerecord WHERE work_id = %s", [place])
    }
    known = {keys[pair]: found for pair, found in pipeline.comparables([place], _parser_of).items()}
    sides = {work: [known[one] for one in sorted(known) if homes.get(one) == work] for work in works}
    return {
        one: decided.side_of(
            known[one], {work: side for work, side in sides.items() if (one, work) not in never}, place
        )
        if one in known
        else place
        for one in records
    }


def _settle(
    opened: OpenWorks, state: State, moves: dict[int, int], places: dict[int, int], noted: Sequence[Noted]
) -> None:
    """Store the state: redirects, distinctions, the records' works, and everything that is merged from them."""
    before = {work: opened.final(work) for work in opened.works}
    changed = {work for work in opened.works if state.final(work) != before[work]}
    changed |= {*moves.values(), *(places[one] for one in moves)} | {state.final(work) for work in changed}
    gone = sorted(work for work in changed if state.final(work) != work)
    live = sorted(changed - set(gone))
    after = {one: moves.get(one, place) for one, place in places.items()}
    if missing := [work for work in live if work not in after.values()]:
        raise Conflict(f"Nothing is left of {len(missing)} of the works: their records are gone.")
    _store_distinctions(opened.works, state)
    if not changed:
        return
    ledger = _hold(sorted(changed), noted)
    _note_facts(opened, state, sorted(changed))
    known = {byline.key for byline in bylines.printed(changed)}
    blocks = {byline.block_key for byline in [*bylines.printed(changed), *(b for b in noted if b.work in changed)]}
    orcids = held.stated(sorted(changed))
    events.works_changed.send(sender=None, work_ids=sorted(changed))
    _store_redirects(opened, state)
    bulk.run(
        "UPDATE works_sourcerecord s SET work_id = n.work FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, work)"
        " WHERE s.id = n.id",
        [list(moves), list(moves.values())],
    )
    for table in PARTS:
        bulk.run(f"DELETE FROM {table} WHERE work_id = ANY(%s)", [gone])  # noqa: S608 - our own words
    bylines.remove(gone)
    known |= set(bylines.bring_back(noted, live))
    orcids |= _merge_again(live)
    carried = [byline for byline in noted if byline.work in opened.works]
    bylines.carry(carried, {byline.work: state.final(byline.work) for byline in carried}, state.split)
    held.recheck(orcids)
    known |= {byline.key for byline in bylines.printed(changed)}
    _let_follow(ledger, sorted(changed), sorted(known), blocks)
    media.follow(sorted(changed))


def _merge_again(works: Sequence[int]) -> set[str]:
    """Merge the works from their records, those that are to be made among them; the ORCID iDs that are to be looked at."""
    drafts, lookups = pipeline.drafts_of(works, _parser_of), store.Lookups()
    if missing := set(works) - {draft.work_id for draft in drafts}:
        raise Conflict(f"No record of {len(missing)} of the works can be read any more.")
    there = {row[0] for row in bulk.fetch("SELECT id FROM works_work WHERE id = ANY(%s)", [list(works)])}
    orcids = store.write_works([draft for draft in drafts if draft.work_id in there], lookups)
    # A new one comes second: an identifier that both state stays where it was.
    fresh = [msgspec.structs.replace(draft, is_new=True) for draft in drafts if draft.work_id not in there]
    return orcids | (store.write_works(fresh, lookups) if fresh else set())


def _note_facts(opened: OpenWorks, state: State, changed: Sequence[int]) -> None:
    """Keep what works state that another one joins now; forget it of those that are by themselves again."""
    joined = {found.target for work, found in state.joined.items() if work not in state.unborn}
    before = {found.joined for found in opened.stored.values() if not found.undone}
    bulk.run(
        """
        INSERT INTO works_knownas (work_id, title_key, year, author_keys)
        SELECT id, title_key, year, author_keys FROM works_work WHERE id = ANY(%s)
        """,
        [sorted(work for work in changed if work in joined - before)],
    )
    # One that has joined another one itself may come back with others that have joined it.
    alone = [work for work in changed if work not in joined and state.final(work) == work]
    bulk.run("DELETE FROM works_knownas WHERE work_id = ANY(%s)", [alone])


def _hold(works: Sequence[int], noted: Sequence[Noted]) -> OpenLedger:
    """Hold the name blocks of everybody on these works, now or when they were joined."""
    keys = [byline.key for byline in bylines.printed(works)] + [byline.key for byline in noted]
    return OpenLedger(_people(works, noted), bylines=sorted(set(keys)))


def _people(works: Sequence[int], noted: Sequence[Noted]) -> list[int]:
    rows = bulk.fetch(
        """
        SELECT researcher_id FROM works_authorship WHERE work_id = ANY(%s) AND researcher_id IS NOT NULL
        UNION SELECT researcher_id FROM works_rejection WHERE work_id = ANY(%s)
        """,
        [list(works), list(works)],
    )
    return sorted({row[0] for row in rows} | {byline.holder for byline in noted if byline.holder is not None})


def _let_follow(ledger: OpenLedger, works: Sequence[int], keys: Sequence[int], blocks: set[str]) -> None:
    """Bring who is who on these works up to the identity events, which may count for other bylines now."""
    ledger.reload(bylines=keys)
    found = projection.differences(ledger.ledger, ledger.ledger.state())
    here = {
        row[0] for row in bulk.fetch("SELECT block_key FROM works_authorship WHERE work_id = ANY(%s)", [list(works)])
    }
    ledger.settle(
        msgspec.structs.replace(found, blocks=found.blocks | blocks | here), cause="a person decided about the works"
    )


def _store_redirects(opened: OpenWorks, state: State) -> None:
    rows = []
    for work in sorted(opened.works):
        joined = state.joined.get(work)
        wanted = Stored(joined.target, joined.since, work in state.unborn) if joined else Stored()
        if wanted != opened.stored[work]:
            rows.append((work, wanted.joined, wanted.since, wanted.undone))
    if rows:
        bulk.run(
            """
            UPDATE works_work w SET merged_into_id = n.target, merged_at = n.since, undone = n.undone
              FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::boolean[]) AS n(id, target, since, undone)
             WHERE w.id = n.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )


def _store_distinctions(works: Iterable[int], state: State) -> None:
    """Replace the distinctions among works that hang together."""
    mine = sorted(works)
    WorkDistinction.objects.filter(Q(work_id__in=mine) | Q(other_id__in=mine)).delete()
    rows = [(one, other, event) for (one, other), event in sorted(state.apart.items())]
    bulk.copy_rows("works_workdistinction", ("work_id", "other_id", "event_id"), rows)
