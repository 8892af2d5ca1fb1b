"""Whole imports: twice is once, order and cutting make no difference, news change what they must, versions are one work."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from django.db.models import F

from graph.models import CoauthorEdge, StaleResearcher
from profiles.models import IdentityEvent, Researcher, StaleBlock
from tests.pipeline import clear, feed, importworks, line, stored, untouched, work, write
from works import ahead, imports
from works.decision_models import Review
from works.demo.build import OUTPUT
from works.ingest import pipeline, store
from works.models import Authorship, ImportRun, SourceRecord, Work
from works.records import RawRecord
from works.sources import registry

pytestmark = pytest.mark.usefixtures("empty_library")

BUNDLED = OUTPUT.read_bytes().splitlines(keepends=True)
SOUPS = "Stirring soups: averaging what many cooks prepared"
COOKS = ("Ada Lovelace", "Grace Hopper", "Emmy Noether")


def researcher_of(name: str) -> str:
    """The public id of the researcher who signs so."""
    byline = Authorship.objects.select_related("researcher").filter(raw_name=name).first()
    assert byline is not None
    assert byline.researcher is not None
    return byline.researcher.public_id


def nothing_waits() -> bool:
    return not StaleBlock.objects.exists() and not StaleResearcher.objects.exists()


# Twice is once


def test_importing_the_same_records_twice_touches_no_row(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", BUNDLED)
    first = importworks(path)
    assert f"fetched {len(BUNDLED)}  new {len(BUNDLED)}  updated 0  unchanged 0  quarantined 0" in first.out
    assert nothing_waits()
    before = untouched()
    second = importworks(path)
    assert second.status == 0
    assert f"fetched {len(BUNDLED)}  new 0  updated 0  unchanged {len(BUNDLED)}  quarantined 0" in second.out
    assert untouched() == before
    assert ImportRun.objects.filter(state="done").count() == 2


def test_what_is_known_word_for_word_is_not_parsed_unless_it_is_news_by_the_time_it_is_stored(tmp_path: Path) -> None:
    soups, bread = work("t/1", SOUPS, *COOKS, year=2020), work("t/2", "Bread without yeast", COOKS[0], year=2020)
    path = write(tmp_path / "works.jsonl", [soups, bread])
    assert importworks(path).status == 0
    source = registry.get("jsonl")
    raws = list(source.read(path))
    known = pipeline.unchanged("jsonl", [*raws, RawRecord("t/3", b"{}")])
    assert len(known) == 2
    batch = pipeline.prepare(raws, source.parse, known=known)
    assert [item.parsed for item in batch] == [None, None]
    # While this batch waited, another import stored something else under one of the keys.
    assert importworks(write(tmp_path / "works.jsonl", [{**soups, "year": 2021}])).status == 0
    assert Work.objects.get(title=SOUPS).year == 2021
    counts = pipeline.ingest(
        batch,
        source="jsonl",
        run_id=None,
        parser_of=lambda name: registry.get(name).parse,
        lookups=store.Lookups(),
    )
    assert (counts.updated, counts.unchanged, counts.total) == (1, 1, 2)
    assert Work.objects.get(title=SOUPS).year == 2020


def test_what_was_held_back_is_parsed_each_time(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", [work("t/1", "", COOKS[0])])
    assert importworks(path).status == 1
    raws = list(registry.get("jsonl").read(path))
    assert SourceRecord.objects.get(key="t/1").rejected_code
    assert pipeline.unchanged("jsonl", raws) == set()


@pytest.mark.parametrize(
    ("name", "pack"),
    [("works.jsonl.gz", gzip.compress), ("works.jsonl.zst", zstandard.ZstdCompressor().compress)],
    ids=["gzip", "zstd"],
)
def test_a_compressed_file_gives_the_same_as_a_plain_one(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    plain = write(tmp_path / "works.jsonl", BUNDLED[:80])
    packed = tmp_path / name
    packed.write_bytes(pack(plain.read_bytes()))
    importworks(plain)
    expected = stored()
    clear()
    outcome = importworks(packed)
    assert "new 80" in outcome.out
    assert stored() == expected
    before = untouched()
    assert "unchanged 80" in importworks(plain).out
    assert untouched() == before


# Order and cutting


@pytest.mark.parametrize(("seed", "batch"), [(1, 2_000), (2, 50), (3, 7)])
def test_order_and_batches_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, batch: int
) -> None:
    importworks(write(tmp_path / "works.jsonl", BUNDLED))
    expected = stored()
    clear()
    shuffled = random.Random(seed).sample(BUNDLED, len(BUNDLED))  # noqa: S311 - a test's order
    monkeypatch.setattr(ahead, "BATCH", batch)
    importworks(write(tmp_path / "works.jsonl", shuffled))
    assert stored() == expected


def test_several_files_decided_on_together_give_the_same_as_one(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", BUNDLED))
    expected = stored()
    clear()
    for number in (2, 0, 1):
        path = write(tmp_path / f"works{number}.jsonl", BUNDLED[number::3])
        assert imports.advance(imports.start_run(source="jsonl", query=str(path)))
    imports.settle()
    assert stored() == expected


def test_several_imports_one_after_the_other_give_the_same_people(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", BUNDLED))
    expected = stored(ids=False)
    clear()
    for number in (1, 2, 0):
        importworks(write(tmp_path / f"works{number}.jsonl", BUNDLED[number::3]))
    assert stored(ids=False) == expected


def test_addresses_of_people_outlive_every_later_import(tmp_path: Path) -> None:
    known: dict[str, set[tuple[str, int]]] = {}
    for number in range(4):
        importworks(write(tmp_path / f"works{number}.jsonl", BUNDLED[number::4]))
        for public_id, bylines in known.items():
            # Still there, or redirecting in one hop to a record that is.
            found = Researcher.objects.select_related("merged_into").get(public_id=public_id)
            target = found.merged_into or found
            assert target.merged_into_id is None
            assert found == target or bylines & set(target.authorships.values_list("work__public_id", "position"))
        for public_id, work_id, position in Authorship.objects.exclude(researcher=None).values_list(
            "researcher__public_id", "work__public_id", "position"
        ):
            known.setdefault(public_id, set()).add((work_id, position))
    assert len(known) > 1_000


def test_works_with_the_same_title_and_first_author_have_addresses_of_their_own(tmp_path: Path) -> None:
    for number in range(3):
        importworks(write(tmp_path / "works.jsonl", [
            work(f"t/{number}{part}", "Editorial", "Ada Lovelace", year=2000 + 7 * number) for part in "ab"
        ]))  # fmt: skip
    assert Work.objects.count() == len(set(Work.objects.values_list("public_id", flat=True))) == 6


# Options


def test_a_limit_imports_the_first_records_only(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", BUNDLED[:30])
    outcome = importworks(path, limit=12)
    assert "fetched 12  new 12" in outcome.out
    assert SourceRecord.objects.count() == 12
    assert "fetched 30  new 18  updated 0  unchanged 12  quarantined 0" in importworks(path).out


def test_a_limit_below_one_is_refused(tmp_path: Path) -> None:
    outcome = importworks(write(tmp_path / "works.jsonl", BUNDLED[:3]), limit=0)
    assert (outcome.status, outcome.err) == (1, "--limit must be at least 1.")
    assert not ImportRun.objects.exists()


def test_an_unknown_source_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    outcome = importworks(write(tmp_path / "works.jsonl", BUNDLED[:3]), source="poems")
    assert outcome.status == 1
    assert f"There is no source 'poems'. Known: {', '.join(sorted(registry.sources()))}." in outcome.err


def test_a_dry_run_reports_and_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", [*BUNDLED[:20], b"not json\n"])
    before = untouched()
    outcome = importworks(path, dry_run=True)
    assert outcome.status == 0
    assert "Read 21 records: 20 can be imported, 1 would be quarantined. Nothing was written." in outcome.out
    assert outcome.err.startswith("works.jsonl:21: The record is no JSON object")
    assert untouched() == before
    assert not ImportRun.objects.exists()


# News about a known record


def test_news_about_one_record_touch_that_work_only(tmp_path: Path) -> None:
    others = [work("t/2", "Bread without yeast", "Grace Hopper", "Alan Turing"), work("t/3", "Tea", "Kurt Gödel")]
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, *COOKS), *others]))
    ids = {w.title: w.public_id for w in Work.objects.all()}
    bylines = untouched()["works_authorship"]
    people = untouched()["profiles_researcher"]
    rows = set(untouched()["works_work"])
    outcome = importworks(
        write(tmp_path / "works.jsonl", [work("t/1", f"{SOUPS}!", *COOKS, venue="ICML", abstract="We stir."), *others])
    )
    assert "fetched 3  new 0  updated 1  unchanged 2  quarantined 0" in outcome.out
    changed = Work.objects.get(title=f"{SOUPS}!")
    assert (changed.public_id, changed.abstract, changed.version_label) == (ids[SOUPS], "We stir.", "ICML 2022")
    assert len(rows & set(untouched()["works_work"])) == 2
    assert untouched()["works_authorship"] == bylines
    assert untouched()["profiles_researcher"] == people
    assert nothing_waits()


def test_a_corrected_byline_stays_with_its_researcher(tmp_path: Path) -> None:
    ada = {"name": "Ada Lovelace", "affiliation": "Univ. of X"}
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, ada, "Grace Hopper")]))
    before = researcher_of("Ada Lovelace")
    better = {"name": "Ada K. Lovelace", "affiliation": "University of Warwick", "orcid": "0000-0002-1825-0097"}
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, better, "Grace Hopper")]))
    assert researcher_of("Ada K. Lovelace") == before
    known = Researcher.objects.get(public_id=before)
    assert (known.display_name, known.works_count) == ("Ada K. Lovelace", 1)
    assert known.identifiers.get().value == "0000-0002-1825-0097"
    assert [a.institution.name for a in known.affiliations.all()] == ["University of Warwick"]
    assert Researcher.objects.count() == 2


def test_authors_in_another_order_stay_who_they_are(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, *COOKS)]))
    before = {name: researcher_of(name) for name in COOKS}
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, "Alan Turing", *COOKS[::-1])]))
    assert {name: researcher_of(name) for name in COOKS} == before
    assert Researcher.objects.count() == 4
    assert Researcher.objects.filter(works_count=1).count() == 4


def test_an_author_whom_the_source_takes_back_has_no_works_and_no_edges(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, *COOKS)]))
    gone = researcher_of("Emmy Noether")
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, *COOKS[:2])]))
    assert Researcher.objects.get(public_id=gone).works_count == 0
    (edge,) = CoauthorEdge.objects.select_related("a", "b")
    assert {edge.a.display_name, edge.b.display_name} == set(COOKS[:2])
    assert edge.weight == 1.0


def test_a_correction_and_its_correction_end_where_it_began(tmp_path: Path) -> None:
    first = [work("t/1", SOUPS, *COOKS), work("t/2", "Bread without yeast", *COOKS)]
    importworks(write(tmp_path / "works.jsonl", first))
    expected = stored(ids=False)
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, "Alan Turing", venue="ICML", year=2020)]))
    assert stored(ids=False) != expected
    importworks(write(tmp_path / "works.jsonl", first))
    assert stored(ids=False) == expected


def test_a_person_who_was_undecided_for_a_while_keeps_the_address(tmp_path: Path) -> None:
    early, late = (
        work("t/1", SOUPS, "Wei Wang", year=1990),
        work("t/2", "Bread without yeast", "Wei Wang", year=2020),
    )
    importworks(write(tmp_path / "works.jsonl", [early]))
    before = researcher_of("Wei Wang")
    importworks(write(tmp_path / "works.jsonl", [early, late]))
    assert not Authorship.objects.exclude(researcher=None).exists()
    assert Researcher.objects.get(public_id=before).works_count == 0
    known = {"name": "Wei Wang", "orcid": "0000-0002-1825-0097"}
    importworks(write(tmp_path / "works.jsonl", [{**early, "authors": [known]}, {**late, "authors": [known]}]))
    assert researcher_of("Wei Wang") == before
    assert Researcher.objects.get(public_id=before).works_count == 2
    assert Researcher.objects.count() == 1


def test_an_emptied_record_redirects_to_the_one_its_byline_went_to(tmp_path: Path) -> None:
    early, late = (
        work("t/1", SOUPS, "Wei Wang", year=1990),
        work("t/2", "Bread without yeast", "Wei Wang", year=2020),
    )
    third = work("t/3", "Tea", {"name": "Wei Wang", "orcid": "0000-0002-1825-0097"}, year=2005)
    importworks(write(tmp_path / "works.jsonl", [early]))
    emptied = researcher_of("Wei Wang")
    importworks(write(tmp_path / "works.jsonl", [early, late]))
    importworks(write(tmp_path / "works.jsonl", [early, late, third]))
    known = Authorship.objects.get(work__title="Tea").researcher
    assert known is not None
    assert known.public_id != emptied
    importworks(write(tmp_path / "works.jsonl", [{**early, "authors": third["authors"]}, late, third]))
    assert Researcher.objects.get(public_id=emptied).merged_into == known
    assert IdentityEvent.objects.filter(researcher__public_id=emptied, kind="researcher:merged", other=known).exists()


def test_every_change_of_hands_is_an_event(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [work("t/1", SOUPS, *COOKS)]))
    first = IdentityEvent.objects.order_by("pk").values_list("kind", "researcher__display_name", "bylines", "before")
    bylines = dict(Authorship.objects.values_list("raw_name", "pk"))
    assert sorted(first) == sorted(("researcher:bylines:assigned", name, [bylines[name]], []) for name in COOKS)


# Versions and matching


@pytest.mark.parametrize("preprint_first", [True, False])
def test_preprint_and_proceedings_are_versions_of_one_work(tmp_path: Path, *, preprint_first: bool) -> None:
    atom = feed(tmp_path / "answer.xml", ("2111.00001", SOUPS, COOKS))
    lines = write(tmp_path / "works.jsonl", [
        work("icml/1", f"{SOUPS.upper()}.", "A. Lovelace", *COOKS[1:], venue="ICML", doi="10.1000/soup", status="Spotlight"),
    ])  # fmt: skip
    runs = [("arxiv", atom), ("jsonl", lines)]
    for source, path in runs if preprint_first else runs[::-1]:
        assert "fetched 1  new 1  updated 0" in importworks(path, source=source).out
    one = Work.objects.get()
    assert (one.type, one.year, one.date) == ("conference", 2022, "2021-11-05")
    assert one.version_label == "arXiv 2021 → ICML 2022 Spotlight"
    assert [v.kind for v in one.versions.order_by("year")] == ["preprint", "conference"]
    assert set(one.identifiers.values_list("scheme", "value")) == {("arxiv", "2111.00001"), ("doi", "10.1000/soup")}
    assert one.source_count == 2
    assert one.abstract == "We stir."
    assert one.authorships.order_by("position").values_list("raw_name", flat=True)[0] == "Ada Lovelace"
    assert not Review.objects.exists()
    both = stored(ids=False)
    clear()
    for source, path in runs[::-1] if preprint_first else runs:
        importworks(path, source=source)
    assert stored(ids=False) == both


def test_an_identifier_joins_records_whose_titles_differ(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [
        work("a/1", "An early title", *COOKS, doi="10.1000/soup"),
        work("b/1", "A quite different final title", *COOKS, doi="https://doi.org/10.1000/SOUP"),
    ]))  # fmt: skip
    assert Work.objects.get().source_records.count() == 2


def test_the_same_title_and_authors_in_near_years_are_one_work(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [work("a/1", SOUPS, *COOKS), work("b/1", SOUPS, *COOKS, year=2024)]))
    assert Work.objects.get().source_records.count() == 2
    assert not Review.objects.exists()


def test_the_same_title_alone_is_another_work(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", [work("a/1", SOUPS, *COOKS), work("b/1", SOUPS, "Alan Turing")]))
    assert Work.objects.count() == 2
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("authors", "year"),
    [((*COOKS[:1], "Alan Turing", "Kurt Gödel"), 2022), (COOKS, 2002)],
    ids=["some-authors", "other-decade"],
)
def test_what_may_be_the_same_work_is_kept_apart_and_asked_once(
    tmp_path: Path, authors: tuple[str, ...], year: int
) -> None:
    known = write(tmp_path / "known.jsonl", [work("a/1", SOUPS, *COOKS)])
    unclear = write(tmp_path / "unclear.jsonl", [work("b/1", SOUPS, *authors, year=year)])
    for path in (known, unclear, unclear):
        importworks(path)
    first, second = Work.objects.order_by("pk")
    question = Review.objects.get()
    assert (question.kind, question.state, question.work) == ("work-match", "open", second)
    assert question.candidates == [first.pk]
    assert {reason["kind"] for reason in question.evidence} >= {"title-equal", "author-overlap"}


def test_generic_titles_are_never_matched(tmp_path: Path) -> None:
    records = [work(f"t/{number}", "Editorial", *COOKS) for number in range(3)]
    importworks(write(tmp_path / "works.jsonl", records))
    assert Work.objects.count() == 3
    assert not Review.objects.exists()


# Stopping and going on


def test_a_run_that_is_stopped_between_batches_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "works.jsonl", BUNDLED[:100])
    importworks(path)
    expected = stored()
    clear()
    monkeypatch.setattr(ahead, "BATCH", 30)
    run = imports.start_run(source="jsonl", query=str(path))
    slices = 1
    while not imports.advance(ImportRun.objects.get(pk=run.pk), seconds=1e-9):
        slices += 1
    imports.settle()
    run.refresh_from_db()
    assert slices >= 4
    assert list(run.chunks.order_by("first").values_list("first", "last")) == [(0, 30), (30, 60), (60, 90), (90, 100)]
    assert (run.state, run.fetched, run.new) == ("done", 100, 100)
    assert stored() == expected


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    run = imports.start_run(source="jsonl", query=str(write(tmp_path / "works.jsonl", BUNDLED[:10])))
    assert imports.advance(run)
    before = ImportRun.objects.filter(pk=run.pk).values().get()
    assert imports.advance(run)
    assert ImportRun.objects.filter(pk=run.pk).values().get() == before


def test_counters_of_a_run_add_up_its_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "BATCH", 4)
    records = [*BUNDLED[:9], b"not json\n", BUNDLED[0], line(work("t/1", "No authors"))]
    importworks(write(tmp_path / "works.jsonl", records))
    run = ImportRun.objects.get(fetched=F("new") + F("updated") + F("unchanged") + F("quarantined"))
    assert (run.fetched, run.new, run.unchanged, run.quarantined) == (12, 9, 1, 2)
    assert sum(chunk.new for chunk in run.chunks.all()) == 9
    assert sum(chunk.quarantined for chunk in run.chunks.all()) == 2


def test_a_file_named_from_the_working_directory_is_found_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "works.jsonl", BUNDLED[:2])
    monkeypatch.chdir(tmp_path)
    assert importworks("works.jsonl").status == 0
    assert ImportRun.objects.get().query == str((tmp_path / "works.jsonl").resolve())
