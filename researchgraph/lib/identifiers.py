"""Persistent identifiers of works, people, venues and organisations: reading, checking, linking. Pure.

`canonical(scheme, value)` reads the forms people and sources write (addresses, prefixes, versions, odd case) and
gives the one stored form, or None when the value cannot be an identifier of that scheme. Check digits are
checked. Nothing is looked up, so a canonical value may still name nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

VALUE_LIMIT = 500
"""No identifier of any scheme is longer; a longer value is a mistake."""

ARXIV_DOI_PREFIX = "10.48550/arxiv."

LABELS: Final[dict[str, str]] = {
    "orcid": "ORCID",
    "doi": "DOI",
    "arxiv": "arXiv",
    "openreview": "OpenReview",
    "dblp": "DBLP",
    "google_scholar": "Google Scholar",
    "ieee": "IEEE Xplore",
    "acl": "ACL Anthology",
    "pmid": "PubMed",
    "pmcid": "PubMed Central",
    "handle": "Handle",
    "ror": "ROR",
    "issn": "ISSN",
    "isbn": "ISBN",
    "openalex": "OpenAlex",
    "mag": "Microsoft Academic Graph",
    "semantic_scholar": "Semantic Scholar",
}
"""What people call each scheme; its keys are all schemes there are."""

_ORCID = re.compile(
    r"(?:https?://(?:www\.)?"
    r"orcid\.org/(?:my-orcid\?orcid=)?|orcid:\s*)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])/?",
)
_DOI_PREFIX = re.compile(r"(?:https?://(?:dx\.|www\.)?doi\.org/|doi:\s*|info:doi/)", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]{1,9}){0,3}/[^\s\x00-\x1f\x7f]+")
_ARXIV_PREFIX = re.compile(
    r"(?:https?://(?:[a-z]{1,12}\.)?arxiv\.org/(?:abs|pdf|html|format|e-print|src)/|oai:arxiv\.org:|arxiv:\s*)",
    re.IGNORECASE,
)
_ARXIV_NEW = re.compile(r"(\d\d)(0[1-9]|1[0-2])\.(\d{4,5})(?:v([1-9]\d{0,3}))?")
_ARXIV_OLD = re.compile(r"([a-z]+(?:-[a-z]+)?)(?:\.[A-Za-z]{2})?/(\d\d(?:0[1-9]|1[0-2])\d{3})(?:v([1-9]\d{0,3}))?")
_FIVE_DIGITS_FROM = "1501"
_OPENREVIEW = re.compile(
    r"(?:https?://(?:www\.)?"
    r"openreview\.net/(?:forum|pdf|profile|attachment)\?id=)?(~?[^\s?&#/\x00-\x1f]{1,200})(?:[&#].*)?",
)
_OPENREVIEW_PERSON = re.compile(r"~[\w.'’\-]{1,150}[0-9]{1,6}")
_OPENREVIEW_FORUM = re.compile(r"[A-Za-z0-9_-]{6,40}")
_DBLP = re.compile(
    r"(?:https?://(?:www\.)?dblp\.(?:org|uni-trier\.de|dagstuhl\.de)/(?:pid|pers/hd)/|dblp:\s*)?"
    r"([a-z0-9]{1,4}/[A-Za-z0-9]{1,80}(?:-\d{1,5})?)(?:\.(?:html|xml|bib|rdf|nt|ttl))?",
)
_SCHOLAR = re.compile(
    r"(?:https?://scholar\.google\.[a-z.]{2,6}/citations\?(?:[^#]{0,60}&)?"
    r"user=)?([A-Za-z0-9_-]{12})(?:&.*)?",
)
_IEEE = re.compile(r"(?:https?://ieeexplore\.ieee\.org/(?:author|document|abstract/document)/)?(\d{1,14})/?")
_IEEE_AUTHOR = re.compile(r"3[78]\d{9,10}")
_ACL_PAPER = re.compile(r"[A-Z]\d\d-\d{4,5}|\d{4}\.[a-z0-9_]{1,30}-[a-z0-9_]{1,30}\.\d{1,4}")
_ACL_PERSON = re.compile(r"[a-z][a-z0-9]{0,40}(?:-[a-z0-9]{1,40}){0,9}")
_ACL_PREFIX = re.compile(
    r"https?://(?:www\.)?(?:aclanthology\.org|aclweb\.org/anthology)/(?:people/(?:[a-z]/)?)?",
    re.IGNORECASE,
)
_PMID = re.compile(
    r"(?:https?://(?:pubmed\.ncbi\.nlm\.nih\.gov|www\.ncbi\.nlm\.nih\.gov/pubmed)/|(?:pmid|pubmed):\s*)?"
    r"([1-9]\d{0,8})/?",
    re.IGNORECASE,
)
_PMCID = re.compile(
    r"(?:https?://(?:(?:www\.)?ncbi\.nlm\.nih\.gov/pmc/articles/|pmc\.ncbi\.nlm\.nih\.gov/articles/|europepmc\.org/"
    r"(?:articles?/(?:pmc/)?))|pmcid:\s*)?(PMC[1-9]\d{0,9})(?:\.\d{1,3})?/?",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?:https?://(?:www\.)?hdl\.handle\.net/|hdl:\s*|info:hdl/)?(\d{1,9}(?:\.[A-Za-z0-9-]{1,40}){0,5}/[!-~]{1,300})",
    re.IGNORECASE,
)
_ROR = re.compile(r"(?:https?://(?:www\.)?ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}\d\d)/?")
_ISSN = re.compile(r"(?:https?://portal\.issn\.org/resource/issn/|e?issn[:\s]*)?(\d{4})-?(\d{3}[\dX])", re.IGNORECASE)
_ISBN_PREFIX = re.compile(r"(?:urn:)?isbn(?:-1[03])?[:\s]*", re.IGNORECASE)
_OPENALEX = re.compile(
    r"(?:https?://(?:api\.|explore\.|www\.)?"
    r"openalex\.org/(?:[a-z]{1,20}/)?)?([AWISTPFCKG][1-9]\d{0,11})",
    re.IGNORECASE,
)
_MAG = re.compile(r"(?:mag:\s*)?([1-9]\d{0,11})", re.IGNORECASE)
_S2 = re.compile(
    r"(?:https?://(?:www\.|api\.)?semanticscholar\.org/(?:(?:author|paper)/(?:[^/\s]{1,300}/)?)?)?"
    r"(?:([1-9]\d{0,11})|([0-9a-f]{40})|(?:s2)?corpus_?id:\s*([1-9]\d{0,11}))/?",
    re.IGNORECASE,
)
_ROR_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


_HOST = re.compile(
    r"(?:https?:)?(?://)?((?:[a-z0-9-]{1,20}\.){0,3}(?:orcid\.org|doi\.org|arxiv\.org|openreview\.net|dblp\.org|"
    r"uni-trier\.de|dagstuhl\.de|aclanthology\.org|nih\.gov|europepmc\.org|handle\.net|ror\.org|openalex\.org|"
    r"semanticscholar\.org|issn\.org|ieee\.org)/)",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"\s\[[\w.-]{1,20}\]$|\s\((?:print|online|electronic|linking|e-?issn|p-?issn)\)$", re.IGNORECASE)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_AROUND = "\"'`“”‘’„«»<>()[]{} \t\r\n"
_WITH_QUERY = frozenset({"openreview", "google_scholar"})
_BEYOND_ASCII = frozenset({"doi", "openreview"})
"""Only these have letters beyond ASCII; a digit of another script is no digit of an identifier."""


def canonical(scheme: str, value: str) -> str | None:
    """The stored form of `value`; None if it is no identifier of `scheme`, or the scheme is not known here."""
    reader = _READERS.get(scheme)
    if reader is None or not value or len(value) > VALUE_LIMIT:
        return None
    value = value.strip()
    found = reader(value) if value.isascii() or scheme in _BEYOND_ASCII else None
    if found is not None:
        return found
    plainer = _plainer(scheme, value)
    return reader(plainer) if plainer != value and (plainer.isascii() or scheme in _BEYOND_ASCII) else None


@lru_cache(maxsize=8_192)
def _plainer(scheme: str, value: str) -> str:
    """The value without what people, word processors and other alphabets' keyboards put around and into it."""
    value = unicodedata.normalize("NFKC", value.translate(_UNSEEN).translate(_DASHES)).strip()
    value = _BESIDE.sub("", value).strip(_AROUND).rstrip(".,;:").strip(_AROUND)
    named = re.match(rf"(?:{re.escape(label(scheme))}|{scheme})(?: id)?(?:\s*[:=#]\s*|\s+)", value, re.IGNORECASE)
    value = value[named.end() :] if named else value
    host = _HOST.match(value)
    if host:
        value = f"https://{host[1].lower()}{value[host.end() :]}"
        if scheme not in _WITH_QUERY and "?orcid=" not in value:
            value = value.split("?", 1)[0].split("#", 1)[0]
        value = value.rstrip("/")
    return value.lower() if scheme == "arxiv" else value


def canonical_pair(scheme: str, value: str) -> tuple[str, str] | None:
    """The scheme and stored form, where one thing can be named in two schemes under the one we keep.

    The DOI 10.48550/arXiv.2203.05482 is the arXiv identifier 2203.05482.
    """
    known = canonical(scheme, value)
    if known is None:
        return None
    if scheme == "doi" and known.startswith(ARXIV_DOI_PREFIX):
        arxiv = canonical("arxiv", unquote(value.strip())[value.lower().strip().rfind("arxiv.") + 6 :])
        return ("arxiv", arxiv) if arxiv else (scheme, known)
    return scheme, known


def arxiv_version(value: str) -> str:
    """The version an arXiv identifier prints ("v2"), or ""."""
    _, version = _arxiv_parts(value.strip())
    return f"v{version}" if version else ""


def label(scheme: str) -> str:
    """What people call the scheme."""
    return LABELS.get(scheme, scheme)


def display(scheme: str, value: str) -> str:
    """A canonical value as people write it: "arXiv:2203.05482", else the value itself."""
    return f"arXiv:{value}" if scheme == "arxiv" else value


def url(scheme: str, value: str) -> str:
    """Where a canonical value resolves, as an https address; "" if the scheme has no resolver."""
    match scheme:
        case "openreview":
            page = "profile" if value.startswith("~") else "forum"
            return f"https://openreview.net/{page}?id={quote(value, safe='~')}"
        case "ieee":
            page = "author" if _IEEE_AUTHOR.fullmatch(value) else "document"
            return f"https://ieeexplore.ieee.org/{page}/{value}"
        case "acl":
            return f"https://aclanthology.org/{'' if _ACL_PAPER.fullmatch(value) else 'people/'}{value}/"
        case "semantic_scholar":
            if value.lower().startswith("corpusid:"):
                return f"https://api.semanticscholar.org/{value}"
            return f"https://www.semanticscholar.org/{'author' if value.isdigit() else 'paper'}/{value}"
        case "isbn" | "mag":
            return ""
    base = _RESOLVERS.get(scheme)
    return f"{base}{quote(value, safe=_SAFE_IN_PATHS)}" if base else ""


_SAFE_IN_PATHS = "/:;()._-~"
_RESOLVERS = {
    "orcid": "https://orcid.org/",
    "doi": "https://doi.org/",
    "arxiv": "https://arxiv.org/abs/",
    "dblp": "https://dblp.org/pid/",
    "google_scholar": "https://scholar.google.com/citations?user=",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
    "pmcid": "https://pmc.ncbi.nlm.nih.gov/articles/",
    "handle": "https://hdl.handle.net/",
    "ror": "https://ror.org/",
    "issn": "https://portal.issn.org/resource/ISSN/",
    "openalex": "https://openalex.org/",
}


@lru_cache(maxsize=32_768)
def _orcid(value: str) -> str | None:
    match = _ORCID.fullmatch(value)
    if match is None:
        return None
    parts = [part.upper() for part in match.groups()]
    digits = "".join(parts)
    # ISO 7064 MOD 11-2, as published by ORCID.
    total = 0
    for digit in digits[:15]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return "-".join(parts) if digits[15] == ("X" if check == 10 else str(check)) else None


def _doi(value: str) -> str | None:
    prefix = _DOI_PREFIX.match(value)
    if prefix:
        value = value[prefix.end() :]
    if "%" in value:
        value = unquote(value)
    value = value.rstrip(".,;")
    while value.endswith(")") and value.count(")") > value.count("("):
        # A DOI may hold brackets, but an unopened one belongs to the sentence around it.
        value = value[:-1].rstrip(".,;")
    return value.lower() if value.isprintable() and _DOI.fullmatch(value) else None


def _arxiv_parts(value: str) -> tuple[str, str]:
    prefix = _ARXIV_PREFIX.match(value)
    if prefix:
        value = value[prefix.end() :].removesuffix(".pdf")
        value = value.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    new = _ARXIV_NEW.fullmatch(value)
    if new:
        long = new[1] + new[2] >= _FIVE_DIGITS_FROM
        return (f"{new[1]}{new[2]}.{new[3]}", new[4] or "") if len(new[3]) == (5 if long else 4) else ("", "")
    old = _ARXIV_OLD.fullmatch(value)
    return (f"{old[1]}/{old[2]}", old[3] or "") if old else ("", "")


def _arxiv(value: str) -> str | None:
    return _arxiv_parts(value)[0] or None


def _openreview(value: str) -> str | None:
    match = _OPENREVIEW.fullmatch(value)
    if match is None:
        return None
    name = unquote(match[1])
    if name.startswith("~"):
        return name if _OPENREVIEW_PERSON.fullmatch(name) else None
    return name if _OPENREVIEW_FORUM.fullmatch(name) else None


def _acl(value: str) -> str | None:
    prefix = _ACL_PREFIX.match(value)
    if prefix:
        value = value[prefix.end() :].rstrip("/").removesuffix(".pdf")
    for form in (value, value.upper()):
        if _ACL_PAPER.fullmatch(form):
            return form
    return value if _ACL_PERSON.fullmatch(value) else None


def _ror(value: str) -> str | None:
    match = _ROR.fullmatch(value.lower())
    if match is None:
        return None
    number = 0
    for letter in match[1][1:7]:
        number = number * 32 + _ROR_ALPHABET.index(letter)
    return match[1] if 98 - number * 100 % 97 == int(match[1][7:]) else None


def _handle(value: str) -> str | None:
    """A handle that is no DOI (these have the prefix 10), in lower case: handles are compared without case."""
    match = _HANDLE.fullmatch(value.split("?", 1)[0].split("#", 1)[0].rstrip("/.,;"))
    return None if match is None or match[1].startswith("10.") else match[1].lower()


def _issn(value: str) -> str | None:
    match = _ISSN.fullmatch(value)
    if match is None:
        return None
    digits = (match[1] + match[2]).upper()
    total = sum(int(digit) * weight for digit, weight in zip(digits[:7], range(8, 1, -1), strict=True))
    check = -total % 11
    return f"{digits[:4]}-{digits[4:]}" if digits[7] == ("X" if check == 10 else str(check)) else None


def _isbn(value: str) -> str | None:
    """ISBN-13 without hyphens; an ISBN-10 is rewritten with the prefix 978."""
    prefix = _ISBN_PREFIX.match(value)
    digits = value[prefix.end() if prefix else 0 :].replace("-", "").replace(" ", "").upper()
    if re.fullmatch(r"\d{9}[\dX]", digits, re.ASCII):
        total = sum((10 if d == "X" else int(d)) * w for d, w in zip(digits, range(10, 0, -1), strict=True))
        if total % 11:
            return None
        body = "978" + digits[:9]
        return body + str(_isbn_check(body))
    if re.fullmatch(r"97[89]\d{10}", digits, re.ASCII) and _isbn_check(digits[:12]) == int(digits[12]):
        return digits
    return None


def _isbn_check(body: str) -> int:
    return -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10


def _semantic_scholar(value: str) -> str | None:
    match = _S2.fullmatch(value)
    if match is None:
        return None
    author, paper, corpus = match.groups()
    return author or (paper.lower() if paper else f"CorpusID:{corpus}")


def _by(pattern: re.Pattern[str], *, upper: bool = False) -> Callable[[str], str | None]:
    def read(value: str) -> str | None:
        match = pattern.fullmatch(value)
        if match is None:
            return None
        return match[1].upper() if upper else match[1]

    return read


_READERS: dict[str, Callable[[str], str | None]] = {
    "orcid": _orcid,
    "doi": _doi,
    "arxiv": _arxiv,
    "openreview": _openreview,
    "dblp": _by(_DBLP),
    "google_scholar": _by(_SCHOLAR),
    "ieee": _by(_IEEE),
    "acl": _acl,
    "pmid": _by(_PMID),
    "pmcid": _by(_PMCID, upper=True),
    "handle": _handle,
    "ror": _ror,
    "issn": _issn,
    "isbn": _isbn,
    "openalex": _by(_OPENALEX, upper=True),
    "mag": _by(_MAG),
    "semantic_scholar": _semantic_scholar,
}
