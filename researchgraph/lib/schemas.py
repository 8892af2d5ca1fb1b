"""OpenAPI schemas of msgspec structs, with every reference written out in place. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

_KEPT = {
    "type", "items", "properties", "required", "anyOf", "enum", "description", "format", "title",
    "additionalProperties",
}  # fmt: skip


def schema(kind: Any) -> dict[str, Any]:
    """The schema of a struct, or of a list of them, as OpenAPI 3 wants it."""
    (document,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    result: dict[str, Any] = _inlined(document, components)
    return result


def listing(kind: Any) -> dict[str, Any]:
    """The schema of one page of a list: `count`, `limit`, `offset` and `results`."""
    number = {"type": "integer", "minimum": 0}
    results = {"type": "array", "items": schema(kind)}
    properties = {"count": number, "limit": number, "offset": number, "results": results}
    return {"type": "object", "required": list(properties), "properties": properties}


def _inlined(node: Any, components: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, components) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(components[node["$ref"]], components)
    if "properties" in node:
        properties = {name: _inlined(value, components) for name, value in node["properties"].items()}
        return {**_plain({k: v for k, v in node.items() if k != "properties"}, components), "properties": properties}
    return _plain(node, components)


def _plain(node: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A node without what OpenAPI 3.0 has no word for; "or null" becomes `nullable`."""
    kept = {key: value if key == "enum" else _inlined(value, components) for key, value in node.items() if key in _KEPT}
    choices = kept.get("anyOf", [])
    if {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        kept.pop("anyOf")
        kept |= {**rest[0], "nullable": True} if len(rest) == 1 else {"anyOf": rest, "nullable": True}
    return kept
