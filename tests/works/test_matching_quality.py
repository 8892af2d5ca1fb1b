"""Matching without identifiers, on pairs whose truth identifiers tell (tests/benchmarks/matching_pairs.py)."""

from __future__ import annotations

from tests.benchmarks.matching_quality import Counted, measured, pairs


def test_there_are_enough_pairs_of_both_kinds() -> None:
    same = sum(pair.same for pair in pairs())
    assert len(pairs()) >= 300
    assert same >= 100
    assert len(pairs()) - same >= 200


def test_without_identifiers_hardly_any_two_works_become_one() -> None:
    counted = measured(hidden=True)
    assert counted.precision >= 0.995
    assert counted.recall >= 0.97


def test_with_identifiers_none_do() -> None:
    counted = measured(hidden=False)
    assert counted.precision >= 0.995
    assert counted.recall >= 0.97


def test_what_is_not_decided_counts_against_recall_only() -> None:
    counted = Counted()
    counted.add(same=True, outcome="same")
    counted.add(same=True, outcome="unknown")
    counted.add(same=False, outcome="unknown")
    assert (counted.precision, counted.recall, counted.asked) == (1.0, 0.5, 2)
