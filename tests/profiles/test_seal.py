"""Seals of what people have decided: what was changed, is gone or slipped in is named."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from profiles.audit_models import AuditSeal
from profiles.flows.seal import seal, verify
from profiles.ledger import EventKind
from profiles.models import IdentityEvent, Researcher
from profiles.tasks import seal_audit

if TYPE_CHECKING:
    from pytest_django import Settings

GUARDS = {"profiles_identityevent": "identity_event_append_only", "profiles_auditseal": "audit_seal_append_only"}


@pytest.fixture
def decisions(library: None) -> list[IdentityEvent]:
    """Three decisions of somebody, sealed in two turns."""
    curator = User.objects.create_user("curator")
    record = Researcher.objects.filter(merged_into=None).order_by("pk")[0]

    def decided(reason: str) -> IdentityEvent:
        return IdentityEvent.objects.create(
            kind=EventKind.CONFIRMED.value, researcher=record, actor=curator, reason=reason
        )

    first = [decided("One."), decided("Two.")]
    assert seal() == 2
    last = decided("Three.")
    assert seal() == 1
    return [*first, last]


def forced(statement: str, table: str = "profiles_identityevent") -> None:
    """What whoever owns the database can do."""
    with connection.cursor() as cursor:
        # What still waits to be checked would hold the table.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{GUARDS[table]}"')
        cursor.execute(statement)
        cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{GUARDS[table]}"')


def wrong() -> list[str]:
    return [one.what for one in verify()[1]]


def test_what_was_sealed_is_as_it_was(decisions: list[IdentityEvent], capsys: pytest.CaptureFixture[str]) -> None:
    assert verify() == (3, [])
    call_command("verify_audit")
    assert capsys.readouterr().out == "3 sealed decisions are as they were.\n"


def test_sealing_twice_changes_nothing(decisions: list[IdentityEvent]) -> None:
    before = list(AuditSeal.objects.order_by("pk").values_list("seal", flat=True))
    seal_audit()
    seal_audit()
    assert list(AuditSeal.objects.order_by("pk").values_list("seal", flat=True)) == before


def test_decisions_of_the_rule_are_not_sealed(decisions: list[IdentityEvent]) -> None:
    assert IdentityEvent.objects.filter(actor=None).exists()
    assert AuditSeal.objects.filter(log="profiles_identityevent").count() == 2


def test_a_changed_decision_is_named(decisions: list[IdentityEvent], capsys: pytest.CaptureFixture[str]) -> None:
    forced(f"UPDATE profiles_identityevent SET reason = 'Another.' WHERE id = {decisions[1].pk}")  # noqa: S608
    assert wrong() == [f"event {decisions[1].pk} was changed"]
    with pytest.raises(CommandError, match="1 things are not as they were sealed"):
        call_command("verify_audit")
    assert f"profiles_identityevent: event {decisions[1].pk} was changed." in capsys.readouterr().out


def test_a_decision_that_is_gone_is_named(decisions: list[IdentityEvent]) -> None:
    forced(f"DELETE FROM profiles_identityevent WHERE id = {decisions[0].pk}")  # noqa: S608
    assert wrong() == [f"event {decisions[0].pk} is gone"]


def test_a_decision_that_somebody_else_is_said_to_have_taken_is_named(decisions: list[IdentityEvent]) -> None:
    forced(f"UPDATE profiles_identityevent SET actor_id = NULL WHERE id = {decisions[2].pk}")  # noqa: S608
    assert wrong() == [f"event {decisions[2].pk} was changed"]


def test_a_decision_that_slipped_in_is_named(decisions: list[IdentityEvent]) -> None:
    rule = IdentityEvent.objects.filter(actor=None).order_by("pk")[0]
    assert rule.pk < decisions[0].pk
    forced(f"UPDATE profiles_identityevent SET actor_id = {decisions[0].actor_id} WHERE id = {rule.pk}")  # noqa: S608
    assert wrong() == [f"event {rule.pk} came after its time"]


def test_a_seal_that_was_made_anew_without_the_key_breaks_the_chain(decisions: list[IdentityEvent]) -> None:
    first = AuditSeal.objects.order_by("pk")[0]
    forced(f"UPDATE profiles_auditseal SET seal = sha256('x') WHERE id = {first.pk}", "profiles_auditseal")  # noqa: S608
    later = AuditSeal.objects.order_by("pk")[1]
    assert wrong() == [f"seal {one.pk} is not the one that was made" for one in (first, later)]


def test_a_seal_that_is_gone_breaks_the_chain(decisions: list[IdentityEvent]) -> None:
    first, later = AuditSeal.objects.order_by("pk")
    forced(f"DELETE FROM profiles_auditseal WHERE id = {first.pk}", "profiles_auditseal")  # noqa: S608
    assert f"seal {later.pk} is not the one that was made" in wrong()


def test_a_key_that_was_replaced_still_opens_older_seals(decisions: list[IdentityEvent], settings: Settings) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    assert len(wrong()) == 2
    settings.SECRET_KEY_FALLBACKS = [old]
    assert wrong() == []


def test_seals_are_append_only(decisions: list[IdentityEvent]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditSeal.objects.update(upto=0)


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_is_just_being_written_is_sealed_later_and_never_missed() -> None:
    from django.db import connections

    curator = User.objects.create_user("curator")
    record = Researcher.objects.create(public_id="sealed0001", display_name="Ada", slug="ada", block_key="ada")
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            IdentityEvent.objects.create(
                kind=EventKind.CONFIRMED.value, researcher=record, actor=curator, reason="Slow."
            )
            begun.set()
            go_on.wait(20)
        connections.close_all()

    writer = threading.Thread(target=slowly)
    writer.start()
    assert begun.wait(20)
    assert seal() == 0
    go_on.set()
    writer.join()
    assert seal() == 1
    assert verify() == (1, [])
