"""Who is believed: the table of sources, the strategies, and what people correct. Never a matter of order."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from works.ingest import precedence
from works.ingest.merge import (
    ALTERNATIVES_LIMIT,
    EXCERPT,
    FIELDS,
    NEXT_YEAR,
    Alternative,
    Correction,
    MergedWork,
    SourcedRecord,
    merged,
)
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion
from works.sources import registry

WORDS = {precedence.OTHERS, precedence.PREPRINTS, precedence.OTHERWISE}


def said(source: str, kind: str = "journal", *, key: str = "1", **fields: object) -> SourcedRecord:
    """What a source says; `venue`, `year` and `date` are those of the version."""
    version = {name: fields.pop(name) for name in ("venue", "year", "date") if name in fields}
    known = {"title": "Soups", "authors": (ParsedAuthor("Ada Lovelace"),), **fields}
    return SourcedRecord(source, key, ParsedRecord(version=ParsedVersion(kind, **version), **known))  # type: ignore[arg-type]


def of_all_orders(*records: SourcedRecord) -> MergedWork:
    """The merged work, which is the same in whatever order the records come."""
    found = [merged(order) for order in permutations(records)]
    assert all(work == found[0] for work in found)
    return found[0]


# The table


def test_every_row_names_known_sources_and_every_source_has_its_place() -> None:
    # ROR and podcasts state nothing about works that could be chosen, and what authors upload is last without a word.
    known = {source.name for source in registry.BUILT_IN} - {"jsonl", "podcast", "ror", precedence.UNPROVEN}
    for field, words in precedence.TABLE.items():
        assert set(words.split()) - WORDS == known, field


def test_every_field_that_is_chosen_has_a_row() -> None:
    assert set(FIELDS) | {"year", "authors", "identifiers", "topics"} == set(precedence.TABLE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("crossref", "openalex"), ("pubmed", "semantic_scholar"), ("acl", "openalex"), ("dblp", "openalex"),
        ("crossref", "a_plugin"), ("a_plugin", "openalex"), ("a_plugin", "orcid"), ("openalex", "bibtex"), ("orcid", "ris"),
    ],
)  # fmt: skip
def test_publishers_come_before_plugins_before_aggregates_before_lists(first: str, second: str) -> None:
    work = of_all_orders(said(second, title="Second"), said(first, title="First"))
    assert (work.title, work.provenance["title"]) == ("First", first)
    assert work.alternatives["title"] == (Alternative(second, "Second"),)


@pytest.mark.parametrize("source", ["crossref", "openalex", "a_plugin", "orcid", "bibtex"])
def test_what_an_author_uploads_outranks_no_other_source(source: str) -> None:
    others = said(
        source, "preprint", title="As it is", year=2022, abstract="Short.", authors=(ParsedAuthor("A. Byron"),)
    )
    own = said(
        precedence.UNPROVEN, title="As I like it", year=1999, abstract="Much longer than that of others.", venue="My Journal",
        authors=(ParsedAuthor("Ada Byron"),),
    )  # fmt: skip

    work = of_all_orders(others, own)

    assert (work.title, work.type, work.year, work.abstract) == ("As it is", "preprint", 2022, "Short.")
    assert [author.name for author in work.authors] == ["A. Byron"]
    assert work.alternatives["title"] == (Alternative(precedence.UNPROVEN, "As I like it"),)
    # Where nobody else says anything it is heard.
    assert work.venue == "My Journal"


def test_an_operators_row_does_not_bring_an_authors_file_forward() -> None:
    rows = precedence.read("title: author_bibtex * openalex")
    work = merged(
        [said("openalex", title="As it is"), said(precedence.UNPROVEN, title="As I like it")], precedence=rows
    )
    assert work.title == "As it is"


def test_arxiv_speaks_first_of_preprints_and_not_before_who_knows_the_paper() -> None:
    preprint = said("arxiv", "preprint", title="On arXiv")
    assert of_all_orders(preprint, said("openalex", "preprint", title="Aggregate")).title == "On arXiv"
    assert of_all_orders(preprint, said("crossref", "preprint", title="Deposited")).title == "On arXiv"
    assert of_all_orders(preprint, said("openalex", "conference", title="In print")).title == "In print"
    assert of_all_orders(preprint, said("bibtex", "conference", title="Typed")).title == "On arXiv"


def test_the_first_category_is_that_of_arxiv() -> None:
    arxiv = said("arxiv", "preprint", topics=(ParsedTopic("category", "Learning", "cs.LG"),))
    other = said("a_plugin", topics=(ParsedTopic("category", "Vision", "cs.CV"),))
    assert [topic.code for topic in of_all_orders(other, arxiv).topics] == ["cs.LG", "cs.CV"]


def test_partial_data_never_erases() -> None:
    rich = said("ris", abstract="We stir.", license="CC BY", pdf_url="https://a.example/1.pdf", venue="Soup", year=2019)
    work = of_all_orders(said("crossref"), rich)
    assert (work.abstract, work.license, work.pdf_url, work.venue, work.year) == (
        "We stir.", "CC BY", "https://a.example/1.pdf", "Soup", 2019,
    )  # fmt: skip
    assert "license" not in work.alternatives


def test_a_list_is_not_asked_where_somebody_else_knows() -> None:
    """The earliest date and the longest abstract would otherwise be those of whoever is most wrong."""
    typed = said("bibtex", year=1999, abstract="We stir. Note to self: cite this everywhere.")
    work = of_all_orders(said("crossref", date="2019-03", year=2019, abstract="We stir."), typed)
    assert (work.date, work.year, work.abstract) == ("2019-03", 2019, "We stir.")
    assert work.alternatives["date"] == (Alternative("bibtex", "1999"),)


def test_a_year_to_come_is_kept_and_not_chosen() -> None:
    ahead = said("crossref", year=NEXT_YEAR + 1)
    work = of_all_orders(ahead, said("bibtex", year=2019))
    assert (work.year, work.date) == (2019, "2019")
    assert work.alternatives["year"] == (Alternative("crossref", str(NEXT_YEAR + 1)),)
    assert merged([ahead]).year == of_all_orders(ahead, said("acl")).year == NEXT_YEAR + 1


def test_what_is_kept_beside_the_chosen_value_is_bounded() -> None:
    records = [said("crossref", key=str(n), title=f"Title {n}", abstract=str(n) * (EXCERPT + n)) for n in range(20)]
    work = merged(records)
    assert len(work.alternatives["title"]) == ALTERNATIVES_LIMIT
    assert all(len(other.value) <= EXCERPT + 1 for other in work.alternatives["abstract"])


def test_an_operator_replaces_rows() -> None:
    mine = precedence.read("title: openalex * ; license: datacite *")
    records = [said("crossref", title="Deposited", venue="A"), said("openalex", title="Aggregate", venue="B")]
    assert merged(records, (), mine).title == "Aggregate"
    assert merged(records, (), mine).venue == "A"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("titel: acl *", "does not begin with one of the fields title"),
        ("title acl *", "a colon"),
        ("title: acl", r"the row of title lacks \*"),
        ("title: acl acl *", "the row of title names a source twice"),
    ],
)
def test_a_row_that_is_not_readable_is_refused_with_a_sentence(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        precedence.read(text)


# People


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "Right"), ("type", "book"), ("year", "2001"), ("date", "2001-02"), ("venue", "Kitchen"),
     ("license", "CC0"), ("code_url", "https://a.example/"), ("site_url", ""), ("pdf_url", "")],
)  # fmt: skip
def test_a_curator_outranks_the_author_who_outranks_every_source(field: str, value: str) -> None:
    records = [said("crossref", year=2019, venue="V", site_url="https://c.example/"), said("a_plugin", title="Wrong")]
    author, curator = Correction(field, "1999" if field == "year" else "thesis", "author"), Correction(
        field, value, "curator"
    )  # fmt: skip
    for corrections in ([author, curator], [curator, author]):
        work = merged(records, corrections)
        assert str(getattr(work, field)) == value
        assert work.provenance[field] == "curator"
        assert work.alternatives[field][0] == Alternative("author", author.value)
    assert merged(records, [author]).provenance[field] == "author"
    assert merged(records, [author]).provenance["authors"] == merged(records).provenance["authors"]


def test_what_the_sources_say_stays_beside_a_correction() -> None:
    only = said("crossref", title="Wrnog", year=2019)
    work = merged([only], [Correction("title", "Wrong", "curator")])
    assert work.alternatives == {"title": (Alternative("crossref", "Wrnog"),)}
    assert merged([only], [Correction("title", "Wrnog", "curator")]).alternatives == {"title": ()}


def test_a_corrected_year_is_that_of_the_version_too() -> None:
    records = [said("arxiv", "preprint", year=2018, venue="arXiv"), said("crossref", year=2019, venue="Soup")]
    work = merged(records, [Correction("year", "2020", "curator"), Correction("venue", "Broth", "curator")])
    assert work.version_label == "arXiv 2018 → Broth 2020"
    assert work.versions[1].sources == ("crossref",)


def test_a_preprint_that_was_published_keeps_its_version() -> None:
    preprint = said("arxiv", "preprint", year=2018, venue="arXiv")
    work = merged([preprint], [Correction(f, v, "curator") for f, v in (("type", "journal"), ("venue", "Soup"))])
    assert work.version_label == "arXiv 2018 → Soup 2018"
    assert work.versions[1].sources == ("curator",)
    assert merged([preprint], [Correction("venue", "Soup", "curator")]).version_label == "arXiv 2018"


def test_versions_that_are_the_same_after_a_correction_are_one() -> None:
    records = [said("crossref", year=2019, venue="Soup"), said("openalex", year=2020, venue="Soup!")]
    work = merged(records, [Correction("year", "2020", "curator")])
    assert [(v.version.year, v.sources) for v in work.versions] == [(2020, ("crossref", "openalex"))]


# Order

RECORDS = st.builds(
    said,
    st.sampled_from(["acl", "arxiv", "bibtex", "crossref", "openalex", "a_plugin", "orcid"]),
    st.sampled_from(["journal", "conference", "preprint", "other"]),
    key=st.sampled_from("123"),
    title=st.sampled_from(["Soups", "Soups!", "SOUPS"]),
    abstract=st.sampled_from(["", "We stir.", "We stir and stir."]),
    venue=st.sampled_from(["", "Soup", "SOUP", "Broth"]),
    year=st.sampled_from([None, 2018, 2019, NEXT_YEAR + 1]),
    date=st.sampled_from(["", "2018", "2018-03", "2018-03-01", "2019"]),
    license=st.sampled_from(["", "CC BY", "CC0"]),
    identifiers=st.sampled_from([(), (("doi", "10.1/a"),), (("doi", "10.1/b"), ("pmid", "1"))]),
    authors=st.sampled_from(
        [(ParsedAuthor("Ada Lovelace"),), (ParsedAuthor("A. Lovelace"),), (ParsedAuthor("A"), ParsedAuthor("B"))]
    ),
)
CORRECTIONS = st.lists(
    st.builds(
        Correction,
        st.sampled_from(["title", "venue", "license"]),
        st.sampled_from(["Soup", "Kitchen"]),
        st.sampled_from(["author", "curator"]),
    ),
    unique_by=lambda c: (c.field, c.origin),
)


@given(st.lists(RECORDS, min_size=1, max_size=6, unique_by=lambda r: (r.source, r.key)), CORRECTIONS, st.data())
def test_only_the_set_of_records_and_corrections_counts(
    records: list[SourcedRecord], corrections: list[Correction], data: st.DataObject
) -> None:
    first = merged(records, corrections)
    again = merged(data.draw(st.permutations(records)), data.draw(st.permutations(corrections)))
    assert again == first
    for correction in corrections:
        if correction.origin == "curator":
            assert getattr(first, correction.field) == correction.value
    keys = [(v.version.kind, v.version.venue.casefold(), v.version.year) for v in first.versions]
    assert len(keys) == len(set(keys))


@given(RECORDS)
def test_a_record_alone_makes_the_work_that_it_makes_with_its_like(record: SourcedRecord) -> None:
    """The short way of works with one record comes to what the long way comes to."""
    twin = SourcedRecord(record.source, "twin", record.record)
    assert merged([record]) == merged([record, twin])
