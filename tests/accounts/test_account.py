"""One's own account: addresses, sessions, second factor, a copy of it, its end."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils.timezone import now

from graph.flows.follow import follow
from graph.follow_models import Follow, FollowKind
from profiles.ledger import EventKind
from profiles.models import IdentityEvent, Researcher
from researchgraph.accounts import mails
from researchgraph.accounts.adapter import AccountAdapter
from researchgraph.accounts.create import Role, create
from tests.accounts.test_login import ADDRESS, PASSWORD, log_in, signed_in

if TYPE_CHECKING:
    from pytest_django import Settings

NEW = "another long secret"
PAGES = (
    "/account/", "/account/email/", "/account/password/change/", "/account/2fa/", "/account/2fa/totp/activate/",
    "/account/2fa/webauthn/add/", "/account/2fa/webauthn/", "/account/outside/", "/account/sessions/", "/account/delete/",
    "/account/logout/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def ada(library: None) -> User:
    return create(email=ADDRESS, password=PASSWORD, name="ada", role=Role.READER)


@pytest.fixture
def inside(client: Client, ada: User) -> Client:
    log_in(client)
    prove(client)
    return client


def prove(client: Client) -> None:
    """Give the password once more, which changes of the account need."""
    client.post("/account/reauthenticate/", {"password": PASSWORD})


def code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))


def set_up_app(client: Client) -> str:
    """An authenticator app; its secret."""
    page = client.get("/account/2fa/totp/activate/").content.decode()
    found = re.search(r'id="secret" value="(\w+)"', page)
    assert found
    answer = client.post("/account/2fa/totp/activate/", {"code": code(found[1])})
    assert answer.status_code == 302, answer.content.decode()
    return found[1]


@pytest.mark.parametrize("address", PAGES)
def test_pages_about_the_account_are_ours_and_kept_by_nobody(inside: Client, address: str) -> None:
    answer = inside.get(address)
    assert answer.status_code == 200
    assert '<nav class="sidenav"' in answer.content.decode() or address.endswith("logout/")
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("address", [*PAGES, "/account/export/"])
def test_nobody_else_gets_in(client: Client, db: None, address: str) -> None:
    if address != "/account/logout/":
        assert client.get(address)["Location"].startswith("/account/login/")


def test_a_new_address_counts_once_its_link_was_opened_and_the_old_one_is_told(inside: Client, ada: User) -> None:
    inside.post("/account/email/", {"action_add": "1", "email": "ada@university.example"})
    new = EmailAddress.objects.get(email="ada@university.example")
    assert not new.verified
    link = re.search(r"http://localhost:8000(/account/\S+)", str(mail.outbox[-1].body))
    assert link
    inside.post(link[1])
    mail.outbox.clear()
    inside.post("/account/email/", {"action_primary": "1", "email": "ada@university.example"})
    ada.refresh_from_db()
    assert ada.email == "ada@university.example"
    assert [sent.to for sent in mail.outbox] == [[ADDRESS]]
    assert "ada@university.example" in mail.outbox[0].body


def test_changes_ask_for_the_password_once_more(client: Client, ada: User) -> None:
    log_in(client)
    for address in ("2fa/totp/activate", "2fa/webauthn/add", "export", "delete"):
        answer = client.get(f"/account/{address}/")
        assert answer["Location"] == f"/account/reauthenticate/?next=%2Faccount%2F{address.replace('/', '%2F')}%2F"
    assert client.post("/account/delete/", {"confirm": "delete"}).status_code == 302
    client.post("/account/email/", {"action_add": "1", "email": "eve@lab.example"})
    assert not EmailAddress.objects.filter(email="eve@lab.example").exists()
    assert User.objects.filter(pk=ada.pk).exists()


@pytest.mark.parametrize("kind", mails.CHANGES)
def test_every_notice_is_in_our_words(rf: RequestFactory, kind: str) -> None:
    facts = {"timestamp": now(), "ip": "192.0.2.7", "user_agent": "Firefox/140 Linux", "deleted_email": "a@b.example"}
    facts |= {"from_email": "a@b.example", "to_email": "c@d.example"}
    with request_context(rf.get("/")):
        made = AccountAdapter().render_mail(f"account/email/{kind}", ADDRESS, facts)
    assert "from the network address 192.0.2.7 (Firefox on Linux)" in str(made.body)
    assert str(made.body).split("\n")[0].endswith(".")
    assert "{" not in str(made.body)


def test_no_mail_of_the_library_is_without_words_of_ours() -> None:
    folder = Path(str(files("allauth"))) / "templates"
    sent = {path.name.removesuffix("_subject.txt") for path in folder.glob("*/email/*_subject.txt")}
    unused = {"login_code", "password_reset_code", "email_confirm"}
    assert sent - unused == {*mails.SUBJECTS, *mails.CHANGES}


def test_one_session_ends_another_and_only_its_own(inside: Client, ada: User) -> None:
    elsewhere, stranger = Client(), Client()
    log_in(elsewhere)
    create(email="eve@lab.example", password=PASSWORD, name="eve", role=Role.READER)
    log_in(stranger, email="eve@lab.example")
    theirs = UserSession.objects.get(user__username="eve")
    assert inside.post("/account/sessions/end/", {"session": theirs.pk}).status_code == 404
    assert inside.post("/account/sessions/end/", {"session": "1 OR 1"}).status_code == 404
    page = inside.get("/account/sessions/").content.decode()
    assert (page.count(">this one<"), page.count(">End<")) == (1, 1)
    other = UserSession.objects.get(user=ada, session_key=elsewhere.session.session_key)
    inside.post("/account/sessions/end/", {"session": other.pk})
    assert elsewhere.get("/account/").status_code == 302
    assert inside.get("/account/").status_code == 200
    assert stranger.get("/account/").status_code == 200


def test_all_other_sessions_end_at_once(inside: Client, ada: User) -> None:
    others = [Client(), Client()]
    for one in others:
        log_in(one)
    inside.post("/account/sessions/end/")
    assert [one.get("/account/").status_code for one in (*others, inside)] == [302, 302, 200]


def test_a_changed_password_logs_out_everywhere(inside: Client, ada: User) -> None:
    elsewhere = Client()
    log_in(elsewhere)
    inside.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert not signed_in(inside)
    assert elsewhere.get("/account/").status_code == 302
    assert mail.outbox[-1].to == [ADDRESS]


def test_a_second_factor_is_asked_for_and_its_secret_is_not_readable_in_the_database(inside: Client, ada: User) -> None:
    secret = set_up_app(inside)
    kept = Authenticator.objects.get(user=ada, type="totp")
    assert secret not in json.dumps(kept.data)
    assert get_adapter().decrypt(kept.data["secret"]) == secret
    fresh = Client()
    assert log_in(fresh)["Location"].startswith("/account/2fa/authenticate/")
    assert fresh.get("/account/").status_code == 302
    cache.clear()
    assert fresh.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not signed_in(fresh)
    assert fresh.post("/account/2fa/authenticate/", {"code": code(secret)}).status_code == 302
    assert signed_in(fresh)


def test_recovery_codes_come_with_the_first_factor_and_work_once(inside: Client, ada: User) -> None:
    set_up_app(inside)
    page = inside.get("/account/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<li>(\d{8})</li>", page)
    assert len(codes) == 10
    for expected in (True, False):
        fresh = Client()
        log_in(fresh)
        fresh.post("/account/2fa/authenticate/", {"code": codes[0]})
        assert signed_in(fresh) is expected


@pytest.mark.parametrize("role", [Role.CURATOR, Role.ADMIN])
def test_staff_without_a_second_factor_get_nowhere_else(
    client: Client, db: None, settings: Settings, role: Role
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    create(email="kim@lab.example", password=PASSWORD, name="kim", role=role)
    log_in(client, email="kim@lab.example")
    for address in ("/curate/", "/imports/", "/"):
        assert client.get(address)["Location"] == "/account/2fa/"
    prove(client)
    assert "needs a second factor" in client.get("/account/2fa/").content.decode()
    set_up_app(client)
    assert client.get("/curate/").status_code == 200
    client.post("/account/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user__username="kim", type="totp").exists(), "staff keep the last one"


def test_readers_need_no_second_factor(inside: Client, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True
    assert inside.get("/").status_code == 200


def test_the_copy_has_everything_but_secrets(inside: Client, ada: User) -> None:
    secret = set_up_app(inside)
    record = Researcher.objects.filter(merged_into=None).order_by("pk")[0]
    follow(account=ada.pk, kind=FollowKind.RESEARCHER, subject=record.pk)
    answer = inside.get("/account/export/")
    assert "attachment" in answer["Content-Disposition"]
    copied = json.loads(answer.content)
    assert copied["email_addresses"] == [{"email": ADDRESS, "verified": True, "primary": True}]
    assert [factor["type"] for factor in copied["second_factors"]] == ["totp", "recovery_codes"]
    assert len(copied["sessions"]) == 1
    address = f"http://localhost:8000{record.get_absolute_url()}"
    assert copied["follows"] == [{"kind": "researcher", "name": record.display_name, "address": address}]
    text = answer.content.decode()
    ada.refresh_from_db()
    assert not [hidden for hidden in (secret, ada.password, str(inside.session.session_key)) if hidden in text]


def test_an_account_is_deleted_with_everything_about_the_person(inside: Client, ada: User) -> None:
    assert inside.post("/account/delete/", {"confirm": "yes"}).status_code == 422
    assert inside.post("/account/delete/", {"confirm": "delete"})["Location"] == "/account/deleted/"
    assert not User.objects.filter(pk=ada.pk).exists()
    assert not EmailAddress.objects.filter(email=ADDRESS).exists()
    assert not UserSession.objects.filter(user_id=ada.pk).exists()


def test_decisions_stay_when_the_account_of_who_took_them_goes(inside: Client, ada: User) -> None:
    record = Researcher.objects.order_by("pk")[0]
    event = IdentityEvent.objects.create(kind=EventKind.CONFIRMED.value, researcher=record, actor=ada, reason="It is.")
    follow(account=ada.pk, kind=FollowKind.RESEARCHER, subject=record.pk)
    inside.post("/account/delete/", {"confirm": "delete"})
    event.refresh_from_db()
    assert event.actor is not None
    assert re.fullmatch(r"former-[0-9a-f]{12}", event.actor.username)
    assert (event.actor.email, event.actor.is_active, event.actor.has_usable_password()) == ("", False, False)
    assert not EmailAddress.objects.filter(email=ADDRESS).exists()
    assert not Follow.objects.filter(account=ada).exists()
    log_in(inside)
    assert not signed_in(inside)
