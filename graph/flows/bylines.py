"""Read all bylines that make pairs out of the database: as arrays, or into a file for another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from django.db import connection
from psycopg import sql

from graph.algorithms import HYPER_AUTHORSHIP
from graph.flows import arrays
from graph.projection import Bylines

_QUERY: Final = f"""
    SELECT a.work_id AS work, a.researcher_id AS researcher, w.author_count AS authors,
           w.authors_truncated::int AS truncated, coalesce(w.year, 0::smallint) AS year
      FROM works_authorship a JOIN works_work w ON w.id = a.work_id JOIN profiles_researcher r ON r.id = a.researcher_id
     WHERE r.removed_at IS NULL AND w.author_count <= {HYPER_AUTHORSHIP}
"""  # noqa: S608 - a constant


def load() -> Bylines:
    """Every byline, in the order of storage."""
    rows = arrays.load(
        _QUERY,
        work=arrays.KEY, researcher=arrays.KEY, authors=arrays.INTEGER, truncated=arrays.INTEGER, year=arrays.YEAR,
    )  # fmt: skip
    return Bylines(*(rows[name].astype(np.int64) for name in Bylines._fields))


def export(path: Path) -> None:
    """Write every byline into a file of comma-separated values, with the names of the columns in its first line."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT CSV, HEADER)").format(sql.SQL(_QUERY))
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            file.write(block)
