"""Read whole tables out of the database as arrays of numbers."""

from __future__ import annotations

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
