"""The formula of the trust receipt: bounds, what may never lower it, and the file of weights an operator may replace."""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import trust, trust_model
from graph.flows import derive
from graph.flows.facts import BylineFacts, Facts, Person, WorkFacts
from graph.snapshots import TrustInputs
from graph.trust_model import Model

MODEL = trust_model.load("")
SHIPPED = trust_model.SHIPPED.read_text(encoding="utf-8")
ME = 1
CONFLICTS = ("identifiers", "more_orcids", "shared_orcids", "stated_again", "disputed")


def inputs(
    *,
    works: int,
    close: int,
    level: int = 1,
    two_sources: int = 0,
    verified: int = 0,
    conflicts: int = 0,
    carried: int = 0,
) -> TrustInputs:
    return TrustInputs(
        level=level, works=works, works_with_identifier=works, works_two_sources=two_sources, close=close,
        verified_coauthors=verified, conflicts=conflicts, trust_given=100 * verified, trust_carried=carried,
    )  # fmt: skip


ANY = st.builds(
    TrustInputs,
    level=st.integers(0, 4),
    works=st.integers(0, 60),
    works_with_identifier=st.integers(0, 60),
    works_two_sources=st.integers(0, 60),
    close=st.integers(0, 30),
    verified_coauthors=st.integers(0, 9),
    conflicts=st.integers(0, 40),
    trust_given=st.integers(0, 500),
    trust_carried=st.integers(0, 30).map(lambda tenths: 10 * tenths),
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Weights of any operator that the file's rules let pass."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=4, max_size=4)))
    identity, record, close, agreeing, network = (b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True))
    levels = sorted(draw(st.lists(st.integers(0, identity), min_size=4, max_size=4)))
    each = st.integers(0, 20)
    weights = msgspec.convert(
        {
            "name": "mine",
            "version": draw(st.integers(1, 9)),
            "identity": {"levels": [*levels, identity]},
            "record": {"each_work": draw(each), "most": record},
            "corroboration": {
                "each_close": draw(each), "most_close": close, "each_agreeing": draw(each), "most_agreeing": agreeing,
            },
            "network": {"each_verified": draw(each), "each_trust": draw(each), "carry": 50, "shared_by": 10, "most": network},
            "conflicts": {kind: draw(each) for kind in CONFLICTS},
            "words": {"strong": 70, "solid": 40, "fair": 15},
        },
        trust_model.Weights,
    )  # fmt: skip
    return trust_model.read(as_toml(weights))


def as_toml(weights: trust_model.Weights) -> str:
    """The file of these weights, its tables in another order than the shipped one's; numbers, words and lists are as in JSON."""
    tables = {key: value for key, value in msgspec.to_builtins(weights).items() if isinstance(value, dict)}
    lines = [f'name = "{weights.name}"', f"version = {weights.version}"]
    for name in reversed(tables):
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in reversed(tables[name].items()))]
    return "\n".join(lines)


def points(given_inputs: TrustInputs, model: Model = MODEL) -> dict[str, int]:
    return {c.key: c.points for c in trust.receipt(given_inputs, model).components}


# The formula


@pytest.mark.parametrize(("works", "expected"), [(4, 17), (5, 19)])
def test_an_unclaimed_record_scores_by_works_and_close_collaborators(works: int, expected: int) -> None:
    known = inputs(works=works, close=4)
    assert trust.receipt(known, MODEL).score == expected
    assert points(known) == {"identity": 5, "record": 2 * works, "corroboration": 4, "network": 0, "conflicts": 0}


@pytest.mark.parametrize(
    ("given_inputs", "expected"),
    [
        (inputs(level=0, works=0, close=0), 0),
        (inputs(works=15, close=0), 35),
        (inputs(works=400, close=0), 35),
        (inputs(works=0, close=90), 15),
        (inputs(works=9, close=0, two_sources=9), 5 + 18 + 5),
        (inputs(level=4, works=400, close=90, two_sources=90, verified=90), 100),
        (inputs(level=2, works=1, close=0, verified=2), 20 + 2 + 10),
        (inputs(level=2, works=1, close=0, verified=1, carried=30), 20 + 2 + 6),
        (inputs(works=4, close=4, conflicts=1), 12),
        (inputs(works=4, close=4, conflicts=90), 0),
    ],
)
def test_every_component_has_its_maximum_and_the_score_its_bounds(given_inputs: TrustInputs, expected: int) -> None:
    assert trust.receipt(given_inputs, MODEL).score == expected


@given(ANY, models())
def test_the_score_is_the_sum_within_0_and_100_whatever_the_weights(known: TrustInputs, model: Model) -> None:
    receipt = trust.receipt(known, model)
    assert receipt.score == max(0, min(100, sum(c.points for c in receipt.components)))
    assert all(c.points <= c.maximum for c in receipt.components)
    assert sum(c.maximum for c in receipt.components) == 100
    assert trust.receipt(known, model) == receipt


@given(
    ANY,
    models(),
    st.sampled_from(
        [
            "level",
            "works_with_identifier",
            "works_two_sources",
            "close",
            "verified_coauthors",
            "trust_given",
            "trust_carried",
        ]
    ),
)
def test_more_evidence_lowers_no_component_whatever_the_weights(known: TrustInputs, model: Model, kind: str) -> None:
    more = msgspec.structs.replace(known, **{kind: min(getattr(known, kind) + 1, 4 if kind == "level" else 999)})
    before, after = points(known, model), points(more, model)
    assert all(after[key] >= before[key] for key in before)
    assert trust.receipt(more, model).score >= trust.receipt(known, model).score


@given(ANY, models(), st.sampled_from(["conflicts", "more_orcids", "shared_orcids", "stated_again", "disputed"]))
def test_a_conflict_never_raises_the_score(known: TrustInputs, model: Model, kind: str) -> None:
    more = msgspec.structs.replace(known, **{kind: getattr(known, kind) + 1})
    assert trust.receipt(more, model).score <= trust.receipt(known, model).score


def test_every_conflict_costs_and_is_said_in_a_sentence() -> None:
    known = msgspec.structs.replace(
        inputs(works=15, close=10), conflicts=1, more_orcids=1, shared_orcids=1, stated_again=2, disputed=1
    )
    line = trust.receipt(known, MODEL).components[-1]
    assert line.points == -(5 + 10 + 10 + 4 + 10)
    assert line.evidence == (
        "1 question about identifiers of the works is open. Bylines carry 2 ORCID iDs. "
        "One ORCID iD of this record is on another record, too. "
        "A source states an identifier of this record on 2 works marked not theirs. "
        "The claim on this record is disputed; a curator looks at it."
    )
    assert line.would_raise == "Resolving them: up to +39"


def test_followers_invitations_and_citations_are_no_input() -> None:
    assert set(TrustInputs.__struct_fields__) == {
        "level", "works", "works_with_identifier", "works_two_sources", "close", "verified_coauthors", "conflicts",
        "trust_given", "trust_carried", "more_orcids", "shared_orcids", "stated_again", "disputed",
    }  # fmt: skip


def test_equal_inputs_have_an_equal_hash_and_others_another() -> None:
    one, other = inputs(works=4, close=4), inputs(works=4, close=5)
    assert trust.inputs_hash(one, MODEL.version) == trust.inputs_hash(inputs(works=4, close=4), MODEL.version)
    assert trust.inputs_hash(one, MODEL.version) != trust.inputs_hash(other, MODEL.version)
    assert trust.inputs_hash(one, MODEL.version) != trust.inputs_hash(one, "record-confidence/1")


def test_a_receipt_of_version_1_keeps_its_hash_and_its_score() -> None:
    first = SHIPPED.replace("version = 2", "version = 1")
    weights = trust_model.encode(trust_model.read(first).weights)
    stored = '{"level":1,"works":4,"works_with_identifier":4,"works_two_sources":0,"close":4,"verified_coauthors":0,"conflicts":0}'
    receipt = trust.explained(stored, "record-confidence/1", weights).receipt
    assert (receipt.score, receipt.model_version) == (17, "record-confidence/1")
    assert receipt.inputs_hash == "53c14039f14f11c50233c3c3cf87c41c0ccc38bef570e35b62a14f41fc10c889"


@given(st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(chance: random.Random) -> None:
    def facts(order: list[int]) -> Facts:
        bylines = []
        for n in order:
            people = [ME, 2, 3, 4][: 2 + n % 3]
            chance.shuffle(people)
            sources = ["arxiv", "acl"][: 1 + n % 2]
            chance.shuffle(sources)
            made = WorkFacts(
                n, "preprint", 2000 + n, len(people), False, None, False, n % 4 > 0, tuple(sources), "2026-01-01", (), (),
                tuple(people),
            )  # fmt: skip
            bylines.append(BylineFacts(n, made, 0, "Ada Q", "Ada Q", {"orcid": "0000-0002-1825-0097"}, ()))
        everybody = {key: Person(f"p{key}", "", f"P {key}", 0) for key in (ME, 2, 3, 4)}
        return Facts({ME: bylines}, everybody, {}, {}, {}, {}, MODEL, {ME: (1, 50, 10, 0)}, {}, set())

    order = list(range(12))
    straight = derive.researcher(ME, facts(order))
    chance.shuffle(order)
    assert derive.researcher(ME, facts(order)).receipt == straight.receipt


# The file of weights


def test_the_shipped_file_has_the_weights_of_the_documents() -> None:
    assert MODEL.version.startswith("record-confidence/2+")
    assert MODEL.weights.earnable == 100


@given(models(), models())
def test_other_weights_have_another_version(one: Model, other: Model) -> None:
    assert (one.version == other.version) == (one.weights == other.weights)


def test_a_weight_changed_without_a_new_number_is_another_version_still() -> None:
    changed = trust_model.read(SHIPPED.replace("each_work = 2", "each_work = 3"))
    assert changed.version.startswith("record-confidence/2+")
    assert changed.version != MODEL.version


def test_comments_and_order_in_the_file_are_no_other_version() -> None:
    assert trust_model.read(as_toml(MODEL.weights)) == MODEL


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("each_work = 2", "each_work = '2'", r"Expected `int`, got `str` - at `\$.record.each_work`"),
        ("each_work = 2", "each_wrok = 2", "unknown field `each_wrok`"),
        ("each_work = 2", "each_work = -2", "`int` >= 0"),
        ("most = 30", "most = 35", "must be 100: .* add up to 105"),
        ("[0, 5, 20", "[6, 5, 20", "levels must not fall"),
        ("[0, 5, 20", "[5, 20", "5 levels, L0 to L4, not for 4"),
        ("strong = 70", "strong = 30", "must fall from strong over solid to fair"),
        ("[words]", "[words", "not readable as TOML"),
        ('"record-confidence"', '"Ours!"', "regex"),
        ("fair = 15\n", "", "missing required field `fair`"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(was: str, becomes: str, sentence: str) -> None:
    assert was in SHIPPED
    with pytest.raises(ValueError, match=sentence):
        trust_model.read(SHIPPED.replace(was, becomes))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="It cannot be read"):
        trust_model.load(str(tmp_path / "nowhere.toml"))
