"""Read numbers out of the database as arrays: the rows of a query, or a whole table."""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from researchgraph.lib import bulk

KEY: Final = ">i8"
INTEGER: Final = ">i4"
YEAR: Final = ">i2"
WEIGHT: Final = ">f8"
"""Types of columns as PostgreSQL sends them: bigint, integer, smallint, double precision."""

_HEAD: Final = 19
"""Bytes before the first row: signature, flags, and the length of an extension that there is none of."""
_END: Final = 2
"""Bytes behind the last row."""
_LENGTH: Final = 4
"""Bytes before each value: its length."""
_ARRAY: Final = struct.Struct(">5i")
"""What an array begins with: dimensions, whether a value is null, the type, how many values, the number of the first."""
_BLOCKS_AT_ONCE: Final = 64
_NO_BLOCK: Final = 4_294_967_295
"""Behind the last block that a table can have."""
_BY_BLOCKS: Final = """
    WITH size AS MATERIALIZED (SELECT pg_relation_size('{table}') / current_setting('block_size')::int AS blocks)
    SELECT {columns} FROM size CROSS JOIN generate_series(0, blocks, {step}) AS first
     CROSS JOIN LATERAL (
            SELECT {arrays} FROM {table}
             WHERE ctid >= format('(%s,0)', first)::tid
               AND ctid < format('(%s,0)', CASE WHEN first + {step} > blocks THEN {last} ELSE first + {step} END)::tid
           ) part
     WHERE part.{one} IS NOT NULL
"""


def load(query: str, **columns: str) -> npt.NDArray[Any]:
    """The rows of a query without parameters, with a field for each column; none of them may be null.

    In COPY's binary form every row is then of one length: the number of columns, and a length before each value.
    """
    parts = [("_", ">i2")]
    for name, kind in columns.items():
        parts += [(f"_{name}", ">i4"), (name, kind)]
    row = np.dtype(parts)
    content = bulk.copy_out(query)
    return np.frombuffer(content, dtype=row, offset=_HEAD, count=(len(content) - _HEAD - _END) // row.itemsize)


def table(name: str, **columns: str) -> dict[str, npt.NDArray[Any]]:
    """These columns of all rows of a table, in the order of storage; none of them may be null, or ValueError is raised.

    The driver takes a microsecond for every row it is sent, most of the time that a table of numbers needs. So a row is
    sent for as many blocks of the table, with an array for each column.
    """
    query = _BY_BLOCKS.format(
        table=name, step=_BLOCKS_AT_ONCE, last=_NO_BLOCK, columns=", ".join(columns), one=next(iter(columns)),
        arrays=", ".join(f"array_agg({column}) AS {column}" for column in columns),
    )  # fmt: skip
    content = memoryview(bulk.copy_out(query))
    found: dict[str, list[npt.NDArray[Any]]] = {column: [np.zeros(0, dtype=kind)] for column, kind in columns.items()}
    place = _HEAD
    while place < len(content) - _END:
        place += 2
        for column, kind in columns.items():
            (size,) = struct.unpack_from(">i", content, place)
            place += _LENGTH
            found[column].append(_values(content[place : place + size], kind, column))
            place += size
    return {column: np.concatenate(parts) for column, parts in found.items()}


def _values(array: memoryview, kind: str, column: str) -> npt.NDArray[Any]:
    """What an array holds; each of its values comes after its length."""
    _dimensions, nulls, _type, count, _first = _ARRAY.unpack_from(array)
    if nulls:
        raise ValueError(f"{column} is null in some row.")
    return np.frombuffer(array, dtype=[("length", ">i4"), ("value", kind)], offset=_ARRAY.size, count=count)["value"]
