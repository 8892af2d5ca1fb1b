"""arXiv's OAI-PMH formats: names in parts and in one line, versions, Dublin Core, and the samples counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.pipeline import importworks, stored
from tests.upstream import Answer, Parameters, serving
from tests.works.test_corpus import SAMPLES, parsed
from works.ingest.normalise import normalise
from works.records import ParsedAuthor
from works.sources import arxiv_authors
from works.sources.arxiv_oai import INTERVAL, ArxivOaiSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "arxiv_oai"


def test_the_arxiv_format_is_translated_field_by_field() -> None:
    raw = next(ArxivOaiSource().read(PAYLOADS / "records.xml"))
    assert (raw.key, raw.origin) == ("2401.00001", "records.xml:1")
    record = normalise(ArxivOaiSource.parse(raw))
    assert record.title == r"Stirring soups: an $\ell_1$ recipe for the kitchen"
    assert record.authors == (
        ParsedAuthor("The EXAMPLE Collaboration"),
        ParsedAuthor("Ada Lovelace", ("University of X", "Institute Y")),
        ParsedAuthor("E. Schrödinger Jr."),
        ParsedAuthor("Grace van der Hopper"),
    )
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.date, version.track) == (
        "preprint",
        "arXiv",
        "2024-01-01",
        "Journal of Examples 7 (2024) 1-12",
    )
    assert record.identifiers == (
        ("arxiv", "2401.00001"),
        ("doi", "10.1000/example.7"),
        ("doi", "10.1000/example.8"),
        ("doi", "10.1000/example.9"),
    )
    assert [topic.code for topic in record.topics] == ["cs.LG", "stat.ML", "math-ph"]
    assert record.abstract == "We stir. Then $x < y$ follows."
    assert (record.site_url, record.pdf_url, record.code_url, record.license) == (
        "https://arxiv.org/abs/2401.00001",
        "https://arxiv.org/pdf/2401.00001",
        "https://github.com/example-kitchen/soups",
        "http://creativecommons.org/licenses/by/4.0/",
    )


def test_the_raw_format_gives_the_first_date_the_last_version_and_aligned_affiliations() -> None:
    (raw,) = ArxivOaiSource().read(PAYLOADS / "raw.xml")
    record = normalise(ArxivOaiSource.parse(raw))
    assert (record.version.date, record.version.revision) == ("2024-01-02", "v2")
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", ("University of X, City",)),
        ParsedAuthor("Émile Borel", ("University of X, City", "Institute Y")),
        ParsedAuthor("Grace Hopper", ("Institute Y",)),
    )
    assert record.authors_truncated


def test_dublin_core_of_arxiv_gives_names_in_order_and_categories_by_code() -> None:
    (raw,) = ArxivOaiSource().read(PAYLOADS / "dublin_core.xml")
    assert raw.key == "2312.00007"
    record = normalise(ArxivOaiSource.parse(raw))
    assert [author.name for author in record.authors] == ["Grace Hopper Jr.", "EXAMPLE Collaboration"]
    assert [topic.code or topic.label for topic in record.topics] == ["cs.LG", "hep-th", "soup"]
    assert record.identifiers == (("arxiv", "2312.00007"), ("doi", "10.1000/example.11"))
    assert (record.version.kind, record.version.date, record.abstract) == ("preprint", "2023-12-31", "We wait.")


@pytest.mark.parametrize(
    ("line", "authors", "rest"),
    [
        ("A. One, B. Two and C. Three", [("A. One",), ("B. Two",), ("C. Three",)], ()),
        ("A. One and B. Two (CERN), C. Three (MIT)", [("A. One", "CERN"), ("B. Two", "CERN"), ("C. Three", "MIT")], ()),
        ("A (1), B (1 and 2) ((1) X, City, (2) Y)", [("A", "X, City"), ("B", "X, City", "Y")], ()),
        ("A (1), B (2), (1) X, City (2) Y", [("A", "X, City"), ("B", "Y")], ()),
        ("A (a,b) and B (c) (a. X; b. Y; c. Z)", [("A", "X", "Y"), ("B", "Z")], ()),
        ("A (1), B ((1) X, (2) Y)", [("A", "X"), ("B",)], ("Y",)),
        ("A (1), B (2)", [("A",), ("B",)], ()),
        ("A (Dept (Sub), City), B (open", [("A", "Dept (Sub), City"), ("B", "open")], ()),
        ("J. Smith, Jr., K. King III", [("J. Smith, Jr.",), ("K. King III",)], ()),
        ("The X Collaboration: A. One, B. Two", [("The X Collaboration",), ("A. One",), ("B. Two",)], ()),
        ("A. One (for the X Collaboration)", [("A. One", "for the X Collaboration")], ()),
        ("A. One for the X Collaboration", [("A. One for the X Collaboration",)], ()),
        ("A. One et al. (X Collaboration)", [("A. One", "X Collaboration")], ()),
        ("A. One, et al (X)", [("A. One",)], ("X",)),
        ("Alexander (Sasha) Name, B. Two", [("Alexander (Sasha) Name",), ("B. Two",)], ()),
        (r"\'Emile Borel \& Andr\'e {\L}uk", [("Émile Borel",), ("André Łuk",)], ()),
        ("Anderson Sandoval and Fernanda", [("Anderson Sandoval",), ("Fernanda",)], ()),
        ("A) B", [("A",), ("B",)], ()),
        ("(nobody)", [], ("nobody",)),
        ("", [], ()),
        (" , ; , ", [], ()),
    ],
)
def test_an_author_line_is_taken_apart_and_nothing_is_dropped(
    line: str, authors: list[tuple[str, ...]], rest: tuple[str, ...]
) -> None:
    found = arxiv_authors.split(line)
    assert [(author.name, *author.affiliations) for author in found.authors] == authors
    assert found.unaligned == rest
    assert found.truncated == ("et al" in line)


@pytest.mark.parametrize(
    "line", ["(" * 200_000, ")" * 200_000, "A (1), " * 60_000, "and " * 100_000, "(1) x, " * 60_000]
)
def test_a_hostile_author_line_costs_no_more_than_its_length(line: str) -> None:
    assert len(arxiv_authors.split(line).authors) <= len(line)


def test_withdrawn_nameless_and_foreign_records_are_told_apart() -> None:
    outcomes = []
    for raw in ArxivOaiSource().read(PAYLOADS / "records.xml"):
        try:
            ArxivOaiSource.parse(raw)
            outcomes.append((raw.key, "parsed"))
        except RecordRejected as rejected:
            outcomes.append((raw.key, rejected.code))
    assert outcomes == [
        ("2401.00001", "parsed"),
        ("hep-ex/0309136", "parsed"),
        ("2401.00003", "authors-missing"),
        ("2401.00009", "record-withdrawn"),
        ("", "arxiv-id-invalid"),
    ]


def test_metadata_alone_and_one_after_the_other_is_read() -> None:
    records = list(ArxivOaiSource().read(PAYLOADS / "alone.xml"))
    assert [record.key for record in records] == ["2401.00001", "2401.00002"]
    assert len(ArxivOaiSource.parse(records[1]).authors) == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("error.xml", "idDoesNotExist"),
        ("sets.xml", "a list of sets"),
        ("feed.xml", "with the root 'feed'"),
        ("page.html", "is an HTML page"),
        ("empty.xml", "is empty"),
    ],
)
def test_what_holds_no_records_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        ArxivOaiSource().read(PAYLOADS / name)


@pytest.mark.usefixtures("empty_library")
def test_an_import_twice_changes_nothing_the_second_time() -> None:
    assert importworks(PAYLOADS / "alone.xml", source="arxiv_oai").status == 0
    before = stored()
    assert len(before["works"]) == 2
    assert "unchanged 2" in importworks(PAYLOADS / "alone.xml", source="arxiv_oai").out
    assert stored() == before


def test_no_author_affiliation_doi_or_category_of_the_samples_is_lost() -> None:
    """Counted in the bytes of each payload, independent of the parser."""
    works = 0
    for path in sorted((SAMPLES / "arxiv_oai").iterdir()):
        try:
            records = list(ArxivOaiSource().read(path))
        except SourceUnavailable:
            continue
        for raw in records:
            record = parsed("arxiv_oai", raw)
            assert not isinstance(record, RecordRejected), raw.origin
            works += 1
            text = raw.payload.decode()
            bylines = re.findall(r"<author>.*?</author>|<dc:creator\b.*?</dc:creator>", text, re.DOTALL)
            # arXiv prints the colon after a collaboration's name as an author of its own.
            bylines = [line for line in bylines if re.search(r"<(?:keyname|dc:creator)\b[^>]*>[^<]*\w", line)]
            if bylines:
                assert len(record.authors) == len(bylines)
                for author, byline in zip(record.authors, bylines, strict=True):
                    for part in re.findall(r"<(?:keyname|forenames|suffix|dc:creator)\b[^>]*>([^<,]*)", byline):
                        assert part in author.name
                    assert len(author.affiliations) == byline.count("<affiliation>")
            else:
                listed = re.search(r"<authors>(.*?)</authors>", text, re.DOTALL)
                assert listed
                assert len(record.authors) == 1 + listed[1].count(", ") + listed[1].count(" and ")
            stated = re.findall(r"10\.\d{4,9}/[^\s,;<]+", " ".join(re.findall(r"<doi>.*?</doi>", text)))
            assert {value for scheme, value in record.identifiers if scheme == "doi"} == {d.lower() for d in stated}
            codes = re.search(r"<categories>(.*?)</", text)
            assert codes is None or [topic.code for topic in record.topics] == codes[1].split()
            assert record.version.date
    assert works >= 30


# The live service, on loopback


def test_a_window_is_harvested_and_identifiers_are_asked_for_one_by_one() -> None:
    page = (PAYLOADS / "raw.xml").read_bytes()

    def script(asked: Parameters) -> Answer:
        identify = b"<OAI-PMH><Identify><granularity>YYYY-MM-DD</granularity></Identify></OAI-PMH>"
        return 200, identify if asked["verb"] == "Identify" else page

    with serving(script) as upstream:
        source = ArxivOaiSource(endpoint=upstream.url, interval=0)
        for query in ("set=cs from=2024-01-01 prefix=arXivRaw", "arXiv:2401.00002v2"):
            assert [record.key for record in source.fetch(query, upstream.client())] == ["2401.00002"]
    assert upstream.asked[1:] == [
        {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "from": "2024-01-01", "set": "cs"},
        {"verb": "GetRecord", "metadataPrefix": "arXiv", "identifier": "oai:arXiv.org:2401.00002"},
    ]


@pytest.mark.parametrize(("query", "reason"), [("", "needs a window"), ("au:Morcos", "is not understood")])
def test_a_query_that_is_no_window_asks_nobody(query: str, reason: str) -> None:
    with serving(lambda _: (200, b"")) as upstream:
        with pytest.raises(SourceUnavailable, match=reason):
            list(ArxivOaiSource(endpoint=upstream.url).fetch(query, upstream.client()))
        assert upstream.asked == []


def test_requests_are_three_seconds_apart() -> None:
    assert INTERVAL >= 3
