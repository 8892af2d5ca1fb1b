"""Trust receipt, version 1: confidence in the *record*, as an integer from 0 to 100 with its components. Pure.

identity       by verification level: L0 0, L1 5, L2 20, L3 30, L4 40
record         2 per work with a persistent identifier, at most 30
corroboration  1 per close collaborator, at most 10, and 1 per work on which two sources agree, at most 5
network        5 per verified co-author, at most 15 (0 until verified researchers exist)
conflicts      minus 5 per open conflict

An unclaimed L1 record with 4 single-source arXiv works and 4 close collaborators scores 5 + 8 + 4 = 17.
"""

from __future__ import annotations

import hashlib

import msgspec

from graph.snapshots import TrustInputs

MODEL_VERSION = "record-confidence/1"

IDENTITY_POINTS = {0: 0, 1: 5, 2: 20, 3: 30, 4: 40}
LEVEL_LABELS = {
    0: "Name only",
    1: "Assembled from identified sources",
    2: "ORCID iD confirmed by sign-in, or strong proof",
    3: "Authenticated, and an institution confirmed",
    4: "Checked by a curator",
}
RECORD_PER_WORK, RECORD_MAX = 2, 30
CLOSE_MAX, AGREEMENT_MAX = 10, 5
NETWORK_PER_PERSON, NETWORK_MAX = 5, 15
CONFLICT_COST = 5


class Component(msgspec.Struct, frozen=True):
    """One line of the receipt: `points` out of `maximum` (negative for conflicts), why, and what would raise it."""

    key: str
    label: str
    points: int
    maximum: int
    evidence: str
    would_raise: str


class Receipt(msgspec.Struct, frozen=True):
    """The whole receipt. `score` is the sum of the points, kept between 0 and 100."""

    score: int
    components: tuple[Component, ...]
    model_version: str
    inputs_hash: str

    @property
    def word(self) -> str:
        """The score as a word, for people who do not read numbers: thin, fair, solid, strong."""
        return next(
            word for floor, word in ((70, "strong"), (40, "solid"), (15, "fair"), (0, "thin")) if self.score >= floor
        )


def inputs_hash(inputs: TrustInputs) -> str:
    """SHA-256 of the inputs under the model version, as 64 hex digits."""
    return hashlib.sha256(MODEL_VERSION.encode() + b"\x1f" + msgspec.json.encode(inputs)).hexdigest()


def receipt(inputs: TrustInputs) -> Receipt:
    """Compute the receipt. The same inputs always give the same receipt."""
    components = (_identity(inputs), _record(inputs), _corroboration(inputs), _network(inputs), _conflicts(inputs))
    score = max(0, min(100, sum(c.points for c in components)))
    return Receipt(score=score, components=components, model_version=MODEL_VERSION, inputs_hash=inputs_hash(inputs))


def _works(count: int) -> str:
    return "1 work" if count == 1 else f"{count} works"


def _identity(inputs: TrustInputs) -> Component:
    points = IDENTITY_POINTS[inputs.level]
    return Component(
        key="identity",
        label="Identity",
        points=points,
        maximum=IDENTITY_POINTS[4],
        evidence=f"Level L{inputs.level}: {LEVEL_LABELS[inputs.level]}.",
        would_raise="Nothing to do"
        if inputs.level == 4
        else f"{LEVEL_LABELS[inputs.level + 1]}: +{IDENTITY_POINTS[inputs.level + 1] - points}",
    )


def _record(inputs: TrustInputs) -> Component:
    points = min(RECORD_MAX, RECORD_PER_WORK * inputs.works_with_identifier)
    missing = inputs.works - inputs.works_with_identifier
    if points == RECORD_MAX:
        would_raise = "Nothing to do"
    elif missing:
        gain = min(RECORD_MAX - points, RECORD_PER_WORK * missing)
        would_raise = f"A DOI, arXiv id or other persistent identifier for {_works(missing)}: up to +{gain}"
    else:
        would_raise = f"More works with a persistent identifier: +{RECORD_PER_WORK} each"
    return Component(
        key="record",
        label="Record",
        points=points,
        maximum=RECORD_MAX,
        evidence=f"{inputs.works_with_identifier} of {_works(inputs.works)} carry a persistent identifier.",
        would_raise=would_raise,
    )


def _corroboration(inputs: TrustInputs) -> Component:
    close, agreeing = min(CLOSE_MAX, inputs.close), min(AGREEMENT_MAX, inputs.works_two_sources)
    people = "1 close collaborator" if inputs.close == 1 else f"{inputs.close} close collaborators"
    single = inputs.works - inputs.works_two_sources
    would_raise = "Nothing to do"
    if agreeing < AGREEMENT_MAX and single:
        would_raise = f"A second source for {_works(single)}: up to +{min(AGREEMENT_MAX - agreeing, single)}"
    elif close < CLOSE_MAX:
        would_raise = "More works with the same people: +1 for each who becomes a close collaborator"
    return Component(
        key="corroboration",
        label="Corroboration",
        points=close + agreeing,
        maximum=CLOSE_MAX + AGREEMENT_MAX,
        evidence=f"{people}; two sources agree on {_works(inputs.works_two_sources)}.",
        would_raise=would_raise,
    )


def _network(inputs: TrustInputs) -> Component:
    points = min(NETWORK_MAX, NETWORK_PER_PERSON * inputs.verified_coauthors)
    people = "1 co-author has" if inputs.verified_coauthors == 1 else f"{inputs.verified_coauthors} co-authors have"
    return Component(
        key="network",
        label="Network",
        points=points,
        maximum=NETWORK_MAX,
        evidence=f"{people} a verified record.",
        would_raise="Nothing to do"
        if points == NETWORK_MAX
        else f"Co-authors who verify their own records: +{NETWORK_PER_PERSON} each",
    )


def _conflicts(inputs: TrustInputs) -> Component:
    evidence = {0: "No open conflict of identifiers.", 1: "1 open conflict of identifiers."}.get(
        inputs.conflicts,
        f"{inputs.conflicts} open conflicts of identifiers.",
    )
    return Component(
        key="conflicts",
        label="Conflicts",
        points=-CONFLICT_COST * inputs.conflicts,
        maximum=0,
        evidence=evidence,
        would_raise=f"Resolving them: +{CONFLICT_COST} each" if inputs.conflicts else "Nothing to do",
    )
