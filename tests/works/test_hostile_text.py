"""Hostile text in every field of the records of seven sources is inert on the pages of staff and in what they download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model

from tests.hostile import MARK, PAYLOADS, SOURCES, file, harm
from tests.pipeline import importworks, line, work, write
from works.models import ImportRun, SourceRecord, Work

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.test import Client

pytestmark = [pytest.mark.usefixtures("empty_library"), pytest.mark.timeout(600)]


@pytest.fixture
def library(tmp_path: Path) -> None:
    """Everything imported, and some records held back for what they say."""
    for source in SOURCES:
        outcome = importworks(file(source, tmp_path), source=source)
        assert "quarantined 0" in outcome.out, outcome.err
    bad = [
        {**work(f"{PAYLOADS[i]} {i}", "x", "Ada Lovelace"), "title": "", "venue": PAYLOADS[i]}
        for i in range(0, len(PAYLOADS), 5)
    ]
    kind = [line(work(f"k/{i}", PAYLOADS[i], "Ada Lovelace", type=PAYLOADS[i])) for i in range(0, len(PAYLOADS), 9)]
    importworks(write(tmp_path / f"{MARK} <script>.jsonl", [work("good", "A good one", "Ada Lovelace"), *bad, *kind]))


class Looked:
    """Looks at answers as a browser would take them, and notes what is wrong with each."""

    def __init__(self) -> None:
        self.pages = 0
        self.wrong: list[str] = []

    def __call__(self, address: str, answer: HttpResponseBase) -> None:
        """Pages must be inert; what is no page must say what it is, and not be guessed at."""
        if (
            "nosniff" not in answer.headers.get("X-Content-Type-Options", "")
            or "Content-Security-Policy" not in answer.headers
        ):
            self.wrong.append(f"{address}: lacks headers")
        body = answer.getvalue().decode()
        if body and answer.headers["Content-Type"].startswith("text/html"):
            self.pages += 1
            self.wrong += [f"{address}: {one}" for one in harm(body)]


def test_there_are_payloads_enough_and_each_is_a_title_somewhere(library: None) -> None:
    assert len(PAYLOADS) >= 100
    assert Work.objects.count() > len(PAYLOADS)
    assert Work.objects.filter(title__contains=MARK).count() > len(PAYLOADS) // 2
    assert not Work.objects.exclude(site_url="").exclude(site_url__regex="^https?://").exists()
    assert not Work.objects.exclude(pdf_url="").exclude(pdf_url__regex="^https?://").exists()
    assert not Work.objects.exclude(code_url="").exclude(code_url__regex="^https?://").exists()


def test_the_pages_of_staff_are_inert(library: None, client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("root"))
    held = SourceRecord.objects.exclude(rejected_code="")
    groups = held.values_list("source", "rejected_code").distinct()
    addresses = [
        "/imports/",
        "/imports/new/",
        "/imports/held/",
        "/imports/held/identifiers/",
        "/curate/",
        "/curate/reports/",
    ]
    addresses += [f"/imports/held/?source={source}&code={code}" for source, code in groups]
    addresses += [f"/imports/held/{key}/" for key in held.values_list("pk", flat=True)]
    addresses += [f"/imports/{run}/" for run in ImportRun.objects.values_list("public_id", flat=True)]
    addresses += [f"/imports/{run}/roll-back/" for run in ImportRun.objects.values_list("public_id", flat=True)]
    looked = Looked()
    for address in addresses:
        page = client.get(address)
        assert page.status_code == 200, address
        looked(address, page)
    assert MARK in client.get("/imports/held/identifiers/").content.decode()
    assert looked.wrong == []


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
    ],
)
def test_the_check_finds_what_it_is_for(page: str) -> None:
    assert harm(f"<html><body>{page}</body></html>")
