"""What files that people exchange have in common: unknown encodings, names family first, several records of one id."""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from typing import TYPE_CHECKING

from researchgraph.errors import SourceUnavailable
from researchgraph.lib import identifiers, streams

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = 4096
KEY_LIMIT = 300
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"(?:\bEncoding:[ \t]{0,8}|x-kbibtex-encoding=)([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_FOREIGN = (
    (b"<", "XML or HTML"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"{", "JSON"),
    (b"[{", "JSON"),
    (b"---\n", "YAML"),
)
_HOST = re.compile(r"https?://(?:www\.|dx\.)?([a-z0-9.-]{4,60})/", re.IGNORECASE)
_SCHEMES = {
    "doi.org": "doi",
    "arxiv.org": "arxiv",
    "openreview.net": "openreview",
    "aclanthology.org": "acl",
    "aclweb.org": "acl",
    "pubmed.ncbi.nlm.nih.gov": "pmid",
    "ncbi.nlm.nih.gov": "pmid",
    "openalex.org": "openalex",
}
_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf)/|arxiv[:. ]\s{0,3}(?:preprint\s{1,3})?(?:arxiv:)?\s{0,3}|\babs/)"
    r"([a-z]{2,10}(?:-[a-z]{2,10})?(?:\.[A-Z]{2})?/\d{7}(?:v\d{1,3})?|\d{4}\.\d{4,5}(?:v\d{1,3})?)(?!\d)",
    re.IGNORECASE,
)
_PMID = re.compile(r"\b(?:PMID|PubMed ID)[}:\s]{1,4}(\d{1,8})(?!\d)", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(rf"(?:^|[^a-z])({'|'.join(_MONTHS)})", re.IGNORECASE)
_ANNOTATION = re.compile(r"<(/?)(?:mml:)?(?:annotation(?:-xml)?|tex-math)(?:\s[^<>]{0,400})?>", re.IGNORECASE)
_MATHEMATICS = re.compile(
    r"</?(?:mml:)?(?:math|semantics|mrow|mi|mo|mn|ms|mtext|mspace|mfrac|msqrt|mroot|mstyle|mpadded|mphantom|merror|msub|msup|"
    r"msubsup|munder|mover|munderover|mmultiscripts|mprescripts|none|mtable|mtr|mtd|menclose|mfenced|maction)"
    r"(?:\s[^<>]{0,400})?/?>",
    re.IGNORECASE,
)
# Bytes that are no UTF-8 come out of the decoder as lone surrogates.
_UNDECODED = re.compile("[\udc80-\udcff]+")
_GENERATION = re.compile(r"(?:Jr|Sr|Jnr|Snr|II|III|IV|2nd|3rd|4th)\.?", re.IGNORECASE)
_SUFFIX = re.compile(
    r"(?:Jr|Sr|Jnr|Snr|II|III|IV|V|2nd|3rd|4th|Junior|Júnior|Senior|Esq|Filho|Neto|Sobrinho|Ph\.?D|M\.?D)\.?",
    re.IGNORECASE,
)
_OTHERS = frozenset({"others", "et al", "and others", "et. al", "u.a"})


def text(path: Path, expected: str) -> Iterator[str]:
    """The text of a file in pieces, line ends as line feeds; bytes that are not in its encoding as lone surrogates.

    The encoding is the one of the byte order mark or the one the file declares ("% Encoding: GBK"), else UTF-8.
    Raises SourceUnavailable for what is plainly no text of the `expected` kind, and streams.DamagedError.
    """
    pieces = streams.chunks(path)
    first = next(pieces, b"")
    head = first[:HEAD]
    encoding = "utf-8"
    for mark, name in _BOMS:
        if head.startswith(mark):
            first, encoding = first[len(mark) :], name
            break
    else:
        declared = _DECLARED.search(head)
        if declared:
            encoding = _known_encoding(declared[1].decode("ascii"))
    _check(first[:HEAD], encoding, path, expected)
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors), translate=True)
    yield decoder.decode(first)
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except LookupError:
        return "utf-8"
    # Python also calls rot13 and zip encodings.
    return found.name if found.name != "ascii" and getattr(found, "_is_text_encoding", False) else "utf-8"


def _check(head: bytes, encoding: str, path: Path, expected: str) -> None:
    start = head.lstrip(b" \t\r\n\x00") if encoding.startswith("utf-16") else head.lstrip()
    what = ""
    if not start:
        what = "empty"
    elif not encoding.startswith("utf-16"):
        what = next((kind for magic, kind in _FOREIGN if start.startswith(magic)), "")
        if not what and b"\x00" in head:
            what = "a binary file"
    if what:
        message = f"{path} is {what}; expected {expected}."
        raise SourceUnavailable(message)


def recoded(text: str) -> str | None:
    """The text with stray bytes read as Windows-1252, as older programs write; None if that cannot be right.

    In Western text such bytes stand alone between plain letters. Where they come in longer runs, the text is of
    another encoding, and reading it as this one would invent names.
    """
    if not _UNDECODED.search(text):
        return text
    plausible = True

    def read(match: re.Match[str]) -> str:
        nonlocal plausible
        raw = bytes(ord(letter) - 0xDC00 for letter in match[0])
        letters = raw.decode("cp1252", "replace")
        if "\ufffd" in letters or len(raw) > 2:
            plausible = False
        elif len(raw) == 2:
            around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
            plausible = plausible and any(letter.isascii() and letter.isalpha() for letter in around)
        return letters

    found = _UNDECODED.sub(read, text)
    return found if plausible else None


class Keys:
    """Makes keys unique within one file: a second, different record of one id is told apart by its content."""

    def __init__(self) -> None:
        self._seen: dict[bytes, bytes] = {}

    def key(self, stated: str, payload: bytes) -> str | None:
        """The key of a record; None if the very same record has been there already."""
        digest = hashlib.sha256(payload).digest()
        stated = " ".join(stated.split())
        if not stated or len(stated) > KEY_LIMIT or not stated.isprintable():
            stated = f"#{digest.hex()[:16]}"
        for name in (stated, f"{stated}#{digest.hex()[:12]}"):
            short = hashlib.sha256(name.encode()).digest()[:12]
            if self._seen.setdefault(short, digest) is digest:
                return name
            if self._seen[short] == digest:
                return None
        return None


def joined(parts: list[str], *, suffix_last: bool = False) -> str:
    """The name of two or three parts, family first, as printed. BibTeX has a suffix in the middle, RIS at the end."""
    if len(parts) == 2:
        family, given = parts
        return f"{family}, {given}" if _GENERATION.fullmatch(_bare(given)) else f"{given} {family}"
    if len(parts) == 3:
        family, given, last = parts
        if is_suffix(given) or not (suffix_last or is_suffix(last)):
            given, last = last, given
        return f"{given} {family}, {last}"
    return ", ".join(parts)


def is_suffix(part: str) -> bool:
    """Whether this is what stands behind a whole name: "Jr.", "III", "Filho"."""
    return bool(_SUFFIX.fullmatch(_bare(part)))


def _bare(part: str) -> str:
    return part.replace("{", "").replace("}", "").strip()


def identifier(address: str) -> tuple[str, str] | None:
    """The identifier of the work that a web address stands for, if it is one of a service we know."""
    match = _HOST.match(address)
    scheme = _SCHEMES.get(match[1].lower()) if match else None
    if scheme is None or not identifiers.canonical(scheme, address):
        return None
    return identifiers.canonical_pair(scheme, address)


def readable(text: str) -> str:
    """Text without the markup of mathematics: MathML as its letters and signs, without the sources that come along."""
    if "<" not in text or "m" not in text:
        return text
    kept: list[str] = []
    done = 0
    hidden = False
    for mark in _ANNOTATION.finditer(text):
        closing = mark[1] == "/"
        if not hidden and not closing and not mark[0].endswith("/>"):
            kept.append(text[done : mark.start()])
            hidden = True
        elif closing and hidden:
            done, hidden = mark.end(), False
    kept.append("" if hidden else text[done:])
    return _MATHEMATICS.sub("", "".join(kept))


def month(stated: str) -> int:
    """The number of the first month that is named or counted; 0 if there is none."""
    named = _MONTH.search(stated)
    if named:
        return _MONTHS.index(named[1].lower()) + 1
    number = stated.strip()
    return int(number) if re.fullmatch(r"[0-9]{1,2}", number) and 1 <= int(number) <= 12 else 0


def arxiv_in(text: str) -> str:
    """The first arXiv identifier that a text names as such, with its version; "" if none."""
    match = _ARXIV.search(text)
    return match[1] if match else ""


def pmid_in(text: str) -> str:
    """The first PubMed identifier that a text names as such; "" if none."""
    match = _PMID.search(text)
    return match[1] if match else ""


def is_rest(name: str) -> bool:
    """Whether a "name" says that there are more authors: "others", "et al."."""
    return " ".join(name.split()).strip("{}").casefold().removesuffix(".") in _OTHERS
