"""What every answer says to browsers, and the cookies they are given: written down here, so that a change is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from profiles.models import Researcher
from researchgraph.accounts.create import Role, create
from tests.test_settings import PRODUCTION, ROOT

if TYPE_CHECKING:
    from django.test import Client

HEADERS: Final = {
    "Content-Security-Policy": {
        "base-uri 'none'", "connect-src 'self'", "default-src 'none'", "font-src 'self'", "form-action 'self'",
        "frame-ancestors 'none'", "img-src 'self' data:", "object-src 'none'", "script-src 'self'", "style-src 'self'",
    },
    "Cross-Origin-Opener-Policy": {"same-origin"},
    "Referrer-Policy": {"strict-origin-when-cross-origin"},
    "X-Content-Type-Options": {"nosniff"},
    "X-Frame-Options": {"DENY"},
}  # fmt: skip
CHANGING: Final = {
    "Allow", "Cache-Control", "Content-Length", "Content-Type", "ETag", "Expires", "Last-Modified", "Location", "Vary",
}  # fmt: skip
"""What else an answer may carry: it depends on what was asked for."""
PASSWORD: Final = "a long secret for this test"
IN_PRODUCTION: Final = """
from django.conf import settings
for name in ("SESSION", "CSRF"):
    print(*(getattr(settings, f"{name}_COOKIE_{what}") for what in ("SECURE", "HTTPONLY", "SAMESITE")))
print(settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT)
"""


@pytest.mark.usefixtures("library")
def test_every_kind_of_answer_carries_the_same_headers(client: Client) -> None:
    record = Researcher.objects.order_by("pk")[0]
    there = record.get_absolute_url()
    api = f"/api/v1/researchers/{record.public_id}/"
    for address in (
        "/",
        there,
        f"{there}feed.atom",
        api,
        "/account/login/",
        "/claims/",
        "/none/",
        "/robots.txt",
        "/healthz/",
    ):
        headers = client.get(address).headers
        told = {name: {part.strip() for part in headers[name].split(";")} for name in HEADERS if name in headers}
        assert told == HEADERS, address
        assert set(headers) - HEADERS.keys() <= CHANGING, address


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client: Client, db: None) -> None:
    create(email="ada@lab.example", password=PASSWORD, name="ada", role=Role.READER)
    client.get("/account/login/")

    cookies = client.post("/account/login/", {"login": "ada@lab.example", "password": PASSWORD}).cookies

    assert set(cookies) == {"csrftoken", "sessionid"}
    assert all(
        cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/" for cookie in cookies.values()
    )


def test_in_production_cookies_and_addresses_are_for_https_only() -> None:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", IN_PRODUCTION]
    clean = {"PATH": os.environ["PATH"], **PRODUCTION}
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)

    session, csrf, https = done.stdout.splitlines()
    assert session == csrf == "True True Lax"
    seconds, redirected = https.split()
    assert int(seconds) >= 31_536_000
    assert redirected == "True"
