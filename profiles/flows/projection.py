"""The stored state as what follows from the identity events: read both, tell where they differ, make them agree.

Only what hangs together is read: the events of some researchers, of everybody those events name, and so on. That is
seldom more than a name block or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from profiles.flows import naming
from profiles.ledger import Event, State, replay
from researchgraph import events as signals
from researchgraph.lib import bulk
from researchgraph.lib.evidence import Evidence
from works.models import DecisionKind

BY_PERSON = msgspec.json.encode([Evidence("person", weight=1.0)]).decode()
WAITING = msgspec.json.encode([Evidence("waiting")]).decode()


class Byline(msgspec.Struct, frozen=True):
    """A byline as it is stored: where it stands, who holds it, and whether a person placed it there."""

    id: int
    work: int
    block_key: str
    holder: int | None
    fixed: bool
    confidence: float


class Record(msgspec.Struct, frozen=True):
    """A researcher as stored, as far as identity goes."""

    id: int
    level: int
    merged_into: int | None
    merged_at: datetime | None
    removed_at: datetime | None
    withheld: bool


class Ledger(msgspec.Struct, frozen=True):
    """All events that hang together with some researchers, and the stored state of everything they name."""

    events: list[Event]
    records: dict[int, Record]
    bylines: dict[int, Byline]
    rejections: dict[tuple[int, int], int]
    apart: dict[tuple[int, int], int]

    @property
    def blocks(self) -> set[str]:
        """The name blocks of all bylines."""
        return {byline.block_key for byline in self.bylines.values()}

    def held(self, researcher: int) -> list[Byline]:
        """The bylines that the researcher holds, by key."""
        return [self.bylines[key] for key in sorted(self.bylines) if self.bylines[key].holder == researcher]

    def state(self, *more: Event) -> State:
        """What the events, and `more` of them, come to."""
        return replay([*self.events, *more], {byline.id: byline.work for byline in self.bylines.values()})


class Move(msgspec.Struct, frozen=True):
    """A byline that has another holder than is stored, or the same for another reason."""

    byline: Byline
    holder: int | None
    fixed: bool


class Differences(msgspec.Struct, frozen=True):
    """Where the stored state is not what the events come to; the values are those it ought to have.

    `blocks` are the name blocks for whose bylines something differs: the rule has to decide on them again.
    """

    moves: list[Move] = []
    rejections_missing: dict[tuple[int, int], int] = {}
    rejections_left: list[tuple[int, int]] = []
    apart_missing: dict[tuple[int, int], int] = {}
    apart_left: list[tuple[int, int]] = []
    records: list[Record] = []
    blocks: set[str] = set()

    @property
    def researchers(self) -> set[int]:
        """Everybody for whom something differs."""
        found = {record.id for record in self.records}
        found |= {target for record in self.records if (target := record.merged_into) is not None}
        for move in self.moves:
            found |= {holder for holder in (move.byline.holder, move.holder) if holder is not None}
        found |= {researcher for _, researcher in (*self.rejections_missing, *self.rejections_left)}
        return found | {one for pair in (*self.apart_missing, *self.apart_left) for one in pair}

    def owners(self) -> list[int]:
        """For each difference one researcher it belongs to, so that differences can be counted by researcher."""
        found = [min(h for h in (move.byline.holder, move.holder) if h is not None) for move in self.moves]
        found += [researcher for _, researcher in (*self.rejections_missing, *self.rejections_left)]
        found += [min(pair) for pair in (*self.apart_missing, *self.apart_left)]
        return found + [record.id for record in self.records]


_EVENTS = """
    SELECT id, kind, happened_at, actor_id IS NULL, researcher_id, other_id,
           ARRAY(SELECT coalesce(c.carrier, n.key) FROM unnest(bylines) WITH ORDINALITY AS n(key, place)
                   LEFT JOIN works_carriedbyline c ON c.byline = n.key ORDER BY n.place),
           ARRAY(SELECT coalesce(a.work_id, w.merged_into_id, n.key) FROM unnest(works) WITH ORDINALITY AS n(key, place)
                   LEFT JOIN works_work w ON w.id = n.key
                   LEFT JOIN works_carriedbyline c ON c.byline = bylines[n.place]
                   LEFT JOIN works_authorship a ON a.id = c.carrier ORDER BY n.place)
           || CASE WHEN kind IN ('researcher:bylines:rejected', 'researcher:bylines:reassigned', 'researcher:split') THEN
                   ARRAY(SELECT coalesce(o.merged_into_id, o.id) FROM works_workevent s JOIN works_work o ON o.id = s.other_id
                          WHERE s.kind = 'works:split' AND s.happened_at >= e.happened_at
                            AND s.work_id IN (SELECT unnest(e.works)
                                              UNION SELECT w.merged_into_id FROM works_work w WHERE w.id = ANY(e.works))
                          ORDER BY s.id) ELSE '{}' END,
           after, undoes_id, before
      FROM profiles_identityevent e WHERE id IN (
        SELECT id FROM profiles_identityevent WHERE researcher_id = ANY(%(researchers)s)
        UNION SELECT id FROM profiles_identityevent WHERE other_id = ANY(%(researchers)s)
        UNION SELECT id FROM profiles_identityevent
               WHERE kind <> 'researcher:bylines:assigned' AND bylines && ARRAY(
                     SELECT unnest(%(bylines)s::bigint[])
                     UNION SELECT byline FROM works_carriedbyline WHERE carrier = ANY(%(bylines)s)))
"""
"""Bylines and works by the keys under which they go on, if the work has joined another one or was split.

Who is not among the authors of a work is not among those of what is split off it later.
"""
_COMPANIONS = """
    SELECT n.holder FROM works_carriedbyline c LEFT JOIN works_authorship a ON a.id = c.carrier,
           unnest(ARRAY[c.holder, c.carrier_holder, a.researcher_id]) AS n(holder)
     WHERE (c.carrier = ANY(%s) OR c.byline = ANY(%s)) AND n.holder IS NOT NULL
"""
"""Who held a byline that others live on as, or one of those: their events tell who has it now."""
_BYLINES = """
    SELECT id, work_id, block_key, researcher_id, kind = 'confirmed', coalesce(confidence, 0) FROM works_authorship
     WHERE id IN (SELECT unnest(%s::bigint[]) UNION SELECT id FROM works_authorship WHERE researcher_id = ANY(%s))
"""
_RECORDS = """
    SELECT id, verification_level, merged_into_id, merged_at, removed_at, withheld FROM profiles_researcher
     WHERE id = ANY(%s)
"""


def load(researcher_ids: Iterable[int], byline_ids: Iterable[int] = ()) -> Ledger:
    """The events that hang together with these researchers and bylines, and what is stored of all they name."""
    events: dict[int, Event] = {}
    researchers: set[int] = set()
    bylines: set[int] = set()
    new_researchers, new_bylines = set(researcher_ids), set(byline_ids)
    while new_researchers or new_bylines:
        researchers |= new_researchers
        bylines |= new_bylines
        named: set[int | None] = set()
        printed: set[int] = set()
        for row in bulk.fetch(_EVENTS, {"researchers": sorted(new_researchers), "bylines": sorted(new_bylines)}):
            event = _event(row)
            events[event.id] = event
            named.update(row[-1], event.after, (event.researcher, event.other))
            printed.update(event.bylines)
        named.update(row[0] for row in bulk.fetch(_COMPANIONS, [sorted(printed | new_bylines)] * 2))
        new_researchers = {researcher for researcher in named if researcher is not None} - researchers
        new_bylines = printed - bylines
    ids = sorted(researchers)
    return Ledger(
        events=[events[key] for key in sorted(events)],
        records={row[0]: Record(*row) for row in bulk.fetch(_RECORDS, [ids])},
        bylines={row[0]: Byline(*row) for row in bulk.fetch(_BYLINES, [sorted(bylines), ids])},
        rejections={
            (work, researcher): event
            for work, researcher, event in bulk.fetch(
                "SELECT work_id, researcher_id, event_id FROM works_rejection WHERE researcher_id = ANY(%s)", [ids]
            )
        },
        apart={
            (one, other): event
            for one, other, event in bulk.fetch(
                """
                SELECT researcher_id, other_id, event_id FROM profiles_distinction
                 WHERE researcher_id = ANY(%s) OR other_id = ANY(%s)
                """,
                [ids, ids],
            )
        },
    )


def _event(row: Sequence[Any]) -> Event:
    key, kind, happened_at, by_rule, researcher, other, bylines, works, after, undoes = row[:10]
    return Event(
        key, kind, happened_at, by_rule, researcher, other, tuple(bylines), tuple(works), tuple(after), undoes
    )  # fmt: skip


def final(ledger: Ledger, researcher: int) -> int:
    """Who goes on for a researcher, as it is stored."""
    record = ledger.records.get(researcher)
    return researcher if record is None or record.merged_into is None else record.merged_into


def differences(ledger: Ledger, state: State) -> Differences:
    """Where what is stored is not `state`."""
    moves = []
    for key, byline in sorted(ledger.bylines.items()):
        holder, fixed = state.holders.get(key), key in state.fixed
        if (holder, fixed) != (byline.holder, byline.fixed):
            moves.append(Move(byline, holder, fixed))
    records = []
    for key, record in sorted(ledger.records.items()):
        redirect = state.redirects.get(key)
        wanted = msgspec.structs.replace(
            record,
            merged_into=redirect.target if redirect else None,
            merged_at=redirect.since if redirect else None,
            removed_at=state.removed.get(key),
            withheld=key in state.withheld,
        )
        if wanted != record:
            records.append(wanted)
    rejections_missing, rejections_left = _changed(state.rejections, ledger.rejections)
    apart_missing, apart_left = _changed(state.apart, ledger.apart)
    works = {work for work, _ in (*rejections_missing, *rejections_left)}
    parted = {final(ledger, one) for pair in (*apart_missing, *apart_left) for one in pair}
    concerned = (b for b in ledger.bylines.values() if b.work in works or b.holder in parted)
    return Differences(
        moves=moves,
        rejections_missing=rejections_missing,
        rejections_left=rejections_left,
        apart_missing=apart_missing,
        apart_left=apart_left,
        records=records,
        blocks={move.byline.block_key for move in moves} | {byline.block_key for byline in concerned},
    )


def _changed(
    wanted: dict[tuple[int, int], int], stored: dict[tuple[int, int], int]
) -> tuple[dict[tuple[int, int], int], list[tuple[int, int]]]:
    """The pairs to store, each with its event, and those to delete."""
    missing = {pair: event for pair, event in wanted.items() if stored.get(pair) != event}
    return missing, [pair for pair in stored if pair not in wanted]


def apply(found: Differences, *, cause: str) -> None:
    """Store what differs. Where it concerns a byline, the rule decides on its block again; `cause` is printed with receipts.

    Expects the caller to hold the blocks. Whoever must be told is told first: after that no row is waited for that
    somebody could hold who waits for one of these.
    """
    affected = found.researchers
    works = sorted({move.byline.work for move in found.moves})
    affected |= naming.company(works=works, researchers=sorted(affected))
    if affected:
        signals.researchers_changed.send(sender=None, researcher_ids=sorted(affected), cause=cause)
    _store_moves(found.moves)
    _store_pairs("works_rejection", ("work_id", "researcher_id"), found.rejections_missing, found.rejections_left)
    _store_pairs("profiles_distinction", ("researcher_id", "other_id"), found.apart_missing, found.apart_left)
    _store_records(found.records)
    holders = {holder for move in found.moves for holder in (move.byline.holder, move.holder) if holder is not None}
    naming.rename(sorted(holders | {record.id for record in found.records}))
    if found.blocks:
        signals.bylines_changed.send(sender=None, block_keys=sorted(found.blocks))


def _store_moves(moves: Sequence[Move]) -> None:
    rows = [(move.byline.id, move.holder, *_decision(move)) for move in moves]
    if rows:
        bulk.run(
            """
            UPDATE works_authorship a
               SET researcher_id = n.holder, kind = n.kind, confidence = n.confidence, evidence = n.evidence::jsonb
              FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::float8[], %s::text[])
                   AS n(id, holder, kind, confidence, evidence)
             WHERE a.id = n.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )


def _decision(move: Move) -> tuple[str, float | None, str]:
    """Kind, confidence and evidence of a decision that was not the rule's, or is not for the moment."""
    if move.fixed:
        return DecisionKind.CONFIRMED.value, 1.0, BY_PERSON
    if move.holder is None:
        return DecisionKind.UNDECIDED.value, 0.0, WAITING
    return DecisionKind.PENDING.value, None, WAITING


def _store_pairs(
    table: str, columns: tuple[str, str], missing: dict[tuple[int, int], int], left: list[tuple[int, int]]
) -> None:
    """Delete and store pairs of keys, each with the event it rests on."""
    one, other = columns
    if left:
        bulk.run(
            f"DELETE FROM {table} p USING unnest(%s::bigint[], %s::bigint[]) AS g(one, other)"  # noqa: S608 - our own words
            f" WHERE p.{one} = g.one AND p.{other} = g.other",
            [list(column) for column in zip(*left, strict=True)],
        )
    rows = sorted((*pair, event) for pair, event in missing.items())
    if rows:
        bulk.run(
            f"""
            INSERT INTO {table} ({one}, {other}, event_id)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
            ON CONFLICT ({one}, {other}) DO UPDATE SET event_id = excluded.event_id
            """,  # noqa: S608 - our own words
            [list(column) for column in zip(*rows, strict=True)],
        )


def _store_records(records: Sequence[Record]) -> None:
    rows = [(r.id, r.merged_into, r.merged_at, r.removed_at, r.withheld) for r in records]
    if rows:
        bulk.run(
            """
            UPDATE profiles_researcher r
               SET merged_into_id = n.merged_into, merged_at = n.merged_at, removed_at = n.removed_at, withheld = n.withheld
              FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::boolean[])
                   AS n(id, merged_into, merged_at, removed_at, withheld)
             WHERE r.id = n.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
