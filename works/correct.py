"""What people say a work's fields are, above every source and every later import. Each value can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works.decision_models import CorrectionOrigin, WorkCorrection
from works.ingest import held, pipeline, store
from works.models import Work
from works.sources import registry

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@transaction.atomic
def correct(
    *,
    work: int,
    values: Mapping[str, str],
    origin: CorrectionOrigin,
    actor: AbstractBaseUser,
    reason: str,
    seen: int,
) -> None:
    """Set fields of a work, checked values by field (`works.forms.CorrectionForm`); "" says that it has none.

    `seen` is the newest correction its author knew of. Raises Conflict if there is a newer one, or the work joined another.
    """
    _hold(work)
    if seen != newest(work):
        raise Conflict("Somebody else has corrected this work meanwhile.")
    WorkCorrection.objects.bulk_create(
        WorkCorrection(work_id=work, field=field, value=value, origin=origin, actor_id=actor.pk, reason=reason)
        for field, value in sorted(values.items())
    )
    _merge_again(work)


@transaction.atomic
def undo(*, work: int, correction: int, actor: AbstractBaseUser) -> None:
    """Take a correction back: the one before it holds again, else what the sources say. Twice changes nothing.

    Raises Conflict if the work joined another.
    """
    _hold(work)
    open_ = WorkCorrection.objects.filter(pk=correction, work_id=work, undone_at=None)
    if open_.update(undone_at=Now(), undone_by_id=actor.pk):
        _merge_again(work)


def newest(work: int) -> int:
    """The key of the newest correction of a work, 0 if there is none."""
    return WorkCorrection.objects.filter(work_id=work).order_by("-pk").values_list("pk", flat=True).first() or 0


def _hold(work: int) -> None:
    bulk.take_turns()
    if not Work.objects.select_for_update().filter(pk=work, merged_into=None).exists():
        raise Conflict("This work has joined another one; correct that one.")


def _merge_again(work: int) -> None:
    held.recheck(store.write_works(pipeline.drafts_of([work], lambda name: registry.get(name).parse), store.Lookups()))
