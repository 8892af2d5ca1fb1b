"""Edges, graphs and receipts follow from the facts: the formula, only for those concerned, the same after a rebuild."""

from __future__ import annotations

import io
import random
import string
from collections import Counter
from itertools import product
from pathlib import Path

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from graph.algorithms import SharedWork, strength, ties, ties_among
from graph.models import CoauthorEdge, EgoGraphSnapshot, StaleResearcher, TrustSnapshot
from graph.snapshots import EgoGraph
from profiles.models import Researcher
from tests.pipeline import derived, feed, importworks, untouched, work, write
from works import imports, rollback
from works.demo.build import OUTPUT
from works.models import Authorship, ImportRun, Work

BUNDLED = OUTPUT.read_bytes().splitlines(keepends=True)
NAMES = (
    "Ada Quillfeather", "Bruno Oakenshaw", "Clara Winterbourne", "Dmitri Hollowstone", "Elif Marchbanks", "Femi Thornquist",
)  # fmt: skip


GIVEN = [f"{a}{b}ra" for a, b in product(string.ascii_uppercase[:10], "aeiou")]
FAMILIES = [f"{a}{b}lfeather" for a, b in product(string.ascii_uppercase, "aeiou")]


def orcid(number: int) -> str:
    """A valid iD for a number."""
    digits = f"00000002{number:07d}"
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    check = "0123456789X"[(12 - total % 11) % 11]
    return "-".join(f"{digits}{check}"[at : at + 4] for at in range(0, 16, 4))


def rebuild(**options: str) -> str:
    out = io.StringIO()
    call_command("rebuildgraph", stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def edge(one: str, other: str) -> CoauthorEdge | None:
    found = CoauthorEdge.objects.filter(a__display_name__in=[one, other], b__display_name__in=[one, other])
    return found.first()


def score(name: str) -> int:
    current: int = TrustSnapshot.objects.get(researcher__display_name=name, current=True).score
    return current


def drawn_around(name: str) -> list[str]:
    """The names the stored graph of a researcher shows, strongest first."""
    data = EgoGraphSnapshot.objects.get(researcher__display_name=name).data
    text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
    return [person.name for person in msgspec.json.decode(text, type=EgoGraph).people]


def snapshot_places() -> dict[str, str]:
    """Where on disk each researcher's graph lies: another place means that it was written anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.display_name, s.ctid::text FROM graph_egographsnapshot s"
            " JOIN profiles_researcher r ON r.id = s.researcher_id"
        )
        return dict(cursor.fetchall())


# The formula


@pytest.mark.parametrize(("authors", "share"), [(1, 0.0), (2, 1.0), (3, 0.5), (11, 0.1), (50, 1 / 49), (51, 0.0)])
def test_a_shared_work_adds_one_over_the_other_authors(authors: int, share: float) -> None:
    assert strength(authors) == pytest.approx(share)


def test_an_author_list_cut_short_counts_as_at_least_five() -> None:
    assert strength(2, truncated=True) == strength(5) == 0.25
    assert strength(9, truncated=True) == strength(9)


def test_ties_add_up_strength_works_and_years() -> None:
    works = [
        SharedWork(1, 2019, 2, truncated=False, others=(7,)),
        SharedWork(2, None, 3, truncated=False, others=(7, 8)),
        SharedWork(3, 2021, 60, truncated=False, others=(7, 9)),
        SharedWork(4, 2021, 5, truncated=False, others=(8,)),
    ]
    by_key = {tie.researcher_id: tie for tie in ties(works)}
    strongest, other = by_key[7], by_key[8]
    assert (strongest.strength, strongest.works, strongest.years) == (1.5, 2, Counter([2019]))
    assert (other.strength, other.first_year, other.last_year) == (0.75, 2021, 2021)
    assert set(by_key) == {7, 8}


@given(
    st.lists(
        st.builds(
            SharedWork,
            work_id=st.integers(1, 99),
            year=st.one_of(st.none(), st.integers(1990, 2030)),
            authors=st.integers(1, 60),
            truncated=st.booleans(),
            others=st.lists(st.integers(1, 12), unique=True, max_size=5).map(tuple),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_ties_do_not_depend_on_the_order_of_works(works: list[SharedWork], chance: random.Random) -> None:
    shuffled = works[:]
    chance.shuffle(shuffled)
    assert ties(shuffled) == ties(works)
    for tie in ties(works):
        expected = sum(strength(w.authors, truncated=w.truncated) for w in works if tie.researcher_id in w.others)
        assert tie.strength == pytest.approx(expected)


def test_people_around_are_tied_by_works_they_share_with_the_center() -> None:
    works = [
        SharedWork(1, 2020, 3, truncated=False, others=(7, 8)),
        SharedWork(2, 2020, 60, truncated=False, others=(8, 9)),
    ]
    assert ties_among(ties(works), works) == {(7, 8): 1}


# From records to rows


@pytest.mark.usefixtures("empty_library")
class TestImported:
    def test_four_arxiv_works_and_four_close_collaborators_score_17_and_five_works_19(self, tmp_path: Path) -> None:
        ada, *others = NAMES[:5]
        entries = [(f"2101.0000{n}", f"Recipe number {n} of many", (ada, other)) for n, other in enumerate(others)]
        assert importworks(feed(tmp_path / "feed.xml", *entries), source="arxiv").status == 0
        record = Researcher.objects.get(display_name=ada)
        assert (record.verification_level, record.works_count, score(ada)) == (1, 4, 17)
        fifth = feed(tmp_path / "more.xml", ("2101.00009", "A recipe for one", (ada,)))
        importworks(fifth, source="arxiv")
        assert score(ada) == 19
        history = TrustSnapshot.objects.filter(researcher=record).order_by("pk").values_list("score", "current")
        assert list(history) == [(17, False), (19, True)]
        assert score(others[0]) == 5 + 2 + 1

    def test_edges_weigh_one_over_the_other_authors_of_every_shared_work(self, tmp_path: Path) -> None:
        ada, bruno, clara, dmitri = NAMES[:4]
        importworks(write(tmp_path / "works.jsonl", [
            work("t/1", "A dish for two", ada, bruno, year=2019),
            work("t/2", "A dish for three", ada, bruno, clara, year=2021),
            work("t/3", "A dish for four", dmitri, clara, bruno, ada, year=2020),
            work("t/4", "A dish for one", dmitri, year=2020),
        ]))  # fmt: skip
        assert CoauthorEdge.objects.count() == 6
        close = edge(ada, bruno)
        assert close is not None
        assert close.weight == pytest.approx(1 + 1 / 2 + 1 / 3)
        assert (close.works, close.first_year, close.last_year) == (3, 2019, 2021)
        loose = edge(dmitri, ada)
        assert loose is not None
        assert loose.weight == pytest.approx(1 / 3)
        assert loose.works == 1
        assert drawn_around(ada) == [bruno, clara, dmitri]

    @pytest.mark.parametrize(("authors", "edges"), [(50, 50 * 49 // 2), (51, 0)])
    def test_more_than_fifty_authors_are_kept_without_edges(self, tmp_path: Path, authors: int, edges: int) -> None:
        letters = "abcdefghij"
        names = [
            f"{letters[n // 10]}{letters[n % 10]}ra Q{letters[n // 10]}{letters[n % 10]}lfeather".title()
            for n in range(authors)
        ]
        importworks(write(tmp_path / "works.jsonl", [work("t/1", "Observation of a soup", *names)]))
        assert list(Authorship.objects.order_by("position").values_list("raw_name", flat=True)) == names
        assert Researcher.objects.filter(works_count=1).count() == authors
        assert CoauthorEdge.objects.count() == edges

    def test_an_import_recomputes_the_people_on_its_works_only(self, tmp_path: Path) -> None:
        ada, bruno, clara, dmitri, elif_, _ = NAMES
        importworks(write(tmp_path / "works.jsonl", [
            work("t/1", "A dish for two", ada, bruno), work("t/2", "A dish for others", clara, dmitri),
        ]))  # fmt: skip
        before = snapshot_places()
        importworks(write(tmp_path / "more.jsonl", [work("t/3", "A dish with a guest", ada, elif_)]))
        after = snapshot_places()
        assert set(after) - set(before) == {elif_}
        assert {name for name in before if before[name] != after[name]} == {ada}

    def test_a_better_spelling_reaches_the_graphs_of_all_collaborators(self, tmp_path: Path) -> None:
        _, bruno, clara, *_ = NAMES
        lab = {"affiliation": "University of Warwick"}
        importworks(
            write(tmp_path / "works.jsonl", [work("t/1", "A dish for two", {"name": "A. Quillfeather", **lab}, bruno)])
        )
        assert drawn_around(bruno) == ["A. Quillfeather"]
        importworks(write(tmp_path / "more.jsonl", [
            work("t/2", "Another dish for two", {"name": "Ada Quillfeather", **lab}, clara),
            work("t/3", "A third dish for two", {"name": "Ada Quillfeather", **lab}, clara),
        ]))  # fmt: skip
        assert Researcher.objects.get(display_name="Ada Quillfeather").works_count == 3
        assert drawn_around(bruno) == ["Ada Quillfeather"]

    def test_rows_after_many_imports_are_those_of_a_full_rebuild(self, tmp_path: Path) -> None:
        for number in range(3):
            importworks(write(tmp_path / f"works{number}.jsonl", BUNDLED[number:450:3]))
        corrected = [record.replace(b"Morcos", b"Morcos Jr.").replace(b'"ICML"', b'"JMLR"') for record in BUNDLED[:300]]
        importworks(write(tmp_path / "corrected.jsonl", corrected))
        incremental = derived()
        assert rebuild() == f"Rebuilt {Researcher.objects.count()} researchers.\n"
        assert derived() == incremental

    def test_rows_after_a_run_is_taken_back_are_those_of_a_full_rebuild(self, tmp_path: Path) -> None:
        importworks(write(tmp_path / "works.jsonl", BUNDLED[0:240:2]))
        before = {table: derived()[table] for table in ("graph_coauthoredge", "graph_egographsnapshot")}
        importworks(write(tmp_path / "more.jsonl", BUNDLED[1:240:2]))
        run = ImportRun.objects.latest("pk")
        rollback.begin(run)
        rollback.advance(run)
        imports.settle()
        incremental = derived()
        rebuild()
        assert derived() == incremental
        assert len(incremental["graph_coauthoredge"]) == len(before["graph_coauthoredge"])

    def test_a_work_of_thousands_of_authors_changes_nobodys_co_authors(self, tmp_path: Path) -> None:
        people = [{"name": f"{first} Quillfeather", "orcid": orcid(n)} for n, first in enumerate(GIVEN[:24])]
        importworks(write(tmp_path / "works.jsonl", [
            work(f"t/{n}", f"Dish number {n} of many", *people[n : n + 2 + n % 3], year=2000 + n) for n in range(22)
        ]))  # fmt: skip
        graphs = dict(EgoGraphSnapshot.objects.values_list("researcher", "data"))
        edges = derived()["graph_coauthoredge"]
        assert len(graphs) == len(people)
        crowd = [f"{first} {family}" for first, family in product(GIVEN, FAMILIES)]
        importworks(
            write(tmp_path / "crowd.jsonl", [work("t/99", "A soup observed", *people, *crowd[: 3_000 - len(people)])])
        )
        observed = Work.objects.get(title="A soup observed")
        assert observed.author_count == 3_000
        assert Authorship.objects.filter(work=observed, researcher__in=graphs).count() == len(people)
        assert dict(EgoGraphSnapshot.objects.filter(pk__in=graphs).values_list("researcher", "data")) == graphs
        assert derived()["graph_coauthoredge"] == edges

    def test_a_rebuild_repairs_what_is_wrong(self, tmp_path: Path) -> None:
        importworks(write(tmp_path / "works.jsonl", BUNDLED[:60]))
        sound = derived()
        CoauthorEdge.objects.filter(pk__in=CoauthorEdge.objects.values("pk")[:40]).delete()
        EgoGraphSnapshot.objects.all().delete()
        Researcher.objects.update(works_count=0)
        assert derived() != sound
        rebuild()
        assert derived() == sound
        assert not StaleResearcher.objects.exists()

    def test_a_rebuild_of_one_leaves_the_others_alone(self, tmp_path: Path) -> None:
        ada, bruno, clara, dmitri, *_ = NAMES
        importworks(write(tmp_path / "works.jsonl", [
            work("t/1", "A dish for two", ada, bruno), work("t/2", "A dish for others", clara, dmitri),
        ]))  # fmt: skip
        sound, before = derived(), snapshot_places()
        assert rebuild(only=Researcher.objects.get(display_name=ada).public_id) == "Rebuilt 1 researcher.\n"
        after = snapshot_places()
        assert {name for name in before if before[name] != after[name]} == {ada}
        assert derived() == sound

    def test_a_rebuild_of_somebody_unknown_is_refused(self) -> None:
        with pytest.raises(CommandError, match="There is no researcher 'nobody'"):
            rebuild(only="nobody")
        assert not StaleResearcher.objects.exists()

    def test_settling_twice_changes_nothing(self, tmp_path: Path) -> None:
        importworks(write(tmp_path / "works.jsonl", BUNDLED[:60]))
        before = untouched()
        imports.settle()
        assert untouched() == before

    def test_receipts_are_written_only_when_their_inputs_change(self, tmp_path: Path) -> None:
        importworks(write(tmp_path / "works.jsonl", BUNDLED[:60]))
        receipts = untouched()["graph_trustsnapshot"]
        rebuild()
        assert untouched()["graph_trustsnapshot"] == receipts
