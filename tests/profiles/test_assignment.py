"""Which bylines are one researcher: identifiers join, names alone never do, and neither order nor keys matter."""

from __future__ import annotations

import random
from functools import partial
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.assignment import Decision, Resolution, resolve, resolve_all
from profiles.limits import HARD_SCHEMES
from profiles.mentions import Mention
from profiles.names import compatible, name_key

ORCID, OTHER_ORCID = "0000-0002-1825-0097", "0000-0001-5109-3700"
ONE, ANOTHER = {"orcid": ORCID}, {"orcid": OTHER_ORCID}
numbers = count(1)


def mention(
    name: str,
    *,
    year: int | None = 2020,
    coauthors: str = "",
    at: str = "",
    domain: str = "",
    work: int | None = None,
    ids: dict[str, str] | None = None,
    title: str = "",
) -> Mention:
    """One byline on a work of its own, unless `work` says which; `coauthors` are separated by commas."""
    number = next(numbers)
    return Mention(
        id=number,
        sort_key=f"title {number:06d}",
        work=work if work is not None else 1_000_000 + number,
        name=name,
        name_key=name_key(name),
        identifiers=ids or {},
        institutions=tuple(place.strip() for place in at.split(",") if place),
        domain=domain,
        coauthors=tuple(name_key(other) for other in coauthors.split(",") if other),
        year=year,
        title=title,
    )


def decision_of(resolution: Resolution, one: Mention) -> Decision:
    return next(decision for decision in resolution.decisions if decision.mention_id == one.id)


def kinds(*mentions: Mention) -> list[str]:
    resolution = resolve(mentions)
    return [decision_of(resolution, one).kind for one in mentions]


def groups(*mentions: Mention) -> list[int | None]:
    """For every mention the number of its researcher, counted in the order of the mentions; None if undecided."""
    resolution = resolve(mentions)
    seen: dict[int | None, int] = {}
    found: list[int | None] = []
    for one in mentions:
        cluster = decision_of(resolution, one).cluster
        found.append(None if cluster is None else seen.setdefault(cluster, len(seen)))
    return found


def reasons(one: Mention, *others: Mention) -> set[tuple[str, str]]:
    return {(e.kind, e.value) for e in decision_of(resolve([one, *others]), one).evidence}


# Identifiers


@pytest.mark.parametrize(
    "identifiers",
    [
        {"orcid": ORCID},
        {"dblp": "45/4211"},
        {"openreview": "~Wei_Wang12"},
        {"acl": "wei-wang"},
        {"google_scholar": "kPJKnRIAAAAJ"},
    ],
    ids=lambda i: next(iter(i)),
)
def test_a_shared_identifier_joins_even_a_common_name(identifiers: dict[str, str]) -> None:
    one, other = mention("Wei Wang", year=1999, ids=identifiers), mention("Wei Wang", year=2024, ids=identifiers)
    assert groups(one, other) == [0, 0]
    assert kinds(one, other) == ["identifier", "identifier"]
    (scheme, value), *_ = identifiers.items()
    assert reasons(one, other) == {("identifier", f"{scheme}:{value}")}


def test_a_shared_identifier_does_not_join_names_that_exclude_each_other() -> None:
    one, other = mention("Ana Morcos", ids=ONE), mention("Ari Morcos", ids=ONE)
    assert groups(one, other) == [0, 1]


def test_an_identifier_printed_twice_on_one_work_names_nobody() -> None:
    one, other = mention("Wei Wang", work=7, ids=ONE), mention("W. Wang", work=7, ids=ONE)
    resolution = resolve([one, other])
    assert all(len(cluster) == 1 for cluster in resolution.clusters)


@pytest.mark.parametrize(
    "mine",
    [("orcid", ORCID, OTHER_ORCID), ("dblp", "45/4211", "45/4212"), ("openreview", "~Ari_Morcos1", "~Ari_Morcos2")],
)
def test_conflicting_identifiers_never_join_whatever_else_is_shared(mine: tuple[str, str, str]) -> None:
    scheme, value, other_value = mine
    twin = partial(mention, "Ari Morcos", coauthors="Mitchell Wortsman,Ludwig Schmidt,Yair Carmon", at="meta,stanford")
    one, other = twin(ids={scheme: value}), twin(ids={scheme: other_value})
    assert groups(one, other) == [0, 1]


def test_somebody_in_the_middle_does_not_bring_conflicting_identifiers_together() -> None:
    twin = partial(mention, "Ari Morcos", coauthors="Mitchell Wortsman,Ludwig Schmidt", at="meta")
    first, _, last = groups(twin(ids=ONE), twin(), twin(ids=ANOTHER))
    assert first != last


# Names alone


def test_a_bare_common_name_never_joins() -> None:
    mentions = [mention("Wei Wang") for _ in range(4)]
    assert groups(*mentions) == [None] * 4
    assert kinds(*mentions) == ["undecided"] * 4
    assert reasons(*mentions) == {("two-candidates", "3")}


def test_a_rare_name_does_not_join_alone_either() -> None:
    one, other = mention("Ari Morcos"), mention("Ari Morcos")
    assert groups(one, other) == [None, None]
    assert reasons(one, other) == {("rival-records", "1")}


def test_a_common_name_is_joined_by_a_telling_coauthor_or_several_weak_signs() -> None:
    telling = mention("Wei Wang", coauthors="Ari Morcos"), mention("Wei Wang", coauthors="Ari Morcos")
    assert groups(*telling) == [0, 0]
    weak = [mention("Wei Wang", coauthors="Li Chen,Yu Liu", at="tsinghua university") for _ in range(2)]
    assert groups(*weak) == [0, 0]
    assert reasons(*weak) == {("coauthor", "li chen"), ("coauthor", "yu liu"), ("affiliation", "tsinghua university")}


def test_the_only_bearer_of_a_name_is_a_record_of_its_own() -> None:
    one, other = mention("Wei Wang"), mention("William Wang")
    assert groups(one, other) == [0, 1]
    assert kinds(one, other) == ["new", "new"]
    assert reasons(one, other) == {("only-bearer", "")}


def test_a_rare_name_on_works_of_one_subject_is_one_career() -> None:
    titles = ("Pruning of deep networks", "Lottery tickets and pruning", "Pruning at initialization")
    run = [
        mention("Ari Morcos", year=year, title=title) for year, title in zip((2010, 2014, 2019), titles, strict=True)
    ]
    assert groups(*run) == [0, 0, 0]
    assert reasons(*run) == {("name-equal", "Ari Morcos"), ("year-near", "4"), ("title-word", "pruning")}


def test_a_common_name_on_works_of_two_subjects_is_not_joined() -> None:
    one, other = (mention("Wei Wang", title=title) for title in ("Grasping with soft hands", "Protein folding"))
    assert groups(one, other) != [0, 0]


def test_initials_that_share_nothing_but_a_rare_name_are_left_open() -> None:
    full, short = mention("Ari Morcos", title="Lottery tickets"), mention("A. Morcos", title="Protein folding")
    assert groups(full, short)[1] is None


def test_a_second_bearer_ends_continuity_for_both() -> None:
    mentions = [mention("Ari Morcos", ids=ONE), mention("Ari Morcos", ids=ANOTHER), mention("Ari Morcos")]
    assert groups(*mentions) == [0, 1, None]


# Corroboration


def test_a_shared_coauthor_joins_with_its_name_as_evidence() -> None:
    one = mention("Maria Garcia", coauthors="Ludwig Schmidt,Yair Carmon", year=1990)
    other = mention("Maria Garcia", coauthors="Ludwig Schmidt", year=2020)
    assert groups(one, other) == [0, 0]
    assert kinds(one, other) == ["corroborated", "corroborated"]
    assert reasons(one, other) == {("coauthor", "ludwig schmidt")}
    assert 0 < decision_of(resolve([one, other]), one).confidence < 1


def test_a_shared_institution_joins_with_the_institution_as_evidence() -> None:
    one, other = mention("Maria Garcia", at="meta", year=1990), mention("Maria Garcia", at="stanford,meta", year=2020)
    assert groups(one, other) == [0, 0]
    assert reasons(one, other) == {("affiliation", "meta")}


def test_a_mail_provider_is_no_institution() -> None:
    provider = [mention("Maria Garcia", domain="gmail.com", year=year) for year in (1990, 2020)]
    employer = [mention("Maria Garcia", domain="meta.com", year=year) for year in (1990, 2020)]
    assert groups(*provider) == [None, None]
    assert groups(*employer) == [0, 0]


def test_different_institutions_tell_common_namesakes_apart() -> None:
    one = mention("Wei Wang", at="meta", year=1990, title="Pruning of deep networks", coauthors="Li Chen")
    other = mention(
        "Wei Wang", at="stanford university", year=2020, title="Grasping with soft hands", coauthors="Yu Liu"
    )
    assert groups(one, other) == [0, 1]
    assert kinds(one, other) == ["new", "new"]
    assert reasons(one, other) == {("distinct-affiliation", "meta")}


def test_two_bylines_of_one_work_are_two_people() -> None:
    shared = "Ludwig Schmidt,Yair Carmon"
    one = mention("Maria Garcia", work=7, coauthors=shared, at="meta")
    other = mention("Maria Garcia", work=7, coauthors=shared, at="meta")
    first, second = groups(one, other)
    assert first is None or first != second


def test_initials_go_to_the_one_record_they_fit() -> None:
    full = [mention("Maria Garcia", coauthors="Ludwig Schmidt", year=year) for year in (2019, 2020)]
    short = mention("M. Garcia", coauthors="Ludwig Schmidt")
    assert groups(*full, short) == [0, 0, 0]


def test_initials_that_fit_two_records_are_undecided_and_say_so() -> None:
    maria = [mention("Maria Garcia", coauthors="Ludwig Schmidt", year=year) for year in (2019, 2020)]
    mateo = [mention("Mateo Garcia", coauthors="Ludwig Schmidt", year=year) for year in (2019, 2020)]
    short = mention("M. Garcia", coauthors="Ludwig Schmidt")
    assert groups(*maria, *mateo, short) == [0, 0, 1, 1, None]
    assert reasons(short, *maria, *mateo) == {("two-candidates", "2")}


def test_initials_alone_fit_nobody() -> None:
    full = [mention("Maria Garcia", coauthors="Ludwig Schmidt", year=year) for year in (2019, 2020)]
    assert groups(*full, mention("M. Garcia")) == [0, 0, None]


def test_a_short_form_joins_when_coauthors_are_shared_and_not_alone() -> None:
    both = "Ludwig Schmidt,Yair Carmon"
    assert groups(mention("Sam Bowmanson", coauthors=both), mention("Samuel Bowmanson", coauthors=both)) == [0, 0]
    assert groups(mention("Sam Bowmanson"), mention("Samuel Bowmanson")) == [None, None]


# Of any block

FULL, INITIALS = ["Maria Garcia", "Maria L. Garcia", "Mateo Garcia", "Maria T. Garcia"], ["M. Garcia", "M. L. Garcia"]
PEOPLE = ["Ludwig Schmidt", "Yair Carmon", "Li Chen", "Wei Zhang", "Ana Souza"]


@st.composite
def blocks(draw: st.DrawFn) -> list[Mention]:
    """A few bylines of one block, with every kind of overlap and conflict."""
    found = []
    for number in range(draw(st.integers(1, 9))):
        name = draw(st.sampled_from([*FULL, *INITIALS]))
        identifiers = {}
        if orcid := draw(st.sampled_from(["", "", "", ORCID, OTHER_ORCID])):
            identifiers["orcid"] = orcid
        if openreview := draw(st.sampled_from(["", "", "~Maria_Garcia1", "~Maria_Garcia2"])):
            identifiers["openreview"] = openreview
        found.append(
            Mention(
                id=number,
                sort_key=f"title {number}",
                work=draw(st.integers(1, 8)),
                name=name,
                name_key=name_key(name),
                identifiers=identifiers,
                institutions=tuple(
                    draw(st.lists(st.sampled_from(["meta", "stanford", "mit"]), unique=True, max_size=2))
                ),
                domain=draw(st.sampled_from(["", "", "meta.com", "gmail.com"])),
                coauthors=tuple(draw(st.lists(st.sampled_from(list(map(name_key, PEOPLE))), unique=True, max_size=3))),
                year=draw(st.sampled_from([None, 1990, 2019, 2021])),
            )
        )
    return found


def as_decided(mentions: list[Mention]) -> dict[str, tuple[object, ...]]:
    """Every byline by its natural key, with its decision and the company it is in."""
    resolution = resolve(mentions)
    keys = {one.id: one.sort_key for one in mentions}
    company = [frozenset(keys[member] for member in cluster) for cluster in resolution.clusters]
    return {
        keys[d.mention_id]: (d.kind, d.confidence, d.evidence, None if d.cluster is None else company[d.cluster])
        for d in resolution.decisions
    }


@given(blocks(), st.randoms(use_true_random=False))
def test_neither_order_nor_keys_of_rows_change_a_decision(mentions: list[Mention], chance: random.Random) -> None:
    ids, works = list(range(100, 100 + len(mentions))), list(range(1, 9))
    chance.shuffle(ids)
    renumbered = chance.sample(works, len(works))
    other = [
        msgspec.structs.replace(one, id=ids[place], work=renumbered[one.work - 1]) for place, one in enumerate(mentions)
    ]
    chance.shuffle(other)
    assert as_decided(other) == as_decided(mentions)


@given(blocks())
@settings(max_examples=300)
def test_no_record_holds_what_excludes_each_other(mentions: list[Mention]) -> None:
    resolution = resolve(mentions)
    by_id = {one.id: one for one in mentions}
    assert sorted(d.mention_id for d in resolution.decisions) == sorted(by_id)
    placed = [member for cluster in resolution.clusters for member in cluster]
    assert len(placed) == len(set(placed))
    for cluster in resolution.clusters:
        members = [by_id[member] for member in cluster]
        assert len({one.work for one in members}) == len(members)
        assert not any(compatible(one.name, other.name) is False for one in members for other in members)
        for scheme in (*HARD_SCHEMES, "openreview"):
            assert len({one.identifiers[scheme] for one in members if scheme in one.identifiers}) <= 1
    for decision in resolution.decisions:
        assert (decision.cluster is None) == (decision.kind == "undecided")
        assert decision.evidence
        assert 0 <= decision.confidence <= 1
        if decision.cluster is not None:
            assert decision.mention_id in resolution.clusters[decision.cluster]
            alone = len(resolution.clusters[decision.cluster]) == 1
            assert (decision.kind == "new") == alone


def test_blocks_without_a_byline_come_to_nothing() -> None:
    assert resolve_all([]) == []
    assert resolve_all([[], []]) == [Resolution([], [])] * 2
    one = mention("Ari Morcos")
    assert [len(found.clusters) for found in resolve_all([[], [one], []])] == [0, 1, 0]


def test_many_bylines_between_them_do_not_make_excluding_names_one_record() -> None:
    plain = [mention("Maria Garcia", coauthors="Ludwig Schmidt") for _ in range(3)]
    initials = [mention(f"Maria {x}. Garcia", coauthors="Ludwig Schmidt,Yair Carmon") for x in "LT"]
    *_, first, second = groups(*plain, *initials)
    assert first != second or first is None
