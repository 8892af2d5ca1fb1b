"""Which value wins when several source records describe one work: declared once, per field, by tiny strategies. Pure.

The result depends only on the *set* of records, never on the order they arrived in: records are ranked first
(published versions before preprints, then source name and key), and every strategy reads that ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from profiles.names import compatible, is_initials_only
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion

KIND_RANK = {"journal": 0, "conference": 1, "book": 2, "thesis": 3, "dataset": 4, "other": 5, "preprint": 6}


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


class MergedWork(msgspec.Struct, frozen=True):
    """A work's facts after merging. `provenance` maps a field to the name of the source its value came from."""

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


FIELDS: dict[str, tuple[Callable[[ParsedRecord], str], Callable[[Sequence[Value]], Value]]] = {
    "title": (lambda r: r.title, keep),
    "abstract": (lambda r: r.abstract, longest),
    "date": (lambda r: r.version.date or (str(r.version.year) if r.version.year else ""), earliest),
    "code_url": (lambda r: r.code_url, keep),
    "site_url": (lambda r: r.site_url, keep),
    "pdf_url": (lambda r: r.pdf_url, keep),
    "license": (lambda r: r.license, keep),
    "venue": (lambda r: "" if r.version.kind == "preprint" else r.version.venue, keep),
}


def merged(records: Sequence[SourcedRecord]) -> MergedWork:
    """Merge the records of one work. `records` must not be empty; their order does not matter."""
    ranked = sorted(records, key=lambda r: r.rank) if len(records) > 1 else list(records)
    chosen: dict[str, str] = {}
    provenance: dict[str, str] = {}
    for field, (read, strategy) in FIELDS.items():
        value, source = strategy([(read(r.record), r.source) for r in ranked])
        chosen[field] = value
        if value:
            provenance[field] = source
    best = ranked[0]
    authors, truncated, source = _authors(ranked)
    provenance["authors"] = source
    provenance["type"] = best.source
    years = [r.record.version.year for r in ranked if r.record.version.year]
    return MergedWork(
        title=chosen["title"],
        abstract=chosen["abstract"],
        type=best.record.version.kind,
        year=best.record.version.year or min(years, default=None),
        date=chosen["date"],
        venue=chosen["venue"],
        authors=authors,
        authors_truncated=truncated,
        identifiers=tuple(dict.fromkeys(pair for r in ranked for pair in r.record.identifiers)),
        topics=_topics(ranked),
        versions=_versions(ranked),
        unaligned_affiliations=tuple(dict.fromkeys(a for r in ranked for a in r.record.unaligned_affiliations)),
        code_url=chosen["code_url"],
        site_url=chosen["site_url"],
        pdf_url=chosen["pdf_url"],
        license=chosen["license"],
        source_count=len({r.source for r in ranked}),
        provenance=provenance,
    )


def _version_label(version: ParsedVersion) -> str:
    name = version.venue or ("preprint" if version.kind == "preprint" else "")
    plain = version.status in {"", "Poster", "Long", "Accept", "main"}
    return " ".join(part for part in (name, str(version.year or ""), "" if plain else version.status) if part)


def _topics(ranked: Sequence[SourcedRecord]) -> tuple[ParsedTopic, ...]:
    """All topics once; categories first, because the first category is the work's primary one."""
    topics = {(t.kind, (t.code or t.label).casefold()): t for r in reversed(ranked) for t in reversed(r.record.topics)}
    as_ranked = list(topics.values())[::-1]
    return tuple(sorted(as_ranked, key=lambda t: t.kind != "category"))


def _versions(ranked: Sequence[SourcedRecord]) -> tuple[MergedVersion, ...]:
    groups: dict[tuple[str, str, int | None], list[SourcedRecord]] = {}
    for r in ranked:
        version = r.record.version
        groups.setdefault((version.kind, version.venue.casefold(), version.year), []).append(r)
    versions = [
        MergedVersion(
            version=max((r.record.version for r in group), key=lambda v: (len(v.date), bool(v.status))),
            sources=tuple(sorted({r.source for r in group})),
        )
        for group in groups.values()
    ]
    # Earliest first; a preprint comes before the publication of the same year.
    return tuple(sorted(versions, key=lambda v: (v.version.year or 9999, -KIND_RANK[v.version.kind], v.version.venue)))


def _authors(ranked: Sequence[SourcedRecord]) -> tuple[tuple[ParsedAuthor, ...], bool, str]:
    """One whole author list, enriched position by position from the lists that agree with it.

    Lists are never spliced: a position is only ever taken from a source that printed it.
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
