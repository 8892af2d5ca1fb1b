"""One question about works with its evidence side by side. A fixed number of queries, whatever the works hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from markupsafe import Markup

from profiles import printed
from profiles.names import block_key
from researchgraph.lib import bulk, identifiers
from researchgraph.lib.desk import AT_ONCE
from researchgraph.lib.evidence import Evidence, sentence
from researchgraph.lib.public_ids import address
from works import comparison, questions
from works.comparison import Facet
from works.ingest.match import SAME_OVERLAP, SOME_OVERLAP
from works.row_selectors import TYPE_LABELS, markup

PEOPLE_SHOWN: Final = 8
SOURCES_SHOWN: Final = 6


class Person(msgspec.Struct, frozen=True):
    """A researcher whose page would change."""

    name: str
    href: str


class Record(msgspec.Struct, frozen=True):
    """A source record behind a work."""

    source: str
    key: str
    origin: str


class Side(msgspec.Struct, frozen=True):
    """One of the works, for the head of its column and the rows that are not compared."""

    id: int
    public_id: str
    slug: str
    heading: Markup
    type_label: str
    versions: str
    records: list[Record]
    record_count: int
    facts: comparison.Side

    @property
    def href(self) -> str:
        """The work's page."""
        return address("works", self.public_id, self.slug)

    @property
    def more_records(self) -> int:
        """Source records that are not printed."""
        return self.record_count - len(self.records)


class Alike(msgspec.Struct, frozen=True):
    """Further questions that rest on the same evidence, as a value for the form, and the titles of both their works."""

    value: str
    titles: list[tuple[str, str]]


class Episode(msgspec.Struct, frozen=True):
    """The episode of a podcast that may speak of the work."""

    title: str
    show: str
    date: str
    link: str


class Question(msgspec.Struct, frozen=True):
    """A question with its evidence. `other` is None where no second work is asked about; then there are no facets.

    `episode` is what is asked about in its place. `others` are further works it may be the same as. `stays` is the work that
    goes on if they are one.
    """

    id: int
    kind: str
    subject: str
    state: str
    aside: bool
    aside_by: str
    taken_by: str
    mine: bool
    doubt: float
    reach: tuple[int, int]
    evidence: list[str]
    one: Side | None
    other: Side | None
    others: list[Side]
    facets: list[Facet]
    share: float
    people: list[Person]
    alike: Alike | None
    episode: Episode | None
    low: float = SOME_OVERLAP
    high: float = SAME_OVERLAP

    @property
    def harm(self) -> float:
        """What the queue is ordered by."""
        return self.doubt * sum(self.reach)

    @property
    def decidable(self) -> bool:
        """Whether what is asked about is still there."""
        return self.one is not None and (self.other is not None or self.episode is not None)

    @property
    def stays(self) -> Side | None:
        """The work that goes on if both are one: that with more records, else the older one."""
        if self.one is None or self.other is None:
            return None
        return min((self.one, self.other), key=lambda side: (-side.record_count, side.id))

    @property
    def goes(self) -> Side | None:
        """The work that joins the other one."""
        return self.other if self.stays is self.one else self.one


_QUESTION: Final = f"""
    SELECT q.id, q.kind, q.subject, {questions.STATE}, q.postponed_state = {questions.STATE}, coalesce(p.username, ''),
           coalesce(u.username, ''), coalesce(q.assigned_to_id = %(user)s, false), {questions.DOUBT},
           {questions.PEOPLE}, {questions.WORKS}, q.evidence::text, {questions.WORK}, {questions.CANDIDATES}
      FROM works_review q LEFT JOIN auth_user u ON u.id = q.assigned_to_id LEFT JOIN auth_user p ON p.id = q.postponed_by_id
     WHERE q.id = %(review)s
"""  # noqa: S608 - constants

_SIDES: Final = f"""
    SELECT w.id, w.public_id, w.slug, w.title, w.title_html, w.type, w.version_label, w.title_key, w.year,
           coalesce(v.name, (SELECT min(n.name) FROM works_workversion x JOIN works_venue n ON n.id = x.venue_id
                              WHERE x.work_id = w.id), ''),
           ARRAY(SELECT {printed.NAME} FROM works_authorship a {printed.HOLDER} WHERE a.work_id = w.id ORDER BY a.position),
           w.author_keys,
           ARRAY(SELECT i.scheme || ':' || i.value FROM works_workidentifier i WHERE i.work_id = w.id ORDER BY 1),
           (SELECT jsonb_agg(jsonb_build_object('source', s.source, 'key', s.key, 'origin', s.origin))
              FROM (SELECT * FROM works_sourcerecord s WHERE s.work_id = w.id ORDER BY s.source, s.key
                     LIMIT {SOURCES_SHOWN}) s)::text,
           (SELECT count(*) FROM works_sourcerecord s WHERE s.work_id = w.id)
      FROM works_work w LEFT JOIN works_venue v ON v.id = w.venue_id WHERE w.id = ANY(%s)
"""  # noqa: S608 - constants

_PEOPLE: Final = f"""
    SELECT DISTINCT h.display_name, {printed.SHOWN_ID}, {printed.SHOWN_SLUG} FROM profiles_researcher h
     WHERE h.removed_at IS NULL AND NOT h.withheld
       AND h.id IN (SELECT a.researcher_id FROM works_authorship a WHERE a.work_id = ANY(%s)) ORDER BY 1, 2 LIMIT {PEOPLE_SHOWN}
"""  # noqa: S608 - constants

_ALIKE: Final = f"""
    WITH asked AS MATERIALIZED (
        SELECT q.id, {questions.STATE} AS state, {questions.ALIKE} AS alike, {questions.PLACE} AS place,
               (SELECT w.title FROM works_work w WHERE w.id = {questions.WORK}) AS title,
               (SELECT w.title FROM works_work w WHERE w.id = ({questions.CANDIDATES})[1]) AS other
          FROM works_review q WHERE q.kind = %(kind)s AND {questions.OPEN})
    SELECT a.id, a.state, a.title, coalesce(a.other, '') FROM asked a JOIN asked b ON b.id = %(review)s AND a.alike = b.alike
     WHERE a.id <> b.id AND a.place = 'open' AND a.title IS NOT NULL ORDER BY a.id LIMIT {AT_ONCE}
"""  # noqa: S608 - constants

_evidence = msgspec.json.Decoder(list[Evidence]).decode
_records = msgspec.json.Decoder(list[Record]).decode


def question(review: int, *, user: int) -> Question | None:
    """A question as the curator sees it; None if there is none with this key. Four queries."""
    rows = bulk.fetch(_QUESTION, {"review": review, "user": user})
    if not rows:
        return None
    key, kind, subject, state, aside, aside_by, taken_by, mine, doubt, people, works, evidence, work, candidates = rows[
        0
    ]
    sides = _sides([key for key in (work, *candidates) if key is not None])
    one = sides.get(work)
    others = [sides[key] for key in candidates if key in sides]
    other = others[0] if others and one else None
    return Question(
        id=key,
        kind=kind,
        subject=subject,
        state=state,
        aside=aside,
        aside_by=aside_by,
        taken_by=taken_by,
        mine=mine,
        doubt=doubt,
        reach=(people, works),
        evidence=[sentence(found) for found in _evidence(evidence)],
        one=one,
        other=other,
        others=others[1:],
        facets=comparison.compared(one.facts, other.facts) if one and other else [],
        share=comparison.alike(one.facts, other.facts) if one and other else 0.0,
        people=_people(list(sides)),
        alike=_alike(review, kind, user) if other else None,
        episode=_episode(subject) if kind == "media-match" else None,
    )


def _episode(subject: str) -> Episode | None:
    rows = bulk.fetch(
        "SELECT title, show, date, link FROM works_episode WHERE id = %s", [int(subject.partition(":")[0])]
    )  # fmt: skip
    return Episode(*rows[0]) if rows else None


def _sides(works: Sequence[int]) -> dict[int, Side]:
    return {row[0]: _side(row) for row in bulk.fetch(_SIDES, [list(works)])}


def _side(row: tuple[Any, ...]) -> Side:
    (
        key,
        public_id,
        slug,
        title,
        title_html,
        kind,
        versions,
        title_key,
        year,
        venue,
        authors,
        keys,
        known,
        records,
        count,
    ) = row
    facts = comparison.Side(
        title=title,
        title_key=title_key,
        authors=authors,
        author_keys=[block_key(one) for one in keys],
        venue=venue,
        year=year,
        identifiers=[(scheme, value) for scheme, _, value in (one.partition(":") for one in known)],
    )
    heading = markup(title, title_html)
    return Side(
        key, public_id, slug, heading, TYPE_LABELS[kind], versions, _records(records) if records else [], count, facts
    )  # fmt: skip


def _people(works: Sequence[int]) -> list[Person]:
    return [
        Person(name, address("researchers", public_id, slug))
        for name, public_id, slug in bulk.fetch(_PEOPLE, [list(works)])
    ]


def _alike(review: int, kind: str, user: int) -> Alike | None:
    rows = bulk.fetch(_ALIKE, {"review": review, "kind": kind, "user": user})
    if not rows:
        return None
    return Alike(
        " ".join(f"{key}:{state}" for key, state, _, _ in rows), [(title, other) for _, _, title, other in rows]
    )  # fmt: skip


def scheme_label(scheme: str) -> str:
    """What people call a scheme of identifiers."""
    return identifiers.label(scheme)
