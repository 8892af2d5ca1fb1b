"""Evidence: one machine-readable reason for one decision, shown to people.

Stored as JSON next to the decision it supports, so the shape is small and stable:
`{"kind": "coauthor", "value": "Mitchell Wortsman", "weight": 1.0}`.
"""

from __future__ import annotations

import msgspec


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """`kind` is a word from EVIDENCE_KINDS, `value` what was seen, `weight` how much it counted (0 to 1)."""

    kind: str
    value: str = ""
    weight: float = 0.0


# Sentences for people; `{value}` is filled with the stored value (escaped by the template).
EVIDENCE_KINDS: dict[str, str] = {
    "identifier": "The same identifier {value} stands on another byline of this record",
    "own-identifier": "The byline carries the identifier {value}",
    "coauthor": "Shares the co-author {value} with another byline of this record",
    "affiliation": "Prints the affiliation {value}, as another byline of this record does",
    "name-equal": "The name is printed exactly as {value}",
    "name-compatible": "The printed name is compatible with {value}",
    "only-bearer": "No other byline in this collection carries a compatible name",
    "distinct-affiliation": "The affiliation {value} tells this byline apart from others with the name",
    "nothing-shared": "Nothing but the name is shared with any of {value} other bylines",
    "title-word": "The word “{value}” stands in the title of another work of this record",
    "rival-records": "{value} other records or bylines carry a compatible name and nothing tells them apart",
    "two-candidates": "The byline fits {value} records equally well",
    "person": "A person decided that this byline belongs here",
    "claimed-record": "The record is claimed, and the rule takes nothing out of a claimed record",
    "held-before": "The record held this byline when a person placed another one there",
    "waiting": "A person has changed a decision, and the rule has not looked at this byline again yet",
    "same-work": "Another byline of the same work already belongs to the nearest record",
    "same-identifier": "Both records state the identifier {value}",
    "title-equal": "The titles are equal after normalisation",
    "author-overlap": "{value} of the authors' names are compatible",
    "year-near": "The years are {value} apart",
    "identifier-conflict": "The records state different values of {value}",
    "registry-name": "One organization in the registry carries this name: {value}",
    "registry-country": "Most bylines that print a country print that of the entry, {value}",
    "registry-several": "{value} organizations in the registry carry this name",
    "registry-elsewhere": "The bylines print another country than the entry, {value}",
    "episode-names": "The notes of the episode name {value}",
    "episode-title": "The episode or its notes print a title that is equal after normalisation: {value}",
}


def sentence(evidence: Evidence) -> str:
    """The reason in plain English, unescaped."""
    return EVIDENCE_KINDS.get(evidence.kind, evidence.kind + ": {value}").replace("{value}", evidence.value)
