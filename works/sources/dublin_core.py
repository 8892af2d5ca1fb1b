"""Unqualified Dublin Core as repositories hand it out (`oai_dc` and BASE's `base_dc`), in our words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from researchgraph.errors import RecordRejected
from researchgraph.lib import dates, identifiers
from researchgraph.lib.links import code_link
from researchgraph.lib.xml import text_of
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion
from works.sources.xml_files import children, texts

if TYPE_CHECKING:
    from lxml import etree

FORMATS: Final = frozenset({"dc"})

KINDS: Final[dict[str, str]] = {
    "article": "journal",
    "articles": "journal",
    "journal": "journal",
    "journal article": "journal",
    "journal articles": "journal",
    "research article": "journal",
    "review": "journal",
    "review article": "journal",
    "contributiontoperiodical": "journal",
    "data paper": "journal",
    "editorial": "journal",
    "letter": "journal",
    "preprint": "preprint",
    "preprints": "preprint",
    "preprints working papers": "preprint",
    "workingpaper": "preprint",
    "working paper": "preprint",
    "conferenceobject": "conference",
    "conferencepaper": "conference",
    "conferenceproceedings": "conference",
    "conferenceposter": "conference",
    "conferenceitem": "conference",
    "conference object": "conference",
    "conference paper": "conference",
    "conference papers": "conference",
    "conference poster": "conference",
    "conference proceedings": "conference",
    "conference proceeding": "conference",
    "conference item": "conference",
    "conference or workshop item": "conference",
    "inproceedings": "conference",
    "proceedings": "conference",
    "lecture": "conference",
    "poster": "conference",
    "posters": "conference",
    "presentation": "conference",
    "book": "book",
    "books": "book",
    "monograph": "book",
    "printed monograph": "book",
    "bookpart": "book",
    "book part": "book",
    "book chapter": "book",
    "book section": "book",
    "book sections": "book",
    "bachelorthesis": "thesis",
    "masterthesis": "thesis",
    "doctoralthesis": "thesis",
    "bachelor thesis": "thesis",
    "master thesis": "thesis",
    "doctoral thesis": "thesis",
    "thesis": "thesis",
    "theses": "thesis",
    "dissertation": "thesis",
    "phd thesis": "thesis",
    "dataset": "dataset",
    "datasets": "dataset",
}
"""The words of dc:type that say how a work appeared; the vocabularies are info:eu-repo, COAR's labels and DCMI."""

COAR: Final[dict[str, str]] = {
    "c_6501": "journal", "c_2df8fbb1": "journal", "c_dcae04bc": "journal", "c_3e5a": "journal", "c_545b": "journal",
    "c_b239": "journal", "c_816b": "preprint", "c_8042": "preprint", "c_c94f": "conference", "c_5794": "conference",
    "c_6670": "conference", "c_f744": "conference", "c_8544": "conference", "c_2f33": "book", "c_3248": "book",
    "c_46ec": "thesis", "c_7a1f": "thesis", "c_bdcc": "thesis", "c_db06": "thesis", "c_ddb1": "dataset",
}  # fmt: skip

_PARTS = frozenset({"bookpart", "book part", "book chapter", "book section", "book sections"})
_ORCID = re.compile(
    r"[\s(\[{;,|]*(?:https?://orcid\.org/|orcid[:\s]{0,3})?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])[)\]}]?",
    re.IGNORECASE,
)
_HAL_DOI = re.compile(r"[<⟨](10\.\d{4,9}/[^\s<>⟨⟩]{1,300})[>⟩]")
_LICENSE = re.compile(
    r"https?://(?:www\.)?(?:creativecommons\.org|opensource\.org|opendatacommons\.org|gnu\.org)/[^\s;,)]{1,200}"
)
_YEAR = re.compile(r"(?<!\d)(1[4-9]\d\d|20\d\d)(?!\d)")
_CITED = re.compile(r",\s+(?=[\d(]|vol|no\.|nr|pp|iss|p\.)", re.IGNORECASE)
_PMC_OAI = re.compile(r"(?:[a-z]+:)?oai:pubmedcentral\.nih\.gov:(\d{1,10})")
_ARXIV_OAI = re.compile(r"(?:[a-z]+:)?(oai:arxiv\.org:\S{1,60})", re.IGNORECASE)


def parse(dc: etree._Element, stated: str) -> ParsedRecord:
    """The record of a `dc` element; `stated` is the OAI identifier. Raises RecordRejected.

    Creators stay as printed, "Family, Given" included. Contributors are no authors: Dublin Core does not say what they did,
    and most are departments, advisors and funders.
    """
    titles = texts(dc, "title")
    if not titles:
        raise RecordRejected("title-missing", "The record has no title.", "title")
    authors = tuple(author for creator in children(dc, "creator") for author in _authors(creator))
    if not authors:
        raise RecordRejected("authors-missing", "The record names no creator.", "creator")
    found = _identifiers(dc, stated)
    kind = _kind(texts(dc, "type"))
    preprint = kind == "other" and any(scheme == "arxiv" for scheme, _ in found)
    sources = [source for source in texts(dc, "source") if not source.lower().startswith(("http:", "https:"))]
    descriptions = [text for text in texts(dc, "description") if not text.startswith("Comment:")]
    pages = [link for link in texts(dc, "identifier") if link.lower().startswith(("http://", "https://"))]
    papers = [link for link in pages if link.lower().endswith(".pdf")]
    return ParsedRecord(
        title=titles[0],
        authors=authors,
        version=ParsedVersion(
            kind="preprint" if preprint else kind,
            venue="arXiv" if preprint else _venue(sources, texts(dc, "publisher")),
            venue_key="arxiv" if preprint else "",
            date=dates.earliest(map(_date, texts(dc, "date") or texts(dc, "year"))),
            track=sources[0] if sources else "",
        ),
        identifiers=found,
        abstract=max(descriptions, key=len, default=""),
        topics=tuple(ParsedTopic("keyword", subject) for subject in texts(dc, "subject")),
        site_url=next((link for link in pages if link not in papers), ""),
        pdf_url=papers[0] if papers else "",
        code_url=next((link for link in map(code_link, texts(dc, "relation")) if link), "")
        or next((link for link in map(code_link, texts(dc, "description")) if link), ""),
        license=_license(texts(dc, "rights")),
        language=next(iter(texts(dc, "language")), ""),
    )


def _authors(creator: etree._Element) -> list[ParsedAuthor]:
    """The authors of one dc:creator: usually one, sometimes several with semicolons between, sometimes with an ORCID."""
    attributes = [
        str(value) for name, value in creator.attrib.items() if not str(name).endswith(("schemaLocation", "lang"))
    ]
    noted = next((known for known in (identifiers.canonical("orcid", value) for value in attributes) if known), "")
    names = [part for part in (part.strip() for part in _orcid_kept(text_of(creator)).split(";")) if part]
    found = []
    for name in names:
        own = _ORCID.search(name)
        orcid = own[1] if own else noted if len(names) == 1 else ""
        bare = (name[: own.start()] + name[own.end() :]).strip(" ,") if own else name
        if any(character.isalnum() for character in bare):
            found.append(ParsedAuthor(bare, identifiers={"orcid": orcid} if orcid else {}))
    return found


def _orcid_kept(text: str) -> str:
    """A semicolon before an ORCID does not begin another person."""
    return re.sub(r";\s{0,3}(?=(?:https?://orcid\.org/|orcid[:\s]{0,3})?\d{4}-\d{4}-)", " ", text, flags=re.IGNORECASE)


def _identifiers(dc: etree._Element, stated: str) -> tuple[tuple[str, str], ...]:
    """What names the work itself. Relations name other works, an ISSN the journal, a chapter's ISBN the book."""
    found: dict[tuple[str, str], None] = {}
    whole_book = bool({_word(kind) for kind in texts(dc, "type")} & {"book", "monograph"})
    for value in texts(dc, "identifier"):
        pair = identifier(value)
        if pair and (pair[0] != "isbn" or whole_book):
            found[pair] = None
    for source in texts(dc, "source"):
        # HAL prints the DOI of the work in angle brackets at the end of its citation.
        found.update((("doi", doi), None) for doi in _HAL_DOI.findall(source))
    arxiv, central = _ARXIV_OAI.fullmatch(stated), _PMC_OAI.fullmatch(stated)
    if arxiv and identifiers.canonical("arxiv", arxiv[1]):
        found.setdefault(("arxiv", str(identifiers.canonical("arxiv", arxiv[1]))))
    if central:
        found.setdefault(("pmcid", f"PMC{central[1]}"))
    return tuple(found)


def identifier(value: str) -> tuple[str, str] | None:
    """Scheme and canonical form of a dc:identifier that says itself what it is; None for anything else."""
    lowered = value.lower()
    doi = identifiers.canonical("doi", re.sub(r"^doi\s{0,3}:?\s{0,3}", "", value, flags=re.IGNORECASE))
    if doi:
        return "doi", doi
    for scheme, marks in _MARKS:
        if any(mark in lowered for mark in marks):
            known = identifiers.canonical(scheme, value)
            if known:
                return scheme, known
    return None


_MARKS: Final = (
    ("arxiv", ("arxiv",)),
    ("pmcid", ("pmc",)),
    ("pmid", ("pubmed", "pmid")),
    ("handle", ("hdl",)),
    ("isbn", ("isbn",)),
)


def _word(kind: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", kind.rpartition("/")[2].rpartition(":")[2]).split()).lower()


def _kind(stated: list[str]) -> str:
    """What the first type that says something says."""
    for kind in stated:
        coar = COAR.get(kind.rpartition("/")[2]) if "purl.org/coar" in kind else None
        known = coar or KINDS.get(_word(kind))
        if known:
            return known
    return "other"


def _venue(sources: list[str], publishers: list[str]) -> str:
    """The name in front of volume and pages in dc:source; the publisher if there is no source."""
    if not sources:
        return next((name for name in publishers if not name.lower().startswith("http")), "")
    return _CITED.split(sources[0].split(";")[0], maxsplit=1)[0].strip(" ,.")


def _date(value: str) -> str:
    """The date a dc:date states, or its only year. The end of an embargo is no date of publication."""
    if "embargo" in value.lower():
        return ""
    years = set(_YEAR.findall(value))
    return dates.canonical(value) or (years.pop() if len(years) == 1 else "")


def _license(rights: list[str]) -> str:
    """The address of a licence if one is given, else the first statement that says more than open or closed."""
    for statement in rights:
        address = _LICENSE.search(statement)
        if address:
            return address[0]
    return next((statement for statement in rights if not statement.lower().startswith("info:eu-repo/")), "")
