"""DataCite's XML (kernel 2 to 4) as the same values its JSON has. Document types are refused, nothing is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from researchgraph.errors import RecordRejected, SourceUnavailable
from researchgraph.lib import streams, xml
from works.sources.documents import RECORD_LIMIT

_NAMESPACE = "http://datacite.org/schema/"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def is_xml(head: bytes) -> bool:
    """Whether bytes begin as XML does, and not as an HTML page."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower()
    return start.startswith(b"<") and not start.startswith((b"<!doctype html", b"<html"))


def read(path: Path) -> bytes:
    """The canonical XML of the one record in a file. Raises SourceUnavailable if there is none."""
    content = b""
    try:
        for chunk in streams.chunks(path):
            content += chunk
            if len(content) > RECORD_LIMIT:
                message = f"{path} has more than the {RECORD_LIMIT:,} bytes a record may have."
                raise SourceUnavailable(message)
        root = xml.parse(content.removeprefix(b"\xef\xbb\xbf").lstrip())
    except (streams.DamagedError, etree.XMLSyntaxError, ValueError) as error:
        message = f"{path} is no whole XML document: {error}."
        raise SourceUnavailable(message) from error
    reason = _refusal(root)
    if reason:
        message = f"{path} {reason}"
        raise SourceUnavailable(message)
    return xml.canonical(root)


def doi(payload: bytes) -> str:
    """The DOI as the record states it, or ""."""
    return str(attributes(payload)["doi"])


def attributes(payload: bytes) -> dict[str, Any]:
    """The record under the names of the JSON. Raises RecordRejected if it is no DataCite XML."""
    try:
        root = xml.parse(payload)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RecordRejected("xml-invalid", f"The record is no well-formed XML: {error}.") from error
    reason = _refusal(root)
    if reason:
        raise RecordRejected("xml-unknown", f"The record {reason}")
    general = _first(root, "resourceType")
    rights = [*_all(root, "rightsList", "rights"), *_children(root, "rights")]
    return {
        "doi": next((_text(node) for node in _children(root, "identifier")), ""),
        "creators": [_creator(node) for node in _all(root, "creators", "creator")],
        "titles": [
            {"title": _text(node), "titleType": node.get("titleType"), "lang": node.get(_LANGUAGE)}
            for node in _all(root, "titles", "title")
        ],
        "publisher": _text(_first(root, "publisher")),
        "publicationYear": _text(_first(root, "publicationYear")),
        "types": {"resourceTypeGeneral": general.get("resourceTypeGeneral"), "resourceType": _text(general)}
        if general is not None
        else None,
        "dates": [{"date": _text(node), "dateType": node.get("dateType")} for node in _all(root, "dates", "date")],
        "subjects": [{"subject": _text(node)} for node in _all(root, "subjects", "subject")],
        "language": _text(_first(root, "language")),
        "identifiers": [
            {"identifier": _text(node), "identifierType": node.get("alternateIdentifierType")}
            for node in _all(root, "alternateIdentifiers", "alternateIdentifier")
        ],
        "relatedIdentifiers": [
            {
                "relatedIdentifier": _text(node),
                "relatedIdentifierType": node.get("relatedIdentifierType"),
                "relationType": node.get("relationType"),
            }
            for node in _all(root, "relatedIdentifiers", "relatedIdentifier")
        ],
        "rightsList": [
            {
                "rights": _text(node),
                "rightsUri": node.get("rightsURI"),
                "rightsIdentifier": node.get("rightsIdentifier"),
            }
            for node in rights
        ],
        "descriptions": [
            {"description": _text(node), "descriptionType": node.get("descriptionType")}
            for node in _all(root, "descriptions", "description")
        ],
        "version": _text(_first(root, "version")),
    }


def _refusal(root: etree._Element) -> str:
    """Why a document is no record of DataCite, as the end of a sentence; "" if it is one."""
    information = root.getroottree().docinfo
    if information.internalDTD is not None or information.system_url or information.public_id:
        return "declares a document type, which DataCite's XML has not."
    namespace, _, name = str(root.tag).rpartition("}")
    if name != "resource" or (namespace and not namespace.startswith("{" + _NAMESPACE)):
        return f"is XML with the root {str(root.tag)[:200]!r}; expected a resource of DataCite."
    return ""


def _creator(creator: etree._Element) -> dict[str, Any]:
    name = _first(creator, "creatorName")
    return {
        "name": _text(name),
        "nameType": name.get("nameType") if name is not None else None,
        "givenName": _text(_first(creator, "givenName")),
        "familyName": _text(_first(creator, "familyName")),
        "affiliation": [_text(node) for node in _children(creator, "affiliation")],
        "nameIdentifiers": [
            {"nameIdentifier": _text(node), "nameIdentifierScheme": node.get("nameIdentifierScheme")}
            for node in _children(creator, "nameIdentifier")
        ],
    }


def _children(parent: etree._Element, name: str) -> list[etree._Element]:
    return [node for node in parent if str(node.tag).rpartition("}")[2] == name]


def _first(parent: etree._Element, name: str) -> etree._Element | None:
    return next(iter(_children(parent, name)), None)


def _all(root: etree._Element, group: str, name: str) -> list[etree._Element]:
    return [node for parent in _children(root, group) for node in _children(parent, name)]


def _text(node: etree._Element | None) -> str:
    """All text inside on one line; line breaks inside a description are blanks."""
    return "" if node is None else " ".join(" ".join(str(piece) for piece in node.itertext()).split())
