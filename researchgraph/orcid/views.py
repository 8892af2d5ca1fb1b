"""The two ends of logging in with ORCID: sent there, and back."""

from __future__ import annotations

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.orcid.views import OrcidOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


class OrcidAdapter(OrcidOAuth2Adapter):
    """ORCID at the addresses of the settings, so that its sandbox, or a test's own server, can stand in."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.authorize_url = f"{settings.ORCID_URL}/oauth/authorize"
        self.access_token_url = f"{settings.ORCID_URL}/oauth/token"
        self.profile_url = f"{settings.ORCID_API_URL}/v3.0/%s/record"

    def get_callback_url(self, request: HttpRequest, app: object) -> str:  # noqa: ARG002 - the library passes both
        """As registered with ORCID, whatever host name the request was sent with."""
        return settings.SITE_URL + reverse("orcid_callback")


oauth2_login = OAuth2LoginView.adapter_view(OrcidAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(OrcidAdapter)
