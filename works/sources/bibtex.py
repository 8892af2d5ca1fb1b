"""BibTeX and BibLaTeX files, as reference managers, publishers and people write them.

One record is one entry, kept together with the macros it uses and the entries it refers to by `crossref`, so that it
can be read again without its file. The key is the citation key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import identifiers, streams, tex
from researchgraph.lib.links import code_link
from researchgraph.lib.text import fold
from works.records import ParsedAuthor, ParsedRecord, ParsedTopic, ParsedVersion, RawRecord
from works.sources import bibliography, bibtex_syntax
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from works.sources.bibtex_syntax import Block

EXPECTED = "BibTeX"
PARENTS_LIMIT = 64 * 1024 * 1024
MACROS_LIMIT = 4 * 1024 * 1024
MACRO_LIMIT = 64 * 1024
_CHAIN = 5
_MENDED = 3
_UNIMPORTANT = frozenset({"abstract", "annote", "annotation", "file", "note"})
_FIELD_LINE = re.compile(r"^[ \t]{0,40}[A-Za-z][A-Za-z0-9_-]{0,40}[ \t]{0,40}=[ \t]{0,40}[{\"]", re.MULTILINE)

KINDS = {
    "article": "journal",
    "suppperiodical": "journal",
    "periodical": "journal",
    "review": "journal",
    "inproceedings": "conference",
    "conference": "conference",
    "proceedings": "conference",
    "mvproceedings": "conference",
    "book": "book",
    "mvbook": "book",
    "inbook": "book",
    "bookinbook": "book",
    "suppbook": "book",
    "booklet": "book",
    "collection": "book",
    "mvcollection": "book",
    "incollection": "book",
    "suppcollection": "book",
    "reference": "book",
    "mvreference": "book",
    "inreference": "book",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "bachelorsthesis": "thesis",
    "thesis": "thesis",
    "dataset": "dataset",
    "data": "dataset",
    "preprint": "preprint",
}
"""Entry types of BibTeX and BibLaTeX, and some that programs invent. What is not listed is "other"."""

WHOLE = frozenset(
    "book mvbook booklet collection mvcollection reference mvreference proceedings mvproceedings phdthesis mastersthesis "
    "thesis bachelorsthesis manual techreport report".split()
)
"""Types whose ISBN is their own; that of a chapter or paper names the volume, as every ISSN names the journal."""

EDITED = frozenset(
    "book mvbook collection mvcollection reference mvreference proceedings mvproceedings periodical".split()
)
"""Types that editors stand for when there is no author."""

_VENUES: dict[str, tuple[str, ...]] = {
    "journal": ("journaltitle", "journal", "journalname", "fjournal"),
    "conference": ("booktitle", "eventtitle", "journaltitle", "journal", "series"),
    "book": ("booktitle", "maintitle", "publisher"),
    "thesis": ("school", "institution", "publisher"),
    "preprint": ("journaltitle", "journal", "archiveprefix", "eprinttype", "publisher"),
    "dataset": ("publisher", "organization"),
    "other": ("journaltitle", "journal", "booktitle", "institution", "organization", "publisher"),
}
_INHERITED = (
    "booktitle",
    "eventtitle",
    "journal",
    "journaltitle",
    "date",
    "year",
    "month",
    "publisher",
    "school",
    "series",
)
_REFERS = re.compile(r"\b(?:crossref|xdata)\s{0,20}=", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[{}\s]")
_YEAR = re.compile(r"(?<!\d)\d{4,5}(?!\d)")
_DATE = re.compile(r"(?<!\d)(\d{4})(?:[-/](\d{1,2})(?!\d)(?:[-/](\d{1,2})(?!\d))?)?")
_DAY = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")
_DOI = re.compile(r"10\.\d{4,9}/[^\s{},;\"]{1,400}")
_URL = re.compile(r"https?://[^\s{}<>\"]{1,1900}", re.IGNORECASE)
_ORCID_OF = re.compile(r"([^/;]{1,200})/\s{0,3}(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])")
_ORCID_AT = re.compile(r"(\d{1,4})[^=;\d]{0,60}=[^;\d]{0,60}(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])")
_NAMED = re.compile(r"(family|given|prefix|suffix)\s{0,3}=\s{0,3}\"?([^,\"]{1,200})\"?", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([_%&#$~{}^])")
_COLLECTIVE = re.compile(r"collab|consortium|team|group|committee", re.IGNORECASE)


class BibtexSource(Source):
    """Entries of `.bib` files. Works have no identifier of BibTeX's own: a citation key is one person's choice."""

    name: ClassVar[str] = "bibtex"
    label: ClassVar[str] = "BibTeX"
    identified: ClassVar[bool] = False

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`. The file is read up to three times: entries may refer to later ones."""
        parents = _parents(path)
        keys = bibliography.Keys()
        macros: dict[str, str] = {}
        room = MACROS_LIMIT
        found = False
        for block in bibtex_syntax.blocks(bibliography.text(path, EXPECTED)):
            found = True
            origin = f"{path.name}:{block.line}"
            whole = _completed(block) if block.problem else block
            if whole is None:
                yield _damaged(block, origin)
            elif block.type == "string":
                room -= _define(block, macros, room)
            else:
                record = _record(whole, macros, parents, keys, origin)
                if record:
                    yield record
        if not found and not _has_comments(path):
            message = f"{path} has no entry of the form @type{{key, ...}}; expected {EXPECTED}."
            raise SourceUnavailable(message)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        entry_type, stated, inherited = _entry(raw.payload)
        fields = {**inherited, **{name: value for name, value in stated.items() if value.strip()}}
        arxiv, revision = _arxiv(fields, entry_type)
        kind = _kind(entry_type, fields, arxiv)
        title = _title(fields.get("title", ""))
        if not title:
            raise RecordRejected("title-missing", "The entry has no title.", "title")
        if fields.get("subtitle"):
            title = f"{title}: {_title(fields['subtitle'])}"
        authors, truncated = _authors(fields, entry_type)
        year, date = _date(fields)
        url, pdf = _links(fields)
        venue = _venue(fields, kind, arxiv)
        return ParsedRecord(
            title=title,
            authors=authors,
            version=ParsedVersion(
                kind=kind,
                venue=venue,
                venue_key="arxiv" if venue == "arXiv" else "",
                year=year,
                date=date,
                revision=revision,
            ),
            identifiers=_identifiers(fields, entry_type, arxiv, url),
            abstract=_text(fields.get("abstract", "")),
            topics=_topics(fields),
            authors_truncated=truncated,
            unaligned_affiliations=tuple(
                _text(fields[name]) for name in ("affiliation", "affiliations") if fields.get(name)
            ),
            site_url=url,
            pdf_url=pdf,
            code_url=code_link(" ".join(fields.get(name, "") for name in ("code", "note", "url", "abstract"))),
            license=_text(fields.get("license") or fields.get("copyright") or fields.get("rights") or ""),
            language=_text(fields.get("language") or fields.get("langid") or ""),
        )


# Reading


def _parents(path: Path) -> dict[str, Block]:
    """The entries that others refer to, by lower-case key and alias."""
    if not any(_REFERS.search(piece) for piece in _quietly(bibliography.text(path, EXPECTED))):
        return {}
    wanted: set[str] = set()
    for block in bibtex_syntax.blocks(bibliography.text(path, EXPECTED)):
        if not block.problem and block.type != "string":
            wanted |= _references(block)
    parents: dict[str, Block] = {}
    room = PARENTS_LIMIT
    for block in bibtex_syntax.blocks(bibliography.text(path, EXPECTED)):
        if block.problem or block.type == "string":
            continue
        names = {bibtex_syntax.key_of(block.body).lower(), *_aliases(block)} & wanted
        if names and room > len(block.source):
            room -= len(block.source)
            for name in names:
                parents.setdefault(name, block)
    return parents


def _quietly(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces as far as they can be read, each with the end of the one before."""
    before = ""
    try:
        for piece in pieces:
            yield before + piece
            before = piece[-64:]
    except streams.DamagedError:
        return


def _references(block: Block) -> set[str]:
    return {
        key.strip().lower() for name in ("crossref", "xdata") for key in _raw(block, name).split(",") if key.strip()
    }


def _aliases(block: Block) -> set[str]:
    return {key.strip().lower() for key in _raw(block, "ids").split(",") if key.strip()}


def _raw(block: Block, name: str) -> str:
    """One field of an entry; "" if it has none or cannot be read."""
    if name not in block.body.lower():
        return ""
    try:
        return bibtex_syntax.fields(block.body, {}).get(name, "")
    except RecordRejected:
        return ""


def _define(block: Block, macros: dict[str, str], room: int) -> int:
    """Take up a macro and say how much room it needs; one that is too long stays undefined."""
    stated = bibtex_syntax.macro(block.body, macros)
    if stated is None or len(stated[1]) > min(MACRO_LIMIT, room):
        return 0
    macros[stated[0]] = stated[1]
    return len(stated[0]) + len(stated[1])


def _record(
    block: Block, macros: Mapping[str, str], parents: Mapping[str, Block], keys: bibliography.Keys, origin: str
) -> RawRecord | None:
    needed = [block, *_line_of(block, parents)]
    used = sorted(set().union(*(bibtex_syntax.words(entry.body) for entry in needed)) & macros.keys())
    lines = [*(f"@string{{{name} = {{{macros[name]}}}}}" for name in used), *(entry.source for entry in needed)]
    source = "\n".join(lines)
    text = bibliography.recoded(source)
    if text is None:
        problem = (
            f"{origin}: the entry is neither UTF-8 nor Windows-1252; declare it (% Encoding: ...) or save as UTF-8"
        )
        return RawRecord(key="", payload=source.encode("utf-8", "surrogateescape"), origin=origin, problem=problem)
    payload = text.encode("utf-8", "replace")
    key = keys.key(bibliography.recoded(bibtex_syntax.key_of(block.body)) or "", payload)
    return None if key is None else RawRecord(key=key, payload=payload, origin=origin)


def _line_of(block: Block, parents: Mapping[str, Block]) -> list[Block]:
    """The entries this one inherits from, nearest first; a circle ends where it closes."""
    line: list[Block] = []
    todo = sorted(_references(block)) if parents else []
    while todo and len(line) < _CHAIN:
        parent = parents.get(todo.pop(0))
        if parent is not None and parent is not block and parent not in line:
            line.append(parent)
            todo += sorted(_references(parent))
    return line


def _completed(block: Block) -> Block | None:
    """An entry whose last field, a text of no weight, lacks closing braces, with these; None if more is wrong."""
    missing = block.source.count("{") - block.source.count("}")
    if not 1 <= missing <= _MENDED:
        return None
    body = block.body.rstrip() + "}" * (missing - 1)
    try:
        fields = bibtex_syntax.fields(body, {})
    except RecordRejected:
        return None
    last = next(reversed(fields), "")
    if last not in _UNIMPORTANT or _FIELD_LINE.search(fields[last]) or not {"title", "author"} <= fields.keys():
        return None
    return block._replace(body=body, source=block.source.rstrip() + "}" * missing, problem="")


def _damaged(block: Block, origin: str) -> RawRecord:
    payload = block.source.encode("utf-8", "surrogateescape")
    return RawRecord(key="", payload=payload, origin=origin, problem=f"{origin}: {block.problem}")


def _has_comments(path: Path) -> bool:
    """Whether a file without entries is BibTeX all the same, with nothing but comments in it."""
    return any(
        re.search(r"@\s{0,20}(?:comment|preamble)\b", piece, re.IGNORECASE)
        for piece in bibliography.text(path, EXPECTED)
    )


# Parsing


def _entry(payload: bytes) -> tuple[str, dict[str, str], dict[str, str]]:
    """The type and fields of the record's entry, and the fields it inherits."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordRejected("not-utf-8", f"The entry is not UTF-8: {error.reason} at {error.start:,}.") from error
    macros = dict(zip(bibtex_syntax.MONTHS, bibtex_syntax.MONTHS, strict=True))
    entry: tuple[str, dict[str, str]] | None = None
    inherited: dict[str, str] = {}
    for block in bibtex_syntax.blocks([text]):
        if block.problem:
            raise RecordRejected("bibtex-invalid", f"Of the record {block.problem}.")
        if block.type == "string":
            stated = bibtex_syntax.macro(block.body, macros)
            if stated:
                macros[stated[0]] = stated[1]
        elif entry is None:
            entry = block.type, bibtex_syntax.fields(block.body, macros)
        else:
            for name, value in _handed_down(block, macros).items():
                inherited.setdefault(name, value)
    if entry is None:
        raise RecordRejected("entry-missing", "The record holds no BibTeX entry.")
    return *entry, inherited


def _handed_down(block: Block, macros: Mapping[str, str]) -> dict[str, str]:
    """What a child takes over from a volume: where and when it appeared, not who wrote it."""
    fields = bibtex_syntax.fields(block.body, macros)
    if block.type == "xdata":
        return fields
    if fields.get("title"):
        place = "journaltitle" if block.type == "periodical" else "booktitle"
        fields.setdefault(place, fields["title"])
    return {name: fields[name] for name in _INHERITED if fields.get(name, "").strip()}


def _text(value: str) -> str:
    """A value as one line of text, TeX commands and braces resolved, mathematics kept."""
    return " ".join(tex.plain(" ".join(value.split())).split())


def _title(value: str) -> str:
    # Braces around the whole protect its capitals; around mathematics they would stay.
    value = " ".join(value.split())
    return _text(bibtex_syntax.literal(value) or value)


def _plain(value: str) -> str:
    """A value that is no text: an address or identifier, without TeX's escapes."""
    return _FORBIDDEN.sub("", _ESCAPED.sub(r"\1", value.replace("\\url", "").replace("\\path", "")))


def _kind(entry_type: str, fields: Mapping[str, str], arxiv: str) -> str:
    kind = KINDS.get(entry_type, "other")
    journal = _text(fields.get("journaltitle") or fields.get("journal") or "").casefold()
    if kind == "journal" and journal.startswith(("arxiv", "corr", "biorxiv", "medrxiv", "ssrn", "preprint")):
        return "preprint"
    if kind == "other" and entry_type != "software" and (arxiv or journal.startswith("arxiv")):
        return "preprint"
    return kind


def _venue(fields: Mapping[str, str], kind: str, arxiv: str) -> str:
    names = (_text(fields.get(name, "")) for name in _VENUES[kind])
    venue = next((name for name in names if name), "")
    if kind == "preprint" and (not venue or venue.casefold().startswith(("arxiv", "corr"))):
        return "arXiv" if arxiv or venue else ""
    return venue


def _authors(fields: Mapping[str, str], entry_type: str) -> tuple[tuple[ParsedAuthor, ...], bool]:
    """The authors in printed order and whether there are more. Editors count if a volume has no author."""
    value = fields.get("author") or fields.get("authors") or ""
    role = ""
    if not value.strip() and entry_type in EDITED:
        value, role = fields.get("editor") or fields.get("editors") or "", "editor"
    printed: list[str] = []
    truncated = False
    for name in bibtex_syntax.names(value):
        if bibliography.is_rest(name):
            truncated = True
        else:
            printed += _printed(name)
    if printed and " et al" in printed[-1].casefold():
        cut = printed[-1][: printed[-1].casefold().rindex(" et al")].rstrip(", ")
        if len(printed[-1]) - len(cut) <= 8:
            printed[-1], truncated = cut, True
    if fields.get("collaboration") and not role:
        printed += [
            name if _COLLECTIVE.search(name) else f"{name} Collaboration"
            for name in map(_text, bibtex_syntax.names(fields["collaboration"]))
        ]
    printed = [name for name in printed if fold(_text(name))]
    if not printed:
        raise RecordRejected("authors-missing", "The entry names no author.", "author")
    orcids = _orcids(fields, printed)
    return tuple(
        ParsedAuthor(name, role=role, identifiers={"orcid": orcids[place]} if place in orcids else {})
        for place, name in enumerate(printed)
    ), truncated


def _printed(name: str) -> list[str]:
    """One name as printed, or the several that somebody joined by commas instead of "and"."""
    whole = bibtex_syntax.literal(name)
    if whole:
        return [whole]
    parts = bibtex_syntax.name_parts(name)
    named = {word.lower(): value.strip() for word, value in _NAMED.findall(name)} if "=" in name else {}
    if "family" in named:
        parts = [
            f"{named.get('prefix', '')} {named['family']}".strip(),
            named.get("suffix", ""),
            named.get("given", ""),
        ]
        return [bibliography.joined([part for part in parts if part])]
    listed = len(parts) > 3 or (len(parts) == 3 and not any(map(bibliography.is_suffix, parts[1:])))
    if listed and all(" " in part for part in parts):
        return parts
    if len(parts) > 3:
        raise RecordRejected("author-unreadable", f"The name {name[:200]!r} has too many commas.", "author")
    return [bibliography.joined(parts)] if parts else []


def _orcids(fields: Mapping[str, str], printed: list[str]) -> dict[int, str]:
    """ORCID iDs by place of the author: of "name/iD" lists, if only one author has the name, and of annotations."""
    found: dict[int, str] = {}
    known = [set(fold(_text(name)).split()) for name in printed]
    for field, value in fields.items():
        if field in {"orcid-numbers", "orcid", "orcids"}:
            for name, orcid in _ORCID_OF.findall(" ".join(value.split())):
                places = [place for place, words in enumerate(known) if words == set(fold(_text(name)).split())]
                if len(places) == 1:
                    found[places[0]] = orcid.upper()
        elif field.startswith("author+an"):
            for place, orcid in _ORCID_AT.findall(value):
                if 1 <= int(place) <= len(printed):
                    found[int(place) - 1] = orcid.upper()
    return found


def _date(fields: Mapping[str, str]) -> tuple[int | None, str]:
    """The year, and the partial date as far as year, month and day agree."""
    stated = _text(fields.get("date", ""))
    match = _DATE.match(stated)
    if match:
        parts = [match[1], *(f"{int(part):02}" for part in match.groups()[1:] if part)]
        return int(match[1]), "-".join(parts)
    years = _YEAR.search(_text(fields.get("year", "")) or stated)
    if years is None:
        return None, ""
    year = int(years[0])
    month = bibliography.month(_text(fields.get("month", "")))
    if not month:
        return year, f"{year:04}"
    day = _DAY.fullmatch(_text(fields.get("day", "")))
    date = f"{year:04}-{month:02}"
    return year, f"{date}-{int(day[1]):02}" if day else date


def _arxiv(fields: Mapping[str, str], entry_type: str) -> tuple[str, str]:
    """The arXiv identifier and its version, from the fields people write it in."""
    archive = _text(fields.get("archiveprefix") or fields.get("eprinttype") or "").casefold()
    eprint = _plain(fields.get("eprint", ""))
    stated = [eprint] if archive == "arxiv" or not archive else []
    stated.append(_plain(fields.get("arxiv") or fields.get("arxivid") or ""))
    stated.append(_plain(fields.get("doi", "")))
    places = ["url", "howpublished", "note", "number", "volume", "pages", "link"]
    if KINDS.get(entry_type) != "conference":
        places.insert(0, "journal")
    stated += [bibliography.arxiv_in(_ESCAPED.sub(r"\1", fields.get(place, ""))) for place in (*places, "journaltitle")]
    for value in stated:
        pair = identifiers.canonical_pair("doi", value) or ("arxiv", identifiers.canonical("arxiv", value) or "")
        if pair[0] == "arxiv" and pair[1]:
            return pair[1], identifiers.arxiv_version(value)
    return "", ""


def _identifiers(fields: Mapping[str, str], entry_type: str, arxiv: str, url: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = [("arxiv", arxiv)] if arxiv else []
    doi = _DOI.search(_ESCAPED.sub(r"\1", fields.get("doi", "").replace("{", "").replace("}", "")))
    if doi:
        found.append(("doi", doi[0]))
    elsewhere = bibliography.identifier(url)
    if elsewhere and elsewhere[0] not in {"arxiv", *(scheme for scheme, _ in found)}:
        found.append(elsewhere)
    archive = _text(fields.get("archiveprefix") or fields.get("eprinttype") or "").casefold()
    noted = bibliography.pmid_in(fields.get("note", ""))
    pmid = _plain(fields.get("pmid", "")) or (_plain(fields.get("eprint", "")) if archive in {"pubmed", "pmid"} else "")
    if pmid or noted:
        found.append(("pmid", pmid or noted))
    pmcid = _plain(fields.get("pmcid") or fields.get("pmc") or "")
    if pmcid:
        found.append(("pmcid", pmcid))
    if entry_type in WHOLE:
        found += [("isbn", isbn) for isbn in re.split(r"[,;/ ]+", _text(fields.get("isbn", ""))) if isbn]
    return tuple(found)


def _links(fields: Mapping[str, str]) -> tuple[str, str]:
    """The address of the work and that of its PDF."""
    stated = [fields.get(name, "") for name in ("url", "link", "links", "howpublished")]
    found = [_URL.search(_ESCAPED.sub(r"\1", value)) for value in stated]
    addresses = [match[0].rstrip(".,;") for match in found if match]
    pdf = _URL.search(_ESCAPED.sub(r"\1", fields.get("pdf", "")))
    eprint = _URL.fullmatch(_plain(fields.get("eprint", "")))
    papers = [match[0] for match in (pdf, eprint) if match]
    papers += [address for address in addresses if address.lower().endswith(".pdf")]
    return next(iter(addresses), ""), next(iter(papers), "")


def _topics(fields: Mapping[str, str]) -> tuple[ParsedTopic, ...]:
    topics = []
    category = _plain(fields.get("primaryclass") or fields.get("eprintclass") or "")
    if re.fullmatch(r"[a-z][a-z-]{1,11}(?:\.[A-Za-z-]{2,10})?", category):
        topics.append(ParsedTopic("category", category, category))
    stated = [fields[name] for name in ("keywords", "keyword", "author_keywords", "subjects") if fields.get(name)]
    return (*topics, *(ParsedTopic("keyword", word) for word in _keywords(stated)))


def _keywords(stated: Iterable[str]) -> Iterator[str]:
    for value in stated:
        text = _text(value)
        yield from (word.strip() for word in text.split(";" if ";" in text else ",") if word.strip())
