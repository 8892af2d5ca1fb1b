"""Researchers as the API gives them: lists, one record, works, co-authors, trust receipt. Public ids only."""

from __future__ import annotations

from datetime import datetime

import msgspec

from graph import trust
from graph.audience import SAME_RECORD
from graph.recency import now, state
from graph.snapshots import TrustChange, TrustInputs
from graph.trust_model import Weights
from profiles.statements import SAID, Said, said
from researchgraph.lib import bulk
from researchgraph.lib.dates import this_year
from researchgraph.lib.public_ids import address
from works.row_selectors import WorkRow, work_rows


class ResearcherBrief(msgspec.Struct, frozen=True):
    """A researcher in a list."""

    public_id: str
    name: str
    url: str
    verification_level: int
    works: int
    first_year: int | None
    last_year: int | None


class NameSeen(msgspec.Struct, frozen=True):
    """One spelling and its bylines."""

    name: str
    bylines: int


class IdentifierSeen(msgspec.Struct, frozen=True):
    """One identifier and the bylines that carry it."""

    scheme: str
    value: str
    bylines: int


class InstitutionSeen(msgspec.Struct, frozen=True):
    """An institution named on bylines; it never says who is employed where. `ror` is "" where no entry is known to be it."""

    public_id: str
    name: str
    ror: str
    works: int
    first_year: int | None
    last_year: int | None


class TopicSeen(msgspec.Struct, frozen=True):
    """One topic and the works on it."""

    public_id: str
    label: str
    code: str
    works: int


class LinkStated(msgspec.Struct, frozen=True):
    """A page of the author's; `links_back`: it names this record as theirs."""

    label: str
    url: str
    links_back: bool


class ByAuthor(msgspec.Struct, frozen=True):
    """What the author of a claimed record says of themselves; all of it empty where nothing is said."""

    biography: str
    position: str
    institution: str
    since: int | None
    interests: list[str]
    also_written: list[str]
    links: list[LinkStated]
    open_to_collaborate: bool
    collaboration_note: str


class ResearcherDetail(msgspec.Struct, frozen=True):
    """One researcher."""

    public_id: str
    name: str
    url: str
    native_name: str
    verification_level: int
    works: int
    first_year: int | None
    last_year: int | None
    names: list[NameSeen]
    identifiers: list[IdentifierSeen]
    affiliations: list[InstitutionSeen]
    topics: list[TopicSeen]
    by_author: ByAuthor


class Whereabouts(msgspec.Struct, frozen=True):
    """The stored key behind a public id, the record it leads to (since `moved_at`) or "", and whether it was taken down."""

    key: int
    moved_to: str
    moved_at: datetime | None
    removed: bool


class Coauthor(msgspec.Struct, frozen=True):
    """A co-author; `strength_in_all` is the sum of 1 / (authors - 1) over the shared works, `strength` the same with works
    halved every two years, as of this year. `state` says what has become of the tie: new, active, lapsed, or "" where no
    shared work has a year.
    """

    public_id: str
    name: str
    url: str
    works: int
    strength: float
    strength_in_all: float
    first_year: int | None
    last_year: int | None
    state: str


class TrustChanged(msgspec.Struct, frozen=True):
    """A receipt that was current from `at` on, and what it changed for."""

    at: str
    score: int
    cause: str
    model_version: str


class TrustReport(msgspec.Struct, frozen=True):
    """The receipt with everything needed to recompute it: what it rests on, the weights of its version, and how it came about.

    Of the inputs, those that are 0 may be left out, as they are in the text that is hashed.
    """

    score: int
    word: str
    components: list[trust.Component]
    inputs: TrustInputs
    model_version: str
    inputs_hash: str
    cause: str
    computed_at: datetime
    history: list[TrustChanged]
    weights: Weights


DETAIL = f"""
    SELECT {{where}}, r.public_id, r.display_name, r.slug, r.native_name, r.verification_level, r.works_count, r.first_year,
           r.last_year,
           (SELECT jsonb_agg(jsonb_build_object('name', n.name, 'bylines', n.bylines) ORDER BY n.bylines DESC, n.name)
              FROM profiles_researchername n WHERE n.researcher_id = r.id)::text,
           (SELECT jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value, 'bylines', i.bylines)
                             ORDER BY i.scheme, i.value)
              FROM profiles_researcheridentifier i WHERE i.researcher_id = r.id)::text,
           (SELECT jsonb_agg(jsonb_build_object('public_id', i.public_id, 'name', i.name, 'ror', i.ror, 'works', a.works,
                             'first_year', a.first_year, 'last_year', a.last_year) ORDER BY a.works DESC, i.name)
              FROM profiles_affiliation a JOIN profiles_institution i ON i.id = a.institution_id
             WHERE a.researcher_id = r.id)::text,
           (SELECT jsonb_agg(jsonb_build_object('public_id', t.public_id, 'label', t.label, 'code', t.code,
                             'works', k.works) ORDER BY k.works DESC, t.label)
              FROM graph_researchertopic k JOIN works_topic t ON t.id = k.topic_id WHERE k.researcher_id = r.id)::text,
           {SAID.format(keys=SAME_RECORD.format(key="r.id"))}
      FROM {{researcher}}
"""  # noqa: S608 - constants

WHERE = "r.id, coalesce(m.public_id, ''), r.merged_at, r.removed_at IS NOT NULL"
RESEARCHER = "profiles_researcher r LEFT JOIN profiles_researcher m ON m.id = r.merged_into_id WHERE r.public_id = %s"

COAUTHORS = """
    SELECT o.public_id, o.display_name, o.slug, e.works, e.weight, e.recent, e.first_year, e.last_year
      FROM graph_coauthoredge e JOIN profiles_researcher o ON o.id = CASE WHEN e.a_id = %s THEN e.b_id ELSE e.a_id END
     WHERE e.a_id = %s OR e.b_id = %s
     ORDER BY e.recent DESC, e.weight DESC, e.works DESC, o.id LIMIT %s OFFSET %s
"""

RECEIPT = """
    SELECT t.inputs::text, t.model_version, o.weights, t.cause, t.computed_at,
           (SELECT json_agg(json_build_array(to_char(n.computed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'), n.score,
                                             n.cause, n.model_version) ORDER BY n.computed_at, n.id)::text
              FROM graph_trustsnapshot n WHERE n.researcher_id = t.researcher_id)
      FROM graph_trustsnapshot t JOIN graph_trustmodel o ON o.version = t.model_version
     WHERE t.researcher_id = %s AND t.current
"""

WORKS = """
    SELECT w.id FROM works_authorship a JOIN works_work w ON w.id = a.work_id
     WHERE a.researcher_id = %s ORDER BY w.year DESC NULLS LAST, w.date DESC, w.id DESC LIMIT %s OFFSET %s
"""

_names = msgspec.json.Decoder(list[NameSeen]).decode
_identifiers = msgspec.json.Decoder(list[IdentifierSeen]).decode
_institutions = msgspec.json.Decoder(list[InstitutionSeen]).decode
_topics = msgspec.json.Decoder(list[TopicSeen]).decode
_changes = msgspec.json.Decoder(list[TrustChange]).decode


def whereabouts(public_id: str) -> Whereabouts | None:
    """What is behind a public id; None if there never was anything."""
    rows = bulk.fetch(f"SELECT {WHERE} FROM {RESEARCHER}", [public_id])  # noqa: S608 - parts of our own
    return Whereabouts(*rows[0]) if rows else None


def researcher(public_id: str) -> tuple[Whereabouts, ResearcherDetail] | None:
    """One researcher, and whether the record is still there; None if there never was any."""
    rows = bulk.fetch(DETAIL.format(where=WHERE, researcher=RESEARCHER), [public_id])
    if not rows:
        return None
    *where, public, name, slug = rows[0][:7]
    *facts, names, known, institutions, topics, stated = rows[0][7:]
    return Whereabouts(*where), ResearcherDetail(*(
        public, name, address("researchers", public, slug), *facts,
        _names(names) if names else [],
        _identifiers(known) if known else [],
        _institutions(institutions) if institutions else [],
        _topics(topics) if topics else [],
        _by_author(said(stated)),
    ))  # fmt: skip


def _by_author(stated: Said) -> ByAuthor:
    position, collaboration = stated.position, stated.collaboration
    return ByAuthor(
        biography=stated.biography,
        position=position.title,
        institution=position.institution,
        since=position.since,
        interests=stated.interests,
        also_written=stated.variants,
        links=[LinkStated(link.label, link.url, link.url in stated.back) for link in stated.links],
        open_to_collaborate=collaboration.open,
        collaboration_note=collaboration.note if collaboration.open else "",
    )


def works(key: int, *, limit: int, offset: int) -> tuple[int, list[WorkRow]]:
    """How many works, and the asked ones, newest first."""
    total = bulk.fetch("SELECT count(*) FROM works_authorship WHERE researcher_id = %s", [key])[0][0]
    return total, work_rows([row[0] for row in bulk.fetch(WORKS, [key, limit, offset])])


def coauthors(key: int, *, limit: int, offset: int) -> tuple[int, list[Coauthor]]:
    """How many co-authors, and the asked ones, strongest at present first."""
    total = bulk.fetch("SELECT count(*) FROM graph_coauthoredge WHERE a_id = %s OR b_id = %s", [key, key])[0][0]
    rows = bulk.fetch(COAUTHORS, [key, key, key, limit, offset])
    year = this_year()
    return total, [
        Coauthor(
            public, name, address("researchers", public, slug), count, round(now(recent, year=year), 4), round(weight, 4),
            first, last, state(first, last, year=year),
        )
        for public, name, slug, count, weight, recent, first, last in rows
    ]  # fmt: skip


def trust_report(key: int) -> TrustReport | None:
    """The current receipt; None while none has been computed."""
    rows = bulk.fetch(RECEIPT, [key])
    if not rows:
        return None
    inputs, version, weights, cause, computed_at, changes = rows[0]
    found = trust.explained(inputs, version, weights)
    receipt = found.receipt
    return TrustReport(
        receipt.score, receipt.word, list(receipt.components), found.inputs, receipt.model_version, receipt.inputs_hash,
        cause, computed_at, [TrustChanged(c.at + "Z", c.score, c.cause, c.model_version) for c in _changes(changes)],
        msgspec.json.decode(weights, type=Weights),
    )  # fmt: skip
