"""Canonical form of a record, whatever source it came from."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from researchgraph.errors import RecordRejected
from works.ingest import normalise as rules
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion
from works.sources.jsonl import JsonlSource


def _record(**changes: object) -> ParsedRecord:
    record = ParsedRecord(
        title="Model soups",
        authors=(ParsedAuthor("Ada Lovelace"),),
        version=ParsedVersion("conference", year=2022),
    )
    return msgspec.structs.replace(record, **changes)


def test_a_clean_record_stays_as_it_is() -> None:
    assert normalise(_record()) == _record()


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("University of X, City. Electronic address: ada@x.example.", "University of X, City"),
        ("University of X. ada.b@x.co.example", "University of X"),
        ("University of X (E-mail: ada@x.example), City", "University of X, City"),
        ("University of X @ City", "University of X @ City"),
        ("ada@x.example", ""),
    ],
)
def test_addresses_of_email_are_no_part_of_an_affiliation(printed: str, kept: str) -> None:
    author = ParsedAuthor("Ada Lovelace", affiliations=(printed,))
    found = normalise(_record(authors=(author,), unaligned_affiliations=(printed,)))
    affiliations = tuple(place.rstrip(".") for place in found.authors[0].affiliations)
    assert (
        affiliations == tuple(place.rstrip(".") for place in found.unaligned_affiliations) == ((kept,) if kept else ())
    )
    assert normalise(found) == found


def test_identifiers_become_canonical_and_invalid_ones_are_left_out() -> None:
    stated = (
        ("doi", "https://doi.org/10.1000/ABC."),
        ("doi", "nonsense"),
        ("arxiv", "arXiv:2203.05482v2"),
        ("unheard-of", "x"),
        ("doi", "10.1000/abc"),
    )
    assert normalise(_record(identifiers=stated)).identifiers == (
        ("doi", "10.1000/abc"),
        ("arxiv", "2203.05482"),
    )


def test_a_doi_of_arxiv_and_the_arxiv_identifier_are_one() -> None:
    stated = (("doi", "10.48550/arXiv.2203.05482"), ("arxiv", "2203.05482"))
    assert normalise(_record(identifiers=stated)).identifiers == (("arxiv", "2203.05482"),)


def test_identifiers_of_authors_are_checked_too() -> None:
    author = ParsedAuthor(
        "Ada",
        identifiers={
            "orcid": "https://orcid.org/0000-0002-1825-0097",
            "dblp": "45/4211-1",
            "google_scholar": "short",
        },
    )
    (normal,) = normalise(_record(authors=(author,))).authors
    assert normal.identifiers == {"orcid": "0000-0002-1825-0097", "dblp": "45/4211-1"}
    wrong = ParsedAuthor("Ada", identifiers={"orcid": "0000-0002-1825-0098"})
    assert normalise(_record(authors=(wrong,))).authors[0].identifiers == {}


def test_titles_lose_tex_accents_and_keep_mathematics() -> None:
    record = normalise(_record(title='{PF}$^2$ES:  Schr\\"odinger &amp; \u202e\\emph{De Novo}\x00'))
    assert record.title == "PF$^2$ES: Schrödinger & De Novo"


def test_html_in_titles_stays_visible_text() -> None:
    assert (
        normalise(_record(title="<script>alert(1)</script> <i>E. coli</i>")).title
        == "<script>alert(1)</script> E. coli"
    )


@pytest.mark.parametrize("title", ["", "   ", "\u200b\u202e", "—!?", "$ $", "\x00"])
def test_a_title_without_a_letter_or_digit_is_rejected(title: str) -> None:
    with pytest.raises(RecordRejected) as rejected:
        normalise(_record(title=title))
    assert (rejected.value.code, rejected.value.field) == ("title-missing", "title")


@pytest.mark.parametrize("title", ["0", "李明", "Ω", "π"])
def test_titles_in_any_script_are_titles(title: str) -> None:
    assert normalise(_record(title=title)).title == title


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"title": "x" * 10_000_000}, "title-too-long", "title"),
        ({"authors": ()}, "authors-missing", "authors"),
        ({"authors": (ParsedAuthor("A"),) * 10_001}, "authors-too-many", "authors"),
        ({"authors": (ParsedAuthor("Ada"), ParsedAuthor(" \u200b"))}, "author-unnamed", "authors[1].name"),
        ({"authors": (ParsedAuthor("Ada " * 200),)}, "author-name-too-long", "authors[0].name"),
        ({"version": ParsedVersion("journal", year=99_999)}, "year-implausible", "year"),
        ({"version": ParsedVersion("journal", year=1)}, "year-implausible", "year"),
    ],
)
def test_what_cannot_be_a_work_is_rejected_with_its_field(changes: dict[str, object], code: str, field: str) -> None:
    with pytest.raises(RecordRejected) as rejected:
        normalise(_record(**changes))
    assert (rejected.value.code, rejected.value.field) == (code, field)


def test_five_thousand_authors_are_all_kept() -> None:
    authors = tuple(ParsedAuthor(f"Author {number}") for number in range(5_000))
    assert normalise(_record(authors=authors)).authors == authors


def test_names_keep_their_spelling_and_lose_what_cannot_be_seen() -> None:
    author = ParsedAuthor(" van  den\u00a0Oord,\u202e A\u0308aron ", native_name="山田\u200b太郎")
    (normal,) = normalise(_record(authors=(author,))).authors
    assert normal.name == "van den Oord, Äaron"
    assert normal.native_name == "山田太郎"
    assert normalise(_record(authors=(ParsedAuthor(r"Jakub \L{}\k{a}cki"),))).authors[0].name == "Jakub Łącki"


def test_affiliations_are_cleaned_and_said_once() -> None:
    author = ParsedAuthor("Ada", affiliations=(" University  of X ", "", "Institute Y", "University of X"))
    assert normalise(_record(authors=(author,))).authors[0].affiliations == ("University of X", "Institute Y")


def test_dates_are_partial_and_give_the_year_where_it_is_missing() -> None:
    version = normalise(_record(version=ParsedVersion("preprint", date="2022-03-10T17:03:00Z"))).version
    assert (version.date, version.year) == ("2022-03-10", 2022)
    assert normalise(_record(version=ParsedVersion("preprint", year=2022, date="March"))).version.date == ""


def test_keywords_are_tidy_few_and_different() -> None:
    words = [
        "Deep Learning",
        "deep-learning",
        " graphs; ",
        "",
        "—",
        "x" * 200,
        *(f"word {n}" for n in range(60)),
    ]
    topics = tuple(ParsedTopic("keyword", word) for word in words)
    labels = [topic.label for topic in normalise(_record(topics=topics)).topics]
    assert labels[:3] == ["Deep Learning", "graphs", "word 0"]
    assert len(labels) == 30


def test_categories_come_first_and_once() -> None:
    topics = (
        ParsedTopic("keyword", "soup"),
        ParsedTopic("category", "Machine Learning", "cs.LG"),
        ParsedTopic("category", "Machine Learning", "cs.LG"),
    )
    assert normalise(_record(topics=topics)).topics == (
        ParsedTopic("category", "Machine Learning", "cs.LG"),
        ParsedTopic("keyword", "soup"),
    )


def test_unsafe_links_are_left_out() -> None:
    record = normalise(
        _record(site_url="javascript:alert(1)", pdf_url="https://example.org/a.pdf", code_url="data:text/html,x")
    )
    assert (record.site_url, record.pdf_url, record.code_url) == ("", "https://example.org/a.pdf", "")


def test_an_unknown_kind_of_version_is_other() -> None:
    assert normalise(_record(version=ParsedVersion("poem"))).version.kind == "other"


_TEXT = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("{}\\$&;<>\"'`~ampltiu#38")), max_size=40)


@given(
    st.lists(_TEXT, min_size=6, max_size=6),
    st.sampled_from(["doi", "arxiv", "openreview", "acl", "isbn", "issn", "ror"]),
)
def test_normalising_twice_changes_nothing_more(texts: list[str], scheme: str) -> None:
    title, name, affiliation, venue, date, other = texts
    record = ParsedRecord(
        title=title + " title",
        authors=(ParsedAuthor("A " + name, affiliations=(affiliation,), identifiers={scheme: other}),),
        version=ParsedVersion("conference", venue=venue, date=date),
        identifiers=((scheme, other),),
        abstract=other,
        topics=(ParsedTopic("keyword", affiliation),),
        site_url=title,
        code_url="https://" + venue,
    )
    once = normalise(record)
    assert normalise(once) == once


def test_real_records_normalise_and_stay_put(shared_data: Path) -> None:
    source = JsonlSource()
    seen = 0
    for raw in islice(source.read(shared_data / "papers.jsonl.zst"), 0, None, 37):
        once = normalise(source.parse(raw))
        assert normalise(once) == once
        seen += 1
    assert seen > 4_000


def test_the_limits_stated_in_the_documentation_are_those_in_force() -> None:
    page = (Path(__file__).parents[2] / "docs" / "interchange.md").read_text(encoding="utf-8")
    assert f"title over {rules.TITLE_LIMIT:,} characters" in page
    assert f"over {rules.AUTHORS_LIMIT:,} set aside" in page
