"""Nothing that is kept about accounts is said in public: a canary in every private column, and a walk over everything."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.utils.timezone import now

from graph.flows.feed_address import renew
from graph.flows.follow import follow
from graph.follow_models import FollowKind
from graph.notification_models import Notification, NotificationChoice, Occasion, Untold
from profiles.claim_models import ClaimEvent, ClaimEvidence, ClaimNotice, VouchAnswer
from profiles.claims import Kind
from profiles.flows.claims.submit import submit
from profiles.flows.confirm import confirm
from profiles.flows.owning import say
from profiles.models import Report, Researcher
from profiles.own_models import Addition, OwnStatement, Proposal
from profiles.statements import Field
from tests.claiming import RECORDS, asked, begun, page, person, vouched
from tests.crawler import crawl
from tests.pipeline import importworks, write
from works import adding, proposals

if TYPE_CHECKING:
    from django.db.models import Model
    from django.test import Client

ASKED: Final = "zqcanary"
CANARY: Final = f"{ASKED}7"
"""Searches are for the word without the number, which pages repeat; with it nobody has brought it along."""
PRIVATE: Final[dict[type[Model], set[str]]] = {
    User: {"username", "first_name", "last_name", "email", "password"},
    EmailAddress: {"email"},
    SocialAccount: {"uid", "extra_data"},
    Authenticator: {"data"},
    UserSession: {"session_key", "user_agent", "data"},
    Report: {"text", "email"},
    ClaimEvidence: {"value", "finding"},
    ClaimNotice: {"text"},
    Addition: {"asked"},
    Proposal: {"value", "note", "answer"},
}
"""Columns that are written over with the canary. Events are append-only: theirs comes with what people say."""


@pytest.fixture
def planted(empty_library: None, tmp_path: Path) -> str:
    """A library with claims, vouches, decisions, follows and reports of people of whom everything private says the canary."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    ada = Researcher.objects.filter(display_name__contains="Byron", merged_into=None).order_by("-works_count")[0]
    reader, curator = person(f"{CANARY}-reader", f"{CANARY}@lab.example"), person(f"{CANARY}-c", curator=True)
    claim = begun(reader, ada)
    page(claim, ada.pk)
    babbage = Researcher.objects.get(display_name="Charles Babbage")
    own = begun(person(f"{CANARY}-v"), babbage)
    page(own, babbage.pk, kind=Kind.HOMEPAGE)
    submit(claim=own.pk, claimant=own.claimant)
    vouched(claim, babbage, VouchAnswer.NO)
    asked(begun(person(f"{CANARY}-other"), ada), babbage)
    submit(claim=claim.pk, claimant=reader, text=f"I am {CANARY}.")
    # What an author has taken back is nobody's business any more, a former name least of all.
    lace = Researcher.objects.get(display_name="Adele Lace")
    author = person(f"{CANARY}-author")
    own = begun(author, lace)
    page(own, lace.pk, kind=Kind.HOMEPAGE)
    submit(claim=own.pk, claimant=author)
    for name, biography in ((f"{CANARY} Lace", f"Once {CANARY}."), ("", "")):
        values = {Field.NAME: {"name": name}, Field.BIOGRAPHY: biography}
        say.say(researcher=lace.pk, values=values, actor=author)
    held = lace.authorships.order_by("pk")[0].work_id
    proposals.propose(work=held, field="other", value="A word.", note="Another.", actor=author)
    adding.look_up(researcher=lace.pk, scheme="doi", value="10.1000/none", actor=author)
    for found in ada.authorships.order_by("pk")[:1]:
        confirm(researcher=ada.pk, bylines=[found.pk], actor=curator, reason=f"Says {CANARY}.", token=None)
    follow(account=reader.pk, kind=FollowKind.RESEARCHER, subject=ada.pk)
    Report.objects.create(
        researcher=ada, kind="wrong", text=CANARY, email=f"{CANARY}@x.example", state="open", confirmed_at=now()
    )
    SocialAccount.objects.create(user=reader, provider="orcid", uid="1", extra_data={})
    Authenticator.objects.create(user=reader, type="totp", data={})
    UserSession.objects.create(user=reader, ip="192.0.2.1", session_key="1", user_agent="1")
    for model, columns in PRIVATE.items():
        for row in model._default_manager.all():
            for column in columns:
                kept = getattr(row, column)
                setattr(row, column, {CANARY: CANARY} if isinstance(kept, dict) else f"{CANARY}{row.pk}")
            row.save(update_fields=columns)
    return renew(account=reader.pk)


def test_every_private_column_holds_a_canary(planted: str) -> None:
    for model, columns in PRIVATE.items():
        rows = list(model._default_manager.values_list(*columns))
        assert rows, model
        assert all(CANARY in str(value) for row in rows for value in row), model
    assert ClaimEvent.objects.filter(text__contains=CANARY).exists()
    assert OwnStatement.objects.filter(value__icontains=CANARY).count() == 2


def test_no_public_address_and_no_log_says_it(planted: str, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        said = crawl(client, searched=(ASKED, "byron"))
    assert any("feed.atom" in address for address in said)
    assert {address for address, text in said.items() if CANARY in text} == set()
    assert not [line for line in caplog.messages if CANARY in line]
    assert not [address for address, text in said.items() if planted in text]


def test_columns_of_accounts_are_private_or_say_nothing() -> None:
    """A column that is added to these models is private until somebody says that it is not."""
    plain = {"SocialAccount": {"provider"}, "UserSession": {"ip"}, "Report": {"work"}, "Proposal": {"field"}}
    for model, columns in PRIVATE.items():
        assert texts(model) == columns | plain.get(model.__name__, set()), model


def test_notifications_keep_no_words_of_anybody(planted: str) -> None:
    """They point to what they are about, so there is nothing in them to leak; what they say is read from elsewhere."""
    assert Notification.objects.filter(account__username__contains=CANARY).exists()
    for model in (Notification, NotificationChoice, Occasion, Untold):
        assert texts(model) == set(), model


def texts(model: type[Model]) -> set[str]:
    """Columns of a table that may say something."""
    wordy = {"CharField", "TextField", "EmailField", "JSONField", "GenericIPAddressField"}
    return {f.name for f in model._meta.local_fields if f.get_internal_type() in wordy and not f.choices}
