"""Trust receipt: confidence in the *record*, as an integer from 0 to 100 with its components. Pure.

identity       by verification level
record         points per work with a persistent identifier, up to a maximum
corroboration  points per close collaborator, and points per work on which two sources agree, each up to a maximum
network        points for ties with verified records, at one remove too (`graph.trust_flow`), up to a maximum
conflicts      minus points per open conflict

How many points is the model's to say (`graph.trust_model`). With the shipped one, an unclaimed L1 record with 4
single-source arXiv works and 4 close collaborators scores 5 + 8 + 4 = 17.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from graph.snapshots import TrustInputs
from graph.trust_model import FULL, Model, Weights, stored

LEVEL_LABELS: Final = {
    0: "Name only",
    1: "Assembled from identified sources",
    2: "ORCID iD confirmed by sign-in, or strong proof",
    3: "Authenticated, and an institution confirmed",
    4: "Checked by a curator",
}
DONE: Final = "Nothing to do"

_inputs = msgspec.json.Decoder(TrustInputs).decode


class Component(msgspec.Struct, frozen=True):
    """One line of the receipt: `points` out of `maximum` (negative for conflicts), why, and what would raise it."""

    key: str
    label: str
    points: int
    maximum: int
    evidence: str
    would_raise: str


class Receipt(msgspec.Struct, frozen=True):
    """The whole receipt. `score` is the sum of the points, kept between 0 and 100; `word` says it in words."""

    score: int
    word: str
    components: tuple[Component, ...]
    model_version: str
    inputs_hash: str

    @property
    def longest(self) -> int:
        """The most that one line can earn."""
        return max(c.maximum for c in self.components) or 1


def inputs_hash(inputs: TrustInputs, version: str) -> str:
    """SHA-256 of the inputs under the model version, as 64 hex digits."""
    return hashlib.sha256(version.encode() + b"\x1f" + msgspec.json.encode(inputs)).hexdigest()


def receipt(inputs: TrustInputs, model: Model) -> Receipt:
    """Compute the receipt. The same inputs and weights always give the same receipt."""
    lines = (_identity, _record, _corroboration, _network, _conflicts)
    components = tuple(line(inputs, model.weights) for line in lines)
    score = max(0, min(100, sum(c.points for c in components)))
    return Receipt(
        score=score,
        word=word(score, model.weights),
        components=components,
        model_version=model.version,
        inputs_hash=inputs_hash(inputs, model.version),
    )


class Explained(msgspec.Struct, frozen=True):
    """A stored receipt: what it was computed from, and the receipt that this gives under the weights of its version."""

    inputs: TrustInputs
    receipt: Receipt


def explained(inputs: str, version: str, weights: str) -> Explained:
    """The receipt of a stored row, computed anew. Page, API and `explain_trust` print what this returns."""
    known = _inputs(inputs)
    return Explained(known, receipt(known, stored(version, weights)))


def word(score: int, weights: Weights) -> str:
    """The score as a word, for people who do not read numbers: thin, fair, solid, strong."""
    words = weights.words
    floors = ((words.strong, "strong"), (words.solid, "solid"), (words.fair, "fair"))
    return next((name for floor, name in floors if score >= floor), "thin")


def _count(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _works(count: int) -> str:
    return _count(count, "work", "works")


def _identity(inputs: TrustInputs, weights: Weights) -> Component:
    levels = weights.identity.levels
    points = levels[inputs.level]
    higher = next((level for level in range(inputs.level + 1, len(levels)) if levels[level] > points), None)
    return Component(
        key="identity",
        label="Identity",
        points=points,
        maximum=levels[-1],
        evidence=f"Level L{inputs.level}: {LEVEL_LABELS[inputs.level]}.",
        would_raise=DONE if higher is None else f"{LEVEL_LABELS[higher]}: +{levels[higher] - points}",
    )


def _record(inputs: TrustInputs, weights: Weights) -> Component:
    each, most = weights.record.each_work, weights.record.most
    points = min(most, each * inputs.works_with_identifier)
    missing = inputs.works - inputs.works_with_identifier
    would_raise = DONE
    if each and points < most:
        would_raise = f"More works with a persistent identifier: +{each} each"
        if missing:
            gain = min(most - points, each * missing)
            would_raise = f"A DOI, arXiv id or other persistent identifier for {_works(missing)}: up to +{gain}"
    return Component(
        key="record",
        label="Record",
        points=points,
        maximum=most,
        evidence=f"{inputs.works_with_identifier} of {_works(inputs.works)} carry a persistent identifier.",
        would_raise=would_raise,
    )


def _corroboration(inputs: TrustInputs, weights: Weights) -> Component:
    rule = weights.corroboration
    close = min(rule.most_close, rule.each_close * inputs.close)
    agreeing = min(rule.most_agreeing, rule.each_agreeing * inputs.works_two_sources)
    single = inputs.works - inputs.works_two_sources
    would_raise = DONE
    if rule.each_agreeing and agreeing < rule.most_agreeing and single:
        gain = min(rule.most_agreeing - agreeing, rule.each_agreeing * single)
        would_raise = f"A second source for {_works(single)}: up to +{gain}"
    elif rule.each_close and close < rule.most_close:
        would_raise = f"More works with the same people: +{rule.each_close} for each who becomes a close collaborator"
    return Component(
        key="corroboration",
        label="Corroboration",
        points=close + agreeing,
        maximum=rule.most,
        evidence=f"{_count(inputs.close, 'close collaborator', 'close collaborators')};"
        f" two sources agree on {_works(inputs.works_two_sources)}.",
        would_raise=would_raise,
    )


def _network(inputs: TrustInputs, weights: Weights) -> Component:
    rule = weights.network
    trust = inputs.trust_given + inputs.trust_carried
    points = min(rule.most, rule.each_verified * inputs.verified_coauthors + rule.each_trust * trust // FULL)
    evidence = f"{_count(inputs.verified_coauthors, 'co-author has', 'co-authors have')} a verified record"
    if inputs.trust_given:
        evidence += f", by ties of {inputs.trust_given / FULL:.2f} in sum"
    if inputs.trust_carried:
        evidence += f"; others who have written with verified authors add {inputs.trust_carried / FULL:.2f}"
    more = rule.each_verified + rule.each_trust
    up_to = "up to " if rule.each_trust else ""
    return Component(
        key="network",
        label="Network",
        points=points,
        maximum=rule.most,
        evidence=f"{evidence}.",
        would_raise=DONE if points == rule.most else f"Co-authors who verify their own records: {up_to}+{more} each",
    )


def _conflicts(inputs: TrustInputs, weights: Weights) -> Component:
    rule = weights.conflicts
    found = [
        (rule.identifiers * inputs.conflicts, inputs.conflicts, _questions(inputs.conflicts)),
        (
            rule.more_orcids * inputs.more_orcids,
            inputs.more_orcids,
            f"Bylines carry {inputs.more_orcids + 1} ORCID iDs.",
        ),
        (rule.shared_orcids * inputs.shared_orcids, inputs.shared_orcids, _shared(inputs.shared_orcids)),
        (rule.stated_again * inputs.stated_again, inputs.stated_again, _again(inputs.stated_again)),
        (
            rule.disputed * inputs.disputed,
            inputs.disputed,
            "The claim on this record is disputed; a curator looks at it.",
        ),
    ]
    cost = sum(costs for costs, _, _ in found)
    return Component(
        key="conflicts",
        label="Conflicts",
        points=-cost,
        maximum=0,
        evidence=" ".join(sentence for _, count, sentence in found if count) or "No open conflict.",
        would_raise=f"Resolving them: up to +{cost}" if cost else DONE,
    )


def _questions(count: int) -> str:
    return (
        f"{_count(count, 'question', 'questions')} about identifiers of the works {'is' if count == 1 else 'are'} open."
    )


def _shared(count: int) -> str:
    if count == 1:
        return "One ORCID iD of this record is on another record, too."
    return f"{count} ORCID iDs of this record are on other records, too."


def _again(count: int) -> str:
    return f"A source states an identifier of this record on {_works(count)} marked not theirs."
