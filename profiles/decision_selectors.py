"""What a curator is told before deciding on some bylines of a record: what would happen, and what speaks against it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from profiles.flows import naming, projection
from profiles.flows.merge import Clash
from profiles.flows.projection import Byline, Ledger
from profiles.flows.split import leaving
from profiles.flows.version import version
from profiles.history_selectors import Named
from profiles.ledger import EventKind
from profiles.limits import HARD_SCHEMES
from profiles.models import VerificationLevel
from profiles.names import preferred
from profiles.outcome_selectors import NEW, Outcome, outcome
from profiles.selectors import Stamp, stamp
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

LISTED: Final = 12
"""As many of the works decided on are listed by title."""
WORKS_NAMED: Final = 3
"""As many works are named with what speaks against a decision."""


class Decision(StrEnum):
    """What a curator may decide on bylines of a record; also the last word of the address."""

    SPLIT = "split"
    REJECT = "reject"
    REASSIGN = "reassign"
    CONFIRM = "confirm"


KINDS: Final = {
    Decision.SPLIT: EventKind.SPLIT,
    Decision.REJECT: EventKind.REJECTED,
    Decision.REASSIGN: EventKind.REASSIGNED,
    Decision.CONFIRM: EventKind.CONFIRMED,
}


class Chosen(msgspec.Struct, frozen=True):
    """A byline decided on: its work, and the name as the source prints it."""

    title: str
    href: str
    year: int | None
    raw_name: str


class DecisionPreview(msgspec.Struct, frozen=True):
    """What would happen. `token` goes with the decision, which is refused if a record has changed by then.

    `count` bylines were chosen, on `works` works with `versions` versions; `listed` are some of them. Of a split,
    `chosen_moved` says whether the chosen ones are the part that gets a new record, else it is the others, and `name` is
    what that record will be called. `named` has the works of the clashes by their keys.
    """

    decision: Decision
    token: str
    bylines: list[int]
    works: int
    versions: int
    listed: list[Chosen]
    outcome: Outcome
    clashes: list[Clash]
    named: dict[str, Named]
    chosen_moved: bool = True
    name: str = ""

    @property
    def count(self) -> int:
        """How many bylines were chosen."""
        return len(self.bylines)


def decision_preview(
    decision: Decision, *, researcher: int, bylines: Collection[int], to: int | None = None
) -> DecisionPreview:  # fmt: skip
    """The outcome of a decision on bylines that the researcher holds; `to` is whose they are, for a reassignment.

    The number of queries depends on neither the number of bylines nor that of works. Raises Conflict if the decision
    cannot be taken.
    """
    concerned = [researcher] if to is None else [researcher, to]
    ledger = projection.load(concerned)
    _require_present(ledger, concerned)
    held = ledger.held(researcher)
    wanted = set(bylines)
    chosen = [byline for byline in held if byline.id in wanted]
    if not chosen or len(chosen) < len(wanted):
        raise Conflict("The bylines are not held by this record any more.")
    moved, chosen_moved = leaving(ledger, researcher, chosen) if decision is Decision.SPLIT else (chosen, True)
    name = preferred(naming.spellings(_spellings(moved))) if decision is Decision.SPLIT else ""
    staying = [byline for byline in held if byline.id not in wanted]
    clashes = _clashes(decision, ledger, chosen, staying, researcher=researcher, to=to)
    return DecisionPreview(
        decision=decision,
        token=version(ledger, concerned, also=decision is Decision.SPLIT and chosen_moved),
        bylines=[byline.id for byline in chosen],
        works=len({byline.work for byline in chosen}),
        versions=_versions(chosen),
        listed=_listed(chosen),
        outcome=outcome(
            ledger,
            KINDS[decision],
            researcher=researcher,
            other=NEW if decision is Decision.SPLIT else to,
            bylines=moved,
            new_name=name,
        ),
        clashes=clashes,
        named=works_named(clashes),
        chosen_moved=chosen_moved,
        name=name,
    )  # fmt: skip


def _require_present(ledger: Ledger, researchers: Sequence[int]) -> None:
    for one in researchers:
        record = ledger.records[one]
        if record.merged_into is not None:
            raise Conflict("The record was merged into another.")
        if record.removed_at is not None:
            raise Conflict("The record was taken down.")


ABOUT_WORKS: Final = frozenset({"same-work", "rejected-work"})
"""Clashes whose values are keys of works."""


def _clashes(
    decision: Decision,
    ledger: Ledger,
    chosen: Sequence[Byline],
    staying: Sequence[Byline],
    *,
    researcher: int,
    to: int | None,
) -> list[Clash]:
    """What speaks against the decision: claims, identifiers, what people decided before, works with two of their bylines."""
    works = {byline.work for byline in chosen}
    if decision is Decision.CONFIRM:
        twice = works & {byline.work for byline in staying}
        twice |= {work for work in works if sum(byline.work == work for byline in chosen) > 1}
        return [_about("same-work", twice)] if twice else []
    found = []
    if ledger.records[researcher].level >= VerificationLevel.AUTHENTICATED:
        found.append(Clash("claimed"))
    if placed := [str(byline.id) for byline in chosen if byline.fixed]:
        found.append(Clash("placed", placed))
    others = ledger.held(to) if to is not None else []
    identifiers = _identifiers([byline.id for byline in (*chosen, *staying, *others)])
    mine, left, theirs = (_of(identifiers, part) for part in (chosen, staying, others))
    for scheme in sorted(HARD_SCHEMES):
        if shared := mine.get(scheme, set()) & left.get(scheme, set()):
            found.append(Clash(f"shared:{scheme}", sorted(shared)))
        if theirs.get(scheme) and (different := mine.get(scheme, set()) - theirs[scheme]):
            found.append(Clash(f"identifier:{scheme}", sorted({*different, *theirs[scheme]})))
    if twice := works & {byline.work for byline in others}:
        found.append(_about("same-work", twice))
    rejected = {work for work, one in ledger.rejections if work in works and projection.final(ledger, one) == to}
    if rejected:
        found.append(_about("rejected-work", rejected))
    return found


def _about(kind: str, works: Collection[int]) -> Clash:
    return Clash(kind, [str(work) for work in sorted(works)])


def _identifiers(bylines: Sequence[int]) -> list[tuple[Any, ...]]:
    """Byline, scheme and value for the schemes of which a person has one value."""
    return bulk.fetch(
        """
        SELECT a.id, i.key, i.value FROM works_authorship a, jsonb_each_text(a.identifiers) i
         WHERE a.id = ANY(%s) AND i.key = ANY(%s) AND i.value <> ''
        """,
        [list(bylines), sorted(HARD_SCHEMES)],
    )


def _of(identifiers: Sequence[tuple[Any, ...]], bylines: Sequence[Byline]) -> Mapping[str, set[str]]:
    wanted = {byline.id for byline in bylines}
    found: dict[str, set[str]] = {}
    for byline, scheme, value in identifiers:
        if byline in wanted:
            found.setdefault(scheme, set()).add(value)
    return found


def _spellings(bylines: Sequence[Byline]) -> list[str]:
    query = "SELECT raw_name FROM works_authorship WHERE id = ANY(%s)"
    return [name for (name,) in bulk.fetch(query, [[byline.id for byline in bylines]])]


def _versions(bylines: Sequence[Byline]) -> int:
    query = "SELECT count(*) FROM works_workversion WHERE work_id = ANY(%s)"
    found: int = bulk.fetch(query, [sorted({byline.work for byline in bylines})])[0][0]
    return found


def _listed(bylines: Sequence[Byline]) -> list[Chosen]:
    query = """
        SELECT w.title, w.title_html, w.public_id, w.slug, w.year, a.raw_name
          FROM works_authorship a JOIN works_work w ON w.id = a.work_id
         WHERE a.id = ANY(%s) ORDER BY w.year DESC NULLS LAST, w.title_key, a.id LIMIT %s
    """
    return [
        Chosen(markup(title, title_html), address("works", public_id, slug), year, raw_name)
        for title, title_html, public_id, slug, year, raw_name in bulk.fetch(
            query, [[byline.id for byline in bylines], LISTED]
        )
    ]


def works_named(clashes: Iterable[Clash]) -> dict[str, Named]:
    """The first works that clashes speak of, by key, to name and link them."""
    query = "SELECT id, public_id, slug, title, title_html FROM works_work WHERE id = ANY(%s)"
    wanted = {int(key) for clash in clashes if clash.kind in ABOUT_WORKS for key in clash.values[:WORKS_NAMED]}
    return {
        str(key): Named(markup(title, title_html), address("works", public_id, slug))
        for key, public_id, slug, title, title_html in bulk.fetch(query, [sorted(wanted)])
    }


_WHOSE = re.compile(r"(?:^|/)researchers/([0-9a-z]{10})(?:[/?#]|$)|^([0-9a-z]{10})$")


def target(given: str) -> Stamp | None:
    """The record meant by an id or the address of a page; where it has gone, if it was merged. None if there is none."""
    match = _WHOSE.search(given.strip())
    if match is None:
        return None
    found = stamp(match[1] or match[2])
    return stamp(found.moved_to) if found is not None and found.moved_to else found


def taken(researcher: int, kinds: Collection[str], *, actor: AbstractBaseUser, reason: str) -> int | None:
    """The last decision of a person on a record, if it is this one: then somebody has posted it twice."""
    rows = bulk.fetch(
        """
        SELECT id, kind, actor_id, reason FROM profiles_identityevent
         WHERE (researcher_id = %s OR other_id = %s) AND actor_id IS NOT NULL ORDER BY id DESC LIMIT 1
        """,
        [researcher, researcher],
    )
    if not rows:
        return None
    event, kind, by, why = rows[0]
    mine = kind in kinds and by == actor.pk and why == reason
    return event if mine else None
