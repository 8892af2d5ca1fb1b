"""The explorer around one researcher."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from graph import selectors
from profiles import moved
from researchgraph.lib.paging import page_number


@require_safe
def explorer(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """Everybody the researcher shares works with, as a table and a picture."""
    number = page_number(request.GET.get("page", ""), size=selectors.PEOPLE_A_PAGE)
    found = selectors.explorer(public_id, page=number)
    if found is None:
        raise Http404
    if elsewhere := moved.answer(request, found.head, slug, ending="graph/"):
        return elsewhere
    return render(request, "graph/explore.html", {"found": found, "head": found.head})
