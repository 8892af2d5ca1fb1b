"""Atom feeds: as RFC 4287 wants them, the same under every name, and the private one for nobody but its account."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from lxml import etree, html

from graph import atom_selectors
from graph.atom import AtomEntry, AtomFeed, document
from graph.flows.feed_address import digest
from graph.follow_models import FeedAddress
from profiles.flows.choose_name import choose_name
from profiles.flows.merge import merge
from profiles.flows.opt_out import opt_out
from profiles.flows.reject import reject
from profiles.models import Institution, Researcher
from tests.following import bring, following, holder, tell
from tests.pipeline import work
from works import imports
from works.models import Topic, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("empty_library")

ATOM = {"a": "http://www.w3.org/2005/Atom"}
HEDY = {"name": "Hedy Lamarr", "affiliation": "University of Warwick", "orcid": "0000-0002-1825-0097"}
RECORDS = [
    work("a/1", "Hopping <between> & frequencies", HEDY, "George Antheil", keywords=["radio"], date="2022-03-04"),
    work("a/2", "Torpedoes that listen", HEDY, keywords=["radio"]),
]


@pytest.fixture
def hedy(tmp_path: Path) -> Researcher:
    bring(tmp_path, *RECORDS)
    return holder("Torpedoes that listen", "Hedy Lamarr")


def address(of: Any) -> str:
    return f"{of.get_absolute_url()}feed.atom"


def feed(path: str, client: Client | None = None) -> Any:
    """The feed at this address, which is a valid one."""
    answer = (client or Client()).get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = etree.fromstring(answer.content)
    valid(root)
    return root


def valid(root: Any) -> None:
    """What RFC 4287 asks of a feed and its entries."""
    assert root.tag == f"{{{ATOM['a']}}}feed"
    everything = [root, *root.findall("a:entry", ATOM)]
    for one in everything:
        for name in ("id", "title", "updated"):
            (found,) = one.findall(f"a:{name}", ATOM)
            assert found.text
        assert re.fullmatch(r"tag:localhost,2026:[a-z]+(/[0-9a-z]{10})?", one.findtext("a:id", namespaces=ATOM))
        assert datetime.fromisoformat(one.findtext("a:updated", namespaces=ATOM)).tzinfo
        assert one.xpath("a:author/a:name/text()", namespaces=ATOM)
        (alternate,) = one.xpath("a:link[@rel='alternate']/@href", namespaces=ATOM)
        assert alternate.startswith("http://localhost:8000/")
    assert len(root.xpath("a:link[@rel='self']", namespaces=ATOM)) == 1
    ids = root.xpath("a:entry/a:id/text()", namespaces=ATOM)
    assert len(ids) == len(set(ids))


def titles(root: Any) -> list[str]:
    return [str(title) for title in root.xpath("a:entry/a:title/text()", namespaces=ATOM)]


def test_a_researcher_a_topic_and_an_institution_have_a_feed(hedy: Researcher) -> None:
    for one in (hedy, Topic.objects.get(label="radio"), Institution.objects.get()):
        root = feed(address(one))
        assert set(titles(root)) == {"Hopping <between> & frequencies", "Torpedoes that listen"}
        assert root.xpath("a:link[@rel='self']/@href", namespaces=ATOM) == [f"http://localhost:8000{address(one)}"]
        page = html.fromstring(Client().get(one.get_absolute_url()).content)
        assert page.xpath("//link[@rel='alternate'][@type='application/atom+xml']/@href") == [address(one)]


def test_an_entry_says_who_what_and_when(hedy: Researcher) -> None:
    entry = feed(address(hedy)).xpath("a:entry[starts-with(a:title, 'Hopping')]", namespaces=ATOM)[0]
    kept = Work.objects.get(title__startswith="Hopping")
    assert entry.findtext("a:id", namespaces=ATOM) == f"tag:localhost,2026:works/{kept.public_id}"
    assert entry.xpath("a:author/a:name/text()", namespaces=ATOM) == ["Hedy Lamarr", "George Antheil"]
    assert "Mar 4, 2022" in entry.findtext("a:summary", namespaces=ATOM)
    assert datetime.fromisoformat(entry.findtext("a:published", namespaces=ATOM)) == kept.created_at.replace(
        microsecond=0
    )


def test_ids_stay_when_names_change(hedy: Researcher, reader: User) -> None:
    before = feed(address(hedy)).xpath("//a:id/text()", namespaces=ATOM)
    old = address(hedy)
    choose_name(researcher=hedy.pk, name="Hedwig Kiesler", actor=reader, reason="")
    imports.settle()
    answer = Client().get(old)
    hedy.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (301, address(hedy))
    root = feed(address(hedy))
    assert root.xpath("//a:id/text()", namespaces=ATOM) == before
    assert "Lamarr" not in etree.tostring(root).decode()


def test_the_address_without_a_slug_and_a_wrong_one_lead_to_the_feed(hedy: Researcher) -> None:
    for one, section in ((hedy, "researchers"), (Topic.objects.get(label="radio"), "topics"),
                         (Institution.objects.get(), "institutions")):  # fmt: skip
        for path in (f"/{section}/{one.public_id}/feed.atom", f"/{section}/{one.public_id}/else/feed.atom"):
            assert Client().get(path)["Location"] == address(one)
        assert Client().get(f"/{section}/0000000000/feed.atom").status_code == 404


def test_a_feed_that_has_not_changed_is_not_sent_again(hedy: Researcher, reader: User) -> None:
    first = Client().get(address(hedy))
    assert first["Cache-Control"] == "public, max-age=900"
    assert "Set-Cookie" not in first.headers
    assert "Cookie" not in first.headers.get("Vary", "")
    for asked in ({"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]}):
        again = Client().get(address(hedy), headers=asked)
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == "public, max-age=900"
    byline = hedy.authorships.get(work__title="Torpedoes that listen")
    reject(researcher=hedy.pk, bylines=[byline.pk], actor=reader, reason="")
    imports.settle()
    after = Client().get(address(hedy), headers={"If-None-Match": first["ETag"]})
    assert after.status_code == 200
    assert titles(etree.fromstring(after.content)) == ["Hopping <between> & frequencies"]


def test_a_merged_record_leads_to_the_feed_that_goes_on(hedy: Researcher, reader: User) -> None:
    george = holder("Hopping <between> & frequencies", "George Antheil")
    old = address(george)
    merge(researcher=george.pk, into=hedy.pk, actor=reader, reason="", force=True)
    imports.settle()
    hedy.refresh_from_db()
    answer = Client().get(old)
    assert (answer.status_code, answer["Location"]) == (302, address(hedy))


def test_a_record_taken_down_has_no_feed_any_more(hedy: Researcher, reader: User) -> None:
    opt_out(researcher=hedy.pk, actor=reader, reason="")
    imports.settle()
    gone = Client().get(address(hedy))
    assert gone.status_code == 410
    assert "public" not in gone.headers.get("Cache-Control", "")
    assert "Lamarr" not in Client().get(address(Topic.objects.get(label="radio"))).content.decode()


def test_a_feed_has_the_last_works_and_no_undecided_byline(
    hedy: Researcher, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(atom_selectors, "ENTRIES", 1)
    with django_assert_num_queries(3):
        assert titles(feed(address(hedy))) == ["Torpedoes that listen"]
    hedy.authorships.update(kind="pending")
    assert titles(feed(address(hedy))) == []


def test_no_character_of_a_title_breaks_the_feed() -> None:
    now = timezone.now()
    entry = AtomEntry(
        "abcdefghjk", "a\x00b\x0b\ud800<c>&\U0001f600", "/works/abcdefghjk/", now, now, ["\x01"], "\x02", "]]>"
    )
    made = etree.fromstring(document(AtomFeed("feed", "x", "/", "/f", now, [entry]), site="https://example.org"))
    assert titles(made) == ["ab<c>&\U0001f600"]


def secret(client: Client) -> str:
    """The secret address the page shows, this once."""
    page = client.post("/me/feed/address/")
    assert "no-store" in page["Cache-Control"]
    shown: Any = html.fromstring(page.content)
    (found,) = shown.xpath("//input[@id='address']/@value")
    assert found.startswith("http://localhost:8000/feeds/")
    return str(found).removeprefix("http://localhost:8000")


@pytest.fixture
def signed_in(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def test_a_secret_address_has_everything_one_follows(
    signed_in: Client, reader: User, hedy: Researcher, tmp_path: Path
) -> None:
    following(reader, hedy)
    bring(tmp_path, work("a/3", "On tea", HEDY), work("a/4", "On milk", HEDY))
    path = secret(signed_in)
    byline = hedy.authorships.get(work__title="On milk")
    before = feed(path).xpath("a:entry[a:title='On milk']/a:updated/text()", namespaces=ATOM)
    reject(researcher=hedy.pk, bylines=[byline.pk], actor=reader, reason="")
    imports.settle()
    tell()
    root = feed(path)
    said = {
        entry.findtext("a:title", namespaces=ATOM): entry.findtext("a:summary", namespaces=ATOM)
        for entry in root.findall("a:entry", ATOM)
    }
    assert said["On tea"].endswith("Because you follow Hedy Lamarr.")
    assert said["On milk"].endswith("No longer listed under Hedy Lamarr.")
    assert root.xpath("a:entry[a:title='On milk']/a:updated/text()", namespaces=ATOM) >= before
    answer = Client().get(path)
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert reader.get_username() not in answer.content.decode()
    assert Client().get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_the_secret_is_not_stored_and_a_new_one_ends_the_old(signed_in: Client, reader: User) -> None:
    path = secret(signed_in)
    stored = FeedAddress.objects.get()
    assert bytes(stored.secret_sha256) == digest(path.split("/")[2])
    assert path.split("/")[2] not in repr(FeedAddress.objects.values_list())
    assert path not in signed_in.get("/me/feed/").content.decode()
    renewed = secret(signed_in)
    assert renewed != path
    assert Client().get(path).status_code == 404
    assert Client().get(renewed).status_code == 200
    signed_in.post("/me/feed/address/revoke/")
    assert Client().get(renewed).status_code == 404
    assert not FeedAddress.objects.exists()


def test_a_wrong_secret_and_a_closed_account_have_no_feed(signed_in: Client, reader: User) -> None:
    path = secret(signed_in)
    assert Client().get(f"/feeds/{'x' * 43}/feed.atom").status_code == 404
    reader.is_active = False
    reader.save()
    assert Client().get(path).status_code == 404
