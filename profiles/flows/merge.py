"""Two records of one person: join one to the other, which goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db import transaction

from profiles.flows import projection, version
from profiles.flows.projection import Ledger
from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind
from profiles.limits import HARD_SCHEMES
from profiles.models import VerificationLevel
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class Clash(msgspec.Struct, frozen=True):
    """What speaks against a merge. `kind` is `identifier:<scheme>`, `both-claimed`, `claimed-into-unclaimed`,
    `same-work` (bylines of both on one), `rejected-work` or `told-apart`; `values` are identifiers or keys of works.
    """

    kind: str
    values: list[str] = []


@transaction.atomic
def merge(
    *,
    researcher: int,
    into: int,
    actor: AbstractBaseUser | None,
    reason: str,
    token: str | None = None,
    force: bool = False,
) -> int:
    """Give everything the researcher holds to the other and redirect there; the event's key.

    What both hold is placed for good: the rule keeps it together. `token` is that of the preview the decision was made
    on. Raises Conflict if the records have changed since, cannot be merged, or clash and `force` is not given. Without
    an actor it is the rule that merges, which forces nothing, places nothing for good and cannot be undone.
    """
    if researcher == into:
        raise Conflict("A record cannot be merged into itself.")
    opened = OpenLedger([researcher, into])
    opened.require_present(researcher, into)
    ledger = opened.ledger
    version.require(ledger, [researcher, into], token)
    against = clashes(ledger, researcher, into)
    if against and (actor is None or not force):
        raise Conflict(f"The records clash: {', '.join(clash.kind for clash in against)}.")
    if actor is None and any(byline.fixed for byline in ledger.held(researcher)):
        raise Conflict("A person has placed something in this record; only a person can merge it.")
    return record(opened, kind=EventKind.MERGED, researcher=researcher, other=into, actor=actor, reason=reason)


def clashes(ledger: Ledger, researcher: int, into: int) -> list[Clash]:
    """Everything that speaks against the merge."""
    gone, kept = ledger.held(researcher), ledger.held(into)
    found = _identifiers(researcher, into)
    claimed = [ledger.records[one].level >= VerificationLevel.AUTHENTICATED for one in (researcher, into)]
    if all(claimed):
        found.append(Clash("both-claimed"))
    elif claimed[0]:
        found.append(Clash("claimed-into-unclaimed"))
    works = {byline.work for byline in gone}, {byline.work for byline in kept}
    if shared := sorted(works[0] & works[1]):
        found.append(Clash("same-work", [str(work) for work in shared]))
    rejected = {
        work
        for work, one in ledger.rejections
        for held, other in ((works[0], into), (works[1], researcher))
        if work in held and projection.final(ledger, one) == other
    }
    if rejected:
        found.append(Clash("rejected-work", [str(work) for work in sorted(rejected)]))
    if told_apart(ledger, researcher, into):
        found.append(Clash("told-apart"))
    return found


def told_apart(ledger: Ledger, researcher: int, other: int) -> bool:
    """Whether a person has said that the two, or records that were merged into them, are two people."""
    return any({projection.final(ledger, one) for one in pair} == {researcher, other} for pair in ledger.apart)


def _identifiers(researcher: int, into: int) -> list[Clash]:
    """Schemes of which a person has one value, where the two have different ones."""
    values: dict[str, set[str]] = {}
    for scheme, value in bulk.fetch(
        """
        SELECT DISTINCT i.key, i.value FROM works_authorship a, jsonb_each_text(a.identifiers) i
         WHERE a.researcher_id = ANY(%s) AND i.key = ANY(%s) AND i.value <> ''
        """,
        [[researcher, into], sorted(HARD_SCHEMES)],
    ):
        values.setdefault(scheme, set()).add(value)
    return [
        Clash(f"identifier:{scheme}", sorted(several)) for scheme, several in sorted(values.items()) if len(several) > 1
    ]
