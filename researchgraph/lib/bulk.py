"""Bulk reading and writing with PostgreSQL's own means: COPY in, one statement a batch. Knows no model.

All functions use Django's current connection and its open transaction. Values go over in COPY's text form;
JSON columns take already encoded text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection, transaction
from psycopg import sql

ROWS_AT_ONCE: Final = 10_000
LONG: Final = 100
"""Elements from which on it is worth writing a list out ourselves."""


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` into `table`. Fails as a whole on the first bad row. Lists are of texts or of numbers, of one depth."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    # Django gives the errors of its own cursors' methods its own names, but not those of `copy`.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([array(value) if type(value) is list else value for value in row])


def array(values: Sequence[str | float | None]) -> str:
    """A list as PostgreSQL reads it from text. The driver's own way looks up the type of every element, ten times as long."""
    if values and type(values[0]) is str:
        try:
            joined = '","'.join(values)  # type: ignore[arg-type]  # what is no text raises
        except TypeError:
            pass
        else:
            if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
                return f'{{"{joined}"}}'
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: str | float | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def new_ids(table: str, count: int) -> list[int]:
    """Reserve `count` primary keys of `table`, ascending."""
    if not count:
        return []
    # The sequence is looked up once, not for every key.
    query = """
        SELECT array_agg(nextval(of_table.sequence))
          FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) of_table, generate_series(1, %s)
    """
    keys: list[int] = fetch(query, [table, count])[0][0]
    return keys


def _prepared(parameters: Sequence[Any]) -> list[Any]:
    """The parameters of a statement, with long lists of keys or texts as PostgreSQL reads them; their type is the query's."""
    return [
        array(value) if type(value) is list and len(value) >= LONG and type(value[0]) in {str, int} else value
        for value in parameters
    ]


def fetch(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query whose result is known to be of a batch's size."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters if isinstance(parameters, Mapping) else _prepared(parameters))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def stream(query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a query of any size, without holding them all. Inside a transaction only."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def copy_out(query: str) -> bytearray:
    """The rows of a query without parameters, whole, in COPY's binary form: for arrays of millions of numbers."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(sql.SQL(query))
    content = bytearray()
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for block in copy:
            content += block
    return content


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything that is read inside is read as it was at one moment. Within a transaction of the caller's, as that sees it."""
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def run(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Execute a statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters if isinstance(parameters, Mapping) else _prepared(parameters))
        touched: int = cursor.rowcount
        return touched


WRITER_LOCK: Final = 7_031_001


def take_turns() -> None:
    """Wait until nobody else writes works or decides on bylines by hand; both are short. Held until the transaction ends.

    So two imports cannot create one work twice, and a person's decision meets no import half way.
    """
    run("SELECT pg_advisory_xact_lock(%s)", [WRITER_LOCK])


def refresh_statistics(tables: Sequence[str]) -> None:
    """Let the planner look again at those of `tables` that have changed by a tenth since it last did.

    PostgreSQL does so by itself about once a minute; after a first import that is too late for the queries that
    follow at once, and a plan made for an empty table is some thousand times slower.
    """
    run("SELECT pg_stat_force_next_flush()")
    grown = fetch(
        """
        SELECT c.relname FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
         WHERE c.relname = ANY(%s) AND s.n_mod_since_analyze > 500 + greatest(c.reltuples, 0) / 10 ORDER BY 1
        """,
        [list(tables)],
    )
    for (table,) in grown:
        run(f'ANALYZE "{table}"')
