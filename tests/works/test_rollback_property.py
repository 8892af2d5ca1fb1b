"""Whatever runs overlap, correct each other and are decided on: one taken back is one that never was, but for what people said."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.flows.confirm import confirm
from profiles.flows.rebuild import rebuild
from tests.pipeline import line, stored, work
from works import imports, rollback
from works.models import Authorship, ImportRun, Work

pytestmark = pytest.mark.usefixtures("empty_library")

PEOPLE = ["Ada Lovelace", "Grace Hopper", "Kurt Gödel", "Emmy Noether"]
TITLES = ["Stirring soups", "Bread without yeast", "Kettles and lids", "Sieves for flour"]


records = st.builds(
    lambda number, corrected, authors: work(
        f"t/{number}",
        f"{TITLES[number]}{' corrected' if corrected else ''}",
        *(PEOPLE[author] for author in sorted(authors)),
        year=2015 + number,
    ),
    st.integers(0, len(TITLES) - 1),
    st.booleans(),
    st.sets(st.integers(0, len(PEOPLE) - 1), min_size=1),
)
runs = st.lists(records, min_size=1, max_size=4, unique_by=lambda record: str(record["source_id"]))


def bring(found: list[dict[str, Any]]) -> ImportRun:
    run = imports.start_upload(
        source="jsonl", name="works.jsonl", content=b"".join(line(record) for record in found), started_by=None
    )
    assert imports.advance(run)
    imports.settle()
    return run


def works() -> set[int]:
    return set(Work.objects.values_list("pk", flat=True))


@settings(max_examples=6)
@given(before=runs, taken_back=runs, person=st.booleans())
def test_a_run_taken_back_never_was_but_for_what_people_decided(
    *, before: list[dict[str, Any]], taken_back: list[dict[str, Any]], person: bool
) -> None:
    with transaction.atomic():
        bring(before)
        expected, known = stored(ids=False), works()
        run = bring(taken_back)
        byline = Authorship.objects.exclude(work__in=known).exclude(researcher=None).order_by("pk").first()
        decided = byline if person else None
        if decided is not None and decided.researcher_id is not None:
            actor = get_user_model().objects.create_user("curator")
            confirm(researcher=decided.researcher_id, bylines=[decided.pk], actor=actor, reason="His own words.")
            imports.settle()
        rollback.begin(run)
        rollback.advance(run)
        imports.settle()
        assert rebuild(check=True) == 0
        if decided is None:
            assert stored(ids=False) == expected
        else:
            # What others said, and what the person decided on.
            assert works() == known | {decided.work_id}
            assert Authorship.objects.get(pk=decided.pk).kind == "confirmed"
        # The next example begins with no record, as this one did.
        transaction.set_rollback(True)
