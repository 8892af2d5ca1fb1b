"""ROR: the registry's data dump (a ZIP archive or its JSON), answers of its interface in both schemas, and the live service.

One record is one organization. A record in the first schema and one in the second say the same in other words, and
are read as the same. Answers of a search engine's own interface, in which ROR's records are wrapped, are read too.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, streams
from researchgraph.lib.http import Http
from works.records import ParsedInstitution, RawRecord
from works.sources import documents, keys, pages, queries
from works.sources.base import Source
from works.sources.documents import Item, Look
from works.sources.pages import Page, RefusedError

ENDPOINT: Final = "https://api.ror.org/v2/organizations"
KEY_VARIABLE: Final = "ROR_CLIENT_ID"
INTERVAL: Final = 0.2
"""With a client id 2,000 requests in five minutes are allowed."""

ANONYMOUS_INTERVAL: Final = 6.0
"""Without one it is 50 in five minutes."""

PAGE: Final = 20
LAST_PAGE: Final = 500
"""The service hands out no more than the first 10,000 results."""

LISTS: Final = frozenset({"items", "hits"})
WRAPPERS: Final = frozenset({"hits"})
ZIP: Final = b"PK\x03\x04"
UNPACKED_LIMIT: Final = 2 << 30
MEMBERS_LIMIT: Final = 100

_REPLACED: Final = frozenset({"successor"})
_LABELS: Final = frozenset({"label", "alias", "ror_display"})


class _Name(msgspec.Struct, gc=False):
    value: str
    types: list[str] = []


class _Label(msgspec.Struct, gc=False):
    label: str | None = None


class _Place(msgspec.Struct, gc=False):
    name: str | None = None
    country_code: str | None = None
    country_name: str | None = None


class _Location(msgspec.Struct, gc=False):
    geonames_details: _Place | None = None


class _Link(msgspec.Struct, gc=False):
    value: str | None = None
    type: str | None = None


class _Country(msgspec.Struct, gc=False):
    country_code: str | None = None
    country_name: str | None = None


class _Address(msgspec.Struct, gc=False):
    city: str | None = None


class _Relation(msgspec.Struct, gc=False):
    id: str
    label: str | None = None
    type: str | None = None


class _Organization(msgspec.Struct, gc=False):
    """The fields of an organization that are read, of both schemas."""

    id: str
    names: list[_Name] | None = None
    locations: list[_Location] | None = None
    links: list[_Link | str] | None = None
    relationships: list[_Relation] | None = None
    types: list[str] | None = None
    established: int | None = None
    status: str | None = None
    name: str | None = None
    aliases: list[str] | None = None
    acronyms: list[str] | None = None
    labels: list[_Label] | None = None
    country: _Country | None = None
    addresses: list[_Address] | None = None


class _Glance(msgspec.Struct, gc=False):
    id: Any = None
    names: msgspec.Raw = msgspec.Raw()
    errors: msgspec.Raw = msgspec.Raw()
    affiliation: msgspec.Raw = msgspec.Raw()
    source: msgspec.Raw = msgspec.field(name="_source", default=msgspec.Raw())
    organization: msgspec.Raw = msgspec.Raw()
    number_of_results: int | None = None
    took: int | None = None


class _Answer(msgspec.Struct, gc=False):
    number_of_results: int
    items: list[msgspec.Raw]


_DECODER = msgspec.json.Decoder(_Organization)
_GLANCER = msgspec.json.Decoder(_Glance)
_ANSWER = msgspec.json.Decoder(_Answer)


class RorSource(Source):
    """Organizations as ROR describes them. The key is the ROR id ("02nr0ka47")."""

    name: ClassVar[str] = "ror"
    label: ClassVar[str] = "ROR"
    example: ClassVar[str] = "query:robotics institute"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float | None = None, client_id: str = "") -> None:
        self._endpoint = endpoint
        self._interval = interval
        self._client_id = client_id

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. Of a ZIP archive the JSON is read, in the newest schema it has."""
        if _is_zip(path):
            return _archive(path)
        return _records(documents.items(path, lists=LISTS, wrappers=WRAPPERS), str(path))

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the organizations for words to search for, a filter ("types:education") or one ROR id.

        Raises SourceUnavailable if ROR refuses the query or stays away.
        """
        client_id = self._client_id or keys.from_environment(KEY_VARIABLE)
        headers = {"Client-Id": client_id} if client_id else None
        interval = self._interval
        if interval is None:
            interval = INTERVAL if client_id else ANONYMOUS_INTERVAL
        one = identifiers.canonical("ror", query)
        if one:
            answer = http.get(f"{self._endpoint}/{one}", interval=interval, headers=headers)
            if answer.status != 200:
                raise SourceUnavailable(queries.refusal(self.label, answer))
            found = documents.elements(answer.content, f"{self._endpoint}/{one}", lists=LISTS)
            yield from _records(iter(found), "ROR's answer")
            return
        asked = queries.filter_or_search(query, filter_name="filter", search_name="query", service=self.label)
        shown = f"{self._endpoint}?{urlencode(asked)}"
        # Organizations that have closed or been replaced are part of what was asked, too.
        asked["all_status"] = "true"

        def ask(word: str, _number: int) -> Page:
            answer = http.get(self._endpoint, params={**asked, "page": word}, interval=interval, headers=headers)
            if answer.status != 200:
                raise RefusedError(queries.refusal(self.label, answer))
            documents.check_json(answer.content, "ROR's answer")
            listed = queries.decoded(answer.content, _ANSWER, self.label)
            found = documents.elements(answer.content, f"{shown}:{word}", lists=LISTS) if listed.items else ()
            page = int(word)
            more = listed.items and page < LAST_PAGE and page * PAGE < listed.number_of_results
            return Page(
                list(_records(iter(found), "ROR's answer")), str(page + 1) if more else "", listed.number_of_results
            )

        yield from pages.follow(ask, first="1", resume=resume, service=self.label)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedInstitution:
        """See `Source.parse`."""
        known = documents.decode(raw.payload, _DECODER)
        ror = identifiers.canonical("ror", known.id)
        if ror is None:
            raise RecordRejected("ror-id-invalid", f"{known.id[:200]!r} is no ROR id.", "id")
        display, names, acronyms = _names(known)
        if not display:
            raise RecordRejected("name-missing", "The organization has no name.", "names")
        place = next((one.geonames_details for one in known.locations or () if one.geonames_details), None)
        country = known.country or place
        city = place.name if place else next((one.city for one in known.addresses or () if one.city), None)
        return ParsedInstitution(
            name=display,
            identifiers=(("ror", ror),),
            names=names,
            acronyms=acronyms,
            country=(country.country_code if country else None) or "",
            country_name=(country.country_name if country else None) or "",
            city=city or "",
            homepage=_homepage(known),
            kinds=tuple(known.types or ()),
            established=known.established,
            status=known.status or "active",
            successors=tuple(
                (one.id, one.label or "") for one in known.relationships or () if (one.type or "").lower() in _REPLACED
            ),
        )


def _names(known: _Organization) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The name ROR shows, all labels and aliases, and all acronyms."""
    if known.names is None:
        labels = [label.label for label in known.labels or () if label.label]
        return known.name or "", (*(known.aliases or ()), *labels), tuple(known.acronyms or ())
    display = next((name.value for name in known.names if "ror_display" in name.types), "")
    labels = [name.value for name in known.names if not name.types or _LABELS.intersection(name.types)]
    acronyms = tuple(name.value for name in known.names if "acronym" in name.types)
    return display or next(iter(labels), ""), tuple(labels), acronyms


def _homepage(known: _Organization) -> str:
    for link in known.links or ():
        if isinstance(link, str):
            return link
        if link.type == "website" and link.value:
            return link.value
    return ""


def _records(found: Iterator[Item], what: str) -> Iterator[RawRecord]:
    return documents.records(map(_unwrapped, found), _look, what=what, things="organizations")


def _unwrapped(item: Item) -> Item:
    """The organization out of what an affiliation's answer or a search engine puts around it."""
    glance = None if item.problem else documents.glance(item.content, _GLANCER)
    inner = bytes(glance.source) or bytes(glance.organization) if glance else b""
    return item._replace(content=inner) if inner else item


def _look(content: bytes) -> Look:
    glance = documents.glance(content, _GLANCER)
    if glance is None:
        return Look()
    if bytes(glance.errors):
        return Look(foreign=f"an error report of ROR ({bytes(glance.errors)[:300].decode('utf-8', 'replace')})")
    if glance.number_of_results == 0:
        return Look(void=True)
    if bytes(glance.affiliation):
        return Look(foreign="affiliations with the ids somebody found for them")
    if glance.id is None and bytes(glance.names):
        return Look(foreign="candidates without a ROR id")
    if not isinstance(glance.id, str):
        return Look(foreign="objects without an id")
    known = identifiers.canonical("ror", glance.id)
    # A damaged id of ROR's own is for the parser to reject.
    if known or "ror.org/" in glance.id:
        return Look(known or "")
    return Look(foreign=f"objects with the id {glance.id[:100]!r}, which is not ROR's")


# The data dump


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:
        return False


def _archive(path: Path) -> Iterator[RawRecord]:
    """The records of the JSON in a dump, unpacked beside us first: how much it is says only the unpacking."""
    with TemporaryDirectory() as folder:
        name, unpacked = _unpack(path, Path(folder))
        place = f"{path.name}:{name}"
        for raw in _records(documents.items(unpacked, lists=LISTS, wrappers=WRAPPERS), f"{path} ({name})"):
            origin = raw.origin.replace(unpacked.name, place, 1)
            yield msgspec.structs.replace(raw, origin=origin, problem=raw.problem.replace(raw.origin, origin, 1))


def _unpack(path: Path, folder: Path) -> tuple[str, Path]:
    """The name of the JSON in the archive, and where it is now. Raises SourceUnavailable."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(archive.infolist(), path)
            # The name in the archive is somebody else's; it is no path of ours.
            target = folder / "dump.json"
            with archive.open(member) as packed, target.open("wb") as out:
                while chunk := packed.read(streams.CHUNK):
                    out.write(chunk)
                    _check_size(out.tell(), member, path)
            return Path(member.filename).name, target
    # What `zipfile` raises for damage, a password (RuntimeError) and a packing it does not know (NotImplementedError).
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        message = f"{path} cannot be unpacked: {error}."
        raise SourceUnavailable(message) from error


def _member(members: list[zipfile.ZipInfo], path: Path) -> zipfile.ZipInfo:
    found = [one for one in members[:MEMBERS_LIMIT] if one.filename.endswith(".json") and not one.is_dir()]
    if not found:
        message = f"{path} is a ZIP archive without JSON in it; expected a data dump of ROR."
        raise SourceUnavailable(message)
    # Both schemas are in one archive; the newest one calls itself so.
    return max(found, key=lambda one: ("schema_v2" in one.filename, one.file_size))


def _check_size(size: int, member: zipfile.ZipInfo, path: Path) -> None:
    allowed = max(streams.RATIO_FREE, streams.RATIO_LIMIT * member.compress_size)
    if size > min(UNPACKED_LIMIT, allowed):
        message = f"{path} unpacks to more than {min(UNPACKED_LIMIT, allowed):,} bytes; it is not read."
        raise SourceUnavailable(message)
