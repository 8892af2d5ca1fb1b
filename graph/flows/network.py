"""What receipts take from the records of others: trust over co-authorship, and ORCID iDs on two records. Writes `Surroundings`.

Computed whole, in arrays, when pairs, ORCID iDs, verified records or the weights have changed; whom it makes a difference
to is marked, and gets a new receipt by the usual recomputation, which changes none of these. So it comes to an end.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import numpy as np
from django.conf import settings
from django.db import transaction

from graph import trust_model
from graph.adjacency import Integers
from graph.flows import arrays, pairs
from graph.trust_flow import received
from profiles.levels import VERIFIED
from researchgraph import events
from researchgraph.lib import bulk

LOCK: Final = 7_031_005
VERIFIED_MORE: Final = "a co-author's record was verified"
VERIFIED_LESS: Final = "a co-author's record is not verified any more"
OTHERWISE: Final = "ties with verified authors have changed"
SHARED: Final = "ORCID iDs on this record and others have changed"

_SHARED: Final = """
    SELECT researcher_id, count(*) FROM profiles_researcheridentifier
     WHERE scheme = 'orcid' AND value IN (SELECT value FROM profiles_researcheridentifier WHERE scheme = 'orcid'
                                           GROUP BY value HAVING count(*) > 1)
     GROUP BY 1
"""


class Row(NamedTuple):
    """As in `Surroundings`."""

    verified: int
    given: int
    carried: int
    shared: int


COLUMNS: Final = Row._fields


class Rows(NamedTuple):
    """Rows of many researchers: their keys, ascending, and a line of `COLUMNS` for each."""

    keys: Integers
    columns: Integers

    def of(self, keys: Integers) -> Integers:
        """The lines of these keys, which hold all of ours; zeros where there is no row."""
        lines = np.zeros((len(keys), len(COLUMNS)), dtype=np.int64)
        lines[np.searchsorted(keys, self.keys)] = self.columns
        return lines


def waiting() -> bool:
    """Whether something has changed since the rows were computed."""
    marked = bool(bulk.fetch("SELECT FROM graph_stalesurroundings LIMIT 1"))
    return marked or _stamp(_verified(), _rule()) != _known()


@transaction.atomic
def refresh() -> int:
    """Compute all rows if something has changed; to how many researchers that makes a difference. 0 while another worker does."""
    if not bulk.fetch("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])[0][0]:
        return 0
    # Read before anything else: what is marked after this is computed with once more.
    marks = [row[0] for row in bulk.fetch("SELECT id FROM graph_stalesurroundings")]
    verified, rule = _verified(), _rule()
    stamp, known = _stamp(verified, rule), _known()
    if not marks and stamp == known:
        return 0
    bulk.run("DELETE FROM graph_stalesurroundings WHERE id = ANY(%s)", [marks])
    if stamp != known:
        bulk.run("DELETE FROM graph_surroundingsstate")
        bulk.copy_rows("graph_surroundingsstate", ("stamp",), [(stamp,)] if stamp else [])
    return _replace(_computed(verified, rule))


def _rule() -> trust_model.Network:
    return trust_model.load(settings.TRUST_MODEL_FILE).weights.network


def _verified() -> list[int]:
    return [row[0] for row in bulk.fetch(f"{VERIFIED} ORDER BY id")]


def _stamp(verified: list[int], rule: trust_model.Network) -> str:
    """What names the outcome of the same pairs; "" where nobody is verified, as in a library that was never computed."""
    return hashlib.sha256(repr((verified, rule.carry, rule.shared_by)).encode()).hexdigest() if verified else ""


def _known() -> str:
    return next((row[0] for row in bulk.fetch("SELECT stamp FROM graph_surroundingsstate")), "")


def _computed(verified: list[int], rule: trust_model.Network) -> Rows:
    """The rows as they should be."""
    shared = np.array(bulk.fetch(_SHARED), dtype=np.int64).reshape(-1, 2)
    found = [np.zeros(0, dtype=np.int64)] * 4
    if verified:
        seeds = np.array(verified, dtype=np.int64)
        found = [*received(pairs.load(), seeds, carry=rule.carry, shared_by=rule.shared_by)]
    keys = np.union1d(found[0], shared[:, 0])
    columns = np.zeros((len(keys), len(COLUMNS)), dtype=np.int64)
    for place, column in enumerate(found[1:]):
        columns[np.searchsorted(keys, found[0]), place] = column
    columns[np.searchsorted(keys, shared[:, 0]), -1] = shared[:, 1]
    return Rows(keys, columns)


def _stored() -> Rows:
    """The rows as they are."""
    rows = arrays.table("graph_surroundings", researcher_id=arrays.KEY, **dict.fromkeys(COLUMNS, arrays.INTEGER))
    order = np.argsort(rows["researcher_id"])
    columns = np.column_stack([rows[name][order] for name in COLUMNS])
    return Rows(rows["researcher_id"][order].astype(np.int64), columns.astype(np.int64))


def _replace(after: Rows) -> int:
    """Write the rows that differ, and mark whom they are about, each with what has changed."""
    before = _stored()
    keys = np.union1d(before.keys, after.keys)
    old, new = before.of(keys), after.of(keys)
    different = (old != new).any(axis=1)
    keys, old, new = keys[different], old[different], new[different]
    causes: dict[str, list[int]] = {}
    for key, *both in zip(keys.tolist(), old.tolist(), new.tolist(), strict=True):
        causes.setdefault(_cause(*(Row(*columns) for columns in both)), []).append(key)
    some = new.any(axis=1)
    bulk.run("DELETE FROM graph_surroundings WHERE researcher_id = ANY(%s)", [keys.tolist()])
    bulk.copy_rows("graph_surroundings", ("researcher_id", *COLUMNS), np.column_stack((keys[some], new[some])).tolist())
    for cause, concerned in sorted(causes.items()):
        events.researchers_changed.send(sender=None, researcher_ids=concerned, cause=cause)
    return len(keys)


def _cause(old: Row, new: Row) -> str:
    """What a new receipt says it is for."""
    if new.shared != old.shared:
        return SHARED
    if new.verified != old.verified:
        return VERIFIED_MORE if new.verified > old.verified else VERIFIED_LESS
    return OTHERWISE
