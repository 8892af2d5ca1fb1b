"""Make the labeled pairs of records that matching is measured on: tests/payloads/matching/pairs.jsonl.

    uv run python tests/benchmarks/matching_pairs.py SHARED_DATA

SHARED_DATA holds `papers.jsonl.zst` and `formats/` (docs/adding-a-source.md). Each source reads the samples of its format.
Truth comes from identifiers: a pair that shares one is one work; a pair of one scheme with two values, of which each names
one work, is two. Pairs without such identifiers are labeled by rules that a person looked through (`REASONS`). Records that
somebody made up for a test of a parser are left out. Only bibliographic facts are written: titles, names, years, venues,
kinds and identifiers. The outcome is the same on every run. docs/matching.md has the figures.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.update(RESEARCHGRAPH_MODE="test", DJANGO_SETTINGS_MODULE="researchgraph.settings")

from profiles.names import block_key  # noqa: E402 - the checkout is not installed as a package
from researchgraph.errors import SourceUnavailable  # noqa: E402
from researchgraph.lib.text import fold, title_key  # noqa: E402
from works.ingest import pipeline  # noqa: E402
from works.ingest.match import overlap  # noqa: E402
from works.records import ParsedRecord  # noqa: E402
from works.sources import registry  # noqa: E402

OUTPUT: Final = ROOT / "tests" / "payloads" / "matching" / "pairs.jsonl"
FAMILIES: Final = {
    "acl": "acl", "arxiv": "arxiv_atom", "arxiv_oai": "arxiv_oai", "bibtex": "bibtex", "crossref": "crossref",
    "datacite": "datacite", "dblp": "dblp", "oai": "oai_other", "openalex": "openalex", "openreview": "openreview",
    "orcid": "orcid", "pubmed": "pubmed", "semantic_scholar": "semantic_scholar",
}  # fmt: skip
MADE_UP: Final = ("10.5072/", "10.1103/physrevd.93.016005", "10.7916/d86x0cg1")
"""Test prefixes, and DOIs that several made-up records of one sample share."""
MADE_UP_TITLES: Final = ("an amazing title", "book title", "example title", "the title", "test", "abc", "title")
NAMES_ONE_WORK: Final = ("openreview", "arxiv", "acl", "pmid")
"""Schemes of which a work has one value; two records of one year and venue with two DOIs are two works as well."""
A_CLASS: Final = {
    "identifier": 200,
    "two versions": 60,
    "two identifiers": 130,
    "other title": 60,
    "front matter": 40,
    "item": 60,
}
"""At most so many pairs of each reason."""

REASONS: Final = {
    "identifier": "they share an identifier",
    "two versions": "one title and the same authors, at a workshop or as a preprint and later at a conference",
    "two identifiers": "similar titles by one first author, each with an identifier of its own",
    "other title": "similar titles by one first author at other venues: looked through, other contributions",
    "front matter": "a preface, an editorial or the like of another volume",
    "item": "one title for many items of a collection, each with its own DOI",
}


class Found(msgspec.Struct):
    """A record and the source that read it."""

    source: str
    record: ParsedRecord


def read(shared: Path) -> list[Found]:
    """All records of the samples and of the papers, made-up ones left out."""
    found: list[Found] = []
    for name, folder in FAMILIES.items():
        for path in sorted((shared / "formats" / folder).iterdir()):
            found += _read(name, path)
    found += _read("jsonl", shared / "papers.jsonl.zst")
    return [one for one in found if not _made_up(one.record)]


def _read(name: str, path: Path) -> Iterator[Found]:
    source = registry.get(name)
    try:
        raws = list(source.read(path))
    except SourceUnavailable:
        return
    for prepared in pipeline.prepare(raws, source.parse):
        if isinstance(prepared.parsed, ParsedRecord):
            yield Found(name, prepared.parsed)


def _made_up(record: ParsedRecord) -> bool:
    return fold(record.title).startswith(MADE_UP_TITLES) or any(
        value.startswith(MADE_UP) for _, value in record.identifiers
    )


def _alike(one: ParsedRecord, other: ParsedRecord) -> float:
    """Share of the words of both titles that are in both."""
    mine, theirs = set(fold(one.title).split()), set(fold(other.title).split())
    return len(mine & theirs) / max(len(mine | theirs), 1)


def _share(one: ParsedRecord, other: ParsedRecord) -> float:
    return overlap([block_key(a.name) for a in one.authors], [block_key(a.name) for a in other.authors])


def _values(record: ParsedRecord) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for scheme, value in record.identifiers:
        found[scheme].add(value)
    return found


def _two_identifiers(one: ParsedRecord, other: ParsedRecord) -> bool:
    mine, theirs = _values(one), _values(other)
    apart = {scheme for scheme in mine if scheme in theirs and not mine[scheme] & theirs[scheme]}
    beside = one.version.venue == other.version.venue and one.version.year == other.version.year
    return bool(apart & set(NAMES_ONE_WORK)) or ("doi" in apart and beside)


def labeled(found: list[Found]) -> Iterator[tuple[str, bool, Found, Found]]:
    """Reason, whether they are one work, and the two records."""
    by_identifier: dict[tuple[str, str], list[Found]] = defaultdict(list)
    by_author: dict[str, list[Found]] = defaultdict(list)
    by_title: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        for identifier in one.record.identifiers:
            by_identifier[identifier].append(one)
        by_author[block_key(one.record.authors[0].name)].append(one)
        by_title[title_key(one.record.title)].append(one)
    for group in by_identifier.values():
        # What many records share is the identifier of a volume.
        for one, other in combinations(group[:6], 2):
            if one.record != other.record and len(group) < 7 and one.source != "jsonl":
                yield "identifier", True, one, other
    for group in by_title.values():
        for one, other in combinations(group[:30], 2):
            yield from _equal_titles(one, other)
    for group in by_author.values():
        if len(group) < 400:
            for one, other in combinations(group, 2):
                yield from _similar_titles(one, other)


def _equal_titles(one: Found, other: Found) -> Iterator[tuple[str, bool, Found, Found]]:
    a, b = one.record, other.record
    if set(a.identifiers) & set(b.identifiers):
        return
    share = _share(a, b)
    if "preface" in fold(a.title).split() and share < 0.5:
        yield "front matter", False, one, other
    elif one.source == other.source == "datacite":
        if share == 1 and a.version.kind == b.version.kind == "dataset" and _two_identifiers(a, b):
            yield "item", False, one, other
    elif one.source != "datacite" and other.source == "jsonl" and share >= 0.6 and not _two_identifiers(a, b):
        years = abs((a.version.year or 0) - (b.version.year or 0))
        if years <= 2 and a.version.venue != b.version.venue:
            yield "two versions", True, one, other


def _similar_titles(one: Found, other: Found) -> Iterator[tuple[str, bool, Found, Found]]:
    a, b = one.record, other.record
    alike = _alike(a, b)
    if not 0.5 <= alike < 0.9 or title_key(a.title) == title_key(b.title) or set(a.identifiers) & set(b.identifiers):
        return
    if _two_identifiers(a, b):
        yield "two identifiers", False, one, other
    elif one.source == other.source == "jsonl" and alike < 0.75:
        yield "other title", False, one, other


def chosen(pairs: Iterable[tuple[str, bool, Found, Found]]) -> list[dict[str, Any]]:
    """A fixed sample of each class, the same whatever order the pairs come in."""
    classes: dict[str, dict[bytes, dict[str, Any]]] = defaultdict(dict)
    for reason, same, one, other in pairs:
        row = {"same": same, "why": reason, "a": _facts(one), "b": _facts(other)}
        classes[reason].setdefault(msgspec.json.encode(row), row)
    rows = []
    for reason, limit in A_CLASS.items():
        members = sorted(classes[reason].items(), key=lambda item: (zlib.crc32(item[0]), item[0]))
        rows += [row for _, row in members[:limit]]
    return rows


def _facts(found: Found) -> dict[str, Any]:
    record = found.record
    facts = {
        "source": found.source, "title": record.title, "authors": [author.name for author in record.authors],
        "year": record.version.year, "venue": record.version.venue, "kind": record.version.kind,
        "identifiers": [list(pair) for pair in record.identifiers],
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value}


def main() -> None:
    rows = chosen(labeled(read(Path(sys.argv[1]))))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    with OUTPUT.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
    print(f"{len(rows)} pairs, {sum(row['same'] for row in rows)} of them one work -> {OUTPUT.relative_to(ROOT)}")


if __name__ == "__main__":
    import django

    django.setup()
    main()
