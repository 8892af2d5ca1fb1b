"""The page of one researcher."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from profiles import rendering, selectors
from profiles.work_selectors import wish
from researchgraph.lib.public_ids import address


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def researcher(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The whole page, or its list of works alone when htmx asks for that."""
    asked = wish(request.GET)
    listed = request.headers.get("HX-Target") == "works-list"
    plain = asked == rendering.PLAIN and not listed
    stored = None if plain else selectors.stored_page(public_id, asked)
    stamp = stored.head.stamp if stored else selectors.stamp(public_id)
    if stamp is None:
        raise Http404
    if moved := canonical_address(stamp, slug):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{moved}?{query}" if query else moved)
    if stored and listed:
        return HttpResponse(rendering.works(stored))
    body = rendering.page(stored) if stored else rendering.body(stamp)
    if body is None:
        raise Http404
    return render(request, "profiles/researcher.html", {"body": body, "href": stamp.href})


def canonical_address(head: selectors.Stamp | selectors.Head, slug: str) -> str:
    """Where the record really is: the one it was merged into, or the same under its present name; "" if here."""
    if head.moved_to:
        return address("researchers", head.moved_to, head.moved_slug)
    return head.href if slug != head.slug else ""
