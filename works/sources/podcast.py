"""Podcasts: RSS 2.0 (and Atom) feeds, saved or live. One record is one episode, which may speak of works.

Feeds are read by the hardened lxml that all XML here is read by, not by feedparser: that one keeps a feed's addresses and
titles as dangerous as they came all the same, reads what is no feed as an empty one, and hides where a feed broke off.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date
from email.utils import parsedate_tz
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import dates, identifiers, markup, xml
from researchgraph.lib.http import Http
from works.records import ParsedEpisode, RawRecord
from works.sources import feeds, pages, xml_files
from works.sources.base import Source
from works.sources.documents import usable_key
from works.sources.pages import Page, RefusedError

INTERVAL: Final = 1.0
PAGES: Final = 100
NOTES_LIMIT: Final = 500_000
IDENTIFIERS_LIMIT: Final = 200
TITLES_LIMIT: Final = 60

_NOTES: Final = frozenset(
    {"description", "encoded", "summary", "subtitle", "content", "link", "guid", "id", "comments"}
)
_LINKING: Final = frozenset({"link", "chapter"})
_ARXIV = r"(?P<arxiv>\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7})"
_WORKS = re.compile(
    rf"(?:(?:ar|alpha)xiv\.org/(?:abs|pdf|html|format|e-print|src)/|huggingface\.co/papers/|\barxiv:\s?){_ARXIV}(?!\d)"
    r"|(?:\bdoi:\s?|doi\.org/|(?<![\w./%-]))(?P<doi>10\.\d{4,9}(?:\.\d{1,9}){0,3}(?:/|%2[Ff])[^\s\"'<>\x00-\x1f]{1,300})"
    r"|openreview\.net/(?:forum|pdf)\?id=(?P<openreview>[\w-]{6,40})"
    r"|aclanthology\.org/(?P<acl>[A-Z]\d\d-\d{4,5}|\d{4}\.[a-z0-9_]{1,30}-[a-z0-9_]{1,30}\.\d{1,4})"
    r"|pubmed\.ncbi\.nlm\.nih\.gov/(?P<pmid>\d{1,9})",
    re.ASCII | re.IGNORECASE,
)
_CLOSING: Final = "]}»”’*_"
_BESIDES = re.compile(
    r"^(?:\W{0,3}(?:episode|ep|paper|part|no|nr|folge)?[\s.]{0,2}#?\d{1,5}\s{0,2}[:.|)\]–—-]+|\W{0,3}#\d{1,5})\s{0,3}",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s[|–—-]\s|:\s")
_QUOTED = re.compile(r"[“\"„«]([^“”\"„«»]{15,300})[”\"“»]")
_LISTED = re.compile(r"^(?:[•*·-]\s{0,3})?(?:[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?\s{0,3}[:–—-]?\s{0,3})?")
_ADDRESS = re.compile(r"\s*[(\[–—:-]*\s*https?://.*$")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:\.\d+)?")


class PodcastSource(Source):
    """Episodes of podcasts. The key is the episode's guid; behind the show's page where the guid is no address."""

    name: ClassVar[str] = "podcast"
    label: ClassVar[str] = "Podcast feed"
    identified: ClassVar[bool] = False
    example: ClassVar[str] = "https://show.example/feed.xml"

    def __init__(self, *, interval: float = INTERVAL) -> None:
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        content = feeds.whole(xml_files.begin(path, feeds.EXPECTED), str(path))
        yield from _records(feeds.read(content, str(path)), path.name)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Yield the episodes of the feed at the address, and of the pages it says come next.

        Raises SourceUnavailable if there is no feed.
        """
        address = query.strip()
        if not address.lower().startswith(("https://", "http://")):
            message = f"A podcast is asked for by the address of its feed, such as {self.example}."
            raise SourceUnavailable(message)
        seen: set[str] = set()

        def ask(page: str, number: int) -> Page:
            seen.add(page)
            answer = http.get(page, interval=self._interval)
            if answer.status != 200:
                message = f"{urlsplit(page).hostname} answered with HTTP {answer.status}."
                raise RefusedError(message)
            feed = feeds.read(answer.content, page)
            if feed.damage and not feed.items:
                message = f"{page}: {feed.damage.problem}."
                raise SourceUnavailable(message)
            # Feeds that turn in a circle exist; what comes again has been read.
            more = feed.following.lower().startswith(("https://", "http://")) and number < PAGES
            return Page(list(_records(feed, page)), feed.following if more and feed.following not in seen else "")

        yield from pages.follow(ask, first=address, resume=resume, service=self.label)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedEpisode:
        """See `Source.parse`."""
        root = xml_files.parsed(raw.payload)
        found = xml_files.child(root, "item")
        item = xml_files.child(root, "entry") if found is None else found
        if xml.local_name(root) != "episode" or item is None:
            raise RecordRejected("not-an-episode", "The record is no episode of a feed.")
        if _is_a_work(item):
            raise RecordRejected(
                "not-an-episode", "The item has no recording and is the address of a work itself.", "link"
            )
        title = markup.plain(_title(item))
        if not title.strip():
            raise RecordRejected("title-missing", "The episode has no title.", "title")
        notes = _notes(item)
        return ParsedEpisode(
            title=title,
            show=markup.plain(xml_files.text(root, "show")),
            link=_link(item) or xml_files.text(root, "site"),
            date=_date(item),
            seconds=_seconds(xml_files.text(item, "duration")),
            identifiers=tuple(_identifiers(notes)),
            titles=tuple(_titles(title, notes)),
        )


def _records(feed: feeds.Feed, origin: str) -> Iterator[RawRecord]:
    for number, payload in enumerate(feed.items, start=1):
        try:
            key, problem = _key(payload, feed), ""
        except etree.XMLSyntaxError as error:
            # A prefix that the feed does not declare is an error only where the episode stands by itself.
            key, problem = "", f"the episode is no well-formed XML by itself: {error}"
        yield RawRecord(key, payload, f"{origin}:{number}", problem)
    if feed.damage:
        yield xml_files.damaged(feed.damage, origin, len(feed.items))


def _key(payload: bytes, feed: feeds.Feed) -> str:
    root = xml.parse(payload)
    item = root[-1]
    guid = xml_files.text(item, "guid") or xml_files.text(item, "id")
    if guid and ("://" in guid or guid.startswith(("urn:", "tag:"))):
        return usable_key(guid)
    if guid:
        return usable_key(f"{feed.site or feed.show}#{guid}")
    return usable_key(_link(item))


def _title(item: etree._Element) -> str:
    """The format's own title; that of an extension only where there is no other."""
    titles = xml_files.children(item, "title")
    return next(filter(None, map(xml.text_of, sorted(titles, key=feeds.is_extension))), "")


def _link(item: etree._Element) -> str:
    """Where the episode can be heard: its page, else the address it is known by, else the recording."""
    for link in xml_files.children(item, "link"):
        address = (link.get("href") or xml.text_of(link)).strip()
        if address and link.get("rel", "alternate") == "alternate":
            return address
    guid = xml_files.child(item, "guid")
    address = xml.text_of(guid)
    if guid is not None and guid.get("isPermaLink", "true").lower() != "false" and "://" in address:
        return address
    recording = next((one.get("url") for one in xml_files.children(item, "enclosure") if one.get("url")), None)
    return (recording or "").strip()


def _is_a_work(item: etree._Element) -> bool:
    """Whether the item is a work announced in a feed, as indexes announce theirs, and not an episode about one."""
    links = xml_files.children(item, "link")
    if xml_files.child(item, "enclosure") is not None or any(link.get("rel") == "enclosure" for link in links):
        return False
    own = (_link(item), xml_files.text(item, "guid"), xml_files.text(item, "id"))
    return any(_WORKS.search(address) for address in own)


def _notes(item: etree._Element) -> str:
    """Everything the episode says about itself, with the addresses it links to."""
    pieces = []
    for element in item.iter():
        name = xml.local_name(element)
        if name in _NOTES:
            pieces.append("".join(str(piece) for piece in element.itertext()))
        if name in _LINKING:
            pieces.append(element.get("href") or "")
    return "\n".join(piece for piece in pieces if piece)[:NOTES_LIMIT]


def _identifiers(notes: str) -> list[tuple[str, str]]:
    """The works that the notes name by an identifier, in their order."""
    text = html.unescape(notes)
    if "%2F" in text or "%2f" in text:
        # Links by way of somebody who counts them.
        text = f"{text}\n{unquote(text)}"
    found: dict[tuple[str, str], None] = {}
    for match in _WORKS.finditer(text):
        scheme = str(match.lastgroup)
        pair = identifiers.canonical_pair(scheme, match[scheme].rstrip(_CLOSING))
        if pair:
            found[pair] = None
    return list(found)[:IDENTIFIERS_LIMIT]


def _titles(title: str, notes: str) -> list[str]:
    """What may be titles of works: the episode's own, without a number, in its parts, and the lines of a list in its notes."""
    found = [title, bare := _BESIDES.sub("", title)]
    for cut in list(_BETWEEN.finditer(bare))[:4]:
        found += [bare[cut.end() :], bare[: cut.start()]]
    found += _QUOTED.findall(title)
    for line in feeds.lines(notes):
        mark = _LISTED.match(line)
        if mark and mark.end():
            found.append(_ADDRESS.sub("", line[mark.end() :]))
    tidy = (one.strip(" \t.,;:–—-|\"“”„«»'") for one in found)
    return list(dict.fromkeys(one for one in tidy if one))[:TITLES_LIMIT]


def _date(item: etree._Element) -> str:
    """The day the episode appeared, as its feed has it: not turned into another time zone."""
    for name in ("pubDate", "published", "date", "updated"):
        stated = xml_files.text(item, name)
        if not stated:
            continue
        moment = parsedate_tz(stated)
        try:
            found = date(*moment[:3]).isoformat() if moment else ""
        except ValueError:
            found = ""
        known = dates.canonical(stated) or dates.canonical(found)
        if known:
            return known
    return ""


def _seconds(stated: str) -> int | None:
    """How long the episode is, from "38:01", "1:02:03" or a number of seconds; None for anything else."""
    if stated.isascii() and stated.isdigit() and len(stated) <= 6:
        return int(stated) or None
    clock = _CLOCK.fullmatch(stated) if stated.isascii() else None
    if clock is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in clock.groups())
    return (hours * 60 + minutes) * 60 + seconds or None
