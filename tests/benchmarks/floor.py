"""The floor of a page: the same middleware and templates' engine untouched, a view that makes one prepared query."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from researchgraph.urls import urlpatterns as site


def floor(_request: HttpRequest, public_id: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT display_name FROM profiles_researcher WHERE public_id = %s", [public_id])
        (name,) = cursor.fetchone()
    return HttpResponse(name)


urlpatterns = [path("floor/<str:public_id>/", floor), *site]
