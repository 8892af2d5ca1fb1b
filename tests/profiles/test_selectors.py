"""A profile is read in one query, filtered and sorted as the address says, and nonsense in the address is ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.http import QueryDict

from profiles import selectors
from profiles.models import Researcher
from profiles.work_selectors import Author, ProfileWork, wish
from researchgraph.lib.evidence import Evidence
from works.models import Authorship

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

MORCOS = "ari-s-morcos"


def public_id(slug: str = MORCOS) -> str:
    found: str = Researcher.objects.get(slug=slug, merged_into=None).public_id
    return found


def read(query: str = "") -> selectors.ProfilePage:
    page = selectors.researcher_page(public_id(), QueryDict(query))
    assert page is not None
    return page


def work(*, authors: int, position: int, evidence: list[Evidence] | None = None) -> ProfileWork:
    names = [Author(i, f"Author {i}", f"author {i}", "", "") for i in range(authors)]
    return ProfileWork(
        "0123456789", "", "A title", "", "", "", "conference", 2022, "2022", "ICML 2022", authors,
        authors_truncated=False, code_url="", unaligned=[], sources=["jsonl"], topic=None, position=position,
        as_in_source="Author 0", chosen="", decision="corroborated", confidence=0.95, evidence=evidence or [],
        institutions={"34": "DeepMind"}, authors=names,
        hidden_names=[],
    )  # fmt: skip


def printed(one: ProfileWork) -> list[int | None]:
    return [author.position if author else None for author in one.byline]


@pytest.mark.parametrize("query", ["sort=best", "year=abc&year=99999&year=2022-03", "type=poem", "page=-3", "page=1e9"])
def test_nonsense_in_the_address_is_ignored(query: str) -> None:
    assert wish(QueryDict(query)) == wish(QueryDict(""))


def test_a_value_given_twice_counts_once() -> None:
    assert wish(QueryDict("year=2021&year=2021&year=2020")).years == (2021, 2020)


def test_values_that_no_database_takes_are_dropped() -> None:
    asked = wish(QueryDict(f"venue=icml%00&topic={'x' * 5_000}&venue=icml"))
    assert (asked.venues, asked.topics) == (("icml",), ())


def test_a_short_byline_is_printed_whole() -> None:
    assert printed(work(authors=6, position=4)) == [0, 1, 2, 3, 4, 5]


def test_a_long_byline_shows_three_the_person_and_the_last() -> None:
    assert printed(work(authors=12, position=6)) == [0, 1, 2, None, 6, None, 11]


def test_neighbors_in_a_long_byline_have_no_gap_between_them() -> None:
    assert printed(work(authors=7, position=3)) == [0, 1, 2, 3, None, 6]


def test_reasons_name_people_and_institutions_instead_of_keys() -> None:
    one = work(
        authors=3,
        position=0,
        evidence=[Evidence("coauthor", "author 2", 1.0), Evidence("affiliation", "34", 1.0)],
    )
    assert "Author 2" in one.reasons[0]
    assert "DeepMind" in one.reasons[1]


def test_an_institution_that_is_gone_shows_no_key() -> None:
    assert "77" not in work(authors=1, position=0, evidence=[Evidence("affiliation", "77", 1.0)]).reasons[0]


@pytest.mark.usefixtures("library")
class TestLibrary:
    def test_a_page_takes_one_query(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        known = public_id()
        with django_assert_num_queries(1):
            selectors.researcher_page(known, QueryDict(""))

    def test_an_unknown_id_has_no_page(self) -> None:
        assert selectors.researcher_page("0000000000", QueryDict("")) is None

    def test_a_page_shows_25_works(self) -> None:
        page = read()
        assert len(page.works.works) == min(25, page.head.profile.works) == 25

    def test_a_page_behind_the_last_is_the_last(self) -> None:
        page = read("page=400")
        assert page.works.paging.page == page.works.paging.pages
        assert page.works.works

    def test_pages_together_show_every_work_once(self) -> None:
        shown = [w.public_id for number in (1, 2) for w in read(f"page={number}").works.works]
        assert len(shown) == len(set(shown)) == read().head.profile.works

    def test_newest_works_come_first(self) -> None:
        years = [w.year or 0 for w in read().works.works]
        assert years == sorted(years, reverse=True)

    def test_oldest_works_come_first_when_asked_for(self) -> None:
        years = [w.year or 0 for w in read("sort=oldest").works.works]
        assert years == sorted(years)

    def test_works_sorted_by_title_are_one_group(self) -> None:
        page = read("sort=title")
        assert [year for year, _ in page.works.groups] == [None]

    def test_a_year_filter_keeps_that_year(self) -> None:
        page = read("year=2021")
        assert {w.year for w in page.works.works} == {2021}
        assert page.works.paging.total == page.year_totals[2021]

    def test_two_years_widen_the_choice(self) -> None:
        assert {w.year for w in read("year=2021&year=2020").works.works} == {2021, 2020}

    def test_two_filters_narrow_the_choice(self) -> None:
        both = read("year=2021&type=conference").works.paging.total
        assert 0 < both <= read("year=2021").works.paging.total

    def test_every_facet_count_is_what_the_filter_finds(self) -> None:
        for facet in read().facets:
            value, _label, count = facet.options[0]
            query = QueryDict(mutable=True)
            query[facet.key] = value
            page = selectors.researcher_page(public_id(), query)
            assert page is not None
            assert (facet.key, page.works.paging.total) == (facet.key, count)

    def test_a_filter_that_fits_nothing_gives_an_empty_list(self) -> None:
        page = read("venue=no-such-venue&page=3")
        assert (page.works.works, page.works.paging.total) == ([], 0)

    def test_a_chip_takes_its_own_filter_away(self) -> None:
        chips = read("year=2021&type=conference&sort=oldest").chips
        assert [chip.label for chip in chips] == ["2021", "Conference paper"]
        assert chips[0].href.endswith("?sort=oldest&type=conference")

    def test_the_person_stands_in_every_byline(self) -> None:
        for one in read().works.works:
            assert one.position in [author.position for author in one.byline if author]

    def test_people_with_a_similar_name_are_told_apart(self) -> None:
        block = Researcher.objects.filter(merged_into=None, works_count__gt=0).values_list("block_key", flat=True)
        shared = next(key for key in block if list(block).count(key) > 1)
        one = Researcher.objects.filter(block_key=shared, works_count__gt=0).first()
        assert one is not None
        page = selectors.researcher_page(one.public_id, QueryDict(""))
        assert page is not None
        assert page.head.similar
        assert one.public_id not in {other.public_id for other in page.head.similar}

    def test_undecided_bylines_with_the_name_are_counted(self) -> None:
        byline = Authorship.objects.filter(researcher=None).values_list("block_key", flat=True)[0]
        Researcher.objects.filter(slug=MORCOS).update(listed_under=byline)
        waiting = Authorship.objects.filter(researcher=None, block_key=byline).count()
        assert read().head.waiting == waiting > 0

    def test_a_record_without_snapshots_has_an_empty_page(self) -> None:
        Researcher.objects.create(
            public_id="zzzzzzzzz1",
            display_name="Nova Person",
            sort_name="Person, Nova",
            name_key="nova person",
            block_key="person n",
            listed_under="person n",
            slug="nova-person",
        )
        page = selectors.researcher_page("zzzzzzzzz1", QueryDict(""))
        assert page is not None
        assert (page.head.receipt.score, page.head.dial, page.works.works) == (0, "", [])
