"""Printed names of one person that no longer look alike: names dropped, added, swapped, shortened, misspelled.

`profiles.names.compatible` compares names that keep their family name and first initial, and so stay in one name
block. People also marry, drop the second family name, go by their middle or short name, and are misspelled.
`relation` names how two printed names may still be one person's; `meeting_keys` makes such names meet without
comparing all with all: two names with a relation share a key. A relation alone never joins anybody; the model weighs
it like everything else (`profiles.matching`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from profiles.names import PersonName, compatible_names, is_commonplace, long_forms

RELATIONS: Final = ("equal", "fuller", "initials", "perhaps", "shortened", "misspelled", "family", "middle", "swapped")
"""From the closest to the loosest; the place in this tuple is what the model sees."""

_LETTERS_FOR_A_SLIP: Final = 5
"""Shorter words are other words when one letter differs: "Wei" and "Wen", "Lin" and "Liu"."""
_LETTERS_OF_A_SHORT_FORM: Final = 3
_SOUNDS: Final = (
    ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ph", "f"), ("ck", "k"), ("sch", "sh"), ("y", "i"), ("w", "v"), ("th", "t"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")


@lru_cache(maxsize=65_536)
def skeleton(word: str) -> str:
    """What is left of a word when transliteration habits are taken out: "mueller" and "muller" are both "muler"."""
    for written, sound in _SOUNDS:
        word = word.replace(written, sound)
    return _DOUBLED.sub(r"\1", word)


def is_slip(a: str, b: str) -> bool:
    """Whether two words differ by one letter, two neighboring letters changed round, or a habit of transliteration."""
    if a == b:
        return False
    if min(len(a), len(b)) < _LETTERS_FOR_A_SLIP:
        return len(a) > 2 and skeleton(a) == skeleton(b)
    return skeleton(a) == skeleton(b) or _one_edit(a, b)


def _one_edit(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    start = 0
    while start < len(a) and a[start] == b[start]:
        start += 1
    if len(a) < len(b):
        return a[start:] == b[start + 1 :]
    rest_a, rest_b = a[start:], b[start:]
    if rest_a[1:] == rest_b[1:]:
        return True
    return rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:]


def relation(a: PersonName, b: PersonName) -> str | None:
    """How the two names may be one person's, as a word of RELATIONS; None if they exclude each other. Symmetric."""
    answer = compatible_names(a, b)
    if answer is None:
        return "perhaps"
    if answer:
        if a.folded == b.folded:
            return "equal"
        return "initials" if _first_is_letter(a) or _first_is_letter(b) else "fuller"
    if a.suffix and b.suffix and a.suffix != b.suffix:
        return None
    if not (a.given and b.given and a.family and b.family):
        return None
    return _loose_relation(a, b)


def _loose_relation(a: PersonName, b: PersonName) -> str | None:
    words_a, words_b = (*a.given, *a.family), (*b.given, *b.family)
    if len(words_a) < len(words_b):
        a, b, words_a, words_b = b, a, words_b, words_a
    family_a, family_b = "".join(a.family), "".join(b.family)
    first_a, first_b = a.given[0], b.given[0]
    written = len(first_a) > 1 and len(first_b) > 1
    if written and (a.family[-1] == b.family[-1] or family_a == family_b) and _middle_fits(a, b):
        if _is_shortened(first_a, first_b):
            return "shortened"
        if is_slip("".join(a.given), "".join(b.given)) or is_slip(first_a, first_b):
            return "misspelled"
    if first_a == first_b if written else first_a[0] == first_b[0]:
        if is_slip(family_a, family_b) or is_slip(a.family[-1], b.family[-1]):
            return "misspelled" if _middle_fits(a, b) else None
        if len(words_a) > len(words_b) and len(words_b[-1]) > 1 and _in_order(words_b[1:], words_a[1:]):
            return "family"
    if len(words_a) > len(words_b) and len(words_b[0]) > 1 and words_b == words_a[-len(words_b) :]:
        return "middle"
    if len(words_a) == len(words_b) == 2 and words_a == words_b[::-1] and min(map(len, words_a)) > 1:
        return "swapped"
    return None


def _first_is_letter(name: PersonName) -> bool:
    return not name.given or len(name.given[0]) == 1


def _is_shortened(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if len(a) >= _LETTERS_OF_A_SHORT_FORM and b.startswith(a):
        return True
    return bool((long_forms(a) | {a}) & (long_forms(b) | {b}))


def _middle_fits(a: PersonName, b: PersonName) -> bool:
    """Whether no middle initial contradicts another."""
    return all(x[0] == y[0] for x, y in zip(a.middle, b.middle, strict=False))


def _in_order(few: Sequence[str], many: Sequence[str]) -> bool:
    """Whether the words of the shorter run stand in the longer one in this order, the letter of a word for the word."""
    rest = iter(many)
    return all(any(word == other or (len(word) == 1 and other[0] == word) for other in rest) for word in few)


def meeting_keys(name: PersonName) -> set[str]:
    """The keys under which names with a relation meet; none for a name of a single word.

    Names that very many people bear get the plain keys only: nobody could tell their misspellings apart.
    """
    if not name.given or not name.family:
        return set()
    words = (*name.given, *name.family)
    first, last, joined = words[0], words[-1], "".join(name.family)
    keys = (
        {f"{first} {word}" for word in words[1:] if len(word) > 1} | {f"{first} {joined}"} if len(first) > 1 else set()
    )
    if is_commonplace(name.folded):
        return keys
    # By the letter, long words only: so initials meet misspelled, added and dropped family names.
    keys |= {f"{first[0]}. {word}" for word in words[1:] if len(word) >= _LETTERS_FOR_A_SLIP}
    keys |= {
        f"{first[0]}. ={piece}"
        for piece in _with_one_letter_less(skeleton(joined))
        if len(joined) >= _LETTERS_FOR_A_SLIP
    }
    keys |= {f"{word} {last}" for word in name.given[1:2] if len(word) > 1}
    if len(first) == 1:
        return keys
    if len(words) == 2:
        keys.add(f"{last} {first}")
    keys |= {f"{long} {last}" for long in long_forms(first)}
    keys |= {f"={piece} {last}" for piece in _with_one_letter_less(skeleton(first))}
    keys |= {f"{first} ={piece}" for piece in _with_one_letter_less(skeleton(last))}
    if len(first) >= _LETTERS_OF_A_SHORT_FORM:
        keys.add(f"{first[:_LETTERS_OF_A_SHORT_FORM]}~ {last}")
    if len(name.given) > 1:
        keys |= {f"={piece} {last}" for piece in _with_one_letter_less(skeleton("".join(name.given)))}
    return keys


def _with_one_letter_less(word: str) -> set[str]:
    pieces = {word}
    if len(word) >= _LETTERS_FOR_A_SLIP - 1:
        pieces.update(word[:i] + word[i + 1 :] for i in range(len(word)))
    return pieces
