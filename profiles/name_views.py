"""The page of a name: it may refer to several people."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from profiles import name_selectors
from researchgraph.lib.paging import page_number

KEY_LIMIT = 200


@require_safe
def name(request: HttpRequest, block_key: str) -> HttpResponse:
    """Researchers with this family name and first initial, and the bylines nobody could place.

    The address joins the words of the key by hyphens; folded names never contain one.
    """
    number = page_number(request.GET.get("page", ""), size=name_selectors.UNDECIDED_A_PAGE)
    key = block_key[:KEY_LIMIT].replace("\x00", "").replace("-", " ").strip()
    page = name_selectors.name_page(key, page=number)
    if page is None:
        raise Http404
    return render(request, "profiles/name.html", {"name": page})
