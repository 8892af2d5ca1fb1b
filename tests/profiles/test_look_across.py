"""Records of one person under names that no block holds together are asked about, and never joined by machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from profiles.flows.look_across import look_across
from profiles.flows.merge import merge
from profiles.models import Researcher, Review
from tests.pipeline import importworks, work, write

pytestmark = pytest.mark.usefixtures("empty_library")

ORCID = "0000-0002-1825-0097"
PLACE = "University of Cartagena"


def written_by(name: str, count: int, *, start: int, **author: str) -> list[dict[str, Any]]:
    known = {"name": name, "affiliation": PLACE, **author}
    return [
        work(f"{name}/{n}", f"Chronicles of {name} {n}", known, "Álvaro Mutis", "Plinio Apuleyo", year=start + n)
        for n in range(count)
    ]


def records() -> dict[str, int]:
    return dict(Researcher.objects.values_list("display_name", "pk"))


def asked() -> list[tuple[str, set[int]]]:
    return [(kind, set(who)) for kind, who in Review.objects.filter(block_key="").values_list("kind", "records")]


def test_a_dropped_family_name_with_the_same_colleagues_is_asked_about(tmp_path: Path) -> None:
    both = written_by("Gabriel García Márquez", 3, start=1980) + written_by("Gabriel García", 2, start=1985)
    importworks(write(tmp_path / "works.jsonl", both))
    known = records()
    assert look_across() == 1
    assert asked() == [("merge", {known["Gabriel García Márquez"], known["Gabriel García"]})]
    # Asking again is the same question.
    review = Review.objects.get(block_key="")
    assert look_across() == 1
    assert Review.objects.get(block_key="").pk == review.pk


def test_names_in_swapped_order_are_asked_about(tmp_path: Path) -> None:
    both = written_by("Zsombor Pálffy", 3, start=1990) + written_by("Pálffy Zsombor", 2, start=1995)
    importworks(write(tmp_path / "works.jsonl", both))
    look_across()
    assert [kind for kind, _ in asked()] == ["merge"]


def test_one_identifier_in_two_records_is_asked_about_whatever_the_names(tmp_path: Path) -> None:
    other = work("u/1", "On radium", {"name": "Marie Curie", "orcid": ORCID}, "Pierre Curie", year=1903)
    both = [*written_by("Maria Sklodowska", 2, start=1900, orcid=ORCID), other]
    importworks(write(tmp_path / "works.jsonl", both))
    known = records()
    assert look_across() == 1
    assert asked() == [("merge", {known["Maria Sklodowska"], known["Marie Curie"]})]


def test_different_people_on_one_work_are_not_asked_about(tmp_path: Path) -> None:
    importworks(
        write(
            tmp_path / "works.jsonl",
            [
                *written_by("Gabriel García Márquez", 3, start=1980),
                *written_by("Gabriel García", 2, start=1985),
                work("u/1", "By both", "Gabriel García Márquez", "Gabriel García", "Álvaro Mutis", year=1983),
            ],
        )
    )
    assert look_across() == 0


def test_names_alone_are_not_asked_about(tmp_path: Path) -> None:
    alone = [work("u/1", "A tale", "Gabriel García Márquez"), work("u/2", "Another tale", "Gabriel García")]
    importworks(write(tmp_path / "works.jsonl", alone))
    assert look_across() == 0


def test_what_a_curator_has_merged_is_not_asked_about_again(tmp_path: Path) -> None:
    both = written_by("Gabriel García Márquez", 3, start=1980) + written_by("Gabriel García", 2, start=1985)
    importworks(write(tmp_path / "works.jsonl", both))
    look_across()
    known = records()
    actor = get_user_model().objects.create_user("curator")
    merge(researcher=known["Gabriel García"], into=known["Gabriel García Márquez"], actor=actor, reason="")
    assert look_across() == 0
    assert not asked()
