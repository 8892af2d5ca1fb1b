"""The front matter of articles in JATS (`.nxml` of PubMed Central, and publishers' own), in our words."""

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
    from collections.abc import Iterator

    from lxml import etree

KINDS: Final[dict[str, str]] = {
    "preprint": "preprint",
    "dissertation": "thesis",
    "thesis": "thesis",
    "data-paper": "journal",
    "dataset": "dataset",
    "meeting-report": "journal",
    "abstract": "conference",
    "meeting-abstract": "conference",
    "conference-paper": "conference",
    "proceedings": "conference",
    "book": "book",
    "book-chapter": "book",
    "chapter": "book",
    "correction": "other",
    "retraction": "other",
    "expression-of-concern": "other",
    "addendum": "other",
}
"""Values of @article-type that are no ordinary article of a journal; the rest are."""

_HREF = "{http://www.w3.org/1999/xlink}href"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_LICENSE = re.compile(r"https?://(?:www\.)?creativecommons\.org/[^\s;,)]{1,200}")
_AUTHORS: Final = frozenset({"author", "authors", "collab", "group", ""})
_NO_ABSTRACTS: Final = frozenset({"graphical", "teaser", "toc", "precis", "key-points", "editor", "web-summary"})
_NO_PLACE: Final = frozenset({"label", "sup", "institution-id", "email", "xref", "fn"})


def front(article: etree._Element) -> etree._Element:
    """Take everything but the front matter out of an article: the rest is not metadata and can be large."""
    for part in list(article):
        if local_name(part) != "front":
            article.remove(part)
    return article


def key(article: etree._Element) -> str:
    """The PMID, else the id of PubMed Central, else the DOI."""
    found = dict(reversed(_identifiers(child(article, "front", "article-meta"))))
    for scheme in ("pmid", "pmcid", "doi"):
        known = identifiers.canonical(scheme, found.get(scheme, ""))
        if known:
            return known
    return ""


def parse(article: etree._Element) -> ParsedRecord:
    """Raises RecordRejected for what is no work."""
    meta = child(article, "front", "article-meta")
    if meta is None:
        raise RecordRejected("front-missing", "The article has no front matter.", "front")
    group = child(meta, "title-group")
    titles = [readable(child(group, "article-title")), *map(readable, children(group, "subtitle"))]
    title = ": ".join(part.rstrip(":") if place == 0 else part for place, part in enumerate(titles) if part)
    if not titles[0]:
        raise RecordRejected("title-missing", "The article has no title.", "article-title")
    authors, unaligned = _authors(meta)
    if not authors:
        raise RecordRejected("authors-missing", "The article names no author.", "contrib-group")
    abstracts = [a for a in children(meta, "abstract") if a.get("abstract-type", "") not in _NO_ABSTRACTS]
    abstract = readable(abstracts[0]) if abstracts else ""
    known = _identifiers(meta)
    pmcid = next((value for scheme, value in known if scheme == "pmcid"), "")
    journal = child(article, "front", "journal-meta")
    stated = article.get("article-type", "")
    return ParsedRecord(
        title=title,
        authors=authors,
        version=ParsedVersion(
            kind=KINDS.get(stated, "journal"),
            venue=text(journal, "journal-title-group", "journal-title") or text(journal, "journal-title"),
            date=dates.earliest(map(_date, children(meta, "pub-date"))),
            status=stated if KINDS.get(stated) == "other" else "",
        ),
        identifiers=known,
        abstract=abstract,
        topics=tuple(ParsedTopic("keyword", word) for word in _keywords(meta)),
        unaligned_affiliations=unaligned,
        site_url=identifiers.url("pmcid", pmcid),
        pdf_url=next((_link(uri) for uri in children(meta, "self-uri") if "pdf" in uri.get("content-type", "")), ""),
        code_url=code_link(abstract),
        license=_license(child(meta, "permissions")),
        language=article.get(_LANGUAGE, ""),
    )


def _identifiers(meta: etree._Element | None) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for stated in children(meta, "article-id"):
        scheme = stated.get("pub-id-type", "")
        value = readable(stated)
        if scheme in {"pmc", "pmcid", "pmcaid"} and value:
            number = value.upper().removeprefix("PMC")
            if scheme != "pmcaid":
                found["pmcid", f"PMC{number}"] = None
        elif scheme in {"doi", "pmid", "arxiv"} and value:
            found[scheme, value] = None
    return tuple(found)


def _authors(meta: etree._Element) -> tuple[tuple[ParsedAuthor, ...], tuple[str, ...]]:
    """The authors, editors only where there are none; and the affiliations that nobody refers to."""
    groups = children(meta, "contrib-group")
    places = {aff.get("id", ""): _place(aff) for holder in (meta, *groups) for aff in _affs(holder)}
    notes = {
        note.get("id", ""): tuple(readable(mail) for mail in note.iter() if local_name(mail) == "email")
        for note in children(child(meta, "author-notes"), "corresp")
    }
    used: set[str] = set()
    by_role: dict[bool, list[ParsedAuthor]] = {True: [], False: []}
    for group in groups:
        shared = [aff.get("id", "") for aff in _affs(group)]
        for contrib in children(group, "contrib"):
            kind = contrib.get("contrib-type", "")
            all_referred = [rid for ref in children(contrib, "xref") for rid in ref.get("rid", "").split()]
            referred = [rid for rid in all_referred if rid in places]
            noted = tuple(mail for rid in all_referred for mail in notes.get(rid, ()))
            own = [_place(aff) for aff in _affs(contrib)]
            if not referred and not own:
                referred = shared
            is_author = kind in _AUTHORS
            author = _author(
                contrib, (*(places[rid] for rid in referred), *own), role="" if is_author else kind, noted=noted
            )
            if author is not None:
                by_role[is_author].append(author)
                used.update(referred)
    found = by_role[True] or [author for author in by_role[False] if "editor" in author.role]
    return tuple(found), tuple(place for rid, place in places.items() if rid not in used and place)


def _affs(holder: etree._Element) -> Iterator[etree._Element]:
    for part in holder:
        if local_name(part) == "aff":
            yield part
        elif local_name(part) == "aff-alternatives":
            first = child(part, "aff")
            if first is not None:
                # The alternatives are one place in several languages, referred to by the id of the whole.
                first.set("id", part.get("id", first.get("id", "")))
                yield first


def _place(aff: etree._Element) -> str:
    """An affiliation as printed: without its label, identifiers and addresses of e-mail."""
    return " ".join("".join(_place_pieces(aff)).split()).strip(" ,;")


def _place_pieces(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for part in element:
        if local_name(part) not in _NO_PLACE:
            yield from _place_pieces(part)
            # Where elements stand without punctuation between them, they are parts of an address.
            if not (part.tail or "").strip() and part.getnext() is not None and local_name(part) != "institution-id":
                yield ", " if (part.text or "").strip() and not (part.text or "").rstrip().endswith(",") else " "
        yield part.tail or ""


def _author(
    contrib: etree._Element, places: tuple[str, ...], *, role: str, noted: tuple[str, ...]
) -> ParsedAuthor | None:
    """The author; `noted` are the addresses of e-mail in the notes that the name refers to."""
    alternatives = child(contrib, "name-alternatives")
    names = [*children(contrib, "name"), *children(alternatives, "name")]
    spelled = [*children(contrib, "string-name"), *children(alternatives, "string-name")]
    name = next((found for found in map(_name, names) if found), "") or next(iter(map(_spelled, spelled)), "")
    collab = child(contrib, "collab")
    if collab is None:
        collab = child(contrib, "collab-alternatives", "collab")
    name = name or _collective(collab)
    if not name:
        return None
    orcid = next(
        (
            readable(stated)
            for stated in children(contrib, "contrib-id")
            if stated.get("contrib-id-type", "").lower() == "orcid"
        ),
        next((_link(uri) for uri in children(contrib, "uri") if "orcid" in uri.get("content-type", "").lower()), ""),
    )
    native = next((_name(other) for other in names[1:] if not _name(other).isascii()), "")
    return ParsedAuthor(
        name,
        tuple(dict.fromkeys(place for place in places if place)),
        identifiers={"orcid": orcid} if orcid else {},
        role=role,
        native_name=native,
        addresses=(*(readable(mail) for mail in children(contrib, "email")), *noted),
    )


def _name(name: etree._Element) -> str:
    given, surname = text(name, "given-names"), text(name, "surname")
    order = [text(name, "prefix"), given, surname] if name.get("name-style") != "eastern" else [surname, given]
    return " ".join(part for part in (*order, text(name, "suffix")) if part)


def _spelled(name: etree._Element) -> str:
    """A name in one string, which may have its parts marked."""
    return readable(name) if (name.text or "").strip() or not len(name) else _name(name) or readable(name)


def _collective(collab: etree._Element | None) -> str:
    """The name of a group, without the list of its members inside."""
    if collab is None:
        return ""
    pieces = [collab.text or ""]
    for part in collab:
        if local_name(part) not in {"contrib-group", *_NO_PLACE}:
            pieces.append(readable(part))
        pieces.append(part.tail or "")
    return " ".join("".join(pieces).split())


def _date(stated: etree._Element) -> str:
    iso = dates.canonical(stated.get("iso-8601-date", ""))
    return iso or dates.partial(text(stated, "year"), text(stated, "month"), text(stated, "day"))


def _keywords(meta: etree._Element) -> list[str]:
    """Keywords, then the subjects of a classification (not the heading of the journal's section)."""
    words = [readable(word) for group in children(meta, "kwd-group") for word in group if local_name(word) == "kwd"]
    for group in children(child(meta, "article-categories"), "subj-group"):
        if group.get("subj-group-type", "heading") != "heading":
            words += [readable(subject) for subject in group.iter() if local_name(subject) == "subject"]
    return list(dict.fromkeys(word for word in words if word))


def _license(permissions: etree._Element | None) -> str:
    for license_ in children(permissions, "license"):
        stated = text(license_, "license_ref") or license_.get(_HREF, "")
        words = readable(license_)
        links = [_link(link) for link in license_.iter() if local_name(link) in {"ext-link", "uri"}]
        address = next((link for link in (stated, *links, words) if _LICENSE.search(link)), "")
        found = _LICENSE.search(address)
        if found or stated or words:
            return found[0] if found else stated or words
    return next(iter(texts(permissions, "license_ref")), "")


def _link(element: etree._Element) -> str:
    return element.get(_HREF, "") or readable(element)
