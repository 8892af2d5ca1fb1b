"""Podcasts: what an episode says, the mistakes of feeds, and the works that episodes are joined with or asked about."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from researchgraph.errors import Conflict, RecordRejected, SourceUnavailable
from tests.pipeline import clear, importworks, stored, untouched, work, write
from tests.upstream import Parameters, client, serving
from works import imports, rollback
from works.decision_models import Review, WorkEvent
from works.ingest import media
from works.ingest.other_kinds import canonical
from works.media_models import Episode, MediaMention
from works.models import ImportRun, SourceRecord, Work
from works.records import ParsedEpisode, RawRecord
from works.sources import feeds
from works.sources.podcast import PodcastSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

PAYLOADS = Path(__file__).parents[1] / "payloads" / "podcast"


def read(name: str) -> list[RawRecord]:
    return list(PodcastSource().read(PAYLOADS / name))


def parsed(raw: RawRecord) -> ParsedEpisode:
    return canonical(PodcastSource.parse(raw))


def feed(path: Path, *items: str, show: str = "A show") -> Path:
    path.write_text(
        f"<rss version='2.0'><channel><title>{show}</title>{''.join(items)}</channel></rss>", encoding="utf-8"
    )
    return path


def item(title: str, notes: str = "", guid: str = "") -> str:
    return (
        f"<item><title>{title}</title><guid>{guid or title}</guid><description><![CDATA[{notes}]]></description></item>"
    )


def episode(tmp_path: Path, notes: str, title: str = "An episode") -> ParsedEpisode:
    (raw,) = PodcastSource().read(feed(tmp_path / "feed.xml", item(title, notes)))
    return parsed(raw)


# What an episode says


def test_an_episode_is_translated_field_by_field() -> None:
    first = read("feed.xml")[0]
    assert (first.key, first.origin) == ("https://soup.example/#soup-12", "feed.xml:1")
    assert parsed(first) == ParsedEpisode(
        title="Stirring soups in the wild",
        show="Soup & Science",
        link="https://soup.example/episodes/12",
        date="2026-02-25",
        seconds=2281,
        identifiers=(
            ("arxiv", "2203.05482"),
            ("doi", "10.1000/soup.1"),
            ("arxiv", "2111.00001"),
            ("arxiv", "cs/0112017"),
        ),
        titles=("Stirring soups in the wild",),
    )


def test_links_that_somebody_counts_lead_to_the_work_and_lists_in_notes_to_titles() -> None:
    second = parsed(read("feed.xml")[1])
    assert second.identifiers == (("arxiv", "2401.00013"), ("doi", "10.1000/bread.2"))
    assert (second.link, second.seconds) == ("https://soup.example/episodes/13", 3723)
    assert second.titles[1:] == (
        "Bread without yeast, a reply",
        "Kettles and what they teach us",
        "Sieves of the northern isles",
    )


def test_a_number_alone_is_no_identifier_and_an_odd_date_no_date() -> None:
    third = parsed(read("feed.xml")[2])
    assert (third.identifiers, third.date, third.seconds, third.link) == ((), "", None, "https://soup.example/")


@pytest.mark.parametrize(
    "entry",
    [
        "<id>http://arxiv.org/abs/2202.12139v1</id><link href='http://arxiv.org/abs/2202.12139v1'/>",
        "<id>oai:arXiv.org:2202.12139v1</id><link rel='alternate' href='https://arxiv.org/abs/2202.12139'/>",
        "<id>tag:press.example,2026:1</id><link href='https://doi.org/10.1234/soups.7'/>",
    ],
)
def test_a_work_announced_in_a_feed_is_no_episode_until_it_can_be_heard(entry: str, tmp_path: Path) -> None:
    def rejected(more: str) -> str:
        path = tmp_path / "feed.xml"
        path.write_text(
            f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>Stirring soups</title>{entry}{more}</entry></feed>"
        )
        (raw,) = PodcastSource().read(path)
        try:
            return parsed(raw).show
        except RecordRejected as reason:
            return reason.code

    assert rejected("") == "not-an-episode"
    assert not rejected("<link rel='enclosure' href='https://soup.example/1.mp3'/>")


def test_an_episode_without_a_title_is_rejected() -> None:
    with pytest.raises(RecordRejected) as rejected:
        PodcastSource.parse(read("feed.xml")[3])
    assert (rejected.value.code, rejected.value.field) == ("title-missing", "title")


@pytest.mark.parametrize(
    ("notes", "found"),
    [
        ("https://arxiv.org/abs/2203.05482v2.", [("arxiv", "2203.05482")]),
        ("http://www.arxiv.org/pdf/2203.05482v1.pdf", [("arxiv", "2203.05482")]),
        ("(arXiv: 2203.05482)", [("arxiv", "2203.05482")]),
        ("https://doi.org/10.48550/arXiv.2203.05482", [("arxiv", "2203.05482")]),
        ("https://arxiv.org/abs/math.GT/0309136", [("arxiv", "math/0309136")]),
        ("https://arxiv.org/abs/2203.054821", []),
        ("https://arxiv.org/list/cs.LG/recent", []),
        ("DOI:10.1000/ABC(1)2).", [("doi", "10.1000/abc(1)2")]),
        ("[10.1000/abc]", [("doi", "10.1000/abc")]),
        ('<a href="https://dx.doi.org/10.1000/a&amp;b">x</a>', [("doi", "10.1000/a&b")]),
        ("https://openreview.net/forum?id=Ab_cd-EF12", [("openreview", "Ab_cd-EF12")]),
        ("https://aclanthology.org/P19-1001/", [("acl", "P19-1001")]),
        ("the version 10.1/2 of it, at 192.10.1000/24", []),
    ],
)
def test_works_are_named_in_many_ways(notes: str, found: list[tuple[str, str]], tmp_path: Path) -> None:
    assert list(episode(tmp_path, notes).identifiers) == found


@pytest.mark.parametrize(
    "title",
    [
        "Model soups and other averages",
        "#12: Model soups and other averages",
        "Episode 12 - Model soups and other averages",
        "Model soups and other averages | The Paper Hour",
        "The Paper Hour: Model soups and other averages",
        "We read “Model soups and other averages” aloud",
    ],
)
def test_the_title_of_a_work_is_looked_for_in_that_of_the_episode(title: str, tmp_path: Path) -> None:
    assert "Model soups and other averages" in episode(tmp_path, "", title).titles


@pytest.mark.parametrize("title", ["Preface", "A chat", "Episode 12"])
def test_short_titles_are_not_asked_about(title: str, tmp_path: Path) -> None:
    assert episode(tmp_path, "", title).titles == ()


# Feeds as they are found


def test_the_common_mistakes_of_feeds_are_mended() -> None:
    first, second = map(parsed, read("odd.xml"))
    assert first.title == "Salt & pepper: a café for AT&T engineers"
    assert first.link == "https://odd.example/?a=1&b=2"
    assert first.show == "The show behind its episodes"
    assert (first.date, first.seconds) == ("2026-03-05", 3723)
    assert first.identifiers == (("acl", "2020.acl-main.1"), ("pmid", "123456"))
    assert (second.title, second.link) == ("<script>alert(1)</script> and other soups", "")


def test_atom_and_rss_of_old_times_are_feeds_too() -> None:
    (video,) = map(parsed, read("atom.xml"))
    assert (video.show, video.link, video.date) == ("Video soups", "https://video.example/1", "2026-01-02")
    assert video.identifiers == (("openreview", "Ab_cd-EF12"),)
    (old,) = map(parsed, read("rdf.xml"))
    assert (old.show, old.title, old.date) == ("Old soups", "A soup of old times", "2004-05")


def test_a_feed_in_another_encoding_is_read(tmp_path: Path) -> None:
    for encoding in ("utf-16", "iso-8859-1"):
        channel = f"<channel><title>Café</title>{item('Über Suppen im Alltag')}</channel>"
        text = f'<?xml version="1.0" encoding="{encoding}"?><rss>{channel}</rss>'
        path = tmp_path / f"{encoding}.xml"
        path.write_bytes(text.encode(encoding))
        (raw,) = PodcastSource().read(path)
        assert (parsed(raw).show, parsed(raw).title) == ("Café", "Über Suppen im Alltag")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.xml", "is empty"),
        ("page.html", "is an HTML page"),
        ("feed.json", "is no XML"),
        ("list.opml", "root element <opml>"),
        ("bomb.xml", "declares entities of its own"),
    ],
)
def test_what_is_no_feed_is_refused_with_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(SourceUnavailable, match=reason):
        read(name)


def test_a_feed_without_episodes_has_no_records_and_a_cut_one_says_where() -> None:
    assert read("silent.xml") == []
    whole, rest = read("cut.xml")
    assert parsed(whole).title == "Stirring soups in the wild"
    assert "after record 1 the XML is damaged or cut short" in rest.problem


@pytest.mark.parametrize(
    "hostile",
    [
        b"<rss><channel>" + b"<![CDATA[" * 200_000,
        b"<rss><channel><item><title>" + b"&" * 2_000_000,
        b"<rss><channel>" + b"<item>" * 200_000,
        b"<rss><channel><item><title>x</title><description>"
        + b"10.1000/" * 100_000
        + b"</description></item></channel></rss>",
        b"<rss><channel><item><title>" + "“a".encode() * 200_000 + b"</title></item></channel></rss>",
        b"<rss><channel><item><title>x</title><description>"
        + b"&lt;" * 300_000
        + b"</description></item></channel></rss>",
        b"<rss><channel><item><title>x</title><description>"
        + b"arxiv:" * 100_000
        + b"</description></item></channel></rss>",
    ],
)
def test_hostile_feeds_are_read_or_refused_in_little_time(hostile: bytes, tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(hostile)
    started = time.process_time()
    for raw in PodcastSource().read(path):
        if not raw.problem:
            assert parsed(raw).title
    assert time.process_time() - started < 4


def test_a_file_too_large_for_a_feed_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="which no feed has"):
        feeds.whole(iter([b" " * feeds.FEED_LIMIT, b" "]), "feed.xml")


# Live


def test_a_live_feed_is_read_page_by_page_until_one_comes_again() -> None:
    def script(asked: Parameters) -> tuple[int, bytes]:
        number = int(asked.get("page", "1"))
        following = f"<atom:link rel='next' href='{upstream.url}?page={number % 2 + 1}'/>"
        return (
            200,
            f"<rss><channel><title>S</title>{following}{item(f'Episode of page {number}')}</channel></rss>".encode(),
        )

    with serving(script) as upstream:
        records = list(PodcastSource(interval=0.0).fetch(f" {upstream.url}?page=1 ", upstream.client()))
    assert [parsed(record).title for record in records] == ["Episode of page 1", "Episode of page 2"]
    assert records[1].origin == f"{upstream.url}?page=2:1"


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (404, b"gone", "HTTP 404"),
        (200, b"<!doctype html><html>", "HTML page"),
        (200, b"<rss><channel>", "damaged or cut"),
    ],
)
def test_answers_that_are_no_feed_stop_with_a_reason(status: int, content: bytes, reason: str) -> None:
    with serving(lambda _: (status, content)) as upstream, pytest.raises(SourceUnavailable, match=reason):
        list(PodcastSource(interval=0.0).fetch(upstream.url, client()))


@pytest.mark.parametrize("query", ["", "soup", "file:///etc/passwd", "ftp://soup.example/feed"])
def test_only_web_addresses_are_asked(query: str) -> None:
    with pytest.raises(SourceUnavailable, match="by the address of its feed"):
        list(PodcastSource().fetch(query, client()))


# Mentions

WORKS: list[dict[str, Any] | bytes] = [
    work("t/1", "Model soups and other averages", "Ada Lovelace", "Grace Hopper", arxiv="2203.05482"),
    work("t/2", "Kettles and what they teach us", "Ada Lovelace", doi="10.1000/kettle.1"),
    work("t/3", "Sieves of the northern isles", "Kurt Gödel"),
    work("t/4", "Bread without yeast and salt", "Emmy Noether"),
]
ITEMS = [
    item("Two papers on heat", "https://arxiv.org/abs/2203.05482 and https://doi.org/10.1000/kettle.1", "1"),
    item("Sieves of the northern isles", "No link today.", "2"),
    item("A paper nobody has", "https://arxiv.org/abs/2401.00013", "3"),
]


def mentions() -> list[tuple[str, str, str]]:
    rows = MediaMention.objects.values_list("episode__title", "work__title", "kind")
    return sorted(rows)


def questions() -> list[tuple[str, str | None]]:
    return sorted(Review.objects.filter(kind="media-match").values_list("state", "work__title"))


NAMED = [
    ("Two papers on heat", "Kettles and what they teach us", "identifier"),
    ("Two papers on heat", "Model soups and other averages", "identifier"),
]
ASKED = [("open", "Sieves of the northern isles")]


@pytest.fixture
def curator(empty_library: None) -> User:
    return get_user_model().objects.create_user("curator")


@pytest.mark.usefixtures("empty_library")
def test_episodes_before_or_after_the_works_come_to_the_same(tmp_path: Path) -> None:
    works, show = write(tmp_path / "works.jsonl", WORKS), feed(tmp_path / "feed.xml", *ITEMS)
    importworks(works)
    before = stored()
    summary = importworks(show, source="podcast")
    assert (summary.status, "new 3" in summary.out) == (0, True)
    assert (mentions(), questions()) == (NAMED, ASKED)
    # Mentions are no publications: nothing is counted that was not.
    assert {name: rows for name, rows in stored().items() if name != "records"} == {
        name: rows for name, rows in before.items() if name != "records"
    }
    clear()
    importworks(show, source="podcast")
    assert (mentions(), questions(), Episode.objects.count()) == ([], [], 3)
    importworks(works)
    assert (mentions(), questions()) == (NAMED, ASKED)


@pytest.mark.usefixtures("empty_library")
def test_doing_it_twice_changes_nothing(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    show = feed(tmp_path / "feed.xml", *ITEMS)
    importworks(show, source="podcast")
    before = untouched()
    assert "unchanged 3" in importworks(show, source="podcast").out
    imports.relate()
    assert untouched() == before


@pytest.mark.usefixtures("empty_library")
def test_evidence_says_what_the_notes_name() -> None:
    importworks(PAYLOADS / "feed.xml", source="podcast")
    assert Episode.objects.count() == 3
    assert SourceRecord.objects.get(rejected_code="title-missing").became == ""
    # Nothing of the notes is kept beside the raw record but identifiers and keys of titles.
    second = Episode.objects.get(title="Ep. 13: Bread without yeast, a reply")
    assert second.identifiers == ["arxiv:2401.00013", "doi:10.1000/bread.2"]
    assert "kettlesandwhattheyteachus" in second.title_keys


@pytest.mark.usefixtures("empty_library")
def test_a_corrected_episode_mentions_what_it_names_now(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    importworks(feed(tmp_path / "feed.xml", *ITEMS), source="podcast")
    corrected = item("One paper on heat", "https://doi.org/10.1000/kettle.1", "1")
    importworks(feed(tmp_path / "feed.xml", corrected, item("Something else entirely now", "", "2")), source="podcast")
    assert mentions() == [("One paper on heat", "Kettles and what they teach us", "identifier")]
    assert questions() == []


@pytest.mark.usefixtures("empty_library")
def test_a_question_that_an_identifier_answers_later_is_asked_no_more(tmp_path: Path) -> None:
    importworks(feed(tmp_path / "feed.xml", item("Sieves of the northern isles", "arXiv:2401.00013")), source="podcast")
    importworks(write(tmp_path / "works.jsonl", WORKS))
    assert questions() == ASKED
    importworks(
        write(tmp_path / "more.jsonl", [work("t/3", "Sieves of the northern isles", "Kurt Gödel", arxiv="2401.00013")])
    )
    assert questions() == []
    assert mentions() == [("Sieves of the northern isles", "Sieves of the northern isles", "identifier")]


def test_a_persons_answer_stays_whatever_is_imported_and_can_be_taken_back(curator: User, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS))
    show = feed(tmp_path / "feed.xml", *ITEMS, item("Bread without yeast and salt", "", "4"))
    importworks(show, source="podcast")
    yes, no = Review.objects.filter(kind="media-match").order_by("work__title")[::-1]
    assert [one["kind"] for one in yes.evidence] == ["episode-title"]
    media.answer(yes, same=True, actor=curator)
    media.answer(no, same=False, actor=curator)
    answered = [
        ("Bread without yeast and salt", "Bread without yeast and salt", "refused"),
        ("Sieves of the northern isles", "Sieves of the northern isles", "confirmed"),
        *NAMED,
    ]
    assert mentions() == answered
    importworks(
        feed(tmp_path / "feed.xml", *ITEMS[1:], item("Bread without yeast and salt", "New notes.", "4")),
        source="podcast",
    )
    imports.relate()
    assert mentions() == answered
    with pytest.raises(Conflict, match="answered already"):
        media.answer(yes, same=False, actor=curator)
    media.ask_again(yes)
    assert mentions() == [answered[0], *NAMED]
    assert ("open", "Sieves of the northern isles") in questions()
    with pytest.raises(Conflict, match="has not been answered"):
        media.ask_again(yes)


def test_an_episode_with_a_prefix_that_the_feed_does_not_declare_is_held_back_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    path = feed(tmp_path / "feed.xml", "<item><title>Odd</title><foo:note>x</foo:note></item>", item("Whole"))
    records = list(PodcastSource().read(path))
    assert [bool(record.problem) for record in records][:2] == [True, False]
    assert parsed(records[1]).title == "Whole"


@pytest.mark.parametrize(("verdict", "kind"), [("same", "confirmed"), ("different", "refused")])
def test_a_curator_answers_in_the_review_queue_and_takes_it_back(
    client: Client, curator: User, tmp_path: Path, verdict: str, kind: str
) -> None:
    curator.user_permissions.add(Permission.objects.get(codename="curate"))
    client.force_login(curator)
    importworks(write(tmp_path / "works.jsonl", WORKS))
    importworks(feed(tmp_path / "feed.xml", *ITEMS), source="podcast")
    review = Review.objects.get(kind="media-match", state="open")
    page = client.get(f"/curate/works/?kind=media-match&start={review.pk}").content.decode()
    assert "It speaks of it <kbd>A</kbd>" in page
    state = re.search(r'name="state" value="(\w+)"', page)
    assert state is not None
    answer = {"d": verdict, "state": state[1]}
    said = client.post(f"/curate/works/review/{review.pk}/", answer, follow=True).content.decode()
    assert "Sieves of the northern isles" in said
    found = ("Sieves of the northern isles", "Sieves of the northern isles", kind)
    assert found in mentions()
    (event,) = WorkEvent.objects.filter(review=review.pk)
    assert review.work is not None
    assert "an episode of a podcast" in client.get(f"{review.work.get_absolute_url()}history/").content.decode()
    client.post("/curate/works/undo/", {"events": event.pk, "review": review.pk})
    assert found not in mentions()
    assert questions() == ASKED


@pytest.mark.usefixtures("empty_library")
def test_a_title_that_many_works_carry_is_not_asked_about(tmp_path: Path) -> None:
    several = [work(f"t/{n}", "Notes on the year in soups", f"Author Number{n}", year=1950 + 5 * n) for n in range(6)]
    importworks(write(tmp_path / "works.jsonl", several))
    assert Work.objects.count() == 6
    importworks(feed(tmp_path / "feed.xml", item("Notes on the year in soups")), source="podcast")
    assert (mentions(), questions()) == ([], [])


@pytest.mark.usefixtures("empty_library")
def test_a_feed_or_the_works_taken_back_take_their_mentions_along(tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS[:1]))
    importworks(feed(tmp_path / "feed.xml", *ITEMS), source="podcast")
    before = (mentions(), questions(), stored(ids=False))
    importworks(write(tmp_path / "more.jsonl", WORKS[1:]))
    assert (mentions(), questions()) == (NAMED, ASKED)
    take_back(ImportRun.objects.latest("pk"))
    assert (mentions(), questions(), stored(ids=False)) == before
    take_back(ImportRun.objects.get(source="podcast"))
    assert not Episode.objects.exists()
    assert (mentions(), questions()) == ([], [])
    assert SourceRecord.objects.count() == 1


def take_back(run: ImportRun) -> None:
    rollback.begin(run)
    rollback.advance(run)
    imports.settle()


# Pages


@pytest.mark.usefixtures("empty_library")
def test_the_work_page_and_the_rows_show_the_mention_without_its_audio(client: Client, tmp_path: Path) -> None:
    importworks(
        write(tmp_path / "works.jsonl", [work("t/1", "Soups", "Ada Lovelace", "Grace Hopper", arxiv="2203.05482")])
    )
    person = client.get("/api/v1/researchers/").json()["results"][0]["url"]
    assert "podcast" not in client.get(person).content.decode()
    importworks(PAYLOADS / "feed.xml", source="podcast")
    soups = Work.objects.get()
    page = client.get(soups.get_absolute_url()).content.decode()
    for shown in (
        'id="media"', "https://soup.example/episodes/12", "Stirring soups in the wild", "Feb 25, 2026", "38:01",
        "Soup &amp; Science", "The notes of the episode name arXiv 2203.05482",
    ):  # fmt: skip
        assert shown in page
    for kept in ("<audio", ".mp3", "a paper</a>", "images.example"):
        assert kept not in page
    for address in (person, "/search/?q=soups&kind=works"):
        assert f"{soups.get_absolute_url()}#media" in client.get(address).content.decode()
    (mention,) = client.get(f"/api/v1/works/{soups.public_id}/").json()["mentions"]
    assert (mention["show"], mention["seconds"], mention["kind"]) == ("Soup & Science", 2281, "identifier")


@pytest.mark.usefixtures("empty_library")
def test_hostile_episodes_are_inert_on_the_page(client: Client, tmp_path: Path) -> None:
    importworks(write(tmp_path / "works.jsonl", WORKS[:1]))
    nasty = (
        '<item><title>&lt;img src=x onerror=alert(1)&gt; soups " onmouseover="alert(1)</title><link>javascript:alert(1)</link>'
        "<guid isPermaLink='false'>x</guid><description>arXiv:2203.05482</description></item>"
    )
    importworks(feed(tmp_path / "feed.xml", nasty, show="&lt;script&gt;alert(2)&lt;/script&gt;"), source="podcast")
    page = client.get(Work.objects.get().get_absolute_url()).content.decode()
    assert "<img" not in page
    assert "<script>alert" not in page
    assert "javascript:" not in page
    assert "&lt;script&gt;alert(2)" in page


def test_a_dry_run_reports_and_writes_nothing(empty_library: None) -> None:
    report = importworks(PAYLOADS / "feed.xml", source="podcast", dry_run=True)
    assert report.out.startswith("Read 4 records: 3 can be imported, 1 would be quarantined.")
    assert not SourceRecord.objects.exists()
