"""Look at a page that a claimant has named.

Is the code on it, whose names does it print, and had a record imported before named it?
The page is fetched as any address that somebody typed: public addresses only, the connection pinned to the address that
was looked at, redirects checked again, size and time capped (`researchgraph.lib.public_net`). No transaction is open
meanwhile.
"""

from __future__ import annotations

import html
import re
from typing import Final

import msgspec
from django.conf import settings
from django.db import transaction

from profiles import beside_bylines
from profiles.claim_models import ClaimEvidence, EvidenceState
from profiles.claims import State
from profiles.flows.claims import evidence as flows
from profiles.flows.claims import moving, submit
from researchgraph.errors import SourceUnavailable
from researchgraph.lib import bulk
from researchgraph.lib.http import Http
from researchgraph.lib.text import fold

SIZE_LIMIT: Final = 2 * 1024 * 1024
SECONDS: Final = 20.0
WAITING_TAKEN: Final = 50
_CODE: Final = re.compile(flows.CODE + r"[0-9a-f]{64}")
_TAG: Final = re.compile(r"<[^<>]{0,5000}>")

NOT_OPENED: Final = "The page could not be opened."
NO_CODE: Final = "The page could be opened, but the code is not on it."
NO_NAME: Final = "The code is on the page, but no name that bylines of the record print."
SEEN: Final = "The code and the name are on the page."
SEEN_NAMED: Final = "The code is on the page, and a record imported before had named the page as the author’s."

_FINALS: Final = """
    SELECT DISTINCT coalesce(r.merged_into_id, r.id) FROM profiles_claimedrecord k
      JOIN profiles_researcher r ON r.id = k.researcher_id WHERE k.claim_id = %s
"""
_NAMES: Final = f"""
    SELECT researcher_id, raw_name FROM works_authorship WHERE researcher_id IN ({_FINALS}) GROUP BY 1, 2
"""  # noqa: S608 - a constant


class Seen(msgspec.Struct, frozen=True):
    """What was on the page: the hashes of the codes, and its words, folded."""

    codes: frozenset[bytes]
    words: str


def check(evidence: int, *, http: Http | None = None) -> None:
    """Look at the page of one piece of evidence, and decide on its claim where that was all that it lacked."""
    row = ClaimEvidence.objects.select_related("claim").filter(pk=evidence, state=EvidenceState.WAITING).first()
    if row is None or row.token is None:
        return
    claim, url = row.claim, row.value
    seen = look(url, http=http)
    names = bulk.fetch(_NAMES, [claim.pk])
    records: set[int] = set()
    if seen and bytes(row.token) in seen.codes:
        records = {record for record, name in names if _prints(seen.words, name)}
        finding = SEEN if records else NO_NAME
    else:
        finding = NO_CODE if seen else NOT_OPENED
    known = beside_bylines.pages(moving.finals(claim), before=claim.created_at)
    named = records & known.get(beside_bylines.plain(url), set())
    finding = SEEN_NAMED if named else finding
    _settle(evidence, url, sorted(named or records), named=bool(named), finding=finding)


@transaction.atomic
def _settle(evidence: int, url: str, records: list[int], *, named: bool, finding: str) -> None:
    claim = flows.settle(evidence=evidence, url=url, records=records, named=named, finding=finding)
    if claim is not None and claim.state == State.IN_REVIEW:
        submit.decide_at_once(claim)


def waiting() -> list[int]:
    """Pages that wait to be looked at, a few at a time, the oldest first."""
    rows = ClaimEvidence.objects.filter(state=EvidenceState.WAITING, token__isnull=False).order_by("added_at", "pk")
    return list(rows.values_list("pk", flat=True)[:WAITING_TAKEN])


def look(url: str, *, http: Http | None = None) -> Seen | None:
    """What is at the address now; None if nothing could be opened there."""
    text = opened(url, http=http)
    if text is None:
        return None
    return Seen(frozenset(flows.digest(code) for code in _CODE.findall(text)), fold(html.unescape(_TAG.sub(" ", text))))


def opened(url: str, *, http: Http | None = None) -> str | None:
    """The text of the page at an address that somebody typed; None if nothing could be opened there."""
    try:
        client = http or Http(
            user_agent=f"researchgraph (+{settings.SITE_URL}; mailto:{settings.CONTACT_EMAIL})",
            attempts=1, timeout=SECONDS / 2, total_timeout=SECONDS, size_limit=SIZE_LIMIT,
        )  # fmt: skip
        answer = client.get(url)
    except SourceUnavailable:
        return None
    return answer.content.decode("utf-8", "replace") if answer.status == 200 else None


def _prints(words: str, name: str) -> bool:
    key = fold(name)
    return len(key) > 3 and f" {key} " in f" {words} "
