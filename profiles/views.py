"""The page of one researcher."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from graph import follow_selectors
from graph.exploring import profile_view
from graph.follow_models import FollowKind
from profiles import moved, owner_selectors, rendering, selectors
from profiles.models import VerificationLevel
from profiles.work_selectors import wish
from researchgraph.lib.caching import private_when_signed_in
from researchgraph.lib.dates import this_year


@require_safe
@private_when_signed_in
@vary_on_headers("HX-Request", "HX-Target")
def researcher(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The whole page, or its list of works alone when htmx asks for that."""
    around = profile_view(public_id, request.GET.dict(), kinds=request.GET.getlist("kinds"))
    asked = wish(request.GET, kept=around.on_profile)
    listed = request.headers.get("HX-Target") == "works-list"
    plain = asked == rendering.PLAIN and not listed
    stored = None if plain else selectors.stored_page(public_id, asked)
    stamp = stored.head.stamp if stored else selectors.stamp(public_id)
    if stamp is None:
        raise Http404
    if elsewhere := moved.answer(request, stamp, slug):
        return elsewhere
    if stored and listed:
        return HttpResponse(rendering.works(stored))
    body = rendering.page(stored, selectors.nearby(around)) if stored else rendering.body(stamp, this_year())
    if body is None:
        raise Http404
    context = {"body": body, "subject": _subject(request, stamp), "owned": _owned(request, stamp)}
    return render(request, "profiles/researcher.html", context)


def _owned(request: HttpRequest, stamp: selectors.Stamp) -> owner_selectors.Owned | None:
    """The record as its author's own, if it is the author who is asking."""
    if stamp.level < VerificationLevel.AUTHENTICATED or not request.user.is_authenticated:
        return None
    return owner_selectors.owned(stamp.public_id, user=request.user.pk)


def _subject(request: HttpRequest, stamp: selectors.Stamp) -> follow_selectors.Subject | None:
    """The record as whoever is asking follows it; for visitors the stamp knows all of it."""
    account = follow_selectors.account_of(request.user)
    if account is not None:
        return follow_selectors.subject(FollowKind.RESEARCHER, stamp.public_id, account=account)
    return follow_selectors.Subject(
        FollowKind.RESEARCHER, stamp.public_id, stamp.slug, stamp.name, stamp.id,
        removed=False, followers=stamp.followers, following=False,
    )  # fmt: skip
