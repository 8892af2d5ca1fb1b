"""The profile page and the explorer: complete, safe with any data, and at one address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from django.utils import timezone
from lxml import html

from graph.flows.recompute import recompute
from profiles.models import Researcher
from researchgraph.lib import tex
from works.models import Work

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

MORCOS = "ari-s-morcos"

pytestmark = pytest.mark.usefixtures("library")


def address(slug: str = MORCOS) -> str:
    return Researcher.objects.get(slug=slug, merged_into=None).get_absolute_url()


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def parsed(page: str) -> Any:
    return html.fromstring(page)


def newest_work() -> Work:
    held = Work.objects.filter(authorships__researcher__slug=MORCOS, year__isnull=False)
    return held.order_by("-year", "-date", "-id")[0]


def change_newest_work(**facts: str) -> None:
    """As an import does: the facts, then everything derived from them."""
    work = newest_work()
    Work.objects.filter(pk=work.pk).update(**facts)
    everybody = work.authorships.exclude(researcher=None).order_by("researcher_id")
    recompute(list(everybody.values_list("researcher_id", flat=True)), causes={})


def test_a_profile_has_every_section(client: Client) -> None:
    page = parsed(text(client, address()))
    headings = [" ".join(h.text_content().split()) for h in page.xpath("//h1|//h2")]
    assert headings == [
        "Ari S. Morcos", "Trust snapshot Quick read", "Actions", "Identity and collaboration", "Direct collaboration",
        "Coverage", "This record", "Research graph See the researcher in context",
        headings[8],
    ]  # fmt: skip
    assert headings[8].startswith("Published work")


def test_a_profile_says_what_it_knows_and_from_where(client: Client) -> None:
    page = text(client, address())
    for words in (
        "Researcher profile", "Unclaimed author", "Not reviewed by the author.", "Names on bylines", "Similar names",
        "Affiliations seen", "Identifiers", "no ORCID iD in the sources", "close collaborators", "Works per year",
        "Why is this here?", "Open full explorer", "Full receipt",
    ):  # fmt: skip
        assert words in page


def test_a_profile_stays_in_its_query_budget(
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    path = address()
    with django_assert_max_num_queries(6):
        client.get(path)
    with django_assert_max_num_queries(6):
        client.get(f"{path}?year=2021&page=7")


def test_the_explorer_stays_in_its_query_budget(
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    path = f"{address()}graph/"
    with django_assert_max_num_queries(6):
        client.get(path)


def test_a_wrong_slug_leads_to_the_right_one_and_keeps_the_filters(client: Client) -> None:
    path = address()
    response = client.get(path.replace(MORCOS, "somebody-else") + "?year=2021")
    assert (response.status_code, response["Location"]) == (301, f"{path}?year=2021")


def test_the_address_without_a_slug_leads_to_the_one_with_it(client: Client) -> None:
    response = client.get(address().replace(f"{MORCOS}/", ""))
    assert (response.status_code, response["Location"]) == (301, address())


def test_the_explorer_of_a_name_that_no_address_can_say_is_there(client: Client) -> None:
    Researcher.objects.filter(slug=MORCOS).update(slug="")
    path = Researcher.objects.get(slug="", display_name__contains="Morcos").get_absolute_url()
    response = client.get(f"{path}graph/")
    assert response.status_code == 200
    assert "Co-authors</li>" in response.content.decode()


EVERY_KIND = (
    "/researchers/{}/",
    "/researchers/{}/old-name/",
    "/researchers/{}/old-name/graph/",
    "/researchers/{}/graph/",
)
EVERY_API = tuple(f"/api/v1/researchers/{{}}/{part}" for part in ("", "works/", "coauthors/", "trust/"))


@pytest.mark.parametrize(("days", "status"), [(0, 302), (29, 302), (31, 301)])
def test_every_address_of_a_merged_record_leads_to_its_target_in_one_hop(
    client: Client, days: int, status: int
) -> None:
    target = Researcher.objects.get(slug=MORCOS)
    other = Researcher.objects.exclude(slug=MORCOS).filter(merged_into=None)[0]
    Researcher.objects.filter(pk=other.pk).update(
        merged_into=target, merged_at=timezone.now() - timedelta(days=days, minutes=1)
    )
    for path in (*EVERY_KIND, *EVERY_API):
        response = client.get(f"{path.format(other.public_id)}?page=2")
        there = path.format(f"{target.public_id}/{MORCOS}").replace("old-name/", "") if path in EVERY_KIND else path
        expected = f"{there.format(target.public_id)}?page=2"
        assert (response.status_code, response["Location"]) == (status, expected)
        assert client.get(response["Location"]).status_code == 200


def test_every_address_of_a_record_taken_down_says_that_it_is_gone(client: Client) -> None:
    gone = Researcher.objects.get(slug=MORCOS)
    Researcher.objects.filter(pk=gone.pk).update(removed_at=timezone.now())
    for path in (*EVERY_KIND, gone.get_absolute_url()):
        response = client.get(path.format(gone.public_id))
        assert response.status_code == 410
        assert "This record was taken down" in response.content.decode()
    for path in EVERY_API:
        assert client.get(path.format(gone.public_id)).status_code == 410


@pytest.mark.parametrize("path", ["/researchers/0000000000/", "/researchers/0000000000/nobody/", "/researchers/x/"])
def test_an_unknown_record_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "year=x&sort=%00&page=%27", "page=99999999999999999999", "topic=%ff%fe&venue=%27%3B--", "year=2021" * 200,
        "type=conference&type=preprint&sort=title&page=2", "year=2021&year=%d9%a2%d9%a0%d9%a2%d9%a1",
    ],
)  # fmt: skip
def test_odd_addresses_give_a_page(client: Client, query: str) -> None:
    assert client.get(f"{address()}?{query}").status_code == 200


def test_htmx_gets_the_list_of_works_alone(client: Client) -> None:
    response = client.get(f"{address()}?year=2021", headers={"HX-Request": "true", "HX-Target": "works-list"})
    assert response.content.decode().lstrip().startswith('<div id="works-list">')
    assert "HX-Request" in response["Vary"]


def test_the_fragment_is_the_one_in_the_page(client: Client) -> None:
    path = f"{address()}?year=2021"
    fragment = client.get(path, headers={"HX-Request": "true", "HX-Target": "works-list"}).content.decode()
    assert fragment.strip() in text(client, path)


def test_active_filters_are_checked_and_removable(client: Client) -> None:
    page = parsed(text(client, f"{address()}?year=2021"))
    assert page.xpath("//input[@name='year'][@checked]/@value") == ["2021"]
    assert page.xpath("//a[@class='chip on']/@href") == [f"{address()}#works"]


def test_a_title_with_markup_is_inert(client: Client) -> None:
    change_newest_work(title="<script>alert(1)</script><img src=x onerror=alert(2)>", title_html="")
    page = text(client, address())
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not parsed(page).xpath("//script[not(@src)] | //img | //*[@onerror]")


def test_an_abstract_with_markup_is_inert(client: Client) -> None:
    change_newest_work(abstract="</details><script>alert(1)</script>", abstract_html="")
    assert "&lt;/details&gt;&lt;script&gt;" in text(client, address())


def test_a_name_with_markup_is_inert_everywhere(client: Client) -> None:
    path = address()
    Researcher.objects.filter(slug=MORCOS).update(display_name='<b onclick="x()">"Ari"</b>')
    for page in (text(client, path), text(client, f"{path}graph/")):
        assert "<b onclick" not in page
        assert "&lt;b onclick" in page


def test_text_that_turns_direction_stays_in_its_place(client: Client) -> None:
    change_newest_work(title="left \u202e right", title_html="")
    assert "<bdi>left \u202e right</bdi>" in text(client, address())


def test_a_page_shows_the_record_as_it_is_now(client: Client) -> None:
    before = text(client, address())
    change_newest_work(title="A title of its own", title_html="")
    assert "A title of its own" not in before
    assert "A title of its own" in text(client, address())


def test_mathematics_in_a_title_is_mathml(client: Client) -> None:
    title = r"Learning in $O(n^2)$ time"
    change_newest_work(title=title, title_html=tex.render(title))
    assert "<msup>" in text(client, address())


def test_pages_carry_no_inline_script_or_style(client: Client) -> None:
    for path in (address(), f"{address()}graph/"):
        page = parsed(text(client, path))
        assert not page.xpath("//script[not(@src)] | //style | //*[@style] | //@*[starts-with(name(), 'on')]")


def test_pages_load_nothing_from_elsewhere(client: Client) -> None:
    page = parsed(text(client, address()))
    loaded = page.xpath("//script/@src | //link[@rel!='canonical' and @rel!='alternate']/@href | //img/@src")
    assert loaded
    assert all(one.startswith("/static/") for one in loaded)


def test_every_fragment_link_has_its_target(client: Client) -> None:
    page = parsed(text(client, address()))
    ids = set(page.xpath("//@id"))
    assert {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")} <= ids
    assert set(page.xpath("//@popovertarget")) <= ids
    assert len(ids) == len(page.xpath("//@id"))


def test_the_receipt_adds_up(client: Client) -> None:
    page = parsed(text(client, address()))
    rows = page.xpath("//table[contains(@class, 'receipt')]/tbody/tr/td[@class='r']/text()[1]")
    total = page.xpath("//table[contains(@class, 'receipt')]/tfoot/tr/td[@class='r']/text()[1]")
    assert sum(map(int, rows)) == int(total[0])


def test_follow_and_claim_lead_to_the_login_and_back(client: Client) -> None:
    page = parsed(text(client, address()))
    offer = f"{address().removesuffix(f'{MORCOS}/')}follow/"
    ways = page.xpath("//div[@class='rail']//a[contains(@class, 'btn')]/@href")
    login = f"/account/login/?next={address()}"
    assert [unquote(way) for way in ways] == [
        f"/account/login/?next={offer}",
        f"{address()}claim/",
        f"{address()}report/",
    ]
    assert unquote(client.get(f"{address()}claim/")["Location"]) == f"{login}claim/"


def test_a_profile_leaves_no_cookie(client: Client) -> None:
    assert not client.get(address()).cookies


def test_what_one_visitor_sees_is_not_kept_for_the_next(client: Client) -> None:
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in text(client, address())
    client.cookies.clear()
    assert "data-theme" not in text(client, address())


def test_a_page_cannot_be_posted_to(client: Client) -> None:
    assert client.post(address()).status_code == 405


def test_the_explorer_lists_every_coauthor_strongest_first(client: Client) -> None:
    page = parsed(text(client, f"{address()}graph/"))
    strengths = [float(cell) for cell in page.xpath("//tbody/tr/td[last()]/text()")]
    assert len(strengths) == 50
    assert strengths == sorted(strengths, reverse=True)


def test_the_last_page_of_the_explorer_is_reached(client: Client) -> None:
    page = parsed(text(client, f"{address()}graph/?page=900"))
    assert page.xpath("//tbody/tr")
    assert not page.xpath("//a[@rel='next']")
