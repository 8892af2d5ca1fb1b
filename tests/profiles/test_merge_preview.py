"""What a merge would come to is told before, and holds only as long as the records are what they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model

from graph.models import CoauthorEdge, TrustSnapshot
from profiles.flows.merge import merge
from profiles.flows.reassign import reassign
from profiles.flows.remove import remove
from profiles.merge_selectors import merge_preview
from profiles.models import Researcher
from researchgraph.errors import Conflict
from tests.pipeline import importworks, work, write
from works import imports
from works.models import Authorship, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.usefixtures("empty_library")

AT_WARWICK = {"name": "Wei Wang", "affiliation": "University of Warwick"}
AT_PRINCETON = {"name": "Wei Wang", "affiliation": "Princeton University"}
RECORDS = [
    work("t/1", "Stirring soups", AT_WARWICK, "Grace Hopper", doi="10.1000/1", year=2019),
    work("t/2", "Bread without yeast", AT_WARWICK, "Grace Hopper", doi="10.1000/2", year=2020),
    work("t/3", "A kettle", AT_PRINCETON, "Kurt Gödel", "Emmy Noether", doi="10.1000/3", year=1990),
    work("t/4", "Kettles again", AT_PRINCETON, "Kurt Gödel", doi="10.1000/4", year=1991),
]


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Researcher, Researcher]:
    """Two records of one name: the one to merge, and the one that goes on."""
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    gone, kept = (
        Authorship.objects.select_related("researcher").get(work__title=title, raw_name="Wei Wang").researcher
        for title in ("A kettle", "Stirring soups")
    )
    assert gone is not None
    assert kept is not None
    return gone, kept


def test_a_preview_tells_what_the_merge_then_does(pair: tuple[Researcher, Researcher], curator: User) -> None:
    gone, kept = pair
    told = merge_preview(researcher=gone.pk, into=kept.pk)
    assert told is not None
    assert (told.bylines, told.works, told.works_after, told.clashes) == (2, 2, 4, [])
    assert told.edges == (CoauthorEdge.objects.filter(a=gone) | CoauthorEdge.objects.filter(b=gone)).count() == 2
    assert told.redirects == [gone.get_absolute_url()]
    assert told.trust_before == TrustSnapshot.objects.get(researcher=kept, current=True).score
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="", token=told.token)
    imports.settle()
    kept.refresh_from_db()
    assert kept.works_count == told.works_after
    assert TrustSnapshot.objects.get(researcher=kept, current=True).score == told.trust_after > told.trust_before
    assert list(Researcher.objects.filter(merged_into=kept)) == [gone]


def test_addresses_that_lead_to_a_record_move_on_with_it(pair: tuple[Researcher, Researcher], curator: User) -> None:
    gone, kept = pair
    other = Researcher.objects.get(display_name="Emmy Noether")
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="")
    told = merge_preview(researcher=kept.pk, into=other.pk)
    assert told is not None
    assert set(told.redirects) == {gone.get_absolute_url(), kept.get_absolute_url()}


def test_what_speaks_against_a_merge_is_told_in_words_for_machines(
    pair: tuple[Researcher, Researcher], curator: User
) -> None:
    gone, kept = pair
    shared = Work.objects.get(title="A kettle")
    other = Researcher.objects.get(display_name="Emmy Noether")
    Researcher.objects.filter(pk__in=[gone.pk, other.pk]).update(verification_level=2)
    Authorship.objects.filter(researcher=gone).update(identifiers={"orcid": "0000-0002-1825-0097", "dblp": "1/2"})
    Authorship.objects.filter(researcher=other).update(identifiers={"orcid": "0000-0001-5109-3700", "dblp": "1/2"})
    told = merge_preview(researcher=gone.pk, into=other.pk)
    assert told is not None
    assert [(clash.kind, clash.values) for clash in told.clashes] == [
        ("identifier:orcid", ["0000-0001-5109-3700", "0000-0002-1825-0097"]),
        ("both-claimed", []),
        ("same-work", [str(shared.pk)]),
    ]
    byline = Authorship.objects.get(work__title="Stirring soups", researcher=kept)
    reassign(researcher=kept.pk, to=gone.pk, bylines=[byline.pk], actor=curator, reason="")
    told = merge_preview(researcher=gone.pk, into=kept.pk)
    assert told is not None
    assert [clash.kind for clash in told.clashes] == ["claimed-into-unclaimed", "rejected-work"]


def test_a_preview_of_what_has_changed_since_is_refused(
    pair: tuple[Researcher, Researcher], curator: User, tmp_path: Path
) -> None:
    gone, kept = pair
    told = merge_preview(researcher=gone.pk, into=kept.pk)
    assert told is not None
    importworks(write(tmp_path / "more.jsonl", [work("t/5", "Tea", AT_WARWICK, "Grace Hopper", year=2021)]))
    with pytest.raises(Conflict, match="changed since"):
        merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="", token=told.token)
    again = merge_preview(researcher=gone.pk, into=kept.pk)
    assert again is not None
    assert again.token != told.token
    merge(researcher=gone.pk, into=kept.pk, actor=curator, reason="", token=again.token)


def test_there_is_no_preview_of_what_cannot_be(pair: tuple[Researcher, Researcher], curator: User) -> None:
    gone, kept = pair
    assert merge_preview(researcher=kept.pk, into=kept.pk) is None
    assert merge_preview(researcher=kept.pk, into=10**9) is None
    remove(researcher=gone.pk, actor=curator, reason="")
    assert merge_preview(researcher=gone.pk, into=kept.pk) is None
