"""The two ends of logging in with ORCID: sent there, and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.orcid.views import OrcidOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
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


def _if_registered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """There is no such page on a site that ORCID does not know."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.ORCID_CLIENT_ID:
            raise Http404
        return view(request, *args, **kwargs)

    return shown


oauth2_login = _if_registered(OAuth2LoginView.adapter_view(OrcidAdapter))
oauth2_callback = _if_registered(OAuth2CallbackView.adapter_view(OrcidAdapter))
