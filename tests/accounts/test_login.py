"""Signing up, logging in and out, forgotten passwords: what works, and what nobody learns from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from researchgraph.accounts.create import Role, create

if TYPE_CHECKING:
    from pytest_django import Settings

PASSWORD = "correct horse battery"
ADDRESS = "ada@lab.example"
ELSEWHERE = (
    "https://evil.example/", "//evil.example/", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
    "https:/evil.example", "https:evil.example", "http:///evil.example/", "https://testserver@evil.example/",
    "https://evil.example\\@testserver/", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)",
    "data:text/html,x", "/\t/evil.example/", "/\n/evil.example/", " https://evil.example/", "\thttps://evil.example/",
    "https://evil.example/?testserver", "https://testserver.evil.example/", "https://evil.example#testserver",
    "//testserver@evil.example", "https://[::1]@evil.example/", "ftp://testserver/", "//evil%E3%80%82example",
    "https://testserver:80@evil.example/", "http:\\\\evil.example", "https://localhost.evil.example/", "//\tevil.example/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def ada(db: None) -> User:
    return create(email=ADDRESS, password=PASSWORD, name="ada", role=Role.READER)


def log_in(client: Client, email: str = ADDRESS, password: str = PASSWORD, **more: str) -> HttpResponse:
    return cast("HttpResponse", client.post("/account/login/", {"login": email, "password": password, **more}))


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def link_in_mail() -> str:
    found = re.search(r"http://localhost:8000(/account/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def test_login_explains_itself_and_keeps_where_to_go(client: Client, db: None) -> None:
    page = client.get("/account/login/", {"next": "/imports/"}).content.decode()
    assert 'name="next" value="/imports/"' in page
    assert "Reading needs no account." in page


def test_signing_up_takes_an_address_and_opening_the_link(client: Client, db: None) -> None:
    answer = client.post("/account/signup/", {"email": ADDRESS, "password1": PASSWORD, "next": "/imports/"})
    assert answer["Location"] == "/account/confirm-email/"
    assert not signed_in(client)
    link = link_in_mail()
    assert "Is <strong>ada@lab.example</strong> yours" in client.get(link).content.decode()
    assert not EmailAddress.objects.get(email=ADDRESS).verified, (
        "opening a link changes nothing: programs open links, too"
    )
    client.post(link)
    assert EmailAddress.objects.get(email=ADDRESS).verified
    assert log_in(client, next="/imports/")["Location"] == "/imports/"
    assert signed_in(client)


def test_a_new_account_is_not_named_after_its_address(client: Client, db: None) -> None:
    client.post("/account/signup/", {"email": ADDRESS, "password1": PASSWORD})
    assert re.fullmatch(r"account-[0-9a-f]{12}", User.objects.get(email=ADDRESS).username)


def test_passwords_are_kept_with_argon2id(ada: User) -> None:
    assert ada.password.startswith("argon2$argon2id$")


@pytest.mark.parametrize("weak", ["short1", "password123", "1234567890", "ada@lab.example"])
def test_weak_and_breached_passwords_are_refused(client: Client, db: None, weak: str) -> None:
    answer = client.post("/account/signup/", {"email": ADDRESS, "password1": weak})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not User.objects.filter(email=ADDRESS).exists()


def test_a_wrong_password_says_so_without_saying_which(client: Client, ada: User) -> None:
    wrong, unknown = log_in(client, password="wrong"), log_in(client, email="nobody@lab.example", password="wrong")
    strip = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|value="\w+@lab\.example"')
    assert strip.sub("", wrong.content.decode()) == strip.sub("", unknown.content.decode())
    assert 'role="alert"' in wrong.content.decode()


def test_signing_up_with_a_known_address_looks_the_same_and_tells_its_owner(client: Client, ada: User) -> None:
    known = client.post("/account/signup/", {"email": ADDRESS, "password1": PASSWORD})
    told = mail.outbox[-1]
    unknown = client.post("/account/signup/", {"email": "new@lab.example", "password1": PASSWORD})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert told.to == [ADDRESS]
    assert "already" in told.body
    assert not signed_in(client)


def test_a_forgotten_password_is_set_anew_by_mail(client: Client, ada: User) -> None:
    unknown = client.post("/account/password/reset/", {"email": "nobody@lab.example"})
    known = client.post("/account/password/reset/", {"email": ADDRESS})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    link = link_in_mail()
    form = client.get(link, follow=True)
    address = form.redirect_chain[-1][0]
    client.post(address, {"password1": "another long secret", "password2": "another long secret"})
    assert log_in(client, password="another long secret").status_code == 302
    assert signed_in(client)
    assert "has been used" in Client().get(link, follow=True).content.decode()


def test_mails_name_the_site_not_the_host_that_was_asked(client: Client, ada: User, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/account/password/reset/", {"email": ADDRESS}, headers={"host": "evil.example"})
    client.post("/account/signup/", {"email": ADDRESS, "password1": PASSWORD}, headers={"host": "evil.example"})
    client.post("/account/signup/", {"email": "b@lab.example", "password1": PASSWORD}, headers={"host": "evil.example"})
    assert len(mail.outbox) == 3
    assert not [sent.body for sent in mail.outbox if "evil.example" in f"{sent.subject} {sent.body}"]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_login_leads_to_this_host_only(client: Client, ada: User, address: str) -> None:
    assert log_in(client, next=address)["Location"] == "/"
    client.post("/account/logout/")
    answer = client.post(f"/account/login/?next={quote(address)}", {"login": ADDRESS, "password": PASSWORD})
    assert answer["Location"] == "/"


def test_the_session_is_another_one_after_logging_in(client: Client, ada: User) -> None:
    client.get("/account/login/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    log_in(client)
    assert client.session.session_key != before


def test_a_limit_holds_whatever_the_forwarding_headers_say(ada: User) -> None:
    answers = []
    for number in range(8):
        headers = {"x-forwarded-for": f"203.0.113.{number}", "x-real-ip": f"203.0.113.{number}"}
        answers.append(
            Client().post("/account/login/", {"login": ADDRESS, "password": f"wrong {number}"}, headers=headers)
        )
    assert "Too many" in answers[-1].content.decode()
    assert "Too many" not in answers[3].content.decode()


def test_guessing_across_accounts_is_limited_by_network_address(db: None) -> None:
    answers = [log_in(Client(), email=f"{number}@lab.example", password="wrong") for number in range(52)]
    assert [answers[0].status_code, answers[-1].status_code] == [200, 429]
    assert "That was too often" in answers[-1].content.decode()


def test_logout_takes_a_form_not_a_link(client: Client, ada: User) -> None:
    log_in(client)
    assert "Log out" in client.get("/account/logout/").content.decode()
    assert signed_in(client)
    assert client.post("/account/logout/")["Location"] == "/"
    assert not signed_in(client)


def test_forms_need_their_token(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    for address in ("login", "signup", "logout", "password/reset", "orcid/login", "delete", "sessions/end"):
        assert client.post(f"/account/{address}/", {}).status_code == 403, address


def test_the_admin_site_has_no_login_of_its_own(client: Client, db: None) -> None:
    answer = client.get("/admin/login/", {"next": "/admin/works/"})
    assert answer["Location"] == "/account/login/?next=%2Fadmin%2Fworks%2F"
