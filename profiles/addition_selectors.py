"""What authors read of works they have asked for: how far the run is, what it found, and the bylines that may be theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from profiles import printed
from profiles.names import block_key, compatible
from profiles.owner_selectors import Owned
from profiles.statements import Said
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.import_selectors import STATE_TAGS
from works.models import RunState
from works.row_selectors import TYPE_LABELS, markup

if TYPE_CHECKING:
    from markupsafe import Markup

LISTED: Final = 20
"""As many additions are listed, the newest."""
REASONS_SHOWN: Final = 50


class Fit(msgspec.Struct, frozen=True):
    """A byline that may be the author's by its name. `href` and `holder` are of the record that holds it, "" for nobody.

    `own` if that is the author's, `sure` if a person has said so.
    """

    id: int
    position: int
    name: str
    own: bool
    sure: bool
    href: str
    holder: str

    @property
    def free(self) -> bool:
        """Whether the author may confirm it."""
        return not self.href or (self.own and not self.sure)


class FoundWork(msgspec.Struct, frozen=True):
    """A work that was asked for, and its bylines that fit."""

    title: str
    title_html: str
    public_id: str
    href: str
    year: int | None
    where: str
    author_count: int
    fits: list[Fit]

    @property
    def heading(self) -> Markup:
        """The title as inert markup."""
        return markup(self.title, self.title_html)

    @property
    def free(self) -> list[Fit]:
        """The bylines that the author may confirm."""
        return [fit for fit in self.fits if fit.free]

    @property
    def likely(self) -> int | None:
        """The key of the only byline that can be meant, None if there are several or none."""
        own = [fit for fit in self.fits if fit.own] or self.free
        return own[0].id if len(own) == 1 else None


_SPELLINGS: Final = "SELECT DISTINCT raw_name, block_key FROM works_authorship WHERE researcher_id = %s"
_WORKS: Final = """
    SELECT w.id, w.title, w.title_html, w.public_id, w.slug, w.year, coalesce(v.name, ''), w.type, w.author_count
      FROM works_work w LEFT JOIN works_venue v ON v.id = w.venue_id WHERE w.id = ANY(%s) ORDER BY w.year DESC NULLS LAST, w.id
"""
_BYLINES: Final = f"""
    SELECT a.work_id, a.id, a.position, {printed.NAME}, a.raw_name, a.kind = 'confirmed', coalesce(a.researcher_id, 0),
           coalesce(h.public_id, ''), coalesce(h.slug, ''), coalesce(h.display_name, '')
      FROM works_authorship a {printed.HOLDER}
     WHERE a.work_id = ANY(%(works)s) AND a.block_key = ANY(%(blocks)s) AND NOT {printed.HIDDEN}
       AND (h.id IS NULL OR h.removed_at IS NULL) ORDER BY a.work_id, a.position
"""  # noqa: S608 - constants


def names_of(record: Owned, said: Said) -> tuple[list[str], list[str]]:
    """Every spelling of the author's name that is known, and the name blocks these are in. One query."""
    own = bulk.fetch(_SPELLINGS, [record.id])
    names = list(dict.fromkeys([*(name for name, _ in own), record.name, *said.variants]))
    blocks = {block for _, block in own} | {block_key(name) for name in names}
    return names, sorted(blocks)


def found(record: Owned, said: Said, works: Sequence[int]) -> list[FoundWork]:
    """These works with the bylines that fit the author's name. Three queries."""
    names, blocks = names_of(record, said)
    fits: dict[int, list[Fit]] = {}
    rows = bulk.fetch(_BYLINES, {"works": list(works), "blocks": blocks})
    for work, key, position, name, raw_name, sure, holder, public_id, slug, whose in rows:
        if holder == record.id or any(compatible(one, raw_name) is not False for one in names):
            there = address("researchers", public_id, slug) if public_id else ""
            own = holder == record.id
            fits.setdefault(work, []).append(Fit(key, position, name, own, sure, there, whose))
    return [
        FoundWork(
            title, title_html, public_id, address("works", public_id, slug), year, venue or TYPE_LABELS[kind], authors,
            fits.get(key, []),
        )
        for key, title, title_html, public_id, slug, year, venue, kind, authors in bulk.fetch(_WORKS, [list(works)])
    ]  # fmt: skip


def held_as(scheme: str, value: str) -> list[int]:
    """The work that carries a canonical identifier, if it is held here."""
    query = """
        SELECT coalesce(w.merged_into_id, w.id) FROM works_workidentifier i JOIN works_work w ON w.id = i.work_id
         WHERE i.scheme = %s AND i.value = %s
    """
    return [row[0] for row in bulk.fetch(query, [scheme, value])]


class Asked(msgspec.Struct, frozen=True):
    """One thing asked for: what, where it is looked for, and how far that is."""

    id: int
    asked: str
    asked_at: datetime
    source: str
    run: str
    state: str
    message: str
    fetched: int

    @property
    def words(self) -> str:
        """What was asked for, for people."""
        scheme, _, value = self.asked.partition(":")
        return "a BibTeX file" if scheme == "file" else f"{'DOI' if scheme == 'doi' else 'arXiv'} {value}"

    @property
    def live(self) -> bool:
        """Whether something may still come of it without anybody's doing."""
        return self.state in {RunState.QUEUED, RunState.RUNNING} or (
            # The next service is asked in a moment.
            self.state == RunState.DONE and not self.fetched and self.source == "crossref"
        )

    @property
    def taken_back(self) -> bool:
        """Whether what it brought has been rolled back."""
        return self.state in {RunState.UNDOING, RunState.UNDONE}

    @property
    def tag(self) -> str:
        """The style of the state's tag."""
        return "info" if self.live else STATE_TAGS[RunState(self.state)]

    @property
    def label(self) -> str:
        """The state in words."""
        return "being looked for" if self.live else str(RunState(self.state).label).lower()


class Addition(msgspec.Struct, frozen=True):
    """Something asked for with what came of it. `reasons` are those of entries that could not be read, each with its place."""

    asked: Asked
    works: list[FoundWork]
    reasons: list[tuple[str, str]]

    @property
    def free(self) -> int:
        """How many bylines the author may confirm."""
        return sum(len(work.free) for work in self.works)


_ASKED: Final = """
    SELECT a.id, a.asked, a.asked_at, r.source, r.public_id, r.state, r.message, r.fetched
      FROM profiles_addition a JOIN works_importrun r ON r.id = a.run_id WHERE a.claim_id = %(claim)s
"""
_STATED: Final = """
    SELECT coalesce(w.merged_into_id, w.id), s.origin, s.rejected_detail FROM profiles_addition a
      JOIN works_sourcerecord s ON s.run_id = a.run_id
        OR s.id IN (SELECT unnest(c.seen) FROM works_importchunk c WHERE c.run_id = a.run_id)
      LEFT JOIN works_work w ON w.id = s.work_id WHERE a.id = %s ORDER BY s.id
"""


def asked(record: Owned) -> list[Asked]:
    """What was asked for by the claim that holds the record, newest first."""
    query = f"{_ASKED} ORDER BY a.id DESC LIMIT {LISTED}"
    return [Asked(*row) for row in bulk.fetch(query, {"claim": record.claim})]


def addition(record: Owned, said: Said, key: int) -> Addition | None:
    """One thing asked for by the claim that holds the record; None for any other. Five queries."""
    rows = bulk.fetch(f"{_ASKED} AND a.id = %(key)s", {"claim": record.claim, "key": key})
    if not rows:
        return None
    stated = bulk.fetch(_STATED, [key])
    works = list(dict.fromkeys(work for work, _, _ in stated if work is not None))
    reasons = [(origin, detail) for work, origin, detail in stated if work is None and detail][:REASONS_SHOWN]
    return Addition(Asked(*rows[0]), found(record, said, works), reasons)
