"""What is said about an account is kept by nobody on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

PAGES: Final = "/account/"


class PrivatePagesMiddleware:
    """Forbids browsers and proxies to keep pages about accounts, django-allauth's included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response, marked if it is about an account."""
        response = self.get_response(request)
        if request.path.startswith(PAGES):
            add_never_cache_headers(response)
        return response
