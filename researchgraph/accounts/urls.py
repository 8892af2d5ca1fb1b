"""Addresses about accounts: our own pages, and those of django-allauth behind our templates."""

from __future__ import annotations

from django.urls import include, path

from researchgraph.accounts import views

urlpatterns = [
    path("", views.overview, name="account"),
    path("sessions/", views.sessions, name="account_sessions"),
    path("sessions/end/", views.end_session, name="account_end_session"),
    path("export/", views.export, name="account_export"),
    path("delete/", views.delete, name="account_delete"),
    path("deleted/", views.deleted, name="account_deleted"),
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
    path("outside/", include("allauth.socialaccount.urls")),
    path("", include("researchgraph.orcid.urls")),
]
