"""Read-only API of works and search, and the paging every list of the API shares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from django.http import HttpResponseRedirect
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from researchgraph.lib.paging import DEEPEST, DIGITS
from researchgraph.lib.schemas import listing, schema
from works import search_selectors, selectors
from works.ingest.merge import Alternative

if TYPE_CHECKING:
    from rest_framework.request import Request

    from works.row_selectors import WorkRow

DEFAULT_LIMIT = 25
LIMIT_CAP = 100
PAGING = [
    OpenApiParameter("limit", int, description=f"Results a page, 1 to {LIMIT_CAP}; {DEFAULT_LIMIT} unless told."),
    OpenApiParameter("offset", int, description=f"Results to skip, at most {DEEPEST}."),
]


class AuthorBrief(msgspec.Struct, frozen=True):
    """A printed name and the public id of the researcher it belongs to, "" while undecided."""

    name: str
    researcher: str


class BriefWork(msgspec.Struct, frozen=True):
    """A work in a list. `authors` holds at most the first six and the last printed one of `author_count`."""

    public_id: str
    url: str
    title: str
    type: str
    year: int | None
    date: str
    versions: str
    author_count: int
    authors_truncated: bool
    authors: list[AuthorBrief]


class AuthorFull(msgspec.Struct, frozen=True):
    """One byline and the decision whose it is."""

    position: int
    name: str
    affiliation: str
    researcher: str
    decision: str
    confidence: float | None
    reasons: list[str]
    institutions: list[str]


class FullWork(msgspec.Struct, frozen=True):
    """One work with its versions, identifiers, bylines, topics, source records, mentions in podcasts and the source of each field.

    `provenance` names a field's source, "curator" or "author" if a person corrected it (when: `corrected`);
    `alternatives` are the differing values of other sources.
    """

    public_id: str
    url: str
    title: str
    abstract: str
    type: str
    year: int | None
    date: str
    venue: str
    code_url: str
    site_url: str
    pdf_url: str
    license: str
    authors_truncated: bool
    authors: list[AuthorFull]
    versions: list[selectors.Version]
    identifiers: list[selectors.Identifier]
    topics: list[selectors.TopicLink]
    sources: list[selectors.SourceLine]
    mentions: list[selectors.Mention]
    provenance: dict[str, str]
    alternatives: dict[str, list[Alternative]]
    corrected: dict[str, datetime]


class Hit(msgspec.Struct, frozen=True):
    """One result of the search, of any kind."""

    kind: str
    public_id: str
    url: str
    name: str


def window(request: Request) -> tuple[int, int]:
    """(limit, offset) of a list. Raises ValidationError for anything but numbers within the caps."""
    limit = _number(request, "limit", default=DEFAULT_LIMIT, least=1, most=LIMIT_CAP)
    return limit, _number(request, "offset", default=0, least=0, most=DEEPEST)


def _number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    raw = request.query_params.get(name, "")
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) <= DIGITS and least <= int(raw) <= most):
        raise ValidationError({name: f"A whole number from {least} to {most}."})
    return int(raw)


def page_of(results: Sequence[msgspec.Struct], *, total: int, limit: int, offset: int) -> Response:
    """One page of a list."""
    return Response({"count": total, "limit": limit, "offset": offset, "results": msgspec.to_builtins(results)})


def brief_work(row: WorkRow) -> BriefWork:
    """A work row in the API's words."""
    return BriefWork(
        row.public_id, row.href, row.title, row.type, row.year, row.date, row.versions, row.author_count,
        row.authors_truncated, [AuthorBrief(author.name, author.public_id) for author in row.authors],
    )  # fmt: skip


@extend_schema(operation_id="works_detail", responses={200: schema(FullWork)})
@api_view(["GET"])
def work(request: Request, public_id: str) -> Response | HttpResponseRedirect:  # noqa: ARG001 - the framework passes it
    """One work. A merged work leads to the one that took its place."""
    page = selectors.work_page(public_id)
    if page is None:
        raise NotFound("There is no work with this id.")
    if page.merged_to:
        return HttpResponseRedirect(f"/api/v1{'/'.join(page.merged_to.split('/')[:3])}/")
    return Response(msgspec.to_builtins(_full(page)))


def _full(page: selectors.WorkPage) -> FullWork:
    known: dict[str, Any] = {
        field: getattr(page, field) for field in FullWork.__struct_fields__ if field not in {"url", "authors"}
    }
    authors = [
        AuthorFull(
            b.position,
            b.name,
            b.affiliation,
            b.public_id,
            b.kind,
            b.confidence,
            b.reasons,
            [i.name for i in b.institutions],
        )
        for b in page.bylines
    ]
    return FullWork(url=page.href, authors=authors, **known)


@extend_schema(
    operation_id="search",
    parameters=[
        OpenApiParameter("q", str, required=True, description="Words or an identifier, at most 200 characters."),
        OpenApiParameter("kind", str, enum=list(search_selectors.KINDS), description="One kind of record."),
        OpenApiParameter("page", int, description="Page of results, from 1; only with kind."),
    ],
    responses={200: listing(Hit)},
)
@api_view(["GET"])
def search(request: Request) -> Response:
    """Researchers, works, topics and institutions by words. Without `kind`: the kind with hits that comes first."""
    query = search_selectors.clean_query(request.query_params.get("q", ""))
    wish = request.query_params.get("kind", "")
    if not query:
        raise ValidationError({"q": "Say what to look for."})
    if wish and wish not in search_selectors.KINDS:
        raise ValidationError({"kind": f"One of {', '.join(search_selectors.KINDS)}."})
    kind = next((known for known in search_selectors.KINDS if known == wish), None)
    number = _number(request, "page", default=1, least=1, most=DEEPEST // search_selectors.RESULTS_A_PAGE)
    found = search_selectors.search(query, kind=kind, page=number)
    hits = [
        *(Hit("researcher", p.public_id, p.href, p.name) for p in found.people),
        *(Hit("work", w.public_id, w.href, w.title) for w in found.works),
        *(Hit(s.kind.removesuffix("s"), s.public_id, s.href, s.name) for s in found.subjects),
    ]
    return page_of(hits, total=found.paging.total, limit=found.paging.size, offset=found.paging.offset)
