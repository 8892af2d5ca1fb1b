"""Crowded names: new bylines are placed among what is there, and the whole is decided on later, with one outcome."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import tasks
from profiles.assignment import Decision, Resolution, resolve, resolve_new
from profiles.flows import assign
from profiles.mentions import Mention
from profiles.models import GrownBlock, Researcher, StaleBlock
from tests.pipeline import importworks, work, write
from tests.profiles.test_assignment import ANOTHER, ONE, mention
from works.models import Authorship

WARWICK, PRINCETON = "University of Warwick", "Princeton University"


def soups(year: int, **more: Any) -> Mention:
    return mention("Wei Wang", year=year, coauthors="Grace Hopper,Alan Turing", at=WARWICK, **more)


def kettles(year: int, **more: Any) -> Mention:
    return mention("Wei Wang", year=year, coauthors="Kurt Gödel,Emmy Noether", at=PRINCETON, **more)


def settled(*mentions: Mention) -> tuple[list[Mention], dict[int, Decision]]:
    """The mentions as they are held once the rule has decided, with its decisions."""
    resolution = resolve(mentions)
    decisions = {d.mention_id: d for d in resolution.decisions}
    held = [msgspec.structs.replace(m, holder=_holder(decisions[m.id])) for m in mentions]
    return held, {m.id: decisions[m.id] for m in held if m.holder is not None}


def _holder(decision: Decision) -> int | None:
    return None if decision.cluster is None else 100 + decision.cluster


def home(resolution: Resolution, one: Mention) -> set[int]:
    """Whom a mention is with."""
    return next(({*cluster} - {one.id} for cluster in resolution.clusters if one.id in cluster), set())


@pytest.fixture(name="two")
def two_people() -> tuple[list[Mention], dict[int, Decision]]:
    return settled(*[soups(2000 + i) for i in range(4)], *[kettles(2010 + i) for i in range(4)])


def test_a_new_byline_goes_where_it_would_go_if_all_were_decided_on(two: Any) -> None:
    held, decided = two
    new = soups(2005)
    found = resolve_new([*held, new], decided)
    assert home(found, new) == {m.id for m in held[:4]} == home(resolve([*held, new]), new)
    decision = next(d for d in found.decisions if d.mention_id == new.id)
    whole = next(d for d in resolve([*held, new]).decisions if d.mention_id == new.id)
    assert (decision.kind, decision.evidence) == (whole.kind, whole.evidence)


def test_a_new_byline_that_fits_nobody_is_somebody_new_and_two_of_them_are_one(two: Any) -> None:
    held, decided = two
    new = [
        mention("Wei Wang", year=1980 + i, coauthors="Ada Byron,Mary Somerville", at="University of Turin")
        for i in range(2)
    ]
    found = resolve_new([*held, *new], decided)
    assert home(found, new[0]) == {new[1].id}
    assert len(found.clusters) == 3


def test_a_new_byline_between_two_records_stays_open_and_is_asked_about(two: Any) -> None:
    held, decided = two
    new = mention("Wei Wang", year=2006, coauthors="Grace Hopper,Alan Turing,Kurt Gödel,Emmy Noether")
    found = resolve_new([*held, new], decided)
    assert {d.kind for d in found.decisions if d.mention_id == new.id} == {"undecided"}
    assert [(d.kind, d.mentions, len(d.clusters)) for d in found.doubts] == [("byline", (new.id,), 2)]


def test_records_are_not_joined_because_something_comes_that_fits_both(two: Any) -> None:
    held, decided = two
    new = [
        mention("Wei Wang", year=2006 + i, coauthors="Grace Hopper,Alan Turing,Kurt Gödel,Emmy Noether")
        for i in range(6)
    ]
    found = resolve_new([*held, *new], decided)
    assert not home(found, held[0]) & {m.id for m in held[4:]}


def test_the_only_byline_of_a_record_says_what_it_shares_once_another_comes() -> None:
    held, decided = settled(soups(2000))
    assert decided[held[0].id].kind == "new"
    new = soups(2001)
    found = resolve_new([*held, new], decided)
    assert {d.kind for d in found.decisions} == {"corroborated"}


@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_what_was_decided_stands_and_every_limit_holds(chance: random.Random) -> None:
    places = [WARWICK, PRINCETON, ""]
    people = ["Grace Hopper", "Alan Turing", "Kurt Gödel", "Emmy Noether"]

    def some() -> Mention:
        return mention(
            chance.choice(["Wei Wang", "W. Wang", "Wei Q. Wang"]),
            year=chance.randrange(1990, 2020),
            coauthors=",".join(chance.sample(people, chance.randrange(3))),
            at=chance.choice(places),
            ids=chance.choice([None, None, None, ONE, ANOTHER]),
            work=chance.randrange(12),
        )

    once: dict[tuple[int, str], Mention] = {}
    for one in (some() for _ in range(14)):
        once.setdefault((one.work, one.name), one)
    everybody = list(once.values())
    cut = chance.randrange(len(everybody)) + 1
    held, decided = settled(*everybody[:cut])
    new = [
        msgspec.structs.replace(m, barred=(100,)) if chance.random() < 0.2 else m
        for m in [*everybody[cut:], *(m for m in held if m.holder is None)]
    ]
    held = [m for m in held if m.holder is not None]
    found = resolve_new([*held, *new], decided)
    by_id = {m.id: m for m in [*held, *new]}
    assert sorted(d.mention_id for d in found.decisions) == sorted(by_id)
    for cluster in found.clusters:
        members = [by_id[m] for m in cluster]
        assert len({m.holder for m in members} - {None}) <= 1
        assert len({m.work for m in members}) == len(members)
        assert len({m.identifiers["orcid"] for m in members if m.identifiers}) <= 1
        assert not any(100 in m.barred for m in members) or all(m.holder != 100 for m in members)
    for m in held:
        assert {one.id for one in held if one.holder == m.holder} <= home(found, m) | {m.id}
    again = resolve_new([*reversed(new), *reversed(held)], decided)
    assert {frozenset(c) for c in again.clusters} == {frozenset(c) for c in found.clusters}


# Stored


def record(number: int) -> dict[str, Any]:
    person = number % 40
    authors = {"name": "Wei Wang", "affiliation": f"University of Place {person}"}
    return work(f"t/{number}", f"Study {number} of thing {person}", authors, f"Abel{person} Baker{person}", year=2020)


def test_a_few_new_bylines_of_a_crowded_name_are_placed_and_the_whole_is_decided_on_later(
    empty_library: None, tmp_path: Any
) -> None:
    importworks(write(tmp_path / "works.jsonl", [record(n) for n in range(assign.CROWDED)]))
    people = Researcher.objects.filter(block_key=Authorship.objects.filter(raw_name="Wei Wang")[0].block_key)
    key = people[0].block_key
    assert people.count() == 40
    assert not GrownBlock.objects.exists()
    importworks(write(tmp_path / "more.jsonl", [record(n) for n in range(assign.CROWDED, assign.CROWDED + 80)]))
    assert GrownBlock.objects.get().added == 80
    assert people.count() == 40
    held = {a.pk: a.researcher_id for a in Authorship.objects.filter(block_key=key)}
    assert None not in held.values()
    # Nothing is due yet; after a tenth more it is, and one task decides on the whole.
    assert assign.due() == []
    GrownBlock.objects.update(added=300)
    assert assign.due() == [key]
    tasks.recluster_grown.apply()
    tasks.recluster.apply([key])
    assert not GrownBlock.objects.exists()
    assert not StaleBlock.objects.exists()
    assert {a.pk: a.researcher_id for a in Authorship.objects.filter(block_key=key)} == held
    assert assign.recluster(key) is False
    assert not StaleBlock.objects.exists()
