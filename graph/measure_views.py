"""The graph in numbers: a page and its twin in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from graph.measure_selectors import Measured, measured
from researchgraph.lib.schemas import schema

if TYPE_CHECKING:
    from rest_framework.request import Request


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """How many there are, how they are connected, and what the largest communities write about."""
    return render(request, "graph/numbers.html", {"found": measured()})


@extend_schema(operation_id="graph_numbers", responses={200: schema(Measured)})
@api_view(["GET"])
def numbers_api(request: Request) -> Response:  # noqa: ARG001 - Django passes the request
    """The whole co-author graph in numbers: researchers, pairs, components, communities and their topics."""
    found = measured()
    if found is None:
        raise NotFound("The graph has not been measured yet.")
    result: dict[str, Any] = msgspec.to_builtins(found)
    return Response(result)
