"""What researchers are called and where they are found: new records, their addresses, and names as bylines change hands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from profiles.names import name_key, preferred, sort_name
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import public_id
from researchgraph.lib.text import slug


class Draft(msgspec.Struct, frozen=True):
    """A researcher to make. `natural_key` names the byline that makes it, the same on every machine."""

    natural_key: str
    block_key: str
    name: str


def natural_key(title_key: str, year: int | None, position: int, name: str) -> str:
    """What names a byline on every machine, whichever record brought it first."""
    return f"{title_key}\x1f{year or 0}\x1f{position:05d}\x1f{name}"


def create(drafts: Sequence[Draft]) -> list[int]:
    """Insert new researchers; their keys."""
    keys = bulk.new_ids("profiles_researcher", len(drafts))
    addresses = _public_ids([draft.natural_key for draft in drafts])
    bulk.copy_rows(
        "profiles_researcher",
        ("id", "public_id", "display_name", "sort_name", "slug", "name_key", "block_key"),
        (
            (key, address, d.name, sort_name(d.name), slug(d.name), name_key(d.name), d.block_key)
            for key, address, d in zip(keys, addresses, drafts, strict=True)
        ),
    )
    return keys


def _public_ids(natural_keys: Sequence[str]) -> list[str]:
    """A free public id for each; a record that was split off may share its natural key with an older one."""
    wanted = [public_id("researcher", key) for key in natural_keys]
    taken = {
        row[0] for row in bulk.fetch("SELECT public_id FROM profiles_researcher WHERE public_id = ANY(%s)", [wanted])
    }
    chosen: list[str] = []
    for key, first in zip(natural_keys, wanted, strict=True):
        candidate, attempt = first, 0
        while candidate in taken:
            attempt += 1
            candidate = public_id("researcher", key, attempt)
            if bulk.fetch("SELECT 1 FROM profiles_researcher WHERE public_id = %s", [candidate]):
                taken.add(candidate)
        taken.add(candidate)
        chosen.append(candidate)
    return chosen


def spellings(names: Iterable[str]) -> list[tuple[str, int]]:
    """Printed names with how often each is, for `profiles.names.preferred`."""
    return sorted(Counter(names).items())


def rename(researcher_ids: Sequence[int]) -> set[int]:
    """Print researchers under the best spelling of the bylines they hold; those whose name that changed."""
    spellings: dict[int, Counter[str]] = {}
    if researcher_ids:
        for researcher_id, name, count in bulk.fetch(
            "SELECT researcher_id, raw_name, count(*) FROM works_authorship WHERE researcher_id = ANY(%s) GROUP BY 1, 2",
            [sorted(researcher_ids)],
        ):
            spellings.setdefault(researcher_id, Counter())[name] = count
    rows = []
    for researcher_id, counts in sorted(spellings.items()):
        name = preferred(sorted(counts.items()))
        rows.append((researcher_id, name, sort_name(name), slug(name), name_key(name)))
    if not rows:
        return set()
    return {
        row[0]
        for row in bulk.fetch(
            """
            UPDATE profiles_researcher r
               SET display_name = n.name, sort_name = n.sort_name, slug = n.slug, name_key = n.name_key
              FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS n(id, name, sort_name, slug, name_key)
             WHERE r.id = n.id AND r.display_name <> n.name
            RETURNING r.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
    }


def company(*, works: Sequence[int], researchers: Sequence[int]) -> set[int]:
    """Everybody on these works or on a work of these researchers: whose pages name them."""
    if not works and not researchers:
        return set()
    return {
        row[0]
        for row in bulk.fetch(
            """
            SELECT DISTINCT researcher_id FROM works_authorship WHERE researcher_id IS NOT NULL AND work_id IN (
                SELECT unnest(%s::bigint[])
                UNION SELECT work_id FROM works_authorship WHERE researcher_id = ANY(%s))
            """,
            [list(works), list(researchers)],
        )
    }
