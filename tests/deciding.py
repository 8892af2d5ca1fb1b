"""Decisions on works, as tests take them: records come in, curators decide in any order, and everything stays sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, Phase, settings

from profiles.flows.rebuild import rebuild
from tests.pipeline import importworks, write
from works import imports
from works.decision_models import KnownAs, WorkDistinction, WorkEvent
from works.decisions import in_force
from works.flows.join import join
from works.flows.record import OpenWorks
from works.flows.tell_apart import tell_apart
from works.flows.undo import undo
from works.models import SourceRecord, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ANY_ORDER: Final = settings(
    max_examples=6,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For properties over whole histories, each of which takes seconds."""


def bring(folder: Path, *records: dict[str, Any]) -> None:
    """Import the records."""
    assert importworks(write(folder / "works.jsonl", records)).status == 0


def of(key: str) -> Work:
    """The work of a source record."""
    found = SourceRecord.objects.select_related("work").get(key=key).work
    assert found is not None
    return found


def sound() -> None:
    """Everything follows from the events, and nothing waits."""
    imports.settle()
    assert rebuild(check=True) == 0
    assert not Work.objects.filter(merged_into__merged_into__isnull=False).exists()
    for one in Work.objects.exclude(merged_into=None):
        assert not one.source_records.exists()
        assert not one.authorships.exists()
        assert not one.identifiers.exists()


def any_two(one: int, other: int) -> tuple[int, int]:
    """The keys of two works that are there, perhaps of one twice."""
    there = list(Work.objects.filter(merged_into=None).order_by("pk").values_list("pk", flat=True))
    return there[one % len(there)], there[other % len(there)]


def act(kind: str, one: int, other: int, made: list[int], curator: User) -> None:
    """Join or tell apart two works, or undo one of the decisions that were `made`, and note the event there."""
    work, second = any_two(one, other)
    if kind == "join":
        made.append(join(work=work, into=second, actor=curator, reason=""))
    elif kind == "apart":
        made.append(tell_apart(work=work, other=second, actor=curator, reason=""))
    elif kind == "undo" and made:
        made.append(undo(event=made[one % len(made)], actor=curator, reason=""))


def take_all_back(made: list[int], curator: User) -> None:
    """Undo every decision that counts, the last one first; nothing is left of them."""
    for event in reversed(made):
        found = WorkEvent.objects.get(pk=event)
        if not found.undoes_id and event in in_force(OpenWorks([found.work_id or 0]).decisions):
            undo(event=event, actor=curator, reason="")
    sound()
    assert not WorkDistinction.objects.exists()
    assert not KnownAs.objects.exists()
