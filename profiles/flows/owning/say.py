"""What an author says of themselves: kept, in force at once, put back, and gone with the claim. The only writer of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import transaction

from graph.audience import SAME_RECORD
from profiles.claim_models import Claim, ClaimDeed
from profiles.flows.choose_name import choose_name
from profiles.flows.owning import rights
from profiles.models import Researcher
from profiles.own_models import LinkBack, OwnStatement
from profiles.statements import NOTHING, SAID, Field, Followers, Name, NotSayable, Said, checked, said
from researchgraph import events as signals
from researchgraph.errors import Conflict
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

REASON: Final = "Said by the author."


@transaction.atomic
def say(*, researcher: int, values: Mapping[Field, Any], actor: AbstractBaseUser) -> list[Field]:
    """Keep what differs from what is in force; the fields that changed.

    Raises Conflict if the record is not the actor's, and, naming the reason, for a value that no page may print.
    """
    claim = rights.holding(researcher, actor)
    return _keep(claim, researcher, values, actor)


@transaction.atomic
def put_back(*, researcher: int, statement: int, actor: AbstractBaseUser) -> list[Field]:
    """Say again what an earlier statement of one's own said. Raises Conflict if there is none or the record is not the actor's."""
    claim = rights.holding(researcher, actor)
    found = OwnStatement.objects.filter(pk=statement, claim__claimant_id=actor.pk).first()
    if found is None or found.researcher_id not in _same(researcher):
        raise Conflict("There is no such statement of yours.")
    return _keep(claim, researcher, {Field(found.field): found.value}, actor)


@transaction.atomic
def take_down(*, researcher: int, field: Field, actor: AbstractBaseUser) -> None:
    """A curator takes a statement off the page; its author may say something else. Raises Conflict if nothing is said."""
    newest = OwnStatement.objects.filter(
        researcher_id__in=_same(researcher), field=field, claim__records__holds=True
    ).order_by("-pk")  # fmt: skip
    found = newest.select_related("claim").first()
    if found is None or current(researcher).value(field) == NOTHING[field]:
        raise Conflict("Nothing is said there now.")
    _keep(found.claim, researcher, {field: msgspec.to_builtins(NOTHING[field])}, actor)


def forget(*, claimant: AbstractBaseUser) -> None:
    """Delete everything the person has ever said. A name they chose stays: it is how they want to be called, account or not."""
    OwnStatement.objects.filter(claim__claimant_id=claimant.pk).delete()


def undo_all(claim: Claim, *, actor: AbstractBaseUser) -> None:
    """The claim was revoked: a name and a hidden count that it had brought about are taken back.

    Everything else it said is out of force with it.
    """
    brought = OwnStatement.objects.filter(claim=claim, field__in=[Field.NAME, Field.FOLLOWERS]).values_list(
        "field", "researcher_id"
    )
    for field, researcher in sorted(set(brought)):
        present = Researcher.objects.filter(pk=researcher).values_list("merged_into", "removed_at").get()
        if field == Field.FOLLOWERS:
            Researcher.objects.filter(pk=researcher).update(hide_followers=False)
        elif present == (None, None):
            choose_name(researcher=researcher, name="", actor=actor, reason=f"Claim {claim.pk} was revoked.")


_CURRENT: Final = f"""
    SELECT r.chosen_name, r.old_names_searchable, r.hide_followers, {SAID.format(keys="k.keys")} FROM profiles_researcher r
     CROSS JOIN LATERAL (SELECT {SAME_RECORD.format(key="r.id")} AS keys) k WHERE r.id = %s
"""  # noqa: S608 - constants


def current(researcher: int) -> Said:
    """What is in force now. Name and follower count are as the record has them, whoever has seen to that."""
    name, old_names, hidden, stored = bulk.fetch(_CURRENT, [researcher])[0]
    return msgspec.structs.replace(
        said(stored), name=Name(name, old_names=old_names), followers=Followers(hidden=hidden)
    )  # fmt: skip


def _keep(claim: Claim, researcher: int, values: Mapping[Field, Any], actor: AbstractBaseUser) -> list[Field]:
    now = current(researcher)
    try:
        given = {field: checked(field, value) for field, value in values.items()}
    except NotSayable as refused:
        raise Conflict(str(refused)) from refused
    changed = [field for field, value in given.items() if value != now.value(field)]
    if Field.PINNED in changed:
        _require_held(researcher, given[Field.PINNED])
    OwnStatement.objects.bulk_create(
        [
            OwnStatement(
                claim=claim, researcher_id=researcher, actor_id=actor.pk, field=field,
                value=msgspec.to_builtins(given[field]),
            )
            for field in changed
        ]
    )  # fmt: skip
    for field in changed:
        _bring_about(claim, researcher, field, given[field], actor)
    return changed


def _bring_about(claim: Claim, researcher: int, field: Field, value: Any, actor: AbstractBaseUser) -> None:
    """What a statement changes beyond its own row."""
    if field == Field.NAME:
        event = choose_name(
            researcher=researcher, name=value.name, actor=actor, reason=REASON, old_names_searchable=value.old_names
        )
        if event is not None:
            ClaimDeed.objects.create(claim=claim, event_id=event)
    elif field == Field.FOLLOWERS:
        Researcher.objects.filter(pk__in=_same(researcher)).update(hide_followers=value.hidden)
    elif field == Field.VARIANTS:
        signals.researchers_changed.send(sender=None, researcher_ids=[researcher], cause="the author stated a spelling")
    elif field == Field.LINKS:
        LinkBack.objects.filter(researcher_id=researcher).exclude(url__in=[link.url for link in value]).delete()
        LinkBack.objects.bulk_create(
            [LinkBack(researcher_id=researcher, url=link.url) for link in value], ignore_conflicts=True
        )


def _require_held(researcher: int, works: list[int]) -> None:
    held = bulk.fetch(
        "SELECT count(DISTINCT work_id) FROM works_authorship WHERE researcher_id = %s AND work_id = ANY(%s)",
        [researcher, works],
    )[0][0]
    if held < len(works):
        raise Conflict("Only works of this record can be featured.")


def _same(researcher: int) -> list[int]:
    """The keys of the record and of all that were merged into it."""
    keys: list[int] = bulk.fetch(f"SELECT {SAME_RECORD.format(key='%(key)s')}", {"key": researcher})[0][0]
    return keys
