"""Trust over co-authorship as stored: whom a claim lifts and whom it leaves, the same after a rebuild, and nothing twice."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from graph import trust_model
from graph.flows import network
from graph.models import StaleResearcher, StaleSurroundings, Surroundings, TrustSnapshot
from graph.tasks import recompute_stale
from profiles.claim_models import Claim
from profiles.flows.claims.freeze import freeze
from profiles.models import Researcher
from tests.claiming import orcid, person, sent, weak
from tests.pipeline import derived, importworks, untouched, work, write
from works import imports

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.usefixtures("empty_library")

IDS = {
    "Ada Byron": "0000-0002-1825-0097",
    "Bruno Oakenshaw": "0000-0001-5109-3700",
    "Clara Winterbourne": "0000-0002-1694-233X",
}


def by(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "orcid": IDS[name]} for name in names]


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    """Ada has written with Bruno, and Bruno with Clara."""
    records = [
        work("t/1", "Salt", *by("Ada Byron", "Bruno Oakenshaw")),
        work("t/2", "Pepper", *by("Bruno Oakenshaw", "Ada Byron")),
        work("t/3", "Thyme", *by("Bruno Oakenshaw", "Clara Winterbourne")),
    ]
    importworks(write(tmp_path / "works.jsonl", records))


def record(name: str) -> Researcher:
    return Researcher.objects.get(display_name=name)


def receipt(name: str) -> TrustSnapshot:
    return TrustSnapshot.objects.get(researcher__display_name=name, current=True)


def network_of(name: str) -> tuple[int, int, int]:
    inputs = receipt(name).inputs
    return inputs["verified_coauthors"], inputs.get("trust_given", 0), inputs.get("trust_carried", 0)


def verified() -> Claim:
    """Ada's record is verified, and what follows from that is done."""
    claim = sent(orcid(person("ada"), IDS["Ada Byron"]), record("Ada Byron"))
    imports.settle()
    return claim


def test_a_verified_record_lifts_its_coauthors_and_a_little_those_behind_them() -> None:
    before = receipt("Bruno Oakenshaw").score
    verified()
    assert network_of("Bruno Oakenshaw") == (1, 100, 0)
    assert (receipt("Bruno Oakenshaw").score, receipt("Bruno Oakenshaw").cause) == (before + 5, network.VERIFIED_MORE)
    # Bruno hands on half of his one tie, shared among ten: too little to be kept.
    assert network_of("Clara Winterbourne") == (0, 0, 0)
    assert network_of("Ada Byron") == (0, 0, 0)
    assert list(Surroundings.objects.values_list("researcher__display_name", flat=True)) == ["Bruno Oakenshaw"]


def test_other_weights_let_more_be_handed_on(settings: Settings, tmp_path: Path) -> None:
    verified()
    text = trust_model.SHIPPED.read_text(encoding="utf-8").replace("shared_by = 10", "shared_by = 1")
    (tmp_path / "weights.toml").write_text(text, encoding="utf-8")
    settings.TRUST_MODEL_FILE = str(tmp_path / "weights.toml")
    assert network.waiting()
    imports.settle()
    # Bruno has two ties: half of 1.0, and of that half, is 0.25.
    assert network_of("Clara Winterbourne") == (0, 0, 20)
    assert receipt("Clara Winterbourne").cause == network.OTHERWISE


def test_a_disputed_claim_lifts_nobody() -> None:
    claim = verified()
    freeze(claim=claim.pk, actor=None, text="That is not her.")
    imports.settle()
    assert network_of("Bruno Oakenshaw") == (0, 0, 0)
    assert receipt("Bruno Oakenshaw").cause == network.VERIFIED_LESS
    assert not Surroundings.objects.exists()


def test_a_claim_that_is_not_decided_lifts_nobody() -> None:
    before = untouched()["graph_trustsnapshot"]
    weak("eve", record("Ada Byron"))
    imports.settle()
    assert untouched()["graph_trustsnapshot"] == before


def test_an_account_that_is_not_active_lifts_nobody() -> None:
    claim = verified()
    type(claim.claimant).objects.filter(pk=claim.claimant_id).update(is_active=False)
    assert network.waiting()
    imports.settle()
    assert network_of("Bruno Oakenshaw") == (0, 0, 0)


def test_new_works_with_somebody_verified_are_seen(tmp_path: Path) -> None:
    verified()
    more = work("t/4", "Sage", *by("Ada Byron", "Clara Winterbourne", "Bruno Oakenshaw"))
    importworks(write(tmp_path / "more.jsonl", [more]))
    assert network_of("Clara Winterbourne") == (1, 50, 0)


def test_twice_changes_nothing_and_a_rebuild_gives_the_same() -> None:
    verified()
    rows, stored = untouched(), derived()
    assert network.refresh() == 0
    recompute_stale.run()
    imports.settle()
    assert untouched() == rows
    StaleSurroundings.objects.create()
    assert network.waiting()
    assert network.refresh() == 0
    call_command("rebuildgraph", stdout=io.StringIO(), stderr=io.StringIO())
    assert derived() == stored
    assert not network.waiting()


def test_a_worker_finds_what_was_left_lying() -> None:
    sent(orcid(person("ada"), IDS["Ada Byron"]), record("Ada Byron"))
    assert network.waiting()
    recompute_stale.run()
    assert not network.waiting()
    assert not StaleResearcher.objects.exists()
    assert network_of("Bruno Oakenshaw") == (1, 100, 0)
    rows = untouched()
    recompute_stale.run()
    assert untouched() == rows


def test_lost_rows_come_back() -> None:
    verified()
    score = receipt("Bruno Oakenshaw").score
    Surroundings.objects.all().delete()
    call_command("rebuildgraph", stdout=io.StringIO(), stderr=io.StringIO())
    assert receipt("Bruno Oakenshaw").score == score
    assert Surroundings.objects.count() == 1
