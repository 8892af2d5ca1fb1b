"""arXiv's OAI-PMH interface, meant for harvesting in bulk: the formats `arXiv`, `arXivRaw`, `arXivOld` and `oai_dc`."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers
from researchgraph.lib.arxiv_categories import CATEGORIES
from researchgraph.lib.links import code_link
from researchgraph.lib.xml import local_name, text_of
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import arxiv_authors, dublin_core, oai_pmh
from works.sources.base import Source
from works.sources.xml_files import child, children, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from lxml import etree

    from researchgraph.lib.http import Http

ENDPOINT = "https://oaipmh.arxiv.org/oai"
INTERVAL = 3.0
"""arXiv's terms of use: one request every three seconds, over one connection."""

FORMATS: Final = frozenset({"arXiv", "arXivRaw", "arXivOld", "dc"})
_CATEGORY = re.compile(r"[a-z][a-z-]{1,11}(?:\.[A-Za-z-]{2,10})?")
_BETWEEN_DOIS = re.compile(r"[,;]?\s+|[,;](?=10\.\d)")
_MSC = re.compile(r"\d\d[A-Z-][\dx-]{2}", re.ASCII)
_GROUPS: Final = {
    "Astrophysics": "astro-ph",
    "Computer Science": "cs",
    "Condensed Matter": "cond-mat",
    "Economics": "econ",
    "Electrical Engineering and Systems Science": "eess",
    "Mathematics": "math",
    "Nonlinear Sciences": "nlin",
    "Physics": "physics",
    "Quantitative Biology": "q-bio",
    "Quantitative Finance": "q-fin",
    "Statistics": "stat",
}
_BY_NAME: Final = {label: code for code, label in CATEGORIES.items() if "." not in code} | {
    f"{group} - {CATEGORIES[code]}": code
    for group, archive in _GROUPS.items()
    for code in CATEGORIES
    if code.startswith(f"{archive}.")
}
"""The categories under the names that arXiv's oai_dc gives them."""


class ArxivOaiSource(Source):
    """Preprints as arXiv's OAI-PMH interface describes them. The key is the arXiv identifier without version."""

    name: ClassVar[str] = "arxiv_oai"
    label: ClassVar[str] = "arXiv (OAI-PMH)"
    example: ClassVar[str] = "set=cs from=2024-01-01 until=2024-01-31"

    def __init__(self, *, endpoint: str = ENDPOINT, interval: float = INTERVAL) -> None:
        self._endpoint = endpoint
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        return oai_pmh.read(path, formats=FORMATS, key_of=_key)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Harvest a window such as "set=cs from=2024-01-01 until=2024-01-31", or arXiv identifiers one by one.

        "prefix=arXivRaw" asks for versions instead of structured names. Raises SourceUnavailable if arXiv refuses or
        stays away.
        """
        words = query.split()
        if not words:
            message = "A harvest of arXiv needs a window such as from=2024-01-01 set=cs, or arXiv identifiers."
            raise SourceUnavailable(message)
        known = {word: identifiers.canonical("arxiv", word) for word in words}
        arguments = [f"identifier=oai:arXiv.org:{known[word]}" if known[word] else word for word in words]
        harvest = oai_pmh.Harvest(
            http=http, endpoint=self._endpoint, interval=self._interval, formats=FORMATS, key_of=_key
        )
        yield from harvest.records(oai_pmh.query_of(arguments, "arXiv"), resume)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`."""
        if any(identifiers.canonical("arxiv", word) for word in query.split()):
            return ""
        return oai_pmh.narrowed(query, moment)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        content, stated = oai_pmh.metadata(raw.payload, FORMATS)
        if local_name(content) == "dc":
            return _from_dublin_core(content, stated)
        return _from_arxiv(content, stated)


def _key(record: etree._Element, stated: str) -> str:
    content = child(record, "metadata")
    inside = record if content is None else next(iter(content), record)
    alone = text(inside, "id")
    return identifiers.canonical("arxiv", stated) or identifiers.canonical("arxiv", alone) or ""


def _from_arxiv(content: etree._Element, stated: str) -> ParsedRecord:
    own = text(content, "id") or stated
    arxiv = identifiers.canonical("arxiv", own)
    if arxiv is None:
        raise RecordRejected("arxiv-id-invalid", f"{own[:200]!r} is no arXiv identifier.", "id")
    title = text(content, "title")
    if not title:
        raise RecordRejected("title-missing", "The record has no title.", "title")
    listed = child(content, "authors")
    line = _listed(listed) if listed is not None and len(listed) else arxiv_authors.split(text_of(listed))
    if not line.authors:
        raise RecordRejected("authors-missing", "The record names no author.", "authors")
    versions = children(content, "version")
    dois = [doi for doi in _BETWEEN_DOIS.split(text(content, "doi")) if doi]
    abstract = text(content, "abstract")
    return ParsedRecord(
        title=title,
        authors=line.authors,
        version=ParsedVersion(
            kind="preprint",
            venue="arXiv",
            venue_key="arxiv",
            date=text(content, "created") or _date(versions),
            track=text(content, "journal-ref"),
            revision=versions[-1].get("version", "") if versions else "",
        ),
        identifiers=(("arxiv", arxiv), *(("doi", doi) for doi in dois)),
        abstract=abstract,
        topics=tuple(
            _category(code) for code in dict.fromkeys(text(content, "categories").split()) if _CATEGORY.fullmatch(code)
        ),
        authors_truncated=line.truncated,
        unaligned_affiliations=line.unaligned,
        site_url=identifiers.url("arxiv", arxiv),
        pdf_url=f"https://arxiv.org/pdf/{arxiv}",
        code_url=code_link(text(content, "comments")) or code_link(abstract),
        license=text(content, "license"),
    )


def _listed(authors: etree._Element) -> arxiv_authors.AuthorLine:
    """The authors of the `arXiv` format, whose names come in parts."""
    found = []
    truncated = False
    for author in children(authors, "author"):
        name = " ".join(part for name in ("forenames", "keyname", "suffix") for part in texts(author, name))
        if name.casefold().strip(". ") in {"et al", "and others"}:
            truncated = True
        elif any(character.isalnum() for character in name):
            # arXiv prints the colon after a collaboration's name as an author of its own.
            found.append(ParsedAuthor(name, tuple(texts(author, "affiliation"))))
    return arxiv_authors.AuthorLine(tuple(found), truncated, ())


def _date(versions: list[etree._Element]) -> str:
    """The day of the first version, which is dated as e-mail is."""
    stated = text(versions[0], "date") if versions else ""
    try:
        return parsedate_to_datetime(stated).date().isoformat() if stated else ""
    except ValueError:
        return ""


def _category(code: str) -> ParsedTopic:
    return ParsedTopic("category", CATEGORIES.get(code, code), code)


def _from_dublin_core(content: etree._Element, stated: str) -> ParsedRecord:
    """ArXiv's oai_dc: names as "Keyname, Forenames, Suffix", categories by name, the published version's DOI."""
    record = dublin_core.parse(content, stated)
    arxiv = next((value for scheme, value in record.identifiers if scheme == "arxiv"), "")
    if not arxiv:
        raise RecordRejected("arxiv-id-invalid", f"{stated[:200]!r} is no arXiv identifier.", "identifier")
    topics = [_BY_NAME.get(topic.label) for topic in record.topics]
    others = [t for t, code in zip(record.topics, topics, strict=True) if code is None and not _MSC.search(t.label)]
    return msgspec.structs.replace(
        record,
        authors=tuple(msgspec.structs.replace(author, name=_in_order(author.name)) for author in record.authors),
        version=msgspec.structs.replace(record.version, kind="preprint", venue="arXiv", venue_key="arxiv"),
        topics=(*(_category(code) for code in topics if code), *others),
        site_url=identifiers.url("arxiv", arxiv),
        pdf_url=f"https://arxiv.org/pdf/{arxiv}",
    )


def _in_order(name: str) -> str:
    keyname, _, rest = name.partition(", ")
    forenames, _, suffix = rest.partition(", ")
    return " ".join(part for part in (forenames, keyname, suffix) if part)
