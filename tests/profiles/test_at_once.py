"""Decisions at the same moment: one waits for the other, nobody waits for ever, and the events stay the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from graph.flows.recompute import mark_all_stale, recompute_stale
from graph.models import EgoGraphSnapshot
from profiles.flows.assign import assign_stale
from profiles.flows.choose_name import choose_name
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.rebuild import rebuild
from profiles.flows.reject import reject
from profiles.flows.review import answer
from profiles.models import IdentityEvent, Researcher, StaleBlock
from researchgraph.errors import Conflict
from researchgraph.lib.desk import Verdict
from tests.pipeline import clear, importworks
from tests.questions import ask, state
from works import imports
from works.demo.build import OUTPUT
from works.models import Authorship

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django.plugin import DjangoDbBlocker


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("library")]


@pytest.fixture(scope="module", autouse=True)
def bundled_again(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Other threads see only what is committed; at the end the bundled records are there for the tests that come after."""
    yield
    with django_db_blocker.unblock():
        clear()
        assert importworks(OUTPUT).status == 0


@pytest.fixture
def curator(library: None) -> User:
    return get_user_model().objects.create_user("curator")


def at_once(*calls: Callable[[], object]) -> list[BaseException | None]:
    """What each call failed with, all of them begun at one moment on connections of their own."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait(10)
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        futures: list[Future[None]] = [pool.submit(run, call) for call in calls]
        return [future.exception(60) for future in futures]


def two() -> tuple[Researcher, Researcher]:
    """Two records of several works each."""
    one, other = Researcher.objects.filter(merged_into=None, works_count__gt=2).order_by("-works_count", "pk")[:2]
    return one, other


def test_of_two_merges_in_opposite_directions_one_is_refused(curator: User) -> None:
    one, other = two()
    both = partial(merge, actor=curator, reason="", force=True)
    failures = at_once(partial(both, researcher=one.pk, into=other.pk), partial(both, researcher=other.pk, into=one.pk))
    assert [type(failure) for failure in failures if failure] == [Conflict]
    assert IdentityEvent.objects.exclude(actor=None).count() == 1
    assert rebuild(check=True) == 0


def test_a_person_and_the_rule_decide_on_one_block_in_turn(curator: User) -> None:
    one, other = two()
    held = list(Authorship.objects.filter(researcher__in=[one, other]).order_by("pk"))
    StaleBlock.objects.bulk_create(StaleBlock(block_key=key) for key in sorted({byline.block_key for byline in held}))
    mine = [byline.pk for byline in held if byline.researcher_id == one.pk]
    failures = at_once(
        assign_stale,
        partial(reject, researcher=one.pk, bylines=mine[:2], actor=curator, reason=""),
        assign_stale,
        partial(merge, researcher=other.pk, into=one.pk, actor=curator, reason="", force=True),
    )
    assert failures == [None] * 4
    imports.settle()
    assert rebuild(check=True) == 0
    assert not one.authorships.filter(pk__in=mine[:2]).exists()
    assert not other.authorships.exists()


def test_a_name_is_gone_although_workers_recompute_the_coauthors_at_that_moment(curator: User) -> None:
    gone, renamed = two()
    mark_all_stale(cause="test")
    failures = at_once(
        partial(recompute_stale, researchers=400),
        partial(opt_out, researcher=gone.pk, actor=curator, reason=""),
        partial(recompute_stale, researchers=400),
        partial(choose_name, researcher=renamed.pk, name="Zelda Chosen", actor=curator, reason=""),
        partial(recompute_stale, researchers=400),
    )
    assert failures == [None] * 5
    for name in (gone.display_name, renamed.display_name):
        assert not EgoGraphSnapshot.objects.filter(data__contains=f'"{name}"').exists()
    imports.settle()
    assert rebuild(check=True) == 0


def test_two_answers_to_one_question_at_the_same_moment_count_once(curator: User) -> None:
    review = ask("merge", *two())
    seen = state(review)
    calls = [
        partial(answer, review=review.pk, verdict=verdict, actor=curator, state=seen)
        for verdict in (Verdict.SAME, Verdict.DIFFERENT, Verdict.SAME)
    ]
    failed = [error for error in at_once(*calls) if error is not None]
    assert [type(error) for error in failed] == [Conflict, Conflict]
    assert IdentityEvent.objects.filter(actor=curator).count() == 1
    assert rebuild(check=True) == 0
