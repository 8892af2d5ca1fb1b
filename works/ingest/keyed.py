"""Get-or-create in bulk for the small tables that records name by a key: venues, topics, institutions.

A cache of committed ids lives as long as one import run; ids made in a transaction that later rolls back
never enter it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from researchgraph.lib import bulk

CACHED = 100_000


class KeyedTable:
    """Ids of `table` by its unique `key` columns; missing rows are inserted in key order (no deadlocks)."""

    def __init__(self, table: str, key: Sequence[str], columns: Sequence[str]) -> None:
        self.table = table
        self.columns = list(columns)
        self.key = list(key)
        self._known: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def ids(self, rows: dict[tuple[str, ...], Callable[[], Sequence[Any]]]) -> dict[tuple[str, ...], int]:
        """The id of every key in `rows`; the value of a key builds the row to insert if there is none."""
        found = {key: self._known[key] for key in rows if key in self._known}
        missing = sorted(key for key in rows if key not in found)
        if missing:
            self._select(missing, found)
            absent = [key for key in missing if key not in found]
            if absent:
                self._insert([rows[key]() for key in absent])
                self._select(absent, found)
            fresh = {key: found[key] for key in missing}
            transaction.on_commit(lambda: self._remember(fresh))
        return found

    def _remember(self, fresh: dict[tuple[str, ...], int]) -> None:
        self._known.update(fresh)
        while len(self._known) > CACHED:
            self._known.popitem(last=False)

    def _select(self, keys: Sequence[tuple[str, ...]], found: dict[tuple[str, ...], int]) -> None:
        names = ", ".join(f"t.{name}" for name in self.key)
        arrays = ", ".join(["%s::text[]"] * len(self.key))
        wanted = ", ".join(self.key)
        on = " AND ".join(f"t.{name} = k.{name}" for name in self.key)
        columns = [list(column) for column in zip(*keys, strict=True)]
        query = f"SELECT t.id, {names} FROM {self.table} t JOIN unnest({arrays}) AS k({wanted}) ON {on}"  # noqa: S608 - names are ours
        for row in bulk.fetch(query, columns):
            found[tuple(row[1:])] = row[0]

    def _insert(self, rows: Sequence[Sequence[Any]]) -> None:
        arrays = ", ".join(["%s::text[]"] * len(self.columns))
        columns = [list(column) for column in zip(*rows, strict=True)]
        bulk.run(
            f"INSERT INTO {self.table} ({', '.join(self.columns)}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING",  # noqa: S608 - names are ours
            columns,
        )
