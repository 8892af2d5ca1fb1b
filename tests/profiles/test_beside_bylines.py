"""An e-mail address that a journal prints beside a byline: whose it is, what it proves, and where it proves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client

from profiles import beside_bylines
from profiles.claims import Kind, State
from profiles.flows.claims import recheck
from profiles.models import Researcher
from tests.claiming import BYRON, RECORDS, begun, orcid, person, sent
from tests.pipeline import importworks, work, write
from works import imports
from works.records import ParsedAuthor, ParsedRecord, ParsedVersion, RawRecord
from works.sources.pubmed import PubmedSource

if TYPE_CHECKING:
    from profiles.claim_models import Claim

ADDRESS = "ada.byron@engines.example"
PLACE = "Analytical Society, London. Electronic address: Ada.Byron@Engines.example."


def author(last: str, first: str, *places: str, iD: str = "") -> dict[str, Any]:  # noqa: N803 - as ORCID writes it
    named: dict[str, Any] = {"firstName": first, "lastName": last}
    if places:
        named["authorAffiliationDetailsList"] = {"authorAffiliation": [{"affiliation": place} for place in places]}
    return named | ({"authorId": {"type": "ORCID", "value": iD}} if iD else {})


def answer(path: Path, *authors: dict[str, Any], doi: str = "10.1000/c1", source: str = "MED") -> Path:
    """A saved answer of Europe PMC with one article, which another source has as well."""
    article = {
        "id": "11111", "pmid": "11111", "source": source, "doi": doi, "title": "Engines that weave",
        "authorList": {"author": list(authors)}, "journalInfo": {"journal": {"title": "Engines"}}, "pubYear": "1841",
        "pubTypeList": {"pubType": ["journal-article"]},
    }  # fmt: skip
    path.write_text(json.dumps({"hitCount": 1, "resultList": {"result": [article]}}), encoding="utf-8")
    return path


@pytest.fixture
def ada(empty_library: None, tmp_path: Path) -> Researcher:
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()
    return Researcher.objects.get(display_name="Ada Byron")


def printed(tmp_path: Path, *authors: dict[str, Any], source: str = "MED") -> None:
    """The article of RECORDS, with an address, arrives from PubMed as well."""
    authors = authors or (author("Byron", "Ada", PLACE), author("Babbage", "Charles", "Analytical Society"))
    assert importworks(answer(tmp_path / "answer.json", *authors, source=source), source="pubmed").status == 0
    imports.settle()


def kinds(claim: Claim) -> dict[str, str]:
    return {one.kind: one.value for one in claim.evidence.all()}


def test_a_confirmed_address_that_an_article_prints_verifies_at_once(ada: Researcher, tmp_path: Path) -> None:
    printed(tmp_path)
    claim = sent(person("ada", ADDRESS), ada)
    assert (claim.state, claim.level, kinds(claim)) == (State.VERIFIED, 2, {Kind.ADDRESS: "engines.example"})


def test_the_page_of_the_claim_says_so_before_it_is_sent(ada: Researcher, tmp_path: Path, client: Client) -> None:
    printed(tmp_path)
    user = person("ada", ADDRESS)
    client.force_login(user)
    page = client.get(begun(user, ada).get_absolute_url()).content.decode()
    assert "A confirmed address at engines.example is printed beside a byline." in page


@pytest.mark.parametrize(
    "authors",
    [
        (author("Babbage", "Charles", PLACE), author("Byron", "Ada", "Analytical Society")),
        (author("Byron", "Ada", PLACE), author("Babbage", "Charles", PLACE)),
        (author("Byron", "Ada", PLACE[:-1] + "; c.babbage@engines.example"), author("Babbage", "Charles")),
        (author("Byron", "Ada", PLACE, iD="0000-0002-1694-233X"), author("Babbage", "Charles")),
    ],
    ids=["beside-a-coauthor", "beside-both", "of-two", "beside-another-id"],
)
def test_an_address_that_is_not_plainly_the_authors_proves_nothing(
    ada: Researcher, tmp_path: Path, authors: tuple[dict[str, Any], ...]
) -> None:
    printed(tmp_path, *authors)
    claim = begun(person("ada", ADDRESS), ada)
    hers = list(Researcher.objects.filter(display_name="Ada Byron").values_list("pk", flat=True))
    assert beside_bylines.addresses(hers, [ADDRESS], before=claim.created_at) == {}


def test_the_owner_of_the_printed_id_may_show_the_address_as_well(ada: Researcher, tmp_path: Path) -> None:
    number = "0000-0002-1825-0097"
    printed(tmp_path, author("Byron", "Ada", PLACE, iD=number), author("Babbage", "Charles"))
    claim = sent(orcid(person("ada", ADDRESS), number), ada)
    assert set(kinds(claim)) == {Kind.ADDRESS, Kind.ORCID_BYLINE}


@pytest.mark.parametrize("address", ["byron@engines.example", "ada.byron@engines.example.org", "ada.byron@example"])
def test_another_address_at_the_same_place_proves_nothing(ada: Researcher, tmp_path: Path, address: str) -> None:
    printed(tmp_path)
    claim = begun(person("eve", address), ada)
    assert beside_bylines.addresses([ada.pk], [address], before=claim.created_at) == {}


def test_an_address_that_is_not_confirmed_proves_nothing(ada: Researcher, tmp_path: Path) -> None:
    printed(tmp_path)
    user = person("eve", "ada@analytical.example")
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=False)
    claim = sent(user, ada)
    assert (claim.state, set(kinds(claim))) == (State.IN_REVIEW, {Kind.INSTITUTION})


def test_a_preprint_and_a_record_of_ones_own_prove_nothing(ada: Researcher, tmp_path: Path) -> None:
    printed(tmp_path, source="PPR")
    own = work("own/1", "Engines that weave", BYRON | {"affiliation": PLACE}, "Charles Babbage", doi="10.1000/c1")
    importworks(write(tmp_path / "own.jsonl", [own]))
    imports.settle()
    claim = begun(person("eve", ADDRESS), ada)
    assert beside_bylines.addresses([ada.pk], [ADDRESS], before=claim.created_at) == {}


def test_what_was_imported_after_the_claim_had_begun_proves_nothing(ada: Researcher, tmp_path: Path) -> None:
    claim = begun(person("eve", ADDRESS), ada)
    printed(tmp_path)
    assert beside_bylines.addresses([ada.pk], [ADDRESS], before=claim.created_at) == {}


def test_a_claim_whose_address_was_removed_is_frozen(ada: Researcher, tmp_path: Path) -> None:
    printed(tmp_path)
    claim = sent(person("ada", ADDRESS.title()), ada)
    assert (claim.state, recheck.look_again()) == (State.VERIFIED, 0)
    EmailAddress.objects.filter(user=claim.claimant).delete()
    assert recheck.look_again() == 1
    claim.refresh_from_db()
    assert claim.state == State.FROZEN


def test_the_address_is_in_no_table_but_the_record_as_received_and_the_account(ada: Researcher, tmp_path: Path) -> None:
    printed(tmp_path)
    sent(person("ada", ADDRESS), ada)
    tables = set(connection.introspection.table_names()) - {"works_sourcerecord", "account_emailaddress"}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{ADDRESS}%"])  # noqa: S608
            assert cursor.fetchone() == (0,), table


def record(*authors: ParsedAuthor, kind: str = "journal", truncated: bool = False) -> ParsedRecord:
    return ParsedRecord("Engines", authors, ParsedVersion(kind), authors_truncated=truncated)


def test_of_two_authors_with_one_name_nobody_knows_which_is_meant() -> None:
    one = ParsedAuthor("Wei Wang", (PLACE,))
    assert beside_bylines.printed(record(one)) == {ADDRESS: "wei wang"}
    assert beside_bylines.printed(record(one, ParsedAuthor("Wang, Wei"))) == {}
    assert beside_bylines.printed(record(one, truncated=True)) == {}
    assert beside_bylines.printed(record(one, kind="preprint")) == {}


JATS = """<article article-type="research-article"><front><article-meta><article-id pub-id-type="pmid">1</article-id>
<title-group><article-title>Engines</article-title></title-group><contrib-group>
<contrib contrib-type="author"><name><surname>Byron</surname><given-names>Ada</given-names></name>
<email>{}</email></contrib>
<contrib contrib-type="author"><name><surname>Babbage</surname><given-names>Charles</given-names></name>
<xref ref-type="corresp" rid="c1">*</xref></contrib></contrib-group>
<author-notes><corresp id="c1">* <email>charles@engines.example</email></corresp></author-notes>
<pub-date><year>1841</year></pub-date></article-meta></front></article>"""


def test_articles_print_addresses_beside_a_name_or_in_a_note_that_it_refers_to() -> None:
    parsed = PubmedSource.parse(RawRecord("1", JATS.format(ADDRESS).encode()))
    assert isinstance(parsed, ParsedRecord)
    assert [one.addresses for one in parsed.authors] == [(ADDRESS,), ("charles@engines.example",)]
    assert set(beside_bylines.printed(parsed)) == {ADDRESS, "charles@engines.example"}
