"""The page of an institution: what bylines say of it, never who is employed."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from graph import follow_selectors
from graph.follow_models import FollowKind
from profiles import institution_selectors
from researchgraph.lib.caching import private_when_signed_in
from researchgraph.lib.paging import page_number
from works.sources import registry


@require_safe
@private_when_signed_in
def institution(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The page of one institution."""
    number = page_number(request.GET.get("page", ""), size=institution_selectors.WORKS_A_PAGE)
    page = institution_selectors.institution_page(public_id, page=number)
    if page is None:
        raise Http404
    if slug != page.slug:
        return redirect(page.href, permanent=True)
    source = registry.sources().get(page.registered.source) if page.registered else None
    label = source.label if source else ""
    account = follow_selectors.account_of(request.user)
    subject = follow_selectors.subject(FollowKind.INSTITUTION, public_id, account=account)
    context = {"institution": page, "registry": label, "subject": subject}
    return render(request, "profiles/institution.html", context)
