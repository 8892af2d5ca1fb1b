"""A page that a claimant has named: fetched with care, searched for the code and the name, and only as strong as its past."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profiles import beside_bylines, page_proof, tasks
from profiles.claim_models import ClaimEvidence
from profiles.claims import State
from profiles.flows.claims import evidence
from profiles.flows.claims.submit import submit
from profiles.models import Researcher
from researchgraph.errors import Conflict
from researchgraph.lib.http import Http
from tests.claiming import RECORDS, begun, person
from tests.pipeline import importworks, write
from works import imports

if TYPE_CHECKING:
    from profiles.claim_models import Claim

HOMEPAGE = "https://www.byron.example/ada/"


class Server(ThreadingHTTPServer):
    """Answers every address with `said`."""

    said = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.said)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def ada(empty_library: None, tmp_path: Path) -> Researcher:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()
    return Researcher.objects.get(display_name="Ada Byron")


HERE = Http(user_agent="test (mailto:test@example.org)", anywhere=True, attempts=1)


def named(claim: Claim, url: str) -> tuple[ClaimEvidence, str]:
    return evidence.add_page(claim=claim.pk, claimant=claim.claimant, url=url)


def looked_at(found: ClaimEvidence) -> tuple[str, str, str]:
    page_proof.check(found.pk, http=HERE)
    found.refresh_from_db()
    return found.kind, found.state, found.finding


def test_the_code_is_256_bits_and_only_its_hash_is_kept(ada: Researcher) -> None:
    found, code = named(begun(person("ada"), ada), HOMEPAGE)
    assert re.fullmatch(r"researchgraph-claim-[0-9a-f]{64}", code)
    assert found.token == evidence.digest(code)
    assert code not in "".join(str(value) for value in ClaimEvidence.objects.filter(pk=found.pk).values()[0].values())


def test_a_page_with_code_and_name_is_weak_evidence(ada: Researcher, server: Server) -> None:
    found, code = named(begun(person("ada"), ada), server.url)
    server.said = f"<h1>Ada&nbsp;<b>Byron</b></h1><!-- {code} -->".encode()
    assert looked_at(found) == ("page", "confirmed", page_proof.SEEN)
    assert found.records == [ada.pk]
    assert looked_at(found)[1] == "confirmed"


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("<h1>Ada Byron</h1>", page_proof.NO_CODE),
        ("<h1>Ada Byron</h1> researchgraph-claim-" + "0" * 64, page_proof.NO_CODE),
        ("<h1>Somebody Else</h1> {}", page_proof.NO_NAME),
        ("<h1>Canada Byronson</h1> {}", page_proof.NO_NAME),
    ],
)
def test_a_page_without_the_code_or_the_name_shows_nothing(
    ada: Researcher, server: Server, said: str, finding: str
) -> None:
    found, code = named(begun(person("ada"), ada), server.url)
    server.said = said.format(code).encode()
    assert looked_at(found) == ("page", "refused", finding)


def test_a_page_that_a_record_had_named_before_the_claim_is_strong(
    ada: Researcher, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = begun(person("ada"), ada)
    assert beside_bylines.pages([ada.pk], before=claim.created_at) == {"byron.example/ada": {ada.pk}}
    found, code = named(claim, "http://byron.example/ada")
    seen = page_proof.Seen(frozenset({evidence.digest(code)}), "works of ada byron")
    monkeypatch.setattr(page_proof, "look", lambda *_, **__: seen)
    assert looked_at(found) == ("homepage", "confirmed", page_proof.SEEN_NAMED)
    submit(claim=claim.pk, claimant=claim.claimant)
    claim.refresh_from_db()
    assert (claim.state, claim.level) == (State.VERIFIED, 2)


def test_a_page_that_a_record_named_after_the_claim_had_begun_is_not(ada: Researcher) -> None:
    claim = begun(person("ada"), ada)
    assert beside_bylines.pages([ada.pk], before=claim.created_at.replace(year=2000)) == {}


def test_a_claim_sent_before_its_page_was_looked_at_is_decided_by_the_look(
    ada: Researcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = begun(person("ada"), ada)
    found, code = named(claim, HOMEPAGE)
    assert submit(claim=claim.pk, claimant=claim.claimant).state == State.IN_REVIEW
    seen = page_proof.Seen(frozenset({evidence.digest(code)}), "ada byron")
    monkeypatch.setattr(page_proof, "look", lambda *_, **__: seen)
    for _ in range(2):
        tasks.check_claim_page(found.pk)
        claim.refresh_from_db()
        assert claim.state == State.VERIFIED


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/"])
def test_no_machine_around_this_one_is_reached(ada: Researcher, server: Server, url: str) -> None:
    found, code = named(begun(person("ada"), ada), url.replace("1/", f"1:{server.server_address[1]}/"))
    server.said = f"Ada Byron {code}".encode()
    page_proof.check(
        found.pk, http=Http(user_agent="test (mailto:test@example.org)", attempts=1, size_limit=page_proof.SIZE_LIMIT)
    )
    found.refresh_from_db()
    assert (found.state, found.finding) == ("refused", page_proof.NOT_OPENED)


def test_without_a_contact_address_no_page_is_fetched(ada: Researcher) -> None:
    found, _ = named(begun(person("ada"), ada), HOMEPAGE)
    page_proof.check(found.pk)
    found.refresh_from_db()
    assert (found.state, found.finding) == ("refused", page_proof.NOT_OPENED)


def test_a_claim_names_five_pages_and_each_once(ada: Researcher) -> None:
    claim = begun(person("ada"), ada)
    codes = {named(claim, f"https://{n % 5}.example/")[1] for n in range(7)}
    assert (len(codes), claim.evidence.count()) == (7, 5)
    with pytest.raises(Conflict, match="5 pages"):
        named(claim, "https://other.example/")


def test_what_is_left_lying_is_looked_at_by_the_next_sweep(ada: Researcher) -> None:
    found, _ = named(begun(person("ada"), ada), HOMEPAGE)
    assert page_proof.waiting() == [found.pk]
    for _ in range(2):
        tasks.look_after_claims()
