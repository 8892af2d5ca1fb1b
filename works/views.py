"""Pages about works: work, topic, search and its suggestions, identifier addresses."""

from __future__ import annotations

import json

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from graph import follow_selectors
from graph.follow_models import FollowKind
from profiles import moved
from profiles.curation_views import curator
from profiles.proposal_selectors import may_propose
from researchgraph.lib.caching import private_when_signed_in
from researchgraph.lib.paging import page_number
from works import citations, search_selectors, selectors, topic_selectors


@require_safe
def work(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The page of one work."""
    page = _work_or_404(public_id)
    if page.merged_to:
        return moved.redirect(page.merged_to, since=page.merged_at)
    if slug != page.slug:
        return redirect(page.href, permanent=True)
    context = {"work": page, "citation": citations.plain(page), "citation_key": citations.citation_key(page)}
    rights = {"curator": curator(request) is not None, "author": may_propose(public_id, user=request.user.pk)}
    return render(request, "works/work.html", {**context, **rights})


@require_safe
def cite(request: HttpRequest, public_id: str, form: str) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """The citation of one work as a file: BibTeX or CSL-JSON."""
    page = _work_or_404(public_id)
    if page.merged_to:
        return moved.redirect(page.merged_to, since=page.merged_at)
    if form == "bib":
        response = HttpResponse(citations.bibtex(page), content_type="application/x-bibtex; charset=utf-8")
    else:
        body = json.dumps([citations.csl(page)], ensure_ascii=False, indent=1)
        response = HttpResponse(body, content_type="application/vnd.citationstyles.csl+json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{citations.citation_key(page)}.{form}"'
    return response


@require_safe
@private_when_signed_in
def topic(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The page of one topic."""
    number = page_number(request.GET.get("page", ""), size=topic_selectors.WORKS_A_PAGE)
    page = topic_selectors.topic_page(public_id, page=number)
    if page is None:
        raise Http404
    if slug != page.slug:
        return redirect(page.href, permanent=True)
    account = follow_selectors.account_of(request.user)
    subject = follow_selectors.subject(FollowKind.TOPIC, public_id, account=account)
    return render(request, "works/topic.html", {"topic": page, "subject": subject})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Results of one kind. An identifier that names one record leads straight to it."""
    query = search_selectors.clean_query(request.GET.get("q", ""))
    wish = request.GET.get("kind", "")
    if query and not wish and (address := search_selectors.exact(query)):
        return HttpResponseRedirect(address)
    kind = next((known for known in search_selectors.KINDS if known == wish), None)
    number = page_number(request.GET.get("page", ""), size=search_selectors.RESULTS_A_PAGE)
    results = search_selectors.search(query, kind=kind, page=number)
    context = {"results": results, "q": query, "kinds": search_selectors.KINDS}
    known = {"counted": search_selectors.COUNTED, "marked": search_selectors.highlighted}
    return render(request, "site/search.html", {**context, **known})


@require_safe
@vary_on_headers("HX-Request")
def suggest(request: HttpRequest) -> HttpResponse:
    """What the search box offers while somebody types: a fragment for its list."""
    query = search_selectors.clean_query(request.GET.get("q", ""))
    found = search_selectors.suggest(query)
    context = {"found": found, "q": query, "marked": search_selectors.highlighted}
    return render(request, "site/suggestions.html", context)


@require_safe
def by_identifier(request: HttpRequest, scheme: str, value: str) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """From an identifier's address to the page of the work or researcher that carries it."""
    find = selectors.researcher_address if scheme == "orcid" else selectors.work_address
    address = find(scheme, value)
    if not address:
        raise Http404
    return HttpResponseRedirect(address)


def _work_or_404(public_id: str) -> selectors.WorkPage:
    page = selectors.work_page(public_id)
    if page is None:
        raise Http404
    return page
