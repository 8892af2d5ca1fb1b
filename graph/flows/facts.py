"""What recompute reads: the facts about a batch of researchers, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.conf import settings

from graph import trust_model
from graph.algorithms import HYPER_AUTHORSHIP
from graph.snapshots import TopicCount
from profiles.levels import DISPUTED, HELD
from profiles.printed import discloses, hidden_words
from profiles.statements import VARIANTS
from researchgraph.lib import bulk

PERSISTENT = ("doi", "arxiv", "pmid", "acl", "isbn")
"""Schemes whose identifiers are meant to resolve for ever; the trust receipt counts works that have one."""


class WorkFacts(msgspec.Struct, frozen=True):
    """One work as the profiles of its authors need it. `people` are the known researchers on it (none if hyper-authored)."""

    id: int
    type: str
    year: int | None
    author_count: int
    truncated: bool
    venue: tuple[str, str] | None
    has_code: bool
    persistent: bool
    sources: tuple[str, ...]
    updated: str
    unaligned: tuple[str, ...]
    topics: tuple[int, ...]
    people: tuple[int, ...]


class BylineFacts(msgspec.Struct, frozen=True):
    """One byline of a researcher of the batch: the name as it is printed here, and as whom a search finds it."""

    id: int
    work: WorkFacts
    position: int
    name: str
    found_by: str
    identifiers: dict[str, str]
    institutions: tuple[int, ...]


class Person(msgspec.Struct, frozen=True):
    """Somebody on a work; `level` is the one a claim gives, 0 without one."""

    public_id: str
    slug: str
    name: str
    level: int


class Organisation(msgspec.Struct, frozen=True):
    public_id: str
    slug: str
    name: str
    ror: str
    place: str


class Facts(msgspec.Struct, frozen=True):
    """All facts of a batch, by key, and the weights in force. `spellings` are those that authors state themselves, `surroundings`
    is what `Surroundings` holds, `stated` the identifiers of the bylines on works marked not theirs, by work. `disputed` are held by
    a claim that is frozen.
    """

    bylines: dict[int, list[BylineFacts]]
    people: dict[int, Person]
    topics: dict[int, TopicCount]
    institutions: dict[int, Organisation]
    conflicts: dict[int, int]
    spellings: dict[int, list[str]]
    model: trust_model.Model
    surroundings: dict[int, tuple[int, int, int, int]]
    stated: dict[int, dict[int, list[dict[str, str]]]]
    disputed: set[int]


WORKS = """
    WITH mine AS (SELECT DISTINCT work_id FROM works_authorship WHERE researcher_id = ANY(%s))
    SELECT w.id, w.type, w.year, w.author_count, w.authors_truncated, v.key, v.name, w.code_url <> '',
           EXISTS (SELECT FROM works_workidentifier i WHERE i.work_id = w.id AND i.scheme = ANY(%s)),
           ARRAY(SELECT s.source FROM works_sourcerecord s WHERE s.work_id = w.id),
           to_char(w.updated_at, 'YYYY-MM-DD'), w.unaligned_affiliations,
           ARRAY(SELECT t.topic_id FROM works_worktopic t WHERE t.work_id = w.id),
           CASE WHEN w.author_count <= %s
                THEN ARRAY(SELECT a.researcher_id FROM works_authorship a WHERE a.work_id = w.id)
                ELSE '{}' END
      FROM mine JOIN works_work w ON w.id = mine.work_id LEFT JOIN works_venue v ON v.id = w.venue_id
"""


def load(researcher_ids: Sequence[int]) -> Facts:
    """Read the facts of these researchers: eleven queries, whatever their number. A record taken down has none."""
    removed = {row[0] for row in bulk.fetch("SELECT id FROM profiles_researcher WHERE removed_at IS NOT NULL")}
    ids = list(researcher_ids)
    works = {row[0]: _work(row, removed) for row in bulk.fetch(WORKS, [ids, list(PERSISTENT), HYPER_AUTHORSHIP])}
    bylines: dict[int, list[BylineFacts]] = {researcher_id: [] for researcher_id in ids}
    decode = msgspec.json.Decoder(dict[str, str]).decode
    for researcher_id, key, work_id, position, name, printed, old_names, identifiers, institutions in bulk.fetch(
        """
        SELECT a.researcher_id, a.id, a.work_id, a.position, a.raw_name, r.printed_name, r.old_names_searchable,
               a.identifiers::text, a.institutions
          FROM works_authorship a JOIN profiles_researcher r ON r.id = a.researcher_id
         WHERE a.researcher_id = ANY(%s) ORDER BY a.researcher_id, a.work_id, a.position
        """,
        [ids],
    ):
        if researcher_id not in removed:
            known = decode(identifiers) if identifiers != "{}" else {}
            if printed:
                hidden = hidden_words([name], shown=[printed])
                known = {scheme: value for scheme, value in known.items() if not discloses(value, hidden)}
            shown, found_by = printed or name, name if old_names or not printed else printed
            bylines[researcher_id].append(
                BylineFacts(key, works[work_id], position, shown, found_by, known, tuple(institutions))
            )
    people = {person for work in works.values() for person in work.people} | set(ids)
    topics = {topic for work in works.values() for topic in work.topics}
    institutions = {i for mine in bylines.values() for byline in mine for i in byline.institutions}
    return Facts(
        bylines=bylines,
        people={
            key: Person(public, slug, name, level)
            for key, public, slug, name, level in bulk.fetch(
                f"""
                SELECT r.id, r.public_id, r.slug, r.display_name, coalesce(held.level, 0) FROM profiles_researcher r
                  LEFT JOIN ({HELD}) held ON held.id = r.id WHERE r.id = ANY(%s)
                """,  # noqa: S608 - a constant
                [sorted(people)],
            )
        },
        topics={
            key: TopicCount(public, slug, label, code, 0)
            for key, public, slug, label, code in bulk.fetch(
                "SELECT id, public_id, slug, label, code FROM works_topic WHERE id = ANY(%s)",
                [sorted(topics)],
            )
        },
        institutions={
            key: Organisation(*facts)
            for key, *facts in bulk.fetch(
                """
                SELECT i.id, i.public_id, i.slug, i.name, i.ror,
                       coalesce(concat_ws(', ', nullif(e.city, ''), nullif(e.country_name, '')), '')
                  FROM profiles_institution i LEFT JOIN profiles_registryentry e ON e.id = i.entry_id WHERE i.id = ANY(%s)
                """,
                [sorted(institutions)],
            )
        },
        conflicts=dict(
            bulk.fetch(
                """
                SELECT a.researcher_id, count(DISTINCT v.id) FROM works_review v JOIN works_authorship a ON a.work_id = v.work_id
                 WHERE v.kind = 'identifier-conflict' AND v.state = 'open' AND a.researcher_id = ANY(%s) GROUP BY 1
                """,
                [ids],
            ),
        ),
        spellings={key: value for key, value in bulk.fetch(VARIANTS, [ids]) if key not in removed},
        model=trust_model.load(settings.TRUST_MODEL_FILE),
        surroundings={
            key: (verified, given, carried, shared)
            for key, verified, given, carried, shared in bulk.fetch(
                "SELECT researcher_id, verified, given, carried, shared FROM graph_surroundings WHERE researcher_id = ANY(%s)",
                [ids],
            )
        },
        stated=_stated(ids),
        disputed={row[0] for row in bulk.fetch(f"SELECT id FROM ({DISPUTED}) d WHERE id = ANY(%s)", [ids])},  # noqa: S608
    )


def _work(row: tuple[Any, ...], removed: set[int]) -> WorkFacts:
    (
        key, kind, year, authors, truncated, venue_key, venue, code, persistent, sources, updated, unaligned, topics, people,
    ) = row  # fmt: skip
    return WorkFacts(
        key, kind, year, authors, truncated, (venue_key, venue) if venue_key else None, code, persistent,
        tuple(sources), updated, tuple(unaligned), tuple(topics), tuple(p for p in people if p is not None and p not in removed),
    )  # fmt: skip


def _stated(ids: list[int]) -> dict[int, dict[int, list[dict[str, str]]]]:
    found: dict[int, dict[int, list[dict[str, str]]]] = {}
    for researcher_id, work_id, identifiers in bulk.fetch(
        """
        SELECT x.researcher_id, x.work_id, a.identifiers::text FROM works_rejection x
          JOIN works_authorship a ON a.work_id = x.work_id AND a.identifiers <> '{}'
         WHERE x.researcher_id = ANY(%s) AND a.researcher_id IS DISTINCT FROM x.researcher_id
        """,
        [ids],
    ):
        found.setdefault(researcher_id, {}).setdefault(work_id, []).append(msgspec.json.decode(identifiers))
    return found
