"""Hostile text in every field of the records of nine sources is inert on every page and in every answer, for all who look."""

from __future__ import annotations

import json
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.urls import resolve
from lxml import etree

from graph.flows import measure
from profiles.claim_models import Claim, ClaimedRecord
from profiles.claims import State
from profiles.flows import report
from profiles.flows.merge import merge
from profiles.models import Institution, ReportKind, Researcher
from tests.crawler import closed, crawl
from tests.hostile import ENTITIES, MARK, PAYLOADS, SOURCES, file, harm
from tests.pipeline import importworks, line, work, write
from tests.routes import routes
from works import imports, proposals
from works.flows.join import join
from works.media_models import MediaMention
from works.models import ImportRun, SourceRecord, Work

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.test import Client

WORDLESS = ("/healthz/", "/robots.txt", "/reports/sent/", "/about/records/", "/about/confidence/", "/api/v1/schema/")
"""What says nothing of any record."""

pytestmark = [pytest.mark.usefixtures("empty_library"), pytest.mark.timeout(600)]


@pytest.fixture
def library(tmp_path: Path) -> None:
    """Everything imported, and some records held back for what they say."""
    for source in (*SOURCES, *ENTITIES):
        outcome = importworks(file(source, tmp_path), source=source)
        assert "quarantined 0" in outcome.out, outcome.err
    bad = [
        {**work(f"{PAYLOADS[i]} {i}", "x", "Ada Lovelace"), "title": "", "venue": PAYLOADS[i]}
        for i in range(0, len(PAYLOADS), 5)
    ]
    kind = [line(work(f"k/{i}", PAYLOADS[i], "Ada Lovelace", type=PAYLOADS[i])) for i in range(0, len(PAYLOADS), 9)]
    # The iD that all the others have is doubted, because two of the same work have it.
    good = work("good", "A good one", {"name": f"Ada {PAYLOADS[0]}", "orcid": "0000-0001-5109-3700"})
    title, first = f"Lanterns under the harbor {PAYLOADS[13]}", f"Hedy {PAYLOADS[14]}"
    alike = [
        work("q/1", title, first, "Lise Meitner", "Emmy Noether", year=2001, venue=PAYLOADS[15]),
        work("q/2", title, first, "Kurt Gödel", "Ada Lovelace", "Grace Hopper", year=2002),
    ]
    importworks(write(tmp_path / f"{MARK} <script>.jsonl", [good, *alike, *bad, *kind]))
    assert measure.measure(minutes=0)


@pytest.fixture
def decided(library: None) -> None:
    """Two works and two records made one by a curator who writes hostile reasons, and a hostile report."""
    curator = get_user_model().objects.create_superuser("root")
    one, other = (
        Work.objects.filter(title__contains=MARK, source_records__source=source).order_by("pk")[0]
        for source in ("ris", "bibtex")
    )
    join(work=one.pk, into=other.pk, actor=curator, reason=PAYLOADS[0])
    imports.settle()
    gone, kept = Researcher.objects.filter(display_name__contains=MARK, merged_into=None).order_by("pk")[:2]
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason=PAYLOADS[1], force=True)
    imports.settle()
    claim = Claim.objects.create(claimant=get_user_model().objects.create_user("author"), state=State.APPROVED, level=2)
    holder = Researcher.objects.filter(merged_into=None, removed_at=None, authorships__work=other)[0]
    ClaimedRecord.objects.create(claim=claim, researcher=holder, holds=True)
    proposals.propose(work=other.pk, field="title", value=PAYLOADS[3], note=PAYLOADS[4], actor=claim.claimant)
    filed = report.file_report(
        researcher=kept.pk, kind=ReportKind.WRONG, work=other.public_id, text=PAYLOADS[2], email="a@b.example"
    )
    report.confirm_report(given=report.token(filed))


class Looked:
    """Looks at answers as a browser would take them, and notes what is wrong with each."""

    KINDS = (
        "text/html", "application/json", "text/plain", "application/x-bibtex", "application/vnd.citationstyles.csl+json",
        "application/vnd.oai.openapi", "application/atom+xml", "text/csv", "application/graphml+xml", "application/gexf+xml",
        "image/svg+xml",
    )  # fmt: skip

    def __init__(self) -> None:
        self.routes: set[str] = set()
        self.hostile: set[str] = set()
        self.wrong: list[str] = []

    def __call__(self, address: str, answer: HttpResponseBase) -> None:
        """Pages must be inert; what is no page must say what it is, and not be guessed at."""
        if (
            "nosniff" not in answer.headers.get("X-Content-Type-Options", "")
            or "Content-Security-Policy" not in answer.headers
        ):
            self.wrong.append(f"{address}: lacks headers")
        body = answer.getvalue().decode()
        if answer.status_code < 400:
            route = resolve(address.partition(" as a fragment")[0].partition("?")[0]).route
            self.routes.add(route)
            if MARK in body or MARK in answer.headers.get("Location", ""):
                self.hostile.add(route)
        elsewhere = urlsplit(answer.headers.get("Location", "")).netloc
        if elsewhere:
            self.wrong.append(f"{address}: leads to {elsewhere}")
        kind = answer.headers["Content-Type"].partition(";")[0] if body else "text/plain"
        if kind not in self.KINDS:
            self.wrong.append(f"{address}: is {kind}")
        elif kind == "text/html":
            self.wrong += [f"{address}: {one}" for one in harm(body)]
        elif kind == "application/json":
            json.loads(body)
        elif kind.endswith("+xml"):
            root = etree.fromstring(body.encode())
            if root.xpath("//*[local-name() = 'script' or @*[starts-with(name(), 'on')]]"):
                self.wrong.append(f"{address}: has scripts")


def test_there_are_payloads_enough_and_each_is_a_title_somewhere(library: None) -> None:
    assert len(PAYLOADS) >= 100
    assert Work.objects.count() > len(PAYLOADS)
    assert Work.objects.filter(title__contains=MARK).count() > len(PAYLOADS) // 2
    assert not Work.objects.exclude(site_url="").exclude(site_url__regex="^https?://").exists()
    assert not Work.objects.exclude(pdf_url="").exclude(pdf_url__regex="^https?://").exists()
    assert not Work.objects.exclude(code_url="").exclude(code_url__regex="^https?://").exists()
    assert MediaMention.objects.filter(work__title__contains=MARK, episode__title__contains=MARK).exists()
    assert Institution.objects.filter(name__contains=MARK).exclude(entry=None).exists()


def test_every_public_address_is_inert(decided: None, client: Client) -> None:
    looked = Looked()
    crawl(client, searched=("soup", "script", quote(PAYLOADS[0]), f"javascript:{MARK}"), look=looked)
    assert looked.wrong == []
    refused = {address: client.get(address) for address in closed()}
    assert {address for address, answer in refused.items() if MARK in answer.content.decode()} == set()
    assert looked.routes | {resolve(address).route for address in refused} == routes(without=("admin/", "account/"))
    assert looked.routes - looked.hostile == {resolve(address).route for address in WORDLESS} | {
        resolve(f"/api/v1/researchers/{Researcher.objects.all()[0].public_id}/trust/").route,
        # Leads to the login.
        resolve(f"/works/{Work.objects.all()[0].public_id}/mine/").route,
    }


def test_the_pages_of_staff_are_inert(decided: None, client: Client) -> None:
    client.force_login(get_user_model().objects.get(username="root"))
    held = SourceRecord.objects.exclude(rejected_code="")
    groups = held.values_list("source", "rejected_code").distinct()
    runs = ImportRun.objects.values_list("public_id", flat=True)
    works = Work.objects.filter(merged_into=None).values_list("public_id", flat=True)
    people = Researcher.objects.filter(merged_into=None).values_list("public_id", flat=True)
    addresses = [
        "/imports/", "/imports/new/", "/imports/schedules/", "/imports/held/", "/imports/held/identifiers/", "/curate/",
        "/curate/?view=list", "/curate/works/", "/curate/works/?view=list", "/curate/reports/",
        "/curate/proposals/",
    ]  # fmt: skip
    addresses += [f"/imports/held/?source={source}&code={code}" for source, code in groups]
    addresses += [f"/imports/held/{key}/" for key in held.values_list("pk", flat=True)]
    addresses += [f"/imports/{run}/{ending}" for run in runs for ending in ("", "roll-back/")]
    addresses += [f"/curate/work/{work}/" for work in works]
    addresses += [f"/works/{work}/mine/" for work in works]
    addresses += [f"/curate/work/{work}/split/" for work in works.filter(source_count__gt=1)]
    addresses += [f"/curate/record/{person}/" for person in people]
    addresses += [f"/curate/merge/?from={person}&into={other}" for person, other in pairwise(people)]
    addresses += [f"{work.get_absolute_url()}history/" for work in Work.objects.all()]
    addresses += [f"{person.get_absolute_url()}history/" for person in Researcher.objects.all()]
    looked = Looked()
    for address in addresses:
        page = client.get(address)
        assert page.status_code in {200, 301, 302}, address
        looked(address, page)
    assert looked.wrong == []
    # Forms, and what would change, in numbers.
    assert looked.routes - looked.hostile == {
        resolve(address).route for address in ("/imports/new/", "/imports/schedules/", f"/imports/{runs[0]}/roll-back/")
    }


def test_what_is_downloaded_is_no_page(library: None, client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("root"))
    source, code = SourceRecord.objects.exclude(rejected_code="").values_list("source", "rejected_code")[0]
    export = client.get(f"/imports/held/export/?source={source}&code={code}")
    assert export.headers["Content-Type"].startswith("application/x-ndjson")
    assert export.headers["Content-Disposition"].startswith("attachment")
    assert all(json.loads(one)["source"] == source for one in export.getvalue().splitlines())
    raw = client.get(
        f"/imports/held/{SourceRecord.objects.exclude(rejected_code='').values_list('pk', flat=True)[0]}/raw/"
    )
    assert raw.headers["Content-Type"] == "application/octet-stream"
    assert raw.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "page",
    [
        f"<script>window.__{MARK}=1</script>",
        "<p onclick=x>y</p>",
        "<a href='java\tscript:x'>y</a>",
        "<p style='x'>y</p><style>z</style>",
        f"<p data-x='{MARK}'>",
        f"<p hx-get='/{MARK}'>",
        "<p hx-on:load='x'>",
        f"<!-- {MARK} -->",
        "<math><annotation-xml>x</annotation-xml></math>",
        "<meta http-equiv=refresh content='0;url=/'>",
        f"<{MARK}>x</{MARK}>",
        '<script type="application/ld+json">{"x": "</script>',
        f"<img src=//{MARK}.example>",
        f"<script src=//{MARK}.example/x.js></script>",
        f"<link rel=stylesheet href=//{MARK}.example>",
        "<a ping=//somebody.example href=/>x</a>",
        "<a href='data:text/html,x'>x</a>",
    ],
)
def test_the_check_finds_what_it_is_for(page: str) -> None:
    assert harm(f"<html><body>{page}</body></html>")


def test_the_check_lets_text_pass() -> None:
    text = "".join(f"<p title='{escape(one)}'>{escape(one)}</p>" for one in PAYLOADS)
    assert harm(f"<html><body>{text}<a href='https://{MARK}.example/' rel=nofollow>x</a></body></html>") == []
