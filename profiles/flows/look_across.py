"""Look for records of one person under names that no block holds together, and ask curators about them.

The rule decides inside name blocks, where compatible names always are. People also marry, drop a name, swap the order
and are misspelled (`profiles.spellings`). Joining such records by machine gains next to nothing on the labeled sets
and is the kind of mistake nobody forgives, so the score only decides what is worth asking (docs/decisions/0009).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice
from typing import Final

import numpy as np
from django.db import transaction

from profiles import bylines
from profiles.doubts import Doubt, doubts
from profiles.flows.ask import Question, ask
from profiles.limits import HARD_SCHEMES, hard_identifiers, limits_of
from profiles.matching.candidates import NAMES_AT_A_KEY, TOO_COMMON, loose_relation
from profiles.matching.linking import link
from profiles.matching.model import shipped
from profiles.matching.vocabulary import bearers
from profiles.models import ReviewKind
from profiles.names import PersonName, parse
from profiles.spellings import meeting_keys
from researchgraph.lib import bulk

ACROSS: Final = ""
"""In place of a block key: the questions that no block raises."""
SHARED: Final = 0.95
"""How likely two records are one person that state one identifier: mistaken identifiers are in every source."""
BYLINES_COMPARED: Final = 10
PAIRS_AT_ONCE: Final = 500
NAMES_AT_ONCE: Final = 10_000
MOST_SHARING: Final = 5
"""An identifier in more records than this is a mistake of a source, and no question about two of them."""
_LOCK: Final = 7_031_003
_PRESENT: Final = "r.merged_into_id IS NULL AND r.removed_at IS NULL"


@transaction.atomic
def look_across() -> int:
    """Ask anew about all records of different names that may be one person; how many questions there are."""
    if not bulk.fetch("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])[0][0]:
        return 0
    # An identifier says more than a name: its questions come last and win.
    questions = {question.subject: question for question in (*_by_name(), *_by_identifier())}
    ask([ACROSS], list(questions.values()))
    return len(questions)


def _by_identifier() -> Iterator[Question]:
    """Records that state one identifier of which a person has one; also where it is held back because the names exclude each
    other: people change theirs.
    """
    for (holders,) in bulk.fetch(
        f"""
        WITH stated AS (
            SELECT scheme, value, researcher_id FROM profiles_researcheridentifier
            UNION SELECT h.scheme, h.value, a.researcher_id FROM works_heldidentifier h
              JOIN works_authorship a ON a.id = h.authorship_id
             WHERE h.code = 'orcid-on-other-name' AND a.researcher_id IS NOT NULL
        )
        SELECT array_agg(r.id ORDER BY r.works_count DESC, r.id) FROM stated i
          JOIN profiles_researcher r ON r.id = i.researcher_id
         WHERE i.scheme = ANY(%s) AND {_PRESENT} GROUP BY i.scheme, i.value HAVING count(*) BETWEEN 2 AND %s
        """,  # noqa: S608 - our own words
        [sorted(HARD_SCHEMES), MOST_SHARING],
    ):
        for one, other in combinations(holders, 2):
            yield Question(ReviewKind.MERGE.value, ACROSS, (one, other), (SHARED,), (), SHARED)


def _by_name() -> Iterator[Question]:
    """Records whose names may be spellings of one, that share a co-author or an institution, and are like each other."""
    relations = _relations()
    everything = iter(sorted(relations))
    while names := list(islice(everything, PAIRS_AT_ONCE)):
        pairs = _records(names)
        if pairs:
            yield from _compared(pairs, {pair: relations[pair] for pair in names})


def _relations() -> dict[tuple[str, str], str]:
    """`loose_relations` of all names of records, with the meeting of names left to PostgreSQL: there may be millions."""
    bulk.run("CREATE TEMP TABLE meeting (key text, name text) ON COMMIT DROP")
    for names in _names():
        known = [(name, text) for text in names if bearers(name := parse(text)) <= TOO_COMMON]
        bulk.copy_rows("meeting", ("key", "name"), ((key, text) for name, text in known for key in meeting_keys(name)))
    bulk.run("ANALYZE meeting")
    found: dict[tuple[str, str], str] = {}
    parsed: dict[str, PersonName] = {}
    query = "SELECT array_agg(name ORDER BY name) FROM meeting GROUP BY key HAVING count(*) BETWEEN 2 AND %s"
    for (names,) in bulk.stream(query, [NAMES_AT_A_KEY]):
        for pair in combinations(names, 2):
            if pair not in found:
                one, other = (parsed.setdefault(name, parse(name)) for name in pair)
                word = loose_relation(one, other)
                if word:
                    found[pair] = word
    bulk.run("DROP TABLE meeting")
    return found


def _names() -> Iterator[list[str]]:
    """The names of all records, each once, a slice at a time."""
    names = [""]
    query = (
        f"SELECT DISTINCT name_key FROM profiles_researcher r WHERE name_key > %s AND {_PRESENT} ORDER BY 1 LIMIT %s"  # noqa: S608 - our own words
    )
    while names := [row[0] for row in bulk.fetch(query, [names[-1], NAMES_AT_ONCE])]:
        yield names


def _records(names: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """The records with these pairs of names that have a co-author or an institution in common and no work."""
    return [
        (one, other)
        for one, other in bulk.fetch(
            """
            WITH pairs AS (
                SELECT a.id AS one, b.id AS other FROM unnest(%s::text[], %s::text[]) AS n(one, other)
                  JOIN profiles_researcher a ON a.name_key = n.one AND a.merged_into_id IS NULL AND a.removed_at IS NULL
                  JOIN profiles_researcher b ON b.name_key = n.other AND b.merged_into_id IS NULL AND b.removed_at IS NULL
                 WHERE a.block_key <> b.block_key
            ), colleagues AS (
                SELECT p.id, e.b AS other FROM (SELECT one AS id FROM pairs UNION SELECT other FROM pairs) p
                  JOIN (SELECT a_id AS a, b_id AS b FROM graph_coauthoredge
                        UNION ALL SELECT b_id, a_id FROM graph_coauthoredge) e ON e.a = p.id
            )
            SELECT p.one, p.other FROM pairs p
             WHERE NOT EXISTS (SELECT FROM colleagues c WHERE c.id = p.one AND c.other = p.other)
               AND (EXISTS (SELECT FROM colleagues c JOIN colleagues d ON d.id = p.other AND d.other = c.other
                             WHERE c.id = p.one)
                 OR EXISTS (SELECT FROM profiles_affiliation x JOIN profiles_affiliation y
                                ON y.researcher_id = p.other AND y.institution_id = x.institution_id
                             WHERE x.researcher_id = p.one))
             ORDER BY 1, 2
            """,
            [[one for one, _ in names], [other for _, other in names]],
        )
    ]


def _compared(pairs: Sequence[tuple[int, int]], relations: Mapping[tuple[str, str], str]) -> Iterator[Question]:
    """The pairs that the model finds alike enough to ask about."""
    model = shipped()
    held = bylines.of_researchers({one for pair in pairs for one in pair}, most=BYLINES_COMPARED)
    # Other spellings of a record have no relation to compare them by; they would count as excluding it.
    spelled = {name for pair in relations for name in pair}
    mentions = [byline.mention for byline in held if byline.mention.name_key in spelled]
    places: dict[int, list[int]] = {}
    for place, mention in enumerate(mentions):
        places.setdefault(mention.holder or 0, []).append(place)
    researchers = sorted(places)
    number = {researcher: index for index, researcher in enumerate(researchers)}
    homes = np.array([number[mention.holder or 0] for mention in mentions], dtype=np.int64)
    groups = _groups(pairs, places)
    linked = link(mentions, groups, relations, model, limits_of(mentions, groups))
    hard = [hard_identifiers(mention) for mention in mentions]
    asked = {tuple(sorted(pair)) for pair in pairs}
    for doubt in doubts(mentions, homes, linked, model, hard):
        records = tuple(researchers[cluster] for cluster in doubt.clusters)
        if tuple(sorted(records)) in asked:
            yield _question(doubt, records)


def _question(doubt: Doubt, records: tuple[int, ...]) -> Question:
    return Question(doubt.kind, ACROSS, records, doubt.scores, (), doubt.weight)


def _groups(pairs: Sequence[tuple[int, int]], places: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """The places of the bylines of records that hang together by pairs."""
    parent = {one: one for pair in pairs for one in pair}

    def find(one: int) -> int:
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    for one, other in pairs:
        a, b = sorted((find(one), find(other)))
        parent[b] = a
    groups: dict[int, list[int]] = {}
    for one in sorted(parent):
        groups.setdefault(find(one), []).extend(places.get(one, ()))
    return list(groups.values())
