"""Titles and abstracts with markup inside (JATS, MathML, HTML) as one line of text people can read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from researchgraph.lib.xml import local_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_SKIPPED: Final = frozenset({"annotation", "annotation-xml", "xref", "fn", "inline-graphic", "graphic", "label"})
_BLOCKS: Final = frozenset({"p", "break", "title", "sec", "list-item", "br", "AbstractText"})
_TEX_BODY = re.compile(r"\\begin\{document\}(.{0,5000}?)\\end\{document\}", re.DOTALL)


def readable(element: etree._Element | None) -> str:
    """The text of an element: formulas once, as their signs or their TeX; notes and cross-references left out."""
    return "" if element is None else " ".join("".join(_pieces(element)).split())


def _pieces(element: etree._Element) -> Iterator[str]:
    if element.text:
        yield element.text
    names = {local_name(child) for child in element if isinstance(child.tag, str)}
    for child in element:
        if isinstance(child.tag, str):
            yield from _child(child, names)
        if child.tail:
            yield child.tail


def _child(child: etree._Element, siblings: set[str]) -> Iterator[str]:
    name = local_name(child)
    if name in _SKIPPED or (name == "tex-math" and "math" in siblings):
        return
    if name == "tex-math":
        source = "".join(_pieces(child))
        body = _TEX_BODY.search(source)
        tex = (body[1] if body else source).strip().strip("$").strip()
        yield f"${tex}$"
    elif name == "mfrac" and len(child) == 2:
        yield from _pieces(child[0])
        yield "/"
        yield from _pieces(child[1])
    elif name == "math":
        yield "".join("".join(_pieces(child)).split())
    elif name in _BLOCKS:
        yield " "
        yield from _pieces(child)
        yield " "
    else:
        yield from _pieces(child)
