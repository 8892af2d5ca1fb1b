"""Search over people, works, topics, institutions: exact identifiers first, names by prefix, titles by words.

Everything is answered by PostgreSQL: name tokens by prefix, titles by full-text search, topics and institutions
by the words of their keys. Whatever is typed is first made harmless (`clean_query`), so no input is an error.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Literal

import msgspec
from django.db import connection
from markupsafe import Markup, escape

from researchgraph.lib import bulk, identifiers, text
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import ResearcherRow, WorkRow, work_rows

Kind = Literal["people", "works", "topics", "institutions"]
KINDS: dict[Kind, str] = {"people": "Researchers", "works": "Works", "topics": "Topics", "institutions": "Institutions"}

QUERY_LIMIT = 200
WORDS_LIMIT = 8
RESULTS_A_PAGE = 20
COUNTED = 1_000
"""Hits are counted up to here; a longer list says "1,000+"."""

RANKED = 5_000
"""Title matches that are ranked at most: a broader query has no best match to miss."""

SUGGESTED = 4
SHORTEST_SUGGESTION = 2
_EXACT_SCHEMES = ("orcid", "doi", "arxiv", "acl", "openreview")
_WORD = re.compile(r"[^\W_]+")


class Person(ResearcherRow, frozen=True):
    """A researcher in the results, with what tells one bearer of a name from another."""

    level: int
    institution: str
    example: str
    listed_under: str


class Subject(msgspec.Struct, frozen=True):
    """A topic or institution in the results; `count` is works for a topic and people for an institution."""

    kind: str
    public_id: str
    slug: str
    name: str
    code: str
    count: int

    @property
    def href(self) -> str:
        """The address of the page."""
        return address(self.kind, self.public_id, self.slug)


class Results(msgspec.Struct, frozen=True):
    """One page of results of one kind, and how many hits every kind has (at most `COUNTED`)."""

    query: str
    kind: Kind
    counts: dict[Kind, int]
    paging: Paging
    people: list[Person] = []
    works: list[WorkRow] = []
    subjects: list[Subject] = []
    near: list[str] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.people or self.works or self.subjects)


class Suggestions(msgspec.Struct, frozen=True):
    """What the box offers while somebody types."""

    query: str
    people: list[Person]
    works: list[WorkRow]
    subjects: list[Subject]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.people or self.works or self.subjects)


def clean_query(raw: str) -> str:
    """The query as shown and searched: one line, no invisible characters, at most 200 characters."""
    return text.clean(raw[: 4 * QUERY_LIMIT].replace("\x00", ""))[:QUERY_LIMIT].strip()


def exact(query: str) -> str:
    """The address of the one record an identifier in the box names; "" if the query is no known identifier."""
    pairs = [pair for scheme in _EXACT_SCHEMES if (pair := identifiers.canonical_pair(scheme, query))]
    if not pairs:
        return ""
    schemes, values = [p[0] for p in pairs], [p[1] for p in pairs]
    rows = bulk.fetch(EXACT, [schemes, values, schemes, values])
    return address(*rows[0]) if len({row[1] for row in rows}) == 1 else ""


def search(query: str, *, kind: Kind | None = None, page: int = 1) -> Results:
    """One page of results. Without `kind` the first kind with hits is shown. An empty query lists everything."""
    terms = _Terms(query)
    counts = _counts(terms)
    first: Kind = next((known for known in KINDS if counts[known]), "people")
    shown = kind or first
    parameters = (("q", query),) if query else ()
    window = paging(
        page=page,
        size=RESULTS_A_PAGE,
        total=counts[shown],
        path="/search/",
        parameters=(*parameters, ("kind", shown)),
    )
    found: dict[str, Any] = {"near": _near(terms)} if query and not any(counts.values()) else {}
    match shown:
        case "people":
            found["people"] = _people(terms, window.size, window.offset)
        case "works":
            found["works"] = _works(terms, window.size, window.offset)
        case "topics" | "institutions":
            found["subjects"] = _subjects(shown, terms, window.size, window.offset)
    return Results(query, shown, counts, window, **found)


def people(query: str, *, limit: int, offset: int) -> tuple[int, list[Person]]:
    """How many researchers carry the name (at most `COUNTED`), and the asked ones. An empty query lists everybody."""
    terms = _Terms(query)
    return _fetch(PEOPLE_COUNT, terms, most=COUNTED)[0][0], _people(terms, limit, offset)


def suggest(query: str) -> Suggestions:
    """A few of each kind for the box; nothing before the second letter."""
    if len(query) < SHORTEST_SUGGESTION:
        return Suggestions(query, [], [], [])
    terms = _Terms(query)
    return Suggestions(
        query,
        _people(terms, SUGGESTED, 0),
        _works(terms, SUGGESTED, 0),
        [*_subjects("topics", terms, 2, 0), *_subjects("institutions", terms, 2, 0)],
    )


def highlighted(shown: str, query: str) -> Markup:
    """`shown` escaped, with every word that starts like a word of the query in <mark>."""
    starts = [text.fold(word) for word in _WORD.findall(query)[:WORDS_LIMIT]]
    starts = [start for start in starts if start]
    pieces, done = [], 0
    for word in _WORD.finditer(shown):
        if any(text.fold(word[0]).startswith(start) for start in starts):
            pieces += [escape(shown[done : word.start()]), Markup("<mark>"), escape(word[0]), Markup("</mark>")]
            done = word.end()
    return Markup("").join([*pieces, escape(shown[done:])])


class _Terms:
    """A query as each index wants it. Folded words hold only [a-z0-9], so no LIKE pattern needs escaping."""

    def __init__(self, query: str) -> None:
        words = list(dict.fromkeys(text.tokens(query)))[:WORDS_LIMIT]
        self.browse = not query
        self.words = words
        self.folded = " ".join(text.tokens(query))
        self.prefixes = [f"{word}%" for word in words]
        self.within = [f"%{word}%" for word in words]
        lexemes = _WORD.findall(query.casefold())[:WORDS_LIMIT]
        # Every word may be the start of a longer one: people stop typing in the middle. Asked of the plain dictionary
        # too, because the English one drops what could still become a word ("so", on the way to "soups").
        self.titles = " & ".join(f"'{word}':*" for word in lexemes)


EXACT = """
    SELECT 'works', w.public_id, w.slug FROM works_workidentifier i JOIN works_work w ON w.id = i.work_id
     WHERE (i.scheme, i.value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
    UNION
    SELECT 'researchers', r.public_id, r.slug
      FROM profiles_researcheridentifier i JOIN profiles_researcher r ON r.id = i.researcher_id
     WHERE (i.scheme, i.value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
       AND r.merged_into_id IS NULL AND r.removed_at IS NULL
"""

# A name matches when every word of the query starts one of its words.
PEOPLE_MATCH = """
    r.merged_into_id IS NULL AND r.works_count > 0 AND (%(browse)s OR r.id IN (
        SELECT t.researcher_id FROM unnest(%(prefixes)s::text[]) p JOIN profiles_nametoken t ON t.token LIKE p
         GROUP BY t.researcher_id HAVING count(DISTINCT p) = %(words)s))
"""
WORKS_MATCH = """
    w.merged_into_id IS NULL AND (
        %(browse)s OR w.title_search @@ (to_tsquery('english', %(titles)s) || to_tsquery('simple', %(titles)s)))
"""
TOPICS_MATCH = """
    %(browse)s OR (%(words)s > 0 AND (t.key LIKE ALL(%(within)s::text[]) OR lower(t.label) LIKE ALL(%(within)s::text[])
                   OR lower(t.code) LIKE ALL(%(within)s::text[])))
"""
INSTITUTIONS_MATCH = "%(browse)s OR (%(words)s > 0 AND i.key LIKE ALL(%(within)s::text[]))"

COUNTS = f"""
    SELECT (SELECT count(*) FROM (SELECT FROM profiles_researcher r WHERE {PEOPLE_MATCH} LIMIT %(most)s) x),
           (SELECT count(*) FROM (SELECT FROM works_work w WHERE {WORKS_MATCH} LIMIT %(most)s) x),
           (SELECT count(*) FROM (SELECT FROM works_topic t WHERE {TOPICS_MATCH} LIMIT %(most)s) x),
           (SELECT count(*) FROM (SELECT FROM profiles_institution i WHERE {INSTITUTIONS_MATCH} LIMIT %(most)s) x)
"""  # noqa: S608 - constants of this module

PEOPLE_COUNT = f"""
    SELECT count(*) FROM (SELECT FROM profiles_researcher r WHERE {PEOPLE_MATCH} LIMIT %(most)s) x
"""  # noqa: S608 - constants of this module

PEOPLE = f"""
    SELECT r.public_id, r.slug, r.display_name, r.works_count, r.first_year, r.last_year, r.verification_level,
           coalesce((SELECT i.name FROM profiles_affiliation a JOIN profiles_institution i ON i.id = a.institution_id
                      WHERE a.researcher_id = r.id
                      ORDER BY a.last_year DESC NULLS LAST, a.works DESC, i.name LIMIT 1), ''),
           coalesce((SELECT w.title FROM works_authorship a JOIN works_work w ON w.id = a.work_id
                      WHERE a.researcher_id = r.id ORDER BY w.year DESC NULLS LAST, w.id DESC LIMIT 1), ''),
           r.listed_under
      FROM (SELECT * FROM profiles_researcher r WHERE {PEOPLE_MATCH}
             ORDER BY name_key = %(folded)s DESC, works_count DESC, sort_name, id LIMIT %(size)s OFFSET %(offset)s) r
     ORDER BY r.name_key = %(folded)s DESC, r.works_count DESC, r.sort_name, r.id
"""  # noqa: S608 - constants of this module

WORKS = f"""
    SELECT w.id FROM (SELECT w.id, w.title_key, w.title_search, w.year, w.date FROM works_work w WHERE {WORKS_MATCH}
                       ORDER BY w.id DESC LIMIT %(ranked)s) w
     ORDER BY w.title_key = %(folded)s DESC,
              CASE WHEN %(browse)s THEN 0 ELSE ts_rank(w.title_search, to_tsquery('english', %(titles)s)) END DESC,
              w.year DESC NULLS LAST, w.date DESC, w.id DESC
     LIMIT %(size)s OFFSET %(offset)s
"""  # noqa: S608 - constants of this module

TOPICS = f"""
    SELECT 'topics', t.public_id, t.slug, t.label, t.code,
           (SELECT count(*) FROM works_worktopic k WHERE k.topic_id = t.id) AS works
      FROM works_topic t WHERE {TOPICS_MATCH}
     ORDER BY works DESC, t.label, t.id LIMIT %(size)s OFFSET %(offset)s
"""  # noqa: S608 - constants of this module

INSTITUTIONS = f"""
    SELECT 'institutions', i.public_id, i.slug, i.name, '',
           (SELECT count(*) FROM profiles_affiliation a WHERE a.institution_id = i.id) AS people
      FROM profiles_institution i WHERE {INSTITUTIONS_MATCH}
     ORDER BY people DESC, i.name, i.id LIMIT %(size)s OFFSET %(offset)s
"""  # noqa: S608 - constants of this module


# A name may also be found by words that it is not printed with, and those are not offered.
NEAR = """
    SELECT DISTINCT t.token FROM profiles_nametoken t
     WHERE t.token LIKE %s AND EXISTS (SELECT FROM profiles_researchername n WHERE n.researcher_id = t.researcher_id
                                          AND t.token = ANY(string_to_array(n.search_key, ' '))) LIMIT 2000
"""


def _fetch(query: str, terms: _Terms, **more: object) -> list[tuple[Any, ...]]:
    """Run a query with named parameters, only those it names: PostgreSQL must know the type of every one."""
    known: dict[str, Any] = {
        "browse": terms.browse, "prefixes": terms.prefixes, "within": terms.within, "words": len(terms.words),
        "titles": terms.titles, "folded": terms.folded, "ranked": RANKED, **more,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query, known)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _counts(terms: _Terms) -> dict[Kind, int]:
    row = _fetch(COUNTS, terms, most=COUNTED)[0]
    return dict(zip(KINDS, row, strict=True))


def _people(terms: _Terms, size: int, offset: int) -> list[Person]:
    return [Person(*row) for row in _fetch(PEOPLE, terms, size=size, offset=offset)]


def _works(terms: _Terms, size: int, offset: int) -> list[WorkRow]:
    return work_rows([row[0] for row in _fetch(WORKS, terms, size=size, offset=offset)])


def _subjects(kind: Literal["topics", "institutions"], terms: _Terms, size: int, offset: int) -> list[Subject]:
    query = TOPICS if kind == "topics" else INSTITUTIONS
    return [Subject(*row) for row in _fetch(query, terms, size=size, offset=offset)]


def _near(terms: _Terms) -> list[str]:
    """Names a mistyped word may have meant: known name words with the same start, nearest spelling first."""
    word = max(terms.words, key=len, default="")
    if len(word) < 4:
        return []
    rows = bulk.fetch(NEAR, [f"{word[:2]}%"])
    return get_close_matches(word, [row[0] for row in rows], n=3, cutoff=0.75)
