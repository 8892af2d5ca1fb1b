"""The weights of the trust receipt: a versioned file that an operator may replace. Pure but for reading that file.

A model is named by what it weighs: name and version of the file, and a hash of the weights, so that nobody changes a
weight and keeps the version. Every version that was ever used is stored with its weights (`graph.models.TrustModel`), and a
receipt is computed with the weights of its own version for ever.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

import msgspec

SHIPPED: Final = Path(__file__).with_name("trust_weights.toml")
"""The weights a site has that names no file of its own."""
LEVELS: Final = 5
"""Verification levels, L0 to L4."""
FULL: Final = 100
DIGITS: Final = 8
"""Of the hash, in the name of a version."""

Points = Annotated[int, msgspec.Meta(ge=0, le=FULL)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file: what it does not know is a misspelling, never ignored."""


class Identity(_Part, frozen=True):
    """Points of each verification level, L0 first."""

    levels: tuple[Points, ...]


class Record(_Part, frozen=True):
    """Points for each work with a persistent identifier."""

    each_work: Points
    most: Points


class Corroboration(_Part, frozen=True):
    """Points for each close collaborator, and for each work on which two sources agree."""

    each_close: Points
    most_close: Points
    each_agreeing: Points
    most_agreeing: Points

    @property
    def most(self) -> int:
        """What both can earn together."""
        return self.most_close + self.most_agreeing


class Network(_Part, frozen=True):
    """Points for each co-author with a verified record, and for each full tie of trust (`graph.trust_flow`).

    `carry` is the percentage that other co-authors hand on, `shared_by` the ties among which they share it at least.
    """

    each_verified: Points
    most: Points
    each_trust: Points = 0
    carry: Points = 0
    shared_by: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1


class Conflicts(_Part, frozen=True):
    """What each open conflict of a kind costs."""

    identifiers: Points
    more_orcids: Points = 0
    shared_orcids: Points = 0
    stated_again: Points = 0
    disputed: Points = 0


class Words(_Part, frozen=True):
    """The scores from which a record is called so; below `fair` it is thin."""

    strong: Points
    solid: Points
    fair: Points


class Weights(_Part, frozen=True):
    """The file. `name` and `version` are the operator's; the rest is what counts how much."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,19}$")]
    version: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    identity: Identity
    record: Record
    corroboration: Corroboration
    network: Network
    conflicts: Conflicts
    words: Words

    @property
    def earnable(self) -> int:
        """The most a record can earn."""
        return self.identity.levels[-1] + self.record.most + self.corroboration.most + self.network.most


class Model(msgspec.Struct, frozen=True):
    """Weights and the version they are stored under."""

    version: str
    weights: Weights


def read(text: str) -> Model:
    """The model of a file's text (TOML). Raises ValueError with a sentence that says what is wrong with it."""
    try:
        weights = msgspec.toml.decode(text, type=Weights)
    except msgspec.ValidationError as error:
        raise ValueError(f"A weight cannot be used: {error}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"It is not readable as TOML: {error}") from None
    wrong = _wrong(weights)
    if wrong:
        raise ValueError(wrong)
    digest = hashlib.sha256(encode(weights).encode()).hexdigest()
    return Model(f"{weights.name}/{weights.version}+{digest[:DIGITS]}", weights)


def _wrong(weights: Weights) -> str:
    levels, words = weights.identity.levels, weights.words
    if len(levels) != LEVELS:
        return f"[identity] levels must give points for {LEVELS} levels, L0 to L4, not for {len(levels)}."
    if list(levels) != sorted(levels):
        return "[identity] levels must not fall: a higher level would lower the score."
    if not words.strong > words.solid > words.fair:
        return "[words] must fall from strong over solid to fair."
    if weights.earnable != FULL:
        return (
            f"The most that can be earned must be {FULL}: the last of [identity] levels, [record] most, [corroboration]"
            f" most_close and most_agreeing, and [network] most add up to {weights.earnable}."
        )
    return ""


@lru_cache(maxsize=8)
def load(path: str) -> Model:
    """The model of the file at `path`, "" for the shipped one. Raises ValueError with a sentence if it cannot be used."""
    try:
        text = (Path(path) if path else SHIPPED).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"It cannot be read: {error}") from None
    return read(text)


def encode(weights: Weights) -> str:
    """The weights as they are hashed and stored."""
    return msgspec.json.encode(weights).decode()


@lru_cache(maxsize=64)
def stored(version: str, weights: str) -> Model:
    """The model of a stored receipt."""
    return Model(version, msgspec.json.decode(weights, type=Weights))
