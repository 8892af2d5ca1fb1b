"""What was held back and why: groups by reason, the records of one, and a single one with its bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup

from researchgraph.lib import bulk, identifiers
from researchgraph.lib.links import safe_url
from researchgraph.lib.paging import Paging, paging
from works.ingest.doubted import DISMISSED
from works.row_selectors import markup

HELD_A_PAGE: Final = 50
DECIDED_SHOWN: Final = 50
"""The latest decisions about identifiers; older ones are in the histories of their works."""
SHOWN: Final = 64 * 1024
"""Bytes of a record shown on its page; the whole is a download."""
PATH: Final = "/imports/held/"
IDENTIFIERS_PATH: Final = "/imports/held/identifiers/"
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


class Stated(msgspec.Struct, frozen=True):
    """An identifier that sources state of a byline; `byline` is its key."""

    scheme: str
    value: str
    byline: int
    name: str
    work_id: str
    title: str
    title_html: str

    @property
    def heading(self) -> Markup:
        """The title of the work as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def label(self) -> str:
        """What people call the scheme."""
        return identifiers.label(self.scheme)

    @property
    def link(self) -> str:
        """Where the identifier resolves."""
        return safe_url(identifiers.url(self.scheme, self.value))


class HeldIdentifier(msgspec.Struct, frozen=True):
    """An identifier that a byline goes without, and why."""

    stated: Stated
    code: str
    detail: str


class DecidedIdentifier(msgspec.Struct, frozen=True):
    """What a curator found of an identifier. The byline's name is "" if no source prints it any more."""

    stated: Stated
    event: int
    accepted: bool
    who: str
    reason: str
    happened_at: datetime


class HeldIdentifiers(msgspec.Struct, frozen=True):
    """How many wait by reason, and a page of them; `code` is "" for all reasons. `decided` are the latest decisions in force."""

    codes: list[tuple[str, int]]
    code: str
    held: list[HeldIdentifier]
    decided: list[DecidedIdentifier]
    paging: Paging

    @property
    def total(self) -> int:
        """How many are held back for any reason, without those that were dismissed."""
        return sum(count for _, count in self.codes)


class Quarantine(msgspec.Struct, frozen=True):
    """All groups, and the records of the one that was asked for; `source` and `code` are "" for none.

    `identifiers` is how many identifiers of bylines are held back, which belong to works that are published.
    """

    identifiers: int
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
    """The groups, the largest first, and a page of one of them. Three queries."""
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
    doubted = bulk.fetch("SELECT count(*) FROM works_heldidentifier WHERE code <> %s", [DISMISSED])[0][0]
    return Quarantine(doubted, groups, source, code, [Held(*row) for row in held], window)


def held_identifiers(*, code: str, page: int) -> HeldIdentifiers:
    """The identifiers that are held back for this reason, or for any, and what was decided last. Three queries."""
    codes = bulk.fetch(
        "SELECT code, count(*) FROM works_heldidentifier WHERE code <> %s GROUP BY 1 ORDER BY 2 DESC, 1", [DISMISSED]
    )
    total = sum(count for known, count in codes if code in {"", known})
    parameters = (("code", code),) if code else ()
    window = paging(page=page, size=HELD_A_PAGE, total=total, path=IDENTIFIERS_PATH, parameters=parameters)
    rows = bulk.fetch(
        """
        SELECT h.scheme, h.value, a.id, a.raw_name, w.public_id, w.title, w.title_html, h.code, h.detail
          FROM works_heldidentifier h JOIN works_authorship a ON a.id = h.authorship_id JOIN works_work w ON w.id = a.work_id
         WHERE %(code)s IN ('', h.code) AND h.code <> %(dismissed)s
         ORDER BY h.value, w.id, a.position LIMIT %(size)s OFFSET %(offset)s
        """,
        {"code": code, "dismissed": DISMISSED, "size": window.size, "offset": window.offset},
    )
    held = [HeldIdentifier(Stated(*row[:7]), *row[7:]) for row in rows]
    return HeldIdentifiers([(known, count) for known, count in codes], code, held, _decided(), window)


def _decided() -> list[DecidedIdentifier]:
    rows = bulk.fetch(
        """
        SELECT split_part(e.identifier, ':', 1), substr(e.identifier, strpos(e.identifier, ':') + 1), e.byline,
               coalesce(a.raw_name, ''), coalesce(n.public_id, w.public_id), coalesce(n.title, w.title),
               coalesce(n.title_html, w.title_html), e.id, e.kind = 'identifier:accepted', u.username, e.reason, e.happened_at
          FROM works_workevent e JOIN auth_user u ON u.id = e.actor_id JOIN works_work w ON w.id = e.work_id
          LEFT JOIN works_carriedbyline c ON c.byline = e.byline
          LEFT JOIN works_authorship a ON a.id = coalesce(c.carrier, e.byline)
          LEFT JOIN works_work n ON n.id = a.work_id
         WHERE e.identifier <> '' AND NOT EXISTS (SELECT FROM works_workevent o WHERE o.undoes_id = e.id)
         ORDER BY e.id DESC LIMIT %s
        """,
        [DECIDED_SHOWN],
    )
    return [DecidedIdentifier(Stated(*row[:7]), *row[7:]) for row in rows]


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


def ids_of_run(run: int) -> list[int]:
    """The keys of what one run brought that is held back, was not dismissed, and can be read again."""
    query = (
        f"SELECT id FROM works_sourcerecord WHERE run_id = %s AND {_OPEN} AND NOT rejected_code = ANY(%s) ORDER BY id"  # noqa: S608 - our own words
    )
    return [row[0] for row in bulk.fetch(query, [run, sorted(NOT_READABLE)])]


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
