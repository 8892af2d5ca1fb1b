"""From a work's page: one byline leads to a claim, to a decision of its author, or to the dispute, and tells nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client

from profiles.claim_models import Claim
from profiles.flows.choose_name import choose_name
from profiles.flows.claims import decide
from profiles.flows.claims.submit import submit
from profiles.flows.confirm import confirm
from profiles.flows.opt_out import opt_out
from profiles.models import Researcher
from profiles.own_models import BylineWish
from researchgraph.accounts.erase import erase
from tests.claiming import ADA, RECORDS, author, listing, orcid, person, sent, weak
from tests.pipeline import importworks, work, write
from works import imports
from works.flows.join import join
from works.models import Authorship, Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpResponse

pytestmark = pytest.mark.usefixtures("empty_library")

OTHER = {"name": "Alice Byron", "orcid": "0000-0003-0412-1857", "affiliation": "Institute of Medicine"}
MORE = [
    *RECORDS,
    work("c/7", "Vaccines", OTHER, "Edward Jenner", identifiers={"doi": "10.1000/c7"}, year=1998),
    work("c/8", "More vaccines", OTHER, "Edward Jenner", identifiers={"doi": "10.1000/c8"}, year=1999),
    work("c/9", "On an unrelated matter", "A. Byron", "Nobody Else", identifiers={"doi": "10.1000/c9"}, year=1921),
]


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    cache.clear()
    importworks(write(tmp_path / "works.jsonl", MORE))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.get(display_name="Ada Byron")


@pytest.fixture
def loose(library: None) -> Authorship:
    byline = Authorship.objects.get(raw_name="A. Byron")
    assert byline.researcher_id is None
    return byline


def signed_in(user: User) -> Client:
    opened = Client()
    opened.force_login(user)
    return opened


def there(byline: Authorship) -> str:
    return f"/works/{byline.work.public_id}/mine/"


def say(client: Client, byline: Authorship, **more: object) -> HttpResponse:
    return client.post(there(byline), {"byline": byline.pk, **more})  # type: ignore[return-value]


def of(record: Researcher) -> Authorship:
    return Authorship.objects.filter(researcher=record).order_by("pk")[0]


def test_the_page_of_a_work_leads_there_and_it_takes_an_account(loose: Authorship) -> None:
    public = Client().get(loose.work.get_absolute_url()).content.decode()

    assert f'href="{there(loose)}"' in public
    assert Client().get(there(loose)).headers["Location"].startswith("/account/login/?next=")


def test_a_byline_of_an_unclaimed_record_begins_a_claim_on_it(ada: Researcher) -> None:
    user = person("reader")

    answer = say(signed_in(user), of(ada))

    claim = Claim.objects.get(claimant=user)
    assert answer.headers["Location"] == claim.get_absolute_url()
    assert (claim.state, claim.records.get().researcher_id) == ("draft", ada.pk)


def test_a_byline_that_nobody_holds_goes_to_ones_own_record(ada: Researcher, loose: Authorship) -> None:
    claim = sent(author(), ada)

    say(signed_in(claim.claimant), loose)

    loose.refresh_from_db()
    assert (loose.researcher_id, loose.kind) == (ada.pk, "confirmed")
    assert claim.deeds.filter(event__kind="researcher:bylines:confirmed").count() == 1


def test_a_byline_of_another_name_is_refused_with_the_way_to_the_curators(ada: Researcher) -> None:
    claim = sent(author(), ada)
    other = Authorship.objects.get(raw_name="Nobody Else")
    Authorship.objects.filter(pk=other.pk).update(researcher=None, kind="undecided")

    answer = say(signed_in(claim.claimant), other)

    assert answer.status_code == 409
    assert f"{ada.get_absolute_url()}report/" in answer.content.decode()
    assert Authorship.objects.get(pk=other.pk).researcher_id is None


def test_without_a_record_the_records_of_the_name_are_offered(ada: Researcher, loose: Authorship) -> None:
    text = say(signed_in(person("reader")), loose).content.decode()

    assert f'value="{ada.public_id}"' in text
    assert not Claim.objects.exists()


def test_a_wish_is_kept_with_the_claim_and_comes_true_when_it_is_granted(ada: Researcher, loose: Authorship) -> None:
    user = author()
    say(signed_in(user), loose, record=[ada.public_id])
    claim = Claim.objects.get(claimant=user)
    assert Authorship.objects.get(pk=loose.pk).researcher_id is None

    submit(claim=claim.pk, claimant=user)

    assert Authorship.objects.filter(pk=loose.pk, researcher=ada, kind="confirmed").exists()
    decide.revoke(claim=claim.pk, actor=person("curator", curator=True), code="not-the-author", text="No.")
    imports.settle()
    loose.refresh_from_db()
    assert loose.kind != "confirmed"


def test_a_wish_survives_that_its_work_joins_another(ada: Researcher, loose: Authorship, tmp_path: Path) -> None:
    user = author()
    say(signed_in(user), loose, record=[ada.public_id])
    again = work("d/9", "On an unrelated matter, again", "A. Byron", "Nobody Else", identifiers={"doi": "10.1000/d9"})
    importworks(write(tmp_path / "again.jsonl", [again]))
    imports.settle()
    into = Work.objects.get(title="On an unrelated matter, again")
    join(work=loose.work_id, into=into.pk, actor=person("curator", curator=True), reason="One.")

    submit(claim=Claim.objects.get(claimant=user).pk, claimant=user)

    assert Authorship.objects.get(work=into, raw_name="A. Byron").researcher_id == ada.pk


@pytest.mark.parametrize("meanwhile", ["taken", "renamed"])
def test_a_wish_that_cannot_be_had_does_not_hinder_the_claim(
    ada: Researcher, loose: Authorship, meanwhile: str
) -> None:
    user = author()
    say(signed_in(user), loose, record=[ada.public_id])
    alice = Researcher.objects.get(display_name="Alice Byron")
    if meanwhile == "taken":
        confirm(researcher=alice.pk, bylines=[loose.pk], actor=person("curator", curator=True), reason="Hers.")
    else:
        Authorship.objects.filter(pk=loose.pk).update(raw_name="B. Byron")

    submit(claim=Claim.objects.get(claimant=user).pk, claimant=user)

    assert Claim.objects.get(claimant=user).state == "verified"
    loose.refresh_from_db()
    assert loose.researcher_id == (alice.pk if meanwhile == "taken" else None)


def test_a_byline_that_somebody_has_claimed_leads_to_the_dispute(ada: Researcher) -> None:
    sent(author(), ada)
    user = person("rival")

    answer = say(signed_in(user), of(ada))

    assert answer.status_code == 409
    text = answer.content.decode()
    assert f'href="{ada.get_absolute_url()}claim/"' in text
    assert f"{ada.get_absolute_url()}report/" in text
    assert not Claim.objects.filter(claimant=user).exists()


def test_a_byline_of_ones_own_is_said_to_be_there(ada: Researcher) -> None:
    claim = sent(author(), ada)
    deeds = claim.deeds.count()

    assert say(signed_in(claim.claimant), of(ada)).headers["Location"] == of(ada).work.get_absolute_url()
    assert claim.deeds.count() == deeds


def test_a_pending_claim_changes_no_word_of_what_others_see(ada: Researcher, loose: Authorship) -> None:
    other = signed_in(person("other"))

    def seen() -> list[str]:
        texts = [other.get(there(byline)).content.decode() for byline in (of(ada), loose)]
        return [re.sub(r'value="[A-Za-z0-9]{64}"', "", text) for text in (*texts, say(other, loose).content.decode())]

    before = seen()
    weak("pending", ada)
    wisher = orcid(person("wisher"), ADA, listing(ADA, "Ada Byron"))
    say(signed_in(wisher), loose, record=[ada.public_id])

    assert BylineWish.objects.count() == 1
    assert seen() == before
    # Nor does it stand in the way.
    assert say(other, of(ada)).status_code == 302


def test_names_that_are_not_shown_cannot_be_chosen(ada: Researcher) -> None:
    reader, byline = signed_in(person("reader")), of(ada)
    opt_out(researcher=ada.pk, actor=person("curator", curator=True), reason="Asked for.")

    text = reader.get(there(byline)).content.decode()

    assert "Ada Byron" not in text
    assert str(byline.pk) not in re.findall(r'name="byline" value="(\d+)"', text)
    assert say(reader, byline).status_code == 422


def test_a_long_list_is_searched_by_the_names_that_are_printed(
    ada: Researcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profiles.byline_selectors.LISTED", 1)
    reader, byline = signed_in(person("reader")), of(ada)

    def found(name: str) -> list[str]:
        text = reader.get(f"{there(byline)}?name={name}").content.decode()
        return re.findall(r'<label for="b-\d+"><bdi>(.*?)</bdi>', text)

    assert "Find among 2" in reader.get(there(byline)).content.decode()
    assert found("byron") == ["Ada Byron"]
    # A name that the author does not go by any more finds nothing.
    choose_name(researcher=ada.pk, name="Grace Lovelace", actor=person("ada"), reason="Hers.")
    assert found("byron") == []
    assert found("%25") == found("")


def test_a_byline_of_another_work_or_none_is_refused(ada: Researcher, loose: Authorship) -> None:
    reader = signed_in(person("reader"))

    for byline in ("", "x", of(ada).pk, 2**63):
        assert reader.post(there(loose), {"byline": byline}).status_code == 422
    assert reader.get("/works/0000000000/mine/").status_code == 404
    assert not Claim.objects.exists()


def test_with_the_account_go_its_wishes(ada: Researcher, loose: Authorship) -> None:
    user = author()
    say(signed_in(user), loose, record=[ada.public_id])

    erase(user=user)

    assert not BylineWish.objects.exists()
