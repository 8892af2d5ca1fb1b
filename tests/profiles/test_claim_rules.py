"""What a claim may become and what its evidence proves, as pure rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from profiles.claims import (
    CHANGEABLE,
    EVIDENCE,
    FOR_CURATORS,
    GRANTED,
    LABELS,
    MOVES,
    OPEN,
    PENDING,
    REASONS,
    STRONG,
    Actor,
    Kind,
    Proof,
    State,
    curator_as,
    judge,
    may,
)
from profiles.domains import DomainClass, classify, institutional, of_homepage
from profiles.orcid_record import read

ORCID = "0000-0002-1825-0097"
CURATORS = {Actor.CURATOR, Actor.SECOND_CURATOR}


def proof(kind: Kind, *records: int) -> Proof:
    return Proof(kind, frozenset(records or {1}))


def level(*proofs: Proof, records: tuple[int, ...] = (1,), contested: bool = False) -> tuple[int, int | None, bool]:
    judged = judge(proofs, records, contested=contested)
    return judged.level, judged.by_curator, judged.automatic


@pytest.mark.parametrize("kind", sorted(STRONG))
def test_one_strong_piece_verifies_at_once_at_level_2_and_a_curator_makes_it_4(kind: Kind) -> None:
    assert level(proof(kind)) == (2, 4, True)


def test_an_institution_on_top_of_strong_evidence_is_level_3() -> None:
    assert level(proof(Kind.ORCID_BYLINE), proof(Kind.INSTITUTION)) == (3, 4, True)


@pytest.mark.parametrize("kind", sorted(set(Kind) - STRONG))
def test_one_weak_piece_never_verifies_not_even_by_a_curator(kind: Kind) -> None:
    assert level(proof(kind)) == (0, None, False)
    assert level(*[proof(kind)] * 3) == (0, None, False)


def test_two_weak_kinds_take_a_curator_and_cool_off() -> None:
    proofs = [proof(Kind.INSTITUTION), proof(Kind.PAGE)]
    assert level(*proofs) == (0, 2, False)
    assert judge(proofs, [1], contested=False).cooling
    assert not judge([proof(Kind.HOMEPAGE)], [1], contested=False).cooling


def test_a_rival_keeps_the_strongest_evidence_from_deciding_alone() -> None:
    assert level(proof(Kind.ORCID_BYLINE), contested=True) == (2, 4, False)


def test_every_record_of_a_claim_has_to_be_proven() -> None:
    assert level(proof(Kind.ORCID_BYLINE, 1), records=(1, 2)) == (0, 4, False)
    assert level(proof(Kind.ORCID_BYLINE, 1), proof(Kind.HOMEPAGE, 2), records=(1, 2)) == (2, 4, True)
    assert level(records=()) == (0, None, False)


@given(st.lists(st.builds(proof, st.sampled_from(Kind), st.integers(1, 3))), st.booleans())
def test_more_evidence_never_makes_less(proofs: list[Proof], contested: bool) -> None:  # noqa: FBT001 - drawn
    without = judge(proofs[1:], [1, 2], contested=contested)
    with_all = judge(proofs, [1, 2], contested=contested)
    assert with_all.level >= without.level
    assert (with_all.by_curator or 0) >= (without.by_curator or 0)
    assert not (contested and with_all.automatic)


def test_nobody_decides_on_a_claim_of_their_own_and_an_appeal_goes_to_another_curator() -> None:
    assert curator_as(1, claimant=1, decided_by=[]) is None
    assert curator_as(2, claimant=1, decided_by=[2]) is Actor.CURATOR
    assert curator_as(3, claimant=1, decided_by=[2]) is Actor.SECOND_CURATOR
    for after in (State.APPROVED, State.REJECTED, State.NEEDS_INFORMATION):
        assert not may(Actor.CURATOR, State.APPEALED, after)
        assert may(Actor.SECOND_CURATOR, State.APPEALED, after)


def test_words_are_complete() -> None:
    assert set(LABELS) == set(State)
    assert set(EVIDENCE) == set(Kind)
    assert len({reason.code for reason in REASONS}) == len(REASONS)
    assert FOR_CURATORS < PENDING < OPEN
    assert not GRANTED & OPEN


class AClaim(RuleBasedStateMachine):
    """Anybody tries to move a claim anywhere; what a person expects of claims is the model."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.DRAFT
        self.sent = False
        self.path: list[tuple[Actor, State]] = []

    @rule(actor=st.sampled_from(Actor), after=st.sampled_from(State))
    def move(self, actor: Actor, after: State) -> None:
        if may(actor, self.state, after):
            self.path.append((actor, after))
            self.sent |= after == State.SUBMITTED
            self.state = after

    @precondition(lambda self: self.state not in {State.REVOKED, State.RELEASED})
    @rule()
    def there_is_a_way_on(self) -> None:
        assert any(before == self.state for before, _ in MOVES)

    @rule()
    def the_claimant_can_leave_wherever_it_rests(self) -> None:
        if self.state in OPEN | GRANTED and self.state != State.SUBMITTED:
            assert may(Actor.CLAIMANT, self.state, State.RELEASED)

    @invariant()
    def nothing_is_granted_that_was_not_sent(self) -> None:
        assert self.sent or self.state not in GRANTED

    @invariant()
    def no_claimant_and_no_victim_grants_or_declines(self) -> None:
        for actor, after in self.path:
            if after in GRANTED | {State.REJECTED, State.REVOKED}:
                assert actor not in {Actor.CLAIMANT, Actor.VICTIM}

    @invariant()
    def only_curators_approve_and_only_the_rule_verifies(self) -> None:
        for actor, after in self.path:
            assert after != State.APPROVED or actor in CURATORS
            assert after != State.VERIFIED or actor is Actor.SYSTEM

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        ended = [place for place, (_, after) in enumerate(self.path) if after in {State.REVOKED, State.RELEASED}]
        assert ended in ([], [len(self.path) - 1])


TestAClaim: Any = AClaim.TestCase


def test_evidence_can_be_added_only_where_the_claimant_can_send_it() -> None:
    assert {before for before, after in MOVES if after == State.SUBMITTED} == CHANGEABLE


def test_the_rule_freezes_only_what_no_person_has_decided_on() -> None:
    assert {before for (before, after), who in MOVES.items() if after == State.FROZEN and Actor.SYSTEM in who} == {
        State.VERIFIED
    }


def test_the_domain_of_an_address_is_that_of_an_institution_or_below_it() -> None:
    known = [of_homepage("https://www.cam.ac.uk/"), of_homepage("http://mit.edu")]
    assert known == ["cam.ac.uk", "mit.edu"]
    assert institutional("cl.cam.ac.uk", known) == "cam.ac.uk"
    assert institutional("mit.edu", known) == "mit.edu"
    assert institutional("notmit.edu", known) == ""
    assert institutional("mit.edu.example.com", known) == ""
    assert institutional("gmail.com", ["gmail.com"]) == ""
    assert of_homepage("") == of_homepage("https://localhost/") == ""


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("a@CAM.ac.uk", DomainClass.INSTITUTIONAL),
        ("a@gmail.com", DomainClass.FREE),
        ("a@mailinator.com", DomainClass.DISPOSABLE),
        ("a@sub.yopmail.com", DomainClass.DISPOSABLE),
        ("a@example.org", DomainClass.ORDINARY),
    ],
)
def test_domains_are_told_apart(address: str, kind: DomainClass) -> None:
    assert classify(address, institutions=["cam.ac.uk"]) is kind


def summary(doi: str, **source: str) -> dict[str, Any]:
    ids = [{"external-id-type": "doi", "external-id-value": doi, "external-id-relationship": "self"}]
    return {"source": {key: {"path": path} for key, path in source.items()}, "external-ids": {"external-id": ids}}


def record(*summaries: dict[str, Any], **person: Any) -> dict[str, Any]:
    return {
        "orcid-identifier": {"path": ORCID},
        "person": person,
        "activities-summary": {"works": {"group": [{"work-summary": [one]} for one in summaries]}},
    }


def test_works_that_people_add_themselves_are_not_taken_for_those_that_publishers_state() -> None:
    name = {"given-names": {"value": "Ada"}, "family-name": {"value": "Lovelace"}, "credit-name": None}
    said = read(
        record(
            summary("10.1000/Publisher", **{"source-client-id": "0000-0001-9884-1913"}),
            summary("10.1000/own", **{"source-orcid": ORCID}),
            summary("10.1000/wizard", **{"source-client-id": "0000-0001-9884-1913", "assertion-origin-orcid": ORCID}),
            summary("10.1000/nobody"),
            name=name,
        ),
        orcid=ORCID,
    )
    assert said.names == ("Ada Lovelace",)
    assert said.asserted == {("doi", "10.1000/publisher")}
    assert said.added == {("doi", "10.1000/own"), ("doi", "10.1000/wizard"), ("doi", "10.1000/nobody")}


@pytest.mark.parametrize("shape", [None, [], {}, "x", {"person": {"name": []}, "activities-summary": {"works": 3}}])
def test_a_record_of_another_shape_or_person_says_nothing(shape: object) -> None:
    assert read(shape, orcid=ORCID) == read(
        {**record(summary("10.1000/x")), "orcid-identifier": {"path": "other"}}, orcid=ORCID
    )
