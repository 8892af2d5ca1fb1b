"""Addresses of the explorer."""

from __future__ import annotations

from django.urls import re_path

from graph import views
from profiles.urls import ID, SLUG

urlpatterns = [
    re_path(rf"^researchers/{ID}/graph/$", views.explorer),
    re_path(rf"^researchers/{ID}/{SLUG}/graph/$", views.explorer, name="explorer"),
]
