"""Addresses of logging in with ORCID."""

from __future__ import annotations

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from researchgraph.orcid.provider import OrcidProvider

urlpatterns = default_urlpatterns(OrcidProvider)
