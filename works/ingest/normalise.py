"""One record in canonical form: checked identifiers, clean text, partial dates, safe links. Pure and idempotent.

Comes between any source's `parse` and everything that compares or stores. What is invalid is left out (the raw
record keeps it); what makes the record no work at all rejects it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from researchgraph.errors import RecordRejected
from researchgraph.lib import tex
from researchgraph.lib.dates import EARLIEST_YEAR, LATEST_YEAR, plausible_year
from researchgraph.lib.dates import canonical as canonical_date
from researchgraph.lib.identifiers import canonical, canonical_pair
from researchgraph.lib.links import safe_url
from researchgraph.lib.text import clean, fold
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion

TITLE_LIMIT = 2_000
ABSTRACT_LIMIT = 50_000
AUTHORS_LIMIT = 10_000
NAME_LIMIT = 500
AFFILIATION_LIMIT = 2_000
AFFILIATIONS_LIMIT = 20
UNALIGNED_LIMIT = 200
KEYWORDS_LIMIT = 30
KEYWORD_LIMIT = 100
LABEL_LIMIT = 500
CODE_LIMIT = 40
KEY_LIMIT = 1_000
"""Of the search key of a name or label, which transliteration can make far longer than the text (an index takes 2.7 kB)."""

_MAIL = re.compile(
    r"[\s;,.(]{0,4}(?:(?:electronic address|e-?mail(?: address)?|correspondence)\s?:\s{0,3})?"
    r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\)?",
    re.IGNORECASE,
)

KINDS = frozenset({"preprint", "conference", "journal", "book", "thesis", "dataset", "other"})
_TEX_PASSES = 4


def normalise(record: ParsedRecord) -> ParsedRecord:
    """The record in canonical form. Raises RecordRejected with the field that makes it unusable."""
    title = _title(record.title)
    if not record.authors:
        raise RecordRejected("authors-missing", "The record has no authors.", "authors")
    if len(record.authors) > AUTHORS_LIMIT:
        raise RecordRejected("authors-too-many", f"The record has more than {AUTHORS_LIMIT:,} authors.", "authors")
    return ParsedRecord(
        title=title,
        authors=tuple([_author(author, place) for place, author in enumerate(record.authors)]),
        version=_version(record.version),
        identifiers=_identifiers(record.identifiers),
        abstract=clean(record.abstract)[:ABSTRACT_LIMIT].rstrip() if record.abstract else "",
        topics=_topics(record.topics) if record.topics else (),
        authors_truncated=record.authors_truncated,
        unaligned_affiliations=_affiliations(record.unaligned_affiliations, UNALIGNED_LIMIT),
        site_url=safe_url(record.site_url),
        pdf_url=safe_url(record.pdf_url),
        code_url=safe_url(record.code_url),
        license=clean(record.license)[:LABEL_LIMIT],
        language=clean(record.language)[:LABEL_LIMIT],
    )


def value(field: str, raw: str) -> str:
    """One field of a work as a person wrote it, in canonical form; "" for what the field cannot be."""
    text = raw.strip()
    if field == "title":
        try:
            return _title(text)
        except RecordRejected:
            return ""
    if field == "type":
        return text if text in KINDS else ""
    if field in {"year", "date"}:
        exact = canonical_date(text) == text and (field == "date" or len(text) == 4)
        return text if exact else ""
    return _label(text) if field in {"venue", "license"} else safe_url(text)


def _title(raw: str) -> str:
    title = _readable(raw)
    if len(title) > TITLE_LIMIT:
        raise RecordRejected("title-too-long", f"The title is longer than {TITLE_LIMIT:,} characters.", "title")
    if not fold(title):
        raise RecordRejected("title-missing", "The title has no letter or digit.", "title")
    return title


def _readable(raw: str) -> str:
    """Clean text with TeX accents as letters. Repeated, because unwrapping one layer may uncover the next."""
    text = clean(raw)
    if "\\" not in text and "{" not in text:
        return text
    for _ in range(_TEX_PASSES):
        plainer = clean(tex.plain(text))
        if plainer == text:
            return text
        text = plainer
    return clean(text.replace("\\", "").replace("{", ""))


def _author(author: ParsedAuthor, place: int) -> ParsedAuthor:
    name = _name(author.name)
    if not name or len(name) > NAME_LIMIT or _key_too_long(name):
        code, detail = (
            ("author-unnamed", "This author has no name.")
            if not name
            else (
                "author-name-too-long",
                f"This author's name is longer than {NAME_LIMIT} characters, or {KEY_LIMIT:,} in Latin letters.",
            )
        )
        raise RecordRejected(code, detail, f"authors[{place}].name")
    return ParsedAuthor(
        name=name,
        affiliations=_affiliations(author.affiliations, AFFILIATIONS_LIMIT) if author.affiliations else (),
        affiliation_domain=_label(author.affiliation_domain) if author.affiliation_domain else "",
        identifiers=_own_identifiers(author.identifiers) if author.identifiers else {},
        homepage=safe_url(author.homepage) if author.homepage else "",
        role=_label(author.role) if author.role else "",
        native_name=_name(author.native_name)[:NAME_LIMIT] if author.native_name else "",
    )


@lru_cache(maxsize=32_768)
def _name(raw: str) -> str:
    """The name as printed, without what a page cannot show; "" if no letter is left."""
    name = _readable(raw)
    return name if fold(name) else ""


@lru_cache(maxsize=32_768)
def _label(raw: str) -> str:
    label = clean(raw)[:LABEL_LIMIT].rstrip()
    while _key_too_long(label):
        label = label[: len(label) // 2].rstrip()
    return label


def _key_too_long(text: str) -> bool:
    return not text.isascii() and len(fold(text)) > KEY_LIMIT


@lru_cache(maxsize=32_768)
def _affiliation(raw: str) -> str:
    """The place as printed, without the addresses of e-mail that many sources print behind it: they belong on no page."""
    place = _readable(raw)
    if "@" in place:
        place = " ".join(_MAIL.sub("", place).split()).strip(" ;,")
    return place[:AFFILIATION_LIMIT].rstrip()


def _affiliations(raw: tuple[str, ...], limit: int) -> tuple[str, ...]:
    if not raw:
        return ()
    if len(raw) == 1:
        only = _affiliation(raw[0])
        return (only,) if only else ()
    return tuple(dict.fromkeys(text for text in map(_affiliation, raw) if text))[:limit]


def _own_identifiers(raw: dict[str, str]) -> dict[str, str]:
    found = {}
    for scheme, value in raw.items():
        known = canonical(scheme, value)
        if known is not None:
            found[scheme] = known
    return found


def _identifiers(raw: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Canonical pairs, each once, in the source's order. A DOI of arXiv becomes the arXiv identifier."""
    return tuple(dict.fromkeys(pair for pair in (canonical_pair(*stated) for stated in raw) if pair))


def _version(version: ParsedVersion) -> ParsedVersion:
    date = canonical_date(version.date) if version.date else ""
    year = version.year
    if year is None and date:
        year = int(date[:4])
    if year is not None and not plausible_year(year):
        detail = f"The year {year} is not between {EARLIEST_YEAR} and {LATEST_YEAR}."
        raise RecordRejected("year-implausible", detail, "year")
    return ParsedVersion(
        kind=version.kind if version.kind in KINDS else "other",
        venue=_label(version.venue),
        venue_key=_label(version.venue_key),
        year=year,
        date=date,
        status=_label(version.status),
        track=_label(version.track),
        revision=_label(version.revision),
    )


def _topics(topics: tuple[ParsedTopic, ...]) -> tuple[ParsedTopic, ...]:
    """Categories once each by code (a longer one is no code), then at most thirty keywords, once each by their search key."""
    categories: dict[str, ParsedTopic] = {}
    keywords: dict[str, ParsedTopic] = {}
    for topic in topics:
        if topic.kind == "category":
            code = clean(topic.code)
            label = _label(topic.label) or code
            if label and len(code) <= CODE_LIMIT:
                categories.setdefault(code or label, ParsedTopic("category", label, code))
            continue
        label = _keyword(topic.label)
        key = fold(label)
        if key and len(label) <= KEYWORD_LIMIT and len(key) <= KEY_LIMIT:
            keywords.setdefault(key, ParsedTopic("keyword", label))
    return (*categories.values(), *list(keywords.values())[:KEYWORDS_LIMIT])


@lru_cache(maxsize=32_768)
def _keyword(raw: str) -> str:
    """A label ends in no punctuation, and a sentence is no label (the caller measures)."""
    return _readable(raw).strip(" .,;:·•-–—")
