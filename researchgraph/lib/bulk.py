"""Bulk reading and writing with PostgreSQL's own means: COPY in, one statement a batch. Knows no model.

All functions use Django's current connection and its open transaction. Values go over in COPY's text form;
JSON columns take already encoded text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from psycopg import sql


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` into `table`. Fails as a whole on the first bad row."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def new_ids(table: str, count: int) -> list[int]:
    """Reserve `count` primary keys of `table`, ascending."""
    if not count:
        return []
    return [
        row[0]
        for row in fetch(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
    ]


def fetch(query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query whose result is known to be of a batch's size."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def run(query: str, parameters: Sequence[Any] = ()) -> int:
    """Execute a statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        touched: int = cursor.rowcount
        return touched


def in_batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
