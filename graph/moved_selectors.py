"""Where records have gone that were joined with others, and which were taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from graph.exploring import PERSON, WORK, Ref
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Moved(msgspec.Struct, frozen=True):
    """What has become of an entity: it goes on as `to` since then, or, where that is None, was taken down."""

    to: Ref | None
    since: datetime | None


_MOVED: Final = """
    SELECT 'person', r.public_id, CASE WHEN r.removed_at IS NULL THEN m.public_id END, r.merged_at
      FROM profiles_researcher r LEFT JOIN profiles_researcher m ON m.id = r.merged_into_id
     WHERE r.public_id = ANY(%(person)s::text[]) AND (r.merged_into_id IS NOT NULL OR r.removed_at IS NOT NULL)
    UNION ALL
    SELECT 'work', w.public_id, m.public_id, w.merged_at FROM works_work w JOIN works_work m ON m.id = w.merged_into_id
     WHERE w.public_id = ANY(%(work)s::text[])
"""


def moved(refs: Sequence[Ref]) -> dict[Ref, Moved]:
    """Those of the entities that are no longer where they were. One query."""
    asked = {kind: [one.public_id for one in refs if one.kind == kind] for kind in (PERSON, WORK)}
    return {
        Ref(kind, public_id): Moved(Ref(kind, to) if to else None, since)
        for kind, public_id, to, since in bulk.fetch(_MOVED, asked)
    }
