"""Addresses of the API, version 1, and its OpenAPI description."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from graph import api as graph
from graph import measure_views as measures
from profiles import api as profiles
from works import api as works

SECTION = r"(?P<section>researchers|works|topics|institutions)"
ID = r"(?P<public_id>[0-9a-z]{10})"

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("search/", works.search, name="api-search"),
    path("graph/", measures.numbers_api, name="api-graph"),
    path("researchers/", profiles.researchers, name="api-researchers"),
    re_path(rf"^researchers/{ID}/$", profiles.researcher, name="api-researcher"),
    re_path(rf"^researchers/{ID}/works/$", profiles.works, name="api-researcher-works"),
    re_path(rf"^researchers/{ID}/coauthors/$", profiles.coauthors, name="api-researcher-coauthors"),
    re_path(rf"^researchers/{ID}/trust/$", profiles.trust, name="api-researcher-trust"),
    re_path(rf"^works/{ID}/$", works.work, name="api-work"),
    path("graph/path/", graph.path, name="api-graph-path"),
    path("graph/joining/", graph.joined, name="api-graph-joining"),
    re_path(rf"^graph/{SECTION}/{ID}/$", graph.around, name="api-graph-around"),
]
