"""Authors add missing works by DOI, arXiv id or BibTeX: through the importer, confirmed by themselves, gone with their claim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from profiles.claims import Reason
from profiles.flows.claims import appeal, decide
from profiles.models import Researcher
from profiles.own_models import Addition
from researchgraph.errors import Conflict
from tests.claiming import ADA, RECORDS, author, orcid, person, sent
from tests.pipeline import AUTHOR, ENTRY, FEED, importworks, untouched, work, write
from tests.upstream import Answer, Parameters, Script, Upstream, body, client, serving
from works import adding, imports, rollback, tasks
from works.models import Authorship, ImportRun, RunState, SourceRecord, Upload, Work
from works.sources import registry
from works.sources.arxiv import ArxivSource
from works.sources.crossref import CrossrefSource
from works.sources.datacite import DataciteSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpResponse

    from profiles.claim_models import Claim
    from researchgraph.lib.http import Http
    from works.records import RawRecord

pytestmark = pytest.mark.usefixtures("empty_library")

REASON = Reason("not-the-author", "Somebody else.")


class _Crossref(CrossrefSource):
    """Crossref on loopback, which the client of real runs refuses to visit."""

    upstream: ClassVar[Upstream]

    def __init__(self) -> None:
        super().__init__(endpoint=f"{self.upstream.address}/crossref", interval=0)

    def fetch(self, query: str, _: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """See `Source.fetch`."""
        yield from super().fetch(query, client(self.upstream.pauses), resume=resume)


class _Datacite(DataciteSource):
    """DataCite on loopback."""

    upstream: ClassVar[Upstream]

    def __init__(self) -> None:
        super().__init__(endpoint=f"{self.upstream.address}/datacite", interval=0)

    def fetch(self, query: str, _: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """See `Source.fetch`."""
        yield from super().fetch(query, client(self.upstream.pauses), resume=resume)


class _Arxiv(ArxivSource):
    """arXiv on loopback."""

    upstream: ClassVar[Upstream]

    def __init__(self) -> None:
        super().__init__(endpoint=f"{self.upstream.address}/arxiv", interval=0)

    def fetch(self, query: str, _: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """See `Source.fetch`."""
        yield from super().fetch(query, client(self.upstream.pauses), resume=resume)


LOCAL = {kind.name: kind for kind in (_Crossref, _Datacite, _Arxiv)}


def crossref(*works: dict[str, Any]) -> Answer:
    return 200, body({"message": {"items": list(works), "total-results": len(works)}})


def datacite(*works: dict[str, Any]) -> Answer:
    return 200, body({"data": list(works), "meta": {"total": len(works)}, "links": {}})


LOOM: dict[str, Any] = {
    "DOI": "10.1000/loom", "type": "journal-article", "title": ["A loom of one's own"], "issued": {"date-parts": [[1844]]},
    "author": [{"given": "Ada", "family": "Byron"}, {"given": "Charles", "family": "Babbage"}],
}  # fmt: skip
SOFTWARE: dict[str, Any] = {
    "id": "10.5281/engine", "type": "dois",
    "attributes": {
        "doi": "10.5281/engine", "titles": [{"title": "The engine itself"}], "creators": [{"name": "Byron, Ada"}],
        "publicationYear": 1845, "publisher": "A repository", "types": {"resourceTypeGeneral": "Software"},
    },
}  # fmt: skip
PREPRINT = FEED.format(
    ENTRY.format(arxiv="2203.05482", title="On stirring", authors=AUTHOR.format("Ada Byron"))
).encode()


@contextmanager
def services(monkeypatch: pytest.MonkeyPatch, script: Script) -> Iterator[Upstream]:
    """The services on loopback, in the places of the real ones."""
    with serving(script) as upstream:
        for kind in LOCAL.values():
            monkeypatch.setattr(kind, "upstream", upstream, raising=False)
        built_in = tuple(LOCAL.get(source.name, source) for source in registry.BUILT_IN)
        with monkeypatch.context() as patched:
            patched.setattr(registry, "BUILT_IN", built_in)
            patched.setattr("django.conf.settings.CONTACT_EMAIL", "tests@example.org")
            registry.sources.cache_clear()
            yield upstream
        registry.sources.cache_clear()


def everywhere(asked: Parameters) -> Answer:
    """Each service has one work."""
    match asked["path"].strip("/"):
        case "crossref":
            return crossref(*([LOOM] if asked["filter"] == "doi:10.1000/loom" else []))
        case "datacite":
            return datacite(*([SOFTWARE] if asked["query"] == 'doi:"10.5281/engine"' else []))
        case _:
            return 200, PREPRINT if asked["id_list"] == "2203.05482" else FEED.format("").encode()


@pytest.fixture(autouse=True)
def library(empty_library: None, tmp_path: Path) -> None:
    cache.clear()
    importworks(write(tmp_path / "works.jsonl", RECORDS))
    imports.settle()


@pytest.fixture
def ada(library: None) -> Researcher:
    return Researcher.objects.filter(display_name="Ada Byron").order_by("-works_count")[0]


@pytest.fixture
def claim(library: None, ada: Researcher) -> Claim:
    return sent(author(), ada)


@pytest.fixture
def own(claim: Claim) -> Client:
    return signed_in(claim.claimant)


def signed_in(user: User) -> Client:
    opened = Client()
    opened.force_login(user)
    return opened


def address(record: Researcher, ending: str = "add/") -> str:
    return f"/me/records/{record.public_id}/{ending}"


def carried_on() -> None:
    """What workers do until nothing is left to do."""
    while left := list(ImportRun.objects.filter(state__in=[*imports.OPEN, RunState.UNDOING]).order_by("pk")):
        for run in left:
            tasks.run_import(run.pk)
    imports.settle()


def asked(own: Client, record: Researcher, identifier: str) -> HttpResponse:
    """The page that asking for an identifier leads to, after the workers have been there."""
    answer = own.post(address(record), {"identifier": identifier})
    assert answer.status_code == 302, answer.content.decode()
    carried_on()
    return own.get(answer.headers["Location"])  # type: ignore[return-value]


def upload(own: Client, record: Researcher, text: str, name: str = "mine.bib") -> HttpResponse:
    return own.post(address(record), {"file": SimpleUploadedFile(name, text.encode())})  # type: ignore[return-value]


def confirmable(answer: HttpResponse) -> list[int]:
    return [int(key) for key in re.findall(r'name="byline" value="(\d+)" checked', answer.content.decode())]


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("https://doi.org/10.1000/LOOM", "A loom of one's own"),
        ("doi:10.5281/engine", "The engine itself"),
        ("https://arxiv.org/abs/2203.05482v2", "On stirring"),
        ("10.48550/arXiv.2203.05482", "On stirring"),
    ],
)
def test_a_work_is_found_by_its_identifier_and_confirmed_with_one_button(
    own: Client, claim: Claim, ada: Researcher, monkeypatch: pytest.MonkeyPatch, typed: str, title: str
) -> None:
    with services(monkeypatch, everywhere):
        found = asked(own, ada, typed)

    assert title in found.content.decode().replace("&#39;", "'")
    (byline,) = confirmable(found)
    own.post(address(ada, "works/"), {"d": "mine", "byline": [byline]})
    mine = Authorship.objects.get(pk=byline)
    assert (mine.researcher_id, mine.kind, mine.work.title) == (ada.pk, "confirmed", title)
    assert claim.deeds.filter(event__kind="researcher:bylines:confirmed").count() == 1
    run = ImportRun.objects.order_by("-pk")[0]
    assert (run.started_by, run.limit) == (claim.claimant, 1)


def test_who_asked_is_nowhere_public(
    own: Client, claim: Claim, ada: Researcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services(monkeypatch, everywhere):
        asked(own, ada, "10.1000/loom")
    run = ImportRun.objects.order_by("-pk")[0]
    desk = signed_in(person("curator", curator=True))

    for looking in (Client(), desk):
        for there in ("/imports/", run.get_absolute_url()):
            page = looking.get(there).content.decode()
            assert run.public_id in page
            assert claim.claimant.get_username() not in page.replace(run.public_id, "").split("<main", 1)[1]


def test_the_page_says_how_far_it_is_without_scripts(own: Client, ada: Researcher) -> None:
    there = own.post(address(ada), {"identifier": "10.1000/loom"}).headers["Location"]

    page = own.get(there).content.decode()

    assert '<meta http-equiv="refresh"' in page
    assert "Crossref is being asked" in page
    assert "being looked for" in own.get(address(ada)).content.decode()


def test_where_crossref_knows_nothing_datacite_is_asked_once(
    own: Client, ada: Researcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services(monkeypatch, everywhere) as upstream:
        found = asked(own, ada, "10.9999/nowhere")
        tasks.sweep()
        carried_on()

    assert "Neither Crossref nor DataCite knows this DOI" in found.content.decode()
    assert upstream.paths == ["/crossref", "/datacite"]
    assert Addition.objects.get().run.source == "datacite"


@pytest.mark.parametrize("status", [404, 500])
def test_a_service_in_trouble_is_named_and_can_be_asked_again(
    own: Client, ada: Researcher, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with services(monkeypatch, lambda _: (status, b"")):
        failed = asked(own, ada, "10.1000/loom")
    assert "Nothing was added" in failed.content.decode()
    assert str(status) in failed.content.decode()
    assert not Work.objects.filter(title=LOOM["title"][0]).exists()

    with services(monkeypatch, everywhere):
        assert confirmable(asked(own, ada, "10.1000/loom"))
    assert Addition.objects.count() == 1


def test_a_service_that_does_not_answer_is_given_up(
    own: Client, ada: Researcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services(monkeypatch, everywhere) as upstream:
        gone = upstream.address
    # Nobody listens there any more.
    monkeypatch.setattr(_Crossref, "upstream", Upstream(gone), raising=False)
    built_in = tuple(LOCAL.get(source.name, source) for source in registry.BUILT_IN)
    monkeypatch.setattr(registry, "BUILT_IN", built_in)
    monkeypatch.setattr("django.conf.settings.CONTACT_EMAIL", "tests@example.org")
    registry.sources.cache_clear()
    failed = asked(own, ada, "10.1000/loom")
    registry.sources.cache_clear()

    assert "Nothing was added" in failed.content.decode()
    assert ImportRun.objects.order_by("-pk")[0].state == RunState.FAILED


def test_where_no_service_can_be_asked_the_author_reads_what_to_do_instead(own: Client, ada: Researcher) -> None:
    failed = asked(own, ada, "10.1000/loom").content.decode()

    assert "This site cannot ask other services yet" in failed
    assert "CONTACT_EMAIL" not in failed


def test_the_same_doi_asked_twice_makes_one_run(own: Client, ada: Researcher, claim: Claim) -> None:
    before = ImportRun.objects.count()
    first = own.post(address(ada), {"identifier": "10.1000/loom"}).headers["Location"]
    second = own.post(address(ada), {"identifier": "https://doi.org/10.1000/Loom"}).headers["Location"]

    assert first == second
    # Somebody else's wish for it is looked after by the same run.
    lace = Researcher.objects.get(display_name="Adele Lace")
    other = person("adele")
    theirs = sent(orcid(other, "0000-0001-5109-3700"), lace)
    assert theirs.records.get().holds
    signed_in(other).post(address(lace), {"identifier": "10.1000/loom"})
    assert ImportRun.objects.count() == before + 1
    assert Addition.objects.count() == 2


def test_a_work_that_is_held_is_offered_at_once_if_nobody_has_the_byline(
    own: Client, ada: Researcher, tmp_path: Path
) -> None:
    more = [work("c/9", "On an unrelated matter", "A. Byron", "Nobody Else", identifiers={"doi": "10.1000/c9"})]
    others = [
        work(f"m/{n}", f"Vaccines {n}", {"name": "Alice Byron", "orcid": "0000-0003-0412-1857"}, "E. Jenner")
        for n in range(2)
    ]
    importworks(write(tmp_path / "more.jsonl", [*more, *others]))
    imports.settle()
    assert Authorship.objects.get(raw_name="A. Byron").researcher_id is None
    before = ImportRun.objects.count()

    answer = own.post(address(ada), {"identifier": "10.1000/c9"})

    assert "This work is here already" in answer.content.decode()
    assert confirmable(answer) == [Authorship.objects.get(raw_name="A. Byron").pk]  # type: ignore[arg-type]
    assert ImportRun.objects.count() == before


def test_a_work_on_somebody_elses_record_leads_there_and_to_the_curators(own: Client, ada: Researcher) -> None:
    Authorship.objects.filter(work__title="Weaving with cards", position=0).update(
        raw_name="Ada Byron", block_key="byron a"
    )
    lace = Researcher.objects.get(display_name="Adele Lace")

    page = own.post(address(ada), {"identifier": "10.1000/c4"}).content.decode()

    assert f'href="{lace.get_absolute_url()}"' in page
    assert f"{lace.get_absolute_url()}report/" in page
    assert 'name="byline"' not in page


def test_a_work_of_ones_own_is_said_to_be_there(own: Client, ada: Researcher) -> None:
    assert (
        "on your record by the published rule" in own.post(address(ada), {"identifier": "10.1000/c1"}).content.decode()
    )
    byline = Authorship.objects.get(researcher=ada, work__title="Engines that weave")
    own.post(address(ada, "works/"), {"d": "mine", "byline": [byline.pk]})

    assert "on your record already" in own.post(address(ada), {"identifier": "10.1000/c1"}).content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "one of the two"),
        ("a title", "This is no DOI"),
        ("https://doi.org.evil.example/10.1000/x", "This is no DOI"),
        ("10.1000/x" + "x" * 600, "No DOI is that long"),
    ],
)
def test_what_is_no_identifier_is_refused_beside_the_field(own: Client, ada: Researcher, typed: str, said: str) -> None:
    answer = own.post(address(ada), {"identifier": typed})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Addition.objects.exists()


def test_a_comma_adds_no_condition_to_what_crossref_is_asked(own: Client, ada: Researcher) -> None:
    answer = own.post(address(ada), {"identifier": "10.1000/x,from-pub-date:1900"})

    assert answer.status_code == 409
    assert not Addition.objects.exists()
    assert adding.query_for("datacite", '10.1000/"x\\') == 'doi:"10.1000/\\"x\\\\"'


BIB = """
@string{here = "Journal of Looms"}
@article{loom, title = {A loom of one's own}, author = {Byron, Ada and Babbage, Charles}, journal = here, year = 1844}
@article{other, title = {Somebody else's work}, author = {Jacquard, Joseph}, journal = here, year = 1805}
@misc{broken, title = {Without an author}}
"""


def test_a_bibtex_file_brings_its_works_which_are_confirmed_together(
    own: Client, claim: Claim, ada: Researcher
) -> None:
    there = upload(own, ada, BIB, "secret name of a folder.bib").headers["Location"]
    carried_on()

    found = own.get(there)

    assert len(confirmable(found)) == 1  # type: ignore[arg-type]
    text = found.content.decode()
    assert "No byline of it fits your name" in text
    assert "The entry names no author" in text
    assert "secret name" not in "".join(SourceRecord.objects.values_list("origin", flat=True))
    assert not Upload.objects.exists()
    own.post(address(ada, "works/"), {"d": "mine", "byline": confirmable(found)})  # type: ignore[arg-type]
    assert (
        Work.objects.get(authorships__researcher=ada, title="A loom of one's own").provenance["title"]
        == "author_bibtex"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("just a text", "no BibTeX file"),
        ("@comment{nothing}", "no BibTeX file"),
        ("\x1f\x8b@article{a, title={T}}", "no BibTeX file"),
        ("@article{a, title={\x00}}", "no BibTeX file"),
        ("@article{a,\n title={" + "x" * 200_000 + "}}", "At most 200 kB"),
        ("".join(f"@misc{{a{n}, title={{T}}}}\n" for n in range(201)), "At most 200 entries"),
    ],
)
def test_anything_but_a_small_bibtex_file_is_refused(own: Client, ada: Researcher, text: str, said: str) -> None:
    answer = upload(own, ada, text)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Upload.objects.exists()


def test_the_same_file_twice_makes_one_run_and_changes_nothing(own: Client, ada: Researcher) -> None:
    first = upload(own, ada, BIB).headers["Location"]
    carried_on()
    before = untouched()

    second = upload(own, ada, BIB).headers["Location"]
    carried_on()

    assert first == second
    assert {table for table, rows in untouched().items() if rows != before[table]} <= {"profiles_addition"}


def test_an_authors_file_says_nothing_about_who_is_who_and_replaces_nobody_elses(
    own: Client, ada: Researcher, tmp_path: Path
) -> None:
    """An iD on a byline would be strong evidence for a claim on it."""
    there = (
        "@article{c4, title={Weaving with cards}, author={Adele Lace and Joseph Jacquard}, doi={10.1000/c4}, year=1805"
    )
    theirs = Authorship.objects.get(work__title="Weaving with cards", position=1)
    before = Work.objects.get(pk=theirs.work_id)
    known = tmp_path / "curators.bib"
    known.write_text("@article{loom, title={Quite another}, author={Jacquard, Joseph}, year=1801}", encoding="utf-8")
    importworks(known, source="bibtex")

    upload(own, ada, f'{there}, journal={{Mine}}, author+an = {{2:orcid="{ADA}"}}}}\n{BIB}')
    carried_on()

    theirs.refresh_from_db()
    assert "orcid" not in theirs.identifiers
    after = Work.objects.get(pk=theirs.work_id)
    assert (after.title, after.type, after.year) == (before.title, before.type, before.year)
    assert after.source_count == 2
    assert Work.objects.filter(title="Quite another", source_records__source="bibtex").exists()


def test_revoking_the_claim_takes_back_what_only_it_brought(
    own: Client, claim: Claim, ada: Researcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(Work.objects.values_list("title", flat=True))
    with services(monkeypatch, everywhere):
        own.post(address(ada, "works/"), {"d": "mine", "byline": confirmable(asked(own, ada, "10.1000/loom"))})
    upload(own, ada, BIB.replace("A loom of one's own", "A second loom"))
    carried_on()
    assert len(set(Work.objects.values_list("title", flat=True)) - before) == 3
    # One is stated by somebody else as well.
    listed = "@article{x, title={A second loom}, author={Byron, Ada and Babbage, Charles}, year=1844}"
    path = Path(ImportRun.objects.order_by("pk")[0].query).with_name("listed.bib")
    path.write_text(listed, encoding="utf-8")
    importworks(path, source="bibtex")

    decide.revoke(
        claim=claim.pk, actor=person("curator", curator=True), code=REASON.code, text=REASON.text
    )  # fmt: skip
    for _ in range(2):
        tasks.sweep()
        carried_on()

    assert set(Work.objects.values_list("title", flat=True)) - before == {"A second loom"}
    assert set(ImportRun.objects.filter(additions__claim=claim).values_list("state", flat=True)) == {RunState.UNDONE}


def test_a_run_under_way_is_stopped_before_it_is_taken_back(own: Client, claim: Claim, ada: Researcher) -> None:
    own.post(address(ada), {"identifier": "10.1000/loom"})
    decide.revoke(
        claim=claim.pk, actor=person("curator", curator=True), code=REASON.code, text=REASON.text
    )  # fmt: skip

    assert adding.take_back() == []
    run = Addition.objects.get().run
    assert run.state == RunState.STOPPED
    assert adding.take_back() == [run.pk]
    assert adding.take_back() == []


def test_what_another_holder_has_asked_for_too_stays(own: Client, claim: Claim, ada: Researcher) -> None:
    lace = Researcher.objects.get(display_name="Adele Lace")
    other = person("adele")
    sent(orcid(other, "0000-0001-5109-3700"), lace)
    upload(own, ada, BIB)
    upload(signed_in(other), lace, BIB)
    carried_on()

    decide.revoke(
        claim=claim.pk, actor=person("curator", curator=True), code=REASON.code, text=REASON.text
    )  # fmt: skip
    tasks.sweep()
    carried_on()

    assert Work.objects.filter(title="A loom of one's own").exists()


def test_with_the_claim_given_back_added_works_stay(own: Client, claim: Claim, ada: Researcher) -> None:
    upload(own, ada, BIB)
    carried_on()

    appeal.release(claim=claim.pk, claimant=claim.claimant)
    tasks.sweep()
    carried_on()

    assert Work.objects.filter(title="A loom of one's own").exists()


def test_a_curator_takes_such_a_run_back_and_its_author_sees_that(own: Client, ada: Researcher) -> None:
    there = upload(own, ada, BIB).headers["Location"]
    carried_on()

    rollback.begin(Addition.objects.get().run)
    carried_on()

    assert not Work.objects.filter(title="A loom of one's own").exists()
    assert "A curator has taken back" in own.get(there).content.decode()


def test_for_others_there_is_no_such_page(own: Client, ada: Researcher) -> None:
    there = upload(own, ada, BIB).headers["Location"]
    lace = Researcher.objects.get(display_name="Adele Lace")
    other = person("adele")
    sent(orcid(other, "0000-0001-5109-3700"), lace)
    stranger, holder = signed_in(person("stranger")), signed_in(other)

    for looking in (stranger, holder):
        assert looking.get(there).status_code == 404
        assert looking.get(address(ada)).status_code == 404
        assert looking.post(address(ada), {"identifier": "10.1000/loom"}).status_code == 404
    # Nor by way of a record of one's own.
    assert holder.get(address(lace, f"add/{Addition.objects.get().pk}/")).status_code == 404
    with pytest.raises(Conflict, match="not yours"):
        adding.read_file(researcher=ada.pk, content=b"x", actor=other)
    assert Client().get(there).status_code == 302


def test_too_many_wishes_in_an_hour_are_refused(own: Client, ada: Researcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profiles.addition_views.MOST_AN_HOUR", 1)
    own.post(address(ada), {"identifier": "10.1000/one"})

    assert own.post(address(ada), {"identifier": "10.1000/two"}).status_code == 429
    assert Addition.objects.count() == 1


def test_the_pages_take_a_fixed_number_of_queries(own: Client, ada: Researcher) -> None:
    def counted(there: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert own.get(there).status_code == 200
        return len(queries)

    few = upload(own, ada, BIB).headers["Location"]
    carried_on()
    before = counted(few), counted(address(ada))
    many = upload(
        own, ada, "".join(f"@misc{{a{n}, title={{Loom number {n}}}, author={{Byron, Ada}}}}\n" for n in range(30))
    ).headers["Location"]
    carried_on()

    assert (counted(many), counted(address(ada))) == before
