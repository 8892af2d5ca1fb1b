"""What a claim may become, by whom, and what its evidence proves. Pure.

A claim is a signed-in person's request that one or several researcher records are theirs. Who may move it where is
`MOVES`; what the evidence comes to is `judge`. docs/claims.md says both in words.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

COOLING_OFF: Final = timedelta(hours=72)
"""From the notice of an approval on weak evidence until it counts."""
DECIDE_WITHIN: Final = timedelta(hours=72)
"""What curators promise: from the submission, or the last answer of the claimant, to the next word of a curator."""
WORKS_LISTED: Final = 2
"""Works of a record that a public ORCID record must list to prove it."""
WEAK_NEEDED: Final = 2
"""Different kinds of weak evidence that a curator needs where nothing is strong."""


class State(StrEnum):
    """Where a claim stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    IN_REVIEW = "in_review"
    NEEDS_INFORMATION = "needs_information"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPEALED = "appealed"
    FROZEN = "frozen"
    REVOKED = "revoked"
    RELEASED = "released"


LABELS: Final[dict[str, str]] = {
    State.DRAFT: "not sent yet",
    State.SUBMITTED: "sent",
    State.VERIFIED: "verified at once",
    State.IN_REVIEW: "in review",
    State.NEEDS_INFORMATION: "needs one more thing",
    State.APPROVED: "approved",
    State.REJECTED: "declined",
    State.APPEALED: "appealed",
    State.FROZEN: "frozen",
    State.REVOKED: "revoked",
    State.RELEASED: "given back",
}
"""What people read."""

FOR_CURATORS: Final = frozenset({State.IN_REVIEW, State.APPEALED, State.FROZEN})
"""A curator has to do something."""
PENDING: Final = FOR_CURATORS | {State.SUBMITTED, State.NEEDS_INFORMATION}
"""Not decided: another claim on the same record is its rival."""
GRANTED: Final = frozenset({State.VERIFIED, State.APPROVED})
GRANTED_SQL: Final = "({})".format(", ".join(f"'{state.value}'" for state in sorted(GRANTED)))
"""The same as a piece of SQL."""
OPEN: Final = PENDING | {State.DRAFT}
"""Of these an account has one at most."""
CHANGEABLE: Final = frozenset({State.DRAFT, State.NEEDS_INFORMATION, State.REJECTED})
"""The claimant may add evidence, and take some away."""
UNDECIDED: Final = CHANGEABLE | PENDING
"""Nobody holds anything by it, but somebody may: whoever was asked about it may still answer."""


class Actor(StrEnum):
    """As whom somebody acts. A second curator is one who has not decided on this claim, or this transfer, before."""

    CLAIMANT = "claimant"
    CURATOR = "curator"
    SECOND_CURATOR = "second_curator"
    SYSTEM = "system"
    VICTIM = "victim"


_CURATORS: Final = frozenset({Actor.CURATOR, Actor.SECOND_CURATOR})
_ME: Final = frozenset({Actor.CLAIMANT})
_SYSTEM: Final = frozenset({Actor.SYSTEM})
_OTHER: Final = frozenset({Actor.SECOND_CURATOR})
_ALARM: Final = _CURATORS | {Actor.VICTIM}

MOVES: Final[dict[tuple[State, State], frozenset[Actor]]] = {
    (State.DRAFT, State.SUBMITTED): _ME,
    (State.NEEDS_INFORMATION, State.SUBMITTED): _ME,
    (State.REJECTED, State.SUBMITTED): _ME,
    (State.REJECTED, State.APPEALED): _ME,
    (State.SUBMITTED, State.VERIFIED): _SYSTEM,
    (State.SUBMITTED, State.IN_REVIEW): _SYSTEM,
    # A page was looked at after the claim was sent.
    (State.IN_REVIEW, State.VERIFIED): _SYSTEM,
    (State.IN_REVIEW, State.NEEDS_INFORMATION): _CURATORS,
    (State.IN_REVIEW, State.APPROVED): _CURATORS,
    (State.IN_REVIEW, State.REJECTED): _CURATORS,
    (State.APPEALED, State.NEEDS_INFORMATION): _OTHER,
    (State.APPEALED, State.APPROVED): _OTHER,
    (State.APPEALED, State.REJECTED): _OTHER,
    # A rival came, or the evidence went, while an approval was cooling off.
    (State.APPROVED, State.IN_REVIEW): _SYSTEM,
    (State.APPROVED, State.REVOKED): _CURATORS,
    (State.VERIFIED, State.REVOKED): _CURATORS,
    (State.FROZEN, State.NEEDS_INFORMATION): _CURATORS,
    (State.FROZEN, State.APPROVED): _CURATORS,
    (State.FROZEN, State.REJECTED): _CURATORS,
    (State.FROZEN, State.REVOKED): _CURATORS,
    **{(state, State.FROZEN): _ALARM for state in (*sorted(PENDING - {State.FROZEN, State.SUBMITTED}), *sorted(GRANTED))},
    # The sign-in that alone had proved it was disconnected.
    (State.VERIFIED, State.FROZEN): _ALARM | _SYSTEM,
    **{(state, State.RELEASED): _ME for state in (*sorted(OPEN - {State.SUBMITTED}), *sorted(GRANTED), State.REJECTED)},
}  # fmt: skip
"""Who may move a claim from where to where. Every other move is refused."""


def may(actor: Actor, before: State, after: State) -> bool:
    """Whether somebody acting as this may move a claim so."""
    return actor in MOVES.get((before, after), frozenset())


def curator_as(user: int, *, claimant: int, decided_by: Collection[int]) -> Actor | None:
    """As whom a curator acts on a claim that `decided_by` have turned down before; None on a claim of their own."""
    if user == claimant:
        return None
    return Actor.CURATOR if user in decided_by else Actor.SECOND_CURATOR


class Kind(StrEnum):
    """A kind of evidence."""

    ORCID_BYLINE = "orcid-byline"
    ORCID_WORKS = "orcid-works"
    ORCID_LISTED = "orcid-listed"
    ADDRESS = "address"
    HOMEPAGE = "homepage"
    PAGE = "page"
    INSTITUTION = "institution"
    VOUCH = "vouch"


STRONG: Final = frozenset({Kind.ORCID_BYLINE, Kind.ORCID_WORKS, Kind.ADDRESS, Kind.HOMEPAGE})
"""Each proves a record by itself."""

EVIDENCE: Final[dict[str, str]] = {
    Kind.ORCID_BYLINE: "The ORCID iD signed in with stands on a byline of the record",
    Kind.ORCID_WORKS: "The public ORCID record, under a compatible name, lists works of the record on the word of publishers",
    Kind.ORCID_LISTED: "The public ORCID record, under a compatible name, lists works of the record, added by its owner",
    Kind.ADDRESS: "A confirmed e-mail address that an imported record prints beside a byline of the record",
    Kind.HOMEPAGE: "The code stands on a page that an imported record had named before",
    Kind.PAGE: "The code stands on a page that prints the name",
    Kind.INSTITUTION: "A confirmed e-mail address at an institution that bylines name",
    Kind.VOUCH: "A co-author who holds a claimed record vouches",
}
"""What each kind says, in plain English."""


class Proof(msgspec.Struct, frozen=True):
    """Confirmed evidence of one kind, and the records it speaks for."""

    kind: str
    records: frozenset[int]


class Judgment(msgspec.Struct, frozen=True):
    """What the evidence comes to.

    `proven`: strong evidence for every record. `automatic`: that is enough without a person. `level` is the verification
    level it gives when nobody looks; `by_curator` the one it gives when a curator approves, None while it does not
    suffice for that either. `cooling`: the curator's approval waits for COOLING_OFF.
    """

    proven: bool
    automatic: bool
    level: int
    by_curator: int | None
    cooling: bool


def judge(proofs: Sequence[Proof], records: Collection[int], *, contested: bool) -> Judgment:
    """What these proofs come to for a claim on these records. `contested`: somebody else claims or holds one of them."""
    strong = [proof for proof in proofs if proof.kind in STRONG]
    weak = {proof.kind for proof in proofs if proof.kind not in STRONG}
    covered = frozenset[int]().union(*(proof.records for proof in strong))
    proven = bool(records) and covered.issuperset(records)
    level = 0
    if proven:
        level = 3 if Kind.INSTITUTION in weak else 2
    by_curator = None
    if strong:
        by_curator = 4
    elif len(weak) >= WEAK_NEEDED:
        by_curator = 2
    return Judgment(proven, proven and not contested, level, by_curator, cooling=not strong)


class Reason(msgspec.Struct, frozen=True):
    """One reason of the library: a stable word, and the text that is put before the claimant unless it is changed."""

    code: str
    text: str


REASONS: Final = (
    Reason(
        "page-no-works",
        "We could open your page but found no list of publications on it. Please add one, or show something else.",
    ),
    Reason(
        "name-mismatch",
        "The name on your account or your ORCID record matches no byline here. Where can the other name be seen?",
    ),
    Reason(
        "orcid-no-overlap",
        "Your public ORCID record lists none of these works. Please make them public there, or show something else.",
    ),
    Reason(
        "documents-needed",
        "What we have does not show that these works are yours. Please add another kind of evidence.",
    ),
    Reason(
        "two-people",
        "This record seems to hold the works of two people. Please tell us which works are yours.",
    ),
    Reason(
        "claimed-by-author",
        "The author of these works has shown that the record is theirs.",
    ),
    Reason(
        "not-the-author",
        "We found that these works are by somebody else with a similar name.",
    ),
)
"""The library as it comes; curators change it at /curate/claims/reasons/."""
