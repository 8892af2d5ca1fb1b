"""The shapes of the stored snapshots, as typed structs. Pure; written by recompute, read by selectors.

Rows are encoded as JSON arrays (`array_like`), which halves their size; decode with
`msgspec.json.decode(text, type=...)`. A field is only ever appended, with a default, so old rows stay readable.
"""

from __future__ import annotations

import msgspec


class YearCount(msgspec.Struct, array_like=True, frozen=True):
    """Works of one year: those that appeared at a venue, and those seen only as a preprint."""

    year: int
    at_venue: int
    preprint_only: int


class NameCount(msgspec.Struct, array_like=True, frozen=True):
    name: str
    bylines: int


class IdentifierCount(msgspec.Struct, array_like=True, frozen=True):
    scheme: str
    value: str
    bylines: int


class AffiliationSeen(msgspec.Struct, array_like=True, frozen=True):
    """`ror` and `place` (city and country) are a registry's, "" where no entry is known to be the institution."""

    public_id: str
    slug: str
    name: str
    first_year: int | None
    last_year: int | None
    works: int
    ror: str = ""
    place: str = ""


class TopicCount(msgspec.Struct, array_like=True, frozen=True):
    public_id: str
    slug: str
    label: str
    code: str
    works: int


class FacetCount(msgspec.Struct, array_like=True, frozen=True):
    """`value` goes into the address, `label` on the screen."""

    value: str
    label: str
    works: int


class Profile(msgspec.Struct, frozen=True):
    """What a profile page prints besides its works. Lists are sorted by count, then by name.

    `as_of` is the ISO date of the newest source record behind the works. Counters count works, not bylines.
    `identifiers` has an entry per distinct id; `unaligned` are strings on works that no author could be tied to.
    """

    works: int
    first_year: int | None
    last_year: int | None
    topics_total: int
    close: int
    coauthors: int
    as_of: str
    years: list[YearCount]
    names: list[NameCount]
    identifiers: list[IdentifierCount]
    affiliations: list[AffiliationSeen]
    topics: list[TopicCount]
    types: list[FacetCount]
    venues: list[FacetCount]
    sources: list[NameCount]
    first_author: int = 0
    last_author: int = 0
    with_code: int = 0
    unaligned: list[NameCount] = []


class Collaborator(msgspec.Struct, array_like=True, frozen=True):
    """One co-author. `weight` is the strength in all (`graph.algorithms.strength`), `years` holds (year, works).

    `x` and `y` place the person on the dial in the unit square around (0, 0); both 0 for those not drawn. `recent` is the
    sum that ranks the people (`graph.recency`). `group` numbers those of the drawn people who share works with each other
    (`graph.groups`); 0 is none.
    """

    public_id: str
    slug: str
    name: str
    works: int
    weight: float
    first_year: int | None
    last_year: int | None
    years: list[tuple[int, int]]
    x: float = 0.0
    y: float = 0.0
    recent: float = 0.0
    group: int = 0


class EgoGraph(msgspec.Struct, frozen=True):
    """The nearest people. `people` are the strongest `KEPT` at present; the first `drawn` stand on the dial.

    `ties` are (index, index, works) between drawn people on works they share with the centre.
    `total` counts every named co-author, `close` those with weight 1.0 or more.
    """

    total: int
    close: int
    first_year: int | None
    last_year: int | None
    drawn: int
    people: list[Collaborator]
    ties: list[tuple[int, int, int]] = []


KEPT = 40
"""Co-authors kept in a snapshot; the explorer reads the rest from the edges."""

DRAWN = 16
"""People on the dial: more do not stay readable (../docs: interface design, graph drawing)."""


class TrustChange(msgspec.Struct, array_like=True, frozen=True):
    """One row of a receipt's history: when it came (ISO, with time), the score, what it changed for, under which model."""

    at: str
    score: int
    cause: str
    model_version: str

    @property
    def day(self) -> str:
        """The ISO date."""
        return self.at[:10]


class TrustInputs(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the receipt is computed from; hashed, stored, and enough to recompute the score with the model's weights.

    `trust_given` and `trust_carried` are hundredths of a full tie (`graph.trust_flow`).
    `conflicts` counts open questions of identifiers, `more_orcids` the iDs of the record beyond the first, `shared_orcids` those that
    another record carries as well, `stated_again` works marked not theirs on which a source states an identifier of the record;
    `disputed` is 1 while the claim that holds the record is frozen.
    What a later version appends has a default and is left out where it has that, so hashes of older receipts stay the same.
    """

    level: int
    works: int
    works_with_identifier: int
    works_two_sources: int
    close: int
    verified_coauthors: int
    conflicts: int
    trust_given: int = 0
    trust_carried: int = 0
    more_orcids: int = 0
    shared_orcids: int = 0
    stated_again: int = 0
    disputed: int = 0
