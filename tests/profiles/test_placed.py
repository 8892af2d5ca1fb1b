"""A decision on one byline is about that byline: it joins no records, and undoing it leaves no trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model

from profiles.flows.confirm import confirm
from profiles.flows.reassign import reassign
from profiles.flows.undo import undo
from tests.pipeline import importworks, work, write
from tests.profiles.test_reversible import agree, byline, holder, people
from works import imports

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


def test_confirming_a_byline_moves_no_other_record_and_undoing_it_restores_all(tmp_path: Path, curator: User) -> None:
    places = [("MIT", "Grace Hopper", 2), ("Princeton University", "Kurt Gödel", 7)]
    records = [
        work(f"{place}/{n}", f"{place} {n}", {"name": "Jun Wang", "affiliation": place}, colleague, year=2000 + n)
        for place, colleague, count in places
        for n in range(count)
    ]
    between = work("b/1", "Between", "Jun Wang", "Grace Hopper", "Kurt Gödel", year=2003)
    importworks(write(tmp_path / "works.jsonl", [*records, between]))
    before = people()
    few, one = holder("MIT 0", "Jun Wang"), byline("Between", "Jun Wang")
    many = holder("Princeton University 0", "Jun Wang")
    assert few != many
    if one.researcher is None:
        event = confirm(researcher=few.pk, bylines=[one.pk], actor=curator, reason="Her own words.")
    else:
        event = reassign(researcher=one.researcher.pk, to=few.pk, bylines=[one.pk], actor=curator, reason="")
    imports.settle()
    assert byline("Between", "Jun Wang").researcher == few
    assert holder("Princeton University 6", "Jun Wang") == many
    assert agree()
    undo(event=event, actor=curator, reason="")
    imports.settle()
    assert people() == before
    assert agree()
