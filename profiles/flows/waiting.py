"""How long stale name blocks wait while works come in.

The import of a file has an end in sight, and more bylines of the same people are on their way: nothing is decided before.
A harvest of a service may take days, so what it brings rests for `PATIENCE` only: each time the oldest mark is older,
everything stale is decided on. That bounds both what readers wait and how often one name is decided on again.
"""

from __future__ import annotations

from typing import Final

from researchgraph.lib import bulk
from works.models import ImportRun, RunState

PATIENCE: Final = "10 minutes"
"""A block that became stale during a harvest is decided on after this time at the latest, in PostgreSQL's words."""

DUE: Final = f"""
    EXISTS (SELECT FROM profiles_staleblock b
             WHERE b.marked_at < now() - interval '{PATIENCE}'
                OR EXISTS (SELECT FROM works_importrun r WHERE r.state = 'running' AND NOT r.live)
                OR NOT EXISTS (SELECT FROM works_importrun r WHERE r.state = 'running'))
"""  # noqa: S608 - our own words
"""Whether a block is stale that does not rest, as a piece of SQL. Nobody's page is derived before it is decided on."""


def due() -> bool:
    """Whether a block is stale that does not rest."""
    return bool(bulk.fetch(f"SELECT {DUE}")[0][0])


def importing() -> bool:
    """Whether a file is being imported. The end of the run wakes the workers."""
    return ImportRun.objects.filter(state=RunState.RUNNING, live=False).exists()
