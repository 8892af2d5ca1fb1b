"""Files of mentions and of clusters: the input and output of `manage.py disambiguate`, and labeled data.

A line of a mention file is an object with `mention_id`, `source_id`, `name` and whatever else is known:
`coauthors`, `affiliation`, `affiliations_unaligned`, `affiliation_domain`, `title`, `keywords`, `venue_key` or
`venue`, `year`, `identifiers`. A cluster file is `{"clusters": {label: [mention_id, ...]}}`.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from profiles.institutions import institution_key, institution_names
from profiles.mentions import Mention
from profiles.names import name_key

COAUTHORS_CONSIDERED: Final = 50
"""On longer author lists a shared name says little about who anybody is."""
LONGEST_LINE: Final = 1 << 20


class MentionLine(msgspec.Struct):
    """One line of a mention file. Unknown fields are ignored."""

    mention_id: str
    source_id: str
    name: str
    coauthors: list[str] = []
    affiliation: str | None = None
    affiliations_unaligned: list[str] = []
    affiliation_domain: str | None = None
    title: str | None = None
    keywords: list[str] = []
    venue_key: str | None = None
    venue: str | None = None
    year: int | None = None
    identifiers: dict[str, str] = {}


class _Clusters(msgspec.Struct):
    clusters: dict[str, list[str]]


class Unreadable(ValueError):
    """A line that is no mention; the message names the file, the line and what is wrong with it."""


def read_mentions(path: Path) -> list[Mention]:
    """The mentions of a file, plain or gzipped, in its order. `sort_key` is the mention's id in the file."""
    decoder = msgspec.json.Decoder(MentionLine)
    works: dict[str, int] = {}
    seen: set[str] = set()
    mentions: list[Mention] = []
    for number, line in enumerate(_lines(path), 1):
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Unreadable(f"{path.name}, line {number}: {error}") from error
        if row.mention_id in seen:
            raise Unreadable(f"{path.name}, line {number}: mention {row.mention_id} is there twice")
        seen.add(row.mention_id)
        mentions.append(_mention(len(mentions), row, works))
    return mentions


def _mention(place: int, row: MentionLine, works: dict[str, int]) -> Mention:
    few = len(row.coauthors) <= COAUTHORS_CONSIDERED
    affiliation = row.affiliation or ""
    return Mention(
        id=place,
        sort_key=row.mention_id,
        work=works.setdefault(row.source_id, len(works)),
        name=row.name,
        name_key=name_key(row.name),
        identifiers=row.identifiers,
        coauthors=tuple(map(name_key, row.coauthors)) if few else (),
        affiliation=affiliation,
        institutions=_institutions(affiliation),
        work_institutions=tuple(key for text in row.affiliations_unaligned for key in _institutions(text)),
        domain=row.affiliation_domain or "",
        title=row.title or "",
        keywords=tuple(row.keywords),
        venue=row.venue_key or row.venue or "",
        year=row.year,
    )


def _institutions(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(institution_key(name) for name in institution_names(text))) if text else ()


def _lines(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            if len(line) >= LONGEST_LINE:
                raise Unreadable(f"{path.name}, line {number}: longer than {LONGEST_LINE:,} bytes")
            if line.strip():
                yield line


@contextmanager
def _open(path: Path) -> Iterator[io.BufferedIOBase]:
    with path.open("rb") as raw:
        if raw.read(2) == b"\x1f\x8b":
            raw.seek(0)
            with gzip.open(raw) as file:
                yield file
        else:
            raw.seek(0)
            yield raw


def read_truth(path: Path) -> dict[str, str]:
    """The label of every mention id in a cluster file."""
    with _open(path) as file:
        clusters = msgspec.json.decode(file.read(), type=_Clusters).clusters
    return {mention: label for label, members in clusters.items() for mention in members}
