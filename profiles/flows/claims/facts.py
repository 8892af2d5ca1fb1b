"""What an account shows for a claim by itself: its ORCID sign-in and its confirmed e-mail addresses.

Nothing is typed: the iD comes from ORCID's own answer, an address has been confirmed by a link. Of an address only the
domain is kept with the claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount

from profiles import beside_bylines, domains
from profiles.claims import WORKS_LISTED, Kind
from profiles.names import compatible
from profiles.orcid_record import OrcidWorks, read
from researchgraph.lib import bulk

BYLINES: Final = """
    SELECT a.work_id, a.researcher_id = ANY(%(records)s) AS own, coalesce(a.researcher_id, 0), a.raw_name,
           coalesce(a.identifiers ->> 'orcid', ''),
           ARRAY(SELECT i.scheme || ':' || i.value FROM works_workidentifier i WHERE i.work_id = a.work_id)
      FROM works_authorship a
     WHERE a.work_id IN (SELECT work_id FROM works_authorship WHERE researcher_id = ANY(%(records)s))
"""
"""Every byline of every work of the records."""
DOMAINS: Final = """
    SELECT f.researcher_id, e.homepage, '' FROM profiles_affiliation f JOIN profiles_institution i ON i.id = f.institution_id
      JOIN profiles_registryentry e ON e.id = i.entry_id WHERE f.researcher_id = ANY(%(records)s)
    UNION SELECT a.researcher_id, '', a.affiliation_domain FROM works_authorship a
     WHERE a.researcher_id = ANY(%(records)s) AND a.affiliation_domain <> ''
"""
"""Where the institutions of the bylines are on the internet: by the registry, and as the bylines say themselves."""


class Fact(msgspec.Struct, frozen=True):
    """One piece of evidence as it is now: its kind, what it is known by, and the records it speaks for.

    Not `confirmed` is what was looked for and speaks for none.
    """

    kind: Kind
    value: str
    records: tuple[int, ...]
    finding: str
    confirmed: bool = True


def of_account(user: int, records: Sequence[int], *, before: datetime) -> list[Fact]:
    """All that the account shows for these records; of what sources print only what was imported before. Six queries."""
    known = orcid_of(user)
    addresses = (
        EmailAddress.objects.filter(user_id=user, verified=True).order_by("email").values_list("email", flat=True)
    )
    confirmed = [address.lower() for address in addresses]
    return [
        *(_orcid(*known, records) if known else []),
        *_printed(confirmed, records, before=before, orcid=known[0] if known else ""),
        *_institutions(confirmed, records),
    ]


def orcid_of(user: int) -> tuple[str, OrcidWorks] | None:
    """The iD the account has signed in with, and what its public record says; None without one."""
    account = SocialAccount.objects.filter(user_id=user, provider="orcid").order_by("pk").first()
    return (account.uid, read(account.extra_data, orcid=account.uid)) if account else None


class _Byline(msgspec.Struct, frozen=True):
    work: int
    own: bool
    researcher: int
    name: str
    orcid: str
    identifiers: list[str]


def _orcid(orcid: str, said: OrcidWorks, records: Sequence[int]) -> list[Fact]:
    bylines = [_Byline(*row) for row in bulk.fetch(BYLINES, {"records": list(records)})]
    own = {b.researcher for b in bylines if b.own and b.orcid == orcid}
    found = []
    if own:
        found.append(Fact(Kind.ORCID_BYLINE, orcid, tuple(sorted(own)), f"{orcid} is printed on a byline"))
    for kind, listed in ((Kind.ORCID_WORKS, said.asserted), (Kind.ORCID_LISTED, said.added)):
        counts = _listed(bylines, orcid, said.names, {f"{scheme}:{value}" for scheme, value in listed})
        enough = {one: count for one, count in counts.items() if count >= WORKS_LISTED}
        if enough:
            finding = f"{sum(enough.values())} works listed"
            found.append(Fact(kind, orcid, tuple(sorted(enough)), finding))
    return found


def _listed(bylines: Sequence[_Byline], orcid: str, names: Sequence[str], listed: set[str]) -> dict[int, int]:
    """How many works of each record the public record lists.

    A co-author's ORCID record lists the same works. So the name has to fit the byline and no other of that work, and the
    iD must not be another author's; a record that prints another person's iD is not proven by a list.
    """
    others = {b.researcher for b in bylines if b.own and b.orcid and b.orcid != orcid}
    by_work: dict[int, list[_Byline]] = {}
    for byline in bylines:
        by_work.setdefault(byline.work, []).append(byline)
    counts: dict[int, int] = {}
    for everybody in by_work.values():
        if not listed.intersection(everybody[0].identifiers):
            continue
        fitting = [b for b in everybody if any(compatible(name, b.name) for name in names)]
        elsewhere = any(b.orcid == orcid and not b.own for b in everybody)
        if len(fitting) == 1 and fitting[0].own and not elsewhere and fitting[0].researcher not in others:
            counts[fitting[0].researcher] = counts.get(fitting[0].researcher, 0) + 1
    return counts


def domains_of(records: Sequence[int]) -> dict[str, set[int]]:
    """The domains of the institutions that the bylines of these records name, each with the records."""
    found: dict[str, set[int]] = {}
    for record, homepage, printed in bulk.fetch(DOMAINS, {"records": list(records)}):
        one = domains.of_homepage(homepage) if homepage else printed.casefold().strip(". ")
        if "." in one:
            found.setdefault(one, set()).add(record)
    return found


def _printed(addresses: Sequence[str], records: Sequence[int], *, before: datetime, orcid: str) -> list[Fact]:
    by_domain: dict[str, set[int]] = {}
    for address, covered in beside_bylines.addresses(records, addresses, before=before, orcid=orcid).items():
        by_domain.setdefault(domains.domain(address), set()).update(covered)
    return [
        Fact(Kind.ADDRESS, of, tuple(sorted(covered)), f"a confirmed address at {of} is printed beside a byline")
        for of, covered in sorted(by_domain.items())
    ]


def _institutions(addresses: Sequence[str], records: Sequence[int]) -> list[Fact]:
    known = domains_of(records)
    by_domain: dict[str, set[int]] = {}
    for address in addresses:
        if of := domains.institutional(domains.domain(address), known):
            by_domain.setdefault(of, set()).update(known[of])
    return [
        Fact(Kind.INSTITUTION, of, tuple(sorted(covered)), f"an address at {of} is confirmed")
        for of, covered in sorted(by_domain.items())
    ]
