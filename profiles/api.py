"""Read-only API of researchers: list, record, works, co-authors, trust receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.http import HttpResponsePermanentRedirect, HttpResponseRedirect
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response

from profiles import api_selectors as selectors
from profiles import moved
from researchgraph.lib.schemas import listing, schema
from works import search_selectors
from works.api import PAGING, BriefWork, brief_work, page_of, window

if TYPE_CHECKING:
    from rest_framework.request import Request


Redirect = HttpResponseRedirect | HttpResponsePermanentRedirect


class Gone(APIException):
    """The record was taken down."""

    status_code = 410
    default_detail = "This record was taken down."


def _present(request: Request, found: selectors.Whereabouts | None, ending: str = "") -> int | Redirect:
    """The stored key of a researcher, or the way to the record that goes on for a merged one."""
    if found is None:
        raise NotFound("There is no researcher with this id.")
    if found.removed:
        raise Gone
    if not found.moved_to:
        return found.key
    query = request.META.get("QUERY_STRING", "")
    location = f"/api/v1/researchers/{found.moved_to}/{ending}{'?' if query else ''}{query}"
    return moved.redirect(location, since=found.moved_at)


@extend_schema(
    operation_id="researchers_list",
    parameters=[OpenApiParameter("q", str, description="Start of a name's words, at most 200 characters."), *PAGING],
    responses={200: listing(selectors.ResearcherBrief)},
)
@api_view(["GET"])
def researchers(request: Request) -> Response:
    """Researchers by name, best match and most works first."""
    limit, offset = window(request)
    query = search_selectors.clean_query(request.query_params.get("q", ""))
    total, people = search_selectors.people(query, limit=limit, offset=offset)
    briefs = [
        selectors.ResearcherBrief(p.public_id, p.name, p.href, p.level, p.works, p.first_year, p.last_year)
        for p in people
    ]
    return page_of(briefs, total=total, limit=limit, offset=offset)


@extend_schema(operation_id="researchers_detail", responses={200: schema(selectors.ResearcherDetail)})
@api_view(["GET"])
def researcher(request: Request, public_id: str) -> Response | Redirect:
    """One researcher: names, identifiers, affiliations seen, topics. A merged one leads to the record that goes on."""
    where, detail = selectors.researcher(public_id) or (None, None)
    key = _present(request, where)
    return Response(msgspec.to_builtins(detail)) if isinstance(key, int) else key


@extend_schema(operation_id="researchers_works", parameters=PAGING, responses={200: listing(BriefWork)})
@api_view(["GET"])
def works(request: Request, public_id: str) -> Response | Redirect:
    """The works of one researcher, newest first."""
    key = _present(request, selectors.whereabouts(public_id), "works/")
    if not isinstance(key, int):
        return key
    limit, offset = window(request)
    total, rows = selectors.works(key, limit=limit, offset=offset)
    return page_of([brief_work(row) for row in rows], total=total, limit=limit, offset=offset)


@extend_schema(operation_id="researchers_coauthors", parameters=PAGING, responses={200: listing(selectors.Coauthor)})
@api_view(["GET"])
def coauthors(request: Request, public_id: str) -> Response | Redirect:
    """The co-authors of one researcher, strongest at present first."""
    key = _present(request, selectors.whereabouts(public_id), "coauthors/")
    if not isinstance(key, int):
        return key
    limit, offset = window(request)
    total, people = selectors.coauthors(key, limit=limit, offset=offset)
    return page_of(people, total=total, limit=limit, offset=offset)


@extend_schema(operation_id="researchers_trust", responses={200: schema(selectors.TrustReport)})
@api_view(["GET"])
def trust(request: Request, public_id: str) -> Response | Redirect:
    """The trust receipt of one record with its inputs: confidence in the record, never in the person."""
    key = _present(request, selectors.whereabouts(public_id), "trust/")
    if not isinstance(key, int):
        return key
    report = selectors.trust_report(key)
    if report is None:
        raise NotFound("No receipt has been computed yet.")
    result: dict[str, Any] = msgspec.to_builtins(report)
    return Response(result)
