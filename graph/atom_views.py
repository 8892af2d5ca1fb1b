"""Atom feeds: public ones of researchers, topics and institutions, and each account's own at its secret address."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from graph import atom_selectors, feed_selectors, follow_selectors
from graph.atom import AtomFeed, document
from graph.follow_models import FollowKind
from profiles import moved
from profiles.selectors import stamp

FRESH_SECONDS: Final = 900


@require_safe
def researcher(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The works last added to a record."""
    record = stamp(public_id)
    if record is None:
        raise Http404
    if elsewhere := moved.answer(request, record, slug, ending="feed.atom"):
        return elsewhere
    return _public(
        request,
        atom_selectors.works_feed(
            FollowKind.RESEARCHER, record.id, public_id=public_id, name=record.name, href=record.href
        ),
        since=record.computed_at,
    )


@require_safe
def listed(request: HttpRequest, kind: str, public_id: str, slug: str = "") -> HttpResponse:
    """The works last added to a topic or an institution."""
    subject = follow_selectors.subject(FollowKind(kind), public_id, account=None)
    if subject is None:
        raise Http404
    if slug != subject.slug:
        return HttpResponsePermanentRedirect(f"{subject.href}feed.atom")
    return _public(
        request,
        atom_selectors.works_feed(
            subject.kind, subject.id, public_id=subject.public_id, name=subject.name, href=subject.href
        ),
    )


@require_safe
def own(request: HttpRequest, secret: str) -> HttpResponse:
    """Everything an account follows, for whoever has its secret address."""
    account = feed_selectors.whose(secret)
    if account is None:
        raise Http404
    response = _answer(request, atom_selectors.own_feed(account, address=request.path))
    response["X-Robots-Tag"] = "noindex"
    add_never_cache_headers(response)
    return response


def _public(request: HttpRequest, feed: AtomFeed, *, since: datetime | None = None) -> HttpResponse:
    response = _answer(request, feed, since=since)
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    return response


def _answer(request: HttpRequest, feed: AtomFeed, *, since: datetime | None = None) -> HttpResponse:
    """The feed, or that it has not changed (304). The tag is made of all it says, so nothing that changes goes unseen.

    `since` is when the record was last derived: then a work may have left it, which no entry's date tells.
    """
    body = document(feed, site=settings.SITE_URL)
    changed = int(max(feed.updated, since or feed.updated).timestamp())
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
    response["ETag"], response["Last-Modified"] = tag, http_date(changed)
    conditional = get_conditional_response(request, etag=tag, last_modified=changed, response=response)
    return HttpResponse(status=500) if conditional is None else conditional
