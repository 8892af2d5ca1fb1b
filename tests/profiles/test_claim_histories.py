"""Any history of rival claims, drawn at random: what is stored is what happened, and nobody holds what was not granted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from profiles.claim_models import Claim, ClaimedRecord, VouchAnswer
from profiles.claims import GRANTED, Actor, State, may
from profiles.flows.claims import appeal, decide, effect, freeze, vouch
from profiles.flows.claims.submit import submit
from profiles.flows.rebuild import rebuild
from profiles.models import Researcher
from researchgraph.errors import Conflict
from tests.claiming import RECORDS, author, begun, charles, page, person
from tests.pipeline import importworks, write
from works import imports

VERBS = (
    "send",
    "show",
    "request",
    "answer",
    "ask",
    "approve",
    "reject",
    "revoke",
    "appeal",
    "freeze",
    "release",
    "cool",
)
HISTORIES = settings(
    max_examples=12,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture
def records(empty_library: None, tmp_path: Path) -> list[Researcher]:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()
    return [Researcher.objects.get(display_name=name) for name in ("Ada Byron", "Adele Lace")]


class Scene:
    """An author with proof, somebody with weak evidence, their co-author, two curators, and what they do."""

    def __init__(self, records: list[Researcher]) -> None:
        self.records = records
        self.people = [author(), person("eve", "eve@analytical.example")]
        self.curators = [person("one", curator=True), person("two", curator=True)]
        self.babbage = Researcher.objects.get(display_name="Charles Babbage")
        self.voucher = charles(self.babbage)

    def latest(self, who: int, *, both: bool) -> Claim:
        """The newest claim of this person; one on one record or both is begun where there is none that goes on."""
        user = self.people[who]
        found = Claim.objects.filter(claimant=user).order_by("-pk").first()
        if found is None or found.state in {State.REVOKED, State.RELEASED}:
            found = begun(user, *self.records[: 1 + both])
        return found

    def act(self, verb: str, who: int, curator: int, *, both: bool) -> None:
        """One step. What is refused changes nothing, which the invariants see."""
        claim, user, by = self.latest(who, both=both), self.people[who], self.curators[curator]
        said: dict[str, Any] = {"claim": claim.pk, "actor": by, "code": "documents-needed", "text": "x"}
        steps: dict[str, Callable[[], object]] = {
            "send": partial(submit, claim=claim.pk, claimant=user),
            "show": partial(page, claim, *(record.pk for record in self.records[: 1 + both])),
            "request": partial(vouch.request, claim=claim.pk, claimant=user, record=self.babbage.pk),
            "answer": partial(self.answer, claim, yes=both),
            "ask": partial(decide.ask, **said),
            "approve": partial(decide.approve, claim=claim.pk, actor=by),
            "reject": partial(decide.reject, **said),
            "revoke": partial(decide.revoke, **said),
            "appeal": partial(appeal.appeal, claim=claim.pk, claimant=user, text="y"),
            "freeze": partial(freeze.freeze, claim=claim.pk, actor=None, text="z"),
            "release": partial(appeal.release, claim=claim.pk, claimant=user),
            "cool": self.cool,
        }
        with suppress(Conflict):
            steps[verb]()

    def answer(self, claim: Claim, *, yes: bool) -> None:
        given = VouchAnswer.YES if yes else VouchAnswer.NO
        for asked in claim.vouches.all():
            vouch.answer(vouch=asked.pk, voucher=self.voucher, given=given)

    def cool(self) -> None:
        Claim.objects.exclude(effective_at=None).update(effective_at=timezone.now())
        effect.take_effect()

    def sound(self) -> None:
        """What holds after every step."""
        for claim in Claim.objects.prefetch_related("events", "records"):
            events = sorted(claim.events.all(), key=lambda event: event.pk)
            assert events[-1].after == claim.state
            for event in events:
                moved = event.before != event.after
                assert not moved or may(Actor(event.role), State(event.before), State(event.after))
            holds = any(record.holds for record in claim.records.all())
            assert holds == (claim.level is not None)
            assert not holds or claim.state in GRANTED | {State.FROZEN}
            assert holds or claim.effective_at or claim.state not in GRANTED
            said = {one.state for one in claim.evidence.filter(kind="vouch")}
            assert said <= {
                {"yes": "confirmed", "no": "refused"}[one.answer] for one in claim.vouches.exclude(answer="")
            }
            weak = claim.claimant_id == self.people[1].pk
            assert not (weak and holds) or any(event.after == State.APPROVED for event in events)
        for record in Researcher.objects.filter(pk__in=[record.pk for record in self.records]):
            goes_on = record.merged_into_id or record.pk
            joined = Researcher.objects.filter(merged_into=goes_on).values_list("pk", flat=True)
            held = ClaimedRecord.objects.filter(holds=True, researcher_id__in=[goes_on, *joined]).select_related(
                "claim"
            )
            assert len({row.claim_id for row in held}) <= 1
            best = max((row.claim.level or 0 for row in held), default=1)
            assert Researcher.objects.get(pk=goes_on).verification_level == best


@HISTORIES
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(VERBS), st.integers(0, 1), st.integers(0, 1), st.booleans()), min_size=8, max_size=25
    )
)
def test_any_history_of_rivals_is_sound(records: list[Researcher], steps: list[tuple[str, int, int, bool]]) -> None:
    with transaction.atomic():
        scene = Scene(records)
        for verb, who, curator, both in steps:
            scene.act(verb, who, curator, both=both)
            scene.sound()
        imports.settle()
        scene.sound()
        assert rebuild(check=True) == 0
        transaction.set_rollback(True)
