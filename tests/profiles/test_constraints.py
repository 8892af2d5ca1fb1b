"""What people have decided limits the rule: it joins and parts nothing against a person's word."""

from __future__ import annotations

from functools import partial
from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.assignment import Decision, resolve
from profiles.mentions import Mention
from profiles.names import name_key

ADA, BETH = 501, 502
ORCID = "0000-0002-1825-0097"
numbers = count(1)


def mention(name: str = "Maria Garcia", *, coauthors: str = "", at: str = "", **limits: object) -> Mention:
    """One byline on a work of its own; `limits` are what people have said of it and who holds it."""
    number = next(numbers)
    return msgspec.structs.replace(
        Mention(id=number, sort_key=f"title {number:06d}", work=number, name=name, name_key=name_key(name), year=2020),
        coauthors=tuple(name_key(other) for other in coauthors.split(",") if other),
        institutions=tuple(place for place in at.split(",") if place),
        **limits,
    )


def decided(*mentions: Mention) -> list[Decision]:
    found = {decision.mention_id: decision for decision in resolve(mentions).decisions}
    return [found[one.id] for one in mentions]


def groups(*mentions: Mention) -> list[int | None]:
    """For every mention the number of its researcher, counted in the order of the mentions; None if undecided."""
    seen: dict[int | None, int] = {}
    return [
        None if decision.cluster is None else seen.setdefault(decision.cluster, len(seen))
        for decision in decided(*mentions)
    ]


alike = partial(mention, coauthors="Ludwig Schmidt,Yair Carmon", at="meta")


def test_placed_with_one_researcher_is_one_researcher_whatever_the_names() -> None:
    one, other = mention("Ana Garcia", fixed=ADA, holder=ADA), mention("Ari Garcia", fixed=ADA, holder=ADA)
    assert groups(one, other) == [0, 0]
    assert [(d.kind, d.confidence, d.evidence[0].kind) for d in decided(one, other)] == [
        ("confirmed", 1.0, "person")
    ] * 2


def test_a_single_placed_byline_is_confirmed() -> None:
    (only,) = decided(mention(fixed=ADA, holder=ADA))
    assert (only.kind, only.confidence, only.cluster) == ("confirmed", 1.0, 0)


def test_placed_with_two_researchers_is_never_one() -> None:
    same = {"orcid": ORCID}
    one, other = alike(fixed=ADA, holder=ADA, identifiers=same), alike(fixed=BETH, holder=BETH, identifiers=same)
    assert groups(one, other) == [0, 1]


def test_somebody_in_the_middle_does_not_bring_two_placed_researchers_together() -> None:
    first, _, last = groups(alike(fixed=ADA, holder=ADA), alike(), alike(fixed=BETH, holder=BETH))
    assert first != last


def test_two_placed_researchers_end_continuity_for_what_is_between() -> None:
    run = [mention("Ari Morcos", fixed=ADA, holder=ADA), mention("Ari Morcos"), mention("Ari Morcos", fixed=BETH)]
    assert groups(*run) == [0, None, 1]


def test_new_bylines_join_what_a_person_has_placed() -> None:
    assert groups(alike(fixed=ADA, holder=ADA), alike()) == [0, 0]
    assert decided(alike(fixed=ADA, holder=ADA), alike())[1].kind == "corroborated"


def test_a_rejected_work_joins_nothing_that_its_researcher_holds() -> None:
    for held in (alike(holder=ADA), alike(fixed=ADA, holder=ADA), alike(holder=ADA, claimed=True)):
        first, second = groups(held, alike(barred=(ADA,)))
        assert second is None or first != second
    assert groups(alike(holder=BETH), alike(barred=(ADA,))) == [0, 0]


def test_a_rejected_work_does_not_come_back_by_way_of_others() -> None:
    held, between, rejected = groups(alike(holder=ADA), alike(), alike(barred=(ADA,)))
    assert held is not None
    assert rejected is None or held != rejected
    # It fits both as well, and nobody has said anything about it.
    assert between is None


def test_initials_go_to_the_other_of_two_candidates_when_one_is_barred() -> None:
    maria = [mention("Maria Garcia", coauthors="Ludwig Schmidt", holder=ADA) for _ in range(2)]
    mateo = [mention("Mateo Garcia", coauthors="Ludwig Schmidt", holder=BETH) for _ in range(2)]
    short = mention("M. Garcia", coauthors="Ludwig Schmidt", barred=(ADA,))
    assert groups(*maria, *mateo, short) == [0, 0, 1, 1, 1]


def test_what_the_rule_holds_against_a_persons_word_is_given_up() -> None:
    kept, rejected = groups(alike(holder=ADA), alike(holder=ADA, barred=(ADA,)))
    assert rejected is None or kept != rejected


def test_a_claimed_record_keeps_what_it_holds() -> None:
    claimed = [mention(at=place, holder=ADA, claimed=True) for place in ("meta", "mit")]
    assert groups(*claimed, mention(at="stanford")) == [0, 0, None]
    assert {d.evidence[0].kind for d in decided(*claimed)} <= {"claimed-record", "own-identifier"}


def test_two_claimed_records_are_never_joined() -> None:
    one, other = alike(holder=ADA, claimed=True), alike(holder=BETH, claimed=True)
    assert groups(one, other) == [0, 1]
    assert groups(one, alike(), other)[0] != groups(one, alike(), other)[2]


def test_a_record_that_a_byline_is_placed_with_keeps_its_own() -> None:
    placed = mention(at="stanford", fixed=ADA, holder=ADA)
    own = [mention(at="meta", coauthors="Li Chen", holder=ADA) for _ in range(2)]
    assert groups(placed, *own, mention(at="mit")) == [0, 0, 0, None]
    elsewhere = [mention(at="nyu", coauthors="Ludwig Schmidt", holder=BETH) for _ in range(2)]
    assert groups(placed, *own, *elsewhere) == [0, 0, 0, 1, 1]


def test_placing_a_byline_joins_no_record_that_it_is_like_to_the_one_it_is_placed_with() -> None:
    own = [mention(at="nyu", coauthors="Li Chen", holder=ADA) for _ in range(2)]
    theirs = [alike(holder=BETH) for _ in range(7)]
    placed = alike(fixed=ADA, holder=ADA)
    assert groups(*own, *theirs, placed) == [0] * 2 + [1] * 7 + [0]


def test_an_identifier_still_joins_a_record_to_one_that_a_person_has_touched() -> None:
    same = {"orcid": ORCID}
    own = [mention(at="nyu", coauthors="Li Chen", holder=ADA, identifiers=same) for _ in range(2)]
    theirs = [mention(at="nyu", coauthors="Li Chen", holder=BETH, identifiers=same) for _ in range(3)]
    placed = alike(fixed=ADA, holder=ADA)
    assert len(set(groups(*own, *theirs, placed))) == 1


def test_what_is_placed_with_a_record_takes_in_nothing_that_states_another_identifier() -> None:
    own = [mention(at="nyu", coauthors="Li Chen", holder=ADA, identifiers={"orcid": ORCID}) for _ in range(2)]
    placed = alike(fixed=ADA, holder=ADA)
    other = alike(identifiers={"orcid": "0000-0001-5109-3700"})
    assert groups(*own, placed, other) == [0, 0, 0, 1]


RESEARCHERS = [ADA, BETH, 503]


@st.composite
def blocks(draw: st.DrawFn) -> list[Mention]:
    """Bylines much alike, with every mixture of what people may have said about them."""
    found = []
    for number in range(1, draw(st.integers(2, 10)) + 1):
        holder = draw(st.sampled_from([None, *RESEARCHERS]))
        found.append(
            Mention(
                id=number,
                sort_key=f"title {number:02d}",
                work=draw(st.integers(1, 8)),
                name=(name := draw(st.sampled_from(["Maria Garcia", "Maria L. Garcia", "M. Garcia", "Mateo Garcia"]))),
                name_key=name_key(name),
                identifiers={"orcid": ORCID} if draw(st.booleans()) else {},
                institutions=tuple(draw(st.lists(st.sampled_from(["meta", "mit"]), unique=True))),
                coauthors=tuple(draw(st.lists(st.sampled_from(["ludwig schmidt", "yair carmon"]), unique=True))),
                year=draw(st.sampled_from([None, 1990, 2020])),
                holder=holder,
                claimed=holder == BETH,
                fixed=holder if holder and draw(st.booleans()) else None,
                barred=tuple(draw(st.lists(st.sampled_from(RESEARCHERS), unique=True, max_size=2))),
            )
        )
    return found


@given(blocks())
@settings(max_examples=300)
def test_no_block_is_decided_against_a_persons_word(mentions: list[Mention]) -> None:
    resolution = resolve(mentions)
    by_id = {one.id: one for one in mentions}
    place = {member: number for number, cluster in enumerate(resolution.clusters) for member in cluster}
    for one in mentions:
        anchor = one.fixed or (one.holder if one.claimed else None)
        if anchor is not None:
            together = {
                place[other.id] for other in mentions if anchor in {other.fixed, other.claimed and other.holder}
            }
            assert together == {place[one.id]}
    for cluster in resolution.clusters:
        members = [by_id[member] for member in cluster]
        anchors = {one.fixed or (one.holder if one.claimed else None) for one in members} - {None}
        assert len(anchors) <= 1
        if anchors and not any(one.identifiers for one in mentions):
            # A person has touched the record: no other one joins it but by an identifier.
            assert {one.holder for one in members if not one.barred} <= {*anchors, None}
        for one in members:
            for other in members:
                # Being placed outranks being barred, for the byline itself.
                for researcher in set(one.barred) - anchors:
                    assert other.holder != researcher or researcher in other.barred


@given(blocks(), st.randoms(use_true_random=False))
def test_neither_order_nor_keys_change_a_decision_under_limits(mentions: list[Mention], chance: object) -> None:
    shuffled = [msgspec.structs.replace(one, id=one.id + 100) for one in mentions]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    expected = {d.mention_id + 100: (d.kind, d.confidence, d.evidence) for d in resolve(mentions).decisions}
    assert {d.mention_id: (d.kind, d.confidence, d.evidence) for d in resolve(shuffled).decisions} == expected
