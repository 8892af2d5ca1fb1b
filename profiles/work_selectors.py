"""The works of one profile: a page of rows, filtered and sorted as the address says, in one query.

PostgreSQL assembles the rows as one JSON text, which is decoded straight into the structs below: no object per
column is made on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from profiles import printed
from profiles.printed import NAME_EVIDENCE, WITHHELD, discloses, hidden_words
from researchgraph.lib import dates, identifiers
from researchgraph.lib.evidence import Evidence, sentence
from researchgraph.lib.paging import Paging, page_number, paging
from researchgraph.lib.public_ids import address
from works.models import DecisionKind, WorkType
from works.row_selectors import MENTIONS, markup

if TYPE_CHECKING:
    from markupsafe import Markup

WORKS_A_PAGE: Final = 25
AUTHORS_IN_FULL: Final = 6
"""A byline of up to this many authors is printed whole; a longer one as first three, the person, last."""
AUTHORS_LISTED: Final = 50
"""As many authors stand in the expanded byline; the work's own page has them all."""
CHOICES: Final = 20
"""Values looked at per facet; an address with more is not one of ours."""
TEXT_LIMIT: Final = 200

SORTS: Final = {"newest": "Newest first", "oldest": "Oldest first", "title": "Title"}
TYPES: Final = frozenset(kind.value for kind in WorkType)
DECISIONS: Final = {kind.value: str(kind.label) for kind in DecisionKind}
_ORDERS: Final = {
    "newest": "w.year DESC NULLS LAST, w.date DESC, w.id DESC",
    "oldest": "w.year ASC NULLS LAST, w.date ASC, w.id ASC",
    "title": "w.title_key ASC, w.id ASC",
}


class Parameters(Protocol):
    """What a query string offers, such as Django's QueryDict."""

    def get(self, key: str, default: str, /) -> str | None:
        """The last value of a key."""

    def getlist(self, key: str, /) -> Sequence[str]:
        """All values of a key."""


class Wish(msgspec.Struct, frozen=True):
    """What the address asks for, with everything that makes no sense left out.

    `kept` is what the address says of other parts of the page, so that links of the list say it too.
    """

    sort: str = "newest"
    years: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    page: int = 1
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def filtered(self) -> bool:
        """Whether only some of the works are wanted."""
        return bool(self.years or self.types or self.topics or self.venues)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The wish as pairs of an address, without the page."""
        return (*self.own, *self.kept)

    @property
    def own(self) -> tuple[tuple[str, str], ...]:
        """The pairs that are about the list of works."""
        return (
            *((("sort", self.sort),) if self.sort != "newest" else ()),
            *(("year", str(year)) for year in self.years),
            *(("type", kind) for kind in self.types),
            *(("topic", topic) for topic in self.topics),
            *(("venue", venue) for venue in self.venues),
        )


def wish(parameters: Parameters, *, kept: tuple[tuple[str, str], ...] = ()) -> Wish:
    """Read the query string. Unknown sorts, types and years are ignored, values repeated count once."""
    sort = parameters.get("sort", "") or ""
    years = (int(year) for year in _values(parameters, "year") if dates.parts(year) and len(year) == len("2022"))
    return Wish(
        sort=sort if sort in SORTS else "newest",
        years=tuple(years),
        types=tuple(kind for kind in _values(parameters, "type") if kind in TYPES),
        topics=_values(parameters, "topic"),
        venues=_values(parameters, "venue"),
        page=page_number(parameters.get("page", "") or "", size=WORKS_A_PAGE),
        kept=kept,
    )


def _values(parameters: Parameters, key: str) -> tuple[str, ...]:
    given = parameters.getlist(key)[:CHOICES]
    return tuple(dict.fromkeys(v for v in given if v and len(v) <= TEXT_LIMIT and "\x00" not in v))


class Author(msgspec.Struct, array_like=True, frozen=True):
    """One printed name. `public_id` and `slug` are "" while nobody knows whose it is."""

    position: int
    name: str
    key: str
    public_id: str
    slug: str


class Topic(msgspec.Struct, array_like=True, frozen=True):
    """The work's primary topic."""

    public_id: str
    slug: str
    label: str
    code: str


class ProfileWork(msgspec.Struct, array_like=True, frozen=True):
    """One work of a profile. `position` counts from 0 and names the person's own byline, printed as `printed`."""

    public_id: str
    slug: str
    title: str
    title_html: str
    abstract: str
    abstract_html: str
    type: str
    year: int | None
    date: str
    versions: str
    author_count: int
    authors_truncated: bool
    code_url: str
    unaligned: list[str]
    sources: list[str]
    topic: Topic | None
    position: int
    as_in_source: str
    chosen: str
    decision: str
    confidence: float | None
    evidence: list[Evidence]
    institutions: dict[str, str] | None
    authors: list[Author]
    hidden_names: list[str]
    mentions: int = 0
    by_author: bool = False

    @property
    def printed(self) -> str:
        """The person's own byline as it is printed here."""
        return self.chosen or self.as_in_source

    @property
    def hidden(self) -> frozenset[str]:
        """Words that stand in no printed name of the work, because whose name they are does not want it."""
        return hidden_words(self.hidden_names, shown=[author.name for author in self.authors])

    @property
    def code(self) -> str:
        """Where the code is, unless the address names somebody who is not named here."""
        return "" if discloses(self.code_url, self.hidden) else self.code_url

    @property
    def affiliations(self) -> list[str]:
        """Affiliations that no author could be tied to."""
        return [text for text in self.unaligned if not discloses(text, self.hidden)]

    @property
    def href(self) -> str:
        """The address of the work's page."""
        return address("works", self.public_id, self.slug)

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def text(self) -> Markup:
        """The abstract as inert markup; "" where the sources have none."""
        return markup(self.abstract, self.abstract_html)

    @property
    def when(self) -> str:
        """The first date, or "" if no more than the year is known."""
        return dates.display(self.date) if len(self.date) > len("2022") else ""

    @property
    def shortened(self) -> bool:
        """Whether the byline is printed with gaps."""
        return self.author_count > AUTHORS_IN_FULL

    @property
    def byline(self) -> list[Author | None]:
        """The names to print; None is a gap."""
        if not self.shortened:
            return list(self.authors)
        last = self.author_count - 1
        chosen = [a for a in self.authors if a.position < 3 or a.position in (self.position, last)]
        line: list[Author | None] = []
        for author in chosen:
            if line and (before := line[-1]) and author.position > before.position + 1:
                line.append(None)
            line.append(author)
        return line

    @property
    def reasons(self) -> list[str]:
        """Why the byline is this person's, as sentences."""
        names = {author.key: author.name for author in self.authors}
        return in_words((e for e in self.evidence if self._may_say(e)), names, self.institutions or {})

    def _may_say(self, evidence: Evidence) -> bool:
        """Whether the reason quotes no name that is printed otherwise here."""
        if self.chosen and evidence.kind in NAME_EVIDENCE:
            return False
        return not (evidence.kind.endswith("identifier") and discloses(evidence.value, self.hidden))


def in_words(evidence: Iterable[Evidence], names: Mapping[str, str], institutions: Mapping[str, str]) -> list[str]:
    """The reasons as sentences. `names` and `institutions` are what is printed for stored keys; who is not named, is not."""
    shown = (_for_people(one, names, institutions) for one in evidence)
    return [sentence(one) for one in shown if one.value != WITHHELD]


def _for_people(evidence: Evidence, names: Mapping[str, str], institutions: Mapping[str, str]) -> Evidence:
    """The same evidence with names in place of stored keys."""
    value = evidence.value
    if evidence.kind == "coauthor":
        value = names.get(value, WITHHELD)
    elif evidence.kind in {"affiliation", "distinct-affiliation"} and value.isdigit():
        value = institutions.get(value, "of the same institution")
    elif evidence.kind.endswith("identifier") and ":" in value:
        scheme, _, rest = value.partition(":")
        value = f"{identifiers.label(scheme)} {rest}"
    return Evidence(evidence.kind, value, evidence.weight)


class WorkList(msgspec.Struct, frozen=True):
    """One page of a profile's works. `paging.total` counts those that pass the filters."""

    works: list[ProfileWork]
    wish: Wish
    paging: Paging

    @property
    def groups(self) -> Iterator[tuple[int | None, list[ProfileWork]]]:
        """Works by year in the order of the list; one group without a year when sorted by title."""
        if self.wish.sort == "title":
            yield None, self.works
            return
        for year, works in groupby(self.works, key=lambda work: work.year):
            yield year, list(works)


BY_AUTHOR: Final = """
    EXISTS (SELECT FROM profiles_claimedrecord k JOIN profiles_researcher x ON x.id = k.researcher_id
              JOIN profiles_claimdeed d ON d.claim_id = k.claim_id JOIN profiles_identityevent e ON e.id = d.event_id
             WHERE k.holds AND {researcher} IN (x.id, x.merged_into_id) AND e.kind = 'researcher:bylines:confirmed'
               AND {byline} = ANY(e.bylines) AND NOT EXISTS (SELECT FROM profiles_identityevent u WHERE u.undoes_id = e.id))
"""
"""Whether the person who holds the record has confirmed the byline themselves; both are SQL for keys."""

# The filters are pieces of SQL of our own, chosen by name; every value goes over as a parameter.
_FILTERS: Final = {
    "years": "w.year = ANY(%s)",
    "types": "w.type = ANY(%s)",
    "topics": """EXISTS (SELECT FROM works_worktopic k JOIN works_topic f ON f.id = k.topic_id
                          WHERE k.work_id = w.id AND f.public_id = ANY(%s))""",
    "venues": "w.venue_id IN (SELECT v.id FROM works_venue v WHERE v.key = ANY(%s))",
}

WORKS: Final = (
    """
SELECT coalesce(max(p.total), 0) AS total, coalesce(json_agg(json_build_array(
         p.public_id, p.slug, p.title, p.title_html, p.abstract, p.abstract_html, p.type, p.year, p.date,
         p.version_label, p.author_count, p.authors_truncated, p.code_url, p.unaligned_affiliations,
         ARRAY(SELECT DISTINCT s.source FROM works_sourcerecord s WHERE s.work_id = p.id ORDER BY s.source),
         (SELECT json_build_array(t.public_id, t.slug, t.label, t.code)
            FROM works_topic t WHERE t.id = p.primary_topic_id),
         p.position, p.raw_name, p.printed_name, p.kind, p.confidence, p.evidence,
         CASE WHEN p.institutions <> '{{}}' THEN
           (SELECT json_object_agg(i.id, i.name) FROM profiles_institution i WHERE i.id = ANY(p.institutions)) END,
         (SELECT json_agg(json_build_array(a.position, <name>, a.name_key, <id>, <slug>) ORDER BY a.position)
            FROM works_authorship a <holder>
           WHERE a.work_id = p.id AND (a.position < {listed} OR a.position IN (p.position, p.author_count - 1))),
         <hidden names>, <mentions>, p.kind = 'confirmed' AND <by author>
       ) ORDER BY p.place), '[]')::text AS works
  FROM (SELECT w.*, m.id AS authorship, m.researcher_id AS holder, m.position, m.raw_name, s.printed_name, m.kind,
               m.confidence, m.evidence, m.institutions,
               count(*) OVER () AS total, row_number() OVER (ORDER BY {order}) AS place
          FROM works_authorship m JOIN works_work w ON w.id = m.work_id JOIN profiles_researcher s ON s.id = m.researcher_id
         WHERE m.researcher_id = {researcher} {filters}
         ORDER BY {order} LIMIT {size} OFFSET %s) p
""".replace("<name>", printed.NAME)
    .replace("<id>", printed.SHOWN_ID)
    .replace("<slug>", printed.SHOWN_SLUG)
    .replace("<holder>", printed.HOLDER)
    .replace("<by author>", BY_AUTHOR.format(byline="p.authorship", researcher="p.holder"))
    .replace("<mentions>", MENTIONS.format(work="p.id"))
    .replace("<hidden names>", printed.HIDDEN_NAMES.format(work="p.id"))
)
"""The `total` of the works that pass the filters, and one page of them as JSON; the last parameter is the offset."""


def statement(asked: Wish, *, researcher: str) -> tuple[str, list[Any]]:
    """The query for one page of works and its parameters. `researcher` is the SQL that names the person's key."""
    chosen = {name: list(values) for name in _FILTERS if (values := getattr(asked, name))}
    sql = WORKS.format(
        order=_ORDERS[asked.sort],
        filters="".join(f" AND {_FILTERS[name]}" for name in chosen),
        researcher=researcher,
        size=WORKS_A_PAGE,
        listed=AUTHORS_LISTED,
    )
    return sql, [*chosen.values(), (asked.page - 1) * WORKS_A_PAGE]


def work_list(stored: str, asked: Wish, *, total: int, path: str) -> WorkList:
    """The list from what `statement` read."""
    window = paging(page=asked.page, size=WORKS_A_PAGE, total=total, path=path, parameters=asked.pairs)
    return WorkList(works=_decode(stored), wish=asked, paging=window)


_decode = msgspec.json.Decoder(list[ProfileWork]).decode
