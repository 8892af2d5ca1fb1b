"""Atom feeds (RFC 4287) as XML. Pure: reads nothing, knows no page.

Ids are tag URIs (RFC 4151) made of the site's host and a public id, never of a name or slug: a feed and its entries stay the
same whatever the records are called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from lxml import etree

NAMESPACE: Final = "http://www.w3.org/2005/Atom"
YEAR: Final = "2026"
"""The host of a tag is the one of that year; it is part of every id and never changes."""
NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold."""


class AtomEntry(msgspec.Struct, frozen=True):
    """One work. `href` is its address on the site, `category` its first topic or ""."""

    public_id: str
    title: str
    href: str
    published: datetime
    updated: datetime
    authors: Sequence[str]
    category: str
    summary: str


class AtomFeed(msgspec.Struct, frozen=True):
    """A feed: what it is about ("researchers/7m4kq2x9ra"), its title, the address of the page and its own."""

    about: str
    title: str
    href: str
    address: str
    updated: datetime
    entries: Sequence[AtomEntry]


def tag(site: str, specific: str) -> str:
    """The id of something on this site."""
    return f"tag:{urlsplit(site).hostname},{YEAR}:{specific}"


def document(feed: AtomFeed, *, site: str) -> bytes:
    """The feed as XML. `site` is the address of the site, without a slash at its end."""
    root = etree.Element(f"{{{NAMESPACE}}}feed", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the stubs know no default namespace
    _text(root, "id", tag(site, feed.about))
    _text(root, "title", feed.title)
    _text(root, "updated", moment(feed.updated))
    _link(root, "self", site + feed.address, "application/atom+xml")
    _link(root, "alternate", site + feed.href, "text/html")
    _text(etree.SubElement(root, f"{{{NAMESPACE}}}author"), "name", "researchgraph")
    for entry in feed.entries:
        _entry(root, entry, site)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def moment(at: datetime) -> str:
    """A time as RFC 3339 has it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(root: etree._Element, entry: AtomEntry, site: str) -> None:
    made = etree.SubElement(root, f"{{{NAMESPACE}}}entry")
    _text(made, "id", tag(site, f"works/{entry.public_id}"))
    _text(made, "title", entry.title)
    _text(made, "published", moment(entry.published))
    _text(made, "updated", moment(entry.updated))
    _link(made, "alternate", site + entry.href, "text/html")
    for name in entry.authors:
        _text(etree.SubElement(made, f"{{{NAMESPACE}}}author"), "name", name)
    if entry.category:
        etree.SubElement(made, f"{{{NAMESPACE}}}category", term=NO_XML.sub("", entry.category))
    _text(made, "summary", entry.summary)


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = NO_XML.sub("", text)


def _link(parent: etree._Element, rel: str, href: str, kind: str) -> None:
    etree.SubElement(parent, f"{{{NAMESPACE}}}link", rel=rel, href=href, type=kind)
