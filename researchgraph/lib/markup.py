"""Titles and abstracts with markup in them (HTML, JATS, MathML) as plain text. Pure and linear-time.

Only names that these languages use are taken for markup; anything else in angle brackets is the author's text.
`researchgraph.lib.text.clean` does the rest: entities, blanks, invisible characters.
"""

from __future__ import annotations

import html
import re

DEPTH_LIMIT = 200
"""Markup nested deeper than this is not followed: its tags are dropped, nothing is put between its parts."""

_TAG = re.compile(
    r"<(?P<end>/?)(?:(?P<prefix>[A-Za-z][A-Za-z0-9]{0,9}):)?(?P<name>[A-Za-z][A-Za-z0-9-]{0,30})"
    r"(?:\s[^<>]{0,2000})?(?P<empty>/?)>"
)
_ESCAPED = re.compile(r"&lt;/?(?:[a-z]{1,10}:)?(?:math|m[a-z]{1,10}|semantics|annotation|jats)\b", re.IGNORECASE)
_MATH = frozenset(
    "math semantics annotation annotation-xml mrow mi mo mn ms mtext mspace mglyph msub msup msubsup mfrac msqrt mroot "
    "mover munder munderover mmultiscripts mprescripts none mfenced menclose mstyle mpadded mphantom merror maction "
    "mtable mtr mlabeledtr mtd maligngroup malignmark".split()
)
_HIDDEN = frozenset({"annotation", "annotation-xml", "mphantom", "tex-math"})
_BLOCKS = frozenset(
    "p div br hr li ul ol dl dt dd tr td th table h1 h2 h3 h4 h5 h6 blockquote sec title list-item disp-formula "
    "disp-quote".split()
)
_INLINE = frozenset(
    "i b u em strong sub sup small big tt span font inf scp sc italic bold underline overline ovl strike a "
    "inline-formula alternatives ext-link xref styled-content named-content tex-math".split()
)
_MORE_BLOCKS = frozenset("label list break fig caption abstract".split())
"""Set apart only where a prefix says that they are markup."""

_HEADED = re.compile(r"\s*(?:<[^<>]{1,200}>\s*){0,3}<(?:[a-z]{1,10}:)?title\b", re.IGNORECASE)
_HEADINGS = frozenset({"abstract", "summary", "zusammenfassung", "résumé", "resumen", "resumo"})
# What stands between the first part and the following ones, where running them together would change the meaning.
_BETWEEN = {"mfrac": "/", "msup": "^", "msubsup": "^"}


def plain(text: str) -> str:
    """The text without its markup: "H<sub>2</sub>O" gives "H2O", a MathML fraction of 1 and 2 gives "1/2".

    Annotations of formulas, which say the same once more in another language, are left out. Blocks are set apart by blanks.
    """
    if "<" not in text:
        if "&lt;" not in text or not _ESCAPED.search(text):
            return text
        text = html.unescape(text)
    return _Reading().read(text)


def abstract(text: str) -> str:
    """An abstract as plain text, without a heading that says no more than that it is one."""
    found = " ".join(plain(text).split())
    head, separator, rest = found.partition(" ")
    is_heading = separator and head.strip(".:").casefold() in _HEADINGS and _HEADED.match(text)
    return rest if is_heading else found


class _Reading:
    """One pass over a text. `hidden` counts the open elements whose content says the same as what is kept."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.held: list[str] = []
        self.hidden = 0
        self.open: list[tuple[str, int]] = []

    def read(self, text: str) -> str:
        at = 0
        lowered = text.lower()
        # Unprefixed names are MathML only inside of it. A formula in TeX may be all there is.
        math = "<math" in lowered
        twice = "tex-math" in lowered and (math or ":math" in lowered)
        for tag in _TAG.finditer(text):
            name, prefix = tag["name"].lower(), (tag["prefix"] or "").lower()
            if not _is_markup(name, prefix, math=math):
                continue
            self._keep(text[at : tag.start()])
            at = tag.end()
            if name in _HIDDEN and (name != "tex-math" or twice):
                self._hide(tag)
            elif self.hidden == 0:
                self._space(name, prefix, opening=not tag["end"], closed=bool(tag["empty"]))
            if name == "math" and tag["end"]:
                # Whatever a formula left open ends with it.
                self.hidden = 0
                self.held.clear()
                self.open.clear()
        self._keep(text[at:])
        # What nothing ended was no annotation.
        return "".join(self.parts + self.held)

    def _keep(self, piece: str) -> None:
        (self.held if self.hidden else self.parts).append(piece)

    def _hide(self, tag: re.Match[str]) -> None:
        if tag["empty"]:
            return
        self.hidden = max(0, self.hidden - 1) if tag["end"] else self.hidden + 1
        if self.hidden == 0:
            self.held.clear()

    def _space(self, name: str, prefix: str, *, opening: bool, closed: bool) -> None:
        if name in _BLOCKS or (prefix == "jats" and name in _MORE_BLOCKS):
            self.parts.append(" ")
        elif name in _MATH:
            if opening:
                self._begin(name)
            if (closed or not opening) and self.open and self.open[-1][0] == name:
                self.open.pop()

    def _begin(self, name: str) -> None:
        if self.open:
            parent, place = self.open[-1]
            if (place == 1 and parent in {"mfrac", "msup"}) or (place == 2 and parent == "msubsup"):
                self.parts.append(_BETWEEN[parent])
            self.open[-1] = (parent, place + 1)
        if name == "msqrt":
            self.parts.append("√")
        if len(self.open) < DEPTH_LIMIT:
            self.open.append((name, 0))


def _is_markup(name: str, prefix: str, *, math: bool) -> bool:
    if prefix:
        return prefix in {"jats", "mml", "m"} or name in _MATH
    return name in _BLOCKS or name in _INLINE or (name in _MATH and (math or name == "math"))
