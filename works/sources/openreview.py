"""OpenReview: notes of both versions of its interface as files, and the live service.

One record is one note. Submissions that were withdrawn, rejected or not decided on are not works here: their authors did
not publish them there, and a profile is no place to say so. E-mail addresses, by which OpenReview names people without a
profile, are taken out before anything is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers
from researchgraph.lib.http import Http
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import documents, pages, queries
from works.sources.base import Source
from works.sources.documents import Look
from works.sources.pages import Page, RefusedError

ENDPOINT = "https://api2.openreview.net/notes"
SITE = "https://openreview.net"
INTERVAL = 2.0
"""OpenReview states no rate; its own client is asked to be gentle."""

PAGE = 500
LISTS = frozenset({"notes"})
ASKED = frozenset({"details"})
"""What was asked for along with a note: counts of replies and the replies themselves."""

_EMAIL = re.compile(rb'"[^"\\\s@]{1,200}@[^"\\\s@]{1,200}"')
_YEAR = re.compile(r"(?:^|[^0-9])((?:19|20)[0-9]{2})(?![0-9])")
_GROUP_YEAR = re.compile(r"/((?:19|20)[0-9]{2})(?:/|$)")
_PRESENTATIONS = frozenset({"oral", "spotlight", "poster", "highlight", "talk"})
_DECISION = re.compile(r"accept\w*\s*(?:\(([^()]{1,60})\))?", re.IGNORECASE)
_NOT_PUBLISHED = (
    ("desk", "submission-desk-rejected", "was rejected without review"),
    ("withdrawn", "submission-withdrawn", "was withdrawn by its authors"),
    ("retracted", "submission-withdrawn", "was retracted"),
    ("reject", "submission-not-accepted", "was not accepted"),
    ("submitted to", "submission-not-accepted", "was submitted; nothing says that it was accepted"),
    ("under review", "submission-not-accepted", "is under review"),
)
# What other answers hold, by the names of their lists.
_FOREIGN = ("profiles", "groups", "invitations", "edits", "edges", "tags", "messages", "venues", "references")

T = TypeVar("T")


class _Note(msgspec.Struct):
    """A note of either version: content is plain in the first, objects with a `value` in the second."""

    content: dict[str, msgspec.Raw]
    id: str | None = None
    forum: str | None = None
    replyto: str | None = None
    ddate: int | float | None = None
    pdate: int | float | None = None
    odate: int | float | None = None
    cdate: int | float | None = None
    tcdate: int | float | None = None
    domain: str | None = None
    invitation: str | None = None
    invitations: list[str] | None = None
    license: str | None = None
    external_id: str | None = msgspec.field(name="externalId", default=None)
    external_ids: list[str] | None = msgspec.field(name="externalIds", default=None)


class _Institution(msgspec.Struct):
    name: str | None = None


class _Person(msgspec.Struct):
    """An author as the newest venues write them."""

    fullname: str | None = None
    username: str | None = None
    institutions: list[_Institution] | None = None


class _Glance(msgspec.Struct):
    id: str | None = None
    forum: str | None = None
    content: msgspec.Raw = msgspec.Raw()
    ddate: int | float | None = None
    name: str | None = None
    message: str | None = None
    errors: msgspec.Raw = msgspec.Raw()


class _Wrapped(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct):
    notes: list[msgspec.Raw]
    count: int | None = None


_DECODER = msgspec.json.Decoder(_Note)
_GLANCER = msgspec.json.Decoder(_Glance)
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_WRAPPED = msgspec.json.Decoder(_Wrapped)
_TEXT = msgspec.json.Decoder(str | int | float | list[str | None] | None)
_PEOPLE = msgspec.json.Decoder(list[str | _Person | None] | None)
_ANSWER = msgspec.json.Decoder(_Answer)


class OpenReviewSource(Source):
    """Submissions that a venue of OpenReview accepted or published. The key is the forum's identifier."""

    name: ClassVar[str] = "openreview"
    label: ClassVar[str] = "OpenReview"
    example: ClassVar[str] = "ICLR.cc/2024/Conference"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        return _records(documents.items(path, lists=LISTS), str(path))

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the notes of a person ("~Ada_Lovelace1") or of a venue ("ICLR.cc/2024/Conference").

        Raises SourceUnavailable if OpenReview refuses the query or stays away.
        """
        asked = query.strip()
        if not asked or "@" in asked or " " in asked:
            message = f"A query to {self.label} is a venue (ICLR.cc/2024/Conference) or a person (~Ada_Lovelace1)."
            raise SourceUnavailable(message)
        wanted = {"content.authorids" if asked.startswith("~") else "content.venueid": asked}
        shown = f"{self._endpoint}?{urlencode(wanted)}"

        def ask(offset: str, _: int) -> Page:
            parameters = {**wanted, "limit": str(PAGE), "offset": offset}
            answer = http.get(self._endpoint, params=parameters, interval=self._interval)
            if answer.status != 200:
                raise RefusedError(queries.refusal(self.label, answer))
            documents.check_json(answer.content, f"{self.label}'s answer")
            page = queries.decoded(answer.content, _ANSWER, self.label)
            found = documents.elements(answer.content, f"{shown}:{offset}", lists=LISTS)
            records = list(_records(iter(found), f"{self.label}'s answer"))
            done = int(offset) + len(page.notes)
            ended = not page.notes or (len(page.notes) < PAGE if page.count is None else done >= page.count)
            return Page(records, "" if ended else str(done), page.count or 0)

        yield from pages.follow(ask, first="0", resume=resume, service=self.label)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        note = documents.decode(raw.payload, _DECODER)
        forum = identifiers.canonical("openreview", note.forum or note.id or "")
        if forum is None or forum.startswith("~"):
            raise RecordRejected("forum-invalid", f"{(note.forum or note.id or '')[:200]!r} is no forum.", "forum")
        _refuse(note)
        content = note.content
        title = _text(content, "title")
        if not title:
            raise RecordRejected("title-missing", "The note has no title.", "content.title")
        authors = _authors(content)
        if not authors:
            raise RecordRejected("authors-missing", "The note names no author.", "content.authors")
        if len(authors) == 1 and authors[0].name.strip().casefold() == "anonymous":
            raise RecordRejected(
                "authors-anonymous", "The authors are hidden while the note is judged.", "content.authors"
            )
        abstract = _text(content, "abstract")
        return ParsedRecord(
            title=title,
            authors=authors,
            version=_version(note),
            identifiers=tuple(_identifiers(note, forum)),
            abstract=abstract,
            topics=tuple(ParsedTopic("keyword", keyword) for keyword in _texts(content, "keywords")),
            site_url=identifiers.url("openreview", forum),
            pdf_url=_pdf(content, forum),
            code_url=code_link(_text(content, "code")) or code_link(abstract),
            license=note.license or _text(content, "license"),
        )


def _records(found: Iterator[documents.Item], what: str) -> Iterator[RawRecord]:
    clean = (item._replace(content=_EMAIL.sub(b'""', item.content)) for item in found)
    for raw in documents.records(clean, _look, what=what, without=ASKED):
        glance = documents.glance(raw.payload, _GLANCER)
        deleted = glance is not None and glance.ddate is not None and not raw.problem
        yield msgspec.structs.replace(raw, deleted=True) if deleted else raw


def _look(content: bytes) -> Look:
    glance = documents.glance(content, _GLANCER)
    if glance is None:
        return Look()
    if bytes(glance.content):
        # Every note has its own identifier; that of a submission is its forum's.
        return Look(glance.id or glance.forum or "")
    if bytes(glance.errors) or (glance.name or "").endswith("Error"):
        return Look(foreign=f"an error report of OpenReview ({(glance.message or glance.name or '')[:300]})")
    names = documents.glance(content, _NAMES) or {}
    kind = next((name for name in _FOREIGN if name in names), "")
    return Look(foreign=f"{kind} of OpenReview" if kind else "objects that are no notes")


# One note


def _refuse(note: _Note) -> None:
    """Raises RecordRejected for what is a note but no published work."""
    if note.replyto or (note.id and note.forum and note.id != note.forum):
        raise RecordRejected("note-reply", "The note is a reply in the discussion of a submission.", "replyto")
    if note.ddate is not None:
        raise RecordRejected("note-deleted", "The note was deleted.", "ddate")
    stated = (
        ("content.venueid", _text(note.content, "venueid").rpartition("/")[2].replace("_", " ")),
        ("content.venue", _text(note.content, "venue")),
        ("content.decision", _text(note.content, "decision")),
        ("invitation", _invitation(note).rpartition("/-/")[2].replace("_", " ")),
    )
    for field, text in stated:
        for sign, code, what in _NOT_PUBLISHED:
            if sign in text.casefold():
                raise RecordRejected(code, f"The submission {what} ({text[:100]}).", field)


def _invitation(note: _Note) -> str:
    return note.invitation or next(iter(note.invitations or ()), "")


def _value(content: dict[str, msgspec.Raw], name: str, decoder: msgspec.json.Decoder[T]) -> T | None:
    """A value of the content in either form; None if it is missing. Raises RecordRejected for another type."""
    text = bytes(content.get(name) or b"null")
    try:
        if text.startswith(b"{"):
            text = bytes(_WRAPPED.decode(text).value)
        return decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordRejected("field-invalid", f"{str(error)[:200]}.", f"content.{name}") from error


def _texts(content: dict[str, msgspec.Raw], name: str) -> list[str]:
    """The texts of a field that may hold one or several."""
    value = _value(content, name, _TEXT)
    if isinstance(value, list):
        return [text for text in value if text]
    if isinstance(value, str):
        return [text for part in value.split(",") if (text := part.strip())] if name == "keywords" else [value]
    return []


def _text(content: dict[str, msgspec.Raw], name: str) -> str:
    return next(iter(_texts(content, name)), "")


def _authors(content: dict[str, msgspec.Raw]) -> tuple[ParsedAuthor, ...]:
    """The authors in order, with the profiles of the same places of the list beside it, if it is as long."""
    people = _value(content, "authors", _PEOPLE) or []
    ids = _value(content, "authorids", _PEOPLE) or []
    if len(ids) != len(people):
        ids = [None] * len(people)
    return tuple([author for person, known in zip(people, ids, strict=True) if (author := _author(person, known)).name])


def _author(person: str | _Person | None, known: str | _Person | None) -> ParsedAuthor:
    name = person.fullname if isinstance(person, _Person) else person
    profile = (person.username if isinstance(person, _Person) else None) or (known if isinstance(known, str) else "")
    places = person.institutions if isinstance(person, _Person) else None
    return ParsedAuthor(
        name=name or "",
        affiliations=tuple([place.name for place in places or () if place.name]),
        # Anything else that stands here is an address of a person or of a search.
        identifiers={"openreview": profile} if profile and profile.startswith("~") else {},
    )


def _version(note: _Note) -> ParsedVersion:
    """Where the note appeared, from the words of its venue: "CoRL 2025 Poster" is CoRL, 2025 and a poster."""
    date = _date(note)
    venue, venueid = _text(note.content, "venue"), _text(note.content, "venueid")
    group = venueid or note.domain or _invitation(note).partition("/-/")[0]
    decision = _DECISION.match(_text(note.content, "decision"))
    if not venue and not decision:
        # Nothing says what became of it: something that was made public here.
        return ParsedVersion(kind="preprint", venue="OpenReview", date=date, track=group)
    named = _YEAR.search(venue)
    year = named or _GROUP_YEAR.search(group)
    name = venue[: named.start(1)].strip(" -,:") if named else venue
    track, status = _presentation(venue[named.end(1) :] if named else "")
    return ParsedVersion(
        kind=_kind(venue, group),
        venue=name or venue or _acronym(group),
        year=int(year[1]) if year else None,
        date=date,
        status=status or ((decision[1] or "Accept") if decision else ""),
        track=track,
    )


def _presentation(words: str) -> tuple[str, str]:
    """What follows the year of a venue, as (track, status): "Datasets and Benchmarks Poster" has both."""
    rest = words.strip(" -,:()")
    head, _, last = rest.rpartition(" ")
    if last.casefold() in _PRESENTATIONS:
        return head.strip(" -,:"), last
    is_status = rest.casefold().startswith(("accept", "notable", "top", "long", "short", "regular"))
    return ("", rest) if is_status else (rest, "")


def _kind(venue: str, group: str) -> str:
    place = f"{venue} {group}".casefold()
    if "corr" in place.split() or "/corr" in place or "arxiv" in place:
        return "preprint"
    if "tmlr" in place or "/journals/" in place or "journal" in venue.casefold():
        return "journal"
    return "conference"


def _acronym(group: str) -> str:
    return group.partition("/")[0].partition(".")[0]


def _date(note: _Note) -> str:
    """The day of publication. `pdate` is what OpenReview calls so; `odate` is when the note could first be read, `cdate`
    when it was made, which is all that older notes have.
    """
    for moment in (note.pdate, note.odate, note.cdate, note.tcdate):
        if moment and 0 < moment < _LATEST:
            return (_EPOCH + timedelta(milliseconds=moment)).date().isoformat()
    return ""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 4_102_444_800_000
"""The end of this century, in milliseconds."""


def _identifiers(note: _Note, forum: str) -> Iterator[tuple[str, str]]:
    yield "openreview", forum
    doi = _text(note.content, "doi")
    if doi:
        yield "doi", doi
    for stated in (note.external_id or "", *(note.external_ids or ())):
        scheme, _, value = stated.partition(":")
        if scheme in {"doi", "arxiv"}:
            yield scheme, value
    for name in ("html", "pdf", "arxiv"):
        url = _text(note.content, name)
        if "arxiv.org/" in url or name == "arxiv":
            yield "arxiv", url
        elif "doi.org/10." in url:
            yield "doi", url


def _pdf(content: dict[str, msgspec.Raw], forum: str) -> str:
    pdf = _text(content, "pdf")
    if pdf.startswith("/"):
        return f"{SITE}/pdf?id={forum}"
    return pdf
