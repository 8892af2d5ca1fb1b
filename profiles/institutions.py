"""Reading organisation names out of affiliation strings as printed. Pure, deterministic, cached.

An affiliation names departments, addresses and organisations in any order. The rule keeps the organisation a
reader would file the byline under: it cuts the string at separators, weighs each piece by the words in it, and
keeps the heaviest. It knows no register; two spellings meet when their keys are equal or stand in the table of
well-known abbreviations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from profiles.institution_tables import ALIASES, CAMPUS_SYSTEMS, CAMPUSES, COUNTRIES, INCOMPLETE, NOTHING, PLACES
from researchgraph.lib.text import fold

NAME_LIMIT = 160
KEY_LIMIT = 500
NAMES_LIMIT = 8
RAW_LIMIT = 4_000
"""Longer strings are read up to here; they are contents pages, not affiliations (characters)."""

_MARKS = re.compile(r"[†‡∗*§¶♠♢♡♣♦♥★☆⋆⋄◇◆•#✉\u00b9\u00b2\u00b3\u2070-\u2079]+(?!STAR)")
_MARK_BETWEEN = re.compile(r"(?<=\w{3})[†‡*](?=[A-Z])")
_NOTE_DIGITS = re.compile(r"(?<=[a-z.)]{2})\d{1,2}(?=\s*(?:$|[+;,]))")
_SPLIT_ACCENT = re.compile(r"(?:(?<=[A-Za-z]) )?([´¨ˆ˜˚])\s?([A-Za-z])|(?<=[A-Za-z])\s?(`)([aeiou])")
_COMBINING = {"´": "\u0301", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "˚": "\u030a", "`": "\u0300"}
_ADDRESSES = re.compile(r"\S{1,80}@\S{1,80}\.\S{1,40}|https?://\S{1,300}|\bwww\.\S{1,300}")
_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]{0,300}[)\]]?")
_BYLINE = re.compile(r"^.{0,80}?\b(?:is|are|was|were) (?:\w{1,12} )?with (?:the )?", re.IGNORECASE)
_PARTS = re.compile(r"\s*(?:\+|;|\||\s/\s|\s&&\s)\s*")
_SENTENCES = re.compile(r"(?<=[a-z]{4})\.\s+(?=[A-Z])")
_PIECES = re.compile(r"\s*(?:,|\s@\s|\s[-–—]\s)\s*")
_SHORT_FORMS = (
    (re.compile(r"\bUniv(?:\.|\b)(?!ers)\s*", re.IGNORECASE), "University "),
    (re.compile(r"\bU\.? of\b"), "University of"),
    (re.compile(r"^U\.\s+(?=[A-Z])"), "University "),
    (re.compile(r"\bInst\.\s*"), "Institute "),
    (re.compile(r"\bNat(?:'?l|ional)\.?\s+(?=[A-Z])"), "National "),
    (re.compile(r"\bDept?s?\.\s*|\bDepts?\b\s*|\bDep[a-z]{0,2}ment\b\s*"), "Department "),
    (re.compile(r"\bLab\.\s*"), "Lab "),
)
_AND = re.compile(r"\s+(?:and|&)\s+(?:the\s+)?")
_ZIP = re.compile(r"\s+[A-Z]{0,3}-?\d{3,}.*$")
_LEAD = re.compile(r"^(?:and |& |the |at |from |with |also )+", re.IGNORECASE)
_CORPORATE = re.compile(
    r"(?:[,\s]+(?:Inc|Incorporated|Corporation|Corp|Ltd|Limited|LLC|L\.L\.C|GmbH|AG|S\.?A|B\.?V|Pty|Co|PLC|"
    r"S\.?r\.?l)\b\.?)+$",
    re.IGNORECASE,
)
_CORPORATE_PIECE = re.compile(r"(?:Inc|Ltd|LLC|Corp|Co|GmbH|Limited|Corporation)\b\.?(?:\s*Ltd\.?)?", re.IGNORECASE)

# Words that make a piece an organisation of its own, in the languages bylines are written in.
_STRONG = re.compile(
    r"\bUniversi|\bUniw|\bUnivers|\bHochschule|Institute? of (?:\w+ )?(?:Technology|Science)|\bPol[iy]t[eé]cn|"
    r"\bPolytechni|"
    r"\bInstituto Superior|\bIstituto Italiano|"
    r"\b[EÉ]cole\b|\bAcademy of (?:\w+ ){0,3}Sciences?|\bInstitute of Technology|\bMax.Planck|\bTechnion\b|"
    r"\bFraunhofer|"
    r"\b(?:Georgia|Virginia|Michigan|Texas|Illinois|Penn|Caltech)\s+Tech\b|\bTech University|"
    r"^(?:MIT|CMU|ETH|ETHZ|EPFL|KAIST|POSTECH|UNIST|DGIST|GIST|UIUC|UCLA|UCSD|UCSB|UCI|NYU|USC|HKUST|CUHK|NUS|"
    r"USTC|UCL|INRIA|Inria|CNRS|"
    r"Caltech|KTH|TUM|EECS MIT|MIT CSAIL|CSAIL MIT|IST Austria|ISTA|IIIT \w+|IIT \w+|MBZUAI|SUTD|UNSW|ANU)$|"
    r"^(?:UC|UT|UNC|SUNY|CUNY|TU|ETH|MIT|KTH|RWTH|IIT|IIIT|CMU)\s",
)
_COLLEGE = re.compile(r"\bCollege\b(?! of\b| Station\b| Park\b)|\bCollege of (?:London|William)|\bImperial College")
_MEDIUM = re.compile(
    r"\bInstitut|\bIstitut|\bNational (?:Lab|Research|Cent)|\bLaborator(?:y|ies) (?:of America|Inc)|\bLabs\b|"
    r"\bInc\b|\bCorporation\b|\bCorp\b|"
    r"\bLtd\b|\bLLC\b|\bGmbH\b|\bCompany\b|\bHospital\b|\bAgency\b|\bFoundation\b|\bCouncil\b|"
    r"\bTechnologies\b|\bAcademy\b|\bAerospace Center|"
    r"\bGroup$|\bObservatory\b|\bMuseum\b|\bClinic\b|\bCollaborat|\bConsortium|\bResearch$|\bAI$|\bMinistry\b|"
    r"\bMedical School\b|\bBusiness School\b|\bSchool of Economics\b",
)
_COMPANY = re.compile(
    r"^(?:Google|Microsoft|Facebook|Meta|Amazon|Apple|IBM|NVIDIA|Nvidia|DeepMind|OpenAI|Adobe|Intel|Huawei|"
    r"Tencent|Baidu|Alibaba|ByteDance|"
    r"Samsung|Sony|Toyota|Honda|Bosch|Siemens|Disney|NASA|NEC|NTT|RIKEN|Uber|Salesforce|Qualcomm|SenseTime|"
    r"Megvii|JD|Yahoo|Xerox|HP|Philips|"
    r"Bloomberg|Nokia|Ericsson|Hitachi|Toshiba|Panasonic|Fujitsu|Waymo|Twitter|LinkedIn|Netflix|Spotify|Snap|"
    r"Naver|NAVER|Kakao|LG|AT&T)\b",
)
_SUB_INSTITUTE = re.compile(r"^Instituto?e?\b", re.IGNORECASE)
_ACRONYM = re.compile(r"[A-Z][A-Za-z]?[A-Z][A-Z0-9&-]{0,7}")
_WEAK = re.compile(
    r"\bLab\b|\bLaborator|\bLaboratoire|\bLaboratorio|\bCent(?:er|re|ro|rum)\b|\bZentrum\b|\bResearch\b|"
    r"\bSociety\b|\bInitiative\b|\bHub\b",
)
_DEPARTMENT = re.compile(
    r"^(?:Graduate |National |State |MOE |MIIT |Joint |Provincial |The )*"
    r"(?:Departments?|School|Schools|Faculty|Faculties|Division|Chair|Section|Program|Programme|Unit|Group|"
    r"Team|Key Lab\w*|Laboratory of|Laboratory for|"
    r"Lab of|Lab for|College of|Colleges of|Dipartimento|D[eé]partement|Departamento|Fakult[aä]t|Facult[eé]|"
    r"Lehrstuhl|Graduate School|Campus|"
    r"Machine Learning Dep|Intelligent Systems Program|UMR|Ministry|Building|Room|Street|P\.?O\.? Box|"
    r"Locked Bag)\b|"
    r"\b(?:Departments?|Program|Programme|Division|Section|Unit|Team|Dept)$|\bDepartment\b",
    re.IGNORECASE,
)
_AT = re.compile(r"\b(?:at|of|within)\s+(?:the\s+)?(?=(?:[A-Z][\w.’'-]*\s+){0,4}(?:University|Universit[éaäà]t?)\b)")
_DEPARTMENT_GLUED = re.compile(r"^.*?\b(?:Departments?|Dept)\s+(?!of\b)(?=[A-Z])")
_OF_UNIVERSITY = re.compile(
    r"^(?:Department|School|Faculty|College|Division|Institute|Center|Centre|"
    r"Laboratory)\b.{3,120}?\s(?=(?:University|Universit[éaäà]t?|Technical University) (?:of|de|di)\b)",
)
_PLACE_DIGITS = re.compile(r"^[\d\s.-]+$|^[A-Z]{2}\.?\s+\d{4,6}(?:-\d{4})?$|^\w{1,3}-?\d{3,}")
_CONNECTIVES: Final = frozenset({"the", "at", "and"})


@lru_cache(maxsize=16_384)
def institution_names(raw_affiliation: str) -> tuple[str, ...]:
    """The organisations an affiliation string names, in its order, each once; () if it names none.

    "Dept. of CS, Univ. of Toronto, Canada + AT&T Bell Labs, Holmdel" gives ("University of Toronto",
    "AT&T Bell Labs"). Departments, addresses, e-mail addresses and footnote marks are left out.
    """
    names: dict[str, str] = {}
    raw = raw_affiliation[:RAW_LIMIT]
    found = [name for part in _PARTS.split(_tidy(raw)) for name in _organisations(part)]
    if not found and "(" in raw:
        # Sometimes the organisation itself stands in the brackets.
        raw = raw.replace("(", ", ").replace(")", ", ")
        found = [name for part in _PARTS.split(_tidy(raw)) for name in _organisations(part)]
    for name in found:
        key = _plain_key(name)
        if key and key not in NOTHING:
            names.setdefault(institution_key(name), ALIASES.get(key, name))
    return tuple(names.values())[:NAMES_LIMIT]


@lru_cache(maxsize=16_384)
def institution_key(name: str) -> str:
    """What two spellings of one organisation have in common: folded, without "the", "at" and "and"."""
    key = _plain_key(name)
    return _plain_key(ALIASES[key]) if key in ALIASES else key


def country_of(raw_affiliation: str) -> str:
    """The ISO 3166 code of the country an affiliation string ends in; "" if it names none, or several organisations."""
    pieces = [fold(piece) for piece in _PIECES.split(raw_affiliation[:RAW_LIMIT]) if piece]
    words = pieces[-1].split() if pieces else []
    ends = (" ".join(words[-length:]) for length in range(min(4, len(words)), 0, -1))
    code = next((COUNTRIES[end] for end in ends if end in COUNTRIES), "")
    # Of two organisations in one string nobody knows which one the country goes with.
    return code if code and len(institution_names(raw_affiliation)) == 1 else ""


def registry_keys(names: Iterable[str], country: str) -> tuple[str, ...]:
    """The keys under which bylines may name an organisation that a registry lists under `names`, each once.

    Registries tell companies of one name apart by their country: "Google (United States)" is printed as "Google". What
    follows a comma is part of the name: the keys of an institute are never those of the university it belongs to.
    """
    found: dict[str, None] = {}
    for name in names:
        bare = name.removesuffix(f" ({country})") if country else name
        for form in (name, bare, _CORPORATE.sub("", bare) if " " in bare else bare):
            key = institution_key(form.strip(" .,:-–—'\""))
            if key and key not in NOTHING and key not in PLACES:
                found[key] = None
    return tuple(found)


def _plain_key(name: str) -> str:
    # Transliteration can make a key far longer than the name, and an index takes only 2.7 kB.
    return " ".join(word for word in fold(name).split() if word not in _CONNECTIVES)[:KEY_LIMIT].rstrip()


def _tidy(raw: str) -> str:
    raw = _MARK_BETWEEN.sub("; ", raw)
    if not raw.isascii():
        raw = _SPLIT_ACCENT.sub(_joined_accent, raw)
        raw = _MARKS.sub(" ", raw)
    elif "`" in raw:
        raw = _SPLIT_ACCENT.sub(_joined_accent, raw)
    if "*" in raw or "#" in raw:
        raw = _MARKS.sub(" ", raw)
    if "@" in raw or "www." in raw or "://" in raw:
        raw = _ADDRESSES.sub(" ", raw)
    if "(" in raw or "[" in raw:
        raw = _BRACKETS.sub("", raw)
    return _NOTE_DIGITS.sub("", raw)


def _joined_accent(match: re.Match[str]) -> str:
    accent, letter = match[1] or match[3], match[2] or match[4]
    return unicodedata.normalize("NFC", letter + _COMBINING[accent])


def _organisations(part: str) -> list[str]:
    """The heaviest piece of one affiliation; all of them if several name a university."""
    if " with " in part:
        part = _BYLINE.sub("", part)
    pieces = []
    for sentence in _SENTENCES.split(part) if ". " in part else (part,):
        for piece in _PIECES.split(sentence):
            trimmed = _trim(piece)
            if trimmed:
                pieces.append(trimmed)
    pieces = _with_campuses(pieces)
    if not pieces:
        return []
    weights = [_weight(piece) for piece in pieces]
    best = max(weights)
    if best <= 0:
        return []
    if best == _UNIVERSITY:
        universities = [p for p, weight in zip(pieces, weights, strict=True) if weight == best]
        return [_sole(name) for piece in universities for name in _apart(piece)]
    return [_sole(pieces[weights.index(best)])]


_UNIVERSITY = 6


def _apart(piece: str) -> list[str]:
    """Two where "and" joins universities; "University of Science and Technology" is one."""
    halves = _AND.split(piece)
    return halves if len(halves) > 1 and all(" " in half and _STRONG.search(half) for half in halves) else [piece]


def _weight(piece: str) -> int:
    """How much a piece looks like the organisation itself: 6 a university, 0 an address or a department."""
    key = fold(piece)
    if key in PLACES or len(key) < 2 or _PLACE_DIGITS.match(piece):
        return 0
    if _STRONG.search(piece) or _COLLEGE.search(piece):
        return _UNIVERSITY
    if _DEPARTMENT.search(piece) and not _COMPANY.search(piece):
        return 0
    if _COMPANY.search(piece) or _MEDIUM.search(piece):
        return 3 if _SUB_INSTITUTE.match(piece) else 5
    if _ACRONYM.fullmatch(piece):
        return 4
    return 1 + bool(_WEAK.search(piece))


def _trim(piece: str) -> str:
    piece = piece.strip(" .,:-–—'\"")
    for pattern, replacement in _SHORT_FORMS:
        piece = pattern.sub(replacement, piece)
    piece = _LEAD.sub("", _ZIP.sub("", " ".join(piece.split())))
    if _CORPORATE_PIECE.fullmatch(piece):
        return ""
    if " " in piece:
        piece = _CORPORATE.sub("", piece)
    return piece[:NAME_LIMIT].strip(" .,:-–—'\"")


def _with_campuses(pieces: list[str]) -> list[str]:
    """Put "University of California" and "Berkeley" back together, after a comma cut them apart.

    The same for names that are none without their town, such as "University of Technology" and "Sydney".
    """
    joined: list[str] = []
    for piece in pieces:
        before = fold(joined[-1]) if joined else ""
        campus = fold(piece) in CAMPUSES and any(before.endswith(system) for system in CAMPUS_SYSTEMS)
        if campus or before in INCOMPLETE:
            joined[-1] = f"{joined[-1]}, {piece}"
        else:
            joined.append(piece)
    return joined


def _sole(piece: str) -> str:
    """The organisation without the unit glued to its front: "Robotics Lab at the University of X"."""
    for cut in (_DEPARTMENT_GLUED, _AT, _OF_UNIVERSITY):
        match = cut.search(piece)
        if match and (cut is not _AT or (match.start() > 0 and not _STRONG.search(piece[: match.start()]))):
            rest = piece[match.end() :]
            if _STRONG.search(rest):
                return _LEAD.sub("", rest)
    return piece
