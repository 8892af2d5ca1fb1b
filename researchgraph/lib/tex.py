r"""TeX inside titles and abstracts: accents to Unicode, mathematics to sanitised MathML. Pure.

The converter's output is never trusted: it lets markup through `\text{...}` and attributes through `\href`.
What reaches a page is rebuilt element by element from an allowlist of MathML, with every text escaped; anything
that does not fit shows its escaped source in `<code class="tex">` instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Final, NamedTuple

from latex2mathml.converter import convert
from lxml import etree

from researchgraph.lib import xml
from researchgraph.lib.tex_tables import ACCENTS, DROPPED, LETTERS, MACROS, STYLES, SYMBOLS, WRAPPERS

TEXT_LIMIT = 100_000
"""Longer texts are shown escaped, without a look at their mathematics (characters)."""

SPAN_LIMIT = 2_000
BRACE_LIMIT = 60
SPANS_LIMIT = 300

_ELEMENTS_TEXT: Final = (
    "math mrow mi mo mn mtext mspace ms mfrac msqrt mroot mstyle mpadded mphantom merror msub msup msubsup munder "
    "mover munderover mmultiscripts mprescripts none mtable mtr mtd menclose mfenced semantics"
)
ELEMENTS: Final = frozenset(_ELEMENTS_TEXT.split())
_ATTRIBUTES_TEXT: Final = (
    "display displaystyle scriptlevel mathvariant stretchy fence separator form accent accentunder largeop "
    "movablelimits symmetric minsize maxsize lspace rspace linethickness columnalign rowspacing columnspacing "
    "columnlines rowlines notation width height depth voffset"
)
ATTRIBUTES: Final = frozenset(_ATTRIBUTES_TEXT.split())
_ATTRIBUTE_VALUE = re.compile(r"[A-Za-z0-9.+\-% ]{0,60}")
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
_REFUSED = re.compile(
    r"\\(?:[gex]?def|let|newcommand|renewcommand|providecommand|csname|catcode|href|url|style|class|cssId|input|include|"
    r"require|htmlId|htmlClass|htmlStyle|htmlData)(?![A-Za-z])",
)
_MACRO = re.compile(r"\\(?:" + "|".join(MACROS) + r")(?![A-Za-z])")
_DELIMITER = re.compile(r"\\[\\$()\[\]]|\$\$|\$")
_MATH_SIGN = re.compile(r"[\\^_=<>]")
_ACCENT = re.compile(
    r"""\\(?P<mark>["'`^~=.])\s*(?:\{\s*\\?(?P<in>[A-Za-z])\s*\}|\\(?P<dotless>[ij])(?![A-Za-z])|(?P<bare>[A-Za-z]))"""
    r"""|\\(?P<word>[uvHcdbrkt])(?:\s*\{\s*\\?(?P<win>[A-Za-z]{1,2})\s*\}|[ ]+(?P<wbare>[A-Za-z])(?![A-Za-z]))""",
)
_TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\([^A-Za-z])|([{}~])|(---?)|(``|'')")
_SET = re.compile(r"[-+.,\s]*[0-9][-+0-9.,\s]*")
_PIECES = re.compile(r"\\([A-Za-z]+)\*?|\\[^A-Za-z]|[${}~]")
_TYPED = {"~": " ", "--": "–", "---": "—", "``": "“", "''": "”"}


class _Segment(NamedTuple):
    """A stretch of text, or the inside of one pair of mathematics delimiters (`source` has them on)."""

    text: str
    source: str
    math: bool = False
    display: bool = False


def needs_rendering(text: str) -> bool:
    """Whether `render` would do more than escape."""
    return "$" in text or "\\" in text


def render(text: str) -> str:
    r"""The text as inert HTML: mathematics as MathML, all else escaped.

    Mathematics is what stands between balanced `$`, `$$`, `\(..\)` or `\[..\]`; a sum of dollars is not.
    """
    if len(text) > TEXT_LIMIT:
        return escape(text)
    pieces = []
    spans = 0
    for segment in _segments(text):
        if not segment.math:
            pieces.append(escape(_plain_text(segment.text).replace("\\$", "$")))
            continue
        spans += 1
        pieces.append(_span(segment.text, display=segment.display) if spans <= SPANS_LIMIT else _code(segment.text))
    return "".join(pieces)


def plain(text: str) -> str:
    """TeX accents, ligatures and text commands as Unicode; mathematics stays as written. Idempotent.

    Texts without a backslash or brace come back unchanged: a tilde or ampersand there is no TeX.
    """
    if "\\" not in text and "{" not in text:
        return text
    return "".join(s.source if s.math else _plain_text(s.text) for s in _segments(text))


def symbols(text: str) -> str:
    r"""The text without any TeX, mathematics as its letters and signs: for comparing, not for showing.

    `$\ell_1$-norm` gives "ℓ_1-norm"; an unknown command gives its name.
    """
    return _PIECES.sub(_symbol, _ACCENT.sub(_accent, text))


def _symbol(match: re.Match[str]) -> str:
    command = match[1]
    if not command:
        return "" if match[0][0] in "${}" else " "
    if command in WRAPPERS or command in STYLES or command in DROPPED:
        return ""
    return LETTERS.get(command) or SYMBOLS.get(command) or f"{command} "


def _segments(text: str) -> Iterator[_Segment]:
    """Split at mathematics delimiters. An odd number of dollars means that they are no delimiters."""
    dollars = text.count("$") - text.count("\\$")
    tokens = [m for m in _DELIMITER.finditer(text) if m[0][0] == "\\" or dollars % 2 == 0]
    closers = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}
    done = 0
    opened: re.Match[str] | None = None
    for token in tokens:
        if opened is None:
            opened = token if token[0] in closers else None
            continue
        closer = closers[opened[0]]
        # "$a$$b$" is two formulas: two dollars close one and open the next.
        adjacent = closer == "$" and token[0] == "$$"
        if token[0] != closer and not adjacent:
            if closer[0] == "\\" and token[0] == opened[0]:
                opened = token
            continue
        end = token.start() + len(closer)
        inside = text[opened.end() : token.start()]
        following = text[end : end + 1]
        if closer == "$" and not adjacent and not _is_formula(inside, following):
            opened = token
            continue
        if opened.start() > done:
            yield _Segment(text[done : opened.start()], "")
        yield _Segment(inside, text[opened.start() : end], math=True, display=closer in {"$$", "\\]"})
        done = end
        opened = _DELIMITER.match(text, end) if adjacent else None
    if done < len(text):
        yield _Segment(text[done:], "")


def _is_formula(inside: str, following: str) -> bool:
    """Whether what stands between two dollars is mathematics, not the way from one price to the next."""
    if not inside.strip() or following.isdigit():
        return False
    return not (inside[0].isspace() or inside[-1].isspace()) or bool(_MATH_SIGN.search(inside))


def _plain_text(text: str) -> str:
    if "\\" not in text and "{" not in text:
        return text
    return _without_commands(_ACCENT.sub(_accent, text))


def _accent(match: re.Match[str]) -> str:
    mark = match["mark"] or match["word"]
    letters = match["in"] or match["dotless"] or match["bare"] or match["win"] or match["wbare"]
    return ACCENTS[mark](letters)


def _without_commands(text: str) -> str:
    """One pass over commands and braces; a stack remembers what each open brace means."""
    out: list[str] = []
    # For each open brace: where its content starts in `out`, and whether it is kept, unwrapped or dropped.
    stack: list[tuple[int, str]] = []
    done = 0
    fate = "group"
    for token in _TOKEN.finditer(text):
        gap = text[done : token.start()]
        if gap:
            out.append(gap)
            fate = "group"
        done = token.end()
        command, escaped, brace, dash, quote = token.groups()
        if brace == "{":
            stack.append((len(out), fate))
            out.append("{" if fate == "keep" else "")
        elif brace == "}":
            _close(out, stack)
        elif command:
            done = _command(command, text, done, out)
            fate = "drop" if command in DROPPED else "unwrap" if command in WRAPPERS else "group"
            if command not in DROPPED and command not in WRAPPERS and not _known(command):
                fate = "keep"
            continue
        else:
            out.append(_escaped(escaped) if escaped else _TYPED[dash or quote or "~"])
        fate = "group"
    out.append(text[done:])
    for start, kind in stack:
        # A brace that never closes was no TeX.
        out[start] = out[start] or ("{" if kind == "group" else "")
    return "".join(out)


def _close(out: list[str], stack: list[tuple[int, str]]) -> None:
    if not stack:
        out.append("}")
        return
    start, kind = stack.pop()
    if kind == "drop":
        del out[start:]
    elif kind == "keep" or (kind == "group" and len(out) <= start + 2 and _SET.fullmatch("".join(out[start + 1 :]))):
        # "{0,1}" is a set of numbers more often than a group.
        out[start] = "{"
        out.append("}")


def _command(command: str, text: str, done: int, out: list[str]) -> int:
    """Write what the command stands for; the position after it and the blanks it swallows."""
    swallowed = done
    while swallowed < len(text) and text[swallowed] == " ":
        swallowed += 1
    if command in LETTERS:
        out.append(LETTERS[command])
        return swallowed
    if command in SYMBOLS:
        out.append(SYMBOLS[command])
        return done
    if command in STYLES:
        return swallowed
    if command in WRAPPERS or command in DROPPED:
        return swallowed if text[swallowed : swallowed + 1] == "{" else done
    out.append(f"\\{command}")
    return done


def _known(command: str) -> bool:
    return command in LETTERS or command in SYMBOLS or command in STYLES


def _escaped(character: str) -> str:
    if character in "&%_#":
        return character
    if character in "\\,;: /":
        return " " if character != "/" else ""
    return "" if character in "-!@" else f"\\{character}"


def _code(source: str) -> str:
    return f'<code class="tex">{escape(source)}</code>'


@lru_cache(maxsize=4_096)
def _span(source: str, *, display: bool) -> str:
    """One formula as MathML, or its source when it cannot be shown safely and completely."""
    if len(source) > SPAN_LIMIT or source.count("{") > BRACE_LIMIT or _REFUSED.search(source):
        return _code(source)
    expanded = _MACRO.sub(lambda match: MACROS[match[0][1:]], source)
    try:
        markup = convert(expanded, display="block" if display else "inline")
        safe = _rebuilt(xml.parse(markup.encode()))
    except Exception:  # noqa: BLE001 - the converter raises whatever odd TeX makes it raise; the source is shown instead
        return _code(source)
    return safe if safe and "\\" not in safe else _code(source)


def _rebuilt(element: etree._Element) -> str:
    """The element written anew from the allowlists; "" if anything in it is not on them."""
    tag = element.tag.removeprefix(_MATHML) if isinstance(element.tag, str) else ""
    if tag not in ELEMENTS:
        return ""
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in sorted(element.attrib.items())
        if isinstance(name, str) and isinstance(value, str) and name in ATTRIBUTES and _ATTRIBUTE_VALUE.fullmatch(value)
    )
    pieces = [f"<{tag}{attributes}>", escape(element.text or "")]
    for child in element:
        inner = _rebuilt(child)
        if not inner:
            return ""
        pieces += [inner, escape(child.tail or "")]
    pieces.append(f"</{tag}>")
    return "".join(pieces)
