"""The name a person wants to be printed under, on every work of theirs and on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from profiles.flows import naming
from profiles.flows.record import OpenLedger, record
from profiles.ledger import EventKind
from profiles.models import Researcher
from profiles.statements import NAME_LIMIT
from researchgraph import events
from researchgraph.errors import Conflict
from researchgraph.lib.text import clean, fold

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def choose_name(
    *, researcher: int, name: str, actor: AbstractBaseUser | None, reason: str, old_names_searchable: bool = False
) -> int | None:
    """Print the person as `name` everywhere from now on; "" prints again what the sources have.

    The bylines the record holds are confirmed, so that the rule takes none of them away under the old name: the key of
    the event that says so, None if there were none. No event mentions a name. With `old_names_searchable` a search for an
    old name finds the record, under the chosen one. Raises Conflict for a name without letters or too long, and if the
    record was merged or taken down.
    """
    chosen = clean(name)
    if chosen and (not fold(chosen) or len(chosen) > NAME_LIMIT):
        raise Conflict(f"A name has letters, and at most {NAME_LIMIT} characters.")
    opened = OpenLedger([researcher])
    opened.require_present(researcher)
    loose = [byline for byline in opened.ledger.held(researcher) if not byline.fixed]
    event = None
    if chosen and loose:
        event = record(
            opened, kind=EventKind.CONFIRMED, researcher=researcher, bylines=loose, actor=actor, reason=reason
        )  # fmt: skip
    Researcher.objects.filter(pk=researcher).update(chosen_name=chosen, old_names_searchable=old_names_searchable)
    naming.rename([researcher])
    events.names_changed.send(sender=None, researcher_ids=[researcher], cause="bylines assigned")
    return event
