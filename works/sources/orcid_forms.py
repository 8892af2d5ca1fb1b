"""The forms ORCID gives records out in (JSON and XML, versions 2.0 to 3.0), brought to one that holds works and nothing else.

What is not about works is not even copied: e-mail addresses, biographies, addresses and everything that is not public stay
in the file. Of the person only the name printed on works and the iD are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from lxml import etree

from researchgraph.errors import SourceUnavailable
from researchgraph.lib import identifiers, xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ODD = "the group of works has another shape than ORCID's; it is left out"
PERSON_SECTION = "it holds a person, not the works; take the record or its list of works"


class Contributor(msgspec.Struct, gc=False, omit_defaults=True):
    """One contributor as printed in the details of a work."""

    name: str = ""
    orcid: str = ""
    role: str = ""


class Work(msgspec.Struct, gc=False, omit_defaults=True):
    """One work as one assertion states it. `ids` are (type, value) of the work itself, not of what it is part of."""

    put_code: int
    type: str = ""
    title: str = ""
    subtitle: str = ""
    journal: str = ""
    year: str = ""
    month: str = ""
    day: str = ""
    url: str = ""
    description: str = ""
    language: str = ""
    display: int = 0
    ids: list[tuple[str, str]] = []
    contributors: list[Contributor] = []


class Group(msgspec.Struct, gc=False):
    """All that a record states about one work: the payload of a raw record. `names` are those of the record's owner."""

    orcid: str
    names: list[str]
    works: list[Work]


class Damaged(msgspec.Struct, gc=False):
    """A group that could not be read, and why."""

    reason: str


Item = Group | Damaged


def groups(content: bytes, what: str) -> Iterator[Item]:
    """The groups of works of one document. Raises SourceUnavailable if it is none of ORCID's, or has no works at all."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise SourceUnavailable(f"{what} is empty; expected an ORCID record.")
    if start[:1] == b"{":
        yield from _json_groups(start, what)
    elif start[:1] == b"<":
        yield from _xml_groups(start, what)
    else:
        raise SourceUnavailable(f"{what} is neither JSON nor XML; expected an ORCID record.")


def _owner(stated: str, what: str) -> str:
    orcid = identifiers.canonical("orcid", stated)
    if orcid is None:
        raise SourceUnavailable(f"{what} names no valid ORCID iD as its owner ({stated[:60]!r}).")
    return orcid


def _refused(what: str, reason: str) -> SourceUnavailable:
    return SourceUnavailable(f"{what} is not read: {' '.join(reason.split())[:300].rstrip('.')}.")


# JSON


def _json_groups(content: bytes, what: str) -> Iterator[Item]:
    try:
        record = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(what, f"the JSON is damaged or cut short ({error})") from error
    if "response-code" in record or "error-code" in record:
        raise _refused(what, f"ORCID reports an error: {_value(record.get('developer-message'))}")
    if "num-found" in record:
        raise _refused(what, "it is the answer to a search; take the records it lists")
    activities = record.get("activities-summary") or {}
    works = activities.get("works") if isinstance(activities, dict) else None
    person = record.get("person") or {}
    if isinstance(works, dict):
        stated = works.get("group") or []
    elif isinstance(record.get("group"), list) or ("group" in record and "path" in record):
        stated = record.get("group") or []
    elif isinstance(record.get("bulk"), list):
        stated = [
            {"work-summary": [item["work"]]} for item in record["bulk"] if isinstance(item, dict) and "work" in item
        ]
    elif "put-code" in record and "title" in record:
        stated = [{"work-summary": [record]}]
    elif activities:
        stated = []
    else:
        raise _refused(what, PERSON_SECTION if "name" in record or person else "it is no record of ORCID")
    if not isinstance(stated, list):
        raise _refused(what, "its groups of works are no list")
    orcid = _owner(_json_orcid(record, stated), what)
    names = _json_names(person, stated, orcid)
    for group in stated:
        try:
            found = [_json_work(one) for one in group["work-summary"] if _is_public(one)]
        except (AttributeError, LookupError, TypeError, ValueError):
            yield Damaged(ODD)
        else:
            if found:
                yield Group(orcid, names, found)


def _assertions(stated: list[Any]) -> Iterator[dict[str, Any]]:
    """What looks like a work in what looks like a group."""
    for group in stated:
        works = group.get("work-summary") if isinstance(group, dict) else None
        yield from (work for work in (works if isinstance(works, list) else []) if isinstance(work, dict))


def _json_orcid(record: Mapping[str, Any], stated: list[Any]) -> str:
    known = record.get("orcid-identifier")
    if isinstance(known, dict) and isinstance(known.get("path"), str):
        return str(known["path"])
    paths = [record.get("path")]
    paths += [one.get("path") for one in _assertions(stated)]
    return next((path.strip("/").split("/")[0] for path in paths if isinstance(path, str) and path), "")


def _json_names(person: Any, stated: list[Any], orcid: str) -> list[str]:
    name = person.get("name") if isinstance(person, dict) else None
    if isinstance(name, dict):
        whole = " ".join(part for part in (_value(name.get("given-names")), _value(name.get("family-name"))) if part)
        found = [_value(name.get("credit-name")), whole]
    else:
        found = [_asserted(one.get("source"), orcid) for one in _assertions(stated)]
    return list(dict.fromkeys(name for name in found if name))


def _asserted(source: Any, orcid: str) -> str:
    """The owner's name where the owner is the one who asserted a work: lists of works do not say it otherwise."""
    if isinstance(source, dict):
        for who, name in (("source-orcid", "source-name"), ("assertion-origin-orcid", "assertion-origin-name")):
            if isinstance(source.get(who), dict) and source[who].get("path") == orcid:
                return _value(source.get(name))
    return ""


def _is_public(work: Mapping[str, Any]) -> bool:
    return str(work.get("visibility") or "public").lower() == "public"


def _value(stated: Any) -> str:
    """The text of {"value": ...} or of the bare value; "" for nothing."""
    if isinstance(stated, dict):
        stated = stated.get("value", stated.get("content"))
    return str(stated).strip() if isinstance(stated, str | int) else ""


def _json_work(work: Mapping[str, Any]) -> Work:
    title = work.get("title") or {}
    date = work.get("publication-date") or {}
    return Work(
        put_code=int(work["put-code"]),
        type=_value(work.get("type")),
        title=_value(title.get("title")),
        subtitle=_value(title.get("subtitle")),
        journal=_value(work.get("journal-title")),
        year=_value(date.get("year")),
        month=_value(date.get("month")),
        day=_value(date.get("day")),
        url=_value(work.get("url")),
        description=_value(work.get("short-description")),
        language=_value(work.get("language-code")),
        display=_number(_value(work.get("display-index"))),
        ids=_own(
            (
                _value(one.get("external-id-type")),
                _value(one.get("external-id-value")),
                _value(one.get("external-id-relationship")),
            )
            for one in (work.get("external-ids") or {}).get("external-id") or []
        ),
        contributors=[
            Contributor(
                name=_value(one.get("credit-name")),
                orcid=str((one.get("contributor-orcid") or {}).get("path") or ""),
                role=_value((one.get("contributor-attributes") or {}).get("contributor-role")),
            )
            for one in (work.get("contributors") or {}).get("contributor") or []
        ],
    )


def _own(stated: Iterator[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(kind.lower(), value) for kind, value, relation in stated if value and relation.lower() in {"", "self"}]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


# XML


def _xml_groups(content: bytes, what: str) -> Iterator[Item]:
    try:
        root = xml.parse(content)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused(what, f"the XML is damaged or cut short ({error})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _refused(what, "it declares a document type, which no record of ORCID does")
    kind = _local(root)
    if kind == "error":
        raise _refused(what, f"ORCID reports an error: {_text(root, 'developer-message')}")
    if kind in {"work", "work-summary"}:
        stated = [[root]]
    elif kind == "bulk":
        stated = [[work] for work in root if _local(work) == "work"]
    elif kind in {"record", "activities", "works"}:
        works = root if kind == "works" else root.find(".//{*}works")
        members = [] if works is None else list(works)
        stated = [[one for one in group if _local(one) in {"work-summary", "work"}] for group in members]
    elif kind in {"person", "search"}:
        raise _refused(what, PERSON_SECTION)
    else:
        raise _refused(what, f"it is XML with the root {kind!r}, which is no record of ORCID")
    paths = [_text(root, "orcid-identifier", "path"), root.get("path", "")]
    paths += [work.get("path", "") for group in stated[:1] for work in group]
    orcid = _owner(next((path for path in paths if path), "").strip("/").split("/")[0], what)
    names = _xml_names(root, stated, orcid)
    for group in stated:
        try:
            assertions = [_xml_work(work) for work in group if work.get("visibility", "public").lower() == "public"]
        except ValueError:
            yield Damaged(ODD)
        else:
            if assertions:
                yield Group(orcid, names, assertions)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(parent: etree._Element, *path: str) -> str:
    """The text at a path of local names; "" if there is none."""
    for name in path:
        child = parent.find(f"{{*}}{name}")
        if child is None:
            return ""
        parent = child
    return " ".join("".join(str(piece) for piece in parent.itertext()).split())


def _xml_names(root: etree._Element, stated: list[list[etree._Element]], orcid: str) -> list[str]:
    name = root.find("{*}person/{*}name")
    if name is not None:
        whole = " ".join(part for part in (_text(name, "given-names"), _text(name, "family-name")) if part)
        found = [_text(name, "credit-name"), whole]
    else:
        sources = [work.find("{*}source") for group in stated for work in group]
        found = [
            _text(source, "source-name")
            for source in sources
            if source is not None and _text(source, "source-orcid", "path") == orcid
        ]
    return list(dict.fromkeys(name for name in found if name))


def _xml_work(work: etree._Element) -> Work:
    return Work(
        put_code=int(work.get("put-code", "")),
        type=_text(work, "type"),
        title=_text(work, "title", "title"),
        subtitle=_text(work, "title", "subtitle"),
        journal=_text(work, "journal-title"),
        year=_text(work, "publication-date", "year"),
        month=_text(work, "publication-date", "month"),
        day=_text(work, "publication-date", "day"),
        url=_text(work, "url"),
        description=_text(work, "short-description"),
        language=_text(work, "language-code"),
        display=_number(work.get("display-index", "")),
        ids=_own(
            (_text(one, "external-id-type"), _text(one, "external-id-value"), _text(one, "external-id-relationship"))
            for one in work.iterfind("{*}external-ids/{*}external-id")
        ),
        contributors=[
            Contributor(
                name=_text(one, "credit-name"),
                orcid=_text(one, "contributor-orcid", "path"),
                role=_text(one, "contributor-attributes", "contributor-role"),
            )
            for one in work.iterfind("{*}contributors/{*}contributor")
        ],
    )
