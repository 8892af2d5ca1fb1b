"""What was held back and why: groups by reason, the records of one, and a single one with its bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, paging

HELD_A_PAGE: Final = 50
SHOWN: Final = 64 * 1024
"""Bytes of a record shown on its page; the whole is a download."""
PATH: Final = "/imports/held/"
NOT_READABLE: Final = frozenset({"duplicate-id", "unreadable", "kills-worker"})
"""Reasons for which nothing is read again on a page: another record has the id, there were no whole bytes to begin with,
or workers died of it. An import reads the last kind again, as carefully as before."""

_OPEN = "rejected_code <> '' AND dismissed_at IS NULL"


class Group(msgspec.Struct, frozen=True):
    """Records of one source held back for one reason, with an example of what is wrong."""

    source: str
    code: str
    example: str
    records: int
    newest: datetime

    @property
    def href(self) -> str:
        """The address of its list."""
        return f"{PATH}?{urlencode({'source': self.source, 'code': self.code})}"


class Held(msgspec.Struct, frozen=True):
    """One held-back record."""

    id: int
    source: str
    key: str
    origin: str
    code: str
    field: str
    detail: str
    fetched_at: datetime
    size: int
    run: str

    @property
    def href(self) -> str:
        """The address of its page."""
        return f"{PATH}{self.id}/"

    @property
    def readable(self) -> bool:
        """Whether reading it again can come to anything."""
        return self.code not in NOT_READABLE


class Quarantine(msgspec.Struct, frozen=True):
    """All groups, and the records of the one that was asked for; `source` and `code` are "" for none."""

    groups: list[Group]
    source: str
    code: str
    held: list[Held]
    paging: Paging

    @property
    def total(self) -> int:
        """How many records are held back and not dismissed."""
        return sum(group.records for group in self.groups)


class HeldPage(msgspec.Struct, frozen=True):
    """One record with the beginning of its bytes as text; `cut` if there are more."""

    record: Held
    text: str
    cut: bool


_HELD = """
    SELECT s.id, s.source, s.key, s.origin, s.rejected_code, s.rejected_field, s.rejected_detail, s.fetched_at,
           octet_length(s.payload), coalesce(r.public_id, '')
"""
_FROM = " FROM works_sourcerecord s LEFT JOIN works_importrun r ON r.id = s.run_id"


def quarantine(*, source: str, code: str, page: int) -> Quarantine:
    """The groups, the largest first, and a page of one of them. Two queries."""
    groups = [
        Group(*row)
        for row in bulk.fetch(
            f"""
            SELECT source, rejected_code, min(rejected_detail), count(*), max(fetched_at) FROM works_sourcerecord
             WHERE {_OPEN} GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2
            """  # noqa: S608 - our own words
        )
    ]
    total = sum(group.records for group in groups if (group.source, group.code) == (source, code))
    window = paging(
        page=page, size=HELD_A_PAGE, total=total, path=PATH, parameters=(("source", source), ("code", code))
    )  # fmt: skip
    held = (
        bulk.fetch(
            f"{_HELD}{_FROM} WHERE s.source = %s AND s.rejected_code = %s AND s.dismissed_at IS NULL"
            " ORDER BY s.id LIMIT %s OFFSET %s",
            [source, code, window.size, window.offset],
        )
        if total
        else []
    )
    return Quarantine(groups, source, code, [Held(*row) for row in held], window)


def held_page(record: int) -> HeldPage | None:
    """One held-back record, dismissed or not; None if there is none, or it is held back no more."""
    rows = bulk.fetch(
        f"{_HELD}, substring(s.payload FROM 1 FOR %s){_FROM} WHERE s.id = %s AND s.rejected_code <> ''",
        [SHOWN, record],
    )
    if not rows:
        return None
    *facts, head = rows[0]
    found = Held(*facts)
    return HeldPage(found, bytes(head).decode("utf-8", "replace"), cut=found.size > SHOWN)


def payload(record: int) -> bytes | None:
    """All bytes of a held-back record."""
    rows = bulk.fetch("SELECT payload FROM works_sourcerecord WHERE id = %s AND rejected_code <> ''", [record])
    return bytes(rows[0][0]) if rows else None


def ids(*, source: str, code: str) -> list[int]:
    """The keys of a group."""
    query = f"SELECT id FROM works_sourcerecord WHERE source = %s AND rejected_code = %s AND {_OPEN} ORDER BY id"  # noqa: S608 - our own words
    return [row[0] for row in bulk.fetch(query, [source, code])]


def exported(*, source: str, code: str) -> Iterator[bytes]:
    """The records of a group as JSON lines: where from, what is wrong, and the bytes, as text where they are text."""
    last = 0
    while rows := bulk.fetch(
        f"""
        SELECT id, key, origin, rejected_code, rejected_field, rejected_detail, payload FROM works_sourcerecord
         WHERE source = %s AND rejected_code = %s AND {_OPEN} AND id > %s ORDER BY id LIMIT 100
        """,  # noqa: S608 - our own words
        [source, code, last],
    ):
        for record, key, origin, reason, field, detail, content in rows:
            line = {"source": source, "key": key, "origin": origin, "code": reason, "field": field, "detail": detail}
            yield msgspec.json.encode({**line, **_as_text(bytes(content))}) + b"\n"
            last = record


def _as_text(content: bytes) -> dict[str, str]:
    try:
        return {"payload": content.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(content).decode()}
