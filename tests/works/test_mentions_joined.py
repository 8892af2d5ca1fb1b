"""Mentions of works that are joined count for the one that goes on, and come back when they are parted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model

from researchgraph.lib.desk import Verdict
from tests.pipeline import importworks, untouched, work, write
from tests.works.test_podcast import feed, item
from works import imports
from works.decision_models import Review
from works.flows.join import join
from works.flows.review import answer
from works.flows.undo import undo
from works.media_models import MediaMention
from works.models import Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

SIEVES, BREAD = "Sieves of the northern isles", "Bread without yeast and salt"
WORKS = [
    work("t/1", SIEVES, "Kurt Gödel", arxiv="2203.05482"),
    work("t/2", BREAD, "Emmy Noether", doi="10.1000/bread.1"),
]


@pytest.fixture
def curator(empty_library: None, tmp_path: Path) -> User:
    """One episode names the bread, one has its title and one has that of the sieves."""
    importworks(write(tmp_path / "works.jsonl", WORKS))
    shows = [item("On heat", "https://doi.org/10.1000/bread.1", "1"), item(BREAD, "", "2"), item(SIEVES, "", "3")]
    importworks(feed(tmp_path / "feed.xml", *shows), source="podcast")
    return get_user_model().objects.create_user("curator")


def decide(title: str, verdict: Verdict, curator: User) -> int:
    question = Review.objects.get(kind="media-match", state="open", work__title=title)
    return answer(review=question.pk, verdict=verdict, actor=curator, state=None)


def shown() -> list[tuple[str, str, str]]:
    """Episode, the work on whose page it counts, and how."""
    rows = MediaMention.objects.filter(work__merged_into=None).values_list("episode__title", "work__title", "kind")
    return sorted(rows)


def asked() -> list[str]:
    return sorted(Review.objects.filter(kind="media-match", state="open").values_list("work__title", flat=True))


def test_mentions_follow_a_join_and_come_back(curator: User, client: Client) -> None:
    decide(BREAD, Verdict.SAME, curator)
    before = untouched()["works_mediamention"]
    bread, sieves = Work.objects.get(title=BREAD), Work.objects.get(title=SIEVES)
    apart = [("On heat", BREAD, "identifier"), (BREAD, BREAD, "confirmed")]
    assert (shown(), asked()) == (sorted(apart), [SIEVES])
    event = join(work=bread.pk, into=sieves.pk, actor=curator, reason="")
    name = Work.objects.get(pk=sieves.pk).title
    assert shown() == sorted((episode, name, kind) for episode, _, kind in apart)
    page = client.get(sieves.get_absolute_url(), follow=True).content.decode()
    assert "A person decided that it speaks of this work." in page
    assert "On heat" in page
    again = untouched()["works_mediamention"]
    imports.relate()
    assert untouched()["works_mediamention"] == again
    undo(event=event, actor=curator, reason="")
    assert (shown(), asked()) == (sorted(apart), [SIEVES])
    imports.relate()
    assert (shown(), asked()) == (sorted(apart), [SIEVES])
    assert len(untouched()["works_mediamention"]) == len(before)


def test_a_refusal_follows_so_that_nobody_is_asked_twice(curator: User) -> None:
    decide(SIEVES, Verdict.DIFFERENT, curator)
    bread, sieves = Work.objects.get(title=BREAD), Work.objects.get(title=SIEVES)
    event = join(work=sieves.pk, into=bread.pk, actor=curator, reason="")
    imports.relate()
    joined = Work.objects.get(pk=bread.pk)
    assert (SIEVES, joined.title, "refused") in shown()
    assert SIEVES not in [title for title in asked() if title != joined.title]
    undo(event=event, actor=curator, reason="")
    imports.relate()
    assert (SIEVES, SIEVES, "refused") in shown()
    assert asked() == [BREAD]


def test_an_answer_about_joined_works_is_the_question_s_and_is_taken_back_by_itself(curator: User) -> None:
    bread, sieves = Work.objects.get(title=BREAD), Work.objects.get(title=SIEVES)
    join(work=bread.pk, into=sieves.pk, actor=curator, reason="")
    name = Work.objects.get(pk=sieves.pk).title
    assert asked() == [name]
    event = decide(name, Verdict.SAME, curator)
    assert (name, name, "confirmed") in shown()
    undo(event=event, actor=curator, reason="")
    assert asked() == [name]
    assert (name, name, "confirmed") not in shown()


def test_the_word_about_the_work_that_goes_on_outranks_that_about_one_that_joined_it(
    curator: User, tmp_path: Path
) -> None:
    title = "Stirring soups at sea and elsewhere"
    importworks(
        write(tmp_path / "more.jsonl", [work(f"u/{n}", title, name) for n, name in ((1, "A. Turing"), (2, "E. Post"))])
    )
    importworks(feed(tmp_path / "more.xml", item(title, "", "4")), source="podcast")
    one, other = (r.work for r in Review.objects.filter(work__title=title, kind="media-match").order_by("work"))
    assert one is not None
    assert other is not None
    for which, verdict in ((one, Verdict.SAME), (other, Verdict.DIFFERENT)):
        question = Review.objects.get(kind="media-match", work=which)
        answer(review=question.pk, verdict=verdict, actor=curator, state=None)
    event = join(work=other.pk, into=one.pk, actor=curator, reason="")
    assert (title, title, "confirmed") in shown()
    undo(event=event, actor=curator, reason="")
    join(work=one.pk, into=other.pk, actor=curator, reason="")
    assert [kind for episode, _, kind in shown() if episode == title] == ["refused"]
