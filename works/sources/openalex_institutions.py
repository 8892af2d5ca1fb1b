"""Institutions as OpenAlex prints them: most of what it knows of them is ROR's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from researchgraph.errors import RecordRejected
from researchgraph.lib import identifiers
from works.records import ParsedInstitution
from works.sources import documents


class _Geo(msgspec.Struct, gc=False):
    city: str | None = None
    country: str | None = None
    country_code: str | None = None


class _International(msgspec.Struct, gc=False):
    display_name: dict[str, Any] | None = None


class _Institution(msgspec.Struct, gc=False):
    id: str
    display_name: str | None = None
    ror: str | None = None
    country_code: str | None = None
    type: str | None = None
    homepage_url: str | None = None
    display_name_alternatives: list[str | None] | None = None
    display_name_acronyms: list[str | None] | None = None
    geo: _Geo | None = None
    international: _International | None = None


class _Glance(msgspec.Struct, gc=False):
    id: str = ""


_DECODER = msgspec.json.Decoder(_Institution)
_GLANCER = msgspec.json.Decoder(_Glance)


def is_one(key: str, payload: bytes) -> bool:
    """Whether the record is one of an institution: its key says so, or what it calls itself where there is none."""
    if key:
        return key.startswith("I")
    glance = documents.glance(payload, _GLANCER)
    return glance is not None and (identifiers.canonical("openalex", glance.id) or "").startswith("I")


def parse(payload: bytes) -> ParsedInstitution:
    """The institution. Raises RecordRejected."""
    stated = documents.decode(payload, _DECODER)
    known = identifiers.canonical("openalex", stated.id)
    if known is None or not known.startswith("I"):
        raise RecordRejected("openalex-id-invalid", f"{stated.id[:200]!r} is no identifier of an institution.", "id")
    if not stated.display_name:
        raise RecordRejected("name-missing", "The institution has no name.", "display_name")
    geo = stated.geo or _Geo()
    return ParsedInstitution(
        name=stated.display_name,
        identifiers=(("openalex", known), *((("ror", stated.ror),) if stated.ror else ())),
        names=tuple(_names(stated)),
        acronyms=tuple(name for name in stated.display_name_acronyms or () if name),
        country=stated.country_code or geo.country_code or "",
        country_name=geo.country or "",
        city=geo.city or "",
        homepage=stated.homepage_url or "",
        kinds=(stated.type,) if stated.type else (),
    )


def _names(stated: _Institution) -> Iterator[str]:
    yield from (name for name in stated.display_name_alternatives or () if name)
    translated = stated.international.display_name if stated.international else None
    # Translations come from Wikidata, which calls some by more than one name.
    yield from (name for name in (translated or {}).values() if isinstance(name, str) and name)
