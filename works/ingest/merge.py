"""Which value wins when several source records describe one work: declared once, per field, by tiny strategies. Pure.

Who is believed first is one table (`precedence.py`). The result depends only on the *set* of records, never on the order
they arrived in: for each field they are ranked by the table, then by kind, source name and key, and the field's strategy
reads that ranking. What a person corrected is applied last and outranks every record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from profiles.names import compatible, is_initials_only
from researchgraph.lib.dates import LATEST_YEAR
from researchgraph.lib.text import fold
from works.ingest.precedence import DEFAULT, Precedence, Row
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion

KIND_RANK = {"journal": 0, "conference": 1, "book": 2, "thesis": 3, "dataset": 4, "other": 5, "preprint": 6}

NEXT_YEAR: Final = LATEST_YEAR - 1
"""A later year than this is kept and not chosen, unless no source has an earlier one."""

ORIGINS: Final = ("author", "curator")
"""Who may correct a work, the higher rank later."""

ALTERNATIVES_LIMIT: Final = 8
"""Differing values kept of one field, the best ranked first."""
EXCERPT: Final = 300
"""Characters kept of a differing abstract or list of authors, which nobody reads whole in a table."""
EXCERPTS: Final = frozenset({"abstract", "authors"})


class SourcedRecord(msgspec.Struct, frozen=True):
    """A parsed record and where it came from; (source, key) is unique."""

    source: str
    key: str
    record: ParsedRecord

    @property
    def rank(self) -> tuple[int, str, str]:
        return KIND_RANK[self.record.version.kind], self.source, self.key


class MergedVersion(msgspec.Struct, frozen=True):
    """One appearance, with the names of the sources that state it."""

    version: ParsedVersion
    sources: tuple[str, ...]


class Correction(msgspec.Struct, frozen=True):
    """What a person says a field is; "" says that it has no value. `origin` is one of ORIGINS."""

    field: str
    value: str
    origin: str


class Alternative(msgspec.Struct, frozen=True):
    """What a source says in place of the chosen value."""

    source: str
    value: str


class MergedWork(msgspec.Struct, frozen=True):
    """A work's facts after merging.

    `provenance` maps a field to the name of the source its value came from, or to the origin of a correction.
    `alternatives` maps a field to what other sources say, where that differs.
    """

    title: str
    abstract: str
    type: str
    year: int | None
    date: str
    venue: str
    authors: tuple[ParsedAuthor, ...]
    authors_truncated: bool
    identifiers: tuple[tuple[str, str], ...]
    topics: tuple[ParsedTopic, ...]
    versions: tuple[MergedVersion, ...]
    unaligned_affiliations: tuple[str, ...]
    code_url: str
    site_url: str
    pdf_url: str
    license: str
    source_count: int
    provenance: dict[str, str]
    alternatives: dict[str, tuple[Alternative, ...]] = {}

    @property
    def version_label(self) -> str:
        """The version group in words, earliest first: "arXiv 2022 → ICML 2022 Spotlight"."""
        labels = [_version_label(v.version) for v in self.versions]
        return " → ".join(dict.fromkeys(label for label in labels if label))


Value = tuple[str, str]
"""A value and the source it came from."""


def keep(values: Sequence[Value]) -> Value:
    """The value of the best ranked record that has one."""
    return next((value for value in values if value[0]), ("", ""))


def longest(values: Sequence[Value]) -> Value:
    """The longest value; the best ranked of equally long ones. For texts that sources cut short."""
    return max(values, key=lambda value: len(value[0]), default=("", "")) if any(v[0] for v in values) else ("", "")


def earliest(values: Sequence[Value]) -> Value:
    """The earliest partial date; of dates that agree as far as both go, the more precise one."""
    dated = [value for value in values if value[0]]
    if not dated:
        return "", ""
    best = dated[0]
    for value in dated[1:]:
        shorter = min(len(best[0]), len(value[0]))
        if value[0][:shorter] < best[0][:shorter] or (
            value[0][:shorter] == best[0][:shorter] and len(value[0]) > len(best[0])
        ):
            best = value
    return best


def most_formal(values: Sequence[Value]) -> Value:
    """The kind nearest to a journal article; of equal ones the best ranked."""
    return min(values, key=lambda value: KIND_RANK[value[0]])


def likely(values: Sequence[Value]) -> Sequence[Value]:
    """The dates and years that have come or are near; all of them if none has."""
    return [value for value in values if value[0] and _is_likely(value[0])] or values


def _is_likely(date: str) -> bool:
    return int(date[:4]) <= NEXT_YEAR


Reader = Callable[[ParsedRecord], str]
Strategy = Callable[[Sequence[Value]], Value]

FIELDS: Final[dict[str, tuple[Reader, Strategy]]] = {
    "title": (lambda r: r.title, keep),
    "abstract": (lambda r: r.abstract, longest),
    "type": (lambda r: r.version.kind, most_formal),
    "date": (lambda r: r.version.date or _year(r), lambda values: earliest(likely(values))),
    "code_url": (lambda r: r.code_url, keep),
    "site_url": (lambda r: r.site_url, keep),
    "pdf_url": (lambda r: r.pdf_url, keep),
    "license": (lambda r: r.license, keep),
    "venue": (lambda r: "" if r.version.kind == "preprint" else r.version.venue, keep),
}


def _year(record: ParsedRecord) -> str:
    return str(record.version.year) if record.version.year else ""


def merged(
    records: Sequence[SourcedRecord], corrections: Iterable[Correction] = (), precedence: Precedence = DEFAULT
) -> MergedWork:
    """Merge the records of one work. `records` must not be empty; neither their order nor that of `corrections` matters.

    Of two corrections of one field the one of the higher origin holds; there is at most one of a field and origin.
    """
    work = _alone(records[0]) if len(records) == 1 else _merged(records, precedence)
    for correction in sorted(corrections, key=lambda c: (c.field, ORIGINS.index(c.origin))):
        work = _corrected(work, correction)
    return work


def _alone(only: SourcedRecord) -> MergedWork:
    """A work that one record describes: most works of an import, so nothing is ranked."""
    record, version = only.record, only.record.version
    values: dict[str, Any] = {field: read(record) for field, (read, _) in FIELDS.items()}
    provenance = {field: only.source for field, value in values.items() if value}
    provenance["authors"] = only.source
    if version.year:
        provenance["year"] = only.source
    return MergedWork(
        **values,
        year=version.year,
        authors=record.authors,
        authors_truncated=record.authors_truncated,
        identifiers=record.identifiers,
        topics=_topics([only]),
        versions=(MergedVersion(version, (only.source,)),),
        unaligned_affiliations=record.unaligned_affiliations,
        source_count=1,
        provenance=provenance,
    )


def _merged(records: Sequence[SourcedRecord], precedence: Precedence) -> MergedWork:
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    alternatives: dict[str, tuple[Alternative, ...]] = {}

    def choose(field: str, stated: Sequence[Value], chosen: Value) -> str:
        if chosen[0]:
            provenance[field] = chosen[1]
        if others := _alternatives(field, stated, chosen[0]):
            alternatives[field] = others
        return chosen[0]

    # Rows that are alike rank alike, and by kind, source and key the records are ranked once.
    plain = sorted(records, key=lambda r: r.rank)
    known: dict[int, tuple[list[SourcedRecord], list[int]]] = {}

    def ranked_by(field: str) -> tuple[list[SourcedRecord], list[int]]:
        row = precedence[field]
        if id(row) not in known:
            known[id(row)] = _ranked(row, plain)
        return known[id(row)]

    def everything(field: str) -> list[SourcedRecord]:
        return ranked_by(field)[0]

    def proven(field: str) -> list[SourcedRecord]:
        ranked, resorts = ranked_by(field)
        return ranked[: resorts[-2]] or ranked

    for field, (read, strategy) in FIELDS.items():
        ranked, resorts = ranked_by(field)
        stated = [(read(r.record), r.source) for r in ranked]
        firsts = (stated[:believed] for believed in resorts)
        enough = (first for first in firsts if any(v and (field != "date" or _is_likely(v)) for v, _ in first))
        values[field] = choose(field, stated, strategy(next(enough, stated)))
    ranked, resorts = ranked_by("year")
    years = [(_year(r.record), r.source) for r in ranked]
    believed = next((count for count in resorts if any(year for year, _ in years[:count])), len(ranked))
    of_type = likely([
        year for year, r in zip(years[:believed], ranked, strict=False) if r.record.version.kind == values["type"]
    ])  # fmt: skip
    year = choose("year", years, keep(of_type) if keep(of_type)[0] else earliest(likely(years[:believed])))
    ranked = proven("authors")
    authors, truncated, source = _authors(ranked)
    choose("authors", [(_names(r.record.authors), r.source) for r in everything("authors")], (_names(authors), source))
    return MergedWork(
        **values,
        year=int(year) if year else None,
        authors=authors,
        authors_truncated=truncated,
        identifiers=tuple(dict.fromkeys(pair for r in everything("identifiers") for pair in r.record.identifiers)),
        topics=_topics(proven("topics")),
        versions=_versions(everything("venue")),
        unaligned_affiliations=tuple(dict.fromkeys(a for r in ranked for a in r.record.unaligned_affiliations)),
        source_count=len({r.source for r in plain}),
        provenance=provenance,
        alternatives=alternatives,
    )


def _ranked(row: Row, plain: Sequence[SourcedRecord]) -> tuple[list[SourcedRecord], list[int]]:
    """The records, the most believed first; and how many of them are asked at first, where those say nothing, and so on."""
    placed = [(row.place(r.source, preprint=r.record.version.kind == "preprint"), r) for r in plain]
    placed.sort(key=itemgetter(0))
    resorts = [row.resort(place) for place, _ in placed]
    return [r for _, r in placed], [bisect_right(resorts, resort) for resort in range(len(row.otherwise) + 1)]


def _alternatives(field: str, stated: Sequence[Value], chosen: str) -> tuple[Alternative, ...]:
    differing = [(source, value) for value, source in stated if value and value != chosen]
    if not differing:
        return ()
    kept = [Alternative(*pair) for pair in list(dict.fromkeys(differing))[:ALTERNATIVES_LIMIT]]
    return tuple([Alternative(a.source, _excerpt(a.value)) for a in kept] if field in EXCERPTS else kept)


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT].rstrip()}…"


def _names(authors: Sequence[ParsedAuthor]) -> str:
    return "; ".join(author.name for author in authors)


def _corrected(work: MergedWork, correction: Correction) -> MergedWork:
    """The work with one value a person gave, and what the sources say in its place kept beside it."""
    field = correction.field
    before = "" if getattr(work, field) is None else str(getattr(work, field))
    stated = [
        (before, work.provenance.get(field, "")),
        *((a.value, a.source) for a in work.alternatives.get(field, ())),
    ]
    return msgspec.structs.replace(
        work,
        **{field: (int(correction.value) if correction.value else None) if field == "year" else correction.value},
        versions=_corrected_versions(work, correction),
        provenance={**work.provenance, field: correction.origin},
        alternatives={**work.alternatives, field: _alternatives(field, stated, correction.value)},
    )


def _corrected_versions(work: MergedWork, correction: Correction) -> tuple[MergedVersion, ...]:
    """The versions, if kind, venue or year of the one that gives the work its type were corrected.

    A preprint stays one: that the work is a paper by now means another version, which no source has.
    """
    field, value = correction.field, correction.value
    if field not in {"type", "venue", "year"} or (work.type == "preprint" and field != "type"):
        return work.versions
    parts = {"type": work.type, "venue": work.venue, "year": str(work.year or ""), field: value}
    now = ParsedVersion(parts["type"], venue=parts["venue"], year=int(parts["year"]) if parts["year"] else None)
    own = [v for v in work.versions if v.version.kind == work.type]
    if work.type == "preprint" or not own:
        return _in_order([*work.versions, MergedVersion(now, (correction.origin,))])
    best = next((v for v in own if (v.version.venue, v.version.year) == (work.venue, work.year)), own[0])
    fixed = msgspec.structs.replace(best.version, kind=now.kind, venue=now.venue, year=now.year)
    same = [v for v in work.versions if v is not best and _group(v.version) == _group(fixed)]
    sources = tuple(sorted({*best.sources, *(s for v in same for s in v.sources)}))
    rest = [v for v in work.versions if v is not best and v not in same]
    return _in_order([*rest, MergedVersion(fixed, sources)])


def _version_label(version: ParsedVersion) -> str:
    name = version.venue or ("preprint" if version.kind == "preprint" else "")
    plain = version.status in {"", "Poster", "Long", "Accept", "main"}
    return " ".join(part for part in (name, str(version.year or ""), "" if plain else version.status) if part)


def _topics(ranked: Sequence[SourcedRecord]) -> tuple[ParsedTopic, ...]:
    """All topics once; categories first, because the first category is the work's primary one."""
    topics = {(t.kind, (t.code or t.label).casefold()): t for r in reversed(ranked) for t in reversed(r.record.topics)}
    as_ranked = list(topics.values())[::-1]
    return tuple(sorted(as_ranked, key=lambda t: t.kind != "category"))


def _group(version: ParsedVersion) -> tuple[str, str, int | None]:
    return version.kind, fold(version.venue) or version.venue, version.year


def _versions(ranked: Sequence[SourcedRecord]) -> tuple[MergedVersion, ...]:
    groups: dict[tuple[str, str, int | None], list[SourcedRecord]] = {}
    for r in ranked:
        groups.setdefault(_group(r.record.version), []).append(r)
    return _in_order(
        MergedVersion(
            version=max((r.record.version for r in group), key=lambda v: (len(v.date), bool(v.status))),
            sources=tuple(sorted({r.source for r in group})),
        )
        for group in groups.values()
    )


def _in_order(versions: Iterable[MergedVersion]) -> tuple[MergedVersion, ...]:
    """Earliest first; a preprint comes before the publication of the same year."""
    return tuple(sorted(versions, key=lambda v: (v.version.year or 9999, -KIND_RANK[v.version.kind], v.version.venue)))


def _authors(ranked: Sequence[SourcedRecord]) -> tuple[tuple[ParsedAuthor, ...], bool, str]:
    """One whole author list, enriched position by position from the lists that agree with it.

    Lists are never spliced: a position is only ever taken from a source that printed it. A list that is cut gives way to
    one that is whole, even where it would be believed first.
    """
    base = min(
        ranked, key=lambda r: (r.record.authors_truncated, -len(r.record.authors) if r.record.authors_truncated else 0)
    )
    authors = base.record.authors
    for other in ranked:
        if other is base:
            continue
        theirs = other.record.authors
        if len(theirs) == len(authors):
            authors = tuple(_author(mine, their) for mine, their in zip(authors, theirs, strict=True))
    return authors, base.record.authors_truncated, base.source


def _author(mine: ParsedAuthor, theirs: ParsedAuthor) -> ParsedAuthor:
    """`mine` with what `theirs` adds, if both may name the same person; `mine` otherwise."""
    if mine == theirs or compatible(mine.name, theirs.name) is False:
        return mine
    fuller = is_initials_only(mine.name) and not is_initials_only(theirs.name)
    return ParsedAuthor(
        name=theirs.name if fuller else mine.name,
        affiliations=mine.affiliations or theirs.affiliations,
        affiliation_domain=mine.affiliation_domain or theirs.affiliation_domain,
        identifiers={**theirs.identifiers, **mine.identifiers},
        homepage=mine.homepage or theirs.homepage,
        role=mine.role or theirs.role,
        native_name=mine.native_name or theirs.native_name,
    )
