"""What a public ORCID record (version 3.0, as JSON) says of a person and their works. Pure.

Everything in it is public; only the name and the identifiers of works are read. A work is `asserted` when an organization
put it there on its own word: anybody can add any work to a record of their own, in a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from researchgraph.lib import identifiers


class OrcidWorks(msgspec.Struct, frozen=True):
    """The names of the record, and the identifiers of its works as (scheme, value)."""

    names: tuple[str, ...] = ()
    asserted: frozenset[tuple[str, str]] = frozenset()
    added: frozenset[tuple[str, str]] = frozenset()


def read(record: object, *, orcid: str) -> OrcidWorks:
    """What the record of this iD says. What has another shape than expected says nothing."""
    if _get(record, "orcid-identifier", "path") not in (orcid, None):
        return OrcidWorks()
    asserted: set[tuple[str, str]] = set()
    added: set[tuple[str, str]] = set()
    for group in _list(_get(record, "activities-summary", "works", "group")):
        for summary in _list(_get(group, "work-summary")):
            (asserted if _by_organization(summary) else added).update(_identifiers(summary))
    return OrcidWorks(tuple(_names(record)), frozenset(asserted), frozenset(added - asserted))


def _names(record: object) -> Iterator[str]:
    given, family = (
        _get(record, "person", "name", part, "value") or "" for part in ("given-names", "family-name")
    )  # fmt: skip
    credit = _get(record, "person", "name", "credit-name", "value")
    for name in (f"{given} {family}".strip(), credit):
        if isinstance(name, str) and name:
            yield name


def _by_organization(summary: object) -> bool:
    """The source is an application, and acted on nobody's word but its own."""
    return (
        bool(_get(summary, "source", "source-client-id", "path"))
        and not _get(summary, "source", "source-orcid", "path")
        and not _get(summary, "source", "assertion-origin-orcid", "path")
    )


def _identifiers(summary: object) -> Iterator[tuple[str, str]]:
    for one in _list(_get(summary, "external-ids", "external-id")):
        scheme, value = _get(one, "external-id-type"), _get(one, "external-id-value")
        if isinstance(scheme, str) and isinstance(value, str) and _get(one, "external-id-relationship") != "part-of":
            pair = identifiers.canonical_pair(scheme, value)
            if pair is not None:
                yield pair


def _get(value: object, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
