"""RIS: tags as programs write them, names, partial dates and keys; neighbors refused; and that nothing is lost."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from works.ingest.normalise import normalise
from works.records import ParsedRecord, RawRecord
from works.sources.ris import RisSource

from .test_corpus import SAMPLES, parsed, read

PAYLOADS = Path(__file__).parents[1] / "payloads" / "ris"


def _works(name: str = "works.ris") -> list[ParsedRecord]:
    return [normalise(RisSource.parse(raw)) for raw in RisSource().read(PAYLOADS / name)]


def _record(*lines: str, record_type: str = "JOUR") -> ParsedRecord:
    text = "\n".join([f"TY  - {record_type}", "TI  - T", "AU  - Lovelace, Ada", *lines, "ER  - "])
    return normalise(RisSource.parse(RawRecord("key", text.encode())))


def _names(*lines: str) -> list[str]:
    text = "\n".join(["TY  - JOUR", "TI  - T", *lines])
    return [author.name for author in normalise(RisSource.parse(RawRecord("key", text.encode()))).authors]


def test_a_record_is_translated_tag_by_tag() -> None:
    record = _works()[0]
    assert record.title == "On the boiling of three liters"
    assert [author.name for author in record.authors] == [
        "Ada Lovelace",
        "Émile Borel",
        "Jan van der Berg",
        "Guy L. Steele, Jr.",
        "Soup & Sons Consortium",
    ]
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.year, version.date) == (
        "journal",
        "Journal of Kitchens",
        1999,
        "1999-04-07",
    )
    assert record.identifiers == (("doi", "10.1000/example.7"), ("pmid", "12345678"))
    assert [topic.label for topic in record.topics] == ["soup", "stirring", "slow", "heat", "salt", "time"]
    assert record.abstract == "First line. Second line, with IN - dashes. ER is no end of it."
    assert record.unaligned_affiliations == ("Kitchen University", "Institute of Ladles")
    assert (record.site_url, record.pdf_url, record.code_url, record.language) == (
        "https://example.org/7",
        "https://example.org/7.pdf",
        "https://github.com/example-kitchen/soups",
        "en",
    )


def test_editors_stand_for_a_volume_without_authors_only() -> None:
    book = _works()[1]
    assert [(author.name, author.role) for author in book.authors] == [("Emmy Noether", "editor")]
    assert book.identifiers == (("isbn", "9783161484100"),)
    outcome = [raw for raw in RisSource().read(PAYLOADS / "odd.ris") if b"Nobody's" in raw.payload]
    with pytest.raises(RecordRejected) as rejected:
        RisSource.parse(outcome[0])
    assert (rejected.value.code, rejected.value.field) == ("authors-missing", "AU")


def test_a_record_without_an_end_ends_where_the_next_begins() -> None:
    without, preprint = _works()[2:]
    assert (without.version.date, without.version.venue) == ("2014-12-01", "Annual Conference on Stirring")
    assert (preprint.version.kind, preprint.version.revision) == ("preprint", "v2")
    assert preprint.identifiers == (("arxiv", "2203.05482"),)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (("A1  - Georgiev, Danko", "AU  - Bello, Leon", "A1  - Cohen, Eliahu"), ["Danko Georgiev", "Leon Bello", "Eliahu Cohen"]),
        (("AU  - Shannon,Claude E.",), ["Claude E. Shannon"]),
        (("AU  - Steele, Guy L., Jr.", "AU  - King, Martin Luther, III"), ["Guy L. Steele, Jr.", "Martin Luther King, III"]),
        (("AU  - von Neumann, John",), ["John von Neumann"]),
        (("AU  - World Soup Organization", "AU  - World Soup Organization,"), ["World Soup Organization"] * 2),
        (("AU  - Lovelace, Ada", "Hopper, Grace"), ["Ada Lovelace", "Grace Hopper"]),
        (("AU  - Lovelace A, Hopper G, Noether E",), ["Lovelace A", "Hopper G", "Noether E"]),
        (("AU - KONING, A. P. JASON de",), ["A. P. JASON de KONING"]),
    ],
)  # fmt: skip
def test_names_come_out_as_printed(lines: tuple[str, ...], names: list[str]) -> None:
    assert _names(*lines) == names


@pytest.mark.parametrize(
    ("lines", "year", "date"),
    [
        (("PY  - 2014/03//",), 2014, "2014-03"),
        (("Y1  - 2014/12/01/other",), 2014, "2014-12-01"),
        (("PY  - 2014", "DA  - 2014/06/01"), 2014, "2014-06-01"),
        (("PY  - 2014", "DA  - 2015/06/01"), 2014, "2014"),
        (("PY  - 2014///Spring",), 2014, "2014"),
        (("Y1  - 2020-05-17",), 2020, "2020-05-17"),
        (("DA  - May 2003",), 2003, "2003"),
        (("PY  - 0000",), None, ""),
        (("PY  - in press", "Y2  - 2014/12/17"), None, ""),
    ],
)
def test_dates_stay_as_partial_as_they_are(lines: tuple[str, ...], year: int | None, date: str) -> None:
    version = _record(*lines).version
    assert (version.year, version.date) == (year, date)


@pytest.mark.parametrize(
    ("lines", "identifiers"),
    [
        (("DO  - http://dx.doi.org/10.1177/2325967120950040",), {("doi", "10.1177/2325967120950040")}),
        (("M3  - doi: 10.1000/7",), {("doi", "10.1000/7")}),
        (("N1  - 10.1000/7",), {("doi", "10.1000/7")}),
        (("N1  - Erratum in 10.1000/8",), set()),
        (("UR  - https://doi.org/10.1000/7",), {("doi", "10.1000/7")}),
        (("UR  - https://pubmed.ncbi.nlm.nih.gov/23439512/",), {("pmid", "23439512")}),
        (("C2  - PMID: 23439512",), {("pmid", "23439512")}),
        (("AN  - 23439512",), set()),
        (("JO  - arXiv:2203.05482",), {("arxiv", "2203.05482")}),
        (("SN  - 978-3-16-148410-0",), set()),
    ],
)
def test_identifiers_are_found_where_programs_write_them(
    lines: tuple[str, ...], identifiers: set[tuple[str, str]]
) -> None:
    assert set(_record(*lines).identifiers) == identifiers


@pytest.mark.parametrize(
    ("record_type", "kind"),
    [("JOUR", "journal"), ("Journal Article", "journal"), ("CPAPER", "conference"), ("CHAP", "book"), ("THES", "thesis"),
     ("DATA", "dataset"), ("UNPB", "preprint"), ("GEN", "other"), ("XYZ", "other")],
)  # fmt: skip
def test_the_type_says_what_kind_of_work_it_is(record_type: str, kind: str) -> None:
    assert _record(record_type=record_type).version.kind == kind


def test_keys_are_stable_where_the_record_gives_none() -> None:
    keys = [raw.key for raw in RisSource().read(PAYLOADS / "works.ris")]
    assert keys[0] == "10.1000/example.7"
    assert keys[2] == "hopper2014"
    assert all(re.fullmatch(r"t-[0-9a-f]{20}", key) for key in (keys[1], keys[3]))


def test_a_running_number_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "a.ris"
    keys = []
    for number, abstract in ((3, "One."), (4, "Two.")):
        path.write_text(f"TY  - JOUR\nID  - {number}\nTI  - T\nAU  - Lovelace, Ada\nAB  - {abstract}\nER  - \n")
        keys += [raw.key for raw in RisSource().read(path)]
    assert keys[0] == keys[1]


def test_a_second_work_of_the_same_key_is_kept_and_a_repeated_one_is_not() -> None:
    same = [raw.key for raw in RisSource().read(PAYLOADS / "odd.ris") if b"soup/1" in raw.payload]
    assert len(same) == 2
    assert same[0] == "soup/1"
    assert re.fullmatch(r"soup/1#[0-9a-f]{12}", same[1])


def test_old_macintosh_files_and_stray_bytes_are_read_but_no_encoding_is_guessed() -> None:
    latin, unknown = RisSource().read(PAYLOADS / "undeclared.ris")
    assert RisSource.parse(latin).authors[0].name == "Jürgen Müller"
    assert "neither UTF-8 nor Windows-1252" in unknown.problem


def test_a_compressed_file_is_the_same_and_a_cut_one_says_so() -> None:
    assert _works("works.ris.gz") == _works()
    (*_, last) = RisSource().read(PAYLOADS / "cut.ris.gz")
    assert "the gzip file is cut short" in last.problem


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.ris", "is empty"),
        ("page.ris", "is XML or HTML"),
        ("other.json", "is JSON"),
        ("letter.txt", "no record that begins"),
        ("isi.ris", "Web of Science"),
        ("medline.nbib", "MEDLINE"),
        ("refer.enw", "EndNote"),
    ],
)
def test_what_is_no_ris_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(RisSource().read(PAYLOADS / name))


def test_a_record_too_long_is_set_aside_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "long.ris"
    good = "TY  - JOUR\nTI  - T\nAU  - Lovelace, Ada\nER  - \n"
    path.write_text("TY  - JOUR\n" + "AB  - soup\n" * 500_000 + "ER  - \n" + good)
    first, second = RisSource().read(path)
    assert "more than" in first.problem
    assert RisSource.parse(second).title == "T"


HOSTILE: dict[str, Callable[[int], str]] = {
    "names": lambda n: "AU  - " + "a; " * n,
    "commas": lambda n: "AU  - " + "a a," * n,
    "blanks": lambda n: "AU  - a" + " " * n + "b",
    "identifiers": lambda n: "N1  - " + "arXiv: " * n + "\nDO  - " + "10.1234/" * n + "\nSN  - " + "1 " * n + "\nC2  - " + "PMID " * n,
    "lines": lambda n: "AB  - x\n" + "T\n" * n,
    "addresses": lambda n: "UR  - " + "http://" * n,
}  # fmt: skip


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_values_take_time_in_proportion_to_their_length(shape: str) -> None:
    def seconds(length: int) -> float:
        payload = f"TY  - BOOK\nTI  - T\n{HOSTILE[shape](length)}\n".encode()
        started = time.process_time()
        with contextlib.suppress(RecordRejected):
            normalise(RisSource.parse(RawRecord("", payload)))
        return time.process_time() - started

    assert seconds(80_000) < 12 * seconds(20_000) + 1.0


def test_no_author_and_no_doi_of_the_samples_is_lost() -> None:
    counted = 0
    for path in sorted((SAMPLES / "ris").iterdir()):
        records = read("ris", path)
        for raw in [] if isinstance(records, str) else records:
            outcome = parsed("ris", raw)
            if isinstance(outcome, ParsedRecord):
                payload = raw.payload.decode()
                authors = re.findall(r"^(?:AU|A1) {1,2}- .*\w", payload, re.MULTILINE)
                editors = re.findall(r"^(?:ED|A2|A3) {1,2}- .*\w", payload, re.MULTILINE)
                assert len(outcome.authors) == len(authors or editors), (path.name, raw.key)
                dois = re.findall(r"^DO {1,2}- .*?(10\.\d+/\S+)", payload, re.MULTILINE)
                assert {("doi", doi.lower()) for doi in dois} <= set(outcome.identifiers)
                years = re.findall(r"^(?:PY|Y1) {1,2}- (\d{4})", payload, re.MULTILINE)
                assert outcome.version.year == (int(years[0]) if years else None)
                counted += 1
    assert counted >= 100
