"""Bylines as they are stored, read as mentions for the rule: by whole name blocks, or by who holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from profiles.flows import naming
from profiles.institutions import institution_key, institution_names
from profiles.mentions import Mention
from profiles.models import VerificationLevel
from researchgraph.lib import bulk
from works.models import DecisionKind

COAUTHORS_CONSIDERED = 50
"""On longer author lists a shared name says little about who anybody is."""


class Byline(msgspec.Struct, frozen=True):
    """A mention with its place in the database and its present decision. `institutions`: row key by key.

    `at_home` says that the record which holds it was made in this block; a person may have brought it in from another.
    """

    mention: Mention
    block_key: str
    kind: str
    confidence: float | None
    evidence: str
    institutions: dict[str, str]
    at_home: bool

    @property
    def researcher_id(self) -> int | None:
        """Who holds it."""
        return self.mention.holder

    @property
    def first(self) -> bool:
        """Whether nothing has been decided about it yet."""
        return self.kind == DecisionKind.PENDING and self.mention.holder is None


_COLUMNS = """
    a.id, a.work_id, a.position, a.raw_name, a.name_key, a.block_key, a.identifiers::text, a.institutions,
    a.raw_affiliation, a.affiliation_domain, a.researcher_id, a.kind, a.confidence, a.evidence::text
"""


def of_blocks(block_keys: Iterable[str]) -> list[Byline]:
    """All bylines of the blocks, by block."""
    return _read(
        f"SELECT {_COLUMNS} FROM works_authorship a WHERE a.block_key = ANY(%s) ORDER BY a.block_key, a.id",  # noqa: S608 - our own words
        [list(block_keys)],
    )


def of_researchers(researcher_ids: Iterable[int], *, and_bylines: Iterable[int] = (), most: int) -> list[Byline]:
    """The bylines of each researcher, the most certain `most` of each, and single ones besides; by key."""
    return _read(
        f"""
        SELECT {_COLUMNS} FROM works_authorship a WHERE a.id IN (
            SELECT b.id FROM unnest(%s::bigint[]) AS r(id), LATERAL (
                SELECT a.id FROM works_authorship a WHERE a.researcher_id = r.id
                 ORDER BY a.confidence DESC NULLS LAST, a.id LIMIT %s
            ) b
            UNION SELECT unnest(%s::bigint[])
        ) ORDER BY a.id
        """,  # noqa: S608 - our own words
        [sorted(set(researcher_ids)), most, sorted(set(and_bylines))],
    )


def _read(query: str, values: Sequence[Any]) -> list[Byline]:
    rows = bulk.fetch(query, values)
    works = _works(sorted({row[1] for row in rows}))
    keys = dict(
        bulk.fetch(
            "SELECT id, key FROM profiles_institution WHERE id = ANY(%s)",
            [sorted({key for row in rows for key in row[7]})],
        )
    )
    holders = _holders({row[10] for row in rows if row[10] is not None})
    barred = _barred(set(works))
    apart = _told_apart(set(holders))
    bylines = []
    for (
        authorship_id, work_id, position, name, key, block, identifiers, institutions, affiliation, domain,
        researcher_id, kind, confidence, evidence,
    ) in rows:  # fmt: skip
        work = works[work_id]
        names = work.author_keys
        bylines.append(Byline(
            mention=Mention(
                id=authorship_id,
                # The same whichever source or order brought the work.
                sort_key=naming.natural_key(work.title_key, work.year, position, name),
                work=work_id,
                name=name,
                name_key=key,
                identifiers=msgspec.json.decode(identifiers, type=dict[str, str]) if identifiers != "{}" else {},
                coauthors=() if len(names) > COAUTHORS_CONSIDERED else (*names[:position], *names[position + 1 :]),
                affiliation=affiliation,
                institutions=tuple([keys[key] for key in institutions]),
                work_institutions=work.institutions,
                domain=domain,
                title=work.title,
                keywords=work.keywords,
                venue=work.venue,
                year=work.year,
                holder=researcher_id,
                claimed=researcher_id is not None and holders[researcher_id][1],
                fixed=researcher_id if kind == DecisionKind.CONFIRMED else None,
                barred=(*barred.get(work_id, ()), *apart.get(researcher_id or 0, ())),
            ),
            block_key=block,
            kind=kind,
            confidence=confidence,
            evidence=evidence,
            institutions={keys[key]: str(key) for key in institutions},
            at_home=researcher_id is not None and holders[researcher_id][0] == block,
        ))  # fmt: skip
    return bylines


class _Work(msgspec.Struct, frozen=True):
    """What the bylines of a work have in common."""

    title: str
    title_key: str
    year: int | None
    author_keys: list[str]
    venue: str
    keywords: tuple[str, ...]
    institutions: tuple[str, ...]


def _works(work_ids: Sequence[int]) -> dict[int, _Work]:
    """The works, each with its keywords and with the institutions it names without saying whose they are."""
    found = {}
    for work_id, title, title_key, year, author_keys, venue, keywords, unaligned in bulk.fetch(
        """
        SELECT w.id, w.title, w.title_key, w.year, w.author_keys, coalesce(v.name, ''),
               ARRAY(SELECT t.label FROM works_worktopic x JOIN works_topic t ON t.id = x.topic_id
                      WHERE x.work_id = w.id AND t.kind = 'keyword' ORDER BY t.label),
               w.unaligned_affiliations
          FROM works_work w LEFT JOIN works_venue v ON v.id = w.venue_id WHERE w.id = ANY(%s)
        """,
        [work_ids],
    ):
        institutions = dict.fromkeys(institution_key(name) for text in unaligned for name in institution_names(text))
        found[work_id] = _Work(title, title_key, year, author_keys, venue, tuple(keywords), tuple(institutions))
    return found


def _holders(researchers: set[int]) -> dict[int, tuple[str, bool]]:
    """The block each record was made in, and whether it is claimed: then the rule takes nothing from it."""
    if not researchers:
        return {}
    query = "SELECT id, block_key, verification_level >= %s FROM profiles_researcher WHERE id = ANY(%s)"
    rows = bulk.fetch(query, [VerificationLevel.AUTHENTICATED, sorted(researchers)])
    return {key: (block, claimed) for key, block, claimed in rows}


def _barred(works: set[int]) -> dict[int, tuple[int, ...]]:
    """The researchers, as they are called now, that works were rejected from."""
    found: dict[int, tuple[int, ...]] = {}
    for work_id, researcher_id in bulk.fetch(
        """
        SELECT DISTINCT j.work_id, coalesce(r.merged_into_id, r.id)
          FROM works_rejection j JOIN profiles_researcher r ON r.id = j.researcher_id WHERE j.work_id = ANY(%s) ORDER BY 1, 2
        """,
        [sorted(works)],
    ):
        found[work_id] = (*found.get(work_id, ()), researcher_id)
    return found


def _told_apart(researchers: set[int]) -> dict[int, tuple[int, ...]]:
    """For each researcher, who a person said they are not, as those are called now."""
    found: dict[int, tuple[int, ...]] = {}
    for one, other in bulk.fetch(
        """
        SELECT DISTINCT one, other FROM (
            SELECT coalesce(a.merged_into_id, a.id) AS one, coalesce(b.merged_into_id, b.id) AS other
              FROM profiles_distinction d
              JOIN profiles_researcher a ON a.id IN (d.researcher_id, d.other_id)
              JOIN profiles_researcher b ON b.id IN (d.researcher_id, d.other_id) AND b.id <> a.id
             WHERE d.researcher_id = ANY(%(all)s) OR d.other_id = ANY(%(all)s)
                OR d.researcher_id IN (SELECT id FROM profiles_researcher WHERE merged_into_id = ANY(%(all)s))
                OR d.other_id IN (SELECT id FROM profiles_researcher WHERE merged_into_id = ANY(%(all)s))
        ) pairs WHERE one <> other ORDER BY 1, 2
        """,
        {"all": sorted(researchers)},
    ):
        found[one] = (*found.get(one, ()), other)
    return found
