"""The author line of arXiv's `arXivRaw` format taken apart, by the rules arXiv gives to its submitters.

"A. Author (1), B. Author and C. Author (1 and 2) ((1) Here, (2) There)": names stand between commas and "and".
Parentheses behind a name hold its affiliation, or keys of a legend in parentheses of its own or at the end of the line.
What stands behind names joined by "and" alone is meant for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from researchgraph.lib import tex
from works.records import ParsedAuthor

LINE_LIMIT = 1_000_000

_SEPARATOR = re.compile(r" ?([,;:]) ?(?:(?:and|AND|&) )?| (and|AND|&) ")
_SUFFIX = re.compile(r"(?:jr|sr)\.?|ii|iii|iv", re.IGNORECASE)
_ET_AL = re.compile(r"(?:^|[ ,])(?:et\.? ?al\.?|and others)$", re.IGNORECASE)
_KEY = r"(?:\d{1,3}[a-z]?|[a-zA-Z]|[*†‡§¶#]{1,3})"
_ONE_KEY = re.compile(_KEY)
_BETWEEN_KEYS = re.compile(r" ?(?:,|;|&|\band\b) ?")
_WRAPPED = re.compile(rf"\(({_KEY})\) ?")
_NUMBERED = re.compile(rf"(?:^|(?<=[,;] ))({_KEY})(?:[:)]|\.(?= )) ?")


class AuthorLine(NamedTuple):
    """The authors in printed order. `truncated`: the line ends in "et al."; `unaligned`: places that are nobody's."""

    authors: tuple[ParsedAuthor, ...]
    truncated: bool
    unaligned: tuple[str, ...]


@dataclass
class _Byline:
    name: str
    joined: bool
    """Whether only "and" stands between the name before and this one."""
    notes: list[str] = field(default_factory=list)


class _Group(NamedTuple):
    """A stretch of the line at the top level, or the inside of a pair of parentheses there."""

    text: str
    start: int
    inside: bool


def split(line: str) -> AuthorLine:
    """Names and affiliations of an author line. What cannot be tied to a name is given apart; nothing is dropped."""
    line = " ".join(tex.plain(line[:LINE_LIMIT]).split())
    groups, legend = _legend_apart(line)
    bylines: list[_Byline] = []
    unaligned: list[str] = []
    joined = False
    for group in groups:
        if group.inside and bylines:
            bylines[-1].notes.append(group.text)
        elif group.inside:
            unaligned.append(group.text)
        else:
            joined = _read_names(_with_nickname(group.text, bylines), bylines, joined=joined)
    truncated = False
    for byline in bylines:
        shorter = _ET_AL.sub("", byline.name).rstrip(" ,")
        truncated = truncated or shorter != byline.name
        byline.name = shorter
        if not any(character.isalnum() for character in shorter):
            unaligned += _places(byline.notes, {}, set())
    bylines = [byline for byline in bylines if any(character.isalnum() for character in byline.name)]
    used: set[str] = set()
    places = [_places(byline.notes, legend, used) for byline in bylines]
    for place in range(len(bylines) - 1, 0, -1):
        if bylines[place].joined and not places[place - 1]:
            places[place - 1] = places[place]
    unaligned += [place for key, place in legend.items() if key not in used]
    authors = tuple(ParsedAuthor(byline.name, tuple(own)) for byline, own in zip(bylines, places, strict=True))
    return AuthorLine(authors, truncated, tuple(unaligned))


def _with_nickname(text: str, bylines: list[_Byline]) -> str:
    """Names after a parenthesis; one that goes on behind it, as "Alexander (Sasha) Name" does, is taken up again."""
    notes = bylines[-1].notes if bylines else []
    if not notes or _SEPARATOR.match(text) or not text.strip() or not any(c.isalpha() for c in notes[-1]):
        return text
    byline = bylines.pop()
    return f"{byline.name} ({' '.join(notes)}){text}"


def _read_names(text: str, bylines: list[_Byline], *, joined: bool) -> bool:
    """Add the names of a stretch of text. Returns whether the next name is joined to the last one by "and" alone."""
    start = 0
    for separator in [*_SEPARATOR.finditer(text), None]:
        name = text[start : separator.start() if separator else len(text)].strip()
        if name and _SUFFIX.fullmatch(name) and bylines and not bylines[-1].notes:
            bylines[-1].name += f", {name}"
        elif name:
            bylines.append(_Byline(name, joined))
            joined = False
        if separator:
            joined = separator[2] is not None
            start = separator.end()
    return joined


def _groups(line: str) -> Iterator[_Group]:
    """The line cut at its outermost parentheses. One that never closes reaches to the end; one too many is no text."""
    depth = start = 0
    for at, character in enumerate(line):
        if character == "(":
            if depth == 0:
                yield _Group(line[start:at], start, inside=False)
                start = at + 1
            depth += 1
        elif character == ")":
            if depth <= 1:
                yield _Group(line[start:at], start, inside=depth == 1)
                start = at + 1
            depth = max(0, depth - 1)
    yield _Group(line[start:], start, inside=depth > 0)


def _legend_apart(line: str) -> tuple[list[_Group], dict[str, str]]:
    """The stretches that are names and notes, and the legend: its keys with the places they stand for."""
    kept: list[_Group] = []
    legend: dict[str, str] = {}
    for group in _groups(line):
        if not group.inside:
            kept.append(group)
            continue
        entries = _entries(group.text) if kept else {}
        if entries:
            legend.update(entries)
        elif _ONE_KEY.fullmatch(group.text) and kept and kept[-1].text.rstrip().endswith((",", ";")):
            # A key behind a comma belongs to no name: from here on the line is the legend.
            legend.update(_entries(line[group.start - 1 :]))
            break
        else:
            kept.append(group)
    return [group for group in kept if group.text.strip()], legend


def _entries(text: str) -> dict[str, str]:
    """The places of a legend by key: "(1) Here, (2) There", "1: Here; 2: There", "1. Here, 2. There"; {} if it is none."""
    text = text.strip()
    pattern = _WRAPPED if text.startswith("(") else _NUMBERED
    marks = list(pattern.finditer(text))
    if not marks or marks[0].start() > 0:
        return {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        place = text[mark.end() : end].strip(" ,;").removesuffix(" and").rstrip(" ,;")
        if place:
            found.setdefault(mark[1], place)
    return found


def _places(notes: list[str], legend: dict[str, str], used: set[str]) -> list[str]:
    """What the notes behind a name say: places, or keys put in full. A bare number without a legend says nothing."""
    found: list[str] = []
    for note in notes:
        keys = [key.strip("() ") for key in _BETWEEN_KEYS.split(note)]
        if all(_ONE_KEY.fullmatch(key) for key in keys) and any(key in legend for key in keys):
            used.update(keys)
            found += [legend[key] for key in keys if key in legend]
        elif any(character.isalpha() for character in note):
            found.append(note.strip())
    return list(dict.fromkeys(found))
