"""The explorer around one researcher, and the works that tie two of them."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from graph import selectors, tie_selectors
from profiles import moved
from profiles.selectors import stamp
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


@require_safe
def tie(request: HttpRequest, public_id: str, other: str, slug: str = "") -> HttpResponse:
    """The works two researchers share, and what each adds to the strength of their tie."""
    record = stamp(public_id)
    if record is None:
        raise Http404
    if elsewhere := moved.answer(request, record, slug, ending=f"with/{other}/"):
        return elsewhere
    far = tie_selectors.other(record, other)
    if far is None:
        raise Http404
    if far.moved_to:
        return moved.redirect(f"{record.href}with/{far.moved_to}/", since=far.moved_at)
    number = page_number(request.GET.get("page", ""), size=tie_selectors.WORKS_A_PAGE)
    found = tie_selectors.tie(record, far, page=number)
    if found is None:
        raise Http404
    return render(request, "graph/tie.html", {"tie": found, "one": record, "other": far})
