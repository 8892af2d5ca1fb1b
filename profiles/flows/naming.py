"""What researchers are called and where they are found: new records, their addresses, and names as bylines change hands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from profiles.names import block_key, name_key, preferred, sort_name
from profiles.printed import guard_keys
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
        ("id", "public_id", "display_name", "sort_name", "slug", "name_key", "block_key", "listed_under"),
        (
            (key, address, d.name, sort_name(d.name), slug(d.name), name_key(d.name), d.block_key, d.block_key)
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
    """Print researchers under their chosen name, else the best spelling of the bylines they hold; those it changed.

    Brings the guarded spellings of those who are not named, or otherwise than the sources have it, up to date.
    """
    ids = sorted(researcher_ids)
    if not ids:
        return set()
    held: dict[int, Counter[str]] = {}
    for researcher_id, name, count in bulk.fetch(
        "SELECT researcher_id, raw_name, count(*) FROM works_authorship WHERE researcher_id = ANY(%s) GROUP BY 1, 2",
        [ids],
    ):
        held.setdefault(researcher_id, Counter())[name] = count
    chosen = _chosen(ids)
    _guard(ids, chosen)
    rows = []
    for researcher_id in ids:
        printed = chosen.get(researcher_id, "")
        if name := printed or preferred(sorted(held.get(researcher_id, Counter()).items())):
            rows.append((researcher_id, name, sort_name(name), slug(name), name_key(name), printed, block_key(name)))
    if not rows:
        return set()
    return {
        row[0]
        for row in bulk.fetch(
            """
            UPDATE profiles_researcher r
               SET display_name = n.name, sort_name = n.sort_name, slug = n.slug, name_key = n.name_key,
                   printed_name = n.printed, listed_under = CASE WHEN n.printed = '' THEN r.block_key ELSE n.block END
              FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                   AS n(id, name, sort_name, slug, name_key, printed, block)
             WHERE r.id = n.id AND (r.display_name, r.printed_name) IS DISTINCT FROM (n.name, n.printed)
            RETURNING r.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
    }


def _chosen(ids: Sequence[int]) -> dict[int, str]:
    """The chosen name of each of these that has one: its own, else that of a record merged into it."""
    return dict(
        bulk.fetch(
            """
            SELECT DISTINCT ON (key) key, chosen_name FROM (
                SELECT id AS key, id, chosen_name FROM profiles_researcher
                 WHERE id = ANY(%(ids)s) AND chosen_name <> ''
                UNION ALL
                SELECT merged_into_id, id, chosen_name FROM profiles_researcher
                 WHERE merged_into_id = ANY(%(ids)s) AND chosen_name <> '') known
             ORDER BY key, id = key DESC, id
            """,
            {"ids": list(ids)},
        )
    )


def _guard(ids: Sequence[int], chosen: Iterable[int]) -> None:
    """Guard every spelling on bylines of those of these that are withheld or under a chosen name, and no other."""
    bulk.run("DELETE FROM profiles_guardedname WHERE researcher_id = ANY(%s)", [list(ids)])
    withheld = bulk.fetch("SELECT id FROM profiles_researcher WHERE id = ANY(%s) AND withheld", [list(ids)])
    guarded = sorted({*chosen, *(row[0] for row in withheld)})
    if not guarded:
        return
    rows = {
        (researcher_id, block, key)
        for researcher_id, block, name in bulk.fetch(
            "SELECT DISTINCT researcher_id, block_key, name_key FROM works_authorship WHERE researcher_id = ANY(%s)",
            [guarded],
        )
        for key in guard_keys(name)
    }
    bulk.copy_rows("profiles_guardedname", ("researcher_id", "block_key", "name_key"), sorted(rows))


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
