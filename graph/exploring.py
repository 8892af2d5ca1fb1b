"""What of the graph somebody asks to see, as the address says it. Pure.

One address is one view: table, picture, exports and the API read the same `View`, so they show the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec

from researchgraph.lib.dates import EARLIEST_YEAR, LATEST_YEAR
from researchgraph.lib.public_ids import ALPHABET, LENGTH

PERSON, WORK, TOPIC, INSTITUTION = "person", "work", "topic", "institution"
KINDS: Final = (PERSON, WORK, TOPIC, INSTITUTION)
SECTIONS: Final = {PERSON: "researchers", WORK: "works", TOPIC: "topics", INSTITUTION: "institutions"}
"""Where the page of each kind lives."""
OF_SECTION: Final = {section: kind for kind, section in SECTIONS.items()}
SHOWN: Final = {PERSON: 40, WORK: 30, TOPIC: 12, INSTITUTION: 8}
"""Nodes of each kind that are shown next to the center, the strongest. More do not stay readable."""
FURTHER: Final = 50
"""People two steps away that are shown at most."""
UNFOLDED: Final = {PERSON: 8, WORK: 6, TOPIC: 4, INSTITUTION: 3}
"""Nodes of each kind that unfolding another one adds at most."""
UNFOLDED_MOST: Final = 6
HIDDEN_MOST: Final = 20
"""Entities that an address unfolds and hides at most; the ones named last count."""
ON_PROFILE: Final = 16
"""Rows of the graph on a profile, of all kinds together: as many as its dial has people."""
EDGES_SHOWN: Final = 400
STEPS: Final = (1, 2)
TRAIL: Final = 6
"""Entities visited before that the address remembers."""
STRONGEST: Final = 100.0
SEARCH_LENGTH: Final = 100
FORMATS: Final = ("csv", "graphml", "gexf", "json", "svg")


class Ref(msgspec.Struct, frozen=True):
    """An entity by kind and public id, written "person:2x4g…" in addresses."""

    kind: str
    public_id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.public_id}"

    @property
    def explore(self) -> str:
        """Where it is in the center."""
        return f"/explore/{SECTIONS[self.kind]}/{self.public_id}/"


class Unfolded(msgspec.Struct, frozen=True):
    """An entity whose neighbors are shown as well: those of one kind, or of all kinds that are shown; written "person:2x4g….work"."""

    ref: Ref
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.ref}.{self.kind}" if self.kind else str(self.ref)


def ref(text: str) -> Ref | None:
    """What "person:2x4g…" names; None for anything else."""
    kind, _, public_id = text.partition(":")
    known = kind in KINDS and len(public_id) == LENGTH and set(public_id) <= set(ALPHABET)
    return Ref(kind, public_id) if known else None


def unfolded(text: str) -> Unfolded | None:
    """What "person:2x4g….work" names; None for anything else."""
    entity, dot, kind = text.partition(".")
    known = ref(entity)
    return Unfolded(known, kind) if known and (kind in KINDS or not dot) else None


class View(msgspec.Struct, frozen=True):
    """One view of the graph around `center`.

    `kinds` are shown next to it; `since` and `until` are the first and last year of the works that count; `least` is the
    smallest strength of a person; `steps` how far people are followed; `topic` the public id of a topic that works have to
    be on; `words` what labels have to contain; `unfolded` whose neighbors are shown as well, and `hidden` what is left out;
    `selected` what is looked at more closely; `trail` where one came from.
    """

    center: Ref
    kinds: tuple[str, ...] = KINDS
    since: int | None = None
    until: int | None = None
    least: float = 0.0
    steps: int = 1
    topic: str = ""
    words: str = ""
    unfolded: tuple[Unfolded, ...] = ()
    hidden: tuple[Ref, ...] = ()
    selected: Ref | None = None
    trail: tuple[Ref, ...] = ()
    table: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out by choice."""
        plain = View(self.center)
        return any(
            getattr(self, one) != getattr(plain, one)
            for one in ("kinds", "since", "until", "least", "topic", "words", "hidden")
        )

    def query(self, **changes: object) -> str:
        """The address of this view, with these parts changed."""
        view = msgspec.structs.replace(self, **changes)
        return f"{view.center.explore}{view.parameters}"

    @property
    def parameters(self) -> str:
        """What stands behind the address of the center: "?since=2020&…", "" where nothing is chosen."""
        pairs = [*self.filters()]
        if self.selected:
            pairs.append(("sel", str(self.selected)))
        if self.trail:
            pairs.append(("trail", " ".join(map(str, self.trail))))
        if self.table:
            pairs.append(("view", "table"))
        return f"?{urlencode(pairs)}" if pairs else ""

    def filters(self) -> list[tuple[str, str]]:
        """What is shown of what is next to the center, as the address says it; the parts that change what is exported."""
        found = [] if self.kinds == KINDS else [("kinds", ",".join(self.kinds))]
        for name, value in (("since", self.since), ("until", self.until), ("topic", self.topic), ("q", self.words)):
            if value:
                found.append((name, str(value)))
        if self.least:
            found.append(("min", f"{self.least:g}"))
        if self.steps != 1:
            found.append(("steps", str(self.steps)))
        for name, several in (("open", self.unfolded), ("hide", self.hidden)):
            if several:
                found.append((name, " ".join(map(str, several))))
        return found

    @property
    def on_profile(self) -> tuple[tuple[str, str], ...]:
        """What narrows the graph on the person's profile, as its address says it; () is the stored graph, of people."""
        return tuple(
            pair for pair in (("kinds", ",".join(self.kinds)), *View(self.center, since=self.since, least=self.least).filters())
            if pair != ("kinds", PERSON)
        )  # fmt: skip

    def around(self, other: Ref) -> str:
        """The address of the same view with another center, which remembers this one."""
        trail = (*(one for one in self.trail if one not in {self.center, other}), self.center)[-TRAIL:]
        return self.query(center=other, trail=trail, selected=None, topic="", words="", unfolded=(), hidden=())

    def back(self, place: int) -> str:
        """The address of the view around an entity of the trail."""
        return self.query(center=self.trail[place], trail=self.trail[:place], selected=None, unfolded=(), hidden=())

    def beside(self, one: Unfolded) -> View:
        """The view of what unfolding an entity adds."""
        kinds = (one.kind,) if one.kind else self.kinds
        return View(one.ref, kinds=kinds, since=self.since, until=self.until, least=self.least, topic=self.topic)

    def opens(self, other: Ref) -> bool:
        """Whether an entity is unfolded."""
        return any(one.ref == other for one in self.unfolded)

    def unfold(self, other: Ref, kind: str = "") -> str:
        """The address of this view with an entity unfolded."""
        one = Unfolded(other, kind)
        others = tuple(known for known in self.unfolded if known != one and (kind or known.ref != other))
        return self.query(unfolded=(*others, one)[-UNFOLDED_MOST:], selected=other)

    def fold(self, other: Ref) -> str:
        """The address of this view with an entity folded again."""
        return self.query(unfolded=tuple(one for one in self.unfolded if one.ref != other), selected=other)

    def hide(self, other: Ref) -> str:
        """The address of this view without an entity, and without what only it has brought."""
        unfolded = tuple(one for one in self.unfolded if one.ref != other)
        return self.query(unfolded=unfolded, hidden=(*self.hidden, other)[-HIDDEN_MOST:], selected=None)


def view(center: Ref, asked: Mapping[str, str], *, kinds: Sequence[str] = (), usual: tuple[str, ...] = KINDS) -> View:
    """The view that these parameters ask for; what cannot be is left out.

    `kinds` are those of several boxes of a form, `usual` those of an address that names none.
    """
    named = [part.strip() for one in (*kinds, asked.get("kinds", "")) for part in one.split(",")]
    chosen = tuple(kind for kind in KINDS if kind in named)
    since, until = _year(asked.get("since", "")), _year(asked.get("until", ""))
    if since and until and since > until:
        since, until = until, since
    topic = ref(f"{TOPIC}:{asked.get('topic', '')}")
    steps = asked.get("steps", "")
    opened = dict.fromkeys(
        opening for text in asked.get("open", "").split() if (opening := unfolded(text)) and opening.ref != center
    )
    hidden = dict.fromkeys(one for text in asked.get("hide", "").split() if (one := ref(text)) and one != center)
    return View(
        center,
        kinds=chosen or usual,
        since=since,
        until=until,
        least=_number(asked.get("min", "")),
        steps=int(steps) if steps in {str(one) for one in STEPS} else 1,
        topic=topic.public_id if topic else "",
        words=" ".join(asked.get("q", "").split())[:SEARCH_LENGTH],
        unfolded=tuple(opened)[-UNFOLDED_MOST:],
        hidden=tuple(hidden)[-HIDDEN_MOST:],
        selected=ref(asked.get("sel", "")),
        trail=tuple(one for text in asked.get("trail", "").split()[-TRAIL:] if (one := ref(text)) and one != center),
        table=asked.get("view") == "table",
    )


def profile_view(public_id: str, asked: Mapping[str, str], *, kinds: Sequence[str] = ()) -> View:
    """The view of a profile's graph: people, unless the address names other kinds; all years and any strength likewise."""
    known = {name: asked.get(name, "") for name in ("kinds", "since", "min")}
    return view(Ref(PERSON, public_id), known, kinds=kinds, usual=(PERSON,))


def _year(text: str) -> int | None:
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else 0
    return year if EARLIEST_YEAR <= year <= LATEST_YEAR else None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return round(value, 2) if 0 < value <= STRONGEST else 0.0
