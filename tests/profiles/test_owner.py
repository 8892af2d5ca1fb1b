"""The author's own pages: what they say and decide is in force at once, marked as theirs, and gone with their claim."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from graph.tasks import recompute_stale
from profiles.claims import Reason
from profiles.flows.claims import appeal, decide, freeze
from profiles.flows.owning import decide as works
from profiles.flows.owning import say
from profiles.link_check import links_to
from profiles.models import Researcher
from profiles.own_models import LinkBack, OwnStatement
from profiles.statements import Field, NotSayable, checked
from researchgraph.accounts.erase import erase
from researchgraph.errors import Conflict
from tests.claiming import ADA, HOME, RECORDS, author, listing, person, sent
from tests.pipeline import importworks, work, write
from works import imports
from works.models import Authorship, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from profiles.claim_models import Claim

pytestmark = pytest.mark.usefixtures("empty_library")

BYRON = {"name": "A. Byron"}
OTHER = {"name": "Alice Byron", "orcid": "0000-0003-0412-1857", "affiliation": "Institute of Medicine"}
MORE = [
    *RECORDS,
    work(
        "c/6",
        "Looms that count",
        {**HOME, "orcid": ADA},
        "Charles Babbage",
        identifiers={"doi": "10.1000/c6"},
        year=1844,
    ),
    # Somebody else with that initial: so nothing says whose the last one is.
    work("c/7", "Vaccines", OTHER, "Edward Jenner", identifiers={"doi": "10.1000/c7"}, year=1998),
    work("c/8", "More vaccines", OTHER, "Edward Jenner", identifiers={"doi": "10.1000/c8"}, year=1999),
    work("c/9", "On an unrelated matter", BYRON, "Nobody Else", identifiers={"doi": "10.1000/c9"}, year=1921),
]


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    cache.clear()
    importworks(write(tmp_path / "works.jsonl", MORE))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.filter(display_name="Ada Byron").order_by("-works_count")[0]


@pytest.fixture
def owner(library: None) -> User:
    return author()


@pytest.fixture
def claim(owner: User, ada: Researcher) -> Claim:
    return sent(owner, ada)


@pytest.fixture
def own(claim: Claim) -> Client:
    return signed_in(claim.claimant)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(record: Researcher, ending: str = "") -> str:
    return f"/me/records/{record.public_id}/{ending}"


def public(record: Researcher) -> str:
    record.refresh_from_db()
    return Client().get(record.get_absolute_url()).content.decode()


ABOUT = {
    "form": "about",
    "biography": "Wrote the first program.\n\nAnd notes on <engines>.",
    "title": "Analyst",
    "institution": "Analytical Society",
    "since": "1942",
    "interests": "engines\nweaving",
    "variants": "A. A. Lovelace\nАда Байрон",
    "label_0": "Home",
    "url_0": "ada.example/home",
}


def test_what_the_author_says_is_public_at_once_and_marked_as_theirs(own: Client, ada: Researcher) -> None:
    assert own.post(address(ada), ABOUT).status_code == 302

    page = public(ada)

    for shown in (
        "Wrote the first program.",
        "And notes on &lt;engines&gt;.",
        "Analyst",
        "since 1942",
        "weaving",
        "Ада Байрон",
    ):
        assert shown in page
    assert '<a href="https://ada.example/home" rel="me noopener nofollow">' in page
    assert page.count("by the author") >= 5
    # What the sources say stands beside it.
    assert "Affiliations seen" in page


def test_the_api_tells_what_the_author_says_apart_from_what_sources_say(own: Client, ada: Researcher) -> None:
    own.post(address(ada), ABOUT)

    told = Client().get(f"/api/v1/researchers/{ada.public_id}/").json()["by_author"]

    assert told["position"] == "Analyst"
    assert told["since"] == 1942
    assert told["links"] == [{"label": "Home", "url": "https://ada.example/home", "links_back": False}]
    assert not told["open_to_collaborate"]


def test_of_an_unclaimed_record_nothing_of_it_is_said(ada: Researcher) -> None:
    page = public(ada)

    assert "by the author" not in page.replace("Not reviewed by the author", "")
    assert "Open to collaborate" not in page


def test_a_wrong_value_is_refused_beside_its_field_and_what_was_typed_stays(own: Client, ada: Researcher) -> None:
    answer = own.post(
        address(ada), {**ABOUT, "biography": "Write to ada@engine.example", "url_0": "javascript:alert(1)"}
    )

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Leave e-mail addresses out" in text
    assert "is not the address of a page" in text
    assert "Write to ada@engine.example" in text
    assert not OwnStatement.objects.exists()


def test_the_collaboration_note_shows_only_while_the_author_is_open(own: Client, ada: Researcher) -> None:
    own.post(address(ada), {"form": "collaboration", "open": "on", "note": "Looms, please."})
    assert "Looms, please." in public(ada)

    own.post(address(ada), {"form": "collaboration", "note": "Looms, please."})

    assert "Looms, please." not in public(ada)
    assert "Looms, please." in own.get(address(ada)).content.decode()


def test_the_number_of_followers_is_told_or_not(own: Client, ada: Researcher) -> None:
    assert 'id="followers"' in public(ada)

    own.post(address(ada), {"form": "privacy", "hidden": "on"})
    assert 'id="followers"' not in public(ada)

    own.post(address(ada), {"form": "privacy"})
    assert 'id="followers"' in public(ada)


def test_the_chosen_name_is_printed_on_every_work(own: Client, ada: Researcher) -> None:
    own.post(address(ada), {"form": "name", "name": "Ada Lovelace"})

    assert Researcher.objects.get(pk=ada.pk).display_name == "Ada Lovelace"
    assert (
        "Ada Lovelace" in Client().get(Work.objects.get(title="Notes on engines").get_absolute_url()).content.decode()
    )


def test_a_search_finds_the_record_by_a_spelling_that_its_author_states(
    own: Client, claim: Claim, ada: Researcher
) -> None:
    def found() -> bool:
        return ada.public_id in Client().get("/search/?kind=people&q=Augusta+Lovelace").content.decode()

    own.post(address(ada), {"form": "about", "variants": "Augusta Lovelace"})
    imports.settle()
    assert found()

    freeze.freeze(claim=claim.pk, actor=None, text="That is not she.")
    imports.settle()
    assert not found()


def test_an_earlier_statement_can_be_put_back(own: Client, ada: Researcher) -> None:
    own.post(address(ada), {"form": "about", "biography": "The first."})
    own.post(address(ada), {"form": "about", "biography": "The second."})
    first = OwnStatement.objects.filter(field="biography").order_by("pk")[0]

    own.post(address(ada, "past/"), {"statement": first.pk})

    assert "The first." in public(ada)
    assert [row.value for row in OwnStatement.objects.filter(field="biography").order_by("pk")] == [
        "The first.", "The second.", "The first.",
    ]  # fmt: skip


def test_saying_the_same_again_changes_nothing(own: Client, ada: Researcher) -> None:
    own.post(address(ada), ABOUT)
    said = OwnStatement.objects.count()

    own.post(address(ada), ABOUT)

    assert OwnStatement.objects.count() == said


def test_a_curator_takes_a_statement_down_and_the_author_sees_that(own: Client, ada: Researcher) -> None:
    own.post(address(ada), ABOUT)
    desk = signed_in(person("curator", curator=True))
    assert "Wrote the first program." in desk.get(address(ada, "past/")).content.decode()

    desk.post(address(ada, "past/"), {"field": "biography"})

    assert "Wrote the first program." not in public(ada)
    assert "by a curator" in own.get(address(ada, "past/")).content.decode()


@pytest.mark.parametrize("ending", ["", "works/", "past/"])
def test_for_others_there_is_no_such_page(claim: Claim, ada: Researcher, ending: str) -> None:
    stranger = signed_in(person("stranger"))

    assert stranger.get(address(ada, ending)).status_code == 404
    assert stranger.post(address(ada, ending), ABOUT).status_code == 404
    assert Client().get(address(ada, ending)).status_code == 302


def test_a_curator_is_no_owner(claim: Claim, ada: Researcher) -> None:
    desk = signed_in(person("curator", curator=True))

    assert desk.get(address(ada)).status_code == 404
    assert desk.get(address(ada, "works/")).status_code == 404


def test_a_record_that_is_not_the_actors_is_refused_below_the_pages_too(claim: Claim, ada: Researcher) -> None:
    stranger = person("stranger")
    byline = Authorship.objects.filter(researcher=ada)[0]

    with pytest.raises(Conflict, match="not yours"):
        say.say(researcher=ada.pk, values={Field.BIOGRAPHY: "Mine now."}, actor=stranger)
    with pytest.raises(Conflict, match="not yours"):
        works.decide(researcher=ada.pk, bylines=[byline.pk], mine=False, actor=stranger)


def suggested(own: Client, ada: Researcher) -> list[str]:
    text = own.get(address(ada, "works/")).content.decode()
    return re.findall(r'<article class="sugw">.*?<bdi>(.*?)</bdi></a>', text, re.DOTALL)


def loose(title: str) -> Authorship:
    return Authorship.objects.get(work__title=title, raw_name="A. Byron")


@pytest.fixture
def undecided(library: None) -> Authorship:
    byline = loose("On an unrelated matter")
    assert byline.researcher_id is None
    return byline


def test_an_undecided_byline_is_suggested_and_becomes_theirs(
    own: Client, ada: Researcher, undecided: Authorship
) -> None:
    assert suggested(own, ada) == ["On an unrelated matter"]

    own.post(address(ada, "works/"), {"mine": undecided.pk})

    assert suggested(own, ada) == []
    assert loose("On an unrelated matter").researcher_id == ada.pk
    recompute_stale()
    assert "On an unrelated matter" in public(ada)
    assert "confirmed by the author" in public(ada)


def test_a_rejected_work_never_comes_back(own: Client, ada: Researcher, undecided: Authorship, tmp_path: Path) -> None:
    own.post(address(ada, "works/"), {"d": "not-mine", "byline": [undecided.pk]})

    assert suggested(own, ada) == []
    # The next import even has the author's own iD beside the name.
    again = work(
        "c/9b", "On an unrelated matter", {**BYRON, "affiliation": "Analytical Society"}, "Nobody Else",
        identifiers={"doi": "10.1000/c9"}, year=1921,
    )  # fmt: skip
    importworks(write(tmp_path / "again.jsonl", [again]))
    imports.settle()
    assert loose("On an unrelated matter").researcher_id != ada.pk
    assert suggested(own, ada) == []


def test_several_works_are_decided_at_once_and_taken_back(own: Client, ada: Researcher) -> None:
    mine = list(Authorship.objects.filter(researcher=ada).values_list("pk", flat=True))

    own.post(address(ada, "works/"), {"d": "not-mine", "byline": mine[:2]})
    assert Authorship.objects.filter(researcher=ada).count() == len(mine) - 2

    page = own.get(address(ada, "past/")).content.decode()
    event = re.search(r'name="event" value="(\d+)"', page)
    assert event
    own.post(address(ada, "past/"), {"event": event[1]})

    assert set(Authorship.objects.filter(researcher=ada).values_list("pk", flat=True)) == set(mine)


def test_a_decision_on_nothing_says_what_is_missing(own: Client, ada: Researcher) -> None:
    answer = own.post(address(ada, "works/"), {"d": "mine"})

    assert answer.status_code == 422
    assert "Tick the works that you mean." in answer.content.decode()


def test_another_persons_work_cannot_be_taken(own: Client, ada: Researcher) -> None:
    others = Authorship.objects.filter(raw_name="Charles Babbage")[0]

    assert own.post(address(ada, "works/"), {"d": "mine", "byline": [others.pk]}).status_code == 409
    assert Authorship.objects.get(pk=others.pk).researcher_id == others.researcher_id


def featured(ada: Researcher) -> list[str]:
    text = public(ada)
    part = text.partition('id="h-featured"')[2].partition("</section>")[0]
    return re.findall(r"<bdi>(.*?)</bdi></a>", part)


def test_featured_works_stand_first_in_the_authors_order(own: Client, ada: Researcher) -> None:
    one, two = Authorship.objects.filter(researcher=ada).order_by("work__title")[:2]

    own.post(address(ada, "works/"), {"d": "feature", "byline": [one.pk, two.pk]})
    assert featured(ada) == [one.work.title, two.work.title]
    own.post(address(ada, "works/"), {"d": "up", "byline": [two.pk]})
    assert featured(ada) == [two.work.title, one.work.title]
    own.post(address(ada, "works/"), {"d": "not-mine", "byline": [two.pk]})
    assert featured(ada) == [one.work.title]
    own.post(address(ada, "works/"), {"d": "unfeature", "byline": [one.pk]})
    assert featured(ada) == []


def test_only_works_of_the_record_can_be_featured(claim: Claim, owner: User, ada: Researcher) -> None:
    others = Work.objects.get(title="Weaving with cards")

    with pytest.raises(Conflict, match="Only works of this record"):
        say.say(researcher=ada.pk, values={Field.PINNED: [others.pk]}, actor=owner)


def everything(own: Client, ada: Researcher) -> None:
    """Say and decide one thing of each kind."""
    own.post(address(ada), ABOUT)
    own.post(address(ada), {"form": "name", "name": "Ada Lovelace"})
    own.post(address(ada), {"form": "collaboration", "open": "on", "note": "Looms, please."})
    own.post(address(ada), {"form": "privacy", "hidden": "on"})
    mine = Authorship.objects.filter(researcher=ada).order_by("pk")
    own.post(address(ada, "works/"), {"d": "feature", "byline": [mine[0].pk]})
    own.post(address(ada, "works/"), {"d": "mine", "byline": [loose("On an unrelated matter").pk]})
    own.post(address(ada, "works/"), {"d": "not-mine", "byline": [mine[1].pk]})


def test_revoking_takes_back_everything_the_claim_did_at_once(own: Client, claim: Claim, ada: Researcher) -> None:
    before = public(ada), dict(Authorship.objects.values_list("pk", "researcher_id"))
    curator = person("curator", curator=True)
    everything(own, ada)
    assert dict(Authorship.objects.values_list("pk", "researcher_id")) != before[1]

    decide.revoke(claim=claim.pk, actor=curator, code=REASON.code, text=REASON.text)
    imports.settle()

    assert dict(Authorship.objects.values_list("pk", "researcher_id")) == before[1]
    page = public(ada)
    for said in (
        "Wrote the first program.",
        "Ada Lovelace",
        "Looms, please.",
        "Analyst",
        "h-featured",
        "by the author of",
    ):
        assert said not in page
    assert 'id="followers"' in page


REASON = Reason("not-the-author", "Somebody else.")


def test_a_frozen_claim_says_nothing_and_its_holder_changes_nothing(own: Client, claim: Claim, ada: Researcher) -> None:
    everything(own, ada)

    freeze.freeze(claim=claim.pk, actor=None, text="That is not she.")

    assert "Wrote the first program." not in public(ada)
    assert own.get(address(ada)).status_code == 404
    assert own.post(address(ada), ABOUT).status_code == 404


def test_with_the_claim_given_back_its_words_go_and_decisions_on_works_stay(
    own: Client, claim: Claim, owner: User, ada: Researcher
) -> None:
    everything(own, ada)
    held = set(Authorship.objects.filter(researcher=ada).values_list("pk", flat=True))

    appeal.release(claim=claim.pk, claimant=owner)

    assert "Wrote the first program." not in public(ada)
    assert set(Authorship.objects.filter(researcher=ada).values_list("pk", flat=True)) == held


def test_with_the_account_goes_everything_that_was_said(own: Client, owner: User, ada: Researcher) -> None:
    everything(own, ada)

    erase(user=owner)

    assert not OwnStatement.objects.exists()


def test_a_suggestion_says_that_the_authors_own_orcid_record_lists_it(
    own: Client, owner: User, ada: Researcher, undecided: Authorship
) -> None:
    assert "in your ORCID record" not in own.get(address(ada, "works/")).content.decode()

    SocialAccount.objects.filter(user=owner).update(extra_data=listing(ADA, "Ada Byron", "10.1000/c9"))

    assert "in your ORCID record" in own.get(address(ada, "works/")).content.decode()


def test_the_pages_take_a_fixed_number_of_queries(own: Client, ada: Researcher, tmp_path: Path) -> None:
    everything(own, ada)

    def counted(ending: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert own.get(address(ada, ending)).status_code == 200
        return len(queries)

    before = {ending: counted(ending) for ending in ("", "works/", "past/")}
    more = [
        work(f"e/{n}", f"Yet another {n}", HOME, "Charles Babbage", identifiers={"doi": f"10.1000/e{n}"})
        for n in range(30)
    ]
    importworks(write(tmp_path / "more.jsonl", more))
    imports.settle()
    for n in range(5):
        say.say(
            researcher=ada.pk,
            values={Field.BIOGRAPHY: f"Word {n}."},
            actor=OwnStatement.objects.all()[0].claim.claimant,
        )

    assert {ending: counted(ending) for ending in before} == before


def test_too_many_changes_in_an_hour_are_refused(own: Client, ada: Researcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profiles.owner_views.MOST_AN_HOUR", 1)
    own.post(address(ada), {"form": "privacy", "hidden": "on"})

    assert own.post(address(ada), {"form": "privacy"}).status_code == 429


def test_links_are_looked_at_again_after_they_changed(own: Client, ada: Researcher) -> None:
    own.post(address(ada), ABOUT)
    LinkBack.objects.update(found=True)
    assert "links back" in public(ada)

    own.post(address(ada), {**ABOUT, "url_0": "https://elsewhere.example/"})

    assert "links back" not in public(ada)
    assert list(LinkBack.objects.values_list("url", "found")) == [("https://elsewhere.example/", False)]


HERE = ["https://graph.example/researchers/abcdefghij/"]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<a rel="me" href="https://graph.example/researchers/abcdefghij/ada/">', True),
        ("<LINK href='https://graph.example/researchers/abcdefghij/' REL='noopener Me'>", True),
        ("<a href=https://graph.example/researchers/abcdefghij/ rel=me>", True),
        ('<a href="https://graph.example/researchers/abcdefghij/ada/">', False),
        ('<a rel="meme" href="https://graph.example/researchers/abcdefghij/ada/">', False),
        ('<a rel="me" href="https://graph.example/researchers/zzzzzzzzzz/">', False),
        ('<a rel="me" href="https://evil.example/?https://graph.example/researchers/abcdefghij/">', False),
        ("<a " + "x" * 100_000, False),
    ],
)
def test_a_page_links_back_only_with_the_mark(page: str, *, found: bool) -> None:
    assert links_to(page, HERE) is found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field.BIOGRAPHY, "x" * 2_001),
        (Field.BIOGRAPHY, ["a list"]),
        (Field.VARIANTS, ["..."]),
        (Field.INTERESTS, [str(n) for n in range(13)]),
        (Field.LINKS, [{"label": "", "url": "http://user:secret@host.example/"}]),
        (Field.POSITION, {"since": 2020}),
        (Field.COLLABORATION, {"open": True, "note": "a@b.example"}),
        (Field.PINNED, [1, 2, 3, 4, 5, 6]),
        (Field.NAME, {"name": "\u200b"}),
    ],
)
def test_what_no_page_may_print_is_refused(field: Field, value: object) -> None:
    with pytest.raises(NotSayable):
        checked(field, value)


def test_what_cannot_be_seen_is_left_out() -> None:
    assert checked(Field.BIOGRAPHY, "One\u202e two\r\n\r\nthree") == "One two\n\nthree"
    assert checked(Field.INTERESTS, ["graphs ", "", "graphs"]) == ["graphs"]
