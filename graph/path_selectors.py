"""How two researchers are connected: ways over shared works, with what each step rests on; and what two have in common."""

from __future__ import annotations

import itertools
from typing import Final

import msgspec
from django.db import OperationalError, transaction

from graph import routes
from graph.joining_selectors import Joining
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import LENGTH, address
from researchgraph.lib.text import fold
from works import search_selectors

STEPS_MOST: Final = 6
"""Longer ways connect everybody with everybody and say nothing."""
PEOPLE_LOOKED_AT: Final = 40_000
"""Where the search gives up, on both sides together: 40,000 people with their pairs are some 30 MB."""
PAIRS_READ: Final = 200_000
DETOUR: Final = 2
"""Steps that the strongest way may have more than the shortest."""
WORKS_A_STEP: Final = 3
COMMON_SHOWN: Final = 20
OFFERED: Final = 8
MILLISECONDS: Final = 2_000
"""How long one statement of a search may take; then it is cancelled, and the page says so."""


class Person(msgspec.Struct, frozen=True):
    """Somebody on a way."""

    key: int
    public_id: str
    slug: str
    name: str

    @property
    def href(self) -> str:
        """The address of the profile."""
        return address("researchers", self.public_id, self.slug)


class Step(msgspec.Struct, frozen=True):
    """From one person to the next: the strength of the pair, and works of both, those of the fewest authors first."""

    before: Person
    after: Person
    strength: float
    works: list[Joining]
    works_total: int


class Way(msgspec.Struct, frozen=True):
    """A whole way; see `graph.routes.Route`."""

    steps: list[Step]
    resistance: float


class Connection(msgspec.Struct, frozen=True):
    """The ways between two people, and the steps of the shortest, 0 if there is none.

    `given_up` says that the search met its limits before it found an answer, `cut_short` that it did after one, so that
    a better way may not have been seen.
    """

    one: Person
    other: Person
    ways: list[Way]
    distance: int = 0
    given_up: bool = False
    cut_short: bool = False


class Common(msgspec.Struct, frozen=True):
    """Somebody whom two people have both worked with, or a topic that both work on, with the works of each."""

    public_id: str
    slug: str
    label: str
    with_one: int
    with_other: int


class Comparison(msgspec.Struct, frozen=True):
    """What two people have in common; lists by the smaller of the two numbers."""

    people: list[Common]
    people_total: int
    topics: list[Common]
    topics_total: int
    works: list[Joining]
    works_total: int


_PEOPLE: Final = """
    SELECT id, public_id, slug, display_name FROM profiles_researcher
     WHERE {column} = ANY(%s) AND removed_at IS NULL AND merged_into_id IS NULL
"""
_PAIRS: Final = f"""
    (SELECT a_id, b_id, weight FROM graph_coauthoredge WHERE a_id = ANY(%(people)s::bigint[]) LIMIT {PAIRS_READ})
    UNION ALL
    (SELECT a_id, b_id, weight FROM graph_coauthoredge WHERE b_id = ANY(%(people)s::bigint[]) LIMIT {PAIRS_READ})
"""  # noqa: S608 - constants
_WORKS: Final = f"""
    SELECT s.place, w.public_id, w.slug, w.title, w.title_html, w.year, w.author_count, w.authors_truncated, w.total
      FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS s(one, other, place)
     CROSS JOIN LATERAL (
            SELECT v.*, count(*) OVER () AS total FROM works_work v
             WHERE v.id IN (SELECT work_id FROM works_authorship WHERE researcher_id = s.one
                            INTERSECT SELECT work_id FROM works_authorship WHERE researcher_id = s.other) AND NOT v.undone
             ORDER BY v.author_count, v.year DESC NULLS LAST, v.id LIMIT {WORKS_A_STEP}) w
     ORDER BY s.place, w.author_count, w.year DESC NULLS LAST, w.id
"""  # noqa: S608 - constants


class Offered(msgspec.Struct, frozen=True):
    """Whom a text may mean: the public id of the one it does, "" while that has to be chosen, and those to choose from."""

    chosen: str
    people: list[search_selectors.Person]


def offered(text: str, *, known: str = "") -> Offered:
    """Whom a public id, or a name, means. A name is that of the record with the id `known` if it carries the name, and else
    one record's only if no other that is found carries it.
    """
    asked = [one for one in (text, known) if len(one) == LENGTH]
    for _key, public_id, _slug, name in bulk.fetch(_PEOPLE.format(column="public_id"), [asked]) if asked else ():
        if public_id == text or fold(name) == fold(text):
            return Offered(public_id, [])
    found = search_selectors.people(text, limit=OFFERED, offset=0)[1] if text else []
    named = [one.public_id for one in found if fold(one.name) == fold(text)]
    return Offered(named[0] if len(named) == 1 else "", found)


def people(one: str, other: str) -> tuple[Person, Person] | None:
    """The two records; None unless both are there. One query."""
    found = {row[1]: Person(*row) for row in bulk.fetch(_PEOPLE.format(column="public_id"), [[one, other]])}
    return (found[one], found[other]) if one in found and other in found else None


def connection(one: Person, other: Person, *, strongest: bool = False) -> Connection:
    """How these two are connected: by the fewest steps (several ways), or by the least resistance (one way).

    A search from both ends: with each query the smaller side grows by one step, so there are as many queries as the way
    has steps, and two more. Nothing is held but the people that were met.
    """
    part = _Part({})
    try:
        with transaction.atomic():
            bulk.run(f"SET LOCAL statement_timeout = {MILLISECONDS}")
            _search(part, one.key, other.key, detour=DETOUR if strongest else 0)
    except OperationalError:
        part.whole = False
    if not 0 < part.steps <= STEPS_MOST:
        return Connection(one, other, [], given_up=not part.whole)
    if strongest:
        best = routes.strongest(part.graph, one.key, other.key, limit=part.steps + DETOUR)
        found = [best] if best else []
    else:
        found = routes.shortest(part.graph, one.key, other.key)
    ways = _explained(found)
    return Connection(one, other, ways, distance=part.steps if ways else 0, cut_short=not part.whole)


class _Part(msgspec.Struct):
    """The part of the graph in which the ways are, the steps of the shortest (0: there is none in it), and whether the
    search came to its end.
    """

    graph: dict[int, dict[int, float]]
    steps: int = 0
    whole: bool = True


def _search(part: _Part, start: int, end: int, *, detour: int) -> None:
    """Read the part of the graph between two people; with all ways of up to `detour` steps more than the shortest."""
    sides = [_Side(start), _Side(end)]
    for step in range(STEPS_MOST + detour):
        side = min(sides, key=lambda one: len(one.frontier))
        if not side.frontier:
            # Everybody on this side is known: there is no way, or all of it has been found.
            break
        if len(sides[0].seen) + len(sides[1].seen) > PEOPLE_LOOKED_AT:
            part.whole = False
            break
        pairs = bulk.fetch(_PAIRS, {"people": sorted(side.frontier)})
        part.whole = part.whole and len(pairs) < PAIRS_READ
        routes.join(part.graph, pairs)
        side.grow(part.graph)
        if part.steps or not sides[0].seen.isdisjoint(sides[1].seen):
            part.steps = part.steps or step + 1
            if step + 1 == part.steps + detour:
                break


class _Side:
    """What was met from one end: everybody, and those met last."""

    def __init__(self, start: int) -> None:
        self.seen = {start}
        self.frontier = {start}

    def grow(self, graph: routes.Neighbors) -> None:
        following = {other for one in self.frontier for other in graph.get(one, ())}
        self.frontier = following - self.seen
        self.seen |= following


def _explained(found: list[routes.Route]) -> list[Way]:
    """The ways with names and works. Two queries, whatever their number."""
    pairs = sorted({pair for route in found for pair in itertools.pairwise(route.people)})
    if not pairs:
        return []
    keys = sorted({key for pair in pairs for key in pair})
    known = {row[0]: Person(*row) for row in bulk.fetch(_PEOPLE.format(column="id"), [keys])}
    works: dict[tuple[int, int], list[Joining]] = {}
    totals: dict[tuple[int, int], int] = {}
    for place, *work, total in bulk.fetch(_WORKS, [list(column) for column in zip(*pairs, strict=True)]):
        pair = pairs[place - 1]
        works.setdefault(pair, []).append(Joining(*work))
        totals[pair] = total
    return [
        Way(
            [
                Step(known[a], known[b], strength, works.get((a, b), []), totals.get((a, b), 0))
                for (a, b), strength in zip(itertools.pairwise(route.people), route.strengths, strict=True)
            ],
            route.resistance,
        )
        for route in found
        if known.keys() >= set(route.people)
    ]


_COMMON_PEOPLE: Final = f"""
    WITH ends AS (SELECT * FROM (VALUES (1, %(one)s::bigint), (2, %(other)s::bigint)) v(place, id)),
         met AS (SELECT v.place, e.b_id AS other, e.works FROM ends v JOIN graph_coauthoredge e ON e.a_id = v.id
                 UNION ALL SELECT v.place, e.a_id, e.works FROM ends v JOIN graph_coauthoredge e ON e.b_id = v.id)
    SELECT r.public_id, r.slug, r.display_name, x.works, y.works, count(*) OVER ()
      FROM met x JOIN met y ON y.other = x.other AND y.place = 2
      JOIN profiles_researcher r ON r.id = x.other AND r.removed_at IS NULL
     WHERE x.place = 1 ORDER BY least(x.works, y.works) DESC, x.works + y.works DESC, r.id LIMIT {COMMON_SHOWN}
"""  # noqa: S608 - constants
_COMMON_TOPICS: Final = f"""
    SELECT t.public_id, t.slug, t.label, x.works, y.works, count(*) OVER ()
      FROM graph_researchertopic x JOIN graph_researchertopic y ON y.topic_id = x.topic_id AND y.researcher_id = %(other)s::bigint
      JOIN works_topic t ON t.id = x.topic_id
     WHERE x.researcher_id = %(one)s::bigint ORDER BY least(x.works, y.works) DESC, x.works + y.works DESC, t.id LIMIT {COMMON_SHOWN}
"""  # noqa: S608 - constants


def comparison(one: Person, other: Person) -> Comparison:
    """What these two have in common. Three queries."""
    given = {"one": one.key, "other": other.key}
    people_rows, topic_rows = bulk.fetch(_COMMON_PEOPLE, given), bulk.fetch(_COMMON_TOPICS, given)
    works = bulk.fetch(_WORKS, [[one.key], [other.key]])
    return Comparison(
        [Common(*row[:-1]) for row in people_rows],
        people_rows[0][-1] if people_rows else 0,
        [Common(*row[:-1]) for row in topic_rows],
        topic_rows[0][-1] if topic_rows else 0,
        [Joining(*row[1:-1]) for row in works],
        works[0][-1] if works else 0,
    )
