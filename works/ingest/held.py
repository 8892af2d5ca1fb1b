"""Identifiers of bylines that are held back, and given back once the sources agree or a person says so.

Inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from researchgraph import events
from researchgraph.lib import bulk
from works.ingest.doubted import Doubt, Statement, doubts

SCHEME = "orcid"

_SAID = """
    SELECT coalesce(c.carrier, e.byline) AS byline, e.identifier, bool_or(e.kind = 'identifier:accepted') AS accepted
      FROM works_workevent e LEFT JOIN works_carriedbyline c ON c.byline = e.byline
     WHERE e.identifier <> '' AND e.identifier = ANY(%(identifiers)s)
       AND NOT EXISTS (SELECT FROM works_workevent u WHERE u.undoes_id = e.id)
     GROUP BY 1, 2
"""
"""What people found of statements; of two that count for one byline since works were joined, that it is its author's."""

_STATED = f"""
    WITH said AS ({_SAID}), stated AS (
        SELECT a.id, a.work_id, a.raw_name, a.name_key, a.identifiers ->> 'orcid' AS value, false AS held
          FROM works_authorship a WHERE a.identifiers ->> 'orcid' = ANY(%(values)s) AND a.identifiers ? 'orcid'
        UNION ALL
        SELECT a.id, a.work_id, a.raw_name, a.name_key, h.value, true
          FROM works_heldidentifier h JOIN works_authorship a ON a.id = h.authorship_id
         WHERE h.scheme = 'orcid' AND h.value = ANY(%(values)s)
    ), odd AS (
        SELECT value FROM stated GROUP BY value
        HAVING bool_or(held) OR min(name_key) <> max(name_key) OR count(*) > count(DISTINCT work_id)
        UNION SELECT substr(identifier, 7) FROM said
    )
    SELECT s.value, s.id, s.work_id, s.raw_name, s.held,
           EXISTS (SELECT FROM works_sourcerecord r
                    WHERE r.work_id = s.work_id AND r.source = 'orcid' AND starts_with(r.key, s.value || '/')),
           p.accepted
      FROM stated s JOIN odd USING (value) LEFT JOIN said p ON p.byline = s.id AND p.identifier = 'orcid:' || s.value
     ORDER BY s.value, s.id
"""  # noqa: S608 - our own words


def stated(works: Sequence[int]) -> set[str]:
    """The ORCID iDs that bylines of these works state, believed or not."""
    rows = bulk.fetch(
        """
        SELECT identifiers ->> 'orcid' FROM works_authorship WHERE work_id = ANY(%(works)s) AND identifiers ? 'orcid'
        UNION SELECT h.value FROM works_heldidentifier h JOIN works_authorship a ON a.id = h.authorship_id
         WHERE a.work_id = ANY(%(works)s) AND h.scheme = 'orcid'
        """,
        {"works": list(works)},
    )
    return {row[0] for row in rows}


def recheck(values: Collection[str]) -> None:
    """Hold back and give back what the statements of these iDs come to now. Writes nothing where they come to the same."""
    if not values:
        return
    rows = bulk.fetch(
        _STATED, {"values": sorted(values), "identifiers": [f"{SCHEME}:{value}" for value in sorted(values)]}
    )
    hold: list[tuple[int, str, Doubt]] = []
    release: list[tuple[int, str]] = []
    for value, group in groupby(rows, key=lambda row: str(row[0])):
        of_value = list(group)
        found = doubts(
            [Statement(byline, work, name, own=own, said=said) for _, byline, work, name, _, own, said in of_value]
        )
        for _, byline, _, _, held, *_ in of_value:
            if byline in found:
                hold.append((byline, value, found[byline]))
            elif held:
                release.append((byline, value))
    _hold(hold)
    _release(release)


def blocks(value: str) -> list[str]:
    """The name blocks of the bylines that state this iD, believed or not."""
    rows = bulk.fetch(
        """
        SELECT block_key FROM works_authorship WHERE identifiers ->> 'orcid' = %(value)s AND identifiers ? 'orcid'
        UNION SELECT a.block_key FROM works_heldidentifier h JOIN works_authorship a ON a.id = h.authorship_id
         WHERE h.scheme = 'orcid' AND h.value = %(value)s ORDER BY 1
        """,
        {"value": value},
    )
    return [row[0] for row in rows]


def accepted_on(work: int, identifier: str) -> bool:
    """Whether a person has accepted the identifier ("orcid:0000-...") for an author of the work."""
    query = (
        f"SELECT FROM ({_SAID}) s JOIN works_authorship a ON a.id = s.byline WHERE s.accepted AND a.work_id = %(work)s"
    )
    return bool(bulk.fetch(query, {"work": work, "identifiers": [identifier]}))


def forget(bylines: Sequence[int]) -> None:
    """These bylines are gone or print something else now."""
    if bylines:
        bulk.run("DELETE FROM works_heldidentifier WHERE authorship_id = ANY(%s)", [list(bylines)])


def _hold(doubted: Sequence[tuple[int, str, Doubt]]) -> None:
    if not doubted:
        return
    bulk.run(
        """
        INSERT INTO works_heldidentifier AS h (authorship_id, scheme, value, code, detail)
        SELECT n.id, %s, n.value, n.code, n.detail
          FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS n(id, value, code, detail) ORDER BY n.id
        ON CONFLICT (authorship_id, scheme) DO UPDATE SET value = EXCLUDED.value, code = EXCLUDED.code, detail = EXCLUDED.detail
         WHERE (h.value, h.code, h.detail) IS DISTINCT FROM (EXCLUDED.value, EXCLUDED.code, EXCLUDED.detail)
        """,
        [
            SCHEME,
            [byline for byline, _, _ in doubted],
            [value for _, value, _ in doubted],
            [doubt.code for _, _, doubt in doubted],
            [doubt.detail for _, _, doubt in doubted],
        ],
    )
    _tell(bulk.fetch(
        """
        UPDATE works_authorship SET identifiers = identifiers - %s,
               evidence = CASE WHEN kind = 'confirmed' THEN evidence ELSE '[]' END
         WHERE id = ANY(%s) AND identifiers ? %s RETURNING block_key, researcher_id
        """,
        [SCHEME, [byline for byline, _, _ in doubted], SCHEME],
    ))  # fmt: skip


def _release(believed: Sequence[tuple[int, str]]) -> None:
    if not believed:
        return
    _tell(bulk.fetch(
        """
        UPDATE works_authorship a SET identifiers = a.identifiers || jsonb_build_object(%s::text, n.value),
               evidence = CASE WHEN a.kind = 'confirmed' THEN a.evidence ELSE '[]' END
          FROM unnest(%s::bigint[], %s::text[]) AS n(id, value) WHERE a.id = n.id RETURNING a.block_key, a.researcher_id
        """,
        [SCHEME, [byline for byline, _ in believed], [value for _, value in believed]],
    ))  # fmt: skip
    forget([byline for byline, _ in believed])


def _tell(changed: Sequence[tuple[str, int | None]]) -> None:
    """Have the blocks decided on again, and those who hold the bylines derived again."""
    if changed:
        events.bylines_changed.send(sender=None, block_keys=sorted({block for block, _ in changed}))
    holders = sorted({holder for _, holder in changed if holder is not None})
    if holders:
        events.researchers_changed.send(sender=None, researcher_ids=holders, cause="sources disagree on an ORCID iD")
