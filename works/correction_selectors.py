"""One work for who corrects it: each field with what the sources say, and what was corrected so far."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.decision_models import CorrectionOrigin
from works.ingest.merge import ORIGINS, Alternative
from works.row_selectors import TYPE_LABELS
from works.selectors import FIELD_LABELS

CORRECTED: Final = ("title", "type", "year", "date", "venue", "license", "code_url", "site_url", "pdf_url")
"""Fields people may correct. Who the authors are has a ledger of its own."""
NEVER_EMPTY: Final = frozenset({"title", "type"})


class Choice(msgspec.Struct, frozen=True):
    """A value and who says so: names of sources, or of people's origins."""

    value: str
    label: str
    sources: tuple[str, ...]


class Field(msgspec.Struct, frozen=True):
    """One field: its value now, whose it is, and what others say."""

    name: str
    label: str
    now: Choice
    others: tuple[Choice, ...]

    @property
    def corrected(self) -> bool:
        """Whether a person gave the present value."""
        return bool(set(self.now.sources) & set(ORIGINS))

    @property
    def may_be_empty(self) -> bool:
        """Whether "no value" can be chosen in place of the present one."""
        return self.name not in NEVER_EMPTY and bool(self.now.value)


class Made(msgspec.Struct, frozen=True):
    """A correction, in force or not."""

    id: int
    label: str
    value: str
    by: str
    who: str
    reason: str
    created_at: datetime
    undone_at: datetime | None


class CorrectionPage(msgspec.Struct, frozen=True):
    """The form's content. `seen` is the newest correction there is, to notice another one by."""

    id: int
    href: str
    path: str
    title: str
    fields: list[Field]
    made: list[Made]

    @property
    def seen(self) -> int:
        """The key of the newest correction, 0 for none."""
        return self.made[0].id if self.made else 0


_alternatives = msgspec.json.Decoder(dict[str, list[Alternative]]).decode
_provenance = msgspec.json.Decoder(dict[str, str]).decode


def correction_page(public_id: str) -> CorrectionPage | None:
    """The page of one work, None if there is none or it has joined another. Two queries."""
    rows = bulk.fetch(
        """
        SELECT w.id, w.slug, w.provenance::text, w.alternatives::text, w.title, w.type, coalesce(w.year::text, ''), w.date,
               coalesce(v.name, ''), w.license, w.code_url, w.site_url, w.pdf_url
          FROM works_work w LEFT JOIN works_venue v ON v.id = w.venue_id
         WHERE w.public_id = %s AND w.merged_into_id IS NULL
        """,
        [public_id],
    )
    if not rows:
        return None
    work_id, slug, provenance, alternatives, *values = rows[0]
    whose, differing = _provenance(provenance), _alternatives(alternatives)
    fields = [
        _field(name, value, whose.get(name, ""), differing.get(name, []))
        for name, value in zip(CORRECTED, values, strict=True)
    ]
    return CorrectionPage(
        work_id, address("works", public_id, slug), f"/curate/work/{public_id}/", values[0], fields, _made(work_id)
    )


def _field(name: str, value: str, source: str, differing: list[Alternative]) -> Field:
    said: dict[str, list[str]] = {}
    for other in differing:
        said.setdefault(other.value, []).append(other.source)
    return Field(
        name,
        FIELD_LABELS[name],
        Choice(value, _label(name, value), (source,) if source else ()),
        tuple(Choice(other, _label(name, other), tuple(sources)) for other, sources in said.items()),
    )


def _label(name: str, value: str) -> str:
    return TYPE_LABELS.get(value, value) if name == "type" else value


def _made(work_id: int) -> list[Made]:
    rows = bulk.fetch(
        """
        SELECT c.id, c.field, c.value, c.origin, coalesce(u.username, ''), c.reason, c.created_at, c.undone_at
          FROM works_workcorrection c LEFT JOIN auth_user u ON u.id = c.actor_id WHERE c.work_id = %s ORDER BY c.id DESC
        """,
        [work_id],
    )
    return [
        Made(key, FIELD_LABELS[field], _label(field, value), str(CorrectionOrigin(origin).label), *rest)
        for key, field, value, origin, *rest in rows
    ]
