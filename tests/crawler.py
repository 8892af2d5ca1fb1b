"""Everything the site says in public: a walk over all links from the home page and all known addresses."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus, urljoin, urlsplit

from graph.models import CoauthorEdge
from profiles.models import Institution, Researcher
from works.models import Authorship, ImportRun, Topic, Work, WorkIdentifier

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.test import Client

LINKS = re.compile(r"""(?:href|action|src|hx-get)="([^"]*)"|"url": ?"([^"]*)\"""")
NOT_OURS = ("/static/", "/admin/", "/account/")
ENDLESS = ("/explore/", "/api/v1/graph/")
"""Whose links lead from view to view without end; robots.txt keeps others out as well. So many lead from person to person by the
works of both, too: `addresses` has the ones to look at."""
KNOWN = {
    "researchers": ("", "graph/", "?sort=title", "?page=2", "report/", "history/", "feed.atom"),
    "api/v1/researchers": ("", "works/", "coauthors/", "trust/"),
    "works": ("", "cite.bib", "cite.json", "history/"),
    "api/v1/works": ("",),
    "topics": ("", "?page=2", "feed.atom"),
    "institutions": ("", "?page=2", "feed.atom"),
}
"""Every address that takes a public id, with its endings."""

OTHER_VIEWS = ("?view=table&steps=2", *(f"export.{form}" for form in ("csv", "graphml", "gexf", "json", "svg")))
MANY, FEW = 40, 4
"""So many of each kind are in the center of the explorer, and so many of them in its other views, which show the same rows."""

FIXED = (
    "/", "/robots.txt", "/sitemap.xml", "/healthz/", "/about/records/", "/about/confidence/", "/about/graph/", "/imports/", "/search/",
    "/reports/sent/", "/explore/", "/explore/path/",
    *(f"/search/?kind={kind}&page={page}" for kind in ("people", "works", "topics", "institutions") for page in (1, 2)),
    "/api/v1/schema/", "/api/v1/graph/", "/api/v1/researchers/", "/api/v1/researchers/?limit=100",
)  # fmt: skip
CLOSED = (
    "/theme/", "/curate/", "/curate/undo/", "/curate/review/1/", "/curate/merge/", "/curate/reports/",
    "/claims/", "/claims/begin/", "/claims/1/", "/claims/1/page/", "/claims/1/send/", "/claims/dispute/x/", "/curate/claims/",
    "/claims/1/vouch/", "/claims/vouches/00000000-0000-0000-0000-000000000000/", "/curate/claims/decide/",
    "/curate/claims/reasons/", "/curate/claims/1/", "/curate/claims/1/decide/", "/researchers/{researcher}/claim/",
    "/curate/reports/1/close/", "/curate/reports/1/hide/", "/curate/record/{researcher}/",
    "/curate/record/{researcher}/split/", "/researchers/{researcher}/undo/", "/works/{work}/undo/", "/curate/work/{work}/",
    "/curate/work/{work}/split/", "/curate/work/{work}/undo/", "/curate/works/", "/curate/works/undo/",
    "/curate/works/review/1/", "/imports/new/", "/imports/schedules/", "/imports/schedules/{run}/pause/", "/imports/held/",
    "/imports/held/identifiers/", "/imports/held/identifiers/decide/", "/imports/held/identifiers/undo/",
    "/imports/held/export/", "/imports/held/retry/", "/imports/held/dismiss/", "/imports/held/1/", "/imports/held/1/raw/",
    "/imports/{run}/roll-back/", "/imports/{run}/pause/", "/imports/{run}/retry/", "/reports/confirm/x/",
    "/researchers/{researcher}/follow/", "/me/feed/", "/me/feed/read/", "/me/feed/address/", "/me/feed/address/revoke/",
    "/me/following/", "/me/records/", "/me/records/{researcher}/", "/me/records/{researcher}/works/",
    "/me/records/{researcher}/past/", "/me/records/{researcher}/add/", "/me/records/{researcher}/add/1/",
    "/works/{work}/mine/", "/works/{work}/propose/", "/me/records/{researcher}/proposals/",
    "/curate/proposals/", "/curate/proposals/1/answer/",
    "/notifications/", "/notifications/read/", "/notifications/choices/",
    "/feeds/0123456789012345678901234567890123456789012/feed.atom",
)  # fmt: skip
"""An example of every address that shows visitors nothing of what is stored."""


def closed() -> list[str]:
    """CLOSED with the public ids of rows that are there."""
    ids = {
        "researcher": Researcher.objects.values_list("public_id", flat=True)[0],
        "work": Work.objects.values_list("public_id", flat=True)[0],
        "run": ImportRun.objects.values_list("public_id", flat=True)[0],
    }
    return [address.format(**ids) for address in CLOSED]


def addresses(searched: Iterable[str]) -> list[str]:
    """Every address that can be built from what is stored, and the searches for these words."""
    ids = {
        "researchers": Researcher.objects.values_list("public_id", "slug"),
        "works": Work.objects.values_list("public_id", "slug"),
        "topics": Topic.objects.values_list("public_id", "slug"),
        "institutions": Institution.objects.values_list("public_id", "slug"),
    }
    found = list(FIXED)
    for section, endings in KNOWN.items():
        for public_id, slug in ids[section.rpartition("/")[2]]:
            found += [f"/{section}/{public_id}/{ending}" for ending in endings]
            if slug and not section.startswith("api"):
                found += [f"/{section}/{public_id}/{slug}/{ending}" for ending in endings if "cite" not in ending]
    ties = CoauthorEdge.objects.order_by("pk").values_list("a__public_id", "a__slug", "b__public_id")
    for one, slug, other in ties[:MANY]:
        found += [f"/researchers/{one}/{slug}/with/{other}/".replace("//", "/"), f"/researchers/{other}/with/{one}/"]
    blocks = set(Authorship.objects.values_list("block_key", flat=True))
    blocks |= set(Researcher.objects.values_list("listed_under", flat=True))
    found += [f"/names/{block.replace(' ', '-')}/" for block in blocks]
    found += [f"/imports/{public_id}/" for public_id in ImportRun.objects.values_list("public_id", flat=True)]
    found += [f"/{i.scheme}/{i.value}" for i in WorkIdentifier.objects.filter(scheme__in=["doi", "arxiv"])]
    for byline in Authorship.objects.exclude(identifiers__orcid=None):
        found.append(f"/orcid/{byline.identifiers['orcid']}")
    people = list(
        Researcher.objects.filter(merged_into=None, removed_at=None).order_by("pk").values_list("public_id", flat=True)
    )
    for pair in pairwise(people[:FEW]):
        ends = "a={}&b={}".format(*pair)
        found += [f"/explore/path/?{ends}", f"/api/v1/graph/path/?{ends}&by=strength"]
    for work in Work.objects.order_by("pk").values_list("public_id", flat=True)[:FEW]:
        found.append(f"/api/v1/graph/joining/?a=work:{work}&b=work:{work}")
    for section, rows in ids.items():
        found += [f"/explore/{section}/{public_id}/" for public_id, _slug in rows[:MANY]]
        for public_id, _slug in rows[:FEW]:
            found += [f"/explore/{section}/{public_id}/{ending}" for ending in OTHER_VIEWS]
            found.append(f"/api/v1/graph/{section}/{public_id}/")
    for word in searched:
        found += [f"/search/?q={word}", f"/search/?q={word}&kind=people", f"/search/suggest/?q={word}"]
        found += [f"/api/v1/search/?q={word}", f"/api/v1/researchers/?q={word}"]
        found += [f"/explore/?q={word}", f"/explore/path/?a={word}&b={word}"]
    return found


def crawl(
    client: Client, *, searched: Iterable[str] = (), look: Callable[[str, HttpResponseBase], None] | None = None
) -> dict[str, str]:
    """What every public address answers, headers included, as page and as fragment; without the address itself.

    A page may repeat the address that was asked for, which says nothing the visitor did not bring along. `look` is shown
    every answer as it came.
    """
    queue = deque(addresses(searched))
    seen = set(queue)
    said: dict[str, str] = {}
    while queue:
        address = queue.popleft()
        page = client.get(address)
        answers = {address: page}
        if "HX-Request" in page.headers.get("Vary", ""):
            for target in ("", "works-list"):
                asked = {"HX-Request": "true", "HX-Target": target}
                answers[f"{address} as a fragment {target}"] = client.get(address, headers=asked)
        for name, response in answers.items():
            assert response.status_code < 500, name
            if look is not None:
                look(name, response)
            headers = "".join(f"{key}: {value}\n" for key, value in response.headers.items())
            text = headers + response.content.decode()
            said[name] = _without(text, address)
            links = [html.unescape(one or other) for one, other in LINKS.findall(text)]
            for link in [*links, response.headers.get("Location", "")]:
                parts = urlsplit(urljoin(f"http://testserver{address}", link))
                there = f"{parts.path}?{parts.query}" if parts.query else parts.path
                endless = (parts.query and there.startswith(ENDLESS)) or "/with/" in there
                if (
                    parts.netloc == "testserver"
                    and there not in seen
                    and not endless
                    and not there.startswith(NOT_OURS)
                ):
                    seen.add(there)
                    queue.append(there)
    return said


def _without(text: str, address: str) -> str:
    path = urlsplit(address).path
    plain = unquote_plus(text)
    for own in {address, path, unquote(path)} - {"/"}:
        plain = plain.replace(own, "")
    return plain
