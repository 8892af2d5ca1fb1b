"""What travels through the importer: raw bytes, then a parsed record, then a match outcome. Pure data.

`RawRecord` is what one source said, byte for byte. `ParsedRecord` is the same statement in our
words: translated, not judged. Every source produces exactly this shape, so nothing behind a source
knows which one it was. Records that are no works have shapes of their own (`Parsed`).
"""

from __future__ import annotations

import msgspec

from researchgraph.lib.evidence import Evidence


class RawRecord(msgspec.Struct, frozen=True):
    """One record as received.

    `key` names it within its source (stable across fetches; "" if the source gives none, then the
    hash of the payload stands in). `payload` is the raw bytes. `origin` says where it was read, for
    messages to people: a file and line (`papers.jsonl:17`) or an address. `problem` is set when
    the bytes could be isolated but not even split properly (a truncated tail, a line over the cap);
    such a record is quarantined without being parsed. `deleted` says that the source has withdrawn the record of this
    key; the payload may then be empty.

    `cursor` says that a harvest may go on behind this record: given back to `Source.fetch` as `resume`, it yields what
    comes after. In the source's own words; "" where it cannot. `expected` is how many records the harvest has in all, as
    far as the source says; 0 if it does not.
    """

    key: str
    payload: bytes
    origin: str = ""
    problem: str = ""
    deleted: bool = False
    cursor: str = ""
    expected: int = 0


class ParsedAuthor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One byline as printed. `identifiers` maps scheme to value, e.g. {"orcid": "0000-..."}.

    Schemes: orcid, openreview, dblp, google_scholar, ieee, acl, openalex, semantic_scholar.
    `affiliations` are the raw strings in printed order. Values are raw until `normalise`. `addresses` are those of e-mail
    that a source prints in a place of their own; `normalise` leaves them out, and nothing stores them.
    """

    name: str
    affiliations: tuple[str, ...] = ()
    affiliation_domain: str = ""
    identifiers: dict[str, str] = {}
    homepage: str = ""
    role: str = ""
    native_name: str = ""
    addresses: tuple[str, ...] = ()


class ParsedTopic(msgspec.Struct, frozen=True):
    """A subject a source assigns. `kind` is "category" (a scheme's code, such as cs.LG) or "keyword"."""

    kind: str
    label: str
    code: str = ""


class ParsedVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """How this source saw the work appear. `kind`: preprint, conference, journal, book, thesis, dataset, other.

    `date` is a partial ISO date: "2022", "2022-03" or "2022-03-10". `track` and `status` are the
    venue's words ("main", "Oral"). `revision` is the version a repository prints ("v2").
    """

    kind: str
    venue: str = ""
    venue_key: str = ""
    year: int | None = None
    date: str = ""
    status: str = ""
    track: str = ""
    revision: str = ""


class ParsedRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One work as one source states it.

    `identifiers` are (scheme, value) pairs of the *work*: doi, arxiv, openreview, acl, pmid, ieee, ...
    `authors` are in printed order; `authors_truncated` says the source printed only the first ones.
    `unaligned_affiliations` are strings on the work that could not be tied to one author.
    """

    title: str
    authors: tuple[ParsedAuthor, ...]
    version: ParsedVersion
    identifiers: tuple[tuple[str, str], ...] = ()
    abstract: str = ""
    topics: tuple[ParsedTopic, ...] = ()
    authors_truncated: bool = False
    unaligned_affiliations: tuple[str, ...] = ()
    site_url: str = ""
    pdf_url: str = ""
    code_url: str = ""
    license: str = ""
    language: str = ""


class ParsedInstitution(msgspec.Struct, frozen=True, omit_defaults=True):
    """One organisation as one registry states it. It says nothing of who works there.

    `names` are its labels and aliases in any language, `acronyms` its short forms. `country` is the ISO 3166 code of two
    letters, `status` "active", "inactive" or "withdrawn". `identifiers` and `successors` (what took its place) are
    (scheme, value) pairs and (ROR id, name) pairs.
    """

    name: str
    identifiers: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()
    acronyms: tuple[str, ...] = ()
    country: str = ""
    country_name: str = ""
    city: str = ""
    homepage: str = ""
    kinds: tuple[str, ...] = ()
    established: int | None = None
    status: str = "active"
    successors: tuple[tuple[str, str], ...] = ()


class ParsedEpisode(msgspec.Struct, frozen=True, omit_defaults=True):
    """One episode of a show that may speak of works. Of its text only the title is kept.

    `identifiers` are (scheme, value) pairs of works that its notes or links name, `titles` what may be titles of works:
    they are asked about, never decided by. `date` is a partial ISO date, `seconds` how long it is.
    """

    title: str
    show: str
    link: str = ""
    date: str = ""
    seconds: int | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    titles: tuple[str, ...] = ()


Parsed = ParsedRecord | ParsedInstitution | ParsedEpisode
"""Whatever a source may state."""


class Matched(msgspec.Struct, frozen=True):
    """The record describes this known work."""

    work_id: int
    evidence: tuple[Evidence, ...]


class Ambiguous(msgspec.Struct, frozen=True):
    """The record may describe one of these works; a person has to look."""

    work_ids: tuple[int, ...]
    evidence: tuple[Evidence, ...]


class Unmatched(msgspec.Struct, frozen=True):
    """Nothing known is close: a new work."""


MatchOutcome = Matched | Ambiguous | Unmatched
