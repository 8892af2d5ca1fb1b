"""Pages of the site itself: home, theme, how records and confidence are made, health, errors."""

from __future__ import annotations

from typing import Final

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from graph import trust, trust_model
from graph.snapshots import TrustInputs
from works.home_selectors import home as home_page

THEMES: Final = ("light", "dark", "system")
YEAR_SECONDS: Final = 31_536_000
ROBOTS: Final = """\
User-agent: *
Disallow: /search/
Disallow: /names/
Disallow: /api/
Disallow: /account/
Disallow: /claims/
Disallow: /admin/
Disallow: /me/
Disallow: /feeds/
Disallow: /explore/*?
Disallow: /explore/*/export.
"""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is held, what came in last, and a box to search it."""
    return render(request, "site/home.html", {"home": home_page()})


@csrf_exempt
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's choice in a cookie, and go back where the visitor came from.

    Without a token: at worst another site turns the light on, and with one every public page would set a cookie.
    """
    wish = request.POST.get("theme", "")
    response = HttpResponseRedirect(local_address(request, request.headers.get("Referer", "")))
    if wish == "system":
        response.delete_cookie("theme", samesite="Lax")
    elif wish in THEMES:
        response.set_cookie(
            "theme",
            wish,
            max_age=YEAR_SECONDS,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
    return response


def local_address(request: HttpRequest, address: str) -> str:
    """`address` if it lies on this host, else the home page."""
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe else "/"


@require_safe
def about_records(request: HttpRequest) -> HttpResponse:
    """How records are assembled, what the levels say, and how to have one removed."""
    return render(request, "site/about_records.html", {"levels": trust.LEVEL_LABELS, "contact": settings.CONTACT_EMAIL})


@require_safe
def about_confidence(request: HttpRequest) -> HttpResponse:
    """The formula of the receipt, printed from the weights that compute it."""
    model = trust_model.load(settings.TRUST_MODEL_FILE)
    example = trust.receipt(TrustInputs(1, 4, 4, 0, 4, 0, 0), model)
    return render(request, "site/about_confidence.html", {"model": model, "weights": model.weights, "example": example})


@require_safe
@cache_control(max_age=86_400)
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django passes the request
    """What crawlers may visit: records yes, result lists no."""
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django passes the request
    """Whether database, cache and broker answer: 200, else 503 naming the ones that do not."""
    checks = {"database": _database_answers(), "cache": _cache_answers(), "broker": _broker_answers()}
    return JsonResponse(
        {"ok": all(checks.values()), "checks": checks},
        status=200 if all(checks.values()) else 503,
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False


def _cache_answers() -> bool:
    try:
        cache.get("healthz")
    except (RedisError, OSError):
        return False
    return True


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OperationalError, RedisError, OSError):
        return False
    return True


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes the error
    """No record at this address."""
    return render(request, "site/404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes the error
    """The page is not for this visitor."""
    return render(request, "site/403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes the reason
    """A form came without its token, usually because cookies are switched off or the page was open for long."""
    return render(request, "site/403.html", {"stale_form": True}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the request may be what failed
    """Something failed here. Rendered without request, session or database: any of them may be the cause."""
    return HttpResponse(render_to_string("site/500.html"), status=500)
