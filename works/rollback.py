"""Take an import run back: what only it asserted disappears; what others asserted, or people decided on, stays.

A batch of the run's records at a time, each in one transaction; so it can be stopped by a crash at any point and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from researchgraph import events
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works import imports
from works.ingest import entities, held, pipeline, store
from works.models import ImportRun, RunState
from works.sources import registry

BATCH: Final = 1_000
ENDED: Final = (RunState.DONE, RunState.STOPPED, RunState.FAILED)

# Deleted before the works themselves, which these name; their own tables' cascades are Django's, not the database's.
_PARTS: Final = (
    "profiles_proposal", "works_workcorrection", "works_rejection", "works_review", "works_mediamention", "works_workinstitution",
    "works_worktopic", "works_workidentifier", "works_workversion", "works_authorship",
)  # fmt: skip


class Outlook(msgspec.Struct, frozen=True):
    """What taking a run back would come to.

    Of its records `gone` disappear, `restored` go back to what they said before, `shared` were also brought by other
    runs and stay. `works_gone` have no other record; `works_changed` have. `works_kept` stay because a person decided on
    them or one of their bylines, or corrected them, with their records.
    """

    gone: int
    restored: int
    shared: int
    works_gone: int
    works_changed: int
    works_kept: int


def outlook(run: ImportRun) -> Outlook:
    """What taking the run back would come to now."""
    ids = [row[0] for row in bulk.fetch("SELECT id FROM works_sourcerecord WHERE run_id = %s ORDER BY id", [run.pk])]
    parts = [_sorted_out(run, ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]
    return Outlook(
        gone=sum(len(part.gone) for part in parts),
        restored=sum(len(part.restored) for part in parts),
        shared=sum(len(part.shared) for part in parts),
        works_gone=sum(len(part.empty) for part in parts),
        works_changed=sum(len(part.works - part.empty) for part in parts),
        works_kept=sum(len(part.kept) for part in parts),
    )


def begin(run: ImportRun) -> None:
    """Have the run taken back by the next `advance`. Raises Conflict unless it has ended."""
    if not ImportRun.objects.filter(pk=run.pk, state__in=ENDED).update(state=RunState.UNDOING, finished_at=None):
        raise Conflict("Only a run that has ended can be rolled back; stop it first.")
    run.refresh_from_db()


def advance(run: ImportRun) -> None:
    """Take the run back to the end. Does nothing for a run that is not being taken back."""
    last = 0
    while run.state == RunState.UNDOING:
        last = _batch(run, last)
        if not last:
            imports.relate()
            ImportRun.objects.filter(pk=run.pk, state=RunState.UNDOING).update(state=RunState.UNDONE, finished_at=Now())
        run.refresh_from_db()


class _Batch(msgspec.Struct):
    """Records by what becomes of them, and the works concerned. `shared` pairs a record with another run that has it."""

    gone: list[int] = []
    restored: list[int] = []
    shared: list[tuple[int, int]] = []
    works: set[int] = set()
    empty: set[int] = set()
    kept: set[int] = set()


def _sorted_out(run: ImportRun, ids: Sequence[int]) -> _Batch:
    found = _Batch()
    work_of: dict[int, int | None] = dict(
        bulk.fetch("SELECT id, work_id FROM works_sourcerecord WHERE id = ANY(%s)", [list(ids)])
    )
    others = dict(
        bulk.fetch(
            """
            SELECT DISTINCT ON (seen.id) seen.id, c.run_id
              FROM works_importchunk c JOIN works_importrun r ON r.id = c.run_id, unnest(c.seen) AS seen(id)
             WHERE r.source = %s AND r.id <> %s AND NOT r.state = ANY(%s) AND seen.id = ANY(%s)
             ORDER BY seen.id, c.run_id
            """,
            [run.source, run.pk, [RunState.UNDOING.value, RunState.UNDONE.value], list(ids)],
        )
    )
    # Whether what a record said before could become a work.
    before: dict[int, bool] = dict(
        bulk.fetch(
            """
            SELECT DISTINCT ON (record_id) record_id, rejected_code = '' FROM works_supersededrecord
             WHERE record_id = ANY(%s) AND run_id IS DISTINCT FROM %s ORDER BY record_id, id DESC
            """,
            [list(ids), run.pk],
        )
    )
    found.shared = sorted(others.items())
    own = [record for record in ids if record in work_of and record not in others]
    found.restored = [record for record in own if record in before]
    found.gone = [record for record in own if record not in before]
    found.works = {work for record in own if (work := work_of[record])}
    found.empty = found.works - {
        row[0]
        for row in bulk.fetch(
            "SELECT DISTINCT work_id FROM works_sourcerecord WHERE work_id = ANY(%s) AND NOT id = ANY(%s)",
            [sorted(found.works), [record for record in own if not before.get(record)]],
        )
    }
    found.kept = {
        row[0]
        for row in bulk.fetch(
            """
            SELECT w.id FROM works_work w WHERE w.id = ANY(%s)
               AND (EXISTS (SELECT FROM works_authorship a WHERE a.work_id = w.id AND a.kind = 'confirmed')
                 OR EXISTS (SELECT FROM works_rejection j WHERE j.work_id = w.id)
                 OR EXISTS (SELECT FROM works_workcorrection c WHERE c.work_id = w.id AND c.undone_at IS NULL)
                 OR EXISTS (SELECT FROM works_workevent e WHERE e.work_id = w.id OR e.other_id = w.id)
                 OR EXISTS (SELECT FROM works_work m WHERE m.merged_into_id = w.id))
            """,
            [sorted(found.empty)],
        )
    }
    found.empty -= found.kept
    found.works -= found.kept
    found.gone = [record for record in found.gone if work_of[record] not in found.kept]
    found.restored = [record for record in found.restored if work_of[record] not in found.kept]
    return found


@transaction.atomic
def _batch(run: ImportRun, last: int) -> int:
    """Take the next records back; the last of them, 0 if there are none."""
    bulk.take_turns()
    ids = [
        row[0]
        for row in bulk.fetch(
            "SELECT id FROM works_sourcerecord WHERE run_id = %s AND id > %s ORDER BY id LIMIT %s",
            [run.pk, last, BATCH],
        )
    ]
    # What a later record replaced must not come back with that one.
    if not ids:
        bulk.run("DELETE FROM works_supersededrecord WHERE run_id = %s", [run.pk])
        return 0
    found = _sorted_out(run, ids)
    bulk.run(
        "UPDATE works_sourcerecord s SET run_id = n.run FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, run) WHERE s.id = n.id",
        [[record for record, _ in found.shared], [other for _, other in found.shared]],
    )
    _restore(found.restored, run)
    pipeline.entities_of(found.restored, lambda name: registry.get(name).parse)
    entities.forget(found.gone)
    bulk.run("DELETE FROM works_sourcerecord WHERE id = ANY(%s)", [found.gone])
    lost = _delete_works(sorted(found.empty))
    _merge_again(sorted(found.works - found.empty), lost)
    # Last, as whoever works out news of them marks first and comes to these then.
    events.works_removed.send(sender=None, work_ids=sorted(found.empty))
    return int(ids[-1])


def _restore(records: Sequence[int], run: ImportRun) -> None:
    """What the records said before this run."""
    bulk.run(
        """
        WITH latest AS (
            SELECT DISTINCT ON (p.record_id) p.* FROM works_supersededrecord p
             WHERE p.record_id = ANY(%s) AND p.run_id IS DISTINCT FROM %s ORDER BY p.record_id, p.id DESC
        )
        UPDATE works_sourcerecord s
           SET payload = l.payload, sha256 = l.sha256, origin = l.origin, run_id = l.run_id, fetched_at = l.fetched_at,
               rejected_code = l.rejected_code, rejected_field = l.rejected_field, rejected_detail = l.rejected_detail,
               work_id = CASE WHEN l.rejected_code = '' THEN s.work_id END,
               became = CASE WHEN l.rejected_code = '' THEN s.became ELSE '' END
          FROM latest l WHERE s.id = l.record_id
        """,
        [list(records), run.pk],
    )
    bulk.run(
        """
        DELETE FROM works_supersededrecord p USING works_sourcerecord s
         WHERE p.record_id = ANY(%s) AND s.id = p.record_id AND s.sha256 = p.sha256
        """,
        [list(records)],
    )


def _delete_works(works: Sequence[int]) -> list[int]:
    """Delete works and what hangs on them; who has lost bylines."""
    if not works:
        return []
    # Marked first: whoever decides on these bylines now has decided then.
    query = "SELECT DISTINCT block_key FROM works_authorship WHERE work_id = ANY(%s) ORDER BY 1"
    events.bylines_changed.send(sender=None, block_keys=[row[0] for row in bulk.fetch(query, [list(works)])])
    query = "SELECT DISTINCT researcher_id FROM works_authorship WHERE work_id = ANY(%s) AND researcher_id IS NOT NULL"
    lost = [row[0] for row in bulk.fetch(query, [list(works)])]
    orcids = held.stated(works)
    bylines = bulk.fetch("SELECT id FROM works_authorship WHERE work_id = ANY(%s)", [list(works)])
    held.forget([row[0] for row in bylines])
    for table in _PARTS:
        bulk.run(f"DELETE FROM {table} WHERE work_id = ANY(%s)", [list(works)])  # noqa: S608 - our own words
    bulk.run("DELETE FROM works_work WHERE id = ANY(%s)", [list(works)])
    held.recheck(orcids)
    return lost


def _merge_again(works: Sequence[int], lost: Sequence[int]) -> None:
    """Bring the works in line with the records that are left, and tell of the researchers who `lost` bylines."""
    drafts = pipeline.drafts_of(works, lambda name: registry.get(name).parse)
    held.recheck(store.write_works(drafts, store.Lookups(), lost=lost))
