"""What people corrected on works, and merging with it: the one way from records to a work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from django.conf import settings

from researchgraph.lib import bulk
from works.ingest import precedence
from works.ingest.merge import Correction, MergedWork, SourcedRecord, merged


def merger(known: Sequence[int]) -> Callable[[int, Sequence[SourcedRecord]], MergedWork]:
    """Merges records of a work as this site believes its sources, with the corrections in force of the `known` works."""
    corrections, believed = in_force(known), _believed(settings.MERGE_PRECEDENCE)
    return lambda work_id, records: merged(records, corrections.get(work_id, ()), believed)


def in_force(work_ids: Sequence[int]) -> dict[int, list[Correction]]:
    """The corrections that hold, by work: of each field and origin the newest that is not undone.

    Those of a work that joined another hold for that one.
    """
    found: dict[int, list[Correction]] = {}
    if not work_ids:
        return found
    for work_id, *facts in bulk.fetch(
        """
        SELECT DISTINCT ON (1, 2, 4) coalesce(w.merged_into_id, w.id), c.field, c.value, c.origin
          FROM works_workcorrection c JOIN works_work w ON w.id = c.work_id
         WHERE c.undone_at IS NULL AND NOT w.undone AND (w.id = ANY(%s) OR w.merged_into_id = ANY(%s)) ORDER BY 1, 2, 4, c.id DESC
        """,
        [list(work_ids), list(work_ids)],
    ):
        found.setdefault(work_id, []).append(Correction(*facts))
    return found


@cache
def _believed(text: str) -> precedence.Precedence:
    return precedence.read(text)
