"""Personal names as printed on bylines: reading them, comparing them, and the keys under which they meet.

A name is evidence, never an identity. `compatible` therefore answers in three values: True when one person could
sign both ways, False when two printed names exclude each other, None when the spelling alone cannot tell
(nicknames, a hyphenated given name cut short, a single-word name against a full one).

Known limits, on purpose: "Wang Wei" is not read as "Wei Wang"; two family names of which one is dropped
("Gabriel García Márquez" against "Gabriel García") land in two blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from researchgraph.lib.text import fold

_ALWAYS_PARTICLES = frozenset(
    "af al am auf aus da dal dalla das de dei del della den der des di dos du el ibn op 't ten ter van vom von zu zum zur".split()
)
# Capitalised, these are ordinary given or middle names somewhere ("Bin Li", "Thi La Nguyen").
_LOWER_PARTICLES = frozenset("abu bin bint ben do e la las le los san y".split())
_PARTICLES = frozenset(fold(word) for word in _ALWAYS_PARTICLES | _LOWER_PARTICLES)
_GENERATIONS = {
    "jr": "jr",
    "junior": "jr",
    "sr": "sr",
    "ii": "ii",
    "2nd": "ii",
    "iii": "iii",
    "3rd": "iii",
    "iv": "iv",
    "4th": "iv",
}
_DEGREES = frozenset("phd md msc bsc dr prof dphil".split())
_TITLES = frozenset("dr. prof. mr. mrs. ms.".split())
_PARENTHESES = re.compile(r"[(（\[][^()（）\[\]]*[)）\]]?")
_AFTER_DOT = re.compile(r"(?<=\.)(?=[^-‐‑.])")
_HYPHENS = re.compile("[-‐‑]")
_DBLP_NUMBER = re.compile(r"[0-9]{4}")
_ABBREVIATION = re.compile(r"[A-Za-z]{2,3}\.")
_HAN_NAME = re.compile("[㐀-鿿]{2,4}|[가-힯]{2,4}")
_HAN_WORDS = re.compile("[㐀-鿿 ]+|[가-힯 ]+")
_HAN_DOUBLE_FAMILY = frozenset(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 夏侯 皇甫 尉迟 尉遲 令狐 南宫 南宮 东方 東方 慕容 司徒 남궁 황보 제갈 선우 독고".split()
)

# One syllable of a romanised Chinese, Korean or Vietnamese name. Two such words make names that many people bear.
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|ph|th|tr|kh|ng|ts|hs|hw|kw|gw|[bpmfdtnlgkhjqxrzcsywv])?"
    r"(?:iang|iong|uang|ieng|oung|eong|eung|yung|yeon|yong|yang|young|uyen|ang|eng|ing|ong|ung|yun|oon|eon|ian|ien|iao|uai|"
    r"uan|ieh|ai|ah|am|an|ao|au|ae|ee|eh|ei|em|en|eo|eu|ia|ie|im|in|iu|oa|oh|oi|om|on|oo|ou|ua|ue|ui|um|un|uo|uu|uy|ye|yo|"
    r"yu|a|e|i|o|u|v|y)[kcpt]?|ng|park|ahn|hwang",
)

# Written together, as many as a family name has; bounded, because a long run of them can be cut in very many ways.
_SYLLABLES = re.compile(f"(?=.{{1,12}}$)(?:{_SYLLABLE.pattern}){{1,6}}")

# Family names of two syllables and more that very many people bear, so that a given name does not single one out.
_FREQUENT_FAMILIES = frozenset(
    """
    adams agarwal aggarwal agrawal ahmad ahmadi ahmed alam ali allen anderson andersson arora bailey baker banerjee
    bansal becker bell bennett bhat bhatt bhattacharya bhattacharyya biswas brooks brown bui campbell carter
    chakraborty chatterjee chaudhary chaudhuri chopra choudhary choudhury chowdhury clark cohen collins cook cooper
    cox cruz das davis desai dey diaz dutta edwards evans fernandez ferreira fischer fisher foster garcia garg ghosh
    goel gomez gonzalez goyal gray green gupta gutierrez hall hansen harris hasan hassan hernandez hill hoffmann
    hossain howard hughes hussain ibrahim islam ito iyer jackson jain james jansen jensen jha jimenez johansson
    johnson jones joshi kapoor kaur kelly khan khanna king klein kobayashi krishnan kulkarni kumar levi levine levy
    lewis lopez malik martin martinez mehta menon meyer miller mishra misra mitchell mittal mohammadi moore morgan
    morris mueller mukherjee muller murphy murray nair nakamura nelson nguyen nielsen olsen ortiz ouyang pal pandey
    parker patel pathak patil paul pereira perez peterson petrov phillips prakash price rahman raj rajan raman
    ramirez ramos rao reddy reed ribeiro richardson rivera roberts robinson rodrigues rodriguez rogers rossi roy
    ruiz saha sanchez santos sarkar sato saxena schmidt schneider schulz schwartz scott sen sethi shah sharma shukla
    silva singh singhal sinha smith souza srinivasan srivastava stewart subramanian sullivan suzuki takahashi tanaka
    taylor thakur thomas thompson tiwari torres tripathi turner tyagi varma venkatesh verma vyas wagner walker wang
    ward watanabe watson weber white williams wilson wood wright yadav yamada yamamoto young
    """.split()
)

# English, German, Slavic, Romance and Greek short forms and sister spellings, by the long form.
_SHORT_FORMS = """
abigail abby; abraham abe; alan al allan; albert al bert; alexander alex alexandre aleksandr aleksander sasha alec
alexandros sandy; alexandra alex sandra; alexey alexei aleksei alex; alfred al fred; amanda mandy; anatoly anatoli
anatol; andrew andy drew andrei andrey andreas; anastasia anastasiia; angelika geli; anthony tony antony; antonio toni
antoni; arthur art artur; bartholomew bart; benjamin ben benny benjy; bernard bernie; bradley brad; bronislaw bronek;
caroline carol carrie; catherine cathy cate kate cath; charles charlie chuck carl; christian chris; christina chris
tina; christine chris tina; christopher chris kit christophe; clinton clint; constantin kostas; cynthia cindy; daniel
dan danny dani; david dave davy; deborah debbie deb debra; dimitrios dimitris; dmitry dmitri dmitriy dima dimitri;
donald don; dorothy dot dottie; douglas doug; edmund ed ted; eduard ed edward; edward ed eddie ted ned; elizabeth eliza
liz beth lisa betty elisabeth; emmanuel manu manny; esmeralda esme; eugene gene; evangelos vangelis; frances fran;
francesco franco; francis frank; francisco paco; frederick fred; gabriel gabe; geoffrey geoff; georgios yorgos giorgos
george; gerald gerry jerry; gerard gerry; giovanni gianni; gregory greg gregor; harold harry hal; henry hank harry;
herbert herb; ignacio nacho; inmaculada inma; isaac ike; jacob jake; jacqueline jackie; james jim jimmy jamie; javier
xavier; jeffrey jeff jeffery geoff; jennifer jen jenny; jeremiah jerry; jerome jerry; jessica jess; johannes hannes
jan hans johan; john jack johnny jon; jonathan jon john johnny; jorge george; jose pepe; joseph joe joey; joshua josh;
judith judy; katherine kate kathy katie kathryn; kathleen kathy; kenneth ken kenny; konstantinos kostas; lawrence
larry laurence; leonard leo len lenny; louis lou; manuel manolo manual; margaret maggie peggy meg; margarita rita;
matthew matt matthias; matthieu mathieu; maximilian max; melvin mel; michael mike mikhail michail mick mickey misha;
mikhail misha; mohammad mohammed muhammad mohamed mohamad mohd md; nathaniel nathan nate nat; nicholas nick nicolas
nico nicolaas klaus; nikolaos nikos nick; nikolay nikolai kolya; oleksandr alex; oliver ollie; olivier oliver; pamela
pam; panagiotis panos; patricia pat patty tricia; patrick pat; peter pete petr piotr pieter petros; philip phil
phillip philippe; rachel rae; raymond ray; rebecca becky; richard rick rich dick; robert rob robbie bob bobby bert;
roderick rod roderic; roland rol; ronald ron; rudolf rudi; samuel sam; samantha sam; sanford sandy; sergey sergei
serge sergio; spyridon spyros; stanislaw stan; stanislav stan slava; stanley stan; stephen steve steven stefan stephan;
steven steve; susan sue suzanne susanne; tatiana tanya tatyana; terence terry; terrence terry; theodore ted theo; thomas tom
tommy; timothy tim; tomasz tomek; ursula uschi; valentin val; victor vic viktor; vincent vince; vladimir vlad volodya;
walter walt; wesley wes; wilhelm willi; william will willem bill billy; wojciech wojtek; yevgeny yevgeniy evgeny
evgeniy eugene; zachary zach zack
"""


def _nicknames() -> dict[str, set[str]]:
    """Each listed first name with those it may stand for. Two short forms of one name do not reach each other."""
    found: dict[str, set[str]] = {}
    for line in _SHORT_FORMS.split(";"):
        long, *short_forms = line.split()
        for word in short_forms:
            found.setdefault(long, set()).add(word)
            found.setdefault(word, set()).add(long)
    return found


_NICKNAMES = _nicknames()


def long_forms(first_name: str) -> set[str]:
    """The first names that a listed one may stand for, or be the long form of; in any spelling known here."""
    return _NICKNAMES.get(first_name, set())


class PersonName(msgspec.Struct, frozen=True):
    """A name as read. `given` and `family` are folded words in order, initials as single letters.

    `suffix` is a generation ("jr", "iii") or a DBLP number ("0001"); `folded` is the `name_key`; `native` what stood
    in parentheses in another script; `compound` tells that the first given word was hyphenated ("Yu-Xiong").
    """

    given: tuple[str, ...]
    family: tuple[str, ...]
    suffix: str
    folded: str
    native: str = ""
    compound: bool = False

    @property
    def middle(self) -> tuple[str, ...]:
        """Every word between the first given and the last family word, particles left out."""
        return self.given[1:] + tuple(word for word in self.family[:-1] if word not in _PARTICLES)


class _Words(msgspec.Struct, frozen=True):
    """A name cut into printed words: what `display_parts` shows and `parse` folds."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    suffix: str
    native: str


@lru_cache(maxsize=65_536)
def parse(name: str) -> PersonName:
    """Read one printed name, given name first or "Family, Given". Never fails; an unreadable name has no words."""
    words = _split(name)
    capitals = name.isupper()
    given: list[str] = []
    for word in words.given:
        if not capitals and _clearly_initials(word, words.family):
            given.extend(word.lower())
        elif _ABBREVIATION.fullmatch(word):
            given.append(word[0].lower())
        else:
            given.extend(fold(word).split())
    family = tuple(fold(" ".join(words.family)).split())
    if not family and given:
        family = (given.pop(),)
    first = words.given[0] if words.given else ""
    compound = "-" in first[1:-1] and len(given) > 1 and len(given[0]) > 1
    folded = " ".join((*given, *family)) or " ".join(name.casefold().split())
    return PersonName(tuple(given), family, words.suffix, folded, words.native, compound)


def name_key(name: str) -> str:
    """The folded full name, given names first, one space between words: "ari s morcos"."""
    return parse(name).folded


@lru_cache(maxsize=65_536)
def block_key(name: str) -> str:
    """Last word of the family name and first initial: "morcos a". Names in different blocks are never compared."""
    parsed = parse(name)
    if not parsed.family:
        return parsed.folded
    return f"{parsed.family[-1]} {parsed.given[0][0]}" if parsed.given else parsed.family[-1]


def compatible(a: str, b: str) -> bool | None:
    """Could one person sign both ways? True, False, or None when the spelling cannot tell."""
    return compatible_names(parse(a), parse(b))


def compatible_names(a: PersonName, b: PersonName) -> bool | None:
    """`compatible` on names already read. Symmetric."""
    if a.suffix and b.suffix and a.suffix != b.suffix and a.suffix.isdigit() == b.suffix.isdigit():
        return False
    if a.folded == b.folded:
        # The hyphen does not survive folding, so equal keys may differ in `compound` only.
        return True
    if not a.family or not b.family:
        return False
    if a.family[-1] != b.family[-1]:
        return "".join(a.family) == "".join(b.family) and _given_compatible(a, b)
    if not a.given or not b.given:
        return None if bool(a.given) != bool(b.given) or len(a.family) != len(b.family) else a.family == b.family
    return _given_compatible(a, b)


def _given_compatible(a: PersonName, b: PersonName) -> bool | None:
    if not a.given or not b.given:
        return a.given == b.given or None
    first_a, first_b = a.given[0], b.given[0]
    middle_a, middle_b = a.middle, b.middle
    if first_a[0] != first_b[0]:
        return False
    if first_a == first_b:
        if not _align(middle_a, middle_b):
            return False
        cut_short = (a.compound and not middle_b) or (b.compound and not middle_a)
        return None if cut_short and len(first_a) > 1 else True
    if len(first_a) == 1 or len(first_b) == 1:
        return _align(middle_a, middle_b)
    if len(first_a) < len(first_b):
        first_a, first_b, middle_a, middle_b = first_b, first_a, middle_b, middle_a
    if first_a.startswith(first_b) and middle_b:
        remainder = first_a[len(first_b) :]
        if remainder == middle_b[0]:
            return _align(middle_a, middle_b[1:])
        if remainder[0] == middle_b[0]:
            # "Jae H. Kim" may be "Jaehyun Kim", but "Li A. Chen" is hardly "Liang Chen".
            return None
    if first_b in _NICKNAMES.get(first_a, ()) and _align(middle_a, middle_b):
        return None
    return False


def _align(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the shorter run of middle names fits into the longer one in order, an initial fitting its word."""
    if not a or not b:
        return True
    if len(a) > len(b):
        a, b = b, a
    if "".join(a) == "".join(b):
        return True
    position = 0
    for word in b:
        other = a[position]
        if word == other or ((len(word) == 1 or len(other) == 1) and word[0] == other[0]):
            position += 1
            if position == len(a):
                return True
    return False


def is_initials_only(name: str) -> bool:
    """True for "S. Y. Gadre": there are given names and each is a single letter."""
    return initials_only(parse(name))


def initials_only(name: PersonName) -> bool:
    """`is_initials_only` on a name already read."""
    return bool(name.given) and all(len(word) == 1 for word in name.given)


@lru_cache(maxsize=16_384)
def is_commonplace(key: str) -> bool:
    """Whether a `name_key` has a shape that many people bear: a one-syllable East Asian family name with a
    one-syllable given name or initials only; or a single word.

    A notion built in on purpose: counting bearers in the collection would let one import change the
    meaning of another's evidence.
    """
    *given, family = key.split() or [""]
    if not given:
        return True
    if not _SYLLABLE.fullmatch(family):
        return False
    return all(len(word) == 1 for word in given) or (len(given) == 1 and _SYLLABLE.fullmatch(given[0]) is not None)


@lru_cache(maxsize=16_384)
def is_distinctive(key: str) -> bool:
    """Whether a `name_key` is one that hardly two people of one field share: a written-out given name before a family
    name that is neither a single East Asian syllable nor among the most frequent ones.
    """
    words = key.split()
    return (
        len(words) > 1
        and len(words[0]) > 1
        and words[-1] not in _FREQUENT_FAMILIES
        and len(words[-1]) > 1
        and not _SYLLABLE.fullmatch(words[-1])
    )


@lru_cache(maxsize=16_384)
def loose_key(key: str) -> str:
    """What the spellings of one co-author usually have in common, from a `name_key`: first and last word.

    Syllables of a given name are written together ("xiao ming li" as "xiaoming li"). Looser than an identity,
    and meant for corroboration only.
    """
    words = key.split()
    if len(words) < 3:
        return key
    if len(words) == 3 and all(len(word) > 1 and _SYLLABLE.fullmatch(word) for word in words):
        return f"{words[0]}{words[1]} {words[2]}"
    return f"{words[0]} {words[-1]}"


def display_parts(name: str) -> tuple[str, str]:
    """(family, given) as printed, for citations: ("van den Oord", "Aaron"). A generation stays with the given names."""
    words = _split(name)
    given = list(words.given)
    if words.suffix and not words.suffix.isdigit():
        given.append("Jr." if words.suffix == "jr" else "Sr." if words.suffix == "sr" else words.suffix.upper())
    return " ".join(words.family), " ".join(given)


def sort_name(name: str) -> str:
    """The name as lists sort it: "Morcos, Ari S."."""
    family, given = display_parts(name)
    return f"{family}, {given}" if family and given else family or given or name


def short(name: str) -> str:
    """The name with initials, for graph labels: "D. G. T. Barrett", "J.-P. Serre"."""
    words = _split(name)
    capitals = name.isupper()
    initials: list[str] = []
    for word in words.given:
        if not capitals and _clearly_initials(word, words.family):
            initials.extend(f"{letter}." for letter in word)
            continue
        for piece in _AFTER_DOT.split(word):
            parts = [part for part in _HYPHENS.split(piece) if part.strip(".")]
            initials.append("-".join(f"{part[0].upper()}." for part in parts))
    return " ".join([*(item for item in initials if item), *words.family]) or name


def preferred(names: Mapping[str, int] | Iterable[tuple[str, int]]) -> str:
    """The best spelling to show, given how many bylines print each. "" for none.

    Full given names come before initials and mixed case before capitals. Among those the most frequent wins, where
    an accent or a middle initial counts like four times the bylines: sources drop them, nobody adds them.
    "Family, Given" is turned round.
    """
    counts: dict[str, int] = {}
    for name, count in names.items() if isinstance(names, Mapping) else names:
        shown = _given_first(name)
        counts[shown] = counts.get(shown, 0) + count

    def rank(name: str) -> tuple[bool, bool, int, int, str]:
        parsed = parse(name)
        weight = counts[name]
        if not name.isascii():
            weight *= 4
        if len(parsed.given) > 1:
            weight *= 4
        full = bool(parsed.given) and len(parsed.given[0]) > 1
        return (not full, name.isupper() or name.islower(), -weight, -counts[name], name)

    return min(counts, key=rank, default="")


def _given_first(name: str) -> str:
    if "," not in name:
        return name
    family, given = display_parts(name)
    return f"{given} {family}" if given and family else name


def _clearly_initials(word: str, family: Sequence[str]) -> bool:
    """Whether two or three capitals are initials ("SY", "DGT") and not a short name ("LI", "KIM").

    Syllables end in a vowel, n, ng, r, or a Korean or Vietnamese stop; capitals that no syllable spells are initials.
    So are two that one spells before a family name that is not made of syllables: "JA Smith", but "MA Kaili".
    """
    if not 2 <= len(word) <= 3 or not word.isascii() or not word.isalpha() or not word.isupper():
        return False
    if _SYLLABLE.fullmatch(word.lower().replace("y", "j")) is None:
        return word != "NG"
    return len(word) == 2 and bool(family) and _SYLLABLES.fullmatch(fold(family[-1])) is None


def _split(name: str) -> _Words:
    native = ""
    if "(" in name or "（" in name or "[" in name:
        bracketed = _PARENTHESES.findall(name)
        native = next((text.strip("()（）[] ") for text in bracketed if not text.strip("（）").isascii()), "")
        outside = " ".join(_PARENTHESES.sub(" ", name).split())
        name = outside or name.strip("()（）[] ")
    parts = [part.strip() for part in name.split(",")] if "," in name else [name]
    suffix = ""
    kept: list[str] = []
    for index, part in enumerate(parts):
        plain = part.replace(".", "").lower()
        if index and (plain in _GENERATIONS or plain in _DEGREES):
            suffix = suffix or _GENERATIONS.get(plain, "")
        elif part:
            kept.append(part)
    if not kept:
        return _Words((), (name,) if name else (), suffix, native)
    if len(kept) > 1:
        family, ending = _without_suffix(kept[0].split())
        given, second_ending = _without_suffix(" ".join(kept[1:]).split())
        return _Words(tuple(given), tuple(family), suffix or ending or second_ending, native)
    words, ending = _without_suffix(kept[0].split())
    suffix = suffix or ending
    while len(words) > 2 and words[0].lower() in _TITLES:
        words = words[1:]
    if len(words) == 1:
        word = words[0]
        if not word.isascii() and _HAN_NAME.fullmatch(word):
            cut = 2 if len(word) > 2 and word[:2] in _HAN_DOUBLE_FAMILY else 1
            return _Words((word[cut:],), (word[:cut],), suffix, native or word)
        # "R.Lopes": the space after the last initial is often lost.
        head, dot, tail = word.rpartition(".")
        if dot and head and tail:
            return _Words((head + dot,), (tail,), suffix, native)
    if len(words) == 2 and _HAN_WORDS.fullmatch(" ".join(words)):
        return _Words((words[1],), (words[0],), suffix, native or " ".join(words))
    start = len(words) - 1
    while start > 1 and _is_particle(words[start - 1]):
        start -= 1
    return _Words(tuple(words[:start]), tuple(words[start:]), suffix, native)


def _is_particle(word: str) -> bool:
    return word.lower() in _ALWAYS_PARTICLES or word in _LOWER_PARTICLES


def _without_suffix(words: list[str]) -> tuple[list[str], str]:
    """The words without a generation or DBLP number at their end."""
    if len(words) > 1:
        last = words[-1]
        if _DBLP_NUMBER.fullmatch(last):
            return words[:-1], last
        generation = _GENERATIONS.get(last.replace(".", "").lower())
        if generation:
            return words[:-1], generation
    return words, ""


def compatible_pairs(names: Sequence[PersonName]) -> dict[tuple[int, int], bool | None]:
    """Index pairs (low, high) of names of one block that are not incompatible, with True or None.

    Of two compatible first names one is an initial, or begins with the other, or is listed as its short form; so
    a block of hundreds of spellings is not compared pair by pair.
    """
    found: dict[tuple[int, int], bool | None] = {}
    by_first: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        first = name.given[0] if name.given else ""
        starts: Iterable[str]
        if len(first) < 2:
            starts = tuple(by_first)
        else:
            starts = {first[:length] for length in range(len(first) + 1)} | _NICKNAMES.get(first, set())
            starts = sorted(start for start in starts if start in by_first)
            # Those that begin with this one came earlier as well; they are few first names, not few bearers.
            starts += [other for other in by_first if len(other) > len(first) and other.startswith(first)]
        for start in starts:
            for other_index in by_first[start]:
                answer = compatible_names(names[other_index], name)
                if answer is not False:
                    found[other_index, index] = answer
        by_first.setdefault(first, []).append(index)
    return found
