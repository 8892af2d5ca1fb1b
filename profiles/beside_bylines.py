"""What records imported before a claim say of its author: pages they name as theirs, e-mail addresses printed beside them.

Read again from what the sources have sent, when it is needed: an address is copied to no table.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from profiles.names import name_key
from researchgraph.errors import RecordRejected
from researchgraph.lib import bulk
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources import registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

RECORDS_READ: Final = 2_000
"""Source records of one claim that are read again."""
REFEREED: Final = frozenset({"journal", "conference", "book"})
"""Kinds of versions that somebody else than the author has let appear."""
_ADDRESS: Final = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")

_RECORDS: Final = """
    SELECT a.researcher_id, a.name_key, s.source, s.key, s.payload FROM works_authorship a
      JOIN works_sourcerecord s ON s.work_id = a.work_id
     WHERE a.researcher_id = ANY(%(records)s) AND s.fetched_at < %(before)s {more} ORDER BY s.id, a.id LIMIT %(limit)s
"""
_PAGES: Final = _RECORDS.format(more="")
_ADDRESSES: Final = _RECORDS.format(
    more="""
       AND s.source = ANY(%(sources)s) AND s.withdrawn_at IS NULL AND position('@'::bytea IN s.payload) > 0
       AND NOT EXISTS (SELECT FROM works_authorship o WHERE o.researcher_id = a.researcher_id
                        AND o.identifiers ? 'orcid' AND o.identifiers ->> 'orcid' <> %(orcid)s)"""
)


def pages(records: Sequence[int], *, before: datetime) -> dict[str, set[int]]:
    """Pages (`plain`) that records imported before this moment name as the author's, each with the researchers named so."""
    found: dict[str, set[int]] = {}
    for researcher, own_key, parsed in _parsed(_PAGES, {"records": list(records), "before": before}):
        for author in parsed.authors:
            if author.homepage and name_key(author.name) == own_key:
                found.setdefault(plain(author.homepage), set()).add(researcher)
    return found


def addresses(
    records: Sequence[int], wanted: Collection[str], *, before: datetime, orcid: str = ""
) -> dict[str, set[int]]:
    """Which of the `wanted` addresses (lower case) stand beside bylines of these researchers, in records imported before.

    Only records of refereed works count, and of sources that editors write: what people deposit themselves names whatever
    address they like. A researcher whose bylines print another iD than `orcid`, the one signed in with, is proven by no
    address: the owner of that iD can sign in with it.
    """
    if not wanted:
        return {}
    edited = [name for name, source in registry.sources().items() if source.edited]
    given = {"records": list(records), "before": before, "sources": edited, "orcid": orcid}
    looked_for = [address.encode() for address in wanted]
    found: dict[str, set[int]] = {}
    for researcher, own_key, parsed in _parsed(_ADDRESSES, given, containing=looked_for):
        for address, key in printed(parsed).items():
            if address in wanted and key == own_key:
                found.setdefault(address, set()).add(researcher)
    return found


def printed(record: ParsedRecord) -> dict[str, str]:
    """The addresses (lower case) that stand beside one byline of a refereed work and no other, each with its search key.

    An affiliation that several authors share is printed beside each, with the address of one of them; one that ends in
    several addresses lists those of others; and of two authors with the same search key nobody knows which is meant.
    """
    if record.version.kind not in REFEREED or record.authors_truncated:
        return {}
    keys = [name_key(author.name) for author in record.authors]
    stated = [_beside(author) for author in record.authors]
    times = Counter(address for own in stated for address in own)
    namesakes = Counter(keys)
    return {
        address: key
        for key, own in zip(keys, stated, strict=True)
        for address in own
        if len(own) == 1 and times[address] == 1 and namesakes[key] == 1
    }


def _beside(author: ParsedAuthor) -> set[str]:
    texts = (*author.addresses, *(place for place in author.affiliations if "@" in place))
    return {found.lower().strip("'-.") for text in texts for found in _ADDRESS.findall(text)}


def plain(url: str) -> str:
    """An address without what makes no difference: scheme, "www.", a slash at the end; "" for none."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").casefold().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}{'?' + parts.query if parts.query else ''}" if host else ""


def _parsed(
    query: str, given: dict[str, Any], *, containing: Sequence[bytes] = ()
) -> Iterator[tuple[int, str, ParsedRecord]]:
    """Researcher, search key of the byline, and what the record states; only records that contain one of these, if any."""
    for researcher, own_key, source, key, payload in bulk.fetch(query, given | {"limit": RECORDS_READ}):
        raw = bytes(payload)
        if containing and not any(part in raw.lower() for part in containing):
            continue
        try:
            parsed = registry.get(source).parse(RawRecord(key=key, payload=raw))
        except RecordRejected:
            continue
        if isinstance(parsed, ParsedRecord):
            yield researcher, own_key, parsed
