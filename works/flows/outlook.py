"""What splitting a work would come to: its records as each states the work, and the two works as they would be. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from markupsafe import Markup

from profiles import printed
from profiles.names import name_key
from profiles.printed import discloses, hidden_words
from researchgraph.lib import bulk, identifiers
from researchgraph.lib.public_ids import address
from works.flows.split import STATE
from works.ingest import corrections, pipeline
from works.ingest.merge import MergedWork, SourcedRecord
from works.row_selectors import TYPE_LABELS, markup
from works.sources import registry

AUTHORS_SHOWN: Final = 4


class Facts(msgspec.Struct, frozen=True):
    """A work as one record, or several together, state it. `more` authors are not listed."""

    title: str
    type_label: str
    year: int | None
    authors: list[str]
    more: int
    identifiers: list[str]


class Record(msgspec.Struct, frozen=True):
    """A source record; `facts` is None if it cannot be read any more. `key` is "" where it gives a name away."""

    id: int
    source: str
    key: str
    picked: bool
    facts: Facts | None


class Outlook(msgspec.Struct, frozen=True):
    """The two works. `shared` identifiers stay with the old one though both state them; `moving` are bylines that only the new
    one prints, which go with what was decided about them.
    """

    stays: Facts
    made: Facts
    shared: list[str]
    moving: list[str]


class SplitPage(msgspec.Struct, frozen=True):
    """A work with its records, those a curator picked, and what that comes to: None for no or all records."""

    id: int
    href: str
    path: str
    heading: Markup
    state: str
    records: list[Record]
    outlook: Outlook | None

    @property
    def picked(self) -> list[Record]:
        """The records that are to be another work."""
        return [record for record in self.records if record.picked]


def split_page(public_id: str, picked: Collection[int] = ()) -> SplitPage | None:
    """The page of one work, None if there is none or it has joined another. A fixed number of queries."""
    rows = bulk.fetch(
        "SELECT id, slug, title, title_html FROM works_work WHERE public_id = %s AND merged_into_id IS NULL",
        [public_id],
    )
    if not rows:
        return None
    work, slug, title, title_html = rows[0]
    names = _names(work)
    hidden = hidden_words([name for name, shown in names.items() if name != shown], shown=list(names.values()))
    read = {
        (known.source, known.key): known
        for known in pipeline.records_of([work], lambda name: registry.get(name).parse).get(work, [])
    }
    stored = bulk.fetch(
        "SELECT id, source, key FROM works_sourcerecord WHERE work_id = %s ORDER BY source, key", [work]
    )
    shown = {name_key(name): label for name, label in names.items()}
    records = [
        Record(
            key,
            source,
            "" if discloses(name, hidden) else name,
            key in picked,
            _stated(read[source, name], shown) if (source, name) in read else None,
        )
        for key, source, name in stored
    ]
    taken = [read[source, name] for key, source, name in stored if key in picked and (source, name) in read]
    left = [read[source, name] for key, source, name in stored if key not in picked and (source, name) in read]
    return SplitPage(
        work,
        address("works", public_id, slug),
        f"/curate/work/{public_id}/split/",
        markup(title, title_html),
        bulk.fetch(STATE, [work])[0][0],
        records,
        _outlook(work, left, taken, shown) if left and taken else None,
    )


def _names(work: int) -> dict[str, str]:
    """The names on the work as the source has them, each with what is printed."""
    query = f"SELECT a.raw_name, {printed.NAME} FROM works_authorship a {printed.HOLDER} WHERE a.work_id = %s"  # noqa: S608 - constants
    return dict(bulk.fetch(query, [work]))


def _outlook(
    work: int, left: Sequence[SourcedRecord], taken: Sequence[SourcedRecord], shown: Mapping[str, str]
) -> Outlook:
    stays, made = corrections.merger([work])(work, left), corrections.merger([])(0, taken)
    old, new = (dict.fromkeys(name_key(author.name) for author in one.authors) for one in (stays, made))
    return Outlook(
        _merged(stays, shown),
        _merged(made, shown),
        [_identifier(*one) for one in made.identifiers if one in set(stays.identifiers)],
        [shown[name] for name in new if name in shown and name not in old],
    )


def _stated(known: SourcedRecord, shown: Mapping[str, str]) -> Facts:
    record = known.record
    return _facts(
        record.title,
        record.version.kind,
        record.version.year,
        [author.name for author in record.authors],
        record.identifiers,
        shown,
    )


def _merged(work: MergedWork, shown: Mapping[str, str]) -> Facts:
    names = [author.name for author in work.authors]
    return _facts(work.title, work.type, work.year, names, work.identifiers, shown)


def _facts(
    title: str,
    kind: str,
    year: int | None,
    names: Sequence[str],
    stated: Sequence[tuple[str, str]],
    shown: Mapping[str, str],
) -> Facts:
    return Facts(
        title,
        TYPE_LABELS.get(kind, kind),
        year,
        [shown.get(name_key(name), name) for name in names[:AUTHORS_SHOWN]],
        max(0, len(names) - AUTHORS_SHOWN),
        [_identifier(*one) for one in stated],
    )


def _identifier(scheme: str, value: str) -> str:
    return f"{identifiers.label(scheme)} {value}"
