"""The explorer: what is next to an entity as table, picture and files; how two people are connected."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from graph import elsewhere, exports, path_selectors
from graph.busy import page_in_turn
from graph.explorer_picture import picture
from graph.exploring import FORMATS, KINDS, OF_SECTION, PERSON, Ref, View, ref, view
from graph.joining_selectors import in_common, joining
from graph.neighborhood import lettered
from graph.neighborhood_selectors import labels, neighborhood
from works import search_selectors

SVG: Final = "image/svg+xml"


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Where the explorer begins: a search for what to put in the center."""
    words = search_selectors.clean_query(request.GET.get("q", ""))
    found = search_selectors.suggest(words)
    return render(request, "graph/explore_begin.html", {"q": words, "found": found})


@require_safe
@page_in_turn
def explore(request: HttpRequest, section: str, public_id: str) -> HttpResponseBase:
    """What is next to one entity; what is selected is looked at more closely."""
    asked = _asked(request, section, public_id)
    found = neighborhood(asked)
    if found is None:
        return _elsewhere(request, asked)
    selected = found.node(asked.selected)
    origins = found.origins()
    # What was unfolded is joined with the node that led there.
    origin = origins.get(selected.id, found.center) if selected else found.center
    ends = (origin.ref, selected.ref) if selected and selected != found.center else None
    total, works = joining(*ends, asked) if ends else (0, [])
    authors_total, authors = in_common(*ends) if ends else (0, [])
    groups = found.groups()
    letters = lettered(groups)
    context = {
        "found": found,
        "view": asked,
        "kinds": KINDS,
        "trail": [(one, name) for one, name in zip(asked.trail, labels(asked.trail), strict=True) if name],
        "selected": selected,
        "origin": origin,
        "origins": origins,
        "joining": works,
        "joining_total": total,
        "authors": authors,
        "authors_total": authors_total,
        "beside": found.beside(selected or found.center)[:12],
        "groups": groups,
        "letters": letters,
        "picture": None if asked.table else picture(found, asked, letters=letters),
    }
    return render(request, "graph/explorer.html", context)


@require_safe
@page_in_turn
def export(request: HttpRequest, section: str, public_id: str, form: str) -> HttpResponseBase:
    """The same view as a file."""
    asked = _asked(request, section, public_id)
    found = neighborhood(asked) if form in FORMATS else None
    if found is None:
        return _elsewhere(request, asked)
    if form == "svg":
        kind, body = SVG, str(picture(found, asked, letters=found.letters(), standalone=True))
    else:
        kind, writer = exports.WRITERS[form]
        body = writer(found, site=settings.SITE_URL)
    response = HttpResponse(body, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="graph-{public_id}.{form}"'
    return response


@require_safe
@page_in_turn
def path(request: HttpRequest) -> HttpResponse:
    """How two people are connected, and what they have in common.

    Either is named by an id, or looked for by name; a form sends both for whom it has found.
    """
    texts = [search_selectors.clean_query(request.GET.get(name, "")) for name in ("a", "b")]
    strongest = request.GET.get("by") == "strength"
    known = [request.GET.get(name, "") for name in ("a_id", "b_id")]
    offered = [path_selectors.offered(text, known=one) for text, one in zip(texts, known, strict=True)]
    unknown = [ref(f"{PERSON}:{text}") for text, one in zip(texts, offered, strict=True) if not one.chosen]
    if gone := elsewhere.page(request, [one for one in unknown if one]):
        return gone
    ends = path_selectors.people(*(one.chosen for one in offered))
    context = {
        "texts": [end.name for end in ends] if ends else texts,
        "strongest": strongest,
        "ends": ends,
        "same": bool(ends) and offered[0].chosen == offered[1].chosen,
        "offered": offered,
        "found": path_selectors.connection(*ends, strongest=strongest) if ends else None,
        "common": path_selectors.comparison(*ends) if ends else None,
    }
    return render(request, "graph/path.html", context)


def _asked(request: HttpRequest, section: str, public_id: str) -> View:
    return view(Ref(OF_SECTION[section], public_id), request.GET.dict(), kinds=request.GET.getlist("kinds"))


def _elsewhere(request: HttpRequest, asked: View) -> HttpResponse:
    """Where a record that was joined with another has gone; nothing for what never was."""
    if gone := elsewhere.page(request, [asked.center]):
        return gone
    raise Http404
