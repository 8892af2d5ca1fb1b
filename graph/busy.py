"""What the explorer costs, pages and API together, has its turn: other pages are not to wait for it."""

from __future__ import annotations

import os
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from researchgraph.lib.turns import Turns, in_turn

AGAIN: Final = 1
"""Seconds after which to try again."""
LINE: Final = 3
"""Of the eight threads of a process four are left for everything else."""
AT_ONCE: Final = max(1, (os.cpu_count() or 1) // 2)
"""Processes of this machine that are at it: half of its cores are left as well."""
TURNS: Final = Turns(
    line=LINE, patience=2.0, files=[settings.DATA_DIR / f"graph-turn-{number}.lock" for number in range(AT_ONCE)]
)


class Busy(APIException):
    """503, with the header that says when to come back."""

    status_code = 503
    default_detail = "Many ask for the graph at this moment. Try again in a second."
    default_code = "busy"
    wait = AGAIN


def _page(request: HttpRequest) -> HttpResponseBase:
    response = render(request, "503.html", status=503)
    response["Retry-After"] = str(AGAIN)
    return response


def _api(request: Request) -> Response:  # noqa: ARG001 - the answer is the same to everybody
    raise Busy


page_in_turn = in_turn(TURNS, _page)
api_in_turn = in_turn(TURNS, _api)
