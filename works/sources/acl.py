"""The ACL Anthology's own XML: collections of volumes of papers, and the flat volumes of before 2019.

One record is one `<paper>` inside the facts of its volume it inherits (title of the proceedings, year, month, venue). Front
matter is no work; where the schema makes it a paper, as the number 0 or 1000 of a volume, it is the volume itself as a book.
"""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Final

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import dates, identifiers, xml
from researchgraph.lib.links import code_link
from works.records import ParsedAuthor, ParsedRecord, ParsedVersion, RawRecord
from works.sources import xml_files
from works.sources.base import Source
from works.sources.xml_files import Damage, child, children, text
from works.sources.xml_text import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

EXPECTED = "the ACL Anthology's XML"
SITE = "https://aclanthology.org"
INHERITED: Final = ("booktitle", "year", "month", "venue", "journal-title", "journal-volume", "journal-issue")
"""What a paper is told by the description of its volume."""

JOURNALS: Final = frozenset({"cl", "tacl", "lilt", "ijclclp", "tal"})
"""Venues of the Anthology that are journals, for the years before volumes said so themselves."""

_OLD_COLLECTION = re.compile(r"[A-Z]\d\d")
_ISSUE = re.compile(r",? Volume \d{1,4}\b.{0,60}(?:Issue|Number|Special)", re.IGNORECASE)
_VOLUME = re.compile(r",? Volume \d{1,4}\b.*", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{3,9}")
_NUMBER = re.compile(r"\d{1,4}")


class AclSource(Source):
    """Papers of the ACL Anthology. The key is the Anthology's identifier, such as 2020.acl-main.1 or P18-1001."""

    name: ClassVar[str] = "acl"
    label: ClassVar[str] = "ACL Anthology"

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        records = _records(xml_files.begin(path, EXPECTED), path.name)
        first = next(records, None)
        if first is None:
            message = f"{path.name} holds no papers of the ACL Anthology."
            raise SourceUnavailable(message)
        return chain([first], records)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        root = xml_files.parsed(raw.payload)
        volume = child(root, "volume") if xml.local_name(root) == "collection" else root
        paper = child(volume, "paper")
        if volume is None or paper is None:
            detail = f"The XML is a {xml.local_name(root)!r}; expected a paper of the ACL Anthology in its volume."
            raise RecordRejected("paper-missing", detail)
        return _paper(paper, volume, _identifier(paper))


def _records(chunks: Iterable[bytes], origin: str) -> Iterator[RawRecord]:
    number = 0
    facts: list[etree._Element] = []
    for element in xml_files.elements(chunks, origin, wanted={"meta", "paper"}, check_root=_check_root):
        if isinstance(element, Damage):
            yield xml_files.damaged(element, origin, number)
            return
        volume = element.getparent()
        if volume is None or xml.local_name(volume) != "volume":
            continue
        if xml.local_name(element) == "meta":
            facts = [deepcopy(fact) for fact in element if xml.local_name(fact) in INHERITED]
            continue
        if element.getprevious() is None:
            # The first thing in its volume: what an earlier volume said is not about this one.
            facts = []
        number += 1
        if _is_volume(element, volume):
            facts = [_booktitle(element)]
            yield RawRecord(_identifier(element), _payload(element, volume, []), f"{origin}:{number}")
        else:
            yield RawRecord(_identifier(element), _payload(element, volume, facts), f"{origin}:{number}")


def _is_volume(paper: etree._Element, volume: etree._Element) -> bool:
    """Whether a paper of the old schema stands for its volume: "1000", among workshops "0100"."""
    zeros = "00" if volume.get("id", "").startswith("W") else "000"
    return volume.getparent() is None and paper.get("id", "").zfill(4).endswith(zeros)


def _booktitle(paper: etree._Element) -> etree._Element:
    """The title of a paper that stands for its volume, as its papers inherit it."""
    booktitle = etree.Element("booktitle")
    booktitle.text = readable(child(paper, "title"))
    return booktitle


def _check_root(root: etree._Element) -> str:
    if xml.local_name(root) not in {"collection", "volume"}:
        return f"is XML with the root {xml.local_name(root)!r}; expected {EXPECTED}."
    return xml_files.without_doctype(root)


def _payload(paper: etree._Element, volume: etree._Element, facts: list[etree._Element]) -> bytes:
    """The paper within the shell of its volume and collection, so that it can be read alone."""
    shell = etree.Element("volume", {name: volume.get(name, "") for name in ("id", "type") if volume.get(name)})
    outer = shell
    collection = volume.getparent()
    if collection is not None:
        outer = etree.Element("collection", {"id": collection.get("id", "")})
        outer.append(shell)
    if facts:
        meta = etree.SubElement(shell, "meta")
        for fact in facts:
            copied = deepcopy(fact)
            copied.tail = None
            meta.append(copied)
    own = deepcopy(paper)
    own.tail = None
    shell.append(own)
    return xml.canonical(outer)


def _identifier(paper: etree._Element) -> str:
    """The Anthology's identifier, made from the numbers of collection, volume and paper; "" if they make none."""
    volume = paper.getparent()
    collection = None if volume is None else volume.getparent()
    number = paper.get("id", "")
    if volume is None or not (number.isascii() and number.isdigit()):
        return ""
    if collection is None:
        return _of_paper(f"{volume.get('id', '')}-{number.zfill(4)}")
    name, part = collection.get("id", ""), volume.get("id", "")
    if not _OLD_COLLECTION.fullmatch(name):
        return _of_paper(f"{name}-{part}.{number}")
    if not (part.isascii() and part.isdigit()):
        return ""
    # Workshops have two digits for the volume and two for the paper; so do two other collections.
    wide = name[0] == "W" or name == "C69" or (name == "D19" and int(part) >= 5)
    digits = f"{int(part):02}{int(number):02}" if wide else f"{int(part)}{int(number):03}"
    return _of_paper(f"{name}-{digits}")


def _of_paper(value: str) -> str:
    """The identifier of a paper, or ""; people have identifiers in the same scheme, which begin with a small letter."""
    known = identifiers.canonical("acl", value) or ""
    return "" if known[:1].islower() else known


def _paper(paper: etree._Element, volume: etree._Element, identifier: str) -> ParsedRecord:
    if not identifier:
        stated = f"{volume.get('id', '')}/{paper.get('id', '')}"[:200]
        raise RecordRejected("acl-id-invalid", f"{stated!r} makes no identifier of the Anthology.", "id")
    title = readable(child(paper, "title"))
    if not title:
        raise RecordRejected("title-missing", "The paper has no title.", "title")
    authors = tuple(filter(None, (_author(author) for author in children(paper, "author"))))
    editors = tuple(filter(None, (_author(editor, "editor") for editor in children(paper, "editor"))))
    if not (authors or editors):
        raise RecordRejected("authors-missing", "The paper names no author.", "author")
    meta = child(volume, "meta")
    booktitle = readable(child(paper, "booktitle")) or readable(child(meta, "booktitle"))
    abstract = readable(child(paper, "abstract"))
    doi = text(paper, "doi")
    code = child(paper, "pwccode")
    return ParsedRecord(
        title=title,
        authors=authors or editors,
        version=ParsedVersion(
            kind="book" if not authors else _kind(volume, meta, booktitle, identifier),
            venue=text(meta, "journal-title") or _venue(booktitle),
            date=_date(paper, meta, identifier),
            status=_status(paper),
            revision=_revision(paper),
        ),
        identifiers=(("acl", identifier), ("doi", doi)) if doi else (("acl", identifier),),
        abstract=abstract,
        site_url=identifiers.url("acl", identifier),
        pdf_url=_pdf(text(paper, "url")),
        code_url=(code.get("url", "") if code is not None else "") or code_link(abstract),
        language=text(paper, "language"),
    )


def _author(author: etree._Element, role: str = "") -> ParsedAuthor | None:
    name = _name(author)
    if not name:
        return None
    variant = child(author, "variant")
    stated = {"acl": author.get("id", ""), "orcid": author.get("orcid", "")}
    return ParsedAuthor(
        name,
        tuple(place for place in map(readable, children(author, "affiliation")) if place),
        identifiers={scheme: value for scheme, value in stated.items() if value},
        role=role,
        native_name="" if variant is None else _name(variant),
    )


def _name(person: etree._Element) -> str:
    """Given name first; family name first and without a space in Chinese characters, as these are printed."""
    first, last = text(person, "first"), text(person, "last")
    if person.get("script") == "hani":
        return f"{last}{first}"
    parts = " ".join(part for part in (first, last) if part)
    return parts or " ".join((person.text or "").split())


def _kind(volume: etree._Element, meta: etree._Element | None, booktitle: str, identifier: str) -> str:
    stated = volume.get("type", "")
    if stated:
        return "journal" if stated == "journal" else "conference"
    venues = set(map(readable, children(meta, "venue"))) | {identifier.partition("-")[0].partition(".")[2]}
    numbered = child(meta, "journal-volume") is not None or _ISSUE.search(booktitle)
    return "journal" if identifier[0] in "JQ" or venues & JOURNALS or numbered else "conference"


def _venue(booktitle: str) -> str:
    """The name of a journal without its volume and issue; of anything else the title of the proceedings."""
    return _VOLUME.sub("", booktitle) if _ISSUE.search(booktitle) else booktitle


def _date(paper: etree._Element, meta: etree._Element | None, identifier: str) -> str:
    """Year and month as far as they are one: "Aug 23–Aug 27" gives the month, "July–August" only the year.

    Where no year is given, the identifier has it.
    """
    year = text(paper, "year") or text(meta, "year")
    if not year:
        digits = identifier[:4] if identifier[0].isdigit() else identifier[1:3]
        # Old identifiers begin in 1965 and end in 2019.
        year = digits if len(digits) == 4 else f"{19 if int(digits) > 60 else 20}{digits}"
    words = text(paper, "month") or text(meta, "month")
    months = {number for number in map(dates.month, _WORD.findall(words)) if number}
    if len(months) != 1:
        return dates.partial(year)
    days = _NUMBER.findall(words)
    return dates.partial(year, str(months.pop()), days[0] if len(days) == 1 else "")


def _status(paper: etree._Element) -> str:
    return next((word for name, word in _STATUSES if child(paper, name) is not None), "")


_STATUSES: Final = (("retracted", "Retracted"), ("removed", "Removed"))


def _revision(paper: etree._Element) -> str:
    """The number of the last revision the Anthology keeps."""
    numbers = [
        int(own) for own in (r.get("id", "") for r in children(paper, "revision")) if own.isascii() and own.isdigit()
    ]
    return f"v{max(numbers)}" if numbers else ""


def _pdf(url: str) -> str:
    """Where the paper can be read: the Anthology's file, or the address elsewhere."""
    own = _of_paper(url)
    if own:
        return f"{SITE}/{own}.pdf"
    return url if url.lower().endswith(".pdf") else ""
