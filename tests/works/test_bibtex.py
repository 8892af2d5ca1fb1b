"""BibTeX: names, macros, crossrefs and dates as BibTeX reads them; broken files; and that nothing of an entry is lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources import bibliography, bibtex_syntax
from works.sources.bibtex import BibtexSource

from .test_corpus import SAMPLES, parsed, read

PAYLOADS = Path(__file__).parents[1] / "payloads" / "bibtex"


def _records(data: str | bytes, folder: Path) -> list[RawRecord]:
    path = folder / "list.bib"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(BibtexSource().read(path))


def _entry(fields: str, entry_type: str = "article") -> ParsedRecord:
    payload = f"@{entry_type}{{key, {fields}}}".encode()
    return normalise(BibtexSource.parse(RawRecord("key", payload)))


def _names(author: str) -> list[str]:
    return [author.name for author in _entry(f"title = {{T}}, author = {{{author}}}").authors]


def _works() -> dict[str, ParsedRecord]:
    return {raw.key: normalise(BibtexSource.parse(raw)) for raw in BibtexSource().read(PAYLOADS / "works.bib")}


# Entries


def test_an_entry_is_translated_field_by_field() -> None:
    record = _works()["lovelace2024"]
    assert record.title == r"Stirring soups: an $\ell_1$ recipe for Schrödinger's kitchen"
    assert record.authors == (
        ParsedAuthor("Ada Lovelace"),
        ParsedAuthor("Émile Borel", identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Jan van der Berg"),
        ParsedAuthor("Guy L. Steele, Jr."),
        ParsedAuthor("The EXAMPLE Consortium"),
    )
    assert record.authors_truncated
    version = record.version
    assert (version.kind, version.venue, version.year, version.date, version.revision) == (
        "conference",
        "Annual Conference on Stirring",
        2024,
        "2024-07",
        "v2",
    )
    assert record.identifiers == (("arxiv", "2401.00001"), ("doi", "10.1000/example_7"))
    assert [(topic.kind, topic.label) for topic in record.topics] == [
        ("category", "cs.LG"),
        ("keyword", "soup"),
        ("keyword", "stirring, slow"),
    ]
    assert record.code_url == "https://github.com/example-kitchen/soups"


def test_a_volume_hands_down_venue_and_date_but_neither_authors_nor_isbn() -> None:
    works = _works()
    assert works["acs2024"].identifiers == (("isbn", "9783161484100"),)
    assert [(author.name, author.role) for author in works["acs2024"].authors] == [
        ("Grace Hopper", "editor"),
        ("Emmy Noether", "editor"),
    ]
    assert "Hopper" not in " ".join(author.name for author in works["lovelace2024"].authors)


def test_a_record_can_be_parsed_without_its_file() -> None:
    first = next(BibtexSource().read(PAYLOADS / "works.bib"))
    assert first.payload.startswith(b"@string{ada = {Ada}}\n@string{soupconf = ")
    assert first.payload.count(b"@proceedings{") == 1
    assert b"jabref" not in first.payload


def test_missing_commas_and_leading_ones_are_understood() -> None:
    record = _works()["borel1999"]
    assert (record.version.venue, record.version.date) == ("Journal of Kitchens", "1999-04-07")
    assert record.title == "On the boiling of 3 liters"
    assert record.identifiers == (("pmid", "12345678"),)


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Ada Lovelace", ["Ada Lovelace"]),
        ("Lovelace, Ada", ["Ada Lovelace"]),
        ("von Neumann, John and de la Cruz, Ana", ["John von Neumann", "Ana de la Cruz"]),
        ("Steele, Jr., Guy L.", ["Guy L. Steele, Jr."]),
        ("Hicks, III, Michael", ["Michael Hicks, III"]),
        ("King, Jr", ["King, Jr"]),
        ("{Barnes and Noble, Inc.} and {{OpenSoup}}", ["Barnes and Noble, Inc.", "OpenSoup"]),
        ("Sch{\\\"o}lkopf, Bernhard and {\\'E}mile Borel", ["Bernhard Schölkopf", "Émile Borel"]),
        ("Eli{\\'a}{\\v{s}}, Marek and Dzia{\\l}a, {\\.Z}ora", ["Marek Eliáš", "Żora Działa"]),
        ("Ada\n   Lovelace\n   AND Grace Hopper", ["Ada Lovelace", "Grace Hopper"]),
        ("Fernand and Andy Sand", ["Fernand", "Andy Sand"]),
        ("Grace Hopper, Ada Lovelace, Emmy Noether and Jan Berg", ["Grace Hopper", "Ada Lovelace", "Emmy Noether", "Jan Berg"]),
        ("family=Berg, given=Jan, prefix=van den", ["Jan van den Berg"]),
        ("李雷 and 韩梅梅", ["李雷", "韩梅梅"]),
        ("Plato", ["Plato"]),
    ],
)  # fmt: skip
def test_names_come_out_as_printed(author: str, names: list[str]) -> None:
    assert _names(author) == names


@pytest.mark.parametrize("rest", ["and others", "and Others", "and et al.", "and {others}", "et al."])
def test_more_authors_than_printed_are_said_to_be_missing(rest: str) -> None:
    record = _entry(f"title = {{T}}, author = {{Lovelace, Ada and Grace Hopper {rest}}}")
    assert [author.name for author in record.authors] == ["Ada Lovelace", "Grace Hopper"]
    assert record.authors_truncated


def test_a_collaboration_is_the_last_author() -> None:
    record = _entry('title = {T}, author = "Lovelace, Ada", collaboration = "SOUP"')
    assert [author.name for author in record.authors] == ["Ada Lovelace", "SOUP Collaboration"]


def test_orcid_ids_go_to_the_author_they_name() -> None:
    numbers = "Hopper, Grace/0000-0002-1694-233X Lovelace, Ada/0000-0002-1825-0097 Nobody, X/0000-0001-5109-3700"
    record = _entry(f"title={{T}}, author={{Lovelace, Ada and Hopper, Grace}}, ORCID-Numbers={{{numbers}}}")
    assert [author.identifiers for author in record.authors] == [
        {"orcid": "0000-0002-1825-0097"},
        {"orcid": "0000-0002-1694-233X"},
    ]


@pytest.mark.parametrize(
    ("fields", "year", "date"),
    [
        ("year = 2013, month = jan", 2013, "2013-01"),
        ("year = {2013}, month = {January}, day = 5", 2013, "2013-01-05"),
        ("year = 2013, month = 4, day = 31", 2013, "2013-04"),
        ("year = 2013, month = {17--23 Jul}", 2013, "2013-07"),
        ('year = 2013, month = "1~" # dec', 2013, "2013-12"),
        ("date = {2013-07-21/2013-07-24}", 2013, "2013-07-21"),
        ("date = {2013-7}", 2013, "2013-07"),
        ("year = {c1987}", 1987, "1987"),
        ("year = {to appear}", None, ""),
        ("origdate = {1943}", None, ""),
    ],
)
def test_dates_are_as_precise_as_the_entry(fields: str, year: int | None, date: str) -> None:
    version = _entry(f"title = {{T}}, author = {{Ada Lovelace}}, {fields}").version
    assert (version.year, version.date) == (year, date)


@pytest.mark.parametrize("year", ["0000", "3000", "20133"])
def test_an_impossible_year_is_rejected(year: str) -> None:
    with pytest.raises(RecordRejected) as rejected:
        _entry(f"title = {{T}}, author = {{Ada Lovelace}}, year = {year}")
    assert rejected.value.code == "year-implausible"


@pytest.mark.parametrize(
    ("fields", "identifiers"),
    [
        ("eprint = {2203.05482}, archivePrefix = {arXiv}", {("arxiv", "2203.05482")}),
        ("eprint = {hep-th/9901001v2}, eprinttype = {arxiv}", {("arxiv", "hep-th/9901001")}),
        ("journal = {arXiv preprint arXiv:2203.05482}", {("arxiv", "2203.05482")}),
        ("journal = {CoRR}, volume = {abs/2203.05482}", {("arxiv", "2203.05482")}),
        (r"howpublished = {\url{https://arxiv.org/abs/2203.05482v3}}", {("arxiv", "2203.05482")}),
        ("note = {arXiv:2203.05482 [cs.LG]}", {("arxiv", "2203.05482")}),
        ("doi = {10.48550/arXiv.2203.05482}", {("arxiv", "2203.05482")}),
        (r"doi = {10.1007/978-3-642\_1}", {("doi", "10.1007/978-3-642_1")}),
        ("doi = {doi: 10.1000/7}, url = {https://doi.org/10.1000/8}", {("doi", "10.1000/7")}),
        ("url = {https://doi.org/10.1000/8}", {("doi", "10.1000/8")}),
        ("url = {https://openreview.net/forum?id=BybQ7zWCb}", {("openreview", "BybQ7zWCb")}),
        ("url = {https://aclanthology.org/2022.acl-long.484/}", {("acl", "2022.acl-long.484")}),
        ("note = {{PMID:} 23439512}", {("pmid", "23439512")}),
        ("eprint = {23439512}, eprinttype = {pubmed}", {("pmid", "23439512")}),
        ("isbn = {978-3-16-148410-0}, issn = {1234-5679}", set()),
    ],
)
def test_identifiers_are_found_where_people_write_them(fields: str, identifiers: set[tuple[str, str]]) -> None:
    record = _entry(f"title = {{T}}, author = {{Ada Lovelace}}, {fields}")
    assert set(record.identifiers) == identifiers


@pytest.mark.parametrize(
    ("entry_type", "fields", "kind"),
    [
        ("article", "journal = {Soups}", "journal"),
        ("article", "journal = {arXiv e-prints}", "preprint"),
        ("InProceedings", "eprint = {2203.05482}, archiveprefix = {arXiv}", "conference"),
        ("misc", "eprint = {2203.05482}, archiveprefix = {arXiv}", "preprint"),
        ("misc", "", "other"),
        ("MastersThesis", "", "thesis"),
        ("incollection", "", "book"),
        ("dataset", "", "dataset"),
        ("Electronic", "", "other"),
    ],
)
def test_the_entry_type_says_what_kind_of_work_it_is(entry_type: str, fields: str, kind: str) -> None:
    assert _entry(f"title = {{T}}, author = {{Ada Lovelace}}, {fields}", entry_type).version.kind == kind


# Broken files


def test_what_is_broken_stays_alone() -> None:
    records = {raw.origin: raw for raw in BibtexSource().read(PAYLOADS / "odd.bib")}
    assert "a closing brace is missing" in records["odd.bib:4"].problem
    assert "a brace too many" in records["odd.bib:6"].problem
    assert records["odd.bib:5"].key == "whole"
    assert normalise(BibtexSource.parse(records["odd.bib:7"])).title == "Half an abstract"
    assert [raw for raw in records.values() if b"@article{commented" in raw.payload] == []


def test_a_second_work_of_the_same_key_is_kept_and_a_repeated_one_is_not() -> None:
    keys = [raw.key for raw in BibtexSource().read(PAYLOADS / "odd.bib") if raw.key.startswith("whole")]
    assert keys[0] == "whole"
    assert len(keys) == 2
    assert re.fullmatch(r"whole#[0-9a-f]{12}", keys[1])


def test_an_entry_inside_a_value_is_no_entry() -> None:
    (record,) = (raw for raw in BibtexSource().read(PAYLOADS / "odd.bib") if b"injected" in raw.payload)
    assert record.key == "hostile"
    assert BibtexSource.parse(record).site_url == ""


@pytest.mark.parametrize(
    ("key", "code", "field"),
    [
        ("untitled", "title-missing", "title"),
        ("nobody", "authors-missing", "author"),
        ("quoted", "bibtex-invalid", "title"),
        ("commas", "author-unreadable", "author"),
    ],
)
def test_what_is_no_work_is_rejected_with_the_field(key: str, code: str, field: str) -> None:
    (record,) = (raw for raw in BibtexSource().read(PAYLOADS / "odd.bib") if raw.key == key)
    with pytest.raises(RecordRejected) as rejected:
        BibtexSource.parse(record)
    assert (rejected.value.code, rejected.value.field) == (code, field)


def test_a_declared_encoding_is_read_and_an_unknown_one_is_not_guessed() -> None:
    (record,) = BibtexSource().read(PAYLOADS / "declared.bib")
    assert BibtexSource.parse(record).authors[0].name == "王伟"
    latin, unknown = BibtexSource().read(PAYLOADS / "undeclared.bib")
    assert BibtexSource.parse(latin).authors[0].name == "Jürgen Müller"
    assert "neither UTF-8 nor Windows-1252" in unknown.problem


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    (record,) = _records("@article{k,\r\n title = {Süß},\r\n author = {Ada}}".encode(encoding), tmp_path)
    assert record.payload == "@article{k,\n title = {Süß},\n author = {Ada}}".encode()


def test_a_compressed_file_is_the_same_and_a_cut_one_says_so() -> None:
    plain, packed = ([raw.payload for raw in BibtexSource().read(PAYLOADS / f"works.bib{end}")] for end in ("", ".gz"))
    assert plain == packed
    (*_, last) = BibtexSource().read(PAYLOADS / "cut.bib.gz")
    assert "the gzip file is cut short" in last.problem


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.bib", "is empty"),
        ("page.bib", "is XML or HTML"),
        ("other.json", "is JSON"),
        ("letter.txt", "has no entry of the form"),
    ],
)
def test_what_is_no_bibtex_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(BibtexSource().read(PAYLOADS / name))


def test_a_file_of_comments_has_no_records() -> None:
    assert list(BibtexSource().read(PAYLOADS / "comments.bib")) == []


HOSTILE: dict[str, Callable[[int], str]] = {
    "open": lambda n: "@a{k, t=" + "{" * n,
    "nested": lambda n: "@a{k, title=" + "{" * n + "x" + "}" * n + "}",
    "starts": lambda n: "@a{" * n,
    "lines": lambda n: "@a{k,\n" * n,
    "parentheses": lambda n: "@a({k,\n" * n,
    "pieces": lambda n: '@a{k, title={x}, author="y"' + ' # "y"' * n + "}",
    "macros": lambda n: '@string{a="' + "x" * 60_000 + '"}@a{k, title=' + "a#" * n + "a}",
    "commas": lambda n: "@a{k, title={x}, author={" + "a," * n + "}}",
    "names": lambda n: "@a{k, title={x}, author={" + "a and " * n + "b}}",
    "blanks": lambda n: (
        "@a{k, title={x}, author={a" + " " * n + "and" + " " * n + "c}, doi={" + "10.1234/" * (n // 8) + "}}"
    ),
    "identifiers": lambda n: "@a{k, title={x}, author={a}, note={" + "arXiv: " * n + "}, orcid={" + "a/" * n + "}}",
    "circles": lambda n: "".join(f"@a{{k{i}, crossref={{k{i // 2}}}, title={{x}}}}\n" for i in range(n // 40)),
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_files_take_time_in_proportion_to_their_length(tmp_path: Path, shape: str) -> None:
    def seconds(length: int) -> float:
        path = tmp_path / "hostile.bib"
        path.write_text(HOSTILE[shape](length))
        started = time.process_time()
        for raw in BibtexSource().read(path):
            try:
                if not raw.problem:
                    normalise(BibtexSource.parse(raw))
            except RecordRejected:
                pass
        return time.process_time() - started

    # A square would make it sixteen times as long and more; the second guards against a busy machine.
    assert seconds(80_000) < 12 * seconds(20_000) + 1.0


def test_splitting_in_pieces_makes_no_difference() -> None:
    text = (PAYLOADS / "works.bib").read_text()
    whole = list(bibtex_syntax.blocks([text]))
    for size in (1, 7, 100):
        assert list(bibtex_syntax.blocks(text[at : at + size] for at in range(0, len(text), size))) == whole


def test_a_stray_byte_is_read_only_where_it_must_be_a_western_letter() -> None:
    assert bibliography.recoded(b"M\xfcller".decode("utf-8", "surrogateescape")) == "Müller"
    assert bibliography.recoded("Müller " + b"\x96 x".decode("utf-8", "surrogateescape")) == "Müller – x"
    assert bibliography.recoded(b"\xcd\xf5 Wei".decode("utf-8", "surrogateescape")) is None


# Real samples, counted another way


def _stated(payload: str, field: str) -> list[str]:
    """Values of a field that stands on lines of its own in an entry that needs no macros."""
    end = r"(?=^\s*,?\s*[A-Za-z+_-]+\s*=|^\s*\}\s*\Z|\Z)"
    return [
        match[1]
        for match in re.finditer(
            rf"^\s*,?\s*{field}\s*=\s*(.*?){end}", payload, re.DOTALL | re.MULTILINE | re.IGNORECASE
        )
    ]


def test_no_author_and_no_doi_of_the_samples_is_lost() -> None:
    counted = 0
    for path in sorted((SAMPLES / "bibtex").iterdir()):
        records = read("bibtex", path)
        for raw in [] if isinstance(records, str) else records:
            outcome = None if raw.problem else parsed("bibtex", raw)
            if not isinstance(outcome, ParsedRecord) or b"@string" in raw.payload:
                continue
            entry = re.split(r"^@", raw.payload.decode().lstrip()[1:], maxsplit=1, flags=re.MULTILINE)[0]
            authors = _stated(entry, "authors?")
            if len(authors) == 1:
                names = [name.strip('{}", \n') for name in re.split(r"\s+and\s+", authors[0])]
                # "{Council of A and B}" is one name, and a collaboration has a field of its own.
                joined = re.findall(r"\{[A-Z][^{}]{9,} and [^{}]+\}", authors[0].strip()[1:])
                expected = sum(name != "others" for name in names) - len(joined)
                expected += len(_stated(entry, "collaboration"))
                assert len(outcome.authors) == expected, (path.name, raw.key)
                assert outcome.authors_truncated == ("others" in names)
                counted += 1
            for doi in _stated(entry, "doi"):
                assert ("doi", doi.strip('{}", \n').lower()) in outcome.identifiers
            for year in _stated(entry, "year"):
                assert outcome.version.year == int(re.sub(r"\D", "", year))
    assert counted >= 250
