"""ROR and OpenAlex's institutions: what a registry states, and what pages of institutions make of it."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from profiles.flows.rebuild import rebuild
from profiles.models import Institution, RegistryEntry
from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import streams
from tests.pipeline import clear, derived, importworks, stored, untouched, work, write
from tests.upstream import Parameters, body, client, serving
from works import imports, rollback
from works.ingest.other_kinds import canonical
from works.models import ImportRun, SourceRecord, Work
from works.records import ParsedInstitution, RawRecord
from works.sources import ror
from works.sources.openalex import OpenAlexSource
from works.sources.ror import KEY_VARIABLE, RorSource

if TYPE_CHECKING:
    from django.test import Client

PAYLOADS = Path(__file__).parents[1] / "payloads" / "ror"
OPENALEX = PAYLOADS.parent / "openalex"
KETTLEWELL, NORTH_AU, NORTH_CA, CLOSED = "00006ts47", "00006tt44", "00006tv41", "00006tw38"


def parsed(source: type[RorSource | OpenAlexSource], raw: RawRecord) -> ParsedInstitution:
    found = canonical(source.parse(raw))
    assert isinstance(found, ParsedInstitution)
    return found


def read(name: str) -> list[RawRecord]:
    return list(RorSource().read(PAYLOADS / name))


# What an organization means


def test_an_organization_is_translated_field_by_field() -> None:
    first, *_ = read("dump_v2.json")
    assert (first.key, first.origin) == (KETTLEWELL, "dump_v2.json:1")
    assert parsed(RorSource, first) == ParsedInstitution(
        name="University of Kettlewell",
        identifiers=(("ror", KETTLEWELL),),
        names=("Kettlewell University", "Universität Kettlewell"),
        acronyms=("UKW",),
        country="GB",
        country_name="United Kingdom",
        city="Kettlewell",
        homepage="https://www.kettlewell.example/",
        kinds=("education",),
        established=1871,
    )


@pytest.mark.parametrize(
    "name", ["dump_v1.json", "answer.json", "affiliation.json", "envelope.json", "dump.zip", "lines.jsonl"]
)
def test_both_schemas_and_all_envelopes_say_the_same(name: str) -> None:
    first, *_ = read(name)
    assert parsed(RorSource, first) == parsed(RorSource, read("dump_v2.json")[0])


def test_a_closed_organization_names_its_successor_and_a_dangerous_homepage_is_left_out() -> None:
    closed = parsed(RorSource, read("dump_v2.json")[3])
    assert (closed.status, closed.successors) == ("inactive", ((KETTLEWELL, "University of Kettlewell"),))
    assert closed.homepage == ""


def test_records_that_are_none_are_rejected_with_the_field() -> None:
    _, damaged, nameless, good, other = read("lines.jsonl")
    for raw, code, field in ((damaged, "ror-id-invalid", "id"), (nameless, "name-missing", "names")):
        with pytest.raises(RecordRejected) as rejected:
            RorSource.parse(raw)
        assert (rejected.value.code, rejected.value.field) == (code, field)
    assert good.key == NORTH_AU
    assert "not ROR's" in other.problem


def test_the_institutions_of_openalex_are_the_same_organizations() -> None:
    first, second, nameless = OpenAlexSource().read(OPENALEX / "institutions.json")
    assert first.key == "I1001"
    assert b"relevance_score" not in first.payload
    known = parsed(OpenAlexSource, first)
    assert known.identifiers == (("openalex", "I1001"), ("ror", KETTLEWELL))
    assert known.names == ("Kettlewell University", "Universität Kettlewell")
    assert (known.country, known.city, known.acronyms) == ("GB", "Kettlewell", ("UKW",))
    assert parsed(OpenAlexSource, second).identifiers == (("openalex", "I1002"),)
    with pytest.raises(RecordRejected, match="has no name"):
        OpenAlexSource.parse(nameless)
    # Stored payloads are parsed again without their keys, too.
    assert parsed(OpenAlexSource, RawRecord("", first.payload)) == known


# Files


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("affiliations.json", "holds affiliations with the ids somebody found for them, no organizations"),
        ("error.json", "an error report of ROR"),
        ("page.html", "is HTML; expected JSON"),
        ("empty.json", "is empty; expected JSON"),
        ("other.zip", "ZIP archive without JSON"),
    ],
)
def test_what_holds_no_organizations_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        read(name)


def test_an_answer_without_organizations_has_no_records() -> None:
    assert read("nothing.json") == []


def test_a_cut_dump_gives_what_is_whole_and_says_the_rest() -> None:
    whole, rest = read("cut.json")
    assert whole.key == KETTLEWELL
    assert rest.problem == "cut.json:2: the text is cut short, after 1 whole records."


def test_of_a_dump_the_newest_schema_is_read_and_records_say_where_they_stood() -> None:
    first, second = read("dump.zip")
    assert first.origin == "dump.zip:v9.9-2026-01-01-ror-data_schema_v2.json:1"
    assert second.key == NORTH_AU


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/dump.json", b" " * (streams.RATIO_FREE + 2 * streams.CHUNK))
    with pytest.raises(SourceUnavailable, match="unpacks to more than"):
        list(RorSource().read(bomb))
    assert [path.name for path in tmp_path.iterdir()] == ["bomb.zip"]


def test_a_damaged_archive_is_unavailable_not_a_crash(tmp_path: Path) -> None:
    whole = (PAYLOADS / "dump.zip").read_bytes()
    at = whole.index(b"schema_v2.json") + 40
    for place, content in (("short.zip", whole[:200]), ("changed.zip", whole[:at] + b"\xff" * 40 + whole[at + 40 :])):
        (tmp_path / place).write_bytes(content)
        with pytest.raises(SourceUnavailable, match="cannot be unpacked"):
            list(RorSource().read(tmp_path / place))


# The live service


def service(asked: Parameters) -> tuple[int, bytes]:
    answer = json.loads((PAYLOADS / "answer.json").read_bytes())
    if asked["path"].endswith(KETTLEWELL):
        return 200, body(answer["items"][0])
    page = int(asked["page"])
    items = answer["items"][page - 1 : page]
    return 200, body({**answer, "number_of_results": ror.PAGE + 1, "items": items})


def test_pages_are_asked_for_until_all_results_are_there() -> None:
    with serving(service) as upstream:
        source = RorSource(endpoint=upstream.url, interval=0.0)
        records = list(source.fetch("kettlewell", upstream.client()))
    assert [record.key for record in records] == [KETTLEWELL, NORTH_AU]
    assert records[1].origin == f"{upstream.url}?query=kettlewell:2:1"
    assert [(one["query"], one["page"], one["all_status"]) for one in upstream.asked] == [
        ("kettlewell", "1", "true"),
        ("kettlewell", "2", "true"),
    ]
    assert "Client-Id" not in upstream.headers[0]


def test_a_filter_one_id_and_the_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "an-id")
    with serving(service) as upstream:
        source = RorSource(endpoint=upstream.url, interval=0.0)
        assert next(source.fetch("types:education", upstream.client())).key == KETTLEWELL
        (only,) = source.fetch(f"https://ror.org/{KETTLEWELL}", upstream.client())
    assert only.key == KETTLEWELL
    assert upstream.asked[0]["filter"] == "types:education"
    assert upstream.paths[1].endswith(f"/{KETTLEWELL}")
    assert {headers["Client-Id"] for headers in upstream.headers} == {"an-id"}


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (400, (PAYLOADS / "error.json").read_bytes(), "HTTP 400 .*illegal"),
        (404, b"", "HTTP 404"),
        (200, b"<html>", "is an HTML page"),
        (200, b'{"number_of_results": 1, "items": [', "damaged"),
    ],
)
def test_answers_that_are_none_stop_the_harvest_with_a_reason(status: int, content: bytes, reason: str) -> None:
    with serving(lambda _: (status, content)) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(RorSource(endpoint=upstream.url, interval=0.0).fetch("soup", client()))


# What institutions make of it

WORKS: list[dict[str, Any] | bytes] = [
    work("t/1", "Kettles", {"name": "Ada Lovelace", "affiliation": "Kettlewell University, Kettlewell, UK"}),
    work("t/2", "Sieves", {"name": "Grace Hopper", "affiliation": "Northern University, Yellowknife, Canada"}),
    work("t/3", "Ladles", {"name": "Kurt Gödel", "affiliation": "Soup Institute"}),
    work("t/4", "Spoons", {"name": "Emmy Noether", "affiliation": "Bread College"}),
    work("t/5", "Pans", {"name": "Sofia Kovalevskaya", "affiliation": "Dept. of Heat, University of Kettlewell"}),
]


def links() -> dict[str, tuple[str, str]]:
    return {one.name: (one.outcome, one.ror) for one in Institution.objects.all()}


LINKED = {
    "Kettlewell University": ("same", KETTLEWELL),
    "University of Kettlewell": ("same", KETTLEWELL),
    "Northern University": ("same", NORTH_CA),
    "Soup Institute": ("same", CLOSED),
    "Bread College": ("none", ""),
}


@pytest.mark.usefixtures("empty_library")
def test_works_before_or_after_the_registry_come_to_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", WORKS)
    importworks(path)
    assert {outcome for outcome, _ in links().values()} == {"none"}
    summary = importworks(PAYLOADS / "dump_v2.json", source="ror")
    assert (summary.status, "new 6" in summary.out) == (0, True)
    assert links() == LINKED
    assert not Institution.objects.filter(link_due=True).exists()
    # No page for what no byline names.
    assert Institution.objects.count() == len(LINKED)
    before = stored()
    clear()
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    assert not Institution.objects.exists()
    importworks(path)
    assert links() == LINKED
    assert stored()["works"] == before["works"]
    assert rebuild(check=True) == 0


@pytest.mark.usefixtures("empty_library")
def test_a_registry_read_twice_changes_nothing(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    before = untouched()
    again = importworks(PAYLOADS / "dump_v2.json", source="ror")
    assert "unchanged 6" in again.out
    assert untouched() == before


@pytest.mark.usefixtures("empty_library")
def test_a_second_spelling_may_tell_organizations_of_one_name_apart(tmp_path: Path) -> None:
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    importworks(
        write(tmp_path / "one.jsonl", [work("t/1", "Kettles", {"name": "A B", "affiliation": "Northern University"})])
    )
    assert links() == {"Northern University": ("unknown", "")}
    other = work("t/2", "Sieves", {"name": "A B", "affiliation": "Northern University, Darwin, Australia"})
    importworks(write(tmp_path / "two.jsonl", [other]))
    assert links() == {"Northern University": ("same", NORTH_AU)}


@pytest.mark.usefixtures("empty_library")
def test_two_registries_on_one_organization_do_not_contradict_each_other(tmp_path: Path) -> None:
    importworks(OPENALEX / "institutions.json", source="openalex")
    importworks(write(tmp_path / "works.jsonl", WORKS[:1]))
    one = Institution.objects.get()
    assert (one.ror, one.entry and one.entry.source) == (KETTLEWELL, "openalex")
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    one.refresh_from_db()
    assert (one.ror, one.entry and one.entry.source) == (KETTLEWELL, "ror")


@pytest.mark.usefixtures("empty_library")
def test_a_registry_taken_back_leaves_institutions_as_they_were(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    importworks(PAYLOADS / "lines.jsonl", source="ror")
    before = (links(), stored(ids=False))
    renamed = json.loads((PAYLOADS / "dump_v2.json").read_text(encoding="utf-8"))
    renamed[0]["names"] = [{"value": "Kettle Academy", "types": ["ror_display"], "lang": None}]
    path = tmp_path / "renamed.json"
    path.write_text(json.dumps(renamed), encoding="utf-8")
    importworks(path, source="ror")
    assert links()["University of Kettlewell"] == ("none", "")
    assert links()["Soup Institute"] == ("same", CLOSED)
    run = ImportRun.objects.latest("pk")
    rollback.begin(run)
    rollback.advance(run)
    imports.settle()
    assert (links(), stored(ids=False)) == before
    assert RegistryEntry.objects.count() == 2
    assert set(SourceRecord.objects.filter(rejected_code="").values_list("became", flat=True)) == {
        "work",
        "institution",
    }


@pytest.mark.usefixtures("empty_library")
def test_without_any_registry_again_nothing_is_linked(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    before = derived()
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    assert derived() != before
    run = ImportRun.objects.latest("pk")
    rollback.begin(run)
    rollback.advance(run)
    imports.settle()
    assert {outcome for outcome, _ in links().values()} == {"none"}
    assert derived() == before


@pytest.mark.usefixtures("empty_library")
def test_a_profile_shows_where_the_institution_is_and_follows_the_registry(client: Client, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS[:1]))
    person = client.get("/api/v1/researchers/").json()["results"][0]["url"]
    assert "Kettlewell, United Kingdom" not in client.get(person).content.decode()
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    page = client.get(person).content.decode()
    assert "<bdi>Kettlewell, United Kingdom</bdi>" in page
    assert f"https://ror.org/{KETTLEWELL}" in page
    moved = json.loads((PAYLOADS / "dump_v2.json").read_text(encoding="utf-8"))
    moved[0]["locations"][0]["geonames_details"]["name"] = "Buckden"
    path = tmp_path / "moved.json"
    path.write_text(json.dumps(moved), encoding="utf-8")
    importworks(path, source="ror")
    assert "<bdi>Buckden, United Kingdom</bdi>" in client.get(person).content.decode()
    assert rebuild(check=True) == 0


@pytest.mark.usefixtures("empty_library")
def test_a_folder_of_the_snapshot_brings_works_and_institutions_and_says_what_it_passes_over(tmp_path: Path) -> None:
    folder = shutil.copytree(OPENALEX / "snapshot", tmp_path / "snapshot")
    for kind, name in (("institutions", "institutions.json"), ("authors", "authors.json"), ("topics", "topics.json")):
        part = folder / "data" / kind / "updated_date=2024-01-01" / "part_000"
        part.parent.mkdir(parents=True)
        lines = json.loads((OPENALEX / name).read_text(encoding="utf-8"))["results"]
        part.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    records = list(OpenAlexSource().read(folder))
    assert [record.key for record in records if record.key.startswith("I")] == ["I1001", "I1002", "I1003"]
    assert sorted(record.origin for record in records if "passed over" in record.problem) == [
        "snapshot:data/authors",
        "snapshot:data/topics",
    ]
    assert importworks(folder, source="openalex").status == 0
    assert RegistryEntry.objects.count() == 2
    assert Work.objects.exists()
    shutil.rmtree(folder / "data" / "works")
    shutil.rmtree(folder / "data" / "institutions")
    with pytest.raises(SourceUnavailable, match=r"holds authors of OpenAlex \(who wrote what"):
        list(OpenAlexSource().read(folder))


def test_a_dry_run_reports_and_writes_nothing(empty_library: None) -> None:
    report = importworks(PAYLOADS / "lines.jsonl", source="ror", dry_run=True)
    assert report.out.startswith("Read 5 records: 2 can be imported, 3 would be quarantined.")
    assert "is no ROR id" in report.err
    assert not SourceRecord.objects.exists()


# Pages


@pytest.mark.usefixtures("empty_library")
def test_the_page_shows_what_the_registry_states_and_that_it_does(client: Client, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    page = client.get(Institution.objects.get(name="Kettlewell University").get_absolute_url()).content.decode()
    for shown in (
        f"https://ror.org/{KETTLEWELL}", "<bdi>University of Kettlewell</bdi>", "Universität Kettlewell", "UKW",
        "Kettlewell, United Kingdom", "https://www.kettlewell.example/", "As stated by ROR",
        "One organization in the registry carries this name",
    ):  # fmt: skip
        assert shown in page
    # The other printed name of the same organization.
    assert Institution.objects.get(name="University of Kettlewell").get_absolute_url() in page
    closed = client.get(Institution.objects.get(name="Soup Institute").get_absolute_url()).content.decode()
    assert "No longer active" in closed
    assert "Succeeded by" in closed
    assert "javascript:" not in closed
    none = client.get(Institution.objects.get(name="Bread College").get_absolute_url()).content.decode()
    assert "ROR not matched yet" in none


@pytest.mark.usefixtures("empty_library")
def test_what_is_not_clear_gets_no_link_and_says_so(client: Client, tmp_path: Path) -> None:
    importworks(
        write(tmp_path / "one.jsonl", [work("t/1", "Kettles", {"name": "A B", "affiliation": "Northern University"})])
    )
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    page = client.get(Institution.objects.get().get_absolute_url()).content.decode()
    assert "ROR not clear" in page
    assert "2 organizations in the registry carry this name" in page
    assert "https://ror.org/" not in page


@pytest.mark.usefixtures("empty_library")
def test_the_api_gives_the_ror_id_of_a_persons_institutions(client: Client, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS[:1]))
    importworks(PAYLOADS / "dump_v2.json", source="ror")
    (person,) = client.get("/api/v1/researchers/").json()["results"]
    detail = client.get(f"/api/v1/researchers/{person['public_id']}/").json()
    assert [(one["name"], one["ror"]) for one in detail["affiliations"]] == [("Kettlewell University", KETTLEWELL)]
