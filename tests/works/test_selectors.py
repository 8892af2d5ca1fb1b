"""What the pages about works, topics, institutions, names and imports are made of."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.institution_selectors import institution_page
from profiles.models import Institution
from profiles.name_selectors import name_page
from researchgraph.lib import paging
from works import citations, import_selectors, search_selectors, selectors, topic_selectors
from works.models import Authorship, ImportRun, SourceRecord, Topic, Work, WorkIdentifier
from works.row_selectors import work_rows
from works.topic_selectors import YearWorks, without_gaps

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.usefixtures("library")

SOUPS = "Model soups: averaging weights"


@pytest.fixture
def soups() -> Work:
    return Work.objects.get(title__startswith=SOUPS)


def page_of(work: Work) -> selectors.WorkPage:
    page = selectors.work_page(work.public_id)
    assert page is not None
    return page


def test_the_work_page_holds_every_byline_in_printed_order(soups: Work) -> None:
    page = page_of(soups)
    assert [b.name for b in page.bylines][:2] == ["Mitchell Wortsman", "Gabriel Ilharco"]
    assert len(page.bylines) == soups.author_count == 11


def test_the_work_page_says_which_versions_there_are_and_who_said_so(soups: Work) -> None:
    page = page_of(soups)
    assert [v.label for v in page.versions] == ["arXiv 2022", "ICML 2022"]
    assert all(v.sources for v in page.versions)
    assert len(page.sources) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", s.sha256) for s in page.sources)


def test_every_shown_field_names_its_source(soups: Work) -> None:
    assert {f.label for f in page_of(soups).fields} >= {"Title", "Authors", "First date", "Type", "Venue"}
    assert all(f.source and f.value for f in page_of(soups).fields)


def test_reasons_name_people_and_institutions_never_stored_keys() -> None:
    joined = Authorship.objects.filter(evidence__contains=[{"kind": "affiliation"}])
    with_affiliation = joined.select_related("work").order_by("pk")[:20]
    assert with_affiliation
    for authorship in with_affiliation:
        byline = page_of(authorship.work).bylines[authorship.position]
        named = [reason for reason in byline.reasons if reason.startswith("Prints the affiliation")]
        assert named
        assert not any(re.search(r"affiliation \d+,", reason) for reason in named)


def test_an_undecided_byline_leads_to_the_page_of_its_name() -> None:
    authorship = Authorship.objects.filter(researcher=None).select_related("work").order_by("pk")[0]
    byline = page_of(authorship.work).bylines[authorship.position]
    assert byline.href == f"/names/{authorship.block_key.replace(' ', '-')}/"
    assert byline.mark == "unknown"


def test_a_merged_work_says_where_it_went(soups: Work) -> None:
    other = Work.objects.exclude(pk=soups.pk).order_by("pk")[0]
    Work.objects.filter(pk=other.pk).update(merged_into=soups)
    assert page_of(other).merged_to == soups.get_absolute_url()


def test_no_work_no_page() -> None:
    assert selectors.work_page("0000000000") is None
    assert topic_selectors.topic_page("0000000000") is None
    assert institution_page("0000000000") is None
    assert name_page("nobody x") is None
    assert import_selectors.run_page("0000000000") is None


def test_rows_come_in_the_asked_order_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    keys = list(Work.objects.order_by("?").values_list("pk", flat=True)[:50])
    titles = dict(Work.objects.filter(pk__in=keys).values_list("pk", "title"))
    with django_assert_num_queries(1):
        rows = work_rows(keys)
    assert [row.title for row in rows] == [titles[key] for key in keys]


def test_a_long_byline_shows_the_first_three_and_the_last(soups: Work) -> None:
    row = work_rows([soups.pk])[0]
    assert [author.name for author in row.first] == ["Mitchell Wortsman", "Gabriel Ilharco", "Samir Gadre"]
    assert row.last is not None
    assert row.last.name == "Ludwig Schmidt"


def test_a_byline_the_source_cut_short_shows_no_last_author(soups: Work) -> None:
    Work.objects.filter(pk=soups.pk).update(authors_truncated=True)
    assert work_rows([soups.pk])[0].last is None


def test_bibtex_names_the_family_first_and_the_arxiv_id(soups: Work) -> None:
    entry = citations.bibtex(page_of(soups))
    assert entry.startswith("@inproceedings{wortsman2022model,")
    assert "Wortsman, Mitchell and Ilharco, Gabriel" in entry
    assert "eprint = {2203.05482}" in entry
    assert entry.count("{") == entry.count("}")


def test_bibtex_escapes_what_tex_would_read(soups: Work) -> None:
    Work.objects.filter(pk=soups.pk).update(title="R&D at 100% of {cost}_1")
    entry = citations.bibtex(page_of(soups))
    assert r"R\&D at 100\% of \{cost\}\_1" in entry


def test_csl_carries_the_date_as_parts(soups: Work) -> None:
    item = citations.csl(page_of(soups))
    assert item["type"] == "paper-conference"
    assert item["issued"] == {"date-parts": [[2022, 3, 10]]}
    assert item["author"][0] == {"family": "Wortsman", "given": "Mitchell"}
    assert json.dumps(item)


def test_the_topic_page_counts_what_the_rows_say() -> None:
    topic = Topic.objects.get(key="deep learning")
    page = topic_selectors.topic_page(topic.public_id)
    assert page is not None
    assert page.works == topic.work_topics.count()
    assert sum(y.at_venue + y.preprint_only for y in page.years) <= page.works
    assert page.people[0].works >= page.people[-1].works
    assert len(page.rows) == min(page.works, topic_selectors.WORKS_A_PAGE)


def test_missing_years_are_drawn_as_gaps() -> None:
    assert without_gaps([YearWorks(2019, 1, 0), YearWorks(2021, 0, 2)])[1] == YearWorks(2020, 0, 0)
    assert without_gaps([]) == []


def test_the_institution_page_lists_who_was_seen() -> None:
    institution = Institution.objects.get(name="Facebook AI Research")
    page = institution_page(institution.public_id)
    assert page is not None
    assert page.people_total == institution.affiliations.count()
    assert page.works == institution.work_institutions.count()
    assert "Facebook AI Research" in page.spellings


def test_the_name_page_keeps_undecided_bylines_apart_from_records() -> None:
    open_block = Authorship.objects.filter(researcher=None).order_by("pk").values_list("block_key", flat=True)[0]
    page = name_page(open_block)
    assert page is not None
    assert page.bylines - page.assigned == Authorship.objects.filter(researcher=None, block_key=open_block).count()
    assert page.undecided[0].reasons


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("arXiv:2203.05482", SOUPS),
        ("https://arxiv.org/abs/2203.05482v3", SOUPS),
        ("10.48550/arXiv.2203.05482", SOUPS),
    ],
)
def test_every_form_of_an_identifier_leads_to_the_work(soups: Work, typed: str, title: str) -> None:
    assert soups.title.startswith(title)
    assert search_selectors.exact(typed) == soups.get_absolute_url()


def test_an_author_identifier_leads_to_the_researcher() -> None:
    assert search_selectors.exact("~Ari_S._Morcos1").endswith("/ari-s-morcos/")


def test_an_unknown_identifier_leads_nowhere() -> None:
    assert search_selectors.exact("10.1234/nothing") == ""
    assert search_selectors.exact("deep learning") == ""


@pytest.mark.parametrize("typed", ["morcos", "Ari Morcos", "ari s. mor", "MORCOS, ARI", "Mórcos"])
def test_a_name_is_found_by_the_start_of_its_words_in_any_order(typed: str) -> None:
    results = search_selectors.search(typed)
    assert results.kind == "people"
    assert "Ari S. Morcos" in [person.name for person in results.people]


def test_a_title_is_found_while_its_last_word_is_still_being_typed() -> None:
    results = search_selectors.search("averaging wei", kind="works")
    assert results.works[0].title.startswith(SOUPS)


def test_topics_and_institutions_are_found_by_parts_of_words() -> None:
    assert search_selectors.search("reinforce", kind="topics").subjects
    assert "Facebook AI Research" in [s.name for s in search_selectors.search("facebook", kind="institutions").subjects]


def test_the_tabs_count_every_kind() -> None:
    counts = search_selectors.search("learning").counts
    assert counts["works"] == len(search_selectors.search("learning", kind="works").works) or counts["works"] > 20
    assert counts["topics"] > 0


def test_a_mistyped_name_is_offered_its_nearest_spelling() -> None:
    assert search_selectors.search("Morcoss").near == ["morcos"]


def test_results_of_the_last_page_and_beyond_are_the_last_page() -> None:
    results = search_selectors.search("", kind="works", page=500)
    assert results.paging.page == results.paging.pages
    assert results.works


def test_suggestions_begin_with_the_second_letter() -> None:
    assert search_selectors.suggest("s").empty
    assert search_selectors.suggest("so").works


@given(st.text(max_size=300))
def test_no_text_breaks_the_search(typed: str) -> None:
    query = search_selectors.clean_query(typed)
    assert len(query) <= search_selectors.QUERY_LIMIT
    assert search_selectors.search(query).paging.total >= 0
    assert search_selectors.exact(query) is not None


@given(st.text(max_size=80), st.text(max_size=40))
def test_highlighting_adds_marks_and_nothing_else(shown: str, query: str) -> None:
    marked = str(search_selectors.highlighted(shown, query))
    without = marked.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in without
    assert search_selectors.highlighted(shown, "").unescape() == shown


def test_a_run_knows_how_far_it_is() -> None:
    run = ImportRun(public_id="a" * 10, source="jsonl", query="/somewhere/works.jsonl", total=200, fetched=50)
    shown = import_selectors.Run(
        run.public_id,
        run.source,
        run.query,
        None,
        "running",
        "",
        200,
        50,
        0,
        0,
        0,
        0,
        datetime.now(tz=UTC),
        None,
        None,
        service=False,
        schedule="",
        pace=None,
    )
    assert (shown.percent, shown.live, shown.name) == (25, True, "works.jsonl")


def test_held_back_records_come_with_reason_field_and_origin() -> None:
    run = ImportRun.objects.order_by("pk")[0]
    SourceRecord.objects.create(
        source="jsonl",
        key="odd",
        payload=b"{}",
        sha256=b"0" * 32,
        origin="odd.jsonl:3",
        run=run,
        rejected_code="title-missing",
        rejected_field="title",
        rejected_detail="There is no title.",
    )
    page = import_selectors.run_page(run.public_id)
    assert page is not None
    held = page.held[0]
    assert (held.key, held.origin, held.code, held.field) == ("odd", "odd.jsonl:3", "title-missing", "title")
    assert held.detail == "There is no title."
    assert page.reasons[0].records == 1


def test_identifiers_of_people_and_works_are_linked_only_where_safe(soups: Work) -> None:
    WorkIdentifier.objects.create(work=soups, scheme="isbn", value="9780262035613")
    links = {i.scheme: i.url for i in page_of(soups).identifiers}
    assert links["arxiv"] == "https://arxiv.org/abs/2203.05482"
    assert not links["isbn"].startswith("javascript:")


@pytest.mark.parametrize("raw", ["", "0", "-1", "1.5", "x", "²", "9" * 30, "\x00"])
def test_odd_page_numbers_mean_the_first_page(raw: str) -> None:
    assert paging.page_number(raw, size=20) == 1


def test_paging_never_goes_deeper_than_the_cap() -> None:
    assert paging.page_number("99999999", size=20) == paging.DEEPEST // 20
    window = paging.paging(page=3, size=20, total=45, path="/x/", parameters=(("q", "a b"),))
    assert (window.first, window.last, window.next_href) == (41, 45, "")
    assert window.previous_href == "/x/?q=a+b&page=2"
