"""What becomes of bylines, and of who they are, when two works become one or are parted again.

A byline's key names it in the identity events. When a work joins another one its bylines go, and each is carried by the same
author's byline over there: the events that name the one count for the other (`profiles.flows.projection`). When the works
are parted, the bylines come back under their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from profiles.flows.projection import WAITING
from researchgraph.lib import bulk
from works.ingest import held


class Noted(msgspec.Struct, frozen=True):
    """A byline as it was when its work joined another one, or was joined. `holder` is the researcher who had it."""

    key: int
    work: int
    position: int
    name: str
    name_key: str
    block_key: str
    holder: int | None


def printed(works: Iterable[int]) -> list[Noted]:
    """The bylines of these works, in printed order."""
    return [
        Noted(*row)
        for row in bulk.fetch(
            """
            SELECT id, work_id, position, raw_name, name_key, block_key, researcher_id FROM works_authorship
             WHERE work_id = ANY(%s) ORDER BY work_id, position
            """,
            [sorted(works)],
        )
    ]


def remove(works: Sequence[int]) -> None:
    """Take the bylines of works that have joined another one away."""
    held.forget([byline.key for byline in printed(works)])
    bulk.run("DELETE FROM works_authorship WHERE work_id = ANY(%s)", [list(works)])


def bring_back(noted: Iterable[Noted], works: Sequence[int]) -> list[int]:
    """Bring the bylines of these works back that are not there; their keys.

    Behind those that are: `works.ingest.store` puts them in their places, and takes away again what the records do not print.
    """
    known = {byline.key: byline for byline in noted if byline.work in works}
    there = {row[0] for row in bulk.fetch("SELECT id FROM works_authorship WHERE id = ANY(%s)", [sorted(known)])}
    last = dict(
        bulk.fetch(
            "SELECT work_id, max(position) FROM works_authorship WHERE work_id = ANY(%s) GROUP BY 1", [list(works)]
        )
    )
    missing = sorted(
        (byline for byline in known.values() if byline.key not in there),
        key=lambda byline: (byline.work, byline.position, byline.key),
    )
    rows = []
    for byline in missing:
        last[byline.work] = last.get(byline.work, -1) + 1
        place = (byline.key, byline.work, last[byline.work])
        rows.append((*place, byline.name, "", "", "", "{}", byline.name_key, byline.block_key, "{}", "[]"))
    bulk.copy_rows(
        "works_authorship",
        ("id", "work_id", "position", "raw_name", "raw_affiliation", "affiliation_domain", "native_name", "identifiers",
         "name_key", "block_key", "institutions", "evidence"),
        rows,
    )  # fmt: skip
    return [byline.key for byline in missing]


def carry(noted: Sequence[Noted], goes_on: Mapping[int, int], split: Mapping[int, Sequence[int]]) -> None:
    """Store which byline carries on which. `goes_on` maps each work of the noted bylines to the one that goes on for it,
    `split` a work that goes on to those that were split off it: what it does not print any more is looked for there.
    """
    latest = {byline.key: byline for byline in noted}
    bulk.run("DELETE FROM works_carriedbyline WHERE byline = ANY(%s)", [sorted(latest)])
    here: dict[int, list[Noted]] = {}
    for byline in printed({*goes_on.values(), *(work for works in split.values() for work in works)}):
        here.setdefault(byline.work, []).append(byline)
    there = {byline.key for bylines in here.values() for byline in bylines}
    gone: dict[int, list[Noted]] = {}
    for byline in latest.values():
        if byline.key not in there:
            gone.setdefault(byline.work, []).append(byline)
    rows = []
    for work, bylines in sorted(gone.items()):
        left = bylines
        for target in _targets(work, goes_on[work], split):
            found = carriers(left, here.get(target, []))
            rows += [(one.key, other.key, one.holder, other.holder) for one, other in found]
            left = [one for one in left if one not in {byline for byline, _ in found}]
    bulk.copy_rows("works_carriedbyline", ("byline", "carrier", "holder", "carrier_holder"), sorted(rows))
    # Something has been decided about them: what the rule decides next is no first decision.
    bulk.run(
        """
        UPDATE works_authorship SET kind = 'undecided', confidence = 0, evidence = %s
         WHERE id = ANY(%s) AND kind = 'pending' AND researcher_id IS NULL
        """,
        [WAITING, [row[1] for row in rows] + sorted(there & latest.keys())],
    )


def _targets(work: int, final: int, split: Mapping[int, Sequence[int]]) -> list[int]:
    """The works on which a byline of this one may live on, in the order to look."""
    found = [final]
    for one in found:
        found += [made for made in split.get(one, ()) if made not in found]
    return [one for one in found if one != work]


def carriers(gone: Sequence[Noted], here: Sequence[Noted]) -> list[tuple[Noted, Noted]]:
    """For each byline of a work that has joined another one, the same author's there: the same name, else the same place
    in the list and name block, else the only one of the block that is left on both sides. Those without one are left out.
    """
    found: list[tuple[Noted, Noted]] = []
    left, free = sorted(gone, key=lambda byline: byline.position), sorted(here, key=lambda byline: byline.position)
    for same in (
        lambda one, other: one.name_key == other.name_key,
        lambda one, other: (one.position, one.block_key) == (other.position, other.block_key),
    ):
        for one in list(left):
            other = next((byline for byline in free if same(one, byline)), None)
            if other is not None:
                found.append((one, other))
                left.remove(one)
                free.remove(other)
    for one in left:
        mine = [byline for byline in left if byline.block_key == one.block_key]
        theirs = [byline for byline in free if byline.block_key == one.block_key]
        if len(mine) == len(theirs) == 1:
            found.append((one, theirs[0]))
    return found
