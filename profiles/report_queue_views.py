"""What visitors have reported and confirmed, for curators: looked after, closed, and pages hidden as asked."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from profiles.curation_views import required_curator
from profiles.flows.report import close_report, hide_as_asked
from profiles.models import ReportKind
from profiles.report_selectors import open_report, open_reports
from profiles.review_selectors import nav
from researchgraph.errors import Conflict

REPORTS = "/curate/reports/"


@never_cache
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """The open reports, most pressing first."""
    user = required_curator(request)
    page = open_reports(page=request.GET.get("page", ""))
    return render(
        request, "curate/reports.html", {"list": page, "nav": nav(user.pk), "note": request.GET.get("note", "")}
    )  # fmt: skip


@require_POST
def close(request: HttpRequest, report: int) -> HttpResponse:
    """The report has been looked after; its e-mail address is deleted."""
    required_curator(request)
    try:
        close_report(report=report)
    except Conflict as refused:
        return _refused(request, str(refused))
    return HttpResponseRedirect(f"{REPORTS}?note=closed")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hide(request: HttpRequest, report: int) -> HttpResponse:
    """Asks once more, then takes the record down as its person asks and closes the report."""
    user = required_curator(request)
    found = open_report(report)
    if found is None or found.kind != ReportKind.HIDE:
        raise Http404
    if request.method != "POST":
        return render(request, "curate/hide.html", {"report": found, "nav": nav(user.pk)})
    try:
        hide_as_asked(report=report, actor=user)
    except Conflict as refused:
        return _refused(request, str(refused))
    return HttpResponseRedirect(f"{REPORTS}?note=hidden")


def _refused(request: HttpRequest, problem: str) -> HttpResponse:
    """Nothing was changed, and why (409)."""
    context = {"problem": problem, "back": REPORTS, "nav": nav(required_curator(request).pk)}
    return render(request, "curate/conflict.html", context, status=409)
