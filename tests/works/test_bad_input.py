"""Bad input through the whole importer: a clear message, the bytes kept, and every good record around it imported."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard
from django.db import connection

from graph.models import CoauthorEdge
from profiles.models import Researcher
from tests.pipeline import Outcome, importworks, line, stored, untouched, work, write
from works.models import Authorship, ImportRun, RunState, SourceRecord, Work

pytestmark = pytest.mark.usefixtures("empty_library")

BEFORE = work("t/1", "A first good record", "Ada Lovelace", "Grace Hopper")
AFTER = work("t/9", "A last good record", "Emmy Noether")


def between(tmp_path: Path, *bad: bytes) -> Outcome:
    """Import a file whose first and last line are good."""
    return importworks(write(tmp_path / "works.jsonl", [BEFORE, *bad, AFTER]))


def titles() -> set[str]:
    return set(Work.objects.values_list("title", flat=True))


def good_ones_are_there() -> bool:
    return {BEFORE["title"], AFTER["title"]} <= titles() and Researcher.objects.filter(name_key="emmy noether").exists()


def held() -> SourceRecord:
    """The only record that was held back."""
    return SourceRecord.objects.exclude(rejected_code="").get()


def assert_held(outcome: Outcome, payload: bytes, *, code: str, field: str = "") -> None:
    """One record was held back, with its bytes; the two good ones are there and the command succeeded."""
    assert outcome.status == 0
    assert "fetched 3  new 2  updated 0  unchanged 0  quarantined 1" in outcome.out
    record = held()
    assert bytes(record.payload) == payload
    assert (record.rejected_code, record.rejected_field, record.work_id) == (code, field, None)
    assert record.rejected_detail
    assert good_ones_are_there()


def test_a_truncated_zstandard_file_gives_what_came_before_the_cut(tmp_path: Path) -> None:
    titles = [f"{number * 2_654_435_761 % 2**61:x}" * 20 for number in range(2_000)]
    packed = zstandard.ZstdCompressor().compress(b"".join(line(work(f"t/{t}", t, "Ada Lovelace")) for t in titles))
    path = tmp_path / "works.jsonl.zst"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    outcome = importworks(path)
    imported = Work.objects.count()
    assert outcome.status == 0
    assert 0 < imported < 2_000
    assert f"fetched {imported + 1}  new {imported}  updated 0  unchanged 0  quarantined 1" in outcome.out
    where = f"works.jsonl.zst:{imported + 1}: "
    assert outcome.err.count(where) == 1
    assert f"{where}the Zstandard file is cut short" in outcome.err
    assert held().rejected_code == "unreadable"
    assert line(work(f"t/{titles[imported]}", titles[imported], "Ada Lovelace")).startswith(bytes(held().payload))


def test_a_truncated_file_continues_where_it_was_cut_once_it_is_whole(tmp_path: Path) -> None:
    titles = [f"{number * 2_654_435_761 % 2**61:x}" * 20 for number in range(2_000)]
    packed = zstandard.ZstdCompressor().compress(b"".join(line(work(f"t/{t}", t, "Ada Lovelace")) for t in titles))
    path = tmp_path / "works.jsonl.zst"
    path.write_bytes(packed[: len(packed) // 2])
    importworks(path)
    imported = Work.objects.count()
    path.write_bytes(packed)
    outcome = importworks(path)
    assert f"fetched 2000  new {2_000 - imported}  updated 0  unchanged {imported}  quarantined 0" in outcome.out
    assert Work.objects.count() == 2_000


def test_a_line_that_is_not_utf8_is_held_back_with_its_id(tmp_path: Path) -> None:
    bad = line(work("t/2", "A cafe", "Ada Lovelace")).replace(b"cafe", b"caf\xe9")
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="not-utf-8")
    assert held().key == "t/2"
    assert "works.jsonl:2: The record is not UTF-8: byte 0xe9 at offset" in outcome.err


def test_a_nul_byte_in_a_line_is_held_back(tmp_path: Path) -> None:
    bad = line(work("t/2", "A title", "Ada Lovelace")).replace(b"title", b"ti\x00tle", 1)
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="json-invalid")
    assert "works.jsonl:2: The record is no JSON object" in outcome.err


def test_escaped_nul_characters_are_left_out_of_every_field(tmp_path: Path) -> None:
    nul = "a\x00b"
    author = {"name": f"Ada {nul}", "affiliation": nul, "native_name": nul, "affiliation_domain": nul, "homepage": nul}
    outcome = between(tmp_path, line({
        **work("t/2", f"A {nul}", author), "abstract": nul, "venue": nul, "keywords": [nul], "categories": [nul],
        "track": nul, "status": nul, "revision": nul, "license": nul, "language": nul, "site": nul, "github": nul,
        "doi": nul, "identifiers": {nul: nul}, "affiliations_unaligned": [nul], "date": nul, "venue_key": nul,
    }))  # fmt: skip
    assert "new 3" in outcome.out
    imported = Work.objects.get(title="A ab")
    assert (imported.abstract, imported.authorships.get().raw_name) == ("ab", "Ada ab")
    assert not any("\\x00" in row for rows in stored().values() for row in rows)


def test_a_nul_character_where_it_is_quoted_in_the_reason_does_not_stop_the_import(tmp_path: Path) -> None:
    bad = line(work("t/2", "A title", "Ada Lovelace", type="po\x00em"))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="field-invalid", field="type")
    assert "works.jsonl:2: type: " in outcome.err


def test_a_title_of_ten_megabytes_is_held_back_whole(tmp_path: Path) -> None:
    bad = line(work("t/2", "x" * 10_000_000, "Ada Lovelace"))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="title-too-long", field="title")
    assert "works.jsonl:2: title: The title is longer than 2,000 characters." in outcome.err
    assert len(outcome.err) < 500


def test_a_line_over_the_limit_is_held_back_with_its_head(tmp_path: Path) -> None:
    bad = line(work("t/2", "x" * 17_000_000, "Ada Lovelace"))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad[: 64 * 1024], code="unreadable")
    assert outcome.err.count("works.jsonl:2: ") == 1
    assert "more than the 16,777,216 allowed" in outcome.err


def test_the_year_99999_is_held_back(tmp_path: Path) -> None:
    bad = line(work("t/2", "From the future", "Ada Lovelace", year=99_999))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="year-implausible", field="year")
    assert "works.jsonl:2: year: The year is after " in outcome.err


def test_five_thousand_authors_are_kept_and_make_no_edges(tmp_path: Path) -> None:
    letters = "abcdefghij"
    names = [f"{''.join(letters[int(d)] for d in f'{n:04d}').title()} Collaborator" for n in range(4_999)]
    outcome = between(tmp_path, line(work("t/2", "Observation of everything", "Ada Lovelace", *names)))
    assert "new 3" in outcome.out
    many = Work.objects.get(title="Observation of everything")
    assert many.author_count == 5_000
    printed = many.authorships.order_by("position").values_list("raw_name", flat=True)
    assert list(printed) == ["Ada Lovelace", *names]
    assert not many.authorships.filter(kind="pending").exists()
    pair = {Researcher.objects.get(name_key=key).pk for key in ("ada lovelace", "grace hopper")}
    assert {frozenset(edge) for edge in CoauthorEdge.objects.values_list("a", "b")} == {frozenset(pair)}
    assert good_ones_are_there()


def test_an_empty_list_of_authors_is_held_back(tmp_path: Path) -> None:
    bad = line(work("t/2", "Written by nobody"))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="authors-missing", field="authors")
    assert "works.jsonl:2: authors: The list of authors is empty." in outcome.err


def test_an_author_without_a_name_is_named_by_position(tmp_path: Path) -> None:
    bad = line(work("t/2", "Written by whom", "Ada Lovelace", " "))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="author-unnamed", field="authors[1].name")
    assert "works.jsonl:2: authors[1].name: This author has no name." in outcome.err


def test_the_same_record_twice_in_one_file_is_one_record(tmp_path: Path) -> None:
    outcome = between(tmp_path, line(BEFORE))
    assert outcome.status == 0
    assert "fetched 3  new 2  updated 0  unchanged 1  quarantined 0" in outcome.out
    assert SourceRecord.objects.count() == Work.objects.count() == 2


def test_another_record_under_a_used_id_is_held_back(tmp_path: Path) -> None:
    bad = line(work("t/1", "Something else under the same id", "Grace Hopper"))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="duplicate-id")
    assert outcome.err.count("works.jsonl:2: ") == 1
    assert "the id t/1 was already used by another record of this run" in outcome.err
    assert titles() == {BEFORE["title"], AFTER["title"]}


def test_a_used_id_is_noticed_across_batches_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("works.ahead.BATCH", 1)
    bad = line(work("t/1", "Something else under the same id", "Grace Hopper"))
    assert_held(between(tmp_path, bad), bad.rstrip(), code="duplicate-id")


def test_html_tex_and_bidirectional_characters_in_titles_are_stored_as_harmless_text(tmp_path: Path) -> None:
    hostile = (
        '<script>alert("x")</script> <img src=x onerror=alert(1)> \u202egnp.exe\u202c '
        r"\href{javascript:alert(1)}{$\ell_1$} Schr\"odinger $x<y$ &lt;script&gt; {{ 7*7 }}"
    )
    outcome = between(tmp_path, line(work("t/2", hostile, "Ada <b>Lovelace</b>\u202e")))
    assert "new 3" in outcome.out
    imported = Work.objects.exclude(title__in=[BEFORE["title"], AFTER["title"]]).get()
    assert "\u202e" not in imported.title + imported.title_html
    assert "gnp.exe" in imported.title
    assert "Schrödinger" in imported.title
    assert "<script" not in imported.title_html
    assert "<img" not in imported.title_html
    assert 'href="javascript' not in imported.title_html
    assert "<math" in imported.title_html
    assert imported.authorships.get().raw_name == "Ada Lovelace"
    assert good_ones_are_there()


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 200_000 + b"]" * 200_000 + b"\n",
        line(work("t/2", "?", "Ada Lovelace")).replace(b'"?"', b"[" * 200_000 + b"]" * 200_000),
        line({**work("t/2", "A title", "Ada Lovelace"), "extra": "?"}).replace(
            b'"?"', b'{"a":' * 200_000 + b"1" + b"}" * 200_000
        ),
    ],
    ids=["line", "field", "unknown-field"],
)
def test_a_json_bomb_is_held_back(tmp_path: Path, bomb: bytes) -> None:
    outcome = between(tmp_path, bomb)
    assert_held(outcome, bomb.rstrip(), code="json-too-deep")
    assert "works.jsonl:2: The record nests its values too deeply." in outcome.err


def test_values_longer_than_any_column_or_index_takes_do_not_stop_the_import(tmp_path: Path) -> None:
    # Transliterated, each of these is a phrase: "cyclone foggy closed umbrella ...".
    pictures = "".join(map(chr, range(0x1F300, 0x1F4E0)))
    ideographs = "".join(map(chr, range(0x4E00, 0x4E00 + 480)))
    digits = "".join(f"{number * 2_654_435_761 % 2**61:x}" for number in range(400))
    much = work(
        "t/2", "Much of everything",
        {"name": f"Ada {ideographs[:200]}", "affiliation": f"University of {pictures}", "affiliation_domain": digits},
        venue=pictures, keywords=[pictures[:100], ideographs, digits], categories=["c" * 60, digits],
        status=pictures, track=digits, revision=digits,
        identifiers={digits: digits, "doi": f"10.1000/{digits}", "openreview": digits},
    )  # fmt: skip
    outcome = between(tmp_path, line(much))
    assert (outcome.status, outcome.err) == (0, "")
    assert "new 3" in outcome.out
    imported = Work.objects.get(title="Much of everything")
    assert imported.venue is not None
    assert imported.identifiers.count() == 0
    assert imported.authorships.get().researcher is not None


def test_a_name_too_long_to_be_looked_up_is_held_back(tmp_path: Path) -> None:
    bad = line(work("t/2", "Signed with pictures", "Ada " + "".join(map(chr, range(0x1F300, 0x1F4E0)))))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="author-name-too-long", field="authors[0].name")


def test_a_file_of_bad_records_only_ends_with_status_1(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", [b"not json\n", work("t/1", "No authors")])
    outcome = importworks(path)
    assert outcome.status == 1
    assert "Nothing in this input could be imported." in outcome.err
    assert "works.jsonl:1: The record is no JSON object" in outcome.err
    assert "works.jsonl:2: authors: The list of authors is empty." in outcome.err
    assert SourceRecord.objects.exclude(rejected_code="").count() == 2


def test_a_file_without_a_record_ends_with_status_1(tmp_path: Path) -> None:
    outcome = importworks(write(tmp_path / "works.jsonl", [b"\n\n"]))
    assert outcome.status == 1
    assert "There is no record in this input." in outcome.err


def test_a_file_that_is_not_there_ends_with_status_1_and_its_name(tmp_path: Path) -> None:
    outcome = importworks(tmp_path / "absent.jsonl")
    assert outcome.status == 1
    assert str(tmp_path / "absent.jsonl") in outcome.err
    assert SourceRecord.objects.count() == 0


def test_importing_bad_records_again_changes_nothing(tmp_path: Path) -> None:
    bad = [b"not json\n", line(work("t/2", "No authors")), line(work("t/1", "Another title", "Ada Lovelace"))]
    between(tmp_path, *bad)
    before = untouched()
    outcome = between(tmp_path, *bad)
    assert outcome.status == 0
    assert "fetched 5  new 0  updated 0  unchanged 5  quarantined 0" in outcome.out
    assert untouched() == before


def test_damaged_news_about_a_known_record_keep_what_is_known(tmp_path: Path) -> None:
    between(tmp_path)
    bad = line(work("t/1", "A first good record"))
    outcome = importworks(write(tmp_path / "works.jsonl", [bad, AFTER]))
    assert "fetched 2  new 0  updated 0  unchanged 1  quarantined 1" in outcome.out
    assert (held().rejected_code, bytes(held().payload)) == ("authors-missing", bad.rstrip())
    assert Authorship.objects.filter(work__title=BEFORE["title"]).count() == 2


def refuse(table: str, condition: str) -> None:
    """Have the database refuse rows, as it would any value that no check of ours foresaw."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT refused CHECK ({condition}) NOT VALID")


def test_a_record_the_database_refuses_is_held_back_and_stops_no_other(tmp_path: Path) -> None:
    refuse("works_work", "title <> 'Refused'")
    bad = line(work("t/2", "Refused", "Ada Lovelace"))
    outcome = between(tmp_path, bad)
    assert_held(outcome, bad.rstrip(), code="not-storable")
    assert "refused" in outcome.err


def test_a_run_that_cannot_store_anything_ends_and_says_why(tmp_path: Path) -> None:
    refuse("works_sourcerecord", "false")
    outcome = between(tmp_path)
    assert outcome.status == 1
    assert "Given up after record 0" in outcome.err
    run = ImportRun.objects.order_by("-pk")[0]
    assert run.state == RunState.FAILED
    assert run.finished_at is not None


def test_long_records_make_short_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("works.ahead.BATCH_BYTES", 1)
    outcome = importworks(write(tmp_path / "works.jsonl", [BEFORE, AFTER]))
    assert "new 2" in outcome.out
    assert list(ImportRun.objects.order_by("-pk")[0].chunks.order_by("first").values_list("first", "last")) == [
        (0, 1),
        (1, 2),
    ]


def test_an_accepted_record_that_no_parser_reads_any_more_stops_no_news_of_its_work(tmp_path: Path) -> None:
    between(tmp_path)
    SourceRecord.objects.filter(key="t/1").update(payload=b"{}")
    outcome = importworks(write(tmp_path / "more.jsonl", [{**BEFORE, "source_id": "t/1b", "venue": "A venue"}]))
    assert "new 1" in outcome.out
    assert Work.objects.get(title=BEFORE["title"]).venue is not None
