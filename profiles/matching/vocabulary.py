"""How frequent names, words and institutions are: what makes sharing one of them worth something.

The counts ship with the model (`data/frequencies.json.gz`, made by `profiles.matching.train`), and are not taken from
the collection: otherwise one import would change what another import's evidence is worth.
"""

from __future__ import annotations

import gzip
import re
from functools import cache, lru_cache
from math import log, log10
from pathlib import Path
from typing import Final

import msgspec

from profiles.names import PersonName
from researchgraph.lib.text import fold

FILE: Final = Path(__file__).parent / "data" / "frequencies.json.gz"
_UNSEEN: Final = 0.5
"""Bearers reckoned for a name the counts do not know."""
_SHORTEST_WORD: Final = 3
_STOP: Final = frozenset(
    """
    a an the of for and in on with to by from via using is are be as at we our this that it its can which based
    approach method model learning network towards toward new show paper propose result data not or have has been
    these their than more also such two between both into
    """.split()
)
_DIGITS = re.compile(r"[0-9]+")
_ORDINALS = re.compile(
    r"\b(?:proceedings of(?: the)?|annual|international|conference on|\d*(?:st|nd|rd|th)|first|second|third|fourth|"
    r"fifth|sixth|seventh|eighth|ninth|tenth|\w+(?:teenth|tieth|first|second|third))\b"
)


class Frequencies(msgspec.Struct, frozen=True):
    """Counts over distinct names, titles and affiliations of the training collection; the rarest are left out."""

    names: int
    families: dict[str, int]
    given: dict[str, int]
    initials: dict[str, int]
    titles: int
    words: dict[str, int]
    affiliations: int
    affiliation_words: dict[str, int]
    institutions: dict[str, int]


@cache
def frequencies() -> Frequencies:
    """The shipped counts, read once."""
    return msgspec.json.decode(gzip.decompress(FILE.read_bytes()), type=Frequencies)


@lru_cache(maxsize=65_536)
def given_log_share(word: str) -> float:
    """log10 of the share of people with this first given name, or with one that begins with this letter."""
    known = frequencies()
    count = known.initials.get(word, 50) if len(word) == 1 else known.given.get(word, _UNSEEN)
    return log10(count / known.names)


@lru_cache(maxsize=65_536)
def family_log_share(word: str) -> float:
    """log10 of the share of people whose family name ends in this word."""
    known = frequencies()
    return log10(known.families.get(word, _UNSEEN) / known.names)


def bearers(name: PersonName) -> float:
    """log10 of how many people of a field of the training collection's size are expected to bear the name."""
    expected = log10(frequencies().names)
    if name.family:
        expected += family_log_share(name.family[-1])
    if name.given:
        expected += given_log_share(name.given[0])
    return expected


@lru_cache(maxsize=65_536)
def coauthor_weight(key: str) -> float:
    """What one shared co-author tells: minus log10 of the share of people with that name. `key` is a loose key."""
    words = key.split()
    if len(words) < 2:
        return 1.0
    return max(0.1, -(family_log_share(words[-1]) + given_log_share(words[0])))


@lru_cache(maxsize=65_536)
def word_weight(word: str) -> float:
    """Inverse document frequency (natural log of titles per title with the word, as in Sparck Jones 1972); 0 if unknown."""
    known = frequencies()
    count = known.words.get(word)
    return log(known.titles / count) if count else 0.0


@lru_cache(maxsize=65_536)
def affiliation_word_weight(word: str) -> float:
    """log10 of affiliation strings per string with the word."""
    known = frequencies()
    return max(0.05, log10(known.affiliations / known.affiliation_words.get(word, 1)))


@lru_cache(maxsize=65_536)
def institution_weight(key: str) -> float:
    """log10 of affiliations per affiliation with this institution: sharing a small one tells more."""
    known = frequencies()
    return log10(known.affiliations / (known.institutions.get(key, 0) + 3))


@lru_cache(maxsize=16_384)
def title_words(text: str) -> tuple[str, ...]:
    """The telling words of a title or keyword, without plural endings, each once, in order."""
    found = dict.fromkeys(
        word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
        for word in fold(text).split()
        if (len(word) >= _SHORTEST_WORD or word in {"ai", "2d", "3d"}) and not word.isdigit()
    )
    return tuple(word for word in found if word not in _STOP)


@lru_cache(maxsize=65_536)
def venue_series(venue: str) -> str:
    """A venue without year, number and "Proceedings of the": the key of the series."""
    return " ".join(_ORDINALS.sub(" ", _DIGITS.sub(" ", fold(venue))).split())
