"""Public pages that say something of whoever is signed in: for everybody else they may be kept, for those they may not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

P = ParamSpec("P")


def private_when_signed_in(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Let no cache keep what the view answers to somebody who is signed in."""

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        request = args[0]
        if isinstance(request, HttpRequest) and request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    return wrapped
