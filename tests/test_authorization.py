"""Who may do what: every address of the site by every kind of visitor with every method.

The rows are read from the URLconf. An address without a row here fails, so nobody adds one without saying whom it is for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from profiles.claim_models import Claim
from profiles.claims import Kind, State
from profiles.flows.claims.submit import submit
from profiles.models import Institution, Researcher
from profiles.own_models import Addition
from researchgraph.accounts.create import Role, create
from tests.claiming import begun, page
from tests.pipeline import fingerprint
from tests.routes import routes
from works import adding
from works.models import ImportRun, Topic, Work

if TYPE_CHECKING:
    from django.http import HttpResponse

ALL, ACCOUNT, CURATOR, NOBODY = "all", "account", "curator", "nobody"
HOLDER, HOLDER_OR_CURATOR = "holder", "holder or curator"
PASSWORD = "a long secret for this test"


class May(NamedTuple):
    """Who may read an address and who may post to it."""

    get: str
    post: str = NOBODY


READ, READ_OWN, FORM, OWN = May(ALL), May(ACCOUNT), May(ALL, ALL), May(ACCOUNT, ACCOUNT)
POST_OWN = May(NOBODY, ACCOUNT)
HELD, POST_HELD = May(HOLDER, HOLDER), May(NOBODY, HOLDER)
LOOK, DECIDE, DECIDED = May(CURATOR), May(CURATOR, CURATOR), May(NOBODY, CURATOR)
ID, SLUG = "(?P<public_id>[0-9a-z]{10})", "(?P<slug>[0-9a-z-]{1,80})"

SECTION = "(?P<section>researchers|works|topics|institutions)"
EXPORT = r"export\.(?P<form>csv|graphml|gexf|json|svg)"

RIGHTS: Final = {
    # The site and what is public.
    "": READ, "about/confidence/": READ, "about/records/": READ, "healthz/": READ, "robots.txt": READ, "search/": READ,
    "about/graph/": READ, "api/v1/graph/": READ,
    "search/suggest/": READ, "names/<str:block_key>/": READ, "theme/": May(NOBODY, ALL),
    "arxiv/<path:value>": READ, "doi/<path:value>": READ, "orcid/<str:value>": READ,
    **{f"^{kind}/{ID}/$": READ for kind in ("researchers", "works", "topics", "institutions", "imports")},
    **{f"^{kind}/{ID}/{SLUG}/$": READ for kind in ("researchers", "works", "topics", "institutions")},
    **{f"^researchers/{ID}/{slug}{page}/$": READ for page in ("graph", "history") for slug in ("", f"{SLUG}/")},
    **{f"^researchers/{ID}/{slug}with/(?P<other>[0-9a-z]{{10}})/$": READ for slug in ("", f"{SLUG}/")},
    **{f"^works/{ID}/{slug}history/$": READ for slug in ("", f"{SLUG}/")},
    rf"^works/{ID}/cite\.(?P<form>bib|json)$": READ,
    "api/v1/schema/": READ, "api/v1/search/": READ, "api/v1/researchers/": READ, f"api/v1/works/{ID}/$": READ,
    **{f"api/v1/researchers/{ID}/{part}$": READ for part in ("", "coauthors/", "trust/", "works/")},
    # The graph: all of it is public.
    "explore/": READ, "explore/path/": READ, f"^explore/{SECTION}/{ID}/$": READ, f"^explore/{SECTION}/{ID}/{EXPORT}$": READ,
    f"api/v1/graph/{SECTION}/{ID}/$": READ, "api/v1/graph/path/": READ, "api/v1/graph/joining/": READ,
    # Reports need no account; their links come by mail.
    **{f"^researchers/{ID}/{slug}report/$": FORM for slug in ("", f"{SLUG}/")},
    "reports/sent/": READ, "reports/confirm/<str:token>/": FORM,
    # Imports: the runs are public, what is done with them is not.
    "imports/": READ, "imports/held/": READ, "imports/new/": DECIDE, "imports/schedules/": DECIDE,
    f"^imports/schedules/{ID}/(?P<action>pause|resume|delete)/$": DECIDED,
    f"^imports/{ID}/(?P<action>pause|resume|stop)/$": DECIDED, f"^imports/{ID}/retry/$": DECIDED,
    f"^imports/{ID}/roll-back/$": DECIDE,
    "imports/held/<int:record>/": LOOK, "imports/held/<int:record>/raw/": LOOK, "imports/held/export/": LOOK,
    "imports/held/dismiss/": DECIDED, "imports/held/retry/": DECIDED, "imports/held/identifiers/": LOOK,
    "imports/held/identifiers/decide/": DECIDED, "imports/held/identifiers/undo/": DECIDED,
    # Curation.
    "curate/": LOOK, "curate/works/": LOOK, "curate/reports/": LOOK, "curate/merge/": DECIDE,
    "curate/undo/": DECIDED, "curate/works/undo/": DECIDED, "curate/review/<int:review>/": DECIDED,
    "curate/works/review/<int:review>/": DECIDED, "curate/reports/<int:report>/close/": DECIDED,
    "curate/reports/<int:report>/hide/": DECIDE, f"^curate/record/{ID}/$": LOOK,
    f"^curate/record/{ID}/(?P<decision>split|reject|reassign|confirm)/$": DECIDE,
    f"^curate/work/{ID}/$": DECIDE, f"^curate/work/{ID}/split/$": DECIDE, f"^curate/work/{ID}/undo/$": DECIDED,
    f"^researchers/{ID}/undo/$": DECIDED, f"^works/{ID}/undo/$": DECIDED,
    # Claims: one's own, and the curators' desk.
    **{f"^researchers/{ID}/{slug}claim/$": READ_OWN for slug in ("", f"{SLUG}/")},
    "claims/": READ_OWN, "claims/<int:claim>/": May(HOLDER), "claims/begin/": POST_OWN, "claims/<int:claim>/page/": POST_HELD,
    "^claims/(?P<claim>[0-9]{1,18})/(?P<verb>send|appeal|release|remove|check|leave-out|vouch)/$": POST_HELD,
    "claims/vouches/<uuid:asked>/": POST_OWN, "curate/claims/decide/": DECIDED,
    "claims/dispute/<str:token>/": FORM, "curate/claims/": LOOK, "curate/claims/<int:claim>/": LOOK,
    "curate/claims/<int:claim>/decide/": DECIDED, "curate/claims/reasons/": DECIDE,
    f"^works/{ID}/mine/$": OWN, f"^works/{ID}/propose/$": HELD, f"^me/records/{ID}/proposals/$": HELD,
    "curate/proposals/": LOOK, "curate/proposals/<int:proposal>/answer/": DECIDED,
    # The author's own pages of a record; curators see what stands there, to take it down.
    "me/records/": READ_OWN, f"^me/records/{ID}/$": HELD, f"^me/records/{ID}/works/$": HELD,
    f"^me/records/{ID}/past/$": May(HOLDER_OR_CURATOR, HOLDER_OR_CURATOR),
    f"^me/records/{ID}/add/$": HELD, f"^me/records/{ID}/add/(?P<addition>[0-9]{{1,18}})/$": May(HOLDER),
    # Following: feeds are public, one's own has a secret address.
    f"^(?P<kind>researcher|topic|institution)s/{ID}/follow/$": OWN,
    **{rf"^{kind}/{ID}/{slug}feed\.atom$": READ for kind in ("researchers", "(?P<kind>topic|institution)s")
       for slug in ("", f"{SLUG}/")},
    r"^feeds/(?P<secret>[A-Za-z0-9_-]{43})/feed\.atom$": READ, "me/feed/": READ_OWN, "me/following/": READ_OWN,
    **{f"me/feed/{page}/": POST_OWN for page in ("read", "address", "address/revoke")},
    "notifications/": READ_OWN, **{f"notifications/{page}/": POST_OWN for page in ("read", "choices")},
    # Accounts.
    **{f"account/{page}/": FORM for page in (
        "login", "signup", "logout", "password/reset", "orcid/login", "outside/signup", "2fa/authenticate",
        "login/code/confirm", "2fa/webauthn/login",
    )},
    **{f"account/{page}/": READ for page in (
        "inactive", "deleted", "confirm-email", "password/reset/done", "password/reset/key/done", "orcid/login/callback",
        "outside/login/cancelled", "outside/login/error",
    )},
    r"account/confirm-email/(?P<key>[-:\w]+)/$": FORM,
    "account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": FORM,
    "account/": READ_OWN, "account/sessions/": READ_OWN, "account/sessions/end/": May(NOBODY, ACCOUNT),
    "account/export/": READ_OWN, "account/delete/": OWN, "account/2fa/": READ_OWN,
    "account/2fa/recovery-codes/": READ_OWN, "account/2fa/recovery-codes/download/": READ_OWN,
    **{f"account/{page}/": OWN for page in (
        "email", "password/change", "password/set", "reauthenticate", "outside", "2fa/reauthenticate",
        "2fa/recovery-codes/generate", "2fa/totp/activate", "2fa/totp/deactivate", "2fa/webauthn/add",
        "2fa/webauthn/reauthenticate", "2fa/webauthn/keys/<int:pk>/edit", "2fa/webauthn/keys/<int:pk>/remove",
    )},
    "account/2fa/webauthn/": READ_OWN,
}  # fmt: skip
STAFF: Final = {ALL, ACCOUNT, CURATOR, HOLDER_OR_CURATOR}
VISITORS: Final = {
    "anonymous": {ALL}, "stranger": {ALL, ACCOUNT}, "curator": STAFF, "admin": STAFF,
    # Whose record it is, and somebody who claims it as well.
    "holder": {ALL, ACCOUNT, HOLDER, HOLDER_OR_CURATOR}, "rival": {ALL, ACCOUNT},
}  # fmt: skip


def example(route: str) -> str:
    """An address of this route, of things that are there."""
    kind = route.removeprefix("^").removeprefix("api/v1/").removeprefix("curate/").removeprefix("me/").split("/")[0]
    held = {"researchers": Researcher, "record": Researcher, "records": Researcher, "works": Work, "work": Work, "topics": Topic,
            "institutions": Institution, "imports": ImportRun}  # fmt: skip
    model = held.get(kind, Topic if "topic|" in kind and "researcher|" not in kind else Researcher)
    samples = {
        "public_id": model.objects.order_by("pk").values_list("public_id", flat=True)[0], "slug": "a-name",  # type: ignore[attr-defined]
        "block_key": "lee-s", "value": "10.1000/none", "token": "made-up", "section": "researchers",
        "form": "csv" if "export" in route else "bib", "action": "pause",
        "decision": "split", "key": "made-up", "uidb36": "1", "pk": "1", "record": "1", "report": "1", "review": "1", "proposal": "1",
        "claim": str(Claim.objects.order_by("pk").values_list("pk", flat=True)[0]), "verb": "send",
        "kind": "researcher" if "researcher|" in route else "topic", "secret": "x" * 43,
        "addition": str(Addition.objects.values_list("pk", flat=True)[0]),
        "asked": "00000000-0000-0000-0000-000000000000", "other": "0000000000",
    }  # fmt: skip
    if route.endswith("/propose/$"):
        # Of a work that the holder is an author of.
        own = Work.objects.filter(authorships__researcher=Researcher.objects.order_by("pk")[0]).order_by("pk")
        samples["public_id"] = own.values_list("public_id", flat=True)[0]
    filled = re.sub(r"\(\?P<(\w+)>(?:\([^)]*\)|[^()])*\)|<\w+:(\w+)>", lambda m: samples[m[1] or m[2]], route)
    return "/" + filled.replace("\\", "").removeprefix("^").removesuffix("$")


@pytest.fixture
def visitors(library: None) -> dict[str, Client]:
    found = {"anonymous": Client()}
    roles = {"curator": Role.CURATOR, "admin": Role.ADMIN}
    for name in VISITORS.keys() - {"anonymous"}:
        found[name] = Client()
        user = create(email=f"{name}@lab.example", password=PASSWORD, name=name, role=roles.get(name, Role.READER))
        found[name].force_login(user)
    record = Researcher.objects.order_by("pk")[0]
    for name in ("holder", "rival"):
        user = get_user_model().objects.get(emailaddress__email=f"{name}@lab.example")
        claim = begun(user, record)
        page(claim, record.pk, kind=Kind.HOMEPAGE)
        assert submit(claim=claim.pk, claimant=user).state == (State.VERIFIED if name == "holder" else State.IN_REVIEW)
        if name == "holder":
            adding.look_up(researcher=record.pk, scheme="doi", value="10.1000/none", actor=user)
    return found


def refused(address: str, answer: HttpResponse) -> bool:
    """No such page, no such method, or log in first. The API says 403 to a visitor's unknown method."""
    known = {403, 404, 405} if address.startswith("/api/") else {404, 405}
    return answer.status_code in known or answer.headers.get("Location", "").startswith("/account/login/?next=")


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert routes() == set(RIGHTS)


def test_who_may_not_is_refused_and_changes_nothing(visitors: dict[str, Client]) -> None:
    before = fingerprint()
    wrong = []
    for route, may in RIGHTS.items():
        address = example(route)
        for name, rights in VISITORS.items():
            for method, whom in (("get", may.get), ("head", may.get), ("post", may.post)):
                if whom in rights:
                    continue
                answer = getattr(visitors[name], method)(address)
                if not refused(address, answer):
                    wrong.append(f"{name} {method} {address}: {answer.status_code}")
    assert wrong == []
    assert fingerprint() == before


def test_no_address_takes_other_methods(visitors: dict[str, Client]) -> None:
    wrong = []
    for route in RIGHTS:
        if route.startswith("account/"):
            # The library's views answer what they do not know with 405 only once they know who asks.
            continue
        address = example(route)
        for name, client in visitors.items():
            for method in ("put", "patch", "delete"):
                answer = getattr(client, method)(address)
                if answer.status_code not in {403, 404, 405}:
                    wrong.append(f"{name} {method} {address}: {answer.status_code}")
    assert wrong == []


def test_who_may_is_let_in(visitors: dict[str, Client]) -> None:
    wrong = []
    for route, may in RIGHTS.items():
        address = example(route)
        for name, rights in VISITORS.items():
            if may.get not in rights:
                continue
            answer = visitors[name].get(address)
            if may.get in {HOLDER, HOLDER_OR_CURATOR} and answer.status_code != 200:
                wrong.append(f"{name} get {address}: {answer.status_code}")
            if answer.status_code >= 500 or answer.status_code in {403, 405}:
                wrong.append(f"{name} get {address}: {answer.status_code}")
            if "/account/login/?next=" in answer.headers.get("Location", ""):
                wrong.append(f"{name} get {address}: asked to log in")
    assert wrong == []


def test_every_form_needs_its_token(visitors: dict[str, Client]) -> None:
    before = fingerprint()
    wrong = []
    for client in visitors.values():
        client.handler.enforce_csrf_checks = True
    for route, may in RIGHTS.items():
        if route == "theme/":
            # Sets a color and nothing else, for visitors who have no cookie yet.
            continue
        address = example(route)
        for name, rights in VISITORS.items():
            if may.post in rights and visitors[name].post(address).status_code != 403:
                wrong.append(f"{name} post {address}")
    assert wrong == []
    assert fingerprint() == before


def test_no_cache_keeps_what_is_not_for_everybody(visitors: dict[str, Client]) -> None:
    wrong = []
    for route, may in RIGHTS.items():
        if may.get in {ALL, NOBODY}:
            continue
        address = example(route)
        for name, rights in VISITORS.items():
            answer = visitors[name].get(address) if may.get in rights else None
            if answer and answer.status_code == 200 and "no-store" not in answer.headers.get("Cache-Control", ""):
                wrong.append(f"{name} get {address}")
    assert wrong == []
