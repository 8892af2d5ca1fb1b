"""Addresses of the whole site."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path

from profiles.institution_views import institution
from profiles.name_views import name
from researchgraph import views

urlpatterns = [
    path("", views.home, name="home"),
    # Before the addresses of records, which take "graph" and "follow" for a name.
    path("", include("graph.urls")),
    path("", include("works.urls")),
    path("", include("profiles.urls")),
    re_path(r"^institutions/(?P<public_id>[0-9a-z]{10})/$", institution),
    re_path(r"^institutions/(?P<public_id>[0-9a-z]{10})/(?P<slug>[0-9a-z-]{1,80})/$", institution, name="institution"),
    path("names/<str:block_key>/", name, name="name"),
    path("api/v1/", include("researchgraph.api")),
    path("account/", include("researchgraph.accounts.urls")),
    path("theme/", views.theme, name="theme"),
    path("about/records/", views.about_records, name="about-records"),
    path("about/confidence/", views.about_confidence, name="about-confidence"),
    path("robots.txt", views.robots),
    path("healthz/", views.healthz),
    # The admin site's own login would ask for nothing but a password.
    path("admin/login/", secure_admin_login(admin.site.login)),
    path("admin/", admin.site.urls),
]

handler403 = "researchgraph.views.forbidden"
handler404 = "researchgraph.views.not_found"
handler500 = "researchgraph.views.server_error"
