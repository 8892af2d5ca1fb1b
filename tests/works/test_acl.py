"""The ACL Anthology's XML: identifiers from numbers, what a paper inherits from its volume, people, and the old schema."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.pipeline import importworks, stored
from tests.works.test_corpus import SAMPLES, parsed
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources.acl import AclSource

PAYLOADS = Path(__file__).parents[1] / "payloads" / "acl"


def _all(name: str) -> dict[str, ParsedRecord | str]:
    """What becomes of each paper of a payload, by key: the work, or the code of its rejection."""
    found: dict[str, ParsedRecord | str] = {}
    for raw in AclSource().read(PAYLOADS / name):
        try:
            found[raw.key] = normalise(AclSource.parse(raw))
        except RecordRejected as rejected:
            found[raw.key] = rejected.code
    return found


def _work(name: str, key: str) -> ParsedRecord:
    work = _all(name)[key]
    assert isinstance(work, ParsedRecord)
    return work


def _parse(volume: str) -> ParsedRecord:
    return normalise(AclSource.parse(RawRecord("", volume.encode())))


def test_a_paper_is_translated_field_by_field() -> None:
    work = _work("2024.soup.xml", "2024.soup-main.1")
    assert work.title == r"Stirring with $\ell_1$: BERT in the kitchen & garden"
    assert work.authors == (
        ParsedAuthor(
            "Ada B. Lovelace", ("University of X",), "", {"acl": "ada-lovelace", "orcid": "0000-0002-1825-0097"}
        ),
        ParsedAuthor("Yang Liu", native_name="刘洋"),
        ParsedAuthor("Sukarno"),
        ParsedAuthor("Jan van der Hopper Jr."),
    )
    version = work.version
    assert (version.kind, version.venue, version.date, version.revision) == (
        "conference",
        "Proceedings of the 3rd Workshop on Soup",
        "2024-11",
        "v2",
    )
    assert work.identifiers == (("acl", "2024.soup-main.1"), ("doi", "10.18653/v1/2024.soup-main.1"))
    assert (work.site_url, work.pdf_url, work.code_url) == (
        "https://aclanthology.org/2024.soup-main.1/",
        "https://aclanthology.org/2024.soup-main.1.pdf",
        "https://github.com/example-kitchen/soups",
    )
    assert (work.abstract, work.language) == ("We stir, https://github.com/example-kitchen/abstract.", "deu")


def test_papers_without_authors_or_title_are_rejected_and_retracted_ones_say_so() -> None:
    found = _all("2024.soup.xml")
    assert (found["2024.soup-main.2"], found["2024.soup-main.3"]) == ("authors-missing", "title-missing")
    retracted = _work("2024.soup.xml", "2024.soup-main.4")
    assert (retracted.version.status, retracted.pdf_url) == ("Retracted", "https://elsewhere.example/4.pdf")


def test_front_matter_and_talks_are_no_works_and_a_volume_is_a_book_by_its_editors() -> None:
    assert list(_all("2024.soup.xml")) == [
        "2024.soup-main.1", "2024.soup-main.2", "2024.soup-main.3", "2024.soup-main.4", "2024.soup-short.1",
    ]  # fmt: skip
    volume = _work("W99.xml", "W99-0700")
    assert (volume.version.kind, volume.authors) == ("book", (ParsedAuthor("Emmy Noether", role="editor"),))


def test_each_volume_gives_its_papers_its_own_facts_and_no_others() -> None:
    short = _work("2024.soup.xml", "2024.soup-short.1").version
    assert (short.venue, short.date) == ("Short soups", "2023")
    without = _work("W99.xml", "W99-0801").version
    assert (without.venue, without.date) == ("", "1999")


def test_the_old_schema_numbers_papers_through_and_names_the_volume_by_its_first() -> None:
    found = _all("old_J17.xml")
    assert list(found) == ["J17-1000", "J17-1001"]
    paper = _work("old_J17.xml", "J17-1001")
    assert paper.title == "A recipe"
    assert (paper.version.kind, paper.version.venue, paper.version.date) == (
        "journal",
        "Computational Cooking",
        "2017-04",
    )
    assert paper.pdf_url == "https://aclanthology.org/J17-1001.pdf"


@pytest.mark.parametrize(
    ("collection", "volume", "paper", "identifier"),
    [
        ("P18", "1", "1", "P18-1001"),
        ("W99", "1", "2", "W99-0102"),
        ("W18", "12", "3", "W18-1203"),
        ("C69", "2", "3", "C69-0203"),
        ("D19", "1", "3", "D19-1003"),
        ("D19", "50", "3", "D19-5003"),
        ("2020.acl", "main", "12", "2020.acl-main.12"),
    ],
)
def test_identifiers_follow_from_collection_volume_and_number(
    collection: str, volume: str, paper: str, identifier: str
) -> None:
    data = f"""<collection id="{collection}"><volume id="{volume}"><paper id="{paper}"><title>T</title>
        <author><last>A</last></author></paper></volume></collection>"""
    assert _parse(data).identifiers == (("acl", identifier),)


@pytest.mark.parametrize("data", ['<volume id="x"><paper id="1"/></volume>', '<volume><paper id="one"/></volume>'])
def test_numbers_that_make_no_identifier_are_rejected(data: str) -> None:
    with pytest.raises(RecordRejected) as rejected:
        _parse(data)
    assert (rejected.value.code, rejected.value.field) == ("acl-id-invalid", "id")


@pytest.mark.parametrize(
    ("month", "date"),
    [
        ("November", "2020-11"),
        ("Aug 23–Aug 27", "2020-08"),
        ("November 5", "2020-11-05"),
        ("May 31-June 1", "2020"),
        ("July–August", "2020"),
        ("Michaelmas", "2020"),
        ("", "2020"),
    ],
)
def test_months_in_words_are_kept_as_far_as_they_are_one(month: str, date: str) -> None:
    meta = f"<meta><year>2020</year><month>{month}</month></meta>"
    paper = '<paper id="1"><title>T</title><author><last>A</last></author></paper>'
    assert _parse(f'<collection id="2020.x"><volume id="1">{meta}{paper}</volume></collection>').version.date == date


@pytest.mark.parametrize(
    ("collection", "volume", "meta", "kind", "venue"),
    [
        ("J89", 'type="journal"', "<journal-title>CL</journal-title>", "journal", "CL"),
        ("Q13", "", "<booktitle>Transactions, Volume 1, Issue 1</booktitle>", "journal", "Transactions"),
        ("2021.cl", "", "<booktitle>Computational Linguistics</booktitle>", "journal", "Computational Linguistics"),
        ("2021.acl", 'type="proceedings"', "<booktitle>Proc</booktitle>", "conference", "Proc"),
        (
            "2021.acl",
            "",
            "<booktitle>Proc (Volume 1: Long Papers)</booktitle>",
            "conference",
            "Proc (Volume 1: Long Papers)",
        ),
    ],
)
def test_journals_are_told_from_proceedings(collection: str, volume: str, meta: str, kind: str, venue: str) -> None:
    paper = '<paper id="1"><title>T</title><author><last>A</last></author></paper>'
    version = _parse(
        f'<collection id="{collection}"><volume id="1" {volume}><meta>{meta}</meta>{paper}</volume></collection>'
    ).version
    assert (version.kind, version.venue) == (kind, venue)


def test_a_payload_depends_on_the_paper_and_its_volume_alone(tmp_path: Path) -> None:
    whole = (PAYLOADS / "2024.soup.xml").read_text(encoding="utf-8")
    other = (
        whole.replace("Cold soup", "Colder soup").replace("Computational Cooking", "Cooking").replace(' hash="1"', "")
    )
    path = tmp_path / "2024.soup.xml"
    path.write_text(other.replace("<url>2024.soup-main.1<", '<url hash="1">2024.soup-main.1<'), encoding="utf-8")
    before = {raw.key: raw.payload for raw in AclSource().read(PAYLOADS / "2024.soup.xml")}
    after = {raw.key: raw.payload for raw in AclSource().read(path)}
    assert [key for key in before if before[key] != after[key]] == ["2024.soup-main.4"]


def test_damage_comes_after_the_whole_papers() -> None:
    whole, rest = AclSource().read(PAYLOADS / "cut.xml")
    assert whole.key == "2024.soup-main.1"
    assert "after record 1 the XML is damaged or cut short" in rest.problem
    assert rest.payload.strip().startswith(b'<paper id="2">')


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("people.yaml", "is no XML; expected the ACL Anthology's XML"),
        ("schema.rnc", "is no XML; expected the ACL Anthology's XML"),
        ("marc.xml", "holds no papers of the ACL Anthology"),
        ("doctype.xml", "declares a document type"),
        ("page.html", "is an HTML page"),
        ("empty.xml", "is empty"),
    ],
)
def test_the_anthologys_other_files_and_strangers_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        AclSource().read(PAYLOADS / name)


@pytest.mark.usefixtures("empty_library")
def test_an_import_twice_changes_nothing_the_second_time() -> None:
    assert importworks(PAYLOADS / "W99.xml", source="acl").status == 0
    before = stored()
    assert len(before["works"]) == 3
    assert "unchanged 3" in importworks(PAYLOADS / "W99.xml", source="acl").out
    assert stored() == before


def test_no_paper_author_id_or_doi_of_the_samples_is_lost() -> None:
    """Counted in the bytes of each file and payload, independent of the parser."""
    works = 0
    for path in sorted((SAMPLES / "acl").glob("*.xml")):
        records = list(AclSource().read(path))
        assert len(records) == path.read_text(encoding="utf-8").count("<paper id=")
        for raw in records:
            assert raw.key
            text = re.sub(r"<meta>.*?</meta>", "", raw.payload.decode(), flags=re.DOTALL)
            printed = []
            for byline in re.findall(r"<author\b.*?</author>", text, re.DOTALL):
                parts = [re.search(f"<{part}>(.*?)</", byline) for part in ("first", "last")]
                printed.append(" ".join(" ".join(unescape(part[1]) for part in parts if part).split()))
            record = parsed("acl", raw)
            if isinstance(record, RecordRejected):
                assert record.code == "authors-missing"
                assert printed == []
                continue
            works += 1
            assert [" ".join(author.name.split()) for author in record.authors if not author.role] == printed
            stated = re.findall(r'<author\b[^>]* id="([^"]+)"', text)
            assert [author.identifiers["acl"] for author in record.authors if author.identifiers] == stated
            doi = re.search(r"<doi>([^<]+)</doi>", text)
            assert dict(record.identifiers).get("doi") == (doi[1].strip().lower() if doi else None)
            # The address the Anthology gives agrees with the identifier made from the numbers.
            own = re.search(
                r"<url[^>]*>(?:http://www\.aclweb\.org/anthology/)?([A-Z]\d\d-\d{4}|\d{4}\.[^<]*-\d+\.\d+)</url>", text
            )
            assert own is None or own[1] == raw.key
            assert record.version.date
    assert works >= 1_000
