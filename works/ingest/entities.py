"""The only writer of registry entries and episodes: what records that are no works become. A batch at a time.

Runs inside the caller's transaction. Writing the same again changes nothing but what the registry changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from profiles.flows import link_institutions
from profiles.institutions import registry_keys
from researchgraph.lib import bulk
from researchgraph.lib.text import title_key
from works.ingest.match import GENERIC_TITLES
from works.records import ParsedEpisode, ParsedInstitution


class Stated(msgspec.Struct, frozen=True):
    """A record in canonical form with the key of its source record."""

    record: int
    source: str
    parsed: ParsedInstitution | ParsedEpisode


def write(stated: Sequence[Stated]) -> None:
    """Bring what the records became up to date."""
    ordered = sorted(stated, key=lambda one: one.record)
    entries = [_entry(one, one.parsed) for one in ordered if isinstance(one.parsed, ParsedInstitution)]
    episodes = [_episode(one, one.parsed) for one in ordered if isinstance(one.parsed, ParsedEpisode)]
    if entries:
        keys = {key for entry in entries for key in entry["keys"]} | _keys_of([entry["record"] for entry in entries])
        described = _upsert(entries, ENTRIES)
        _look_again(keys)
        rows = bulk.fetch("SELECT id FROM profiles_institution WHERE entry_id = ANY(%s) ORDER BY id", [described])
        link_institutions.tell([row[0] for row in rows])
    if episodes:
        _upsert(episodes, EPISODES)


def forget(records: Sequence[int]) -> None:
    """Take back what these source records became, before they go."""
    _look_again(_keys_of(records))
    bulk.run("DELETE FROM profiles_registryentry WHERE record = ANY(%s)", [list(records)])
    episodes = [row[0] for row in bulk.fetch("SELECT id FROM works_episode WHERE record_id = ANY(%s)", [list(records)])]
    if episodes:
        bulk.run("DELETE FROM works_mediamention WHERE episode_id = ANY(%s)", [episodes])
        bulk.run(
            "DELETE FROM works_review WHERE kind = 'media-match' AND split_part(subject, ':', 1)::bigint = ANY(%s)",
            [episodes],
        )
        bulk.run("DELETE FROM works_episode WHERE id = ANY(%s)", [episodes])


def _entry(one: Stated, known: ParsedInstitution) -> dict[str, Any]:
    ror = next((value for scheme, value in known.identifiers if scheme == "ror"), "")
    scheme, value = known.identifiers[0]
    return {
        "record": one.record,
        "source": one.source,
        "identity": ror or f"{scheme}:{value}",
        "ror": ror,
        "name": known.name,
        "names": known.names,
        "acronyms": known.acronyms,
        "keys": registry_keys((known.name, *known.names), known.country_name),
        "country": known.country,
        "country_name": known.country_name,
        "city": known.city,
        "homepage": known.homepage,
        "kinds": known.kinds,
        "established": known.established,
        "status": known.status,
        "successors": known.successors,
    }


def _episode(one: Stated, known: ParsedEpisode) -> dict[str, Any]:
    keys = dict.fromkeys(key for title in known.titles if (key := title_key(title)) not in GENERIC_TITLES)
    return {
        "record_id": one.record,
        "title": known.title,
        "show": known.show,
        "link": known.link,
        "date": known.date,
        "seconds": known.seconds,
        "identifiers": [f"{scheme}:{value}" for scheme, value in known.identifiers],
        "title_keys": list(keys),
    }


def _upsert(rows: Sequence[dict[str, Any]], statement: str) -> list[int]:
    """The keys of the rows that are new or different."""
    return [row[0] for row in bulk.fetch(statement, [msgspec.json.encode(rows).decode()])]


def _statement(table: str, key: str, columns: dict[str, str]) -> str:
    """Insert rows given as JSON; of known ones, rewrite those that differ."""
    names = ", ".join(columns)
    types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"""
        INSERT INTO {table} AS t ({names}) SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS r({types})
        ON CONFLICT ({key}) DO UPDATE SET ({names}) = ROW({", ".join(f"excluded.{name}" for name in columns)})
         WHERE ({", ".join(f"t.{name}" for name in columns)})
               IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in columns)})
        RETURNING id
    """  # noqa: S608 - our own words


ENTRIES = _statement("profiles_registryentry", "record", {
    "record": "bigint", "source": "text", "identity": "text", "ror": "text", "name": "text", "names": "text[]",
    "acronyms": "text[]", "keys": "text[]", "country": "text", "country_name": "text", "city": "text", "homepage": "text",
    "kinds": "text[]", "established": "smallint", "status": "text", "successors": "jsonb",
})  # fmt: skip
EPISODES = _statement("works_episode", "record_id", {
    "record_id": "bigint", "title": "text", "show": "text", "link": "text", "date": "text", "seconds": "integer",
    "identifiers": "text[]", "title_keys": "text[]",
})  # fmt: skip


def _keys_of(records: Sequence[int]) -> set[str]:
    """The names under which the entries of these records are known now."""
    rows = bulk.fetch("SELECT unnest(keys) FROM profiles_registryentry WHERE record = ANY(%s)", [list(records)])
    return {row[0] for row in rows}


def _look_again(keys: set[str]) -> None:
    """Have institutions of these names decided on again."""
    if keys:
        bulk.run("UPDATE profiles_institution SET link_due = true WHERE key = ANY(%s) AND NOT link_due", [sorted(keys)])
