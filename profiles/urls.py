"""Addresses of researchers. Public ids only; the slug is decoration."""

from __future__ import annotations

from django.urls import re_path

from profiles import views

ID = r"(?P<public_id>[0-9a-z]{10})"
SLUG = r"(?P<slug>[0-9a-z-]{1,80})"

urlpatterns = [
    re_path(rf"^researchers/{ID}/$", views.researcher),
    re_path(rf"^researchers/{ID}/{SLUG}/$", views.researcher, name="researcher"),
]
