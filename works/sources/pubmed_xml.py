"""PubMed's own XML (`PubmedArticle`, `PubmedBookArticle`, the older `MedlineCitation`) in our words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from researchgraph.errors import RecordRejected
from researchgraph.lib import dates, identifiers
from researchgraph.lib.links import code_link
from researchgraph.lib.xml import local_name
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion
from works.sources.xml_files import child, children, text, texts
from works.sources.xml_text import readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml import etree

KINDS: Final[dict[str, str]] = {
    "preprint": "preprint",
    "published erratum": "other",
    "retraction of publication": "other",
    "retraction notice": "other",
    "expression of concern": "other",
    "dataset": "dataset",
    "academic dissertation": "thesis",
    "congress": "conference",
    "meeting abstract": "conference",
    "conference abstract": "conference",
    "conference paper": "conference",
    "conference proceedings": "conference",
    "book": "book",
    "monograph": "book",
    "book chapter": "book",
}
"""Publication types of PubMed and Europe PMC that are no ordinary article of a journal; the rest are."""

STATUSES: Final = frozenset(
    {
        "published erratum",
        "retraction of publication",
        "retraction notice",
        "retracted publication",
        "expression of concern",
    }
)
_MEDLINE_DATE = re.compile(r"(\d{4})(?:\s+([A-Za-z]{3,9})\.?(?:\s+(\d{1,2}))?)?(?=$|[\s/-])(.{0,60})", re.ASCII)


def parse(root: etree._Element) -> ParsedRecord:
    """Raises RecordRejected for what is no citation or no work."""
    name = local_name(root)
    if name == "PubmedBookArticle":
        return _book(root)
    citation = root if name == "MedlineCitation" else child(root, "MedlineCitation")
    article = child(citation, "Article")
    if citation is None or article is None:
        raise RecordRejected("article-missing", f"The {name} holds no citation of an article.", "Article")
    heading = title(readable(child(article, "ArticleTitle")), readable(child(article, "VernacularTitle")))
    if not heading:
        raise RecordRejected("title-missing", "The citation has no title.", "ArticleTitle")
    listed = child(article, "AuthorList")
    found = authors(listed)
    if not found:
        raise RecordRejected("authors-missing", "The citation names no author.", "AuthorList")
    types = texts(child(article, "PublicationTypeList"), "PublicationType")
    abstract = _abstract(child(article, "Abstract"))
    pmid = text(citation, "PMID")
    return ParsedRecord(
        title=heading,
        authors=found,
        version=ParsedVersion(
            kind=kind(types),
            venue=text(article, "Journal", "Title")
            or text(article, "Journal", "ISOAbbreviation")
            or text(citation, "MedlineJournalInfo", "MedlineTA"),
            date=dates.earliest(
                [
                    date(child(article, "Journal", "JournalIssue", "PubDate")),
                    *(date(stated) for stated in children(article, "ArticleDate")),
                ]
            ),
            status=next((stated for stated in types if stated.lower() in STATUSES), ""),
        ),
        identifiers=_identifiers(pmid, children(article, "ELocationID"), child(root, "PubmedData", "ArticleIdList")),
        abstract=abstract,
        topics=_topics(citation),
        authors_truncated=listed is not None and listed.get("CompleteYN") == "N",
        # Until 2014 there was one affiliation, that of the first author as a rule.
        unaligned_affiliations=tuple(texts(article, "Affiliation")),
        site_url=identifiers.url("pmid", pmid) if pmid.isdigit() else "",
        code_url=code_link(abstract),
        language=next(iter(texts(article, "Language")), ""),
    )


def key(root: etree._Element) -> str:
    """The PMID."""
    holder = {"PubmedArticle": "MedlineCitation", "PubmedBookArticle": "BookDocument"}.get(local_name(root), "")
    stated = text(child(root, holder) if holder else root, "PMID")
    return identifiers.canonical("pmid", stated) or ""


def _book(root: etree._Element) -> ParsedRecord:
    """A book of the NCBI Bookshelf, or a chapter of one if the record has a title of its own."""
    document = child(root, "BookDocument")
    book = child(document, "Book")
    if document is None or book is None:
        raise RecordRejected("book-missing", "The record describes no book.", "BookDocument")
    chapter = title(readable(child(document, "ArticleTitle")), readable(child(document, "VernacularTitle")))
    whole = title(readable(child(book, "BookTitle")), "")
    if not (chapter or whole):
        raise RecordRejected("title-missing", "The record has no title.", "BookTitle")
    lists = [*children(document, "AuthorList"), *children(book, "AuthorList")]
    writers = [listed for listed in lists if listed.get("Type", "authors") != "editors"]
    found = next((names for names in map(authors, writers) if names), ())
    if not found:
        found = next((names for names in (authors(listed, role="editor") for listed in lists) if names), ())
    if not found:
        raise RecordRejected("authors-missing", "The book names neither author nor editor.", "AuthorList")
    pmid = text(document, "PMID")
    abstract = _abstract(child(document, "Abstract"))
    known = _identifiers(pmid, children(book, "ELocationID"), child(document, "ArticleIdList"))
    isbns = () if chapter else tuple(("isbn", isbn) for isbn in texts(book, "Isbn"))
    return ParsedRecord(
        title=chapter or whole,
        authors=found,
        version=ParsedVersion(
            kind="book",
            venue=whole if chapter else text(book, "Publisher", "PublisherName"),
            date=dates.earliest([date(child(document, "ContributionDate")), date(child(book, "PubDate"))]),
        ),
        identifiers=(*known, *isbns),
        abstract=abstract,
        topics=_keywords(document),
        site_url=identifiers.url("pmid", pmid) if pmid.isdigit() else "",
        language=next(iter(texts(document, "Language")), ""),
    )


def title(stated: str, vernacular: str) -> str:
    """The title without the full stop and the brackets of a translation that PubMed puts around it."""
    for candidate in (stated, vernacular):
        bare = candidate if candidate.endswith("..") else candidate.removesuffix(".").rstrip()
        if bare.startswith("[") and bare.endswith("]"):
            bare = bare[1:-1].strip().removesuffix(".")
        if bare and bare.lower() not in {"not available", "in process citation"}:
            return bare
    return ""


def authors(listed: etree._Element | None, role: str = "") -> tuple[ParsedAuthor, ...]:
    """The authors of an AuthorList; what is marked as not valid has been corrected elsewhere in the list."""
    found = []
    for author in children(listed, "Author"):
        given = text(author, "ForeName") or text(author, "FirstName") or text(author, "Initials")
        name = " ".join(part for part in (given, text(author, "LastName"), text(author, "Suffix")) if part)
        name = name or readable(child(author, "CollectiveName"))
        if not name or author.get("ValidYN") == "N":
            continue
        infos = [*children(author, "AffiliationInfo"), author]
        places = [readable(place) for info in infos for place in children(info, "Affiliation")]
        orcids = [own for own in children(author, "Identifier") if own.get("Source", "").upper() == "ORCID"]
        orcid = next((value for value in map(readable, orcids) if value), "")
        found.append(
            ParsedAuthor(
                name,
                tuple(place for place in places if place),
                identifiers={"orcid": orcid} if orcid else {},
                role=role,
            )
        )
    return tuple(found)


def kind(types: Iterable[str]) -> str:
    """How a work with these publication types appeared."""
    return next((KINDS[stated.lower()] for stated in types if stated.lower() in KINDS), "journal")


def date(element: etree._Element | None) -> str:
    """A PubDate or ArticleDate: in fields, or in words as MedlineDate. A season is no month."""
    if element is None:
        return ""
    words = text(element, "MedlineDate")
    if words and not text(element, "Year"):
        return medline_date(words)
    return dates.partial(text(element, "Year"), text(element, "Month"), text(element, "Day"))


def medline_date(words: str) -> str:
    """Words such as "2010 Sep 12" as a partial date, as far as they are one: "2010 Sep-Oct" gives "2010", "2010 Sep 5-9" "2010-09"."""
    match = _MEDLINE_DATE.match(words.strip())
    if match is None:
        return ""
    year, month, day, rest = match.groups()
    if not rest.strip():
        return dates.partial(year, month or "", day or "")
    # A range: it lies in the month if it begins at a day of it and no other month follows.
    return dates.partial(year, month or "") if day and not re.search("[A-Za-z]", rest) else dates.partial(year)


def _identifiers(
    pmid: str, located: list[etree._Element], listed: etree._Element | None
) -> tuple[tuple[str, str], ...]:
    schemes = {"doi": "doi", "pmc": "pmcid", "pmcid": "pmcid", "pubmed": "pmid", "pmid": "pmid"}
    found = {("pmid", pmid): None} if pmid else {}
    for article_id in children(listed, "ArticleId"):
        scheme = schemes.get(article_id.get("IdType", ""))
        value = readable(article_id)
        if scheme and value:
            found[scheme, value] = None
    for location in located:
        value = readable(location)
        if location.get("EIdType") == "doi" and location.get("ValidYN") != "N" and value:
            found["doi", value] = None
        elif value.lower().startswith("arxiv:"):
            found["arxiv", value] = None
    return tuple(found)


def _abstract(element: etree._Element | None) -> str:
    """The sections one after the other, each behind its heading."""
    sections = []
    for section in children(element, "AbstractText"):
        heading = section.get("Label", "")
        body = readable(section)
        if body:
            sections.append(f"{heading}: {body}" if heading and heading != "UNLABELLED" else body)
    return " ".join(sections)


def _topics(citation: etree._Element) -> tuple[ParsedTopic, ...]:
    """The authors' keywords first, then the headings indexers gave."""
    headings = (
        text(heading, "DescriptorName") for heading in children(child(citation, "MeshHeadingList"), "MeshHeading")
    )
    return (*_keywords(citation), *(ParsedTopic("keyword", label) for label in headings if label))


def _keywords(holder: etree._Element) -> tuple[ParsedTopic, ...]:
    words = (readable(word) for listed in children(holder, "KeywordList") for word in children(listed, "Keyword"))
    return tuple(ParsedTopic("keyword", word) for word in words if word)
