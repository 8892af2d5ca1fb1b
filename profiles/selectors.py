"""Everything a researcher's page prints, in one query whatever the number of works.

The stored snapshots come as JSON text and are decoded into the structs of `graph.snapshots`; no model instance
is made on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from django.conf import settings
from django.db import connection
from markupsafe import Markup

from graph import charts, explorer_picture, exploring, trust, trust_chart, trust_model, twin
from graph.audience import FOLLOWERS, SAME_RECORD
from graph.exploring import View
from graph.neighborhood import Neighborhood
from graph.neighborhood_selectors import neighborhood
from graph.snapshots import AffiliationSeen, EgoGraph, Profile, TrustChange, TrustInputs
from profiles.models import VerificationLevel
from profiles.printed import GUARDED
from profiles.statements import IN_FORCE, SAID, Said, said
from profiles.work_selectors import WORKS_A_PAGE, Parameters, Wish, WorkList, statement, wish, work_list
from researchgraph.lib import identifiers
from researchgraph.lib.dates import span, this_year
from researchgraph.lib.links import safe_url
from researchgraph.lib.paging import paging
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

SIMILAR_SHOWN: Final = 3
WAITING_COUNTED: Final = 100
"""Undecided bylines with the same name are counted up to here; a page says "100 or more" then."""
HISTORY_SHOWN: Final = 24
"""Changes of the receipt on a page, the newest ones; the command prints them all."""
FACET_VALUES: Final = 12
"""Values per filter: the most frequent; the address takes any other."""

STRENGTHS: Final = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Least strengths that the graph of a profile offers; the address takes any other."""


class Similar(msgspec.Struct, array_like=True, frozen=True):
    """Another record with the same family name and first initial, and what tells it apart."""

    public_id: str
    slug: str
    name: str
    works: int
    first_year: int | None
    last_year: int | None
    institution: str | None
    topic: str | None

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("researchers", self.public_id, self.slug)

    @property
    def apart(self) -> list[str]:
        """What tells this record apart: institution, field, years, as far as they are known."""
        return [fact for fact in (self.institution, self.topic, span(self.first_year, self.last_year)) if fact]


class Featured(msgspec.Struct, array_like=True, frozen=True):
    """A work that the author has put first."""

    public_id: str
    slug: str
    title: str
    title_html: str
    where: str

    @property
    def href(self) -> str:
        """The address of its page."""
        return address("works", self.public_id, self.slug)

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)


class Head(msgspec.Struct, frozen=True):
    """What a page says about the record itself."""

    id: int
    public_id: str
    slug: str
    name: str
    native_name: str
    listed_under: str
    level: int
    moved_to: str
    moved_slug: str
    moved_at: datetime | None
    removed: bool
    followers: int | None
    profile: Profile
    ego: EgoGraph
    receipt: trust.Receipt
    cause: str
    history: list[TrustChange]
    waiting: int
    similar: list[Similar]
    claimed_at: datetime | None
    said: Said
    featured: list[Featured]
    orcid: str

    @property
    def href(self) -> str:
        """The canonical address of the page."""
        return address("researchers", self.public_id, self.slug)

    @property
    def orcid_href(self) -> str:
        """Where the iD leads that the author has signed in with."""
        return safe_url(identifiers.url("orcid", self.orcid))

    @property
    def nearest(self) -> list[twin.Row]:
        """The strongest co-authors as of this year, those of the picture."""
        return twin.rows(self.ego, year=this_year())

    @property
    def groups(self) -> list[twin.Group]:
        """Those of them who share works with each other; none where all do."""
        return twin.by_group(self.nearest)

    @property
    def dial(self) -> Markup:
        """The picture of the strongest co-authors; "" if there are none."""
        return charts.dial(self.ego, center=self.name, href=self.href, year=this_year())

    @property
    def history_chart(self) -> Markup:
        """The picture of how the score has changed; "" while it never has."""
        return trust_chart.history(self.history)

    @property
    def level_label(self) -> str:
        """What the verification level says."""
        return trust.LEVEL_LABELS[self.level]

    @property
    def claimed(self) -> bool:
        """Whether its author has claimed the record."""
        return self.level >= VerificationLevel.AUTHENTICATED

    @property
    def name_href(self) -> str:
        """The page of everybody with this family name and first initial."""
        return f"/names/{quote(self.listed_under.replace(' ', '-'))}/"

    @property
    def affiliation(self) -> AffiliationSeen | None:
        """The institution named last on bylines."""
        return self.profile.affiliations[0] if self.profile.affiliations else None


class Link(msgspec.Struct, frozen=True):
    """An identifier: what its scheme is called, the value, where it resolves ("" if nowhere), on how many bylines."""

    label: str
    value: str
    href: str
    bylines: int


class Facet(NamedTuple):
    """A filter: its title, its key in the address, its values with label and works, and those chosen."""

    title: str
    key: str
    options: list[tuple[str, str, int]]
    chosen: tuple[str, ...]


class Chip(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    href: str


class ProfilePage(msgspec.Struct, frozen=True):
    """A researcher's page: the stored part, the works the address asks for, and the graph as it narrows it.

    `nearby` is None where the address leaves the graph as it is stored.
    """

    head: Head
    works: WorkList
    view: View
    nearby: Neighborhood | None = None

    @property
    def picture(self) -> Markup:
        """The picture of the rows that the address asks for."""
        return (
            explorer_picture.picture(self.nearby, self.view, letters=self.nearby.letters(), size=explorer_picture.SMALL)
            if self.nearby
            else Markup("")
        )

    @property
    def identifiers(self) -> list[Link]:
        """The external ids of the bylines, with safe links."""
        return [
            Link(identifiers.label(i.scheme), i.value, safe_url(identifiers.url(i.scheme, i.value)), i.bylines)
            for i in self.head.profile.identifiers
        ]

    @property
    def works_phrase(self) -> str:
        """How many works are held: "1 work", "30 works"."""
        works = self.head.profile.works
        return "1 work" if works == 1 else f"{works:,} works"

    @property
    def bylines(self) -> int:
        """How many bylines carry the printed names."""
        return sum(name.bylines for name in self.head.profile.names)

    @property
    def bylines_identified(self) -> int:
        """How many bylines carry the identifier seen most often."""
        return max((i.bylines for i in self.head.profile.identifiers), default=0)

    @property
    def has_orcid(self) -> bool:
        """Whether some byline carries an ORCID iD."""
        return any(i.scheme == "orcid" for i in self.head.profile.identifiers)

    @property
    def years(self) -> str:
        """First to last year of the works, or ""."""
        return span(self.head.profile.first_year, self.head.profile.last_year)

    @property
    def years_phrase(self) -> str:
        """The years as they go on in a sentence: "from 2018 to 2024", "in 2018"."""
        return f"{'from' if ' to ' in self.years else 'in'} {self.years}"

    @property
    def year_totals(self) -> dict[int, int]:
        """Works per year, whatever the filters."""
        return {y.year: y.at_venue + y.preprint_only for y in self.head.profile.years}

    @property
    def waiting(self) -> str:
        """The undecided bylines with this name, in words."""
        count = self.head.waiting
        if count >= WAITING_COUNTED:
            return f"{WAITING_COUNTED} or more bylines"
        return "1 byline" if count == 1 else f"{count} bylines"

    @property
    def ladder(self) -> dict[int, str]:
        """All verification levels and what they say."""
        return trust.LEVEL_LABELS

    @property
    def tagline_facts(self) -> int:
        """How many things there are to say in the opening sentence; fewer than two are left unsaid."""
        profile = self.head.profile
        return bool(profile.works) + bool(profile.topics) + bool(self.head.ego.people) + bool(profile.affiliations)

    @property
    def mostly(self) -> bool:
        """Whether the first topic is on at least a third of the works."""
        profile = self.head.profile
        return bool(profile.topics) and 3 * profile.topics[0].works >= profile.works

    @property
    def facets(self) -> list[Facet]:
        """The filters with all their values, counted over all works of the record."""
        profile, asked = self.head.profile, self.works.wish
        years = [(str(y.year), str(y.year), y.at_venue + y.preprint_only) for y in reversed(profile.years)]
        topics = [(t.public_id, t.label, t.works) for t in profile.topics[:FACET_VALUES]]
        return [
            Facet("Year", "year", years, tuple(map(str, asked.years))),
            Facet("Type", "type", [(f.value, f.label, f.works) for f in profile.types], asked.types),
            Facet("Topic", "topic", topics, asked.topics),
            Facet("Venue", "venue", [(f.value, f.label, f.works) for f in profile.venues[:FACET_VALUES]], asked.venues),
        ]

    @property
    def chips(self) -> list[Chip]:
        """The filters that are on, each with the address without it."""
        labels = {(f.key, value): label for f in self.facets for value, label, _ in f.options}
        pairs = self.works.wish.pairs
        return [
            Chip(labels.get(pair, pair[1]), self._address_of([p for p in pairs if p != pair]))
            for pair in self.works.wish.own
            if pair[0] != "sort"
        ]

    @property
    def whole_graph(self) -> str:
        """The address with nothing of the graph left out."""
        return self._address_of(self.works.wish.own)

    @property
    def years_offered(self) -> list[int]:
        """First years that the graph may begin with, the latest first, and the one that is chosen."""
        found = {year.year for year in self.head.profile.years} | ({self.view.since} if self.view.since else set())
        return sorted(found, reverse=True)

    @property
    def strengths_offered(self) -> list[float]:
        """Least strengths to choose from, and the one that is chosen."""
        return sorted({*STRENGTHS, self.view.least} - {0.0})

    @property
    def all_works(self) -> str:
        """The address with no filter on works."""
        return self._address_of(self.works.wish.kept)

    def _address_of(self, pairs: Sequence[tuple[str, str]]) -> str:
        return f"{self.head.href}?{urlencode(pairs)}" if pairs else self.head.href


_STAMP: Final = f"""
SELECT r.id, r.public_id, r.slug, r.display_name, r.native_name, r.listed_under, r.verification_level,
       coalesce(m.public_id, ''), CASE WHEN m.removed_at IS NULL THEN coalesce(m.slug, '') ELSE '' END, r.merged_at,
       r.removed_at IS NOT NULL,
       CASE WHEN r.hide_followers THEN NULL ELSE {FOLLOWERS.format(keys="k.keys", kind="researcher")} END, p.computed_at,
       (SELECT count(*) FROM (SELECT FROM works_authorship a
                               WHERE a.block_key = r.listed_under AND a.researcher_id IS NULL
                                 AND NOT {GUARDED} LIMIT %s) waiting),
       (SELECT json_agg(json_build_array(o.public_id, o.slug, o.display_name, o.works_count, o.first_year, o.last_year,
                                         s.data::json->'affiliations'->0->>2, s.data::json->'topics'->0->>2))::text
          FROM (SELECT * FROM profiles_researcher n
                 WHERE n.listed_under = r.listed_under AND n.id <> r.id AND n.merged_into_id IS NULL AND n.works_count > 0
                 ORDER BY n.works_count DESC, n.id LIMIT %s) o
          LEFT JOIN graph_profilesnapshot s ON s.researcher_id = o.id),
       (SELECT max(c.decided_at) FROM profiles_claimedrecord k JOIN profiles_claim c ON c.id = k.claim_id
         WHERE k.holds AND k.researcher_id IN (SELECT r.id UNION SELECT n.id FROM profiles_researcher n WHERE n.merged_into_id = r.id)),
       {SAID.format(keys="k.keys")},
       (SELECT min(e.value) FROM profiles_claimedrecord h JOIN profiles_claim c ON c.id = h.claim_id
          JOIN profiles_claimevidence e
            ON e.claim_id = c.id AND e.state = 'confirmed' AND e.kind LIKE 'orcid-%%' AND e.records && k.keys
          JOIN socialaccount_socialaccount s ON s.user_id = c.claimant_id AND s.provider = 'orcid' AND s.uid = e.value
         WHERE h.holds AND h.researcher_id = ANY(k.keys))
       {{more}}
  FROM profiles_researcher r
  LEFT JOIN profiles_researcher m ON m.id = r.merged_into_id
  LEFT JOIN graph_profilesnapshot p ON p.researcher_id = r.id
 CROSS JOIN LATERAL (SELECT {SAME_RECORD.format(key="r.id")} AS keys) k {{join}}
 WHERE r.public_id = %s
"""  # noqa: S608 - constants
_FEATURED: Final = f"""
    (SELECT json_agg(json_build_array(w.public_id, w.slug, w.title, w.title_html, w.version_label) ORDER BY n.place)::text
       FROM ({IN_FORCE.format(keys="k.keys")}) f
      CROSS JOIN LATERAL jsonb_array_elements_text(CASE WHEN f.field = 'pinned' THEN f.value ELSE '[]' END)
            WITH ORDINALITY AS n(id, place)
       JOIN works_work o ON o.id = n.id::bigint JOIN works_work w ON w.id = coalesce(o.merged_into_id, o.id)
      WHERE EXISTS (SELECT FROM works_authorship m WHERE m.work_id = w.id AND m.researcher_id = r.id))
"""  # noqa: S608 - constants
_HISTORY: Final = f"""
    (SELECT json_agg(json_build_array(to_char(n.computed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'), n.score, n.cause,
                                      n.model_version) ORDER BY n.computed_at, n.id)::text
       FROM (SELECT * FROM graph_trustsnapshot l WHERE l.researcher_id = r.id
              ORDER BY l.computed_at DESC, l.id DESC LIMIT {HISTORY_SHOWN}) n)
"""  # noqa: S608 - a constant
_HEAD: Final = (
    f", p.data, e.data, t.inputs::text, t.model_version, o.weights, t.cause, {_HISTORY}, {_FEATURED}",
    """
  LEFT JOIN graph_egographsnapshot e ON e.researcher_id = r.id
  LEFT JOIN graph_trustsnapshot t ON t.researcher_id = r.id AND t.current
  LEFT JOIN graph_trustmodel o ON o.version = t.model_version""",
)


class Stamp(NamedTuple):
    """What names the state of a record: equal stamps, equal pages.

    Whatever changes the works, bylines or co-authors of a record has it recomputed, which sets `computed_at`
    (None before the first time). `followers` is None where the number is not told. `orcid` is the iD with which whoever
    holds the record signs in, as far as it was evidence for this record. The rest is what a page shows of other records
    and of the record's own row.
    """

    id: int
    public_id: str
    slug: str
    name: str
    native_name: str
    listed_under: str
    level: int
    moved_to: str
    moved_slug: str
    moved_at: datetime | None
    removed: bool
    followers: int | None
    computed_at: datetime | None
    waiting: int
    similar: str | None
    claimed_at: datetime | None
    said: str | None
    orcid: str | None

    @property
    def href(self) -> str:
        """The canonical address of the page."""
        return address("researchers", self.public_id, self.slug)


class StoredHead(NamedTuple):
    """The stored part of a page as the database gives it: snapshots are JSON texts, None where none is stored yet."""

    stamp: Stamp
    profile: str | None
    ego: str | None
    inputs: str | None
    model_version: str | None
    weights: str | None
    cause: str | None
    history: str | None
    featured: str | None


class StoredPage(NamedTuple):
    """A whole page as the database gives it, and the wish it was read for."""

    head: StoredHead
    total: int
    works: str
    wish: Wish


EMPTY_PROFILE: Final = Profile(
    works=0,
    first_year=None,
    last_year=None,
    topics_total=0,
    close=0,
    coauthors=0,
    as_of="",
    years=[],
    names=[],
    identifiers=[],
    affiliations=[],
    topics=[],
    types=[],
    venues=[],
    sources=[],
)
EMPTY_EGO: Final = EgoGraph(total=0, close=0, first_year=None, last_year=None, drawn=0, people=[])

_profile = msgspec.json.Decoder(Profile).decode
_history = msgspec.json.Decoder(list[TrustChange]).decode
_similar = msgspec.json.Decoder(list[Similar]).decode
_featured = msgspec.json.Decoder(list[Featured]).decode
_ego = msgspec.json.Decoder(EgoGraph).decode


def stamp(public_id: str) -> Stamp | None:
    """The present state of a record, by name; None if there is no such record."""
    row = _row(_STAMP.format(more="", join=""), [WAITING_COUNTED, SIMILAR_SHOWN, public_id])
    return Stamp(*row) if row else None


def stored_head(public_id: str) -> StoredHead | None:
    """The stored part of a page; None if there is no such record."""
    more, join = _HEAD
    row = _row(_STAMP.format(more=more, join=join), [WAITING_COUNTED, SIMILAR_SHOWN, public_id])
    return _stored(row) if row else None


def stored_page(public_id: str, asked: Wish) -> StoredPage | None:
    """The whole page as stored; None if there is no such record.

    Asked for a page behind the last one, it comes back with the last one.
    """
    works, parameters = statement(asked, researcher="r.id")
    more, join = _HEAD
    query = _STAMP.format(more=f"{more}, l.total, l.works", join=f"{join} CROSS JOIN LATERAL ({works}) l")
    row = _row(query, [WAITING_COUNTED, SIMILAR_SHOWN, *parameters, public_id])
    if row is None:
        return None
    *facts, total, found = row
    if not total and asked.page > 1:
        # Behind the last page there is no row that could tell the total.
        first = stored_page(public_id, msgspec.structs.replace(asked, page=1))
        last = paging(page=asked.page, size=WORKS_A_PAGE, total=first.total if first else 0).page
        return first if last == 1 else stored_page(public_id, msgspec.structs.replace(asked, page=last))
    return StoredPage(_stored(facts), total, found, asked)


def _row(query: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _stored(row: Sequence[Any]) -> StoredHead:
    length = len(Stamp._fields)
    return StoredHead(Stamp(*row[:length]), *row[length:])


def head(stored: StoredHead) -> Head:
    """The stored part, decoded. A record made a moment ago has no snapshots yet and shows empty ones."""
    record = stored.stamp
    ego = _ego(stored.ego) if stored.ego else EMPTY_EGO
    return Head(
        id=record.id,
        public_id=record.public_id,
        slug=record.slug,
        name=record.name,
        native_name=record.native_name,
        listed_under=record.listed_under,
        level=record.level,
        moved_to=record.moved_to,
        moved_slug=record.moved_slug,
        moved_at=record.moved_at,
        removed=record.removed,
        followers=record.followers,
        profile=_profile(stored.profile) if stored.profile else EMPTY_PROFILE,
        ego=ego,
        receipt=_receipt(stored),
        cause=stored.cause or "",
        history=_history(stored.history) if stored.history else [],
        waiting=record.waiting,
        similar=_similar(record.similar) if record.similar else [],
        claimed_at=record.claimed_at,
        said=said(record.said),
        featured=_featured(stored.featured) if stored.featured else [],
        orcid=record.orcid or "",
    )


def _receipt(stored: StoredHead) -> trust.Receipt:
    """As it was computed, with the weights of its version."""
    if stored.inputs and stored.model_version and stored.weights:
        return trust.explained(stored.inputs, stored.model_version, stored.weights).receipt
    return trust.receipt(TrustInputs(stored.stamp.level, 0, 0, 0, 0, 0, 0), trust_model.load(settings.TRUST_MODEL_FILE))


def decoded(stored: StoredPage, nearby: Neighborhood | None = None) -> ProfilePage:
    """The page from what is stored."""
    record = stored.head.stamp
    return ProfilePage(
        head=head(stored.head),
        works=work_list(stored.works, stored.wish, total=stored.total, path=record.href),
        view=exploring.profile_view(record.public_id, dict(stored.wish.kept)),
        nearby=nearby,
    )


def nearby(view: View) -> Neighborhood | None:
    """What of the graph stands on a profile whose address narrows it: the first rows of each kind. None otherwise."""
    found = neighborhood(view) if view.on_profile else None
    return found.first(exploring.ON_PROFILE // len(view.kinds)) if found else None


def researcher_page(public_id: str, parameters: Parameters) -> ProfilePage | None:
    """The page with the works the query string asks for; None if there is no such record."""
    stored = stored_page(public_id, wish(parameters))
    return decoded(stored) if stored else None
