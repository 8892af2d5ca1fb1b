"""`rebuildgraph --check`: the stored pairs against those computed at once from all bylines."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from graph import analytics
from graph.flows import bylines
from graph.models import CoauthorEdge, StaleResearcher
from graph.projection import projection
from profiles.models import Researcher
from researchgraph.lib import bulk
from tests.pipeline import untouched


def checked() -> str:
    out = io.StringIO()
    call_command("rebuildgraph", check=True, stdout=out)
    return out.getvalue()


def stored() -> list[tuple[object, ...]]:
    found = CoauthorEdge.objects.order_by("a_id", "b_id")
    return list(found.values_list("a_id", "b_id", "weight", "works", "first_year", "last_year"))


def test_the_pairs_of_all_bylines_are_those_that_were_stored_one_researcher_at_a_time(library: None) -> None:
    computed = zip(*(column.tolist() for column in projection(bylines.load())), strict=True)
    assert [(*row[:4], row[4] or None, row[5] or None) for row in computed] == stored()
    assert len(stored()) > 50


def test_a_sound_graph_is_found_sound_and_left_alone(library: None) -> None:
    before = untouched()
    assert checked() == f"{CoauthorEdge.objects.count():,} pairs, 0 differ from what is stored.\n"
    assert untouched() == before


def test_every_wrong_pair_is_counted_and_the_command_fails(library: None) -> None:
    gone, heavy, older, wrong = CoauthorEdge.objects.order_by("pk")[:4]
    CoauthorEdge.objects.filter(pk=heavy.pk).update(weight=heavy.weight + 1e-6)
    CoauthorEdge.objects.filter(pk=older.pk).update(first_year=1900)
    CoauthorEdge.objects.filter(pk=wrong.pk).update(works=wrong.works + 1)
    gone.delete()
    last = Researcher.objects.order_by("-pk")[0].pk
    CoauthorEdge.objects.create(a_id=last, b_id=last + 1, weight=1, works=1)
    out = io.StringIO()
    with pytest.raises(CommandError, match="rebuildgraph") as raised:
        call_command("rebuildgraph", check=True, stdout=out)
    assert raised.value.returncode == 1
    assert ", 5 differ from what is stored." in out.getvalue()


def test_pairs_of_who_waits_to_be_recomputed_are_not_compared(library: None) -> None:
    edge = CoauthorEdge.objects.order_by("pk")[0]
    StaleResearcher.objects.create(researcher_id=edge.a_id)
    concerned = CoauthorEdge.objects.filter(a_id=edge.a_id) | CoauthorEdge.objects.filter(b_id=edge.a_id)
    waiting = concerned.count()
    edge.delete()
    assert checked().endswith(
        f" 0 differ from what is stored. {waiting} of them wait to be recomputed and were not compared.\n"
    )


def test_a_record_taken_down_has_no_pairs(library: None) -> None:
    edge = CoauthorEdge.objects.order_by("pk")[0]
    Researcher.objects.filter(pk=edge.a_id).update(removed_at="2026-11-27T00:00:00Z")
    assert edge.a_id not in projection(bylines.load()).a.tolist()


@pytest.mark.django_db(transaction=True)
def test_the_check_reads_everything_as_of_one_moment(library: None) -> None:
    with bulk.one_moment():
        assert bulk.fetch("SHOW transaction_isolation") == [("repeatable read",)]
    with transaction.atomic(), bulk.one_moment():
        assert bulk.fetch("SHOW transaction_isolation") == [("read committed",)]


def test_one_researcher_and_a_check_are_two_wishes(library: None) -> None:
    with pytest.raises(CommandError, match="not allowed with"):
        call_command("rebuildgraph", "--check", "--only", "x")


def test_exported_bylines_are_those_that_are_read(library: None, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("exportbylines", str(tmp_path / "bylines.csv"), stdout=out)
    assert out.getvalue() == f"Wrote {tmp_path / 'bylines.csv'}.\n"
    first, *lines = (tmp_path / "bylines.csv").read_text(encoding="ascii").splitlines()
    assert tuple(first.split(",")) == analytics.BYLINES
    rows = [tuple(map(int, line.split(","))) for line in lines]
    assert sorted(rows) == sorted(zip(*(column.tolist() for column in bylines.load()), strict=True))


def test_bylines_are_not_exported_where_nothing_can_be_written(library: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        call_command("exportbylines", str(tmp_path))
