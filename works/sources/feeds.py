"""Feeds as they are found: RSS 2.0 and Atom with the mistakes that feeds have, cut into their items.

A feed is read whole, because the show's title may stand behind its episodes, and because three common mistakes are
mended first: names of HTML for letters, ampersands that stand for themselves, and prefixes that nobody declared.
Everything else that is no XML ends the feed, and is said.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from html.entities import html5
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from researchgraph.errors import SourceUnavailable
from researchgraph.lib import xml
from works.sources import xml_files

FEED_LIMIT: Final = 64 * 1024 * 1024
EXPECTED: Final = "a podcast's feed (RSS 2.0 or Atom)"

_ROOTS: Final = frozenset({"rss", "feed", "RDF"})
_ITEMS: Final = frozenset({"item", "entry"})
# Parts of a channel that have titles and links of their own are asked for to be passed over.
_ASIDE: Final = frozenset({"image", "textInput", "textinput", "owner", "author", "source"})
_WANTED: Final = _ITEMS | _ASIDE | {"title", "link"}
_NAMESPACES: Final = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "atom": "http://www.w3.org/2005/Atom",
    "psc": "http://podlove.org/simple-chapters",
    "googleplay": "http://www.google.com/schemas/play-podcasts/1.0",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "rawvoice": "http://www.rawvoice.com/rawvoiceRssModule/",
    "spotify": "http://www.spotify.com/ns/rss",
    "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
    "thr": "http://purl.org/syndication/thread/1.0",
}
_FORMATS: Final = frozenset(
    {
        "",
        _NAMESPACES["atom"],
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://backend.userland.com/rss2",
    }
)
_HEAD: Final = 64 * 1024
_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]{0,20}:)?(?:rss|feed|RDF)(?=[\s/>])")
_AMPERSAND = re.compile(rb"&(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|([A-Za-z][A-Za-z0-9]{1,31});)?")
_OF_XML: Final = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_CDATA, _CDATA_END = b"<![CDATA[", b"]]>"
_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")


class Feed(NamedTuple):
    """One feed, or one page of it: the show, its own page, items as payloads, where to go on, and what broke it."""

    show: str
    site: str
    items: list[bytes]
    following: str
    damage: xml_files.Damage | None


def whole(chunks: Iterable[bytes], what: str) -> bytes:
    """The content of a feed. Raises SourceUnavailable if it is too large to be one."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > FEED_LIMIT:
            message = f"{what} has more than {FEED_LIMIT:,} bytes, which no feed has."
            raise SourceUnavailable(message)
    return bytes(content)


def read(content: bytes, what: str) -> Feed:
    """The items of a feed in its order. Raises SourceUnavailable if it is none."""
    xml_files.check_head(content, what, EXPECTED)
    titles, links, following, items = [], [], "", []
    damage = None
    for element in xml_files.elements([mended(content)], what, wanted=_WANTED, check_root=_refusal):
        if isinstance(element, xml_files.Damage):
            damage = element
        elif (name := xml.local_name(element)) in _ITEMS:
            items.append(xml.canonical(element))
        elif name == "title" and _of_the_show(element):
            titles.append(xml.text_of(element))
        elif name == "link" and element.get("rel") == "next":
            following = element.get("href") or ""
        elif name == "link" and _of_the_show(element) and element.get("rel", "alternate") == "alternate":
            links.append((element.get("href") or xml.text_of(element)).strip())
    show, site = next(filter(None, titles), ""), next(filter(None, links), "")
    return Feed(show, site, [_payload(show, site, item) for item in items], following.strip(), damage)


def mended(content: bytes) -> bytes:
    """The feed without the mistakes that this module knows; in letters of two bytes it stays as it is."""
    if content.startswith(_WIDE):
        return content
    content = content.translate(None, _CONTROLS)
    return _declared(b"".join(_spelled(content)))


def _spelled(content: bytes) -> Iterator[bytes]:
    at = 0
    while (start := content.find(_CDATA, at)) >= 0:
        end = content.find(_CDATA_END, start)
        if end < 0:
            break
        yield _AMPERSAND.sub(_ampersand, content[at:start])
        yield content[start : end + len(_CDATA_END)]
        at = end + len(_CDATA_END)
    yield _AMPERSAND.sub(_ampersand, content[at:])


def _ampersand(match: re.Match[bytes]) -> bytes:
    if match[1] is None:
        return b"&amp;"
    name = match[2]
    if name is None or name in _OF_XML:
        return match[0]
    letters = html5.get(f"{name.decode()};")
    if letters is None:
        return b"&amp;" + match[0][1:]
    return "".join(f"&#{ord(letter)};" for letter in letters).encode()


def _declared(content: bytes) -> bytes:
    root = _ROOT.search(content, 0, _HEAD)
    if root is None:
        return content
    tag = content[root.end() : content.find(b">", root.end()) + 1]
    missing = [
        f' xmlns:{prefix}="{name}"'.encode()
        for prefix, name in _NAMESPACES.items()
        if f"xmlns:{prefix}=".encode() not in tag and f"{prefix}:".encode() in content
    ]
    return content[: root.end()] + b"".join(missing) + content[root.end() :]


def _refusal(root: etree._Element) -> str:
    if xml.local_name(root) not in _ROOTS:
        return f"has the root element <{xml.local_name(root)[:60]}>; expected {EXPECTED}."
    if xml.declares_entities(root):
        return "declares entities of its own, which no feed needs; it is not read."
    return ""


def is_extension(element: etree._Element) -> bool:
    """Whether the element is of no format of feeds itself but of what others have put into them, such as itunes:title."""
    namespace = str(element.tag).rpartition("}")[0].removeprefix("{")
    return namespace not in _FORMATS


def _of_the_show(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and not is_extension(element) and xml.local_name(parent) in {"channel", "feed"}


def _payload(show: str, site: str, item: bytes) -> bytes:
    """The item with the two things that stand once for all of them."""
    head = f"<episode><show>{escape(show)}</show><site>{escape(site)}</site>"
    return head.encode("utf-8", "replace") + item + b"</episode>"


def lines(text: str) -> list[str]:
    """Notes as lines of text, without their tags."""
    plain = re.sub(r"<[^<>]{0,2000}>", "\n", html.unescape(text))
    return [line for line in (" ".join(line.split()) for line in plain.split("\n")) if line]
