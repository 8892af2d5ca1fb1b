"""Who asked not to be named is named nowhere, who chose another name nowhere by the old one: every address says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from graph.flows.recompute import mark_all_stale
from graph.models import StaleResearcher
from profiles.flows.choose_name import choose_name
from profiles.flows.opt_out import opt_out
from profiles.flows.rebuild import rebuild
from profiles.flows.undo import undo
from profiles.models import GuardedName, IdentityEvent, Researcher, StaleBlock
from profiles.printed import WITHHELD
from researchgraph.errors import Conflict
from tests.crawler import crawl
from tests.pipeline import feed, importworks, work, write
from works import imports
from works.models import Authorship, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("empty_library")

ADA = {
    "name": "Ada Lovelace", "affiliation": "University of Warwick, lovelace@warwick.example", "native_name": "Ада Лавлейс",
    "openreview_id": "~Ada_Lovelace1", "acl_person_id": "ada-lovelace", "orcid": "0000-0002-1825-0097",
}  # fmt: skip
SHORT = {"name": "A. Lovelace", "affiliation": "University of Warwick", "orcid": "0000-0002-1825-0097"}
GRACE = {"name": "Grace Hopper", "affiliation": "University of Warwick"}
CODE = "https://github.com/adalovelace/soups"
RECORDS = [
    work("conf/soups/LovelaceH19", "Stirring soups", ADA, GRACE, year=2019, venue="ICML", doi="10.1000/1", github=CODE,
         categories=["cs.LG"], date="2019-05-01", code_url=CODE, keywords=["soups"]),
    work("lovelace2020bread", "Bread without yeast", GRACE, ADA, "Emmy Noether", year=2020, categories=["cs.LG"],
         site_url="https://lovelace.example/bread", arxiv="2001.00001"),
    work("t/3", "On tea", "Emmy Noether", SHORT, GRACE, year=2021, categories=["cs.CL"]),
    work("t/4", "Number rings", "Emmy Noether", "Alan Turing", GRACE, year=2022, categories=["cs.LG"]),
]  # fmt: skip
LONG_LIST = work("t/5", "A long list", *[f"Writer O{chr(97 + i)}" for i in range(26)], ADA,
                 *[f"Person N{chr(97 + i)}" for i in range(26)], year=2022)  # fmt: skip
AGAIN = [
    work("t/6", "More soups", ADA, GRACE, year=2023, categories=["cs.LG"], code_url=CODE),
    work("t/7", "Sieves", "Ada M. Lovelace", GRACE, "Emmy Noether", year=2023),
    work("t/8", "Spoons", "A. Lovelace", GRACE, year=2023),
    work("t/9", "Forks", "Ada Lovelace", "Kurt Gödel", year=2024),
]
SEARCHED = ("lovelac", "ada", "a+lovel", "love", "soups", "grace", "lovelacf", "king", "0000-0002-1825-0097")
NAME = re.compile(r"lovelace|лавлейс|\bada\b", re.IGNORECASE)


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.fixture
def ada(tmp_path: Path) -> Researcher:
    """A person with works, co-authors, identifiers and addresses that carry the name."""
    assert importworks(write(tmp_path / "works.jsonl", RECORDS)).status == 0
    found = Authorship.objects.get(work__title="Stirring soups", position=0).researcher
    assert found is not None
    assert set(found.authorships.values_list("raw_name", flat=True)) == {"Ada Lovelace", "A. Lovelace"}
    return found


def named(client: Client, pattern: re.Pattern[str] = NAME) -> dict[str, str]:
    """Addresses that say the name, each with what stands around it. Hidden from the search: what was searched for."""
    found = {}
    for address, text in crawl(client, searched=SEARCHED).items():
        query = address.partition(" ")[0].partition("?")[2]
        asked = "|".join(re.escape(value) for name, value in parse_qsl(query) if name in {"q", "a", "b"})
        plain = re.sub(rf"(?:value=\"|“(?:<bdi>)?|[qab]=)(?:{asked})\b", "", text) if asked else text
        if match := pattern.search(plain):
            found[address] = plain[max(0, match.start() - 90) : match.end() + 40]
    return found


def settled(client: Client) -> None:
    imports.settle()
    assert not StaleBlock.objects.exists()
    assert not StaleResearcher.objects.exists()


def imported_again(tmp_path: Path) -> None:
    """The same records, further ones, and those of another source."""
    assert importworks(write(tmp_path / "works.jsonl", RECORDS)).status == 0
    assert importworks(write(tmp_path / "more.jsonl", AGAIN)).status == 0
    entries = ("2001.00001", "Bread without yeast", ("Grace Hopper", "Ada Lovelace", "Emmy Noether"))
    assert importworks(feed(tmp_path / "feed.xml", entries), source="arxiv").status == 0


def test_the_walk_finds_the_name_where_nothing_is_withheld(client: Client, ada: Researcher) -> None:
    found = " ".join(named(client))
    for part in (
        "/researchers/", "graph/", "/works/", "cite.bib", "cite.json", "/api/v1/works/", "/api/v1/researchers/",
        "/topics/", "/institutions/", "/names/lovelace-a/", "/search/", "/search/suggest/", "as a fragment works-list", "/orcid/",
    ):  # fmt: skip
        assert part in found


def test_who_opted_out_is_named_nowhere_from_that_moment_on(client: Client, ada: Researcher, curator: User) -> None:
    for grace in Researcher.objects.filter(display_name="Grace Hopper"):
        client.get(grace.get_absolute_url())
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    assert named(client) == {}


def test_no_import_and_no_recomputation_brings_the_name_back(
    client: Client, ada: Researcher, curator: User, tmp_path: Path
) -> None:
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    settled(client)
    assert named(client) == {}
    imported_again(tmp_path)
    settled(client)
    assert named(client) == {}
    StaleBlock.objects.bulk_create(
        StaleBlock(block_key=key) for key in set(Authorship.objects.values_list("block_key", flat=True))
    )
    mark_all_stale(cause="test")
    settled(client)
    assert named(client) == {}
    assert rebuild(check=True) == 0
    assert set(Authorship.objects.filter(raw_name="Ada Lovelace").values_list("researcher", flat=True)) == {ada.pk}


def test_bylines_that_wait_for_a_decision_are_not_printed_either(
    client: Client, ada: Researcher, curator: User
) -> None:
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    other = Work.objects.get(title="Number rings")
    Authorship.objects.filter(work=other, position=2).update(
        raw_name="Adamaria Lovelace",
        name_key="adamaria lovelace",
        block_key="lovelace a",
        researcher=None,
        kind="pending",
    )
    assert named(client) == {}
    Authorship.objects.filter(work=other, position=2).update(
        raw_name="A Lovelace", name_key="a lovelace", kind="undecided"
    )
    assert named(client) == {}


def test_the_place_in_the_list_of_authors_stays(client: Client, ada: Researcher, curator: User) -> None:
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    one = Work.objects.get(title="Stirring soups")
    page = client.get(one.get_absolute_url()).content.decode()
    assert page.index(WITHHELD) < page.index("Grace Hopper")
    (first, second) = client.get(f"/api/v1/works/{one.public_id}/").json()["authors"]
    assert (first["name"], first["researcher"], first["affiliation"], second["name"]) == (
        WITHHELD,
        "",
        "",
        "Grace Hopper",
    )
    entry = client.get(f"/works/{one.public_id}/cite.bib").content.decode()
    assert entry.startswith("@inproceedings{anonymous2019stirring,")
    assert f"author = {{{{{WITHHELD}}} and Hopper, Grace}}" in entry
    (item,) = client.get(f"/works/{one.public_id}/cite.json").json()
    assert item["author"] == [{"literal": WITHHELD}, {"family": "Hopper", "given": "Grace"}]


def test_every_address_of_the_record_says_that_it_is_gone(client: Client, ada: Researcher, curator: User) -> None:
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    assert client.get(ada.get_absolute_url()).status_code == 410
    assert client.get(f"/api/v1/researchers/{ada.public_id}/").status_code == 410
    assert client.get("/orcid/0000-0002-1825-0097").status_code == 404
    assert client.get("/names/lovelace-a/").status_code == 404


def test_opting_out_can_be_undone(client: Client, ada: Researcher, curator: User) -> None:
    before = set(named(client))
    event = opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    undo(event=event, actor=curator, reason="Changed their mind.")
    settled(client)
    assert set(named(client)) == before
    assert not GuardedName.objects.exists()
    assert rebuild(check=True) == 0


def test_a_kept_page_of_somebody_on_the_same_long_list_counts_no_more(
    client: Client, ada: Researcher, curator: User, tmp_path: Path
) -> None:
    importworks(write(tmp_path / "long.jsonl", [LONG_LIST]))
    settled(client)
    somebody = Researcher.objects.get(display_name="Writer Oa").get_absolute_url()
    assert "Ada Lovelace" in client.get(somebody).content.decode()
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    assert not NAME.search(client.get(somebody).content.decode())


def test_an_address_that_was_merged_into_the_record_leads_there_without_the_name(
    client: Client, ada: Researcher, curator: User, merged: Callable[[Researcher, Researcher], None]
) -> None:
    emmy = Researcher.objects.filter(display_name="Emmy Noether", merged_into=None)[0]
    merged(emmy, ada)
    opt_out(researcher=ada.pk, actor=curator, reason="Asked by mail.")
    response = client.get(emmy.get_absolute_url())
    assert (response.status_code, response["Location"]) == (302, f"/researchers/{ada.public_id}/")
    assert client.get(response["Location"]).status_code == 410


def test_nobody_opts_out_twice(ada: Researcher, curator: User) -> None:
    opt_out(researcher=ada.pk, actor=curator, reason="")
    with pytest.raises(Conflict, match="taken down"):
        opt_out(researcher=ada.pk, actor=curator, reason="")


OLD = re.compile(r"lovelace|лавлейс", re.IGNORECASE)


def test_the_old_name_is_printed_nowhere_from_that_moment_on(client: Client, ada: Researcher, curator: User) -> None:
    for grace in Researcher.objects.filter(display_name="Grace Hopper"):
        client.get(grace.get_absolute_url())
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="Asked by mail.")
    assert named(client, OLD) == {}


def test_no_import_and_no_recomputation_brings_the_old_name_back(
    client: Client, ada: Researcher, curator: User, tmp_path: Path
) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="Asked by mail.")
    settled(client)
    imported_again(tmp_path)
    settled(client)
    mark_all_stale(cause="test")
    settled(client)
    assert named(client, OLD) == {}
    assert rebuild(check=True) == 0


def test_the_chosen_name_stands_on_every_surface(client: Client, ada: Researcher, curator: User) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="")
    ada.refresh_from_db()
    assert (ada.display_name, ada.sort_name, ada.slug, ada.listed_under) == (
        "Ada King",
        "King, Ada",
        "ada-king",
        "king a",
    )
    one = Work.objects.get(title="Stirring soups")
    for address in (
        ada.get_absolute_url(), one.get_absolute_url(), "/names/king-a/", "/search/?q=king", "/search/suggest/?q=king",
        f"/api/v1/works/{one.public_id}/", f"/api/v1/researchers/{ada.public_id}/", f"/works/{one.public_id}/cite.json",
    ):  # fmt: skip
        text = client.get(address).content.decode()
        assert "King" in text, address
        assert not OLD.search(text), address
    assert (
        client.get(f"/works/{one.public_id}/cite.bib").content.decode().startswith("@inproceedings{king2019stirring,")
    )
    assert client.get(f"/researchers/{ada.public_id}/ada-lovelace/")["Location"] == ada.get_absolute_url()


def test_the_bylines_stay_stored_as_the_source_has_them(ada: Researcher, curator: User) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="")
    assert set(ada.authorships.values_list("raw_name", flat=True)) == {"Ada Lovelace", "A. Lovelace"}


def test_no_event_tells_a_name(ada: Researcher, curator: User) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="")
    assert list(IdentityEvent.objects.exclude(actor=None).values_list("kind", "reason")) == [
        ("researcher:bylines:confirmed", "")
    ]


@pytest.mark.parametrize("found", [0, 1])
def test_the_old_name_is_found_only_if_that_is_allowed(
    client: Client, ada: Researcher, curator: User, found: int
) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="", old_names_searchable=bool(found))
    assert client.get("/api/v1/researchers/?q=lovelac").json()["count"] == found
    assert client.get("/api/v1/search/?q=lovelac&kind=people").json()["count"] == found
    assert named(client, OLD) == {}


def test_a_record_that_takes_over_bylines_takes_over_the_chosen_name(
    client: Client, ada: Researcher, curator: User, merged: Callable[[Researcher, Researcher], None]
) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="")
    emmy = Researcher.objects.filter(display_name="Emmy Noether", merged_into=None)[0]
    merged(ada, emmy)
    emmy.refresh_from_db()
    assert (emmy.display_name, emmy.printed_name) == ("Ada King", "Ada King")
    settled(client)
    assert named(client, re.compile(r"lovelace|noether", re.IGNORECASE)) == {}


@pytest.fixture
def merged(curator: User) -> Callable[[Researcher, Researcher], None]:
    from profiles.flows.merge import merge

    def done(gone: Researcher, kept: Researcher) -> None:
        merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="", force=True)

    return done


def test_choosing_no_name_prints_again_what_the_sources_have(client: Client, ada: Researcher, curator: User) -> None:
    choose_name(researcher=ada.pk, name="Ada King", actor=curator, reason="")
    choose_name(researcher=ada.pk, name="", actor=curator, reason="")
    ada.refresh_from_db()
    assert (ada.display_name, ada.slug, ada.listed_under) == ("Ada Lovelace", "ada-lovelace", "lovelace a")
    assert "/names/lovelace-a/" in " ".join(named(client))


def test_a_curator_sets_the_name_by_a_command(ada: Researcher, curator: User) -> None:
    call_command("choosename", ada.public_id, "Ada King", by="curator", old_names_searchable=True)
    ada.refresh_from_db()
    assert (ada.display_name, ada.old_names_searchable) == ("Ada King", True)
    for wrong in (
        ("0000000000", "Ada King", "curator"),
        (ada.public_id, "Ada King", "nobody"),
        (ada.public_id, "...", "curator"),
    ):
        with pytest.raises(CommandError):
            call_command("choosename", *wrong[:2], by=wrong[2])


@pytest.mark.parametrize("name", ["...", "x" * 201])
def test_a_chosen_name_is_a_name(ada: Researcher, curator: User, name: str) -> None:
    with pytest.raises(Conflict, match="letters"):
        choose_name(researcher=ada.pk, name=name, actor=curator, reason="")
