"""What notifications say, in plain English, from plain values. Pure.

A sentence is a list of parts, because names of people are told from our own words on a page, and may lead somewhere. None
says who decided anything, and a record without a name here is one that nobody may name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from profiles.claims import LABELS, Actor, State, may
from profiles.ledger import EventKind
from researchgraph.lib.public_ids import address

COUNTED: Final = 100
"""Unread notifications, and works of one of them, are counted up to here."""
NAMED: Final = 3
"""Records of a claim that are named."""
UNNAMED: Final = "a record that was taken down"


class Part(msgspec.Struct, frozen=True):
    """A piece of a sentence. With an address it is a link."""

    text: str
    name: bool = False
    href: str = ""


class ClaimWord(msgspec.Struct, frozen=True):
    """A word about a claim: what it said (`state`), and how the claim stands now.

    `kind` is that of the notice: the claim is the reader's ("state"), or somebody else's on records of the reader, of which
    `names` are those that still are theirs ("rival"), or somebody else's who asks the reader to vouch ("vouch").
    """

    id: int
    kind: str
    state: str
    claim: int
    now: str
    effective_at: datetime | None
    names: list[str]

    @property
    def stoppable(self) -> bool:
        """Whether the reader may stop the claim of somebody else."""
        return self.kind == "rival" and bool(self.names) and may(Actor.VICTIM, State(self.now), State.FROZEN)


class Rearranged(msgspec.Struct, frozen=True):
    """`researcher` was joined to `other`, or `bylines` of its works were split off into that.

    `turns` is how often this was undone and done again up to the event. A record that is not to be named has neither name
    nor address. `why` is what the reader has to do with it.
    """

    id: int
    kind: str
    turns: int
    bylines: int
    name: str
    public_id: str
    slug: str
    other_name: str
    other_id: str
    other_slug: str
    why: str

    @property
    def researcher(self) -> Part:
        """The one record."""
        return _record(self.name, self.public_id, self.slug)

    @property
    def other(self) -> Part:
        """The other record."""
        return _record(self.other_name, self.other_id, self.other_slug)

    @property
    def history(self) -> str:
        """Where it is told what happened; "" if neither record is there to be looked at."""
        there = self.other.href or self.researcher.href
        return f"{there}history/" if there else ""


def _record(name: str, public_id: str, slug: str) -> Part:
    return Part(name, name=True, href=address("researchers", public_id, slug)) if name else Part(UNNAMED)


_STATES: Final[dict[str, str]] = {
    State.VERIFIED: "is verified: the record is yours",
    State.IN_REVIEW: "is in review; a curator looks at it",
    State.NEEDS_INFORMATION: "needs one more thing from you",
    State.FROZEN: "is frozen until a curator has looked at it",
    State.REVOKED: "is revoked, and what it had done is undone",
}


def of_claim(word: ClaimWord) -> list[Part]:
    """What happened to a claim."""
    match word.kind:
        case "rival":
            which = [Part(": "), *_listed(word.names)] if word.names else []
            return _ended([Part("Somebody claims a record of yours"), *which])
        case "vouch":
            return [Part("Somebody who claims "), *_listed(word.names), Part(" asks you to vouch for them.")]
        case "state":
            return _of_own_claim(word)
        case _:
            raise ValueError(word.kind)


def _of_own_claim(word: ClaimWord) -> list[Part]:
    said = _STATES.get(word.state, f"is {LABELS[word.state]}")
    at = word.effective_at
    if word.state == word.now == State.APPROVED and at is not None:
        said = f"is approved, and counts from {at:%B} {at.day}, {at:%H:%M} UTC"
    return [Part("Your claim on "), *_listed(word.names), Part(f" {said}.")]


def _listed(names: Sequence[str]) -> list[Part]:
    """Some names: A, B and 2 more."""
    found = [Part(name, name=True) for name in names[:NAMED]] or [Part(UNNAMED)]
    if len(names) > NAMED:
        found.append(Part(f"{len(names) - NAMED:,} more"))
    parts = found[:1]
    for place, part in enumerate(found[1:], start=2):
        parts += [Part(" and " if place == len(found) else ", "), part]
    return parts


def of_records(event: Rearranged) -> list[Part]:
    """What happened to two records."""
    one, other = event.researcher, event.other
    undone, again = event.turns % 2 == 1, " again" if event.turns else ""
    if event.kind == EventKind.SPLIT and undone:
        return [Part("The works that were split off from "), one, Part(" are back there.")]
    if event.kind == EventKind.SPLIT:
        works = "1 work was" if event.bylines == 1 else f"{event.bylines:,} works were"
        return _ended([Part(f"{works} split off{again} from "), one, Part(" into a record of their own, "), other])
    # Of a record that was joined to another there is no page; its address leads to the other's.
    first = Part(one.text, one.name, one.href if undone else "")
    if not first.name:
        first = Part(first.text.capitalize())
    if undone:
        return [first, Part(" and "), other, Part(" are two records again.")]
    return _ended([first, Part(" was joined to "), other, *([Part(again)] if again else [])])


def _ended(parts: list[Part]) -> list[Part]:
    """With a full stop, unless a name brings its own."""
    return parts if parts[-1].text.endswith(".") else [*parts, Part(".")]


_KINDS: Final[dict[str, str]] = {"researcher": "people", "topic": "topics", "institution": "institutions"}


def of_works(listed: int, withdrawn: int, kinds: Sequence[str]) -> list[Part]:
    """How many new works there are of what the reader follows (`kinds` of it), and how many were taken back."""
    if not listed and not withdrawn:
        return [
            Part("New works that are gone again, were joined to others, or are of what you do not follow any more.")
        ]
    were, they = ("was", "it is") if withdrawn == 1 else ("were", "they are")
    if not listed:
        return [Part(f"{_new(withdrawn)} {were} taken back: {they} not listed any more under what you follow.")]
    kinds_named = "".join(part.text for part in _listed([_KINDS[kind] for kind in kinds]))
    back = f"; {_counted(withdrawn)} {were} taken back since" if withdrawn else ""
    return [Part(f"{_new(listed)} of {kinds_named} you follow{back}.")]


def _new(works: int) -> str:
    return f"{_counted(works)} new {'work' if works == 1 else 'works'}"


def _counted(number: int) -> str:
    return f"{COUNTED} or more" if number >= COUNTED else str(number)


def unread_label(count: int) -> str:
    """A number of unread notifications as the header shows it; "" for none."""
    return f"{COUNTED - 1}+" if count >= COUNTED else str(count or "")
