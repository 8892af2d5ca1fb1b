"""A stand-in for ORCID on this machine: what logging in there looks like, for the demo and for tests.

It speaks the three addresses that the real one has for this (OAuth 2.0 authorization and token, the public record in
version 3.0), knows the people it is told of, and asks nobody for a password. It binds to loopback only.
"""

from __future__ import annotations

import html
import json
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Stand-in for ORCID</title><h1>This stands in for ORCID</h1>
<p>On a real site you would log in at orcid.org here. Who are you?</p><ul>{people}</ul>
<p><a href="{cancel}">Nobody: go back</a></p></html>"""


class Person(NamedTuple):
    """Somebody with an iD. `works` are (type, value) of identifiers, such as ("doi", "10.1000/1") or ("arxiv", "2203.05482")."""

    orcid: str
    given: str
    family: str
    works: Sequence[tuple[str, str]] = ()
    email: str = ""

    def record(self) -> dict[str, Any]:
        """The public record, as far as anybody here reads it."""
        return {
            "orcid-identifier": {"uri": f"https://orcid.org/{self.orcid}", "path": self.orcid, "host": "orcid.org"},
            "person": {
                "name": {"given-names": {"value": self.given}, "family-name": {"value": self.family}},
                "emails": {"email": [{"email": self.email, "verified": True}] if self.email else []},
            },
            "activities-summary": {
                "works": {
                    "group": [
                        {
                            "work-summary": [
                                {
                                    # A publisher has put the work there, not the person themself.
                                    "source": {"source-client-id": {"path": "APP-PUBLISHER"}, "source-orcid": None},
                                    "external-ids": {
                                        "external-id": [
                                            {
                                                "external-id-type": kind,
                                                "external-id-value": value,
                                                "external-id-relationship": "self",
                                            }
                                        ]
                                    },
                                }
                            ]
                        }
                        for kind, value in self.works
                    ]
                }
            },
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, people: Mapping[str, Person]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.people = people
        self.codes: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/oauth/authorize":
            self._authorize(asked)
        elif parts.path.startswith("/v3.0/") and parts.path.endswith("/record"):
            person = self.server.people.get(parts.path.split("/")[2])
            self._answer(200 if person else 404, person.record() if person else {"error-code": 9016})
        else:
            self._answer(404, {"error-code": 9016})

    def do_POST(self) -> None:
        sent = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 10_000)).decode()
        code = parse_qs(sent).get("code", [""])[0]
        # A code works once.
        person = self.server.people.get(self.server.codes.pop(code, ""))
        if urlsplit(self.path).path != "/oauth/token" or person is None:
            self._answer(400, {"error": "invalid_grant"})
            return
        name = f"{person.given} {person.family}"
        self._answer(200, {
            "access_token": secrets.token_urlsafe(16), "token_type": "bearer", "expires_in": 3600, "scope": "/authenticate",
            "name": name, "orcid": person.orcid,
        })  # fmt: skip

    def _authorize(self, asked: dict[str, str]) -> None:
        back, state = asked.get("redirect_uri", ""), asked.get("state", "")
        if asked.get("as", "") in self.server.people:
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = asked["as"]
            self._go(f"{back}?{urlencode({'code': code, 'state': state})}")
            return
        people = "".join(
            f'<li><a href="/oauth/authorize?{html.escape(urlencode({**asked, "as": person.orcid}))}">'
            f"{html.escape(person.given)} {html.escape(person.family)}</a> {person.orcid}</li>"
            for person in self.server.people.values()
        )
        cancel = html.escape(f"{back}?{urlencode({'error': 'access_denied', 'state': state})}")
        self._send(200, "text/html; charset=utf-8", PAGE.format(people=people, cancel=cancel).encode())

    def _go(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it is called with
        """Say nothing."""


class StandIn(NamedTuple):
    """`people` by iD may be added to at any time; `settings` lead a site here."""

    people: dict[str, Person]
    settings: dict[str, str]


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """The stand-in, in a thread of this process."""
    people: dict[str, Person] = {}
    server = _Server(people)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield StandIn(people, {
            "ORCID_URL": address, "ORCID_API_URL": address, "ORCID_CLIENT_ID": "APP-DEMO", "ORCID_CLIENT_SECRET": "demo",
        })  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
