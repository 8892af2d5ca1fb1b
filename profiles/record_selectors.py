"""One record as a curator sees it: every byline as printed, least sure first, and what was decided against.

Seven queries, whatever the number of bylines. Pages of curators and of the author alone print `raw_name`: whether a
byline is theirs cannot be judged by a name that somebody chose later. Everybody else on the work is named as in public
(`profiles.printed`), and a record that was taken down is not shown at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec

from profiles import printed
from profiles.history_selectors import EVENTS_A_PAGE
from profiles.selectors import Stamp
from profiles.work_selectors import DECISIONS, TEXT_LIMIT, Author, Parameters, in_words
from researchgraph.lib import bulk
from researchgraph.lib.evidence import Evidence
from researchgraph.lib.paging import Paging, page_number, paging
from researchgraph.lib.public_ids import address
from works.models import DecisionKind
from works.row_selectors import TYPE_LABELS, markup
from works.selectors import INSTITUTION_EVIDENCE, MARKS

if TYPE_CHECKING:
    from markupsafe import Markup

BYLINES_A_PAGE: Final = 100
SPELLINGS_SHOWN: Final = 24
COAUTHORS_SHOWN: Final = 5
REJECTED_SHOWN: Final = 100
SURE: Final = 0.8
"""Bylines below this confidence that no person has placed are the ones to look at."""

UNSURE, PLACED = "unsure", "placed"


class Sight(msgspec.Struct, frozen=True):
    """Which bylines are wanted: `show` is "", `unsure` or `placed`; `name` a spelling, "" for all."""

    show: str = ""
    name: str = ""
    page: int = 1

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The wish as pairs of an address, without the page."""
        wanted = (("show", self.show), ("name", self.name))
        return tuple((key, value) for key, value in wanted if value)


def sight(parameters: Parameters) -> Sight:
    """Read the query string; what makes no sense is left out."""
    show, name = parameters.get("show", "") or "", parameters.get("name", "") or ""
    return Sight(
        show=show if show in {UNSURE, PLACED} else "",
        name=name if len(name) <= TEXT_LIMIT and "\x00" not in name else "",
        page=page_number(parameters.get("page", "") or "", size=BYLINES_A_PAGE),
    )


class HeldByline(msgspec.Struct, frozen=True):
    """One byline of the record. `coauthors` are a few of those beside it, as printed in public."""

    id: int
    title: str
    title_html: str
    href: str
    year: int | None
    where: str
    author_count: int
    position: int
    raw_name: str
    native_name: str
    affiliation: str
    kind: str
    confidence: float | None
    coauthors: list[Author]
    reasons: list[str]

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def mark(self) -> str:
        """Which assertion mark stands beside it."""
        return MARKS[DecisionKind(self.kind)]

    @property
    def decision(self) -> str:
        """The decision in words."""
        return DECISIONS[self.kind]

    @property
    def placed(self) -> bool:
        """Whether a person put it here."""
        return self.kind == DecisionKind.CONFIRMED

    @property
    def unsure(self) -> bool:
        """Whether it is one to look at."""
        return not self.placed and (self.confidence or 0.0) < SURE


class RejectedWork(msgspec.Struct, frozen=True):
    """A work that is not theirs, by decision of a curator; `history` is the address of that decision."""

    title: str
    title_html: str
    href: str
    year: int | None
    happened_at: datetime
    who: str
    reason: str
    history: str

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)


class RecordPage(msgspec.Struct, frozen=True):
    """The record. `spellings` are names with their numbers of bylines; `paging.total` counts those that are shown."""

    record: Stamp
    asked: Sight
    bylines: list[HeldByline]
    paging: Paging
    total: int
    unsure: int
    placed: int
    spellings: list[tuple[str, int]]
    spellings_total: int
    rejected: list[RejectedWork]
    rejected_total: int

    @property
    def href(self) -> str:
        """The address of this page."""
        return curate_address(self.record.public_id)

    def filtered(self, **change: str) -> str:
        """The address with other filters: `show` and `name` as given, the rest as it is."""
        pairs = [(key, value) for key, value in {**dict(self.asked.pairs), **change}.items() if value]
        return f"{self.href}?{urlencode(pairs)}" if pairs else self.href


def curate_address(public_id: str) -> str:
    """The address of a record's page for curators."""
    return f"/curate/record/{public_id}/"


# Pieces of SQL of our own; every value goes over as a parameter.
_SHOWN: Final = {
    "": "TRUE",
    UNSURE: f"m.kind <> 'confirmed' AND coalesce(m.confidence, 0) < {SURE}",
    PLACED: "m.kind = 'confirmed'",
}
_ORDER: Final = "m.confidence NULLS FIRST, m.work_id DESC, m.position"

_SPELLINGS: Final = f"""
    SELECT m.raw_name, count(*), count(*) FILTER (WHERE {_SHOWN[UNSURE]}), count(*) FILTER (WHERE {_SHOWN[PLACED]})
      FROM works_authorship m WHERE m.researcher_id = %s GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608 - constants
_BYLINES: Final = f"""
    SELECT m.id, w.title, w.title_html, w.public_id, w.slug, w.year, w.type, coalesce(v.name, ''), w.author_count,
           m.position, m.raw_name, m.native_name, m.raw_affiliation, m.kind, m.confidence, m.evidence::text,
           coalesce((SELECT json_agg(json_build_array(a.position, {printed.NAME}, a.name_key, {printed.SHOWN_ID},
                                                      {printed.SHOWN_SLUG}) ORDER BY a.position)
                       FROM works_authorship a {printed.HOLDER}
                      WHERE a.work_id = m.work_id AND a.id <> m.id
                        AND (a.position <= {COAUTHORS_SHOWN} OR a.name_key IN (
                              SELECT e ->> 'value' FROM jsonb_array_elements(m.evidence) e
                               WHERE e ->> 'kind' = 'coauthor'))), '[]')::text,
           ARRAY(SELECT a.raw_name FROM works_authorship a JOIN profiles_researcher h ON h.id = a.researcher_id
                  WHERE a.work_id = m.work_id AND a.id <> m.id AND (h.withheld OR h.printed_name <> ''))
      FROM works_authorship m JOIN works_work w ON w.id = m.work_id LEFT JOIN works_venue v ON v.id = w.venue_id
     WHERE m.researcher_id = %s AND (%s = '' OR m.raw_name = %s) AND <shown>
     ORDER BY {_ORDER} LIMIT {BYLINES_A_PAGE} OFFSET %s
"""  # noqa: S608 - constants
_REJECTED: Final = """
    SELECT w.title, w.title_html, w.public_id, w.slug, w.year, e.happened_at, coalesce(u.username, ''), e.reason, e.id,
           r.public_id, r.slug, count(*) OVER (),
           (SELECT count(*) FROM profiles_identityevent x
             WHERE x.id > e.id AND (x.researcher_id = j.researcher_id OR x.other_id = j.researcher_id))
      FROM works_rejection j JOIN profiles_researcher r ON r.id = j.researcher_id
      JOIN works_work w ON w.id = j.work_id JOIN profiles_identityevent e ON e.id = j.event_id
      LEFT JOIN auth_user u ON u.id = e.actor_id
     WHERE r.id = %s OR r.merged_into_id = %s ORDER BY e.id DESC, w.title_key LIMIT %s
"""

_authors = msgspec.json.Decoder(list[Author]).decode
_evidence = msgspec.json.Decoder(list[Evidence]).decode


def record_page(record: Stamp, asked: Sight) -> RecordPage:
    """The bylines that are asked for, and everything that was decided against."""
    spellings = bulk.fetch(_SPELLINGS, [record.id])
    counts = {"": 1, UNSURE: 2, PLACED: 3}
    matching = sum(row[counts[asked.show]] for row in spellings if asked.name in {"", row[0]})
    pages = paging(
        page=asked.page,
        size=BYLINES_A_PAGE,
        total=matching,
        path=curate_address(record.public_id),
        parameters=asked.pairs,
    )
    rejected = bulk.fetch(_REJECTED, [record.id, record.id, REJECTED_SHOWN])
    return RecordPage(
        record=record,
        asked=asked,
        bylines=held_bylines(record.id, asked, offset=pages.offset),
        paging=pages,
        total=sum(row[1] for row in spellings),
        unsure=sum(row[2] for row in spellings),
        placed=sum(row[3] for row in spellings),
        spellings=[(row[0], row[1]) for row in spellings[:SPELLINGS_SHOWN]],
        spellings_total=len(spellings),
        rejected=[_rejected(row) for row in rejected],
        rejected_total=rejected[0][11] if rejected else 0,
    )


def matching_bylines(researcher: int, asked: Sight) -> list[int]:
    """The keys of all bylines that pass the filters, on whatever page."""
    query = f"""
        SELECT m.id FROM works_authorship m
         WHERE m.researcher_id = %s AND (%s = '' OR m.raw_name = %s) AND {_SHOWN[asked.show]} ORDER BY m.id
    """  # noqa: S608 - constants
    return [row[0] for row in bulk.fetch(query, [researcher, asked.name, asked.name])]


def held_bylines(researcher: int, asked: Sight, *, offset: int) -> list[HeldByline]:
    """One page of the bylines that are asked for. Two queries."""
    query = _BYLINES.replace("<shown>", _SHOWN[asked.show])
    rows = bulk.fetch(query, [researcher, asked.name, asked.name, offset])
    evidence = [_evidence(row[15]) for row in rows]
    institutions = _institutions(evidence)
    return [_held(row, reasons, institutions) for row, reasons in zip(rows, evidence, strict=True)]


def _held(row: Sequence[Any], evidence: Sequence[Evidence], institutions: Mapping[str, str]) -> HeldByline:
    (
        key, title, title_html, public_id, slug, year, kind_of_work, venue, author_count, position, raw_name, native_name,
        affiliation, kind, confidence, _, authors, hidden_names,
    ) = row  # fmt: skip
    beside = _authors(authors)
    hidden = printed.hidden_words(hidden_names, shown=[raw_name, *(author.name for author in beside)])
    names = {author.key: author.name for author in beside}
    sayable = (e for e in evidence if not (e.kind.endswith("identifier") and printed.discloses(e.value, hidden)))
    return HeldByline(
        id=key,
        title=title,
        title_html=title_html,
        href=address("works", public_id, slug),
        year=year,
        where=venue or TYPE_LABELS[kind_of_work],
        author_count=author_count,
        position=position,
        raw_name=raw_name,
        native_name=native_name,
        affiliation="" if printed.discloses(affiliation, hidden) else affiliation,
        kind=kind,
        confidence=confidence,
        coauthors=beside[:COAUTHORS_SHOWN],
        reasons=in_words(sayable, names, institutions),
    )


def _institutions(evidence: Sequence[Sequence[Evidence]]) -> dict[str, str]:
    """The names of the institutions that reasons speak of, by key as it is stored there."""
    wanted = {
        int(e.value) for reasons in evidence for e in reasons if e.kind in INSTITUTION_EVIDENCE and e.value.isdigit()
    }
    query = "SELECT id, name FROM profiles_institution WHERE id = ANY(%s)"
    return {str(key): name for key, name in bulk.fetch(query, [sorted(wanted)])}


def _rejected(row: Sequence[Any]) -> RejectedWork:
    title, title_html, public_id, slug, year, happened_at, who, reason, event, record_id, record_slug, _, newer = row
    page = newer // EVENTS_A_PAGE + 1
    history = (
        f"{address('researchers', record_id, record_slug)}history/{f'?page={page}' if page > 1 else ''}#event-{event}"
    )
    return RejectedWork(title, title_html, address("works", public_id, slug), year, happened_at, who, reason, history)
