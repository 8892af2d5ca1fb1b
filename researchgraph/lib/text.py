"""Text as shown to people and text as compared: cleaning, search keys, title keys, slugs. Pure and linear-time.

Two families. `clean` keeps what an author wrote and removes what a page must not carry. `fold`, `title_key`,
`slug` and `tokens` throw information away on purpose, so that spellings of one thing meet; never show their
results to anybody. All run on every name and title of an import, hence the short ways for plain ASCII.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

from researchgraph.lib import tex

SLUG_LIMIT = 80

# Controls, bidirectional controls, zero-width and tag characters, lone surrogates: invisible, and able to
# make a text look like another one or to make PostgreSQL refuse it. White space is dealt with separately.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]",
)
# Bytes 0x80 to 0x9f of Windows code page 1252 that somebody read as Latin-1: "Bird\x92s-Eye" is "Bird’s-Eye".
_MISREAD = {code: letter for code in range(0x80, 0xA0) if (letter := bytes([code]).decode("cp1252", "ignore"))}
_MISREAD.pop(ord("\x85"))  # As Latin-1 this is white space, and does occur.
# Letters of UTF-8 whose bytes somebody read as Latin-1, told by a control character that no text has: "Wei\xc3\x9fl".
_TWICE_ENCODED = re.compile("[\xc2-\xf4][\x80-\xbf]{1,3}")
_CONTROL = re.compile("[\x80-\x9f]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Typographic markup that sources leave in titles. Anything else in angle brackets ("<SEG>") is the author's text.
_TYPOGRAPHY = re.compile(
    r"</?(?:i|b|u|p|em|strong|sub|sup|small|big|tt|span|font|br|hr|div|inf|scp|sc|italic|bold|underline|"
    r"jats:[a-z-]{1,30}|mml:[a-z]{1,30})(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_PASSES = 4
_LETTERS: dict[int, str | None] = {
    **dict.fromkeys(range(128), " "),
    **{ord(letter): letter.lower() for letter in map(chr, range(128)) if letter.isalnum()},
    # An apostrophe belongs to its word: "d'Ascoli" and "dAscoli" are one spelling.
    ord("'"): None,
}
_SPACED = str.maketrans(_LETTERS)
_JOINED = str.maketrans({code: None if letter == " " else letter for code, letter in _LETTERS.items()})


def clean(text: str) -> str:
    """The text as shown: NFC, one line, single spaces, no invisible characters, no entities or typographic tags.

    Angle brackets of anything that is not plain typography stay as text; escaping is the template's work.
    Idempotent.
    """
    if text.isprintable() and "&" not in text and "<" not in text and "  " not in text:
        stripped = text.strip(" ")
        return stripped if text.isascii() else unicodedata.normalize("NFC", stripped)
    for _ in range(_PASSES):
        cleaned = _clean_once(text)
        if cleaned == text:
            return cleaned
        text = cleaned
    # Markup nested this deep is an attack or an accident: what is left of it loses its meaning.
    return " ".join(text.replace("&", "").replace("<", "").split())


def _clean_once(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if "<" in text:
        text = _TYPOGRAPHY.sub("", text)
    if not text.isprintable():
        if _CONTROL.search(text):
            text = _TWICE_ENCODED.sub(_decoded_again, text)
        text = _INVISIBLE.sub("", text.translate(_MISREAD))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def _decoded_again(match: re.Match[str]) -> str:
    """The letter that the bytes are in UTF-8; what was matched if they are none, or may be meant as they are."""
    try:
        return match[0].encode("latin-1").decode() if _CONTROL.search(match[0]) else match[0]
    except UnicodeDecodeError:
        return match[0]


def fold(text: str) -> str:
    """The search key: only [a-z0-9] and single spaces, accents dropped, other scripts transliterated.

    "Raphaël Gontijo-Lopes" gives "raphael gontijo lopes", "d'Ascoli" gives "dascoli". "" if nothing is left.
    """
    if not text.isascii():
        text = _ascii(text)
    return " ".join(text.translate(_SPACED).split())


def title_key(title: str) -> str:
    r"""The key under which titles of one work meet: letters and digits alone, TeX read as its symbols.

    Case, accents, hyphens, spaces, punctuation and TeX ("$\ell_1$" against "ℓ1") make no difference; words do,
    articles included.
    """
    if "\\" in title or "$" in title:
        title = tex.symbols(title)
    if not title.isascii():
        title = _ascii(title)
    return title.translate(_JOINED)


def slug(text: str, limit: int = SLUG_LIMIT) -> str:
    """Words joined by hyphens for addresses, cut between words where possible; at most `limit` characters."""
    if "\\" in text or "$" in text:
        text = tex.symbols(text)
    joined = fold(text).replace(" ", "-")
    if len(joined) <= limit:
        return joined
    head, _, _ = joined[: limit + 1].rpartition("-")
    return head or joined[:limit]


def tokens(text: str) -> tuple[str, ...]:
    """The words of the search key, in order, repeats included."""
    return tuple(fold(text).split())


@lru_cache(maxsize=32_768)
def _ascii(text: str) -> str:
    # Composed first, because the transliteration reads whole letters and Hangul syllables, not their parts.
    folded = anyascii(unicodedata.normalize("NFKC", text))
    return folded if folded.isascii() else folded.encode("ascii", "ignore").decode("ascii")
