"""Old addresses of researchers: where a record has gone, and what is said of one that was taken down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from researchgraph.lib.public_ids import address

if TYPE_CHECKING:
    from profiles.selectors import Head, Stamp

SETTLED_AFTER: Final = timedelta(days=30)
"""A merge may turn out to be wrong; browsers and search engines remember a permanent redirect for good."""


def redirect(location: str, *, since: datetime | None) -> HttpResponseRedirect | HttpResponsePermanentRedirect:
    """To where a record has gone: for the time being at first, permanently once it has settled."""
    fresh = since is not None and timezone.now() - since < SETTLED_AFTER
    return HttpResponseRedirect(location) if fresh else HttpResponsePermanentRedirect(location)


def answer(request: HttpRequest, record: Stamp | Head, slug: str, *, ending: str = "") -> HttpResponse | None:
    """What to say instead of showing the page at this address; None if it is the right one.

    A merged record leads in one hop to the one that goes on, an old name to the present one. A record that was taken
    down is gone (410).
    """
    if record.removed:
        # The address may carry the name, and the page must not.
        return render(request, "profiles/gone.html", {"return_to": "/"}, status=410)
    query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
    if record.moved_to:
        there = address("researchers", record.moved_to, record.moved_slug)
        return redirect(f"{there}{ending}{query}", since=record.moved_at)
    return None if slug == record.slug else HttpResponsePermanentRedirect(f"{record.href}{ending}{query}")
