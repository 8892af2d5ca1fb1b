"""Everything the work page prints, in three queries: facts, bylines with their evidence, institutions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from profiles import printed
from profiles.printed import NAME_EVIDENCE, discloses, hidden_words
from researchgraph.lib import bulk, dates, identifiers
from researchgraph.lib.evidence import Evidence, sentence
from researchgraph.lib.links import safe_url
from researchgraph.lib.public_ids import address
from works.ingest.merge import NEXT_YEAR, Alternative
from works.media_models import MentionKind
from works.models import DecisionKind
from works.row_selectors import TYPE_LABELS, markup

if TYPE_CHECKING:
    from markupsafe import Markup

FIELD_LABELS = {
    "title": "Title", "authors": "Authors", "abstract": "Abstract", "date": "First date", "year": "Year", "type": "Type",
    "venue": "Venue", "code_url": "Code", "site_url": "Page", "pdf_url": "PDF", "license": "License",
}  # fmt: skip

MARKS = {
    DecisionKind.IDENTIFIER: "matched", DecisionKind.CORROBORATED: "matched", DecisionKind.NEW: "imported",
    DecisionKind.UNDECIDED: "unknown", DecisionKind.PENDING: "unknown", DecisionKind.CONFIRMED: "curated",
}  # fmt: skip


class Version(msgspec.Struct, frozen=True):
    """One appearance of the work."""

    kind: str
    venue: str
    year: int | None
    date: str
    status: str
    track: str
    revision: str
    sources: list[str]

    @property
    def label(self) -> str:
        """Venue and year, such as ICML 2022; the kind where no venue is named."""
        return f"{self.venue or TYPE_LABELS[self.kind]} {self.year or ''}".strip()

    @property
    def when(self) -> str:
        """The date for people, or ""."""
        return dates.display(self.date) or str(self.year or "")


class Identifier(msgspec.Struct, frozen=True):
    """A persistent identifier of the work."""

    scheme: str
    value: str

    @property
    def label(self) -> str:
        """What people call it."""
        return identifiers.label(self.scheme)

    @property
    def url(self) -> str:
        """Where it resolves, or "" if nowhere we may link to."""
        return safe_url(identifiers.url(self.scheme, self.value))


class TopicLink(msgspec.Struct, frozen=True):
    """A topic of the work."""

    public_id: str
    slug: str
    label: str
    code: str
    kind: str

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("topics", self.public_id, self.slug)


class InstitutionLink(msgspec.Struct, frozen=True):
    """An institution named on a byline."""

    public_id: str
    slug: str
    name: str

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("institutions", self.public_id, self.slug)


class SourceLine(msgspec.Struct, frozen=True):
    """One source record behind the work. `run` is the public id of the import that brought it, or "".

    `withdrawn_at` is when the source said that it has the record no more.
    """

    source: str
    key: str
    origin: str
    sha256: str
    fetched_at: datetime
    run: str
    withdrawn_at: datetime | None = None


class Mention(msgspec.Struct, frozen=True):
    """A podcast episode that speaks of the work. Of its text nothing but the title is kept."""

    title: str
    show: str
    link: str
    date: str
    seconds: int | None
    kind: str
    evidence: list[Evidence]

    @property
    def url(self) -> str:
        """Where it can be heard, or "" if nowhere we may link to."""
        return safe_url(self.link)

    @property
    def when(self) -> str:
        """The date for people, or ""."""
        return dates.display(self.date)

    @property
    def length(self) -> str:
        """How long it is: "38:01" or "1:02:03"; "" if unknown."""
        if not self.seconds:
            return ""
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

    @property
    def mark(self) -> str:
        """Which assertion mark stands beside it."""
        return "curated" if self.kind == MentionKind.CONFIRMED else "matched"

    @property
    def reasons(self) -> list[str]:
        """Why it is here, as sentences."""
        return [sentence(one) for one in self.evidence]


class Byline(msgspec.Struct, frozen=True):
    """One author as printed, and why the byline is where it is."""

    position: int
    name: str
    affiliation: str
    native_name: str
    block_key: str
    kind: str
    confidence: float | None
    public_id: str
    slug: str
    researcher: str
    reasons: list[str]
    institutions: list[InstitutionLink]

    @property
    def href(self) -> str:
        """The researcher's page, else the page of the name."""
        if self.public_id:
            return address("researchers", self.public_id, self.slug)
        return f"/names/{self.block_key.replace(' ', '-')}/" if self.block_key else ""

    @property
    def withheld(self) -> bool:
        """Whether the name is not shown."""
        return self.name == printed.WITHHELD

    @property
    def mark(self) -> str:
        """Which assertion mark stands beside the byline."""
        return MARKS[DecisionKind(self.kind)]

    @property
    def decision(self) -> str:
        """The decision in words."""
        return str(DecisionKind(self.kind).label)


class Said(msgspec.Struct, frozen=True):
    """A differing value of one source, or of a person whose word stands below that of another."""

    value: str
    source: str
    fetched_at: datetime | None


class FieldOrigin(msgspec.Struct, frozen=True):
    """One row of the provenance table. `at` is when the value was imported or given; `by_person` if it was corrected.

    `others` are the values of other sources, the most believed first. `ahead` if the date lies further ahead than issues are dated.
    """

    label: str
    value: str
    source: str
    at: datetime | None
    by_person: bool
    others: list[Said]
    ahead: bool


class WorkPage(msgspec.Struct, frozen=True):
    """The work page. `merged_to` is the address of the work that took this one's place, or ""."""

    public_id: str
    slug: str
    title: str
    title_html: str
    abstract: str
    abstract_html: str
    type: str
    year: int | None
    date: str
    venue: str
    authors_truncated: bool
    code_url: str
    site_url: str
    pdf_url: str
    license: str
    unaligned: list[str]
    updated_at: datetime
    merged_to: str
    merged_at: datetime | None
    primary_topic: TopicLink | None
    versions: list[Version]
    identifiers: list[Identifier]
    topics: list[TopicLink]
    sources: list[SourceLine]
    provenance: dict[str, str]
    alternatives: dict[str, list[Alternative]]
    corrected: dict[str, datetime]
    mentions: list[Mention]
    bylines: list[Byline]

    @property
    def href(self) -> str:
        """The address of the page."""
        return address("works", self.public_id, self.slug)

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def abstract_markup(self) -> Markup:
        """The abstract as inert markup."""
        return markup(self.abstract, self.abstract_html)

    @property
    def when(self) -> str:
        """The date for people, or ""."""
        return dates.display(self.date) or str(self.year or "")

    @property
    def type_label(self) -> str:
        """The type in words."""
        return TYPE_LABELS[self.type]

    @property
    def institutions(self) -> list[InstitutionLink]:
        """Every institution of the bylines once, in printed order."""
        return list({i.public_id: i for byline in self.bylines for i in byline.institutions}.values())

    @property
    def undecided(self) -> int:
        """Bylines that belong to nobody yet."""
        return sum(1 for byline in self.bylines if not byline.public_id and not byline.withheld)

    @property
    def fields(self) -> list[FieldOrigin]:
        """Where each shown value comes from and what others say, in the order of the page."""
        values = {
            "title": self.title,
            "authors": "1 author" if len(self.bylines) == 1 else f"{len(self.bylines)} authors",
            "abstract": f"{len(self.abstract.split()):,} words" if self.abstract else "",
            "date": self.when,
            "year": str(self.year or ""),
            "type": self.type_label,
            "venue": self.venue,
            "code_url": self.code_url,
            "site_url": self.site_url,
            "pdf_url": self.pdf_url,
            "license": self.license,
        }
        known = [(field, values[field]) for field in FIELD_LABELS if field in self.provenance]
        return [self._origin(field, value) for field, value in known if value or field in self.corrected]

    def _origin(self, field: str, value: str) -> FieldOrigin:
        source = self.provenance[field]
        fetched = {line.source: line.fetched_at for line in sorted(self.sources, key=lambda line: line.fetched_at)}
        others = [
            Said(_in_words(field, a.value), a.source, fetched.get(a.source)) for a in self.alternatives.get(field, [])
        ]
        at = self.corrected.get(field)
        ahead = field in {"date", "year"} and (self.date if field == "date" else value)[:4] > str(NEXT_YEAR)
        return FieldOrigin(
            FIELD_LABELS[field], value, source, at or fetched.get(source), at is not None, others, ahead
        )  # fmt: skip

    @property
    def best_link(self) -> tuple[str, str]:
        """Label and address of the first place to read the work; ("", "") if no source names one."""
        for scheme in ("arxiv", "doi", "acl", "openreview", "pmid"):
            for identifier in self.identifiers:
                if identifier.scheme == scheme and identifier.url:
                    return f"{identifier.label} {identifier.value}", identifier.url
        return ("Page of the venue", self.site_url) if self.site_url else ("", "")


def _in_words(field: str, value: str) -> str:
    if field == "date":
        return dates.display(value)
    return TYPE_LABELS[value] if field == "type" else value


WORK = """
    SELECT w.id, w.public_id, w.slug, w.title, w.title_html, w.abstract, w.abstract_html, w.type, w.year, w.date,
           coalesce(v.name, '') AS venue, w.authors_truncated, w.code_url, w.site_url, w.pdf_url, w.license,
           w.unaligned_affiliations, w.updated_at, coalesce(m.public_id, ''), coalesce(m.slug, ''), w.merged_at, w.provenance::text,
           (SELECT jsonb_build_object('public_id', t.public_id, 'slug', t.slug, 'label', t.label, 'code', t.code,
                                      'kind', t.kind) FROM works_topic t WHERE t.id = w.primary_topic_id)::text,
           (SELECT jsonb_agg(jsonb_build_object('kind', x.kind, 'venue', coalesce(xv.name, ''), 'year', x.year,
                             'date', x.date, 'status', x.status, 'track', x.track, 'revision', x.revision,
                             'sources', x.sources) ORDER BY x.year NULLS LAST, x.kind = 'preprint' DESC, x.date, x.id)
              FROM works_workversion x LEFT JOIN works_venue xv ON xv.id = x.venue_id WHERE x.work_id = w.id)::text,
           (SELECT jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value) ORDER BY i.scheme, i.value)
              FROM works_workidentifier i WHERE i.work_id = w.id)::text,
           (SELECT jsonb_agg(jsonb_build_object('public_id', t.public_id, 'slug', t.slug, 'label', t.label,
                             'code', t.code, 'kind', t.kind) ORDER BY t.kind, t.label)
              FROM works_worktopic k JOIN works_topic t ON t.id = k.topic_id WHERE k.work_id = w.id)::text,
           (SELECT jsonb_agg(jsonb_build_object('source', s.source, 'key', s.key, 'origin', s.origin,
                             'sha256', encode(s.sha256, 'hex'), 'fetched_at', s.fetched_at,
                             'run', coalesce(r.public_id, ''), 'withdrawn_at', s.withdrawn_at) ORDER BY s.source, s.key)
              FROM works_sourcerecord s LEFT JOIN works_importrun r ON r.id = s.run_id WHERE s.work_id = w.id)::text,
           w.alternatives::text,
           (SELECT jsonb_object_agg(c.field, c.created_at ORDER BY c.id) FROM works_workcorrection c
             WHERE c.work_id = w.id AND c.undone_at IS NULL AND w.provenance ->> c.field = c.origin)::text,
           (SELECT jsonb_agg(jsonb_build_object('title', e.title, 'show', e.show, 'link', e.link, 'date', e.date,
                             'seconds', e.seconds, 'kind', d.kind, 'evidence', d.evidence)
                             ORDER BY e.date DESC, e.show, e.title)
              FROM works_mediamention d JOIN works_episode e ON e.id = d.episode_id
             WHERE d.work_id = w.id AND d.kind <> 'refused')::text
      FROM works_work w LEFT JOIN works_venue v ON v.id = w.venue_id LEFT JOIN works_work m ON m.id = w.merged_into_id
     WHERE w.public_id = %s
"""

BYLINES = f"""
    SELECT a.position, {printed.NAME}, CASE WHEN {printed.HIDDEN} THEN '' ELSE a.raw_affiliation END,
           CASE WHEN {printed.AS_IN_SOURCE} THEN a.native_name ELSE '' END,
           CASE WHEN {printed.AS_IN_SOURCE} THEN a.block_key ELSE '' END,
           CASE WHEN h.removed_at IS NULL THEN a.kind ELSE 'undecided' END,
           CASE WHEN h.removed_at IS NULL THEN a.confidence ELSE 0 END,
           {printed.SHOWN_ID}, {printed.SHOWN_SLUG},
           CASE WHEN h.removed_at IS NULL THEN coalesce(h.display_name, '') ELSE '' END,
           CASE WHEN h.removed_at IS NULL THEN a.evidence::text ELSE '[]' END,
           CASE WHEN {printed.HIDDEN} THEN '{{}}' ELSE a.institutions END, a.name_key, a.raw_name, a.native_name
      FROM works_authorship a {printed.HOLDER} WHERE a.work_id = %s ORDER BY a.position
"""  # noqa: S608 - constants
"""A byline of a record that was taken down shows what is printed and nothing else."""

INSTITUTION_EVIDENCE = {"affiliation", "distinct-affiliation"}

_topic = msgspec.json.Decoder(TopicLink).decode
_topics = msgspec.json.Decoder(list[TopicLink]).decode
_versions = msgspec.json.Decoder(list[Version]).decode
_identifiers = msgspec.json.Decoder(list[Identifier]).decode
_sources = msgspec.json.Decoder(list[SourceLine]).decode
_evidence = msgspec.json.Decoder(list[Evidence]).decode
_mentions = msgspec.json.Decoder(list[Mention]).decode
_provenance = msgspec.json.Decoder(dict[str, str]).decode
_alternatives = msgspec.json.Decoder(dict[str, list[Alternative]]).decode
_corrected = msgspec.json.Decoder(dict[str, datetime]).decode


def work_page(public_id: str) -> WorkPage | None:
    """The page of one work; None if there is none at this address. A merged work comes with `merged_to` set."""
    rows = bulk.fetch(WORK, [public_id])
    if not rows:
        return None
    work_id, *rest = rows[0]
    (
        *facts,
        merged_id,
        merged_slug,
        merged_at,
        provenance,
        topic,
        versions,
        known,
        topics,
        sources,
        alternatives,
        corrected,
        mentions,
    ) = rest
    bylines, hidden = _bylines(work_id)
    page = WorkPage(*(
        *facts,
        address("works", merged_id, merged_slug) if merged_id else "",
        merged_at,
        _topic(topic) if topic else None,
        _versions(versions) if versions else [],
        _identifiers(known) if known else [],
        _topics(topics) if topics else [],
        _sources(sources) if sources else [],
        _provenance(provenance),
        _alternatives(alternatives),
        _corrected(corrected) if corrected else {},
        _mentions(mentions) if mentions else [],
        bylines,
    ))  # fmt: skip
    return _discreet(page, hidden) if hidden else page


def _discreet(page: WorkPage, hidden: frozenset[str]) -> WorkPage:
    """The page without the keys and addresses that give away a name which is not printed."""

    def told(text: str) -> str:
        return "" if discloses(text, hidden) else text

    return msgspec.structs.replace(
        page,
        code_url=told(page.code_url),
        site_url=told(page.site_url),
        pdf_url=told(page.pdf_url),
        unaligned=[text for text in page.unaligned if told(text)],
        identifiers=[one for one in page.identifiers if told(one.value)],
        alternatives={
            field: kept
            for field, others in page.alternatives.items()
            if (kept := [other for other in others if told(other.value)])
        },
        sources=[msgspec.structs.replace(s, key=told(s.key), origin=told(s.origin)) for s in page.sources],
        bylines=[msgspec.structs.replace(b, affiliation=told(b.affiliation)) for b in page.bylines],
        mentions=[
            msgspec.structs.replace(m, link=told(m.link), evidence=[e for e in m.evidence if told(e.value)])
            for m in page.mentions
            if told(m.title)
        ],
    )


def _bylines(work_id: int) -> tuple[list[Byline], frozenset[str]]:
    """The bylines as they are printed here, and the words that stand in none of them though the sources have them."""
    rows = bulk.fetch(BYLINES, [work_id])
    hidden = hidden_words(
        [name for row in rows if row[1] != row[13] for name in row[13:15]], shown=[row[1] for row in rows]
    )
    evidence = [_sayable(_evidence(row[10]), hidden, chosen=row[1] != row[13]) for row in rows]
    wanted = {key for row in rows for key in row[11]}
    wanted |= {int(e.value) for reasons in evidence for e in reasons if _names_institution(e)}
    institutions = {
        key: InstitutionLink(*rest)
        for key, *rest in bulk.fetch(
            "SELECT id, public_id, slug, name FROM profiles_institution WHERE id = ANY(%s)",
            [sorted(wanted)],
        )
    }
    names = {row[12]: row[1] for row in rows}
    return [
        Byline(*(
            *row[:10],
            [sentence(e) for e in (_for_people(e, names, institutions) for e in reasons) if e.value != printed.WITHHELD],
            [institutions[key] for key in row[11] if key in institutions],
        ))
        for row, reasons in zip(rows, evidence, strict=True)
    ], hidden  # fmt: skip


def _sayable(evidence: list[Evidence], hidden: frozenset[str], *, chosen: bool) -> list[Evidence]:
    """The reasons that quote no name which is not printed."""
    return [
        e
        for e in evidence
        if not (chosen and e.kind in NAME_EVIDENCE)
        and not (e.kind.endswith("identifier") and discloses(e.value, hidden))
    ]


def _names_institution(evidence: Evidence) -> bool:
    return evidence.kind in INSTITUTION_EVIDENCE and evidence.value.isdigit()


def _for_people(evidence: Evidence, names: dict[str, str], institutions: dict[int, InstitutionLink]) -> Evidence:
    """The same evidence with names in place of stored keys."""
    value = evidence.value
    if _names_institution(evidence):
        link = institutions.get(int(value))
        value = link.name if link else "that is no longer held"
    elif evidence.kind == "coauthor":
        value = names.get(value, printed.WITHHELD)
    elif ":" in value and evidence.kind.endswith("identifier"):
        scheme, _, rest = value.partition(":")
        value = f"{identifiers.label(scheme)} {rest}"
    return msgspec.structs.replace(evidence, value=value)


def researcher_address(scheme: str, value: str) -> str:
    """The address of the one researcher whose bylines carry an identifier; "" if none does or several do."""
    pair = identifiers.canonical_pair(scheme, value)
    if pair is None:
        return ""
    rows = bulk.fetch(
        "SELECT r.public_id, r.slug FROM profiles_researcheridentifier i JOIN profiles_researcher r"
        " ON r.id = i.researcher_id WHERE i.scheme = %s AND i.value = %s "
        " AND r.merged_into_id IS NULL AND r.removed_at IS NULL",
        list(pair),
    )
    return address("researchers", *rows[0]) if len(rows) == 1 else ""


def work_address(scheme: str, value: str) -> str:
    """The address of the work that carries an identifier; "" if none does or it is no identifier."""
    pair = identifiers.canonical_pair(scheme, value)
    if pair is None:
        return ""
    rows = bulk.fetch(
        "SELECT w.public_id, w.slug FROM works_workidentifier i JOIN works_work w ON w.id = i.work_id"
        " WHERE i.scheme = %s AND i.value = %s",
        list(pair),
    )
    return address("works", *rows[0]) if rows else ""
