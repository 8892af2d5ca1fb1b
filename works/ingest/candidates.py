"""The few known works worth comparing with a batch of records: one query for identifiers, one for titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from profiles.names import block_key
from researchgraph.lib import bulk
from works.ingest.match import Comparable

MOST_PER_TITLE = 50
"""A title that more works carry than this is generic; comparing further would find nothing."""


class Candidates:
    """Works of the database and of the batch itself, findable by identifier and by title key."""

    def __init__(self) -> None:
        self._works: dict[int, Comparable] = {}
        self._by_identifier: dict[tuple[str, str], int] = {}
        self._by_title: dict[str, list[int]] = {}
        self.joined: dict[int, int] = {}
        """Works as they were before a person joined them to another one, or another one to them, with the one that goes on.

        They have no identifiers; those that stand beside the present work have a key below 0.
        """
        self.apart: set[tuple[int, int]] = set()
        """Pairs of works that a person told apart, the lower key first."""

    def add(self, work: Comparable) -> None:
        """Make a work findable; a work added again under the same id gains keys, never loses any."""
        known = self._works.get(work.work_id)
        if known is None:
            self._by_title.setdefault(work.title_key, []).append(work.work_id)
            self._works[work.work_id] = work
        elif not work.identifiers <= known.identifiers:
            self._works[work.work_id] = Comparable(
                known.work_id,
                known.title_key,
                known.year,
                known.author_keys,
                known.identifiers | work.identifiers,
                known.kind,
            )
        for identifier in work.identifiers:
            self._by_identifier.setdefault(identifier, work.work_id)

    def find(self, record: Comparable) -> list[Comparable]:
        ids = {self._by_identifier[i] for i in record.identifiers if i in self._by_identifier}
        ids.update(self._by_title.get(record.title_key, ())[:MOST_PER_TITLE])
        return [self._works[i] for i in ids]


def load(records: Sequence[Comparable], work_ids: Iterable[int]) -> Candidates:
    """Known works that share an identifier or a title key with any record, and the works named outright."""
    schemes, values = [], []
    for scheme, value in {pair for record in records for pair in record.identifiers}:
        schemes.append(scheme)
        values.append(value)
    rows = bulk.fetch(
        """
        WITH wanted AS (
            SELECT i.work_id FROM works_workidentifier i
              JOIN unnest(%s::text[], %s::text[]) AS k(scheme, value) ON i.scheme = k.scheme AND i.value = k.value
            UNION
            SELECT w.id FROM works_work w JOIN unnest(%s::text[]) AS t(title_key) ON md5(w.title_key) = md5(t.title_key)
             WHERE w.title_key = t.title_key
            UNION
            SELECT unnest(%s::bigint[])
        )
        SELECT w.id, w.title_key, w.year, w.author_keys,
               ARRAY(SELECT i.scheme FROM works_workidentifier i WHERE i.work_id = w.id ORDER BY i.id),
               ARRAY(SELECT i.value FROM works_workidentifier i WHERE i.work_id = w.id ORDER BY i.id), w.type, w.merged_into_id
          FROM wanted JOIN works_work w ON w.id = wanted.work_id WHERE NOT w.undone
         ORDER BY w.id
        """,
        [schemes, values, sorted({r.title_key for r in records}), sorted(set(work_ids))],
    )
    candidates = Candidates()
    for work_id, title_key, year, author_keys, id_schemes, id_values, kind, joined in rows:
        if joined is not None:
            candidates.joined[work_id] = joined
        candidates.add(
            Comparable(
                work_id,
                title_key,
                year,
                tuple(block_key(k) for k in author_keys),
                frozenset(zip(id_schemes, id_values, strict=True)),
                kind,
            ),
        )
    titles = sorted({record.title_key for record in records})
    for key, work_id, title_key, year, author_keys in bulk.fetch(
        """
        SELECT k.id, coalesce(w.merged_into_id, w.id), k.title_key, k.year, k.author_keys
          FROM unnest(%s::text[]) AS t(title_key) JOIN works_knownas k ON md5(k.title_key) = md5(t.title_key)
          JOIN works_work w ON w.id = k.work_id WHERE k.title_key = t.title_key ORDER BY k.id
        """,
        [titles],
    ):
        candidates.joined[-key] = work_id
        blocks = tuple(block_key(one) for one in author_keys)
        candidates.add(Comparable(-key, title_key, year, blocks, frozenset()))
    found = sorted({*candidates.joined.values(), *(row[0] for row in rows)})
    candidates.apart.update(
        bulk.fetch(
            "SELECT work_id, other_id FROM works_workdistinction WHERE work_id = ANY(%s) AND other_id = ANY(%s)",
            [found, found],
        )
    )
    return candidates
