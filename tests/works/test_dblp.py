"""dblp: the dump with its entities, person pages, hostile XML, and the live service as a scripted server."""

from __future__ import annotations

import gzip
import html
import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.upstream import client, serving
from works.ingest.normalise import normalise
from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources.dblp import INTERVAL, DblpSource

from .test_corpus import SAMPLES, parsed, read

PAYLOADS = Path(__file__).parents[1] / "payloads" / "dblp"
PERSON = (PAYLOADS / "person.xml").read_bytes()

TAGS = ("article", "inproceedings", "proceedings")
Script = Callable[[str], tuple[int, bytes]]


def _dump() -> dict[str, RawRecord]:
    return {raw.key: raw for raw in DblpSource().read(PAYLOADS / "dump.xml")}


def _work(key: str) -> ParsedRecord:
    return normalise(DblpSource.parse(_dump()[key]))


# Files


def test_a_record_is_translated_field_by_field() -> None:
    record = _work("journals/kitchen/LovelaceB99")
    assert record.title == "On H2O & its boiling"
    assert record.authors == (
        ParsedAuthor("Ada Lovelace", identifiers={"orcid": "0000-0002-1825-0097"}),
        ParsedAuthor("Émile Borel"),
        ParsedAuthor("Jürgen Müller"),
    )
    version = record.version
    assert (version.kind, version.venue, version.year, version.date) == (
        "journal",
        "Journal of Kitchens",
        1999,
        "1999-04",
    )
    assert record.identifiers == (("doi", "10.1000/example.7"),)
    assert record.site_url == "https://doi.org/10.1000/EXAMPLE.7"


def test_informal_articles_are_preprints_and_withdrawn_ones_say_so() -> None:
    preprint = _work("journals/corr/abs-2203-05482")
    assert (preprint.version.kind, preprint.version.venue, preprint.title) == ("preprint", "arXiv", "What is a ladle?")
    assert preprint.identifiers == (("arxiv", "2203.05482"),)
    withdrawn = _work("conf/stir/Hopper14")
    assert (withdrawn.version.kind, withdrawn.version.status, withdrawn.title) == (
        "conference",
        "withdrawn",
        "Wait ...",
    )
    assert withdrawn.identifiers == (("doi", "10.1145/1666420.1666444"),)
    assert _work("data/10/soup").version.kind == "other"


def test_editors_stand_for_a_volume_without_authors() -> None:
    volume = _work("conf/stir/2014")
    assert [(author.name, author.role) for author in volume.authors] == [("Emmy Noether", "editor")]
    assert volume.identifiers == (("isbn", "9783161484100"),)


def test_home_pages_are_no_works() -> None:
    assert not [key for key in _dump() if key.startswith("homepages/")]


@pytest.mark.parametrize(
    ("key", "code", "field"),
    [("journals/kitchen/X99", "authors-missing", "author"), ("conf/stir/X14", "title-missing", "title")],
)
def test_what_is_no_work_is_rejected_with_the_field(key: str, code: str, field: str) -> None:
    with pytest.raises(RecordRejected) as rejected:
        DblpSource.parse(_dump()[key])
    assert (rejected.value.code, rejected.value.field) == (code, field)


def test_a_person_page_gives_the_works_with_identifiers_that_are_somebodys() -> None:
    paper, thesis = (normalise(DblpSource.parse(raw)) for raw in DblpSource().read(PAYLOADS / "person.xml"))
    assert paper.authors == (
        ParsedAuthor("Ada Lovelace", identifiers={"dblp": "95/7448-1"}),
        # The page 95/7448 stands for all of that name, so it is nobody's identifier.
        ParsedAuthor("Ada Lovelace"),
        ParsedAuthor("Émile Borel", identifiers={"dblp": "b/EmileBorel", "orcid": "0000-0002-1694-233X"}),
    )
    assert (thesis.version.kind, thesis.version.venue) == ("thesis", "Kitchen University")


def test_a_packed_dump_is_the_same_and_a_cut_one_says_so() -> None:
    packed = [raw.payload for raw in DblpSource().read(PAYLOADS / "dump.xml.gz")]
    assert packed == [raw.payload for raw in _dump().values()]
    *before, last = DblpSource().read(PAYLOADS / "cut.xml")
    assert [raw.key for raw in before] == list(_dump())[:2]
    assert "after record 2 the XML is damaged or cut short" in last.problem
    assert last.payload.endswith(b"</article>\n<i")
    (only,) = DblpSource().read(PAYLOADS / "cut.xml.gz")
    assert "the gzip file is cut short" in only.problem


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.xml", "empty"),
        ("page.html", "root 'html'"),
        ("search.json", "no document of dblp"),
        ("other.xml", "root 'rss'"),
        ("bomb.xml", "entities of its own"),
    ],
)
def test_what_is_not_from_dblp_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        list(DblpSource().read(PAYLOADS / name))


def test_a_document_type_is_never_loaded_and_an_unknown_entity_spoils_its_record_only() -> None:
    first, second = DblpSource().read(PAYLOADS / "unknown_entity.xml")
    assert "&nosuch;" in first.problem
    assert (second.key, second.problem) == ("journals/x/A2", "")


def test_entities_are_found_wherever_a_piece_ends(tmp_path: Path) -> None:
    # The filler moves the entities over the border between two pieces of a mebibyte.
    path = tmp_path / "dump.xml"
    for filler in range(1024 * 1024 - 40, 1024 * 1024 - 20):
        head = '<?xml version="1.0" encoding="ISO-8859-1"?><dblp><article key="a/b/C"><title>'
        tail = "&Auml;&ouml;&#223;.</title><author>&Eacute;mile</author></article></dblp>"
        path.write_text(head + "x" * (filler - len(head)) + tail)
        (record,) = DblpSource().read(path)
        assert "xÄöß." in record.payload.decode()


def test_a_large_dump_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "dblp.xml.gz"
    record = (
        '<article key="journals/x/A{}"><author>Ada &Eacute; {}</author><title>' + "Soup " * 40 + "</title></article>\n"
    )
    with gzip.open(path, "wt", encoding="ascii", compresslevel=1) as file:
        file.write("<dblp>\n")
        file.writelines(record.format(number, number % 977) for number in range(20_000))
        file.write("</dblp>")
    tracemalloc.start()
    count = sum(1 for raw in DblpSource().read(path) if not raw.problem)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 12 * 1024 * 1024


# The live service, on loopback


@pytest.fixture
def serve() -> Iterator[Callable[[Script], tuple[DblpSource, list[str]]]]:
    with ExitStack() as servers:

        def start(script: Script) -> tuple[DblpSource, list[str]]:
            upstream = servers.enter_context(serving(lambda asked: (*script(asked["path"]), {"Retry-After": "7"})))
            return DblpSource(endpoint=f"{upstream.address}", interval=0), upstream.paths

        yield start


def test_persons_and_records_are_asked_for_one_by_one_and_works_given_once(
    serve: Callable[[Script], tuple[DblpSource, list[str]]],
) -> None:
    single = b'<dblp><article key="journals/x/A1"><author>Ada</author><title>T.</title></article></dblp>'
    source, asked = serve(lambda path: (200, single if "/rec/" in path else PERSON))
    query = "95/7448-1, https://dblp.org/pid/b/EmileBorel.html\njournals/x/A1 95/7448-1"
    records = list(source.fetch(query, client()))
    assert asked == ["/pid/95/7448-1.xml", "/pid/b/EmileBorel.xml", "/rec/journals/x/A1.xml"]
    assert [record.key for record in records] == ["conf/stir/Lovelace12", "phd/Lovelace10", "journals/x/A1"]


def test_an_upstream_that_asks_for_patience_gets_it(serve: Callable[[Script], tuple[DblpSource, list[str]]]) -> None:
    answers = iter([(429, b""), (200, PERSON)])
    source, _ = serve(lambda _: next(answers))
    slept: list[float] = []
    assert len(list(source.fetch("95/7448-1", client(slept)))) == 2
    assert slept == [7.0]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"<html/>", "HTTP 404"),
        (503, b"busy", "HTTP 503"),
        (200, b"<!DOCTYPE html><html></html>", "root 'html'"),
        (200, b"", "is empty"),
        (200, PERSON[:900], "damaged or cut short"),
        (200, (PAYLOADS / "bomb.xml").read_bytes(), "entities of its own"),
    ],
)
def test_a_refusal_or_nonsense_is_unavailable_with_the_reason(
    serve: Callable[[Script], tuple[DblpSource, list[str]]], status: int, body: bytes, reason: str
) -> None:
    source, _ = serve(lambda _: (status, body))
    with pytest.raises(SourceUnavailable, match=reason):
        list(source.fetch("95/7448-1", client()))


@pytest.mark.parametrize("query", ["", " , ", "Ada Lovelace", "95/7448-1 Ada", "../../etc/passwd"])
def test_names_and_nonsense_are_asked_of_nobody(
    serve: Callable[[Script], tuple[DblpSource, list[str]]], query: str
) -> None:
    source, asked = serve(lambda _: (200, PERSON))
    with pytest.raises(SourceUnavailable, match="dblp"):
        list(source.fetch(query, client()))
    assert asked == []


def test_requests_are_two_seconds_apart() -> None:
    assert INTERVAL >= 2


# Real samples, counted another way


def test_no_author_or_identifier_of_the_samples_is_lost() -> None:
    counted = 0
    for path in sorted((SAMPLES / "dblp").iterdir()):
        records = read("dblp", path)
        text = path.read_text(encoding="latin-1" if b"ISO-8859-1" in path.read_bytes()[:99] else "utf-8")
        for raw in [] if isinstance(records, str) else records:
            outcome = None if raw.problem else parsed("dblp", raw)
            if not isinstance(outcome, ParsedRecord):
                continue
            start = text.index(f'key="{raw.key}"')
            source = text[start : min(end for end in (text.find(f"</{tag}>", start) for tag in TAGS) if end > 0)]
            names = re.findall(r"<author[^>]*>(.*?)</author>", source) or re.findall(
                r"<editor[^>]*>(.*?)</editor>", source
            )
            assert [author.name for author in outcome.authors] == [
                re.sub(r" \d{4}$", "", html.unescape(name)) for name in names
            ]
            for scheme, attribute in (("orcid", "orcid"), ("dblp", "pid")):
                stated = re.findall(rf'<author[^>]*{attribute}="([^"]*)"', source)
                assert [a.identifiers[scheme] for a in outcome.authors if scheme in a.identifiers] == stated
            dois = {doi.lower() for doi in re.findall(r"<ee[^>]*>https?://[a-z.]*doi\.[a-z.]*/(10\.\S+?)</ee>", source)}
            assert {value for scheme, value in outcome.identifiers if scheme == "doi"} == dois
            assert outcome.version.year == int(re.findall(r"<year>(\d{4})", source)[0])
            counted += 1
    assert counted >= 100
