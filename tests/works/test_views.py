"""Pages about works, topics, institutions, names, search and imports, as a visitor gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles.models import Institution, Researcher, ResearcherIdentifier
from works.models import Authorship, ImportRun, RunState, SourceRecord, Topic, Work

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("library")

SOUPS = "Model soups: averaging weights"
SCRIPT = "<script>alert(1)</script> \u202egnirts"


@pytest.fixture
def soups() -> Work:
    return Work.objects.get(title__startswith=SOUPS)


def text(client: Client, address: str, *, status: int = 200, htmx: bool = False) -> str:
    response = client.get(address, headers={"HX-Request": "true"} if htmx else {})
    assert response.status_code == status, address
    return response.content.decode()


def test_the_work_page_shows_what_is_known_and_why(client: Client, soups: Work) -> None:
    page = text(client, soups.get_absolute_url())
    sections = ("Where each field comes from", "BibTeX", "Why?", "Versions", "Source records")
    for expected in (SOUPS, "Ludwig Schmidt", "ICML 2022", "2203.05482", *sections):
        assert expected in page
    assert 'href="https://github.com/mlfoundations/model-soups"' in page


@pytest.mark.parametrize(
    ("address", "budget"),
    [
        ("/", 7),
        ("/search/?q=learning&kind=works", 4),
        ("/search/?q=ari", 4),
        ("/search/suggest/?q=soup", 6),
        ("/imports/", 3),
    ],
)
def test_pages_stay_within_their_query_budget(
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    address: str,
    budget: int,
) -> None:
    with django_assert_max_num_queries(budget):
        text(client, address)


def test_record_pages_stay_within_their_query_budget(
    client: Client,
    soups: Work,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(3):
        text(client, soups.get_absolute_url())
    topic = Topic.objects.get(key="deep learning").get_absolute_url()
    with django_assert_max_num_queries(5):
        text(client, topic)
    institution = Institution.objects.get(name="Facebook AI Research").get_absolute_url()
    with django_assert_max_num_queries(6):
        text(client, institution)
    run = ImportRun.objects.order_by("pk")[0].get_absolute_url()
    with django_assert_max_num_queries(3):
        text(client, run)
    with django_assert_max_num_queries(4):
        text(client, "/names/lee-s/")


def test_the_list_of_a_large_collaboration_is_cut_and_says_so(client: Client, soups: Work) -> None:
    Authorship.objects.bulk_create(
        Authorship(work=soups, position=11 + n, raw_name=f"Author {n}", name_key=f"author {n}", block_key=f"{n} a")
        for n in range(300)
    )
    page = text(client, soups.get_absolute_url())
    assert "and 111 others" in page
    assert "The first 200 of 311." in page
    assert page.count("<summary>Why?") == 200


def test_mathematics_in_titles_is_shown_as_mathml(client: Client, soups: Work) -> None:
    markup = "Rates of <math><mi>n</mi></math>"
    Work.objects.filter(pk=soups.pk).update(title="Rates of $n$", title_html=markup)
    assert f"<bdi>{markup}</bdi></h1>" in text(client, soups.get_absolute_url())
    assert markup in text(client, "/search/?q=rates+of+n&kind=works")


def test_a_wrong_or_missing_slug_redirects_for_good(client: Client, soups: Work) -> None:
    for address in (f"/works/{soups.public_id}/", f"/works/{soups.public_id}/another-title/"):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (301, soups.get_absolute_url())


def test_wrong_slugs_of_topics_and_institutions_redirect_too(client: Client) -> None:
    for record, section in ((Topic.objects.all()[0], "topics"), (Institution.objects.all()[0], "institutions")):
        response = client.get(f"/{section}/{record.public_id}/")
        assert (response.status_code, response["Location"]) == (301, record.get_absolute_url())


def test_a_merged_work_redirects_to_the_one_that_took_its_place(client: Client, soups: Work) -> None:
    other = Work.objects.exclude(pk=soups.pk).order_by("pk")[0]
    Work.objects.filter(pk=other.pk).update(merged_into=soups)
    response = client.get(other.get_absolute_url())
    assert (response.status_code, response["Location"]) == (301, soups.get_absolute_url())


@pytest.mark.parametrize(
    "address",
    [
        "/works/0000000000/",
        "/topics/0000000000/",
        "/institutions/0000000000/",
        "/imports/0000000000/",
        "/names/nobody-q/",
        "/works/1/",
        "/works/0000000000/cite.bib",
        "/works/0000000000/cite.exe",
        "/names/%00/",
    ],
)
def test_unknown_records_are_404_in_the_style_of_the_site(client: Client, address: str) -> None:
    page = text(client, address, status=404)
    assert "No record at this address" in page
    assert 'class="top"' in page


def test_markup_in_titles_names_and_topics_stays_inert(client: Client, soups: Work) -> None:
    Work.objects.filter(pk=soups.pk).update(title=SCRIPT, abstract=SCRIPT, code_url="", unaligned_affiliations=[SCRIPT])
    Authorship.objects.filter(work=soups).update(raw_name=SCRIPT, raw_affiliation=SCRIPT)
    topic = soups.work_topics.select_related("topic")[0].topic
    Topic.objects.filter(pk=topic.pk).update(label=SCRIPT)
    lists = ("/", "/search/?q=alert&kind=works", "/search/suggest/?q=alert")
    for address in (soups.get_absolute_url(), topic.get_absolute_url(), *lists):
        page = text(client, address)
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text(client, soups.get_absolute_url())


def test_the_citation_is_a_file_to_keep(client: Client, soups: Work) -> None:
    response = client.get(f"/works/{soups.public_id}/cite.bib")
    assert response["Content-Disposition"] == 'attachment; filename="wortsman2022model.bib"'
    assert client.get(f"/works/{soups.public_id}/cite.json").json()[0]["id"] == "wortsman2022model"


def test_long_lists_are_paged_and_keep_what_was_asked(client: Client) -> None:
    page = text(client, "/search/?q=learning&kind=works")
    assert "/search/?q=learning&amp;kind=works&amp;page=2" in page
    assert "21 to 40 of" in text(client, "/search/?q=learning&kind=works&page=2")
    assert "Previous page" in text(client, "/search/?q=learning&kind=works&page=999999")


def test_an_identifier_in_the_box_leads_straight_to_the_record(client: Client, soups: Work) -> None:
    response = client.get("/search/", {"q": "arXiv:2203.05482"})
    assert (response.status_code, response["Location"]) == (302, soups.get_absolute_url())


@pytest.mark.parametrize(
    "typed",
    [
        "\x00",
        "a\x00b",
        "x" * 10_000,
        "'",
        '"',
        "%",
        "_",
        "\\",
        "';--",
        "a & | ! ( ) : * <->",
        "<b>",
        "\u202e",
        "北京",
        "😀",
        " ",
        "1e309",
    ],
)
def test_odd_input_is_searched_like_any_other(client: Client, typed: str) -> None:
    for address in ("/search/", "/search/suggest/"):
        response = client.get(address, {"q": typed, "kind": "works", "page": typed})
        assert response.status_code == 200
        assert len(response.content) < 40_000


def test_nothing_found_says_what_to_try(client: Client) -> None:
    page = text(client, "/search/?q=Morcoss")
    assert "No record matches" in page
    assert 'href="/search/?q=morcos"' in page


def test_an_unknown_kind_is_ignored(client: Client) -> None:
    assert "Researchers" in text(client, "/search/?q=ari&kind=money")


def test_suggestions_are_a_list_for_the_box_only(client: Client, soups: Work) -> None:
    fragment = text(client, "/search/suggest/?q=model+soups", htmx=True)
    assert "<html" not in fragment
    assert 'role="option"' in fragment
    assert soups.get_absolute_url() in fragment
    assert "Search for “<bdi>m</bdi>”" in text(client, "/search/suggest/?q=m")
    assert text(client, "/search/suggest/?q=") == ""


def test_the_name_page_says_that_a_name_is_not_a_person(client: Client) -> None:
    page = text(client, "/names/lee-s/")
    assert "This name may refer to several people." in page
    assert "Stefan Lee" in page
    assert 'content="noindex"' in page


def test_the_institution_page_never_says_employed(client: Client) -> None:
    page = text(client, Institution.objects.get(name="Facebook AI Research").get_absolute_url())
    assert "“Seen” never means “employed”." in page


def test_a_finished_run_shows_its_counters_and_stops_polling(client: Client) -> None:
    run = ImportRun.objects.order_by("pk")[0]
    page = text(client, run.get_absolute_url())
    assert "683" in page
    assert "every 2s" not in page
    assert "Every record read so far became part of a work." in page
    assert client.get(run.get_absolute_url(), headers={"HX-Request": "true"}).status_code == 286


def test_a_running_run_polls_its_own_address_and_can_be_refreshed_by_hand(client: Client) -> None:
    run = ImportRun.objects.create(
        public_id="0" * 10,
        source="jsonl",
        query="x",
        state=RunState.RUNNING,
        total=400,
        fetched=100,
    )
    page = text(client, run.get_absolute_url())
    assert f'hx-get="{run.get_absolute_url()}"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "25 %" in page
    assert "<noscript>" in page
    fragment = text(client, run.get_absolute_url(), htmx=True)
    assert "<html" not in fragment
    assert client.get(run.get_absolute_url()).headers["Vary"].count("HX-Request") == 1


def test_a_failed_run_says_why(client: Client) -> None:
    run = ImportRun.objects.create(
        public_id="1" * 10,
        source="jsonl",
        query="x",
        state=RunState.FAILED,
        message="There is no file <x>.",
    )
    assert "There is no file &lt;x&gt;." in text(client, run.get_absolute_url())
    assert run.public_id in text(client, "/imports/?state=failed")
    assert run.public_id not in text(client, "/imports/?state=done")


def test_held_back_records_are_listed_with_their_reason(client: Client) -> None:
    run = ImportRun.objects.order_by("pk")[0]
    SourceRecord.objects.create(
        source="jsonl",
        key="<b>odd</b>",
        payload=b"{}",
        sha256=b"0" * 32,
        origin="odd.jsonl:3",
        run=run,
        rejected_code="title-missing",
        rejected_field="title",
        rejected_detail="There is no title.",
    )
    page = text(client, run.get_absolute_url())
    for expected in ("title-missing", "odd.jsonl:3", "There is no title.", "&lt;b&gt;odd&lt;/b&gt;"):
        assert expected in page


def test_identifier_addresses_redirect_to_the_record(client: Client, soups: Work) -> None:
    for address in ("/arxiv/2203.05482", "/arxiv/2203.05482v2", "/doi/10.48550/arXiv.2203.05482"):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, soups.get_absolute_url())


def test_an_orcid_address_redirects_to_the_researcher_who_carries_it(client: Client) -> None:
    researcher = Researcher.objects.get(display_name="Ari S. Morcos")
    ResearcherIdentifier.objects.create(researcher=researcher, scheme="orcid", value="0000-0002-1825-0097", bylines=1)
    for typed in ("0000-0002-1825-0097", "0000000218250097"):
        response = client.get(f"/orcid/{typed}")
        assert (response.status_code, response["Location"]) == (302, researcher.get_absolute_url())


@pytest.mark.parametrize(
    "address",
    [
        "/orcid/~Ari_S._Morcos1",
        "/doi/10.9999/none",
        "/doi/x",
        "/arxiv/none",
        "/orcid/0000-0002-1825-0097",
        "/orcid/x",
        "/doi///evil.example/",
    ],
)
def test_unknown_identifiers_are_404(client: Client, address: str) -> None:
    text(client, address, status=404)


@pytest.mark.parametrize("address", ["/search/", "/imports/", "/works/0000000000/"])
def test_pages_are_for_reading_only(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
