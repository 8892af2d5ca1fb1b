"""How to cite a work: plain text, BibTeX and CSL-JSON from its page. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from profiles.names import display_parts
from profiles.printed import WITHHELD
from researchgraph.lib import dates
from researchgraph.lib.tex import needs_rendering
from researchgraph.lib.text import fold

if TYPE_CHECKING:
    from works.selectors import WorkPage

_BIBTEX = {"conference": "inproceedings", "journal": "article", "book": "book", "thesis": "phdthesis"}
_CSL = {
    "conference": "paper-conference", "journal": "article-journal", "preprint": "article", "book": "book",
    "thesis": "thesis", "dataset": "dataset",
}  # fmt: skip
_SPECIAL = re.compile(r"[&%#_{}~^\\$]")
_BARE = re.compile(r"(?<!\\)[&%#]")
_NO_BRACES = str.maketrans("", "", "{}")
_ESCAPES = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
_SHORT_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how", "in", "is", "of", "on",
    "or", "the", "to", "towards", "what", "when", "why", "with",
})  # fmt: skip
NAMED = 3


def citation_key(work: WorkPage) -> str:
    """Family name, year and first telling word of the title: "wortsman2022model"."""
    family = fold(_parts(work.bylines[0].name)[0]).replace(" ", "") if work.bylines else ""
    words = [word for word in fold(work.title).split() if word not in _SHORT_WORDS]
    return f"{family or 'anonymous'}{work.year or ''}{words[0] if words else ''}"


def bibtex(work: WorkPage) -> str:
    """The work as one BibTeX entry; special characters escaped, mathematics of the title kept in braces."""
    authors = [_bibtex_name(byline.name) for byline in work.bylines]
    fields: list[tuple[str, str]] = [
        ("title", f"{{{_tex(work.title)}}}"),
        ("author", " and ".join([*authors, "others"] if work.authors_truncated else authors)),
        ("year", str(work.year or "")),
        ("journal" if work.type == "journal" else "booktitle", _tex(work.venue)),
    ]
    for identifier in work.identifiers:
        if identifier.scheme == "doi":
            fields.append(("doi", identifier.value))
        elif identifier.scheme == "arxiv":
            fields += [("eprint", identifier.value), ("archiveprefix", "arXiv")]
        elif identifier.scheme == "isbn":
            fields.append(("isbn", identifier.value))
    if work.best_link[1]:
        fields.append(("url", work.best_link[1]))
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields if value and value != "{}")
    return f"@{_BIBTEX.get(work.type, 'misc')}{{{citation_key(work)},\n{body}\n}}\n"


def csl(work: WorkPage) -> dict[str, Any]:
    """The work as one CSL-JSON item."""
    item: dict[str, Any] = {
        "id": citation_key(work),
        "type": _CSL.get(work.type, "document"),
        "title": work.title,
        "author": [_csl_name(byline.name) for byline in work.bylines],
    }
    parts = list(dates.parts(work.date)) or ([work.year] if work.year else [])
    if parts:
        item["issued"] = {"date-parts": [parts]}
    if work.venue:
        item["container-title"] = work.venue
    item |= {i.scheme.upper(): i.value for i in work.identifiers if i.scheme in {"doi", "isbn", "pmid"}}
    if work.best_link[1]:
        item["URL"] = work.best_link[1]
    return item


def plain(work: WorkPage) -> str:
    """One line for people: "Wortsman, M., Ilharco, G., Gadre, S. Y., et al. (2022). Model soups. ICML."."""
    named = [_abbreviated(byline.name) for byline in work.bylines[:NAMED]]
    more = ["et al."] if len(work.bylines) > NAMED or work.authors_truncated else []
    year = f" ({work.year})." if work.year else ""
    people = ", ".join([*named, *more])
    stop = "" if work.title.endswith((".", "?", "!")) else "."
    return f"{people}{year} {work.title}{stop}{f' {work.venue}.' if work.venue else ''}"


def _parts(name: str) -> tuple[str, str]:
    """(family, given); a name that is not shown has neither."""
    return ("", "") if name == WITHHELD else display_parts(name)


def _csl_name(name: str) -> dict[str, str]:
    family, given = _parts(name)
    return {"family": family, "given": given} if given else {"literal": name}


def _bibtex_name(name: str) -> str:
    """In braces BibTeX takes several words for one."""
    return f"{{{name}}}" if name == WITHHELD else _tex(_inverted(name))


def _inverted(name: str) -> str:
    family, given = _parts(name)
    return f"{family}, {given}" if given else name


def _abbreviated(name: str) -> str:
    family, given = _parts(name)
    initials = " ".join(f"{word[0]}." for word in re.split(r"[\s.]+", given) if word)
    return f"{family}, {initials}" if initials else name


def _tex(text: str) -> str:
    """Safe for BibTeX; a text that already is TeX keeps its commands and mathematics."""
    if needs_rendering(text):
        return _BARE.sub(r"\\\g<0>", text) if text.count("{") == text.count("}") else text.translate(_NO_BRACES)
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], f"\\{match[0]}"), text)
