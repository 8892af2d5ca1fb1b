"""Which entry of a registry of organizations an institution named on bylines is: one, none, or unknown. Pure.

A name links only if it is the name of exactly one organization, in the country the bylines print if they print one.
Short forms never link: too many organizations share them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from profiles.institutions import country_of
from researchgraph.lib.evidence import Evidence

MOST: Final = 2 / 3
"""Share of the spellings naming a country that must name the same one, for the country to be known."""


class Entry(msgspec.Struct, frozen=True):
    """A registry entry that carries the institution's name. `identity` is equal for entries of one organization."""

    id: int
    identity: str
    source: str
    ror: str
    name: str
    country: str
    status: str


class Link(msgspec.Struct, frozen=True):
    """What the rule found. `entry` is set exactly for "same"."""

    outcome: Literal["none", "same", "unknown"]
    entry: Entry | None = None
    evidence: tuple[Evidence, ...] = ()


def country(spellings: Iterable[str]) -> str:
    """The country the spellings of one institution print; "" if none does or they do not agree."""
    counts = Counter(code for text in spellings if (code := country_of(text)))
    if not counts:
        return ""
    code, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return code if most >= MOST * counts.total() else ""


def link(entries: Sequence[Entry], printed: str) -> Link:
    """Decide for one institution. `entries` carry its name, in any order; `printed` is the country, "" if unknown."""
    organizations: dict[str, Entry] = {}
    # ROR's own entry speaks before those of registries that copy from it; withdrawn ones were mistakes.
    for entry in sorted(entries, key=lambda e: (e.source != "ror", e.source, e.id)):
        if entry.status != "withdrawn":
            organizations.setdefault(entry.identity, entry)
    known = list(organizations.values())
    if not known:
        return Link("none")
    fitting = [entry for entry in known if not printed or entry.country in ("", printed)]
    if len(fitting) == 1:
        (only,) = fitting
        evidence = [Evidence("registry-name", only.name, 1.0)]
        if printed and only.country:
            evidence.append(Evidence("registry-country", only.country, 1.0))
        return Link("same", only, tuple(evidence))
    if not fitting and len(known) == 1:
        return Link("unknown", None, (Evidence("registry-elsewhere", f"{known[0].name} ({known[0].country})"),))
    return Link("unknown", None, (Evidence("registry-several", str(len(fitting or known))),))
