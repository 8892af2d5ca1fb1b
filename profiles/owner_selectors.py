"""What the author of a claimed record reads of it: suggested works, the works held, and what they said and decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from graph.audience import SAME_RECORD
from profiles import printed
from profiles.claims import GRANTED_SQL
from profiles.flows.claims import facts
from profiles.flows.owning.decide import OWN
from profiles.flows.owning.rights import BY_ANYBODY, BY_USER, HOLDING
from profiles.ledger import EventKind
from profiles.names import compatible
from profiles.record_selectors import BYLINES_A_PAGE, HeldByline, Sight, held_bylines
from profiles.statements import LABELS, NOTHING, SHAPES, Field, Said
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address
from works.row_selectors import TYPE_LABELS, markup

if TYPE_CHECKING:
    from markupsafe import Markup

CANDIDATES: Final = 2_000
"""Undecided bylines of the name that are looked at for suggestions, those beside known co-authors first."""
SUGGESTED: Final = 20
"""Suggestions on one page; when they are answered the next come up."""
NAMED: Final = 3
"""As many known co-authors are named with a suggestion."""
STATED: Final = 100
"""As many statements and decisions are listed, the newest."""


_COUNTS: Final = """
    NOT EXISTS (SELECT FROM profiles_identityevent u WHERE u.undoes_id = e.id AND NOT EXISTS (
                SELECT FROM profiles_identityevent v WHERE v.undoes_id = u.id))
"""
"""Whether the decision `e` was not undone, or was done again since."""


class Owned(msgspec.Struct, frozen=True):
    """A record that somebody holds by a claim."""

    id: int
    public_id: str
    slug: str
    name: str
    native_name: str
    level: int
    claim: int
    works: int
    followers_hidden: bool

    @property
    def public(self) -> str:
        """The page that visitors see."""
        return address("researchers", self.public_id, self.slug)

    @property
    def href(self) -> str:
        """The author's own page of it."""
        return f"/me/records/{self.public_id}/"


_OWNED: Final = f"""
    SELECT r.id, r.public_id, r.slug, r.display_name, r.native_name, r.verification_level, h.id, r.works_count,
           EXISTS (SELECT FROM profiles_researcher g WHERE g.id = ANY({SAME_RECORD.format(key="r.id")}) AND g.hide_followers)
      FROM profiles_researcher r CROSS JOIN LATERAL ({HOLDING.format(researcher="r.id", whose="{whose}")}) h
     WHERE r.public_id = %(public_id)s AND r.removed_at IS NULL
"""  # noqa: S608 - constants


def owned(public_id: str, *, user: int) -> Owned | None:
    """The record, if this person holds it; None for everybody else's. One query."""
    rows = bulk.fetch(_OWNED.format(whose=BY_USER), {"public_id": public_id, "user": user})
    return Owned(*rows[0]) if rows else None


def claimed(public_id: str) -> Owned | None:
    """The record, if anybody holds it. One query."""
    rows = bulk.fetch(_OWNED.format(whose=BY_ANYBODY), {"public_id": public_id})
    return Owned(*rows[0]) if rows else None


_ALL: Final = f"""
    SELECT DISTINCT r.public_id, r.display_name FROM profiles_claim c JOIN profiles_claimedrecord k ON k.claim_id = c.id AND k.holds
      JOIN profiles_researcher n ON n.id = k.researcher_id
      JOIN profiles_researcher r ON r.id = coalesce(n.merged_into_id, n.id) AND r.removed_at IS NULL
     WHERE c.claimant_id = %s AND c.state IN {GRANTED_SQL} ORDER BY 2, 1
"""  # noqa: S608 - a constant


def records_of(user: int) -> list[tuple[str, str]]:
    """The records a person holds: public id and name."""
    return [(public_id, name) for public_id, name in bulk.fetch(_ALL, [user])]


class Suggestion(msgspec.Struct, frozen=True):
    """A byline that nobody holds and that may be the author's. `known` are co-authors of theirs beside it, a few by name."""

    id: int
    title: str
    title_html: str
    href: str
    year: int | None
    where: str
    position: int
    author_count: int
    raw_name: str
    known: int
    names: list[str]
    listed: bool

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)


_CANDIDATES: Final = f"""
    SELECT c.id, c.raw_name, c.known, c.identifiers FROM (
        SELECT a.id, a.raw_name, w.year, (SELECT count(DISTINCT b.researcher_id) FROM works_authorship b
                                     JOIN graph_coauthoredge e ON e.a_id = least(b.researcher_id, %(me)s)
                                                              AND e.b_id = greatest(b.researcher_id, %(me)s)
                                    WHERE b.work_id = a.work_id) AS known,
               ARRAY(SELECT i.scheme || ':' || i.value FROM works_workidentifier i WHERE i.work_id = a.work_id) AS identifiers
          FROM works_authorship a JOIN works_work w ON w.id = a.work_id
         WHERE a.block_key IN (SELECT DISTINCT o.block_key FROM works_authorship o WHERE o.researcher_id = %(me)s)
           AND a.researcher_id IS NULL AND NOT {printed.GUARDED}
           AND NOT EXISTS (SELECT FROM works_rejection j WHERE j.work_id = a.work_id AND j.researcher_id = ANY(
                           {SAME_RECORD.format(key="%(me)s")}))
         LIMIT {CANDIDATES}) c
     ORDER BY c.known DESC, c.year DESC NULLS LAST, c.id
"""  # noqa: S608 - constants
_SUGGESTED: Final = f"""
    SELECT a.id, w.title, w.title_html, w.public_id, w.slug, w.year, coalesce(v.name, ''), w.type, a.position,
           w.author_count, a.raw_name,
           ARRAY(SELECT h.display_name FROM works_authorship b JOIN profiles_researcher h ON h.id = b.researcher_id
                   JOIN graph_coauthoredge e ON e.a_id = least(h.id, %(me)s) AND e.b_id = greatest(h.id, %(me)s)
                  WHERE b.work_id = a.work_id AND h.removed_at IS NULL ORDER BY e.recent DESC, e.weight DESC, h.id LIMIT {NAMED})
      FROM unnest(%(bylines)s::bigint[]) WITH ORDINALITY AS n(id, place) JOIN works_authorship a ON a.id = n.id
      JOIN works_work w ON w.id = a.work_id LEFT JOIN works_venue v ON v.id = w.venue_id ORDER BY n.place
"""  # noqa: S608 - constants


_SPELLINGS: Final = "SELECT DISTINCT raw_name FROM works_authorship WHERE researcher_id = %s"


def suggestions(record: Owned, *, user: int) -> tuple[int, list[Suggestion]]:
    """How many undecided bylines may be the author's, and the first of them.

    Those in the author's own ORCID record first, then by known co-authors. Four queries. The number is of at most
    CANDIDATES that were looked at.
    """
    own = [row[0] for row in bulk.fetch(_SPELLINGS, [record.id])]
    names = list(dict.fromkeys([*own, record.name]))
    account = facts.orcid_of(user)
    listed = {f"{scheme}:{value}" for scheme, value in (*account[1].asserted, *account[1].added)} if account else set()
    fitting: dict[int, tuple[bool, int]] = {}
    possible: dict[str, bool] = {}
    for key, name, known, identifiers in bulk.fetch(_CANDIDATES, {"me": record.id}):
        if name not in possible:
            possible[name] = any(compatible(one, name) is not False for one in names)
        if possible[name]:
            fitting[key] = (bool(listed.intersection(identifiers)), known)
    first = sorted(fitting, key=lambda key: (not fitting[key][0], -fitting[key][1]))[:SUGGESTED]
    rows = bulk.fetch(_SUGGESTED, {"me": record.id, "bylines": first})
    return len(fitting), [_suggestion(row, fitting[row[0]]) for row in rows]


def _suggestion(row: Sequence[Any], signals: tuple[bool, int]) -> Suggestion:
    key, title, title_html, public_id, slug, year, venue, kind, position, author_count, raw_name, names = row
    listed, known = signals
    return Suggestion(
        key, title, title_html, address("works", public_id, slug), year, venue or TYPE_LABELS[kind], position, author_count,
        raw_name, known, names, listed,
    )  # fmt: skip


class Held(msgspec.Struct, frozen=True):
    """The works of the record, least sure first, with which of them are featured: the keys of their bylines."""

    bylines: list[HeldByline]
    featured: frozenset[int]
    own: frozenset[int]
    paging: Paging


_OF: Final = """
    SELECT count(*), coalesce(array_agg(m.id) FILTER (WHERE w.id = ANY(%(pinned)s)), '{}')
      FROM works_authorship m JOIN works_work w ON w.id = m.work_id WHERE m.researcher_id = %(me)s
"""


def held(record: Owned, said: Said, *, page: int) -> Held:
    """One page of the works that the record holds. Four queries."""
    total, featured = bulk.fetch(_OF, {"me": record.id, "pinned": present(said.pinned)})[0]
    pages = paging(page=page, size=BYLINES_A_PAGE, total=total, path=f"{record.href}works/")
    bylines = held_bylines(record.id, Sight(), offset=pages.offset)
    return Held(bylines, frozenset(featured), own_words(record.claim, [byline.id for byline in bylines]), pages)


_PRESENT: Final = """
    SELECT coalesce(w.merged_into_id, w.id) FROM unnest(%s::bigint[]) WITH ORDINALITY AS n(id, place)
      JOIN works_work w ON w.id = n.id ORDER BY n.place
"""


def present(works: Sequence[int]) -> list[int]:
    """The works, by the keys under which they go on."""
    return [row[0] for row in bulk.fetch(_PRESENT, [list(works)])]


_OWN_WORDS: Final = f"""
    SELECT DISTINCT b.id FROM profiles_claimdeed d JOIN profiles_identityevent e ON e.id = d.event_id
      CROSS JOIN LATERAL unnest(e.bylines) AS b(id)
     WHERE d.claim_id = %s AND e.kind = 'researcher:bylines:confirmed' AND b.id = ANY(%s) AND {_COUNTS}
"""  # noqa: S608 - constants


def own_words(claim: int, bylines: Sequence[int]) -> frozenset[int]:
    """Those of these bylines that the author has confirmed."""
    return frozenset(row[0] for row in bulk.fetch(_OWN_WORDS, [claim, list(bylines)]))


class Decided(msgspec.Struct, frozen=True):
    """A decision of the author on bylines: "mine" or "not mine", on how many works, the first of them by title."""

    event: int
    mine: bool
    count: int
    title: str
    title_html: str
    href: str
    happened_at: datetime
    undone: bool

    @property
    def heading(self) -> Markup:
        """The title of the first work as inert markup."""
        return markup(self.title, self.title_html)


_DECIDED: Final = f"""
    SELECT e.id, e.kind, cardinality(e.works), w.title, w.title_html, w.public_id, w.slug, e.happened_at,
           NOT ({_COUNTS})
      FROM profiles_claimdeed d JOIN profiles_identityevent e ON e.id = d.event_id JOIN works_work o ON o.id = e.works[1]
      JOIN works_work w ON w.id = coalesce(o.merged_into_id, o.id)
     WHERE d.claim_id = %s AND e.kind = ANY(%s) ORDER BY e.id DESC LIMIT {STATED}
"""  # noqa: S608 - constants


def decisions(record: Owned) -> list[Decided]:
    """What the author has decided on works, newest first."""
    return [
        Decided(
            key, kind == EventKind.CONFIRMED, count, title, title_html, address("works", public_id, slug), at, undone
        )
        for key, kind, count, title, title_html, public_id, slug, at, undone in bulk.fetch(
            _DECIDED, [record.claim, sorted(kind.value for kind in OWN)]
        )
    ]


class Statement(msgspec.Struct, frozen=True):
    """One value of a field, in words. `newest`: it is the last of its field; `by_author`: nobody took it down."""

    id: int
    field: str
    words: str
    made_at: datetime
    newest: bool
    by_author: bool

    @property
    def label(self) -> str:
        """What the field is called."""
        return LABELS[Field(self.field)]


_STATEMENTS: Final = f"""
    SELECT s.id, s.field, s.value::text, s.made_at, row_number() OVER (PARTITION BY s.field ORDER BY s.id DESC) = 1,
           s.actor_id IS NOT DISTINCT FROM c.claimant_id
      FROM profiles_ownstatement s JOIN profiles_claim c ON c.id = s.claim_id WHERE s.claim_id = %s ORDER BY s.id DESC LIMIT {STATED}
"""  # noqa: S608 - constants


def statements(record: Owned) -> list[Statement]:
    """What the author has said, newest first. Two queries."""
    rows = bulk.fetch(_STATEMENTS, [record.claim])
    values = [(row, msgspec.json.decode(row[2], type=SHAPES[Field(row[1])])) for row in rows]
    pinned = {key for row, value in values if row[1] == Field.PINNED for key in value}
    titles = dict(bulk.fetch("SELECT id, title FROM works_work WHERE id = ANY(%s)", [sorted(pinned)]))
    return [
        Statement(row[0], row[1], in_words(Field(row[1]), value, titles), row[3], newest=row[4], by_author=row[5])
        for row, value in values
    ]


def in_words(field: Field, value: Any, titles: dict[int, str]) -> str:
    """A value of a field as one line for its author."""
    if value == NOTHING[field]:
        return {Field.FOLLOWERS: "Shown", Field.COLLABORATION: "No"}.get(field, "Nothing")
    match field:
        case Field.NAME:
            return str(value.name)
        case Field.POSITION:
            parts = (value.title, value.institution, f"since {value.since}" if value.since else "")
            return ", ".join(part for part in parts if part)
        case Field.LINKS:
            return ", ".join(f"{link.label} ({link.url})" for link in value)
        case Field.COLLABORATION:
            return (f"Yes: {value.note}" if value.note else "Yes") if value.open else f"No, and kept: {value.note}"
        case Field.PINNED:
            return "; ".join(titles.get(key, "a work that was taken away") for key in value)
        case Field.FOLLOWERS:
            return "Hidden"
        case Field.VARIANTS | Field.INTERESTS:
            return ", ".join(value)
        case Field.BIOGRAPHY:
            return str(value)


class Featured(msgspec.Struct, frozen=True):
    """A work that the author has put first; `byline` is theirs on it."""

    id: int
    byline: int
    title: str
    title_html: str
    href: str
    where: str

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)


_FEATURED: Final = """
    SELECT DISTINCT ON (n.place) w.id, m.id, w.title, w.title_html, w.public_id, w.slug, w.version_label
      FROM unnest(%s::bigint[]) WITH ORDINALITY AS n(id, place) JOIN works_work w ON w.id = n.id
      JOIN works_authorship m ON m.work_id = w.id AND m.researcher_id = %s ORDER BY n.place, m.id
"""


def featured(record: Owned, said: Said) -> list[Featured]:
    """The works featured now that the record still holds, the first first. Two queries."""
    rows = bulk.fetch(_FEATURED, [present(said.pinned), record.id])
    return [
        Featured(key, byline, title, title_html, address("works", public_id, slug), where)
        for key, byline, title, title_html, public_id, slug, where in rows
    ]


def works_of(record: Owned, bylines: Sequence[int]) -> list[int]:
    """The works of these bylines, in their order, as far as the record holds them."""
    rows = bulk.fetch(
        """
        SELECT a.work_id FROM unnest(%s::bigint[]) WITH ORDINALITY AS n(id, place) JOIN works_authorship a ON a.id = n.id
         WHERE a.researcher_id = %s ORDER BY n.place
        """,
        [list(bylines), record.id],
    )
    return [row[0] for row in rows]
