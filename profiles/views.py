"""The page of one researcher."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from profiles import rendering, selectors
from profiles.work_selectors import wish


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def researcher(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The whole page, or its list of works alone when htmx asks for that."""
    stored = selectors.stored_page(public_id, wish(request.GET))
    if stored is None:
        raise Http404
    if moved := canonical_address(stored.head, slug):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{moved}?{query}" if query else moved)
    if request.headers.get("HX-Target") == "works-list":
        return HttpResponse(rendering.works(stored))
    return render(request, "profiles/researcher.html", {"body": rendering.body(stored), "href": stored.head.href})


def canonical_address(head: selectors.StoredHead | selectors.Head, slug: str) -> str:
    """Where the record really is: the one it was merged into, or the same under its present name; "" if here."""
    if head.moved_to:
        return selectors.address(head.moved_to, head.moved_slug)
    return head.href if slug != head.slug else ""
