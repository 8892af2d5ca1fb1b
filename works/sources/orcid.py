"""ORCID: public records as files (one record, or the public data file of all of them), and live under ORCID's limits.

A record of ORCID is a person's statement about works. One record here is one group of works of one person, in the form of
`orcid_forms`; its key is the iD and the smallest put-code of the group. Whose name is printed where, a list of works does
not say: such a record names its owner and says that authors are missing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, streams, tar
from researchgraph.lib.text import fold
from works.records import ParsedAuthor, ParsedRecord, ParsedVersion, RawRecord
from works.sources import bibliography, documents, pages
from works.sources.base import Source
from works.sources.orcid_forms import Contributor, Damaged, Group, Work, groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from researchgraph.lib.http import Http

ENDPOINT = "https://pub.orcid.org/v3.0"
INTERVAL = 0.1
"""ORCID allows twelve requests a second without a login."""

RECORD_LIMIT = 64 * 1024 * 1024
"""No record is longer; what is longer is not read (bytes)."""

KINDS = {
    "journal-article": "journal",
    "journal-issue": "journal",
    "magazine-article": "journal",
    "review": "journal",
    "conference-paper": "conference",
    "conference-proceedings": "conference",
    "conference-abstract": "conference",
    "conference-poster": "conference",
    "conference-presentation": "conference",
    "book": "book",
    "book-chapter": "book",
    "edited-book": "book",
    "encyclopedia-entry": "book",
    "dictionary-entry": "book",
    "dissertation": "thesis",
    "dissertation-thesis": "thesis",
    "supervised-student-publication": "other",
    "preprint": "preprint",
    "working-paper": "preprint",
    "data-set": "dataset",
}
"""Work types of ORCID 2.0 to 3.0. What is not listed is "other"."""

WHOLE = frozenset({"book", "edited-book", "dissertation", "dissertation-thesis", "report", "manual"})
"""Types whose ISBN is their own; that of a chapter or paper names the volume, as every ISSN names the journal."""

SCHEMES = {"doi": "doi", "arxiv": "arxiv", "pmid": "pmid", "pmc": "pmcid", "isbn": "isbn", "handle": "handle"}
_NOT_AUTHORS = frozenset(
    "editor chair-or-translator assignee other-inventor support-staff graduate-student principal-investigator".split()
)
_PACKED = (streams.GZIP, streams.ZSTANDARD)
_YEAR = re.compile(r"[0-9]{4}")
_DECODER = msgspec.json.Decoder(Group)
_BETWEEN = re.compile(r"[\s,]+")


class OrcidSource(Source):
    """Works as their authors list them at ORCID."""

    name: ClassVar[str] = "orcid"
    label: ClassVar[str] = "ORCID"
    example: ClassVar[str] = "0000-0002-1825-0097"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. Of an archive of records one is in memory at a time."""
        if _is_archive(path):
            yield from _archived(path)
        else:
            yield from _records(_content(path), path.name)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the works of the records with these iDs. A record that is locked or unknown is one with its problem.

        Raises SourceUnavailable for what is no iD (check digits are checked), and if ORCID stays away.
        """
        words = [word for word in _BETWEEN.split(query.strip()) if word]
        known = {word: identifiers.canonical("orcid", word) for word in words}
        wrong = [word for word, orcid in known.items() if orcid is None]
        if wrong or not words:
            message = (
                f"{wrong[0][:60]!r} is no valid ORCID iD." if wrong else "An ORCID query needs one ORCID iD or more."
            )
            raise SourceUnavailable(message)
        wanted = list(dict.fromkeys(orcid for orcid in known.values() if orcid))
        for orcid, cursor in pages.remaining(wanted, resume):
            answer = http.get(f"{self._endpoint}/{orcid}/record", interval=self._interval)
            if answer.status in {404, 409, 410}:
                reason = (
                    f"ORCID gives no record of {orcid} (HTTP {answer.status}): it is unknown, locked or deactivated."
                )
                payload = answer.content[:4096]
                yield RawRecord(key=orcid, payload=payload, origin=answer.url, problem=reason, cursor=cursor)
            elif answer.status != 200:
                message = f"ORCID answered with HTTP {answer.status} for {orcid}."
                raise SourceUnavailable(message)
            else:
                yield from pages.marked(_records(answer.content, answer.url), cursor=cursor)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        group = documents.decode(raw.payload, _DECODER)
        if not group.works:
            raise RecordRejected("works-missing", "The group holds no work.", "works")
        best = max(group.works, key=lambda work: (bool(fold(work.title)), _has_doi(work), work.display))
        others = [best, *(work for work in group.works if work is not best)]
        if not fold(best.title):
            raise RecordRejected("title-missing", "The work has no title.", "works[0].title")
        title = bibliography.readable(best.title)
        if fold(best.subtitle):
            title = f"{title}: {bibliography.readable(best.subtitle)}"
        authors, truncated = _authors(group, others)
        kinds = [KINDS.get(work.type.lower().replace("_", "-"), "other") for work in others]
        date = next((date for date in map(_date, others) if date), "")
        found = _identifiers(others)
        arxiv = next((value for scheme, value in found if scheme == "arxiv"), "")
        return ParsedRecord(
            title=title,
            authors=authors,
            version=ParsedVersion(
                kind=next((kind for kind in kinds if kind != "other"), "other"),
                venue=next((work.journal for work in others if work.journal), ""),
                year=int(date[:4]) if date else None,
                date=date,
                revision=identifiers.arxiv_version(arxiv),
            ),
            identifiers=found,
            abstract=next((work.description for work in others if work.description), ""),
            authors_truncated=truncated,
            site_url=next((work.url for work in others if work.url), ""),
            language=next((work.language for work in others if work.language), ""),
        )


# Reading


def _records(content: bytes, origin: str) -> Iterator[RawRecord]:
    for number, item in enumerate(groups(content, origin), 1):
        where = f"{origin}:{number}"
        if isinstance(item, Damaged):
            yield RawRecord(key="", payload=b"", origin=where, problem=f"{where}: {item.reason}")
        else:
            key = f"{item.orcid}/{min(work.put_code for work in item.works)}"
            yield RawRecord(key=key, payload=msgspec.json.encode(item), origin=where)


def _content(path: Path) -> bytes:
    content = bytearray()
    try:
        for piece in streams.chunks(path):
            content += piece
            if len(content) > RECORD_LIMIT:
                message = f"{path} has more than {RECORD_LIMIT:,} bytes, which no record of ORCID has."
                raise SourceUnavailable(message)
    except streams.DamagedError as error:
        message = f"{path} is not read: {error}."
        raise SourceUnavailable(message) from error
    return bytes(content)


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(tar.BLOCK)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise SourceUnavailable(message) from error
    return tar.is_tar(head) or (head.startswith(_PACKED) and ".tar" in path.name.lower())


def _archived(path: Path) -> Iterator[RawRecord]:
    """The records of a tar archive, such as ORCID's public data file. Nothing is unpacked to disk, no name is used."""
    number = 0
    try:
        for member in tar.members(streams.chunks(path), limit=RECORD_LIMIT):
            number = member.number
            yield from _member(member, f"{path.name}:{number}")
    except streams.DamagedError as error:
        where = f"{path.name}:{number + 1}"
        yield RawRecord("", b"", where, f"{where}: the archive is not read to its end: {error}")


def _member(member: tar.Member, origin: str) -> Iterator[RawRecord]:
    if member.problem:
        yield RawRecord("", b"", origin, f"{origin}: {member.problem}")
        return
    try:
        yield from _records(member.content, origin)
    except SourceUnavailable as refused:
        yield RawRecord("", b"", origin, str(refused))


# Parsing


def _has_doi(work: Work) -> bool:
    return any(kind == "doi" and identifiers.canonical("doi", value) for kind, value in work.ids)


def _authors(group: Group, works: list[Work]) -> tuple[tuple[ParsedAuthor, ...], bool]:
    """The contributors as printed, the owner among them if that is clear; else the owner alone, and more are missing."""
    printed = next((people for people in (_signing(work, group) for work in works) if people), [])
    places = [place for place, one in enumerate(printed) if one.orcid == group.orcid]
    if not places:
        places = [place for place, one in enumerate(printed) if not one.orcid and _could_be(one.name, group.names)]
    owner = ParsedAuthor(next(iter(group.names), ""), identifiers={"orcid": group.orcid})
    authors = [
        ParsedAuthor(one.name, identifiers={"orcid": orcid} if orcid else {})
        for place, one in enumerate(printed)
        for orcid in [group.orcid if places == [place] else one.orcid]
    ]
    if not places and fold(owner.name):
        # Whoever claims the work is one of its authors; a list without them is not the whole one.
        return (*authors, owner), True
    if not authors:
        raise RecordRejected(
            "authors-missing", "The record does not say its owner's name; take the whole record.", "names"
        )
    return tuple(authors), not places


def _signing(work: Work, group: Group) -> list[Contributor]:
    """The contributors that are authors and have a name; the owner's is known even where it is not printed."""
    people = []
    for one in work.contributors:
        name = one.name if fold(one.name) or one.orcid != group.orcid else next(iter(group.names), "")
        if fold(name) and one.role.lower().replace("_", "-") not in _NOT_AUTHORS:
            people.append(Contributor(name, one.orcid, one.role))
    return people


def _could_be(printed: str, names: list[str]) -> bool:
    """Whether a printed name is one of these, or the same family name with a given name cut to its initial."""
    words = set(fold(printed).split())
    for name in names:
        mine = fold(name).split()
        if words == set(mine):
            return True
        initials = {word[0] for word in words if word != mine[-1]} if mine else set()
        if (
            len(mine) > 1
            and mine[-1] in words
            and mine[0][0] in initials
            and all(len(w) == 1 for w in words - {mine[-1]})
        ):
            return True
    return False


def _date(work: Work) -> str:
    if not _YEAR.fullmatch(work.year):
        return ""
    month, day = (int(part) if re.fullmatch(r"[0-9]{1,2}", part) else 0 for part in (work.month, work.day))
    if not 1 <= month <= 12:
        return work.year
    return f"{work.year}-{month:02}-{day:02}" if 1 <= day <= 31 else f"{work.year}-{month:02}"


def _identifiers(works: list[Work]) -> tuple[tuple[str, str], ...]:
    """The identifiers of all assertions of the group, those of the best one first."""
    found: dict[tuple[str, str], None] = {}
    for work in works:
        whole = work.type.lower().replace("_", "-") in WHOLE
        for kind, value in work.ids:
            scheme = SCHEMES.get(kind)
            pair = (
                (scheme, value) if scheme else bibliography.identifier(value) if kind in {"uri", "other-id"} else None
            )
            if pair and (whole or pair[0] != "isbn"):
                found.setdefault((pair[0], identifiers.canonical(*pair) or pair[1]))
    return tuple(found)
