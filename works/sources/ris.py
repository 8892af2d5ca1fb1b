"""RIS files, the tagged format of reference managers and databases.

One record runs from its TY line to its ER line. Tags differ between programs: a table says which stand for what. The
key is the DOI, else the accession number with its database, else the ID tag if that is more than a running number (which
the next export gives to another work), else what a citation would say: title, authors and year.
"""

from __future__ import annotations

import hashlib
import html
import re
from typing import TYPE_CHECKING, ClassVar

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, streams
from researchgraph.lib.links import code_link
from researchgraph.lib.text import fold
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import bibliography
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

EXPECTED = "RIS"
RECORD_LIMIT = 4 * 1024 * 1024
"""A longer record is damage (characters)."""

KINDS = {
    "JOUR": "journal",
    "EJOUR": "journal",
    "MGZN": "journal",
    "INPR": "journal",
    "JFULL": "journal",
    "ABST": "journal",
    "CONF": "conference",
    "CPAPER": "conference",
    "BOOK": "book",
    "EBOOK": "book",
    "EDBOOK": "book",
    "CHAP": "book",
    "ECHAP": "book",
    "SER": "book",
    "ENCYC": "book",
    "DICT": "book",
    "THES": "thesis",
    "DATA": "dataset",
    "AGGR": "dataset",
    "UNPB": "preprint",
    "PREPRINT": "preprint",
    "JOURNAL ARTICLE": "journal",
    "JOURNAL": "journal",
    "CONFERENCE PAPER": "conference",
    "CONFERENCE PROCEEDINGS": "conference",
    "BOOK CHAPTER": "book",
    "BOOK SECTION": "book",
    "THESIS": "thesis",
    "DATASET": "dataset",
}
"""Reference types; the long ones are what some programs write out. What is not listed is "other"."""

WHOLE = frozenset({"BOOK", "EBOOK", "EDBOOK", "THES", "SER", "RPRT", "DICT", "ENCYC", "CONF", "THESIS"})
"""Types whose ISBN is their own; that of a chapter or paper names the volume, as every ISSN names the journal."""

EDITED = frozenset({"BOOK", "EBOOK", "EDBOOK", "CONF", "SER", "JFULL", "ENCYC", "DICT"})
"""Types that editors stand for when there is no author. A conference paper (CPAPER) is not one of them."""

_AUTHORS = ("AU", "A1")
_EDITORS = ("ED", "A2", "A3")
_TITLES = ("T1", "TI", "CT")
_VENUES = ("T2", "JF", "JO", "JA", "J1", "J2", "BT", "C3", "T3", "PB")
_LINE = re.compile(
    r"[\ufeff\s]{0,8}([A-Z][A-Z0-9])(?: {1,3}| ?\t)- {0,4}(.*)|[\ufeff\s]{0,8}(ER|TY) {0,4}- {0,4}(.*)|(ER)\s*"
)
_DATE = re.compile(r"\s*(\d{4})(?:[/-](\d{1,2})?(?:[/-](\d{1,2})?)?)?(?![\d])")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_DOI = re.compile(r"10\.\d{4,9}/[^\s;,\"<>]{1,400}")
_PMCID = re.compile(r"\bPMC\d{1,9}\b")
_ISBN = re.compile(r"[\dXx][\d -]{8,16}[\dXx]")
_URL = re.compile(r"https?://[^\s;<>\"]{1,1900}", re.IGNORECASE)
_RUNNING = re.compile(r"[0-9]{1,6}")
_MEDLINE = re.compile(r"PMID- {0,3}\d|[A-Z]{2,4} {0,2}- ")
_WEB_OF_SCIENCE = re.compile(r"(?:FN|VR|PT) [A-Z0-9]")


class RisSource(Source):
    """Records of `.ris` files. Works have no identifier of RIS's own."""

    name: ClassVar[str] = "ris"
    label: ClassVar[str] = "RIS"
    identified: ClassVar[bool] = False

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        keys = bibliography.Keys()
        found = False
        for record in _records(path):
            found = True
            unique = record.key if record.problem else keys.key(record.key, record.payload)
            if unique is not None:
                yield RawRecord(unique, record.payload, record.origin, record.problem)
        if not found:
            raise SourceUnavailable(_foreign(path))

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        tags = _tags(raw.payload)
        record_type = " ".join(tags.first("TY").upper().split())
        title = tags.first(*_TITLES)
        if not title and record_type in WHOLE:
            title = tags.first("BT", "T2", "T3")
        if not title:
            raise RecordRejected("title-missing", "The record has no title.", "TI")
        authors, truncated = _authors(tags, record_type)
        year, date = _date(tags)
        found = _identifiers(tags, record_type)
        arxiv = next((value for scheme, value in found if scheme == "arxiv"), "")
        kind = KINDS.get(record_type, "other")
        venue = next((name for name in (tags.first(tag) for tag in _VENUES) if name and name != title), "")
        if fold(venue).startswith("arxiv") or (arxiv and kind == "other"):
            kind, venue = "preprint", "arXiv" if arxiv or fold(venue).startswith("arxiv") else venue
        links = [match[0].rstrip(".,") for value in tags.all("UR", "L2", "LK") for match in _URL.finditer(value)]
        papers = [match[0] for value in tags.all("L1") for match in _URL.finditer(value)]
        return ParsedRecord(
            title=title,
            authors=authors,
            version=ParsedVersion(
                kind=kind,
                venue=venue,
                venue_key="arxiv" if venue == "arXiv" else "",
                year=year,
                date=date,
                revision=identifiers.arxiv_version(arxiv),
            ),
            identifiers=found,
            abstract=tags.first("AB", "N2"),
            topics=tuple(ParsedTopic("keyword", word) for word in _keywords(tags.lines("KW"))),
            authors_truncated=truncated,
            unaligned_affiliations=tuple(_affiliations(tags.all("AD"))),
            site_url=next(iter(links), ""),
            pdf_url=next(iter([*papers, *(link for link in links if link.lower().endswith(".pdf"))]), ""),
            code_url=code_link(" ".join([*links, *tags.all("N1", "AB", "N2")])),
            language=tags.first("LA"),
        )


class _Tags:
    """The tags of one record in order; each value is a list of lines."""

    def __init__(self) -> None:
        self.values: list[tuple[str, list[str]]] = []

    def lines(self, *names: str) -> Iterator[list[str]]:
        """The values of these tags, in the record's order, by lines."""
        return (lines for tag, lines in self.values if tag in names)

    def all(self, *names: str) -> list[str]:
        """The values of these tags, in the record's order, each on one line and none empty."""
        return [value for value in (" ".join(" ".join(lines).split()) for lines in self.lines(*names)) if value]

    def first(self, *names: str) -> str:
        """The first value of the first of these tags that has one."""
        return next((values[0] for values in map(self.all, names) if values), "")


# Reading


def _records(path: Path) -> Iterator[RawRecord]:
    lines: list[str] = []
    size = start = number = 0
    damage = ""
    for number, line in _lines(path):
        if number < 0:
            damage = line
            break
        match = _LINE.fullmatch(line)
        tag = (match[1] or match[3] or match[5]) if match else ""
        if tag == "TY":
            if lines:
                yield _raw(lines, path, start)
            lines, size, start = [line], 0, number
        elif tag == "ER":
            if lines:
                yield _raw([*lines, line], path, start)
            lines = []
        elif lines:
            size += len(line) + 1
            if size <= RECORD_LIMIT:
                lines.append(line)
            elif size - len(line) - 1 <= RECORD_LIMIT:
                yield _raw(lines, path, start, f"the record has more than {RECORD_LIMIT:,} characters")
                lines, size = [], 0
    if lines or damage:
        yield _raw(lines, path, start or 1, damage)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines; at last, where the file is damaged, number -1 and the reason."""
    number = 0
    rest = ""
    dropped = False
    try:
        for piece in bibliography.text(path, EXPECTED):
            *whole, rest = (rest + piece).split("\n")
            for line in whole:
                number += 1
                yield number, "" if dropped else line
                dropped = False
            if len(rest) > RECORD_LIMIT:
                rest, dropped = "", True
    except streams.DamagedError as error:
        yield -1, str(error)
        return
    if rest and not dropped:
        yield number + 1, rest


def _raw(lines: list[str], path: Path, number: int, problem: str = "") -> RawRecord:
    origin = f"{path.name}:{number}"
    source = "\n".join(line.rstrip() for line in lines).strip()
    text = bibliography.recoded(source)
    if text is None:
        problem = problem or "the record is neither UTF-8 nor Windows-1252; save the file as UTF-8"
    if text is None or problem:
        payload = source.encode("utf-8", "surrogateescape")
        return RawRecord(key="", payload=payload, origin=origin, problem=f"{origin}: {problem}")
    tags = _read_tags(text)
    return RawRecord(key=_key(tags), payload=text.encode("utf-8", "replace"), origin=origin)


def _key(tags: _Tags) -> str:
    doi = next((doi for value in tags.all("DO") if (doi := identifiers.canonical("doi", value))), "")
    accession, stated = tags.first("AN"), tags.first("ID")
    if doi or accession:
        return doi or f"{tags.first('DB', 'DP')} {accession}".strip()
    if stated and not _RUNNING.fullmatch(stated):
        return stated
    cited = [tags.first(*_TITLES), tags.first("PY", "Y1")[:4], *tags.all(*_AUTHORS)]
    return f"t-{hashlib.sha256(fold(' '.join(cited)).encode()).hexdigest()[:20]}" if cited[0] else ""


def _foreign(path: Path) -> str:
    """Why a file without records is refused."""
    head = next(bibliography.text(path, EXPECTED), "")[: bibliography.HEAD].lstrip("\ufeff \n")
    if _WEB_OF_SCIENCE.match(head):
        return f"{path} is a Web of Science export (ISI tags); export it as RIS instead."
    if head.startswith("%0 "):
        return f"{path} is an EndNote export (Refer tags); export it as RIS instead."
    if _MEDLINE.match(head):
        return f"{path} is a MEDLINE export (nbib); give its PubMed identifiers to another source, or export it as RIS."
    return f'{path} has no record that begins with a line "TY  - ..."; expected {EXPECTED}.'


# Parsing


def _tags(payload: bytes) -> _Tags:
    try:
        tags = _read_tags(payload.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordRejected("not-utf-8", f"The record is not UTF-8: {error.reason} at {error.start:,}.") from error
    if not tags.values or tags.values[0][0] != "TY":
        raise RecordRejected("ris-invalid", "The record does not begin with its type (TY).", "TY")
    return tags


def _read_tags(text: str) -> _Tags:
    """A line without a tag goes on with the value before it."""
    tags = _Tags()
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match:
            tags.values.append((match[1] or match[3] or "ER", [(match[2] or match[4] or "").strip()]))
        elif tags.values and line.strip():
            tags.values[-1][1].append(line.strip())
    return tags


def _authors(tags: _Tags, record_type: str) -> tuple[tuple[ParsedAuthor, ...], bool]:
    """The authors in printed order and whether there are more. Editors count if a volume has no author."""
    stated = list(tags.lines(*_AUTHORS))
    role = ""
    if not any(any(lines) for lines in stated) and record_type in EDITED:
        stated, role = list(tags.lines(*_EDITORS)), "editor"
    names: list[str] = []
    truncated = False
    for name in (part for lines in stated for line in lines for part in html.unescape(line).split(";")):
        if bibliography.is_rest(name):
            truncated = True
        elif fold(name):
            names += _printed(name)
    if not names:
        raise RecordRejected("authors-missing", "The record names no author.", "AU")
    return tuple(ParsedAuthor(name, role=role) for name in names), truncated


def _printed(name: str) -> list[str]:
    """One name as printed, or the several that somebody put into one tag."""
    parts = [part for part in (" ".join(part.split()) for part in name.split(",")) if part]
    if len(parts) > 3 or (len(parts) == 3 and not any(map(bibliography.is_suffix, parts[1:]))):
        if all(" " in part for part in parts):
            return parts
        if len(parts) > 3:
            raise RecordRejected("author-unreadable", f"The name {name.strip()[:200]!r} has too many commas.", "AU")
    return [bibliography.joined(parts, suffix_last=True)]


def _date(tags: _Tags) -> tuple[int | None, str]:
    """The most precise date of PY, Y1 and DA that the first of them does not contradict."""
    best = ""
    for value in tags.all("PY", "Y1", "DA"):
        match = _DATE.match(value)
        if match is None:
            year = _YEAR.search(value)
            date = year[1] if year else ""
        else:
            month, day = (int(part) if part else 0 for part in match.groups()[1:])
            date = match[1]
            if 1 <= month <= 12:
                date += f"-{month:02}" + (f"-{day:02}" if 1 <= day <= 31 else "")
        # Databases write 0000 where they know no year.
        if int(date[:4] or 0) and (not best or date.startswith(best)):
            best = date
    return (int(best[:4]), best) if best else (None, "")


def _identifiers(tags: _Tags, record_type: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    dois = [match[0] for value in tags.all("DO") for match in [_DOI.search(value)] if match]
    # Publishers repeat the DOI in M3 and L3, and Zotero and EndNote look for it in notes that are nothing else.
    for value in tags.all("M3", "L3", "L1", "N1") if not dois else ():
        match = _DOI.search(value)
        if match and fold(value[: match.start()]) in {
            "",
            "doi",
            "https doi org",
            "http dx doi org",
            "https dx doi org",
        }:
            dois.append(match[0])
    found += [("doi", doi) for doi in dois]
    for value in tags.all("UR", "L1", "L2", "M1", "M3", "N1", "AN", "JO", "JF", "T2"):
        arxiv = bibliography.arxiv_in(value)
        if arxiv:
            found.append(("arxiv", arxiv))
    for value in tags.all("UR"):
        for address in _URL.findall(value):
            known = bibliography.identifier(address)
            if known and known[0] not in {"arxiv", *(scheme for scheme, _ in found)}:
                found.append(known)
    medline = fold(" ".join(tags.all("DB", "DP")))
    for tag in ("AN", "C2", "N1", "M1", "U1"):
        for value in tags.all(tag):
            own = tag == "AN" and value.isdecimal() and ("pubmed" in medline or "medline" in medline)
            pmid = value if own else bibliography.pmid_in(value)
            if pmid:
                found.append(("pmid", pmid))
            pmcid = _PMCID.search(value)
            if pmcid:
                found.append(("pmcid", pmcid[0]))
    if record_type in WHOLE:
        found += [("isbn", match[0]) for value in tags.all("SN") for match in _ISBN.finditer(value)]
    seen: dict[str, tuple[str, str]] = {}
    for scheme, value in found:
        seen.setdefault(f"{scheme}:{identifiers.canonical(scheme, value) or value}", (scheme, value))
    return tuple(seen.values())


def _keywords(values: Iterable[list[str]]) -> Iterator[str]:
    """One keyword a tag or a line, or several on one: separated by semicolons, or by commas when there are many."""
    for lines in values:
        for line in lines:
            separator = ";" if ";" in line else "," if line.count(",") > 1 else ""
            for word in line.split(separator) if separator else [line]:
                if word.strip(" *"):
                    yield word.strip(" *")


def _affiliations(values: list[str]) -> Iterator[str]:
    for value in values:
        yield from (place.strip() for place in html.unescape(value).split(";") if place.strip())
