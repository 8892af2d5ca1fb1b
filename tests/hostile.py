"""Text that tries to do something on a page, in every field of records of every source, and what a page may make of it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import lxml.html
from lxml import etree

from researchgraph.lib import identifiers

MARK: Final = "pwned"
"""In every payload. Found anywhere but in text and a few harmless attributes, it has become more than text."""

PAYLOADS: Final[tuple[str, ...]] = tuple(
    json.loads(line)
    for line in (Path(__file__).parent / "payloads" / "hostile.jsonl").read_text(encoding="utf-8").splitlines()
)
"""Elements, attributes, addresses, TeX, templates, formulas of spreadsheets, characters that turn or hide text."""

SOURCES: Final = ("jsonl", "bibtex", "ris", "crossref", "arxiv", "csl_json", "openalex")
"""Sources of works."""

ENTITIES: Final = ("podcast", "ror")
"""Sources of what is no work: episodes that speak of the works of `jsonl`, organizations that bear the names of its affiliations."""


class Record:
    """One record whose every field is a payload; which one is where differs from source to source."""

    def __init__(self, source: str, number: int) -> None:
        self.number = number
        shift = (*SOURCES, *ENTITIES).index(source)
        self._next = number * 17 + shift * 5
        self.title = f"{PAYLOADS[(number * len(SOURCES) + shift) % len(PAYLOADS)]} soup {source} {number}"
        self.abstract = " ".join(self.take() for _ in range(9))
        self.family, self.given, self.place, self.venue = (self.take() for _ in range(4))
        self.keywords = [self.take() for _ in range(6)]
        self.links = [self.take() for _ in range(3)]
        self.doi = f"10.1000/{source}.{number}"

    def take(self) -> str:
        """The next payload."""
        self._next += 1
        return PAYLOADS[self._next % len(PAYLOADS)]

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given} {self.family}"


def records(source: str) -> list[Record]:
    """So many that over all sources every payload is a title once."""
    return [Record(source, number) for number in range(-(-len(PAYLOADS) // len(SOURCES)))]


def _line(text: str) -> str:
    return " ".join(text.split())


def _braced(text: str) -> str:
    """The text where unbalanced braces would end the field, without them."""
    return _line(text).replace("{", "").replace("}", "") if text.count("{") != text.count("}") else _line(text)


def _jsonl(all_of_them: list[Record]) -> str:
    return "\n".join(
        json.dumps(
            {
                "source_id": f"t/{r.number}",
                "title": r.title,
                "abstract": r.abstract,
                "venue": r.venue,
                "year": 2020,
                "keywords": r.keywords,
                "categories": ["cs.LG", r.keywords[0]],
                "doi": r.doi,
                "site": r.links[0],
                "pdf": r.links[1],
                "github": r.links[2],
                "license": r.links[0],
                "status": r.venue,
                "track": r.place,
                "revision": r.given,
                "language": r.family,
                "affiliations_unaligned": [r.place],
                "authors": [
                    {
                        "name": r.name,
                        "affiliation": r.place,
                        "native_name": r.family,
                        "homepage": r.links[0],
                        "role_position": r.given,
                        "affiliation_domain": r.place,
                        "orcid": "0000-0002-1825-0097",
                    },
                    {"name": f"Ada Lovelace {r.number}", "orcid": "0000-0002-1825-0097"},
                ],
            }
        )
        for r in all_of_them
    )


def _bibtex(all_of_them: list[Record]) -> str:
    return "\n".join(
        f"@article{{k{r.number},\n title = {{{_braced(r.title)}}},\n author = {{{{{_braced(r.name)}}} and Lovelace, Ada}},\n"
        f" journal = {{{_braced(r.venue)}}},\n abstract = {{{_braced(r.abstract)}}},\n keywords = {{{_braced(', '.join(r.keywords))}}},\n"
        f" url = {{{_braced(r.links[0])}}},\n doi = {{{r.doi}}},\n year = 2020\n}}"
        for r in all_of_them
    )


def _ris(all_of_them: list[Record]) -> str:
    return "\n".join(
        "\n".join(
            [
                "TY  - JOUR",
                f"TI  - {_line(r.title)}",
                f"AU  - {_line(r.family)}, {_line(r.given)}",
                "AU  - Lovelace, Ada",
                f"JO  - {_line(r.venue)}",
                f"AB  - {_line(r.abstract)}",
                *(f"KW  - {_line(word)}" for word in r.keywords),
                *(f"UR  - {_line(link)}" for link in r.links),
                f"AD  - {_line(r.place)}",
                f"DO  - {r.doi}",
                "PY  - 2020",
                "ER  - ",
                "",
            ]
        )
        for r in all_of_them
    )


def _crossref(all_of_them: list[Record]) -> str:
    return json.dumps(
        {
            "status": "ok",
            "message-type": "work-list",
            "message": {
                "items": [
                    {
                        "DOI": r.doi,
                        "type": "journal-article",
                        "title": [r.title],
                        "container-title": [r.venue],
                        "abstract": f"<jats:p>{r.abstract}</jats:p>",
                        "subject": r.keywords,
                        "issued": {"date-parts": [[2020, 1]]},
                        "language": r.family,
                        "license": [
                            {"URL": r.links[0], "content-version": "vor"},
                            {"URL": "https://creativecommons.org/licenses/by/4.0/"},
                        ],
                        "link": [{"URL": r.links[1], "content-type": "application/pdf"}],
                        "update-to": [{"label": r.place, "type": r.place, "DOI": r.doi}],
                        "author": [
                            {"given": r.given, "family": r.family, "affiliation": [{"name": r.place}]},
                            {"given": "Ada", "family": "Lovelace"},
                        ],
                    }
                    for r in all_of_them
                ]
            },
        }
    )


def _arxiv(all_of_them: list[Record]) -> str:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2001.{r.number:05}v1</id><title>{_xml(r.title)}</title><summary>{_xml(r.abstract)}</summary>"
        f"<published>2020-01-01T00:00:00Z</published><author><name>{_xml(r.name)}</name><arxiv:affiliation>{_xml(r.place)}</arxiv:affiliation>"
        f"</author><author><name>Ada Lovelace</name></author><arxiv:comment>{_xml(r.venue)}</arxiv:comment>"
        f"<arxiv:journal_ref>{_xml(r.venue)}</arxiv:journal_ref>"
        f"<link title='pdf' href={quoteattr(_printable(r.links[0]))} rel='related'/>"
        f"<category term={quoteattr(_printable(r.keywords[0]))}/>"
        f"<arxiv:primary_category term={quoteattr(_printable(r.keywords[1]))}/></entry>"
        for r in all_of_them
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">'
        f"<title>arXiv Query</title>{entries}</feed>"
    )


def _printable(text: str) -> str:
    return text.replace("\x0c", " ")


def _xml(text: str) -> str:
    return escape(_printable(text))


def _csl_json(all_of_them: list[Record]) -> str:
    return json.dumps(
        [
            {
                "id": r.doi,
                "DOI": r.doi,
                "type": "article-journal",
                "title": r.title,
                "container-title": r.venue,
                "abstract": r.abstract,
                "keyword": ", ".join(r.keywords),
                "URL": r.links[0],
                "language": r.family,
                "issued": {"date-parts": [[2020]]},
                "author": [{"given": r.given, "family": r.family}, {"literal": r.place}],
            }
            for r in all_of_them
        ]
    )


def _openalex(all_of_them: list[Record]) -> str:
    return "\n".join(
        json.dumps(
            {
                "id": f"https://openalex.org/W{1000 + r.number}",
                "doi": f"https://doi.org/{r.doi}",
                "title": r.title,
                "publication_year": 2020,
                "type": "article",
                "language": r.family,
                "abstract_inverted_index": {word: [place] for place, word in enumerate(r.abstract.split())},
                "authorships": [
                    {
                        "author": {"id": "https://openalex.org/A5000000001", "display_name": r.given},
                        "raw_author_name": r.name,
                        "raw_affiliation_strings": [r.place],
                    },
                ],
                "primary_location": {
                    "landing_page_url": r.links[0],
                    "pdf_url": r.links[1],
                    "license": r.links[2],
                    "is_oa": True,
                    "source": {"display_name": r.venue, "type": "journal"},
                },
                "best_oa_location": {"pdf_url": r.links[1], "license": r.links[2], "is_oa": True},
                "topics": [{"id": "https://openalex.org/T1", "display_name": r.keywords[0]}],
                "keywords": [{"display_name": word} for word in r.keywords[1:]],
            }
        )
        for r in all_of_them
    )


def _podcast(all_of_them: list[Record]) -> str:
    items = "".join(
        f"<item><title>{_xml(r.title)}</title><link>{_xml(r.links[0])}</link><guid>episode-{r.number}</guid>"
        f"<pubDate>Wed, 25 Feb 2026 23:30:00 -0600</pubDate><description>{_xml(r.abstract)} doi:10.1000/jsonl.{r.number}"
        f" {_xml(r.venue)}</description></item>"
        for r in all_of_them
    )
    show = all_of_them[0]
    return f'<rss version="2.0"><channel><title>{_xml(show.venue)}</title><link>{_xml(show.links[1])}</link>{items}</channel></rss>'


def _ror_id(number: int) -> str:
    """An id of ROR's form, whose last two digits are right for what is before them."""
    return next(
        found for check in range(99) if (found := identifiers.canonical("ror", f"0{number + 100_000:06}{check:02}"))
    )


def _ror(all_of_them: list[Record]) -> str:
    return json.dumps(
        [
            {
                "id": f"https://ror.org/{_ror_id(r.number)}",
                "names": [
                    {"value": Record("jsonl", r.number).place, "types": ["ror_display", "label"]},
                    {"value": r.family, "types": ["alias"]},
                    {"value": r.given, "types": ["acronym"]},
                ],
                "locations": [
                    {"geonames_details": {"name": r.place, "country_code": r.venue, "country_name": r.keywords[0]}}
                ],
                "links": [{"type": "website", "value": r.links[0]}],
                "relationships": [
                    {"id": f"https://ror.org/{_ror_id(99)}", "label": r.keywords[1], "type": "successor"}
                ],
                "types": [r.keywords[2]],
                "status": "active",
            }
            for r in all_of_them
        ]
    )


_WRITERS: Final[dict[str, tuple[str, Callable[[list[Record]], str]]]] = {
    "jsonl": ("jsonl", _jsonl),
    "bibtex": ("bib", _bibtex),
    "ris": ("ris", _ris),
    "crossref": ("json", _crossref),
    "arxiv": ("xml", _arxiv),
    "csl_json": ("json", _csl_json),
    "openalex": ("jsonl", _openalex),
    "podcast": ("xml", _podcast),
    "ror": ("json", _ror),
}


def file(source: str, folder: Path) -> Path:
    """A file of this source's format with all its records."""
    ending, writer = _WRITERS[source]
    path = folder / f"{source} <img src=x onerror={MARK}>.{ending}"
    path.write_text(writer(records(source)), encoding="utf-8")
    return path


# What a page may make of it

_SHOWN: Final = frozenset(
    {"title", "alt", "content", "value", "aria-label", "placeholder", "label", "data-name", "data-title", "data-label"}
)
"""Attributes that are text."""
_LEADING: Final = frozenset({"href", "src", "action", "formaction", "xlink:href", "cite"})
_LOADING: Final = frozenset({"ping", "srcset", "background", "poster", "data", "srcdoc"})
"""Attributes that no page of ours has."""
_OWN: Final = re.compile(r"/(?:researchers|works|topics|institutions|search|imports|names|curate|api)/[\w./?=&%+~:-]*")
"""Addresses of this site, which say in words what they lead to."""
_GOOD_SCHEMES: Final = frozenset({"", "http", "https", "mailto"})
_NEVER: Final = frozenset(
    {
        "iframe",
        "object",
        "embed",
        "applet",
        "base",
        "frameset",
        "frame",
        "foreignobject",
        "annotation-xml",
        "mglyph",
        "maction",
        "marquee",
        "style",
    }
)


def harm(page: str) -> list[str]:
    """What in a page is more than text: each as a short sentence; nothing if all is well."""
    return list(_harm(lxml.html.document_fromstring(page.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))))


def _harm(root: lxml.html.HtmlElement) -> Iterator[str]:
    for node in root.iter():
        if not isinstance(node.tag, str):
            if MARK in str(node.text):
                yield f"a comment: {str(node.text)[:80]}"
            continue
        tag = node.tag.lower()
        if tag in _NEVER or MARK in tag:
            yield f"an element {tag}"
        if tag == "meta" and node.get("http-equiv"):
            yield "a meta element that acts"
        if tag == "script" and node.get("src") is None:
            yield from _script(node)
        for name, value in node.attrib.items():
            yield from _attribute(tag, str(name).lower(), str(value))


def _script(node: etree._Element) -> Iterator[str]:
    if node.get("type") not in {"application/ld+json", "application/json"}:
        yield f"a script: {str(node.text)[:80]}"
        return
    try:
        json.loads(node.text or "")
    except ValueError:
        yield f"data that is broken: {str(node.text)[:80]}"


def _attribute(tag: str, name: str, value: str) -> Iterator[str]:
    if name.startswith(("on", "hx-on", "data-hx", "x-")) or name in _LOADING or MARK in name:
        yield f"{tag} with {name}={value[:60]}"
    elif name in _LEADING:
        parts = urlsplit("".join(html.unescape(value).split()))
        if parts.scheme.lower() not in _GOOD_SCHEMES:
            yield f"{tag} with {name}={value[:60]}"
        if parts.netloc and tag not in {"a", "link"}:
            yield f"{tag} that loads {value[:60]}"
        if MARK in parts.netloc and tag == "link":
            yield f"{tag} that leads to {value[:60]}"
    elif MARK in value and name not in _SHOWN and not _OWN.fullmatch(value):
        yield f"{tag} with {name}={value[:60]}"
