"""One batch of raw records becomes stored facts, all or nothing. Repeating a batch changes nothing.

hash -> unchanged? stop      parse, normalise -> rejected? quarantine
candidates -> match          one query, then pure rules
merge all records of a work  other records are parsed again from their stored bytes
store, source records        the writes
entities                     what records that are no works become
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from researchgraph.errors import RecordRejected
from researchgraph.lib import bulk
from works.ingest import candidates, corrections, entities, held, store
from works.ingest.decided import decide
from works.ingest.match import Comparable
from works.ingest.merge import SourcedRecord
from works.ingest.other_kinds import canonical
from works.ingest.texts import Texts
from works.records import Ambiguous, Matched, Parsed, ParsedEpisode, ParsedInstitution, ParsedRecord, RawRecord

log = logging.getLogger(__name__)

Parse = Callable[[RawRecord], Parsed]

BECAME = {ParsedRecord: "work", ParsedInstitution: "institution", ParsedEpisode: "episode"}
"""What a source record is stored as; the values of `works.models.RecordKind`."""


class Prepared(msgspec.Struct):
    """A raw record with everything that can be said of it without a database; nothing of one that was withdrawn."""

    raw: RawRecord
    key: str
    sha256: bytes
    parsed: Parsed | None = None
    rejected: RecordRejected | None = None
    work_id: int = 0

    @property
    def became(self) -> str:
        """What kind of record it is; "" for one that is held back."""
        return BECAME[type(self.parsed)] if self.parsed is not None else ""


class Counts(msgspec.Struct, frozen=True):
    """Records of one batch by outcome; they add up to the batch. `seen` are the keys of those that were there already."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    seen: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return self.new + self.updated + self.unchanged + self.quarantined


def unchanged(source: str, raws: Sequence[RawRecord]) -> set[bytes]:
    """Hashes of the records that this source has stated word for word before, and that became something."""
    given = [unread(raw) for raw in raws]
    query = "SELECT key, sha256 FROM works_sourcerecord WHERE source = %s AND key = ANY(%s) AND became <> ''"
    stored = {key: bytes(sha256) for key, sha256 in bulk.fetch(query, [source, sorted({item.key for item in given})])}
    return {item.sha256 for item in given if stored.get(item.key) == item.sha256}


def prepare(
    raws: Sequence[RawRecord], parse: Parse, texts: Texts | None = None, *, known: Collection[bytes] = ()
) -> list[Prepared]:
    """Hash, parse and normalise; `texts` learns what the records say. Pure, so safe to run ahead and elsewhere.

    Records whose hash is `known` are not parsed; `ingest` does that for those that turn out to be news all the same.
    """
    batch = [_prepare(raw, parse, known) for raw in raws]
    if texts is not None:
        for item in batch:
            if isinstance(item.parsed, ParsedRecord):
                texts.learn(item.parsed)
    return batch


def unread(raw: RawRecord, rejected: RecordRejected | None = None) -> Prepared:
    """The record with its hash and key only, and the reason why it is not parsed, if there is one."""
    digest = hashlib.sha256(raw.payload).digest()
    # A record of which nothing is left is known by its place.
    nameless = digest if raw.payload else hashlib.sha256(raw.origin.encode()).digest()
    return Prepared(raw=raw, key=raw.key or f"sha256:{nameless.hex()}", sha256=digest, rejected=rejected)


def _prepare(raw: RawRecord, parse: Parse, known: Collection[bytes] = ()) -> Prepared:
    prepared = unread(raw)
    if raw.deleted or prepared.sha256 in known:
        return prepared
    try:
        prepared.parsed = _parsed(raw, parse)
    except RecordRejected as rejected:
        # Without the traceback, whose frames hold the whole batch.
        prepared.rejected = rejected.with_traceback(None)
    return prepared


def _parsed(raw: RawRecord, parse: Parse) -> Parsed:
    """Parse and normalise one record. A parser that fails in an unforeseen way rejects the record, with the reason."""
    if raw.problem:
        raise RecordRejected("unreadable", raw.problem)
    try:
        return canonical(parse(raw))
    except (RecordRejected, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        raise RecordRejected("parser-failed", f"{type(error).__name__}: {error}"[:500]) from error


@transaction.atomic
def ingest(
    batch: Sequence[Prepared],
    *,
    source: str,
    run_id: int | None,
    parser_of: Callable[[str], Parse],
    lookups: store.Lookups,
) -> Counts:
    """Store one batch. `parser_of` names the parser of any source, to read other records of the same works again."""
    bulk.take_turns()
    stored = _stored_records(source, batch)
    # Of two statements about one record the later one counts.
    last = {item.key: item.raw.deleted for item in batch}
    withdrawn = _withdraw(source, [key for key, deleted in last.items() if deleted])
    present = [_read(item, stored, parser_of(source)) for item in batch if not item.raw.deleted]
    todo, unchanged = _changed(present, stored, run_id)
    unchanged += len(batch) - len(present) - withdrawn
    _bring_back(
        source, [key for key, deleted in last.items() if not deleted and key in stored and stored[key].withdrawn]
    )
    good = [item for item in todo if item.parsed is not None]
    works = [item for item in good if isinstance(item.parsed, ParsedRecord)]
    reviews: list[tuple[Prepared, Ambiguous]] = []
    orcids: set[str] = set()
    if works:
        known_work = {item.key: stored[item.key].work_id for item in works if item.key in stored}
        drafts, reviews = _match(works, known_work, source, parser_of, lookups.texts)
        orcids = store.write_works(drafts, lookups)
    _write_source_records(source, run_id, todo, stored)
    held.recheck(orcids)
    _write_reviews(reviews)
    if len(works) < len(good):
        _write_entities(source, good)
    updated = sum(1 for item in good if item.key in stored and stored[item.key].became)
    return Counts(
        new=len(good) - updated,
        updated=updated + withdrawn,
        unchanged=unchanged,
        quarantined=len(todo) - len(good),
        seen=_seen(present, stored, todo, run_id),
    )


def _read(item: Prepared, stored: dict[str, _Stored], parse: Parse) -> Prepared:
    """The record, parsed if it is not and has to be: it was known when it was prepared, and has changed since."""
    before = stored.get(item.key)
    if item.parsed or item.rejected or (before and before.became and before.sha256 == item.sha256):
        return item
    return _prepare(item.raw, parse)


def _seen(
    batch: Sequence[Prepared], stored: dict[str, _Stored], todo: Sequence[Prepared], run_id: int | None
) -> tuple[int, ...]:
    """The source records of other runs that this batch states word for word."""
    written = {item.key for item in todo}
    known = (stored[item.key] for item in batch if item.key in stored and item.key not in written)
    found = {record.id for record in known if record.run_id != run_id}
    same = {item.sha256 for item in batch}
    return tuple(sorted(record.id for record in stored.values() if record.id in found and record.sha256 in same))


def _withdraw(source: str, keys: Sequence[str]) -> int:
    """Mark known records as withdrawn by their source; how many were not yet. What they stated stays."""
    if not keys:
        return 0
    return bulk.run(
        "UPDATE works_sourcerecord SET withdrawn_at = now() WHERE source = %s AND key = ANY(%s) AND withdrawn_at IS NULL",
        [source, sorted(keys)],
    )


def _bring_back(source: str, keys: Sequence[str]) -> None:
    """The source has these records again."""
    if keys:
        bulk.run(
            "UPDATE works_sourcerecord SET withdrawn_at = NULL WHERE source = %s AND key = ANY(%s)",
            [source, sorted(keys)],
        )


class _Stored(msgspec.Struct, frozen=True):
    """What the database holds under one key of this source."""

    id: int
    sha256: bytes
    work_id: int | None
    became: str
    run_id: int | None
    withdrawn: bool


def _stored_records(source: str, batch: Sequence[Prepared]) -> dict[str, _Stored]:
    keys = {item.key for item in batch} | {_aside_key(item) for item in batch}
    return {
        key: _Stored(record, bytes(sha256), work_id, became, run_id, withdrawn)
        for key, record, sha256, work_id, became, run_id, withdrawn in bulk.fetch(
            "SELECT key, id, sha256, work_id, became, run_id, withdrawn_at IS NOT NULL FROM works_sourcerecord"
            " WHERE source = %s AND key = ANY(%s)",
            [source, sorted(keys)],
        )
    }


def _aside_key(item: Prepared) -> str:
    return f"{item.key}#{item.sha256.hex()[:12]}"


def _set_aside(item: Prepared, reason: RecordRejected) -> Prepared:
    """The record under a key of its own, held back for `reason`."""
    return Prepared(raw=item.raw, key=_aside_key(item), sha256=item.sha256, rejected=reason)


def _duplicate(item: Prepared) -> Prepared:
    where = item.raw.origin or "This record"
    return _set_aside(
        item,
        RecordRejected("duplicate-id", f"{where}: the id {item.key} was already used by another record of this run."),
    )


def _changed(
    batch: Sequence[Prepared],
    stored: dict[str, _Stored],
    run_id: int | None,
) -> tuple[list[Prepared], int]:
    """The records that need work, and how many do not.

    The first record under an id wins within a run; a later, different one under the same id is held back under a
    key of its own, and recognised as such by every later run.
    """
    todo: dict[str, Prepared] = {}
    unchanged = 0
    for item in batch:
        twin, before = todo.get(item.key), stored.get(item.key)
        if twin is not None:
            same, aside = twin.sha256 == item.sha256, _duplicate(item)
        elif before is None:
            same, aside = False, None
        elif before.sha256 == item.sha256:
            # A quarantined record is read again: a repaired parser decides it, nothing is typed twice.
            same, aside = bool(before.became) or item.parsed is None, None
        elif _aside_key(item) in stored or (run_id is not None and before.run_id == run_id):
            same, aside = False, _duplicate(item)
        elif before.became and item.rejected is not None:
            # Damaged news about a known record: keep what is known, hold the news back.
            same, aside = False, _set_aside(item, item.rejected)
        elif before.became and before.became != item.became:
            detail = f"The record under this key was one of a kind {before.became!r}, now it is one of a kind {item.became!r}."
            same, aside = False, _set_aside(item, RecordRejected("kind-changed", detail))
        else:
            same, aside = False, None
        wanted = aside or item
        if same or (aside and (aside.key in stored or aside.key in todo)):
            unchanged += 1
        else:
            todo[wanted.key] = wanted
    return list(todo.values()), unchanged


def _comparable(work_id: int, record: ParsedRecord, texts: Texts) -> Comparable:
    return Comparable(
        work_id,
        texts.title(record.title).key,
        record.version.year,
        tuple(texts.name(author.name).block for author in record.authors),
        frozenset(record.identifiers),
        record.version.kind,
    )


def _match(
    good: Sequence[Prepared],
    known_work: dict[str, int | None],
    source: str,
    parser_of: Callable[[str], Parse],
    texts: Texts,
) -> tuple[list[store.WorkDraft], list[tuple[Prepared, Ambiguous]]]:
    """Group the batch's records by work and merge each work from all its records."""
    records = [_comparable(0, item.parsed, texts) for item in good if isinstance(item.parsed, ParsedRecord)]
    pool = candidates.load(records, (work_id for work_id in known_work.values() if work_id))
    fresh_ids = iter(bulk.new_ids("works_work", len(good)))
    groups: dict[int, list[Prepared]] = {}
    fresh: set[int] = set()
    reviews: list[tuple[Prepared, Ambiguous]] = []
    for item, record in zip(good, records, strict=True):
        item.work_id = known_work.get(item.key) or 0
        if not item.work_id:
            outcome = decide(record, pool.find(record), joined=pool.joined, apart=pool.apart)
            if isinstance(outcome, Matched):
                item.work_id = outcome.work_id
            else:
                item.work_id = next(fresh_ids)
                fresh.add(item.work_id)
                if isinstance(outcome, Ambiguous):
                    reviews.append((item, outcome))
        pool.add(msgspec.structs.replace(record, work_id=item.work_id))
        groups.setdefault(item.work_id, []).append(item)
    known = [work_id for work_id in groups if work_id not in fresh]
    others = _other_records(known, {(source, i.key) for i in good}, parser_of)
    merged = corrections.merger(known)
    drafts = []
    for work_id, items in groups.items():
        sourced = [SourcedRecord(source, i.key, i.parsed) for i in items if isinstance(i.parsed, ParsedRecord)]
        first = min(sourced, key=lambda r: r.rank)
        sourced += others.get(work_id, [])
        drafts.append(
            store.WorkDraft(work_id, work_id in fresh, f"{first.source}:{first.key}", merged(work_id, sourced))
        )
    return drafts, reviews


def drafts_of(work_ids: Sequence[int], parser_of: Callable[[str], Parse]) -> list[store.WorkDraft]:
    """Known works, merged again from the records they have."""
    merged = corrections.merger(work_ids)
    return [
        store.WorkDraft(
            work_id, False, f"{(first := min(known, key=lambda r: r.rank)).source}:{first.key}", merged(work_id, known)
        )
        for work_id, known in sorted(_other_records(work_ids, set(), parser_of).items())
    ]


def records_of(work_ids: Sequence[int], parser_of: Callable[[str], Parse]) -> dict[int, list[SourcedRecord]]:
    """The records of these works as they are read now, by work; without those that cannot be read any more."""
    return _other_records(work_ids, set(), parser_of)


def comparables(work_ids: Sequence[int], parser_of: Callable[[str], Parse]) -> dict[tuple[str, str], Comparable]:
    """What matching looks at, of every record of these works, by source and key."""
    texts = Texts()
    return {
        (known.source, known.key): _comparable(work_id, known.record, texts)
        for work_id, records in _other_records(work_ids, set(), parser_of).items()
        for known in records
    }


def _other_records(
    work_ids: Sequence[int],
    in_batch: set[tuple[str, str]],
    parser_of: Callable[[str], Parse],
) -> dict[int, list[SourcedRecord]]:
    """The parsed forms of the records that known works already have, except those in the batch."""
    found: dict[int, list[SourcedRecord]] = {}
    if not work_ids:
        return found
    for work_id, name, key, payload, origin in bulk.fetch(
        "SELECT work_id, source, key, payload, origin FROM works_sourcerecord WHERE work_id = ANY(%s) ORDER BY id",
        [list(work_ids)],
    ):
        if (name, key) in in_batch:
            continue
        try:
            record = _parsed(RawRecord(key=key, payload=bytes(payload), origin=origin), parser_of(name))
        except RecordRejected as rejected:
            # Accepted once, by an older version of its parser. The raw record stays; the work goes on without it.
            log.warning("%s record %s is not readable any more: %s", name, key, rejected)
            continue
        if isinstance(record, ParsedRecord):
            found.setdefault(work_id, []).append(SourcedRecord(name, key, record))
    return found


def _write_source_records(
    source: str, run_id: int | None, todo: Sequence[Prepared], stored: dict[str, _Stored]
) -> None:
    columns = (
        "source",
        "key",
        "payload",
        "sha256",
        "origin",
        "work_id",
        "became",
        "run_id",
        "rejected_code",
        "rejected_field",
        "rejected_detail",
    )
    rows: list[tuple[Any, ...]] = []
    for item in todo:
        reason = item.rejected
        rows.append(
            (
                source,
                item.key,
                item.raw.payload,
                item.sha256,
                item.raw.origin,
                item.work_id or None,
                item.became,
                run_id,
                reason.code if reason else "",
                reason.field if reason else "",
                reason.detail if reason else "",
            )
        )
    bulk.copy_rows("works_sourcerecord", columns, (row for row in rows if row[1] not in stored))
    _supersede([stored[row[1]].id for row in rows if row[1] in stored and stored[row[1]].sha256 != row[3]])
    for row in rows:
        # A record that was seen before and differs now; few, and each carries its own bytes.
        if row[1] in stored:
            bulk.run(
                "UPDATE works_sourcerecord SET payload = %s, sha256 = %s, origin = %s, work_id = %s, became = %s, run_id = %s,"
                " rejected_code = %s, rejected_field = %s, rejected_detail = %s, fetched_at = now() WHERE source = %s AND key = %s",
                [*row[2:], row[0], row[1]],
            )


def _write_entities(source: str, items: Sequence[Prepared]) -> None:
    """What records that are no works become, under the keys of their source records."""
    others = {item.key: item.parsed for item in items if isinstance(item.parsed, ParsedInstitution | ParsedEpisode)}
    ids: dict[str, int] = dict(
        bulk.fetch(
            "SELECT key, id FROM works_sourcerecord WHERE source = %s AND key = ANY(%s)", [source, sorted(others)]
        )
    )
    entities.write([entities.Stated(ids[key], source, parsed) for key, parsed in others.items()])


def entities_of(records: Sequence[int], parser_of: Callable[[str], Parse]) -> None:
    """Bring what these records became in line with what they say now; forget what those became that are held back."""
    stated, gone = [], []
    for record, source, key, payload, origin, became in bulk.fetch(
        "SELECT id, source, key, payload, origin, became FROM works_sourcerecord WHERE id = ANY(%s) AND became <> 'work' ORDER BY id",
        [list(records)],
    ):
        parsed: Parsed | None = None
        if became:
            try:
                parsed = _parsed(RawRecord(key=key, payload=bytes(payload), origin=origin), parser_of(source))
            except RecordRejected as rejected:
                log.warning("%s record %s is not readable any more: %s", source, key, rejected)
        if isinstance(parsed, ParsedInstitution | ParsedEpisode):
            stated.append(entities.Stated(record, source, parsed))
        else:
            gone.append(record)
    entities.forget(gone)
    entities.write(stated)


def _supersede(records: Sequence[int]) -> None:
    """Keep what these records say now, before they say something else."""
    if records:
        columns = "payload, sha256, origin, run_id, rejected_code, rejected_field, rejected_detail, fetched_at"
        bulk.run(
            f"INSERT INTO works_supersededrecord (record_id, {columns})"  # noqa: S608 - our own words
            f" SELECT id, {columns} FROM works_sourcerecord WHERE id = ANY(%s) ORDER BY id",
            [list(records)],
        )


def _write_reviews(reviews: Sequence[tuple[Prepared, Ambiguous]]) -> None:
    if reviews:
        rows = [
            (
                "work-match",
                f"{item.work_id}",
                item.work_id,
                "{" + ",".join(map(str, outcome.work_ids)) + "}",
                msgspec.json.encode(outcome.evidence).decode(),
            )
            for item, outcome in reviews
        ]
        bulk.run(
            """
            INSERT INTO works_review (kind, subject, work_id, candidates, evidence)
            SELECT kind, subject, work_id, candidates::bigint[], evidence::jsonb
              FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[])
                   AS r(kind, subject, work_id, candidates, evidence)
            ON CONFLICT DO NOTHING
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
