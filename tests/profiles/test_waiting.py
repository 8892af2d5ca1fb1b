"""What waits while works come in: for the end of a file, but not for days of a harvest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from graph.flows.recompute import recompute_stale
from graph.models import StaleResearcher
from profiles import tasks
from profiles.models import Researcher, StaleBlock
from researchgraph import events
from tests.pipeline import importworks, work, write
from works.models import ImportRun

pytestmark = pytest.mark.usefixtures("empty_library")

FILE, HARVEST = False, True


@pytest.fixture
def hopper(empty_library: None, tmp_path: Path) -> Researcher:
    importworks(write(tmp_path / "works.jsonl", [work("t/1", "Stirring soups", "Grace Hopper", year=2012)]))
    return Researcher.objects.get()


def stale_for(minutes: int, hopper: Researcher) -> None:
    """Her name has waited for so long, and so has her page."""
    StaleBlock.objects.create(block_key=hopper.block_key, marked_at=timezone.now() - timedelta(minutes=minutes))
    StaleResearcher.objects.create(researcher_id=hopper.pk, cause="x")


def running(*kinds: bool) -> None:
    for number, live in enumerate(kinds):
        ImportRun.objects.create(public_id=f"run{number}", source="jsonl", query="x", live=live, state="running")


@pytest.mark.parametrize(
    ("kinds", "minutes", "decided"),
    [
        ((), 0, True),
        ((FILE,), 60, False),
        ((HARVEST,), 1, False),
        ((HARVEST,), 11, True),
        ((HARVEST, FILE), 60, False),
    ],
)
def test_names_wait_for_the_end_of_a_file_but_only_minutes_for_a_harvest(
    hopper: Researcher, kinds: tuple[bool, ...], minutes: int, *, decided: bool
) -> None:
    running(*kinds)
    stale_for(minutes, hopper)
    tasks.assign_stale.apply()
    assert StaleBlock.objects.exists() is not decided


def test_younger_names_go_along_with_one_that_has_waited_long_enough(hopper: Researcher) -> None:
    running(HARVEST)
    stale_for(11, hopper)
    StaleBlock.objects.create(block_key="lovelace a")
    tasks.assign_stale.apply()
    assert not StaleBlock.objects.exists()


@pytest.mark.parametrize(
    ("kinds", "minutes", "derived"),
    [((), 0, 0), ((FILE,), 1, 0), ((HARVEST,), 1, 1), ((HARVEST,), 11, 0), ((HARVEST, FILE), 1, 0)],
)
def test_pages_wait_for_names_unless_these_rest(
    hopper: Researcher, kinds: tuple[bool, ...], minutes: int, derived: int
) -> None:
    running(*kinds)
    stale_for(minutes, hopper)
    assert recompute_stale() == derived
    StaleBlock.objects.all().delete()
    assert recompute_stale() == 1 - derived


def test_a_name_that_changes_again_has_waited_since_the_first_time(hopper: Researcher) -> None:
    running(HARVEST)
    stale_for(11, hopper)
    marked = StaleBlock.objects.get().marked_at
    with transaction.atomic():
        events.bylines_changed.send(sender=None, block_keys=[hopper.block_key])
    assert StaleBlock.objects.get().marked_at == marked
