"""What live services of JSON have in common: queries as people type them, refusals as services word them."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.http import Response

_FILTER = re.compile(r"[a-z][a-z0-9_.-]{1,60}:\S[^\n]{0,4000}", re.ASCII)
_NARROWED = re.compile(r"(\S.*) filter:(.+)")
_REASON_LIMIT = 300

T = TypeVar("T")


class _Refusal(msgspec.Struct):
    """The names under which services put their reasons."""

    error: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    errors: msgspec.Raw = msgspec.Raw()
    detail: msgspec.Raw = msgspec.Raw()


def filter_or_search(query: str, *, filter_name: str, search_name: str, service: str) -> dict[str, str]:
    """The parameters of a query: "name:value" (several with commas) is a filter, anything else words to search for.

    "search:..." or "query:..." before words that look like a filter makes them a search; words may be followed by a
    filter ("model soups filter:name:value"). Raises SourceUnavailable for an empty query.
    """
    asked = " ".join(query.split())
    both = _NARROWED.fullmatch(asked)
    if both and _FILTER.fullmatch(both[2]):
        found = filter_or_search(both[1], filter_name=filter_name, search_name=search_name, service=service)
        return {**found, filter_name: ",".join(part for part in (found.get(filter_name), both[2]) if part)}
    if not asked:
        message = f"A query to {service} needs a filter (name:value) or words to search for."
        raise SourceUnavailable(message)
    for prefix in ("search:", "query:"):
        if asked.startswith(prefix):
            return {search_name: asked.removeprefix(prefix).strip()}
    if asked.startswith("filter:"):
        return {filter_name: asked.removeprefix("filter:").strip()}
    return {filter_name if _FILTER.fullmatch(asked) else search_name: asked}


def narrowed(query: str, condition: str) -> str:
    """The query, of which only what fulfils the condition (a filter) is wanted."""
    asked = " ".join(query.split())
    both = _NARROWED.fullmatch(asked)
    is_filter = asked.startswith("filter:") or _FILTER.fullmatch(asked) or (both and _FILTER.fullmatch(both[2]))
    words = asked.startswith(("search:", "query:")) and not both
    return f"{asked},{condition}" if is_filter and not words else f"{asked} filter:{condition}"


def refusal(service: str, answer: Response) -> str:
    """A sentence on an answer that is none, with the service's reason if it gives one."""
    reason = ""
    try:
        stated = msgspec.json.decode(answer.content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    else:
        parts = (stated.error, stated.message, stated.errors, stated.detail)
        reason = ": ".join(bytes(part).decode("utf-8", "replace").strip('"') for part in parts if bytes(part))
    text = " ".join(reason.split())[:_REASON_LIMIT].rstrip(".")
    return f"{service} answered with HTTP {answer.status}{f' ({text})' if text else ''}."


def decoded(content: bytes, decoder: msgspec.json.Decoder[T], service: str) -> T:
    """An answer as a struct. Raises SourceUnavailable if it has another shape."""
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{service}'s answer is damaged or of an unknown shape ({error})."
        raise SourceUnavailable(message) from error
