"""Logging in with ORCID, against a stand-in on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from researchgraph.accounts.create import Role, create
from researchgraph.orcid.stand_in import Person, StandIn, standing_in
from tests.accounts.test_login import ADDRESS, PASSWORD, log_in, signed_in
from tests.pipeline import importworks, work, write

if TYPE_CHECKING:
    from pytest_django import Settings

IRIS = "0000-0002-1825-0097"
OTHER = "0000-0002-1694-233X"


@pytest.fixture
def orcid(settings: Settings, db: None) -> Iterator[StandIn]:
    cache.clear()
    with standing_in() as found:
        found.people[IRIS] = Person(IRIS, "Josiah", "Carberry", [("doi", "10.5555/12345678")])
        found.people[OTHER] = Person(OTHER, "Iris", "Other")
        settings.ORCID_URL = found.settings["ORCID_URL"]
        settings.ORCID_API_URL = found.settings["ORCID_API_URL"]
        settings.ORCID_CLIENT_ID = "APP-TEST"
        app = {"client_id": "APP-TEST", "secret": "test", "key": ""}
        settings.SOCIALACCOUNT_PROVIDERS = {"orcid": {"APPS": [app]}}
        yield found


def go_and_come_back(client: Client, who: str, **asked: str) -> HttpResponse:
    """Press the button, choose a person there, and return."""
    there = client.post("/account/orcid/login/", {"process": "login", **asked})["Location"]
    back = httpx.get(there, params={**dict(httpx.URL(there).params), "as": who})
    where = urlsplit(back.headers["location"])
    return cast("HttpResponse", client.get(f"{where.path}?{where.query}"))


def test_the_button_is_there_once_the_site_is_registered(client: Client, orcid: StandIn) -> None:
    assert "Log in with ORCID" in client.get("/account/login/").content.decode()


def test_without_registration_there_is_no_button(client: Client, db: None) -> None:
    assert "Log in with ORCID" not in client.get("/account/login/").content.decode()


def test_coming_back_from_orcid_makes_an_account_with_a_proved_id(client: Client, orcid: StandIn) -> None:
    assert go_and_come_back(client, IRIS, next="/imports/")["Location"] == "/imports/"
    account = SocialAccount.objects.get(uid=IRIS)
    assert (account.user.first_name, account.user.last_name, account.user.email) == ("Josiah", "Carberry", "")
    assert account.user.username.startswith("account-")
    assert account.extra_data["activities-summary"]["works"]["group"]
    again = Client()
    go_and_come_back(again, IRIS)
    assert signed_in(again)
    assert User.objects.filter(socialaccount__uid=IRIS).count() == 1


def test_who_comes_from_orcid_is_shown_the_records_that_carry_the_id(
    client: Client, empty_library: None, orcid: StandIn, tmp_path: Path
) -> None:
    assert go_and_come_back(Client(), IRIS)["Location"] == "/", "there is no such record yet"
    signed = {"name": "Josiah Carberry", "orcid": IRIS}
    assert importworks(write(tmp_path / "works.jsonl", [work("p/1", "Cracked pots", signed)])).status == 0
    assert go_and_come_back(client, IRIS)["Location"] == "/claims/"
    assert "Josiah Carberry" in client.get("/claims/").content.decode()
    assert go_and_come_back(Client(), IRIS, next="/imports/")["Location"] == "/imports/"
    assert go_and_come_back(Client(), OTHER)["Location"] == "/"


def test_an_id_is_connected_to_an_account_and_to_no_second_one(client: Client, orcid: StandIn) -> None:
    create(email=ADDRESS, password=PASSWORD, name="ada", role=Role.READER)
    log_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    go_and_come_back(client, IRIS, process="connect")
    assert SocialAccount.objects.get(uid=IRIS).user.username == "ada"
    assert IRIS in client.get("/account/outside/").content.decode()
    create(email="eve@lab.example", password=PASSWORD, name="eve", role=Role.READER)
    eve = Client()
    log_in(eve, email="eve@lab.example")
    eve.post("/account/reauthenticate/", {"password": PASSWORD})
    go_and_come_back(eve, IRIS, process="connect")
    assert SocialAccount.objects.get(uid=IRIS).user.username == "ada"


def test_an_address_in_the_public_record_opens_no_account(client: Client, orcid: StandIn) -> None:
    create(email=ADDRESS, password=PASSWORD, name="ada", role=Role.READER)
    orcid.people[OTHER] = orcid.people[OTHER]._replace(email=ADDRESS)
    go_and_come_back(client, OTHER)
    assert EmailAddress.objects.get(email=ADDRESS).user.username == "ada"
    stranger = SocialAccount.objects.get(uid=OTHER).user
    assert (stranger.username != "ada", stranger.email) == (True, "")


def test_stopping_at_orcid_says_that_nothing_has_changed(client: Client, orcid: StandIn) -> None:
    there = client.post("/account/orcid/login/", {"process": "login"})["Location"]
    state = dict(httpx.URL(there).params)["state"]
    answer = client.get("/account/orcid/login/callback/", {"error": "access_denied", "state": state}, follow=True)
    assert "nothing has changed" in answer.content.decode()
    assert not signed_in(client)


@pytest.mark.parametrize("query", [{}, {"code": "made-up", "state": "made-up"}, {"code": "made-up"}])
def test_an_answer_nobody_asked_for_logs_nobody_in(client: Client, orcid: StandIn, query: dict[str, str]) -> None:
    answer = client.get("/account/orcid/login/callback/", query)
    assert answer.status_code < 500
    assert not signed_in(client)


def test_a_code_that_was_used_logs_nobody_in(client: Client, orcid: StandIn) -> None:
    there = client.post("/account/orcid/login/", {"process": "login"})["Location"]
    back = urlsplit(httpx.get(there, params={**dict(httpx.URL(there).params), "as": IRIS}).headers["location"])
    client.get(f"{back.path}?{back.query}")
    thief = Client()
    thief.post("/account/orcid/login/", {"process": "login"})
    thief.get(f"{back.path}?{back.query}")
    assert not signed_in(thief)


def test_orcid_being_down_is_said_and_nothing_breaks(client: Client, orcid: StandIn, settings: Settings) -> None:
    there = client.post("/account/orcid/login/", {"process": "login"})["Location"]
    back = urlsplit(httpx.get(there, params={**dict(httpx.URL(there).params), "as": IRIS}).headers["location"])
    settings.ORCID_URL = "http://127.0.0.1:9"
    answer = client.get(f"{back.path}?{back.query}")
    assert "did not answer as expected" in answer.content.decode()
    assert not signed_in(client)
